"""What Mailgun does with DIPPs, the IPs of domains, and delegation.

`account` is the subaccount acted for, or None for the parent account. What the documents say happens after the
response is a `Job`, done by `settle` once it is due.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...errors import Entry
from ...store import Transaction
from . import catalog
from .models import Domain, Ip, Job, Pool, State, Subaccount

Tx = Transaction[State]


# What both operations on pools and operations on domains ask


def require_dipps(tx: Tx) -> None:
    """Refuse an account without the DIPPs feature."""
    if catalog.DIPPS not in tx.state.features:
        raise catalog.NO_DIPPS()


def visible_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool that the account owns or inherits."""
    pool = tx.state.pools.get(pool_id)
    if pool is None or (account != pool.account and account not in pool.delegated_to):
        raise catalog.POOL_NOT_FOUND()
    return pool


def own_pool(tx: Tx, account: str | None, pool_id: str, inherited: Entry) -> Pool:
    """Return a pool that the account owns; `inherited` is the refusal of one that it inherits."""
    pool = visible_pool(tx, account, pool_id)
    if pool.account != account:
        raise inherited()
    return pool


def changeable_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool that the account may change."""
    require_dipps(tx)
    return own_pool(tx, account, pool_id, catalog.INHERITED_EDIT)


def dedicated_ip(tx: Tx, account: str | None, address: str) -> Ip:
    """Return a dedicated IP of the account."""
    ip = tx.state.ips.get(address)
    if ip is None or ip.account != account:
        raise catalog.IP_FOREIGN(ip=address)
    if not ip.dedicated:
        raise catalog.IP_NOT_DEDICATED(ip=address)
    return ip


def free_ip(tx: Tx, account: str | None, address: str, pool_id: str | None = None) -> Ip:
    """Return a dedicated IP of the account that is in no pool, or in the given one."""
    ip = dedicated_ip(tx, account, address)
    if _pool_of(tx.state, address, other_than=pool_id) is not None:
        raise catalog.IP_TAKEN(ip=address)
    return ip


def _pool_of(state: State, address: str, other_than: str | None = None) -> Pool | None:
    return next((pool for pool in state.pools.values() if address in pool.ips and pool.pool_id != other_than), None)


def require_eligible(tx: Tx) -> None:
    """Refuse an account that may not use shared IPs."""
    if not tx.state.eligible_for_shared_ips:
        raise catalog.NOT_ELIGIBLE()


def _eventually(state: State) -> State:
    """Return the state in which every promise is kept."""
    return settle(state, math.inf)


def _linked(state: State, pool_id: str) -> set[str]:
    """Return the names of the domains, of any account, that are linked to a pool once every promise is kept."""
    return {domain.name for domain in _eventually(state).domains.values() if domain.pool_id == pool_id}


def _put_domain(tx: Tx, domain: Domain) -> None:
    """Change a domain at once; what was promised of it before is no longer due."""
    _forget_promises(tx, {domain.name})
    tx.state.domains[domain.name] = domain


def _forget_promises(tx: Tx, names: set[str]) -> None:
    for job in list(tx.state.jobs.values()):
        link = tuple(name for name in job.link if name not in names)
        unlink = tuple(name for name in job.unlink if name not in names)
        if (link, unlink) != (job.link, job.unlink):
            tx.state.jobs[job.id] = replace(job, link=link, unlink=unlink)


def _promise(tx: Tx, job: Job) -> str:
    tx.state.jobs[job.id] = job
    return job.id


def _new_id(tx: Tx) -> str:
    """Return 24 hexadecimal characters: the time, what is the tenant's own, and a number."""
    draw = tx.ids.draw()
    return f"{int(tx.now) & 0xFFFFFFFF:08x}{draw.scope[:10]}{draw.number & 0xFFFFFF:06x}"


def _job(tx: Tx, pool_id: str) -> Job:
    delay = tx.state.async_delay_seconds
    return Job(_new_id(tx), pool_id, None if delay is None else tx.now + delay)


