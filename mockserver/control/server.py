"""Server-wide endpoints: health, info, metrics, OpenAPI documents, support matrix, coverage, reset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import flask
from flask import abort

from ..core import resources
from ..core.profiles import Profile
from ..evidence import support_matrix
from ..web.provider import Provider
from ..web.published import publish
from ..web.server_state import server_state
from .blueprint import blueprint, control_contract, provider_url, provider_urls, request_data
from .requests import counted

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
"""The text format of Prometheus."""
FUZZING = """
**Fuzzing.** A schema cannot describe which resources exist, so a server may reject a request that is valid by this
document, or return 404 for it. `mockserver fuzz-info --provider {provider}` prints a configuration of Schemathesis that
accepts these errors, each with its reason.
"""


@blueprint.get("/live", endpoint="live")
def live() -> Any:
    return {"live": True}


@blueprint.get("/ready", endpoint="ready")
def ready() -> Any:
    server_state().store.check()
    return {"ready": True}


@blueprint.get("/info", endpoint="info")
def info() -> Any:
    server = server_state()
    config = server.config
    return {
        "version": resources.version(),
        "seed": server.seed.name,
        "store": "memory" if server.store.is_local else "redis",
        "providers": [_provider(each) for each in server.mounted_providers().values()],
        "limits": {
            "max_tenants": config.max_tenants,
            "tenant_ttl": config.tenant_ttl,
            "max_body_bytes": config.max_body_bytes,
            "max_state_bytes": config.max_state_bytes,
            "request_log_size": config.request_log_size,
            "request_log_max_bytes": config.request_log_max_bytes,
        },
        "counters": _counters(),
    }


def _provider(provider: Provider) -> dict[str, Any]:
    regions = {each: provider_urls(provider.name, each) for each in server_state().mounts.regions_of(provider.name)}
    return {
        "name": provider.name,
        "title": provider.title,
        **provider_urls(provider.name),
        **({"regions": regions} if regions else {}),
        "operations": len(provider.operations),
    }


def _counters() -> dict[str, int]:
    store = server_state().store
    tenants, counts = store.overview(), store.counts()
    return {
        "tenants": len(tenants),
        "evictions": counts.get("evictions", 0),
        "dropped": sum(tenant.dropped for tenant in tenants),
        "response_violations": counts.get("response_violations", 0),
        "requests": counts.get("requests", 0),
    }


@blueprint.get("/operations", endpoint="listOperations")
def list_operations() -> Any:
    return support_matrix(server_state().providers.values())


@blueprint.get("/coverage", endpoint="getCoverage")
def get_coverage() -> Any:
    return counted(server_state().store.request_counts)


@blueprint.get("/openapi/<name>.json", endpoint="getOpenapi")
def get_openapi(name: str) -> Any:
    return openapi_document(name, request_data().get("profile"))


def openapi_document(name: str, profile: Any) -> flask.Response:
    """Return the OpenAPI document of a provider or of this API, or 404; by default in the profile of the seed."""
    mounted = server_state().mounted_providers()
    if name != "control" and name not in mounted:
        abort(404, f"Unknown document '{name}': expected one of {', '.join(mounted)}, control.")
    regions: Sequence[str] = ()
    if name == "control":
        published, note = publish(control_contract(), frozenset(), frozenset()), ""
    else:
        provider, regions = mounted[name], server_state().mounts.regions_of(name)
        chosen = Profile(profile) if profile is not None else server_state().seed.states[name].profile
        on = frozenset(switch.name for switch in provider.switches if chosen[switch])
        off = frozenset(switch.name for switch in provider.switches) - on
        published, note = publish(provider.contract, on, off), FUZZING.format(provider=name)
    info = {**published["info"], "description": published["info"]["description"] + note}
    servers = [{"url": provider_url(name), **({"description": f"Region `{regions[0]}`"} if regions else {})}]
    servers += [{"url": provider_url(name, each), "description": f"Region `{each}`"} for each in regions[1:]]
    document = {**published, "info": info, "servers": servers}
    return flask.Response(json.dumps(document, ensure_ascii=False), content_type="application/json")


@blueprint.get("/metrics", endpoint="metrics")
def metrics() -> Any:
    lines = []
    kinds = {"tenants": "gauge"}
    for name, value in _counters().items():
        kind = kinds.get(name, "counter")
        metric = f"mockserver_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value}"]
    return flask.Response("".join(f"{line}\n" for line in lines), content_type=EXPOSITION)


@blueprint.post("/reset", endpoint="reset")
def reset() -> Any:
    server_state().store.reset()
    return {"reset": True}
