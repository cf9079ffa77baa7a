"""Redaction of credentials in what is recorded and logged."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote_to_bytes

from .request_log import HIDDEN, Record, redact
from .tenants import MAX_CREDENTIAL

MIN_CREDENTIAL = 8
"""The length from which a credential is looked for, in characters: a shorter one may be any word."""
LAYERS = 2
"""The number of layers of percent-encoding and JSON escapes that are looked through."""
PROBE = 8
"""The number of characters of a credential that are looked for first."""
MAX_CACHED = 1_000
"""The number of tenants whose credentials are prepared, and of credentials."""

_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")


def redact_text(text: str, credentials: tuple[str, ...]) -> str:
    """Return a text without credentials.

    They are replaced as they are, and in the usual spellings: percent-encoded, in JSON, and in Base64, as in Basic
    authentication. A text that has one in another spelling is hidden as a whole.
    """
    return _hide(text, find(text, credentials))


def find(text: str, credentials: tuple[str, ...]) -> Sequence[str]:
    """Return the credentials that are in a text."""
    credentials = tuple([each for each in credentials if MIN_CREDENTIAL <= len(each) <= MAX_CREDENTIAL])
    layers = decoded(text) if "%" in text or "\\" in text else (text,)
    may_be_in = _probe(credentials)
    for layer in layers:
        if may_be_in(layer):
            return [each for each in credentials if any(form in one for one in layers for form in _forms(each))]
    return ()


def decoded(text: str) -> list[str]:
    """Return a text, and what it is without its layers of percent-encoding and JSON escapes."""
    layers = [text]
    while len(layers) <= LAYERS and ("%" in text or "\\" in text):
        if "%" in text:
            text = unquote_to_bytes(text.encode("latin-1", "replace")).decode("latin-1")
        if "\\u" in text:
            text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        for character in '"/\\':
            text = text.replace("\\" + character, character)
        if text == layers[-1]:
            break
        layers.append(text)
    return layers


def redact_record(record: Record, credentials: tuple[str, ...]) -> Record:
    """Return a record without credentials."""
    values = [value for _, value in record.headers]
    body, response_body = record.body.decode("latin-1"), record.response_body.decode("latin-1")
    texts = [record.path, record.query, *values, record.account or "", body, response_body]
    found = find("\n".join(texts), credentials)
    if not found:
        return record
    error, account = record.error, record.account
    return record._replace(
        path=_hide(record.path, found),
        path_values={name: _hide(value, found) for name, value in record.path_values.items()},
        query="&".join([_hide(pair, found).replace(HIDDEN, quote(HIDDEN)) for pair in record.query.split("&")]),
        headers=tuple([(name, _hide(value, found)) for name, value in record.headers]),
        body=_hide_bytes(body, found),
        response_body=_hide_bytes(response_body, found),
        account=account and _hide(account, found),
        error=error and replace(error, message=_hide(error.message, found)),
    )


def _hide_bytes(text: str, credentials: Iterable[str]) -> bytes:
    """Return bytes without credentials; they are given as a text in Latin-1."""
    return _hide(text, credentials).replace(HIDDEN, HIDDEN.encode().decode("latin-1")).encode("latin-1")


def _hide(text: str, credentials: Iterable[str]) -> str:
    for credential in credentials:
        forms = _forms(credential)
        for form in forms:
            text = text.replace(form, redact(credential))
        if any(form in layer for layer in decoded(text) for form in forms):
            return HIDDEN
    return text


@functools.lru_cache(MAX_CACHED)
def _probe(credentials: tuple[str, ...]) -> Callable[[str], object]:
    """Return a function that returns a true value for a text that may have a credential."""
    probes = {form[:PROBE] for each in credentials for form in _forms(each)}
    return re.compile("|".join(map(re.escape, sorted(probes)))).search if probes else lambda text: None


@functools.lru_cache(MAX_CACHED)
def _forms(credential: str) -> tuple[str, ...]:
    """Return the usual spellings of a credential."""
    data = credential.encode("utf-8", "surrogatepass")
    escaped = [quote(data, safe=""), quote(data), quote_plus(data), json.dumps(credential)[1:-1]]
    return tuple(dict.fromkeys([credential, data.decode("latin-1"), *escaped, *_in_base64(data)]))


def _in_base64(data: bytes) -> Iterator[str]:
    """Yield what bytes are in Base64 whatever is before and after them, in both alphabets."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        last = len(encoded) if encoded[-1] != "=" else encoded.index("=") - 1
        own = encoded[(0, 2, 3)[before] : last]
        yield own
        yield own.translate(str.maketrans("+/", "-_"))
