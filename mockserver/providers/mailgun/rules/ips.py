"""The IPs of an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ....core.addresses import ip_sort_key, unused_ip
from ....core.clock import whole_seconds
from .. import catalog
from ..models import Ip, Pool, State, created_at
from . import Tx, region_of_new

# Shared with other rules


def get_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return an IP of the account."""
    ip = _find_ip(tx, account, address)
    if ip is None:
        raise catalog.IP_NOT_FOUND()
    return ip


def _find_ip(tx: Tx, account: str | None, address: str) -> Ip | None:
    """Return an IP of the account in the region."""
    ip = tx.state.ips.get(address)
    return ip if ip is not None and ip.account == account and tx.state.region_of(ip) == tx.region else None


def list_account_ips(tx: Tx, account: str | None) -> list[Ip]:
    """Return the IPs in the region that an account owns, and those of the parent that its domains send from."""
    state = tx.state
    used = {address for domain in state.domains.values() if domain.account == account for address in domain.ips}
    visible = (ip for ip in state.ips.values() if ip.account == account or ip.ip in used)
    return [ip for ip in visible if state.region_of(ip) == tx.region]


def get_visible_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return an IP that the account owns, or that a domain of it sends from."""
    ip = next((ip for ip in list_account_ips(tx, account) if ip.ip == address), None)
    if ip is None:
        raise catalog.IP_NOT_FOUND()
    return ip


def get_dedicated_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return a dedicated IP of the account, given in the path."""
    ip = get_ip(tx, account, address)
    if not ip.dedicated:
        raise catalog.IP_NOT_DEDICATED(ip=address)
    return ip


def get_named_dedicated_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return a dedicated IP of the account, given in a parameter."""
    ip = _find_ip(tx, account, address)
    if ip is None:
        raise catalog.IP_FOREIGN(ip=address)
    if not ip.dedicated:
        raise catalog.IP_NOT_DEDICATED(ip=address)
    return ip


def get_poolable_ip(tx: Tx, account: str | None, address: str, pool_id: str | None = None) -> Ip:
    """Return a dedicated IP of the account that is in no pool, or in the given one."""
    ip = get_named_dedicated_ip(tx, account, address)
    pool = find_pool_of_ip(tx.state, address)
    if pool is not None and pool.pool_id != pool_id:
        raise catalog.IP_TAKEN(ip=address)
    return ip


def find_pool_of_ip(state: State, address: str) -> Pool | None:
    """Return the pool that an IP is in."""
    return next((pool for pool in state.pools.values() if address in pool.ips), None)


def assigned_shared_ips(state: State, region: str | None, exclude: str | None = None) -> tuple[str, ...]:
    """Return the shared IP that Mailgun assigns, the lowest one of the region; empty if the account is not eligible."""
    if not state.eligible_for_shared_ips:
        return ()
    shared = [ip for ip in state.ips.values() if not ip.dedicated and ip.account is None and ip.ip != exclude]
    return tuple(sorted((ip.ip for ip in shared if state.region_of(ip) == region), key=ip_sort_key)[:1])


def list_unpooled_warm_ips(state: State, account: str | None, region: str, now: float) -> list[str]:
    """Return the account's dedicated IPs in a region that are not on a warm-up and in no pool, sorted."""
    warm = [ip for ip in state.ips.values() if ip.dedicated and not ip.is_warming(now) and ip.account == account]
    here = [ip.ip for ip in warm if state.region_of(ip) == region]
    return sorted((each for each in here if find_pool_of_ip(state, each) is None), key=ip_sort_key)


# Lists


@dataclass(frozen=True, slots=True)
class IpList:
    """IPs of an account, and its IPs that can join a pool."""

    ips: tuple[tuple[Ip, bool], ...]
    """Each with whether it is on a warm-up."""
    assignable: tuple[str, ...] | None
    """None for an account without the DIPPs feature."""


def list_ips(tx: Tx, account: str | None, *, dedicated: bool, enabled: bool) -> IpList:
    """Return the account's IPs; with `dedicated` or `enabled`, only those that are."""
    visible = list_account_ips(tx, account)
    found = tuple(
        (ip, ip.is_warming(tx.now)) for ip in visible if (ip.dedicated or not dedicated) and (ip.enabled or not enabled)
    )
    if catalog.DIPPS not in tx.state.features:
        return IpList(found, None)
    pooled = {address for pool in tx.state.pools.values() for address in pool.ips}
    warming_too = not tx.state.profile[catalog.REFUSE_WARMING_IPS]
    assignable = (
        ip.ip
        for ip in visible
        if ip.account == account and ip.dedicated and ip.ip not in pooled and (warming_too or not ip.is_warming(tx.now))
    )
    return IpList(found, tuple(assignable))


