"""The control API, `/_mockserver/`: what a tester asks of the server itself. Its errors are RFC 9457 problems."""

from __future__ import annotations

import copy
import difflib
import functools
import json
import logging
import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from . import clock, ids, resources, seed
from .contract import Contract
from .errors import SeedError, entries
from .journal import Record, Tally
from .tenants import Registration, Taken
from .web import NotJson, parse_json, parse_pairs, unread

if TYPE_CHECKING:
    from .app import Mockserver
    from .faults import Fault
    from .store import Tenant

log = logging.getLogger("mockserver")

PREFIX = "/_mockserver"
SCHEMA_VERSION = 1
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPEN_TO_ALL = frozenset({f"{PREFIX}/live", f"{PREFIX}/ready"})
"""What needs no token."""
MAX_FAULTS = 1_000
MAX_SNAPSHOTS = 100
NEWEST = 100
"""How many requests of a journal are listed if nothing else is asked for."""

blueprint = Blueprint("admin", __name__, url_prefix=PREFIX)
operations: list[tuple[str, str, str]] = []
"""operationId, method and path of every operation of the control API."""


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


def guard() -> Response | None:
    """Refuse what a browser could be tricked into: a foreign Host, a foreign Origin; and no token where one is set."""
    server = _server()
    host = request.headers.get("Host")
    if host is not None and not server.config.expose and _name(host) not in LOOPBACK | server.mounts.hosts:
        return problem(421, "Bound to loopback, this server answers only to a loopback name or a provider's.")
    if not (request.path == PREFIX or request.path.startswith(f"{PREFIX}/")):
        return None
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != host
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return problem(403, "The control API is not for pages of other origins.")
    token = server.config.control_token
    if token is not None and request.path not in OPEN_TO_ALL:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
            return problem(401, "The control API needs its token.", {"WWW-Authenticate": "Bearer"})
    return None


def _name(host: str) -> str:
    """Return the name in a Host header; every name under `localhost` is `localhost`."""
    name = host.lower()
    name = name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]
    return "localhost" if name.endswith(".localhost") else name


def _server() -> Mockserver:
    server: Mockserver = current_app.extensions["mockserver"]
    return server


# The way of a control request: hold it against the contract, answer, hold the answer against it

Endpoint = Callable[..., Any]


def endpoint(operation_id: str, method: str, path: str, status: int = 200) -> Callable[[Endpoint], Endpoint]:
    """Serve an operation: the function gets the server and what the request says, and returns the answer's fields."""
    operations.append((operation_id, method, path))

    def register(function: Endpoint) -> Endpoint:
        @functools.wraps(function)
        def view(**path_values: str) -> Response:
            server = _server()
            contract = Contract.load("control")
            try:
                asked = _asked(contract, operation_id, path_values)
                answer = function(server, *path_values.values(), **({"asked": asked} if asked is not None else {}))
            except Problem as error:
                return problem(error.status, error.detail)
            if isinstance(answer, Response):
                return answer
            data = None if status == HTTPStatus.NO_CONTENT else {"schema_version": SCHEMA_VERSION, **answer}
            misfit = contract.misfit(operation_id, status, None if data is None else "application/json", data)
            if misfit is not None:
                server.misfits += 1
                log.error("our answer breaks our contract: control %s: %s", operation_id, misfit)
            if data is None:
                return Response(status=status, headers={"Content-Type": ""})
            return Response(json.dumps(data), status, content_type="application/json")

        rule = path.replace("{", "<").replace("}", ">")
        blueprint.add_url_rule(rule, operation_id, view, methods=[method], provide_automatic_options=False)
        return function

    return register


