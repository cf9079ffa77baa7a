"""Mailgun's operations."""

from __future__ import annotations

from ...provider import Routes
from ...web import Call, Reply, load
from . import catalog, rules, schemas, wire

routes = Routes()


@routes.operation("getRoot", "GET", "/")
def get_root(call: Call) -> Reply:
    return wire.root()


@routes.operation("listIpPools", "GET", "/v3/ip_pools", "/v1/ip_pools")
def list_ip_pools(call: Call) -> Reply:
    views = rules.list_pools(call.tx, call.account)
    return wire.ok({"ip_pools": [wire.listed_pool(view) for view in views], "message": "success"})


@routes.operation("createIpPool", "POST", "/v3/ip_pools", "/v1/ip_pools")
def create_ip_pool(call: Call) -> Reply:
    rules.require_dipps(call.tx)
    sent = wire.form(call, "name", "description", lists=("ip", "ips"))
    sent["ips"] = [each.strip() for text in sent.get("ips", ()) for each in text.split(",") if each.strip()]
    fields = call.load(schemas.POOL, sent)
    ips = [*fields.get("ip", ()), *fields["ips"]]
    return wire.created_pool(rules.create_pool(call.tx, call.account, fields["name"], fields["description"], ips))


@routes.operation("getIpPool", "GET", "/v3/ip_pools/{pool_id}", "/v1/ip_pools/{pool_id}")
def get_ip_pool(call: Call, pool_id: str) -> Reply:
    return wire.ok({"details": wire.pool_details(rules.get_pool(call.tx, call.account, pool_id)), "message": "success"})


@routes.operation("editIpPool", "PATCH", "/v3/ip_pools/{pool_id}", "/v1/ip_pools/{pool_id}")
def edit_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = rules.changeable_pool(call.tx, call.account, pool_id)
    lists = ("add_ip", "remove_ip", "link_domain", "unlink_domain")
    fields = call.load(schemas.POOL_CHANGES, wire.form(call, "name", "description", lists=lists))
    reference_id = rules.edit_pool(call.tx, pool, **fields)
    return wire.success() if reference_id is None else wire.started(reference_id)


@routes.operation("deleteIpPool", "DELETE", "/v3/ip_pools/{pool_id}", "/v1/ip_pools/{pool_id}")
def delete_ip_pool(call: Call, pool_id: str) -> Reply:
    rules.require_dipps(call.tx)
    pool = rules.own_pool(call.tx, call.account, pool_id, catalog.INHERITED_DELETE)
    fields = call.load(schemas.POOL_REPLACEMENT, wire.parameters(call, "ip", "pool_id"))
    return wire.started(rules.delete_pool(call.tx, pool, fields.get("ip"), fields.get("pool_id")))


@routes.operation("listIpPoolDomains", "GET", "/v3/ip_pools/{pool_id}/domains", "/v1/ip_pools/{pool_id}/domains")
def list_ip_pool_domains(call: Call, pool_id: str) -> Reply:
    domains = rules.get_pool(call.tx, call.account, pool_id).linked_domains
    query = call.load(schemas.DOMAINS_QUERY, call.query)
    cursor, limit = query.get("page", ("", int(catalog.DEFAULT_PAGE)))
    limit = query.get("limit", limit)
    page = [domain for domain in domains if domain.id > cursor][:limit]
    url = f"{call.root}{call.path}?page="
    last = page[-1].id if page else cursor
    return wire.domain_page(page, url + schemas.token("", limit), url + schemas.token(last, limit))


@routes.operation("addIpToPool", "PUT", "/v3/ip_pools/{pool_id}/ips/{ip}", "/v1/ip_pools/{pool_id}/ips/{ip}")
def add_ip_to_pool(call: Call, pool_id: str, ip: str) -> Reply:
    pool = rules.changeable_pool(call.tx, call.account, pool_id)
    return wire.started(rules.add_ips(call.tx, pool, [_address(ip)]))


