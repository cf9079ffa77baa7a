"""Records as Mailgun sends them: JSON objects."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug.http import http_date

from ...core.clock import format_rfc3339
from .catalog import WARMUP_STAGES
from .models import Domain, Ip, Link, Pool, Subaccount, created
from .rules.ips import DetailedIp, IpList
from .rules.pools import PoolView
from .rules.warmups import Warmup, volume

DAY = 86_400
"""How long a message is kept, in seconds, where nothing else is said: the specification's example."""
NEVER = "0001-01-01T00:00:00Z"
"""The time that Go's zero value is sent as; documented examples have it."""


def success() -> dict[str, Any]:
    return {"message": "success"}


def started(reference_id: str) -> dict[str, Any]:
    return {"message": "started", "reference_id": reference_id}


# Pools


def listed_pool(view: PoolView) -> dict[str, Any]:
    metadata = {}
    if view.since is not None:
        metadata = {
            "metadata": {"assignments": {ip: {"linked_at": format_rfc3339(when)} for ip, when in view.since.items()}}
        }
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


def link_page(links: Iterable[Link], paging: Mapping[str, str]) -> dict[str, Any]:
    return {"paging": paging, "domains": [{"id": link.domain_id, "name": link.domain} for link in links]}


def delegations(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    items = [{"pool_id": pool_id, "subaccount_id": subaccount_id} for subaccount_id, pool_id in pairs]
    return {"items": items, "total_count": len(items)}


# Domains


def domain_ips(domain: Domain) -> dict[str, Any]:
    return {"items": list(domain.ips), "total_count": len(domain.ips)}


def domain(domain: Domain) -> dict[str, Any]:
    """Show a domain as all its operations do: what was not sent with Mailgun's default."""
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
                (f"smtp._domainkey.{each.name}", "TXT", f"k=rsa; p={_public_key(each)}"),
                (each.name, "TXT", "v=spf1 include:mailgun.org ~all"),
                (f"{each.web_prefix or 'email'}.{each.name}", "CNAME", "mailgun.org"),
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


def ip_list(found: IpList) -> dict[str, Any]:
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


# Warm-ups


def warmup_page(warmups: Iterable[Warmup], paging: Mapping[str, str]) -> dict[str, Any]:
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
        for warmup in warmups
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
        "hourly_limit": volume(warmup.stage) // 24,
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
    """Return the documented number of an unknown meaning, which grows with the stages: their share, in percent."""
    return 100 * warmup.stage // WARMUP_STAGES


# Subaccounts


def subaccount(subaccount: Subaccount) -> dict[str, Any]:
    made = created(subaccount.id)
    return {
        "id": subaccount.id,
        "name": subaccount.name,
        "created_at": http_date(made),
        "updated_at": http_date(made if subaccount.updated_at is None else subaccount.updated_at),
        "status": subaccount.status,
    }


def listed_subaccount(each: Subaccount) -> dict[str, Any]:
    """Show a subaccount among others: its status comes before the dates."""
    shown = subaccount(each)
    return {name: shown[name] for name in ("id", "name", "status", "created_at", "updated_at")}
