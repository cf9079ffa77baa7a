"""Subaccounts."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.exchange import current_exchange
from ....web.schemas import first_values, load
from .. import catalog, responses
from ..provider import blueprint, json_body
from ..rules import Tx
from ..rules import subaccounts as rules
from ..schemas import subaccounts as schemas

VIEW = "subaccount/view"
MANAGE = "subaccount/manage"


@blueprint.get("/api/v1/subaccounts", endpoint="listSubaccounts", scope=VIEW)
def list_subaccounts(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.SubaccountsQuerySchema, request.args)
    option = query.get("option")
    if query.keys() <= schemas.UNPAGED:
        subaccounts = rules.list_subaccounts(tx, option=option)
        return {"results": [responses.listed_subaccount(subaccount) for subaccount in subaccounts]}
    page = rules.page_subaccounts(
        tx,
        cursor=query.get("cursor"),
        per_page=query.get("per_page", int(catalog.PAGE_SIZE)),
        sort_by=query.get("sort_by", "created_at"),
        order=query.get("order", "desc"),
        ip_pool=query.get("ip_pool"),
        status=query.get("status"),
        name=query.get("name"),
        ids=query.get("ids"),
        option=option,
    )
    exchange = current_exchange()
    links = responses.page_links(
        exchange.mount + exchange.path, cursor=page.cursor, parameters=first_values(request.args, query)
    )
    return responses.page(page, links)


@blueprint.post("/api/v1/subaccounts", endpoint="createSubaccount", scope=MANAGE)
def create_subaccount(tx: Tx) -> ResponseReturnValue:
    body = json_body()
    fields = load(schemas.NewSubaccountSchema, body, exclude=schemas.unsupported_fields(body))
    subaccount, key = rules.create_subaccount(
        tx,
        name=fields["name"],
        ip_pool=fields.get("ip_pool"),
        deliverability=fields.get("deliverability"),
        setup_api_key=fields.get("setup_api_key", True),
        key_label=fields.get("key_label", ""),
        key_grants=fields.get("key_grants", ()),
    )
    return {"results": responses.new_subaccount(subaccount, key)}


@blueprint.get("/api/v1/subaccounts/summary", endpoint="summariseSubaccounts", scope=VIEW)
def summarise_subaccounts(tx: Tx) -> ResponseReturnValue:
    return {"results": {"total": len(tx.state.subaccounts)}}


@blueprint.get("/api/v1/subaccounts/<id>", endpoint="getSubaccount", scope=VIEW)
def get_subaccount(tx: Tx, id: str) -> ResponseReturnValue:
    return {"results": responses.subaccount(rules.get_subaccount(tx, id))}


@blueprint.put("/api/v1/subaccounts/<id>", endpoint="updateSubaccount", scope=MANAGE)
def update_subaccount(tx: Tx, id: str) -> ResponseReturnValue:
    subaccount = rules.get_subaccount(tx, id)
    fields = load(schemas.SubaccountSchema, json_body())
    rules.update_subaccount(
        tx,
        subaccount,
        name=fields.get("name"),
        status=fields.get("status"),
        ip_pool=fields.get("ip_pool"),
        deliverability=fields.get("deliverability"),
    )
    return {"results": {"message": "Successfully updated subaccount information"}}
