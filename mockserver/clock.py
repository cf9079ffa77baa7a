"""The time of one tenant: the server's, moved or stopped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST = -62_135_596_800
LATEST = 253_402_300_799
"""The first and the last second that can be written."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How a tenant's time follows from the server's."""

    offset: float = 0.0
    """Seconds that it is ahead."""
    frozen: float | None = None
    """The time at which it stands, in seconds since the epoch, if it stands."""

    def now(self, wall: float) -> float:
        """Return the tenant's time at the server's time `wall`, both in seconds since the epoch."""
        return self.frozen if self.frozen is not None else wall + self.offset

    def set(self, now: float, wall: float) -> Clock:
        """Return a clock that shows `now` and goes on as this one does."""
        return Clock(now - wall, now if self.frozen is not None else None)

    def freeze(self, wall: float, *, frozen: bool) -> Clock:
        """Return a clock that shows the same time and stands, or goes on from there."""
        now = self.now(wall)
        return Clock(now - wall, now if frozen else None)


_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse(text: str) -> float:
    """Return the seconds since the epoch of an RFC 3339 time. Raises `ValueError`."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no RFC 3339 time")
    fraction, zone = found[7] or "", found[8].upper()
    whole = datetime.fromisoformat(text[:10] + "T" + text[11:19] + ("+00:00" if zone == "Z" else zone))
    seconds = whole.timestamp() + float(fraction or 0)
    if not EARLIEST <= seconds <= LATEST:
        raise ValueError(f"'{text}' is not in the years 1 to 9999 of UTC")
    return seconds


def show(seconds: float) -> str:
    """Return a time in RFC 3339, in UTC, to the microsecond, without zeros that say nothing."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(seconds, LATEST))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")
    return text.rstrip("0").rstrip(".") + "Z"
