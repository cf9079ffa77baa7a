"""Stubs of a tenant: create, list, get, delete."""

from __future__ import annotations

import difflib
from typing import Any

from flask import abort

from ..core.store import TenantData
from ..core.stubs import Stub, Stubs
from ..web.provider import Provider
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, request_data
from .planned import check_size, planned_content

MAX_STUBS = 1_000


@blueprint.get("/tenants/<id>/stubs", endpoint="listStubs")
def list_stubs(id: str) -> Any:
    return {"stubs": [_stub(stub) for stub in get_tenant_or_404(id).read().stubs]}


@blueprint.post("/tenants/<id>/stubs", endpoint="createStub")
def create_stub(id: str) -> Any:
    tenant, data = get_tenant_or_404(id), request_data()
    method, path, status = data["method"], data["path"], data.get("status", 200)
    _check_operation(server_state().providers[data["provider"]], method, path)
    headers, body = planned_content(data, status)

    def add(tenant_data: TenantData) -> Stub:
        changed = tenant_data.stubs.add(data["provider"], method, path, status, headers, body)
        if len(changed) > MAX_STUBS:
            abort(400, f"/body: limit of {MAX_STUBS} stubs reached; delete some first")
        check_size(tenant_data, headers, body)
        tenant_data.stubs = changed
        return changed.items[-1]

    return _stub(tenant.update(add)), 201


def _check_operation(provider: Provider, method: str, path: str) -> None:
    """Respond with 400 unless this is an operation of the provider that is not implemented."""
    item = provider.paths.find(path)
    if item is None:
        known = [each for each, methods in provider.not_implemented.items() if method in methods]
        closest = difflib.get_close_matches(path, known, n=1)
        suggestion = f"; did you mean '{closest[0]}'?" if closest else ""
        abort(400, f"/body/path: unknown path of {provider.name}{suggestion}")
    if method not in item.operations:
        abort(400, f"/body/method: expected one of {', '.join(item.methods)}, got '{method}'")
    operation = item.operations[method]
    if operation is not None:
        abort(400, f"/body/path: {provider.name}.{operation.id} is implemented: plan a fault for another response")


@blueprint.delete("/tenants/<id>/stubs", endpoint="clearStubs")
def clear_stubs(id: str) -> Any:
    def clear(tenant_data: TenantData) -> None:
        tenant_data.stubs = Stubs(created=tenant_data.stubs.created)

    get_tenant_or_404(id).update(clear)
    return "", 204


@blueprint.get("/tenants/<id>/stubs/<sid>", endpoint="getStub")
def get_stub(id: str, sid: str) -> Any:
    return _stub(_get_or_404(get_tenant_or_404(id).read(), sid))


@blueprint.delete("/tenants/<id>/stubs/<sid>", endpoint="deleteStub")
def delete_stub(id: str, sid: str) -> Any:
    def delete(tenant_data: TenantData) -> None:
        tenant_data.stubs = tenant_data.stubs.without(_get_or_404(tenant_data, sid).id)

    get_tenant_or_404(id).update(delete)
    return "", 204


def _get_or_404(tenant_data: TenantData, stub_id: str) -> Stub:
    stub = tenant_data.stubs.get(stub_id)
    if stub is None:
        abort(404, f"No stub is named '{stub_id}'.")
    return stub


def _stub(stub: Stub) -> dict[str, Any]:
    return {
        "id": stub.id,
        "provider": stub.provider,
        "method": stub.method,
        "path": stub.path,
        "status": stub.status,
        "headers": dict(stub.headers),
        "body": stub.body,
    }
