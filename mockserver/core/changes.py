"""What distinguishes a state from the seed of its tenant, as plain data."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

from . import profiles
from .store import State, Table

S = TypeVar("S", bound=State)


def dump(state: State, seed: State) -> dict[str, Any]:
    """Return the fields of a state that differ from a seed: of a table its changes, of others the value."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(state):
        value, base = getattr(state, field.name), getattr(seed, field.name)
        if type(value) is Table:
            gone, records = value.changes(base)
            if gone is None or gone or records:
                found[field.name] = [gone, {key: _encode(record) for key, record in records.items()}]
        elif value != base:
            found[field.name] = value.dump() if field.name == "profile" else _encode(value)
    return found


def load(seed: S, data: Mapping[str, Any]) -> S:
    """Return the state that differs from a seed in this. Raises built-in exceptions if it is not from `dump`."""
    kind: Any = type(seed)
    state, records = seed.copy(), _records(kind)
    for name, value in data.items():
        base = getattr(seed, name)
        if type(base) is Table:
            gone, own = value
            changed: Any = base.changed(gone, {key: _decode(each, records) for key, each in own.items()})
        else:
            changed = profiles.load(value) if name == "profile" else _decode(value, records)
        setattr(state, name, changed)
    return state


def _encode(value: Any) -> Any:
    """Return a value as JSON has it: a record is an object with the name of its type, a tuple is a list."""
    kind = type(value)
    if kind is tuple:
        return [_encode(each) for each in value]
    if kind is frozenset:
        return {"frozenset": sorted(value)}
    if dataclasses.is_dataclass(kind):
        return {kind.__name__: [_encode(each) for each in _values(kind)(value)]}
    return value


def _decode(value: Any, records: Mapping[str, Callable[..., Any]]) -> Any:
    if type(value) is list:
        return tuple([_decode(each, records) for each in value])
    if type(value) is dict:
        ((name, values),) = value.items()
        return frozenset(values) if name == "frozenset" else records[name](*[_decode(each, records) for each in values])
    return value


@functools.cache
def _values(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    names = [field.name for field in dataclasses.fields(kind)]
    if len(names) == 1:
        return lambda record: (getattr(record, names[0]),)
    return operator.attrgetter(*names)


@functools.cache
def _records(kind: type) -> Mapping[str, Callable[..., Any]]:
    """Return the types of the records in a state, by name."""
    found: dict[str, Callable[..., Any]] = {}
    hints = [*get_type_hints(kind).values()]
    while hints:
        hint = hints.pop()
        if dataclasses.is_dataclass(hint) and isinstance(hint, type) and hint.__name__ not in found:
            found[hint.__name__] = hint
            hints += get_type_hints(hint).values()
        hints += get_args(hint)
    return found
