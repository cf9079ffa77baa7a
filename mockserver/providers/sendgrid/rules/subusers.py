"""Subusers of the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....core.errors import joined
from .. import catalog
from ..models import Subuser
from . import Tx, pools


def list_subusers(tx: Tx, *, username: str | None, offset: int, limit: int, region: str | None) -> list[Subuser]:
    """Return one page of the account's subusers, in order of creation; `region` None or `all` matches every one."""
    found = [
        each
        for each in tx.state.subusers.values()
        if (username is None or each.name == username) and region in (None, "all", each.region)
    ]
    return found[offset : offset + limit]


def check_creation(tx: Tx, account: str | None) -> None:
    """Raise an error if an account cannot create subusers at all."""
    if account is not None:
        raise catalog.SUBUSER_OF_SUBUSER()
    if not tx.state.allows_subusers:
        raise catalog.SUBUSERS_NOT_IN_PLAN()


def create_subuser(tx: Tx, *, username: str, email: str, ips: Sequence[str], region: str) -> Subuser:
    """Create a subuser that may send from IPs of the account."""
    errors = []
    if username == tx.state.username or username in tx.state.subusers:
        errors.append(catalog.USERNAME_TAKEN())
    if _has_unknown(tx, ips):
        errors.append(catalog.IPS_NOT_VALID())
    if errors:
        raise joined(errors)
    used = {tx.state.user_id, *(subuser.id for subuser in tx.state.subusers.values())}
    number = 10_000 + tx.ids.next().number
    while str(number) in used:
        number += 1
    subuser = tx.state.subusers[username] = Subuser(username, str(number), email, region)
    _assign(tx, username, ips)
    return subuser


def update_subuser(tx: Tx, username: str, *, disabled: bool | None) -> None:
    """Disable or enable a subuser; None is an error. That a disabled one can still be acted for is assumed."""
    subuser = tx.state.subusers.get(username)
    if subuser is None or disabled is None:
        unknown = [] if subuser is not None else [catalog.SUBUSER_UNKNOWN()]
        missing = [] if disabled is not None else [catalog.NO_FIELDS()]
        raise joined([*unknown, *missing])
    tx.state.subusers[username] = replace(subuser, disabled=disabled)


def delete_subuser(tx: Tx, username: str) -> None:
    """Delete a subuser with its pools and API keys. The account keeps the IPs."""
    if username not in tx.state.subusers:
        raise catalog.SUBUSER_NOT_FOUND()
    _assign(tx, username, ())
    for pool in tx.state.pools_of(username):
        del tx.state.pools[pool.id]
    for key in tx.state.keys_of(username):
        del tx.state.api_keys[key.id]
    del tx.state.subusers[username]


def assign_ips(tx: Tx, username: str, *, ips: Sequence[str]) -> list[str]:
    """Replace the IPs of a subuser. Other IPs are removed from its pools."""
    if username not in tx.state.subusers:
        raise catalog.SUBUSER_NOT_FOUND()
    if _has_unknown(tx, ips):
        raise catalog.IPS_NOT_VALID()
    _assign(tx, username, ips)
    return list(dict.fromkeys(ips))


def _has_unknown(tx: Tx, ips: Sequence[str]) -> bool:
    return any(address not in tx.state.ips for address in ips)


def _assign(tx: Tx, username: str, ips: Sequence[str]) -> None:
    wanted = set(ips)
    changed = []
    for ip in list(tx.state.ips.values()):
        if (ip.ip in wanted) != (username in ip.subusers):
            others = tuple(each for each in ip.subusers if each != username)
            changed.append(replace(ip, subusers=(*others, username) if ip.ip in wanted else others))
    tx.state.ips.update((ip.ip, ip) for ip in changed)
    pools.prune_pools(tx, changed)
