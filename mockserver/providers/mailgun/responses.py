"""Records as Mailgun sends them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug.http import http_date

from ...core.clock import format_rfc3339
from ...core.outbox import Message
from .catalog import WARMUP_STAGES
from .models import Domain, Ip, Link, Pool, SmtpCredential, Subaccount, created_at
from .rules.ips import DetailedIp, IpList
from .rules.pools import PoolView
from .rules.warmups import Warmup, volume

MESSAGE_TTL = 86_400
"""The default `message_ttl`, in seconds: the specification's example."""
DKIM_SELECTOR = "smtp"
"""The default selector, as recorded."""
HTML_FOOTER = '\n<br>\n<p><a href="%unsubscribe_url%">unsubscribe</a></p>\n'
TEXT_FOOTER = "\n\nTo unsubscribe click: <%unsubscribe_url%>\n\n"
"""The default footers, as recorded."""
TRACKING_CHANGED = "Domain tracking settings have been updated"
PASSWORD_NOTE = "Please store your new password(s) now. You won't be able to see it anymore."
NEVER = "0001-01-01T00:00:00Z"
"""The zero value of times in Go, as in documented examples."""


def success() -> dict[str, Any]:
    return {"message": "success"}


def started(reference_id: str) -> dict[str, Any]:
    return {"message": "started", "reference_id": reference_id}


def page_links(url: str, *, cursor: str, limit: int) -> dict[str, str]:
    """Return the URLs of the first page, and of the page after `cursor`."""
    return {"first": f"{url}?page={page_token('', limit)}", "next": f"{url}?page={page_token(cursor, limit)}"}


