"""Regions: one key serves both; domains, their IPs and pools are in one. Names of domains are unique over both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ..control_client import ControlClient
from ..support import MAILGUN, MAILGUN_KEY, SUBACCOUNT, ProviderClient

STORES = ("memory", "redis")

DOMAINS, IPS, POOLS, WARMUPS = "/v4/domains", "/v3/ips", "/v3/ip_pools", "/v3/ip_warmups"
US, EU = "api.mailgun.net", "api.eu.mailgun.net"
US_POOL, EU_POOL = "658041ae44842b99ee2eaa01", "658041ae44842b99ee2eaa02"
US_DOMAIN, EU_DOMAIN = "67bcf63306fcfd2fb4b7e001", "67bcf63306fcfd2fb4b7e002"
US_IPS, EU_IPS = ["192.0.2.1", "192.0.2.2", "192.0.2.9"], ["198.51.100.1", "198.51.100.2", "198.51.100.9"]
BAD_REQUEST = "invalid request parameters"
SECTION: dict[str, Any] = {
    "credentials": [{"key": MAILGUN_KEY}],
    "eligible_for_shared_ips": True,
    "subaccounts": [{"id": SUBACCOUNT, "name": "Team"}],
    "ips": [
        {"ip": "192.0.2.1"},
        {"ip": "192.0.2.2", "warmup": True},
        {"ip": "192.0.2.9", "dedicated": False},
        {"ip": "198.51.100.1", "region": "eu"},
        {"ip": "198.51.100.2", "region": "eu", "warmup": True},
        {"ip": "198.51.100.9", "region": "eu", "dedicated": False},
    ],
    "ip_pools": [
        {"pool_id": US_POOL, "name": "us", "description": "", "ips": ["192.0.2.1"]},
        {"pool_id": EU_POOL, "name": "eu", "description": "", "ips": ["198.51.100.1"], "region": "eu"},
    ],
    "domains": [
        {"id": US_DOMAIN, "name": "us.example.com", "ips": ["192.0.2.2"]},
        {"id": EU_DOMAIN, "name": "eu.example.com", "ips": ["198.51.100.2"], "region": "eu"},
    ],
}
"""An account with the same in both regions: a pool, a domain, an IP in the pool, one on a warm-up and a shared one."""


@pytest.fixture
def both(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    seed = tmp_path / "seed.yaml"
    seed.write_text(json.dumps({"mailgun": SECTION}), "utf-8")
    return make_app(seed=str(seed))


def at(app: Flask, host: str, key: str = MAILGUN_KEY, subaccount: str | None = None) -> Callable[..., Any]:
    """Return a function that sends to paths at a host, or below the prefix of a region."""
    headers = {**MAILGUN.key_headers(key), **({"X-Mailgun-On-Behalf-Of": subaccount} if subaccount else {})}
    prefix = host if host.startswith("/") else ""
    if not prefix:
        headers["Host"] = host

    def send(path: str, method: str = "GET", **options: Any) -> Any:
        return app.test_client().open(f"{prefix}{path}", method=method, headers=headers, **options)

    return send


def ok(response: Any) -> Any:
    assert response.status_code == 200, response.text
    return response.json


def refused(response: Any, status: int, message: str) -> None:
    assert (response.status_code, response.json) == (status, {"message": message})


def domains(response: Any) -> list[str]:
    return [each["name"] for each in ok(response)["items"]]


@pytest.mark.parametrize("eu_place", [EU, "/mailgun-eu"])
@pytest.mark.parametrize("us_place", [US, "/mailgun"])
def test_each_region_has_its_own(both: Flask, us_place: str, eu_place: str) -> None:
    """In every list, and one by one, with one key."""
    for place, ips, pool, domain in (
        (us_place, US_IPS, US_POOL, "us.example.com"),
        (eu_place, EU_IPS, EU_POOL, "eu.example.com"),
    ):
        send = at(both, place)
        listed = ok(send(IPS))
        assert (listed["items"], listed["assignable_to_pools"]) == (ips, [ips[1]])
        assert [each["address"] for each in ok(send(f"{IPS}/details/all"))["items"]] == ips
        assert [each["ip"] for each in ok(send(WARMUPS))["items"]] == [ips[1]]
        assert [each["pool_id"] for each in ok(send(POOLS))["ip_pools"]] == [pool]
        assert domains(send(DOMAINS)) == [domain]
        assert ok(send(f"{DOMAINS}/{domain}"))["domain"]["name"] == domain


def test_other_host_does_not_find_a_domain(both: Flask) -> None:
    """The request log says why. Nothing changes."""
    us, eu = at(both, US), at(both, EU)
    before = ok(eu(f"{DOMAINS}/eu.example.com"))
    for path, method in (
        (f"{DOMAINS}/EU.Example.com", "GET"),
        (f"{DOMAINS}/eu.example.com", "PUT"),
        (f"{DOMAINS}/eu.example.com/verify", "PUT"),
        ("/v3/domains/eu.example.com", "DELETE"),
        ("/v3/domains/eu.example.com/ips", "GET"),
        ("/v3/domains/eu.example.com/ips/all", "DELETE"),
        ("/v3/domains/eu.example.com/tracking", "GET"),
        ("/v3/domains/eu.example.com/credentials", "GET"),
    ):
        refused(us(path, method), 404, "Domain not found")
        error = MAILGUN.client(both).last_record.error
        assert error is not None
        assert (error.key, error.source.kind) == ("domain_wrong_region", "observed")
    assert ok(eu(f"{DOMAINS}/eu.example.com")) == before
    refused(us(f"{DOMAINS}/nowhere.example.com"), 404, "Domain not found")
    error = MAILGUN.client(both).last_record.error
    assert error is not None
    assert error.key == "domain_not_found"


def test_other_host_does_not_find_ips_and_pools(both: Flask) -> None:
    us = at(both, US)
    for path, method in ((f"{IPS}/198.51.100.1", "GET"), (f"{IPS}/198.51.100.1/domains", "POST")):
        refused(us(path, method), 404, "ip not found")
    refused(us(f"{WARMUPS}/198.51.100.2"), 404, "ip not found")
    for path, method in ((f"{POOLS}/{EU_POOL}", "GET"), (f"{POOLS}/{EU_POOL}?ip=shared", "DELETE")):
        refused(us(path, method), 404, "ip pool not found")
    form = {"subaccount_id": SUBACCOUNT}
    refused(us(f"{POOLS}/{EU_POOL}/delegate", "PUT", data=form), 404, "ip pool not found")
    refused(us(f"/v5/accounts/subaccounts/{SUBACCOUNT}/ip_pool", "PUT", data={"pool_id": EU_POOL}), 400, BAD_REQUEST)


@pytest.mark.parametrize(("first", "other"), [(US, EU), (EU, US)])
def test_name_of_a_domain_is_unique_over_the_regions(app: Flask, first: str, other: str) -> None:
    """It is free in both when the domain is deleted."""
    here, there = at(app, first), at(app, other)
    ok(here(DOMAINS, "POST", data={"name": "new.example.com"}))
    refused(there(DOMAINS, "POST", data={"name": "NEW.example.com"}), 400, "This domain name is already taken")
    refused(there(f"{DOMAINS}/new.example.com"), 404, "Domain not found")
    ok(here("/v3/domains/new.example.com", "DELETE"))
    ok(there(DOMAINS, "POST", data={"name": "new.example.com"}))
    refused(here(f"{DOMAINS}/new.example.com"), 404, "Domain not found")


def test_what_is_created_is_in_the_region_of_the_host(both: Flask) -> None:
    """A domain sends from all dedicated IPs there, or from the shared one."""
    us, eu = at(both, US), at(both, EU)
    ok(eu(DOMAINS, "POST", data={"name": "new.example.com"}))
    assert ok(eu("/v3/domains/new.example.com/ips"))["items"] == EU_IPS[:2]
    ok(eu("/v3/domains/new.example.com/ips/198.51.100.1", "DELETE"))
    ok(eu("/v3/domains/new.example.com/ips/198.51.100.2", "DELETE"))
    assert ok(eu("/v3/domains/new.example.com/ips"))["items"] == ["198.51.100.9"]
    pool = ok(eu(POOLS, "POST", data={"name": "new", "description": "new"}))["pool_id"]
    refused(us(f"{POOLS}/{pool}"), 404, "ip pool not found")
    ok(eu("/v3/ips/request/new", "POST", data={"count": "1"}))
    assert len(ok(eu(IPS))["items"]) == 4
    assert ok(us(IPS))["items"] == US_IPS


def test_ips_and_pools_of_the_other_region_cannot_be_used(both: Flask) -> None:
    us = at(both, US)
    foreign = "ip 198.51.100.1 does not belong to the account"
    refused(us("/v3/domains/us.example.com/ips", "POST", data={"ip": "198.51.100.1"}), 400, foreign)
    refused(us(DOMAINS, "POST", data={"name": "a.example.com", "ips": "198.51.100.1"}), 400, foreign)
    shared = "ip 198.51.100.9 does not belong to the account"
    refused(us(DOMAINS, "POST", data={"name": "a.example.com", "ips": "198.51.100.9"}), 400, shared)
    refused(us(f"{POOLS}/{US_POOL}/ips/198.51.100.1", "PUT"), 400, foreign)
    for path, method in (("/v3/domains/us.example.com/ips", "POST"), (DOMAINS, "POST")):
        data = {"name": "a.example.com", "pool_id": EU_POOL} if path == DOMAINS else {"pool_id": EU_POOL}
        refused(us(path, method, data=data), 404, "ip pool not found")
    refused(us(f"{POOLS}/{US_POOL}?pool_id={EU_POOL}", "DELETE"), 404, "ip pool not found")
    refused(us(f"{POOLS}/{US_POOL}", "PATCH", data={"link_domain": EU_DOMAIN}), 404, "Domain not found")
    refused(us(f"{POOLS}/{US_POOL}", "PATCH", data={"link_domain": "eu.example.com"}), 404, "Domain not found")


def test_work_after_the_response_stays_in_the_region(both: Flask) -> None:
    """An IP of all domains is one of those of its region; `shared` is the shared IP there."""
    us, eu = at(both, US), at(both, EU)
    ok(eu(f"{IPS}/198.51.100.1/domains", "POST"))
    assert ok(eu("/v3/domains/eu.example.com/ips"))["items"] == ["198.51.100.2", "198.51.100.1"]
    assert ok(us("/v3/domains/us.example.com/ips"))["items"] == ["192.0.2.2"]
    for send, pool, domain, shared in (
        (us, US_POOL, "us.example.com", "192.0.2.9"),
        (eu, EU_POOL, "eu.example.com", "198.51.100.9"),
    ):
        ok(send(f"/v3/domains/{domain}/ips", "POST", data={"pool_id": pool}))
        assert ok(send(f"{POOLS}/{pool}"))["details"]["linked_domains"] == [domain]
        ok(send(f"{POOLS}/{pool}?ip=shared", "DELETE"))
        assert ok(send(f"/v3/domains/{domain}/ips"))["items"] == [shared]


def test_domain_with_warming_ips_gains_one_of_its_region(make_mailgun: Callable[..., ProviderClient]) -> None:
    """The lowest one that is not on a warm-up and in no pool."""
    ips = [{"ip": f"192.0.2.{number}"} for number in (1, 2, 3, 4)]
    regions = [{**ip, "region": "eu"} for ip in ips[1:]]
    regions[0]["warmup"] = True
    app = make_mailgun(
        ips=[ips[0], *regions],
        ip_pools=[],
        domains=[{"id": EU_DOMAIN, "name": "eu.example.com", "ips": ["192.0.2.2", "192.0.2.4"], "region": "eu"}],
        jobs=[],
        eligible_for_shared_ips=False,
    ).application
    eu = at(app, EU)
    ok(eu("/v3/domains/eu.example.com/ips/192.0.2.4", "DELETE"))
    assert ok(eu("/v3/domains/eu.example.com/ips"))["items"] == ["192.0.2.2", "192.0.2.3"]


def test_region_without_a_shared_ip(app: Flask) -> None:
    """An account that may use shared IPs has the default seed's in the US only."""
    eu = at(app, EU)
    ok(eu("/v3/ips/request/new", "POST", data={"count": "1"}))
    (ip,) = ok(eu(IPS))["items"]
    pool = ok(eu(POOLS, "POST", data={"name": "new", "description": "new", "ip": ip}))["pool_id"]
    refused(eu(f"{POOLS}/{pool}?ip=shared", "DELETE"), 400, "account is not eligible for shared ips")


