"""SendGrid's side of HTTP: who calls and from where, the families of errors, headers, and records as they are sent."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from ...errors import ApiError, Entry
from ...mounts import host_name
from ...profiles import Profile
from ...provider import Situation, View
from ...web import Call, NotAnObject, NotJson, Reply, encode, parse_json
from . import catalog
from .models import Ip, Pool, State, Subuser
from .rules import classic_ips, management_ips
from .rules.management_pools import PoolView

JSON = "application/json"


def credential(headers: Headers) -> str | None:
    """Return the key of `Authorization: Bearer KEY`."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def admit(call: Call) -> None:
    """Find the user that is acted for, then check the scope."""
    subusers = call.tx.state.subusers
    subuser = call.headers.get("On-Behalf-Of")
    if subuser is not None:
        if call.account is not None or subuser not in subusers:
            raise catalog.AUTHORIZATION_REQUIRED()
        call.account = subuser
    elif call.account is not None and call.account not in subusers:  # deleted since
        raise catalog.AUTHORIZATION_REQUIRED()
    if call.scope is not None:
        require(call, call.scope)


def require(call: Call, scope: str) -> None:
    """Refuse a key that lacks a scope."""
    scopes = call.caller.registration.scopes
    if scopes is None or scope in scopes:
        return
    if catalog.family(call.path) == catalog.MANAGEMENT:
        raise catalog.MISSING_SCOPE(scopes=scope)
    raise catalog.ACCESS_FORBIDDEN()


def global_only(view: View) -> View:
    """Make an operation one that is not on the EU host: there it is answered as an unknown path, which is assumed."""

    @functools.wraps(view)
    def elsewhere(call: Call, **values: str) -> Reply:
        if host_name(call.headers.get("Host", "")) == catalog.EU_HOST:
            raise catalog.NOT_FOUND()
        return view(call, **values)

    return elsewhere


def parent_only(view: View) -> View:
    """Make an operation one of parent accounts: a subuser is answered as for an unknown path, which is assumed."""

    @functools.wraps(view)
    def not_for_subusers(call: Call, **values: str) -> Reply:
        if call.account is not None:
            raise catalog.NOT_FOUND()
        return view(call, **values)

    return global_only(not_for_subusers)


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
        raise catalog.NOT_JSON[catalog.family(call.path)]() from None


def said(call: Call) -> dict[str, Any]:
    """Return the fields sent that say something: in IP Address Management null is as nothing, which is assumed."""
    return {name: value for name, value in body(call).items() if value is not None}


def texts(call: Call) -> list[str]:
    """Return the bare JSON array of texts sent."""
    try:
        data = parse_json(call.body)
    except NotJson:
        data = None
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise catalog.BODY_NOT_JSON()
    return data


