"""IP pools, IP Address Management: by id."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import first_values, load
from .. import catalog, responses
from ..provider import blueprint, json_body, require_scope
from ..rules import Tx
from ..rules import management_pools as rules
from ..schemas import management_pools as schemas


@blueprint.get("/v3/send_ips/pools", endpoint="listIpPoolsWithIps", scope="ips.pools.read")
def list_ip_pools_with_ips(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.PoolsQuerySchema, request.args)
    before_key = query.get("before_key")
    page = rules.list_pools(
        tx,
        tx.account,
        limit=query.get("limit", int(catalog.DEFAULT_PAGE)),
        after_key=query.get("after_key"),
        before_key=before_key,
        ip=query.get("ip"),
        region=query.get("region"),
    )
    regions = query.get("include_region", False)
    return responses.page(
        [responses.pool_sample(view, regions=regions) for view in page.items],
        {"after_key": page.after_key, **({"before_key": page.before_key} if before_key is not None else {})},
        parameters=first_values(request.args, ("ip", "limit", *(("region", "include_region") if regions else ()))),
    )


@blueprint.post("/v3/send_ips/pools", endpoint="createManagedPool", scope="ips.pools.create")
def create_managed_pool(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.NewPoolSchema, json_body(drop_null=True))
    ips = fields.get("ips", ())
    if ips:
        require_scope("ips.pools.ips.create")
    pool = rules.create_pool(tx, tx.account, name=fields["name"], ips=ips)
    return responses.pool_with_ips(pool, pool.ips), 201


@blueprint.get("/v3/send_ips/pools/<poolid>", endpoint="getManagedPool", scope="ips.pools.read")
def get_managed_pool(tx: Tx, poolid: str) -> ResponseReturnValue:
    regions = load(schemas.RegionQuerySchema, request.args).get("include_region", False)
    return responses.pool_details(rules.get_pool(tx, tx.account, poolid), regions=regions)


@blueprint.put("/v3/send_ips/pools/<poolid>", endpoint="renameManagedPool", scope="ips.pools.update")
def rename_managed_pool(tx: Tx, poolid: str) -> ResponseReturnValue:
    fields = load(schemas.RenamedPoolSchema, json_body(drop_null=True))
    return responses.managed_pool(rules.rename_pool(tx, tx.account, poolid, name=fields["name"]))


@blueprint.delete("/v3/send_ips/pools/<poolid>", endpoint="deleteManagedPool", scope="ips.pools.delete")
def delete_managed_pool(tx: Tx, poolid: str) -> ResponseReturnValue:
    rules.delete_pool(tx, tx.account, poolid)
    return "", 204


@blueprint.get("/v3/send_ips/pools/<poolid>/ips", endpoint="listIpsOfPool", scope="ips.pools.ips.read")
def list_ips_of_pool(tx: Tx, poolid: str) -> ResponseReturnValue:
    query = load(schemas.MembersQuerySchema, request.args)
    members, more = rules.list_members(
        tx,
        tx.account,
        poolid,
        after_key=query.get("after_key"),
        limit=query.get("limit", int(catalog.DEFAULT_PAGE)),
    )
    region = query.get("include_region", False)
    return responses.page(
        [responses.managed_member(ip, pools, region=region) for ip, pools in members],
        {"after_key": members[-1][0].ip if more else None},
        parameters=first_values(request.args, ("limit", *(("include_region",) if region else ()))),
    )


@blueprint.post("/v3/send_ips/pools/<poolid>/ips:batchAdd", endpoint="addIpsToPool", scope="ips.pools.ips.create")
def add_ips_to_pool(tx: Tx, poolid: str) -> ResponseReturnValue:
    fields = load(schemas.BatchSchema, json_body(drop_null=True))
    pool = rules.add_ips(tx, tx.account, poolid, ips=fields["ips"])
    return responses.pool_with_ips(pool, dict.fromkeys(fields["ips"]))


@blueprint.post(
    "/v3/send_ips/pools/<poolid>/ips:batchDelete", endpoint="removeIpsFromPool", scope="ips.pools.ips.delete"
)
def remove_ips_from_pool(tx: Tx, poolid: str) -> ResponseReturnValue:
    fields = load(schemas.BatchSchema, json_body(drop_null=True))
    rules.remove_ips(tx, tx.account, poolid, ips=fields["ips"])
    return "", 204
