"""Mailgun's side of HTTP: who calls, errors, headers, forms, and records as they are sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES, http_date

from ...clock import show
from ...errors import ApiError, Entry
from ...profiles import Profile
from ...provider import Situation
from ...web import Call, NotAnObject, NotJson, Reply, encode
from . import catalog
from .catalog import WARMUP_STAGES
from .models import Domain, Ip, Link, Pool, Subaccount, created
from .rules.ips import DetailedIp, IpList
from .rules.pools import PoolView
from .rules.warmups import Warmup, volume

JSON = "application/json; charset=utf-8"
ACCOUNTS_JSON = "application/json"
"""What the service that has the subaccounts calls it."""
URLENCODED = "application/x-www-form-urlencoded"
PLAIN = "text/plain; charset=utf-8"

DAY = 86_400
"""How long a message is kept, in seconds, where nothing else is said: the specification's example."""
NEVER = "0001-01-01T00:00:00Z"
"""The time that Go's zero value is sent as; documented examples have it."""

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
        raise _unauthorized(call.tx.state.profile)
    other = call.headers.get("X-Mailgun-On-Behalf-Of")
    if other is not None:
        subaccount = subaccounts.get(other)
        if own is not None or subaccount is None or subaccount.status != "open":
            raise catalog.FORBIDDEN()
        call.account = other


def _unauthorized(profile: Profile) -> ApiError:
    return (catalog.UNAUTHORIZED_JSON if profile[catalog.JSON_401] else catalog.UNAUTHORIZED)()


def refuse(situation: Situation, *, method: str, path: str, profile: Profile) -> ApiError:
    match situation:
        case "no_credential" | "unknown_credential":
            return _unauthorized(profile)
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
    content_type = error.detail("content_type") or JSON
    return Reply(error.entry.status, data := {"message": error.message}, _line(data), content_type, headers)


def fault(status: int, call: Call) -> ApiError:
    """Say a planned error; 429 with the header that a client reads for the end of its wait."""
    words = HTTP_STATUS_CODES.get(status, "Error")
    entry = catalog.FAULTS.get(status) or Entry("planned", status, words, catalog.PLANNED)
    error = _unauthorized(call.tx.state.profile) if status == 401 else entry()
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


def separated(texts: Iterable[str]) -> list[str]:
    """Return the parts of lists with commas."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def parameters(call: Call, *names: str) -> dict[str, str]:
    """Return parameters from the query, where they are documented, or else the form, where clients put them."""
    lost = call.method == "DELETE" and call.tx.state.profile[catalog.STRICT_DELETE_BODIES]
    form: Mapping[str, str] = {} if lost and call.media_type == URLENCODED else call.form
    found = {name: call.query.get(name) or form.get(name) for name in names}
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


def ok(data: object) -> Reply:
    return Reply(200, data, _line(data), JSON)


def _of_accounts(data: object) -> Reply:
    """Answer as the service that has the subaccounts does: the recorded answers have a header more."""
    return Reply(200, data, _line(data), ACCOUNTS_JSON, [("Content-Disposition", "inline")])


def _line(data: object) -> bytes:
    """Return JSON as it is sent: compact, and a newline."""
    return encode(data) + b"\n"


def success(**data: object) -> Reply:
    return ok({"message": "success", **data})


def started(reference_id: str) -> Reply:
    return ok({"message": "started", "reference_id": reference_id})


# Pools


def listed_pool(view: PoolView) -> dict[str, Any]:
    metadata = {}
    if view.since is not None:
        metadata = {"metadata": {"assignments": {ip: {"linked_at": show(when)} for ip, when in view.since.items()}}}
    return {
        "description": view.pool.description,
        "ips": list(view.pool.ips),
        **metadata,
        "is_inherited": view.is_inherited,
        "is_linked": view.is_linked,
        "name": view.pool.name,
        "pool_id": view.pool.pool_id,
    }


def pool_details(pool: Pool, links: Sequence[Link]) -> dict[str, Any]:
    return {
        "description": pool.description,
        "ips": list(pool.ips),
        "is_linked": bool(links),
        "linked_domains": [link.domain for link in links],
        "name": pool.name,
        "pool_id": pool.pool_id,
    }


def created_pool(pool: Pool) -> Reply:
    return success(pool_id=pool.pool_id)


def link_page(links: Sequence[Link], paging: Mapping[str, str]) -> Reply:
    return ok({"paging": paging, "domains": [{"id": link.domain_id, "name": link.domain} for link in links]})


def delegations(pairs: Sequence[tuple[str, str]]) -> Reply:
    items = [{"pool_id": pool_id, "subaccount_id": subaccount_id} for subaccount_id, pool_id in pairs]
    return ok({"items": items, "total_count": len(items)})


# Domains


def domain_ips(domain: Domain) -> Reply:
    return ok({"items": list(domain.ips), "total_count": len(domain.ips)})


def domain_record(domain: Domain) -> dict[str, Any]:
    """Return a domain as all its operations show it: what was not sent with Mailgun's default."""
    owner = {} if domain.account is None else {"subaccount_id": domain.account}
    return {
        "created_at": http_date(created(domain.id)),
        "id": domain.id,
        "is_disabled": domain.state == "disabled",
        "name": domain.name,
        "require_tls": bool(domain.require_tls),
        "skip_verification": bool(domain.skip_verification),
        "smtp_login": f"postmaster@{domain.name}",
        "spam_action": domain.spam_action or "disabled",
        **owner,
        "state": domain.state,
        "type": "sandbox" if domain.is_sandbox else "custom",
        "use_automatic_sender_security": bool(domain.use_automatic_sender_security),
        "web_prefix": domain.web_prefix or "email",
        "web_scheme": domain.web_scheme or "http",
        "wildcard": bool(domain.wildcard),
        "encrypt_incoming_message": bool(domain.encrypt_incoming_message),
        "message_ttl": domain.message_ttl or DAY,
    }


