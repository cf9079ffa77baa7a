"""IPs and their subusers, in IP Address Management."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ....core.errors import ErrorMessage
from .. import catalog
from ..models import NO_ADDRESS, Ip, Pool, Subuser, place
from . import Tx, ips, management_pools, pools


@dataclass(frozen=True, slots=True)
class IpView:
    """An IP as a user sees it."""

    ip: Ip
    pools: Sequence[Pool]
    """Those of the user that it is in."""


class Page(NamedTuple):
    """A page of IPs, and the keys of the pages beside it."""

    items: list[IpView]
    after_key: str | None
    """Of its last IP, if there are more after it."""
    before_key: str | None
    """Of its first IP, if there are more before it."""


def list_ips(
    tx: Tx,
    user: str | None,
    *,
    limit: int,
    after: str | None,
    before: str | None,
    ip: str | None,
    is_leased: bool | None,
    is_enabled: bool | None,
    is_parent_assigned: bool | None,
    pool: str | None,
    start_added_at: int | None,
    end_added_at: int | None,
    region: str | None,
) -> Page:
    """Return one page of a user's IPs, in the order of their numbers.

    `after` and `before` are addresses, of which the account needs to have neither; `after` may be 0, the beginning. A
    filter that is None takes every IP. `is_enabled` takes only IPs that the customer brought: of SendGrid's it is null.
    """
    if after is not None and after != "0" and not _is_address(tx, after):
        raise catalog.AFTER_KEY_ADDRESS()
    if before is not None and not _is_address(tx, before):
        raise catalog.BEFORE_KEY_ADDRESS()
    if after is not None and before is not None:
        raise catalog.BOTH_KEYS()
    if pool is not None and is_parent_assigned is not None:
        raise catalog.POOL_AND_PARENT_ASSIGNED()
    if is_parent_assigned is not None and user is not None:
        raise catalog.IS_PARENT_ASSIGNED_BY_SUBUSER()
    members = set(_pool(tx, user, pool).ips) if pool is not None else None
    chosen = sorted(
        (
            each
            for each in tx.state.ips_of(user)
            if (ip is None or each.ip == ip)
            and (is_leased is None or each.leased == is_leased)
            and (is_enabled is None or (not each.leased and each.enabled == is_enabled))
            and (is_parent_assigned is None or each.parent_assigned == is_parent_assigned)
            and (members is None or each.ip in members)
            and (start_added_at is None or each.added_at >= start_added_at)
            and (end_added_at is None or each.added_at <= end_added_at)
            and (region not in catalog.REGIONS or each.region == region)
        ),
        key=lambda each: place(each.ip),
    )
    if before is not None:
        end = sum(place(each.ip) < place(before) for each in chosen)
        start = max(0, end - limit)
    else:
        start = sum(place(each.ip) <= place(after) for each in chosen) if after not in (None, "0") else 0
        end = min(start + limit, len(chosen))
    page = chosen[start:end]
    memberships = tx.state.memberships(user)
    return Page(
        [IpView(each, memberships.get(each.ip, ())) for each in page],
        page[-1].ip if page and end < len(chosen) else None,
        page[0].ip if page and start > 0 else None,
    )


def get_ip(tx: Tx, user: str | None, address: str) -> IpView:
    """Return one IP."""
    ip = _find_ip(tx, user, address, catalog.ADDRESS_INVALID, catalog.ADDRESS_NOT_FOUND)
    return IpView(ip, tx.state.memberships(user).get(address, ()))


def add_ip(tx: Tx, *, is_auto_warmup: bool, is_parent_assigned: bool, subusers: Sequence[str], region: str) -> Ip:
    """Give the account a new IP of SendGrid's, and to subusers, by their ids."""
    names = [subuser.name for subuser in _verified(tx, subusers)]
    if is_auto_warmup:
        warm = {name for ip in tx.state.ips.values() if not ip.warmup for name in ip.subusers}
        cold = [tx.state.subusers[name].id for name in names if name not in warm]
        if cold:
            raise catalog.SUBUSERS_ALL_WARMING(id=", ".join(cold))
    if not tx.state.remaining_ips:
        raise catalog.NO_IPS_REMAINING()
    (ip,) = ips.lease(tx, 1, region=region, warmup=is_auto_warmup, parent_assigned=is_parent_assigned, subusers=names)
    return ip


