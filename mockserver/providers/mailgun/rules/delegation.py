"""Delegation: the subaccounts that inherit pools of the parent account."""

from __future__ import annotations

from dataclasses import replace

from .. import catalog
from ..models import Job, Pool, Subaccount
from . import Tx
from .account import require_eligible
from .jobs import enqueue, keep_views, new_job, pending_links, update_view


def _get_subaccount(tx: Tx, account: str | None, subaccount_id: str) -> Subaccount:
    """Return a subaccount of the parent account that is not closed."""
    subaccount = tx.state.subaccounts.get(subaccount_id) if account is None else None
    if subaccount is None or subaccount.status == "closed":
        raise catalog.ACCOUNT_NOT_FOUND()
    return subaccount


def delegate_pool(tx: Tx, pool: Pool, *, subaccount_id: str) -> None:
    """Delegate a pool to a subaccount, which may inherit it already."""
    subaccount = _get_subaccount(tx, pool.account, subaccount_id)
    if subaccount.id not in pool.delegated_to:
        cancelled = _add_delegation(tx, pool, subaccount.id)
        pool_ids = {pool.pool_id, *(job.relink_to for job in cancelled)}
        update_view(tx.state, tx.state.subaccounts[subaccount.id], pool_ids)


def _add_delegation(tx: Tx, pool: Pool, subaccount_id: str) -> list[Job]:
    """Add a pool to those that a subaccount inherits; cancel and return the jobs that would revoke it."""
    tx.state.pools[pool.pool_id] = replace(pool, delegated_to=(*pool.delegated_to, subaccount_id))
    revoking = (pool.pool_id, subaccount_id)
    cancelled = [job for job in tx.state.jobs.values() if (job.pool_id, job.revoke_from) == revoking]
    for job in cancelled:
        del tx.state.jobs[job.id]
    return cancelled


def revoke_pool(tx: Tx, pool: Pool, *, subaccount_id: str) -> str:
    """Revoke the delegation of a pool to a subaccount; return the id of the job that unlinks its domains."""
    subaccount = _get_subaccount(tx, pool.account, subaccount_id)
    if subaccount.id not in pool.delegated_to:
        raise catalog.NOT_DELEGATED()
    if _has_linked_domains(tx, pool, subaccount_id):
        require_eligible(tx)  # a domain without a pool needs a shared IP
    _remove_delegation(tx, pool, subaccount_id)
    return enqueue(tx, replace(new_job(tx, pool.pool_id), revoke_from=subaccount.id))


def _has_linked_domains(tx: Tx, pool: Pool, subaccount_id: str) -> bool:
    """Return whether a domain of a subaccount is linked to a pool, or will be by pending jobs."""
    return any(tx.state.domains[name].account == subaccount_id for name in pending_links(tx.state, pool.pool_id))


def _remove_delegation(tx: Tx, pool: Pool, subaccount_id: str) -> None:
    keep_views(tx, [subaccount_id])
    remaining = tuple(each for each in pool.delegated_to if each != subaccount_id)
    tx.state.pools[pool.pool_id] = replace(pool, delegated_to=remaining)


def list_delegations(tx: Tx, account: str | None) -> list[tuple[str, str]]:
    """Return pairs of a subaccount's id and the id of a pool in the region that it inherits.

    Subaccounts are in order of creation.
    """
    if account is not None:
        raise catalog.ACCOUNT_NOT_FOUND()
    pools = [pool for pool in tx.state.pools.values() if tx.state.region_of(pool) == tx.region]
    inherited = [(heir, pool.pool_id) for pool in pools for heir in pool.delegated_to]
    order = {subaccount_id: number for number, subaccount_id in enumerate(tx.state.subaccounts)}
    return sorted(inherited, key=lambda pair: order[pair[0]])


# The older operations, for subaccounts that inherit at most one pool


def _find_only_pool(tx: Tx, subaccount_id: str) -> Pool | None:
    """Return the only pool in the region that a subaccount inherits, if any; several are an error."""
    found = (pool for pool in tx.state.pools.values() if subaccount_id in pool.delegated_to)
    pools = [pool for pool in found if tx.state.region_of(pool) == tx.region]
    if len(pools) > 1:
        raise catalog.BAD_REQUEST()
    return pools[0] if pools else None


def replace_only_pool(tx: Tx, account: str | None, subaccount_id: str, *, pool_id: str) -> str:
    """Replace the only pool that a subaccount inherits; return the id of the job."""
    subaccount = _get_subaccount(tx, account, subaccount_id)
    pool = tx.state.pools.get(pool_id)
    if pool is None or pool.account is not None or tx.state.region_of(pool) != tx.region:
        raise catalog.BAD_REQUEST()
    old = _find_only_pool(tx, subaccount.id)
    if old is not None and old.pool_id == pool_id:
        return enqueue(tx, new_job(tx, pool_id))
    if old is not None and not pool.ips and _has_linked_domains(tx, old, subaccount.id):
        raise catalog.BAD_REQUEST()
    keep_views(tx, [subaccount.id])
    if old is None:
        _add_delegation(tx, pool, subaccount.id)
        return enqueue(tx, new_job(tx, pool_id))
    _remove_delegation(tx, old, subaccount.id)
    _add_delegation(tx, pool, subaccount.id)
    return enqueue(tx, replace(new_job(tx, old.pool_id), relink_to=pool_id, revoke_from=subaccount.id))


def revoke_only_pool(tx: Tx, account: str | None, subaccount_id: str, *, pool_id: str) -> str:
    """Revoke the only pool that a subaccount inherits; return the id of the job."""
    subaccount = _get_subaccount(tx, account, subaccount_id)
    pool = _find_only_pool(tx, subaccount.id)
    if pool is None or pool.pool_id != pool_id:
        raise catalog.BAD_REQUEST()
    return revoke_pool(tx, pool, subaccount_id=subaccount.id)
