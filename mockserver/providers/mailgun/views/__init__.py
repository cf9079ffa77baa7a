"""Mailgun's operations, a module for each family. Importing them registers them on the blueprint."""

from . import root, pools, delegation, domain_ips, domains, ips, warmups, subaccounts  # noqa: F401, I001  # in this order
