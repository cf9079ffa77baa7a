"""Tenants: opened, with a world and credentials of their own, looked up, reset and closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import ids, seed
from ..clock import Clock
from ..errors import SeedError
from ..store import Registration, Taken
from .clock import set_clock
from .endpoint import Problem, endpoint, find_tenant, provider_url

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..store import State, Tenant


@endpoint("listTenants", "GET", "/tenants")
def list_tenants(server: Mockserver) -> Any:
    return {
        "tenants": [
            {"id": each.id, "requests": each.requests, "written": list(each.written)}
            for each in server.store.overview()
        ]
    }


@endpoint("createTenant", "POST", "/tenants", status=201)
def create_tenant(server: Mockserver, asked: dict[str, Any]) -> Any:
    states, seeded = _start(server, asked)
    given = asked.get("credentials", {})
    start = set_clock(Clock(), asked.get("clock", {}), server.store.time(), "/body/clock")

    def registrations(tenant_id: str) -> list[Registration]:
        found = []
        for name, provider in server.providers.items():
            material = ids.scope(server.config.id_seed, f"{tenant_id}\0{name}")
            found.append(Registration(name, given.get(name) or provider.new_credential(material), tenant_id))
        return [*found, *(replace(each, tenant=tenant_id) for each in seeded)]

    try:
        tenant = server.tenants.create(registrations, states, start)
    except Taken as error:
        at = "credentials" if given.get(error.provider) == error.credential else "seed"
        raise Problem(409, f"/body/{at}/{error.provider}: a credential stands for another tenant") from None
    return _shown(server, tenant)


def _start(server: Mockserver, asked: Mapping[str, Any]) -> tuple[Mapping[str, State] | None, Sequence[Registration]]:
    """Return what a tenant starts with, None for the server's world, and the credentials in its seed."""
    if "seed" not in asked and "profile" not in asked:
        return None, []
    states, seeded = _seeded(server, asked["seed"]) if "seed" in asked else (server.world.states, [])
    try:
        chosen = server.choose(asked.get("profile", {}))
    except SeedError as error:
        raise Problem(400, f"/body/{'/'.join(map(str, ('profile', *error.path)))}: {error.reason}") from None
    return server.profiled(states, chosen), seeded


def _seeded(server: Mockserver, source: str | dict[str, Any]) -> tuple[Mapping[str, State], Sequence[Registration]]:
    """Return a world, and the credentials in it; those of a packaged one are the server's."""
    readers = {name: provider.read_seed for name, provider in server.providers.items()}
    if isinstance(source, str):
        if source.partition("#")[0] not in ("default", "empty", "documents"):
            raise Problem(400, "/body/seed: is to be a packaged world (default, empty, documents#NAME) or a world")
        try:
            return seed.load(source, readers).states, []
        except SeedError as error:
            raise Problem(400, f"/body/seed: {error}") from None
    for name in source:
        if name not in readers:
            raise Problem(400, f"/body/seed/{name}: unknown; there is {', '.join(readers)}")
    found = {}
    for name, read in readers.items():
        try:
            found[name] = read(source.get(name, {}))
        except SeedError as error:
            raise Problem(400, f"/body/seed/{'/'.join(map(str, (name, *error.path)))}: {error.reason}") from None
        for index, credential in enumerate(source.get(name, {}).get("credentials", ())):
            if "tenant" in credential:
                raise Problem(400, f"/body/seed/{name}/credentials/{index}/tenant: is the one that is made")
    states = {name: seeded.state for name, seeded in found.items()}
    return states, [each for seeded in found.values() for each in seeded.registrations]


def _shown(server: Mockserver, tenant: Tenant) -> dict[str, Any]:
    credentials = server.tenants.credentials(tenant.id)
    kept = tenant.read()
    providers = {}
    for name, provider in server.providers.items():
        key, url, profile = credentials.get(name), provider_url(name), kept.state(name).profile
        providers[name] = {
            "url": url,
            "api_key": key,
            "headers": {"Authorization": provider.authorization(key)} if key is not None else {},
            "env": dict(provider.environment(url, key)) if key is not None else {},
            "profile": profile.name or "documented",
            "switches": {switch.name: profile[switch] for switch in provider.switches},
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
    return _shown(server, find_tenant(server, tenant_id))


@endpoint("deleteTenant", "DELETE", "/tenants/{id}", status=204)
def delete_tenant(server: Mockserver, tenant_id: str) -> Any:
    server.store.close(find_tenant(server, tenant_id).id)


@endpoint("resetTenant", "POST", "/tenants/{id}/reset")
def reset_tenant(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    find_tenant(server, tenant_id).reset()
    return {"reset": True}
