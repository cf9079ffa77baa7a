"""SparkPost's operations, one module for each family of them."""

from . import pools, sending_ips, subaccounts

routes = [*pools.routes, *sending_ips.routes, *subaccounts.routes]
