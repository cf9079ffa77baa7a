"""Fault injection."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from mockserver.core.store import Tenant

from ..control_client import TenantClient
from ..support import (
    MAILGUN,
    SENDGRID,
    SPARKPOST,
    store_of,
    tenant_lock,
)

STORES = ("memory", "redis")


def test_a_status_of_the_providers_own(tenant: TenantClient) -> None:
    """SparkPost's 420 is no standard status: its name is the one that the provider's table of errors has."""
    tenant.fault("sparkpost.listIpPools", status=420)
    response = tenant.sparkpost.get(SPARKPOST.pools_path)
    assert response.status == "420 Exceed Sending Limit"
    assert response.json == {"errors": [{"message": "Exceed Sending Limit"}]}


def test_times_and_skip(tenant: TenantClient) -> None:
    """A fault skips some requests, applies to some, and then the next one in the queue follows."""
    tenant.fault("sendgrid.listIpPools", skip=1, times=2, status=500)
    tenant.fault("sendgrid.*", status=503)
    statuses = [tenant.sendgrid.get(SENDGRID.pools_path).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 503, 200]
    assert tenant.ok("GET", "/requests?status=5xx")["requests"][0]["fault"] == "f1"


def test_after_the_commit(tenant: TenantClient) -> None:
    """A fault after the commit leaves the change done and the client with an error."""
    tenant.fault("sendgrid.createIpPool", when="after", status=500)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "done"}).status_code == 500
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/done").status_code == 200
    tenant.fault("sendgrid.createIpPool", when="before", status=500)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "not done"}).status_code == 500
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/not%20done").status_code == 404


def test_fault_after_an_error_replaces_it(tenant: TenantClient) -> None:
    """A fault after an operation replaces its error, too."""
    tenant.fault("sendgrid.createIpPool", when="after", status=500)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={}).status_code == 500
    assert tenant.ok("GET", "/faults/f1")["completed"] is True
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={}).status_code == 400


def test_drop_and_truncate_in_process(tenant: TenantClient) -> None:
    """In process, a dropped or truncated answer is the transport's connection error; `when` says what was done."""
    for name, when in (("kept", "after"), ("lost", "before")):
        tenant.fault("sendgrid.createIpPool", kind="drop", when=when)
        with pytest.raises(ConnectionError):
            tenant.sendgrid.post(SENDGRID.pools_path, json={"name": name})
    tenant.fault("sendgrid.createIpPool", kind="truncate")
    with pytest.raises(ConnectionError):
        _ = tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "cut"}).data
    names = [pool["name"] for pool in tenant.sendgrid.get(SENDGRID.pools_path).json]
    assert names[-2:] == ["kept", "cut"]
    assert "lost" not in names


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_ends_delays(tenant: TenantClient, when: str) -> None:
    """A call that is delayed when its tenant is reset is of the time before: it is not answered, and does nothing."""
    tenant.fault("sendgrid.createIpPool", kind="delay", delay_seconds=60, when=when)
    came: list[object] = []

    def call() -> None:
        try:
            came.append(tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "ghost"}))
        except ConnectionResetError as error:
            came.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not tenant.ok("GET", "/faults/f1")["applied"]:
        time.sleep(0.01)
    time.sleep(0.1)
    tenant.ok("POST", "/reset", {})
    thread.join(20)
    assert [type(each) for each in came] == [ConnectionResetError]
    assert "ghost" not in tenant.sendgrid.get(SENDGRID.pools_path).text


