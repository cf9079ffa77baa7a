"""Sending IPs, and buying them."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, json_body
from ..rules import sending_ips as rules
from ..rules.sending_ips import Tx
from ..schemas import sending_ips as schemas

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@blueprint.get("/api/v1/sending-ips", endpoint="listSendingIps", scope=VIEW)
def list_sending_ips(tx: Tx) -> ResponseReturnValue:
    return {"results": [responses.sending_ip(tx, ip) for ip in rules.list_ips(tx)]}


@blueprint.get("/api/v1/sending-ips/<external_ip>", endpoint="getSendingIp", scope=VIEW)
def get_sending_ip(tx: Tx, external_ip: str) -> ResponseReturnValue:
    return {"results": responses.sending_ip(tx, rules.get_ip(tx, external_ip))}


@blueprint.put("/api/v1/sending-ips/<external_ip>", endpoint="updateSendingIp", scope=MANAGE)
def update_sending_ip(tx: Tx, external_ip: str) -> ResponseReturnValue:
    profile = tx.state.profile
    ip = rules.get_ip(tx, external_ip)
    partial = profile[catalog.PARTIAL_IP_UPDATE]
    schema = schemas.PartialIpSchema if partial else schemas.IpSchema
    rules.update_ip(tx, ip, **load(schema, json_body(), exclude=schemas.hidden(profile)))
    return {"results": {"message": "Updated Sending IP." if partial else "Updated IP Pool."}}


@blueprint.post("/api/v1/account/add-ons/dedicated_ips", endpoint="buyDedicatedIps", scope="billing/manage")
def buy_dedicated_ips(tx: Tx) -> ResponseReturnValue:
    rules.buy_ips(tx, **load(schemas.NewIpsSchema, json_body()))
    return {"results": {"message": "IP(s) added"}}
