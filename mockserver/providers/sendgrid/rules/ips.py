"""Changes of IPs that both APIs share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....core.addresses import TEST_NETWORK, unused_ip
from ....core.clock import whole_seconds
from .. import catalog
from ..models import Ip, rdns_name
from . import Tx

NETWORKS = dict(zip(("us", "eu"), TEST_NETWORK.subnets(), strict=True))
"""The network of new IPs, by region."""


def lease_ips(
    tx: Tx, count: int, *, region: str, warmup: bool, parent_assigned: bool, subusers: Sequence[str]
) -> list[Ip]:
    """Add IPs of SendGrid's to the account. The caller has checked that it may have them.

    They have reverse DNS, without which they cannot join a pool; with a switch the customer sets it up first.
    """
    now = whole_seconds(tx.now)
    has_rdns = not tx.state.profile[catalog.IPS_WAIT_FOR_RDNS]
    rdns_ids = {ip.rdns_id for ip in tx.state.ips.values()}
    new: list[Ip] = []
    for _ in range(count):
        number = tx.ids.next().number
        address = unused_ip(number, tx.state.ips, NETWORKS[region])
        while number in rdns_ids:
            number += 1
        rdns_ids.add(number)
        ip = tx.state.ips[address] = Ip(
            address,
            rdns=rdns_name(address) if has_rdns else None,
            rdns_id=number if has_rdns else None,
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
