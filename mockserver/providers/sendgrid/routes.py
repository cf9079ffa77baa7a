"""SendGrid's operations: classic pools, and the list of pools of IP Address Management."""

from __future__ import annotations

from ...provider import Routes
from ...web import Call, Reply, flatten
from . import catalog, rules, schemas, wire

routes = Routes()


@routes.operation("listIpPools", "GET", "/v3/ips/pools", scope="ips.pools.read")
def list_ip_pools(call: Call) -> Reply:
    return wire.ok([wire.pool_name(pool) for pool in rules.pools_of(call.tx, call.account)])


@routes.operation("createIpPool", "POST", "/v3/ips/pools", scope="ips.pools.create")
def create_ip_pool(call: Call) -> Reply:
    fields = call.load(schemas.POOL, wire.body(call))
    return wire.ok(wire.pool_name(rules.create_pool(call.tx, call.account, fields["name"])))


@routes.operation("getIpPool", "GET", "/v3/ips/pools/{pool_name}", scope="ips.pools.read")
def get_ip_pool(call: Call, pool_name: str) -> Reply:
    return wire.ok(wire.pool_members(rules.find_pool(call.tx, call.account, pool_name, catalog.POOL_NOT_FOUND)))


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
    return wire.ok(wire.member(ip, pools))


@routes.operation("removeIpFromPool", "DELETE", "/v3/ips/pools/{pool_name}/ips/{ip}", scope="ips.pools.ips.delete")
def remove_ip_from_pool(call: Call, pool_name: str, ip: str) -> Reply:
    rules.remove_ip(call.tx, call.account, pool_name, ip)
    return wire.no_content()


@routes.operation("listIpPoolsWithIps", "GET", "/v3/send_ips/pools", scope="ips.pools.read")
def list_ip_pools_with_ips(call: Call) -> Reply:
    query = call.load(schemas.POOLS_QUERY, call.query)
    samples, more = rules.sample_pools(
        call.tx,
        call.account,
        after=query.get("after_key", 0),
        limit=query.get("limit", catalog.DEFAULT_PAGE),
        ip=query.get("ip"),
        region=query.get("region"),
    )
    regions = query.get("include_region") == "true"
    return wire.page(
        [wire.pool_sample(sample, regions=regions) for sample in samples],
        samples[-1].pool.id if more else None,
        flatten(call.query, ("ip", "limit", *(("region", "include_region") if regions else ()))),
    )
