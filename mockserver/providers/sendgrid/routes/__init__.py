"""SendGrid's operations, a module for each family."""

from __future__ import annotations

from . import classic_ips, classic_pools, management_ips, management_pools, users

routes = [
    *classic_pools.routes,
    *classic_ips.routes,
    *users.routes,
    *management_pools.routes,
    *management_ips.routes,
]
