"""Warm-ups."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ....web.schemas import load
from .. import responses
from ..catalog import DEFAULT_WARMUPS
from ..provider import blueprint, canonical_ip
from ..rules import warmups as rules
from ..rules.account import Tx
from ..schemas.ips import WarmupsQuerySchema
from .paging import paging


@blueprint.get("/v3/ip_warmups", endpoint="listWarmups")
def list_warmups(tx: Tx) -> ResponseReturnValue:
    query = load(WarmupsQuerySchema, request.args)
    cursor, limit = query.get("page", ("", int(DEFAULT_WARMUPS)))
    limit = query.get("limit", limit)
    page = rules.list_warmups(tx, tx.account, cursor, limit)
    return responses.warmup_page(page, paging(page[-1].ip if page else cursor, limit))


@blueprint.get("/v3/ip_warmups/<addr>", endpoint="getWarmup")
def get_warmup(tx: Tx, addr: str) -> ResponseReturnValue:
    return responses.warmup_details(rules.get_warmup(tx, tx.account, canonical_ip(addr, "addr")))


@blueprint.post("/v3/ip_warmups/<addr>", endpoint="startWarmup")
def start_warmup(tx: Tx, addr: str) -> ResponseReturnValue:
    rules.start_warmup(tx, tx.account, canonical_ip(addr, "addr"))
    return responses.success()


@blueprint.delete("/v3/ip_warmups/<addr>", endpoint="cancelWarmup")
def cancel_warmup(tx: Tx, addr: str) -> ResponseReturnValue:
    rules.cancel_warmup(tx, tx.account, canonical_ip(addr, "addr"))
    return responses.success()
