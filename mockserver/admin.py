"""The control API, `/_mockserver/`: what the server says about itself. Its errors are RFC 9457 problems."""

from __future__ import annotations

import copy
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, current_app, request

if TYPE_CHECKING:
    from .app import Mockserver

log = logging.getLogger("mockserver")

SCHEMA_VERSION = 1

blueprint = Blueprint("admin", __name__, url_prefix="/_mockserver")


def problem(status: int, detail: str) -> Response:
    """Return an error of our own, in a form that no provider uses."""
    data = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(data), status, content_type="application/problem+json")


def crashed(error: Exception) -> Response:
    """Answer for a mistake of ours outside of any provider."""
    log.error("crashed", exc_info=error)
    return problem(500, "mockserver crashed on this request; its log has the traceback.")


def _answer(**data: Any) -> Response:
    return Response(json.dumps({"schema_version": SCHEMA_VERSION, **data}), content_type="application/json")


def _server() -> Mockserver:
    server: Mockserver = current_app.extensions["mockserver"]
    return server


@blueprint.get("/live")
def live() -> Response:
    """Say that the socket answers."""
    return _answer(live=True)


@blueprint.get("/ready")
def ready() -> Response:
    """Say that the seed is in place; before it is, nothing listens."""
    return _answer(ready=True)


@blueprint.get("/openapi/<name>.json")
def openapi(name: str) -> Response:
    """Return a provider's OpenAPI document, its server being this one."""
    server = _server()
    provider = server.providers.get(name)
    if provider is None:
        abort(404, f"No provider is named '{name}'; there is {', '.join(server.providers)}.")
    document = copy.copy(server.contract(provider).document)
    document["servers"] = [{"url": f"{request.scheme}://{request.host}/{provider.name}"}]
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")
