"""Errors of the server itself, as problem details (RFC 9457), a format that no provider uses."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

import flask
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES

from ..core.store import StateTooLarge, StoreUnavailable

log = logging.getLogger("mockserver")


class MisdirectedRequest(HTTPException):
    """The Host of the request is not one of this server."""

    code = 421
    description = "Invalid Host: bound to loopback, expected a loopback name or a provider's host."


def status_line(status: int) -> str:
    """Return a status with its standard reason phrase, which Werkzeug would send in upper case."""
    return f"{status} {HTTP_STATUS_CODES[status]}"


def problem(status: int, detail: str, headers: Iterable[tuple[str, str]] = ()) -> flask.Response:
    """Return a problem details response."""
    data = {"type": "about:blank", "title": HTTP_STATUS_CODES[status], "status": status, "detail": detail}
    return flask.Response(
        json.dumps(data), status_line(status), Headers(headers), content_type="application/problem+json"
    )


def http_problem(error: HTTPException) -> flask.Response:
    """Return an HTTP error as a problem. A redirect, and an error with its own response, are returned unchanged."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    allow = sorted(error.valid_methods or ()) if isinstance(error, MethodNotAllowed) else []
    return problem(error.code, error.description or error.name, [("Allow", ", ".join(allow))] if allow else [])


def unavailable(error: StoreUnavailable) -> flask.Response:
    """Return a 503 for a store that cannot process the request."""
    log.warning("%s", error)
    return problem(503, str(error))


def state_too_large(error: StateTooLarge) -> flask.Response:
    """Return a 507 for a change that would make the data of a tenant too large."""
    limit = flask.current_app.config["MOCKSERVER_MAX_STATE_BYTES"]
    detail = (
        f"The data of the tenant would be larger than --max-state-bytes allows ({limit} bytes); nothing was changed."
    )
    return problem(507, detail)


def internal_error(error: Exception) -> flask.Response:
    """Log an exception, and return a 500."""
    log.error("crashed", exc_info=error)
    return problem(500, "mockserver crashed on this request; its log has the traceback.")
