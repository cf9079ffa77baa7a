"""The clock of a tenant: get, set, freeze, advance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort

from ..core import clock
from ..core.store import TenantData
from ..web.server_state import server_state
from .blueprint import blueprint, get_tenant_or_404, request_data


def _clock(current: clock.Clock, server_time: float) -> dict[str, Any]:
    return {"now": clock.format_rfc3339(current.now(server_time)), "frozen": current.frozen_at is not None}


def _time(text: str, pointer: str) -> float:
    try:
        return clock.parse(text)
    except ValueError as error:
        abort(400, f"{pointer}: {error}")


def set_clock(current: clock.Clock, data: Mapping[str, Any], server_time: float, pointer: str) -> clock.Clock:
    """Return the clock with the values of a request body; `pointer` is where they are in it."""
    if "now" in data:
        current = current.set(_time(data["now"], f"{pointer}/now"), server_time)
    if "frozen" in data:
        current = current.freeze(server_time, frozen=data["frozen"])
    return current


@blueprint.get("/tenants/<id>/clock", endpoint="getClock")
def get_clock(id: str) -> Any:
    return _clock(get_tenant_or_404(id).read().clock, server_state().store.time())


@blueprint.put("/tenants/<id>/clock", endpoint="putClock")
def put_clock(id: str) -> Any:
    data = request_data()

    def put(tenant_data: TenantData) -> dict[str, Any]:
        server_time = server_state().store.time()
        tenant_data.clock = set_clock(tenant_data.clock, data, server_time, "/body")
        return _clock(tenant_data.clock, server_time)

    return get_tenant_or_404(id).update(put)


@blueprint.post("/tenants/<id>/clock/advance", endpoint="advanceClock")
def advance_clock(id: str) -> Any:
    tenant, data = get_tenant_or_404(id), request_data()
    if len(data) != 1:
        abort(400, "/body: expected either 'seconds' or 'to'")

    def advance(tenant_data: TenantData) -> dict[str, Any]:
        server_time = server_state().store.time()
        now = tenant_data.clock.now(server_time)
        then = now + data["seconds"] if "seconds" in data else _time(data["to"], "/body/to")
        if then > clock.LATEST:
            abort(400, "/body/seconds: expected a time before the year 10000")
        if then < now:
            abort(400, "/body/to: expected a time that is not before the tenant's; use PUT to set the clock back")
        tenant_data.clock = tenant_data.clock.set(then, server_time)
        return _clock(tenant_data.clock, server_time)

    return tenant.update(advance)
