"""Requests as an HTTP Archive, HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from . import clock, resources
from .request_log import Record

NOT_RECORDED = -1
"""Stands for a size that is not recorded."""
PHRASES = {status.value: status.phrase for status in HTTPStatus}


def archive(records: Iterable[Record], urls: Mapping[str, str]) -> dict[str, Any]:
    """Return records as an archive, without credentials, which records do not have; `urls` are base URLs by provider.

    The headers of responses are not recorded: the lists are empty, sizes are -1. What HAR has no field for has a name
    with an underscore, as it allows.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "mockserver", "version": resources.version()},
            "entries": [_entry(record, urls[record.provider]) for record in records],
        }
    }


def _entry(record: Record, url: str) -> dict[str, Any]:
    error = record.error
    extra = {
        "_id": record.id,
        "_operation": record.operation and f"{record.provider}.{record.operation}",
        "_error": error and {"key": error.key, "message": error.message, "kind": error.source.kind},
        "_fault": record.fault,
    }
    return {
        "startedDateTime": clock.format_rfc3339(record.time),
        "time": record.milliseconds,
        "request": _request(record, url),
        "response": _response(record),
        "cache": {},
        "timings": {"send": 0, "wait": record.milliseconds, "receive": 0},
        **{name: value for name, value in extra.items() if value is not None},
    }


def _request(record: Record, url: str) -> dict[str, Any]:
    content_type = next((value for name, value in record.headers if name.lower() == "content-type"), "")
    text = record.body.decode("utf-8", "replace")
    return {
        "method": record.method,
        "url": f"{url}{_encoded(record.path)}{'?' * bool(record.query)}{_encoded(record.query, '%?')}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(record.headers),
        "queryString": _pairs(parse_qsl(record.query, keep_blank_values=True)),
        **({"postData": {"mimeType": content_type, "text": text}} if record.body else {}),
        "headersSize": NOT_RECORDED,
        "bodySize": len(record.body),
    }


def _response(record: Record) -> dict[str, Any]:
    status = record.status or 0
    return {
        "status": status,
        "statusText": PHRASES.get(status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": _content(record.response_body),
        "redirectURL": "",
        "headersSize": NOT_RECORDED,
        "bodySize": len(record.response_body),
        **({} if record.status is not None else {"comment": "The connection was closed without a response."}),
    }


def _content(body: bytes) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    is_json = text[:1] in ("{", "[")
    return {"size": len(body), "mimeType": "application/json" if is_json else "text/plain", "text": text}


def _encoded(text: str, also_safe: str = "") -> str:
    """Return a path or a query in the characters that a URL may have."""
    return quote(text, safe=f"/:@!$&'()*+,;=~{also_safe}", errors="replace")


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]
