"""The server as a whole: is it there, what can it do, what did it count; back to its start."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from .. import resources
from ..contract import Contract
from ..ledger import catalogue
from ..web import Reply
from .endpoint import PREFIX, Problem, endpoint, provider_url, root_url
from .requests import counted

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..provider import Provider

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
"""The text format of Prometheus."""


@endpoint("live", "GET", "/live")
def live(server: Mockserver) -> Any:
    return {"live": True}


@endpoint("ready", "GET", "/ready")
def ready(server: Mockserver) -> Any:
    server.store.check()
    return {"ready": True}


@endpoint("info", "GET", "/info")
def info(server: Mockserver) -> Any:
    config = server.config
    return {
        "version": resources.version(),
        "world": server.world.name,
        "providers": [_served(server, each) for each in server.providers.values()],
        "limits": {
            "max_tenants": config.max_tenants,
            "tenant_ttl": config.tenant_ttl,
            "max_body": config.max_body,
            "journal_size": config.journal_size,
            "journal_room": config.journal_room,
        },
        "counters": _counters(server),
    }


def _served(server: Mockserver, provider: Provider) -> dict[str, Any]:
    root = root_url(server, provider.name)
    return {
        "name": provider.name,
        "title": provider.title,
        "url": provider_url(provider.name),
        **({"root_url": root} if root is not None else {}),
        "operations": len(provider.operations),
    }


def _counters(server: Mockserver) -> dict[str, int]:
    tenants, counts = server.store.overview(), server.store.counts()
    return {
        "tenants": len(tenants),
        "evictions": counts.get("evictions", 0),
        "dropped": sum(tenant.dropped for tenant in tenants),
        "misfits": counts.get("misfits", 0),
        "requests": counts.get("requests", 0),
    }


@endpoint("listOperations", "GET", "/operations")
def list_operations(server: Mockserver) -> Any:
    return catalogue(server.providers.values())


@endpoint("getCoverage", "GET", "/coverage")
def get_coverage(server: Mockserver) -> Any:
    return counted(server.store.tally)


@endpoint("getOpenapi", "GET", "/openapi/{name}.json")
def get_openapi(server: Mockserver, name: str) -> Any:
    if name != "control" and name not in server.providers:
        raise Problem(404, f"No document is named '{name}'; there is {', '.join(server.providers)}, control.")
    document = copy.copy(Contract.load(name).document)
    document["servers"] = [{"url": provider_url(name if name != "control" else PREFIX.strip("/"))}]
    return Reply(200, document, json.dumps(document, ensure_ascii=False).encode(), "application/json")


@endpoint("metrics", "GET", "/metrics")
def metrics(server: Mockserver) -> Any:
    lines = []
    kinds = {"tenants": "gauge"}
    for name, value in _counters(server).items():
        kind = kinds.get(name, "counter")
        metric = f"mockserver_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value}"]
    return Reply(200, body="".join(f"{line}\n" for line in lines).encode(), content_type=EXPOSITION)


@endpoint("reset", "POST", "/reset")
def reset(server: Mockserver, asked: dict[str, Any]) -> Any:
    server.store.reset()
    return {"reset": True}
