"""The real service of Mailgun: requests of `mockserver drift`, and how to read an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ...web.service import Getter, ScriptRequest, Service
from . import catalog

PAGE = 100
SETTINGS = (
    *("encrypt_incoming_message", "message_ttl", "require_tls", "skip_verification", "spam_action"),
    *("use_automatic_sender_security", "web_scheme", "wildcard"),
)
"""The settings of a domain, of fixed values, that the list of domains has."""


def read(account: Getter) -> dict[str, Any]:
    """Return an account, without its inherited pools, as a section of a seed."""
    listed = account.find("/v3/ip_pools")
    pools = [] if listed is None else [each for each in listed["ip_pools"] if not each.get("is_inherited")]
    linked = {name: pool["pool_id"] for pool in pools for name in _linked(account, pool["pool_id"])}
    domains = list(_items(account, "/v4/domains", "items"))
    found = account.get("/v3/ips")
    warming = {each["ip"] for each in found.get("details") or () if each.get("is_on_warmup")}
    ips = [_ip(account.get(f"/v3/ips/{quote(ip, safe='')}"), warming) for ip in found["items"]]
    detailed = account.find("/v3/ips/details/all", limit=1)
    allowance = account.find("/v3/ips/request/new")
    features = {catalog.DIPPS: listed, catalog.DETAILED_VIEW: detailed}
    subaccounts = list(_items(account, "/v5/accounts/subaccounts", "subaccounts"))
    return {
        "features": [name for name, answer in features.items() if answer is not None],
        "eligible_for_shared_ips": any(not ip["dedicated"] for ip in ips),
        **({} if allowance is None else {"new_dedicated_ips": allowance["allowed"]["dedicated"]}),
        "subaccounts": [{name: each[name] for name in ("id", "name", "status")} for each in subaccounts],
        "ips": ips,
        "ip_pools": [{name: pool[name] for name in ("pool_id", "name", "description", "ips")} for pool in pools],
        "domains": [_domain(account, each, linked) for each in domains],
    }


def pools(account: Getter) -> Mapping[str, str]:
    """Return the names of the account's own pools by id."""
    listed = account.find("/v3/ip_pools") or {"ip_pools": []}
    return {each["pool_id"]: each["name"] for each in listed["ip_pools"] if not each.get("is_inherited")}


def _items(account: Getter, path: str, key: str) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages of a list; none if the key has no access to it."""
    skip = 0
    while (page := account.find(path, limit=PAGE, skip=skip)) is not None:
        yield from page[key]
        skip += PAGE
        if len(page[key]) < PAGE:
            return


def _linked(account: Getter, pool_id: str) -> list[str]:
    linked: list[str] = account.get(f"/v3/ip_pools/{quote(pool_id, safe='')}")["details"].get("linked_domains") or []
    return linked


def _ip(found: Mapping[str, Any], warming: set[str]) -> dict[str, Any]:
    data = {"ip": found["ip"], "dedicated": found["dedicated"], "rdns": found["rdns"]}
    return {**data, **({"warmup": True} if found["dedicated"] and found["ip"] in warming else {})}


def _domain(account: Getter, found: Mapping[str, Any], linked: Mapping[str, str]) -> dict[str, Any]:
    """Return a domain of a seed, with the pool that it is linked to, or else its IPs."""
    name = found["name"]
    data = {"id": found["id"], "name": name, "state": found["state"]}
    data |= {each: found[each] for each in (*SETTINGS, "web_prefix") if found.get(each) is not None}
    if name in linked:
        return {**data, "pool_id": linked[name]}
    ips = account.find(f"/v3/domains/{quote(name, safe='')}/ips")
    return data if ips is None else {**data, "ips": ips["items"]}


_POOLS = "/v3/ip_pools"
_FORM = {"name": "{name}", "description": "A pool of mockserver drift"}

SERVICE = Service(
    base_url="https://api.mailgun.net",
    reads=(
        "/v3/domains/{domain}/ips",
        _POOLS,
        f"{_POOLS}/{{pool_id}}",
        "/v3/ips",
        "/v3/ips/{ip}",
        "/v3/ips/details/all",
        "/v3/ips/request/new",
        "/v4/domains",
        "/v5/accounts/subaccounts",
    ),
    read=read,
    pools=pools,
    delete_pool=f"{_POOLS}/{{pool}}",
    probes=(
        ScriptRequest("no key", "GET", _POOLS),
        ScriptRequest("unknown path", "GET", "/v3/mockserver-drift/none"),
        ScriptRequest("wrong method", "PUT", _POOLS),
    ),
    script=(
        ScriptRequest("list IPs", "GET", "/v3/ips", learns={"ip": "/items/0"}),
        ScriptRequest("read an IP", "GET", "/v3/ips/{ip}"),
        ScriptRequest("list pools", "GET", _POOLS),
        ScriptRequest("create a pool", "POST", _POOLS, form=_FORM, learns={"pool": "/pool_id"}),
        ScriptRequest("create a pool without a description", "POST", _POOLS, form={"name": "{name}"}),
        ScriptRequest("read the pool", "GET", f"{_POOLS}/{{pool}}"),
        ScriptRequest("list pools with the new one", "GET", _POOLS),
        ScriptRequest("list the domains of the pool", "GET", f"{_POOLS}/{{pool}}/domains"),
        ScriptRequest("rename the pool", "PATCH", f"{_POOLS}/{{pool}}", form={"name": "{renamed}"}),
        ScriptRequest("change nothing", "PATCH", f"{_POOLS}/{{pool}}", form={"name": "{renamed}"}),
        ScriptRequest("rename a missing pool", "PATCH", f"{_POOLS}/{{missing}}", form={"name": "{name}"}),
        ScriptRequest("delete the pool", "DELETE", f"{_POOLS}/{{pool}}"),
        ScriptRequest("delete the pool again", "DELETE", f"{_POOLS}/{{pool}}"),
        ScriptRequest("read the pool after its end", "GET", f"{_POOLS}/{{pool}}"),
    ),
    stable=frozenset(
        {"message", "state", "status", "type", "total_count", "features", "new_dedicated_ips", "dedicated", "region"}
        | {*SETTINGS}
    ),
    identifiers=frozenset(
        {"ip", "ips", "items", "pool_id", "id", "name", "rdns", "assignable_to_pools", "linked_domains", "account"}
    ),
    kept=r"\Asandbox(?=[0-9a-f]{32}\.mailgun\.org\Z)|\.mailgun\.(?:org|net)\Z|\Asuccess\Z",
)
