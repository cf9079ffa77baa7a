"""IPs and their warm-up, classic API."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.exchange import current_exchange
from ....web.schemas import first_values, load
from .. import catalog, responses
from ..provider import blueprint, global_only, json_body, parent_only
from ..rules import Tx
from ..rules import classic_ips as rules
from ..schemas import classic_ips as schemas
from ..schemas.classic_pools import MemberSchema


@blueprint.get("/v3/ips", endpoint="listIps", scope="ips.read")
def list_ips(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.IpsQuerySchema, request.args)
    limit, offset = query.get("limit", int(catalog.DEFAULT_CLASSIC_PAGE)), query.get("offset", 0)
    views, total = rules.list_ips(
        tx,
        tx.account,
        ip=query.get("ip"),
        subuser=query.get("subuser"),
        without_rdns=query.get("exclude_whitelabels", False),
        descending=query.get("sort_by_direction") == "desc",
        offset=offset,
        limit=limit,
    )
    parameters = first_values(request.args, ("ip", "exclude_whitelabels", "subuser", "sort_by_direction"))
    links = responses.page_links(current_exchange().url, limit=limit, offset=offset, total=total, parameters=parameters)
    return [responses.listed_classic_ip(view) for view in views], 200, [("Link", links)]


@blueprint.post("/v3/ips", endpoint="buyIps", scope="ips.create")
@parent_only
def buy_ips(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.NewIpsSchema, json_body())
    warmup = fields.get("warmup", False)
    views = rules.buy_ips(
        tx,
        count=fields["count"],
        subusers=fields.get("subusers", ()),
        warmup=warmup,
        user_can_send=fields.get("user_can_send", False),
    )
    return responses.bought_ips(views, remaining=tx.state.remaining_ips, warmup=warmup), 201


@blueprint.get("/v3/ips/assigned", endpoint="listAssignedIps", scope="ips.assigned.read")
@global_only
def list_assigned_ips(tx: Tx) -> ResponseReturnValue:
    return [responses.assigned_ip(view) for view in rules.list_assigned_ips(tx, tx.account)]


@blueprint.get("/v3/ips/remaining", endpoint="getRemainingIps", scope="ips.read")
def get_remaining_ips(tx: Tx) -> ResponseReturnValue:
    return responses.remaining_ips(tx.state.remaining_ips)


@blueprint.get("/v3/ips/<ip_address>", endpoint="getIp", scope="ips.read")
@global_only
def get_ip(tx: Tx, ip_address: str) -> ResponseReturnValue:
    return responses.classic_ip(rules.get_ip(tx, tx.account, ip_address))


@blueprint.get("/v3/ips/warmup", endpoint="listWarmingIps", scope="ips.warmup.read")
def list_warming_ips(tx: Tx) -> ResponseReturnValue:
    return responses.warming(rules.list_warming_ips(tx, tx.account))


@blueprint.post("/v3/ips/warmup", endpoint="startWarmup", scope="ips.warmup.create")
def start_warmup(tx: Tx) -> ResponseReturnValue:
    fields = load(MemberSchema, json_body())
    ip = rules.start_warmup(tx, tx.account, ip=fields["ip"])
    return responses.warming([ip]), 201 if tx.state.profile[catalog.WARMUP_IS_201] else 200


@blueprint.get("/v3/ips/warmup/<ip_address>", endpoint="getWarmingIp", scope="ips.warmup.read")
def get_warming_ip(tx: Tx, ip_address: str) -> ResponseReturnValue:
    return responses.warming([rules.get_warming_ip(tx, tx.account, ip_address)])


@blueprint.delete("/v3/ips/warmup/<ip_address>", endpoint="stopWarmup", scope="ips.warmup.delete")
def stop_warmup(tx: Tx, ip_address: str) -> ResponseReturnValue:
    rules.stop_warmup(tx, tx.account, ip_address)
    return "", 204
