"""Planned faults: what is to go wrong for a tenant, on which operation, how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["error", "delay", "drop", "truncate"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned fault and how far it is."""

    id: str
    operation: str
    """`provider.operationId`, `provider.*`, or `*`."""
    kind: Kind
    status: int | None
    times: int
    skip: int
    """How many calls it lets pass first."""
    when: When
    """Before the operation, which then does not happen; or after it has been done for good."""
    delay_seconds: float | None = None
    passed: int = 0
    fired: int = 0

    @property
    def remaining(self) -> int:
        return self.times - self.fired

    @property
    def completed(self) -> bool:
        return self.remaining == 0

    def fits(self, operation: str) -> bool:
        return self.operation in ("*", operation, f"{operation.partition('.')[0]}.*")


class ConnectionDropped(ConnectionResetError):
    """A planned fault, or the end of its tenant, closes the connection of a request without a response."""


class Waits(BaseException):
    """A call that is to be delayed came where nobody may wait: it has to be made again from where one may.

    It is no error, and nothing that looks for errors on its way is to take it for one.
    """


class Faults:
    """A tenant's faults, in the order in which they were planned."""

    __slots__ = ("_faults", "made")

    def __init__(self, faults: Iterable[Fault] = (), made: int = 0) -> None:
        self._faults = {fault.id: fault for fault in faults}
        self.made = made
        """How many were ever planned."""

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
    ) -> Fault:
        self.made += 1
        fault = Fault(f"f{self.made}", operation, kind, status, times, skip, when, delay_seconds)
        self._faults[fault.id] = fault
        return fault

    def take(self, operation: str, *, may_wait: bool = True) -> Fault | None:
        """Return the fault that strikes this call: the first that fits and is not used up, if it lets none pass.

        Raises `Waits`, and uses nothing up, if it is a delay for a call that may not wait.
        """
        fault = next((each for each in self._faults.values() if each.remaining and each.fits(operation)), None)
        if fault is None:
            return None
        if fault.passed < fault.skip:
            self._faults[fault.id] = replace(fault, passed=fault.passed + 1)
            return None
        if fault.delay_seconds and not may_wait:
            raise Waits
        fault = self._faults[fault.id] = replace(fault, fired=fault.fired + 1)
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
        return Faults(self._faults.values(), self.made)
