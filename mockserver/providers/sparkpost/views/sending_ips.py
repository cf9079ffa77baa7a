"""Sending IPs, and buying them."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, json_body
from ..rules import Tx
from ..rules import sending_ips as rules
from ..schemas import sending_ips as schemas

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@blueprint.get("/api/v1/sending-ips", endpoint="listSendingIps", scope=VIEW)
def list_sending_ips(tx: Tx) -> ResponseReturnValue:
    profile = tx.state.profile
    return {"results": [responses.sending_ip(ip, profile=profile, now=tx.now) for ip in rules.list_ips(tx)]}


@blueprint.get("/api/v1/sending-ips/<external_ip>", endpoint="getSendingIp", scope=VIEW)
def get_sending_ip(tx: Tx, external_ip: str) -> ResponseReturnValue:
    ip = rules.get_ip(tx, external_ip)
    return {"results": responses.sending_ip(ip, profile=tx.state.profile, now=tx.now)}


@blueprint.put("/api/v1/sending-ips/<external_ip>", endpoint="updateSendingIp", scope=MANAGE)
def update_sending_ip(tx: Tx, external_ip: str) -> ResponseReturnValue:
    profile = tx.state.profile
    ip = rules.get_ip(tx, external_ip)
    partial = profile[catalog.PARTIAL_IP_UPDATE]
    schema = schemas.PartialIpSchema if partial else schemas.IpSchema
    fields = load(schema, json_body(), exclude=schemas.unsupported_fields(profile))
    rules.update_ip(
        tx,
        ip,
        ip_pool=fields.get("ip_pool"),
        auto_warmup_enabled=fields.get("auto_warmup_enabled"),
        auto_warmup_stage=fields.get("auto_warmup_stage"),
    )
    return {"results": {"message": "Updated Sending IP." if partial else "Updated IP Pool."}}


@blueprint.post("/api/v1/account/add-ons/dedicated_ips", endpoint="buyDedicatedIps", scope="billing/manage")
def buy_dedicated_ips(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.NewIpsSchema, json_body())
    rules.buy_ips(tx, ip_pool=fields["ip_pool"], quantity=int(fields["quantity"]))
    return {"results": {"message": "IP(s) added"}}
