"""The request log of a tenant: its last requests and their responses, without secrets."""

from __future__ import annotations

import functools
import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import Source

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
HIDDEN = "…"
"""Stands for what is hidden in a record."""
MAX_PROBLEMS = 20
"""The number of problems of requests that are kept, whether or not the requests are dropped."""
MAX_RESPONSE = 1 << 16
"""The number of bytes that are kept of the body of a response."""
MAX_CACHED_VARIABLES, MAX_CACHED_NAMES = 100, 2_000
"""The maximum number of WSGI variables whose names are cached together, and of characters in them."""


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """The provider's error in a response: its key in the error catalog, its message and source."""

    key: str
    message: str
    source: Source


class Record(NamedTuple):
    """One request and its response."""

    id: str
    seq: int
    time: float
    provider: str
    operation: str | None
    """The operationId; None if no operation was reached."""
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
    error: ErrorRecord | None
    fields_read: frozenset[str]
    """Names of the body fields and query parameters that something read; the others were ignored."""
    fault: str | None
    """The id of the planned fault that was applied."""
    response_violation: str | None
    """How the response violates the OpenAPI document."""
    failure: str | None = None
    """Why the request failed before or instead of an operation, if it did."""
    stub: str | None = None
    """The id of the stub that the response is from."""
    response_body: bytes = b""
    """At most `MAX_RESPONSE` bytes of it. Over SMTP it is the text of the reply."""
    milliseconds: float = 0.0
    """From the request to its response, without a planned delay after the operation."""
    cache: list[Any] = []  # noqa: RUF012  replaced by a list of its own in every record
    """What was computed from the record; it is empty until somebody asks."""
    redact: Callable[[Record], Record] | None = None
    """Returns the record without secrets; None if it has none."""

    def redacted(self) -> Record:
        """Return the record without secrets. A record is redacted when it is first read, as most never are."""
        return self if self.redact is None else self.redact(self)._replace(redact=None)

    @property
    def weight(self) -> int:
        """The memory that the record takes, in bytes, approximately."""
        headers = sum([len(name) + len(value) for name, value in self.headers])
        error = len(self.error.message) if self.error is not None else 0
        texts = 2 * len(self.path) + len(self.query) + len(self.body) + len(self.response_body)
        return 1_000 + texts + headers + error


CounterRow = tuple[str, str | None, str | None, int]
"""Provider, operationId if an operation was reached, key of the error if there was one, number of requests."""


class RequestCounter:
    """The number of requests by operation and error. It is not bounded, and keeps counting when records are dropped."""

    __slots__ = ("_counts", "_lock")

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None, str | None]] = Counter()
        self._lock = threading.Lock()

    def add(self, provider: str, operation: str | None, error: str | None) -> None:
        """Count a request."""
        with self._lock:
            self._counts[provider, operation, error] += 1

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()

    def __iter__(self) -> Iterator[CounterRow]:
        with self._lock:
            counts = list(self._counts.items())
        return iter([(*key, count) for key, count in counts])


