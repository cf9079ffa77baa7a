"""Jobs: work that is done after the response."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace

from .. import catalog
from ..models import Domain, Job, Pool, State, Subaccount, created_at
from . import Tx
from .account import new_id
from .ips import assigned_shared_ips, list_unpooled_warm_ips, record_domain_change


def put_domain(tx: Tx, domain: Domain, old: Domain | None = None) -> None:
    """Create or replace a domain now, and cancel the jobs that would link or unlink it.

    Jobs of an earlier domain of the same name do not affect a new one.
    """
    cancel_links(tx, {domain.name})
    if old is None:
        _cancel_jobs(tx, domain)
    _replace_domain(tx.state, domain, old, tx.now)


def remove_domain(tx: Tx, domain: Domain) -> None:
    """Remove a domain now, and cancel its jobs."""
    cancel_links(tx, {domain.name})
    _cancel_jobs(tx, domain)
    _replace_domain(tx.state, None, domain, tx.now)


def _cancel_jobs(tx: Tx, domain: Domain) -> None:
    for job in list(tx.state.jobs.values()):
        if domain.name in (job.verify_domain, job.delete_domain):
            del tx.state.jobs[job.id]


def _replace_domain(state: State, domain: Domain | None, old: Domain | None, when: float) -> None:
    state.put_domain(domain, old)
    before, after = (each.ips if each is not None else () for each in (old, domain))
    record_domain_change(state, before, after, when)


def cancel_links(tx: Tx, names: set[str]) -> None:
    """Cancel the linking and unlinking of domains in pending jobs."""
    for job in list(tx.state.jobs.values()):
        link = tuple(name for name in job.link if name not in names)
        unlink = tuple(name for name in job.unlink if name not in names)
        if (link, unlink) != (job.link, job.unlink):
            tx.state.jobs[job.id] = replace(job, link=link, unlink=unlink)


def new_job(tx: Tx, pool_id: str | None = None) -> Job:
    """Return a job that is due after the account's delay, and not before other jobs that link domains to the same pool.

    Otherwise, after the clock was set back, a pool could be replaced before its domains are linked.
    """
    delay = tx.state.async_delay_seconds or 0
    before = [_due(job) for job in tx.state.jobs.values() if pool_id and pool_id in (job.pool_id, job.relink_to)]
    due = max([tx.now + delay, *before])
    return Job(new_id(tx), pool_id, None if due == math.inf else due)


def _due(job: Job) -> float:
    return math.inf if job.due is None else job.due


def keep_views(tx: Tx, accounts: Iterable[str]) -> None:
    """Let subaccounts see the pools that they inherit as they are now, until a job updates them."""
    for account in accounts:
        subaccount = tx.state.subaccounts[account]
        if subaccount.inherited is None:
            pools = tuple(replace(pool, delegated_to=()) for pool in tx.state.inherited_pools(account))
            tx.state.subaccounts[account] = replace(subaccount, inherited=pools)


def update_view(state: State, subaccount: Subaccount, pool_ids: Collection[str | None]) -> None:
    """Let a subaccount see some pools as they are."""
    if subaccount.inherited is None:
        return
    delegated = {pool.pool_id: pool for pool in state.pools.values() if subaccount.id in pool.delegated_to}
    seen = {pool.pool_id: pool for pool in subaccount.inherited if pool.pool_id not in pool_ids}
    seen |= {key: replace(pool, delegated_to=()) for key, pool in delegated.items() if key in pool_ids}
    is_current = {key: pool.ips for key, pool in seen.items()} == {key: pool.ips for key, pool in delegated.items()}
    state.subaccounts[subaccount.id] = replace(subaccount, inherited=None if is_current else tuple(seen.values()))


def enqueue(tx: Tx, job: Job) -> str:
    """Add a pending job; return its id."""
    tx.state.jobs[job.id] = job
    return job.id


def pending_links(state: State, pool_id: str) -> set[str]:
    """Return the names of the domains, of any account, that are linked to a pool after all jobs."""
    return {link.domain for link in after_all_jobs(state).links.get(pool_id, ())}


def after_all_jobs(state: State) -> State:
    """Return the state after all pending jobs."""
    return run_due_jobs(state, math.inf)


def run_due_jobs(state: State, now: float) -> State:
    """Return the state at a time: itself, or a copy after the jobs that are due; at `inf` all are."""
    due = [job for job in state.jobs.values() if _due(job) <= now]
    if not due:
        return state
    state = state.copy()
    for job in sorted(due, key=_due):  # at the same time, in order of creation
        # a job that is run manually has no due time: use its creation time
        _run(state, job, created_at(job.id) if job.due is None else job.due)
        del state.jobs[job.id]
    return state


def _run(state: State, job: Job, when: float) -> None:
    pool = state.pools.get(job.pool_id) if job.pool_id is not None else None
    affected = _affected_domains(state, job)
    for old in affected[: len(affected) // 2] if state.async_fails_midway else affected:
        if job.delete_domain is not None:
            domain = None
        elif job.verify_domain is not None:
            domain = replace(old, state="active")
        elif job.assign_ip is not None:
            domain = replace(old, ips=tuple(dict.fromkeys([*old.ips, job.assign_ip])))
        elif job.unassign_ip is not None:
            domain = replace(old, ips=remaining_ips(state, old, job.unassign_ip, when, job.replace_with) or old.ips)
        else:
            domain = _relinked(state, job, pool, old)
        _replace_domain(state, domain, old, when)
    others = [each for each in state.jobs.values() if each.id != job.id]
    done = {job.pool_id, job.relink_to} - {each for other in others for each in (other.pool_id, other.relink_to)}
    for subaccount in list(state.subaccounts.values()):
        update_view(state, subaccount, done)


def _affected_domains(state: State, job: Job) -> list[Domain]:
    """Return the domains that a job affects."""
    if job.delete_domain is not None:
        return [state.domains[job.delete_domain]] if job.delete_domain in state.domains else []
    if job.verify_domain is not None:
        domain = state.domains.get(job.verify_domain)
        return [domain] if domain is not None and domain.state == "unverified" else []
    if job.pool_id is not None:
        names = dict.fromkeys([link.domain for link in state.links.get(job.pool_id, ())] + list(job.link))
        return [state.domains[name] for name in names if name in state.domains]
    region = state.region_of(state.ips[job.assign_ip or job.unassign_ip or ""])
    return [
        domain
        for domain in state.domains.values()
        if domain.account == job.account
        and state.region_of(domain) == region
        and domain.pool_id is None
        and (job.unassign_ip is None or job.unassign_ip in domain.ips)
    ]


def _relinked(state: State, job: Job, pool: Pool | None, domain: Domain) -> Domain:
    """Return a domain with the pool and the IPs that a job about its pool gives it."""
    loses = job.revoke_from is None or domain.account == job.revoke_from
    if domain.name in job.link:  # if that pool was deleted, a later job replaces it
        domain = replace(domain, pool_id=job.pool_id)
    if job.relink_to is not None and loses:  # which may have been deleted as well
        other = state.pools.get(job.relink_to)
        return replace(domain, pool_id=job.relink_to, ips=other.ips if other is not None else domain.ips)
    if job.replace_with is not None:
        return with_ip_instead_of_pool(state, domain, job.replace_with)
    if domain.name in job.unlink or (job.revoke_from is not None and loses):
        return with_ip_instead_of_pool(state, domain, catalog.SHARED)
    return replace(domain, ips=pool.ips) if pool is not None else domain


def with_ip_instead_of_pool(state: State, domain: Domain, ip: str) -> Domain:
    """Return a domain whose pool is replaced by an IP; `shared` stands for a shared IP."""
    ips = assigned_shared_ips(state, state.region_of(domain)) if ip == catalog.SHARED else (ip,)
    return replace(domain, pool_id=None, ips=ips)


def remaining_ips(
    state: State, domain: Domain, address: str, now: float, alternative: str | None = None
) -> tuple[str, ...]:
    """Return a domain's IPs after one is removed or replaced by `alternative`; empty if nothing can replace the last.

    If the account is eligible for shared IPs, one replaces the last IP. If not, a domain with only warming IPs gains
    the lowest IP that is not warming. All are in its region.
    """
    region = state.region_of(domain)
    if alternative is not None:
        return tuple(dict.fromkeys(alternative if each == address else each for each in domain.ips))
    remaining = tuple(each for each in domain.ips if each != address)
    dedicated = [state.ips[each] for each in remaining if state.ips[each].dedicated]
    if state.eligible_for_shared_ips:
        return remaining or assigned_shared_ips(state, region, exclude=address)
    if dedicated and all(ip.is_warming(now) for ip in dedicated):
        warm = [each for each in list_unpooled_warm_ips(state, domain.account, region, now) if each != address]
        remaining = (*remaining, *warm[:1])
    return remaining
