"""SparkPost's side of HTTP: who calls, errors, and records as they are sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from ...errors import ApiError, Entry
from ...profiles import Profile
from ...provider import Situation
from ...web import Call, NotAnObject, NotJson, Reply, encode
from . import catalog
from .models import Pool, SendingIp

JSON = "application/json"

_ERROR_MEMBERS = ("description", "code", "param")


def credential(headers: Headers) -> str | None:
    """Return the key: the whole header, or the user name of Basic authentication with no password."""
    value = headers.get("Authorization", "")
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic" or not rest:
        return value or None
    try:
        key, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return key if not password else None


def admit(call: Call) -> None:
    """Check the grant. The subaccount header is noted: pools belong to the primary account."""
    call.account = call.headers.get("X-MSYS-SUBACCOUNT")
    scopes = call.caller.registration.scopes
    if scopes is None or call.scope is None or call.scope in scopes:
        return
    if call.scope == "ip_pools/view" and "ip_pools/manage" in scopes:
        return
    raise catalog.FORBIDDEN()


def refuse(situation: Situation, *, method: str, path: str, profile: Profile) -> ApiError:
    match situation:
        case "not_allowed":
            return catalog.NOT_ALLOWED(method=method, path=path)
        case "unmodelled":
            return catalog.UNMODELLED(method=method, path=path)
        case "no_credential" | "unknown_credential":
            return catalog.UNAUTHORIZED()
        case "not_found":
            return catalog.NOT_FOUND()
        case "too_large":
            return catalog.TOO_LARGE()
        case "crashed":
            return catalog.CRASHED()


def envelope(error: ApiError) -> Reply:
    problem: dict[str, Any] = {"message": error.message}
    for name in _ERROR_MEMBERS:
        if name in error.entry.details:
            problem[name] = error.detail(name)
    if "value" in error.entry.echoes:
        problem["value"] = error.values["value"]
    data = {"errors": [problem]}
    if error.entry.details.get("spaced"):  # the gateway in front of the services writes these, blanks included
        body = b'{"errors": [ {"message": ' + encode(error.message) + b"} ]}"
        return Reply(error.entry.status, data, body, JSON)
    return Reply(error.entry.status, data, encode(data), JSON)


def fault(status: int, call: Call) -> ApiError:
    words = HTTP_STATUS_CODES.get(status, "Error")
    entry = catalog.FAULTS.get(status) or Entry("planned", status, words, catalog.PLANNED)
    return entry()


def new_credential(material: str) -> str:
    return material[:40]


def authorization(key: str) -> str:
    return key


def environment(url: str, key: str) -> dict[str, str]:
    return {"SPARKPOST_API_KEY": key, "SPARKPOST_BASE_URL": f"{url}/api/v1"}


def options(path: str, allow: str) -> Reply:
    """Refuse: no cross-origin call is supported."""
    return envelope(catalog.PREFLIGHT())


def headers(call: Call) -> Iterable[tuple[str, str]]:
    return ()


def phrase(status: int) -> str:
    """Return the standard phrase."""
    return HTTP_STATUS_CODES.get(status, "Unknown")


def body(call: Call) -> dict[str, Any]:
    """Return the JSON object sent, whatever its Content-Type: none is asked for."""
    try:
        return call.json_object()
    except NotJson:
        raise catalog.NOT_JSON() from None
    except NotAnObject:
        raise catalog.NOT_AN_OBJECT() from None


def results(data: object) -> Reply:
    answer = {"results": data}
    return Reply(200, answer, encode(answer), JSON)


def no_content() -> Reply:
    return Reply(204)


def pool_with_ips(pool: Pool, ips: Iterable[SendingIp]) -> dict[str, Any]:
    members = [{"external_ip": ip.external_ip, "hostname": ip.hostname} for ip in ips]
    return {"id": pool.id, "name": pool.name, **_signing(pool), "ips": members}


def updated_pool(pool: Pool) -> dict[str, Any]:
    return {"name": pool.name, **_signing(pool), "id": pool.id}


def _signing(pool: Pool) -> dict[str, str]:
    return {} if pool.fbl_signing_domain is None else {"fbl_signing_domain": pool.fbl_signing_domain}


def sending_ip(ip: SendingIp) -> dict[str, Any]:
    return {
        "external_ip": ip.external_ip,
        "hostname": ip.hostname,
        "ip_pool": ip.ip_pool,
        "customer_provided": ip.customer_provided,
    }
