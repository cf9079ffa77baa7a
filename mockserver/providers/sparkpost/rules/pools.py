"""What SparkPost does with IP pools."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

from ....core.store import Transaction
from .. import catalog
from ..models import Pool, SendingIp, State

Tx = Transaction[State]


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


def create_pool(tx: Tx, name: str, **optional: str) -> Pool:
    """Make a pool, its id made from its name; of the optional fields a blank is as good as none."""
    pool_id = _new_id(tx, name)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_NAME_TAKEN()
    _check_overflow(tx, optional)
    pool = tx.state.pools[pool_id] = Pool(pool_id, name, **_given(optional))
    return pool


def updatable_pool(tx: Tx, pool_id: str) -> Pool:
    """Return a pool that may be updated."""
    pool = tx.state.pools.get(pool_id)
    if pool is None:
        raise catalog.POOL_DOES_NOT_EXIST(id=pool_id)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_NOT_UPDATABLE()
    return pool


def update_pool(tx: Tx, pool: Pool, name: str, **optional: str) -> Pool:
    """Rename a pool, which keeps its id; an optional field that is not sent stays, a blank removes it."""
    _check_overflow(tx, optional, pool)
    pool = tx.state.pools[pool.id] = replace(pool, **{"name": name, **_given(optional)})
    return pool


def delete_pool(tx: Tx, pool_id: str) -> None:
    """Delete a pool; its IPs move to the default pool, and what overflowed into it does so no more."""
    if pool_id not in tx.state.pools:
        raise catalog.POOL_DOES_NOT_EXIST(id=pool_id)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_RESERVED()
    for ip in _members(tx, pool_id):
        tx.state.ips[ip.external_ip] = replace(ip, ip_pool=catalog.DEFAULT_POOL)
    for pool in _overflowing_into(tx, pool_id):
        tx.state.pools[pool.id] = replace(pool, auto_warmup_overflow_pool=None)
    del tx.state.pools[pool_id]


def _given(optional: dict[str, str]) -> dict[str, Any]:
    return {name: value or None for name, value in optional.items()}


def _members(tx: Tx, pool_id: str) -> list[SendingIp]:
    return [ip for ip in tx.state.ips.values() if ip.ip_pool == pool_id]


def _overflowing_into(tx: Tx, pool_id: str) -> list[Pool]:
    return [pool for pool in tx.state.pools.values() if pool.auto_warmup_overflow_pool == pool_id]


def _check_overflow(tx: Tx, optional: dict[str, str], pool: Pool | None = None) -> None:
    """Refuse an overflow pool that is not there, or would make a chain; `pool` is what is to have it, if not new."""
    target = optional.get("auto_warmup_overflow_pool")
    if not target:
        return
    if target != catalog.SHARED_POOL:
        overflow = tx.state.pools.get(target)
        if overflow is None:
            raise catalog.OVERFLOW_DOES_NOT_EXIST(id=target)
        if overflow.auto_warmup_overflow_pool is not None:
            raise catalog.OVERFLOW_HAS_OVERFLOW(id=target)
    if pool is None:
        return
    if target == pool.id:
        raise catalog.OVERFLOW_TO_ITSELF(id=pool.id)
    if _overflowing_into(tx, pool.id):
        raise catalog.OVERFLOW_WITH_OVERFLOW(id=pool.id)


def _new_id(tx: Tx, name: str) -> str:
    """Return the id for a name: lower case, every character outside `[a-z0-9_]` an underscore, a number if taken.

    The one documented pair is `Marketing IP Pool` and `marketing_ip_pool`; the rest is assumed.
    """
    plain = re.sub("[^A-Za-z0-9_]", "_", name).lower()
    if plain == catalog.DEFAULT_POOL:
        return plain
    size = catalog.IP_POOL_SIZE if tx.state.profile[catalog.SHORT_POOL_IDS] else len(plain) + 20
    suffixes = itertools.chain([""], (f"_{number}" for number in itertools.count(1)))
    candidates = (plain[: size - len(suffix)] + suffix for suffix in suffixes)
    return next(pool_id for pool_id in candidates if pool_id not in tx.state.pools)
