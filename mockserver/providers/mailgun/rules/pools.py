"""Dedicated IP pools (DIPPs)."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Link, Pool, State, created_at
from . import Tx, region_of_new
from .account import get_domain, new_id, require_eligible, require_feature
from .ips import get_poolable_ip, record_pool_change
from .jobs import cancel_links, enqueue, keep_views, new_job, pending_links

# Shared with other rules


def get_visible_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool that the account owns or inherits, as it sees it."""
    require_feature(tx, catalog.DIPPS)
    pool = _visible_pools(tx, account).get(pool_id)
    if pool is None:
        raise catalog.POOL_NOT_FOUND()
    return pool


def _visible_pools(tx: Tx, account: str | None) -> dict[str, Pool]:
    """Return the pools in the region that an account owns or inherits, as it sees them, by id in order of creation."""
    state = tx.state
    pools = state.inherited_pools(account) if account is not None else []
    inherited = {pool.pool_id: pool for pool in pools if state.region_of(pool) == tx.region}
    deleted = {pool_id: pool for pool_id, pool in inherited.items() if pool_id not in state.pools}
    return deleted | {
        pool_id: inherited.get(pool_id, pool)
        for pool_id, pool in state.pools.items()
        if (pool.account == account and state.region_of(pool) == tx.region) or pool_id in inherited
    }


def get_usable_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool in the region that the account owns or inherits, as it is."""
    require_feature(tx, catalog.DIPPS)
    pool = tx.state.pools.get(pool_id)
    if pool is None or (account != pool.account and account not in pool.delegated_to):
        raise catalog.POOL_NOT_FOUND()
    if tx.state.region_of(pool) != tx.region:
        raise catalog.POOL_NOT_FOUND()
    return pool


def get_owned_pool(tx: Tx, account: str | None, pool_id: str, inherited: ErrorMessage) -> Pool:
    """Return a pool that the account owns; `inherited` is the error of a pool that it inherits."""
    pool = get_usable_pool(tx, account, pool_id)
    if pool.account != account:
        raise inherited()
    return pool


def get_pool_for_update(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool that the account may change."""
    return get_owned_pool(tx, account, pool_id, catalog.INHERITED_EDIT)


def require_replacement_ip(tx: Tx, account: str | None, ip: str, pool_id: str | None = None) -> None:
    """Raise an error if an IP cannot replace a pool: expected is `shared`, or an IP that is in no other pool."""
    if ip == catalog.SHARED:
        require_eligible(tx)
    else:
        get_poolable_ip(tx, account, ip, pool_id)


