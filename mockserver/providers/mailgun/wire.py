"""Mailgun's side of HTTP: who calls, errors, headers, forms, and records as they are sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from ...errors import ApiError, Entry
from ...provider import Situation
from ...web import Call, NotAnObject, NotJson, Reply, encode
from . import catalog
from .models import Domain, Pool
from .rules import PoolView

JSON = "application/json; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"

_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Cache-Control", "no-store"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    ("X-Xss-Protection", "1; mode=block"),
)


def credential(headers: Headers) -> str | None:
    """Return the password of Basic authentication as user `api`."""
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, key = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return key or None if user == "api" else None


def admit(call: Call) -> None:
    """Find the account that is acted for; one that is not open may do nothing."""
    subaccounts = call.tx.state.subaccounts
    own = call.account
    if own is not None and subaccounts[own].status != "open":
        call.known = False
        raise catalog.UNAUTHORIZED()
    other = call.headers.get("X-Mailgun-On-Behalf-Of")
    if other is not None:
        subaccount = subaccounts.get(other)
        if own is not None or subaccount is None or subaccount.status != "open":
            raise catalog.FORBIDDEN()
        call.account = other


def refuse(situation: Situation, *, method: str, path: str) -> ApiError:
    match situation:
        case "no_credential" | "unknown_credential":
            return catalog.UNAUTHORIZED()
        case "not_found":
            return catalog.NOT_FOUND()
        case "not_allowed":
            return catalog.NOT_ALLOWED()
        case "too_large":
            return catalog.TOO_LARGE()
        case "unmodelled":
            return catalog.UNMODELLED(method=method, path=path)
        case "crashed":
            return catalog.CRASHED()


def envelope(error: ApiError) -> Reply:
    challenge = error.detail("challenge")
    headers = [("Www-Authenticate", challenge)] if challenge else []
    if error.detail("plain"):
        return Reply(error.entry.status, body=error.message.encode(), content_type=PLAIN, headers=headers)
    return ok({"message": error.message}, error.entry.status)


def fault(status: int, call: Call) -> ApiError:
    """Say a planned error; 429 with the header that a client reads for the end of its wait."""
    words = HTTP_STATUS_CODES.get(status, "Error")
    entry = catalog.FAULTS.get(status) or Entry("planned", status, words, catalog.PLANNED)
    error = entry()
    if status == 429:
        error.headers = (("X-RateLimit-Reset", str(int(call.time) + 60)),)
    return error


def new_credential(material: str) -> str:
    return f"key-{material[:32]}"


def authorization(key: str) -> str:
    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode()


def environment(url: str, key: str) -> dict[str, str]:
    return {
        "MAILGUN_API_KEY": key,
        "MAILGUN_BASE_URL": url,
        "MG_API_KEY": key,
        "MG_URL": url,
    }


def options(path: str, allow: str) -> Reply:
    """Refuse, as any method that the path has not; assumed."""
    reply = envelope(catalog.NOT_ALLOWED())
    reply.headers = [("Allow", allow)]
    return reply


def headers(call: Call) -> Iterable[tuple[str, str]]:
    """Return the headers of recorded answers; those to a known key name it by its public part."""
    yield from _HEADERS
    if call.known:
        yield "X-Mailgun-Key-Id", _key_id(call.caller.registration.credential)


def _key_id(key: str) -> str:
    """Return eight and eight hexadecimal characters: a key's last two groups, or a digest of a key without them."""
    found = re.search("[0-9a-f]{8}-[0-9a-f]{8}$", key)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return found[0] if found else f"{digest[:8]}-{digest[8:16]}"


def form(call: Call, *names: str, lists: Sequence[str] = ()) -> dict[str, Any]:
    """Return the form's fields: `names` once each, `lists` as often as they are repeated, `ip[]` and `ip[0]` too."""
    data: dict[str, Any] = {name: call.form[name] for name in names if name in call.form}
    for key, value in call.form.items(multi=True):
        name = re.sub(r"\[[0-9]*\]$", "", key)
        if name in lists:
            data.setdefault(name, []).append(value)
            call.read.add(key)
    return data


def parameters(call: Call, *names: str) -> dict[str, str]:
    """Return parameters from the query, where they are documented, or else the form, where clients put them."""
    found = {name: call.query.get(name) or call.form.get(name) for name in names}
    return {name: value for name, value in found.items() if value}


def phrase(status: int) -> str:
    """Return the standard phrase, as nearly all recorded answers have it."""
    return HTTP_STATUS_CODES.get(status, "Unknown")


def body(call: Call) -> dict[str, Any]:
    """Return the JSON object sent as JSON."""
    if call.media_type != "application/json":
        raise catalog.NOT_JSON()
    try:
        return call.json_object()
    except (NotJson, NotAnObject):
        raise catalog.NOT_JSON() from None


def root() -> Reply:
    """Return what the service answers on its root; clients take it for the sign of a wrong URL."""
    return Reply(200, body=b"Mailgun Magnificent API", content_type=PLAIN)


def ok(data: object, status: int = 200) -> Reply:
    return Reply(status, data, encode(data) + b"\n", JSON)


def success(**data: object) -> Reply:
    return ok({"message": "success", **data})


def started(reference_id: str) -> Reply:
    return ok({"message": "started", "reference_id": reference_id})


def listed_pool(view: PoolView) -> dict[str, Any]:
    return {
        "description": view.pool.description,
        "ips": list(view.pool.ips),
        "is_inherited": view.is_inherited,
        "is_linked": bool(view.linked_domains),
        "name": view.pool.name,
        "pool_id": view.pool.pool_id,
    }


def pool_details(view: PoolView) -> dict[str, Any]:
    return {
        "description": view.pool.description,
        "ips": list(view.pool.ips),
        "is_linked": bool(view.linked_domains),
        "linked_domains": [domain.name for domain in view.linked_domains],
        "name": view.pool.name,
        "pool_id": view.pool.pool_id,
    }


def created_pool(pool: Pool) -> Reply:
    return success(pool_id=pool.pool_id)


def domain_page(domains: Sequence[Domain], first: str, following: str) -> Reply:
    return ok(
        {
            "paging": {"first": first, "next": following},
            "domains": [{"id": domain.id, "name": domain.name} for domain in domains],
        }
    )


def domain_ips(domain: Domain) -> Reply:
    return ok({"items": list(domain.ips), "total_count": len(domain.ips)})
