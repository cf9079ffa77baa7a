"""Operations on dedicated IP pools."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import catalog, wire
from ..rules import account, pools
from ..schemas import pools as schemas
from .ips import address
from .paging import paging

routes = Routes()


@routes.operation("listIpPools", "GET", "/v3/ip_pools", "/v1/ip_pools")
def list_ip_pools(call: Call) -> Reply:
    views = pools.list_pools(call.tx, call.account)
    return wire.ok({"ip_pools": [wire.listed_pool(view) for view in views], "message": "success"})


@routes.operation("createIpPool", "POST", "/v3/ip_pools", "/v1/ip_pools")
def create_ip_pool(call: Call) -> Reply:
    account.require_dipps(call.tx)
    sent = wire.form(call, "name", "description", lists=("ip", "ips"))
    sent["ips"] = wire.separated(sent.get("ips", ()))
    fields = call.load(schemas.POOL, sent)
    ips = [*fields.get("ip", ()), *fields["ips"]]
    return wire.created_pool(pools.create_pool(call.tx, call.account, fields["name"], fields["description"], ips))


@routes.operation("getIpPool", "GET", "/v3/ip_pools/{pool_id}", "/v1/ip_pools/{pool_id}")
def get_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = pools.visible_pool(call.tx, call.account, pool_id)
    details = wire.pool_details(pool, pools.linked_domains(call.tx, call.account, pool))
    return wire.ok({"details": details, "message": "success"})


@routes.operation("editIpPool", "PATCH", "/v3/ip_pools/{pool_id}", "/v1/ip_pools/{pool_id}")
def edit_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = pools.changeable_pool(call.tx, call.account, pool_id)
    lists = ("add_ip", "remove_ip", "link_domain", "unlink_domain")
    fields = call.load(schemas.POOL_CHANGES, wire.form(call, "name", "description", lists=lists))
    reference_id = pools.edit_pool(call.tx, pool, **fields)
    return wire.success() if reference_id is None else wire.started(reference_id)


@routes.operation("deleteIpPool", "DELETE", "/v3/ip_pools/{pool_id}", "/v1/ip_pools/{pool_id}")
def delete_ip_pool(call: Call, pool_id: str) -> Reply:
    account.require_dipps(call.tx)
    pool = pools.own_pool(call.tx, call.account, pool_id, catalog.INHERITED_DELETE)
    fields = call.load(schemas.POOL_REPLACEMENT, wire.parameters(call, "ip", "pool_id"))
    return wire.started(pools.delete_pool(call.tx, pool, fields.get("ip"), fields.get("pool_id")))


@routes.operation("listIpPoolDomains", "GET", "/v3/ip_pools/{pool_id}/domains", "/v1/ip_pools/{pool_id}/domains")
def list_ip_pool_domains(call: Call, pool_id: str) -> Reply:
    pool = pools.visible_pool(call.tx, call.account, pool_id)
    query = call.load(schemas.LINKS_QUERY, call.query)
    cursor, limit = query.get("page", ("", int(catalog.DEFAULT_PAGE)))
    limit = query.get("limit", limit)
    page = pools.linked_domains(call.tx, call.account, pool, cursor, limit)
    return wire.link_page(page, paging(call, page[-1].domain_id if page else cursor, limit))


@routes.operation("addIpToPool", "PUT", "/v3/ip_pools/{pool_id}/ips/{ip}", "/v1/ip_pools/{pool_id}/ips/{ip}")
def add_ip_to_pool(call: Call, pool_id: str, ip: str) -> Reply:
    pool = pools.changeable_pool(call.tx, call.account, pool_id)
    return wire.started(pools.add_ips(call.tx, pool, [address(ip)]))


@routes.operation("removeIpFromPool", "DELETE", "/v3/ip_pools/{pool_id}/ips/{ip}", "/v1/ip_pools/{pool_id}/ips/{ip}")
def remove_ip_from_pool(call: Call, pool_id: str, ip: str) -> Reply:
    pool = pools.changeable_pool(call.tx, call.account, pool_id)
    return wire.started(pools.remove_ip(call.tx, pool, address(ip)))


@routes.operation("addIpsToPool", "POST", "/v3/ip_pools/{pool_id}/ips.json", "/v1/ip_pools/{pool_id}/ips.json")
def add_ips_to_pool(call: Call, pool_id: str) -> Reply:
    pool = pools.changeable_pool(call.tx, call.account, pool_id)
    fields = call.load(schemas.POOL_IPS, wire.body(call))
    return wire.started(pools.add_ips(call.tx, pool, fields["ips"]))
