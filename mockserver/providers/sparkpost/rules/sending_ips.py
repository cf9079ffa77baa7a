"""Sending IPs: their pools, their warm-up, and buying them."""

from __future__ import annotations

from dataclasses import replace

from ....core.addresses import IPV4, unused_ip
from .. import catalog
from ..models import SendingIp, State, new_hostname
from . import Tx


def list_ips(tx: Tx) -> list[SendingIp]:
    """Return every sending IP of the account."""
    return list(tx.state.ips.values())


def get_ip(tx: Tx, external_ip: str) -> SendingIp:
    """Return a sending IP. The format of the address is checked first."""
    if not IPV4.fullmatch(external_ip):
        raise catalog.IP_INVALID()
    ip = tx.state.ips.get(external_ip)
    if ip is None:
        raise catalog.IP_NOT_FOUND()
    return ip


def stage(ip: SendingIp, now: float) -> int | None:
    """Return the stage of warm-up of an IP at a time; None if it is not warming up, or has finished.

    The stage rises by one a day: each day's volume counts as sent.
    """
    if ip.auto_warmup_stage is None or ip.auto_warmup_since is None:
        return ip.auto_warmup_stage
    days = max(0, int((now - ip.auto_warmup_since) // catalog.STAGE_SECONDS))
    reached = ip.auto_warmup_stage + days
    return reached if reached <= catalog.LAST_STAGE else None


def update_ip(
    tx: Tx,
    ip: SendingIp,
    *,
    ip_pool: str | None,
    auto_warmup_enabled: bool | None,
    auto_warmup_stage: int | None,
) -> None:
    """Move a sending IP to another pool, switch its warm-up on or off, or lower its stage. None changes nothing."""
    if ip_pool is not None:
        _check_pool(tx, ip_pool)
    now = stage(ip, tx.now)
    enabled = now is not None if auto_warmup_enabled is None else auto_warmup_enabled
    current = now or catalog.FIRST_STAGE
    if auto_warmup_stage is not None:
        if not enabled:
            raise catalog.STAGE_WITHOUT_WARMUP()
        if auto_warmup_stage > current:
            raise catalog.STAGE_RAISED(count=int(current))
        current = auto_warmup_stage
    wanted = int(current) if enabled else None
    if wanted != now:
        ip = replace(ip, auto_warmup_stage=wanted, auto_warmup_since=None if wanted is None else tx.now)
    tx.state.ips[ip.external_ip] = replace(ip, ip_pool=ip_pool or ip.ip_pool)


def bought_ips(state: State) -> int:
    """Return the number of IPs that count towards the limit of the account."""
    return sum(not ip.customer_provided for ip in state.ips.values())


def buy_ips(tx: Tx, *, ip_pool: str, quantity: int) -> None:
    """Add new IPs, at the first stage of warm-up, to a pool."""
    _check_pool(tx, ip_pool)
    if bought_ips(tx.state) + quantity > tx.state.dedicated_ip_limit:
        raise catalog.TOO_MANY_IPS()
    for _ in range(quantity):
        number = tx.ids.next().number
        address = unused_ip(number, tx.state.ips)
        tx.state.ips[address] = SendingIp(
            address,
            new_hostname(number),
            ip_pool,
            auto_warmup_stage=int(catalog.FIRST_STAGE),
            auto_warmup_since=tx.now,
        )


def _check_pool(tx: Tx, pool_id: str) -> None:
    if pool_id not in tx.state.pools:
        raise catalog.TARGET_POOL_DOES_NOT_EXIST(value=pool_id)
