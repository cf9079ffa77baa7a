"""IPs and their subusers, IP Address Management."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import first_values, load
from .. import catalog, responses
from ..provider import blueprint, json_body, parent_only
from ..rules import Tx
from ..rules import management_ips as rules
from ..schemas import management_ips as schemas
from ..schemas.management_pools import RegionQuerySchema


@blueprint.get("/v3/send_ips/ips", endpoint="listManagedIps", scope="ips.read")
def list_managed_ips(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.IpsQuerySchema, request.args)
    page = rules.list_ips(
        tx,
        tx.account,
        limit=query.get("limit", int(catalog.DEFAULT_IPS_PAGE)),
        after_key=query.get("after_key"),
        before_key=query.get("before_key"),
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
    return responses.page(
        [responses.listed_managed_ip(view, tx.account, region=region) for view in page.items],
        {"after_key": page.after_key, "before_key": page.before_key},
        parameters={
            **first_values(request.args, ("ip",)),
            **{name: query[name] for name in flags if name in query},
            **first_values(request.args, ("pool", "start_added_at", "end_added_at", "limit")),
            **first_values(request.args, ("region", "include_region") if region else ()),
        },
    )


@blueprint.post("/v3/send_ips/ips", endpoint="addManagedIp", scope="ips.create")
@parent_only
def add_managed_ip(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.NewIpSchema, json_body(drop_null=True))
    ip = rules.add_ip(
        tx,
        is_auto_warmup=fields["is_auto_warmup"],
        is_parent_assigned=fields["is_parent_assigned"],
        subusers=fields.get("subusers", ()),
        region=fields.get("region", "us"),
    )
    return responses.new_ip(ip, rules.subuser_ids(tx, ip), region=fields.get("include_region", False)), 201


@blueprint.get("/v3/send_ips/ips/<ip>", endpoint="getManagedIp", scope="ips.read")
def get_managed_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    region = load(RegionQuerySchema, request.args).get("include_region", False)
    return responses.managed_ip(rules.get_ip(tx, tx.account, ip), tx.account, region=region)


@blueprint.patch("/v3/send_ips/ips/<ip>", endpoint="changeManagedIp", scope="ips.update")
@parent_only
def change_managed_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    fields = load(schemas.SettingsSchema, json_body(drop_null=True))
    changed = rules.change_ip(
        tx,
        ip,
        is_auto_warmup=fields.get("is_auto_warmup"),
        is_parent_assigned=fields.get("is_parent_assigned"),
        is_enabled=fields.get("is_enabled"),
    )
    return responses.settings(changed)


@blueprint.get("/v3/send_ips/ips/<ip>/subusers", endpoint="listSubusersOfIp", scope="ips.read")
@parent_only
def list_subusers_of_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    query = load(schemas.SubusersQuerySchema, request.args)
    subusers, more = rules.list_subusers(
        tx, ip, after_key=query.get("after_key", 0), limit=query.get("limit", int(catalog.DEFAULT_PAGE))
    )
    return responses.page(
        subusers, {"after_key": subusers[-1] if more else None}, parameters=first_values(request.args, ("limit",))
    )


@blueprint.post("/v3/send_ips/ips/<ip>/subusers:batchAdd", endpoint="addSubusersToIp", scope="ips.update")
@parent_only
def add_subusers_to_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    fields = load(schemas.SubusersSchema, json_body(drop_null=True))
    changed = rules.add_subusers(tx, ip, subusers=fields["subusers"])
    return responses.assigned_subusers(changed, rules.subuser_ids(tx, changed))


@blueprint.post("/v3/send_ips/ips/<ip>/subusers:batchDelete", endpoint="removeSubusersFromIp", scope="ips.update")
@parent_only
def remove_subusers_from_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    fields = load(schemas.SubusersSchema, json_body(drop_null=True))
    rules.remove_subusers(tx, ip, subusers=fields["subusers"])
    return "", 204
