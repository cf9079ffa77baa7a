"""Dedicated IP pools (DIPPs)."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ....core.errors import ErrorMessage
from .. import catalog
from ..models import Link, Pool, State, created
from .account import Tx, get_domain, new_id, require_dipps, require_eligible
from .ips import free_ip, note_pool_change
from .jobs import forget_promises, linked, new_job, promise

# What other rules ask


def visible_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool that the account owns or inherits."""
    pool = tx.state.pools.get(pool_id)
    if pool is None or (account != pool.account and account not in pool.delegated_to):
        raise catalog.POOL_NOT_FOUND()
    return pool


def own_pool(tx: Tx, account: str | None, pool_id: str, inherited: ErrorMessage) -> Pool:
    """Return a pool that the account owns; `inherited` is the refusal of one that it inherits."""
    pool = visible_pool(tx, account, pool_id)
    if pool.account != account:
        raise inherited()
    return pool


def changeable_pool(tx: Tx, account: str | None, pool_id: str) -> Pool:
    """Return a pool that the account may change."""
    require_dipps(tx)
    return own_pool(tx, account, pool_id, catalog.INHERITED_EDIT)


def require_replacement_ip(tx: Tx, account: str | None, ip: str, pool_id: str | None = None) -> None:
    """Refuse what cannot take the place of a pool: it is `shared`, or an IP that is in no other pool."""
    if ip == catalog.SHARED:
        require_eligible(tx)
    else:
        free_ip(tx, account, ip, pool_id)


# What is seen


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool as one account sees it."""

    pool: Pool
    is_inherited: bool
    is_linked: bool
    since: Mapping[str, int] | None
    """Since when each IP is in it, in seconds since the epoch; None for an account that is not told."""


def list_pools(tx: Tx, account: str | None) -> list[PoolView]:
    """Return every pool that the account owns or inherits, in order of creation."""
    payload = tx.state.profile[catalog.POOL_METADATA]
    return [
        PoolView(
            pool,
            pool.account != account,
            any(_links(tx.state, account, pool)),
            _since(tx.state, pool) if payload else None,
        )
        for pool in tx.state.pools.values()
        if account == pool.account or account in pool.delegated_to
    ]


def linked_domains(tx: Tx, account: str | None, pool: Pool, after: str = "", limit: int | None = None) -> list[Link]:
    """Return a pool's domains in the order of their ids, beginning after one: at most `limit`.

    Its owner sees every domain, who inherits it its own.
    """
    return list(islice(_links(tx.state, account, pool, after), limit))


def _links(state: State, account: str | None, pool: Pool, after: str = "") -> Iterator[Link]:
    links = state.links.get(pool.pool_id, ())
    begin = bisect.bisect_right(links, after, key=lambda link: link.domain_id)
    for place in range(begin, len(links)):
        if pool.account == account or state.domains[links[place].domain].account == account:
            yield links[place]


def _since(state: State, pool: Pool) -> dict[str, int]:
    changed = {address: state.ips[address].pool_changed_at for address in pool.ips}
    return {address: created(pool.pool_id) if when is None else when for address, when in changed.items()}


# What changes a pool


def create_pool(tx: Tx, account: str | None, name: str, description: str, ips: Sequence[str]) -> Pool:
    """Make a pool of IPs that are in no other."""
    for address in ips:
        _require_fit(tx, account, address)
    pool = Pool(new_id(tx), name, description, tuple(dict.fromkeys(ips)), account)
    _put(tx, pool)
    return pool


def _require_fit(tx: Tx, account: str | None, address: str, pool: Pool | None = None) -> None:
    """Refuse an IP that cannot be put into a pool."""
    ip = free_ip(tx, account, address, pool.pool_id if pool is not None else None)
    joins = pool is None or address not in pool.ips
    if joins and tx.state.profile[catalog.REFUSE_WARMING_IPS] and ip.is_warming(tx.now):
        raise catalog.IP_WARMING(ip=address)


def _put(tx: Tx, pool: Pool, old: Pool | None = None) -> None:
    tx.state.pools[pool.pool_id] = pool
    note_pool_change(tx.state, old.ips if old is not None else (), pool.ips, tx.now)


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
        _require_fit(tx, pool.account, address, pool)
    grown = dict.fromkeys([*pool.ips, *add_ip])
    ips = tuple(address for address in grown if address not in remove_ip)
    changed = replace(
        pool,
        name=pool.name if name is None else name,
        description=pool.description if description is None else description,
        ips=ips,
    )
    now_linked = linked(tx.state, pool.pool_id)
    link = [name for name in _domains(tx, pool.account, link_domain) if name not in now_linked]
    unlink = [name for name in _domains(tx, pool.account, unlink_domain) if name in now_linked]
    if changed == pool and not link and not unlink:
        raise catalog.NO_CHANGE()
    if link and not ips:
        raise catalog.POOL_WITHOUT_IPS()
    if pool.ips and not ips and now_linked - set(unlink):
        raise catalog.POOL_LAST_IP()
    if unlink:
        require_eligible(tx)
    _put(tx, changed, pool)
    if not (link or unlink or (ips != pool.ips and (now_linked or pool.delegated_to))):
        return None
    forget_promises(tx, {*link, *unlink})
    return promise(tx, replace(new_job(tx, pool.pool_id), link=tuple(link), unlink=tuple(unlink)))


def _domains(tx: Tx, account: str | None, names: Sequence[str]) -> list[str]:
    """Return the names of domains given by id, which is documented, or by name, which clients' examples show."""
    by_id = {domain.id: domain.name for domain in tx.state.domains.values()} if names else {}
    return list(dict.fromkeys(get_domain(tx, account, by_id.get(name, name)).name for name in names))


def add_ips(tx: Tx, pool: Pool, addresses: Sequence[str]) -> str:
    """Put IPs into a pool, all or none; return the reference of the work that follows."""
    for address in addresses:
        _require_fit(tx, pool.account, address, pool)
    new = [address for address in dict.fromkeys(addresses) if address not in pool.ips]
    if not new:
        raise catalog.IP_MEMBER(ip=addresses[0])
    _put(tx, replace(pool, ips=(*pool.ips, *new)), pool)
    return promise(tx, new_job(tx, pool.pool_id))


def remove_ip(tx: Tx, pool: Pool, address: str) -> str:
    """Take an IP out of a pool; return the reference of the work that follows."""
    if address not in pool.ips:
        raise catalog.IP_NOT_MEMBER(ip=address)
    if len(pool.ips) == 1 and linked(tx.state, pool.pool_id):
        raise catalog.POOL_LAST_IP()
    _put(tx, replace(pool, ips=tuple(each for each in pool.ips if each != address)), pool)
    return promise(tx, new_job(tx, pool.pool_id))


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
        require_replacement_ip(tx, pool.account, ip, pool.pool_id)
    elif pool.ips:
        raise catalog.REPLACEMENT_NEEDED()
    drop_pool(tx, pool)
    if pool_id is not None:
        other = tx.state.pools[pool_id]
        heirs = tuple(dict.fromkeys([*other.delegated_to, *pool.delegated_to]))
        if other.account == pool.account:
            tx.state.pools[pool_id] = replace(other, delegated_to=heirs)
    return promise(tx, replace(new_job(tx, pool.pool_id), relink_to=pool_id, replace_with=ip))


def drop_pool(tx: Tx, pool: Pool) -> None:
    """Remove a pool at once; its IPs are free."""
    del tx.state.pools[pool.pool_id]
    note_pool_change(tx.state, pool.ips, (), tx.now)
