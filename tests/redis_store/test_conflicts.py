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
        if name == "mine":
            SENDGRID.client(other).post(SENDGRID.pools_path, json={"name": f"p{next(numbers)}"})
        return real(tx, user, name=name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    response = SENDGRID.client(one).post(SENDGRID.pools_path, json={"name": "mine"})
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert "in each of 4 attempts" in response.json["detail"] and "was not applied" in response.json["detail"]
    assert next(numbers) == 4
    assert "mine" not in [pool["name"] for pool in SENDGRID.client(one).get(SENDGRID.pools_path).json]


def test_a_tenant_that_is_closed_meanwhile(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose tenant another process closes meanwhile is a 503, and leaves nothing of the tenant behind."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    tenant = ControlClient(one).new_tenant()
    monkeypatch.setattr(
        rules, "create_pool", lambda tx, user, name: ControlClient(other).ok("DELETE", tenant.path, status=204)
    )
    response = tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    assert (response.status_code, "deleted" in response.json["detail"]) == (503, True)
    assert [key for key in store_of(one).redis.keys("*") if tenant.id in key] == []


def test_a_tenant_of_the_same_name(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose tenant is closed meanwhile, and another made of its name, has no part in that one."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    tenant = ControlClient(one).new_tenant()
    real, again = rules.create_pool, []

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        if not again:
            ControlClient(other).ok("POST", "/reset", {})
            again.append(ControlClient(other).new_tenant())
        return real(tx, user, name=name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"}).status_code == 503
    assert again[0].id == tenant.id
    assert again[0].ok("GET", "/requests")["requests"] == []
    assert b"mine" not in again[0].sendgrid.get(SENDGRID.pools_path).data


def test_a_journal_of_the_same_name(two: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was answered before its tenant was closed is in no journal of another with that name."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    tenant = ControlClient(one).new_tenant()
    real, again = rules.find_pool, []

    def overtaken(*args: Any) -> Any:
        if not again:
            ControlClient(other).ok("POST", "/reset", {})
            again.append(ControlClient(other).new_tenant())
        return real(*args)

    monkeypatch.setattr(rules, "find_pool", overtaken)
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/spare").status_code == 200
    assert again[0].id == tenant.id
    assert again[0].ok("GET", "/requests")["requests"] == []


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
