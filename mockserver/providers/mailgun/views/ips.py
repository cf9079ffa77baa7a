"""The IPs of an account."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import responses
from ..catalog import DEFAULT_DOMAINS
from ..provider import blueprint, canonical_ip, request_params
from ..rules import domains
from ..rules import ips as rules
from ..rules.account import Tx, require_detailed_view
from ..schemas import ips as schemas


@blueprint.get("/v3/ips", endpoint="listIps")
def list_ips(tx: Tx) -> ResponseReturnValue:
    return responses.ip_list(rules.list_ips(tx, tx.account, **load(schemas.IpsQuerySchema, request.args)))


@blueprint.get("/v3/ips/<ip>", endpoint="getIp")
def get_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    return responses.ip(rules.account_ip(tx, tx.account, canonical_ip(ip)))


@blueprint.get("/v3/ips/<ip>/domains", endpoint="listDomainsOfIp")
def list_domains_of_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    found = rules.account_ip(tx, tx.account, canonical_ip(ip))
    query = load(schemas.IpDomainsQuerySchema, request.args)
    limit, skip = query.get("limit", int(DEFAULT_DOMAINS)), query.get("skip", 0)
    matching = domains.domains_of_ip(tx, found, query.get("search", ""))
    return responses.domains_of_ip(matching[skip : skip + limit], len(matching))


@blueprint.post("/v3/ips/<ip>/domains", endpoint="assignIpToDomains")
def assign_ip_to_domains(tx: Tx, ip: str) -> ResponseReturnValue:
    return responses.started(domains.assign_everywhere(tx, tx.account, canonical_ip(ip)))


@blueprint.delete("/v3/ips/<ip>/domains", endpoint="removeIpFromDomains")
def remove_ip_from_domains(tx: Tx, ip: str) -> ResponseReturnValue:
    found = rules.account_ip(tx, tx.account, canonical_ip(ip))
    fields = load(schemas.AlternativeSchema, request_params("alternative"))
    return responses.started(domains.remove_everywhere(tx, found, fields.get("alternative")))


@blueprint.get("/v3/ips/details/all", endpoint="listDetailedIps")
def list_detailed_ips(tx: Tx) -> ResponseReturnValue:
    require_detailed_view(tx)
    query = load(schemas.DetailedQuerySchema, request.args)
    limit, skip = query.pop("limit", int(DEFAULT_DOMAINS)), query.pop("skip", 0)
    found = rules.list_detailed_ips(tx, tx.account, **query)
    page = [responses.detailed_ip(row, tx.state.account_id) for row in found[skip : skip + limit]]
    return {"items": page, "total_count": len(found)}


@blueprint.get("/v3/ips/request/new", endpoint="getNewIpAllowance")
def get_new_ip_allowance(tx: Tx) -> ResponseReturnValue:
    return {"allowed": {"dedicated": tx.state.new_dedicated_ips, "shared": 0}}


@blueprint.post("/v3/ips/request/new", endpoint="addNewIp")
def add_new_ip(tx: Tx) -> ResponseReturnValue:
    rules.add_new_ip(tx, tx.account)
    return responses.success()
