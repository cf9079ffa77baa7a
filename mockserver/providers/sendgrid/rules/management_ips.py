"""IPs and their subusers, IP Address Management."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ....core.addresses import ip_sort_key, is_ip
from ....core.clock import whole_seconds
from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool, Subuser
from . import Tx, ips, management_pools, pools
from .paging import page_range


@dataclass(frozen=True, slots=True)
class IpView:
    """An IP as an account sees it."""

    ip: Ip
    pools: Sequence[Pool]
    """The pools of the account that contain it."""


class Page(NamedTuple):
    """A page of IPs, and the keys of the pages before and after it."""

    items: list[IpView]
    after_key: str | None
    """The last IP of the page, if more follow."""
    before_key: str | None
    """The first IP of the page, if more precede it."""


def list_ips(
    tx: Tx,
    account: str | None,
    *,
    limit: int,
    after_key: str | None,
    before_key: str | None,
    ip: str | None,
    is_leased: bool | None,
    is_enabled: bool | None,
    is_parent_assigned: bool | None,
    pool: str | None,
    start_added_at: int | None,
    end_added_at: int | None,
    region: str | None,
) -> Page:
    """Return one page of an account's IPs, sorted by address.

    `after_key` and `before_key` are any addresses; an `after_key` of 0 is the beginning. A filter that is None matches
    every IP. `is_enabled` matches only IPs that the customer brought: for SendGrid's own it is null.
    """
    if after_key is not None and after_key != "0" and not _is_address(tx, after_key):
        raise catalog.AFTER_KEY_ADDRESS()
    if before_key is not None and not _is_address(tx, before_key):
        raise catalog.BEFORE_KEY_ADDRESS()
    if after_key is not None and before_key is not None:
        raise catalog.BOTH_KEYS()
    if pool is not None and is_parent_assigned is not None:
        raise catalog.POOL_AND_PARENT_ASSIGNED()
    if is_parent_assigned is not None and account is not None:
        raise catalog.IS_PARENT_ASSIGNED_BY_SUBUSER()
    members = set(_pool(tx, account, pool).ips) if pool is not None else None
    found = sorted(
        (
            each
            for each in tx.state.ips_of(account)
            if (ip is None or each.ip == ip)
            and (is_leased is None or each.leased == is_leased)
            and (is_enabled is None or (not each.leased and each.enabled == is_enabled))
            and (is_parent_assigned is None or each.parent_assigned == is_parent_assigned)
            and (members is None or each.ip in members)
            and (start_added_at is None or each.added_at >= start_added_at)
            and (end_added_at is None or each.added_at <= end_added_at)
            and (region not in catalog.REGIONS or each.region == region)
        ),
        key=lambda each: ip_sort_key(each.ip),
    )
    start, end = page_range(
        [ip_sort_key(each.ip) for each in found],
        limit=limit,
        after=ip_sort_key(after_key) if after_key not in (None, "0") else None,
        before=ip_sort_key(before_key) if before_key is not None else None,
    )
    page = found[start:end]
    memberships = tx.state.memberships(account)
    return Page(
        [IpView(each, memberships.get(each.ip, ())) for each in page],
        page[-1].ip if page and end < len(found) else None,
        page[0].ip if page and start > 0 else None,
    )


def get_ip(tx: Tx, account: str | None, address: str) -> IpView:
    """Return one IP."""
    ip = _find_ip(tx, account, address, catalog.ADDRESS_INVALID, catalog.ADDRESS_NOT_FOUND)
    return IpView(ip, tx.state.memberships(account).get(address, ()))


def add_ip(tx: Tx, *, is_auto_warmup: bool, is_parent_assigned: bool, subusers: Sequence[str], region: str) -> Ip:
    """Add a new IP of SendGrid's to the account, and assign it to subusers, given by their ids."""
    names = [subuser.name for subuser in _verified(tx, subusers)]
    if is_auto_warmup:
        warm = {name for ip in tx.state.ips.values() if not ip.warmup for name in ip.subusers}
        cold = [tx.state.subusers[name].id for name in names if name not in warm]
        if cold:
            raise catalog.SUBUSERS_ALL_WARMING(id=", ".join(cold))
    if not tx.state.remaining_ips:
        raise catalog.NO_IPS_REMAINING()
    (ip,) = ips.lease_ips(
        tx, 1, region=region, warmup=is_auto_warmup, parent_assigned=is_parent_assigned, subusers=names
    )
    return ip


