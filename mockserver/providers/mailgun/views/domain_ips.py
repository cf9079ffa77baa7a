"""The IPs of a domain."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, canonical_ip, form_fields, request_params
from ..rules import domains as rules
from ..rules.account import Tx, get_domain, require_dipps
from ..schemas.domains import DomainIpSchema
from ..schemas.pools import PoolReplacementSchema


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
    fields = load(DomainIpSchema, sent)
    if "pool_id" in fields:
        rules.link_pool(tx, domain, fields["pool_id"])
    else:
        rules.assign_ip(tx, domain, fields["ip"])
    return responses.success()


@blueprint.delete("/v3/domains/<name>/ips/<ip>", endpoint="removeDomainIp", aliases=("/v4/domains/<name>/ips/<ip>",))
def remove_domain_ip(tx: Tx, name: str, ip: str) -> ResponseReturnValue:
    return _remove_from_domain(tx, name, ip)


@blueprint.delete("/v3/domains/<name>/pool/<ip>", endpoint="removeDomainPoolIp")
def remove_domain_pool_ip(tx: Tx, name: str, ip: str) -> ResponseReturnValue:
    return _remove_from_domain(tx, name, ip)


def _remove_from_domain(tx: Tx, name: str, ip: str) -> ResponseReturnValue:
    """Do one of three things, as the last part of the path says: remove an IP, all IPs, or the link to a pool."""
    if ip == catalog.IP_POOL:
        require_dipps(tx)
    domain = get_domain(tx, tx.account, name)
    if ip == catalog.IP_POOL:
        fields = load(PoolReplacementSchema, request_params("ip", "pool_id"))
        rules.unlink_pool(tx, domain, fields.get("ip"), fields.get("pool_id"))
    elif ip == catalog.ALL:
        rules.remove_domain_pool(tx, domain)
    else:
        rules.remove_domain_ip(tx, domain, canonical_ip(ip))
    return responses.success()
