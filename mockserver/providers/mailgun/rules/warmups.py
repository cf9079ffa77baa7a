"""The warm-up of an IP: a plan of stages that follows from when it began and what time it is."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

from .. import catalog
from ..catalog import FIRST_STAGE, STAGE_SECONDS, WARMUP_STAGES
from ..models import Ip
from .account import Tx
from .ips import order, own_dedicated_ip

HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Warmup:
    """A plan at one moment. A stage is filled evenly while its time lasts; times are in seconds since the epoch."""

    ip: str
    stage: int
    """1, 2, 3, …"""
    started_at: int
    sent: int
    """How much of the stage is sent, in percent."""
    hour_started_at: int

    @property
    def stage_started_at(self) -> int:
        return self.started_at + (self.stage - 1) * STAGE_SECONDS

    @property
    def start_volume(self) -> int:
        """What was sent before this stage."""
        return sum(volume(stage) for stage in range(1, self.stage))

    @property
    def history(self) -> list[tuple[int, int]]:
        """When each stage before this one was completed, and its volume."""
        return [(self.started_at + stage * STAGE_SECONDS, volume(stage)) for stage in range(1, self.stage)]


def volume(stage: int) -> int:
    """Return how many messages a stage takes: twice as many as the one before."""
    return FIRST_STAGE << (stage - 1)


def list_warmups(tx: Tx, account: str | None, after: str, limit: int) -> list[Warmup]:
    """Return at most `limit` of the warm-ups of the account's IPs, lowest IP first, beginning after one."""
    found = [ip for ip in tx.state.ips.values() if ip.account == account and ip.is_warming(tx.now)]
    rest = (ip for ip in found if not after or order(ip.ip) > order(after))
    return [_warmup(ip, tx.now) for ip in heapq.nsmallest(limit, rest, key=lambda ip: order(ip.ip))]


def get_warmup(tx: Tx, account: str | None, address: str) -> Warmup:
    """Return the warm-up of an IP."""
    return _warmup(_warming_ip(tx, account, address), tx.now)


def start_warmup(tx: Tx, account: str | None, address: str) -> None:
    """Put an IP on a warm-up."""
    ip = own_dedicated_ip(tx, account, address)
    if ip.is_warming(tx.now):
        raise catalog.IP_ON_WARMUP(ip=address)
    tx.state.ips[address] = replace(ip, warmup=True, warmup_started_at=int(tx.now))


def cancel_warmup(tx: Tx, account: str | None, address: str) -> None:
    """End the warm-up of an IP."""
    ip = _warming_ip(tx, account, address)
    tx.state.ips[address] = replace(ip, warmup=False, warmup_started_at=None)


def _warming_ip(tx: Tx, account: str | None, address: str) -> Ip:
    ip = own_dedicated_ip(tx, account, address)
    if not ip.is_warming(tx.now):
        raise catalog.WARMUP_NOT_FOUND(ip=address)
    return ip


def _warmup(ip: Ip, now: float) -> Warmup:
    """Return the plan of a warming IP at a time; one that does not know when it began is in its first day."""
    started = ip.warmup_started_at if ip.warmup_started_at is not None else int(now // DAY) * DAY
    elapsed = max(0, int(now) - started)
    stage = min(elapsed // STAGE_SECONDS + 1, int(WARMUP_STAGES))
    within = elapsed % STAGE_SECONDS
    return Warmup(ip.ip, stage, started, 100 * within // STAGE_SECONDS, started + elapsed // HOUR * HOUR)
