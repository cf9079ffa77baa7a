"""Planned faults of a tenant: create, list, get, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort

from ..core.errors import ApiError
from ..core.faults import Fault
from ..core.smtp import LOWEST_ERROR, OPERATIONS, TEMPORARY, SmtpProvider
from ..core.store import TenantData
from ..core.suggestions import did_you_mean
from ..web.planned import operation_errors
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, request_data
from .planned import check_size, planned_content

MAX_NAME = 200
"""The maximum length of the name of an operation, in characters."""
MAX_REPLY = 500
"""The maximum length of the text of an SMTP reply, in characters."""
MAX_FAULTS = 1_000
LONGEST_DELAY = 60.0
"""How long a timeout keeps a connection open at most, in seconds."""


@blueprint.get("/tenants/<id>/faults", endpoint="listFaults")
def list_faults(id: str) -> Any:
    return {"faults": [_fault(fault) for fault in get_tenant_or_404(id).read().faults]}


@blueprint.post("/tenants/<id>/faults", endpoint="createFault")
def create_fault(id: str) -> Any:
    tenant, data = get_tenant_or_404(id), request_data()
    providers = server_state().providers
    known = {f"{name}.{operation}" for name, provider in providers.items() for operation in provider.operations}
    smtp = {
        f"{name}.{operation}": smtp_provider
        for name, provider in providers.items()
        if (smtp_provider := provider.smtp_provider()) is not None
        for operation in OPERATIONS
    }
    known |= {"*", *smtp, *(f"{name}.*" for name in providers)}
    operation, kind = data["operation"], data.get("kind", "error")
    if operation not in known:
        if len(operation) > MAX_NAME:
            abort(400, f"/body/operation: expected at most {MAX_NAME} characters, got {len(operation)}")
        abort(400, f"/body/operation: unknown operation '{operation}'{did_you_mean(operation, known)}")

    error = data.get("error")
    smtp_provider = smtp.get(operation)
    status = data.get("status", TEMPORARY if smtp_provider is not None else 503) if kind == "error" else None
    if smtp_provider is not None:
        status = _smtp_code(smtp_provider, data, status)
    elif error is not None:
        status = _named_error(operation, error).entry.status
    headers, body = planned_content(data, status)

    def plan(tenant_data: TenantData) -> Fault:
        if len(tenant_data.faults) >= MAX_FAULTS:
            abort(400, f"/body: limit of {MAX_FAULTS} planned faults reached; delete some first")
        check_size(tenant_data, headers, body)
        return tenant_data.faults.add(
            operation,
            kind,
            status=status,
            times=int(data.get("times", 1)),
            skip=int(data.get("skip", 0)),
            when=data.get("when", "after" if kind == "truncate" else "before"),
            delay_seconds=data.get("delay_seconds", LONGEST_DELAY if kind == "timeout" else None),
            error=error,
            headers=headers,
            body=body,
        )

    return _fault(tenant.update(plan)), 201


def _named_error(operation: str, key: str) -> ApiError:
    """Return the error of an operation with this key; respond with 400 if the operation cannot return it."""
    name, _, operation_id = operation.partition(".")
    if operation_id in ("", "*"):
        abort(400, f"/body/error: an error by name needs one operation, and not '{operation}'")
    provider = server_state().providers[name]
    errors = operation_errors(provider, provider.operations[operation_id])
    if key not in errors:
        abort(400, f"/body/error: {operation} does not return this error: expected one of {', '.join(errors)}")
    return errors[key]


def _smtp_code(smtp_provider: SmtpProvider, data: Mapping[str, Any], code: int | None) -> int | None:
    """Return the code of the reply of a fault of an SMTP command; respond with 400 if no reply can be so."""
    for name in ("headers", "json"):
        if name in data:
            abort(400, f"/body/{name}: a reply of SMTP has none; `body` is its text")
    if "error" in data:
        errors = smtp_provider.errors_by_key()
        if data["error"] not in errors:
            abort(400, f"/body/error: SMTP has no such reply: expected one of {', '.join(errors)}")
        return errors[data["error"]].code
    if code is not None and code < LOWEST_ERROR:
        abort(400, f"/body/status: expected the code of an SMTP error, got {code}")
    if not data.get("body", "").isprintable() or len(data.get("body", "")) > MAX_REPLY:
        abort(400, f"/body/body: expected one line of at most {MAX_REPLY} characters")
    return code


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
        "error": fault.error,
        "headers": dict(fault.headers),
        "body": fault.body,
        "remaining": fault.remaining,
        "applied": fault.applied,
        "completed": fault.completed,
    }
