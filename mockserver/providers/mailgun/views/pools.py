"""Dedicated IP pools."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.exchange import current_exchange
from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, form_fields, json_body, normalized_ip, query_params, split_commas
from ..rules import Tx
from ..rules import pools as rules
from ..rules.account import require_feature
from ..schemas import pools as schemas


@blueprint.get("/v3/ip_pools", endpoint="listIpPools", aliases=("/v1/ip_pools",))
def list_ip_pools(tx: Tx) -> ResponseReturnValue:
    require_feature(tx, catalog.DIPPS)
    return {
        "ip_pools": [responses.listed_pool(view) for view in rules.list_pools(tx, tx.account)],
        "message": "success",
    }


@blueprint.post("/v3/ip_pools", endpoint="createIpPool", aliases=("/v1/ip_pools",))
def create_ip_pool(tx: Tx) -> ResponseReturnValue:
    require_feature(tx, catalog.DIPPS)
    form = form_fields("ip", "ips")
    fields = load(schemas.PoolSchema, {**form, "ips": split_commas(form.get("ips", ()))})
    ips = [*fields.get("ip", ()), *fields["ips"]]
    pool = rules.create_pool(tx, tx.account, name=fields["name"], description=fields["description"], ips=ips)
    return responses.new_pool(pool)


@blueprint.get("/v3/ip_pools/<pool_id>", endpoint="getIpPool", aliases=("/v1/ip_pools/<pool_id>",))
def get_ip_pool(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = rules.get_visible_pool(tx, tx.account, pool_id)
    details = responses.pool_details(pool, rules.list_linked_domains(tx, tx.account, pool))
    return {"details": details, "message": "success"}


@blueprint.patch("/v3/ip_pools/<pool_id>", endpoint="editIpPool", aliases=("/v1/ip_pools/<pool_id>",))
def edit_ip_pool(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = rules.get_pool_for_update(tx, tx.account, pool_id)
    form = form_fields("add_ip", "remove_ip", "link_domain", "unlink_domain")
    fields = load(schemas.PoolChangesSchema, form)
    reference_id = rules.edit_pool(
        tx,
        pool,
        name=fields.get("name"),
        description=fields.get("description"),
        add_ip=fields.get("add_ip", ()),
        remove_ip=fields.get("remove_ip", ()),
        link_domain=fields.get("link_domain", ()),
        unlink_domain=fields.get("unlink_domain", ()),
    )
    return responses.success() if reference_id is None else responses.started(reference_id)


@blueprint.delete("/v3/ip_pools/<pool_id>", endpoint="deleteIpPool", aliases=("/v1/ip_pools/<pool_id>",))
def delete_ip_pool(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = rules.get_owned_pool(tx, tx.account, pool_id, catalog.INHERITED_DELETE)
    fields = load(schemas.ReplacementSchema, query_params("ip", "pool_id"))
    return responses.started(rules.delete_pool(tx, pool, ip=fields.get("ip"), pool_id=fields.get("pool_id")))


@blueprint.get(
    "/v3/ip_pools/<pool_id>/domains", endpoint="listIpPoolDomains", aliases=("/v1/ip_pools/<pool_id>/domains",)
)
def list_ip_pool_domains(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = rules.get_visible_pool(tx, tx.account, pool_id)
    query = load(schemas.PoolDomainsQuerySchema, request.args)
    cursor, limit = query.get("page", ("", int(catalog.DEFAULT_PAGE)))
    limit = query.get("limit", limit)
    page = rules.list_linked_domains(tx, tx.account, pool, after=cursor, limit=limit)
    last = page[-1].domain_id if page else cursor
    return responses.pool_domains(page, responses.page_links(current_exchange().url, cursor=last, limit=limit))


@blueprint.put("/v3/ip_pools/<pool_id>/ips/<ip>", endpoint="addIpToPool", aliases=("/v1/ip_pools/<pool_id>/ips/<ip>",))
def add_ip_to_pool(tx: Tx, pool_id: str, ip: str) -> ResponseReturnValue:
    pool = rules.get_pool_for_update(tx, tx.account, pool_id)
    return responses.started(rules.add_ips(tx, pool, ips=[normalized_ip(ip)]))


@blueprint.delete(
    "/v3/ip_pools/<pool_id>/ips/<ip>", endpoint="removeIpFromPool", aliases=("/v1/ip_pools/<pool_id>/ips/<ip>",)
)
def remove_ip_from_pool(tx: Tx, pool_id: str, ip: str) -> ResponseReturnValue:
    pool = rules.get_pool_for_update(tx, tx.account, pool_id)
    return responses.started(rules.remove_ip(tx, pool, normalized_ip(ip)))


@blueprint.post(
    "/v3/ip_pools/<pool_id>/ips.json", endpoint="addIpsToPool", aliases=("/v1/ip_pools/<pool_id>/ips.json",)
)
def add_ips_to_pool(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = rules.get_pool_for_update(tx, tx.account, pool_id)
    fields = load(schemas.PoolIpsSchema, json_body())
    return responses.started(rules.add_ips(tx, pool, ips=fields["ips"]))
