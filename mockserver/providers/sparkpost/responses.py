"""Records as SparkPost sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from ...core.errors import ApiError
from ...core.profiles import Profile
from . import catalog
from .models import Pool, SendingIp, Subaccount
from .rules.sending_ips import stage
from .rules.subaccounts import NewKey, Page
from .rules.transmissions import Recipients

# Errors


def error(error: ApiError, *, has_description: bool) -> dict[str, Any]:
    """Return an error. `has_description` is for one with a class: whether the class is sent as well."""
    details = error.entry.details
    data: dict[str, Any] = {"message": error.message}
    if "class" in details and has_description:
        data = {"message": details["class"], "description": error.message}
    data |= {name: error.detail(name) for name in ("code", "param") if name in details}
    if "value" in error.entry.echoes:
        data["value"] = error.values["value"]
    return data


# Pools


def pool(pool: Pool, ips: Iterable[SendingIp], *, profile: Profile, now: float) -> dict[str, Any]:
    members = [
        {"external_ip": ip.external_ip, "hostname": ip.hostname, **_warmup(ip, profile=profile, now=now)} for ip in ips
    ]
    return {"id": pool.id, "name": pool.name, **_fbl_signing_domain(pool), "ips": members, **_newer(pool, profile)}


def listed_pool(record: Pool, ips: Iterable[SendingIp], *, profile: Profile, now: float) -> dict[str, Any]:
    """Return a pool of a list, where the newer document has its fields in another order."""
    data = pool(record, ips, profile=profile, now=now)
    if not profile[catalog.SIGNING_DOMAIN]:
        return data
    last = ("signing_domain", "fbl_signing_domain", "auto_warmup_overflow_pool")
    return {name: data[name] for name in ("id", "name", "ips", *last) if name in data}


def new_pool(pool: Pool) -> dict[str, Any]:
    return {"id": pool.id}


def updated_pool(pool: Pool, *, profile: Profile) -> dict[str, Any]:
    return {"name": pool.name, **_fbl_signing_domain(pool), "id": pool.id, **_newer(pool, profile)}


def _fbl_signing_domain(pool: Pool) -> dict[str, str]:
    return {} if pool.fbl_signing_domain is None else {"fbl_signing_domain": pool.fbl_signing_domain}


def _newer(pool: Pool, profile: Profile) -> dict[str, str]:
    """Return the fields of a pool that only newer documents have, if they are set."""
    data: dict[str, str] = {}
    if profile[catalog.SIGNING_DOMAIN] and pool.signing_domain is not None:
        data["signing_domain"] = pool.signing_domain
    if profile[catalog.AUTO_WARMUP] and pool.auto_warmup_overflow_pool is not None:
        data["auto_warmup_overflow_pool"] = pool.auto_warmup_overflow_pool
    return data


# Sending IPs


def sending_ip(ip: SendingIp, *, profile: Profile, now: float) -> dict[str, Any]:
    return {
        "external_ip": ip.external_ip,
        "hostname": ip.hostname,
        "ip_pool": ip.ip_pool,
        "customer_provided": ip.customer_provided,
        **_warmup(ip, profile=profile, now=now),
    }


def _warmup(ip: SendingIp, *, profile: Profile, now: float) -> dict[str, Any]:
    """Return the warm-up of an IP at a time; no fields under a profile without warm-up."""
    if not profile[catalog.AUTO_WARMUP]:
        return {}
    current = stage(ip, now)
    if current is None:
        return {"auto_warmup_enabled": False}
    return {"auto_warmup_enabled": True, "auto_warmup_stage": current}


# Subaccounts


def new_subaccount(subaccount: Subaccount, key: NewKey | None) -> dict[str, Any]:
    if key is None:
        return {"subaccount_id": subaccount.id}
    return {"subaccount_id": subaccount.id, "key": key.key, "label": key.label, "short_key": key.key[:4]}


def subaccount(subaccount: Subaccount) -> dict[str, Any]:
    return {
        "id": subaccount.id,
        "name": subaccount.name,
        "status": subaccount.status,
        "compliance_status": subaccount.compliance_status,
        **_ip_pool(subaccount),
        "options": {"deliverability": subaccount.deliverability},
    }


def listed_subaccount(subaccount: Subaccount) -> dict[str, Any]:
    """Return a subaccount of a list, where the documents have its fields in another order."""
    return {
        "id": subaccount.id,
        "name": subaccount.name,
        "status": subaccount.status,
        **_ip_pool(subaccount),
        "compliance_status": subaccount.compliance_status,
        "options": {"deliverability": subaccount.deliverability},
    }


def _ip_pool(subaccount: Subaccount) -> dict[str, str]:
    return {} if subaccount.ip_pool is None else {"ip_pool": subaccount.ip_pool}


def page(page: Page, links: Mapping[str, str]) -> dict[str, Any]:
    return {
        "results": [listed_subaccount(each) for each in page.subaccounts],
        "total_count": page.total,
        "links": links,
    }


def page_links(path: str, *, cursor: str | None, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the link to the next page, which repeats the request's parameters. The documented one is a path."""
    if cursor is None:
        return {}
    query = {"cursor": cursor} | {name: text for name, text in parameters.items() if name != "cursor"}
    return {"next": f"{path}?{urlencode(query)}"}


# Transmissions


def transmission(
    transmission_id: str, recipients: Recipients, *, max_errors: int | None, has_description: bool
) -> dict[str, Any]:
    """Return a new transmission, with the errors of rejected recipients, at most `max_errors`."""
    results: dict[str, Any] = {
        "total_rejected_recipients": recipients.rejected,
        "total_accepted_recipients": len(recipients.accepted),
        "id": transmission_id,
    }
    if not recipients.errors:
        return {"results": results}
    errors = [error(each, has_description=has_description) for each in recipients.errors[:max_errors]]
    return {
        "errors": [{"message": "transmission created, but with validation errors", "code": "2000"}],
        "results": {"rcpt_to_errors": errors, **results},
    }
