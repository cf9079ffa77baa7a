"""SparkPost's operations."""

from __future__ import annotations

from ...provider import Routes
from ...web import Call, Reply
from . import rules, schemas, wire

routes = Routes()

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@routes.operation("listIpPools", "GET", "/api/v1/ip-pools", scope=VIEW)
def list_ip_pools(call: Call) -> Reply:
    return wire.results([wire.pool_with_ips(pool, ips) for pool, ips in rules.list_pools(call.tx)])


@routes.operation("createIpPool", "POST", "/api/v1/ip-pools", scope=MANAGE)
def create_ip_pool(call: Call) -> Reply:
    fields = call.load(schemas.POOL, wire.body(call))
    pool = rules.create_pool(call.tx, **fields)
    return wire.results({"id": pool.id})


@routes.operation("getIpPool", "GET", "/api/v1/ip-pools/{id}", scope=VIEW)
def get_ip_pool(call: Call, id: str) -> Reply:
    pool, ips = rules.get_pool(call.tx, id)
    return wire.results(wire.pool_with_ips(pool, ips))


@routes.operation("updateIpPool", "PUT", "/api/v1/ip-pools/{id}", scope=MANAGE)
def update_ip_pool(call: Call, id: str) -> Reply:
    pool = rules.updatable_pool(call.tx, id)
    fields = call.load(schemas.POOL, wire.body(call))
    return wire.results(wire.updated_pool(rules.update_pool(call.tx, pool, **fields)))


@routes.operation("deleteIpPool", "DELETE", "/api/v1/ip-pools/{id}", scope=MANAGE)
def delete_ip_pool(call: Call, id: str) -> Reply:
    rules.delete_pool(call.tx, id)
    return wire.no_content()


@routes.operation("listSendingIps", "GET", "/api/v1/sending-ips", scope=VIEW)
def list_sending_ips(call: Call) -> Reply:
    return wire.results([wire.sending_ip(ip) for ip in rules.list_ips(call.tx)])


@routes.operation("getSendingIp", "GET", "/api/v1/sending-ips/{external_ip}", scope=VIEW)
def get_sending_ip(call: Call, external_ip: str) -> Reply:
    return wire.results(wire.sending_ip(rules.get_ip(call.tx, external_ip)))


@routes.operation("updateSendingIp", "PUT", "/api/v1/sending-ips/{external_ip}", scope=MANAGE)
def update_sending_ip(call: Call, external_ip: str) -> Reply:
    ip = rules.get_ip(call.tx, external_ip)
    fields = call.load(schemas.SENDING_IP, wire.body(call))
    rules.move_ip(call.tx, ip, **fields)
    return wire.results({"message": "Updated IP Pool."})
