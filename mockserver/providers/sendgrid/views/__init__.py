"""SendGrid's operations, a module for each family. Importing them registers them on the blueprint."""

from . import classic_pools, classic_ips, users, management_pools, management_ips  # noqa: F401, I001  # in this order
