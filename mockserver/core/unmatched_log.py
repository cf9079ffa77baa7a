"""The log of requests that belong to no tenant, of the whole server."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from .request_log import cut

MAX_RECORDS = 200
"""The maximum number of records; older ones are dropped."""
MAX_TEXT = 1_000
"""The length from which a text in a record is cut, in characters."""


class UnmatchedRecord(NamedTuple):
    """A request that belongs to no tenant, without its headers and its body."""

    time: float
    """By the server's clock, in seconds since the epoch."""
    provider: str | None
    """None if the path is below no provider."""
    operation: str | None
    """The operationId; None if no operation was reached."""
    method: str
    path: str
    """The path with the prefix of the provider."""
    query: str
    host: str
    credential: str | None
    """The credential, redacted; None if it has none that the provider accepts."""
    status: int
    error: str | None
    """The key of the provider's error."""
    reason: str
    """Why it belongs to no tenant, and what to do."""

    def cut(self) -> UnmatchedRecord:
        """Return the record with texts of at most `MAX_TEXT` characters."""
        return self._replace(
            method=cut(self.method, MAX_TEXT),
            path=cut(self.path, MAX_TEXT),
            query=cut(self.query, MAX_TEXT),
            host=cut(self.host, MAX_TEXT),
            reason=cut(self.reason, MAX_TEXT),
        )


class UnmatchedLog:
    """The last requests that belong to no tenant, in memory, with their numbers."""

    def __init__(self) -> None:
        self._records: deque[tuple[int, UnmatchedRecord]] = deque(maxlen=MAX_RECORDS)

    def add(self, number: int, record: UnmatchedRecord) -> None:
        self._records.append((number, record))

    def __iter__(self) -> Iterator[tuple[int, UnmatchedRecord]]:
        return iter(sorted(self._records.copy()))
