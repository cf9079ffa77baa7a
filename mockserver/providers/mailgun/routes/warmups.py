"""Operations on warm-ups."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import wire
from ..catalog import DEFAULT_WARMUPS
from ..rules import warmups
from ..schemas.ips import PATH_ADDR, WARMUPS_QUERY
from .paging import paging

routes = Routes()


@routes.operation("listWarmups", "GET", "/v3/ip_warmups")
def list_warmups(call: Call) -> Reply:
    query = call.load(WARMUPS_QUERY, call.query)
    cursor, limit = query.get("page", ("", int(DEFAULT_WARMUPS)))
    limit = query.get("limit", limit)
    page = warmups.list_warmups(call.tx, call.account, cursor, limit)
    return wire.warmup_page(page, paging(call, page[-1].ip if page else cursor, limit))


@routes.operation("getWarmup", "GET", "/v3/ip_warmups/{addr}")
def get_warmup(call: Call, addr: str) -> Reply:
    return wire.warmup_details(warmups.get_warmup(call.tx, call.account, _address(addr)))


@routes.operation("startWarmup", "POST", "/v3/ip_warmups/{addr}")
def start_warmup(call: Call, addr: str) -> Reply:
    warmups.start_warmup(call.tx, call.account, _address(addr))
    return wire.success()


@routes.operation("cancelWarmup", "DELETE", "/v3/ip_warmups/{addr}")
def cancel_warmup(call: Call, addr: str) -> Reply:
    warmups.cancel_warmup(call.tx, call.account, _address(addr))
    return wire.success()


def _address(addr: str) -> str:
    address: str = PATH_ADDR.load({"addr": addr})["addr"]
    return address
