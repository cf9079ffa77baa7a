"""The operations of Acme Mail."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from mockserver.web.schemas import load

from . import responses, rules
from .provider import blueprint, json_body
from .rules import Tx
from .schemas import PoolSchema


@blueprint.get("/v1/pools", endpoint="listPools")
def list_pools(tx: Tx) -> ResponseReturnValue:
    return {"pools": [responses.pool(pool) for pool in rules.list_pools(tx)]}


@blueprint.post("/v1/pools", endpoint="createPool")
def create_pool(tx: Tx) -> ResponseReturnValue:
    fields = load(PoolSchema, json_body())
    return responses.pool(rules.create_pool(tx, name=fields["name"]))


@blueprint.get("/v1/pools/<name>", endpoint="getPool")
def get_pool(tx: Tx, name: str) -> ResponseReturnValue:
    return responses.pool(rules.get_pool(tx, name=name))


@blueprint.delete("/v1/pools/<name>", endpoint="deletePool")
def delete_pool(tx: Tx, name: str) -> ResponseReturnValue:
    rules.delete_pool(tx, name=name)
    return "", 204
