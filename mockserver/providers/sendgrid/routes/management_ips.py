"""IPs and their subusers, in IP Address Management."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply, flatten
from .. import catalog, wire
from ..rules import management_ips as rules
from ..schemas import management_ips as schemas
from ..schemas.management_pools import REGION_QUERY

routes = Routes()


@routes.operation("listManagedIps", "GET", "/v3/send_ips/ips", scope="ips.read")
def list_managed_ips(call: Call) -> Reply:
    query = call.load(schemas.IPS_QUERY, call.query)
    page = rules.list_ips(
        call.tx,
        call.account,
        limit=query.get("limit", catalog.DEFAULT_IPS_PAGE),
        after=query.get("after_key"),
        before=query.get("before_key"),
        ip=query.get("ip"),
        is_leased=query.get("is_leased"),
        is_enabled=query.get("is_enabled"),
        is_parent_assigned=query.get("is_parent_assigned"),
        pool=query.get("pool"),
        start_added_at=query.get("start_added_at"),
        end_added_at=query.get("end_added_at"),
        region=query.get("region"),
    )
    region = query.get("include_region", False)
    flags = ("is_leased", "is_enabled", "is_parent_assigned")
    return wire.page(
        [wire.managed_ip_of_list(view, call.account, region=region) for view in page.items],
        {"after_key": page.after_key, "before_key": page.before_key},
        {
            **flatten(call.query, ("ip",)),
            **{name: query[name] for name in flags if name in query},
            **flatten(call.query, ("pool", "start_added_at", "end_added_at", "limit")),
            **flatten(call.query, ("region", "include_region") if region else ()),
        },
    )


@routes.operation("addManagedIp", "POST", "/v3/send_ips/ips", scope="ips.create")
@wire.parent_only
def add_managed_ip(call: Call) -> Reply:
    fields = call.load(schemas.NEW_IP, wire.said(call))
    ip = rules.add_ip(
        call.tx,
        is_auto_warmup=fields["is_auto_warmup"],
        is_parent_assigned=fields["is_parent_assigned"],
        subusers=fields.get("subusers", ()),
        region=fields.get("region", "us"),
    )
    return wire.ok(wire.new_ip(ip, rules.subuser_ids(call.tx, ip), region=fields.get("include_region", False)), 201)


@routes.operation("getManagedIp", "GET", "/v3/send_ips/ips/{ip}", scope="ips.read")
def get_managed_ip(call: Call, ip: str) -> Reply:
    region = call.load(REGION_QUERY, call.query).get("include_region", False)
    return wire.ok(wire.managed_ip(rules.get_ip(call.tx, call.account, ip), call.account, region=region))


@routes.operation("changeManagedIp", "PATCH", "/v3/send_ips/ips/{ip}", scope="ips.update")
@wire.parent_only
def change_managed_ip(call: Call, ip: str) -> Reply:
    return wire.ok(wire.settings(rules.change_ip(call.tx, ip, call.load(schemas.SETTINGS, wire.said(call)))))


@routes.operation("listSubusersOfIp", "GET", "/v3/send_ips/ips/{ip}/subusers", scope="ips.read")
@wire.parent_only
def list_subusers_of_ip(call: Call, ip: str) -> Reply:
    query = call.load(schemas.SUBUSERS_QUERY, call.query)
    subusers, more = rules.list_subusers(
        call.tx, ip, after=query.get("after_key", 0), limit=query.get("limit", catalog.DEFAULT_PAGE)
    )
    return wire.page(subusers, {"after_key": subusers[-1] if more else None}, flatten(call.query, ("limit",)))


@routes.operation("addSubusersToIp", "POST", "/v3/send_ips/ips/{ip}/subusers:batchAdd", scope="ips.update")
@wire.parent_only
def add_subusers_to_ip(call: Call, ip: str) -> Reply:
    subusers = call.load(schemas.SUBUSERS, wire.said(call))["subusers"]
    changed = rules.add_subusers(call.tx, ip, subusers)
    return wire.ok({"ip": changed.ip, "subusers": rules.subuser_ids(call.tx, changed)})


@routes.operation("removeSubusersFromIp", "POST", "/v3/send_ips/ips/{ip}/subusers:batchDelete", scope="ips.update")
@wire.parent_only
def remove_subusers_from_ip(call: Call, ip: str) -> Reply:
    rules.remove_subusers(call.tx, ip, call.load(schemas.SUBUSERS, wire.said(call))["subusers"])
    return wire.no_content()