def change_ip(
    tx: Tx,
    address: str,
    *,
    is_auto_warmup: bool | None,
    is_parent_assigned: bool | None,
    is_enabled: bool | None,
) -> Ip:
    """Change an IP's settings, and remove it from the pools that it can no longer be in. None changes nothing."""
    ip = _find_ip(tx, None, address, catalog.ADDRESS_INVALID, catalog.NOT_OWNED)
    if is_auto_warmup is None and is_parent_assigned is None and is_enabled is None:
        raise catalog.SETTING_MISSING()
    ip = replace(
        ips.with_warmup(tx, ip, ip.warmup if is_auto_warmup is None else is_auto_warmup),
        parent_assigned=ip.parent_assigned if is_parent_assigned is None else is_parent_assigned,
        enabled=ip.enabled if is_enabled is None else is_enabled,
        updated_at=whole_seconds(tx.now),
    )
    tx.state.ips[address] = ip
    pools.prune_pools(tx, [ip])
    return ip


def list_subusers(tx: Tx, address: str, *, after_key: int, limit: int) -> tuple[list[str], bool]:
    """Return one page of the ids of an IP's subusers, sorted, and whether more follow."""
    later = [each for each in subuser_ids(tx, _find_ip_of_subusers(tx, address)) if int(each) > after_key]
    return later[:limit], len(later) > limit


def add_subusers(tx: Tx, address: str, *, subusers: Sequence[str]) -> Ip:
    """Assign an IP to subusers, given by their ids: to all of them, or to none."""
    ip = _find_ip_of_subusers(tx, address)
    names = [subuser.name for subuser in _verified(tx, subusers)]
    ip = tx.state.ips[address] = replace(ip, subusers=tuple(dict.fromkeys((*ip.subusers, *names))))
    return ip


def remove_subusers(tx: Tx, address: str, *, subusers: Sequence[str]) -> None:
    """Unassign an IP from subusers, given by their ids, and remove it from their pools."""
    ip = _find_ip_of_subusers(tx, address)
    names = {subuser.name for subuser in _verified(tx, subusers)}
    ip = tx.state.ips[address] = replace(ip, subusers=tuple(name for name in ip.subusers if name not in names))
    pools.prune_pools(tx, [ip])


def subuser_ids(tx: Tx, ip: Ip) -> list[str]:
    """Return the ids of an IP's subusers, sorted."""
    return sorted((tx.state.subusers[name].id for name in ip.subusers), key=int)


def _verified(tx: Tx, ids: Sequence[str]) -> list[Subuser]:
    """Return the account's subusers with these ids, without duplicates."""
    if tx.state.user_id in ids:
        raise catalog.SUBUSERS_WITH_CALLER()
    known = {subuser.id: subuser for subuser in tx.state.subusers.values()}
    unknown = [each for each in dict.fromkeys(ids) if each not in known]
    if unknown:
        raise catalog.SUBUSERS_UNVERIFIED(id=", ".join(unknown))
    return [known[each] for each in dict.fromkeys(ids)]


def _pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    if not management_pools.NUMBER.fullmatch(pool_id):
        raise catalog.POOL_TYPE()
    pool = tx.state.pools.get(pool_id.lstrip("0"))
    if pool is None or pool.subuser != account:
        raise catalog.POOL_UNKNOWN()
    return pool


def _find_ip(tx: Tx, account: str | None, address: str, invalid: ErrorMessage, unknown: ErrorMessage) -> Ip:
    """Return an account's IP, or raise the operation's error for an invalid or an unknown address."""
    ip = tx.state.ips.get(address)
    if ip is None or not tx.state.is_visible(ip, account):
        raise unknown() if _is_address(tx, address) else invalid()
    return ip


def _find_ip_of_subusers(tx: Tx, address: str) -> Ip:
    return _find_ip(tx, None, address, catalog.SUBUSERS_IP_INVALID, catalog.SUBUSERS_IP_INVALID)


def _is_address(tx: Tx, text: str) -> bool:
    """Return whether a text is an IP address. Any key of the account's IPs counts as one, such as `0.00.0.0`."""
    return is_ip(text) or text in tx.state.ips
