"""Passwords in queries and bodies: they are not recorded."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote_plus

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header

from ..core.redaction import decoded
from ..core.request_log import HIDDEN, Record
from .bodies import NotJson, parse_form, parse_json

_STRING = re.compile(r'("(?:[^"\\]|\\.)*+)(?:"|\\?\Z)(\s*+:\s*+)?', re.DOTALL)
"""A string in JSON, complete or not, and the colon after it if it is a name."""
_ESCAPED_LETTER = re.compile(r"%[4-7]|\\u00[4-7]")
_DECODER = json.JSONDecoder(strict=False)
_SHOWN, _QUOTED = HIDDEN.encode().decode("latin-1"), quote(HIDDEN)


def redact_passwords(record: Record, names: frozenset[str], content_type: str) -> Record:
    """Return a record in whose query and bodies the values of the fields with these names are hidden."""
    if not names or not (record.body or record.query or record.response_body):
        return record
    body, response_body = record.body.decode("latin-1"), record.response_body.decode("latin-1")
    text = f"{record.query}\n{body}\n{response_body}"
    if ("%" in text or "\\" in text) and _ESCAPED_LETTER.search(text):
        text = "\n".join(decoded(text))
    for name in names:
        if name in text:
            break
    else:
        return record
    return record._replace(
        query=_redact_pairs(record.query, names),
        body=_redact_body(body, names, content_type).encode("latin-1"),
        response_body=_redact_json(response_body, names).encode("latin-1"),
    )


def _redact_body(body: str, names: frozenset[str], content_type: str) -> str:
    media_type, options = parse_options_header(content_type)
    if media_type.lower() == "multipart/form-data":
        return _redact_multipart(body, names, options.get("boundary", ""), content_type)
    redacted = _redact_json(body, names)
    try:
        parse_json(body.encode("latin-1"))
    except NotJson:
        return _redact_pairs(redacted, names)
    return redacted


def _redact_pairs(text: str, names: frozenset[str]) -> str:
    """Hide values in a query or a urlencoded form."""
    pairs = []
    for pair in text.split("&"):
        name, equals, _ = pair.partition("=")
        plain = unquote_plus(name) if "%" in name else name
        pairs.append(f"{name}={_QUOTED}" if equals and plain in names else pair)
    return "&".join(pairs)


def _redact_json(text: str, names: frozenset[str]) -> str:
    """Hide values in JSON, and everything after the name of a password that has no valid value."""
    parts = []
    done = position = 0
    while found := _STRING.search(text, position):
        position = found.end()
        if found[2] is None or _unescape(found[1]) not in names:
            continue
        parts.append(text[done:position])
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return "".join([*parts, _SHOWN])
        parts.append("null" if value is None else f'"{_SHOWN}"')
        done = position
    return "".join([*parts, text[done:]])


def _unescape(name: str) -> str:
    if "\\" not in name:
        return name[1:]
    try:
        return str(_DECODER.decode(f'{name}"'))
    except ValueError:
        return ""


def _redact_multipart(body: str, names: frozenset[str], boundary: str, content_type: str) -> str:
    """Hide values in a multipart form; the whole body if that does not hide them all."""
    separator = f"--{boundary}"
    parts = []
    for part in body.split(separator):
        end_of_head = re.search(r"\r?\n\r?\n", part)
        if end_of_head is not None and _part_name(part[: end_of_head.start()]) in names:
            part = f"{part[: end_of_head.end()]}{_SHOWN}\r\n"
        parts.append(part)
    redacted = separator.join(parts)
    try:
        form = parse_form(redacted.encode("latin-1"), content_type)
    except RequestEntityTooLarge:
        return _SHOWN
    values = [value for name in names for value in form.getlist(name)]
    return redacted if form and all(value == HIDDEN for value in values) else _SHOWN


def _part_name(head: str) -> str | None:
    for line in head.splitlines():
        header, _, value = line.partition(":")
        if header.lower() == "content-disposition":
            return parse_options_header(value.strip())[1].get("name")
    return None