class RequestLogBudget:
    """The memory that all request logs of a server may take together.

    Beyond it the largest logs lose their oldest records, so that a tenant with many or large requests does not push
    out those of others.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._logs: set[RequestLog] = set()
        """The logs that have records."""
        self.lock = threading.Lock()

    def add(self, log: RequestLog, weight: int) -> None:
        """Count a new record of a log, and make room for it. Called with the lock held."""
        self._logs.add(log)
        self._used += weight
        if self._used > self._size:
            self._make_room(log)

    def subtract(self, log: RequestLog, weight: int) -> None:
        """Count the removal of records of a log. Called with the lock held."""
        self._used -= weight
        if not log:
            self._logs.discard(log)

    def _make_room(self, newest: RequestLog) -> None:
        """Drop records until a sixteenth of the budget is free; the record that was added last stays."""
        goal = self._size - self._size // 16
        heap = [(-log.weight, number, log) for number, log in enumerate(self._logs)]
        heapq.heapify(heap)
        while self._used > goal and heap:
            _, number, log = heapq.heappop(heap)
            if len(log) > (1 if log is newest else 0):
                log.drop_oldest()
                heapq.heappush(heap, (-log.weight, number, log))


class RequestLog:
    """The last requests of one tenant; older ones are dropped and counted."""

    __slots__ = ("_budget", "_problems", "_records", "_seq", "_size", "_weights", "dropped", "request_counts", "weight")

    def __init__(self, size: int, budget: RequestLogBudget) -> None:
        self._records: deque[Record] = deque()
        self._weights: deque[int] = deque()
        self._problems: deque[Mapping[str, Any]] = deque(maxlen=MAX_PROBLEMS)
        self._size = size
        self._budget = budget
        self._seq = 0
        self.weight = 0
        """The memory that its records take, in bytes."""
        self.dropped = 0
        self.request_counts = RequestCounter()

    def next_seq(self) -> int:
        """Return the number of a request. Called with the tenant locked: numbers are in the order of transactions."""
        self._seq += 1
        return self._seq

    def add(self, record: Record, problem: Mapping[str, Any] | None = None) -> None:
        error = record.error.key if record.error is not None else None
        self.request_counts.add(record.provider, record.operation, error)
        with self._budget.lock:
            weight = record.weight
            self._records.append(record)
            self._weights.append(weight)
            self.weight += weight
            self._budget.add(self, weight)
            if len(self._records) > self._size:
                self.drop_oldest()
            if problem is not None:
                self._problems.append({"seq": record.seq, **problem})

    def drop_oldest(self) -> None:
        """Drop the oldest record. Called with the budget's lock held."""
        self._records.popleft()
        weight = self._weights.popleft()
        self.weight -= weight
        self.dropped += 1
        self._budget.subtract(self, weight)

    def clear(self) -> None:
        """Remove all records and problems, and the number of dropped records. Request numbers go on."""
        with self._budget.lock:
            self._problems.clear()
            weight, self.weight, self.dropped = self.weight, 0, 0
            self._records, self._weights = deque(), deque()
            self._budget.subtract(self, weight)

    def reset(self) -> None:
        """Remove everything; the next request has number 1."""
        self.clear()
        self.request_counts.clear()
        self._seq = 0

    def __iter__(self) -> Iterator[Record]:
        with self._budget.lock:
            records = list(self._records)
        by_id = {id(record): record.redacted() for record in records}
        with self._budget.lock:
            self._records = deque([by_id.get(id(record), record) for record in self._records])
        return iter(sorted(by_id.values(), key=lambda record: record.seq))

    def __len__(self) -> int:
        return len(self._records)

    @property
    def problems(self) -> list[Mapping[str, Any]]:
        """The newest problems of requests, also of dropped ones."""
        with self._budget.lock:
            return list(self._problems)

    @property
    def last(self) -> Record:
        return list(self)[-1]


def redact(secret: str) -> str:
    """Return a credential as it may be shown: its last four characters, if that leaves most of it hidden."""
    return HIDDEN + secret[-4:] if len(secret) >= 12 else HIDDEN


def cut(text: str, length: int) -> str:
    """Return a text with at most this many characters, and an ellipsis if there are more."""
    return f"{text[:length]}{HIDDEN}" if len(text) > length else text


def kept_response(body: bytes) -> bytes:
    """Return what is kept of the body of a response."""
    return body if len(body) <= MAX_RESPONSE else body[:MAX_RESPONSE] + HIDDEN.encode()


def milliseconds_since(started: float) -> float:
    """Return the time since a moment of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1_000, 2)


def headers_of(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request, with secrets redacted."""
    variables = tuple(environ)
    is_usual = len(variables) <= MAX_CACHED_VARIABLES and len("".join(variables)) <= MAX_CACHED_NAMES
    return tuple(
        [
            (name, redact(value.rpartition(" ")[2]) if is_secret else value)
            for key, name, is_secret in (_cached_headers if is_usual else _headers)(variables)
            if (value := environ[key]) or key.startswith("HTTP_")
        ]
    )


def _headers(variables: tuple[str, ...]) -> tuple[tuple[str, str, bool], ...]:
    """Return the WSGI variables that are headers, each with the name of the header, and whether it is a secret."""
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


_cached_headers = functools.lru_cache(maxsize=256)(_headers)
