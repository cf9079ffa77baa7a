"""What was asked and what was answered: a tenant's requests, newest last, bounded, credentials redacted."""

from __future__ import annotations

import functools
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import Source

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused: the catalog entry, its words and its source."""

    key: str
    message: str
    source: Source


class Record(NamedTuple):
    """One request and its answer."""

    id: str
    seq: int
    time: float
    provider: str
    operation: str | None
    """The operationId; None when no operation was reached."""
    method: str
    path: str
    path_values: Mapping[str, str]
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    credential: str
    account: str | None
    """The subaccount or subuser that the request acted for."""
    status: int | None
    """None if a planned fault closed the connection without a response."""
    refusal: Refusal | None
    read: frozenset[str]
    """Names of the body fields and query parameters that something read; the others were ignored."""
    fault: str | None
    """The planned fault that struck it."""
    misfit: str | None
    """What of our own answer broke our own contract."""
    situation: str | None = None
    """What it met before or instead of an operation, if that is what it was refused for."""

    @property
    def weight(self) -> int:
        """About how many bytes it takes to keep this."""
        headers = sum([len(name) + len(value) for name, value in self.headers])
        return 1_000 + len(self.path) + len(self.query) + headers + len(self.body)


Counted = tuple[str, str | None, str | None, int]
"""A provider, an operationId if one was reached, the key of a refusal if there was one; and how often."""


class Tally:
    """How often each operation was asked for, and how often it was refused with what; it outlives the records."""

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None, str | None]] = Counter()
        self._lock = threading.Lock()

    def add(self, provider: str, operation: str | None, refusal: str | None) -> None:
        """Count a request: its operationId if it reached an operation, the refusal's key if it was refused."""
        with self._lock:
            self._counts[provider, operation, refusal] += 1

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()

    def __iter__(self) -> Iterator[Counted]:
        with self._lock:
            counts = list(self._counts.items())
        return iter([(*key, count) for key, count in counts])


class Room:
    """How much all journals of a server may keep together; beyond it the oldest records go, whosever they are."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._kept: deque[tuple[Journal, int, int]] = deque()
        """Every record ever added that is not known to be gone: its journal, that journal's age, its weight."""
        self._gone = 0
        """How many of those are gone by other ways."""
        self.lock = threading.Lock()

    def take(self, journal: Journal, weight: int) -> None:
        """Make room for a record, at the cost of the oldest ones. Called with the lock held."""
        self._kept.append((journal, journal.age, weight))
        self._left -= weight
        while self._left < 0 and len(self._kept) > 1:
            oldest, age, freed = self._kept.popleft()
            if oldest.still_has(age):
                oldest.drop_oldest()
                self._left += freed
            else:
                self._gone -= 1

    def give_back(self, weight: int, records: int = 1) -> None:
        """Note that a journal dropped records by itself. Called with the lock held."""
        self._left += weight
        self._gone += records
        if self._gone > 1_000 and self._gone * 2 > len(self._kept):
            self._kept = deque(entry for entry in self._kept if entry[0].still_has(entry[1]))
            self._gone = 0


class Journal:
    """The last requests of one tenant; older ones are dropped and counted."""

    __slots__ = ("_early", "_records", "_room", "_seq", "_size", "_weight", "_weights", "age", "dropped", "tally")

    def __init__(self, size: int, room: Room) -> None:
        self._records: deque[Record] = deque()
        self._size = size
        self._room = room
        self._weights: deque[int] = deque()
        self._weight = 0
        self._early = 0
        """How many records it dropped that the room still lists."""
        self._seq = 0
        self.age = 0
        """How often it was cleared."""
        self.dropped = 0
        self.tally = Tally()

    def next_seq(self) -> int:
        """Number a request. Called with the tenant locked, so the numbers follow the order of the transactions."""
        self._seq += 1
        return self._seq

    def add(self, record: Record) -> None:
        self.tally.add(record.provider, record.operation, record.refusal.key if record.refusal is not None else None)
        with self._room.lock:
            weight = record.weight
            self._records.append(record)
            self._weights.append(weight)
            self._weight += weight
            self._room.take(self, weight)
            if len(self._records) > self._size:
                self._early += 1
                self._room.give_back(self.drop_oldest())

    def clear(self) -> None:
        """Forget every record, and how many were dropped; numbers go on."""
        with self._room.lock:
            self.age += 1
            weight, records = self._weight, len(self._records)
            self._records, self._weights = deque(), deque()
            self._weight = self._early = self.dropped = 0
            self._room.give_back(weight, records)

    def reset(self) -> None:
        """Begin anew."""
        self.clear()
        self.tally.clear()
        self._seq = 0

    def drop_oldest(self) -> int:
        """Drop a record and return its weight. Called with the room's lock held."""
        self.dropped += 1
        self._records.popleft()
        weight = self._weights.popleft()
        self._weight -= weight
        return weight

    def still_has(self, age: int) -> bool:
        """Say whether the next record that the room lists is still here; each is asked for once, in order."""
        if age != self.age:
            return False
        if self._early:
            self._early -= 1
            return False
        return True

    def __iter__(self) -> Iterator[Record]:
        with self._room.lock:
            records = list(self._records)
        return iter(sorted(records, key=lambda record: record.seq))

    def __len__(self) -> int:
        return len(self._records)

    @property
    def last(self) -> Record:
        return list(self)[-1]


def redact(secret: str) -> str:
    """Return a credential as it may be shown: its last four characters, if that leaves most of it hidden."""
    return "…" + secret[-4:] if len(secret) >= 12 else "…"


def sent(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return a request's headers as they may be kept."""
    headers = []
    for key, name, is_secret in _headers(tuple(environ)):
        value = environ[key]
        if value or key[:5] == "HTTP_":
            headers.append((name, redact(value) if is_secret else value))
    return tuple(headers)


@functools.lru_cache(maxsize=256)
def _headers(variables: tuple[str, ...]) -> tuple[tuple[str, str, bool], ...]:
    """Return those of some WSGI variables that are headers, with the header's name, and whether it is a secret."""
    found = []
    for key in variables:
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = key
        elif key.startswith("HTTP_") and key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
            name = key[5:]
        else:
            continue
        name = name.replace("_", "-").title()
        found.append((key, name, name.lower() in SECRET_HEADERS))
    return tuple(found)
