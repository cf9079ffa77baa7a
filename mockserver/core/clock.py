"""The clock of a tenant: the server's time with an offset, or frozen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST = -62_135_596_800
LATEST = 253_402_300_799
"""The first and the last second of the years 1 to 9999."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of a tenant, relative to the server's."""

    offset: float = 0.0
    """Seconds that it is ahead of the server."""
    frozen_at: float | None = None
    """The time at which it is frozen, in seconds since the epoch."""

    def now(self, server_time: float) -> float:
        """Return the tenant's time at the server's time `server_time`, both in seconds since the epoch."""
        return self.frozen_at if self.frozen_at is not None else server_time + self.offset

    def set(self, now: float, server_time: float) -> Clock:
        """Return a clock set to a time; it is frozen if this one is."""
        return Clock(now - server_time, now if self.frozen_at is not None else None)

    def freeze(self, server_time: float, *, frozen: bool) -> Clock:
        """Return a clock with the same time, frozen or running."""
        now = self.now(server_time)
        return Clock(now - server_time, now if frozen else None)


_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse(text: str) -> float:
    """Return the seconds since the epoch of an RFC 3339 time. Raises `ValueError`."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"expected an RFC 3339 time, got '{text}'")
    fraction, zone = found[7] or "", found[8].upper()
    whole = datetime.fromisoformat(text[:10] + "T" + text[11:19] + ("+00:00" if zone == "Z" else zone))
    seconds = whole.timestamp() + float(fraction or 0)
    if not EARLIEST <= seconds <= LATEST:
        raise ValueError(f"expected a time in the years 1 to 9999, got '{text}'")
    return seconds


def whole_seconds(now: float) -> int:
    """Return a time in whole seconds, at most `LATEST`."""
    return int(min(now, LATEST))


def format_rfc3339(seconds: float) -> str:
    """Return a time in RFC 3339, in UTC, in microseconds without trailing zeros."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(seconds, LATEST))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")
    return text.rstrip("0").rstrip(".") + "Z"
