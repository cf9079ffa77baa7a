"""Operations that let subaccounts inherit pools."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import catalog, wire
from ..rules import delegation
from ..rules.pools import own_pool
from ..schemas import pools as schemas

routes = Routes()


@routes.operation("delegateIpPool", "PUT", "/v3/ip_pools/{pool_id}/delegate", "/v1/ip_pools/{pool_id}/delegate")
def delegate_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = own_pool(call.tx, call.account, pool_id, catalog.INHERITED_EDIT)
    fields = call.load(schemas.DELEGATION, wire.parameters(call, "subaccount_id"))
    delegation.delegate_pool(call.tx, pool, fields["subaccount_id"])
    return wire.success()


@routes.operation("revokeIpPool", "DELETE", "/v3/ip_pools/{pool_id}/delegate", "/v1/ip_pools/{pool_id}/delegate")
def revoke_ip_pool(call: Call, pool_id: str) -> Reply:
    pool = own_pool(call.tx, call.account, pool_id, catalog.INHERITED_EDIT)
    fields = call.load(schemas.DELEGATION, wire.parameters(call, "subaccount_id"))
    reference_id = delegation.revoke_pool(call.tx, pool, fields["subaccount_id"])
    return wire.started(reference_id) if call.tx.state.profile[catalog.REVOKE_IS_STARTED] else wire.success()


@routes.operation(
    "listDelegatedIpPools", "GET", "/v5/accounts/subaccounts/ip_pools/all", "/v5/accounts/subaccounts/ip_pools"
)
def list_delegated_ip_pools(call: Call) -> Reply:
    return wire.delegations(delegation.list_delegations(call.tx, call.account))


@routes.operation("replaceDelegatedIpPool", "PUT", "/v5/accounts/subaccounts/{subaccount_id}/ip_pool")
def replace_delegated_ip_pool(call: Call, subaccount_id: str) -> Reply:
    fields = call.load(schemas.DELEGATED_POOL, wire.parameters(call, "pool_id"))
    return wire.started(delegation.replace_pool(call.tx, call.account, subaccount_id, fields["pool_id"]))


@routes.operation("revokeDelegatedIpPool", "DELETE", "/v5/accounts/subaccounts/{subaccount_id}/ip_pool")
def revoke_delegated_ip_pool(call: Call, subaccount_id: str) -> Reply:
    fields = call.load(schemas.DELEGATED_POOL, wire.parameters(call, "pool_id"))
    return wire.started(delegation.revoke_the_pool(call.tx, call.account, subaccount_id, fields["pool_id"]))
