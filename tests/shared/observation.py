"""Everything that can be observed of a server and of a tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask

from ..control_client import ControlClient, TenantClient
from ..provider_case import ProviderCase
from ..support import store_of

DURATION = re.compile(rb'"milliseconds": [0-9.]+, ')
"""What differs between two runs."""


def change_everything(tenant: TenantClient, cases: Iterable[ProviderCase]) -> None:
    """Change everything of a tenant that can be changed, but for its snapshots."""
    for case in cases:
        tenant.client(case).post(case.pools_path, **case.new_pool("mine"))
        if case.start_job is not None:
            case.start_job(tenant.client(case))
        if case.send_message is not None:
            case.send_message(tenant.client(case))
        tenant.fault(f"{case.name}.*", times=2)
        tenant.client(case).get(case.pools_path)
    tenant.ok("PUT", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})


def observe_tenant(tenant: TenantClient) -> dict[str, Any]:
    """Return all data of a tenant but its snapshots."""
    dump = store_of(tenant.control.app).tenant(tenant.id).read().dump()
    del dump["snapshots"]
    return {"dump": dump, "faults": tenant.ok("GET", "/faults"), "state": tenant.ok("GET", "/state")}


def observe_server(app: Flask, cases: Iterable[ProviderCase]) -> str:
    """Return the responses to many requests, then the data of the seed's tenant."""
    found: list[object] = []
    for case in cases:
        provider = case.client(app)
        for response in (
            provider.get(case.pools_path),
            provider.post(case.pools_path, **case.new_pool("mine")),
            provider.post(case.pools_path, **case.new_pool("mine")),
            provider.post(case.pools_path, data=b"{"),
            provider.get(case.pools_path),
            provider.get("/nope"),
            provider.with_headers({}).get(case.pools_path),
        ):
            headers = [(key, value) for key, value in response.headers.items() if key != "Date"]
            found.append((response.status_code, response.data, headers))
    control = ControlClient(app)
    found.append({name: value for name, value in control.ok("GET", "/info").items() if name != "store"})
    for path in ("/tenants", "/tenants/default/requests", "/tenants/default/state", "/tenants/default/faults"):
        found.append(DURATION.sub(b"", control.open("GET", path).data))
    return repr((found, store_of(app).tenant("default").read().dump()))
