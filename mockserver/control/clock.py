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
    """Return a clock as a body at a pointer sets it."""
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

    def put(kept: TenantData) -> dict[str, Any]:
        server_time = server_state().store.time()
        kept.clock = set_clock(kept.clock, data, server_time, "/body")
        return _clock(kept.clock, server_time)

    return get_tenant_or_404(id).update(put)


@blueprint.post("/tenants/<id>/clock/advance", endpoint="advanceClock")
def advance_clock(id: str) -> Any:
    tenant, data = get_tenant_or_404(id), request_data()
    if len(data) != 1:
        abort(400, "/body: is to have 'seconds' or 'to', and not both")

    def advance(kept: TenantData) -> dict[str, Any]:
        server_time = server_state().store.time()
        now = kept.clock.now(server_time)
        then = now + data["seconds"] if "seconds" in data else _time(data["to"], "/body/to")
        if then > clock.LATEST:
            abort(400, "/body/seconds: leads beyond the year 9999")
        if then < now:
            abort(400, "/body/to: is before the tenant's time; PUT sets a clock back")
        kept.clock = kept.clock.set(then, server_time)
        return _clock(kept.clock, server_time)

    return tenant.update(advance)
