"""IP addresses: their usual spelling, their order, and new ones from a network for tests."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Container

TEST_NETWORK = ipaddress.IPv4Network("198.18.0.0/15")
"""The network of new IPs. RFC 2544 reserves it for benchmarks: no address in it is on the internet."""

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")

_MAX_LENGTH = 45
"""The length of the longest address; longer texts are not cached."""
_NOT_AN_ADDRESS = 9
"""Stands for the IP version of other texts, which sort last."""


def is_ip(text: str) -> bool:
    """Return whether a text is an IP address."""
    return ip_sort_key(text)[0] != _NOT_AN_ADDRESS


def normalize_ip(text: str) -> str | None:
    """Return an IP address in its usual spelling; None if the text is not one. Zones (`fe80::1%eth0`) are errors."""
    return _normalize(text) if len(text) <= _MAX_LENGTH and "%" not in text else None


def ip_sort_key(text: str) -> tuple[int, int, str]:
    """Return the sort key of an IP address: IPv4 before IPv6, each by number; then other texts."""
    return _sort_key(text) if len(text) <= _MAX_LENGTH else (_NOT_AN_ADDRESS, 0, text)


def unused_ip(number: int, used: Container[str], network: ipaddress.IPv4Network = TEST_NETWORK) -> str:
    """Return the first unused address of a network from the address with this number on."""
    candidates = (str(network[(number + offset) % network.num_addresses]) for offset in range(network.num_addresses))
    return next(address for address in candidates if address not in used)


@functools.lru_cache(maxsize=1 << 16)
def _normalize(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


@functools.lru_cache(maxsize=1 << 16)
def _sort_key(text: str) -> tuple[int, int, str]:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return _NOT_AN_ADDRESS, 0, text
    return ip.version, int(ip), ""
