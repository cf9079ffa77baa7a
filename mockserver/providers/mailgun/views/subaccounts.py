"""Subaccounts, a separate service of Mailgun's: its responses have an additional header and another Content-Type."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue

from ....web.exchange import current_exchange
from ....web.provider import JSON
from ....web.schemas import load
from .. import catalog, responses
from ..models import Subaccount
from ..provider import blueprint, query_params
from ..rules import Tx
from ..rules import subaccounts as rules
from ..rules.account import require_parent
from ..schemas import subaccounts as schemas


def _json_response(data: object) -> Response:
    return blueprint.json_response(data, headers=[("Content-Disposition", "inline")], content_type=JSON)


def _subaccount_response(subaccount: Subaccount) -> Response:
    return _json_response({"subaccount": responses.subaccount(subaccount)})


@blueprint.get("/v5/accounts/subaccounts", endpoint="listSubaccounts")
def list_subaccounts(tx: Tx) -> ResponseReturnValue:
    require_parent(tx.account)
    query = load(schemas.SubaccountsQuerySchema, request.args)
    limit, skip = query.get("limit", int(catalog.DEFAULT_SUBACCOUNTS)), query.get("skip", 0)
    found = rules.list_subaccounts(
        tx,
        sort=query.get("sort", ""),
        filter=query.get("filter", ""),
        enabled=query.get("enabled"),
        closed=query.get("closed"),
    )
    page = [responses.listed_subaccount(subaccount) for subaccount in found[skip : skip + limit]]
    return _json_response({"subaccounts": page, "total": len(found)})


@blueprint.post("/v5/accounts/subaccounts", endpoint="createSubaccount")
def create_subaccount(tx: Tx) -> ResponseReturnValue:
    require_parent(tx.account)
    fields = load(schemas.NewSubaccountSchema, query_params("name"))
    return _subaccount_response(rules.create_subaccount(tx, name=fields["name"]))


@blueprint.delete("/v5/accounts/subaccounts", endpoint="deleteSubaccount")
def delete_subaccount(tx: Tx) -> ResponseReturnValue:
    caller = current_exchange().caller
    assert caller is not None
    require_parent(caller.registration.account)  # of the key: the request itself acts for the subaccount
    rules.delete_subaccount(tx, tx.account)
    return _json_response({"message": "Subaccount successfully deleted"})


@blueprint.get("/v5/accounts/subaccounts/<subaccount_id>", endpoint="getSubaccount")
def get_subaccount(tx: Tx, subaccount_id: str) -> ResponseReturnValue:
    require_parent(tx.account)
    return _subaccount_response(rules.get_subaccount(tx, subaccount_id))


@blueprint.post("/v5/accounts/subaccounts/<subaccount_id>/disable", endpoint="disableSubaccount")
def disable_subaccount(tx: Tx, subaccount_id: str) -> ResponseReturnValue:
    require_parent(tx.account)
    return _subaccount_response(rules.disable_subaccount(tx, subaccount_id))


@blueprint.post("/v5/accounts/subaccounts/<subaccount_id>/enable", endpoint="enableSubaccount")
def enable_subaccount(tx: Tx, subaccount_id: str) -> ResponseReturnValue:
    require_parent(tx.account)
    return _subaccount_response(rules.enable_subaccount(tx, subaccount_id))
