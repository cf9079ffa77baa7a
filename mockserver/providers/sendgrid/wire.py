"""SendGrid's side of HTTP: who calls, the families of errors, headers, and records as they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from ...errors import ApiError, Entry
from ...profiles import Profile
from ...provider import Situation
from ...web import Call, NotAnObject, NotJson, Reply, encode
from . import catalog
from .models import Ip, Pool
from .rules import PoolSample

JSON = "application/json"


def credential(headers: Headers) -> str | None:
    """Return the key of `Authorization: Bearer KEY`."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def admit(call: Call) -> None:
    """Find the user that is acted for, then check the scope."""
    subuser = call.headers.get("On-Behalf-Of")
    if subuser is not None:
        if call.account is not None or subuser not in call.tx.state.subusers:
            raise catalog.AUTHORIZATION_REQUIRED()
        call.account = subuser
    scopes = call.caller.registration.scopes
    if scopes is not None and call.scope is not None and call.scope not in scopes:
        if catalog.family(call.path) == catalog.MANAGEMENT:
            raise catalog.MISSING_SCOPE(scopes=call.scope)
        raise catalog.ACCESS_FORBIDDEN()


def refuse(situation: Situation, *, method: str, path: str, profile: Profile) -> ApiError:
    entry = catalog.GENERAL[catalog.family(path)][situation]
    values = {"method": method, "path": path}
    return entry(**{want: values[want] for want in entry.wants})


def envelope(error: ApiError) -> Reply:
    field = error.detail("field")
    match error.entry.details["family"]:
        case catalog.BARE:
            data: dict[str, Any] = {"error": error.message}
        case catalog.MAIL:
            data = {"errors": [{"message": error.message, "field": field, "help": None}]}
        case _:
            data = {"errors": [{"field": field, "message": error.message}]}
    return Reply(error.entry.status, data, encode(data), JSON)


def fault(status: int, call: Call) -> ApiError:
    """Say a planned error; with 429, nothing is left of what the headers tell."""
    family = catalog.family(call.path)
    entry = catalog.FAULTS[family].get(status)
    if entry is None:
        words = HTTP_STATUS_CODES.get(status, "Error").lower()
        details = {"family": family, "field": "" if family == catalog.MANAGEMENT else None}
        entry = Entry("planned", status, words, catalog.PLANNED, details)
    if status == 429 and call.used is not None:
        call.used = call.used._replace(times=int(catalog.RATE_LIMIT))
    return entry()


def new_credential(material: str) -> str:
    return f"SG.{material[:22]}.{material[-43:]}"


def authorization(key: str) -> str:
    return f"Bearer {key}"


def environment(url: str, key: str) -> dict[str, str]:
    return {"SENDGRID_API_KEY": key, "SENDGRID_BASE_URL": url}


def options(path: str, allow: str) -> Reply:
    """List the methods of a path; that the body is empty is assumed."""
    return Reply(200, headers=[("Allow", allow)])


def headers(call: Call) -> Iterable[tuple[str, str]]:
    """Return those that tell how many calls are left, and those that recorded answers of the classic API carry."""
    if call.used is not None:
        yield "X-RateLimit-Limit", str(int(catalog.RATE_LIMIT))
        yield "X-RateLimit-Remaining", str(max(0, catalog.RATE_LIMIT - call.used.times))
        yield "X-RateLimit-Reset", str(call.used.until)
    if catalog.family(call.path) != catalog.CLASSIC:
        return
    yield "Access-Control-Allow-Origin", "*"
    if call.methods:
        yield "Access-Control-Allow-Methods", ", ".join([*call.methods, "OPTIONS"])
    yield "Access-Control-Max-Age", "21600"
    yield "Access-Control-Expose-Headers", "Link"


def phrase(status: int) -> str:
    """Return the phrase in capitals, as the documents (`204 NO CONTENT`) and recorded answers (`403 FORBIDDEN`) do."""
    return HTTP_STATUS_CODES.get(status, "Unknown").upper()


def body(call: Call) -> dict[str, Any]:
    """Return the JSON object sent, whatever its Content-Type: these routes are not known to look at it."""
    try:
        return call.json_object()
    except (NotJson, NotAnObject):
        raise catalog.BODY_NOT_JSON() from None


def ok(data: object) -> Reply:
    return Reply(200, data, encode(data), JSON)


def no_content() -> Reply:
    return Reply(204)


def pool_name(pool: Pool) -> dict[str, Any]:
    return {"name": pool.name}


def pool_members(pool: Pool) -> dict[str, Any]:
    return {"ips": list(pool.ips), "pool_name": pool.name}


def member(ip: Ip, pools: Iterable[Pool]) -> dict[str, Any]:
    return {
        "ip": ip.ip,
        "pools": [pool.name for pool in pools],
        "start_date": ip.start_date,
        "warmup": ip.warmup,
    }


def pool_sample(sample: PoolSample, *, regions: bool) -> dict[str, Any]:
    return {
        "name": sample.pool.name,
        "id": sample.pool.id,
        **({"regions": list(sample.regions)} if regions else {}),
        "ips_preview": list(sample.pool.ips[: catalog.MAX_PREVIEW]),
        "total_ip_count": len(sample.pool.ips),
    }


def page(items: Sequence[Any], after_key: str | None, asked: Mapping[str, str]) -> Reply:
    """Return a page; `asked` are the request's own parameters, repeated as the texts they were."""
    return ok({"result": items, "_metadata": {"next_params": {"after_key": after_key, **asked}}})
