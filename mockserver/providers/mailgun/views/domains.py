"""Domains."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, form_fields, split_commas
from ..rules import Tx, account
from ..rules import domains as rules
from ..rules.credentials import set_password
from ..schemas import domains as schemas


@blueprint.get("/v4/domains", endpoint="listDomains", aliases=("/v3/domains",))
def list_domains(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.DomainsQuerySchema, request.args)
    limit, skip = query.get("limit", int(catalog.DEFAULT_DOMAINS)), query.get("skip", 0)
    found = rules.list_domains(
        tx,
        tx.account,
        state=query.get("state", ""),
        authority=query.get("authority", ""),
        search=query.get("search", ""),
        sort=query.get("sort", ""),
        include_subaccounts=query.get("include_subaccounts", False),
    )
    return {"total_count": len(found), "items": [responses.domain(domain) for domain in found[skip : skip + limit]]}


@blueprint.post("/v4/domains", endpoint="createDomain", aliases=("/v3/domains",))
def create_domain(tx: Tx) -> ResponseReturnValue:
    form = form_fields("ips")
    fields = load(schemas.NewDomainSchema, {**form, "ips": split_commas(form.get("ips", ()))})
    domain = rules.create_domain(
        tx,
        tx.account,
        name=fields["name"],
        pool_id=fields.get("pool_id", ""),
        ips=fields["ips"],
        encrypt_incoming_message=fields.get("encrypt_incoming_message"),
        message_ttl=fields.get("message_ttl"),
        require_tls=fields.get("require_tls"),
        skip_verification=fields.get("skip_verification"),
        spam_action=fields.get("spam_action"),
        use_automatic_sender_security=fields.get("use_automatic_sender_security"),
        web_prefix=fields.get("web_prefix"),
        web_scheme=fields.get("web_scheme"),
        wildcard=fields.get("wildcard"),
        dkim_selector=fields.get("dkim_selector"),
        smtp_password=fields.get("smtp_password"),
    )
    return {"message": "Domain DNS records have been created", **responses.domain_with_dns(domain)}


@blueprint.get("/v4/domains/<name>", endpoint="getDomain", aliases=("/v3/domains/<name>",))
def get_domain(tx: Tx, name: str) -> ResponseReturnValue:
    return responses.domain_with_dns(account.get_domain(tx, tx.account, name))


@blueprint.put("/v4/domains/<name>", endpoint="updateDomain", aliases=("/v3/domains/<name>",))
def update_domain(tx: Tx, name: str) -> ResponseReturnValue:
    domain = account.get_domain(tx, tx.account, name)
    settings = load(schemas.DomainSettingsSchema, form_fields())
    password = settings.pop("smtp_password", None)
    if password is not None:
        domain = set_password(tx, domain, domain.smtp_login, password)
    changed = rules.change_settings(tx, domain, settings)
    return {"message": "Domain has been updated", **responses.domain_with_dns(changed)}


@blueprint.put("/v4/domains/<name>/verify", endpoint="verifyDomain", aliases=("/v3/domains/<name>/verify",))
def verify_domain(tx: Tx, name: str) -> ResponseReturnValue:
    domain = rules.verify_domain(tx, account.get_domain(tx, tx.account, name))
    return {"message": "Domain DNS records have been updated", **responses.verified_domain(domain)}


@blueprint.get("/v3/domains/<name>/connection", endpoint="getDomainConnection")
def get_domain_connection(tx: Tx, name: str) -> ResponseReturnValue:
    domain = account.get_domain(tx, tx.account, name)
    return responses.connection(domain, flat=tx.state.profile[catalog.FLAT_CONNECTION])


@blueprint.put("/v3/domains/<name>/connection", endpoint="updateDomainConnection")
def update_domain_connection(tx: Tx, name: str) -> ResponseReturnValue:
    domain = account.get_domain(tx, tx.account, name)
    changed = rules.change_settings(tx, domain, load(schemas.ConnectionSchema, form_fields()))
    return responses.changed_connection(changed, flat=tx.state.profile[catalog.FLAT_CONNECTION])


@blueprint.put("/v3/domains/<name>/dkim_selector", endpoint="updateDkimSelector")
def update_dkim_selector(tx: Tx, name: str) -> ResponseReturnValue:
    domain = account.get_domain(tx, tx.account, name)
    rules.change_settings(tx, domain, load(schemas.DkimSelectorSchema, form_fields()))
    return {"message": "DKIM selector changed"}


@blueprint.delete("/v3/domains/<name>", endpoint="deleteDomain")
def delete_domain(tx: Tx, name: str) -> ResponseReturnValue:
    rules.delete_domain(tx, account.get_domain(tx, tx.account, name))
    return {"message": "Domain will be deleted in the background"}
