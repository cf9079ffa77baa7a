"""The IPs of an account: which it has, which it may use, and one more."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ....core.clock import LATEST
from .. import catalog
from ..models import Ip, Pool, State, created
from .account import Tx

NEW_IPS = ipaddress.ip_network("198.18.0.0/15")
"""Where new IPs come from: addresses that are nobody's, kept for tests (RFC 2544)."""


# What other rules ask


def account_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return an IP of the account."""
    ip = tx.state.ips.get(address)
    if ip is None or ip.account != account:
        raise catalog.IP_NOT_FOUND()
    return ip


def own_dedicated_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return a dedicated IP of the account that the path names."""
    ip = account_ip(tx, account, address)
    if not ip.dedicated:
        raise catalog.IP_NOT_DEDICATED(ip=address)
    return ip


def dedicated_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return a dedicated IP of the account that a parameter names."""
    ip = tx.state.ips.get(address)
    if ip is None or ip.account != account:
        raise catalog.IP_FOREIGN(ip=address)
    if not ip.dedicated:
        raise catalog.IP_NOT_DEDICATED(ip=address)
    return ip


def free_ip(tx: Tx, account: str | None, address: str, pool_id: str | None = None) -> Ip:
    """Return a dedicated IP of the account that is in no pool, or in the given one."""
    ip = dedicated_ip(tx, account, address)
    pool = pool_of(tx.state, address)
    if pool is not None and pool.pool_id != pool_id:
        raise catalog.IP_TAKEN(ip=address)
    return ip


def pool_of(state: State, address: str) -> Pool | None:
    """Return the pool that an IP is in."""
    return next((pool for pool in state.pools.values() if address in pool.ips), None)


def shared_ips(state: State, but: str | None = None) -> tuple[str, ...]:
    """Return the shared IP that the system assigns: the lowest, if the account may use one."""
    shared = [ip.ip for ip in state.ips.values() if not ip.dedicated and ip.account is None and ip.ip != but]
    return tuple(sorted(shared, key=order)[:1]) if state.eligible_for_shared_ips else ()


def warm_ips(state: State, account: str | None, now: float) -> list[str]:
    """Return the account's dedicated IPs that are not warming and in no pool, lowest first."""
    warm = [ip.ip for ip in state.ips.values() if ip.dedicated and not ip.is_warming(now) and ip.account == account]
    return sorted((each for each in warm if pool_of(state, each) is None), key=order)


@functools.lru_cache(maxsize=1 << 16)
def order(address: str) -> tuple[int, int]:
    """Return what addresses are sorted by."""
    ip = ipaddress.ip_address(address)
    return ip.version, int(ip)


# Lists


@dataclass(frozen=True, slots=True)
class IpList:
    """Some IPs of an account, and those of all that can be put into a pool."""

    ips: tuple[tuple[Ip, bool], ...]
    """With whether each is on a warm-up."""
    assignable: tuple[str, ...] | None
    """None for an account without the DIPPs feature."""


def list_ips(tx: Tx, account: str | None, *, dedicated: bool = False, enabled: bool = False) -> IpList:
    """Return the account's IPs: all, or only those that are dedicated, enabled, or both."""
    own = [ip for ip in tx.state.ips.values() if ip.account == account]
    found = tuple(
        (ip, ip.is_warming(tx.now)) for ip in own if (ip.dedicated or not dedicated) and (ip.enabled or not enabled)
    )
    if catalog.DIPPS not in tx.state.features:
        return IpList(found, None)
    pooled = {address for pool in tx.state.pools.values() for address in pool.ips}
    warming_too = not tx.state.profile[catalog.REFUSE_WARMING_IPS]
    assignable = (
        ip.ip for ip in own if ip.dedicated and ip.ip not in pooled and (warming_too or not ip.is_warming(tx.now))
    )
    return IpList(found, tuple(assignable))


