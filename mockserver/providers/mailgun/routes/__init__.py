"""Mailgun's operations."""

from ....provider import Routes
from . import delegation, domain_ips, domains, ips, pools, root, subaccounts, warmups

FAMILIES = (root, pools, delegation, domain_ips, domains, ips, warmups, subaccounts)

routes = Routes(operation for family in FAMILIES for operation in family.routes)
