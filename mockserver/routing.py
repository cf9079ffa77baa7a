"""Which operation of a provider a request is for: the paths that there are, and how their parts are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter, Map, Rule

from .provider import Operation, Provider


class Route(NamedTuple):
    """Where a request leads."""

    operation: Operation | None
    """None: an operation that the provider has and this server does not."""
    values: Mapping[str, str]
    """The parts of the path that the operation is about, decoded."""
    methods: tuple[str, ...]
    """Every method that the provider has on this path, in order of the alphabet."""


class Routing:
    """Every path of a provider, under its prefix. Nothing changes it, so one will do for all applications."""

    def __init__(self, provider: Provider) -> None:
        rules = []
        self._methods: dict[str, tuple[str, ...]] = {}
        modelled = [(path, [each.method], each) for each in provider.operations for path in each.paths]
        others = [(path, list(methods), None) for path, methods in provider.unmodelled.items()]
        for path, methods, operation in [*modelled, *others]:
            text = f"/{provider.name}" + re.sub(r"\{(\w+)\}", r"<\1>", path)
            rule = Path(text, methods=methods, endpoint=operation)
            rule.methods = set(methods)  # without HEAD, Werkzeug's own addition: no provider documents it
            rules.append(rule)
            self._methods[text] = tuple(sorted({*self._methods.get(text, ()), *methods}))
        every = Map(rules, strict_slashes=False, merge_slashes=False, converters={"default": Segment})
        self._adapter = every.bind("localhost")

    def match(self, path: str, method: str) -> Route:
        """Return where a request leads. Raises Werkzeug's `NotFound` and `MethodNotAllowed`."""
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
