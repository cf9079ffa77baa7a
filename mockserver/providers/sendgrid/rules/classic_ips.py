"""IPs and their warm-up, classic API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....core.addresses import ip_sort_key
from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool
from . import Tx, ips


@dataclass(frozen=True, slots=True)
class IpView:
    """An IP as an account sees it."""

    ip: Ip
    pools: Sequence[Pool]
    """The pools of the account that contain it."""
    users: Sequence[str]
    """The accounts that may send from it and that the account sees; the parent account first."""


def list_ips(
    tx: Tx,
    account: str | None,
    *,
    ip: str | None,
    subuser: str | None,
    without_rdns: bool,
    descending: bool,
    offset: int,
    limit: int,
) -> tuple[list[IpView], int]:
    """Return one page of an account's IPs, sorted by address, and the number of IPs on all pages."""
    found = sorted(
        (
            each
            for each in tx.state.ips_of(account)
            if (ip is None or each.ip == ip)
            and (subuser is None or subuser in each.subusers)
            and not (without_rdns and each.is_whitelabeled)
        ),
        key=lambda each: ip_sort_key(each.ip),
        reverse=descending,
    )
    return _views(tx, account, found[offset : offset + limit]), len(found)


def list_assigned_ips(tx: Tx, account: str | None) -> list[IpView]:
    """Return the IPs that the parent account or a subuser may send from."""
    found = [ip for ip in tx.state.ips_of(account) if ip.parent_assigned or ip.subusers]
    return _views(tx, account, sorted(found, key=lambda ip: ip_sort_key(ip.ip)))


def get_ip(tx: Tx, account: str | None, address: str) -> IpView:
    """Return one IP."""
    return _views(tx, account, [find_ip(tx, account, address, catalog.IP_NOT_FOUND)])[0]


def find_ip(tx: Tx, account: str | None, address: str, not_found: ErrorMessage) -> Ip:
    """Return an account's IP, or raise the error `not_found` of the operation."""
    ip = tx.state.ips.get(address)
    if ip is None or not tx.state.is_visible(ip, account):
        raise not_found()
    return ip


def buy_ips(tx: Tx, *, count: int, subusers: Sequence[str], warmup: bool, user_can_send: bool) -> list[IpView]:
    """Add new IPs to the account."""
    if any(name not in tx.state.subusers for name in subusers):
        raise catalog.SUBUSERS_NOT_YOURS()
    if count > tx.state.remaining_ips:
        raise catalog.CLASSIC_NO_IPS_REMAINING()
    names = list(dict.fromkeys(subusers))
    new = ips.lease_ips(tx, count, region="us", warmup=warmup, parent_assigned=user_can_send, subusers=names)
    return _views(tx, None, new)


def list_warming_ips(tx: Tx, account: str | None) -> list[Ip]:
    """Return an account's IPs in warm-up, sorted by address."""
    return sorted((ip for ip in tx.state.ips_of(account) if ip.warmup), key=lambda ip: ip_sort_key(ip.ip))


def get_warming_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return an IP in warm-up."""
    ip = find_ip(tx, account, address, catalog.NOT_WARMING)
    if not ip.warmup:
        raise catalog.NOT_WARMING()
    return ip


def start_warmup(tx: Tx, account: str | None, *, ip: str) -> Ip:
    """Start the warm-up of an IP. A warm-up that has started continues."""
    changed = tx.state.ips[ip] = ips.with_warmup(tx, find_ip(tx, account, ip, catalog.NOT_WARMABLE), True)
    return changed


def stop_warmup(tx: Tx, account: str | None, address: str) -> None:
    """Stop the warm-up of an IP."""
    tx.state.ips[address] = ips.with_warmup(tx, get_warming_ip(tx, account, address), False)


def _views(tx: Tx, account: str | None, found: Sequence[Ip]) -> list[IpView]:
    memberships = tx.state.memberships(account)
    return [IpView(ip, memberships.get(ip.ip, ()), users_of(tx, account, ip)) for ip in found]


def users_of(tx: Tx, account: str | None, ip: Ip) -> list[str]:
    """Return the accounts that may send from an IP and that an account sees; the parent account first."""
    if account is not None:
        return [account]
    return [*([tx.state.username] if ip.parent_assigned else []), *ip.subusers]
