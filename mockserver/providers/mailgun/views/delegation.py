"""The delegation of pools to subaccounts."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, form_params, query_params
from ..rules import Tx
from ..rules import delegation as rules
from ..rules.account import require_feature
from ..rules.pools import get_owned_pool
from ..schemas import delegation as schemas


@blueprint.put(
    "/v3/ip_pools/<pool_id>/delegate", endpoint="delegateIpPool", aliases=("/v1/ip_pools/<pool_id>/delegate",)
)
def delegate_ip_pool(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = get_owned_pool(tx, tx.account, pool_id, catalog.INHERITED_EDIT)
    fields = load(schemas.DelegationSchema, form_params("subaccount_id"))
    rules.delegate_pool(tx, pool, subaccount_id=fields["subaccount_id"])
    return responses.success()


@blueprint.delete(
    "/v3/ip_pools/<pool_id>/delegate", endpoint="revokeIpPool", aliases=("/v1/ip_pools/<pool_id>/delegate",)
)
def revoke_ip_pool(tx: Tx, pool_id: str) -> ResponseReturnValue:
    pool = get_owned_pool(tx, tx.account, pool_id, catalog.INHERITED_EDIT)
    fields = load(schemas.DelegationSchema, form_params("subaccount_id"))
    reference_id = rules.revoke_pool(tx, pool, subaccount_id=fields["subaccount_id"])
    return responses.started(reference_id) if tx.state.profile[catalog.REVOKE_IS_STARTED] else responses.success()


@blueprint.get(
    "/v5/accounts/subaccounts/ip_pools/all",
    endpoint="listDelegatedIpPools",
    aliases=("/v5/accounts/subaccounts/ip_pools",),
)
def list_delegated_ip_pools(tx: Tx) -> ResponseReturnValue:
    require_feature(tx, catalog.DIPPS)
    return responses.delegations(rules.list_delegations(tx, tx.account))


@blueprint.put("/v5/accounts/subaccounts/<subaccount_id>/ip_pool", endpoint="replaceDelegatedIpPool")
def replace_delegated_ip_pool(tx: Tx, subaccount_id: str) -> ResponseReturnValue:
    require_feature(tx, catalog.DIPPS)
    fields = load(schemas.DelegatedPoolSchema, form_params("pool_id"))
    return responses.started(rules.replace_only_pool(tx, tx.account, subaccount_id, pool_id=fields["pool_id"]))


@blueprint.delete("/v5/accounts/subaccounts/<subaccount_id>/ip_pool", endpoint="revokeDelegatedIpPool")
def revoke_delegated_ip_pool(tx: Tx, subaccount_id: str) -> ResponseReturnValue:
    require_feature(tx, catalog.DIPPS)
    fields = load(schemas.DelegatedPoolSchema, query_params("pool_id"))
    return responses.started(rules.revoke_only_pool(tx, tx.account, subaccount_id, pool_id=fields["pool_id"]))
