"""Operations on sending IPs, and buying them."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import catalog, wire
from ..rules import sending_ips as rules
from ..schemas.sending_ips import CHANGE, MOVE, PURCHASE

routes = Routes()

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@routes.operation("listSendingIps", "GET", "/api/v1/sending-ips", scope=VIEW)
def list_sending_ips(call: Call) -> Reply:
    return wire.results([wire.sending_ip(call, ip) for ip in rules.list_ips(call.tx)])


@routes.operation("getSendingIp", "GET", "/api/v1/sending-ips/{external_ip}", scope=VIEW)
def get_sending_ip(call: Call, external_ip: str) -> Reply:
    return wire.results(wire.sending_ip(call, rules.get_ip(call.tx, external_ip)))


@routes.operation("updateSendingIp", "PUT", "/api/v1/sending-ips/{external_ip}", scope=MANAGE)
def update_sending_ip(call: Call, external_ip: str) -> Reply:
    profile = call.tx.state.profile
    ip = rules.get_ip(call.tx, external_ip)
    body = CHANGE if profile[catalog.PARTIAL_IP_UPDATE] else MOVE
    rules.update_ip(call.tx, ip, **call.load(body[profile], wire.body(call)))
    return wire.results(wire.updated_ip(call))


@routes.operation("buyDedicatedIps", "POST", "/api/v1/account/add-ons/dedicated_ips", scope="billing/manage")
def buy_dedicated_ips(call: Call) -> Reply:
    rules.buy_ips(call.tx, **call.load(PURCHASE, wire.body(call)))
    return wire.results({"message": "IP(s) added"})
