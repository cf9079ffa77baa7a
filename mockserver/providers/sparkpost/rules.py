"""What SparkPost does with pools and sending IPs."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from ...store import Transaction
from . import catalog
from .models import Pool, SendingIp, State

Tx = Transaction[State]

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


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


def create_pool(tx: Tx, name: str, fbl_signing_domain: str | None = None) -> Pool:
    """Make a pool, its id made from its name."""
    pool_id = _new_id(tx, name)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_NAME_TAKEN()
    pool = tx.state.pools[pool_id] = Pool(pool_id, name, fbl_signing_domain or None)
    return pool


def updatable_pool(tx: Tx, pool_id: str) -> Pool:
    """Return a pool that may be updated."""
    pool = tx.state.pools.get(pool_id)
    if pool is None:
        raise catalog.POOL_DOES_NOT_EXIST(id=pool_id)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_NOT_UPDATABLE()
    return pool


def update_pool(tx: Tx, pool: Pool, name: str, fbl_signing_domain: str | None = None) -> Pool:
    """Rename a pool, which keeps its id; None leaves its signing domain, a blank removes it."""
    domain = pool.fbl_signing_domain if fbl_signing_domain is None else fbl_signing_domain or None
    pool = tx.state.pools[pool.id] = replace(pool, name=name, fbl_signing_domain=domain)
    return pool


def delete_pool(tx: Tx, pool_id: str) -> None:
    """Delete a pool; its IPs move to the default pool."""
    if pool_id not in tx.state.pools:
        raise catalog.POOL_DOES_NOT_EXIST(id=pool_id)
    if pool_id == catalog.DEFAULT_POOL:
        raise catalog.DEFAULT_RESERVED()
    for ip in _members(tx, pool_id):
        tx.state.ips[ip.external_ip] = replace(ip, ip_pool=catalog.DEFAULT_POOL)
    del tx.state.pools[pool_id]


def list_ips(tx: Tx) -> list[SendingIp]:
    """Return every sending IP of the account."""
    return list(tx.state.ips.values())


def get_ip(tx: Tx, external_ip: str) -> SendingIp:
    """Return a sending IP; the form of the address is judged before it is looked up."""
    if not IPV4.fullmatch(external_ip):
        raise catalog.IP_INVALID()
    ip = tx.state.ips.get(external_ip)
    if ip is None:
        raise catalog.IP_NOT_FOUND()
    return ip


def move_ip(tx: Tx, ip: SendingIp, ip_pool: str) -> None:
    """Put a sending IP into another pool."""
    if ip_pool not in tx.state.pools:
        raise catalog.TARGET_POOL_DOES_NOT_EXIST(value=ip_pool)
    tx.state.ips[ip.external_ip] = replace(ip, ip_pool=ip_pool)


def _members(tx: Tx, pool_id: str) -> list[SendingIp]:
    return [ip for ip in tx.state.ips.values() if ip.ip_pool == pool_id]


def _new_id(tx: Tx, name: str) -> str:
    """Return the id for a name: lower case, every character outside `[a-z0-9_]` an underscore, a number if taken.

    The one documented pair is `Marketing IP Pool` and `marketing_ip_pool`; the rest is assumed.
    """
    plain = re.sub("[^A-Za-z0-9_]", "_", name).lower()
    if plain == catalog.DEFAULT_POOL:
        return plain
    candidates = itertools.chain([plain], (f"{plain}_{number}" for number in itertools.count(1)))
    return next(pool_id for pool_id in candidates if pool_id not in tx.state.pools)
