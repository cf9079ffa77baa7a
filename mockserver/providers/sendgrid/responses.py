"""Records as SendGrid sends them: JSON objects, and the header of paged lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from . import catalog
from .models import Ip, Pool, State, Subuser
from .rules import classic_ips, management_ips
from .rules.management_pools import PoolView

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


def links(url: str, *, limit: int, offset: int, total: int, filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the header with the neighbouring pages of a list at a URL; that it repeats the filters is assumed.

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
        shown.append(f'<{url}?{query}>; rel="{rel}"; title="{number + 1}"')
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


def page(items: Sequence[Any], keys: Mapping[str, str | None], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page; `keys` are those of the neighbouring pages, `parameters` the request's own, repeated."""
    return {"result": items, "_metadata": {"next_params": {**keys, **parameters}}}
