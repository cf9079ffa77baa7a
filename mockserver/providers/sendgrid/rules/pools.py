"""Pools, as far as both APIs change them in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..models import Ip, Pool
from . import Tx


def is_named(tx: Tx, user: str | None, name: str) -> bool:
    """Say whether a user has a pool of this name."""
    return name in [pool.name for pool in tx.state.pools_of(user)]


def make(tx: Tx, user: str | None, name: str, ips: tuple[str, ...] = ()) -> Pool:
    """Make a pool whose name and IPs have been checked."""
    pool_id = next(pool_id for pool_id in _new_ids(tx) if pool_id not in tx.state.pools)
    pool = tx.state.pools[pool_id] = Pool(pool_id, name, ips, user)
    return pool


def rename(tx: Tx, pool: Pool, name: str) -> Pool:
    """Rename a pool; its members and its id stay."""
    pool = tx.state.pools[pool.id] = replace(pool, name=name)
    return pool


def take_out(tx: Tx, pool: Pool, addresses: set[str]) -> None:
    """Take IPs out of a pool."""
    tx.state.pools[pool.id] = replace(pool, ips=tuple(member for member in pool.ips if member not in addresses))


def leave(tx: Tx, ips: list[Ip]) -> None:
    """Take IPs that have changed out of every pool that they can no longer be in; that they leave them is assumed."""
    changed = {ip.ip: ip for ip in ips}
    for pool in list(tx.state.pools.values()):
        gone = {
            member for member in pool.ips if member in changed and not changed[member].may_join_pool_of(pool.subuser)
        }
        if gone:
            take_out(tx, pool, gone)


def _new_ids(tx: Tx) -> Iterator[str]:
    while True:
        seed = tx.ids.next()
        yield str(1_000_000 + int(seed.salt[:5], 16) + seed.number)