def domain_with_dns(domain: Domain) -> dict[str, Any]:
    return {
        "domain": domain_record(domain),
        "receiving_dns_records": [
            {"is_active": True, **_dns(domain, "MX", host, priority="10")}
            for host in ("mxa.mailgun.org", "mxb.mailgun.org")
        ],
        "sending_dns_records": [
            {"is_active": domain.state == "active", **_dns(domain, kind, value, name=name)}
            for name, kind, value in (
                (f"smtp._domainkey.{domain.name}", "TXT", f"k=rsa; p={_public_key(domain)}"),
                (domain.name, "TXT", "v=spf1 include:mailgun.org ~all"),
                (f"{domain.web_prefix or 'email'}.{domain.name}", "CNAME", "mailgun.org"),
            )
        ],
    }


def _dns(domain: Domain, kind: str, value: str, **more: str) -> dict[str, Any]:
    valid = domain.state == "active"
    return {
        "cached": [value] if valid else [],
        **more,
        "record_type": kind,
        "valid": "valid" if valid else "unknown",
        "value": value,
    }


def _public_key(domain: Domain) -> str:
    """Return something that looks like a public key, and is none."""
    return base64.b64encode(hashlib.sha512(domain.name.encode()).digest()).decode()


# IPs


def ip_list(found: IpList) -> Reply:
    assignable = {} if found.assignable is None else {"assignable_to_pools": list(found.assignable)}
    return ok(
        {
            **assignable,
            "details": [{"ip": ip.ip, "is_on_warmup": True} if warming else {"ip": ip.ip} for ip, warming in found.ips],
            "items": [ip.ip for ip, _ in found.ips],
            "total_count": len(found.ips),
        }
    )


def ip_record(ip: Ip) -> dict[str, Any]:
    name = ip.rdns or f"ip{re.sub('[.:]', '-', ip.ip)}.mailgun.net"
    return {"dedicated": ip.dedicated, "ip": ip.ip, "rdns": name}


def domains_of_ip(domains: Sequence[Domain], total: int) -> Reply:
    items = [{"ips": list(domain.ips), "domain": domain.name} for domain in domains]
    return ok({"items": items, "total_count": total})


def detailed_ip(row: DetailedIp, parent: str) -> dict[str, Any]:
    return {
        "address": row.ip.ip,
        "parent_account_id": parent,
        "account_id": row.account or parent,
        "pool_ids": [row.pool_id] if row.pool_id is not None else [],
        "dedicated": row.ip.dedicated,
        "created_at": show(row.created_at),
        "pool_last_modified_at": show(row.pool_changed_at),
        "domains_last_modified_at": show(row.domains_changed_at),
    }


# Warm-ups


def warmup_page(warmups: Sequence[Warmup], paging: Mapping[str, str]) -> Reply:
    items = [
        {
            "ip": warmup.ip,
            "sent_within_stage": f"{warmup.sent}%",
            "throttle": throttle(warmup),
            "stage_number": warmup.stage,
            "stage_start_volume": warmup.start_volume,
            "stage_start_time": show(warmup.stage_started_at),
            "stage_volume_limit": volume(warmup.stage),
        }
        for warmup in warmups
    ]
    return ok({"items": items, "paging": paging})


def warmup_details(warmup: Warmup) -> Reply:
    stage_started_at = show(warmup.stage_started_at)
    details = {
        "sent_within_stage": f"{warmup.sent}%",
        "throttle": throttle(warmup),
        "start_volume": warmup.start_volume,
        "stage": warmup.stage,
        "stage_limit": volume(warmup.stage),
        "hourly_limit": volume(warmup.stage) // 24,
        "stage_started_at": stage_started_at,
        "hour_started_at": show(warmup.hour_started_at),
        "plan_started_at": show(warmup.started_at),
        "plan_last_updated_at": stage_started_at,
        "total_stages": int(WARMUP_STAGES),
        "stage_history": [
            {"first_updated_at": NEVER, "completed_at": show(when), "limit": limit} for when, limit in warmup.history
        ],
    }
    return ok({"details": details})


def throttle(warmup: Warmup) -> int:
    """Return the documented number of an unknown meaning, which grows with the stages: their share, in percent."""
    return 100 * warmup.stage // WARMUP_STAGES


# Subaccounts


def subaccount_record(subaccount: Subaccount) -> dict[str, Any]:
    made = created(subaccount.id)
    return {
        "id": subaccount.id,
        "name": subaccount.name,
        "created_at": http_date(made),
        "updated_at": http_date(made if subaccount.updated_at is None else subaccount.updated_at),
        "status": subaccount.status,
    }


def listed_subaccount(subaccount: Subaccount) -> dict[str, Any]:
    """Return a subaccount as a list has it: its status comes before the dates."""
    record = subaccount_record(subaccount)
    return {key: record[key] for key in ("id", "name", "status", "created_at", "updated_at")}


def one_subaccount(subaccount: Subaccount) -> Reply:
    return _of_accounts({"subaccount": subaccount_record(subaccount)})


def subaccounts(found: Sequence[Subaccount], total: int) -> Reply:
    return _of_accounts({"subaccounts": [listed_subaccount(each) for each in found], "total": total})


def deleted_subaccount() -> Reply:
    return _of_accounts({"message": "Subaccount successfully deleted"})