# Pools


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool as one account sees it."""

    pool: Pool
    is_inherited: bool
    linked_domains: tuple[Domain, ...]


def list_pools(tx: Tx, account: str | None) -> list[PoolView]:
    """Return every pool that the account owns or inherits, in order of creation."""
    linked: dict[str, list[Domain]] = {}
    for domain in tx.state.domains.values():
        if domain.pool_id is not None:
            linked.setdefault(domain.pool_id, []).append(domain)
    return [
        _view(pool, account, linked.get(pool.pool_id, ()))
        for pool in tx.state.pools.values()
        if account == pool.account or account in pool.delegated_to
    ]


def get_pool(tx: Tx, account: str | None, pool_id: str) -> PoolView:
    """Return a pool with its linked domains."""
    pool = visible_pool(tx, account, pool_id)
    return _view(pool, account, (domain for domain in tx.state.domains.values() if domain.pool_id == pool_id))


def _view(pool: Pool, account: str | None, linked: Iterable[Domain]) -> PoolView:
    """Return a pool as an account sees it: its owner every linked domain, who inherits it its own, by their ids."""
    inherited = pool.account != account
    seen = [domain for domain in linked if not inherited or domain.account == account]
    return PoolView(pool, inherited, tuple(sorted(seen, key=lambda domain: domain.id)))


def create_pool(tx: Tx, account: str | None, name: str, description: str, ips: Sequence[str]) -> Pool:
    """Make a pool of IPs that are in no other."""
    for address in ips:
        free_ip(tx, account, address)
    pool = Pool(_new_id(tx), name, description, tuple(dict.fromkeys(ips)), account)
    tx.state.pools[pool.pool_id] = pool
    return pool


def edit_pool(
    tx: Tx,
    pool: Pool,
    *,
    name: str | None = None,
    description: str | None = None,
    add_ip: Sequence[str] = (),
    remove_ip: Sequence[str] = (),
    link_domain: Sequence[str] = (),
    unlink_domain: Sequence[str] = (),
) -> str | None:
    """Change a pool; return the reference of the work that follows, if any does.

    What would change nothing is passed over; refused if nothing is left.
    """
    for address in add_ip:
        free_ip(tx, pool.account, address, pool.pool_id)
    grown = dict.fromkeys([*pool.ips, *add_ip])
    ips = tuple(address for address in grown if address not in remove_ip)
    changed = replace(
        pool,
        name=pool.name if name is None else name,
        description=pool.description if description is None else description,
        ips=ips,
    )
    linked = _linked(tx.state, pool.pool_id)
    link = [name for name in _domains(tx, pool.account, link_domain) if name not in linked]
    unlink = [name for name in _domains(tx, pool.account, unlink_domain) if name in linked]
    if changed == pool and not link and not unlink:
        raise catalog.NO_CHANGE()
    if link and not ips:
        raise catalog.POOL_WITHOUT_IPS()
    if pool.ips and not ips and linked - set(unlink):
        raise catalog.POOL_LAST_IP()
    if unlink:
        require_eligible(tx)
    tx.state.pools[pool.pool_id] = changed
    if not (link or unlink or (ips != pool.ips and (linked or pool.delegated_to))):
        return None
    _forget_promises(tx, {*link, *unlink})
    return _promise(tx, replace(_job(tx, pool.pool_id), link=tuple(link), unlink=tuple(unlink)))


def add_ips(tx: Tx, pool: Pool, addresses: Sequence[str]) -> str:
    """Put IPs into a pool, all or none; return the reference of the work that follows."""
    for address in addresses:
        free_ip(tx, pool.account, address, pool.pool_id)
    new = [address for address in dict.fromkeys(addresses) if address not in pool.ips]
    if not new:
        raise catalog.IP_MEMBER(ip=addresses[0])
    tx.state.pools[pool.pool_id] = replace(pool, ips=(*pool.ips, *new))
    return _promise(tx, _job(tx, pool.pool_id))


def remove_ip(tx: Tx, pool: Pool, address: str) -> str:
    """Take an IP out of a pool; return the reference of the work that follows."""
    if address not in pool.ips:
        raise catalog.IP_NOT_MEMBER(ip=address)
    if len(pool.ips) == 1 and _linked(tx.state, pool.pool_id):
        raise catalog.POOL_LAST_IP()
    tx.state.pools[pool.pool_id] = replace(pool, ips=tuple(each for each in pool.ips if each != address))
    return _promise(tx, _job(tx, pool.pool_id))


def delete_pool(tx: Tx, pool: Pool, ip: str | None, pool_id: str | None) -> str:
    """Delete a pool, replaced by an IP, by `shared` ones or by another pool; return the reference of the work."""
    if ip is not None and pool_id is not None:
        raise catalog.REPLACEMENT_BOTH()
    if pool_id is not None:
        if pool_id == pool.pool_id:
            raise catalog.REPLACEMENT_SELF()
        if not visible_pool(tx, pool.account, pool_id).ips:
            raise catalog.REPLACEMENT_EMPTY()
    elif ip is not None:
        _require_replacement_ip(tx, pool.account, ip, pool.pool_id)
    elif pool.ips:
        raise catalog.REPLACEMENT_NEEDED()
    del tx.state.pools[pool.pool_id]
    if pool_id is not None:
        other = tx.state.pools[pool_id]
        heirs = tuple(dict.fromkeys([*other.delegated_to, *pool.delegated_to]))
        if other.account == pool.account:
            tx.state.pools[pool_id] = replace(other, delegated_to=heirs)
    return _promise(tx, replace(_job(tx, pool.pool_id), relink_to=pool_id, replace_with=ip))


def _require_replacement_ip(tx: Tx, account: str | None, ip: str, pool_id: str | None = None) -> None:
    if ip == catalog.SHARED:
        require_eligible(tx)
    else:
        free_ip(tx, account, ip, pool_id)


# Delegation


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


def revoke_pool(tx: Tx, pool: Pool, subaccount_id: str) -> None:
    """Take a pool from a subaccount; its domains are unlinked afterwards."""
    subaccount = _subaccount(tx, pool.account, subaccount_id)
    if subaccount.id not in pool.delegated_to:
        raise catalog.NOT_DELEGATED()
    if any(tx.state.domains[name].account == subaccount.id for name in _linked(tx.state, pool.pool_id)):
        require_eligible(tx)  # a domain that loses its pool has nothing else to send from
    left = tuple(each for each in pool.delegated_to if each != subaccount.id)
    tx.state.pools[pool.pool_id] = replace(pool, delegated_to=left)
    _promise(tx, replace(_job(tx, pool.pool_id), revoke_from=subaccount.id))


# Domains


def get_domain(tx: Tx, account: str | None, name: str) -> Domain:
    """Return a domain of the account."""
    domain = tx.state.domains.get(name)
    if domain is None or domain.account != account:
        raise catalog.DOMAIN_NOT_FOUND()
    return domain


def _domains(tx: Tx, account: str | None, names: Sequence[str]) -> list[str]:
    """Return the names of domains given by id, which is documented, or by name, which clients' examples show."""
    by_id = {domain.id: domain.name for domain in tx.state.domains.values()} if names else {}
    return list(dict.fromkeys(get_domain(tx, account, by_id.get(name, name)).name for name in names))


