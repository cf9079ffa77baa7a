"""Which subaccounts inherit which pools of the parent account."""

from __future__ import annotations

from dataclasses import replace

from .. import catalog
from ..models import Pool, Subaccount
from .account import Tx, require_eligible
from .jobs import linked, new_job, promise


def _subaccount(tx: Tx, account: str | None, subaccount_id: str) -> Subaccount:
    subaccount = tx.state.subaccounts.get(subaccount_id) if account is None else None
    if subaccount is None or subaccount.status == "closed":
        raise catalog.ACCOUNT_NOT_FOUND()
    return subaccount


def delegate_pool(tx: Tx, pool: Pool, subaccount_id: str) -> None:
    """Let a subaccount inherit a pool, which it may do already."""
    subaccount = _subaccount(tx, pool.account, subaccount_id)
    if subaccount.id not in pool.delegated_to:
        tx.state.pools[pool.pool_id] = replace(pool, delegated_to=(*pool.delegated_to, subaccount.id))
        for job in list(tx.state.jobs.values()):
            if (job.pool_id, job.revoke_from) == (pool.pool_id, subaccount.id):
                del tx.state.jobs[job.id]


def revoke_pool(tx: Tx, pool: Pool, subaccount_id: str) -> str:
    """Take a pool from a subaccount, whose domains are unlinked afterwards; return the reference of that work."""
    subaccount = _subaccount(tx, pool.account, subaccount_id)
    if subaccount.id not in pool.delegated_to:
        raise catalog.NOT_DELEGATED()
    if _links_domains(tx, pool, subaccount_id):
        require_eligible(tx)  # a domain that loses its pool has nothing else to send from
    _take(tx, pool, subaccount_id)
    return promise(tx, replace(new_job(tx, pool.pool_id), revoke_from=subaccount.id))


def _links_domains(tx: Tx, pool: Pool, subaccount_id: str) -> bool:
    """Say whether a domain of a subaccount is linked to a pool, or will be."""
    return any(tx.state.domains[name].account == subaccount_id for name in linked(tx.state, pool.pool_id))


def _take(tx: Tx, pool: Pool, subaccount_id: str) -> None:
    left = tuple(each for each in pool.delegated_to if each != subaccount_id)
    tx.state.pools[pool.pool_id] = replace(pool, delegated_to=left)


def list_delegations(tx: Tx, account: str | None) -> list[tuple[str, str]]:
    """Return the ids of each subaccount with those of each pool that it inherits; subaccounts in order of creation."""
    if account is not None:
        raise catalog.ACCOUNT_NOT_FOUND()
    inherited = [(heir, pool.pool_id) for pool in tx.state.pools.values() for heir in pool.delegated_to]
    places = {subaccount_id: place for place, subaccount_id in enumerate(tx.state.subaccounts)}
    return sorted(inherited, key=lambda pair: places[pair[0]])


# The older operations, for subaccounts that inherit at most one pool


def _the_pool(tx: Tx, subaccount_id: str) -> Pool | None:
    """Return the one pool that a subaccount inherits, if it does; one with several is refused."""
    pools = [pool for pool in tx.state.pools.values() if subaccount_id in pool.delegated_to]
    if len(pools) > 1:
        raise catalog.BAD_REQUEST()
    return pools[0] if pools else None


def replace_pool(tx: Tx, account: str | None, subaccount_id: str, pool_id: str) -> str:
    """Let a subaccount inherit a pool in the place of the one that it inherits; return the reference of the work."""
    subaccount = _subaccount(tx, account, subaccount_id)
    pool = tx.state.pools.get(pool_id)
    if pool is None or pool.account is not None:
        raise catalog.BAD_REQUEST()
    old = _the_pool(tx, subaccount.id)
    if old is None or old.pool_id == pool_id:
        delegate_pool(tx, pool, subaccount.id)
        return promise(tx, new_job(tx, pool_id))
    if not pool.ips and _links_domains(tx, old, subaccount.id):
        raise catalog.BAD_REQUEST()
    _take(tx, old, subaccount.id)
    delegate_pool(tx, pool, subaccount.id)
    return promise(tx, replace(new_job(tx, old.pool_id), relink_to=pool_id, revoke_from=subaccount.id))


def revoke_the_pool(tx: Tx, account: str | None, subaccount_id: str, pool_id: str) -> str:
    """Take from a subaccount the one pool that it inherits; return the reference of the work."""
    subaccount = _subaccount(tx, account, subaccount_id)
    pool = _the_pool(tx, subaccount.id)
    if pool is None or pool.pool_id != pool_id:
        raise catalog.BAD_REQUEST()
    return revoke_pool(tx, pool, subaccount.id)
