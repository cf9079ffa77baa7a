"""Records as SendGrid sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from . import catalog
from .models import ApiKey, Ip, Pool, Subuser
from .rules import classic_ips, management_ips
from .rules.management_pools import PoolView
from .rules.reverse_dns import Record

# The classic API


def pool_name(pool: Pool) -> dict[str, Any]:
    return {"name": pool.name}


def pool_members(pool: Pool, ips: Iterable[Ip], *, as_objects: bool) -> dict[str, Any]:
    members = [{"ip": ip.ip, "start_date": ip.start_date, "warmup": ip.warmup} if as_objects else ip.ip for ip in ips]
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
        "whitelabeled": ip.is_whitelabeled,
    }


def listed_classic_ip(view: classic_ips.IpView) -> dict[str, Any]:
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


def listed_key(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "api_key_id": key.id}


def named_key(key: ApiKey) -> dict[str, Any]:
    return {"api_key_id": key.id, "name": key.name}


def key_with_scopes(key: ApiKey, scopes: Iterable[str] | None) -> dict[str, Any]:
    """Return a key with scopes; None for full access."""
    return {**named_key(key), "scopes": list(catalog.SCOPES if scopes is None else scopes)}


def new_key(key: ApiKey, credential: str, scopes: Iterable[str] | None) -> dict[str, Any]:
    return {"api_key": credential, **key_with_scopes(key, scopes)}


def subuser(subuser: Subuser, *, region: bool) -> dict[str, Any]:
    return {
        "disabled": subuser.disabled,
        "email": subuser.email,
        "id": int(subuser.id),
        "username": subuser.name,
        **({"region": subuser.region} if region else {}),
    }


def new_subuser(subuser: Subuser, *, region: bool) -> dict[str, Any]:
    return {
        "username": subuser.name,
        "user_id": int(subuser.id),
        "email": subuser.email,
        "credit_allocation": {"type": "unlimited"},
        **({"region": subuser.region} if region else {}),
    }


def reverse_dns(record: Record) -> dict[str, Any]:
    """Return a reverse DNS record. Without a known domain, the name is read as `HOST.SUBDOMAIN.DOMAIN`."""
    ip = record.ip
    name = ip.rdns or ""
    if ip.rdns_domain is not None:
        domain, subdomain = ip.rdns_domain, name.removesuffix(f".{ip.rdns_domain}").partition(".")[2]
    else:
        rest = name.partition(".")[2] or name
        subdomain, _, domain = rest.partition(".")
        if "." not in domain:
            subdomain, domain = "", rest
    return {
        "id": ip.rdns_id,
        "ip": ip.ip,
        "rdns": name,
        "users": [{"username": username, "user_id": int(user_id)} for username, user_id in record.users],
        **({"subdomain": subdomain} if subdomain else {}),
        "domain": domain,
        "valid": ip.rdns_valid,
        "legacy": False,
        "a_record": {"valid": ip.rdns_valid, "type": "a", "host": name, "data": ip.ip},
    }


def validated_reverse_dns(ip: Ip) -> dict[str, Any]:
    a_record = {"valid": ip.rdns_valid, "reason": None}
    return {"id": ip.rdns_id, "valid": ip.rdns_valid, "validation_results": {"a_record": a_record}}


def page_links(url: str, *, limit: int, offset: int, total: int, parameters: Mapping[str, str]) -> str:
    """Return the `Link` header of a page, with the URLs of other pages. That they repeat the parameters is assumed.

    As in the documents' example, the first page has a previous page, itself. That the last has no next one is assumed.
    """
    last = max(0, total - 1) // limit
    current = offset // limit
    pages = {"next": current + 1, "prev": max(0, min(current - 1, last)), "last": last, "first": 0}
    links = []
    for rel, number in pages.items():
        if rel == "next" and number > last:
            continue
        query = urlencode({"limit": limit, "offset": number * limit, **parameters})
        links.append(f'<{url}?{query}>; rel="{rel}"; title="{number + 1}"')
    return ", ".join(links)


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


def managed_ip(view: management_ips.IpView, account: str | None, *, region: bool) -> dict[str, Any]:
    """Return an IP. `is_parent_assigned` is only for the parent account."""
    ip = view.ip
    return {
        "ip": ip.ip,
        **({"is_parent_assigned": ip.parent_assigned} if account is None else {}),
        "is_auto_warmup": ip.warmup,
        "pools": [{"id": pool.id, "name": pool.name} for pool in view.pools],
        "added_at": ip.added_at,
        "updated_at": ip.updated_at,
        "is_enabled": None if ip.leased else ip.enabled,
        "is_leased": ip.leased,
        **({"region": ip.region} if region else {}),
    }


def listed_managed_ip(view: management_ips.IpView, account: str | None, *, region: bool) -> dict[str, Any]:
    """Return an IP of a list, where the documents have its fields in another order."""
    data = managed_ip(view, account, region=region)
    names = ("ip", "pools", "is_auto_warmup", "is_parent_assigned", "updated_at", "is_enabled", "is_leased", "added_at")
    pools = [{"name": pool["name"], "id": pool["id"]} for pool in data["pools"]]
    return {**{name: data[name] for name in (*names, "region") if name in data}, "pools": pools}


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


def pool_with_ips(pool: Pool, ips: Iterable[str]) -> dict[str, Any]:
    return {**managed_pool(pool), "ips": list(ips)}


def assigned_subusers(ip: Ip, subusers: Sequence[str]) -> dict[str, Any]:
    return {"ip": ip.ip, "subusers": list(subusers)}


def page(items: Sequence[Any], keys: Mapping[str, str | None], *, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page, with the keys of its neighbours and the request's own parameters."""
    return {"result": items, "_metadata": {"next_params": {**keys, **parameters}}}