def ok(data: object, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    return Reply(status, data, encode(data), JSON, headers)


def no_content() -> Reply:
    return Reply(204)


# The classic API


def pool_name(pool: Pool) -> dict[str, Any]:
    return {"name": pool.name}


def pool_members(pool: Pool, state: State) -> dict[str, Any]:
    members: list[Any] = list(pool.ips)
    if state.profile[catalog.MEMBERS_AS_OBJECTS]:
        ips = [state.ips[address] for address in pool.ips]
        members = [{"ip": ip.ip, "start_date": ip.start_date, "warmup": ip.warmup} for ip in ips]
    return {"ips": members, "pool_name": pool.name}


def member(ip: Ip, pools: Iterable[Pool]) -> dict[str, Any]:
    return {
        "ip": ip.ip,
        "pools": [pool.name for pool in pools],
        "start_date": ip.start_date,
        "warmup": ip.warmup,
    }


def classic_ip(view: classic_ips.IpView) -> dict[str, Any]:
    ip = view.ip
    return {
        "ip": ip.ip,
        "subusers": list(view.users),
        **({"rdns": ip.rdns} if ip.rdns is not None else {}),
        "pools": [pool.name for pool in view.pools],
        "warmup": ip.warmup,
        "start_date": ip.start_date,
        "whitelabeled": ip.rdns is not None,
    }


def listed_ip(view: classic_ips.IpView) -> dict[str, Any]:
    return {**classic_ip(view), "assigned_at": view.ip.added_at}


def assigned_ip(view: classic_ips.IpView) -> dict[str, Any]:
    ip = view.ip
    return {
        "ip": ip.ip,
        "pools": [pool.name for pool in view.pools],
        "warmup": ip.warmup,
        "start_date": ip.start_date,
    }


def bought_ips(views: Iterable[classic_ips.IpView], *, remaining: int, warmup: bool) -> dict[str, Any]:
    return {
        "ips": [{"ip": view.ip.ip, "subusers": list(view.users)} for view in views],
        "remaining_ips": remaining,
        "warmup": warmup,
    }


def remaining_ips(remaining: int) -> dict[str, Any]:
    return {"results": [{"remaining": remaining, "period": "month", "price_per_ip": int(catalog.PRICE_PER_IP)}]}


def warming(ips: Iterable[Ip]) -> list[dict[str, Any]]:
    return [{"ip": ip.ip, "start_date": ip.start_date} for ip in ips]


def subuser(subuser: Subuser) -> dict[str, Any]:
    return {"disabled": False, "email": subuser.email, "id": int(subuser.id), "username": subuser.name}


def new_subuser(subuser: Subuser) -> dict[str, Any]:
    return {
        "username": subuser.name,
        "user_id": int(subuser.id),
        "email": subuser.email,
        "credit_allocation": {"type": "unlimited"},
    }


def links(call: Call, *, limit: int, offset: int, total: int, filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the header with the pages beside this one; that the filters are repeated in it is assumed.

    As in the documents' example the first page has a previous one, itself. That the last has no next is assumed.
    """
    last = max(0, total - 1) // limit
    here = offset // limit
    pages = {"next": here + 1, "prev": max(0, min(here - 1, last)), "last": last, "first": 0}
    shown = []
    for rel, number in pages.items():
        if rel == "next" and number > last:
            continue
        query = urlencode({"limit": limit, "offset": number * limit, **filters})
        shown.append(f'<{call.root}{call.path}?{query}>; rel="{rel}"; title="{number + 1}"')
    return [("Link", ", ".join(shown))]


# IP Address Management


def pool_sample(view: PoolView, *, regions: bool) -> dict[str, Any]:
    sample = _sample(view.pool)
    if not regions:
        return sample
    return {"name": sample.pop("name"), "id": sample.pop("id"), "regions": list(view.regions), **sample}


def pool_details(view: PoolView, *, regions: bool) -> dict[str, Any]:
    counts = [{"region": region, "count": count} for region, count in view.regions.items()]
    return {**_sample(view.pool), **({"ip_count_by_region": counts} if regions else {})}


def _sample(pool: Pool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "id": pool.id,
        "ips_preview": list(pool.ips[: catalog.MAX_PREVIEW]),
        "total_ip_count": len(pool.ips),
    }


def managed_pool(pool: Pool) -> dict[str, Any]:
    return {"name": pool.name, "id": pool.id}


def managed_member(ip: Ip, pools: Iterable[Pool], *, region: bool) -> dict[str, Any]:
    return {
        "ip": ip.ip,
        **({"region": ip.region} if region else {}),
        "pools": [{"id": pool.id, "name": pool.name} for pool in pools],
    }


def managed_ip(view: management_ips.IpView, user: str | None, *, region: bool) -> dict[str, Any]:
    """Show an IP by itself; only the parent account is told whether it may send from it."""
    ip = view.ip
    return {
        "ip": ip.ip,
        **({"is_parent_assigned": ip.parent_assigned} if user is None else {}),
        "is_auto_warmup": ip.warmup,
        "pools": [{"id": pool.id, "name": pool.name} for pool in view.pools],
        "added_at": ip.added_at,
        "updated_at": ip.updated_at,
        "is_enabled": None if ip.leased else ip.enabled,
        "is_leased": ip.leased,
        **({"region": ip.region} if region else {}),
    }


def managed_ip_of_list(view: management_ips.IpView, user: str | None, *, region: bool) -> dict[str, Any]:
    """Show an IP among others: the same in another order."""
    shown = managed_ip(view, user, region=region)
    names = ("ip", "pools", "is_auto_warmup", "is_parent_assigned", "updated_at", "is_enabled", "is_leased", "added_at")
    pools = [{"name": pool["name"], "id": pool["id"]} for pool in shown["pools"]]
    return {**{name: shown[name] for name in (*names, "region") if name in shown}, "pools": pools}


def new_ip(ip: Ip, subusers: Sequence[str], *, region: bool) -> dict[str, Any]:
    return {
        "ip": ip.ip,
        "is_auto_warmup": ip.warmup,
        "is_parent_assigned": ip.parent_assigned,
        "subusers": list(subusers),
        **({"region": ip.region} if region else {}),
    }


def settings(ip: Ip) -> dict[str, Any]:
    return {
        "ip": ip.ip,
        "is_auto_warmup": ip.warmup,
        "is_parent_assigned": ip.parent_assigned,
        "is_enabled": ip.enabled,
    }


def page(items: Sequence[Any], keys: Mapping[str, str | None], asked: Mapping[str, Any]) -> Reply:
    """Return a page; `keys` are those of the pages beside it, `asked` the request's own parameters, repeated."""
    return ok({"result": items, "_metadata": {"next_params": {**keys, **asked}}})
