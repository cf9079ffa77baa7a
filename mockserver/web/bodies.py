"""Strict parsers of JSON and form bodies, and the JSON encoder of responses."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

MAX_FORM_PARTS = 2_000
"""The maximum number of parts in a multipart form."""


MAX_DEPTH = 100
"""The maximum depth of arrays and objects inside each other."""


class NotJson(ValueError):
    """The body is not a JSON text."""


class NotMultipart(ValueError):
    """The body is not the multipart form that its Content-Type announces."""

    def __init__(self, *, is_truncated: bool) -> None:
        super().__init__()
        self.is_truncated = is_truncated
        """Whether it begins as one, and does not end."""


class NotAnObject(ValueError):
    """The body is JSON, but not an object."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(data: object) -> bytes:
    """Return compact JSON, in UTF-8, keys in the order given."""
    return _ENCODER.encode(data).encode()


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8. Raises `NotJson`, also for NaN, lone surrogates and deep nesting."""
    try:
        value = _DECODER.decode(body.decode())
        if b"\\ud" in body or b"\\uD" in body:
            encode(value)
    except (ValueError, RecursionError):
        raise NotJson from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        raise NotJson
    return value


def _is_too_deep(value: Any) -> bool:
    """Return whether a value is deeper than `MAX_DEPTH`: functions that call themselves would reach Python's limit."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
    return any(isinstance(each, dict | list) for each in level)


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Return a body's JSON object. Raises `NotJson` or `NotAnObject`."""
    data = parse_json(body)
    if not isinstance(data, dict):
        raise NotAnObject
    return data


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_float=_finite)


def parse_form(body: bytes, content_type: str) -> MultiDict[str, str]:
    """Return the fields of a urlencoded or multipart form, in order; empty if the body is not a form.

    Bytes that are not UTF-8 become U+FFFD. Raises `RequestEntityTooLarge` for more than `MAX_FORM_PARTS` parts.
    """
    media_type, options = parse_options_header(content_type)
    match media_type.lower():
        case "application/x-www-form-urlencoded":
            return MultiDict(parse_pairs(body))
        case "multipart/form-data":
            form, files = _parse_multipart(body, options)
            return MultiDict([*form, *[(file.name, file.content.decode("utf-8", "replace")) for file in files]])
    return MultiDict()


class File(NamedTuple):
    """A file in a multipart form."""

    name: str
    """The name of the field."""
    filename: str
    content_type: str
    content: bytes


def parse_files(body: bytes, content_type: str) -> list[File]:
    """Return the files in a multipart form, in order; none if the Content-Type is another one.

    Raises `NotMultipart` and `RequestEntityTooLarge`.
    """
    media_type, options = parse_options_header(content_type)
    if media_type.lower() != "multipart/form-data":
        return []
    try:
        return _parse_multipart(body, options, silent=False)[1]
    except ValueError:
        delimiter = b"--" + options.get("boundary", "").encode()
        is_truncated = len(delimiter) > 2 and delimiter in body and delimiter + b"--" not in body
        raise NotMultipart(is_truncated=is_truncated) from None


def _parse_multipart(
    body: bytes, options: Mapping[str, str], *, silent: bool = True
) -> tuple[list[tuple[str, str]], list[File]]:
    """Return the texts and the files in a multipart form; none of an invalid one if `silent`."""
    parser = FormDataParser(
        lambda *_, **__: io.BytesIO(),  # not a temporary file, which may need a file descriptor
        max_form_memory_size=None,
        max_form_parts=MAX_FORM_PARTS,
        silent=silent,
    )
    _, form, uploads = parser.parse(io.BytesIO(body), "multipart/form-data", len(body), dict(options))
    files = []
    for name, upload in uploads.items(multi=True):
        if name is not None:
            files.append(File(name, upload.filename or "", upload.content_type or "", upload.read()))
        upload.close()
    return [(name, text) for name, text in form.items(multi=True) if name is not None], files


def parse_pairs(text: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a query or a urlencoded form, in order."""
    ascii_only = re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], text).decode("ascii")
    return parse_qsl(ascii_only, keep_blank_values=True, errors="replace")


def body_fields(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the fields of a form, with their first values, and of a JSON object; empty for any other body."""
    found: dict[str, Any] = {}
    with contextlib.suppress(RequestEntityTooLarge):
        found |= parse_form(body, content_type).to_dict()
    with contextlib.suppress(NotJson, NotAnObject):
        found |= parse_json_object(body)
    return found


def unused_fields(query: str, body: bytes, content_type: str, read: frozenset[str]) -> tuple[str, ...]:
    """Return the query parameters and body fields of a request that are not among those `read`, sorted."""
    sent = {name for name, _ in parse_pairs(query.encode("latin-1"))} | set(body_fields(body, content_type))
    return tuple(sorted(sent - read))
