"""Requests that belong to no tenant: why, and the 404 of a path that is below no provider."""

from __future__ import annotations

import contextlib
from typing import cast
from urllib.parse import quote

import flask
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from ..core.redaction import redact_text
from ..core.request_log import redact
from ..core.store import StoreUnavailable
from ..core.tenants import MAX_CREDENTIAL
from ..core.unmatched_log import MAX_TEXT, UnmatchedRecord
from .exchange import origin, script_name
from .problems import http_problem, problem, unavailable
from .provider import Failure, Provider
from .server_state import ServerState, server_state
from .wrappers import MockServerRequest


def record(
    request: MockServerRequest,
    server: ServerState,
    reason: str,
    *,
    provider: str | None = None,
    operation: str | None = None,
    credentials: tuple[str, ...] = (),
    status: int,
    error: str | None = None,
) -> str:
    """Log a request that belongs to no tenant, and return its id. Raises `StoreUnavailable`."""
    reason = redact_text(reason, credentials)
    request.unmatched_reason, request.unmatched_secrets = reason, credentials
    query = request.environ.get("QUERY_STRING", "")
    found = UnmatchedRecord(
        time=server.store.time(),
        provider=provider,
        operation=operation,
        method=request.method,
        path=redact_text(request.path, credentials),
        query="&".join([redact_text(pair, credentials) for pair in query.split("&")]),
        host=redact_text(request.environ.get("HTTP_HOST", ""), credentials),
        credential=redact(credentials[0]) if credentials else None,
        status=status,
        error=error,
        reason=reason,
    )
    return f"unmatched-{server.store.record_unmatched(found.cut())}"


def reason(server: ServerState, provider: Provider, credential: str | None, failure: str | None = None) -> str:
    """Return why a request to a provider, which failed with an error, belongs to no tenant."""
    if failure == Failure.TOO_LARGE:
        return f"its {provider.title} key may be in its body, which is too large: see --max-body-bytes"
    if credential is None:
        return f"it has no {provider.title} key: expected {provider.authorization_format}"
    match server.tenants.reason_unknown(credential, provider.api_key_pattern):
        case "too_long":
            return f"its key is too long: expected at most {MAX_CREDENTIAL} characters"
        case "rejected":
            return f"no tenant has its {provider.title} key, and --unknown-credentials reject creates none for it"
    form = f" ({provider.api_key_format})" if provider.api_key_format else ""
    return f"its key does not look like a {provider.title} key{form}; --unknown-credentials any accepts it"


def not_found(error: NotFound) -> flask.Response:
    """Return the 404 of a path that is below no provider, with the URLs where the operation is, and log the request."""
    request = cast(MockServerRequest, flask.request)
    if request.blueprints or request.routing_exception is None:  # of the control API, or of a view of the application
        return http_problem(error)
    server = server_state()
    providers = server.mounted_providers()
    explanation = "no provider is at this path: "
    uses = _uses(request, server)
    if uses:
        explanation += f"use {', or '.join(uses)}"
    else:
        explanation += f"expected one below {', '.join(map(server.mounts.prefix_of, providers))}"
    credentials: dict[str, None] = {}
    for provider in providers.values():
        with contextlib.suppress(RequestEntityTooLarge):
            credentials[provider.get_credential(request) or ""] = None
    credentials.pop("", None)
    try:
        request_id = record(request, server, explanation, credentials=tuple(credentials), status=404)
    except StoreUnavailable as failed:
        return unavailable(failed)
    return problem(404, f"{explanation[0].upper()}{explanation[1:]}.", [("X-Mockserver-Request-Id", request_id)])


def _uses(request: MockServerRequest, server: ServerState) -> list[str]:
    """Return the URLs of the providers' operations with a path, each with the operation."""
    same_method, others = [], []
    if len(request.path) > MAX_TEXT:
        return []
    for name, provider in server.mounted_providers().items():
        item = provider.paths.find(request.path)
        if item is None:
            continue
        url = f"{origin(request)}{script_name(request)}{server.mounts.prefix_of(name)}{quote(request.path)}"
        if request.method in item.operations:
            operation = item.operations[request.method]
            what = f"{name}.{operation.id}" if operation is not None else f"an operation of {name}, not implemented"
            same_method.append(f"{url} ({what})")
        else:
            others.append(f"{url} ({name}, {' or '.join(item.methods)})")
    return same_method or others
