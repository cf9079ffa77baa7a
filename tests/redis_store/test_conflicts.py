"""Two servers in this process that change the same tenant."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from mockserver.core import redis_store

from ..control_client import ControlClient, TenantClient
from ..support import SENDGRID, store_of

pytestmark = pytest.mark.redis

STORES = ("redis",)


def test_a_request_that_was_overtaken_begins_again(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that another process overtook is done over, and refused for what it finds then."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    real, times = rules.create_pool, []

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        times.append(name)
        if times == ["first"]:
            assert SENDGRID.client(other).post(SENDGRID.pools_path, json={"name": "other"}).status_code == 200
        if times[-2:] == ["first", "taken"]:
            assert SENDGRID.client(other).post(SENDGRID.pools_path, json={"name": "taken"}).status_code == 200
        return real(tx, user, name=name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    assert SENDGRID.client(one).post(SENDGRID.pools_path, json={"name": "first"}).status_code == 200
    assert times == ["first", "other", "first"]
    assert SENDGRID.client(one).post(SENDGRID.pools_path, json={"name": "taken"}).status_code == 400
    assert times[3:] == ["taken", "taken", "taken"]
    names = [pool["name"] for pool in SENDGRID.client(other).get(SENDGRID.pools_path).json]
    assert names[-3:] == ["other", "first", "taken"]
    assert [record.seq for record in store_of(one).tenant("default").request_log] == [1, 2, 3, 4, 5]


def test_always_overtaken(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is overtaken time and again is a 503 that says so, and changes nothing."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    real, numbers = rules.create_pool, itertools.count()
    monkeypatch.setattr(redis_store, "TRIES", 4)

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        next(numbers)
        ControlClient(other).ok("POST", "/tenants/default/reset")
        return real(tx, user, name=name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    response = SENDGRID.client(one).post(SENDGRID.pools_path, json={"name": "mine"})
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert "in each of 4 attempts" in response.json["detail"] and "was not applied" in response.json["detail"]
    assert next(numbers) == 4
    monkeypatch.undo()
    assert "mine" not in [pool["name"] for pool in SENDGRID.client(one).get(SENDGRID.pools_path).json]


def test_request_that_was_overtaken_is_next(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    real, statuses = rules.create_pool, []
    monkeypatch.setattr(redis_store, "TRIES", 4)

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        if name == "mine":
            response = SENDGRID.client(other).post(SENDGRID.pools_path, json={"name": f"p{len(statuses)}"})
            statuses.append(response.status_code)
        return real(tx, user, name=name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    assert SENDGRID.client(one).post(SENDGRID.pools_path, json={"name": "mine"}).status_code == 200
    assert statuses == [200, 503]


def test_process_that_is_gone_is_not_waited_for(two: tuple[Flask, Flask]) -> None:
    one, _ = two
    client = SENDGRID.client(one)
    client.get(SENDGRID.pools_path)
    seconds, microseconds = store_of(one).redis.time()
    store_of(one).redis.hset("mockserver:t:default", "next", f"gone {seconds}{microseconds:06}")
    for method in ("POST", "GET"):
        body = {"name": "mine"} if method == "POST" else None
        assert client.open(SENDGRID.pools_path, method=method, json=body).status_code == 200


def test_a_tenant_that_is_closed_meanwhile(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose tenant another process closes meanwhile is a 503, and leaves nothing of the tenant behind."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    tenant = ControlClient(one).new_tenant()
    real = rules.create_pool

    def overtaken(*args: Any, **values: Any) -> Any:
        ControlClient(other).ok("DELETE", tenant.path, status=204)
        return real(*args, **values)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    response = tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    assert (response.status_code, "deleted" in response.json["detail"]) == (503, True)
    assert [key for key in store_of(one).redis.keys("*") if tenant.id in key] == []


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_tenant_of_the_same_name(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """A request whose tenant is closed meanwhile, and another made of its name, has no part in that one."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    name = "create_pool" if method == "POST" else "find_pool"
    real, again = getattr(rules, name), []

    def overtaken(*args: Any, **values: Any) -> Any:
        if not again:
            ControlClient(other).ok("POST", "/reset", {})
            again.append(SENDGRID.client(other).get(SENDGRID.pools_path))
        return real(*args, **values)

    monkeypatch.setattr(rules, name, overtaken)
    path = SENDGRID.pools_path if method == "POST" else f"{SENDGRID.pools_path}/spare"
    response = SENDGRID.client(one).open(path, method=method, json={"name": "mine"} if method == "POST" else None)
    assert response.status_code == 503
    tenant = ControlClient(other).ok("GET", "/tenants/default/requests")
    assert [each["id"] for each in tenant["requests"]] == ["default-1"] == [again[0].headers["X-Mockserver-Request-Id"]]
    assert b"mine" not in SENDGRID.client(other).get(SENDGRID.pools_path).data


def test_a_delay_ends_with_its_tenant(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A delayed call ends when another process closes its tenant."""
    one, other = two
    monkeypatch.setattr(redis_store, "CHECK_INTERVAL", 0.05)
    tenant = ControlClient(one).new_tenant()
    tenant.fault("*", kind="delay", delay_seconds=60)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        delayed = pool.submit(tenant.sendgrid.get, SENDGRID.pools_path)
        while not TenantClient(ControlClient(other), tenant.data).ok("GET", "/faults/f1")["applied"]:
            time.sleep(0.01)
        ControlClient(other).ok("DELETE", tenant.path, status=204)
        with pytest.raises(ConnectionError):
            delayed.result()
    assert time.monotonic() - began < 10
