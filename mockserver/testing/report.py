"""Decides which requests fail a test, and renders requests in the failure report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .requests import Problem, Request

MAX_REQUESTS = 50
"""The maximum number of requests in a report; the newest are shown."""
MAX_TEXT = 200
"""The maximum length of a body or a violation in a report, in characters."""


def failures(request: Request | Problem, *, strict: bool) -> Iterator[str]:
    """Yield the reasons why a request fails its test."""
    match request.failure:
        case "crashed":
            yield f"mockserver crashed on a request (its log has the traceback): {request}"
        case "not_implemented":
            yield f"mockserver does not implement this operation (501): {request}"
    if request.response_violation is not None:
        yield f"response violates the OpenAPI document, a bug in mockserver: {request}: {request.response_violation}"
    if strict and request.request_violations:
        violations = "".join(f"\n  {_short(violation)}" for violation in request.request_violations)
        yield f"request violates the OpenAPI document of {request.provider}: {request}{violations}"


def render(requests: Iterable[Request]) -> str:
    """Return requests as text, oldest first, with their errors, sources of errors, violations and faults."""
    found = list(requests)
    lines = []
    if len(found) > MAX_REQUESTS:
        lines.append(f"({len(found) - MAX_REQUESTS} older requests omitted)")
    for request in found[-MAX_REQUESTS:]:
        lines.append(str(request))
        lines += [f"     {line}" for line in _notes(request)]
    return "\n".join(lines)


def _notes(request: Request) -> Iterator[str]:
    if request.account is not None:
        yield f"acting for: {request.account}"
    if request.text and (
        request.error is not None or (request.status or 0) >= 400 or request.request_violations or request.unused_fields
    ):
        yield f"body: {_short(request.text)}"
    if request.error is not None:
        planned = f", planned fault {request.fault}" if request.fault is not None else ""
        yield f"error: {request.error.message!r} ({request.provider}.{request.error.key}{planned})"
        if request.fault is None:
            yield f"source: {request.error.kind}: {request.error.source}"
    elif request.fault is not None:
        yield f"planned fault: {request.fault}"
    if request.closest_operation is not None and request.failure != "not_implemented":
        yield f"closest operation: {request.closest_operation}"
    for violation in request.request_violations:
        yield f"violates the OpenAPI document: {_short(violation)}"
    if request.unused_fields:
        yield f"unused fields: {', '.join(request.unused_fields)}"
    if request.response_violation is not None:
        yield f"response violates the OpenAPI document: {request.response_violation}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[:MAX_TEXT]}… ({len(text)} characters)"
