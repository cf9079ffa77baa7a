"""What a provider can refuse with: catalog entries and limits, each with its source, and the error a rule raises.

Exception
├── ApiError     a refusal, taken from a provider's catalog; rendered by that provider's envelope
├── SeedError    a mistake in a seed: where it stands and why it is one
├── StoreError   a store that a server cannot start with
└── ConfigError  a setting that is wrong
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Literal, NamedTuple

Kind = Literal["documented", "observed", "assumed"]


class Source(NamedTuple):
    """Where a fact comes from, and how sure that makes it."""

    kind: Kind
    where: str


def documented(where: str) -> Source:
    """Stated by a document of the provider."""
    return Source("documented", where)


def observed(where: str) -> Source:
    """Seen in a recorded answer of the provider."""
    return Source("observed", where)


def assumed(why: str) -> Source:
    """Stated nowhere: our choice, and the reason for it."""
    return Source("assumed", why)


class Limit(int):
    """A number that a provider enforces; an `int` that knows its source."""

    source: Source

    def __new__(cls, value: int, source: Source) -> Limit:
        limit = super().__new__(cls, value)
        limit.source = source
        return limit


def _placeholders(template: str) -> Iterator[str]:
    return (name for _, name, _, _ in string.Formatter().parse(template) if name)


class ErrorMessage(str):
    """A documented error: its status, its message, and what its provider's error format needs besides.

    As a string it is its own key, so that marshmallow takes it wherever it takes a message. `message` and the strings
    in `details` may hold `{placeholders}`; `echoes` names values that the response repeats as they were sent. Call it
    with exactly those values to make the error to raise.
    """

    status: int
    message: str
    source: Source
    details: Mapping[str, Any]
    echoes: tuple[str, ...]
    placeholders: frozenset[str]

    def __new__(
        cls,
        key: str,
        status: int,
        message: str,
        source: Source,
        details: Mapping[str, Any] | None = None,
        echoes: tuple[str, ...] = (),
    ) -> ErrorMessage:
        error = super().__new__(cls, key)
        error.status, error.message, error.source = status, message, source
        error.details, error.echoes = details or {}, echoes
        templates = [message, *(text for text in error.details.values() if isinstance(text, str))]
        names = {name for template in templates for name in _placeholders(template)}
        error.placeholders = frozenset(names | set(echoes))
        return error

    @property
    def key(self) -> str:
        return str(self)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Compare by identity: two providers may have an error of the same key."""
        return self is other

    def format(self, *args: object, **kwargs: object) -> ErrorMessage:
        """Return itself: marshmallow formats every message, this one is formatted when its error is raised."""
        return self

    def __call__(self, **values: object) -> ApiError:
        if values.keys() != self.placeholders:
            raise TypeError(f"{self.key} takes {sorted(self.placeholders)}, got {sorted(values)}")
        return ApiError(self, values)

    def with_values(self, **values: object) -> ApiError:
        """Return its error, with those of the values that it has placeholders for."""
        return self(**{name: value for name, value in values.items() if name in self.placeholders})


class ApiError(Exception):
    """A provider's refusal of a request: nothing was changed, and the envelope says so in the provider's words."""

    def __init__(self, entry: ErrorMessage, values: Mapping[str, object]) -> None:
        super().__init__(entry.key)
        self.entry = entry
        self.values = values
        self.headers: tuple[tuple[str, str], ...] = ()
        """Headers that belong to this refusal alone."""
        self.others: tuple[ApiError, ...] = ()
        """What else is wrong with the same request, where several things were judged at once."""
        self.failure: str | None = None
        """Why the request failed before or instead of an operation, if it did."""

    @property
    def message(self) -> str:
        return self.entry.message.format_map(self.values)

    def detail(self, name: str) -> Any:
        """Return one of the entry's details, its placeholders filled in."""
        value = self.entry.details.get(name)
        return value.format_map(self.values) if isinstance(value, str) else value


class SeedError(ValueError):
    """A mistake in a seed. `path` leads to it from the top of the document; `line` is set by who knows the file."""

    def __init__(self, path: tuple[str | int, ...], reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason
        self.line: int | None = None
        self.file: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        dotted = ".".join(map(str, self.path))
        return ": ".join(part for part in (place, dotted, self.reason) if part)


class StoreError(Exception):
    """A store that a server cannot start with, and why."""


class ConfigError(ValueError):
    """A setting that is unknown, or has a value that is wrong."""


def entries(catalog: ModuleType) -> dict[str, ErrorMessage]:
    """Return every entry of a catalog module by its key, in the order written."""
    return {value.key: value for value in vars(catalog).values() if isinstance(value, ErrorMessage)}


def limits(catalog: ModuleType) -> dict[str, Limit]:
    """Return every limit of a catalog module by its name, in the order written."""
    return {name: value for name, value in vars(catalog).items() if isinstance(value, Limit)}
