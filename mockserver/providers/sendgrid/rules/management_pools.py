"""IP pools, IP Address Management: by id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ....core.addresses import ip_sort_key, is_ip
from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool
from . import Tx, pools
from .paging import page_range

NUMBER = re.compile("-?[0-9]+")


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool, and the regions of its IPs."""

    pool: Pool
    regions: dict[str, int]
    """The number of its IPs by region, sorted; regions without an IP are left out."""


class Page(NamedTuple):
    """A page of pools, and the keys of the pages before and after it."""

    items: list[PoolView]
    after_key: str | None
    """The id of the last pool of the page, if more follow."""
    before_key: str | None
    """The id of the first pool of the page, if more precede it."""


def list_pools(
    tx: Tx,
    account: str | None,
    *,
    limit: int,
    after_key: int | None,
    before_key: int | None,
    ip: str | None,
    region: str | None,
) -> Page:
    """Return one page of an account's pools, sorted by id.

    `region` None matches every pool, `all` those with an IP, `eu` and `us` those with an IP in that region.
    """
    if after_key is not None and before_key is not None:
        raise catalog.BOTH_KEYS()
    found = sorted(
        (
            view
            for view in (_view(tx, pool) for pool in tx.state.pools_of(account))
            if (ip is None or ip in view.pool.ips)
            and (region is None or view.regions)
            and (region not in catalog.REGIONS or region in view.regions)
        ),
        key=_number,
    )
    start, end = page_range([_number(view) for view in found], limit=limit, after=after_key, before=before_key)
    page = found[start:end]
    return Page(
        page,
        page[-1].pool.id if page and end < len(found) else None,
        page[0].pool.id if page and start > 0 else None,
    )


def _number(view: PoolView) -> int:
    return int(view.pool.id)


def create_pool(tx: Tx, account: str | None, *, name: str, ips: Sequence[str]) -> Pool:
    """Create a pool with IPs, all of which must be assignable."""
    if pools.has_pool(tx, account, name=name):
        raise catalog.POOL_NAME_TAKEN()
    if len(tx.state.pools_of(account)) >= catalog.MAX_POOLS:
        raise catalog.POOL_LIMIT()
    _check_assignable(tx, account, ips)
    return pools.create_pool(tx, account, name=name, ips=tuple(dict.fromkeys(ips)))


def get_pool(tx: Tx, account: str | None, pool_id: str) -> PoolView:
    """Return a pool."""
    return _view(tx, find_pool(tx, account, pool_id))


def rename_pool(tx: Tx, account: str | None, pool_id: str, *, name: str) -> Pool:
    """Rename a pool, which keeps its members and its id."""
    pool = find_pool(tx, account, pool_id)
    if name != pool.name and pools.has_pool(tx, account, name=name):
        raise catalog.POOL_NAME_TAKEN()
    return pools.rename_pool(tx, pool, name=name)


def delete_pool(tx: Tx, account: str | None, pool_id: str) -> None:
    """Delete a pool. The account keeps its IPs."""
    del tx.state.pools[find_pool(tx, account, pool_id).id]


def list_members(
    tx: Tx, account: str | None, pool_id: str, *, after_key: str | None, limit: int
) -> tuple[list[tuple[Ip, list[Pool]]], bool]:
    """Return one page of a pool's IPs with their pools, sorted by address, and whether more follow.

    `after_key` is any address, or its number; 0 is the beginning.
    """
    members = find_pool(tx, account, pool_id).ips
    start = _sort_key_of(tx, after_key) if after_key is not None else None
    later = sorted((each for each in members if start is None or ip_sort_key(each) > start), key=ip_sort_key)
    memberships = tx.state.memberships(account)
    return [(tx.state.ips[each], memberships[each]) for each in later[:limit]], len(later) > limit


def add_ips(tx: Tx, account: str | None, pool_id: str, *, ips: Sequence[str]) -> Pool:
    """Add IPs to a pool, which may contain some already: all of them, or none."""
    pool = find_pool(tx, account, pool_id)
    _check_assignable(tx, account, ips)
    members = tuple(dict.fromkeys((*pool.ips, *ips)))
    if len(members) > catalog.MAX_POOL_IPS:
        raise catalog.IPS_TOO_MANY(name=pool.name, count=len(pool.ips))
    pool = tx.state.pools[pool.id] = replace(pool, ips=members)
    return pool


def remove_ips(tx: Tx, account: str | None, pool_id: str, *, ips: Sequence[str]) -> None:
    """Remove IPs from a pool: all of them, or none."""
    pool = find_pool(tx, account, pool_id)
    unknown = [address for address in dict.fromkeys(ips) if address not in pool.ips]
    if unknown:
        raise catalog.IPS_NOT_IN_POOL(name=pool.name, ip=", ".join(unknown))
    pools.remove_ips(tx, pool, set(ips))


def find_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return an account's pool by id, a number as a string."""
    if not NUMBER.fullmatch(pool_id):
        raise catalog.POOL_ID_TYPE()
    pool = tx.state.pools.get(pool_id.lstrip("0"))
    if pool is None or pool.subuser != account:
        raise catalog.POOL_ID_NOT_FOUND()
    return pool


def _sort_key_of(tx: Tx, key: str) -> tuple[int, int, str] | None:
    """Return the sort key of an `after_key`; None for 0, the beginning."""
    if NUMBER.fullmatch(key):
        number = int(key[:20])
        if number < 0:
            raise catalog.AFTER_KEY_RANGE()
        return (4, number, "") if number else None
    if not is_ip(key) and key not in tx.state.ips:
        raise catalog.AFTER_KEY_TYPE()
    return ip_sort_key(key)


def _check_assignable(tx: Tx, account: str | None, addresses: Sequence[str]) -> None:
    """Raise an error if some IPs are not the account's, or cannot join its pools.

    The message names all of them and no reason: the first reason in this order decides the entry of the catalog.
    """
    errors: dict[str, ErrorMessage] = {}
    for address in dict.fromkeys(addresses):
        ip = tx.state.ips.get(address)
        if ip is None or not tx.state.is_owned(ip, account):
            errors[address] = catalog.IPS_UNASSIGNABLE
        elif not ip.is_whitelabeled:
            errors[address] = catalog.IPS_NOT_WHITELABELED
        elif not ip.enabled:
            errors[address] = catalog.IPS_NOT_ENABLED
    for error in (catalog.IPS_UNASSIGNABLE, catalog.IPS_NOT_WHITELABELED, catalog.IPS_NOT_ENABLED):
        if error in errors.values():
            raise error(ip=", ".join(errors))


def _view(tx: Tx, pool: Pool) -> PoolView:
    regions = [tx.state.ips[address].region for address in pool.ips]
    return PoolView(pool, {name: regions.count(name) for name in catalog.REGIONS if name in regions})
