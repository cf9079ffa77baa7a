"""What Redis lost, and values that are not the store's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from ..control_client import ControlClient, TenantClient
from ..shared.observation import change_everything
from ..support import MAILGUN, SENDGRID, ProviderClient, store_of
from .processes import CASES

pytestmark = pytest.mark.redis

STORES = ("redis",)
P = "mockserver:"


def listed(client: ProviderClient) -> str:
    return client.get(SENDGRID.pools_path).text


def prepare(app: Flask) -> TenantClient:
    """Use every kind of key; return a tenant of its own seed, which has changed something."""
    control = ControlClient(app)
    tenant = control.new_tenant(seed={"sendgrid": {}, "mailgun": {"features": ["DIPPs"]}})
    change_everything(tenant, CASES)
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    tenant.ok("DELETE", "/faults", status=204)
    SENDGRID.client(app).post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
    SENDGRID.new_client(app).get(SENDGRID.pools_path)
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    return tenant


def requests(app: Flask, tenant: TenantClient) -> Iterator[Any]:
    """Send requests of every kind: to providers, about the tenant, and about the server."""
    control = ControlClient(app)
    for client in (tenant.sendgrid, SENDGRID.client(app), tenant.mailgun):
        yield client.get("/v3/ips/pools" if client is not tenant.mailgun else MAILGUN.pools_path)
    yield tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("more"))
    yield tenant.sparkpost.get("/nope")
    yield SENDGRID.client(app, headers={}).get(SENDGRID.pools_path)
    for path in ("/state", "/requests", "/coverage", "/clock", "/faults", "/snapshots", ""):
        yield control.open("GET", tenant.path + path)
    yield control.open("POST", f"{tenant.path}/snapshots/s/restore")
    yield control.open("POST", f"{tenant.path}/snapshots", {"name": "t"})
    for path in ("/info", "/tenants", "/snapshots", "/coverage", "/metrics", "/ready"):
        yield control.open("GET", path)
    yield control.open("POST", "/tenants", {})
    yield control.open("POST", "/snapshots", {"name": "more"})
    yield control.open("POST", "/snapshots/all/restore")


KEYS = (
    *("t:{id}", "s:{id}", "j:{id}", "u:{id}", "n:{id}", "tenants", "open", "creds", "keys", "weights"),
    *("counts", "request_counts", "snapshots", "x:all", "seed"),
)


HOW = ("another type", *(pytest.param(how, marks=pytest.mark.slow) for how in ("garbage", "lost")))


def replace(app: Flask, key: str, how: str) -> None:
    """Put something else into a key."""
    client = store_of(app).redis
    kind = client.type(key)
    assert kind != "none", key
    if how == "lost":
        client.delete(key)
    elif how == "another type":
        client.delete(key)
        client.rpush(key, "x") if kind != "list" else client.set(key, "x")
    elif kind == "hash":
        client.hset(key, mapping=dict.fromkeys(client.hkeys(key), "garbage"))
    elif kind == "list":
        client.lset(key, 0, "garbage")
    elif kind == "string":
        client.set(key, "garbage")
    else:
        client.zadd(key, {member: float("inf") for member in client.zrange(key, 0, -1)})


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", KEYS)
def test_value_that_is_not_the_store_s_is_a_503_until_a_reset(app: Flask, name: str, how: str) -> None:
    """No request crashes; a 503 names the key. A reset of everything heals all of it."""
    tenant = prepare(app)
    key = P + name.format(id=tenant.id)
    replace(app, key, how)
    responses = list(requests(app, tenant))
    assert {each.status_code for each in responses} <= {200, 201, 400, 401, 404, 503}
    failed = [each for each in responses if each.status_code == 503]
    if how == "another type":
        assert failed
    for each in failed:
        assert each.content_type == "application/problem+json"
        assert f"'{key}'" in each.json["detail"] or "Redis has lost its data" in each.json["detail"]
    control = ControlClient(app)
    control.ok("POST", "/reset")
    again = prepare(app)
    assert {each.status_code for each in requests(app, again)} <= {200, 201, 400, 401, 404}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", ["t:{id}", "s:{id}", "j:{id}", "u:{id}", "n:{id}"])
def test_reset_of_a_tenant_heals_its_keys(app: Flask, name: str, how: str) -> None:
    tenant = prepare(app)
    replace(app, P + name.format(id=tenant.id), how)
    tenant.ok("POST", "/reset")
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    assert {each.status_code for each in requests(app, tenant)} <= {200, 201, 400, 401, 404}
    assert tenant.ok("GET", "/requests")["requests"][0]["seq"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "field", ["born", "v", "seq", "log", "ids_issued", "clock", "s:sendgrid", "w:sendgrid", "snapshots"]
)
@pytest.mark.parametrize("value", ["garbage", "", "null", "[]", '{"pools": 5}', "1e400"])
def test_garbage_in_one_field_of_a_tenant_is_a_503(app: Flask, field: str, value: str) -> None:
    """The other tenants are not affected; a reset of the tenant heals it."""
    tenant = prepare(app)
    store_of(app).redis.hset(f"{P}t:{tenant.id}", field, value)
    responses = list(requests(app, tenant))
    assert {each.status_code for each in responses} <= {200, 201, 400, 401, 404, 503}
    assert SENDGRID.client(app).get(SENDGRID.pools_path).status_code == 200
    tenant.ok("POST", "/reset")
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    assert {each.status_code for each in requests(app, tenant)} <= {200, 201, 400, 401, 404}


@pytest.mark.parametrize(
    "lost", ["counts", "tenants", "creds", "keys", "open", "seed", "weights", "counts creds keys open tenants"]
)
def test_new_tenant_never_sees_data_of_an_older_one(make_app: Callable[..., Flask], lost: str) -> None:
    """Whatever Redis has lost. A request may be a 503 then; the older tenant keeps its data, or is a 503 itself."""
    app = make_app()
    control = ControlClient(app)
    start = listed(control.new_tenant().sendgrid)
    old = [control.new_tenant() for _ in range(2)]
    for each in old:
        assert each.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")).status_code == 200
        each.ok("POST", "/snapshots", {"name": "s"}, status=201)
    for name in lost.split():
        store_of(app).redis.delete(P + name)
    for _ in range(4):
        made = control.open("POST", "/tenants", {})
        assert made.status_code in (201, 503)
        if made.status_code == 201:
            new = TenantClient(control, made.json)
            assert new.id not in [each.id for each in old]
            assert new.sendgrid.headers != old[0].sendgrid.headers
            assert listed(new.sendgrid) == start
            assert new.ok("GET", "/snapshots")["snapshots"] == []
            assert len(new.ok("GET", "/requests")["requests"]) == 1
    for each in old if "creds keys" not in lost else ():
        response = each.sendgrid.get(SENDGRID.pools_path)
        assert response.status_code == 503 or "mine" in response.text


def test_key_that_is_lost_is_no_new_tenant_in_silence(make_app: Callable[..., Flask]) -> None:
    """A tenant whose main key Redis has evicted is a 503; so is one whose credential is lost."""
    app = make_app()
    tenant, unknown = ControlClient(app).new_tenant(), SENDGRID.new_client(app)
    for client in (tenant.sendgrid, unknown, SENDGRID.client(app)):
        client.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
    for key in store_of(app).redis.keys(f"{P}t:*"):
        store_of(app).redis.delete(key)
    for client in (tenant.sendgrid, unknown, SENDGRID.client(app)):
        response = client.get(SENDGRID.pools_path)
        assert (response.status_code, response.content_type) == (503, "application/problem+json")
    ControlClient(app).ok("POST", "/tenants/default/reset")
    assert "mine" not in listed(SENDGRID.client(app))
