"""The clock of a tenant: read, set, frozen and moved on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import clock
from .endpoint import Problem, endpoint, find_tenant

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..store import Tenant


def _clock(server: Mockserver, tenant: Tenant) -> dict[str, Any]:
    now = tenant.clock.now(server.store.time())
    return {"now": clock.show(now), "frozen": tenant.clock.frozen is not None}


def _moment(text: str, pointer: str) -> float:
    try:
        return clock.parse(text)
    except ValueError as error:
        raise Problem(400, f"{pointer}: {error}") from None


def set_clock(current: clock.Clock, asked: Mapping[str, Any], wall: float, pointer: str) -> clock.Clock:
    """Return a clock as a body asks for it at a pointer."""
    if "now" in asked:
        current = current.set(_moment(asked["now"], f"{pointer}/now"), wall)
    if "frozen" in asked:
        current = current.freeze(wall, frozen=asked["frozen"])
    return current


@endpoint("getClock", "GET", "/tenants/{id}/clock")
def get_clock(server: Mockserver, tenant_id: str) -> Any:
    return _clock(server, find_tenant(server, tenant_id))


@endpoint("putClock", "PUT", "/tenants/{id}/clock")
def put_clock(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    with tenant.lock:
        tenant.clock = set_clock(tenant.clock, asked, server.store.time(), "/body")
    return _clock(server, tenant)


@endpoint("advanceClock", "POST", "/tenants/{id}/clock/advance")
def advance_clock(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    if len(asked) != 1:
        raise Problem(400, "/body: is to have 'seconds' or 'to', and not both")
    with tenant.lock:
        wall = server.store.time()
        now = tenant.clock.now(wall)
        then = now + asked["seconds"] if "seconds" in asked else _moment(asked["to"], "/body/to")
        if then > clock.LATEST:
            raise Problem(400, "/body/seconds: leads beyond the year 9999")
        if then < now:
            raise Problem(400, "/body/to: is before the tenant's time; PUT sets a clock back")
        tenant.clock = tenant.clock.set(then, wall)
    return _clock(server, tenant)
