"""The server's information, operations, metrics and documents."""

from __future__ import annotations

from mockserver.providers import PROVIDERS

from ..control_client import ControlClient
from ..support import (
    SENDGRID,
)
from .helpers import NAMES

STORES = ("memory", "redis")


def test_info_and_operations(control: ControlClient) -> None:
    """The server returns its version, limits and counters, and every operation and error with its source."""
    SENDGRID.client(control.app).get(SENDGRID.pools_path)
    info = control.ok("GET", "/info")
    assert (info["seed"], info["counters"]["requests"], info["counters"]["tenants"]) == ("default", 1, 1)
    assert [each["name"] for each in info["providers"]] == NAMES
    found = control.ok("GET", "/operations")
    ids = {each["id"] for each in found["operations"]}
    assert ids == {f"{each.name}.{operation.id}" for each in PROVIDERS for operation in each.operations.values()}
    kinds = {each["kind"] for each in found["errors"]}
    assert kinds == {"documented", "observed", "assumed"}
    assert {"provider": "sendgrid", "method": "POST", "path": "/v3/mail/batch"} in found["not_implemented"]


def test_metrics(control: ControlClient) -> None:
    """Counters are in Prometheus' text format."""
    SENDGRID.client(control.app).get(SENDGRID.pools_path)
    response = control.open("GET", "/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE mockserver_requests_total counter\nmockserver_requests_total 1\n" in response.text
    assert "# TYPE mockserver_tenants gauge\nmockserver_tenants 1\n" in response.text


def test_documents(control: ControlClient) -> None:
    """The control API serves its own document too."""
    document = control.open("GET", "/openapi/control.json").json
    assert document["servers"] == [{"url": "http://localhost/_mockserver"}]
    assert "/tenants/{id}/faults" in document["paths"]
