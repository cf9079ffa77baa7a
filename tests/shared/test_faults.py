"""Planned faults, in the provider's format."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from mockserver.core.errors import entries
from mockserver.web.server_state import server_state

from ..control_client import ControlClient, TenantClient
from ..provider_case import ProviderCase, body

STORES = ("memory", "redis")


@pytest.fixture
def tenant(app: Flask) -> TenantClient:
    return ControlClient(app).new_tenant()


def test_planned_429_has_the_format_and_headers_of_the_provider(tenant: TenantClient, case: ProviderCase) -> None:
    """Then it is over."""
    client = tenant.client(case)
    tenant.fault(case.full_name(case.list_operation), status=429)
    response = client.get(case.pools_path)
    assert (response.status_code, body(response)) == (429, case.fault_body)
    assert ("X-RateLimit-Reset" in response.headers) == case.rate_limit_headers
    assert client.get(case.pools_path).status_code == 200
    (fault,) = tenant.ok("GET", "/faults")["faults"]
    assert (fault["applied"], fault["remaining"], fault["completed"]) == (1, 0, True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 500, 502, 503, 504, 599])
def test_any_error_can_be_planned(tenant: TenantClient, case: ProviderCase, status: int) -> None:
    tenant.fault(f"{case.name}.*", status=status)
    response = tenant.client(case).post(case.pools_path, **case.new_pool("mine"))
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("application/json") or status in (401, 404)
    assert "mine" not in json.dumps(tenant.ok("GET", "/state")["state"])


def test_each_error_of_an_operation_can_be_planned_by_name(case: ProviderCase, app: Flask) -> None:
    """With the status and the message of the catalog; its response fits the OpenAPI document."""
    provider = server_state(app).providers[case.name]
    operation = provider.operations[case.create_operation]
    tenant = ControlClient(app).new_tenant()
    names = [name for name, status, _ in provider.contract.error_examples(operation.id)]
    known = {name: error for name, error in entries(provider.catalog).items() if name in names}
    assert len(known) > 3 or case.blueprint is not None  # one of an example
    for name, error in known.items():
        tenant.fault(case.full_name(operation.id), error=name)
        response = tenant.client(case).post(case.pools_path, **case.new_pool("mine"))
        assert response.status_code == error.status
        record = tenant.ok("GET", "/requests?limit=1")["requests"][0]
        assert record["error"]["key"] == name
        assert "{" not in record["error"]["message"]
        assert record["error"]["message"] in (json.dumps(response.json) if response.is_json else response.text).replace(
            '\\"', '"'
        )
        violation = provider.contract.response_violation(
            operation.id, error.status, response.headers["Content-Type"], response.json if response.is_json else None
        )
        assert violation is None, (name, violation)


@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_after_the_operation_leaves_the_change(tenant: TenantClient, case: ProviderCase, when: str) -> None:
    client = tenant.client(case)
    tenant.fault(case.full_name(case.create_operation), when=when, status=500)
    assert client.post(case.pools_path, **case.new_pool("mine")).status_code == 500
    assert ("mine" in client.get(case.pools_path).text) == (when == "after")


@pytest.mark.parametrize(("kind", "when"), [("drop", "before"), ("drop", "after"), ("truncate", "after")])
def test_dropped_response_is_a_connection_error(tenant: TenantClient, case: ProviderCase, kind: str, when: str) -> None:
    """In process; on a socket it is one, too."""
    client = tenant.client(case)
    tenant.fault(case.full_name(case.create_operation), kind=kind, **({"when": when} if kind == "drop" else {}))
    with pytest.raises(ConnectionError):
        _ = client.post(case.pools_path, **case.new_pool("mine")).data
    assert ("mine" in client.get(case.pools_path).text) == (when == "after")


def test_request_without_key_uses_no_fault(tenant: TenantClient, case: ProviderCase) -> None:
    """Neither does an unknown path."""
    tenant.fault("*")
    tenant.client(case).with_headers({}).get(case.pools_path)
    tenant.client(case).get("/nope")
    assert tenant.ok("GET", "/faults/f1")["applied"] == 0


def test_request_log_names_operation_and_failure(tenant: TenantClient, case: ProviderCase) -> None:
    client = tenant.client(case)
    client.get(case.pools_path)
    client.get("/nope")
    client.put(case.pools_path)
    requests = tenant.ok("GET", "/requests")["requests"]
    assert [(each["operation"], each["failure"], each["status"]) for each in requests] == [
        (case.full_name(case.list_operation), None, 200),
        (None, "not_found", 404),
        (None, "not_allowed", 405),
    ]
