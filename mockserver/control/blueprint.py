"""The control API's blueprint: access control, and validation against its OpenAPI document."""

from __future__ import annotations

import copy
import functools
import ipaddress
import json
import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flask
from flask import abort, current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from ..core import resources
from ..core.config import NO_TOKEN
from ..core.store import StateTooLarge, StoreUnavailable, Tenant
from ..evidence import SCHEMA_VERSION
from ..web.bodies import NotJson, parse_json, parse_pairs
from ..web.exchange import origin, script_name
from ..web.mounts import host_name, is_own_name
from ..web.openapi import Contract
from ..web.operations import OperationBlueprint
from ..web.problems import (
    MisdirectedRequest,
    http_problem,
    internal_error,
    out_of_files,
    problem,
    state_too_large,
    status_line,
    unavailable,
)
from ..web.server_state import server_state
from ..web.wrappers import Response, read_body

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger("mockserver")

PREFIX = "/_mockserver"
CONTRACT = resources.folder("openapi") / "control.yaml"
DATA = "mockserver.control_data"
"""WSGI environ key: the valid body or query of a request."""
MAX_BODY = 32 << 20
"""Maximum size of a body in bytes; large enough that any state returned by GET can be sent back with PUT."""
MAX_DETAIL = 1_000
"""The length from which parts of an error are cut, in characters."""
NEEDS_TOKEN = (
    "The control API requires its token: send it as `Authorization: Bearer TOKEN`. It is the value of "
    "MOCKSERVER_CONTROL_TOKEN or --control-token; if neither was set, the startup output has it."
)
FORMATS = {
    **dict.fromkeys(("now", "to"), "expected a time such as '2026-03-01T09:00:00Z'"),
    "after": "expected ids of messages, separated by commas",
    "seed": "expected a packaged seed (default, empty, documents#NAME) or an object",
}
"""Messages about texts of a wrong format, by the name of the field."""
READS = frozenset({"lookupTenant", "countRequests"})
"""Endpoints that change nothing although their method is not GET."""
PUBLIC_ENDPOINTS = frozenset({"live", "ready"})
"""Endpoints that need no token, from any address."""


class ControlBlueprint(OperationBlueprint):
    """The blueprint of the control API. A view returns the fields of its response, or `(fields, status)`."""

    def __init__(self) -> None:
        super().__init__("control", __name__, url_prefix=PREFIX)
        self.before_request(check_access)
        self.before_request(validate_request)
        self.register_error_handler(HTTPException, http_problem)
        self.register_error_handler(RequestEntityTooLarge, lambda error: problem(413, "The body is too large."))
        self.register_error_handler(StoreUnavailable, unavailable)
        self.register_error_handler(StateTooLarge, state_too_large)
        self.register_error_handler(OSError, out_of_files)
        self.register_error_handler(Exception, internal_error)

    def register(self, app: Any, options: dict[str, Any]) -> None:
        Contract.reader(CONTRACT)  # so that no request opens a file
        super().register(app, options)

    def add_url_rule(  # type: ignore[override]
        self, rule: str, endpoint: str, view_func: Callable[..., Any], *, methods: list[str]
    ) -> None:
        """Register an operation; `endpoint` is its operationId."""

        @functools.wraps(view_func)
        def view(**path_values: str) -> flask.Response:
            return make_response(endpoint, view_func(**path_values))

        self.add_rule(rule, endpoint, view, methods)


def check_access() -> flask.Response | None:
    """Reject pages of other origins, requests without the token if one is set, and other machines if none is set."""
    if isinstance(request.routing_exception, BadRequest | MisdirectedRequest):
        return None  # the application rejects the host
    origin = request.headers.get("Origin")
    is_cross_origin = origin is not None and origin.partition("://")[2] != request.headers.get("Host")
    if is_cross_origin or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return problem(403, "The control API does not accept requests from pages of other origins.")
    if request.endpoint is not None and request.endpoint.rpartition(".")[2] in PUBLIC_ENDPOINTS:
        return None
    if is_change_by_page() and server_state().config.ui == "read-only":
        return problem(403, "Pages can change nothing on this server: --ui read-only.")
    server_state().check_process(request.environ)
    token = server_state().config.control_token
    if token == NO_TOKEN:
        return None
    if token is None:
        if is_loopback(request.environ) and allows_host(request.headers.get("Host")):
            return None
        return problem(
            403,
            "Without a control token, the control API accepts only clients on a loopback address: set control_token.",
        )
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
        return problem(401, NEEDS_TOKEN, [("WWW-Authenticate", "Bearer")])
    return None


def is_change_by_page() -> bool:
    """Return whether a page sends the request, and it may change something. Browsers add the headers themselves."""
    is_read = request.method == "GET" or (request.endpoint or "").rpartition(".")[2] in READS
    return not is_read and ("Origin" in request.headers or "Sec-Fetch-Site" in request.headers)


