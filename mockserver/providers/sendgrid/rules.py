"""What SendGrid does with pools. `user` is a subuser's name, or None for the parent account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...errors import Entry
from ...store import Transaction
from . import catalog
from .models import Ip, Pool, State

Tx = Transaction[State]


def pools_of(tx: Tx, user: str | None) -> list[Pool]:
    """Return a user's pools, in order of creation."""
    return [pool for pool in tx.state.pools.values() if pool.subuser == user]


def find_pool(tx: Tx, user: str | None, name: str, otherwise: Entry) -> Pool:
    """Return a user's pool by name; the refusal when there is none depends on who asks."""
    pool = next((pool for pool in pools_of(tx, user) if pool.name == name), None)
    if pool is None:
        raise otherwise()
    return pool


def create_pool(tx: Tx, user: str | None, name: str) -> Pool:
    """Make an empty pool."""
    mine = pools_of(tx, user)
    if any(pool.name == name for pool in mine):
        raise catalog.NAME_TAKEN()
    if len(mine) >= catalog.MAX_POOLS:
        raise catalog.TOO_MANY_POOLS()
    pool_id = next(pool_id for pool_id in _new_ids(tx) if pool_id not in tx.state.pools)
    pool = tx.state.pools[pool_id] = Pool(pool_id, name, subuser=user)
    return pool


def rename_pool(tx: Tx, user: str | None, name: str, new_name: str) -> Pool:
    """Rename a pool; its members and its id stay."""
    pool = find_pool(tx, user, name, catalog.RENAMED_POOL_NOT_FOUND)
    if new_name != name and any(other.name == new_name for other in pools_of(tx, user)):
        raise catalog.NAME_TAKEN()
    pool = tx.state.pools[pool.id] = replace(pool, name=new_name)
    return pool


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
    return ip, [other for other in pools_of(tx, user) if address in other.ips]


def remove_ip(tx: Tx, user: str | None, name: str, address: str) -> None:
    """Take an IP out of a pool."""
    pool = find_pool(tx, user, name, catalog.MEMBER_NOT_FOUND)
    if address not in pool.ips:
        raise catalog.MEMBER_NOT_FOUND()
    tx.state.pools[pool.id] = replace(pool, ips=tuple(member for member in pool.ips if member != address))


@dataclass(frozen=True, slots=True)
class PoolSample:
    """A pool as IP Address Management lists it."""

    pool: Pool
    regions: tuple[str, ...]
    """The regions of all its IPs."""


def sample_pools(
    tx: Tx, user: str | None, *, after: int, limit: int, ip: str | None, region: str | None
) -> tuple[list[PoolSample], bool]:
    """Return one page of a user's pools in the order of their ids, and whether there are more.

    `region` None takes every pool, `all` those with an IP, `eu` or `us` those with an IP there.
    """
    page: list[PoolSample] = []
    for pool in sorted(pools_of(tx, user), key=lambda pool: int(pool.id)):
        if int(pool.id) <= after or (ip is not None and ip not in pool.ips) or (region and not pool.ips):
            continue
        there = {tx.state.ips[address].region for address in pool.ips}
        if region in catalog.REGIONS and region not in there:
            continue
        if len(page) == limit:
            return page, True
        page.append(PoolSample(pool, tuple(name for name in catalog.REGIONS if name in there)))
    return page, False


def _new_ids(tx: Tx) -> Iterator[str]:
    while True:
        draw = tx.ids.draw()
        yield str(1_000_000 + int(draw.scope[:5], 16) + draw.number)
