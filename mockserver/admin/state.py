"""What the providers know of a tenant, read, settled and replaced; and snapshots to go back to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import SeedError
from .endpoint import Problem, endpoint, find_tenant

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..store import Kept

MAX_SNAPSHOTS = 100


@endpoint("settleTenant", "POST", "/tenants/{id}/settle")
def settle_tenant(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    def settle(kept: Kept) -> None:
        for name, provider in server.providers.items():
            state = kept.state(name)
            settled = provider.settle(state, math.inf)
            if settled is not state:
                kept.states[name] = settled

    find_tenant(server, tenant_id).update(settle)
    return {"settled": True}


@endpoint("getState", "GET", "/tenants/{id}/state")
def get_state(server: Mockserver, tenant_id: str) -> Any:
    kept = find_tenant(server, tenant_id).read()
    return {"state": {name: kept.state(name).dump() for name in server.providers}}


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

    def put(kept: Kept) -> None:
        for name, state in states.items():
            kept.states[name] = state.under(state.profile.over(kept.state(name).profile))

    tenant.update(put)
    return get_state(server, tenant_id)


# Snapshots


@endpoint("listSnapshots", "GET", "/tenants/{id}/snapshots")
def list_snapshots(server: Mockserver, tenant_id: str) -> Any:
    return {"snapshots": [{"name": name} for name in find_tenant(server, tenant_id).read().snapshots]}


@endpoint("createSnapshot", "POST", "/tenants/{id}/snapshots", status=201)
def create_snapshot(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    name = asked["name"]

    def save(kept: Kept) -> None:
        if name not in kept.snapshots and len(kept.snapshots) >= MAX_SNAPSHOTS:
            raise _full()
        kept.snapshots[name] = kept.snapshot()

    find_tenant(server, tenant_id).update(save)
    return {"name": name}


def _full() -> Problem:
    return Problem(400, f"/body/name: there are {MAX_SNAPSHOTS} snapshots already; replace one of them")


@endpoint("restoreSnapshot", "POST", "/tenants/{id}/snapshots/{name}/restore")
def restore_snapshot(server: Mockserver, tenant_id: str, name: str, asked: dict[str, Any]) -> Any:
    def restore(kept: Kept) -> None:
        if name not in kept.snapshots:
            raise _missing(name)
        kept.restore(kept.snapshots[name])

    find_tenant(server, tenant_id).update(restore)
    return {"restored": name}


def _missing(name: str) -> Problem:
    return Problem(404, f"No snapshot is named '{name}'.")


@endpoint("listServerSnapshots", "GET", "/snapshots")
def list_server_snapshots(server: Mockserver) -> Any:
    return {"snapshots": [{"name": name} for name in server.store.snapshots()]}


@endpoint("createServerSnapshot", "POST", "/snapshots", status=201)
def create_server_snapshot(server: Mockserver, asked: dict[str, Any]) -> Any:
    if not server.store.save(asked["name"], MAX_SNAPSHOTS):
        raise _full()
    return {"name": asked["name"]}


@endpoint("restoreServerSnapshot", "POST", "/snapshots/{name}/restore")
def restore_server_snapshot(server: Mockserver, name: str, asked: dict[str, Any]) -> Any:
    if not server.store.restore(name):
        raise _missing(name)
    return {"restored": name}
