"""The memory that records take."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable
from sys import getsizeof
from typing import Any

ENTRY = 200
"""The memory of an entry in a table and of its record, without texts and tuples, in bytes."""
SAMPLE = 32
"""The number of items of a tuple that are looked at."""


def weigh(record: Any) -> int:
    """Return the memory that the texts and tuples in a record take, in bytes, approximately.

    A record is a frozen dataclass, a tuple, or a text. The same record always has the same weight.
    """
    kind: Any = type(record)
    if kind is str:
        return getsizeof(record)
    if kind is tuple:
        size = len(record)
        items = record if size <= SAMPLE else record[:: size // SAMPLE]
        return getsizeof(record) + (sum(map(weigh, items)) * size // len(items) if items else 0)
    total = 0
    for value in _values(kind)(record):
        kind = type(value)
        if kind is str:
            total += getsizeof(value)
        elif kind is tuple and value:
            total += weigh(value)
    return total


@functools.cache
def _values(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that returns the values of the fields of a dataclass; nothing of other types."""
    names = [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    return operator.attrgetter(*names, "__class__", "__class__")  # two more, so that it always returns a tuple
