"""Idle tenants and the time to live of keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..control_client import ControlClient
from ..shared.observation import change_everything
from ..support import MAILGUN, store_of
from .processes import CASES

pytestmark = pytest.mark.redis

STORES = ("redis",)


def test_idle_tenants_expire(make_app: Callable[..., Flask]) -> None:
    """A tenant that was idle for --tenant-ttl expires in Redis; its credential is a 503 from then on."""
    app = make_app(tenant_ttl=0.4)
    control = ControlClient(app)
    tenant, used = control.new_tenant(), control.new_tenant()
    unknown = MAILGUN.new_client(app)
    for each in (tenant.mailgun, used.mailgun, unknown, MAILGUN.client(app)):
        assert each.post(MAILGUN.pools_path, **MAILGUN.new_pool("mine")).status_code == 200
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    deadline = time.monotonic() + 0.6
    while time.monotonic() < deadline:
        assert used.mailgun.get(MAILGUN.pools_path).status_code == 200
        time.sleep(0.05)
    keys = store_of(app).redis.keys("mockserver:[tsjn]:*")
    assert {key.rpartition(":")[2] for key in keys} == {used.id, "default"}
    for _ in range(2):
        for each in (tenant.mailgun, unknown):
            response = each.get(MAILGUN.pools_path)
            assert (response.status_code, "--tenant-ttl" in response.json["detail"]) == (503, True)
    tenant.error("GET", "", status=404)
    assert MAILGUN.client(app).get(MAILGUN.pools_path).status_code == 200
    assert control.ok("GET", "/info")["counters"]["evictions"] == 2
    assert {each["id"] for each in control.ok("GET", "/tenants")["tenants"]} == {used.id, "default"}


def test_keys_expire_without_a_server(make_app: Callable[..., Flask]) -> None:
    """Of an idle tenant no key of its own is left in Redis, even if no server looks."""
    app = make_app(tenant_ttl=1.0)
    tenant = ControlClient(app).new_tenant()
    change_everything(tenant, CASES)
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    assert len(store_of(app).redis.keys(f"mockserver:[tsjn]:{tenant.id}")) == 4
    end = time.monotonic() + 20
    while store_of(app).redis.keys("mockserver:[tsjn]:*"):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_a_tenant_in_use_by_the_control_api(make_app: Callable[..., Flask]) -> None:
    """A tenant of which somebody asks the control API is in use."""
    tenant = ControlClient(make_app(tenant_ttl=1.5)).new_tenant()
    for _ in range(4):
        time.sleep(0.5)
        tenant.ok("GET", "/state")


@pytest.mark.parametrize(
    "settings", [{"max_tenants": 1, "tenant_ttl": 0.001}, {"max_tenants": 10**9, "tenant_ttl": 1e9}]
)
def test_extreme_settings_work(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    """The least and the most that a server starts with."""
    app = make_app(request_log_size=2**40, request_log_max_bytes=2**40, max_body_bytes=2**40, **settings)
    control = ControlClient(app)
    tenant = control.new_tenant() if settings["tenant_ttl"] > 1 else None
    for _ in range(2):
        assert MAILGUN.client(app).post(MAILGUN.pools_path, **MAILGUN.new_pool("mine")).status_code == 200
        assert MAILGUN.new_client(app).get(MAILGUN.pools_path).status_code in (200, 503)
    if tenant is not None:
        assert tenant.mailgun.get(MAILGUN.pools_path).status_code == 200
    control.ok("GET", "/info")
    control.ok("POST", "/snapshots", {"name": "s"}, status=201)
    control.ok("POST", "/snapshots/s/restore")
