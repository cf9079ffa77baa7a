"""Operations on IP pools."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import wire
from ..rules import pools as rules
from ..schemas.pools import POOL

routes = Routes()

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@routes.operation("listIpPools", "GET", "/api/v1/ip-pools", scope=VIEW)
def list_ip_pools(call: Call) -> Reply:
    return wire.results([wire.listed_pool(call, pool, ips) for pool, ips in rules.list_pools(call.tx)])


@routes.operation("createIpPool", "POST", "/api/v1/ip-pools", scope=MANAGE)
def create_ip_pool(call: Call) -> Reply:
    fields = call.load(POOL[call.tx.state.profile], wire.body(call))
    pool = rules.create_pool(call.tx, **fields)
    return wire.results({"id": pool.id})


@routes.operation("getIpPool", "GET", "/api/v1/ip-pools/{id}", scope=VIEW)
def get_ip_pool(call: Call, id: str) -> Reply:
    pool, ips = rules.get_pool(call.tx, id)
    return wire.results(wire.pool_with_ips(call, pool, ips))


@routes.operation("updateIpPool", "PUT", "/api/v1/ip-pools/{id}", scope=MANAGE)
def update_ip_pool(call: Call, id: str) -> Reply:
    pool = rules.updatable_pool(call.tx, id)
    fields = call.load(POOL[call.tx.state.profile], wire.body(call))
    return wire.results(wire.updated_pool(call, rules.update_pool(call.tx, pool, **fields)))


@routes.operation("deleteIpPool", "DELETE", "/api/v1/ip-pools/{id}", scope=MANAGE)
def delete_ip_pool(call: Call, id: str) -> Reply:
    rules.delete_pool(call.tx, id)
    return wire.no_content()
