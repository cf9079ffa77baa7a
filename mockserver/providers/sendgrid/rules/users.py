"""Users of an account: its subusers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .. import catalog
from ..models import Subuser
from . import Tx, pools


def list_subusers(tx: Tx, *, name: str | None, offset: int, limit: int) -> list[Subuser]:
    """Return one page of the account's subusers, in order of creation."""
    found = [each for each in tx.state.subusers.values() if name is None or each.name == name]
    return found[offset : offset + limit]


def create_subuser(tx: Tx, *, name: str, email: str, ips: Sequence[str]) -> Subuser:
    """Make a subuser that may send from IPs of the account."""
    if name == tx.state.username or name in tx.state.subusers:
        raise catalog.USERNAME_TAKEN()
    _check_ips(tx, ips)
    taken = {tx.state.user_id, *(subuser.id for subuser in tx.state.subusers.values())}
    number = 10_000 + tx.ids.next().number
    while str(number) in taken:
        number += 1
    subuser = tx.state.subusers[name] = Subuser(name, str(number), email)
    _assign(tx, name, ips)
    return subuser


def delete_subuser(tx: Tx, name: str) -> None:
    """Delete a subuser and its pools; the IPs stay on the account."""
    if name not in tx.state.subusers:
        raise catalog.SUBUSER_NOT_FOUND()
    _assign(tx, name, ())
    for pool in tx.state.pools_of(name):
        del tx.state.pools[pool.id]
    del tx.state.subusers[name]


def assign_ips(tx: Tx, name: str, ips: Sequence[str]) -> list[str]:
    """Let a subuser send from just these IPs of the account; the others leave its pools."""
    if name not in tx.state.subusers:
        raise catalog.SUBUSER_NOT_FOUND()
    _check_ips(tx, ips)
    _assign(tx, name, ips)
    return list(dict.fromkeys(ips))


def _check_ips(tx: Tx, ips: Sequence[str]) -> None:
    if any(address not in tx.state.ips for address in ips):
        raise catalog.IPS_NOT_VALID()


def _assign(tx: Tx, name: str, ips: Sequence[str]) -> None:
    wanted = set(ips)
    changed = []
    for ip in list(tx.state.ips.values()):
        if (ip.ip in wanted) != (name in ip.subusers):
            others = tuple(each for each in ip.subusers if each != name)
            changed.append(replace(ip, subusers=(*others, name) if ip.ip in wanted else others))
    tx.state.ips.update((ip.ip, ip) for ip in changed)
    pools.leave(tx, changed)
