"""What the providers know of a tenant, read, settled and replaced; and snapshots to go back to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import SeedError
from .endpoint import Problem, endpoint, find_tenant

if TYPE_CHECKING:
    from ..app import Mockserver

MAX_SNAPSHOTS = 100


@endpoint("settleTenant", "POST", "/tenants/{id}/settle")
def settle_tenant(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    with tenant.lock:
        for name, provider in server.providers.items():
            state = tenant.state(name)
            settled = provider.settle(state, math.inf)
            if settled is not state:
                tenant.states[name] = settled
    return {"settled": True}


@endpoint("getState", "GET", "/tenants/{id}/state")
def get_state(server: Mockserver, tenant_id: str) -> Any:
    tenant = find_tenant(server, tenant_id)
    return {"state": {name: tenant.state(name).dump() for name in server.providers}}


@endpoint("putState", "PUT", "/tenants/{id}/state")
def put_state(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
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
    return {"snapshots": [{"name": name} for name in find_tenant(server, tenant_id).snapshots]}


@endpoint("createSnapshot", "POST", "/tenants/{id}/snapshots", status=201)
def create_snapshot(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    _keep(tenant.snapshots, asked["name"], tenant.snapshot())
    return {"name": asked["name"]}


def _keep(snapshots: dict[str, Any], name: str, snapshot: object) -> None:
    if name not in snapshots and len(snapshots) >= MAX_SNAPSHOTS:
        raise Problem(400, f"/body/name: there are {MAX_SNAPSHOTS} snapshots already; replace one of them")
    snapshots[name] = snapshot


@endpoint("restoreSnapshot", "POST", "/tenants/{id}/snapshots/{name}/restore")
def restore_snapshot(server: Mockserver, tenant_id: str, name: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
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