def _asked(contract: Contract, operation_id: str, path_values: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what a request says in its query or its body, judged; None when its operation takes neither."""
    try:
        body = request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise Problem(413, "The body is too large.") from None
    except HTTPException as error:
        raise Problem(error.code or 400, error.description or error.name) from None
    takes_body, names = contract.takes(operation_id)
    if body and takes_body:
        if request.mimetype != "application/json":
            raise Problem(415, "The body is to be application/json.")
        try:
            data = parse_json(body)
        except NotJson:
            raise Problem(400, "/body: is no JSON") from None
    else:
        data = {}
    query = MultiDict(parse_pairs(request.query_string))
    for name in query:
        if name not in names:
            raise Problem(400, f"/query/{name}: unknown; there is {', '.join(names) or 'none'}")
    sent = body if body and takes_body else b"{}"
    for violation in contract.violations(operation_id, path_values, query, "application/json", sent):
        reason = "is not allowed here" if violation.reason.startswith("False schema") else violation.reason
        raise Problem(400, f"{violation.pointer}: {reason or violation.rule}")
    if names:
        return {name: contract.typed(operation_id, name, query[name]) for name in query}
    return data if takes_body else None


# The server


@endpoint("live", "GET", "/live")
def live(server: Mockserver) -> Any:
    return {"live": True}


@endpoint("ready", "GET", "/ready")
def ready(server: Mockserver) -> Any:
    return {"ready": True}


@endpoint("info", "GET", "/info")
def info(server: Mockserver) -> Any:
    config = server.config
    return {
        "version": resources.version(),
        "world": server.world.name,
        "providers": [
            {"name": each.name, "title": each.title, "url": _base(each.name), "operations": len(each.operations)}
            for each in server.providers.values()
        ],
        "limits": {
            "max_tenants": config.max_tenants,
            "max_body": config.max_body,
            "journal_size": config.journal_size,
            "journal_room": config.journal_room,
        },
        "counters": _counters(server),
    }


def _counters(server: Mockserver) -> dict[str, int]:
    return {
        "tenants": len(server.store),
        "evictions": server.tenants.evictions,
        "dropped": sum(tenant.journal.dropped for tenant in server.store),
        "misfits": server.misfits,
        "requests": server.requests,
    }


@endpoint("listOperations", "GET", "/operations")
def list_operations(server: Mockserver) -> Any:
    return catalogue(server.providers.values())


def catalogue(providers: Iterable[Any]) -> dict[str, Any]:
    """Return every operation, every refusal with its source, and everything that is not modelled."""
    found: dict[str, list[dict[str, Any]]] = {"operations": [], "refusals": [], "unmodelled": []}
    for provider in providers:
        summaries = Contract.load(provider.name).summaries()
        for operation in provider.operations:
            found["operations"].append(
                {
                    "id": f"{provider.name}.{operation.id}",
                    "provider": provider.name,
                    "method": operation.method,
                    "paths": list(operation.paths),
                    "summary": summaries[operation.id],
                    "scope": operation.scope,
                }
            )
        for entry in entries(provider.catalog).values():
            found["refusals"].append(
                {
                    "provider": provider.name,
                    "key": entry.key,
                    "status": entry.status,
                    "message": entry.message,
                    "kind": entry.source.kind,
                    "source": entry.source.where,
                }
            )
        for path, methods in provider.unmodelled.items():
            found["unmodelled"] += [{"provider": provider.name, "method": each, "path": path} for each in methods]
    return found


@endpoint("getCoverage", "GET", "/coverage")
def get_coverage(server: Mockserver) -> Any:
    return counted(server.tally)


def counted(tally: Tally) -> dict[str, Any]:
    """Return what was counted, operations by their full names."""
    names = ("provider", "operation", "refusal", "count")
    counts = [(provider, operation and f"{provider}.{operation}", *rest) for provider, operation, *rest in tally]
    return {"counts": [dict(zip(names, each, strict=True)) for each in counts]}


@endpoint("getOpenapi", "GET", "/openapi/{name}.json")
def get_openapi(server: Mockserver, name: str) -> Any:
    if name != "control" and name not in server.providers:
        raise Problem(404, f"No document is named '{name}'; there is {', '.join(server.providers)}, control.")
    document = copy.copy(Contract.load(name).document)
    document["servers"] = [{"url": _base(name) if name != "control" else f"{request.host_url.rstrip('/')}{PREFIX}"}]
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")


@endpoint("metrics", "GET", "/metrics")
def metrics(server: Mockserver) -> Any:
    lines = []
    kinds = {"tenants": "gauge"}
    for name, value in _counters(server).items():
        kind = kinds.get(name, "counter")
        metric = f"mockserver_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value}"]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


@endpoint("reset", "POST", "/reset")
def reset(server: Mockserver, asked: dict[str, Any]) -> Any:
    server.reset()
    return {"reset": True}


def _base(name: str) -> str:
    return f"{request.scheme}://{request.host}/{name}"


# Tenants


def _tenant(server: Mockserver, tenant_id: str) -> Tenant:
    tenant = server.store.get(tenant_id)
    if tenant is None and tenant_id in {each.tenant for each in server.world.registrations.values()}:
        tenant = server.store.tenant(tenant_id)
    if tenant is None:
        raise Problem(404, f"No tenant is named '{tenant_id}'.")
    return tenant


@endpoint("listTenants", "GET", "/tenants")
def list_tenants(server: Mockserver) -> Any:
    return {
        "tenants": [
            {"id": tenant.id, "requests": len(tenant.journal), "written": sorted(tenant.states)}
            for tenant in server.store
        ]
    }


@endpoint("createTenant", "POST", "/tenants", status=201)
def create_tenant(server: Mockserver, asked: dict[str, Any]) -> Any:
    states = _seeded(server, asked["seed"]) if "seed" in asked else None
    given = asked.get("credentials", {})
    tenant_id = server.tenants.next_id()
    material = {name: ids.scope(server.config.id_seed, f"{tenant_id}\0{name}") for name in server.providers}
    registrations = [
        Registration(name, given.get(name) or provider.new_credential(material[name]), tenant_id)
        for name, provider in server.providers.items()
    ]
    start = _set_clock(clock.Clock(), asked.get("clock", {}), server.store.time())
    tenant = server.store.tenant(tenant_id, states, start)
    try:
        server.tenants.add(tenant, registrations)
    except Taken as error:
        server.store.drop(tenant_id)
        raise Problem(409, f"/body/credentials/{error}: stands for another tenant") from None
    return _shown(server, tenant)


def _seeded(server: Mockserver, source: str | dict[str, Any]) -> Mapping[str, Any]:
    readers = {name: provider.read_seed for name, provider in server.providers.items()}
    try:
        if isinstance(source, str):
            if source.partition("#")[0] not in ("default", "empty", "documents"):
                raise Problem(400, "/body/seed: is to be a packaged world (default, empty, documents#NAME) or a world")
            return seed.load(source, readers).states
        for name in source:
            if name not in readers:
                raise Problem(400, f"/body/seed/{name}: unknown; there is {', '.join(readers)}")
        return {name: read({**source.get(name, {})}).state for name, read in readers.items()}
    except SeedError as error:
        raise Problem(400, f"/body/seed: {error}") from None


def _shown(server: Mockserver, tenant: Tenant) -> dict[str, Any]:
    credentials = server.tenants.credentials(tenant.id)
    providers = {}
    for name, provider in server.providers.items():
        key = credentials.get(name)
        providers[name] = {
            "url": _base(name),
            "api_key": key,
            "headers": {"Authorization": provider.authorization(key)} if key is not None else {},
            "env": dict(provider.environment(_base(name), key)) if key is not None else {},
        }
    return {"id": tenant.id, "providers": providers}


@endpoint("lookupTenant", "POST", "/tenants/lookup")
def lookup_tenant(server: Mockserver, asked: dict[str, Any]) -> Any:
    tenant_id = server.tenants.find(asked["provider"], asked["credential"])
    if tenant_id is None:
        raise Problem(404, "No open tenant has this credential.")
    return {"id": tenant_id}


@endpoint("getTenant", "GET", "/tenants/{id}")
def get_tenant(server: Mockserver, tenant_id: str) -> Any:
    return _shown(server, _tenant(server, tenant_id))


@endpoint("deleteTenant", "DELETE", "/tenants/{id}", status=204)
def delete_tenant(server: Mockserver, tenant_id: str) -> Any:
    server.tenants.drop(_tenant(server, tenant_id).id)


@endpoint("resetTenant", "POST", "/tenants/{id}/reset")
def reset_tenant(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    _tenant(server, tenant_id).reset()
    return {"reset": True}


@endpoint("settleTenant", "POST", "/tenants/{id}/settle")
def settle_tenant(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    with tenant.lock:
        for name, provider in server.providers.items():
            state = tenant.state(name)
            settled = provider.settle(state, math.inf)
            if settled is not state:
                tenant.states[name] = settled
    return {"settled": True}


@endpoint("getState", "GET", "/tenants/{id}/state")
def get_state(server: Mockserver, tenant_id: str) -> Any:
    tenant = _tenant(server, tenant_id)
    return {"state": {name: tenant.state(name).dump() for name in server.providers}}


@endpoint("putState", "PUT", "/tenants/{id}/state")
def put_state(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    states = {}
    for name, section in asked["state"].items():
        if "credentials" in section:
            raise Problem(400, f"/body/state/{name}/credentials: a state has none")
        try:
            states[name] = server.providers[name].read_seed(section).state
        except SeedError as error:
            raise Problem(400, f"/body/state/{'/'.join(map(str, (name, *error.path)))}: {error.reason}") from None
    with tenant.lock:
        tenant.states.update(states)
    return get_state(server, tenant_id)


# Snapshots


@endpoint("listSnapshots", "GET", "/tenants/{id}/snapshots")
def list_snapshots(server: Mockserver, tenant_id: str) -> Any:
    return {"snapshots": [{"name": name} for name in _tenant(server, tenant_id).snapshots]}


@endpoint("createSnapshot", "POST", "/tenants/{id}/snapshots", status=201)
def create_snapshot(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    _keep(tenant.snapshots, asked["name"], tenant.snapshot())
    return {"name": asked["name"]}


def _keep(snapshots: dict[str, Any], name: str, snapshot: object) -> None:
    if name not in snapshots and len(snapshots) >= MAX_SNAPSHOTS:
        raise Problem(400, f"/body/name: there are {MAX_SNAPSHOTS} snapshots already; replace one of them")
    snapshots[name] = snapshot


@endpoint("restoreSnapshot", "POST", "/tenants/{id}/snapshots/{name}/restore")
def restore_snapshot(server: Mockserver, tenant_id: str, name: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    if name not in tenant.snapshots:
        raise Problem(404, f"No snapshot is named '{name}'.")
    tenant.restore(tenant.snapshots[name])
    return {"restored": name}


@endpoint("listServerSnapshots", "GET", "/snapshots")
def list_server_snapshots(server: Mockserver) -> Any:
    return {"snapshots": [{"name": name} for name in server.snapshots]}


@endpoint("createServerSnapshot", "POST", "/snapshots", status=201)
def create_server_snapshot(server: Mockserver, asked: dict[str, Any]) -> Any:
    _keep(server.snapshots, asked["name"], server.tenants.snapshot())
    return {"name": asked["name"]}


@endpoint("restoreServerSnapshot", "POST", "/snapshots/{name}/restore")
def restore_server_snapshot(server: Mockserver, name: str, asked: dict[str, Any]) -> Any:
    if name not in server.snapshots:
        raise Problem(404, f"No snapshot is named '{name}'.")
    server.tenants.restore(server.snapshots[name])
    return {"restored": name}


# The journal


def _filtered(tenant: Tenant, asked: Mapping[str, Any]) -> list[Record]:
    def fits(record: Record) -> bool:
        status = asked.get("status")
        return (
            asked.get("provider", record.provider) == record.provider
            and asked.get("operation") in (None, f"{record.provider}.{record.operation}")
            and asked.get("method", record.method) == record.method
            and asked.get("path", record.path) == record.path
            and (status is None or str(status) in (str(record.status), f"{record.status // 100}xx"))
            and asked.get("refused") in (None, record.refusal is not None)
            and record.seq > asked.get("since", -1)
        )

    return [record for record in tenant.journal if fits(record)]


@endpoint("listRequests", "GET", "/tenants/{id}/requests")
def list_requests(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    records = _filtered(tenant, asked)[-asked.get("limit", NEWEST) :]
    return {"requests": [_told(server, record) for record in records], "dropped": tenant.journal.dropped}


@endpoint("clearRequests", "DELETE", "/tenants/{id}/requests", status=204)
def clear_requests(server: Mockserver, tenant_id: str) -> Any:
    _tenant(server, tenant_id).journal.clear()


@endpoint("getRequest", "GET", "/tenants/{id}/requests/{rid}")
def get_request(server: Mockserver, tenant_id: str, request_id: str) -> Any:
    for record in _tenant(server, tenant_id).journal:
        if record.id == request_id:
            return _told(server, record)
    raise Problem(404, f"No request is named '{request_id}', or it was dropped.")


@endpoint("countRequests", "POST", "/tenants/{id}/requests/count")
def count_requests(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    return {"count": len(_filtered(_tenant(server, tenant_id), asked))}


@endpoint("getTenantCoverage", "GET", "/tenants/{id}/coverage")
def get_tenant_coverage(server: Mockserver, tenant_id: str) -> Any:
    return counted(_tenant(server, tenant_id).journal.tally)


def _told(server: Mockserver, record: Record) -> dict[str, Any]:
    """Return a record, with what can be worked out from it: the broken contract, the unread, the closest operation."""
    provider = server.providers[record.provider]
    content_type = next((value for name, value in record.headers if name.lower() == "content-type"), "")
    violations = []
    if record.operation is not None:
        query = MultiDict(parse_pairs(record.query.encode("latin-1")))
        found = Contract.load(provider.name).violations(
            record.operation, record.path_values, query, content_type, record.body
        )
        violations = [{"pointer": each.pointer, "rule": each.rule, "value": _plain(each.value)} for each in found]
    refusal = record.refusal
    return {
        "id": record.id,
        "seq": record.seq,
        "time": clock.show(record.time),
        "provider": record.provider,
        "operation": record.operation and f"{record.provider}.{record.operation}",
        "method": record.method,
        "path": record.path,
        "path_parameters": dict(record.path_values),
        "query": record.query,
        "headers": [list(header) for header in record.headers],
        "body": record.body.decode("utf-8", "replace"),
        "credential": record.credential,
        "account": record.account,
        "status": record.status,
        "refusal": refusal
        and {
            "key": refusal.key,
            "message": refusal.message,
            "kind": refusal.source.kind,
            "source": refusal.source.where,
        },
        "situation": record.situation,
        "violations": violations,
        "unread": list(unread(record.query, record.body, content_type, record.read)) if record.operation else [],
        "fault": record.fault,
        "misfit": record.misfit,
        "closest": None if record.operation else _closest(provider, record),
    }


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def _closest(provider: Any, record: Record) -> str | None:
    """Return the operation whose method and path are most like those of a request that met none."""
    asked = f"{record.method} {record.path}"
    known = {f"{each.method} {path}": each.id for each in provider.operations for path in each.paths}
    found = difflib.get_close_matches(asked, known, n=1, cutoff=0.5)
    return f"{provider.name}.{known[found[0]]}" if found else None


# Faults


@endpoint("listFaults", "GET", "/tenants/{id}/faults")
def list_faults(server: Mockserver, tenant_id: str) -> Any:
    return {"faults": [_planned(fault) for fault in _tenant(server, tenant_id).faults]}


@endpoint("createFault", "POST", "/tenants/{id}/faults", status=201)
def create_fault(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    known = {f"{each.name}.{op.id}" for each in server.providers.values() for op in each.operations}
    known |= {"*", *(f"{name}.*" for name in server.providers)}
    operation, kind = asked["operation"], asked.get("kind", "error")
    if operation not in known:
        near = difflib.get_close_matches(operation, known, n=1, cutoff=0)[0]
        raise Problem(400, f"/body/operation: '{operation}' is unknown; the closest is '{near}'")
    if len(tenant.faults) >= MAX_FAULTS:
        raise Problem(400, f"/body: there are {MAX_FAULTS} faults already; take some back")
    fault = tenant.faults.add(
        operation,
        kind,
        status=asked.get("status", 503) if kind == "error" else None,
        times=int(asked.get("times", 1)),
        skip=int(asked.get("skip", 0)),
        when=asked.get("when", "after" if kind == "truncate" else "before"),
        delay_seconds=asked.get("delay_seconds"),
    )
    return _planned(fault)


@endpoint("clearFaults", "DELETE", "/tenants/{id}/faults", status=204)
def clear_faults(server: Mockserver, tenant_id: str) -> Any:
    _tenant(server, tenant_id).faults.clear()


def _fault(server: Mockserver, tenant_id: str, fault_id: str) -> Fault:
    fault = _tenant(server, tenant_id).faults.get(fault_id)
    if fault is None:
        raise Problem(404, f"No fault is named '{fault_id}'.")
    return fault


@endpoint("getFault", "GET", "/tenants/{id}/faults/{fid}")
def get_fault(server: Mockserver, tenant_id: str, fault_id: str) -> Any:
    return _planned(_fault(server, tenant_id, fault_id))


@endpoint("deleteFault", "DELETE", "/tenants/{id}/faults/{fid}", status=204)
def delete_fault(server: Mockserver, tenant_id: str, fault_id: str) -> Any:
    _tenant(server, tenant_id).faults.remove(_fault(server, tenant_id, fault_id).id)


def _planned(fault: Fault) -> dict[str, Any]:
    return {
        "id": fault.id,
        "operation": fault.operation,
        "kind": fault.kind,
        "status": fault.status,
        "times": fault.times,
        "skip": fault.skip,
        "when": fault.when,
        "delay_seconds": fault.delay_seconds,
        "remaining": fault.remaining,
        "fired": fault.fired,
        "completed": fault.completed,
    }


# The clock


def _clock(server: Mockserver, tenant: Tenant) -> dict[str, Any]:
    now = tenant.clock.now(server.store.time())
    return {"now": clock.show(now), "frozen": tenant.clock.frozen is not None}


def _moment(text: str, pointer: str) -> float:
    try:
        return clock.parse(text)
    except ValueError as error:
        raise Problem(400, f"{pointer}: {error}") from None


def _set_clock(current: clock.Clock, asked: Mapping[str, Any], wall: float) -> clock.Clock:
    if "now" in asked:
        current = current.set(_moment(asked["now"], "/body/now"), wall)
    if "frozen" in asked:
        current = current.freeze(wall, frozen=asked["frozen"])
    return current


@endpoint("getClock", "GET", "/tenants/{id}/clock")
def get_clock(server: Mockserver, tenant_id: str) -> Any:
    return _clock(server, _tenant(server, tenant_id))


@endpoint("putClock", "PUT", "/tenants/{id}/clock")
def put_clock(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    with tenant.lock:
        tenant.clock = _set_clock(tenant.clock, asked, server.store.time())
    return _clock(server, tenant)


@endpoint("advanceClock", "POST", "/tenants/{id}/clock/advance")
def advance_clock(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = _tenant(server, tenant_id)
    if len(asked) != 1:
        raise Problem(400, "/body: is to have 'seconds' or 'to', and not both")
    with tenant.lock:
        wall = server.store.time()
        now = tenant.clock.now(wall)
        then = now + asked["seconds"] if "seconds" in asked else _moment(asked["to"], "/body/to")
        if then > clock.LATEST:
            raise Problem(400, "/body/seconds: leads beyond the year 9999")
        if then < now:
            raise Problem(400, "/body/to: is before the tenant's time; PUT sets a clock back")
        tenant.clock = tenant.clock.set(then, wall)
    return _clock(server, tenant)
