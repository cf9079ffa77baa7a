"""What was asked and what was answered: a tenant's requests, newest last, bounded, credentials redacted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .errors import Source

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused: the catalog entry, its words and its source."""

    key: str
    message: str
    source: Source


@dataclass(frozen=True, slots=True)
class Record:
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
    status: int
    refusal: Refusal | None
    read: frozenset[str]
    """Names of the body fields and query parameters that something read; the others were ignored."""
    misfit: str | None
    """What of our own answer broke our own contract."""


class Journal:
    """The last requests of one tenant; older ones are dropped and counted."""

    __slots__ = ("_records", "dropped", "_seq")

    def __init__(self, size: int) -> None:
        self._records: deque[Record] = deque(maxlen=size)
        self.dropped = 0
        self._seq = 0

    def next_seq(self) -> int:
        """Number a request. Called with the tenant locked, so the numbers follow the order of the transactions."""
        self._seq += 1
        return self._seq

    def add(self, record: Record) -> None:
        if len(self._records) == self._records.maxlen:
            self.dropped += 1
        self._records.append(record)

    def __iter__(self) -> Iterator[Record]:
        return iter(sorted(self._records, key=lambda record: record.seq))

    def __len__(self) -> int:
        return len(self._records)

    @property
    def last(self) -> Record:
        return max(self._records, key=lambda record: record.seq)


def redact(secret: str) -> str:
    """Return a credential as it may be shown: its last four characters, if that leaves most of it hidden."""
    return "…" + secret[-4:] if len(secret) >= 12 else "…"


def shown(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return request headers as they may be kept."""
    return tuple((name, redact(value) if name.lower() in SECRET_HEADERS else value) for name, value in headers)
