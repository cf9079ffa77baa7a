"""The rules of Acme Mail: functions that check a request, then change the state."""

from __future__ import annotations

from mockserver.core.store import Transaction

from . import catalog
from .models import Pool, State

Tx = Transaction[State]


def list_pools(tx: Tx) -> list[Pool]:
    """Return all pools in order of creation."""
    return list(tx.state.pools.values())


def get_pool(tx: Tx, name: str) -> Pool:
    """Return a pool."""
    pool = tx.state.pools.get(name)
    if pool is None:
        raise catalog.POOL_NOT_FOUND(name=name)
    return pool


def create_pool(tx: Tx, name: str) -> Pool:
    """Create an empty pool."""
    if name in tx.state.pools:
        raise catalog.NAME_TAKEN(name=name)
    if len(tx.state.pools) >= catalog.MAX_POOLS:
        raise catalog.TOO_MANY_POOLS()
    pool = tx.state.pools[name] = Pool(name)
    return pool


def delete_pool(tx: Tx, name: str) -> None:
    """Delete a pool."""
    del tx.state.pools[get_pool(tx, name).name]
