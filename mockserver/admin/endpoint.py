"""An endpoint of the control API: who may ask it, what holds it to the contract, the problems it answers with."""

from __future__ import annotations

import functools
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from ..contract import Contract
from ..ledger import SCHEMA_VERSION
from ..mounts import host_name
from ..routing import Routing
from ..store import Unserved
from ..web import NotJson, body, origin, parse_json, parse_pairs

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import Mockserver
    from ..store import Tenant

log = logging.getLogger("mockserver")

PREFIX = "/_mockserver"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPEN_TO_ALL = frozenset({f"{PREFIX}/live", f"{PREFIX}/ready"})
"""What needs no token."""

View = Callable[["Mockserver", Mapping[str, str]], Response]


class Operation(NamedTuple):
    """An operation of the control API."""

    id: str
    method: str
    path: str
    view: View


operations: list[Operation] = []
_request: ContextVar[Request] = ContextVar("request")
"""What is being answered."""


# Errors, and who may ask


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error of our own, in a form that no provider uses."""
    data = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(data), status, dict(headers or {}), content_type="application/problem+json")


class Problem(Exception):
    """An error of our own, on its way out."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def crashed(error: Exception) -> Response:
    """Answer for a mistake of ours outside of any provider."""
    log.error("crashed", exc_info=error)
    return problem(500, "mockserver crashed on this request; its log has the traceback.")


def unserved(error: Unserved) -> Response:
    """Answer a request that cannot be answered as it should be now."""
    log.warning("%s", error)
    return problem(503, str(error))


def misdirected() -> Response:
    """Answer a request whose Host this server has no business with."""
    return problem(421, "Bound to loopback, this server answers only to a loopback name or a provider's.")


def admits(server: Mockserver, host: str | None) -> bool:
    """Say whether a request with this Host may be answered: a page of the web could have led a browser here."""
    return host is None or server.config.expose or host_name(host) in LOOPBACK or host_name(host) in server.mounts.hosts


def unrouted(error: HTTPException) -> Response:
    """Answer a request that is for no provider and for no operation of the control API."""
    methods = sorted(error.valid_methods or ()) if isinstance(error, MethodNotAllowed) else []
    headers = {"Allow": ", ".join(methods)} if methods else {}
    return problem(error.code or 500, error.description or error.name, headers)


def _guard(server: Mockserver, path: str, request: Request) -> Response | None:
    """Refuse what a browser could be tricked into: a foreign Origin; and no token where one is set."""
    if not (path == PREFIX or path.startswith(f"{PREFIX}/")):
        return None
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("Host")
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return problem(403, "The control API is not for pages of other origins.")
    token = server.config.control_token
    if token is not None and path not in OPEN_TO_ALL:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
            return problem(401, "The control API needs its token.", {"WWW-Authenticate": "Bearer"})
    return None


# The way of a control request: where it leads, what it says, what is answered; both are held against the contract

Endpoint = Callable[..., Any]


def answer(server: Mockserver, path: str, environ: WSGIEnvironment) -> Response:
    """Answer a request that is for no provider; Werkzeug's response is a WSGI application."""
    request = Request(environ)
    refusal = _guard(server, path, request)
    if refusal is not None:
        return refusal
    asking = _request.set(request)
    try:
        view, path_values, _ = _routing().match(path, request.method)
        return view(server, path_values)
    except HTTPException as error:
        return unrouted(error)
    finally:
        _request.reset(asking)


@functools.cache
def _routing() -> Routing[View]:
    """Return the paths of the control API, compiled when it is first asked."""
    return Routing(PREFIX, [(each.path, [each.method], each.view) for each in operations])


def endpoint(operation_id: str, method: str, path: str, status: int = 200) -> Callable[[Endpoint], Endpoint]:
    """Serve an operation: the function gets the server and what the request says, and returns the answer's fields."""

    def register(function: Endpoint) -> Endpoint:
        @functools.wraps(function)
        def view(server: Mockserver, path_values: Mapping[str, str]) -> Response:
            contract = Contract.load("control")
            try:
                asked = _asked(server, contract, operation_id, path_values)
                answer = function(server, *path_values.values(), **({"asked": asked} if asked is not None else {}))
            except Problem as error:
                return problem(error.status, error.detail)
            if isinstance(answer, Response):
                return answer
            data = None if status == HTTPStatus.NO_CONTENT else {"schema_version": SCHEMA_VERSION, **answer}
            misfit = contract.misfit(operation_id, status, None if data is None else "application/json", data)
            if misfit is not None:
                server.store.count("misfits")
                log.error("our answer breaks our contract: control %s: %s", operation_id, misfit)
            if data is None:
                return Response(status=status, headers={"Content-Type": ""})
            return Response(json.dumps(data), status, content_type="application/json")

        operations.append(Operation(operation_id, method, path, view))
        return function

    return register


def _asked(
    server: Mockserver, contract: Contract, operation_id: str, path_values: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what a request says in its query or its body, judged; None when its operation takes neither."""
    request = _request.get()
    try:
        sent = body(request.environ, server.config.max_body)
    except RequestEntityTooLarge:
        raise Problem(413, "The body is too large.") from None
    except HTTPException as error:
        raise Problem(error.code or 400, error.description or error.name) from None
    takes_body, names = contract.takes(operation_id)
    if sent and takes_body:
        if request.mimetype != "application/json":
            raise Problem(415, "The body is to be application/json.")
        try:
            data = parse_json(sent)
        except NotJson:
            raise Problem(400, "/body: is no JSON") from None
    else:
        data = {}
    query = MultiDict(parse_pairs(request.query_string))
    for name in query:
        if name not in names:
            raise Problem(400, f"/query/{name}: unknown; there is {', '.join(names) or 'none'}")
    judged = sent if sent and takes_body else b"{}"
    for violation in contract.violations(operation_id, path_values, query, "application/json", judged):
        reason = "is not allowed here" if violation.reason.startswith("False schema") else violation.reason
        raise Problem(400, f"{violation.pointer}: {reason or violation.rule}")
    if names:
        return {name: contract.typed(operation_id, name, query[name]) for name in query}
    return data if takes_body else None


# What endpoints start from


def find_tenant(server: Mockserver, tenant_id: str) -> Tenant:
    """Return an open tenant, or open one that the seed names; any other is a 404."""
    tenant = server.tenants.get(tenant_id)
    if tenant is None:
        raise Problem(404, f"No tenant is named '{tenant_id}'.")
    return tenant


def provider_url(name: str) -> str:
    """Return a provider's URL, as the client names this server."""
    return f"{origin(_request.get().environ)}/{name}"


def root_url(server: Mockserver, name: str) -> str | None:
    """Return the URL of a provider's own port, if it has one, as the client names this machine."""
    request, port = _request.get(), server.mounts.ports.get(name)
    return f"{request.scheme}://{host_name(request.host)}:{port}" if port is not None else None
