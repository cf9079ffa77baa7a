"""Operations on the IPs of a domain."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import catalog, wire
from ..rules import account, domains
from ..schemas.domains import DOMAIN_IP
from ..schemas.pools import POOL_REPLACEMENT
from .ips import address

routes = Routes()


@routes.operation("listDomainIps", "GET", "/v3/domains/{name}/ips", "/v4/domains/{name}/ips")
def list_domain_ips(call: Call, name: str) -> Reply:
    return wire.domain_ips(account.get_domain(call.tx, call.account, name))


@routes.operation("assignDomainIp", "POST", "/v3/domains/{name}/ips", "/v4/domains/{name}/ips")
def assign_domain_ip(call: Call, name: str) -> Reply:
    domain = account.get_domain(call.tx, call.account, name)
    sent = {key: value for key, value in wire.form(call, "ip", "pool_id").items() if value}
    if len(sent) != 1:
        raise catalog.IP_OR_POOL()
    fields = call.load(DOMAIN_IP, sent)
    if "pool_id" in fields:
        domains.link_pool(call.tx, domain, fields["pool_id"])
    else:
        domains.assign_ip(call.tx, domain, fields["ip"])
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
        account.require_dipps(call.tx)
    domain = account.get_domain(call.tx, call.account, name)
    if ip == catalog.IP_POOL:
        fields = call.load(POOL_REPLACEMENT, wire.parameters(call, "ip", "pool_id"))
        domains.unlink_pool(call.tx, domain, fields.get("ip"), fields.get("pool_id"))
    elif ip == catalog.ALL:
        domains.remove_domain_pool(call.tx, domain)
    else:
        domains.remove_domain_ip(call.tx, domain, address(ip))
    return wire.success()
