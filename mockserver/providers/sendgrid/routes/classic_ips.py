"""IPs and their warm-up, in the classic API."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply, flatten
from .. import catalog, wire
from ..rules import classic_ips as rules
from ..schemas import classic_ips as schemas
from ..schemas.classic_pools import MEMBER

routes = Routes()


@routes.operation("listIps", "GET", "/v3/ips", scope="ips.read")
def list_ips(call: Call) -> Reply:
    query = call.load(schemas.IPS_QUERY, call.query)
    limit, offset = query.get("limit", int(catalog.DEFAULT_CLASSIC_PAGE)), query.get("offset", 0)
    views, total = rules.list_ips(
        call.tx,
        call.account,
        ip=query.get("ip"),
        subuser=query.get("subuser"),
        without_rdns=query.get("exclude_whitelabels", False),
        descending=query.get("sort_by_direction") == "desc",
        offset=offset,
        limit=limit,
    )
    filters = flatten(call.query, ("ip", "exclude_whitelabels", "subuser", "sort_by_direction"))
    return wire.ok(
        [wire.listed_ip(view) for view in views],
        headers=wire.links(call, limit=limit, offset=offset, total=total, filters=filters),
    )


@routes.operation("buyIps", "POST", "/v3/ips", scope="ips.create")
@wire.parent_only
def buy_ips(call: Call) -> Reply:
    fields = call.load(schemas.NEW_IPS, wire.body(call))
    warmup = fields.get("warmup", False)
    views = rules.buy_ips(
        call.tx,
        count=fields["count"],
        subusers=fields.get("subusers", ()),
        warmup=warmup,
        user_can_send=fields.get("user_can_send", False),
    )
    return wire.ok(wire.bought_ips(views, remaining=call.tx.state.remaining_ips, warmup=warmup), 201)


@routes.operation("listAssignedIps", "GET", "/v3/ips/assigned", scope="ips.assigned.read")
@wire.global_only
def list_assigned_ips(call: Call) -> Reply:
    return wire.ok([wire.assigned_ip(view) for view in rules.assigned_ips(call.tx, call.account)])


@routes.operation("getRemainingIps", "GET", "/v3/ips/remaining", scope="ips.read")
def get_remaining_ips(call: Call) -> Reply:
    return wire.ok(wire.remaining_ips(call.tx.state.remaining_ips))


@routes.operation("getIp", "GET", "/v3/ips/{ip_address}", scope="ips.read")
@wire.global_only
def get_ip(call: Call, ip_address: str) -> Reply:
    return wire.ok(wire.classic_ip(rules.get_ip(call.tx, call.account, ip_address)))


@routes.operation("listWarmingIps", "GET", "/v3/ips/warmup", scope="ips.warmup.read")
def list_warming_ips(call: Call) -> Reply:
    return wire.ok(wire.warming(rules.warming_ips(call.tx, call.account)))


@routes.operation("startWarmup", "POST", "/v3/ips/warmup", scope="ips.warmup.create")
def start_warmup(call: Call) -> Reply:
    fields = call.load(MEMBER, wire.body(call))
    ip = rules.start_warmup(call.tx, call.account, fields["ip"])
    return wire.ok(wire.warming([ip]), 201 if call.tx.state.profile[catalog.WARMUP_IS_201] else 200)


@routes.operation("getWarmingIp", "GET", "/v3/ips/warmup/{ip_address}", scope="ips.warmup.read")
def get_warming_ip(call: Call, ip_address: str) -> Reply:
    return wire.ok(wire.warming([rules.warming_ip(call.tx, call.account, ip_address)]))


@routes.operation("stopWarmup", "DELETE", "/v3/ips/warmup/{ip_address}", scope="ips.warmup.delete")
def stop_warmup(call: Call, ip_address: str) -> Reply:
    rules.stop_warmup(call.tx, call.account, ip_address)
    return wire.no_content()
