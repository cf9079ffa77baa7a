"""Warm-ups of IPs: plans of stages, computed from their start and the current time."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

from ....core.addresses import ip_sort_key
from ....core.clock import whole_seconds
from .. import catalog
from ..catalog import FIRST_STAGE, STAGE_SECONDS, WARMUP_STAGES
from ..models import Ip
from . import Tx
from .ips import get_dedicated_ip

HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Warmup:
    """A plan at one time. A stage's volume is sent evenly over its time. Times are in seconds since the epoch."""

    ip: str
    stage: int
    """1, 2, 3, …"""
    started_at: int
    sent: int
    """The share of the stage that is sent, in percent."""
    hour_started_at: int

    @property
    def stage_started_at(self) -> int:
        return self.started_at + (self.stage - 1) * STAGE_SECONDS

    @property
    def start_volume(self) -> int:
        """The number of messages that were sent before this stage."""
        return sum(volume(stage) for stage in range(1, self.stage))

    @property
    def hourly_limit(self) -> int:
        """The number of messages in an hour of the stage."""
        return volume(self.stage) // 24

    @property
    def history(self) -> list[tuple[int, int]]:
        """For each stage before this one, the time it was completed and its volume."""
        return [(self.started_at + stage * STAGE_SECONDS, volume(stage)) for stage in range(1, self.stage)]


def volume(stage: int) -> int:
    """Return the number of messages of a stage: twice as many as of the stage before."""
    return FIRST_STAGE << (stage - 1)


def list_warmups(tx: Tx, account: str | None, *, after: str, limit: int) -> list[Warmup]:
    """Return at most `limit` of the warm-ups of the account's IPs, sorted by IP, from the one after `after` on."""
    warming = [ip for ip in tx.state.ips.values() if ip.account == account and ip.is_warming(tx.now)]
    found = [ip for ip in warming if tx.state.region_of(ip) == tx.region]
    rest = (ip for ip in found if not after or ip_sort_key(ip.ip) > ip_sort_key(after))
    return [warmup_of(ip, tx.now) for ip in heapq.nsmallest(limit, rest, key=lambda ip: ip_sort_key(ip.ip))]


def get_warmup(tx: Tx, account: str | None, address: str) -> Warmup:
    """Return the warm-up of an IP."""
    return warmup_of(_get_warming_ip(tx, account, address), tx.now)


def start_warmup(tx: Tx, account: str | None, address: str) -> None:
    """Start the warm-up of an IP."""
    ip = get_dedicated_ip(tx, account, address)
    if ip.is_warming(tx.now):
        raise catalog.IP_ON_WARMUP(ip=address)
    tx.state.ips[address] = replace(ip, warmup=True, warmup_started_at=whole_seconds(tx.now))


def cancel_warmup(tx: Tx, account: str | None, address: str) -> None:
    """Cancel the warm-up of an IP."""
    ip = _get_warming_ip(tx, account, address)
    tx.state.ips[address] = replace(ip, warmup=False, warmup_started_at=None)


def _get_warming_ip(tx: Tx, account: str | None, address: str) -> Ip:
    ip = get_dedicated_ip(tx, account, address)
    if not ip.is_warming(tx.now):
        raise catalog.WARMUP_NOT_FOUND(ip=address)
    return ip


def warmup_of(ip: Ip, now: float) -> Warmup:
    """Return the plan of a warming IP at a time. Without a start time, it is on its first day."""
    started = ip.warmup_started_at if ip.warmup_started_at is not None else int(now // DAY) * DAY
    elapsed = max(0, whole_seconds(now) - started)
    stage = min(elapsed // STAGE_SECONDS + 1, int(WARMUP_STAGES))
    within = elapsed % STAGE_SECONDS
    return Warmup(ip.ip, stage, started, 100 * within // STAGE_SECONDS, started + elapsed // HOUR * HOUR)
