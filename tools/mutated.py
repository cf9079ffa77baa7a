"""What a mutated or marked copy of the package calls; `tools/mutate.py` puts this file beside the copy."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import marshmallow

_seen: set[tuple[int, str]] = set()


@functools.cache
def _record() -> int:
    return os.open(Path(__file__).parent / "reached", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def reached(number: int) -> bool:
    """Record that the current test reaches a mutant; without a test, some import does."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" (")[0].partition("[")[0]
    if (number, test) not in _seen:
        _seen.add((number, test))
        os.write(_record(), f"{number} {test}\n".encode())
    return True


def accept_any_type(field: Any) -> None:
    """Let a field return a value of the wrong type as it is."""

    class Lenient(type(field)):  # type: ignore[misc]
        def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return super()._deserialize(value, *args, **kwargs)
            except marshmallow.ValidationError:
                return value

    field.__class__ = Lenient


def mark(field: Any, number: int) -> None:
    """Let a field record the tests in which its value is invalid."""

    class Marked(type(field)):  # type: ignore[misc]
        def deserialize(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return super().deserialize(*args, **kwargs)
            except marshmallow.ValidationError:
                reached(number)
                raise

    field.__class__ = Marked
