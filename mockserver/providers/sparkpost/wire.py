"""SparkPost's side of HTTP: who calls, errors, and records as they are sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from ...errors import ApiError, Entry
from ...profiles import Profile
from ...provider import Situation
from ...web import Call, NotAnObject, NotJson, Reply, encode, origin
from . import catalog
from .models import Pool, SendingIp, Subaccount
from .rules.sending_ips import stage
from .rules.subaccounts import NewKey, Page, is_good

JSON = "application/json"

_PHRASES = {**HTTP_STATUS_CODES, 420: "Exceed Sending Limit"}
"""What stands behind a status; of 420 the API introduction has it, in its table of errors."""
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
    """Check the grant. The subaccount header is noted: what is served here belongs to the primary account."""
    registration = call.caller.registration
    if registration.issued and not is_good(call.tx.state, registration.credential):
        raise catalog.UNAUTHORIZED()
    call.account = registration.account or call.headers.get("X-MSYS-SUBACCOUNT")
    if not _granted(registration.scopes, call.scope):
        raise catalog.FORBIDDEN()
    if registration.account is not None and call.scope not in catalog.KEY_GRANTS:
        raise catalog.FORBIDDEN()


def _granted(scopes: frozenset[str] | None, scope: str | None) -> bool:
    """Say whether a key with these grants, None being all, may do what needs `scope`: who may manage may view."""
    if scopes is None or scope is None or scope in scopes:
        return True
    area, _, right = scope.partition("/")
    return right == "view" and f"{area}/manage" in scopes


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
    """Say an error; the dialect that names the parameter names every one that is wrong."""
    told = [error]
    if "param" in error.entry.details:
        told += [other for other in error.others if "param" in other.entry.details]
    data = {"errors": [_problem(each) for each in told]}
    if error.entry.details.get("spaced"):  # the gateway in front of the services writes these, blanks included
        body = b'{"errors": [ {"message": ' + encode(error.message) + b"} ]}"
        return Reply(error.entry.status, data, body, JSON)
    return Reply(error.entry.status, data, encode(data), JSON)


def _problem(error: ApiError) -> dict[str, Any]:
    problem: dict[str, Any] = {"message": error.message}
    for name in _ERROR_MEMBERS:
        if name in error.entry.details:
            problem[name] = error.detail(name)
    if "value" in error.entry.echoes:
        problem["value"] = error.values["value"]
    return problem


def fault(status: int, call: Call) -> ApiError:
    words = _PHRASES.get(status, "Error")
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
    """Return the standard phrase; the provider's own for a status that has none."""
    return _PHRASES.get(status, "Unknown")


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


# Pools


def pool_with_ips(call: Call, pool: Pool, ips: Iterable[SendingIp]) -> dict[str, Any]:
    warmup = _warmup(call)
    members = [{"external_ip": ip.external_ip, "hostname": ip.hostname, **warmup(ip)} for ip in ips]
    return {"id": pool.id, "name": pool.name, **_fbl(pool), "ips": members, **_newer(call, pool)}


def listed_pool(call: Call, pool: Pool, ips: Iterable[SendingIp]) -> dict[str, Any]:
    """Return a pool as it stands in lists, where the newer document has its fields in another order."""
    found = pool_with_ips(call, pool, ips)
    if not call.tx.state.profile[catalog.SIGNING_DOMAIN]:
        return found
    behind = ("signing_domain", "fbl_signing_domain", "auto_warmup_overflow_pool")
    return {name: found[name] for name in ("id", "name", "ips", *behind) if name in found}


def updated_pool(call: Call, pool: Pool) -> dict[str, Any]:
    return {"name": pool.name, **_fbl(pool), "id": pool.id, **_newer(call, pool)}


def _fbl(pool: Pool) -> dict[str, str]:
    return {} if pool.fbl_signing_domain is None else {"fbl_signing_domain": pool.fbl_signing_domain}


def _newer(call: Call, pool: Pool) -> dict[str, str]:
    """Return what of a pool only newer documents have; what is unset is left out."""
    profile = call.tx.state.profile
    found: dict[str, str] = {}
    if profile[catalog.SIGNING_DOMAIN] and pool.signing_domain is not None:
        found["signing_domain"] = pool.signing_domain
    if profile[catalog.AUTO_WARMUP] and pool.auto_warmup_overflow_pool is not None:
        found["auto_warmup_overflow_pool"] = pool.auto_warmup_overflow_pool
    return found


# Sending IPs


def sending_ip(call: Call, ip: SendingIp) -> dict[str, Any]:
    return {
        "external_ip": ip.external_ip,
        "hostname": ip.hostname,
        "ip_pool": ip.ip_pool,
        "customer_provided": ip.customer_provided,
        **_warmup(call)(ip),
    }


def _warmup(call: Call) -> Callable[[SendingIp], dict[str, Any]]:
    """Return what tells of an IP how warm it is now, which is nothing in a profile without warm-up."""
    if not call.tx.state.profile[catalog.AUTO_WARMUP]:
        return lambda ip: {}
    now = call.tx.now

    def warmup(ip: SendingIp) -> dict[str, Any]:
        reached = stage(ip, now)
        if reached is None:
            return {"auto_warmup_enabled": False}
        return {"auto_warmup_enabled": True, "auto_warmup_stage": reached}

    return warmup


def updated_ip(call: Call) -> dict[str, str]:
    partial = call.tx.state.profile[catalog.PARTIAL_IP_UPDATE]
    return {"message": "Updated Sending IP." if partial else "Updated IP Pool."}


# Subaccounts


def new_subaccount(subaccount: Subaccount, key: NewKey | None) -> dict[str, Any]:
    if key is None:
        return {"subaccount_id": subaccount.id}
    return {"subaccount_id": subaccount.id, "key": key.key, "label": key.label, "short_key": key.key[:4]}


def subaccount(record: Subaccount) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "status": record.status,
        "compliance_status": record.compliance_status,
        **_assigned(record),
        "options": {"deliverability": record.deliverability},
    }


def listed_subaccount(record: Subaccount) -> dict[str, Any]:
    """Return a subaccount as it stands in lists, where the documents have its fields in another order."""
    return {
        "id": record.id,
        "name": record.name,
        "status": record.status,
        **_assigned(record),
        "compliance_status": record.compliance_status,
        "options": {"deliverability": record.deliverability},
    }


def _assigned(record: Subaccount) -> dict[str, str]:
    return {} if record.ip_pool is None else {"ip_pool": record.ip_pool}


def page(call: Call, page: Page, sent: Mapping[str, str]) -> Reply:
    """Answer a page; its link repeats what was asked, and leads to where that was asked."""
    links = {}
    if page.cursor is not None:
        query = {"cursor": page.cursor} | {name: text for name, text in sent.items() if name != "cursor"}
        links["next"] = f"{call.root.removeprefix(origin(call.environ))}/api/v1/subaccounts?{urlencode(query)}"
    answer = {
        "results": [listed_subaccount(each) for each in page.subaccounts],
        "total_count": page.total,
        "links": links,
    }
    return Reply(200, answer, encode(answer), JSON)