def test_subaccounts_are_in_both_regions(both: Flask) -> None:
    """A pool that one inherits is in its region."""
    us, eu = at(both, US), at(both, EU)
    assert ok(us("/v5/accounts/subaccounts")) == ok(eu("/v5/accounts/subaccounts"))
    ok(eu(f"{POOLS}/{EU_POOL}/delegate", "PUT", data={"subaccount_id": SUBACCOUNT}))
    assert ok(us("/v5/accounts/subaccounts/ip_pools/all"))["items"] == []
    (row,) = ok(eu("/v5/accounts/subaccounts/ip_pools/all"))["items"]
    assert row == {"pool_id": EU_POOL, "subaccount_id": SUBACCOUNT}
    assert ok(at(both, US, subaccount=SUBACCOUNT)(POOLS))["ip_pools"] == []
    (pool,) = ok(at(both, EU, subaccount=SUBACCOUNT)(POOLS))["ip_pools"]
    assert (pool["pool_id"], pool["is_inherited"]) == (EU_POOL, True)
    # one pool in each region is the only one there
    path = f"/v5/accounts/subaccounts/{SUBACCOUNT}/ip_pool"
    ok(us(path, "PUT", data={"pool_id": US_POOL}))
    assert len(ok(at(both, EU, subaccount=SUBACCOUNT)(POOLS))["ip_pools"]) == 1
    ok(us(f"{path}?pool_id={US_POOL}", "DELETE"))
    assert ok(us("/v5/accounts/subaccounts/ip_pools/all"))["items"] == []


