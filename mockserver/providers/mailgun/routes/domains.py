"""Operations on domains."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import wire
from ..catalog import DEFAULT_DOMAINS
from ..rules import account, domains
from ..schemas.domains import DOMAINS_QUERY, NEW_DOMAIN

routes = Routes()


@routes.operation("listDomains", "GET", "/v4/domains", "/v3/domains")
def list_domains(call: Call) -> Reply:
    query = call.load(DOMAINS_QUERY, call.query)
    limit, skip = query.pop("limit", int(DEFAULT_DOMAINS)), query.pop("skip", 0)
    found = domains.list_domains(call.tx, call.account, **query)
    page = [wire.domain_record(domain) for domain in found[skip : skip + limit]]
    return wire.ok({"total_count": len(found), "items": page})


@routes.operation("createDomain", "POST", "/v4/domains", "/v3/domains")
def create_domain(call: Call) -> Reply:
    sent = wire.form(call, *NEW_DOMAIN.fields.keys() - {"ips"}, lists=("ips",))
    sent["ips"] = wire.separated(sent.get("ips", ()))
    fields = call.load(NEW_DOMAIN, sent)
    fields.pop("smtp_password", None)  # checked, and of no use to a server that takes no mail
    domain = domains.create_domain(call.tx, call.account, fields.pop("name").lower(), **fields)
    return wire.ok({"message": "Domain DNS records have been created", **wire.domain_with_dns(domain)})


@routes.operation("getDomain", "GET", "/v4/domains/{name}", "/v3/domains/{name}")
def get_domain(call: Call, name: str) -> Reply:
    return wire.ok(wire.domain_with_dns(account.get_domain(call.tx, call.account, name)))


@routes.operation("deleteDomain", "DELETE", "/v3/domains/{name}")
def delete_domain(call: Call, name: str) -> Reply:
    domains.delete_domain(call.tx, account.get_domain(call.tx, call.account, name))
    return wire.ok({"message": "Domain will be deleted in the background"})
