"""What happens after the response: what was promised, and what keeps the promise."""

from __future__ import annotations

import math
from dataclasses import replace

from .. import catalog
from ..models import Domain, Job, Pool, State, created
from .account import Tx, new_id
from .ips import note_domain_change, shared_ips, warm_ips


def put_domain(tx: Tx, domain: Domain, old: Domain | None = None) -> None:
    """Make a domain, or change one at once; what was promised of its links before is no longer due."""
    forget_promises(tx, {domain.name})
    _change(tx.state, domain, old, tx.now)


def remove_domain(tx: Tx, domain: Domain) -> None:
    """Remove a domain at once, and what was promised of it."""
    forget_promises(tx, {domain.name})
    for job in list(tx.state.jobs.values()):
        if job.delete_domain == domain.name:
            del tx.state.jobs[job.id]
    _change(tx.state, None, domain, tx.now)


def _change(state: State, domain: Domain | None, old: Domain | None, when: float) -> None:
    state.put_domain(domain, old)
    before, after = (each.ips if each is not None else () for each in (old, domain))
    note_domain_change(state, before, after, when)


def forget_promises(tx: Tx, names: set[str]) -> None:
    """No longer link or unlink domains that were to be."""
    for job in list(tx.state.jobs.values()):
        link = tuple(name for name in job.link if name not in names)
        unlink = tuple(name for name in job.unlink if name not in names)
        if (link, unlink) != (job.link, job.unlink):
            tx.state.jobs[job.id] = replace(job, link=link, unlink=unlink)


def new_job(tx: Tx, pool_id: str | None = None) -> Job:
    """Return a job that is due when the account's delay is over, and not before what leads to the same pool is done.

    Without that, a clock that was turned back would have a pool replaced before the domains come that it is promised.
    """
    delay = tx.state.async_delay_seconds
    before = [_due(job) for job in tx.state.jobs.values() if pool_id and pool_id in (job.pool_id, job.relink_to)]
    due = max([math.inf if delay is None else tx.now + delay, *before])
    return Job(new_id(tx), pool_id, None if due == math.inf else due)


def _due(job: Job) -> float:
    return math.inf if job.due is None else job.due


def promise(tx: Tx, job: Job) -> str:
    """Keep a job for later; return its reference."""
    tx.state.jobs[job.id] = job
    return job.id


def linked(state: State, pool_id: str) -> set[str]:
    """Return the names of the domains, of any account, that are linked to a pool once every promise is kept."""
    return {link.domain for link in eventually(state).links.get(pool_id, ())}


def eventually(state: State) -> State:
    """Return the state in which every promise is kept."""
    return run_due(state, math.inf)


def run_due(state: State, now: float) -> State:
    """Return the state at a time: itself, or a copy in which every job that is due is done; at `inf` all are."""
    due = [job for job in state.jobs.values() if _due(job) <= now]
    if not due:
        return state
    state = state.copy()
    for job in sorted(due, key=_due):  # of those of one moment, first what was promised first
        # when one is done that waits to be told, it does not hear the time: then it counts as done when it was promised
        _finish(state, job, created(job.id) if job.due is None else job.due)
        del state.jobs[job.id]
    return state


def _finish(state: State, job: Job, when: float) -> None:
    pool = state.pools.get(job.pool_id) if job.pool_id is not None else None
    concerned = _concerned(state, job)
    for old in concerned[: len(concerned) // 2] if state.async_fails_midway else concerned:
        if job.delete_domain is not None:
            domain = None
        elif job.assign_ip is not None:
            domain = replace(old, ips=tuple(dict.fromkeys([*old.ips, job.assign_ip])))
        elif job.unassign_ip is not None:
            domain = replace(old, ips=without(state, old, job.unassign_ip, when, job.replace_with) or old.ips)
        else:
            domain = _follow(state, job, pool, old)
        _change(state, domain, old, when)


def _concerned(state: State, job: Job) -> list[Domain]:
    """Return the domains that a job is about."""
    if job.delete_domain is not None:
        return [state.domains[job.delete_domain]] if job.delete_domain in state.domains else []
    if job.pool_id is not None:
        names = dict.fromkeys([link.domain for link in state.links.get(job.pool_id, ())] + list(job.link))
        return [state.domains[name] for name in names if name in state.domains]
    return [
        domain
        for domain in state.domains.values()
        if domain.account == job.account
        and domain.pool_id is None
        and (job.unassign_ip is None or job.unassign_ip in domain.ips)
    ]


def _follow(state: State, job: Job, pool: Pool | None, domain: Domain) -> Domain:
    """Return a domain as its pool, or what replaces the pool, has it be."""
    loses = job.revoke_from is None or domain.account == job.revoke_from
    if domain.name in job.link:  # to a pool that may be gone by now: then what replaced it comes next
        domain = replace(domain, pool_id=job.pool_id)
    if job.relink_to is not None and loses:  # the same holds for its heir
        heir = state.pools.get(job.relink_to)
        return replace(domain, pool_id=job.relink_to, ips=heir.ips if heir is not None else domain.ips)
    if job.replace_with is not None:
        return unlinked(state, domain, job.replace_with)
    if domain.name in job.unlink or (job.revoke_from is not None and loses):
        return unlinked(state, domain, catalog.SHARED)
    return replace(domain, ips=pool.ips) if pool is not None else domain


def unlinked(state: State, domain: Domain, ip: str) -> Domain:
    """Return a domain with an IP, or `shared` for a shared one, in the place of its pool."""
    return replace(domain, pool_id=None, ips=shared_ips(state) if ip == catalog.SHARED else (ip,))


def without(state: State, domain: Domain, address: str, now: float, alternative: str | None = None) -> tuple[str, ...]:
    """Return a domain's IPs without one, which `alternative` replaces; none if it is the last and nothing can.

    If the account is eligible for shared IPs, one takes the last one's place. If it is not, a domain left with nothing
    but warming IPs gains the lowest that is not.
    """
    if alternative is not None:
        return tuple(dict.fromkeys(alternative if each == address else each for each in domain.ips))
    left = tuple(each for each in domain.ips if each != address)
    dedicated = [state.ips[each] for each in left if state.ips[each].dedicated]
    if state.eligible_for_shared_ips:
        return left or shared_ips(state, but=address)
    if dedicated and all(ip.is_warming(now) for ip in dedicated):
        left = (*left, *[each for each in warm_ips(state, domain.account, now) if each != address][:1])
    return left
