"""Creating, finding and deleting tenants."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver import create_app
from mockserver.providers import PROVIDERS

from ..control_client import ControlClient, TenantClient
from ..support import (
    MAILGUN,
    MAILGUN_KEY,
    SENDGRID,
    SENDGRID_KEY,
    SPARKPOST,
    SPARKPOST_KEY,
    SUBACCOUNT,
)
from .helpers import NAMES

STORES = ("memory", "redis")


def test_a_tenant_of_its_own_seed(control: ControlClient) -> None:
    """A tenant may start from a packaged seed, or from one that is sent; resetting it leads back there."""
    assert control.new_tenant(seed="empty").sendgrid.get(SENDGRID.pools_path).json == []
    assert len(control.new_tenant(seed="documents#lists").sendgrid.get(SENDGRID.pools_path).json) == 4
    tenant = control.new_tenant(seed={"sendgrid": {"pools": [{"id": "1", "name": "only"}]}})
    tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "more"})
    tenant.ok("POST", "/reset", {})
    assert tenant.sendgrid.get(SENDGRID.pools_path).json == [{"name": "only"}]
    assert tenant.mailgun.get(MAILGUN.pools_path).json["ip_pools"] == []
    for seed, reason in (
        ("/etc/passwd", "/body/seed: expected a packaged seed (default, empty, documents#NAME) or an object"),
        ("documents#nope", "no seed named 'nope'"),
        ({"sendgrind": {}}, "/body/seed: "),
        ({"sendgrid": {"pools": [{"id": "1"}]}}, "seed: sendgrid.pools[0]: 'name' is required"),
    ):
        assert reason in control.error("POST", "/tenants", {"seed": seed}, status=400)


def test_region(control: ControlClient) -> None:
    """SparkPost's account is there, and Mailgun's seeded data; SendGrid's account is in no region."""
    plain, tenant = control.new_tenant(), control.new_tenant(region="eu")
    shown = {
        each.id: {name: (access["region"], access["url"]) for name, access in each.data["providers"].items()}
        for each in (plain, tenant)
    }
    sendgrid = ("global", "http://localhost/sendgrid")
    assert shown[plain.id] == {
        "sparkpost": ("us", "http://localhost/sparkpost"),
        "sendgrid": sendgrid,
        "mailgun": ("us", "http://localhost/mailgun"),
    }
    assert shown[tenant.id] == {
        "sparkpost": ("eu", "http://localhost/sparkpost-eu"),
        "sendgrid": sendgrid,
        "mailgun": ("eu", "http://localhost/mailgun-eu"),
    }
    providers = tenant.data["providers"]
    assert providers["sparkpost"]["env"]["SPARKPOST_BASE_URL"] == "http://localhost/sparkpost-eu/api/v1"
    assert {name: [*access["regions"]] for name, access in providers.items()} == {
        "sparkpost": ["eu"],
        "sendgrid": ["global", "eu"],
        "mailgun": ["us", "eu"],
    }
    client = control.app.test_client()
    for case in (SPARKPOST, MAILGUN):
        access = providers[case.name]
        served = client.get(access["url"] + case.pools_path, headers=access["headers"])
        assert len(case.listed_ids(served.json)) > 1
        other = client.get(f"/{case.name}{case.pools_path}", headers=access["headers"])
        assert other.status_code == 401 if case is SPARKPOST else case.listed_ids(other.json) == []
    assert control.ok("GET", tenant.path) == tenant.data
    for step in ("reset", "snapshots"):
        tenant.ok("POST", f"/{step}", {} if step == "reset" else {"name": "s"}, status=201 if step != "reset" else 200)
        assert control.ok("GET", tenant.path) == tenant.data


