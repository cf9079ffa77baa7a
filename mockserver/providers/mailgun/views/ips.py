"""The IPs of an account."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, normalized_ip, query_params
from ..rules import Tx, domain_ips
from ..rules import ips as rules
from ..rules.account import require_feature
from ..schemas import domain_ips as domain_schemas
from ..schemas import ips as schemas


@blueprint.get("/v3/ips", endpoint="listIps")
def list_ips(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.IpsQuerySchema, request.args)
    found = rules.list_ips(tx, tx.account, dedicated=query.get("dedicated", False), enabled=query.get("enabled", False))
    return responses.ips(found)


@blueprint.get("/v3/ips/<ip>", endpoint="getIp")
def get_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    return responses.ip(rules.get_visible_ip(tx, tx.account, normalized_ip(ip)))


@blueprint.get("/v3/ips/<ip>/domains", endpoint="listDomainsOfIp")
def list_domains_of_ip(tx: Tx, ip: str) -> ResponseReturnValue:
    found = rules.get_visible_ip(tx, tx.account, normalized_ip(ip))
    query = load(domain_schemas.IpDomainsQuerySchema, request.args)
    limit, skip = query.get("limit", int(catalog.DEFAULT_DOMAINS)), query.get("skip", 0)
    matching = domain_ips.list_domains_of_ip(tx, tx.account, found, search=query.get("search", ""))
    return responses.domains_of_ip(matching[skip : skip + limit], len(matching))


@blueprint.post("/v3/ips/<ip>/domains", endpoint="assignIpToDomains")
def assign_ip_to_domains(tx: Tx, ip: str) -> ResponseReturnValue:
    return responses.started(domain_ips.assign_ip_to_domains(tx, tx.account, normalized_ip(ip)))


@blueprint.delete("/v3/ips/<ip>/domains", endpoint="removeIpFromDomains")
def remove_ip_from_domains(tx: Tx, ip: str) -> ResponseReturnValue:
    found = rules.get_ip(tx, tx.account, normalized_ip(ip))
    fields = load(domain_schemas.AlternativeSchema, query_params("alternative"))
    return responses.started(domain_ips.remove_ip_from_domains(tx, found, alternative=fields.get("alternative")))


@blueprint.get("/v3/ips/details/all", endpoint="listDetailedIps")
def list_detailed_ips(tx: Tx) -> ResponseReturnValue:
    require_feature(tx, catalog.DETAILED_VIEW)
    query = load(schemas.DetailedQuerySchema, request.args)
    limit, skip = query.get("limit", int(catalog.DEFAULT_DOMAINS)), query.get("skip", 0)
    found = rules.list_detailed_ips(
        tx,
        tx.account,
        pool_id=query.get("pool_id", ""),
        domain_id=query.get("domain_id", ""),
        subaccount_id=query.get("subaccount_id", ""),
        ip=query.get("ip", ""),
        sort_by=query.get("sort_by", "address"),
        sort_order=query.get("sort_order", "ascending"),
    )
    page = [responses.detailed_ip(row, tx.state.account_id) for row in found[skip : skip + limit]]
    return {"items": page, "total_count": len(found)}


@blueprint.get("/v3/ips/request/new", endpoint="getNewIpAllowance")
def get_new_ip_allowance(tx: Tx) -> ResponseReturnValue:
    return responses.new_ip_allowance(tx.state.new_dedicated_ips)


@blueprint.post("/v3/ips/request/new", endpoint="addNewIp")
def add_new_ip(tx: Tx) -> ResponseReturnValue:
    rules.add_new_ip(tx, tx.account)
    return responses.success()
