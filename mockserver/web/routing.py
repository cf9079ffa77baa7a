"""URL rules of operations, and a URL map that binds them when first requested."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from flask import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, MapAdapter, Rule, RuleFactory

CACHED_MATCHES = 512
"""The maximum number of cached matches, by path and method."""
MAX_CACHED_PATH = 256
"""The maximum length of a path and method in the cache, in characters."""


class SegmentConverter(BaseConverter):
    """One segment of a path; an encoded slash is part of the value and not a separator."""

    regex = "[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        return unquote_to_bytes(value).decode("utf-8", "replace")

    def to_url(self, value: Any) -> str:
        return quote(str(value), safe="!$&'()*+,:;=@")


class OperationRule(Rule):
    """The URL rule of an operation: no implicit HEAD or OPTIONS, no redirects, encoded slashes are kept.

    This is set on the rule, so other rules of the application are not affected.
    """

    provide_automatic_options = False

    def __init__(self, string: str, **options: Any) -> None:
        super().__init__(string, strict_slashes=False, merge_slashes=False, **options)
        if self.methods is not None:
            self.methods.discard("HEAD")

    def get_converter(
        self, variable_name: str, converter_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> BaseConverter:
        if converter_name == "default":
            return SegmentConverter(self.map)
        return super().get_converter(variable_name, converter_name, args, kwargs)

    def empty(self) -> OperationRule:
        return type(self)(self.rule, methods=self.methods, endpoint=self.endpoint, subdomain=self.subdomain)

    @property
    def segments(self) -> tuple[str | None, ...] | None:
        """Its segments, None for a variable; None if a variable may be several segments, unlike the default one."""
        return _segments(self.rule)

    def fits(self, path: Sequence[str]) -> bool:
        """Return whether a path of as many segments could match: the fixed segments are the same."""
        return all(own is None or own == other for own, other in zip(self.segments or (), path, strict=True))


@functools.cache
def _segments(rule: str) -> tuple[str | None, ...] | None:
    if re.search("<[^>]*:", rule) is not None:
        return None
    return tuple(None if "<" in part else part for part in rule.strip("/").split("/"))


class LazyMap(Map):
    """A URL map that binds an operation's rule when its path is first requested, and caches matches.

    Werkzeug takes half a millisecond to bind a rule, most of it for `url_for`; two hundred rules would be a third of
    the startup time. Rules of other kinds are bound at once.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.unbound_rules: defaultdict[int, dict[int, OperationRule]] = defaultdict(dict)
        """By number of segments, and by number of registration."""
        self.registered = itertools.count()
        self.binding_lock = threading.RLock()
        self.cached_match = functools.lru_cache(CACHED_MATCHES)(self.match_uncached)
        super().__init__(*args, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        with self.binding_lock:
            if isinstance(rulefactory, OperationRule) and rulefactory.segments is not None:
                self.unbound_rules[len(rulefactory.segments)][next(self.registered)] = rulefactory
            else:
                super().add(rulefactory)
            self.cached_match.cache_clear()

    def bind_for(self, path: str) -> None:
        """Bind the rules that could match a path."""
        segments = path.strip("/").split("/")
        unbound = self.unbound_rules.get(len(segments), {})
        for number in [number for number, rule in unbound.items() if rule.fits(segments)]:
            super().add(unbound.pop(number))

    def bind_all(self) -> None:
        """Bind every rule, in the order of registration: `url_for` prefers the first one of an endpoint."""
        with self.binding_lock:
            unbound = {number: rule for rules in self.unbound_rules.values() for number, rule in rules.items()}
            self.unbound_rules.clear()
            for number in sorted(unbound):
                super().add(unbound[number])

    def bind(self, *args: Any, **options: Any) -> LazyMapAdapter:
        return self._lazy(super().bind(*args, **options))

    def bind_to_environ(self, *args: Any, **options: Any) -> LazyMapAdapter:
        return self._lazy(super().bind_to_environ(*args, **options))

    def _lazy(self, bound: MapAdapter) -> LazyMapAdapter:
        return LazyMapAdapter(
            self,
            bound.server_name,
            bound.script_name,
            bound.subdomain,
            bound.url_scheme,
            bound.path_info,
            bound.default_method,
            bound.query_args,
        )

    def adapter(self, request: Request) -> LazyMapAdapter:
        """Return the adapter of a request. Its host is not checked: only `url_for` with an external URL uses it."""
        environ = request.environ
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        query = environ.get("QUERY_STRING")
        return LazyMapAdapter(self, host, request.root_path, "", request.scheme, request.path, request.method, query)

    def match(self, path: str, method: str) -> tuple[OperationRule, Mapping[str, Any]] | None:
        """Return an operation's rule and the values for a path and method; None if another rule matches, or none."""
        if len(path) + len(method) > MAX_CACHED_PATH:
            return self.match_uncached(path, method)
        return self.cached_match(path, method)

    def match_uncached(self, path: str, method: str) -> tuple[OperationRule, Mapping[str, Any]] | None:
        adapter = super().bind("localhost", path_info=path, default_method=method)
        with self.locked_for(path):
            try:
                rule, values = adapter.match(return_rule=True)
            except HTTPException:
                return None
        return (rule, values) if isinstance(rule, OperationRule) else None

    @contextlib.contextmanager
    def locked_for(self, path: str) -> Iterator[None]:
        """Bind the rules that could match a path, and lock the map while it is matched."""
        with self.binding_lock:
            self.bind_for(path)
            yield

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        self.bind_all()
        return super().is_endpoint_expecting(endpoint, *arguments)

    def iter_rules(self, endpoint: Any | None = None) -> Iterator[Rule]:
        self.bind_all()
        return super().iter_rules(endpoint)


class LazyMapAdapter(MapAdapter):
    """An adapter of a `LazyMap`."""

    map: LazyMap

    def match(self, *args: Any, **options: Any) -> Any:
        if not args and options == {"return_rule": True} and not self.websocket and not self.subdomain:
            found = self.map.match(self.path_info, self.default_method)
            if found is not None:
                return found[0], dict(found[1])
        path = args[0] if args else options.get("path_info")
        with self.map.locked_for(self.path_info if path is None else path):
            return super().match(*args, **options)

    def build(self, *args: Any, **options: Any) -> str:
        with self.map.binding_lock:  # rules must not be sorted while others are matched
            self.map.bind_all()
            self.map.update()
        return super().build(*args, **options)
