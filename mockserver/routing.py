"""Which operation of a provider a request is for: the paths that there are, and how their parts are read."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, NoReturn, TypeVar
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter, Map, Rule

T = TypeVar("T")
KNOWN = 256
"""For how many paths it is remembered where they lead."""
SHORT = 256
"""How long a path may be that is remembered, in characters."""


class Route(NamedTuple, Generic[T]):
    """Where a request leads."""

    found: T
    values: Mapping[str, str]
    """The parts of the path that the operation is about, decoded."""
    methods: tuple[str, ...]
    """Every method that there is on this path, in order of the alphabet."""


class Routing(Generic[T]):
    """Paths under a prefix, with their methods and what is found there. Nothing changes it, so one will do for all."""

    def __init__(self, prefix: str, paths: Iterable[tuple[str, Sequence[str], T]]) -> None:
        rules = []
        self._methods: dict[str, tuple[str, ...]] = {}
        for path, methods, found in paths:
            text = prefix + re.sub(r"\{(\w+)\}", r"<\1>", path)
            rule = Path(text, methods=methods, endpoint=found)
            rule.methods = set(methods)  # without HEAD, Werkzeug's own addition: no provider documents it
            rules.append(rule)
            self._methods[text] = tuple(sorted({*self._methods.get(text, ()), *methods}))
        every = Map(rules, strict_slashes=False, merge_slashes=False, converters={"default": Segment})
        self._adapter = every.bind("localhost")
        self._known = functools.lru_cache(KNOWN)(self._find)

    def match(self, path: str, method: str) -> Route[T]:
        """Return where a request leads. Raises Werkzeug's `NotFound` and `MethodNotAllowed`."""
        return self._known(path, method) if len(path) <= SHORT else self._find(path, method)

    def _find(self, path: str, method: str) -> Route[T]:
        rule, values = self._adapter.match(path, method, return_rule=True)
        return Route(rule.endpoint, values, self._methods[rule.rule])


class Segment(BaseConverter):
    """One segment of a path, in which an encoded slash is part of the value and not a separator."""

    regex = "[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        return unquote_to_bytes(value).decode("utf-8", "replace")


class Path(Rule):
    """A path that is matched and never built.

    Werkzeug compiles two functions for each rule that would build its URL, which takes four fifths of the time of a map
    of them. Should a later Werkzeug call this otherwise, it compiles them again.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _not_built


def _not_built(*_: object, **__: object) -> NoReturn:
    raise NotImplementedError("paths are matched here, and not built")
