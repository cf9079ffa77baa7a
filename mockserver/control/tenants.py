"""Tenants: create, list, get, look up by credential, reset, delete."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import abort

from ..core import ids, seed
from ..core.clock import Clock
from ..core.config import Config, parse_job_delay
from ..core.errors import SeedError
from ..core.store import CredentialInUse, Registration, State, Tenant
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, provider_url, request_data
from .clock import set_clock


@blueprint.get("/tenants", endpoint="listTenants")
def list_tenants() -> Any:
    return {
        "tenants": [
            {"id": each.id, "requests": each.requests, "written": list(each.written)}
            for each in server_state().store.overview()
        ]
    }


@blueprint.post("/tenants", endpoint="createTenant")
def create_tenant() -> Any:
    server, data = server_state(), request_data()
    states, seeded = _start(data)
    given = data.get("credentials", {})
    start = set_clock(Clock(), data.get("clock", {}), server.store.time(), "/body/clock")

    def registrations(tenant_id: str) -> list[Registration]:
        found = []
        for name, provider in server.providers.items():
            key = given.get(name) or provider.make_api_key(_key_material(server.config, tenant_id, name))
            found.append(Registration(name, key, tenant_id))
        return [*found, *(replace(each, tenant=tenant_id) for each in seeded)]

    try:
        tenant = server.tenants.create(registrations, states, start, is_strict=data.get("strict", False))
    except CredentialInUse as error:
        at = "credentials" if given.get(error.provider) == error.credential else "seed"
        abort(409, f"/body/{at}/{error.provider}: the credential belongs to another tenant")
    return _tenant(tenant), 201


def _key_material(config: Config, tenant_id: str, provider: str) -> str:
    """Return 64 hexadecimal characters: random ones on an exposed server without an id seed of its own."""
    return (
        secrets.token_hex(32) if config.has_secret_keys else ids.tenant_salt(config.id_seed, f"{tenant_id}\0{provider}")
    )


def _start(data: Mapping[str, Any]) -> tuple[Mapping[str, State] | None, Sequence[Registration]]:
    """Return the initial states of a tenant, None for the server's own, and the credentials in its seed."""
    if not {"seed", "profile", "job_delay"} & data.keys():
        return None, []
    server = server_state()
    states, seeded = _seeded(data["seed"]) if "seed" in data else (server.seed.states, [])
    try:
        chosen = server.resolve_profiles(data.get("profile", {}))
    except SeedError as error:
        abort(400, f"/body/{'/'.join(map(str, ('profile', *error.path)))}: {error.reason}")
    delay = parse_job_delay(data["job_delay"]) if "job_delay" in data else None
    return server.initial_states(states, chosen, delay), seeded


def _seeded(source: str | dict[str, Any]) -> tuple[Mapping[str, State], Sequence[Registration]]:
    """Return the states of a seed and the credentials in it; the credentials of a packaged seed are ignored."""
    sections = server_state().seed_schemas
    if isinstance(source, str):
        if source.partition("#")[0] not in ("default", "empty", "documents"):
            abort(400, "/body/seed: expected a packaged seed (default, empty, documents#NAME) or an object")
        try:
            return seed.load(source, sections).states, []
        except SeedError as error:
            abort(400, f"/body/seed: {error}")
    source = {name: section for name, section in source.items() if name != "name"}
    for name in source:
        if name not in sections:
            abort(400, f"/body/seed/{name}: unknown provider: expected one of {', '.join(sections)}")
    found = {}
    for name, section in sections.items():
        try:
            found[name] = section.read(source.get(name, {}))
        except SeedError as error:
            abort(400, f"/body/seed/{'/'.join(map(str, (name, *error.path)))}: {error.reason}")
        for index, credential in enumerate(source.get(name, {}).get("credentials", ())):
            if "tenant" in credential:
                abort(
                    400,
                    f"/body/seed/{name}/credentials/{index}/tenant: unexpected key: they belong to the new tenant",
                )
    states = {name: seeded.state for name, seeded in found.items()}
    return states, [each for seeded in found.values() for each in seeded.registrations]


def _tenant(tenant: Tenant) -> dict[str, Any]:
    server = server_state()
    credentials = server.tenants.credentials(tenant.id)
    data = tenant.read()
    providers = {}
    for name, provider in server.mounted_providers().items():
        key, url, profile = credentials.get(name), provider_url(name), data.state(name).profile
        providers[name] = {
            "url": url,
            "api_key": key,
            "headers": {"Authorization": provider.authorization_header(key)} if key is not None else {},
            "env": dict(provider.client_env(url, key)) if key is not None else {},
            "profile": profile.name or "documented",
            "switches": {switch.name: profile[switch] for switch in provider.switches},
        }
    return {"id": tenant.id, "providers": providers}


@blueprint.post("/tenants/lookup", endpoint="lookupTenant")
def lookup_tenant() -> Any:
    data = request_data()
    tenant_id = server_state().tenants.find(data["provider"], data["credential"])
    if tenant_id is None:
        abort(404, "No tenant has this credential.")
    return {"id": tenant_id}


@blueprint.get("/tenants/<id>", endpoint="getTenant")
def get_tenant(id: str) -> Any:
    return _tenant(get_tenant_or_404(id))


@blueprint.delete("/tenants/<id>", endpoint="deleteTenant")
def delete_tenant(id: str) -> Any:
    server_state().store.close(get_tenant_or_404(id).id)
    return "", 204


@blueprint.post("/tenants/<id>/reset", endpoint="resetTenant")
def reset_tenant(id: str) -> Any:
    get_tenant_or_404(id).reset()
    return {"reset": True}
