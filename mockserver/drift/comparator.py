"""Comparison of two runs of a script: a recording with this server, or with the service at a later time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.addresses import is_ip
from ..web.service import Service
from .connection import Reply
from .differences import Comparison, short
from .recording import Exchange

MAX_TRIALS = 200
"""The maximum number of items of a list for which every pair is tried; beyond it, items are paired in their order."""

Found = tuple[str, str, str]
"""A difference: the path, the change, and a text."""


class Comparator:
    """Compares responses. Identifiers have to differ or agree in one run as they do in the other."""

    def __init__(self, service: Service, recorded: Mapping[str, str], other: Mapping[str, str]) -> None:
        self._service = service
        self._variables = recorded, other
        self._pairs: tuple[dict[str, str], dict[str, str]] = ({}, {})
        """The identifiers of each run by those of the other."""
        self._values = 0
        for name in recorded.keys() & other.keys():
            self._agree(recorded[name], other[name])

    def compare(self, recorded: Sequence[Exchange], other: Sequence[Exchange]) -> Comparison:
        """Return the differences of two runs of the same script."""
        result = Comparison()
        replies = {each.name: each.reply for each in other}
        for exchange in recorded:
            where = f"{exchange.name}: {exchange.method} {exchange.path}"
            reply = replies.pop(exchange.name, None)
            if reply is None:
                result.add(where, "response", "gone", "the request was not sent")
                continue
            for path, change, detail in self._replies(exchange.reply, reply):
                result.add(where, path, change, detail)  # type: ignore[arg-type]
        for exchange in other:
            if exchange.name in replies:
                result.add(f"{exchange.name}: {exchange.method} {exchange.path}", "response", "new")
        result.compared = self._values
        return result

    def _replies(self, recorded: Reply, other: Reply) -> Iterator[Found]:
        self._values += 2
        if recorded.status != other.status:
            yield "status", "changed", f"recorded {recorded.status}, now {other.status}"
        if recorded.content_type != other.content_type:
            yield "content type", "changed", f"recorded {recorded.content_type!r}, now {other.content_type!r}"
        if recorded.is_json and other.is_json:
            yield from self._nodes(recorded.body, other.body, "body", "")
        elif recorded.is_json or other.is_json or self._text(recorded.body, 0) != self._text(other.body, 1):
            yield "body", "changed", f"recorded {short(recorded.body)}, now {short(other.body)}"

    def _nodes(self, recorded: Any, other: Any, path: str, field: str) -> Iterator[Found]:
        self._values += 1
        if _kind(recorded) != _kind(other):
            yield path, "changed", f"recorded {_kind(recorded)}, now {_kind(other)}"
        elif isinstance(recorded, Mapping):
            yield from self._objects(recorded, other, path, field)
        elif isinstance(recorded, list):
            yield from self._lists(recorded, other, path, field)
        elif field in self._service.stable:
            one, another = (self._text(each, run) for run, each in enumerate((recorded, other)))
            if one != another:
                yield path, "changed", f"recorded {short(recorded)}, now {short(other)}"
        elif field in self._service.identifiers and not self._agree(str(recorded), str(other)):
            yield path, "changed", f"recorded {short(recorded)}, now {short(other)}, which is another record"

    def _objects(self, recorded: Mapping[str, Any], other: Mapping[str, Any], path: str, field: str) -> Iterator[Found]:
        if recorded and other and all(map(is_ip, [*recorded, *other])):  # an object by IP
            yield from self._lists(_by_ip(recorded), _by_ip(other), path, field)
            return
        for name in recorded:
            if name not in other:
                yield f"{path}/{name}", "gone", f"recorded {short(recorded[name])}"
            else:
                yield from self._nodes(recorded[name], other[name], f"{path}/{name}", name)
        for name in other:
            if name not in recorded:
                yield f"{path}/{name}", "new", f"now {short(other[name])}"

    def _lists(self, recorded: list[Any], other: list[Any], path: str, field: str) -> Iterator[Found]:
        """Compare lists without their order: equal items first, then those that agree, then the rest in order."""
        if len(recorded) != len(other):
            yield path, "changed", f"recorded {len(recorded)} items, now {len(other)}"
        left: dict[str, list[Any]] = {}
        for item in other:
            left.setdefault(_canonical(item), []).append(item)
        rest = []
        for index, item in enumerate(recorded):
            equal = left.get(_canonical(item))
            if equal:
                yield from self._nodes(item, equal.pop(), f"{path}/{index}", field)
            else:
                rest.append((index, item))
        candidates = [item for items in left.values() for item in items]
        for index, item in rest:
            if not candidates:
                return
            position = self._position(item, candidates, field)
            yield from self._nodes(item, candidates.pop(position), f"{path}/{index}", field)

    def _position(self, item: Any, candidates: list[Any], field: str) -> int:
        """Return the position of the candidate with the fewest differences from an item."""
        counts = []
        for candidate in candidates[:MAX_TRIALS]:
            (forward, backward), values = self._pairs, self._values
            self._pairs = dict(forward), dict(backward)
            counts.append(sum(1 for _ in self._nodes(item, candidate, "", field)))
            self._pairs, self._values = (forward, backward), values
            if not counts[-1]:
                break
        return counts.index(min(counts))

    def _agree(self, recorded: str, other: str) -> bool:
        """Return whether two identifiers can be those of one record, and keep that they are."""
        forward, backward = self._pairs
        return forward.setdefault(recorded, other) == other and backward.setdefault(other, recorded) == recorded

    def _text(self, value: Any, run: int) -> Any:
        """Return a value of the API, with the names of variables in place of their values in it."""
        if not isinstance(value, str):
            return value
        for name, text in sorted(self._variables[run].items(), key=lambda item: -len(item[1])):
            value = value.replace(text, f"{{{name}}}")
        return value


def _kind(value: Any) -> str:
    """Return the JSON type of a value."""
    kinds: dict[type, str] = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return kinds.get(type(value), "a number")


def _by_ip(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"ip": ip, "value": value} for ip, value in found.items()]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
