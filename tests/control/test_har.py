"""The export of the request log as an HTTP Archive."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs
import pytest

from mockserver.control import requests as control_requests
from mockserver.control.blueprint import CONTRACT
from mockserver.testing.in_process import InProcessClient
from mockserver.testing.requests import read_har
from mockserver.web.openapi import Contract

from ..control_client import ControlClient, TenantClient
from ..support import MAILGUN, SENDGRID

STORES = ("memory", "redis")

PAIRS = {
    "type": "array",
    "items": {"type": "object", "required": ["name", "value"], "properties": {"value": {"type": "string"}}},
}
MESSAGE: dict[str, Any] = {
    "type": "object",
    "required": ["httpVersion", "cookies", "headers", "headersSize", "bodySize"],
    "properties": {
        "httpVersion": {"type": "string"},
        "cookies": {"type": "array"},
        "headers": PAIRS,
        "headersSize": {"type": "integer", "minimum": -1},
        "bodySize": {"type": "integer", "minimum": -1},
    },
}
ENTRY = {
    "type": "object",
    "required": ["startedDateTime", "time", "request", "response", "cache", "timings"],
    "properties": {
        "startedDateTime": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
        "time": {"type": "number", "minimum": 0},
        "request": {
            "allOf": [MESSAGE, {"required": ["method", "url", "queryString"]}],
            "properties": {
                "url": {"format": "uri"},
                "queryString": PAIRS,
                "postData": {"required": ["mimeType"], "oneOf": [{"required": ["text"]}, {"required": ["params"]}]},
            },
        },
        "response": {
            "allOf": [MESSAGE, {"required": ["status", "statusText", "content", "redirectURL"]}],
            "properties": {
                "status": {"type": "integer"},
                "content": {"required": ["size", "mimeType"], "properties": {"size": {"type": "integer"}}},
            },
        },
        "timings": {"required": ["send", "wait", "receive"], "additionalProperties": {"type": "number", "minimum": -1}},
    },
}
HAR = {
    "type": "object",
    "required": ["log"],
    "additionalProperties": False,
    "properties": {
        "log": {
            "required": ["version", "creator", "entries"],
            "properties": {
                "version": {"const": "1.2"},
                "creator": {"required": ["name", "version"]},
                "entries": {"type": "array", "items": ENTRY},
            },
        }
    },
}
"""What HAR 1.2 requires."""


def get_har(tenant: TenantClient, query: str = "") -> dict[str, Any]:
    response = tenant.control.open("GET", f"{tenant.path}/har{query}")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    data: dict[str, Any] = response.json
    jsonschema_rs.validator_for(HAR, validate_formats=True).validate(data)
    assert Contract.load(CONTRACT).response_violation("getHar", 200, "application/json", data) is None
    return data


def test_har_has_requests_and_their_outcomes(tenant: TenantClient) -> None:
    tenant.sendgrid.post(f"{SENDGRID.pools_path}?a=1&b=%20", json={"name": "x" * 65})
    tenant.mailgun.get("/v3/ip_pools/ü")
    tenant.ok("POST", "/faults", {"operation": "*", "kind": "drop"}, status=201)
    with pytest.raises(ConnectionResetError):
        tenant.sendgrid.get(SENDGRID.pools_path)
    log = get_har(tenant)["log"]
    assert (log["creator"]["name"], log["_before"]) == ("mockserver", None)
    created, unknown, dropped = log["entries"]
    url = tenant.data["providers"]["sendgrid"]["url"]
    assert created["request"]["url"] == f"{url}/v3/ips/pools?a=1&b=%20"
    assert created["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": " "}]
    assert json.loads(created["request"]["postData"]["text"]) == {"name": "x" * 65}
    assert created["request"]["postData"]["mimeType"] == "application/json"
    assert (created["response"]["status"], created["response"]["statusText"]) == (400, "Bad Request")
    assert (created["_operation"], created["_error"]["kind"]) == ("sendgrid.createIpPool", "assumed")
    assert unknown["request"]["url"].endswith("/mailgun/v3/ip_pools/%C3%BC")
    assert "postData" not in unknown["request"]
    assert (dropped["response"]["status"], dropped["_fault"], "_error" in dropped) == (0, "f1", False)


def test_har_has_no_credentials(tenant: TenantClient) -> None:
    keys = [access["api_key"] for access in tenant.data["providers"].values()]
    tenant.sendgrid.get(f"{SENDGRID.pools_path}?key={keys[1]}", headers={"X-Key": keys[1], "Cookie": "session=secret"})
    tenant.mailgun.post(MAILGUN.pools_path, data={"name": keys[2], "description": ""})
    tenant.mailgun.post("/v3/domains/mail.example.com/credentials", data={"login": "me", "password": "very-secret"})
    text = json.dumps(get_har(tenant), ensure_ascii=False)
    assert len(json.loads(text)["log"]["entries"]) == 3
    for secret in (*keys, "session=secret", "very-secret"):
        assert secret not in text


def test_urls_of_har_are_encoded(tenant: TenantClient) -> None:
    """Whatever bytes a request has in its path and query."""
    for target in ("/v3/ips/pools/%FF%00%20%2F?a=%FF&b=%C3%BC", '/v3/ips/pools?a=\xfc&b={}|[]"'):
        tenant.control.app.test_client().get(
            "/sendgrid/", headers=dict(tenant.data["providers"]["sendgrid"]["headers"]), **environ(target)
        )
    entries = get_har(tenant)["log"]["entries"]
    assert len(entries) == 2
    for entry in entries:
        assert re.fullmatch(r"[!-~]+", entry["request"]["url"])
        assert not set('{}|"') & set(entry["request"]["url"])


def environ(target: str) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "environ_overrides": {
            "PATH_INFO": "/sendgrid" + unquote_to_bytes(path).decode("latin-1"),
            "REQUEST_URI": f"/sendgrid{target}",
            "QUERY_STRING": query,
        }
    }


def test_filters_of_har(tenant: TenantClient) -> None:
    for name in ("a", "a", "b"):
        tenant.sendgrid.post(SENDGRID.pools_path, json={"name": name})
    assert [each["_id"] for each in get_har(tenant, "?has_error=true")["log"]["entries"]] == [f"{tenant.id}-2"]
    page = get_har(tenant, "?limit=2")["log"]
    assert ([each["_id"] for each in page["entries"]], page["_before"]) == ([f"{tenant.id}-2", f"{tenant.id}-3"], 2)
    assert get_har(tenant, "?limit=2&before=2")["log"]["_before"] is None
    tenant.error("GET", "/har?limit=0", status=400)


def test_client_reads_all_pages(control: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = control.new_tenant()
    for name in "abcde":
        tenant.sendgrid.post(SENDGRID.pools_path, json={"name": name})
    monkeypatch.setattr(control_requests, "PAGE_BYTES", 2_500)
    assert get_har(tenant)["log"]["_before"] is not None
    found = read_har(InProcessClient(control.app), tenant.id)
    assert [each["_id"] for each in found["log"]["entries"]] == [f"{tenant.id}-{number}" for number in range(1, 6)]
    assert set(found["log"]) == {"version", "creator", "entries"}
