"""Domains."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import responses
from ..catalog import DEFAULT_DOMAINS
from ..provider import blueprint, form_fields, split_commas
from ..rules import account
from ..rules import domains as rules
from ..rules.account import Tx
from ..schemas import domains as schemas


@blueprint.get("/v4/domains", endpoint="listDomains", aliases=("/v3/domains",))
def list_domains(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.DomainsQuerySchema, request.args)
    limit, skip = query.pop("limit", int(DEFAULT_DOMAINS)), query.pop("skip", 0)
    found = rules.list_domains(tx, tx.account, **query)
    return {"total_count": len(found), "items": [responses.domain(domain) for domain in found[skip : skip + limit]]}


@blueprint.post("/v4/domains", endpoint="createDomain", aliases=("/v3/domains",))
def create_domain(tx: Tx) -> ResponseReturnValue:
    form = form_fields("ips")
    fields = load(schemas.NewDomainSchema, {**form, "ips": split_commas(form.get("ips", ()))})
    fields.pop("smtp_password", None)  # validated and not kept: this server takes no mail
    domain = rules.create_domain(tx, tx.account, fields.pop("name").lower(), **fields)
    return {"message": "Domain DNS records have been created", **responses.domain_with_dns(domain)}


@blueprint.get("/v4/domains/<name>", endpoint="getDomain", aliases=("/v3/domains/<name>",))
def get_domain(tx: Tx, name: str) -> ResponseReturnValue:
    return responses.domain_with_dns(account.get_domain(tx, tx.account, name))


@blueprint.delete("/v3/domains/<name>", endpoint="deleteDomain")
def delete_domain(tx: Tx, name: str) -> ResponseReturnValue:
    rules.delete_domain(tx, account.get_domain(tx, tx.account, name))
    return {"message": "Domain will be deleted in the background"}
