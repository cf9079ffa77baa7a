"""Operations on subaccounts."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply, flatten
from .. import wire
from ..rules import subaccounts as rules
from ..schemas.subaccounts import LIST, NEW_SUBACCOUNT, NEW_SUBACCOUNT_WITHOUT_KEY, SUBACCOUNT, UNPAGED

routes = Routes()

VIEW = "subaccount/view"
MANAGE = "subaccount/manage"


@routes.operation("listSubaccounts", "GET", "/api/v1/subaccounts", scope=VIEW)
def list_subaccounts(call: Call) -> Reply:
    sent = flatten(call.query, LIST.fields)
    asked = call.load(LIST, sent)
    if asked.keys() <= UNPAGED:
        return wire.results([wire.listed_subaccount(each) for each in rules.list_subaccounts(call.tx, **asked)])
    return wire.page(call, rules.page_subaccounts(call.tx, **asked), sent)


@routes.operation("createSubaccount", "POST", "/api/v1/subaccounts", scope=MANAGE)
def create_subaccount(call: Call) -> Reply:
    body = wire.body(call)
    schema = NEW_SUBACCOUNT_WITHOUT_KEY if body.get("setup_api_key") is False else NEW_SUBACCOUNT
    return wire.results(wire.new_subaccount(*rules.create_subaccount(call.tx, **call.load(schema, body))))


@routes.operation("summariseSubaccounts", "GET", "/api/v1/subaccounts/summary", scope=VIEW)
def summarise_subaccounts(call: Call) -> Reply:
    return wire.results({"total": len(rules.list_subaccounts(call.tx))})


@routes.operation("getSubaccount", "GET", "/api/v1/subaccounts/{id}", scope=VIEW)
def get_subaccount(call: Call, id: str) -> Reply:
    return wire.results(wire.subaccount(rules.get_subaccount(call.tx, id)))


@routes.operation("updateSubaccount", "PUT", "/api/v1/subaccounts/{id}", scope=MANAGE)
def update_subaccount(call: Call, id: str) -> Reply:
    subaccount = rules.get_subaccount(call.tx, id)
    rules.update_subaccount(call.tx, subaccount, **call.load(SUBACCOUNT, wire.body(call)))
    return wire.results({"message": "Successfully updated subaccount information"})