def assign_ip(tx: Tx, domain: Domain, address: str) -> None:
    """Add a dedicated IP to a domain, which may have it already."""
    dedicated_ip(tx, domain.account, address)
    if domain.pool_id is not None:
        raise catalog.DOMAIN_LINKED()
    if address not in domain.ips:
        _put_domain(tx, replace(domain, ips=(*domain.ips, address)))


def link_pool(tx: Tx, domain: Domain, pool_id: str) -> None:
    """Link a pool to a domain; the pool's IPs replace the domain's."""
    require_dipps(tx)
    pool = visible_pool(tx, domain.account, pool_id)
    if not pool.ips:
        raise catalog.POOL_WITHOUT_IPS()
    _put_domain(tx, replace(domain, pool_id=pool_id, ips=pool.ips))


def remove_domain_ip(tx: Tx, domain: Domain, address: str) -> None:
    """Remove an IP from a domain.

    Without shared IPs to fall back on, the last IP stays, and a domain left with nothing but warming IPs gains one.
    """
    if domain.pool_id is not None:
        raise catalog.DOMAIN_LINKED()
    if address not in domain.ips:
        raise catalog.DOMAIN_WITHOUT_IP(ip=address)
    left = tuple(each for each in domain.ips if each != address)
    dedicated = [tx.state.ips[each] for each in left if tx.state.ips[each].dedicated]
    if tx.state.eligible_for_shared_ips:
        left = left or _shared_ips(tx.state, but=address)
    elif not left:
        raise catalog.DOMAIN_LAST_IP()
    elif dedicated and all(ip.warmup for ip in dedicated):
        left = (*left, *[each for each in _warm_ips(tx.state, domain.account) if each != address][:1])
    _put_domain(tx, replace(domain, ips=left))


