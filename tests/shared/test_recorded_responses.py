"""What the request log has of responses: their bodies, without secrets, and how long they took."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..control_client import ControlClient, TenantClient
from ..provider_case import ProviderCase
from ..support import MAILGUN, SPARKPOST

pytestmark = pytest.mark.store("memory", "redis")

LIMIT = 1 << 16


def last(tenant: TenantClient) -> dict[str, Any]:
    found: dict[str, Any] = tenant.ok("GET", "/requests")["requests"][-1]
    return found


def test_body_of_a_response_is_recorded(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    """That of a success, of an error, and of a path that is unknown."""
    tenant = ControlClient(make_app()).new_tenant()
    client = tenant.client(case)
    for method, path, sent in (
        ("GET", case.pools_path, {}),
        ("POST", case.pools_path, case.new_pool("mine")),
        ("POST", case.pools_path, {"data": b"{"}),
        ("GET", "/nope", {}),
    ):
        response = client.open(path, method=method, **sent)
        assert response.text
        assert last(tenant)["response_body"] == response.text
        assert last(tenant)["milliseconds"] > 0


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1])
def test_recorded_body_has_at_most_64_kib(make_app: Callable[..., Flask], case: ProviderCase, size: int) -> None:
    tenant = ControlClient(make_app()).new_tenant()
    tenant.fault(f"{case.name}.*", status=500, body="x" * size)
    assert tenant.client(case).get(case.pools_path).text == "x" * size
    assert last(tenant)["response_body"] == "x" * min(size, LIMIT) + ("…" if size > LIMIT else "")


def test_dropped_response_has_no_body(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    tenant = ControlClient(make_app()).new_tenant()
    tenant.fault(f"{case.name}.*", kind="drop")
    with pytest.raises(ConnectionResetError):
        tenant.client(case).get(case.pools_path)
    assert (last(tenant)["status"], last(tenant)["response_body"]) == (None, "")


def test_duration_has_a_planned_delay_before_the_operation(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    tenant = ControlClient(make_app()).new_tenant()
    tenant.fault(f"{case.name}.*", kind="delay", delay_seconds=0.05)
    tenant.client(case).get(case.pools_path)
    assert last(tenant)["milliseconds"] >= 50


def test_recorded_body_has_no_credentials(make_app: Callable[..., Flask]) -> None:
    """Also none that the response itself issues."""
    tenant = ControlClient(make_app()).new_tenant()
    body = {"name": "N", "key_label": "k", "key_grants": ["smtp/inject"]}
    key = tenant.client(SPARKPOST).post("/api/v1/subaccounts", json=body).json["results"]["key"]
    shown = json.loads(last(tenant)["response_body"])["results"]
    assert shown["key"] == f"…{key[-4:]}"
    assert key not in json.dumps(tenant.ok("GET", "/requests"))


def test_recorded_body_has_no_passwords(make_app: Callable[..., Flask]) -> None:
    tenant = ControlClient(make_app()).new_tenant()
    tenant.fault("mailgun.*", status=500, body='{"password": "a secret", "message": "m"}')
    tenant.mailgun.get(MAILGUN.pools_path)
    assert json.loads(last(tenant)["response_body"]) == {"password": "…", "message": "m"}


def test_har_has_the_response(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    tenant = ControlClient(make_app()).new_tenant()
    response = tenant.client(case).get(case.pools_path)
    (entry,) = tenant.control.open("GET", f"/tenants/{tenant.id}/har").json["log"]["entries"]
    assert entry["response"]["content"] == {
        "size": len(response.data), "mimeType": "application/json", "text": response.text
    }  # fmt: skip
    assert entry["response"]["bodySize"] == len(response.data)
    assert entry["time"] == entry["timings"]["wait"] == last(tenant)["milliseconds"]
