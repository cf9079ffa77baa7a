"""Planned faults: responses, delays and broken connections that are injected into requests of a tenant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["error", "delay", "drop", "truncate", "timeout"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A planned fault, and how often it was applied."""

    id: str
    operation: str
    """`provider.operationId`, `provider.*`, or `*`."""
    kind: Kind
    status: int | None
    times: int
    skip: int
    """The number of matching requests that it skips first."""
    when: When
    """Before the operation, which is then not executed, or after it has been committed."""
    delay_seconds: float | None = None
    error: str | None = None
    """The key of the provider's error that it returns."""
    headers: Iterable[tuple[str, str]] = ()
    """The names and values of headers that its response has."""
    body: str | None = None
    """The body of its response; None for the error of the provider with its status, if that is 400 or more."""
    skipped: int = 0
    applied: int = 0

    @property
    def remaining(self) -> int:
        return self.times - self.applied

    @property
    def completed(self) -> bool:
        return self.remaining == 0

    def matches(self, operation: str) -> bool:
        return self.operation in ("*", operation, f"{operation.partition('.')[0]}.*")


class ConnectionDropped(ConnectionResetError):
    """A planned fault closes the connection without a response, or the tenant was deleted or reset during a delay."""


class Faults:
    """The faults of a tenant in order of creation."""

    __slots__ = ("_faults", "created")

    def __init__(self, faults: Iterable[Fault] = (), created: int = 0) -> None:
        self._faults = {fault.id: fault for fault in faults}
        self.created = created
        """The number of faults ever created."""

    def add(
        self,
        operation: str,
        kind: Kind,
        *,
        status: int | None = None,
        times: int = 1,
        skip: int = 0,
        when: When = "before",
        delay_seconds: float | None = None,
        error: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: str | None = None,
    ) -> Fault:
        self.created += 1
        fault = Fault(
            f"f{self.created}", operation, kind, status, times, skip, when, delay_seconds, error, headers, body
        )
        self._faults[fault.id] = fault
        return fault

    def take(self, operation: str) -> Fault | None:
        """Return the fault that applies to a request: the first that matches and remains, unless it skips this one."""
        fault = next((each for each in self._faults.values() if each.remaining and each.matches(operation)), None)
        if fault is None:
            return None
        if fault.skipped < fault.skip:
            self._faults[fault.id] = replace(fault, skipped=fault.skipped + 1)
            return None
        fault = self._faults[fault.id] = replace(fault, applied=fault.applied + 1)
        return fault

    def get(self, fault_id: str) -> Fault | None:
        return self._faults.get(fault_id)

    def remove(self, fault_id: str) -> None:
        self._faults.pop(fault_id, None)

    def clear(self) -> None:
        self._faults.clear()

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    def __len__(self) -> int:
        return len(self._faults)

    def copy(self) -> Faults:
        return Faults(self._faults.values(), self.created)
