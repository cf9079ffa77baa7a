"""Tenants: create, list, get, look up by credential, reset, delete."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import abort, request

from ..core import ids, seed
from ..core.clock import Clock
from ..core.config import Config, parse_job_delay
from ..core.errors import SeedError, SeedErrors
from ..core.store import CredentialInUse, Registration, State, Tenant, TenantData
from ..web.mounts import host_name
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, provider_urls, request_data
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
    start = set_clock(Clock(), data.get("clock", {}), server.store.time(), "/body/clock")
    return _tenant(_new_tenant(states, seeded, start, is_strict=data.get("strict", False))), 201


def _new_tenant(
    states: Mapping[str, State] | None, seeded: Sequence[Registration], start: Clock, *, is_strict: bool
) -> Tenant:
    """Create a tenant with the credentials of the request body, those of its seed, and generated ones."""
    server = server_state()
    given = request_data().get("credentials", {})

    def registrations(tenant_id: str) -> list[Registration]:
        found = []
        for name, provider in server.providers.items():
            key = given.get(name) or provider.make_api_key(_key_material(server.config, tenant_id, name))
            found.append(Registration(name, key, tenant_id))
        return [*found, *(replace(each, tenant=tenant_id) for each in seeded)]

    try:
        return server.tenants.create(registrations, states, start, is_strict=is_strict)
    except CredentialInUse as error:
        at = "credentials" if given.get(error.provider) == error.credential else "seed"
        abort(409, f"/body/{at}/{error.provider}: the credential belongs to another tenant")


@blueprint.post("/tenants/<id>/fork", endpoint="forkTenant")
def fork_tenant(id: str) -> Any:
    forked, name = get_tenant_or_404(id), request_data().get("snapshot")
    data = forked.read()
    if name is not None and name not in data.snapshots:
        abort(404, f"No snapshot is named '{name}'.")
    source = data.snapshot() if name is None else data.snapshots[name]

    def add_faults_and_stubs(new: TenantData) -> None:
        new.faults, new.stubs = source.faults.copy(), source.stubs

    tenant = _new_tenant({**data.seed, **source.states}, [], source.clock, is_strict=forked.is_strict)
    tenant.update(add_faults_and_stubs)
    return _tenant(tenant), 201


def _key_material(config: Config, tenant_id: str, provider: str) -> str:
    """Return 64 hexadecimal characters: random ones on an exposed server without an id seed of its own."""
    return (
        secrets.token_hex(32) if config.has_secret_keys else ids.tenant_salt(config.id_seed, f"{tenant_id}\0{provider}")
    )


def _start(data: Mapping[str, Any]) -> tuple[Mapping[str, State] | None, Sequence[Registration]]:
    """Return the initial states of a tenant, None for the server's own, and the credentials in its seed."""
    if not {"seed", "profile", "job_delay", "region"} & data.keys():
        return None, []
    server = server_state()
    region, known = data.get("region"), {each for provider in server.providers.values() for each in provider.regions}
    if region is not None and region not in known:
        abort(400, f"/body/region: unknown region: expected one of {', '.join(sorted(known)) or 'none'}")
    states, seeded = _seeded(data["seed"]) if "seed" in data else (server.seed.states, [])
    try:
        chosen = server.resolve_profiles(data.get("profile", {}))
    except SeedError as error:
        abort(400, f"profile: {error}")
    delay = parse_job_delay(data["job_delay"]) if "job_delay" in data else None
    return server.initial_states(states, chosen, delay, region), seeded


def _seeded(source: str | dict[str, Any]) -> tuple[Mapping[str, State], Sequence[Registration]]:
    """Return the states of a seed and the credentials in it; the credentials of a packaged seed are ignored."""
    sections = server_state().seed_schemas
    if isinstance(source, str):
        if source.partition("#")[0] not in ("default", "empty", "documents"):
            abort(400, "/body/seed: expected a packaged seed (default, empty, documents#NAME) or an object")
        try:
            return seed.load(source, sections).states, []
        except SeedError as error:
            abort(400, f"seed: {error}")
    errors = SeedErrors()
    found = seed.read_sections(source, sections, errors)
    for name in found:
        for index, credential in enumerate((source.get(name) or {}).get("credentials", ())):
            if isinstance(credential, Mapping) and "tenant" in credential:
                path = (name, "credentials", index, "tenant")
                errors.add(SeedError(path, "unexpected key: they belong to the new tenant"))
    try:
        errors.check()
    except SeedError as error:
        abort(400, f"seed: {error}")
    states = {name: seeded.state for name, seeded in found.items()}
    return states, [each for seeded in found.values() for each in seeded.registrations]


def _tenant(tenant: Tenant) -> dict[str, Any]:
    server = server_state()
    credentials = server.tenants.credentials(tenant.id)
    data = tenant.read()
    providers = {}
    for name, provider in server.mounted_providers().items():
        key, state = credentials.get(name), data.state(name)
        profile, region = state.profile, state.region or provider.first_region
        mounted = server.mounts.regions_of(name)
        host = host_name(request.headers.get("Host", "")) or "localhost"
        regions = {
            each: {**provider_urls(name, each), **server.smtp_access(name, each, state, key, host)}
            for each in provider.served_regions(state)
            if each in mounted
        }
        urls = regions.get(region or "") or provider_urls(name, region)
        smtp = server.smtp_access(name, region, state, key, host)
        env = {} if key is None else {**provider.client_env(urls["url"], key), **_smtp_variables(name, smtp)}
        providers[name] = {
            **urls,
            **smtp,
            "region": region,
            "regions": regions,
            "api_key": key,
            "headers": {"Authorization": provider.authorization_header(key)} if key is not None else {},
            "env": env,
            "profile": profile.name or "documented",
            "switches": {switch.name: profile[switch] for switch in provider.switches},
        }
    return {"id": tenant.id, "providers": providers}


def _smtp_variables(name: str, access: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables of a login over SMTP. No client reads them itself."""
    if not access:
        return {}
    smtp = access["smtp"]
    values = {"HOST": smtp["host"], "PORT": str(smtp["port"] or smtp["tls_port"])}
    if smtp["user"] is not None:
        values |= {"USER": smtp["user"], "PASSWORD": smtp["password"]}
    return {f"{name.upper()}_SMTP_{each}": value for each, value in values.items()}


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
