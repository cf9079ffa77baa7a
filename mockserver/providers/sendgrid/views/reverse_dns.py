"""Reverse DNS of IPs."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, json_body
from ..rules import Tx
from ..rules import reverse_dns as rules
from ..schemas import reverse_dns as schemas


@blueprint.get("/v3/whitelabel/ips", endpoint="listReverseDns", scope="whitelabel.read")
def list_reverse_dns(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.RecordsQuerySchema, request.args)
    records = rules.list_records(
        tx,
        tx.account,
        ip=query.get("ip"),
        offset=query.get("offset", 0),
        limit=query.get("limit", int(catalog.MAX_CLASSIC_PAGE)),
    )
    return [responses.reverse_dns(record) for record in records]


@blueprint.post("/v3/whitelabel/ips", endpoint="setUpReverseDns", scope="whitelabel.create")
def set_up_reverse_dns(tx: Tx) -> ResponseReturnValue:
    fields = load(schemas.RecordSchema, json_body())
    record = rules.set_up(tx, tx.account, ip=fields["ip"], domain=fields["domain"], subdomain=fields.get("subdomain"))
    return responses.reverse_dns(record), 201


@blueprint.get("/v3/whitelabel/ips/<id>", endpoint="getReverseDns", scope="whitelabel.read")
def get_reverse_dns(tx: Tx, id: str) -> ResponseReturnValue:
    return responses.reverse_dns(rules.get_record(tx, tx.account, id))


@blueprint.delete("/v3/whitelabel/ips/<id>", endpoint="deleteReverseDns", scope="whitelabel.delete")
def delete_reverse_dns(tx: Tx, id: str) -> ResponseReturnValue:
    rules.delete_record(tx, tx.account, id)
    return "", 204


@blueprint.post("/v3/whitelabel/ips/<id>/validate", endpoint="validateReverseDns", scope="whitelabel.update")
def validate_reverse_dns(tx: Tx, id: str) -> ResponseReturnValue:
    return responses.validated_reverse_dns(rules.validate(tx, tx.account, id))