def remove_domain_pool(tx: Tx, domain: Domain) -> None:
    """Remove all IPs of a domain: it no longer exists here."""
    _forget_promises(tx, {domain.name})
    del tx.state.domains[domain.name]


def unlink_pool(tx: Tx, domain: Domain, ip: str | None, pool_id: str | None) -> None:
    """Unlink the domain's pool in favour of an IP, of a `shared` one, or of another pool."""
    if (ip is None) == (pool_id is None):
        raise catalog.IP_OR_POOL()
    if domain.pool_id is None:
        raise catalog.DOMAIN_WITHOUT_POOL()
    if pool_id is not None:
        pool = visible_pool(tx, domain.account, pool_id)
        if not pool.ips:
            raise catalog.REPLACEMENT_EMPTY()
        _put_domain(tx, replace(domain, pool_id=pool_id, ips=pool.ips))
    elif ip is not None:
        _require_replacement_ip(tx, domain.account, ip)
        _put_domain(tx, _unlinked(tx.state, domain, ip))


def _unlinked(state: State, domain: Domain, ip: str) -> Domain:
    return replace(domain, pool_id=None, ips=_shared_ips(state) if ip == catalog.SHARED else (ip,))


def _shared_ips(state: State, but: str | None = None) -> tuple[str, ...]:
    """Return the shared IP that the system assigns: the lowest, if the account may use one."""
    shared = [ip.ip for ip in state.ips.values() if not ip.dedicated and ip.account is None and ip.ip != but]
    return tuple(sorted(shared, key=_order)[:1]) if state.eligible_for_shared_ips else ()


def _warm_ips(state: State, account: str | None) -> list[str]:
    """Return the account's dedicated IPs that are not warming and in no pool, lowest first."""
    warm = [ip.ip for ip in state.ips.values() if ip.dedicated and not ip.warmup and ip.account == account]
    return sorted((each for each in warm if _pool_of(state, each) is None), key=_order)


def _order(address: str) -> tuple[int, int]:
    ip = ipaddress.ip_address(address)
    return ip.version, int(ip)


# What happens after the response


def settle(state: State, now: float) -> State:
    """Return the state at a time: itself, or a copy in which every job that is due is done; at `inf` all are."""
    due = [job for job in state.jobs.values() if (math.inf if job.due is None else job.due) <= now]
    if not due:
        return state
    state = state.copy()
    for job in sorted(due, key=lambda job: (math.inf if job.due is None else job.due, job.id)):
        _finish(state, job)
        del state.jobs[job.id]
    return state


def _finish(state: State, job: Job) -> None:
    pool = state.pools.get(job.pool_id)
    concerned = [each for each in state.domains.values() if each.name in job.link or each.pool_id == job.pool_id]
    for domain in concerned[: len(concerned) // 2] if state.async_fails_midway else concerned:
        if domain.name in job.link:  # to a pool that may be gone by now: then what replaced it comes next
            domain = replace(domain, pool_id=job.pool_id)
        if job.relink_to is not None:  # the same holds for its heir
            heir = state.pools.get(job.relink_to)
            domain = replace(domain, pool_id=job.relink_to, ips=heir.ips if heir is not None else domain.ips)
        elif job.replace_with is not None:
            domain = _unlinked(state, domain, job.replace_with)
        elif domain.name in job.unlink or (job.revoke_from is not None and domain.account == job.revoke_from):
            domain = _unlinked(state, domain, catalog.SHARED)
        elif pool is not None:
            domain = replace(domain, ips=pool.ips)
        state.domains[domain.name] = domain
