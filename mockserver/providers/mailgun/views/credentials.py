"""The SMTP credentials of domains."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, form_fields
from ..rules import Tx
from ..rules import credentials as rules
from ..rules.account import get_domain
from ..schemas import credentials as schemas


@blueprint.get("/v3/domains/<name>/credentials", endpoint="listCredentials")
def list_credentials(tx: Tx, name: str) -> ResponseReturnValue:
    domain = get_domain(tx, tx.account, name)
    query = load(schemas.CredentialsQuerySchema, request.args)
    limit, skip = query.get("limit", int(catalog.DEFAULT_CREDENTIALS)), query.get("skip", 0)
    page = rules.list_credentials(tx, domain)[skip : skip + limit]
    return {"items": [responses.credential(each) for each in page], "total_count": len(page)}


@blueprint.post("/v3/domains/<name>/credentials", endpoint="createCredentials")
def create_credentials(tx: Tx, name: str) -> ResponseReturnValue:
    domain = get_domain(tx, tx.account, name)
    form = form_fields("login", "mailbox", "password")
    logins = [login for login in form.get("login") or form.get("mailbox", []) if login]
    fields = load(schemas.NewCredentialsSchema, {**form, "login": logins})
    passwords = fields.get("password", [])
    generated = rules.create_credentials(tx, domain, logins=logins, passwords=passwords)
    return responses.new_passwords(f"Created {len(logins)} credentials pair(s)", generated)


@blueprint.delete("/v3/domains/<name>/credentials", endpoint="deleteAllCredentials")
def delete_all_credentials(tx: Tx, name: str) -> ResponseReturnValue:
    count = rules.delete_all_credentials(tx, get_domain(tx, tx.account, name))
    return {"message": "All domain credentials have been deleted", "count": count}


@blueprint.put("/v3/domains/<name>/credentials/<login>", endpoint="updateCredential")
def update_credential(tx: Tx, name: str, login: str) -> ResponseReturnValue:
    domain = get_domain(tx, tx.account, name)
    fields = load(schemas.PasswordSchema, form_fields())
    generated = rules.change_password(tx, domain, login, password=fields.get("password"))
    return responses.new_passwords("Password changed", generated)


@blueprint.delete("/v3/domains/<name>/credentials/<login>", endpoint="deleteCredential")
def delete_credential(tx: Tx, name: str, login: str) -> ResponseReturnValue:
    spec = rules.delete_credential(tx, get_domain(tx, tx.account, name), login)
    return {"message": "Credentials have been deleted", "spec": spec}
