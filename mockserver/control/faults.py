"""Planned faults of a tenant: create, list, get, delete."""

from __future__ import annotations

from typing import Any

from flask import abort

from ..core.faults import Fault
from ..core.store import TenantData
from ..core.suggestions import did_you_mean
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, request_data

MAX_NAME = 200
"""The maximum length of the name of an operation, in characters."""
MAX_FAULTS = 1_000


@blueprint.get("/tenants/<id>/faults", endpoint="listFaults")
def list_faults(id: str) -> Any:
    return {"faults": [_fault(fault) for fault in get_tenant_or_404(id).read().faults]}


@blueprint.post("/tenants/<id>/faults", endpoint="createFault")
def create_fault(id: str) -> Any:
    tenant, data = get_tenant_or_404(id), request_data()
    providers = server_state().providers
    known = {f"{name}.{operation}" for name, provider in providers.items() for operation in provider.operations}
    known |= {"*", *(f"{name}.*" for name in providers)}
    operation, kind = data["operation"], data.get("kind", "error")
    if operation not in known:
        if len(operation) > MAX_NAME:
            abort(400, f"/body/operation: expected at most {MAX_NAME} characters, got {len(operation)}")
        abort(400, f"/body/operation: unknown operation '{operation}'{did_you_mean(operation, known)}")

    def plan(tenant_data: TenantData) -> Fault:
        if len(tenant_data.faults) >= MAX_FAULTS:
            abort(400, f"/body: limit of {MAX_FAULTS} planned faults reached; delete some first")
        return tenant_data.faults.add(
            operation,
            kind,
            status=data.get("status", 503) if kind == "error" else None,
            times=int(data.get("times", 1)),
            skip=int(data.get("skip", 0)),
            when=data.get("when", "after" if kind == "truncate" else "before"),
            delay_seconds=data.get("delay_seconds"),
        )

    return _fault(tenant.update(plan)), 201


@blueprint.delete("/tenants/<id>/faults", endpoint="clearFaults")
def clear_faults(id: str) -> Any:
    get_tenant_or_404(id).update(lambda tenant_data: tenant_data.faults.clear())
    return "", 204


@blueprint.get("/tenants/<id>/faults/<fid>", endpoint="getFault")
def get_fault(id: str, fid: str) -> Any:
    return _fault(_get_or_404(get_tenant_or_404(id).read(), fid))


@blueprint.delete("/tenants/<id>/faults/<fid>", endpoint="deleteFault")
def delete_fault(id: str, fid: str) -> Any:
    get_tenant_or_404(id).update(lambda tenant_data: tenant_data.faults.remove(_get_or_404(tenant_data, fid).id))
    return "", 204


def _get_or_404(tenant_data: TenantData, fault_id: str) -> Fault:
    fault = tenant_data.faults.get(fault_id)
    if fault is None:
        abort(404, f"No fault is named '{fault_id}'.")
    return fault


def _fault(fault: Fault) -> dict[str, Any]:
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
        "applied": fault.applied,
        "completed": fault.completed,
    }
