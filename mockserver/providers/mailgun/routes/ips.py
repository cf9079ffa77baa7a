"""Operations on the IPs of an account."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import wire
from ..catalog import DEFAULT_DOMAINS
from ..rules import account, domains, ips
from ..schemas import ips as schemas

routes = Routes()


def address(ip: str) -> str:
    """Return the address in a path, in its usual spelling."""
    found: str = schemas.PATH_IP.load({"ip": ip})["ip"]
    return found


@routes.operation("listIps", "GET", "/v3/ips")
def list_ips(call: Call) -> Reply:
    return wire.ip_list(ips.list_ips(call.tx, call.account, **call.load(schemas.IPS_QUERY, call.query)))


@routes.operation("getIp", "GET", "/v3/ips/{ip}")
def get_ip(call: Call, ip: str) -> Reply:
    return wire.ok(wire.ip_record(ips.account_ip(call.tx, call.account, address(ip))))


@routes.operation("listDomainsOfIp", "GET", "/v3/ips/{ip}/domains")
def list_domains_of_ip(call: Call, ip: str) -> Reply:
    found = ips.account_ip(call.tx, call.account, address(ip))
    query = call.load(schemas.IP_DOMAINS_QUERY, call.query)
    limit, skip = query.get("limit", int(DEFAULT_DOMAINS)), query.get("skip", 0)
    matching = domains.domains_of_ip(call.tx, found, query.get("search", ""))
    return wire.domains_of_ip(matching[skip : skip + limit], len(matching))


@routes.operation("assignIpToDomains", "POST", "/v3/ips/{ip}/domains")
def assign_ip_to_domains(call: Call, ip: str) -> Reply:
    return wire.started(domains.assign_everywhere(call.tx, call.account, address(ip)))


@routes.operation("removeIpFromDomains", "DELETE", "/v3/ips/{ip}/domains")
def remove_ip_from_domains(call: Call, ip: str) -> Reply:
    found = ips.account_ip(call.tx, call.account, address(ip))
    fields = call.load(schemas.ALTERNATIVE, wire.parameters(call, "alternative"))
    return wire.started(domains.remove_everywhere(call.tx, found, fields.get("alternative")))


@routes.operation("listDetailedIps", "GET", "/v3/ips/details/all")
def list_detailed_ips(call: Call) -> Reply:
    account.require_detailed_view(call.tx)
    query = call.load(schemas.DETAILED_QUERY, call.query)
    limit, skip = query.pop("limit", int(DEFAULT_DOMAINS)), query.pop("skip", 0)
    found = ips.list_detailed_ips(call.tx, call.account, **query)
    page = [wire.detailed_ip(row, call.tx.state.account_id) for row in found[skip : skip + limit]]
    return wire.ok({"items": page, "total_count": len(found)})


@routes.operation("getNewIpAllowance", "GET", "/v3/ips/request/new")
def get_new_ip_allowance(call: Call) -> Reply:
    return wire.ok({"allowed": {"dedicated": call.tx.state.new_dedicated_ips, "shared": 0}})


@routes.operation("addNewIp", "POST", "/v3/ips/request/new")
def add_new_ip(call: Call) -> Reply:
    ips.add_new_ip(call.tx, call.account)
    return wire.success()