def test_links_of_a_region_lead_there(both: Flask) -> None:
    page = ok(at(both, "/mailgun-eu")(f"{POOLS}/{EU_POOL}/domains"))["paging"]
    assert page["first"].startswith(f"http://localhost/mailgun-eu{POOLS}/{EU_POOL}/domains?")


@pytest.mark.parametrize(("first", "other"), [(US, EU), (EU, US)])
def test_account_of_an_unknown_key_is_in_the_region_of_its_first_use(app: Flask, first: str, other: str) -> None:
    """There it has what the seed has; in the other region it has nothing, and can create something."""
    control, key = ControlClient(app), MAILGUN.new_key()
    here, there = at(app, first, key), at(app, other, key)
    seeded = domains(at(app, US)(DOMAINS))
    assert domains(here(DOMAINS)) == seeded
    assert domains(there(DOMAINS)) == ok(there(IPS))["items"] == []
    refused(there(f"{DOMAINS}/{seeded[0]}"), 404, "Domain not found")
    tenant = control.ok("POST", "/tenants/lookup", {"provider": "mailgun", "credential": key})["id"]
    control.ok("POST", f"/tenants/{tenant}/snapshots", {"name": "s"}, 201)
    for path in ("snapshots/s/restore", "reset"):
        ok(there(DOMAINS, "POST", data={"name": "there.example.com"}))
        ok(here(DOMAINS, "POST", data={"name": "here.example.com"}))
        state = control.ok("GET", f"/tenants/{tenant}/state")["state"]
        assert control.ok("PUT", f"/tenants/{tenant}/state", {"state": state})["state"] == state
        assert domains(there(DOMAINS)) == ["there.example.com"]
        assert sorted(domains(here(DOMAINS))) == sorted([*seeded, "here.example.com"])
        control.ok("POST", f"/tenants/{tenant}/{path}")
        assert (domains(here(DOMAINS)), domains(there(DOMAINS))) == (seeded, [])


