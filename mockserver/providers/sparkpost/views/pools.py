"""IP pools."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import responses
from ..provider import blueprint, json_body
from ..rules import Tx
from ..rules import pools as rules
from ..schemas import pools as schemas

VIEW = "ip_pools/view"
MANAGE = "ip_pools/manage"


@blueprint.get("/api/v1/ip-pools", endpoint="listIpPools", scope=VIEW)
def list_ip_pools(tx: Tx) -> ResponseReturnValue:
    profile = tx.state.profile
    pools = rules.list_pools(tx)
    return {"results": [responses.listed_pool(pool, ips, profile=profile, now=tx.now) for pool, ips in pools]}


@blueprint.post("/api/v1/ip-pools", endpoint="createIpPool", scope=MANAGE)
def create_ip_pool(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.PoolSchema, json_body(), exclude=schemas.unsupported_fields(tx.state.profile))
    pool = rules.create_pool(
        tx,
        name=fields["name"],
        fbl_signing_domain=fields.get("fbl_signing_domain"),
        signing_domain=fields.get("signing_domain"),
        auto_warmup_overflow_pool=fields.get("auto_warmup_overflow_pool"),
    )
    return {"results": responses.new_pool(pool)}


@blueprint.get("/api/v1/ip-pools/<id>", endpoint="getIpPool", scope=VIEW)
def get_ip_pool(tx: Tx, id: str) -> ResponseReturnValue:
    pool, ips = rules.get_pool(tx, id)
    return {"results": responses.pool(pool, ips, profile=tx.state.profile, now=tx.now)}


@blueprint.put("/api/v1/ip-pools/<id>", endpoint="updateIpPool", scope=MANAGE)
def update_ip_pool(tx: Tx, id: str) -> ResponseReturnValue:
    pool = rules.get_pool_for_update(tx, id)
    fields = load(schemas.PoolSchema, json_body(), exclude=schemas.unsupported_fields(tx.state.profile))
    pool = rules.update_pool(
        tx,
        pool,
        name=fields["name"],
        fbl_signing_domain=fields.get("fbl_signing_domain"),
        signing_domain=fields.get("signing_domain"),
        auto_warmup_overflow_pool=fields.get("auto_warmup_overflow_pool"),
    )
    return {"results": responses.updated_pool(pool, profile=tx.state.profile)}


@blueprint.delete("/api/v1/ip-pools/<id>", endpoint="deleteIpPool", scope=MANAGE)
def delete_ip_pool(tx: Tx, id: str) -> ResponseReturnValue:
    rules.delete_pool(tx, id)
    return "", 204
