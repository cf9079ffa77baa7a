"""The real service of SendGrid: requests of `mockserver drift`, and how to read an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ...web.service import Getter, ScriptRequest, Service, pages
from . import catalog

PAGE = 100


def read(account: Getter) -> dict[str, Any]:
    """Return an account as a section of a seed. Subusers and managed IPs are read if the key may read them."""
    classic = list(pages(account, "/v3/ips", lambda page: page, PAGE))
    managed = {each["ip"]: each for each in _managed(account, "/v3/send_ips/ips", include_region="true")}
    ids = {each["name"]: each["id"] for each in _managed(account, "/v3/send_ips/pools")}
    members = {name: _members(account, name) for name in pools(account)}
    pooled = {ip for addresses in members.values() for ip in addresses}
    has_subusers = account.find("/v3/subusers", limit=1) is not None
    subusers = list(pages(account, "/v3/subusers", lambda page: page, PAGE)) if has_subusers else []
    remaining = account.find("/v3/ips/remaining")
    known = {each["username"] for each in subusers}
    parents = {name for each in classic for name in each["subusers"] if name not in known}
    return {
        **({"username": parents.pop()} if has_subusers and len(parents) == 1 else {}),
        **({} if remaining is None else {"remaining_ips": remaining["results"][0]["remaining"]}),
        "subusers": [_subuser(each) for each in subusers],
        "ips": [_ip(each, managed.get(each["ip"], {}), each["ip"] in pooled, known) for each in classic],
        "pools": [
            {**({"id": ids[name]} if name in ids else {}), "name": name, "ips": ips} for name, ips in members.items()
        ],
    }


def pools(account: Getter) -> Mapping[str, str]:
    """Return the names of the account's pools, which address them in the classic API."""
    return {each["name"]: each["name"] for each in account.get("/v3/ips/pools")}


def _members(account: Getter, name: str) -> list[str]:
    """Return the IPs of a pool, which are texts or objects."""
    found = account.get(f"/v3/ips/pools/{quote(name, safe='')}")["ips"]
    return [each["ip"] if isinstance(each, dict) else each for each in found]


def _managed(account: Getter, path: str, **query: object) -> list[dict[str, Any]]:
    """Return the items of all pages of a list of IP Address Management."""
    items: list[dict[str, Any]] = []
    after: dict[str, object] = {}
    while True:
        page = account.find(path, limit=PAGE, **after, **query)
        items += [] if page is None else page["result"]
        key = None if page is None else page["_metadata"]["next_params"].get("after_key")
        if key in (None, 0, "0", "") or after == {"after_key": key}:
            return items
        after = {"after_key": key}


def _ip(classic: Mapping[str, Any], managed: Mapping[str, Any], in_pool: bool, known: set[str]) -> dict[str, Any]:
    """Return an IP of a seed. What IP Address Management alone returns has its default without it."""
    data: dict[str, Any] = {"ip": classic["ip"], "subusers": [each for each in classic["subusers"] if each in known]}
    if classic.get("rdns"):
        data |= {"rdns": classic["rdns"]}
        data |= {} if classic["whitelabeled"] or in_pool else {"rdns_valid": False}
    if classic["warmup"]:
        data |= {"warmup": True}
    for name, found in (
        ("start_date", classic.get("start_date")),
        ("added_at", managed.get("added_at") or classic.get("assigned_at")),
        ("updated_at", managed.get("updated_at")),
        ("region", managed.get("region")),
        ("leased", managed.get("is_leased")),
        ("parent_assigned", managed.get("is_parent_assigned")),
        ("enabled", managed.get("is_enabled")),
    ):
        if found not in (None, "all"):
            data[name] = found
    return data


def _subuser(found: Mapping[str, Any]) -> dict[str, Any]:
    data = {"name": found["username"], "id": str(found["id"]), "email": found["email"], "disabled": found["disabled"]}
    return {**data, **({"region": found["region"]} if "region" in found else {})}


_CLASSIC, _MANAGED = "/v3/ips/pools", "/v3/send_ips/pools"

SERVICE = Service(
    base_url="https://api.sendgrid.com",
    reads=(
        "/v3/ips",
        "/v3/ips/pools",
        "/v3/ips/pools/{pool_name}",
        "/v3/ips/remaining",
        "/v3/send_ips/ips",
        "/v3/send_ips/pools",
        "/v3/subusers",
    ),
    read=read,
    pools=pools,
    delete_pool="/v3/ips/pools/{pool}",
    probes=(
        ScriptRequest("no key", "GET", _CLASSIC),
        ScriptRequest("unknown path", "GET", "/v3/mockserver-drift"),
        ScriptRequest("wrong method", "PATCH", _CLASSIC),
        ScriptRequest("no key, IP Address Management", "GET", _MANAGED),
    ),
    script=(
        ScriptRequest("list IPs", "GET", f"/v3/ips?limit={int(catalog.MAX_CLASSIC_PAGE)}", learns={"ip": "/0/ip"}),
        ScriptRequest("read an IP", "GET", "/v3/ips/{ip}"),
        ScriptRequest("list pools", "GET", _CLASSIC),
        ScriptRequest("create a pool", "POST", _CLASSIC, json={"name": "{name}"}),
        ScriptRequest("create the pool again", "POST", _CLASSIC, json={"name": "{name}"}),
        ScriptRequest("create a pool without a name", "POST", _CLASSIC, json={}),
        ScriptRequest("read the pool", "GET", f"{_CLASSIC}/{{name}}"),
        ScriptRequest("list pools with the new one", "GET", _CLASSIC),
        ScriptRequest("rename the pool", "PUT", f"{_CLASSIC}/{{name}}", json={"name": "{renamed}"}),
        ScriptRequest("read the pool by its old name", "GET", f"{_CLASSIC}/{{name}}"),
        ScriptRequest("rename a missing pool", "PUT", f"{_CLASSIC}/{{missing}}", json={"name": "{name}"}),
        ScriptRequest("delete the pool", "DELETE", f"{_CLASSIC}/{{renamed}}"),
        ScriptRequest("delete the pool again", "DELETE", f"{_CLASSIC}/{{renamed}}"),
        ScriptRequest("create a managed pool", "POST", _MANAGED, json={"name": "{name}"}, learns={"pool": "/id"}),
        ScriptRequest("create the managed pool again", "POST", _MANAGED, json={"name": "{name}"}),
        ScriptRequest("create a managed pool without a name", "POST", _MANAGED, json={}),
        ScriptRequest("read the managed pool", "GET", f"{_MANAGED}/{{pool}}"),
        ScriptRequest("list its IPs", "GET", f"{_MANAGED}/{{pool}}/ips"),
        ScriptRequest("list managed pools", "GET", f"{_MANAGED}?limit=100"),
        ScriptRequest("rename the managed pool", "PUT", f"{_MANAGED}/{{pool}}", json={"name": "{renamed}"}),
        ScriptRequest("delete the managed pool", "DELETE", f"{_MANAGED}/{{pool}}"),
        ScriptRequest("read the managed pool after its end", "GET", f"{_MANAGED}/{{pool}}"),
    ),
    stable=frozenset(
        {"message", "field", "error", "help", "region", "is_enabled", "is_leased", "warmup", "total_ip_count", "count"}
        | {"remaining_ips", "remaining", "disabled", "limit"}
    ),
    identifiers=frozenset({"ip", "ips", "id", "name", "pool_name", "pools", "subusers", "rdns", "ips_preview"}),
    kept=r"\.sendgrid\.net\Z|\Aall\Z",
    pool_limit=int(catalog.MAX_POOLS),
)