@dataclass(frozen=True, slots=True)
class DetailedIp:
    """An IP as one account has it: its owner, or a subaccount that inherits its pool."""

    ip: Ip
    account: str | None
    pool_id: str | None
    created_at: int

    @property
    def pool_changed_at(self) -> int:
        return self.created_at if self.ip.pool_changed_at is None else self.ip.pool_changed_at

    @property
    def domains_changed_at(self) -> int:
        return self.created_at if self.ip.domains_changed_at is None else self.ip.domains_changed_at


SORTS: dict[str, Callable[[DetailedIp], tuple[int, ...]]] = {
    "address": lambda row: order(row.ip.ip),
    "created_at": lambda row: (row.created_at,),
    "pool_last_modified_at": lambda row: (row.pool_changed_at,),
    "domains_last_modified_at": lambda row: (row.domains_changed_at,),
}
"""What the detailed list can be sorted by; the answers' names."""


def list_detailed_ips(
    tx: Tx,
    account: str | None,
    *,
    pool_id: str = "",
    domain_id: str = "",
    subaccount_id: str = "",
    ip: str = "",
    sort_by: str = "address",
    sort_order: str = "ascending",
) -> list[DetailedIp]:
    """Return the IPs of the account and its subaccounts, once for each account that has them, and that fit.

    A filter is an id, or `any` or `none`; `ip` a part of an address.
    """
    rows = [row for row in _detailed(tx.state) if account is None or row.account == account]
    linked: set[tuple[str | None, str]] = set()
    if domain_id:
        linked = {
            (domain.account, address)
            for domain in tx.state.domains.values()
            if domain_id in (catalog.ANY, catalog.NONE, domain.id)
            for address in domain.ips
        }
    found = [
        row
        for row in rows
        if ip in row.ip.ip
        and _fits(pool_id, row.pool_id)
        and _fits(subaccount_id, row.account)
        and (not domain_id or ((row.account, row.ip.ip) in linked) == (domain_id != catalog.NONE))
    ]
    found.sort(key=lambda row: order(row.ip.ip))
    return sorted(found, key=SORTS[sort_by], reverse=sort_order == "descending")


def _detailed(state: State) -> Iterator[DetailedIp]:
    pools = {address: pool for pool in state.pools.values() for address in pool.ips}
    for ip in state.ips.values():
        pool = pools.get(ip.ip)
        made = created(state.account_id) if ip.created_at is None else ip.created_at
        for account in (ip.account, *(pool.delegated_to if pool is not None else ())):
            yield DetailedIp(ip, account, pool.pool_id if pool is not None else None, made)


def _fits(asked: str, has: str | None) -> bool:
    """Say whether a value is the one asked for, or any, or none."""
    match asked:
        case "":
            return True
        case catalog.ANY:
            return has is not None
        case catalog.NONE:
            return has is None
    return has == asked


# One more


def add_new_ip(tx: Tx, account: str | None) -> Ip:
    """Give the account a new dedicated IP, if its plan allows one more."""
    if not tx.state.new_dedicated_ips:
        raise catalog.NO_MORE_IPS()
    address = next(text for host in NEW_IPS.hosts() if (text := str(host)) not in tx.state.ips)
    ip = Ip(address, created_at=int(tx.now), account=account)
    tx.state.ips[address] = ip
    tx.state.new_dedicated_ips -= 1
    return ip


def note_pool_change(state: State, before: tuple[str, ...], after: tuple[str, ...], now: float) -> None:
    """Keep when IPs joined or left a pool."""
    for address in set(before) ^ set(after):
        state.ips[address] = replace(state.ips[address], pool_changed_at=second(now))


def note_domain_change(state: State, before: tuple[str, ...], after: tuple[str, ...], now: float) -> None:
    """Keep when a domain gained or lost IPs."""
    for address in set(before) ^ set(after):
        state.ips[address] = replace(state.ips[address], domains_changed_at=second(now))


def second(now: float) -> int:
    """Return the second of a time, or the last that can be written."""
    return int(min(now, LATEST))