@dataclass(frozen=True, slots=True)
class DetailedIp:
    """An IP, and an account that has it: its owner, or a subaccount that inherits its pool or has a domain with it."""

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


SORTS: dict[str, Callable[[DetailedIp], tuple[int | str, ...]]] = {
    "address": lambda row: ip_sort_key(row.ip.ip),
    "created_at": lambda row: (row.created_at,),
    "pool_last_modified_at": lambda row: (row.pool_changed_at,),
    "domains_last_modified_at": lambda row: (row.domains_changed_at,),
}
"""The sort keys of the detailed list, by the name of the field."""


def list_detailed_ips(
    tx: Tx,
    account: str | None,
    *,
    pool_id: str,
    domain_id: str,
    subaccount_id: str,
    ip: str,
    sort_by: str,
    sort_order: str,
) -> list[DetailedIp]:
    """Return the IPs of the account and its subaccounts in the region that match the filters.

    Each is there once for each account that has it.
    A filter is an id, `any` or `none`; `ip` is a part of an address.
    """
    here = [row for row in _detailed(tx.state) if tx.state.region_of(row.ip) == tx.region]
    rows = [row for row in here if account is None or row.account == account]
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
        and _matches(pool_id, row.pool_id)
        and _matches(subaccount_id, row.account)
        and (not domain_id or ((row.account, row.ip.ip) in linked) == (domain_id != catalog.NONE))
    ]
    found.sort(key=lambda row: ip_sort_key(row.ip.ip))
    return sorted(found, key=SORTS[sort_by], reverse=sort_order == "descending")


def _detailed(state: State) -> Iterator[DetailedIp]:
    pools: dict[str, dict[str | None, str]] = {}
    """The ids of the pools that an IP is in, by account that sees them, by IP."""
    for pool in state.pools.values():
        for address in pool.ips:
            pools.setdefault(address, {})[pool.account] = pool.pool_id
    for subaccount in state.subaccounts:
        for pool in state.inherited_pools(subaccount):
            for address in pool.ips:
                pools.setdefault(address, {})[subaccount] = pool.pool_id
    users: dict[str, dict[str | None, None]] = {}
    """The accounts whose domains send from an IP, by IP."""
    for domain in state.domains.values():
        for address in domain.ips:
            users.setdefault(address, {})[domain.account] = None
    for ip in state.ips.values():
        made = created_at(state.account_id) if ip.created_at is None else ip.created_at
        of_ip = pools.get(ip.ip, {})
        for account in dict.fromkeys([ip.account, *of_ip, *users.get(ip.ip, ())]):
            yield DetailedIp(ip, account, of_ip.get(account), made)


def _matches(wanted: str, value: str | None) -> bool:
    """Return whether a value matches a filter: a value, `any` or `none`; an empty one matches everything."""
    match wanted:
        case "":
            return True
        case catalog.ANY:
            return value is not None
        case catalog.NONE:
            return value is None
    return value == wanted


# Changes


def add_new_ip(tx: Tx, account: str | None) -> Ip:
    """Add a new dedicated IP in the region to the account, if its plan allows one more."""
    if not tx.state.new_dedicated_ips:
        raise catalog.NO_MORE_IPS()
    address = unused_ip(1, tx.state.ips)
    ip = Ip(address, created_at=whole_seconds(tx.now), account=account, region=region_of_new(tx))
    tx.state.ips[address] = ip
    tx.state.new_dedicated_ips -= 1
    return ip


def record_pool_change(state: State, before: tuple[str, ...], after: tuple[str, ...], now: float) -> None:
    """Record when IPs joined or left a pool."""
    for address in set(before) ^ set(after):
        state.ips[address] = replace(state.ips[address], pool_changed_at=whole_seconds(now))


def record_domain_change(state: State, before: tuple[str, ...], after: tuple[str, ...], now: float) -> None:
    """Record when a domain gained or lost IPs."""
    for address in set(before) ^ set(after):
        state.ips[address] = replace(state.ips[address], domains_changed_at=whole_seconds(now))
