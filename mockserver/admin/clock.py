"""The clock of a tenant: read, set, frozen and moved on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import clock
from .endpoint import Problem, endpoint, find_tenant

if TYPE_CHECKING:
    from ..app import Mockserver
    from ..store import Kept


def _shown(current: clock.Clock, wall: float) -> dict[str, Any]:
    return {"now": clock.show(current.now(wall)), "frozen": current.frozen is not None}


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
    return _shown(find_tenant(server, tenant_id).read().clock, server.store.time())


@endpoint("putClock", "PUT", "/tenants/{id}/clock")
def put_clock(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    def put(kept: Kept) -> dict[str, Any]:
        wall = server.store.time()
        kept.clock = set_clock(kept.clock, asked, wall, "/body")
        return _shown(kept.clock, wall)

    return find_tenant(server, tenant_id).update(put)


@endpoint("advanceClock", "POST", "/tenants/{id}/clock/advance")
def advance_clock(server: Mockserver, tenant_id: str, asked: dict[str, Any]) -> Any:
    tenant = find_tenant(server, tenant_id)
    if len(asked) != 1:
        raise Problem(400, "/body: is to have 'seconds' or 'to', and not both")

    def advance(kept: Kept) -> dict[str, Any]:
        wall = server.store.time()
        now = kept.clock.now(wall)
        then = now + asked["seconds"] if "seconds" in asked else _moment(asked["to"], "/body/to")
        if then > clock.LATEST:
            raise Problem(400, "/body/seconds: leads beyond the year 9999")
        if then < now:
            raise Problem(400, "/body/to: is before the tenant's time; PUT sets a clock back")
        kept.clock = kept.clock.set(then, wall)
        return _shown(kept.clock, wall)

    return tenant.update(advance)
