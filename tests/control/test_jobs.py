"""Pending jobs: Mailgun's work after a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..control_client import ControlClient, TenantClient

STORES = ("memory", "redis")

POOL_PATH = "/v3/ip_pools/658041ae44842b99ee2eaa1b"

IPS = "/v3/domains/mail.example.com/ips"


def slow(control: ControlClient, **settings: Any) -> TenantClient:
    tenant = control.new_tenant()
    state = tenant.ok("GET", "/state")["state"]["mailgun"]
    tenant.ok("PUT", "/state", {"state": {"mailgun": {**state, **settings}}})
    assert tenant.mailgun.put(f"{POOL_PATH}/ips/192.0.2.10").json["message"] == "started"
    return tenant


def test_jobs_with_a_delay_wait_for_the_clock(control: ControlClient) -> None:
    """Work with a delay is done when the tenant's clock is there."""
    tenant = slow(control, async_delay_seconds=3600)
    assert tenant.mailgun.get(IPS).json["total_count"] == 1
    tenant.ok("POST", "/clock/advance", {"seconds": 3600})
    assert tenant.mailgun.get(IPS).json["total_count"] == 2


def test_jobs_without_a_delay_wait_for_run_pending_jobs(control: ControlClient) -> None:
    """Jobs without a delay are done by `jobs/run` only."""
    tenant = slow(control, async_delay_seconds=None)
    tenant.ok("POST", "/clock/advance", {"seconds": 1e9})
    assert tenant.mailgun.get(IPS).json["total_count"] == 1
    state = tenant.ok("GET", "/state")["state"]
    assert tenant.ok("PUT", "/state", {"state": state})["state"] == state
    assert tenant.ok("POST", "/jobs/run") == {"jobs_run": True}
    assert tenant.mailgun.get(IPS).json["total_count"] == 2


@pytest.mark.parametrize("delay", [0, 3600, 0.5, "manual"])
def test_job_delay_of_a_new_tenant(control: ControlClient, delay: float | str) -> None:
    """A tenant is created with a delay, which a reset and a snapshot keep, and its state shows."""
    tenant = control.new_tenant(job_delay=delay, clock={"frozen": True})
    for _ in range(2):
        assert tenant.mailgun.put(f"{POOL_PATH}/ips/192.0.2.10").json["message"] == "started"
        assert tenant.mailgun.get(IPS).json["total_count"] == (2 if delay == 0 else 1)
        tenant.ok("POST", "/clock/advance", {"seconds": 0 if delay == "manual" else delay})
        assert tenant.mailgun.get(IPS).json["total_count"] == (1 if delay == "manual" else 2)
        tenant.ok("POST", "/jobs/run")
        assert tenant.mailgun.get(IPS).json["total_count"] == 2
        state = tenant.ok("GET", "/state")["state"]
        assert state["mailgun"]["async_delay_seconds"] == (None if delay == "manual" else delay)
        assert tenant.ok("PUT", "/state", {"state": state})["state"] == state
        tenant.ok("POST", "/reset")


def test_job_delay_overrides_the_seed_and_the_setting(make_app: Callable[..., Flask]) -> None:
    """The delay is that of the tenant, else of the seed, else of the server."""
    control = ControlClient(make_app(job_delay=5))
    seed = {"mailgun": {"async_delay_seconds": 7}}

    def delay(**start: Any) -> object:
        return control.new_tenant(**start).ok("GET", "/state")["state"]["mailgun"]["async_delay_seconds"]

    assert [delay(), delay(seed=seed), delay(seed=seed, job_delay=9), delay(job_delay=9)] == [5, 7, 9, 9]
    assert delay(seed={"mailgun": {}}) == 5
    tenant = control.new_tenant(job_delay=9)
    tenant.ok("PUT", "/state", {"state": {"mailgun": {}}})
    assert tenant.ok("GET", "/state")["state"]["mailgun"]["async_delay_seconds"] == 9


@pytest.mark.parametrize("delay", [-1, 1_000_000_001, "5", "never", True, None])
def test_invalid_job_delay_is_an_error(control: ControlClient, delay: object) -> None:
    control.error("POST", "/tenants", {"job_delay": delay}, status=400)


def test_failing_job_stops_after_half_of_the_domains(control: ControlClient) -> None:
    """Work that fails stops after half of the domains; the state it leaves can be read and put."""
    tenant = control.new_tenant()
    assert tenant.mailgun.post("/v3/domains/news.example.com/ips", data={"pool_id": POOL_PATH[13:]}).status_code == 200
    state = tenant.ok("GET", "/state")["state"]["mailgun"]
    tenant.ok("PUT", "/state", {"state": {"mailgun": {**state, "async_fails_midway": True}}})
    tenant.mailgun.delete(POOL_PATH, query_string={"ip": "shared"})
    counts = [tenant.mailgun.get(f"/v3/domains/{name}.example.com/ips").json["items"] for name in ("mail", "news")]
    assert counts == [["198.51.100.1"], ["192.0.2.20"]]
    state = tenant.ok("GET", "/state")["state"]
    assert tenant.ok("PUT", "/state", {"state": state})["state"] == state
