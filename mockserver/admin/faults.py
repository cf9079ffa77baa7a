"""Planned faults of a tenant: made, watched and taken back."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from .endpoint import Problem, endpoint, find_tenant

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..faults import Fault
    from ..store import Kept

MAX_FAULTS = 1_000


@endpoint("listFaults", "GET", "/tenants/{id}/faults")
def list_faults(server: Mockserver, tenant_id: str) -> Any:
    return {"faults": [_planned(fault) for fault in find_tenant(server, tenant_id).read().faults]}


@endpoint("createFault", "POST", "/tenants/{id}/faults", status=201)
def create_fault(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    known = {f"{each.name}.{op.id}" for each in server.providers.values() for op in each.operations}
    known |= {"*", *(f"{name}.*" for name in server.providers)}
    operation, kind = asked["operation"], asked.get("kind", "error")
    if operation not in known:
        near = difflib.get_close_matches(operation, known, n=1, cutoff=0)[0]
        raise Problem(400, f"/body/operation: '{operation}' is unknown; the closest is '{near}'")

    def plan(kept: Kept) -> Fault:
        if len(kept.faults) >= MAX_FAULTS:
            raise Problem(400, f"/body: there are {MAX_FAULTS} faults already; take some back")
        return kept.faults.add(
            operation,
            kind,
            status=asked.get("status", 503) if kind == "error" else None,
            times=int(asked.get("times", 1)),
            skip=int(asked.get("skip", 0)),
            when=asked.get("when", "after" if kind == "truncate" else "before"),
            delay_seconds=asked.get("delay_seconds"),
        )

    return _planned(tenant.update(plan))


@endpoint("clearFaults", "DELETE", "/tenants/{id}/faults", status=204)
def clear_faults(server: Mockserver, tenant_id: str) -> Any:
    find_tenant(server, tenant_id).update(lambda kept: kept.faults.clear())


def _fault(kept: Kept, fault_id: str) -> Fault:
    fault = kept.faults.get(fault_id)
    if fault is None:
        raise Problem(404, f"No fault is named '{fault_id}'.")
    return fault


@endpoint("getFault", "GET", "/tenants/{id}/faults/{fid}")
def get_fault(server: Mockserver, tenant_id: str, fault_id: str) -> Any:
    return _planned(_fault(find_tenant(server, tenant_id).read(), fault_id))


@endpoint("deleteFault", "DELETE", "/tenants/{id}/faults/{fid}", status=204)
def delete_fault(server: Mockserver, tenant_id: str, fault_id: str) -> Any:
    find_tenant(server, tenant_id).update(lambda kept: kept.faults.remove(_fault(kept, fault_id).id))


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