def test_delays_hold_no_lock(tenant: TenantClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay is as long as planned, and the tenant's other calls go on meanwhile."""
    slept = []
    app = tenant.control.app

    def wait(_: Tenant, seconds: float) -> None:
        if seconds:
            slept.append((seconds, tenant_lock(app, store_of(app).get(tenant.id)).locked()))

    monkeypatch.setattr(type(store_of(tenant.control.app).get(tenant.id)), "wait", wait)
    tenant.fault("*", kind="delay", delay_seconds=1.5)
    tenant.fault("*", kind="delay", delay_seconds=2, when="after")
    assert [tenant.mailgun.get(MAILGUN.pools_path).status_code for _ in range(3)] == [200, 200, 200]
    assert slept == [(1.5, False), (2, False)]


def test_unauthenticated_request_uses_no_fault(tenant: TenantClient) -> None:
    """A 401, and what reaches no operation, uses no fault up."""
    tenant.fault("*")
    SENDGRID.client(tenant.control.app, headers={}).get(SENDGRID.pools_path)
    tenant.sendgrid.get("/nope")
    assert tenant.ok("GET", "/faults/f1")["applied"] == 0


def test_fault_mistakes(tenant: TenantClient) -> None:
    """A fault that could never do what it says is refused, with the closest operation's name."""
    for fault, reason in (
        ({}, "operation"),
        ({"operation": "sendgrid.createIpPol"}, "did you mean 'sendgrid.createIpPool'?"),
        ({"operation": "sendgird.createIpPool"}, "did you mean 'sendgrid.createIpPool'?"),
        (
            {"operation": "createIpPool"},
            "did you mean 'mailgun.createIpPool', 'sendgrid.createIpPool' or 'sparkpost.createIpPool'?",
        ),
        ({"operation": "something.else"}, "unknown operation 'something.else'"),
        ({"operation": "*", "status": 199}, "/body/status"),
        ({"operation": "*", "status": 600}, "/body/status"),
        ({"operation": "sendgrid.createIpPool", "error": "pool_ful"}, "expected one of name_missing, name_too_long"),
        ({"operation": "sendgrid.*", "error": "name_taken"}, "/body/error: an error by name needs one operation"),
        ({"operation": "*", "error": "name_taken"}, "/body/error: an error by name needs one operation"),
        ({"operation": "sendgrid.createIpPool", "error": "name_taken", "status": 400}, "/body/status"),
        ({"operation": "sendgrid.createIpPool", "error": "name_taken", "body": ""}, "/body/body"),
        ({"operation": "*", "kind": "timeout", "headers": {}}, "/body/headers"),
        ({"operation": "*", "kind": "timeout", "delay_seconds": 61}, "/body/delay_seconds"),
        ({"operation": "*", "body": "", "json": None}, "/body/body"),
        ({"operation": "*", "status": 204, "body": ""}, "a response with status 204 has no body"),
        ({"operation": "*", "headers": {"Content-Length": "1"}}, "/body/headers/Content-Length"),
        ({"operation": "*", "headers": {"X-A": "one\r\nX-B: two"}}, "/body/headers/X-A"),
        ({"operation": "*", "headers": {"X A": "one"}}, "/body/headers"),
        ({"operation": "*", "kind": "drop", "status": 500}, "/body/status"),
        ({"operation": "*", "kind": "delay"}, "delay_seconds"),
        ({"operation": "*", "delay_seconds": 1}, "/body/delay_seconds"),
        ({"operation": "*", "kind": "truncate", "when": "before"}, "/body/when"),
        ({"operation": "*", "times": 0}, "/body/times"),
        ({"operation": "*", "tims": 1}, "tims"),
    ):
        assert reason in tenant.error("POST", "/faults", fault)
    assert tenant.ok("GET", "/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "text"),
    [
        ({"status": 502, "headers": {"content-type": "text/html"}, "body": "<h1>Bad Gateway</h1>"}, 502, "text/html",
         "<h1>Bad Gateway</h1>"),
        ({"status": 200, "body": '{"ips": ['}, 200, "application/json", '{"ips": ['),
        ({"status": 200, "json": {"ü": [None]}}, 200, "application/json", '{"ü":[null]}'),
        ({"status": 200, "json": None}, 200, "application/json", "null"),
        ({"status": 418, "body": ""}, 418, "application/json", ""),
        ({"status": 204}, 204, None, ""),
        ({"status": 302, "headers": {"Location": "https://example.com/"}}, 302, None, ""),
    ],
)  # fmt: skip
def test_planned_response_is_sent_as_it_is(
    tenant: TenantClient, fault: dict[str, Any], status: int, content_type: str | None, text: str
) -> None:
    """Whatever the OpenAPI document of the provider says; the operation does nothing."""
    planned = tenant.fault("sendgrid.createIpPool", **fault)
    assert tenant.ok("GET", f"/faults/{planned['id']}") == planned
    response = tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    assert (response.status_code, response.headers.get("Content-Type"), response.text) == (status, content_type, text)
    assert response.headers.get("Location") == fault.get("headers", {}).get("Location")
    (record,) = tenant.ok("GET", "/requests")["requests"]
    assert (record["operation"], record["status"], record["fault"]) == ("sendgrid.createIpPool", status, "f1")
    assert (record["error"], record["response_violation"]) == (None, None)
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/mine").status_code == 404


def test_planned_headers_replace_those_of_the_provider(tenant: TenantClient) -> None:
    tenant.fault("sendgrid.listIpPools", status=429, headers={"Retry-After": "2", "x-ratelimit-reset": "7"})
    response = tenant.sendgrid.get(SENDGRID.pools_path)
    assert response.json == {"errors": [{"field": None, "message": "too many requests"}]}
    assert (response.headers["Retry-After"], response.headers.getlist("X-RateLimit-Reset")) == ("2", ["7"])


def test_error_by_name_after_the_operation(tenant: TenantClient) -> None:
    tenant.fault("sendgrid.createIpPool", error="too_many_pools", when="after")
    response = tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    assert response.json == {"errors": [{"field": None, "message": "100 pools limit has been reached"}]}
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/mine").status_code == 200
    assert tenant.ok("GET", "/requests")["requests"][0]["error"]["key"] == "too_many_pools"


def test_planned_content_is_bounded(tenant: TenantClient) -> None:
    half = "x" * ((1 << 19) - 3)
    tenant.fault("*", body=half, headers={"X-A": ""})
    tenant.fault("*", body=half, headers={"X-B": ""})
    assert "limit of 1048576 characters" in tenant.error("POST", "/faults", {"operation": "*", "body": "x"})
    tenant.fault("*")
    tenant.ok("DELETE", "/faults", status=204)
    tenant.fault("*", body="x")


@pytest.mark.parametrize("when", ["before", "after"])
def test_timeout_closes_the_connection(tenant: TenantClient, when: str) -> None:
    tenant.fault("sendgrid.createIpPool", kind="timeout", when=when, delay_seconds=0.01)
    with pytest.raises(ConnectionError):
        tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "mine"})
    assert tenant.ok("GET", "/requests")["requests"][0]["status"] is None
    assert (tenant.sendgrid.get(f"{SENDGRID.pools_path}/mine").status_code == 200) == (when == "after")
    assert tenant.fault("*", kind="timeout")["delay_seconds"] == 60


def test_faults_are_taken_back(tenant: TenantClient) -> None:
    """A fault, or all of them, can be taken back."""
    one, two = tenant.fault("*"), tenant.fault("*")
    tenant.ok("DELETE", f"/faults/{one['id']}", status=204)
    tenant.error("GET", f"/faults/{one['id']}", status=404)
    tenant.error("DELETE", f"/faults/{one['id']}", status=404)
    assert tenant.ok("GET", "/faults") == {"faults": [two]}
    tenant.ok("DELETE", "/faults", status=204)
    assert tenant.sendgrid.get(SENDGRID.pools_path).status_code == 200
