"""Operations on subaccounts."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import wire
from ..catalog import DEFAULT_SUBACCOUNTS
from ..rules import subaccounts
from ..rules.account import require_parent
from ..schemas.subaccounts import NEW_SUBACCOUNT, SUBACCOUNTS_QUERY

routes = Routes()

ROOM = "/v5/accounts/subaccounts"


@routes.operation("listSubaccounts", "GET", ROOM)
def list_subaccounts(call: Call) -> Reply:
    require_parent(call.account)
    query = call.load(SUBACCOUNTS_QUERY, call.query)
    limit, skip = query.pop("limit", int(DEFAULT_SUBACCOUNTS)), query.pop("skip", 0)
    found = subaccounts.list_subaccounts(call.tx, **query)
    return wire.subaccounts(found[skip : skip + limit], len(found))


@routes.operation("createSubaccount", "POST", ROOM)
def create_subaccount(call: Call) -> Reply:
    require_parent(call.account)
    fields = call.load(NEW_SUBACCOUNT, wire.parameters(call, "name"))
    return wire.one_subaccount(subaccounts.create_subaccount(call.tx, fields["name"]))


@routes.operation("deleteSubaccount", "DELETE", ROOM)
def delete_subaccount(call: Call) -> Reply:
    require_parent(call.caller.registration.account)  # with whose key it is asked, not for whom
    subaccounts.delete_subaccount(call.tx, call.account)
    return wire.deleted_subaccount()


@routes.operation("getSubaccount", "GET", ROOM + "/{subaccount_id}")
def get_subaccount(call: Call, subaccount_id: str) -> Reply:
    require_parent(call.account)
    return wire.one_subaccount(subaccounts.get_subaccount(call.tx, subaccount_id))


@routes.operation("disableSubaccount", "POST", ROOM + "/{subaccount_id}/disable")
def disable_subaccount(call: Call, subaccount_id: str) -> Reply:
    require_parent(call.account)
    return wire.one_subaccount(subaccounts.disable_subaccount(call.tx, subaccount_id))


@routes.operation("enableSubaccount", "POST", ROOM + "/{subaccount_id}/enable")
def enable_subaccount(call: Call, subaccount_id: str) -> Reply:
    require_parent(call.account)
    return wire.one_subaccount(subaccounts.enable_subaccount(call.tx, subaccount_id))