def test_region_overrides_that_of_a_seed(control: ControlClient) -> None:
    """Records that name a region stay there."""
    ips = [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2", "region": "us"}]
    seed = {"sparkpost": {"region": "eu"}, "mailgun": {"region": "eu", "ips": ips}}
    assert control.new_tenant(seed=seed).data["providers"]["sparkpost"]["region"] == "eu"
    tenant = control.new_tenant(seed={"mailgun": {"ips": ips}}, region="eu")
    assert tenant.mailgun.get("/v3/ips").json["items"] == ["192.0.2.2"]
    tenant = control.new_tenant(seed=seed, region="us")
    assert tenant.data["providers"]["sparkpost"]["region"] == "us"
    assert tenant.mailgun.get("/v3/ips").json["items"] == ["192.0.2.1", "192.0.2.2"]
    detail = control.error("POST", "/tenants", {"region": "mars"}, status=400)
    assert detail == "/body/region: unknown region: expected one of eu, global, us"


def test_chosen_credentials(control: ControlClient) -> None:
    """Credentials may be chosen, well-formed or not; one that is taken is refused, and nothing is left of it."""
    tenant = control.new_tenant(credentials={"sendgrid": "my-key"})
    assert tenant.data["providers"]["sendgrid"]["api_key"] == "my-key"
    assert SENDGRID.client(control.app, "my-key").get(SENDGRID.pools_path).status_code == 200
    for taken in ("my-key", SENDGRID_KEY):
        detail = control.error("POST", "/tenants", {"credentials": {"sendgrid": taken}}, status=409)
        assert taken not in detail
    assert len(control.ok("GET", "/tenants")["tenants"]) == 1


def test_credentials_that_were_kept(control: ControlClient) -> None:
    """A key that a program kept over a restart, and that opened a tenant of its own, can be registered again."""
    kept = control.new_tenant().data["providers"]
    control.ok("POST", "/reset")
    key = kept["sendgrid"]["api_key"]
    assert SENDGRID.client(control.app, key).get(SENDGRID.pools_path).status_code == 200
    tenant = control.new_tenant()
    assert tenant.id == "t2" or tenant.id.startswith("t1-")  # in Redis ids and keys are random
    assert tenant.data["providers"]["sendgrid"]["api_key"] != key
    detail = control.error("POST", "/tenants", {"credentials": {"sendgrid": key}}, status=409)
    assert detail == "/body/credentials/sendgrid: the credential belongs to another tenant"


def test_the_credentials_of_a_seed_that_is_sent(control: ControlClient) -> None:
    """They are the new tenant's, with the rights they are given, beside a credential with every right."""
    seed = {"sendgrid": {"credentials": [{"key": "reader", "scopes": ["ips.pools.read"]}]}}
    tenant = control.new_tenant(seed=seed)
    reader = SENDGRID.client(control.app, "reader")
    assert reader.get(SENDGRID.pools_path).status_code == 200
    assert reader.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")).status_code == 403
    assert tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")).status_code == 200
    assert reader.get(SENDGRID.pools_path).json == [{"name": "mine"}]
    detail = control.error("POST", "/tenants", {"seed": seed}, status=409)
    assert detail == "/body/seed/sendgrid: the credential belongs to another tenant"
    seed["sendgrid"]["credentials"] = [{"key": "one", "tenant": "t9"}]
    detail = control.error("POST", "/tenants", {"seed": seed}, status=400)
    assert detail == "seed: sendgrid.credentials[0].tenant: unexpected key: they belong to the new tenant"
    seed["sendgrid"]["credentials"] = [{"key": "twice"}, {"key": "twice"}]
    control.error("POST", "/tenants", {"seed": seed}, status=409)
    control.ok("DELETE", tenant.path, status=204)
    assert reader.get(SENDGRID.pools_path).status_code == 401


def test_credential_as_a_text_may_contain_any_word(control: ControlClient) -> None:
    seed = {"sendgrid": {"credentials": ["key-of-a-tenant"]}}
    created = control.ok("POST", "/tenants", {"seed": seed}, status=201)
    found = control.ok("POST", "/tenants/lookup", {"provider": "sendgrid", "credential": "key-of-a-tenant"})
    assert found["id"] == created["id"]


def test_all_credentials_of_unknown_subaccounts_are_reported(control: ControlClient) -> None:
    credentials = [{"key": "one", "subaccount": "x"}, {"key": "two", "subaccount": "y"}]
    detail = control.error("POST", "/tenants", {"seed": {"mailgun": {"credentials": credentials}}}, status=400)
    assert [line.rpartition(": ")[2] for line in detail.splitlines()] == [
        "unknown subaccount 'x'",
        "unknown subaccount 'y'",
    ]


def test_a_refused_tenant_takes_no_number(control: ControlClient) -> None:
    """A tenant that could not be made changes nothing: the next one is named as before."""
    before = control.new_tenant().id
    control.error("POST", "/tenants", {"credentials": {"sendgrid": SENDGRID_KEY}}, status=409)
    detail = control.error("POST", "/tenants", {"clock": {"now": "2021-02-30T00:00:00Z"}}, status=400)
    assert detail.startswith("/body/clock/now: ")
    detail = control.error("POST", "/tenants", {"clock": {"now": "tomorrow"}}, status=400)
    assert detail == "/body/clock/now: expected a time such as '2026-03-01T09:00:00Z'"
    assert [each.partition("-")[0] for each in (before, control.new_tenant().id)] == ["t1", "t2"]


def test_deleted_tenant_is_gone(control: ControlClient) -> None:
    """A dropped tenant is gone with all it had; its credential is simply unknown again."""
    tenant = control.new_tenant(credentials={"sparkpost": "not-well-formed"})
    tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
    control.ok("DELETE", tenant.path, status=204)
    assert tenant.sparkpost.get(SPARKPOST.pools_path).status_code == 401
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/mine").status_code == 404
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/state"), ("POST", "/reset"), ("GET", "/clock")):
        tenant.error(method, path, status=404)


def test_lookup_of_a_key_finds_its_tenant_without_showing_it(control: ControlClient) -> None:
    """A program finds the tenant that its own key opened; the key is not shown."""
    key = SENDGRID.new_key()
    asked = {"provider": "sendgrid", "credential": key}
    control.error("POST", "/tenants/lookup", asked, status=404)
    SENDGRID.client(control.app, key).get(SENDGRID.pools_path)
    tenant_id = control.ok("POST", "/tenants/lookup", asked)["id"]
    shown = control.open("GET", f"/tenants/{tenant_id}")
    assert shown.json["providers"]["sendgrid"]["api_key"] is None
    assert key not in shown.text


def test_the_seeds_tenant_is_there_before_it_is_used(control: ControlClient) -> None:
    """The tenant that the seed registers can be asked for at once."""
    assert control.ok("GET", "/tenants/default")["providers"]["sendgrid"]["api_key"] == SENDGRID_KEY


def test_created_tenants_count_for_max_tenants(make_app: Callable[..., Flask]) -> None:
    """Tenants made over the API count for --max-tenants; the key of an evicted one is a 503."""
    control = ControlClient(make_app(max_tenants=2))
    first, _, _ = (control.new_tenant() for _ in range(3))
    assert first.sendgrid.get(SENDGRID.pools_path).status_code == 503
    assert control.ok("GET", "/info")["counters"]["evictions"] == 1


def test_the_demo_keys_are_the_seeds(control: ControlClient) -> None:
    """The seed's tenant shows the seed's demo keys, which are no secret."""
    shown = control.ok("GET", "/tenants/default")["providers"]
    assert [shown[name]["api_key"] for name in NAMES] == [SPARKPOST_KEY, SENDGRID_KEY, MAILGUN_KEY]
    assert SUBACCOUNT not in json.dumps(shown)


# Exposed servers


def keys(**settings: Any) -> list[str]:
    """Return the API keys of a new tenant, and one that SparkPost returns with a subaccount."""
    client = create_app(control_token="token", **settings).test_client()
    control = {"Authorization": "Bearer token", "Host": "localhost"}
    made = client.post("/_mockserver/tenants", json={}, headers=control).json["providers"]
    found = [each["api_key"] for each in made.values()]
    for provider, key in zip(PROVIDERS, found, strict=True):
        assert provider.api_key_pattern.fullmatch(key)
    body = {"name": "a", "key_label": "b", "key_grants": ["smtp/inject"]}
    response = client.post("/sparkpost/api/v1/subaccounts", json=body, headers=made["sparkpost"]["headers"])
    return [*found, response.json["results"]["key"]]


@pytest.mark.parametrize(
    ("settings", "is_repeatable"),
    [({}, True), ({"expose": True}, False), ({"expose": True, "id_seed": "of our own"}, True)],
    ids=["loopback", "exposed", "exposed with an id seed"],
)
def test_keys_of_an_exposed_server_are_random(settings: dict[str, Any], is_repeatable: bool) -> None:
    first, second = keys(**settings), keys(**settings)
    assert [one == other for one, other in zip(first, second, strict=True)] == [is_repeatable] * 4


def test_forked_tenant_starts_with_the_state_the_clock_and_the_faults(control: ControlClient) -> None:
    """It has keys of its own, no requests, and a reset returns it to where it was forked."""
    first = control.new_tenant(clock={"now": "2030-01-01T00:00:00Z", "frozen": True})
    first.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    first.ok("POST", "/faults", {"operation": "mailgun.*"}, status=201)
    twin = TenantClient(control, first.ok("POST", "/fork", {}, status=201))
    assert twin.id != first.id
    keys = [{name: access["api_key"] for name, access in each.data["providers"].items()} for each in (first, twin)]
    assert not set(keys[0].values()) & set(keys[1].values())
    assert twin.ok("GET", "/state") == first.ok("GET", "/state")
    assert twin.ok("GET", "/clock") == first.ok("GET", "/clock")
    assert [each["operation"] for each in twin.ok("GET", "/faults")["faults"]] == ["mailgun.*"]
    assert twin.ok("GET", "/requests")["requests"] == []
    twin.sendgrid.delete(f"{SENDGRID.pools_path}/mine")
    twin.mailgun.get(MAILGUN.pools_path)
    assert "mine" in first.sendgrid.get(SENDGRID.pools_path).text
    assert first.mailgun.get(MAILGUN.pools_path).status_code == 503
    assert "mine" not in twin.sendgrid.get(SENDGRID.pools_path).text
    twin.ok("POST", "/reset", {})
    assert "mine" in twin.sendgrid.get(SENDGRID.pools_path).text
    assert twin.ok("GET", "/clock") == first.ok("GET", "/clock")


def test_fork_of_a_snapshot_with_chosen_credentials(control: ControlClient) -> None:
    first = control.new_tenant()
    first.ok("POST", "/snapshots", {"name": "clean"}, status=201)
    first.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    body = {"snapshot": "clean", "credentials": {"sendgrid": "fork-key"}}
    twin = TenantClient(control, first.ok("POST", "/fork", body, status=201))
    assert "mine" not in SENDGRID.client(control.app, "fork-key").get(SENDGRID.pools_path).text
    assert twin.ok("GET", "/snapshots")["snapshots"] == []
    first.error("POST", "/fork", body, status=409)
    assert first.error("POST", "/fork", {"snapshot": "dirty"}, status=404) == "No snapshot is named 'dirty'."
    control.error("POST", "/tenants/nope/fork", {}, status=404)
