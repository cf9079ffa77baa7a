"""Problems of requests, which are judged when the requests come."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from mockserver.core.request_log import MAX_PROBLEMS

from ..control_client import ControlClient
from ..support import SENDGRID

STORES = ("memory", "redis")


@pytest.fixture
def small_log(make_app: Any) -> ControlClient:
    """A server whose request logs have three requests."""
    return ControlClient(make_app(request_log_size=3))


@pytest.mark.parametrize("strict", [True, False])
def test_problems_of_dropped_requests_are_kept(small_log: ControlClient, strict: bool) -> None:
    tenant = small_log.new_tenant(**({"strict": True} if strict else {}))
    tenant.sendgrid.post(SENDGRID.pools_path, json={"name": 7})
    tenant.sendgrid.get("/v3/templates?page_size=1")
    for _ in range(4):
        tenant.sendgrid.get(SENDGRID.pools_path)
    tenant.sendgrid.get("/nope")
    assert [each["seq"] for each in tenant.ok("GET", "/requests")["requests"]] == [5, 6, 7]
    found = tenant.ok("GET", "/problems")
    assert found["strict"] is strict
    violation, missing = found["problems"] if strict else [None, *found["problems"]]
    assert missing == {
        "seq": 2, "provider": "sendgrid", "operation": None, "method": "GET", "path": "/v3/templates",
        "query": "page_size=1", "status": 501, "failure": "not_implemented", "stub": None, "response_violation": None,
        "request_violations": [],
    }  # fmt: skip
    if violation is not None:
        assert (violation["seq"], violation["operation"]) == (1, "sendgrid.createIpPool")
        assert violation["request_violations"] == [{"pointer": "/body/name", "rule": "type", "value": 7}]
    tenant.ok("DELETE", "/requests", status=204)
    assert tenant.ok("GET", "/problems") == {"strict": strict, "problems": []}
    tenant.sendgrid.get("/v3/templates")
    tenant.ok("POST", "/reset", {})
    assert tenant.ok("GET", "/problems") == {"strict": strict, "problems": []}
    tenant.sendgrid.post(SENDGRID.pools_path, json={"name": 7})
    assert len(tenant.ok("GET", "/problems")["problems"]) == strict


def test_problems_are_bounded(small_log: ControlClient) -> None:
    tenant = small_log.new_tenant(strict=True)
    for number in range(MAX_PROBLEMS + 1):
        long = "x" * 1_000
        tenant.sendgrid.post(f"{SENDGRID.pools_path}?{long}{number}", json={"name": [long] * 10})
    problems = tenant.ok("GET", "/problems")["problems"]
    assert [each["seq"] for each in problems] == [*range(2, MAX_PROBLEMS + 2)]
    assert problems[0]["query"] == "x" * 200 + "…"
    (violation,) = problems[0]["request_violations"]
    assert len(violation["value"]) == 201


def test_problems_have_no_credentials(app: Flask) -> None:
    tenant = ControlClient(app).new_tenant(strict=True)
    key = tenant.data["providers"]["sendgrid"]["api_key"]
    tenant.sendgrid.get(f"/v3/templates?key={key}")
    tenant.sendgrid.post(SENDGRID.pools_path, json={"name": [key]})
    text = tenant.control.open("GET", f"{tenant.path}/problems").text
    assert key not in text
    assert "\\u2026" in text
