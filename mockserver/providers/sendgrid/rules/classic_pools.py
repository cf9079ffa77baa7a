"""IP pools, classic API: by name."""

from __future__ import annotations

from dataclasses import replace

from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool
from . import Tx, pools


def find_pool(tx: Tx, account: str | None, name: str, not_found: ErrorMessage) -> Pool:
    """Return an account's pool by name, or raise the error `not_found` of the operation."""
    pool = next((pool for pool in tx.state.pools_of(account) if pool.name == name), None)
    if pool is None:
        raise not_found()
    return pool


def create_pool(tx: Tx, account: str | None, *, name: str) -> Pool:
    """Create an empty pool."""
    own = tx.state.pools_of(account)
    if name in [pool.name for pool in own]:
        raise catalog.NAME_TAKEN()
    if len(own) >= catalog.MAX_POOLS:
        raise catalog.TOO_MANY_POOLS()
    return pools.create_pool(tx, account, name=name)


def rename_pool(tx: Tx, account: str | None, name: str, *, new_name: str) -> Pool:
    """Rename a pool, which keeps its members and its id."""
    pool = find_pool(tx, account, name, catalog.RENAMED_POOL_NOT_FOUND)
    if new_name != name and pools.has_pool(tx, account, name=new_name):
        raise catalog.NAME_TAKEN()
    return pools.rename_pool(tx, pool, name=new_name)


def delete_pool(tx: Tx, account: str | None, name: str) -> None:
    """Delete a pool. The account keeps its IPs."""
    del tx.state.pools[find_pool(tx, account, name, catalog.DELETED_POOL_NOT_FOUND).id]


def add_ip(tx: Tx, account: str | None, name: str, *, ip: str) -> tuple[Ip, list[Pool]]:
    """Add an IP to a pool, which may contain it already. Return it with all the account's pools that contain it."""
    pool = find_pool(tx, account, name, catalog.NOT_ADDABLE)
    found = tx.state.ips.get(ip)
    if found is None or not tx.state.is_owned(found, account):
        raise catalog.NOT_ADDABLE()
    if not found.is_whitelabeled:
        raise catalog.NOT_WHITELABELED()
    if not found.enabled:
        raise catalog.NOT_ENABLED()
    if ip not in pool.ips:
        if len(pool.ips) >= catalog.MAX_POOL_IPS:
            raise catalog.POOL_FULL(name=pool.name, count=len(pool.ips))
        tx.state.pools[pool.id] = replace(pool, ips=(*pool.ips, ip))
    return found, tx.state.memberships(account)[ip]


def remove_ip(tx: Tx, account: str | None, name: str, address: str) -> None:
    """Remove an IP from a pool."""
    pool = find_pool(tx, account, name, catalog.MEMBER_NOT_FOUND)
    if address not in pool.ips:
        raise catalog.MEMBER_NOT_FOUND()
    pools.remove_ips(tx, pool, {address})
