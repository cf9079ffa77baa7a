"""The IPs of a domain."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, form_fields, normalized_ip, query_params
from ..rules import Tx
from ..rules import domain_ips as rules
from ..rules.account import get_domain, require_feature
from ..schemas import domain_ips as schemas


@blueprint.get("/v3/domains/<name>/ips", endpoint="listDomainIps", aliases=("/v4/domains/<name>/ips",))
def list_domain_ips(tx: Tx, name: str) -> ResponseReturnValue:
    return responses.domain_ips(get_domain(tx, tx.account, name))


@blueprint.post("/v3/domains/<name>/ips", endpoint="assignDomainIp", aliases=("/v4/domains/<name>/ips",))
def assign_domain_ip(tx: Tx, name: str) -> ResponseReturnValue:
    domain = get_domain(tx, tx.account, name)
    form = form_fields()
    sent = {key: form[key] for key in ("ip", "pool_id") if form.get(key)}
    if len(sent) != 1:
        raise catalog.IP_OR_POOL()
    fields = load(schemas.AssignmentSchema, sent)
    if "pool_id" in fields:
        rules.link_pool(tx, domain, pool_id=fields["pool_id"])
    else:
        rules.assign_ip(tx, domain, ip=fields["ip"])
    return responses.success()


@blueprint.delete("/v3/domains/<name>/ips/<ip>", endpoint="removeDomainIp", aliases=("/v4/domains/<name>/ips/<ip>",))
def remove_domain_ip(tx: Tx, name: str, ip: str) -> ResponseReturnValue:
    return _remove_from_domain(tx, name, ip)


@blueprint.delete("/v3/domains/<name>/pool/<ip>", endpoint="removeDomainPoolIp")
def remove_domain_pool_ip(tx: Tx, name: str, ip: str) -> ResponseReturnValue:
    return _remove_from_domain(tx, name, ip)


def _remove_from_domain(tx: Tx, name: str, ip: str) -> ResponseReturnValue:
    """Remove an IP, all IPs, or the link to a pool, depending on the last part of the path."""
    if ip == catalog.IP_POOL:
        require_feature(tx, catalog.DIPPS)
    domain = get_domain(tx, tx.account, name)
    if ip == catalog.IP_POOL:
        fields = load(schemas.ReplacementSchema, query_params("ip", "pool_id"))
        rules.unlink_pool(tx, domain, ip=fields.get("ip"), pool_id=fields.get("pool_id"))
    elif ip == catalog.ALL:
        rules.remove_all_ips(tx, domain)
    else:
        rules.remove_domain_ip(tx, domain, normalized_ip(ip))
    return responses.success()