def is_loopback(environ: WSGIEnvironment) -> bool:
    """Return whether the client is on this machine.

    A request without an address is local if there is no server, as with Werkzeug's test client. A server omits the
    address for a Unix socket, behind which there may be a proxy.
    """
    address = environ.get("REMOTE_ADDR")
    if address is None:
        return not environ.get("wsgi.multithread") and not environ.get("wsgi.multiprocess")
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def allows_host(host: str | None) -> bool:
    """Return whether a Host is a name of this machine. A DNS rebinding attack uses another one."""
    state, config = server_state(), current_app.config
    if host is None or state.config.expose or config["TRUSTED_HOSTS"] is not None:
        return True
    own = config["SERVER_NAME"]
    return is_own_name(host) or (own is not None and host_name(host) == host_name(own))


def validate_request() -> None:
    """Validate the query or the body of a request against the OpenAPI document, and keep it for `request_data`."""
    if request.endpoint is None:
        return
    operation_id = request.endpoint.rpartition(".")[2]
    contract = control_contract()
    body = read_body(request, MAX_BODY)
    takes_body, names = contract.body_and_query(operation_id)
    data = {}
    if body and takes_body:
        if request.mimetype != "application/json":
            abort(415, "Invalid Content-Type: expected application/json.")
        try:
            data = parse_json(body)
        except NotJson:
            abort(400, "/body: invalid JSON")
    query = MultiDict(parse_pairs(request.query_string))
    for name in query:
        if name not in names:
            abort(400, f"/query/{name[:MAX_DETAIL]}: unknown parameter: expected {', '.join(names) or 'none'}")
    validated = body if body and takes_body else b"{}"
    values = request.view_args or {}
    for violation in contract.request_violations(operation_id, values, query, "application/json", validated):
        reason = "is not allowed here" if violation.reason.startswith("False schema") else violation.reason
        if violation.rule == "pattern":  # its message is a regular expression
            reason = FORMATS.get(violation.pointer.rpartition("/")[2], "the value does not have the expected format")
        abort(400, f"{violation.pointer[:MAX_DETAIL]}: {(reason or violation.rule)[:MAX_DETAIL]}")
    if names:
        data = {name: contract.coerce(operation_id, name, query[name]) for name in query}
    request.environ[DATA] = data


def control_contract() -> Contract:
    """Return the OpenAPI document of the control API, with the names of the providers that the application has."""
    return _contract(tuple(server_state().providers))


@functools.lru_cache(maxsize=8)
def _contract(providers: tuple[str, ...]) -> Contract:
    packaged = Contract.load(CONTRACT)
    if providers == tuple(packaged.document["components"]["schemas"]["ProviderName"]["enum"]):
        return packaged
    document = copy.deepcopy(packaged.document)
    schemas = document["components"]["schemas"]
    schemas["ProviderName"]["enum"], schemas["SeedKey"]["enum"] = list(providers), ["name", *providers]
    return Contract(document)


def request_data() -> dict[str, Any]:
    """Return the valid body of the request, or its query."""
    data: dict[str, Any] = request.environ[DATA]
    return data


def make_response(operation_id: str, returned: Any) -> flask.Response:
    """Return what a view returned as a response, validated against the OpenAPI document."""
    if isinstance(returned, flask.Response):
        return returned
    fields, status = returned if isinstance(returned, tuple) else (returned, 200)
    data = None if status == 204 else {"schema_version": SCHEMA_VERSION, **fields}
    content_type = None if data is None else "application/json"
    violation = control_contract().response_violation(operation_id, status, content_type, data)
    if violation is not None:
        server_state().store.count("response_violations")
        log.error("response violates the OpenAPI document: control %s: %s", operation_id, violation)
    return Response(json.dumps(data) if data is not None else None, status_line(status), content_type=content_type)


blueprint = ControlBlueprint()


# Helpers of views


def get_tenant_or_404(name: str) -> Tenant:
    """Return the tenant with this id, or with this credential; respond with 404 if it is unknown.

    The tenant of the seed's names and credentials, and of a well-formed credential, is created when first used.
    """
    server = server_state()
    tenant = server.tenants.get(name) or _tenant_of_credential(name)
    if tenant is None:
        is_key = any(provider.api_key_pattern.fullmatch(name) for provider in server.providers.values())
        abort(404, "No tenant has this credential." if is_key else f"No tenant is named '{name}'.")
    return tenant


def _tenant_of_credential(credential: str) -> Tenant | None:
    server = server_state()
    ids = {tenant_id for name in server.providers if (tenant_id := server.tenants.find(name, credential)) is not None}
    if len(ids) > 1:
        abort(404, "The credential is one of several tenants, at different providers: use the id of a tenant.")
    if ids:
        return server.tenants.get(ids.pop())
    for name, provider in server.providers.items():
        if provider.api_key_pattern.fullmatch(credential):
            caller = server.tenants.caller(name, credential, provider.api_key_pattern, None)
            return caller.tenant if caller is not None else None
    return None


def provider_url(name: str, region: str | None = None) -> str:
    """Return the URL of a region of a provider, the first by default, with the host name that the client uses."""
    return origin(request) + script_name(request) + server_state().mounts.prefix_of(name, region)


def provider_urls(name: str, region: str | None = None) -> dict[str, str]:
    """Return the `url` of a region of a provider, and the `root_url` of its own port, if it has one."""
    urls = {"url": provider_url(name, region)}
    port = server_state().mounts.port_of(name, region)
    if port is not None:
        urls["root_url"] = f"{request.scheme}://{host_name(request.headers.get('Host', ''))}:{port}"
    return urls
