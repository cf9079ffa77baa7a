"""Stubs of operations that are not implemented."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.control import MAX_STUBS
from mockserver.core.store import TenantData
from mockserver.core.stubs import Stub, Stubs

from ..control_client import ControlClient, TenantClient
from ..support import store_of

STORES = ("memory", "redis")
LIST = {"provider": "sendgrid", "method": "GET", "path": "/v3/templates"}
ANY = {"provider": "sendgrid", "method": "GET", "path": "/v3/templates/{any}"}


def stub(tenant: TenantClient, **fields: Any) -> dict[str, Any]:
    return tenant.ok("POST", "/stubs", fields, status=201)


def test_stub_replaces_the_501(tenant: TenantClient, control: ControlClient) -> None:
    """For the tenant only, and for the method; its record names the stub."""
    made = stub(tenant, **LIST, json={"result": ["ü"]}, headers={"X-A": "b", "access-control-max-age": "1"})
    assert made == {
        "id": "s1",
        **LIST,
        "status": 200,
        "headers": {"X-A": "b", "access-control-max-age": "1"},
        "body": '{"result":["ü"]}',
    }
    assert tenant.ok("GET", "/stubs/s1") == made
    response = tenant.sendgrid.get("/v3/templates/?page_size=1")
    assert (response.status_code, response.json, response.headers["X-A"]) == (200, {"result": ["ü"]}, "b")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers.getlist("Access-Control-Max-Age") == ["1"]
    assert "X-Mockserver-Not-Implemented" not in response.headers
    assert tenant.sendgrid.post("/v3/templates", json={}).status_code == 501
    assert control.new_tenant().sendgrid.get("/v3/templates").status_code == 501
    first, second = tenant.ok("GET", "/requests")["requests"]
    assert (first["stub"], first["status"], first["failure"], first["closest_operation"]) == ("s1", 200, None, None)
    assert (first["operation"], first["response_violation"], first["error"]) == (None, None, None)
    assert (second["stub"], second["failure"]) == (None, "not_implemented")
    assert tenant.ok("GET", f"/requests/{first['id']}")["stub"] == "s1"
    assert tenant.ok("GET", "/coverage")["counts"][0] == {
        "provider": "sendgrid",
        "operation": None,
        "error": None,
        "count": 1,
    }


def test_stub_needs_a_credential(tenant: TenantClient) -> None:
    stub(tenant, **LIST)
    assert tenant.sendgrid.with_headers({}).get("/v3/templates").status_code == 401


def test_stub_with_the_most_fixed_segments_is_used(tenant: TenantClient) -> None:
    stub(tenant, **{**ANY, "path": "/v3/templates/d-1"}, body="one")
    stub(tenant, **ANY, status=404, body="any")
    stub(tenant, **{**ANY, "path": "/v3/templates/{id}"}, status=410, body="any, replaced")
    assert [each["id"] for each in tenant.ok("GET", "/stubs")["stubs"]] == ["s1", "s3"]
    found = [tenant.sendgrid.get(f"/v3/templates/{name}") for name in ("d-1", "d-2", "d-1/versions")]
    assert [(each.status_code, each.text) for each in found[:2]] == [(200, "one"), (410, "any, replaced")]
    assert found[2].status_code in (405, 501)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"provider": "sendgrid", "method": "POST", "path": "/v3/ips/pools"},
         "/body/path: sendgrid.createIpPool is implemented: plan a fault"),
        ({"provider": "sendgrid", "method": "GET", "path": "/v3/template"}, "did you mean '/v3/templates'?"),
        ({"provider": "sendgrid", "method": "GET", "path": "/nowhere/at/all/7"}, "/body/path: unknown path of send"),
        ({"provider": "sendgrid", "method": "PUT", "path": "/v3/templates"}, "/body/method: expected one of GET, PO"),
        ({**LIST, "status": 199}, "/body/status"),
        ({**LIST, "status": 304, "body": ""}, "a response with status 304 has no body"),
        ({**LIST, "body": "", "json": 1}, "/body/body"),
        ({**LIST, "headers": {"transfer-encoding": "chunked"}}, "the server sets this header itself"),
        ({"method": "GET", "path": "/v3/templates"}, "provider"),
    ],
)  # fmt: skip
def test_stub_mistakes(tenant: TenantClient, fields: dict[str, Any], reason: str) -> None:
    assert reason in tenant.error("POST", "/stubs", fields)
    assert tenant.ok("GET", "/stubs") == {"stubs": []}


def test_stubs_are_deleted(tenant: TenantClient) -> None:
    stub(tenant, **LIST)
    stub(tenant, **ANY)
    tenant.ok("DELETE", "/stubs/s1", status=204)
    tenant.error("GET", "/stubs/s1", status=404)
    tenant.error("DELETE", "/stubs/s1", status=404)
    assert tenant.sendgrid.get("/v3/templates").status_code == 501
    tenant.ok("DELETE", "/stubs", status=204)
    assert tenant.sendgrid.get("/v3/templates/d-1").status_code == 501
    assert stub(tenant, **LIST)["id"] == "s3"


def test_reset_and_snapshots_have_the_stubs(tenant: TenantClient, control: ControlClient) -> None:
    stub(tenant, **LIST, status=202)
    tenant.ok("POST", "/snapshots", {"name": "one"}, status=201)
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    tenant.ok("POST", "/reset", {})
    assert tenant.sendgrid.get("/v3/templates").status_code == 501
    assert stub(tenant, **ANY)["id"] == "s1"
    control.ok("POST", "/snapshots/all/restore", {})
    assert tenant.sendgrid.get("/v3/templates").status_code == 202
    stub(tenant, **LIST, status=203)
    tenant.ok("POST", "/snapshots", {"name": "two"}, status=201)
    tenant.ok("DELETE", "/stubs", status=204)
    tenant.ok("POST", "/snapshots/two/restore", {})
    assert tenant.sendgrid.get("/v3/templates").status_code == 203


@pytest.mark.store("memory")
def test_stubs_are_bounded(tenant: TenantClient) -> None:
    def fill(data: TenantData) -> None:
        data.stubs = Stubs(
            tuple(Stub(f"s{n}", "sendgrid", "GET", f"/v3/templates/{n}", 200) for n in range(MAX_STUBS - 1))
        )

    store_of(tenant.control.app).get(tenant.id).update(fill)
    stub(tenant, **{**ANY, "path": "/v3/templates/last"})
    assert f"limit of {MAX_STUBS} stubs" in tenant.error("POST", "/stubs", {**LIST})
    stub(tenant, **{**ANY, "path": "/v3/templates/7"}, status=202)
    tenant.ok("DELETE", "/stubs", status=204)
    stub(tenant, **LIST, body="x" * (1 << 19))
    assert "limit of 1048576 characters" in tenant.error("POST", "/stubs", {**ANY, "body": "x" * ((1 << 19) + 1)})
    assert "limit of 1048576 characters" in tenant.error(
        "POST", "/faults", {"operation": "*", "body": "x" * ((1 << 19) + 1)}
    )