def change_ip(tx: Tx, address: str, settings: Mapping[str, bool]) -> Ip:
    """Change an IP's settings; it leaves the pools that it can no longer be in."""
    ip = _find_ip(tx, None, address, catalog.ADDRESS_INVALID, catalog.NOT_OWNED)
    if not settings:
        raise catalog.SETTING_MISSING()
    ip = replace(
        ips.warm(tx, ip, settings.get("is_auto_warmup", ip.warmup)),
        parent_assigned=settings.get("is_parent_assigned", ip.parent_assigned),
        enabled=settings.get("is_enabled", ip.enabled),
        updated_at=int(tx.now),
    )
    tx.state.ips[address] = ip
    pools.leave(tx, [ip])
    return ip


def list_subusers(tx: Tx, address: str, *, after: int, limit: int) -> tuple[list[str], bool]:
    """Return one page of the ids of an IP's subusers, in their order, and whether there are more."""
    later = [each for each in subuser_ids(tx, _find_ip_of_subusers(tx, address)) if int(each) > after]
    return later[:limit], len(later) > limit


def add_subusers(tx: Tx, address: str, subusers: Sequence[str]) -> Ip:
    """Let subusers, by their ids, send from an IP: all of them, or none."""
    ip = _find_ip_of_subusers(tx, address)
    names = [subuser.name for subuser in _verified(tx, subusers)]
    ip = tx.state.ips[address] = replace(ip, subusers=tuple(dict.fromkeys((*ip.subusers, *names))))
    return ip


def remove_subusers(tx: Tx, address: str, subusers: Sequence[str]) -> None:
    """Let subusers, by their ids, no longer send from an IP, which leaves their pools; some may not have been let."""
    ip = _find_ip_of_subusers(tx, address)
    names = {subuser.name for subuser in _verified(tx, subusers)}
    ip = tx.state.ips[address] = replace(ip, subusers=tuple(name for name in ip.subusers if name not in names))
    pools.leave(tx, [ip])


def subuser_ids(tx: Tx, ip: Ip) -> list[str]:
    """Return the ids of an IP's subusers, in their order."""
    return sorted((tx.state.subusers[name].id for name in ip.subusers), key=int)


def _verified(tx: Tx, ids: Sequence[str]) -> list[Subuser]:
    """Return the account's subusers by their ids, each once."""
    if tx.state.user_id in ids:
        raise catalog.SUBUSERS_WITH_CALLER()
    known = {subuser.id: subuser for subuser in tx.state.subusers.values()}
    strangers = [each for each in dict.fromkeys(ids) if each not in known]
    if strangers:
        raise catalog.SUBUSERS_UNVERIFIED(id=", ".join(strangers))
    return [known[each] for each in dict.fromkeys(ids)]


def _pool(tx: Tx, user: str | None, pool_id: str) -> Pool:
    if not management_pools.NUMBER.fullmatch(pool_id):
        raise catalog.POOL_TYPE()
    pool = tx.state.pools.get(pool_id.lstrip("0"))
    if pool is None or pool.subuser != user:
        raise catalog.POOL_UNKNOWN()
    return pool


def _find_ip(tx: Tx, user: str | None, address: str, invalid: ErrorMessage, unknown: ErrorMessage) -> Ip:
    """Return a user's IP; the refusals when it is no address, and when it is nobody's, depend on who asks."""
    ip = tx.state.ips.get(address)
    if ip is None or not ip.is_of(user):
        raise unknown() if _is_address(tx, address) else invalid()
    return ip


def _find_ip_of_subusers(tx: Tx, address: str) -> Ip:
    return _find_ip(tx, None, address, catalog.ADDRESS_OF_NONE, catalog.ADDRESS_OF_NONE)


def _is_address(tx: Tx, text: str) -> bool:
    """Say whether a text is an IP address; what stands for one in the account's own list counts as one."""
    return place(text)[0] != NO_ADDRESS or text in tx.state.ips
