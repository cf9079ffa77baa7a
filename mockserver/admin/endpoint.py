"""An endpoint of the control API: who may ask it, what holds it to the contract, the problems it answers with."""

from __future__ import annotations

import functools
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES

from ..contract import Contract
from ..ledger import SCHEMA_VERSION
from ..mounts import host_name
from ..routing import Routing
from ..store import Unserved
from ..web import Call, NotJson, Reply, body, parse_json, parse_pairs

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..store import Tenant

log = logging.getLogger("mockserver")

PREFIX = "/_mockserver"
MAX_BODY = 32 << 20
"""How large a body may be, in bytes: a world may be large, and a state that was told is to be taken back."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPEN_TO_ALL = frozenset({f"{PREFIX}/live", f"{PREFIX}/ready"})
"""What needs no token."""

View = Callable[["Mockserver", Mapping[str, str]], Reply]


class Operation(NamedTuple):
    """An operation of the control API."""

    id: str
    method: str
    path: str
    view: View


operations: list[Operation] = []
_call: ContextVar[Call] = ContextVar("call")
"""What is being answered."""


# Errors, and who may ask


def problem(status: int, detail: str, *headers: tuple[str, str]) -> Reply:
    """Return an error of our own, in a form that no provider uses."""
    data = {"type": "about:blank", "title": HTTP_STATUS_CODES[status], "status": status, "detail": detail}
    return Reply(status, data, json.dumps(data).encode(), "application/problem+json", headers)


class Problem(Exception):
    """An error of our own, on its way out."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def crashed(error: Exception) -> Reply:
    """Answer for a mistake of ours outside of any provider."""
    log.error("crashed", exc_info=error)
    return problem(500, "mockserver crashed on this request; its log has the traceback.")


def unserved(error: Unserved) -> Reply:
    """Answer a request that cannot be answered as it should be now."""
    log.warning("%s", error)
    return problem(503, str(error))


def misdirected() -> Reply:
    """Answer a request whose Host this server has no business with."""
    return problem(421, "Bound to loopback, this server answers only to a loopback name or a provider's.")


def admits(server: Mockserver, host: str | None) -> bool:
    """Say whether a request with this Host may be answered: a page of the web could have led a browser here."""
    return host is None or server.config.expose or host_name(host) in LOOPBACK or host_name(host) in server.mounts.hosts


def _unrouted(error: HTTPException) -> Reply:
    """Answer a request that is for no provider and for no operation of the control API."""
    methods = sorted(error.valid_methods or ()) if isinstance(error, MethodNotAllowed) else []
    headers = [("Allow", ", ".join(methods))] if methods else []
    return problem(error.code or 500, error.description or error.name, *headers)


def _guard(server: Mockserver, call: Call) -> Reply | None:
    """Refuse what a browser could be tricked into: a foreign Origin; and no token where one is set."""
    if not (call.path == PREFIX or call.path.startswith(f"{PREFIX}/")):
        return None
    origin = call.headers.get("Origin")
    foreign = origin is not None and origin.partition("://")[2] != call.headers.get("Host")
    if foreign or call.headers.get("Sec-Fetch-Site") == "cross-site":
        return problem(403, "The control API is not for pages of other origins.")
    token = server.config.control_token
    if token is not None and call.path not in OPEN_TO_ALL:
        scheme, _, given = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
            return problem(401, "The control API needs its token.", ("WWW-Authenticate", "Bearer"))
    return None


# The way of a control request: where it leads, what it says, what is answered; both are held against the contract

Endpoint = Callable[..., Any]


def answer(server: Mockserver, call: Call) -> Reply:
    """Answer a request that is for no provider."""
    refusal = _guard(server, call)
    if refusal is not None:
        return refusal
    answering = _call.set(call)
    try:
        view, path_values, _ = _routing().match(call.path, call.method)
        return view(server, path_values)
    except HTTPException as error:
        return _unrouted(error)
    finally:
        _call.reset(answering)


@functools.cache
def _routing() -> Routing[View]:
    """Return the paths of the control API, compiled when it is first asked."""
    return Routing(PREFIX, [(each.path, [each.method], each.view) for each in operations])


def endpoint(operation_id: str, method: str, path: str, status: int = 200) -> Callable[[Endpoint], Endpoint]:
    """Serve an operation: the function gets the server and what the request says, and returns the answer's fields."""

    def register(function: Endpoint) -> Endpoint:
        @functools.wraps(function)
        def view(server: Mockserver, path_values: Mapping[str, str]) -> Reply:
            contract = Contract.load("control")
            try:
                asked = _asked(contract, operation_id, path_values)
                answer = function(server, *path_values.values(), **({"asked": asked} if asked is not None else {}))
            except Problem as error:
                return problem(error.status, error.detail)
            if isinstance(answer, Reply):
                return answer
            data = None if status == 204 else {"schema_version": SCHEMA_VERSION, **answer}
            misfit = contract.misfit(operation_id, status, None if data is None else "application/json", data)
            if misfit is not None:
                server.store.count("misfits")
                log.error("our answer breaks our contract: control %s: %s", operation_id, misfit)
            if data is None:
                return Reply(status)
            return Reply(status, data, json.dumps(data).encode(), "application/json")

        operations.append(Operation(operation_id, method, path, view))
        return function

    return register


def _asked(contract: Contract, operation_id: str, path_values: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what a request says in its query or its body, judged; None when its operation takes neither."""
    call = _call.get()
    try:
        sent = body(call.environ, MAX_BODY)
    except RequestEntityTooLarge:
        raise Problem(413, "The body is too large.") from None
    except HTTPException as error:
        raise Problem(error.code or 400, error.description or error.name) from None
    takes_body, names = contract.takes(operation_id)
    if sent and takes_body:
        if call.media_type != "application/json":
            raise Problem(415, "The body is to be application/json.")
        try:
            data = parse_json(sent)
        except NotJson:
            raise Problem(400, "/body: is no JSON") from None
    else:
        data = {}
    query = MultiDict(parse_pairs(call.environ.get("QUERY_STRING", "").encode("latin-1")))
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
    return f"{_call.get().root}/{name}"


def root_url(server: Mockserver, name: str) -> str | None:
    """Return the URL of a provider's own port, if it has one, as the client names this machine."""
    scheme, _, host = _call.get().root.partition("://")
    port = server.mounts.ports.get(name)
    return f"{scheme}://{host_name(host)}:{port}" if port is not None else None
