"""Pools by name."""

from __future__ import annotations

from dataclasses import replace

from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool
from . import Tx, pools


def find_pool(tx: Tx, user: str | None, name: str, otherwise: ErrorMessage) -> Pool:
    """Return a user's pool by name; the refusal when there is none depends on who asks."""
    pool = next((pool for pool in tx.state.pools_of(user) if pool.name == name), None)
    if pool is None:
        raise otherwise()
    return pool


def create_pool(tx: Tx, user: str | None, name: str) -> Pool:
    """Make an empty pool."""
    own = tx.state.pools_of(user)
    if name in [pool.name for pool in own]:
        raise catalog.NAME_TAKEN()
    if len(own) >= catalog.MAX_POOLS:
        raise catalog.TOO_MANY_POOLS()
    return pools.make(tx, user, name)


def rename_pool(tx: Tx, user: str | None, name: str, new_name: str) -> Pool:
    """Rename a pool; its members and its id stay."""
    pool = find_pool(tx, user, name, catalog.RENAMED_POOL_NOT_FOUND)
    if new_name != name and pools.is_named(tx, user, new_name):
        raise catalog.NAME_TAKEN()
    return pools.rename(tx, pool, new_name)


def delete_pool(tx: Tx, user: str | None, name: str) -> None:
    """Delete a pool; its IPs stay on the account."""
    del tx.state.pools[find_pool(tx, user, name, catalog.DELETED_POOL_NOT_FOUND).id]


def add_ip(tx: Tx, user: str | None, name: str, address: str) -> tuple[Ip, list[Pool]]:
    """Put an IP into a pool, where it may be already; return it, and all pools of the user that it is in."""
    pool = find_pool(tx, user, name, catalog.NOT_ADDABLE)
    ip = tx.state.ips.get(address)
    if ip is None or not ip.may_join_pool_of(user):
        raise catalog.NOT_ADDABLE()
    if address not in pool.ips:
        if len(pool.ips) >= catalog.MAX_POOL_IPS:
            raise catalog.POOL_FULL(name=pool.name, count=len(pool.ips))
        tx.state.pools[pool.id] = replace(pool, ips=(*pool.ips, address))
    return ip, tx.state.memberships(user)[address]


def remove_ip(tx: Tx, user: str | None, name: str, address: str) -> None:
    """Take an IP out of a pool."""
    pool = find_pool(tx, user, name, catalog.MEMBER_NOT_FOUND)
    if address not in pool.ips:
        raise catalog.MEMBER_NOT_FOUND()
    pools.take_out(tx, pool, {address})
