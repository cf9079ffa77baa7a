"""The real service of SparkPost: requests of `mockserver drift`, and how to read an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ...web.service import Getter, ScriptRequest, Service
from . import catalog


def read(account: Getter) -> dict[str, Any]:
    """Return an account as a section of a seed."""
    optional = ("fbl_signing_domain", "signing_domain", "auto_warmup_overflow_pool")
    return {
        "ip_pools": [
            {"id": pool["id"], "name": pool["name"], **{key: pool[key] for key in optional if pool.get(key)}}
            for pool in account.get("/api/v1/ip-pools")["results"]
        ],
        "sending_ips": [_sending_ip(each) for each in account.get("/api/v1/sending-ips")["results"]],
        "subaccounts": [_subaccount(each) for each in _subaccounts(account)],
    }


def pools(account: Getter) -> Mapping[str, str]:
    """Return the names of the account's pools by id."""
    return {each["id"]: each["name"] for each in account.get("/api/v1/ip-pools")["results"]}


def _sending_ip(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("external_ip", "hostname", "ip_pool", "customer_provided")
    stage = {"auto_warmup_stage": found["auto_warmup_stage"]} if found.get("auto_warmup_enabled") else {}
    return {**{name: found[name] for name in names if found.get(name) is not None}, **stage}


def _subaccount(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "name", "status", "ip_pool", "compliance_status")
    options = found.get("options") or {}
    deliverability = {"deliverability": options["deliverability"]} if "deliverability" in options else {}
    return {**{name: found[name] for name in names if found.get(name) is not None}, **deliverability}


def _subaccounts(account: Getter) -> list[dict[str, Any]]:
    """Return the subaccounts of all pages; none if the key has no access to them."""
    items: list[dict[str, Any]] = []
    query: dict[str, object] = {"per_page": int(catalog.MAX_PAGE_SIZE)}
    while True:
        page = account.find("/api/v1/subaccounts", **query)
        items += [] if page is None else page["results"]
        following = "" if page is None else (page.get("links") or {}).get("next", "")
        cursor = parse_qs(urlsplit(following).query).get("cursor")
        if cursor is None or query.get("cursor") == cursor[0]:
            return items
        query["cursor"] = cursor[0]


_POOLS, _IPS = "/api/v1/ip-pools", "/api/v1/sending-ips"

SERVICE = Service(
    base_url="https://api.sparkpost.com",
    reads=(_POOLS, _IPS, "/api/v1/subaccounts"),
    read=read,
    pools=pools,
    delete_pool=f"{_POOLS}/{{pool}}",
    probes=(
        ScriptRequest("no key", "GET", _POOLS),
        ScriptRequest("unknown path", "GET", "/api/v1/mockserver-drift"),
        ScriptRequest("wrong method", "PUT", _POOLS),
    ),
    script=(
        ScriptRequest("list IPs", "GET", _IPS, learns={"ip": "/results/0/external_ip"}),
        ScriptRequest("read an IP", "GET", f"{_IPS}/{{ip}}"),
        ScriptRequest("list pools", "GET", _POOLS),
        ScriptRequest("create a pool", "POST", _POOLS, json={"name": "{name}"}, learns={"pool": "/results/id"}),
        ScriptRequest("create a pool without a name", "POST", _POOLS, json={}),
        ScriptRequest("read the pool", "GET", f"{_POOLS}/{{pool}}"),
        ScriptRequest("list pools with the new one", "GET", _POOLS),
        ScriptRequest("rename the pool", "PUT", f"{_POOLS}/{{pool}}", json={"name": "{renamed}"}),
        ScriptRequest("rename a missing pool", "PUT", f"{_POOLS}/{{missing}}", json={"name": "{name}"}),
        ScriptRequest("read a missing pool", "GET", f"{_POOLS}/{{missing}}"),
        ScriptRequest("delete the pool", "DELETE", f"{_POOLS}/{{pool}}"),
        ScriptRequest("delete the pool again", "DELETE", f"{_POOLS}/{{pool}}"),
        ScriptRequest("read the pool after its end", "GET", f"{_POOLS}/{{pool}}"),
    ),
    stable=frozenset(
        {"message", "description", "code", "param", "value", "status", "compliance_status", "auto_warmup_stage"}
        | {"total_count"}
    ),
    identifiers=frozenset({"id", "name", "external_ip", "hostname", "ip_pool", "auto_warmup_overflow_pool"}),
    kept=rf"\A{catalog.DEFAULT_POOL}\Z|\A{catalog.SHARED_POOL}\Z|\.sparkpostmail\.com\Z",
)
