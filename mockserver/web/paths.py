"""The paths of a provider's API, with the operations that this server implements and those that it does not."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from .operations import Operation


def parse_operations(text: str) -> Iterator[tuple[str, str]]:
    """Yield the methods and path templates of a list of operations: `GET /v3/ips/{ip}`; `#` starts a comment."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            method, _, path = line.partition(" ")
            yield method, path


@dataclass
class PathItem:
    """A path template and its operations."""

    path: str
    operations: dict[str, Operation | None] = field(default_factory=dict)
    """By method; None for an operation that is not implemented."""
    is_alone: bool | None = None
    """Whether every path that it matches belongs to it; None if that is not known yet."""

    @functools.cached_property
    def methods(self) -> tuple[str, ...]:
        """Its methods, sorted."""
        return tuple(sorted(self.operations))


class _Node:
    """The paths that begin with the same segments."""

    __slots__ = ("fixed", "item", "variable")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.item: PathItem | None = None


class ApiPaths:
    """Path templates. A path belongs to one of them, whatever its method: a fixed segment precedes a variable.

    So `/v3/subusers/reputations` is not `/v3/subusers/{name}`. Werkzeug would try the next rule for another method.
    """

    def __init__(self) -> None:
        self.items: list[PathItem] = []
        self._root = _Node()
        self._rules: dict[str, PathItem] = {}

    def add(self, method: str, path: str, operation: Operation | None = None) -> None:
        """Add an operation, unless the path has it. Templates that differ in the names of variables are the same."""
        node = self._root
        for segment in _segments(path):
            if not segment.startswith("{"):
                node = node.fixed.setdefault(segment, _Node())
            elif node.variable is None:
                node.variable = node = _Node()
            else:
                node = node.variable
        if node.item is None:
            node.item = PathItem(path)
            self.items.append(node.item)
        node.item.operations.setdefault(method, operation)
        self._rules[path.replace("{", "<").replace("}", ">")] = node.item

    def find(self, path: str, rule: str | None = None) -> PathItem | None:
        """Return the template that a path belongs to. One slash at the end is ignored.

        `rule` is the URL rule that the path matches, if it matches one.
        """
        item = self._rules.get(rule) if rule is not None else None
        if item is not None:
            if item.is_alone is None:
                others = _overlapping(self._root, _segments(item.path), 0)
                item.is_alone = "{" not in item.path or all(each is item for each in others)
            if item.is_alone:
                return item
        return _find(self._root, _segments(path), 0)


def _segments(path: str) -> list[str]:
    return path.removesuffix("/").split("/")[1:]


def _find(node: _Node, segments: list[str], start: int) -> PathItem | None:
    if start == len(segments):
        return node.item
    segment = segments[start]
    fixed = node.fixed.get(segment)
    found = None if fixed is None else _find(fixed, segments, start + 1)
    if found is None and node.variable is not None and segment:
        found = _find(node.variable, segments, start + 1)
    return found


def _overlapping(node: _Node, segments: list[str], start: int) -> Iterator[PathItem]:
    """Yield the templates that have a path in common with a template."""
    if start == len(segments):
        if node.item is not None:
            yield node.item
        return
    segment = segments[start]
    if segment.startswith("{"):
        below = list(node.fixed.values())
    else:
        below = [node.fixed[segment]] if segment in node.fixed else []
    if node.variable is not None:
        below.append(node.variable)
    for each in below:
        yield from _overlapping(each, segments, start + 1)
