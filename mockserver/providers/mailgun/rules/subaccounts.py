"""Subaccounts: made, stopped and ended by the parent account."""

from __future__ import annotations

from dataclasses import replace

from .. import catalog
from ..models import Subaccount
from .account import Tx, new_id
from .ips import second
from .jobs import remove_domain
from .pools import drop_pool


def list_subaccounts(
    tx: Tx,
    *,
    sort: str = "",
    filter: str = "",
    enabled: bool | None = None,
    closed: bool | None = None,
) -> list[Subaccount]:
    """Return the subaccounts that fit, in order of creation or of their names.

    `enabled` leaves those that are open, or those that are disabled; the closed ones beside them only if `closed` says
    so. Without it, `closed` leaves the closed ones out, or changes nothing.
    """
    statuses = {None: {"open", "disabled"}, True: {"open"}, False: {"disabled"}}[enabled]
    if closed or (closed is None and enabled is None):
        statuses = statuses | {"closed"}
    found = [
        each
        for each in tx.state.subaccounts.values()
        if each.status in statuses and filter.lower() in each.name.lower()
    ]
    return sorted(found, key=lambda each: each.name, reverse=sort == "desc") if sort else found


def get_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Return a subaccount, a closed one too."""
    subaccount = tx.state.subaccounts.get(subaccount_id)
    if subaccount is None:
        raise catalog.SUBACCOUNT_NOT_FOUND()
    return subaccount


def create_subaccount(tx: Tx, name: str) -> Subaccount:
    """Open a subaccount."""
    _require_room(tx)
    subaccount = Subaccount(new_id(tx), name)
    tx.state.subaccounts[subaccount.id] = subaccount
    return subaccount


def _require_room(tx: Tx) -> None:
    limit = tx.state.subaccount_limit
    if limit is not None and sum(each.status == "open" for each in tx.state.subaccounts.values()) >= limit:
        raise catalog.SUBACCOUNT_LIMIT()


def enable_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Open a subaccount that is disabled; one that is open stays so."""
    subaccount = _unclosed(tx, subaccount_id)
    if subaccount.status == "open":
        return subaccount
    _require_room(tx)
    return _put(tx, subaccount, "open")


def disable_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Stop a subaccount: nothing can be asked by it or for it."""
    subaccount = _unclosed(tx, subaccount_id)
    if subaccount.status == "disabled":
        raise catalog.SUBACCOUNT_DISABLED()
    return _put(tx, subaccount, "disabled")


def _unclosed(tx: Tx, subaccount_id: str) -> Subaccount:
    subaccount = get_subaccount(tx, subaccount_id)
    if subaccount.status == "closed":
        raise catalog.SUBACCOUNT_NOT_FOUND()
    return subaccount


def _put(tx: Tx, subaccount: Subaccount, status: str) -> Subaccount:
    changed = replace(subaccount, status=status, updated_at=second(tx.now))
    tx.state.subaccounts[subaccount.id] = changed
    return changed


def delete_subaccount(tx: Tx, account: str | None) -> None:
    """Close the subaccount that is acted for. Its domains and pools are removed, its IPs are the parent's again."""
    if account is None:
        raise catalog.SUBACCOUNT_BAD_REQUEST()
    for domain in list(tx.state.domains.values()):
        if domain.account == account:
            remove_domain(tx, domain)
    for pool in list(tx.state.pools.values()):
        if pool.account == account:
            drop_pool(tx, pool)
        elif account in pool.delegated_to:
            left = tuple(each for each in pool.delegated_to if each != account)
            tx.state.pools[pool.pool_id] = replace(pool, delegated_to=left)
    for ip in list(tx.state.ips.values()):
        if ip.account == account:
            tx.state.ips[ip.ip] = replace(ip, account=None)
    _put(tx, tx.state.subaccounts[account], "closed")
