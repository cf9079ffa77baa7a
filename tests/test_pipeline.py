"""What every provider shares: the way of a request, and answers that are not about one operation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.core.errors import entries
from mockserver.providers import PROVIDERS

from .support import MAILGUN, SENDGRID, SPARKPOST, ProviderClient, response_violations, store_of
from .support import make_app as new_app

STORES = ("memory", "redis")


def test_upgrade_and_invalid_host_are_handled_before_the_provider(app: Flask) -> None:
    """A request to become a websocket is an ordinary one; an invalid Host is no 404 of the provider."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert SPARKPOST.client(app).get("/api/v1/ip-pools", headers=headers).status_code == 200
    response = SPARKPOST.client(app).get("/api/v1/ip-pools", headers={"Host": "a..b"})
    assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")


def test_many_parts_are_too_large(mailgun: ProviderClient) -> None:
    """A form of a thousand parts is read, one of more is too large."""
    body = b"".join(b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nn\r\n' for _ in range(2_001)) + b"--x--"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert mailgun.post(MAILGUN.pools_path, data=body, headers=headers).status_code == 413
    returned = mailgun.application.test_client().get("/_mockserver/tenants/default/requests")
    assert (returned.status_code, returned.json["requests"][-1]["status"]) == (200, 413)


def test_outside_of_any_provider(app: Flask) -> None:
    """What belongs to no provider is answered in a form that none of them uses."""
    for path in ("/nope", "/sparkpostx/api/v1/ip-pools", "/_mockserver/nope", "/_mockserver/openapi/nope.json"):
        response = app.test_client().get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (404, "application/problem+json")
        assert response.json["status"] == 404
    assert app.test_client().post("/_mockserver/live").headers["Allow"] == "GET"


def test_live_and_ready(app: Flask) -> None:
    """The control API says that the server is there, without a credential."""
    assert app.test_client().get("/_mockserver/live").json == {"schema_version": 1, "live": True}
    assert app.test_client().get("/_mockserver/ready").json == {"schema_version": 1, "ready": True}


@pytest.mark.parametrize(
    ("host", "returned"),
    [("my_host:8080", "my_host:8080"), ("xn--a", "xn--a"), ("a:b", "a:b"), ("a:80", "a"), ("a b", "localhost"),
     ("ü", "localhost"), ("", "localhost")],
)  # fmt: skip
def test_links_lead_back_under_any_name(make_app: Callable[..., Flask], host: str, returned: str) -> None:
    """The URLs in answers have the name by which the client called, however unusual it is, if it can be in a URL."""
    app = make_app(expose=True)
    headers = {"Host": host}
    for name, path in (("control", "_mockserver"), ("sendgrid", "sendgrid")):
        document = app.test_client().get(f"/_mockserver/openapi/{name}.json", headers=headers).json
        assert document["servers"][0]["url"] == f"http://{returned}/{path}"
    domains = MAILGUN.client(app).get(f"{MAILGUN.pools_path}/658041ae44842b99ee2eaa1b/domains", headers=headers).json
    assert domains["paging"]["first"].startswith(f"http://{returned}/mailgun/v3/ip_pools/")


def test_an_entry_takes_just_its_values() -> None:
    """A missing or unknown placeholder is a TypeError."""
    entry = entries(PROVIDERS[0].catalog)["pool_does_not_exist"]
    assert entry(id="{x}").message == "IP Pool {x} does not exist."
    for values in ({}, {"id": "x", "name": "y"}):
        with pytest.raises(TypeError, match="expected the values"):
            entry(**values)


def test_request_ids(app: Flask) -> None:
    """Every answer names its request, by tenant and number."""
    first, second = (SPARKPOST.client(app).get("/api/v1/ip-pools").headers["X-Mockserver-Request-Id"] for _ in range(2))
    assert (first, second) == ("default-1", "default-2")
    assert SPARKPOST.client(app, headers={}).get("/").headers["X-Mockserver-Request-Id"] == "unmatched-1"


def test_answers_are_the_same_bytes_again(make_app: Callable[..., Flask]) -> None:
    """With one id seed and one clock, the same calls get the same bytes, identifiers included."""

    def run(id_seed: str) -> list[bytes]:
        app = make_app(id_seed=id_seed, time=lambda: 1_700_000_000.0)
        mailgun = MAILGUN.client(app)
        refused = mailgun.post(MAILGUN.pools_path, data={"name": "x"})
        made = mailgun.post(MAILGUN.pools_path, data={"name": "x", "description": "y"})
        SENDGRID.client(app).post(SENDGRID.pools_path, json={"name": "x"})
        return [refused.data, made.data, SENDGRID.client(app).get("/v3/send_ips/pools").data]

    assert run("a") == run("a") != run("b")


def test_a_refused_request_uses_up_no_identifier(make_app: Callable[..., Flask]) -> None:
    """Identifiers are as if refused requests had never been."""
    ids = []
    for errors in (0, 3):
        mailgun = MAILGUN.client(make_app(time=lambda: 1_700_000_000.0))
        for _ in range(errors):
            mailgun.post(MAILGUN.pools_path, data={"name": "x"})
            mailgun.delete(f"{MAILGUN.pools_path}/658041ae44842b99ee2eaa1c", query_string={"ip": "1.2.3.4"})
        ids.append(mailgun.post(MAILGUN.pools_path, data={"name": "x", "description": "y"}).json["pool_id"])
    assert ids[0] == ids[1]


def test_json_is_utf8(sendgrid: ProviderClient) -> None:
    """Characters are sent as themselves."""
    sendgrid.post(SENDGRID.pools_path, json={"name": "ü‘"})
    assert "ü‘".encode() in sendgrid.get(SENDGRID.pools_path).data
    assert json.loads(sendgrid.get(SENDGRID.pools_path).data)[-1] == {"name": "ü‘"}


@pytest.mark.parametrize("data", [{"pools": []}, {"name": 1}, {"name": "a", "id": "1"}, "a"])
def test_an_answer_that_breaks_the_contract(
    data: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response that the contract does not have is sent, logged, counted and noted in the journal."""
    app = new_app()
    monkeypatch.setattr("mockserver.providers.sendgrid.responses.pool_name", lambda pool: data)
    response = SENDGRID.client(app).get("/v3/ips/pools")
    assert response.status_code == 200
    assert data in response.json
    (record,) = store_of(app).tenant("default").request_log
    assert record.response_violation
    assert response_violations(app) == 1
    (logged,) = [each.getMessage() for each in caplog.records]
    assert logged == f"response violates the OpenAPI document: sendgrid listIpPools: {record.response_violation}"
