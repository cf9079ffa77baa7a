"""SendGrid's views, a module for each family of operations. Importing them registers them on the blueprint."""

from . import classic_pools, classic_ips, scopes, api_keys, subusers, reverse_dns  # noqa: F401, I001  # in this order
from . import sending, management_pools, management_ips  # noqa: F401
