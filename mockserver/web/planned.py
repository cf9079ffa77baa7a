"""Responses that a tenant has planned: of faults, and of stubs."""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterable, Iterator, Mapping

import flask

from ..core.errors import ApiError, ErrorMessage, entries
from .bodies import encode
from .operations import Operation
from .provider import Provider
from .wrappers import Response

WITHOUT_BODY = (204, 205, 304)
"""Statuses of responses that have no body."""
OWN_HEADERS = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that the server sets itself, in lower case."""


class PlannedResponse(Exception):
    """A planned fault ends the request with this response."""

    def __init__(self, response: flask.Response) -> None:
        super().__init__()
        self.response = response


def json_text(data: object) -> str:
    """Return a planned body that is JSON. Raises `ValueError` if it cannot be encoded."""
    return encode(data).decode()


def planned_response(
    provider: Provider, status: int, headers: Iterable[tuple[str, str]], body: str | None
) -> flask.Response:
    """Return a response with these headers and this body. Its default Content-Type is that of the provider's JSON."""
    content_type = None if body is None else provider.content_type
    response = Response(body, f"{status} {provider.reason_phrase(status)}", (), content_type)
    add_headers(response, headers)
    return response


def add_headers(response: flask.Response, headers: Iterable[tuple[str, str]]) -> None:
    """Add headers to a response; they replace those with the same names."""
    for name, value in headers:
        response.headers[name] = value


@functools.cache
def operation_errors(provider: Provider, operation: Operation) -> Mapping[str, ApiError]:
    """Return the errors that an operation can return, by key, in the order of the catalog.

    They are those that its OpenAPI document has examples of, with the values of the examples, and those that every
    operation can return.
    """
    known = entries(provider.catalog)
    found = {error.key: error() for error in provider.general_errors(operation.paths[0])}
    for name, status, example in provider.contract.error_examples(operation.id):
        error = known.get(name)
        if error is not None and error.status == status:
            found[name] = error(**_values(error, example))
    return {key: found[key] for key in known if key in found}


def _values(error: ErrorMessage, example: object) -> dict[str, object]:
    """Return the values of the placeholders of an error in an example of it."""
    named = dict(_items(example))
    found = {name: named.get(name, "") for name in error.placeholders}
    pattern = re.compile(_pattern(error.message), re.DOTALL)
    for text in named.values():
        match = pattern.fullmatch(text) if isinstance(text, str) else None
        found |= match.groupdict() if match is not None else {}
    return found


def _pattern(template: str) -> str:
    """Return a regular expression for the texts of a template."""
    parts, seen = [], set()
    for literal, name, _, _ in string.Formatter().parse(template):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return "".join(parts)


def _items(example: object) -> Iterator[tuple[str, object]]:
    """Yield the names and values of the objects in an example; a text without a name has an empty one."""
    if isinstance(example, Mapping):
        for name, value in example.items():
            yield name, value
            yield from _items(value) if not isinstance(value, str) else ()
    elif isinstance(example, list):
        for value in example:
            yield from _items(value)
    else:
        yield "", example
