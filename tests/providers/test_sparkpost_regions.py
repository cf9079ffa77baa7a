"""Regions: an account, its keys and all in it are in one; the host, the prefix and the port of the other return 401."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.web.server_state import server_state

from ..control_client import ControlClient
from ..support import SPARKPOST, SPARKPOST_KEY

POOLS = "/api/v1/ip-pools"
SUBACCOUNTS = "/api/v1/subaccounts"
STORES = ("memory", "redis")

US, EU = "api.sparkpost.com", "api.eu.sparkpost.com"
UNAUTHORIZED = b'{"errors": [ {"message": "Unauthorized."} ]}'
"""The bytes of an unknown key: facts of 2026-08-05."""


@pytest.fixture
def control(app: Flask) -> ControlClient:
    return ControlClient(app)


def new_key() -> str:
    return secrets.token_hex(20)


def at(app: Flask, key: str, host: str) -> Callable[..., Any]:
    """Return a function that sends to paths at a host, or below the prefix of a region."""
    headers = {"Authorization": key} if host.startswith("/") else {"Authorization": key, "Host": host}
    prefix = host if host.startswith("/") else ""

    def send(path: str, method: str = "GET", **options: Any) -> Any:
        return app.test_client().open(f"{prefix}{path}", method=method, headers=headers, **options)

    return send


def tenant_of(control: ControlClient, key: str) -> str:
    """Return the path of the tenant of a key in the control API."""
    found = control.ok("POST", "/tenants/lookup", {"provider": "sparkpost", "credential": key})
    return f"/tenants/{found['id']}"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.data
    return [pool["id"] for pool in response.json["results"]]


def unauthorized(response: Any) -> None:
    assert (response.status_code, response.data) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("place", [EU, "API.EU.SparkPost.com:443", "/sparkpost-eu"])
def test_key_of_the_us_at_the_eu_is_401(app: Flask, place: str) -> None:
    """Registered keys are in the US. Unknown paths and methods are 401 too, and nothing changes."""
    us, eu = at(app, SPARKPOST_KEY, US), at(app, SPARKPOST_KEY, place)
    before = us(POOLS).data
    for path, method in ((POOLS, "GET"), (POOLS, "POST"), (POOLS, "PUT"), ("/nope", "GET"), ("/api/v1/account", "GET")):
        unauthorized(eu(path, method, json={"name": "elsewhere"} if method == "POST" else None))
        record = SPARKPOST.client(app).last_record
        assert record.error is not None
        assert (record.error.key, record.error.source.kind) == ("wrong_region", "observed")
    assert us(POOLS).data == at(app, SPARKPOST_KEY, "/sparkpost")(POOLS).data == before


@pytest.mark.parametrize(("first", "other"), [(US, EU), (EU, US), ("/sparkpost", EU), ("/sparkpost-eu", "/sparkpost")])
def test_unknown_key_belongs_to_the_region_of_its_first_use(app: Flask, first: str, other: str) -> None:
    """The account is as the seed has it, and a request to the other region does not change that."""
    key = new_key()
    mine = at(app, key, first)
    assert names(mine(POOLS)) == names(at(app, SPARKPOST_KEY, US)(POOLS))
    assert mine(POOLS, "POST", json={"name": "New"}).status_code == 200
    unauthorized(at(app, key, other)(POOLS))
    assert names(mine(POOLS))[-1] == "new"


def test_key_that_is_created_with_a_subaccount_is_in_the_region(app: Flask) -> None:
    eu = at(app, new_key(), EU)
    grants = ["sending_domains/manage"]
    made = eu(SUBACCOUNTS, "POST", json={"name": "team", "key_label": "k", "key_grants": grants}).json["results"]
    unauthorized(at(app, made["key"], US)(POOLS))
    assert at(app, made["key"], EU)(POOLS).status_code == 403


def test_region_outlasts_changes_reset_and_restore(app: Flask, control: ControlClient) -> None:
    """Of the tenant and of the server. After a reset of the server, the next request is the first."""
    key = new_key()
    us, eu = at(app, key, US), at(app, key, EU)
    assert names(eu(POOLS))
    tenant = tenant_of(control, key)
    for path in (f"{tenant}/snapshots", "/snapshots"):
        control.ok("POST", path, {"name": "one"}, 201)
    for path in (f"{tenant}/snapshots/one/restore", f"{tenant}/reset", "/snapshots/one/restore"):
        assert eu(POOLS, "POST", json={"name": "New"}).status_code == 200
        control.ok("POST", path)
        unauthorized(us(POOLS))
        assert "new" not in names(eu(POOLS))
    control.ok("POST", "/reset")
    assert names(us(POOLS))
    unauthorized(eu(POOLS))


def test_state_has_the_region(app: Flask, control: ControlClient) -> None:
    """A state that names a region moves the account; one that names none leaves it there."""
    key = new_key()
    us, eu = at(app, key, US), at(app, key, EU)
    assert names(eu(POOLS))
    path = f"{tenant_of(control, key)}/state"
    state = control.ok("GET", path)["state"]["sparkpost"]
    assert state["region"] == "eu"
    pools = [{"id": "one", "name": "One"}]
    control.ok("PUT", path, {"state": {"sparkpost": {"ip_pools": pools}}})
    assert names(eu(POOLS)) == ["one", "default"]
    control.ok("PUT", path, {"state": {"sparkpost": {"region": "us", "ip_pools": pools}}})
    unauthorized(eu(POOLS))
    assert names(us(POOLS)) == ["one", "default"]
    control.ok("PUT", path, {"state": {"sparkpost": state}})
    assert names(eu(POOLS))


def test_seed_of_a_region(make_app: Callable[..., Flask], tmp_path: Any) -> None:
    """Its keys belong to the region; an unknown key still belongs to that of its first use."""
    seed = tmp_path / "seed.yaml"
    seed.write_text("sparkpost: {region: eu, credentials: [{key: mine}], ip_pools: [{id: a, name: A}]}", "utf-8")
    app = make_app(seed=str(seed))
    unauthorized(at(app, "mine", US)(POOLS))
    assert names(at(app, "mine", EU)(POOLS)) == ["a", "default"]
    key = new_key()
    assert names(at(app, key, US)(POOLS)) == ["a", "default"]
    unauthorized(at(app, key, EU)(POOLS))


def test_tenants_of_a_region_share_the_data_of_the_seed(app: Flask) -> None:
    """A tenant costs its changes only, in each region."""
    store = server_state(app).store
    for place in (US, EU):
        keys = [new_key(), new_key()]
        for key in keys:
            assert names(at(app, key, place)(POOLS))
        one, two = (store.lookup("sparkpost", key) for key in keys)
        assert one is not None and two is not None
        assert one.tenant.read().seed["sparkpost"] is two.tenant.read().seed["sparkpost"]
