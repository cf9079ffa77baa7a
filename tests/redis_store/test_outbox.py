"""Messages of a tenant that several processes share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from mockserver.core.outbox import MAX_MESSAGES

from ..control_client import ControlClient, TenantClient
from ..messages import message
from ..redis_server import RedisServer

pytestmark = pytest.mark.redis

STORES = ("redis",)
STATE = {
    "state": {
        name: {
            "outbox": {
                "messages": [
                    message(1, headers=[["A", "b"]], parts=[{"content_type": "text/plain", "content": "Hi"}]),
                    message(2, 1.5, source="A: b\r\n\r\nü", pool="p", ip="192.0.2.1", account="a"),
                ],
                "count": 4,
                "dropped": 1,
                "usage": [{"ip": "192.0.2.1", "total": 3, "window": 2, "in_window": 1}],
            }
        }
        for name in ("sparkpost", "sendgrid", "mailgun")
    }
}


def test_other_process_sees_the_messages(two: tuple[Flask, Flask]) -> None:
    """All of them, each with its content, also after another change; and what it deletes is deleted."""
    tenant = ControlClient(two[0]).new_tenant()
    other = TenantClient(ControlClient(two[1]), tenant.data)
    put = tenant.ok("PUT", "/state", STATE)
    assert other.ok("GET", "/state") == put
    assert other.sendgrid.post("/v3/ips/pools", json={"name": "mine"}).status_code == 200
    assert tenant.ok("GET", "/outbox") == other.ok("GET", "/outbox")
    for name in ("sendgrid-1", "mailgun-2"):
        assert tenant.ok("GET", f"/outbox/{name}") == other.ok("GET", f"/outbox/{name}")
    other.ok("DELETE", "/outbox/sendgrid-1", status=204)
    assert [each["id"] for each in tenant.ok("GET", "/outbox?provider=sendgrid")["messages"]] == ["sendgrid-2"]


def test_messages_survive_the_process(redis_server: RedisServer, make_app: Callable[..., Flask]) -> None:
    url = redis_server.database()
    tenant = ControlClient(make_app(store=url)).new_tenant(seed=STATE["state"])
    tenant.ok("POST", "/snapshots", {"name": "x"}, status=201)
    tenant.ok("DELETE", "/outbox")
    later = TenantClient(ControlClient(make_app(store=url)), tenant.data)
    assert later.ok("GET", "/outbox")["count"] == 0
    later.ok("POST", "/snapshots/x/restore", {})
    assert later.ok("GET", "/outbox")["count"] == 6
    later.ok("DELETE", "/outbox?provider=sendgrid")
    later.ok("POST", "/reset", {})
    assert later.ok("GET", "/outbox")["count"] == 6


def test_full_outbox_is_stored(app: Flask) -> None:
    tenant = ControlClient(app).new_tenant()
    messages = [message(number, source="x" * 10_000) for number in range(1, MAX_MESSAGES + 1)]
    tenant.ok("PUT", "/state", {"state": {"mailgun": {"outbox": {"messages": messages}}}})
    assert tenant.ok("GET", "/outbox?limit=1")["count"] == MAX_MESSAGES
