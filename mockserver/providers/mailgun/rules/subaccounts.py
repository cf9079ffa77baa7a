"""Subaccounts."""

from __future__ import annotations

from dataclasses import replace

from ....core.clock import whole_seconds
from .. import catalog
from ..models import Subaccount
from . import Tx
from .account import new_id
from .jobs import remove_domain
from .pools import remove_pool


def list_subaccounts(
    tx: Tx,
    *,
    sort: str,
    filter: str,
    enabled: bool | None,
    closed: bool | None,
) -> list[Subaccount]:
    """Return the subaccounts that match the filters, in order of creation or sorted by name.

    `enabled` matches open ones if true, disabled ones if false. Closed ones are included if `closed` is true, or if
    neither is given.
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


def create_subaccount(tx: Tx, *, name: str) -> Subaccount:
    """Create a subaccount, which is open."""
    _check_limit(tx)
    subaccount = Subaccount(new_id(tx), name)
    tx.state.subaccounts[subaccount.id] = subaccount
    return subaccount


def _check_limit(tx: Tx) -> None:
    limit = tx.state.subaccount_limit
    if limit is not None and sum(each.status == "open" for each in tx.state.subaccounts.values()) >= limit:
        raise catalog.SUBACCOUNT_LIMIT()


def enable_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Open a disabled subaccount. An open one stays open."""
    subaccount = _get_unclosed(tx, subaccount_id)
    if subaccount.status == "open":
        return subaccount
    _check_limit(tx)
    return _put(tx, subaccount, "open")


def disable_subaccount(tx: Tx, subaccount_id: str) -> Subaccount:
    """Disable a subaccount: it can send no requests, and no request can act for it."""
    subaccount = _get_unclosed(tx, subaccount_id)
    if subaccount.status == "disabled":
        raise catalog.SUBACCOUNT_DISABLED()
    return _put(tx, subaccount, "disabled")


def _get_unclosed(tx: Tx, subaccount_id: str) -> Subaccount:
    subaccount = get_subaccount(tx, subaccount_id)
    if subaccount.status == "closed":
        raise catalog.SUBACCOUNT_NOT_FOUND()
    return subaccount


def _put(tx: Tx, subaccount: Subaccount, status: str) -> Subaccount:
    inherited = None if status == "closed" else subaccount.inherited
    changed = replace(subaccount, status=status, updated_at=whole_seconds(tx.now), inherited=inherited)
    tx.state.subaccounts[subaccount.id] = changed
    return changed


def delete_subaccount(tx: Tx, account: str | None) -> None:
    """Close the subaccount that the request acts for: its domains and pools are removed, the parent gets its IPs."""
    if account is None:
        raise catalog.SUBACCOUNT_BAD_REQUEST()
    for domain in list(tx.state.domains.values()):
        if domain.account == account:
            remove_domain(tx, domain)
    for pool in list(tx.state.pools.values()):
        if pool.account == account:
            remove_pool(tx, pool)
        elif account in pool.delegated_to:
            remaining = tuple(each for each in pool.delegated_to if each != account)
            tx.state.pools[pool.pool_id] = replace(pool, delegated_to=remaining)
    for ip in list(tx.state.ips.values()):
        if ip.account == account:
            tx.state.ips[ip.ip] = replace(ip, account=None)
    _put(tx, tx.state.subaccounts[account], "closed")
