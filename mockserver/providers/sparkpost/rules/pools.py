"""IP pools."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import catalog
from ..models import Pool, SendingIp, new_pool_id
from . import Tx


def list_pools(tx: Tx) -> list[tuple[Pool, list[SendingIp]]]:
    """Return every pool with its IPs, in order of creation."""
    members: dict[str, list[SendingIp]] = {pool_id: [] for pool_id in tx.state.pools}
    for ip in tx.state.ips.values():
        members[ip.ip_pool].append(ip)
    return [(pool, members[pool.id]) for pool in tx.state.pools.values()]


def get_pool(tx: Tx, pool_id: str) -> tuple[Pool, list[SendingIp]]:
    """Return a pool with its IPs."""
    pool = tx.state.pools.get(pool_id)
    if pool is None:
        raise catalog.POOL_NOT_FOUND()
    return pool, _members(tx, pool_id)


def create_pool(
    tx: Tx,
    *,
    name: str,
    fbl_signing_domain: str | None,
    signing_domain: str | None,
    auto_warmup_overflow_pool: str | None,
) -> Pool:
    """Create a pool, whose id follows from its name. An empty string sets no value, like None."""
    size = int(catalog.IP_POOL_SIZE) if tx.state.profile[catalog.SHORT_POOL_IDS] else None
    new_id = new_pool_id(name, tx.state.pools, size)
    if new_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_NAME_TAKEN()
    _check_overflow(tx, auto_warmup_overflow_pool)
    pool = tx.state.pools[new_id] = Pool(
        new_id, name, fbl_signing_domain or None, signing_domain or None, auto_warmup_overflow_pool or None
    )
    return pool


def get_pool_for_update(tx: Tx, pool_id: str) -> Pool:
    """Return a pool that can be updated: any but the default pool."""
    pool = tx.state.pools.get(pool_id)
    if pool is None:
        raise catalog.POOL_DOES_NOT_EXIST(id=pool_id)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_NOT_UPDATABLE()
    return pool


def update_pool(
    tx: Tx,
    pool: Pool,
    *,
    name: str,
    fbl_signing_domain: str | None,
    signing_domain: str | None,
    auto_warmup_overflow_pool: str | None,
) -> Pool:
    """Update a pool, which keeps its id. None leaves a value as it is, an empty string removes it."""
    _check_overflow(tx, auto_warmup_overflow_pool, pool)
    optional = {
        "fbl_signing_domain": fbl_signing_domain,
        "signing_domain": signing_domain,
        "auto_warmup_overflow_pool": auto_warmup_overflow_pool,
    }
    changes: dict[str, Any] = {field: value or None for field, value in optional.items() if value is not None}
    pool = tx.state.pools[pool.id] = replace(pool, name=name, **changes)
    return pool


def delete_pool(tx: Tx, pool_id: str) -> None:
    """Delete a pool. Its IPs move to the default pool; pools that overflow into it lose their overflow pool."""
    if pool_id not in tx.state.pools:
        raise catalog.POOL_DOES_NOT_EXIST(id=pool_id)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_RESERVED()
    for ip in _members(tx, pool_id):
        tx.state.ips[ip.external_ip] = replace(ip, ip_pool=catalog.DEFAULT_POOL)
    for pool in _overflowing_into(tx, pool_id):
        tx.state.pools[pool.id] = replace(pool, auto_warmup_overflow_pool=None)
    del tx.state.pools[pool_id]


def _members(tx: Tx, pool_id: str) -> list[SendingIp]:
    return [ip for ip in tx.state.ips.values() if ip.ip_pool == pool_id]


def _overflowing_into(tx: Tx, pool_id: str) -> list[Pool]:
    return [pool for pool in tx.state.pools.values() if pool.auto_warmup_overflow_pool == pool_id]


def _check_overflow(tx: Tx, overflow_pool: str | None, pool: Pool | None = None) -> None:
    """Raise an error if a pool, None being a new one, cannot have this overflow pool: it is unknown, or in a chain."""
    if not overflow_pool:
        return
    if overflow_pool != catalog.SHARED_POOL:
        overflow = tx.state.pools.get(overflow_pool)
        if overflow is None:
            raise catalog.OVERFLOW_DOES_NOT_EXIST(id=overflow_pool)
        if overflow.auto_warmup_overflow_pool is not None:
            raise catalog.OVERFLOW_HAS_OVERFLOW(id=overflow_pool)
    if pool is None:
        return
    if overflow_pool == pool.id:
        raise catalog.OVERFLOW_TO_ITSELF(id=pool.id)
    if _overflowing_into(tx, pool.id):
        raise catalog.OVERFLOW_WITH_OVERFLOW(id=pool.id)
