"""Changes of IP pools that both APIs share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..models import Ip, Pool, new_pool_id
from . import Tx


def has_pool(tx: Tx, account: str | None, *, name: str) -> bool:
    """Return whether an account has a pool with this name."""
    return name in [pool.name for pool in tx.state.pools_of(account)]


def create_pool(tx: Tx, account: str | None, *, name: str, ips: tuple[str, ...] = ()) -> Pool:
    """Create a pool. The caller has checked its name and IPs."""
    unused = next(each for each in _new_ids(tx) if each not in tx.state.pools)
    pool = tx.state.pools[unused] = Pool(unused, name, ips, account)
    return pool


def rename_pool(tx: Tx, pool: Pool, *, name: str) -> Pool:
    """Rename a pool, which keeps its members and its id."""
    pool = tx.state.pools[pool.id] = replace(pool, name=name)
    return pool


def remove_ips(tx: Tx, pool: Pool, addresses: set[str]) -> None:
    """Remove IPs from a pool."""
    tx.state.pools[pool.id] = replace(pool, ips=tuple(member for member in pool.ips if member not in addresses))


def prune_pools(tx: Tx, changed_ips: list[Ip]) -> None:
    """Remove changed IPs from every pool that they can no longer be in; that they are removed is assumed."""
    changed = {ip.ip: ip for ip in changed_ips}
    for pool in list(tx.state.pools.values()):
        removed = {
            member
            for member in pool.ips
            if member in changed and not tx.state.can_join_pool(changed[member], pool.subuser)
        }
        if removed:
            remove_ips(tx, pool, removed)


def _new_ids(tx: Tx) -> Iterator[str]:
    while True:
        yield new_pool_id(tx.ids.next())
