"""Subaccounts."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.exchange import current_exchange
from ....web.schemas import first_values, load
from .. import responses
from ..provider import blueprint, json_body
from ..rules import subaccounts as rules
from ..rules.subaccounts import Tx
from ..schemas import subaccounts as schemas

VIEW = "subaccount/view"
MANAGE = "subaccount/manage"


@blueprint.get("/api/v1/subaccounts", endpoint="listSubaccounts", scope=VIEW)
def list_subaccounts(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.SubaccountsQuerySchema, request.args)
    if query.keys() <= schemas.UNPAGED:
        return {"results": [responses.listed_subaccount(each) for each in rules.list_subaccounts(tx, **query)]}
    page = rules.page_subaccounts(tx, **query)
    return responses.page(page, current_exchange().mount, first_values(request.args, query))


@blueprint.post("/api/v1/subaccounts", endpoint="createSubaccount", scope=MANAGE)
def create_subaccount(tx: Tx) -> ResponseReturnValue:
    body = json_body()
    fields = load(schemas.NewSubaccountSchema, body, exclude=schemas.hidden(body))
    return {"results": responses.new_subaccount(*rules.create_subaccount(tx, **fields))}


@blueprint.get("/api/v1/subaccounts/summary", endpoint="summariseSubaccounts", scope=VIEW)
def summarise_subaccounts(tx: Tx) -> ResponseReturnValue:
    return {"results": {"total": len(rules.list_subaccounts(tx))}}


@blueprint.get("/api/v1/subaccounts/<id>", endpoint="getSubaccount", scope=VIEW)
def get_subaccount(tx: Tx, id: str) -> ResponseReturnValue:
    return {"results": responses.subaccount(rules.get_subaccount(tx, id))}


@blueprint.put("/api/v1/subaccounts/<id>", endpoint="updateSubaccount", scope=MANAGE)
def update_subaccount(tx: Tx, id: str) -> ResponseReturnValue:
    subaccount = rules.get_subaccount(tx, id)
    rules.update_subaccount(tx, subaccount, **load(schemas.SubaccountSchema, json_body()))
    return {"results": {"message": "Successfully updated subaccount information"}}
