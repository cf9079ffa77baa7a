"""Violations of the OpenAPI document by requests, and the problems of requests that fail a test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from ..core.request_log import Record, cut
from ..core.smtp import METHOD, UNENCRYPTED
from .bodies import parse_pairs
from .openapi import bounded
from .provider import Failure, Provider

MAX_VALUE = 1_000
"""The length from which a value is cut, in characters."""
MAX_PROBLEM_TEXT, MAX_PROBLEM_VIOLATIONS = 200, 5
"""The length from which a text of a problem is cut, in characters, and the number of violations in it."""
FAILURES = (Failure.CRASHED, Failure.NOT_IMPLEMENTED)
"""The failures that are problems."""


def content_type_of(record: Record) -> str:
    return next((value for name, value in record.headers if name.lower() == "content-type"), "")


def request_violations(provider: Provider, record: Record) -> Iterator[dict[str, Any]]:
    """Yield how a request for an operation violates the OpenAPI document, each of bounded size."""
    assert record.operation is not None
    if record.method == METHOD:
        yield from _smtp_violations(provider, record)
        return
    query = MultiDict(parse_pairs(record.query.encode("latin-1")))
    contract = provider.contract
    found = contract.request_violations(
        record.operation, record.path_values, query, content_type_of(record), record.body
    )
    for each in found:
        if contract.password_fields.isdisjoint(each.pointer.split("/")):  # whose values are not recorded
            yield {"pointer": cut(each.pointer, MAX_VALUE), "rule": each.rule, "value": _plain(each.value)}


def _smtp_violations(provider: Provider, record: Record) -> Iterator[dict[str, Any]]:
    """Yield the violation of a login in the clear, if the provider accepts none."""
    smtp_provider = provider.smtp_provider()
    is_clear = ("Tls", UNENCRYPTED) in record.headers
    if smtp_provider is not None and smtp_provider.forbids_clear_auth and is_clear and record.operation == "smtpAuth":
        yield {"pointer": "/headers/Tls", "rule": "requires_tls", "value": UNENCRYPTED}


def problem(provider: Provider, record: Record, *, is_strict: bool) -> Mapping[str, Any] | None:
    """Return the problem of a request as JSON, without its number; None if it has none.

    A request that violates the OpenAPI document is a problem of a strict tenant.
    """
    violations = list(request_violations(provider, record)) if is_strict and record.operation is not None else []
    if record.failure not in FAILURES and record.response_violation is None and not violations:
        return None
    return {
        "provider": record.provider,
        "operation": record.operation and f"{record.provider}.{record.operation}",
        "method": record.method,
        "path": cut(record.path, MAX_PROBLEM_TEXT),
        "query": cut(record.query, MAX_PROBLEM_TEXT),
        "status": record.status,
        "failure": record.failure,
        "stub": record.stub,
        "response_violation": record.response_violation and cut(record.response_violation, MAX_PROBLEM_TEXT),
        "request_violations": [
            {
                "pointer": cut(each["pointer"], MAX_PROBLEM_TEXT),
                "rule": each["rule"],
                "value": cut(_text(each["value"]), MAX_PROBLEM_TEXT) if _is_long(each["value"]) else each["value"],
            }
            for each in violations[:MAX_PROBLEM_VIOLATIONS]
        ],
    }


def _plain(value: object) -> object:
    if isinstance(value, int | float | bool | None):
        return value
    text = _text(value)
    if len(text) > MAX_VALUE:
        return cut(text, MAX_VALUE)
    return value if isinstance(value, str | list | dict) else str(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(bounded(value), default=str)


def _is_long(value: object) -> bool:
    return not isinstance(value, bool | None) and len(_text(value)) > MAX_PROBLEM_TEXT
