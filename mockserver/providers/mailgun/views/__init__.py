"""Mailgun's views, a module for each family of operations. Importing them registers them on the blueprint."""

from . import root, pools, delegation, domain_ips, domains, tracking, credentials, ips, warmups, subaccounts, sending  # noqa: F401, I001  # in this order
