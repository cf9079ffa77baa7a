"""IP pools, classic API: by name."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, json_body
from ..rules import Tx
from ..rules import classic_pools as rules
from ..schemas import classic_pools as schemas


@blueprint.get("/v3/ips/pools", endpoint="listIpPools", scope="ips.pools.read")
def list_ip_pools(tx: Tx) -> ResponseReturnValue:
    return [responses.pool_name(pool) for pool in tx.state.pools_of(tx.account)]


@blueprint.post("/v3/ips/pools", endpoint="createIpPool", scope="ips.pools.create")
def create_ip_pool(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.PoolSchema, json_body())
    return responses.pool_name(rules.create_pool(tx, tx.account, name=fields["name"]))


@blueprint.get("/v3/ips/pools/<pool_name>", endpoint="getIpPool", scope="ips.pools.read")
def get_ip_pool(tx: Tx, pool_name: str) -> ResponseReturnValue:
    pool = rules.find_pool(tx, tx.account, pool_name, catalog.POOL_NOT_FOUND)
    ips = [tx.state.ips[address] for address in pool.ips]
    return responses.pool_members(pool, ips, as_objects=tx.state.profile[catalog.MEMBERS_AS_OBJECTS])


@blueprint.put("/v3/ips/pools/<pool_name>", endpoint="renameIpPool", scope="ips.pools.update")
def rename_ip_pool(tx: Tx, pool_name: str) -> ResponseReturnValue:
    fields = load(schemas.PoolSchema, json_body())
    return responses.pool_name(rules.rename_pool(tx, tx.account, pool_name, new_name=fields["name"]))


@blueprint.delete("/v3/ips/pools/<pool_name>", endpoint="deleteIpPool", scope="ips.pools.delete")
def delete_ip_pool(tx: Tx, pool_name: str) -> ResponseReturnValue:
    rules.delete_pool(tx, tx.account, pool_name)
    return "", 204


@blueprint.post("/v3/ips/pools/<pool_name>/ips", endpoint="addIpToPool", scope="ips.pools.ips.create")
def add_ip_to_pool(tx: Tx, pool_name: str) -> ResponseReturnValue:
    fields = load(schemas.MemberSchema, json_body())
    ip, pools = rules.add_ip(tx, tx.account, pool_name, ip=fields["ip"])
    return responses.member(ip, pools), 201 if tx.state.profile[catalog.ADDED_IP_IS_201] else 200


@blueprint.delete("/v3/ips/pools/<pool_name>/ips/<ip>", endpoint="removeIpFromPool", scope="ips.pools.ips.delete")
def remove_ip_from_pool(tx: Tx, pool_name: str, ip: str) -> ResponseReturnValue:
    rules.remove_ip(tx, tx.account, pool_name, ip)
    return "", 204