def page_token(cursor: str, limit: int) -> str:
    """Return the opaque token of the page after `cursor`. Documented ones are base64 of JSON that begins with `c`."""
    text = json.dumps({"cursor": cursor, "limit": limit}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def new_ip_allowance(dedicated: int) -> dict[str, Any]:
    return {"allowed": {"dedicated": dedicated, "shared": 0}}


# Pools


def listed_pool(view: PoolView) -> dict[str, Any]:
    metadata = {}
    if view.since is not None:
        assignments = {ip: {"linked_at": format_rfc3339(when)} for ip, when in view.since.items()}
        metadata = {"metadata": {"assignments": assignments}}
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


def new_pool(pool: Pool) -> dict[str, Any]:
    return {"message": "success", "pool_id": pool.pool_id}


def pool_domains(links: Iterable[Link], paging: Mapping[str, str]) -> dict[str, Any]:
    return {"paging": paging, "domains": [{"id": link.domain_id, "name": link.domain} for link in links]}


def delegations(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    items = [{"pool_id": pool_id, "subaccount_id": subaccount_id} for subaccount_id, pool_id in pairs]
    return {"items": items, "total_count": len(items)}


# Domains


def domain_ips(domain: Domain) -> dict[str, Any]:
    return {"items": list(domain.ips), "total_count": len(domain.ips)}


def domain(domain: Domain) -> dict[str, Any]:
    """Return a domain. A setting that was not sent has Mailgun's default."""
    owner = {} if domain.account is None else {"subaccount_id": domain.account}
    return {
        "created_at": http_date(created_at(domain.id)),
        "id": domain.id,
        "is_disabled": domain.state == "disabled",
        "name": domain.name,
        "require_tls": bool(domain.require_tls),
        "skip_verification": bool(domain.skip_verification),
        "smtp_login": domain.smtp_login,
        "spam_action": domain.spam_action or "disabled",
        **owner,
        "state": domain.state,
        "type": "sandbox" if domain.is_sandbox else "custom",
        "use_automatic_sender_security": bool(domain.use_automatic_sender_security),
        "web_prefix": domain.web_prefix or "email",
        "web_scheme": domain.web_scheme or "http",
        "wildcard": bool(domain.wildcard),
        "encrypt_incoming_message": bool(domain.encrypt_incoming_message),
        "message_ttl": domain.message_ttl or MESSAGE_TTL,
    }


def domain_with_dns(each: Domain) -> dict[str, Any]:
    return {
        "domain": domain(each),
        "receiving_dns_records": [
            {"is_active": True, **_dns(each, "MX", host, priority="10")}
            for host in ("mxa.mailgun.org", "mxb.mailgun.org")
        ],
        "sending_dns_records": [
            {"is_active": each.state == "active", **_dns(each, kind, value, name=name)}
            for name, kind, value in (
                (
                    f"{each.dkim_selector or DKIM_SELECTOR}._domainkey.{each.name}",
                    "TXT",
                    f"k=rsa; p={_public_key(each)}",
                ),
                (each.name, "TXT", "v=spf1 include:mailgun.org ~all"),
                (f"{each.web_prefix or 'email'}.{each.name}", "CNAME", "mailgun.org"),
            )
        ],
    }


def verified_domain(each: Domain) -> dict[str, Any]:
    """Return a domain after its verification, where the records have another order."""
    data = domain_with_dns(each)
    return {name: data[name] for name in ("domain", "sending_dns_records", "receiving_dns_records")}


def connection(domain: Domain, *, flat: bool) -> dict[str, Any]:
    settings = _connection(domain)
    return settings if flat else {"connection": settings}


def changed_connection(domain: Domain, *, flat: bool) -> dict[str, Any]:
    settings = _connection(domain).items()
    return {
        "message": "Domain connection settings have been updated, may take 10 minutes to fully propagate",
        **{name if flat else name.replace("_", "-"): value for name, value in settings},
    }


def _connection(domain: Domain) -> dict[str, bool]:
    return {"require_tls": bool(domain.require_tls), "skip_verification": bool(domain.skip_verification)}


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
    """Return a placeholder in the format of a public key."""
    return base64.b64encode(hashlib.sha512(domain.name.encode()).digest()).decode()


# Tracking


def tracking(domain: Domain) -> dict[str, Any]:
    return {
        "tracking": {
            "open": open_tracking(domain),
            "click": click_tracking(domain),
            "unsubscribe": unsubscribe_tracking(domain),
            "web_scheme": domain.web_scheme or "http",
        }
    }


def open_tracking(domain: Domain) -> dict[str, Any]:
    return {"active": bool(domain.open_tracking), "place_at_the_top": bool(domain.open_at_the_top)}


def click_tracking(domain: Domain) -> dict[str, Any]:
    return {"active": bool(domain.click_tracking)}


def unsubscribe_tracking(domain: Domain) -> dict[str, Any]:
    return {
        "active": bool(domain.unsubscribe_tracking),
        "html_footer": domain.html_footer or HTML_FOOTER,
        "text_footer": domain.text_footer or TEXT_FOOTER,
    }


# SMTP credentials


def credential(each: SmtpCredential) -> dict[str, Any]:
    """Return a credential. Its time has a numeric offset, unlike other times."""
    created = http_date(each.created_at).replace("GMT", "+0000")
    return {"mailbox": each.login, "login": each.login, "created_at": created, "size_bytes": None}


def new_passwords(message: str, passwords: Mapping[str, str]) -> dict[str, Any]:
    """Return a message, and the passwords that the server generated, by login."""
    return {"message": message, **({"note": PASSWORD_NOTE, "credentials": passwords} if passwords else {})}


# IPs


def ips(found: IpList) -> dict[str, Any]:
    assignable = {} if found.assignable is None else {"assignable_to_pools": list(found.assignable)}
    return {
        **assignable,
        "details": [{"ip": ip.ip, "is_on_warmup": True} if warming else {"ip": ip.ip} for ip, warming in found.ips],
        "items": [ip.ip for ip, _ in found.ips],
        "total_count": len(found.ips),
    }


def ip(ip: Ip) -> dict[str, Any]:
    name = ip.rdns or f"ip{re.sub('[.:]', '-', ip.ip)}.mailgun.net"
    return {"dedicated": ip.dedicated, "ip": ip.ip, "rdns": name}


def domains_of_ip(domains: Iterable[Domain], total: int) -> dict[str, Any]:
    items = [{"ips": list(domain.ips), "domain": domain.name} for domain in domains]
    return {"items": items, "total_count": total}


def detailed_ip(row: DetailedIp, parent: str) -> dict[str, Any]:
    return {
        "address": row.ip.ip,
        "parent_account_id": parent,
        "account_id": row.account or parent,
        "pool_ids": [row.pool_id] if row.pool_id is not None else [],
        "dedicated": row.ip.dedicated,
        "created_at": format_rfc3339(row.created_at),
        "pool_last_modified_at": format_rfc3339(row.pool_changed_at),
        "domains_last_modified_at": format_rfc3339(row.domains_changed_at),
    }


# Sending


def queued(message: Message) -> dict[str, str]:
    return {"id": message.message_id, "message": "Queued. Thank you."}


# Warm-ups


def warmups(found: Iterable[Warmup], paging: Mapping[str, str]) -> dict[str, Any]:
    items = [
        {
            "ip": warmup.ip,
            "sent_within_stage": f"{warmup.sent}%",
            "throttle": _throttle(warmup),
            "stage_number": warmup.stage,
            "stage_start_volume": warmup.start_volume,
            "stage_start_time": format_rfc3339(warmup.stage_started_at),
            "stage_volume_limit": volume(warmup.stage),
        }
        for warmup in found
    ]
    return {"items": items, "paging": paging}


def warmup_details(warmup: Warmup) -> dict[str, Any]:
    stage_started_at = format_rfc3339(warmup.stage_started_at)
    details = {
        "sent_within_stage": f"{warmup.sent}%",
        "throttle": _throttle(warmup),
        "start_volume": warmup.start_volume,
        "stage": warmup.stage,
        "stage_limit": volume(warmup.stage),
        "hourly_limit": warmup.hourly_limit,
        "stage_started_at": stage_started_at,
        "hour_started_at": format_rfc3339(warmup.hour_started_at),
        "plan_started_at": format_rfc3339(warmup.started_at),
        "plan_last_updated_at": stage_started_at,
        "total_stages": int(WARMUP_STAGES),
        "stage_history": [
            {"first_updated_at": NEVER, "completed_at": format_rfc3339(when), "limit": limit}
            for when, limit in warmup.history
        ],
    }
    return {"details": details}


def _throttle(warmup: Warmup) -> int:
    """Return a documented number whose meaning is unknown; assumed is the share of the stages, in percent."""
    return 100 * warmup.stage // WARMUP_STAGES


# Subaccounts


def subaccount(subaccount: Subaccount) -> dict[str, Any]:
    created = created_at(subaccount.id)
    return {
        "id": subaccount.id,
        "name": subaccount.name,
        "created_at": http_date(created),
        "updated_at": http_date(created if subaccount.updated_at is None else subaccount.updated_at),
        "status": subaccount.status,
    }


def listed_subaccount(each: Subaccount) -> dict[str, Any]:
    """Return a subaccount of a list, where the documents have its fields in another order."""
    data = subaccount(each)
    return {name: data[name] for name in ("id", "name", "status", "created_at", "updated_at")}
