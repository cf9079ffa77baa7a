"""Planned faults: what is to go wrong for a tenant, on which operation, how often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
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


class Faults:
    """A tenant's faults, in the order in which they were planned."""

    __slots__ = ("_ended", "_faults", "_lock", "_made", "_over")

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._made = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        """Set when a delay is to be over."""
        self._ended = False

    def wait(self, seconds: float) -> None:
        """Delay a call; raises `ConnectionResetError` when there is nobody left to answer for."""
        if seconds and self._over.wait(seconds) and self._ended:
            raise ConnectionResetError

    def hurry(self) -> None:
        """Let every call that is delayed now be answered at once."""
        over, self._over = self._over, threading.Event()
        over.set()

    def end(self) -> None:
        """End all delays, and delay no call until faults are loaded: there is nobody left."""
        self._ended = True
        self._over.set()

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
        with self._lock:
            self._made += 1
            fault = Fault(f"f{self._made}", operation, kind, status, times, skip, when, delay_seconds)
            self._faults[fault.id] = fault
        return fault

    def take(self, operation: str) -> Fault | None:
        """Return the fault that strikes this call: the first that fits and is not used up, if it lets none pass."""
        if not self._faults:
            return None
        with self._lock:
            fault = next((each for each in self._faults.values() if each.remaining and each.fits(operation)), None)
            if fault is None:
                return None
            if fault.passed < fault.skip:
                self._faults[fault.id] = replace(fault, passed=fault.passed + 1)
                return None
            fault = self._faults[fault.id] = replace(fault, fired=fault.fired + 1)
            return fault

    def get(self, fault_id: str) -> Fault | None:
        return self._faults.get(fault_id)

    def remove(self, fault_id: str) -> None:
        with self._lock:
            self._faults.pop(fault_id, None)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    def __len__(self) -> int:
        return len(self._faults)

    def dump(self) -> tuple[dict[str, Fault], int]:
        return dict(self._faults), self._made

    def load(self, dump: tuple[dict[str, Fault], int]) -> None:
        with self._lock:
            self._faults, self._made = dict(dump[0]), dump[1]
            if self._ended:
                self._ended, self._over = False, threading.Event()
