"""What a tenant's requests are told as when a test fails, and which of them make it fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .requests import Request

TOLD = 50
"""How many requests a failure tells of: the newest."""
BODY = 200
"""How much of a body, or of a value that breaks the contract, it shows, in characters."""


def failures(request: Request, *, strict: bool) -> Iterator[str]:
    """Say why a request makes its test fail, if it does."""
    match request.failure:
        case "crashed":
            yield f"mockserver crashed, which is a mistake of its own (its log has the traceback): {request}"
        case "not_implemented":
            yield f"mockserver does not implement this operation (501): {request}"
    if request.response_violation is not None:
        yield f"mockserver gave an answer that breaks its own contract: {request}: {request.response_violation}"
    if strict and request.request_violations:
        broken = "".join(f"\n  {_short(violation)}" for violation in request.request_violations)
        yield f"the request breaks the contract of {request.provider}: {request}{broken}"


def render(requests: Iterable[Request]) -> str:
    """Tell requests, the oldest first: each with its refusal, the source of that, and what else is noteworthy."""
    made = list(requests)
    lines = []
    if len(made) > TOLD:
        lines.append(f"({len(made) - TOLD} older requests are left out)")
    for request in made[-TOLD:]:
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
        planned = f", by the planned fault {request.fault}" if request.fault is not None else ""
        yield f"refused: {request.error.message!r} ({request.provider}.{request.error.key}{planned})"
        if request.fault is None:
            yield f"source: {request.error.kind}: {request.error.source}"
    elif request.fault is not None:
        yield f"struck by the planned fault {request.fault}"
    if request.closest_operation is not None and request.failure != "not_implemented":
        yield f"the closest operation is {request.closest_operation}"
    for violation in request.request_violations:
        yield f"breaks the contract: {_short(violation)}"
    if request.unused_fields:
        yield f"nothing read: {', '.join(request.unused_fields)}"
    if request.response_violation is not None:
        yield f"the answer breaks the contract: {request.response_violation}"


def _short(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= BODY else f"{shown[:BODY]}… ({len(text)} characters)"
