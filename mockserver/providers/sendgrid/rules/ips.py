"""Changes of IPs that both APIs share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....core.addresses import TEST_NETWORK, unused_ip
from ....core.clock import whole_seconds
from ..models import Ip
from . import Tx

NETWORKS = dict(zip(("us", "eu"), TEST_NETWORK.subnets(), strict=True))
"""The network of new IPs, by region."""


def lease_ips(
    tx: Tx, count: int, *, region: str, warmup: bool, parent_assigned: bool, subusers: Sequence[str]
) -> list[Ip]:
    """Add IPs of SendGrid's to the account. The caller has checked that it may have them.

    They have reverse DNS, which at SendGrid the customer sets up first: this server has no operation for that, and
    without reverse DNS they could not join a pool.
    """
    now = whole_seconds(tx.now)
    new: list[Ip] = []
    for _ in range(count):
        address = unused_ip(tx.ids.next().number, tx.state.ips, NETWORKS[region])
        ip = tx.state.ips[address] = Ip(
            address,
            rdns=f"o{address.replace('.', '-')}.outbound-mail.sendgrid.net",
            region=region,
            warmup=warmup,
            start_date=now if warmup else None,
            parent_assigned=parent_assigned,
            subusers=tuple(subusers),
            added_at=now,
        )
        new.append(ip)
    tx.state.remaining_ips -= count
    return new


def with_warmup(tx: Tx, ip: Ip, warmup: bool) -> Ip:
    """Return an IP with its warm-up started now, unless it has started already, or stopped."""
    if warmup == ip.warmup:
        return ip
    return replace(ip, warmup=warmup, start_date=whole_seconds(tx.now) if warmup else None)
