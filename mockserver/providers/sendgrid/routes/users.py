"""Users: what a key may do, and the subusers of an account."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import catalog, wire
from ..rules import users as rules
from ..schemas import users as schemas

routes = Routes()


@routes.operation("listScopes", "GET", "/v3/scopes")
def list_scopes(call: Call) -> Reply:
    scopes = call.caller.registration.scopes
    return wire.ok({"scopes": sorted(catalog.SCOPES if scopes is None else scopes)})


@routes.operation("listSubusers", "GET", "/v3/subusers", scope="subusers.read")
@wire.parent_only
def list_subusers(call: Call) -> Reply:
    query = call.load(schemas.SUBUSERS_QUERY, call.query)
    subusers = rules.list_subusers(
        call.tx,
        name=query.get("username"),
        offset=query.get("offset", 0),
        limit=query.get("limit", catalog.MAX_CLASSIC_PAGE),
    )
    return wire.ok([wire.subuser(subuser) for subuser in subusers])


@routes.operation("createSubuser", "POST", "/v3/subusers", scope="subusers.create")
@wire.parent_only
def create_subuser(call: Call) -> Reply:
    fields = call.load(schemas.NEW_SUBUSER, wire.body(call))
    subuser = rules.create_subuser(call.tx, name=fields["username"], email=fields["email"], ips=fields["ips"])
    return wire.ok(wire.new_subuser(subuser))


@routes.operation("deleteSubuser", "DELETE", "/v3/subusers/{subuser_name}", scope="subusers.delete")
@wire.parent_only
def delete_subuser(call: Call, subuser_name: str) -> Reply:
    rules.delete_subuser(call.tx, subuser_name)
    return wire.no_content()


@routes.operation("assignIpsToSubuser", "PUT", "/v3/subusers/{subuser_name}/ips", scope="subusers.update")
@wire.parent_only
def assign_ips_to_subuser(call: Call, subuser_name: str) -> Reply:
    return wire.ok({"ips": rules.assign_ips(call.tx, subuser_name, wire.texts(call))})
