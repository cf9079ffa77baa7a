"""Subusers of the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .. import catalog
from ..models import Subuser
from . import Tx, pools


def list_subusers(tx: Tx, *, username: str | None, offset: int, limit: int) -> list[Subuser]:
    """Return one page of the account's subusers, in order of creation."""
    found = [each for each in tx.state.subusers.values() if username is None or each.name == username]
    return found[offset : offset + limit]


def create_subuser(tx: Tx, *, username: str, email: str, ips: Sequence[str]) -> Subuser:
    """Create a subuser that may send from IPs of the account."""
    if username == tx.state.username or username in tx.state.subusers:
        raise catalog.USERNAME_TAKEN()
    _check_ips(tx, ips)
    used = {tx.state.user_id, *(subuser.id for subuser in tx.state.subusers.values())}
    number = 10_000 + tx.ids.next().number
    while str(number) in used:
        number += 1
    subuser = tx.state.subusers[username] = Subuser(username, str(number), email)
    _assign(tx, username, ips)
    return subuser


def delete_subuser(tx: Tx, username: str) -> None:
    """Delete a subuser and its pools. The account keeps the IPs."""
    if username not in tx.state.subusers:
        raise catalog.SUBUSER_NOT_FOUND()
    _assign(tx, username, ())
    for pool in tx.state.pools_of(username):
        del tx.state.pools[pool.id]
    del tx.state.subusers[username]


def assign_ips(tx: Tx, username: str, *, ips: Sequence[str]) -> list[str]:
    """Replace the IPs of a subuser. Other IPs are removed from its pools."""
    if username not in tx.state.subusers:
        raise catalog.SUBUSER_NOT_FOUND()
    _check_ips(tx, ips)
    _assign(tx, username, ips)
    return list(dict.fromkeys(ips))


def _check_ips(tx: Tx, ips: Sequence[str]) -> None:
    if any(address not in tx.state.ips for address in ips):
        raise catalog.IPS_NOT_VALID()


def _assign(tx: Tx, username: str, ips: Sequence[str]) -> None:
    wanted = set(ips)
    changed = []
    for ip in list(tx.state.ips.values()):
        if (ip.ip in wanted) != (username in ip.subusers):
            others = tuple(each for each in ip.subusers if each != username)
            changed.append(replace(ip, subusers=(*others, username) if ip.ip in wanted else others))
    tx.state.ips.update((ip.ip, ip) for ip in changed)
    pools.prune_pools(tx, changed)
