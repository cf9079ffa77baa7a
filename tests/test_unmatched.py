"""Requests that belong to no tenant: a forgotten prefix, a wrong key, and the log of them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.core.unmatched_log import MAX_RECORDS, MAX_TEXT
from mockserver.web.server_state import server_state

from .control_client import ControlClient
from .provider_case import ProviderCase
from .support import SENDGRID, SENDGRID_KEY

STORES = ("memory", "redis")


def unmatched(app: Flask, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ControlClient(app).ok("GET", "/unmatched-requests", query_string=query)["requests"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "uses"),
    [
        ("GET", "/api/v1/ip-pools", ["http://localhost/sparkpost/api/v1/ip-pools (sparkpost.listIpPools)"]),
        ("GET", "/v3/ips/pools/a b", ["http://localhost/sendgrid/v3/ips/pools/a%20b (sendgrid.getIpPool)"]),
        (
            "GET",
            "/v3/ips",
            [
                "http://localhost/sendgrid/v3/ips (sendgrid.listIps)",
                "http://localhost/mailgun/v3/ips (mailgun.listIps)",
            ],
        ),
        (
            "POST",
            "/v3/mail/batch",
            ["http://localhost/sendgrid/v3/mail/batch (an operation of sendgrid, not implemented)"],
        ),
        ("PATCH", "/v3/ips/pools", ["http://localhost/sendgrid/v3/ips/pools (sendgrid, GET or POST)"]),
    ],
)
def test_forgotten_prefix_is_a_404_with_the_url_to_use(app: Flask, method: str, path: str, uses: list[str]) -> None:
    """The problem names each operation that the path may be meant for; the request is logged with the same reason."""
    response = app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {SENDGRID_KEY}"})
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    detail = response.json["detail"]
    assert detail.startswith("No provider is at this path: use ")
    assert all(use in detail for use in uses)
    (found,) = unmatched(app)
    assert found["reason"] == detail[0].lower() + detail[1:-1]
    assert found["id"] == response.headers["X-Mockserver-Request-Id"] == "unmatched-1"
    assert {name: found[name] for name in ("method", "path", "status", "provider", "operation", "error")} == {
        "method": method, "path": path, "status": 404, "provider": None, "operation": None, "error": None,
    }  # fmt: skip
    assert (found["host"], found["credential"]) == ("localhost", "…0000")
    assert ControlClient(app).ok("GET", "/coverage") == {"counts": []}
    assert ControlClient(app).ok("GET", "/info")["counters"]["requests"] == 1


@pytest.mark.parametrize("path", ["/favicon.ico", "/v3/nothing/here", "/sendgird/v3/ips/pools"])
def test_path_of_no_provider_is_a_404_with_the_prefixes(app: Flask, path: str) -> None:
    detail = app.test_client().get(path).json["detail"]
    assert detail == "No provider is at this path: expected one below /sparkpost, /sendgrid, /mailgun."
    assert [each["path"] for each in unmatched(app)] == [path]


def test_other_404s_are_not_those_of_a_path_without_a_provider(app: Flask) -> None:
    """Those of the control API, of a provider, and of a view that the application has itself."""

    @app.get("/own")
    def own() -> Any:
        from flask import abort

        abort(404)

    client = app.test_client()
    for path in ("/own", "/_mockserver/nothing", "/_mockserver/tenants/none"):
        response = client.get(path)
        assert response.status_code == 404
        assert "No provider" not in response.text
    assert SENDGRID.client(app).get("/v3/nothing").json == {
        "errors": [{"field": None, "message": "resource not found"}]
    }
    assert unmatched(app) == []


FORMATS = {
    "sparkpost": "40 hexadecimal digits",
    "sendgrid": "SG.22.43: 'SG.', 22 characters, a dot, 43 characters",
    "mailgun": "'key-' and 32 hexadecimal digits, or 32-8-8 hexadecimal digits",
}


def test_malformed_key_is_the_providers_401_with_a_reason_in_the_log(app: Flask, case: ProviderCase) -> None:
    """The response has the same bytes as for any other unknown key."""
    responses = [case.client(app, key).get(case.pools_path) for key in ("test-key", "x" * 1_001)]
    assert responses[0].status_code == 401
    assert responses[0].data == responses[1].data
    malformed, too_long = unmatched(app)
    provider = server_state(app).providers[case.name]
    expected = f"its key does not look like a {provider.title} key"
    if case.name in FORMATS:
        expected += f" ({FORMATS[case.name]})"
    assert malformed["reason"] == f"{expected}; --unknown-credentials any accepts it"
    assert (malformed["status"], malformed["provider"]) == (401, case.name)
    assert malformed["path"] == f"/{case.name}{case.pools_path}"
    assert too_long["reason"] == "its key is too long: expected at most 1000 characters"


def test_unknown_key_that_is_rejected_has_its_reason(make_app: Callable[..., Flask]) -> None:
    app = make_app(unknown_credentials="reject")
    assert SENDGRID.client(app, SENDGRID.new_key()).get(SENDGRID.pools_path).status_code == 401
    (found,) = unmatched(app)
    assert found["reason"] == "no tenant has its SendGrid key, and --unknown-credentials reject creates none for it"


@pytest.mark.parametrize(
    ("path", "header", "expected"),
    [
        ("/sendgrid/v3/ips", None, "it has no SendGrid key: expected 'Authorization: Bearer KEY'"),
        ("/sendgrid/v3/ips", f"Token {SENDGRID_KEY}", "it has no SendGrid key: expected 'Authorization: Bearer KEY'"),
        (
            "/mailgun/v3/ips",
            "Basic " + base64.b64encode(b"key:key-123").decode(),
            "it has no Mailgun key: expected Basic authentication with user 'api' and the key as password",
        ),
    ],
)
def test_missing_key_has_its_reason(app: Flask, path: str, header: str | None, expected: str) -> None:
    response = app.test_client().get(path, headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    (found,) = unmatched(app)
    assert (found["reason"], found["credential"]) == (expected, None)


def test_matched_requests_and_preflights_are_not_in_the_log(app: Flask) -> None:
    SENDGRID.client(app).get("/v3/nothing")
    SENDGRID.client(app, SENDGRID.new_key()).get(SENDGRID.pools_path)
    app.test_client().options("/sendgrid/v3/ips")
    assert unmatched(app) == []


def test_credentials_are_redacted(app: Flask) -> None:
    """Wherever they are, in the reason too."""
    key = SENDGRID_KEY[:-1]
    headers = {"Authorization": f"Bearer {key}", "Host": "localhost"}
    app.test_client().get(f"/v3/ips/pools/{key}?a={key}", headers=headers)
    app.test_client().get(f"/sendgrid/v3/ips/pools/{key}?a={key}", headers=headers)
    assert len(unmatched(app)) == 2
    assert key not in ControlClient(app).open("GET", "/unmatched-requests").text
    assert [each["credential"] for each in unmatched(app)] == ["…0000"] * 2


def test_log_is_bounded_and_read_in_parts(app: Flask) -> None:
    client = app.test_client()
    for number in range(MAX_RECORDS + 1):
        client.get(f"/{number}")
    found = unmatched(app)
    assert [each["seq"] for each in found] == [*range(2, MAX_RECORDS + 2)]
    assert [each["path"] for each in unmatched(app, since=MAX_RECORDS)] == [f"/{MAX_RECORDS}"]
    assert [each["seq"] for each in unmatched(app, limit=2)] == [MAX_RECORDS, MAX_RECORDS + 1]
    client.get(f"/{'x' * MAX_TEXT}?{'y' * (MAX_TEXT + 1)}")
    (cut,) = unmatched(app, limit=1)
    assert (cut["path"], cut["query"]) == (f"/{'x' * (MAX_TEXT - 1)}…", f"{'y' * MAX_TEXT}…")
    ControlClient(app).ok("POST", "/reset", {})
    assert unmatched(app) == []


@pytest.mark.store("memory")
def test_log_has_the_protections_of_the_control_api(make_app: Callable[..., Flask]) -> None:
    app = make_app(control_token="secret")
    assert ControlClient(app).error("GET", "/unmatched-requests", status=401)
