"""The request log."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from mockserver.control import requests as control_requests
from mockserver.web.openapi import MAX_VIOLATIONS

from ..control_client import ControlClient, TenantClient
from ..support import (
    MAILGUN,
    SENDGRID,
)

STORES = ("memory", "redis")


def test_coverage(control: ControlClient) -> None:
    """Each pair of operation and error is counted, per tenant and in all, and outlives the journal's records."""
    one, two = control.new_tenant(), control.new_tenant()
    for _ in range(2):
        one.sendgrid.post(SENDGRID.pools_path, json={"name": "twice"})
    two.mailgun.get(MAILGUN.pools_path)
    MAILGUN.client(control.app, "unknown").get(MAILGUN.pools_path)
    one.sendgrid.get("/v3/nothing")
    one.ok("DELETE", "/requests", status=204)
    mine = [
        {"provider": "sendgrid", "operation": "sendgrid.createIpPool", "error": None, "count": 1},
        {"provider": "sendgrid", "operation": "sendgrid.createIpPool", "error": "name_taken", "count": 1},
        {"provider": "sendgrid", "operation": None, "error": "not_found", "count": 1},
    ]
    assert one.ok("GET", "/coverage") == {"counts": mine}
    theirs = {"provider": "mailgun", "operation": "mailgun.listIpPools", "error": None, "count": 1}
    assert two.ok("GET", "/coverage") == {"counts": [theirs]}
    unmatched = {"provider": "mailgun", "operation": "mailgun.listIpPools", "error": "unauthorized", "count": 1}
    assert control.ok("GET", "/coverage") == {"counts": [*mine[:2], theirs, unmatched, mine[2]]}
    one.ok("POST", "/reset", {})
    assert one.ok("GET", "/coverage") == {"counts": []}
    control.ok("POST", "/reset", {})
    assert control.ok("GET", "/coverage") == {"counts": []}


def test_request_log_names_the_failure(control: ControlClient) -> None:
    """The journal names what a request met instead of an operation, and what stood in its path."""
    tenant = control.new_tenant()
    tenant.sendgrid.get(f"{SENDGRID.pools_path}/a%2Fb")
    tenant.sendgrid.get("/v3/nothing")
    tenant.sendgrid.post("/v3/mail/batch", json={})
    tenant.sendgrid.patch(SENDGRID.pools_path)
    returned = [(each["failure"], each["path_parameters"]) for each in tenant.ok("GET", "/requests")["requests"]]
    assert returned == [(None, {"pool_name": "a/b"}), ("not_found", {}), ("not_implemented", {}), ("not_allowed", {})]


@pytest.mark.parametrize("count", [MAX_VIOLATIONS - 1, MAX_VIOLATIONS, MAX_VIOLATIONS + 1])
def test_number_of_violations_of_a_request_is_limited(tenant: TenantClient, count: int) -> None:
    tenant.sendgrid.post("/v3/send_ips/pools", json={"name": "many", "ips": list(range(count))})
    (request,) = tenant.ok("GET", "/requests")["requests"]
    rules = [each["rule"] for each in request["request_violations"]]
    assert rules == ["type"] * min(count, MAX_VIOLATIONS) + ["more"] * (count > MAX_VIOLATIONS)


def test_the_journal_explains(tenant: TenantClient) -> None:
    """A record says what was refused and why, what broke the contract, what nothing read, and what was meant."""
    tenant.sendgrid.post(f"{SENDGRID.pools_path}?page=1", json={"name": "x" * 65, "colour": "red"})
    tenant.sendgrid.get("/v3/ip/pools")
    first, second = tenant.ok("GET", "/requests")["requests"]
    assert (first["operation"], first["status"], first["method"], first["path"]) == (
        "sendgrid.createIpPool",
        400,
        "POST",
        SENDGRID.pools_path,
    )
    assert first["error"]["key"] == "name_too_long"
    assert first["error"]["kind"] == "assumed"
    assert [(each["pointer"], each["rule"]) for each in first["request_violations"]] == [("/body/name", "maxLength")]
    assert first["unused_fields"] == ["colour", "page"]
    assert json.loads(first["body"])["colour"] == "red"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", first["time"])
    assert (second["operation"], second["closest_operation"], second["error"]["key"]) == (
        None,
        "sendgrid.listIpPools",
        "not_found",
    )
    assert tenant.ok("GET", f"/requests/{first['id']}") == first
    tenant.error("GET", "/requests/nope", status=404)


