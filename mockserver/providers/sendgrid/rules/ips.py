"""IPs, as far as both APIs change them in the same way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..models import Ip
from . import Tx

_FIRST = {"us": ipaddress.IPv4Address("168.245.0.0"), "eu": ipaddress.IPv4Address("159.183.128.0")}
"""Before the first address that is sold, by region."""


def lease(tx: Tx, count: int, *, region: str, warmup: bool, parent_assigned: bool, subusers: Sequence[str]) -> list[Ip]:
    """Give the account IPs of SendGrid's; that it may have them has been checked.

    They have reverse DNS, though at SendGrid the customer has to set that up first: here nothing could, and without it
    they could join no pool.
    """
    now = int(tx.now)
    made: list[Ip] = []
    for address in _new_addresses(tx, region):
        if len(made) == count:
            break
        made.append(
            Ip(
                address,
                rdns=f"o{address.replace('.', '-')}.outbound-mail.sendgrid.net",
                region=region,
                warmup=warmup,
                start_date=now if warmup else None,
                parent_assigned=parent_assigned,
                subusers=tuple(subusers),
                added_at=now,
            )
        )
    tx.state.ips.update((ip.ip, ip) for ip in made)
    tx.state.remaining_ips -= count
    return made


def warm(tx: Tx, ip: Ip, warmup: bool) -> Ip:
    """Return an IP in warm-up, which begins now unless it has begun, or out of it."""
    if warmup == ip.warmup:
        return ip
    return replace(ip, warmup=warmup, start_date=int(tx.now) if warmup else None)


def _new_addresses(tx: Tx, region: str) -> Iterator[str]:
    while True:
        address = str(_FIRST[region] + tx.ids.next().number)
        if address not in tx.state.ips:
            yield address
