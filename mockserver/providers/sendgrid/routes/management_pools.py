"""Pools by id, in IP Address Management."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply, flatten
from .. import catalog, wire
from ..rules import management_pools as rules
from ..schemas import management_pools as schemas

routes = Routes()


@routes.operation("listIpPoolsWithIps", "GET", "/v3/send_ips/pools", scope="ips.pools.read")
def list_ip_pools_with_ips(call: Call) -> Reply:
    query = call.load(schemas.POOLS_QUERY, call.query)
    views, more = rules.list_pools(
        call.tx,
        call.account,
        after=query.get("after_key", 0),
        limit=query.get("limit", catalog.DEFAULT_PAGE),
        ip=query.get("ip"),
        region=query.get("region"),
    )
    regions = query.get("include_region", False)
    return wire.page(
        [wire.pool_sample(view, regions=regions) for view in views],
        {"after_key": views[-1].pool.id if more else None},
        flatten(call.query, ("ip", "limit", *(("region", "include_region") if regions else ()))),
    )


@routes.operation("createManagedPool", "POST", "/v3/send_ips/pools", scope="ips.pools.create")
def create_managed_pool(call: Call) -> Reply:
    fields = call.load(schemas.NEW_POOL, wire.said(call))
    ips = fields.get("ips", ())
    if ips:
        wire.require(call, "ips.pools.ips.create")
    pool = rules.create_pool(call.tx, call.account, fields["name"], ips)
    return wire.ok({**wire.managed_pool(pool), "ips": list(pool.ips)}, 201)


@routes.operation("getManagedPool", "GET", "/v3/send_ips/pools/{poolid}", scope="ips.pools.read")
def get_managed_pool(call: Call, poolid: str) -> Reply:
    regions = call.load(schemas.REGION_QUERY, call.query).get("include_region", False)
    return wire.ok(wire.pool_details(rules.get_pool(call.tx, call.account, poolid), regions=regions))


@routes.operation("renameManagedPool", "PUT", "/v3/send_ips/pools/{poolid}", scope="ips.pools.update")
def rename_managed_pool(call: Call, poolid: str) -> Reply:
    fields = call.load(schemas.RENAMED_POOL, wire.said(call))
    return wire.ok(wire.managed_pool(rules.rename_pool(call.tx, call.account, poolid, fields["name"])))


@routes.operation("deleteManagedPool", "DELETE", "/v3/send_ips/pools/{poolid}", scope="ips.pools.delete")
def delete_managed_pool(call: Call, poolid: str) -> Reply:
    rules.delete_pool(call.tx, call.account, poolid)
    return wire.no_content()


@routes.operation("listIpsOfPool", "GET", "/v3/send_ips/pools/{poolid}/ips", scope="ips.pools.ips.read")
def list_ips_of_pool(call: Call, poolid: str) -> Reply:
    query = call.load(schemas.MEMBERS_QUERY, call.query)
    members, more = rules.list_members(
        call.tx,
        call.account,
        poolid,
        after=query.get("after_key"),
        limit=query.get("limit", catalog.DEFAULT_PAGE),
    )
    region = query.get("include_region", False)
    return wire.page(
        [wire.managed_member(ip, pools, region=region) for ip, pools in members],
        {"after_key": members[-1][0].ip if more else None},
        flatten(call.query, ("limit", *(("include_region",) if region else ()))),
    )


@routes.operation("addIpsToPool", "POST", "/v3/send_ips/pools/{poolid}/ips:batchAdd", scope="ips.pools.ips.create")
def add_ips_to_pool(call: Call, poolid: str) -> Reply:
    ips = call.load(schemas.BATCH, wire.said(call))["ips"]
    pool = rules.add_ips(call.tx, call.account, poolid, ips)
    return wire.ok({**wire.managed_pool(pool), "ips": list(dict.fromkeys(ips))})


@routes.operation(
    "removeIpsFromPool", "POST", "/v3/send_ips/pools/{poolid}/ips:batchDelete", scope="ips.pools.ips.delete"
)
def remove_ips_from_pool(call: Call, poolid: str) -> Reply:
    rules.remove_ips(call.tx, call.account, poolid, call.load(schemas.BATCH, wire.said(call))["ips"])
    return wire.no_content()
