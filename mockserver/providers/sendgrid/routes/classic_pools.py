"""Pools by name."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import catalog, wire
from ..rules import classic_pools as rules
from ..schemas import classic_pools as schemas

routes = Routes()


@routes.operation("listIpPools", "GET", "/v3/ips/pools", scope="ips.pools.read")
def list_ip_pools(call: Call) -> Reply:
    return wire.ok([wire.pool_name(pool) for pool in call.tx.state.pools_of(call.account)])


@routes.operation("createIpPool", "POST", "/v3/ips/pools", scope="ips.pools.create")
def create_ip_pool(call: Call) -> Reply:
    fields = call.load(schemas.POOL, wire.body(call))
    return wire.ok(wire.pool_name(rules.create_pool(call.tx, call.account, fields["name"])))


@routes.operation("getIpPool", "GET", "/v3/ips/pools/{pool_name}", scope="ips.pools.read")
def get_ip_pool(call: Call, pool_name: str) -> Reply:
    pool = rules.find_pool(call.tx, call.account, pool_name, catalog.POOL_NOT_FOUND)
    return wire.ok(wire.pool_members(pool, call.tx.state))


@routes.operation("renameIpPool", "PUT", "/v3/ips/pools/{pool_name}", scope="ips.pools.update")
def rename_ip_pool(call: Call, pool_name: str) -> Reply:
    fields = call.load(schemas.POOL, wire.body(call))
    return wire.ok(wire.pool_name(rules.rename_pool(call.tx, call.account, pool_name, fields["name"])))


@routes.operation("deleteIpPool", "DELETE", "/v3/ips/pools/{pool_name}", scope="ips.pools.delete")
def delete_ip_pool(call: Call, pool_name: str) -> Reply:
    rules.delete_pool(call.tx, call.account, pool_name)
    return wire.no_content()


@routes.operation("addIpToPool", "POST", "/v3/ips/pools/{pool_name}/ips", scope="ips.pools.ips.create")
def add_ip_to_pool(call: Call, pool_name: str) -> Reply:
    fields = call.load(schemas.MEMBER, wire.body(call))
    ip, pools = rules.add_ip(call.tx, call.account, pool_name, fields["ip"])
    return wire.ok(wire.member(ip, pools), 201 if call.tx.state.profile[catalog.ADDED_IP_IS_201] else 200)


@routes.operation("removeIpFromPool", "DELETE", "/v3/ips/pools/{pool_name}/ips/{ip}", scope="ips.pools.ips.delete")
def remove_ip_from_pool(call: Call, pool_name: str, ip: str) -> Reply:
    rules.remove_ip(call.tx, call.account, pool_name, ip)
    return wire.no_content()