def test_region_of_the_seed_is_that_of_what_names_none(make_mailgun: Callable[..., ProviderClient]) -> None:
    client = make_mailgun(
        region="eu",
        ips=[{"ip": "192.0.2.1"}, {"ip": "192.0.2.2", "region": "us"}],
        ip_pools=[],
        domains=[{"id": EU_DOMAIN, "name": "a.example.com"}],
        jobs=[],
        eligible_for_shared_ips=False,
    )
    app = client.application
    assert ok(at(app, EU)(IPS))["items"] == ["192.0.2.1"]
    assert ok(at(app, US)(IPS))["items"] == ["192.0.2.2"]
    assert domains(at(app, EU)(DOMAINS)) == ["a.example.com"]


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ({"ip_pools": [{**SECTION["ip_pools"][0], "region": "eu"}]}, "ip_pools[0].ips[0]", "in the region of the pool"),
        ({"domains": [{**SECTION["domains"][0], "region": "eu"}]}, "domains[0].ips[0]", "in the region of the domain"),
        (
            {"domains": [{"id": US_DOMAIN, "name": "a.example.com", "pool_id": EU_POOL}]},
            "domains[0].pool_id",
            "in the region of the domain",
        ),
        ({"region": "mars"}, "region", ""),
    ],
)
def test_seed_with_records_of_two_regions_is_rejected(
    make_app: Callable[..., Flask], change: dict[str, Any], where: str, reason: str
) -> None:
    control = ControlClient(make_app())
    section = {**SECTION, "credentials": [], **change}
    detail = control.error("POST", "/tenants", {"seed": {"mailgun": section}}, status=400)
    assert detail.startswith(f"seed: mailgun.{where}: ")
    assert reason in detail
