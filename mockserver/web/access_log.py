"""The access log: one line for each request, as text or JSON."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import flask
from flask import Flask
from flask.logging import has_level_handler

from ..core.clock import format_rfc3339
from ..core.config import AccessLog
from ..core.redaction import redact_text
from .delays import DELAY_OVER, MORE_AFTER
from .exchange import Exchange
from .wrappers import MockServerRequest

log = logging.getLogger("mockserver.access")

STARTED = "mockserver.started"
"""WSGI environ key: when the request was received, by `time.perf_counter`."""
HEALTH = frozenset({"control.live", "control.ready"})
"""Endpoints of health checks, which are not logged if they succeed."""


def init_app(app: Flask, form: AccessLog) -> None:
    """Log each request of an application. Without a handler for the logger, lines go to stderr."""
    if form == "off":
        return
    app.before_request(start)
    app.after_request(functools.partial(record, form))
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)
    if not has_level_handler(log):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)


def start() -> None:
    """Note the time of a request."""
    flask.request.environ[STARTED] = time.perf_counter()


def record(form: AccessLog, response: flask.Response) -> flask.Response:
    """Log a request. Its query and headers are not logged; credentials in its path are redacted."""
    request: MockServerRequest = flask.request._get_current_object()  # type: ignore[attr-defined]
    environ = request.environ
    if MORE_AFTER in environ:
        return response
    delay = environ.get(DELAY_OVER)
    started = environ.get(STARTED) if delay is None else delay.created
    exchange = request.exchange
    if exchange is not None:
        fields = _of_provider(request, exchange, response, has_path=form == "json" or exchange.operation is None)
    elif request.endpoint in HEALTH and response.status_code == 200:
        return response
    else:
        fields = _of_server(request, response)
    fields["reason"] = request.unmatched_reason
    write(form, fields, started)
    return response


def write(form: AccessLog, fields: dict[str, Any], started: float | None) -> None:
    """Log a request that started at a time of `time.perf_counter`."""
    if form == "off":
        return
    reason = fields.pop("reason")
    milliseconds = None if started is None else round((time.perf_counter() - started) * 1_000, 1)
    fields |= {"milliseconds": milliseconds, "reason": reason}
    log.info("%s", _text(fields) if form == "text" else _json(fields))


def _of_provider(
    request: MockServerRequest, exchange: Exchange, response: flask.Response, *, has_path: bool
) -> dict[str, Any]:
    provider, operation, caller = request.blueprints[0], exchange.operation, exchange.caller
    return {
        "provider": provider,
        "operation": f"{provider}.{operation.id}" if operation is not None else None,
        "method": request.method,
        "path": redact_text(request.path, exchange.secrets) if has_path else None,
        "status": None if exchange.dropped else response.status_code,
        "error": exchange.error.entry.key if exchange.error is not None else None,
        "tenant": caller.tenant.id if caller is not None else None,
    }


def _of_server(request: MockServerRequest, response: flask.Response) -> dict[str, Any]:
    """Return the fields of a request to the control API, or to no provider at all."""
    rule, blueprints = request.url_rule, request.blueprints
    return {
        "provider": blueprints[0] if blueprints else None,
        "operation": request.endpoint if rule is not None else None,
        "method": request.method,
        "path": rule.rule if rule is not None else redact_text(request.path, request.unmatched_secrets),
        "status": response.status_code,
        "error": None,
        "tenant": None,
    }


def _text(fields: Mapping[str, Any]) -> str:
    """Return `sendgrid.createIpPool 400 name_taken tenant=t1 1.2ms`; without an operation, its method and path."""
    what = fields["operation"] or " ".join(filter(None, (fields["provider"], fields["method"], fields["path"])))
    error = f" {fields['error']}" if fields["error"] is not None else ""
    line = f"{what} {fields['status'] or 'dropped'}{error} tenant={fields['tenant'] or '-'} {fields['milliseconds']}ms"
    if fields["reason"] is not None:
        line += f" ({fields['reason']})"
    return line if line.isprintable() else "".join([_printable(character) for character in line])


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps({"time": format_rfc3339(time.time()), **fields})
