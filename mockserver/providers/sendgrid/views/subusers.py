"""Subusers of the account."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, json_body, json_strings, parent_only
from ..rules import Tx
from ..rules import subusers as rules
from ..schemas import subusers as schemas


@blueprint.get("/v3/subusers", endpoint="listSubusers", scope="subusers.read")
@parent_only
def list_subusers(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.SubusersQuerySchema, request.args)
    subusers = rules.list_subusers(
        tx,
        username=query.get("username"),
        offset=query.get("offset", 0),
        limit=query.get("limit", int(catalog.MAX_CLASSIC_PAGE)),
        region=query.get("region"),
    )
    region = query.get("include_region", False)
    return [responses.subuser(subuser, region=region) for subuser in subusers]


@blueprint.post("/v3/subusers", endpoint="createSubuser", scope="subusers.create")
def create_subuser(tx: Tx) -> ResponseReturnValue:
    rules.check_creation(tx, tx.account)
    fields = load(schemas.NewSubuserSchema, json_body())
    subuser = rules.create_subuser(
        tx,
        username=fields["username"],
        email=fields["email"],
        ips=fields["ips"],
        region=fields.get("region", "global"),
    )
    return responses.new_subuser(subuser, region=fields.get("include_region", False))


@blueprint.patch("/v3/subusers/<subuser_name>", endpoint="updateSubuser", scope="subusers.update")
@parent_only
def update_subuser(tx: Tx, subuser_name: str) -> ResponseReturnValue:
    fields = load(schemas.SubuserSchema, json_body())
    rules.update_subuser(tx, subuser_name, disabled=fields.get("disabled", False) if fields else None)
    return "", 204


@blueprint.delete("/v3/subusers/<subuser_name>", endpoint="deleteSubuser", scope="subusers.delete")
@parent_only
def delete_subuser(tx: Tx, subuser_name: str) -> ResponseReturnValue:
    rules.delete_subuser(tx, subuser_name)
    return "", 204


@blueprint.put("/v3/subusers/<subuser_name>/ips", endpoint="assignIpsToSubuser", scope="subusers.update")
@parent_only
def assign_ips_to_subuser(tx: Tx, subuser_name: str) -> ResponseReturnValue:
    return {"ips": rules.assign_ips(tx, subuser_name, ips=json_strings())}
