"""Warm-ups."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.exchange import current_exchange
from ....web.schemas import load
from .. import catalog, responses
from ..provider import blueprint, normalized_ip
from ..rules import Tx
from ..rules import warmups as rules
from ..schemas import warmups as schemas


@blueprint.get("/v3/ip_warmups", endpoint="listWarmups")
def list_warmups(tx: Tx) -> ResponseReturnValue:
    query = load(schemas.WarmupsQuerySchema, request.args)
    cursor, limit = query.get("page", ("", int(catalog.DEFAULT_WARMUPS)))
    limit = query.get("limit", limit)
    page = rules.list_warmups(tx, tx.account, after=cursor, limit=limit)
    last = page[-1].ip if page else cursor
    return responses.warmups(page, responses.page_links(current_exchange().url, cursor=last, limit=limit))


@blueprint.get("/v3/ip_warmups/<addr>", endpoint="getWarmup")
def get_warmup(tx: Tx, addr: str) -> ResponseReturnValue:
    return responses.warmup_details(rules.get_warmup(tx, tx.account, normalized_ip(addr, "addr")))


@blueprint.post("/v3/ip_warmups/<addr>", endpoint="startWarmup")
def start_warmup(tx: Tx, addr: str) -> ResponseReturnValue:
    rules.start_warmup(tx, tx.account, normalized_ip(addr, "addr"))
    return responses.success()


@blueprint.delete("/v3/ip_warmups/<addr>", endpoint="cancelWarmup")
def cancel_warmup(tx: Tx, addr: str) -> ResponseReturnValue:
    rules.cancel_warmup(tx, tx.account, normalized_ip(addr, "addr"))
    return responses.success()