def test_pages(tenant: TenantClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response has the newest requests that fit, at least one; `before` returns older ones."""

    def seqs(query: str) -> tuple[list[int], bool]:
        data = tenant.ok("GET", f"/requests?{query}")
        return [each["seq"] for each in data["requests"]], data["has_more"]

    for number in range(5):
        tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "x" * 1_000 * number})
    assert seqs("") == ([1, 2, 3, 4, 5], False)
    assert seqs("limit=4") == ([2, 3, 4, 5], True)
    assert seqs("limit=5") == ([1, 2, 3, 4, 5], False)
    assert seqs("before=4") == ([1, 2, 3], False)
    assert seqs("before=4&limit=2") == ([2, 3], True)
    assert seqs("before=4&since=1") == ([2, 3], False)
    assert seqs("before=1") == ([], False)
    assert tenant.ok("POST", "/requests/count", {"before": 4}) == {"count": 3}
    monkeypatch.setattr(control_requests, "PAGE_BYTES", 12_000)
    assert seqs("") == ([4, 5], True)
    assert seqs("before=4") == ([1, 2, 3], False)
    monkeypatch.setattr(control_requests, "PAGE_BYTES", 1)
    assert seqs("") == ([5], True)
    assert seqs("before=2") == ([1], False)


def test_filters(tenant: TenantClient) -> None:
    """Requests are listed and counted by what they were."""
    tenant.sendgrid.get(SENDGRID.pools_path)
    tenant.sendgrid.post(SENDGRID.pools_path, json={})
    tenant.mailgun.get(MAILGUN.pools_path)
    tenant.mailgun.get("/nope")
    for query, numbers in {
        "": [1, 2, 3, 4],
        "provider=sendgrid": [1, 2],
        "operation=mailgun.listIpPools": [3],
        "method=GET": [1, 3, 4],
        "path=/nope": [4],
        "status=200": [1, 3],
        "status=4xx": [2, 4],
        "has_error=true": [2, 4],
        "has_error=false": [1, 3],
        "since=2": [3, 4],
        "limit=1": [4],
        "provider=sendgrid&has_error=false": [1],
    }.items():
        found = tenant.ok("GET", f"/requests?{query}")["requests"]
        assert [each["seq"] for each in found] == numbers, query
    assert tenant.ok("POST", "/requests/count", {"status": "4xx"}) == {"count": 2}
    assert tenant.ok("POST", "/requests/count", {"provider": "mailgun", "has_error": False, "since": 0}) == {"count": 1}
    assert tenant.ok("POST", "/requests/count") == {"count": 4}
    tenant.ok("DELETE", "/requests", status=204)
    assert tenant.ok("GET", "/requests") == {"requests": [], "has_more": False, "dropped": 0}
    tenant.sendgrid.get(SENDGRID.pools_path)
    assert tenant.ok("GET", "/requests")["requests"][0]["seq"] == 5


def test_the_control_api_is_not_journaled(tenant: TenantClient) -> None:
    """What a tester asks is not among what the program under test asked."""
    tenant.ok("GET", "/state")
    assert tenant.ok("GET", "/requests")["requests"] == []


def test_request_log_is_read_by_several_threads_at_once(control: ControlClient) -> None:
    """What is computed when a request is first read is computed by each, and kept once."""
    for _ in range(3):
        SENDGRID.client(control.app).post("/v3/ips/pools", data=b'{"a": [' + b"1," * 100_000 + b"1]}")
    with ThreadPoolExecutor(4) as threads:
        read = [threads.submit(control.ok, "GET", "/tenants/default/requests") for _ in range(4)]
    assert len({json.dumps(each.result()) for each in read}) == 1
