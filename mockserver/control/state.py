"""The state of a tenant: get, replace, run pending jobs; snapshots of a tenant and of the server."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from flask import abort

from ..core import seed
from ..core.errors import SeedError, SeedErrors
from ..core.store import TenantData
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, request_data

MAX_SNAPSHOTS = 100


@blueprint.post("/tenants/<id>/jobs/run", endpoint="runPendingJobs")
def run_pending_jobs(id: str) -> Any:
    def run(tenant_data: TenantData) -> None:
        for name, provider in server_state().providers.items():
            state = tenant_data.state(name)
            changed = provider.run_due_jobs(state, math.inf)
            if changed is not state:
                tenant_data.states[name] = changed

    get_tenant_or_404(id).update(run)
    return {"jobs_run": True}


@blueprint.get("/tenants/<id>/state", endpoint="getState")
def get_state(id: str) -> Any:
    tenant_data = get_tenant_or_404(id).read()
    return {"state": {name: tenant_data.state(name).dump() for name in server_state().providers}}


@blueprint.put("/tenants/<id>/state", endpoint="putState")
def put_state(id: str) -> Any:
    tenant = get_tenant_or_404(id)
    given, schemas = request_data()["state"], server_state().seed_schemas
    errors = SeedErrors()
    for name, section in given.items():
        if "credentials" in section:
            errors.add(SeedError((name, "credentials"), "unknown key: a state has no credentials"))
    loaded = seed.read_sections(given, {name: schemas[name] for name in given}, errors)
    try:
        errors.check()
    except SeedError as error:
        abort(400, f"state: {error}")
    states = {name: section.state for name, section in loaded.items()}

    def put(tenant_data: TenantData) -> None:
        for name, state in states.items():
            old = tenant_data.state(name)
            changed = state.with_profile(state.profile.inherit(old.profile)).with_job_delay(None, old.job_delay)
            tenant_data.states[name] = changed if state.region is not None else changed.with_region(old.region)

    tenant.update(put)
    return get_state(id)


@blueprint.get("/tenants/<id>/limits", endpoint="getLimits")
def get_limits(id: str) -> Any:
    tenant_data = get_tenant_or_404(id).read()
    return {
        "limits": [
            {
                "provider": name,
                "name": each.name,
                "used": each.used,
                "limit": int(each.limit),
                "kind": each.source.kind,
                "source": each.source.where,
            }
            for name, provider in server_state().providers.items()
            for each in provider.used_limits(tenant_data.state(name))
        ]
    }


# Snapshots


@blueprint.get("/tenants/<id>/snapshots", endpoint="listSnapshots")
def list_snapshots(id: str) -> Any:
    return {"snapshots": [{"name": name} for name in get_tenant_or_404(id).read().snapshots]}


@blueprint.post("/tenants/<id>/snapshots", endpoint="createSnapshot")
def create_snapshot(id: str) -> Any:
    name = request_data()["name"]

    def save(tenant_data: TenantData) -> None:
        if name not in tenant_data.snapshots and len(tenant_data.snapshots) >= MAX_SNAPSHOTS:
            _full()
        tenant_data.snapshots[name] = tenant_data.snapshot()

    get_tenant_or_404(id).update(save)
    return {"name": name}, 201


def _full() -> NoReturn:
    abort(400, f"/body/name: limit of {MAX_SNAPSHOTS} snapshots reached; use the name of an existing one to replace it")


@blueprint.post("/tenants/<id>/snapshots/<name>/restore", endpoint="restoreSnapshot")
def restore_snapshot(id: str, name: str) -> Any:
    def restore(tenant_data: TenantData) -> None:
        if name not in tenant_data.snapshots:
            _missing(name)
        tenant_data.restore(tenant_data.snapshots[name])

    get_tenant_or_404(id).update(restore)
    return {"restored": name}


def _missing(name: str) -> NoReturn:
    abort(404, f"No snapshot is named '{name}'.")


@blueprint.get("/snapshots", endpoint="listServerSnapshots")
def list_server_snapshots() -> Any:
    return {"snapshots": [{"name": name} for name in server_state().store.snapshots()]}


@blueprint.post("/snapshots", endpoint="createServerSnapshot")
def create_server_snapshot() -> Any:
    name = request_data()["name"]
    if not server_state().store.save(name, MAX_SNAPSHOTS):
        _full()
    return {"name": name}, 201


@blueprint.post("/snapshots/<name>/restore", endpoint="restoreServerSnapshot")
def restore_server_snapshot(name: str) -> Any:
    if not server_state().store.restore(name):
        _missing(name)
    return {"restored": name}