# Queries


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool as an account sees it."""

    pool: Pool
    is_inherited: bool
    is_linked: bool
    since: Mapping[str, int] | None
    """When each IP joined it, in seconds since the epoch; None without the switch pool_metadata."""


def list_pools(tx: Tx, account: str | None) -> list[PoolView]:
    """Return every pool that the account owns or inherits, in order of creation."""
    has_metadata = tx.state.profile[catalog.POOL_METADATA]
    return [
        PoolView(
            pool,
            pool.account != account,
            any(_links(tx.state, account, pool)),
            _since(tx.state, pool) if has_metadata else None,
        )
        for pool in _visible_pools(tx, account).values()
    ]


def list_linked_domains(
    tx: Tx, account: str | None, pool: Pool, *, after: str = "", limit: int | None = None
) -> list[Link]:
    """Return at most `limit` of a pool's domains, sorted by id, from the one after `after` on.

    The owner of the pool sees every domain, a subaccount that inherits it its own.
    """
    return list(islice(_links(tx.state, account, pool, after), limit))


def _links(state: State, account: str | None, pool: Pool, after: str = "") -> Iterator[Link]:
    links = state.links.get(pool.pool_id, ())
    begin = bisect.bisect_right(links, after, key=lambda link: link.domain_id)
    for index in range(begin, len(links)):
        if pool.account == account or state.domains[links[index].domain].account == account:
            yield links[index]


def _since(state: State, pool: Pool) -> dict[str, int]:
    changed = {address: state.ips[address].pool_changed_at for address in pool.ips}
    return {address: created_at(pool.pool_id) if when is None else when for address, when in changed.items()}


# Changes


def create_pool(tx: Tx, account: str | None, *, name: str, description: str, ips: Sequence[str]) -> Pool:
    """Create a pool of IPs that are in no other pool."""
    for address in ips:
        _check_ip(tx, account, address)
    pool = Pool(new_id(tx), name, description, tuple(dict.fromkeys(ips)), account, region=region_of_new(tx))
    _put(tx, pool)
    return pool


def _check_ip(tx: Tx, account: str | None, address: str, pool: Pool | None = None) -> None:
    """Raise an error if an IP cannot join a pool, None being a new one."""
    ip = get_poolable_ip(tx, account, address, pool.pool_id if pool is not None else None)
    is_new = pool is None or address not in pool.ips
    if is_new and tx.state.profile[catalog.REFUSE_WARMING_IPS] and ip.is_warming(tx.now):
        raise catalog.IP_WARMING(ip=address)


def _put(tx: Tx, pool: Pool, old: Pool | None = None) -> None:
    if old is not None and old.ips != pool.ips:
        keep_views(tx, old.delegated_to)
    tx.state.pools[pool.pool_id] = pool
    record_pool_change(tx.state, old.ips if old is not None else (), pool.ips, tx.now)


def edit_pool(
    tx: Tx,
    pool: Pool,
    *,
    name: str | None,
    description: str | None,
    add_ip: Sequence[str],
    remove_ip: Sequence[str],
    link_domain: Sequence[str],
    unlink_domain: Sequence[str],
) -> str | None:
    """Edit a pool; return the id of the job that updates its domains, None without a job.

    Changes without an effect are ignored; it is an error if no other change is left.
    """
    for address in add_ip:
        _check_ip(tx, pool.account, address, pool)
    extended = dict.fromkeys([*pool.ips, *add_ip])
    ips = tuple(address for address in extended if address not in remove_ip)
    changed = replace(
        pool,
        name=pool.name if name is None else name,
        description=pool.description if description is None else description,
        ips=ips,
    )
    linked = pending_links(tx.state, pool.pool_id)
    link = [name for name in _domain_names(tx, pool.account, link_domain) if name not in linked]
    unlink = [name for name in _domain_names(tx, pool.account, unlink_domain) if name in linked]
    if changed == pool and not link and not unlink:
        raise catalog.NO_CHANGE()
    if link and not ips:
        raise catalog.POOL_WITHOUT_IPS()
    if pool.ips and not ips and linked - set(unlink):
        raise catalog.POOL_LAST_IP()
    if unlink:
        require_eligible(tx)
    _put(tx, changed, pool)
    if not (link or unlink or (ips != pool.ips and (linked or pool.delegated_to))):
        return None
    cancel_links(tx, {*link, *unlink})
    return enqueue(tx, replace(new_job(tx, pool.pool_id), link=tuple(link), unlink=tuple(unlink)))


def _domain_names(tx: Tx, account: str | None, names: Sequence[str]) -> list[str]:
    """Return the names of domains given by id, as documented, or by name, as in examples of clients."""
    by_id = {domain.id: domain.name for domain in tx.state.domains.values()} if names else {}
    return list(dict.fromkeys(get_domain(tx, account, by_id.get(name, name)).name for name in names))


def add_ips(tx: Tx, pool: Pool, *, ips: Sequence[str]) -> str:
    """Add IPs to a pool, all of them or none; return the id of the job that updates its domains."""
    for address in ips:
        _check_ip(tx, pool.account, address, pool)
    new = [address for address in dict.fromkeys(ips) if address not in pool.ips]
    if not new:
        raise catalog.IP_MEMBER(ip=ips[0])
    _put(tx, replace(pool, ips=(*pool.ips, *new)), pool)
    return enqueue(tx, new_job(tx, pool.pool_id))


def remove_ip(tx: Tx, pool: Pool, address: str) -> str:
    """Remove an IP from a pool; return the id of the job that updates its domains."""
    if address not in pool.ips:
        raise catalog.IP_NOT_MEMBER(ip=address)
    if len(pool.ips) == 1 and pending_links(tx.state, pool.pool_id):
        raise catalog.POOL_LAST_IP()
    _put(tx, replace(pool, ips=tuple(each for each in pool.ips if each != address)), pool)
    return enqueue(tx, new_job(tx, pool.pool_id))


def delete_pool(tx: Tx, pool: Pool, *, ip: str | None, pool_id: str | None) -> str:
    """Delete a pool, which an IP, `shared` or another pool replaces; return the id of the job."""
    if ip is not None and pool_id is not None:
        raise catalog.REPLACEMENT_BOTH()
    if pool_id is not None:
        if pool_id == pool.pool_id:
            raise catalog.REPLACEMENT_SELF()
        if not get_usable_pool(tx, pool.account, pool_id).ips:
            raise catalog.REPLACEMENT_EMPTY()
    elif ip is not None:
        require_replacement_ip(tx, pool.account, ip, pool.pool_id)
    elif pool.ips:
        raise catalog.REPLACEMENT_NEEDED()
    remove_pool(tx, pool)
    if pool_id is not None:
        other = tx.state.pools[pool_id]
        heirs = tuple(dict.fromkeys([*other.delegated_to, *pool.delegated_to]))
        if other.account == pool.account:
            tx.state.pools[pool_id] = replace(other, delegated_to=heirs)
    job = new_job(tx, pool.pool_id)
    return enqueue(tx, replace(job, pool_name=pool.name, relink_to=pool_id, replace_with=ip))


def remove_pool(tx: Tx, pool: Pool) -> None:
    """Remove a pool now. The account keeps its IPs; subaccounts that inherit it see it until a job updates them."""
    keep_views(tx, pool.delegated_to)
    del tx.state.pools[pool.pool_id]
    if tx.state.spillover_pool_id == pool.pool_id:
        tx.state.spillover_pool_id = None
    for domain in [each for each in tx.state.domains.values() if each.spillover_pool_id == pool.pool_id]:
        tx.state.put_domain(replace(domain, spillover_pool_id=None), domain)
    record_pool_change(tx.state, pool.ips, (), tx.now)