@routes.operation("removeIpFromPool", "DELETE", "/v3/ip_pools/{pool_id}/ips/{ip}", "/v1/ip_pools/{pool_id}/ips/{ip}")
def remove_ip_from_pool(call: Call, pool_id: str, ip: str) -> Reply:
    pool = rules.changeable_pool(call.tx, call.account, pool_id)
    return wire.started(rules.remove_ip(call.tx, pool, _address(ip)))


@routes.operation("addIpsToPool", "POST", "/v3/ip_pools/{pool_id}/ips.json", "/v1/ip_pools/{pool_id}/ips.json")
def add_ips_to_pool(call: Call, pool_id: str) -> Reply:
    pool = rules.changeable_pool(call.tx, call.account, pool_id)
    fields = call.load(schemas.POOL_IPS, wire.body(call))
    return wire.started(rules.add_ips(call.tx, pool, fields["ips"]))


@routes.operation("delegateIpPool", "PUT", "/v3/ip_pools/{pool_id}/delegate", "/v1/ip_pools/{pool_id}/delegate")
def delegate_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = rules.own_pool(call.tx, call.account, pool_id, catalog.INHERITED_EDIT)
    fields = call.load(schemas.DELEGATION, wire.parameters(call, "subaccount_id"))
    rules.delegate_pool(call.tx, pool, fields["subaccount_id"])
    return wire.success()


@routes.operation("revokeIpPool", "DELETE", "/v3/ip_pools/{pool_id}/delegate", "/v1/ip_pools/{pool_id}/delegate")
def revoke_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = rules.own_pool(call.tx, call.account, pool_id, catalog.INHERITED_EDIT)
    fields = call.load(schemas.DELEGATION, wire.parameters(call, "subaccount_id"))
    rules.revoke_pool(call.tx, pool, fields["subaccount_id"])
    return wire.success()


@routes.operation("listDomainIps", "GET", "/v3/domains/{name}/ips", "/v4/domains/{name}/ips")
def list_domain_ips(call: Call, name: str) -> Reply:
    return wire.domain_ips(rules.get_domain(call.tx, call.account, name))


@routes.operation("assignDomainIp", "POST", "/v3/domains/{name}/ips", "/v4/domains/{name}/ips")
def assign_domain_ip(call: Call, name: str) -> Reply:
    domain = rules.get_domain(call.tx, call.account, name)
    sent = {key: value for key, value in wire.form(call, "ip", "pool_id").items() if value}
    if len(sent) != 1:
        raise catalog.IP_OR_POOL()
    fields = call.load(schemas.DOMAIN_IP, sent)
    if "pool_id" in fields:
        rules.link_pool(call.tx, domain, fields["pool_id"])
    else:
        rules.assign_ip(call.tx, domain, fields["ip"])
    return wire.success()


@routes.operation("removeDomainIp", "DELETE", "/v3/domains/{name}/ips/{ip}", "/v4/domains/{name}/ips/{ip}")
def remove_domain_ip(call: Call, name: str, ip: str) -> Reply:
    return _remove_from_domain(call, name, ip)


@routes.operation("removeDomainPoolIp", "DELETE", "/v3/domains/{name}/pool/{ip}")
def remove_domain_pool_ip(call: Call, name: str, ip: str) -> Reply:
    return _remove_from_domain(call, name, ip)


def _remove_from_domain(call: Call, name: str, ip: str) -> Reply:
    """Do one of three things, as the last part of the path says: remove an IP, all IPs, or the link to a pool."""
    if ip == catalog.IP_POOL:
        rules.require_dipps(call.tx)
    domain = rules.get_domain(call.tx, call.account, name)
    if ip == catalog.IP_POOL:
        fields = call.load(schemas.POOL_REPLACEMENT, wire.parameters(call, "ip", "pool_id"))
        rules.unlink_pool(call.tx, domain, fields.get("ip"), fields.get("pool_id"))
    elif ip == catalog.ALL:
        rules.remove_domain_pool(call.tx, domain)
    else:
        rules.remove_domain_ip(call.tx, domain, _address(ip))
    return wire.success()


def _address(ip: str) -> str:
    address: str = load(schemas.PATH_IP, {"ip": ip})["ip"]
    return address
