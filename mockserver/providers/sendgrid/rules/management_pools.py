"""Pools by id, in IP Address Management."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import catalog
from ..models import NO_ADDRESS, Ip, Pool, place
from . import Tx, pools

NUMBER = re.compile("-?[0-9]+")


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool, and where its IPs are."""

    pool: Pool
    regions: dict[str, int]
    """How many of its IPs are in each region that has any, in the order of the alphabet."""


def list_pools(
    tx: Tx, user: str | None, *, after: int, limit: int, ip: str | None, region: str | None
) -> tuple[list[PoolView], bool]:
    """Return one page of a user's pools in the order of their ids, and whether there are more.

    `region` None takes every pool, `all` those with an IP, `eu` or `us` those with an IP there.
    """
    page: list[PoolView] = []
    for pool in sorted(tx.state.pools_of(user), key=lambda pool: int(pool.id)):
        if int(pool.id) <= after or (ip is not None and ip not in pool.ips) or (region and not pool.ips):
            continue
        view = _view(tx, pool)
        if region in catalog.REGIONS and region not in view.regions:
            continue
        if len(page) == limit:
            return page, True
        page.append(view)
    return page, False


def create_pool(tx: Tx, user: str | None, name: str, addresses: Sequence[str]) -> Pool:
    """Make a pool with IPs, all of which must be fit for it."""
    if pools.is_named(tx, user, name):
        raise catalog.POOL_NAME_TAKEN()
    if len(tx.state.pools_of(user)) >= catalog.MAX_POOLS:
        raise catalog.POOL_LIMIT()
    _check_assignable(tx, user, addresses)
    return pools.make(tx, user, name, tuple(dict.fromkeys(addresses)))


def get_pool(tx: Tx, user: str | None, pool_id: str) -> PoolView:
    """Return a pool."""
    return _view(tx, find_pool(tx, user, pool_id))


def rename_pool(tx: Tx, user: str | None, pool_id: str, name: str) -> Pool:
    """Rename a pool; its members and its id stay."""
    pool = find_pool(tx, user, pool_id)
    if name != pool.name and pools.is_named(tx, user, name):
        raise catalog.POOL_NAME_TAKEN()
    return pools.rename(tx, pool, name)


def delete_pool(tx: Tx, user: str | None, pool_id: str) -> None:
    """Delete a pool; its IPs stay on the account."""
    del tx.state.pools[find_pool(tx, user, pool_id).id]


def list_members(
    tx: Tx, user: str | None, pool_id: str, *, after: str | None, limit: int
) -> tuple[list[tuple[Ip, list[Pool]]], bool]:
    """Return one page of a pool's IPs in the order of their numbers, each with its pools; and whether there are more.

    `after` is an address or the number that is one, of which the pool needs to have neither; 0 is the beginning.
    """
    members = find_pool(tx, user, pool_id).ips
    start = _start(tx, after) if after is not None else None
    later = sorted((each for each in members if start is None or place(each) > start), key=place)
    memberships = tx.state.memberships(user)
    return [(tx.state.ips[each], memberships[each]) for each in later[:limit]], len(later) > limit


def add_ips(tx: Tx, user: str | None, pool_id: str, addresses: Sequence[str]) -> Pool:
    """Put IPs into a pool, where some may be already: all of them, or none."""
    pool = find_pool(tx, user, pool_id)
    _check_assignable(tx, user, addresses)
    members = tuple(dict.fromkeys((*pool.ips, *addresses)))
    if len(members) > catalog.MAX_POOL_IPS:
        raise catalog.IPS_TOO_MANY(name=pool.name, count=len(pool.ips))
    pool = tx.state.pools[pool.id] = replace(pool, ips=members)
    return pool


def remove_ips(tx: Tx, user: str | None, pool_id: str, addresses: Sequence[str]) -> None:
    """Take IPs out of a pool: all of them, or none."""
    pool = find_pool(tx, user, pool_id)
    gone = set(addresses)
    strangers = [address for address in dict.fromkeys(addresses) if address not in pool.ips]
    if strangers:
        raise catalog.IPS_NOT_IN_POOL(name=pool.name, ip=", ".join(strangers))
    pools.take_out(tx, pool, gone)


def find_pool(tx: Tx, user: str | None, pool_id: str) -> Pool:
    """Return a user's pool by id, a number as text."""
    if not NUMBER.fullmatch(pool_id):
        raise catalog.POOL_ID_TYPE()
    pool = tx.state.pools.get(pool_id.lstrip("0"))
    if pool is None or pool.subuser != user:
        raise catalog.POOL_ID_NOT_FOUND()
    return pool


def _start(tx: Tx, key: str) -> tuple[int, int, str] | None:
    """Return the place after which a page of members begins; None, before all of them."""
    if NUMBER.fullmatch(key):
        number = int(key[:20])
        if number < 0:
            raise catalog.AFTER_KEY_RANGE()
        return (4, number, "") if number else None
    found = place(key)
    if found[0] == NO_ADDRESS and key not in tx.state.ips:
        raise catalog.AFTER_KEY_TYPE()
    return found


def _check_assignable(tx: Tx, user: str | None, addresses: Sequence[str]) -> None:
    """Refuse IPs that are not the user's, and those that can join no pool of it."""
    unfit = []
    for address in dict.fromkeys(addresses):
        ip = tx.state.ips.get(address)
        if ip is None or not ip.may_join_pool_of(user):
            unfit.append(address)
    if unfit:
        raise catalog.IPS_UNASSIGNABLE(ip=", ".join(unfit))


def _view(tx: Tx, pool: Pool) -> PoolView:
    regions = [tx.state.ips[address].region for address in pool.ips]
    return PoolView(pool, {name: regions.count(name) for name in catalog.REGIONS if name in regions})
