"""Errors: the messages and limits of a provider's error catalog with their sources, and the exceptions.

Exception
├── ApiError     an error of a provider's catalog, rendered in that provider's error format
├── SeedError    an invalid seed, with file, line and path
├── StoreError   a store that a server cannot start with
└── ConfigError  an unknown or invalid setting
"""

from __future__ import annotations

import contextlib
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Literal, NamedTuple

Kind = Literal["documented", "observed", "assumed"]


class Source(NamedTuple):
    """The evidence for a fact: its kind, and where it is found or why it is assumed."""

    kind: Kind
    where: str


def documented(where: str) -> Source:
    """Return the source of a fact that a document of the provider states."""
    return Source("documented", where)


def observed(where: str) -> Source:
    """Return the source of a fact that was seen in a recorded response of the provider."""
    return Source("observed", where)


def assumed(why: str) -> Source:
    """Return the source of a fact that is not documented: a choice of mockserver, with its reason."""
    return Source("assumed", why)


class Limit(int):
    """A number that a provider enforces: an `int` with a source."""

    source: Source

    def __new__(cls, value: int, source: Source) -> Limit:
        limit = super().__new__(cls, value)
        limit.source = source
        return limit


def _placeholders(template: str) -> Iterator[str]:
    return (name for _, name, _, _ in string.Formatter().parse(template) if name)


class ErrorMessage(str):
    """An error of a provider's catalog: its key, status, message and source, and details of the error format.

    As a string it is its own key, so that marshmallow accepts it wherever it accepts a message. `message` and the
    strings in `details` may have `{placeholders}`; `echoes` names values that the response repeats as they were sent,
    and `derived` has functions of `value` for placeholders that follow from it, such as its type.
    Call it with exactly these values to create the `ApiError` to raise; derived ones may be given.
    """

    status: int
    message: str
    source: Source
    details: Mapping[str, Any]
    echoes: tuple[str, ...]
    derived: Mapping[str, Callable[[Any], object]]
    placeholders: frozenset[str]

    def __new__(
        cls,
        key: str,
        status: int,
        message: str,
        source: Source,
        details: Mapping[str, Any] | None = None,
        echoes: tuple[str, ...] = (),
        derived: Mapping[str, Callable[[Any], object]] | None = None,
    ) -> ErrorMessage:
        error = super().__new__(cls, key)
        error.status, error.message, error.source = status, message, source
        error.details, error.echoes, error.derived = details or {}, echoes, derived or {}
        templates = [message, *(text for text in error.details.values() if isinstance(text, str))]
        names = {name for template in templates for name in _placeholders(template)}
        error.placeholders = frozenset(names - error.derived.keys() | set(echoes) | ({"value"} if derived else set()))
        return error

    @property
    def key(self) -> str:
        return str(self)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Compare by identity: two providers may have errors with the same key."""
        return self is other

    def format(self, *args: object, **kwargs: object) -> ErrorMessage:
        """Return itself: marshmallow formats every message, but this one is formatted when its error is raised."""
        return self

    def __call__(self, **values: object) -> ApiError:
        names = values.keys() - self.derived.keys() if self.derived else values.keys()
        if names != self.placeholders:
            raise TypeError(f"{self.key}: expected the values {sorted(self.placeholders)}, got {sorted(values)}")
        derived = {name: derive(values["value"]) for name, derive in self.derived.items()}
        return ApiError(self, derived | values if derived else values)

    def with_values(self, **values: object) -> ApiError:
        """Return its error, with those of the values that it has placeholders for."""
        return self(**{name: value for name, value in values.items() if name in self.placeholders})


class ApiError(Exception):
    """An error that a provider returns for a request. Raising it rolls back the transaction."""

    def __init__(self, entry: ErrorMessage, values: Mapping[str, object]) -> None:
        super().__init__(entry.key)
        self.entry = entry
        self.values = values
        self.headers: tuple[tuple[str, str], ...] = ()
        """Headers of this response only."""
        self.others: tuple[ApiError, ...] = ()
        """The other errors of the same request, if several fields were validated at once."""
        self.failure: str | None = None
        """Why the request failed before or instead of an operation, if it did."""

    @property
    def message(self) -> str:
        return self.entry.message.format_map(self.values)

    def detail(self, name: str) -> Any:
        """Return a detail of the message, its placeholders filled in."""
        value = self.entry.details.get(name)
        return value.format_map(self.values) if isinstance(value, str) else value


def joined(errors: Sequence[ApiError]) -> ApiError:
    """Return the first of the errors of one request, with the others in `others`."""
    first, *others = errors
    first.others = tuple(others)
    return first


MAX_SEED_ERRORS = 100
"""The number of errors of one seed that are shown; further ones are counted."""


class SeedError(ValueError):
    """An invalid seed. `path` is the path of the value in the document; the reader of a file sets `line` and `file`."""

    def __init__(self, path: tuple[str | int, ...], reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason
        self.line: int | None = None
        self.file: str | None = None
        self.others: tuple[SeedError, ...] = ()
        """The other errors of the same seed."""

    @classmethod
    def joined(cls, errors: Sequence[SeedError]) -> SeedError:
        """Return the first of the errors of one seed, with the others in `others`."""
        first, *others = [each for error in errors for each in (error, *error.others)]
        first.others = tuple(others)
        for each in others:
            each.others = ()
        return first

    def below(self, *path: str | int) -> SeedError:
        """Return the errors of a seed of which this one is the part at a path."""
        found = [SeedError((*path, *each.path), each.reason) for each in (self, *self.others)]
        return self.joined(found)

    def __str__(self) -> str:
        lines = [each.text for each in (self, *self.others)]
        more = len(lines) - MAX_SEED_ERRORS
        return "\n".join([*lines[:MAX_SEED_ERRORS], *([f"and {more} more"] if more > 0 else [])])

    @property
    def text(self) -> str:
        """This error alone: `FILE:LINE: sendgrid.pools[0].name: REASON`, as far as the parts are known."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (place, format_path(self.path), self.reason) if part)


class SeedErrors:
    """The errors that were found in a seed, so that all are reported."""

    def __init__(self) -> None:
        self._found: list[SeedError] = []

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Keep a `SeedError` that ends the block."""
        try:
            yield
        except SeedError as error:
            self.add(error)

    def add(self, error: SeedError) -> None:
        """Keep an error."""
        self._found.append(error)

    def check(self) -> None:
        """Raise the errors that were kept, if there are any."""
        if self._found:
            raise SeedError.joined(self._found)


def format_path(path: Sequence[str | int]) -> str:
    """Return a path in a seed as text: `sendgrid.pools[0].name`."""
    return "".join([f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]).removeprefix(".")


class StoreError(Exception):
    """A store that a server cannot start with."""


class ConfigError(ValueError):
    """An unknown setting, or an invalid value of one."""


def entries(catalog: ModuleType) -> dict[str, ErrorMessage]:
    """Return the error messages of a catalog module by key, in definition order."""
    return {value.key: value for value in vars(catalog).values() if isinstance(value, ErrorMessage)}


def limits(catalog: ModuleType) -> dict[str, Limit]:
    """Return the limits of a catalog module by name, in definition order."""
    return {name: value for name, value in vars(catalog).items() if isinstance(value, Limit)}
