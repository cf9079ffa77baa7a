"""IPs and their warm-up, in the classic API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Ip, Pool, place
from . import Tx, ips


@dataclass(frozen=True, slots=True)
class IpView:
    """An IP as a user sees it."""

    ip: Ip
    pools: Sequence[Pool]
    """Those of the user that it is in."""
    users: Sequence[str]
    """Those who may send from it, as far as the user sees them; the parent account first."""


def list_ips(
    tx: Tx,
    user: str | None,
    *,
    ip: str | None,
    subuser: str | None,
    without_rdns: bool,
    descending: bool,
    offset: int,
    limit: int,
) -> tuple[list[IpView], int]:
    """Return one page of a user's IPs in the order of their numbers, and how many there are on all pages."""
    chosen = sorted(
        (
            each
            for each in tx.state.ips_of(user)
            if (ip is None or each.ip == ip)
            and (subuser is None or subuser in each.subusers)
            and not (without_rdns and each.rdns is not None)
        ),
        key=lambda each: place(each.ip),
        reverse=descending,
    )
    return _views(tx, user, chosen[offset : offset + limit]), len(chosen)


def assigned_ips(tx: Tx, user: str | None) -> list[IpView]:
    """Return the IPs that somebody may send from: the parent account, or a subuser."""
    chosen = [ip for ip in tx.state.ips_of(user) if ip.parent_assigned or ip.subusers]
    return _views(tx, user, sorted(chosen, key=lambda ip: place(ip.ip)))


def get_ip(tx: Tx, user: str | None, address: str) -> IpView:
    """Return one IP."""
    return _views(tx, user, [find_ip(tx, user, address, catalog.IP_NOT_FOUND)])[0]


def find_ip(tx: Tx, user: str | None, address: str, otherwise: ErrorMessage) -> Ip:
    """Return a user's IP; the refusal when there is none depends on who asks."""
    ip = tx.state.ips.get(address)
    if ip is None or not ip.is_of(user):
        raise otherwise()
    return ip


def buy_ips(tx: Tx, *, count: int, subusers: Sequence[str], warmup: bool, user_can_send: bool) -> list[IpView]:
    """Give the account new IPs."""
    if any(name not in tx.state.subusers for name in subusers):
        raise catalog.SUBUSERS_NOT_YOURS()
    if count > tx.state.remaining_ips:
        raise catalog.CLASSIC_NO_IPS_REMAINING()
    names = list(dict.fromkeys(subusers))
    made = ips.lease(tx, count, region="us", warmup=warmup, parent_assigned=user_can_send, subusers=names)
    return _views(tx, None, made)


def warming_ips(tx: Tx, user: str | None) -> list[Ip]:
    """Return a user's IPs that are being warmed up, in the order of their numbers."""
    return sorted((ip for ip in tx.state.ips_of(user) if ip.warmup), key=lambda ip: place(ip.ip))


def warming_ip(tx: Tx, user: str | None, address: str) -> Ip:
    """Return an IP that is being warmed up."""
    ip = find_ip(tx, user, address, catalog.NOT_WARMING)
    if not ip.warmup:
        raise catalog.NOT_WARMING()
    return ip


def start_warmup(tx: Tx, user: str | None, address: str) -> Ip:
    """Begin to warm up an IP; one that is being warmed up goes on."""
    ip = tx.state.ips[address] = ips.warm(tx, find_ip(tx, user, address, catalog.NOT_WARMABLE), True)
    return ip


def stop_warmup(tx: Tx, user: str | None, address: str) -> None:
    """Take an IP out of warm-up."""
    tx.state.ips[address] = ips.warm(tx, warming_ip(tx, user, address), False)


def _views(tx: Tx, user: str | None, chosen: Sequence[Ip]) -> list[IpView]:
    memberships = tx.state.memberships(user)
    return [IpView(ip, memberships.get(ip.ip, ()), _users(tx, user, ip)) for ip in chosen]


def _users(tx: Tx, user: str | None, ip: Ip) -> list[str]:
    if user is not None:
        return [user]
    return [*([tx.state.username] if ip.parent_assigned else []), *ip.subusers]
