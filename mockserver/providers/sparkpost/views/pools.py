"""IP pools."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import responses
from ..provider import blueprint, json_body
from ..rules import pools as rules
from ..rules.pools import Tx
from ..schemas.pools import PoolSchema, hidden

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@blueprint.get("/api/v1/ip-pools", endpoint="listIpPools", scope=VIEW)
def list_ip_pools(tx: Tx) -> ResponseReturnValue:
    return {"results": [responses.listed_pool(tx, pool, ips) for pool, ips in rules.list_pools(tx)]}


@blueprint.post("/api/v1/ip-pools", endpoint="createIpPool", scope=MANAGE)
def create_ip_pool(tx: Tx) -> ResponseReturnValue:
    fields = load(PoolSchema, json_body(), exclude=hidden(tx.state.profile))
    return {"results": {"id": rules.create_pool(tx, **fields).id}}


@blueprint.get("/api/v1/ip-pools/<id>", endpoint="getIpPool", scope=VIEW)
def get_ip_pool(tx: Tx, id: str) -> ResponseReturnValue:
    pool, ips = rules.get_pool(tx, id)
    return {"results": responses.pool(tx, pool, ips)}


@blueprint.put("/api/v1/ip-pools/<id>", endpoint="updateIpPool", scope=MANAGE)
def update_ip_pool(tx: Tx, id: str) -> ResponseReturnValue:
    pool = rules.updatable_pool(tx, id)
    fields = load(PoolSchema, json_body(), exclude=hidden(tx.state.profile))
    return {"results": responses.updated_pool(tx, rules.update_pool(tx, pool, **fields))}


@blueprint.delete("/api/v1/ip-pools/<id>", endpoint="deleteIpPool", scope=MANAGE)
def delete_ip_pool(tx: Tx, id: str) -> ResponseReturnValue:
    rules.delete_pool(tx, id)
    return "", 204
