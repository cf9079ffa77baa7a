"""The clock of a tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from ..control_client import ControlClient, TenantClient, Time
from ..support import (
    MAILGUN,
)

STORES = ("memory", "redis")


@pytest.fixture
def still(make_app: Callable[..., Flask]) -> Iterator[tuple[Time, TenantClient]]:
    time = Time()
    yield time, ControlClient(make_app(time=time)).new_tenant()


def test_the_clock(still: tuple[Time, TenantClient]) -> None:
    """A tenant's clock is read, set, stopped, let go and moved."""
    time, tenant = still
    assert tenant.ok("GET", "/clock") == {"now": "2023-11-14T22:13:20Z", "frozen": False}
    assert tenant.ok("PUT", "/clock", {"now": "2030-01-01T01:00:00.5+01:00"}) == {
        "now": "2030-01-01T00:00:00.5Z",
        "frozen": False,
    }
    time.now += 1
    assert tenant.ok("PUT", "/clock", {"frozen": True})["now"] == "2030-01-01T00:00:01.5Z"
    time.now += 100
    assert tenant.ok("POST", "/clock/advance", {"seconds": 10}) == {"now": "2030-01-01T00:00:11.5Z", "frozen": True}
    assert tenant.ok("POST", "/clock/advance", {"to": "2030-01-02T00:00:00Z"})["now"] == "2030-01-02T00:00:00Z"
    assert tenant.ok("PUT", "/clock", {"frozen": False})["frozen"] is False
    time.now += 1
    assert tenant.ok("GET", "/clock")["now"] == "2030-01-02T00:00:01Z"
    tenant.mailgun.get(MAILGUN.pools_path)
    assert tenant.ok("GET", "/requests")["requests"][0]["time"] == "2030-01-02T00:00:01Z"


def test_clock_mistakes(tenant: TenantClient) -> None:
    """A clock is not moved by what is no time, or back by `advance`."""
    before = tenant.ok("PUT", "/clock", {"frozen": True})
    for method, path, body in (
        ("PUT", "", {"now": "yesterday"}),
        ("PUT", "", {"now": "2030-13-01T00:00:00Z"}),
        ("PUT", "", {"now": "0001-01-01T00:00:00+05:00"}),
        ("PUT", "", {"now": "9999-12-31T23:59:59-05:00"}),
        ("PUT", "", {"frozen": "yes"}),
        ("POST", "/advance", {}),
        ("POST", "/advance", {"seconds": 1, "to": "2090-01-01T00:00:00Z"}),
        ("POST", "/advance", {"seconds": -1}),
        ("POST", "/advance", {"to": "2001-01-01T00:00:00Z"}),
    ):
        tenant.error(method, f"/clock{path}", body)
    assert tenant.ok("GET", "/clock") == before


def test_a_tenant_starts_with_its_clock(control: ControlClient) -> None:
    """A tenant made with a clock has it, and has it again after a reset."""
    asked = {"now": "2030-01-01T00:00:00Z", "frozen": True}
    tenant = control.new_tenant(clock=asked)
    tenant.ok("POST", "/clock/advance", {"seconds": 60})
    tenant.ok("POST", "/reset")
    assert tenant.ok("GET", "/clock") == asked
