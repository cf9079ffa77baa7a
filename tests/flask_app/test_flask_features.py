"""What Flask and Werkzeug give to any application."""

from __future__ import annotations

import re

import flask
import pytest
from flask import Flask, jsonify, session
from flask.cli import routes_command
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from mockserver import Config, create_app
from mockserver.web.server_state import server_state

from ..support import MAILGUN_KEY, SPARKPOST_KEY, basic
from .own_app import POOLS, SENDGRID, own_app


def test_client_as_context_manager() -> None:
    with create_app().test_client() as client:
        client.get(POOLS, headers=SENDGRID)
        assert flask.request.endpoint == "sendgrid.listIpPools"


def test_contexts() -> None:
    app = create_app()
    with app.app_context():
        assert flask.current_app.extensions["mockserver"] is server_state(app)
    with app.test_request_context(POOLS, method="POST", headers=SENDGRID):
        assert flask.request.endpoint == "sendgrid.createIpPool"
        assert app.preprocess_request() is None
        assert flask.request.exchange.operation.id == "createIpPool"  # type: ignore[attr-defined]


def test_cli_runner() -> None:
    result = create_app().test_cli_runner().invoke(routes_command)
    assert result.exit_code == 0
    assert re.search(rf"^sendgrid\.createIpPool +POST +{POOLS} *$", result.output, re.MULTILINE)


def test_own_views_hooks_session_and_handlers() -> None:
    app = create_app()
    app.secret_key = "own"
    seen: list[str | None] = []

    @app.get("/own")
    def own() -> flask.Response:
        session["visits"] = session.get("visits", 0) + 1
        return jsonify(visits=session["visits"])

    @app.get("/own/boom")
    def boom() -> str:
        raise LookupError("own")

    @app.before_request
    def before() -> None:
        seen.append(flask.request.endpoint)

    @app.after_request
    def after(response: flask.Response) -> flask.Response:
        response.headers["X-Own"] = "1"
        response.headers["X-RateLimit-Limit"] = "5"
        return response

    @app.errorhandler(LookupError)
    def lookup(error: LookupError) -> tuple[str, int]:
        return f"handled {error}", 400

    client = app.test_client()
    assert [client.get("/own").json["visits"] for _ in range(2)] == [1, 2]
    assert client.get("/own/boom").text == "handled own"
    response = client.get(POOLS, headers=SENDGRID)
    assert (response.status_code, response.headers["X-Own"], response.headers["X-RateLimit-Limit"]) == (200, "1", "5")
    assert client.head("/own").status_code == 200
    assert seen == ["own", "own", "boom", "sendgrid.listIpPools", "own"]


@pytest.mark.crashes
def test_testing_propagates_exceptions_of_own_views_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a provider's rule is still its 500: that is what clients are tested against."""
    app = own_app()
    app.config["TESTING"] = True
    app.add_url_rule("/boom", view_func=lambda: 1 / 0, endpoint="boom")
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/boom")
    monkeypatch.setattr("mockserver.providers.sendgrid.responses.pool_name", lambda pool: 1 / 0)
    response = app.test_client().get("/fake/sg/v3/ips/pools", headers=SENDGRID)
    assert (response.status_code, response.json["errors"][0]["message"]) == (500, "internal server error")


def test_dispatcher_middleware() -> None:
    """Mounted in another WSGI application, every URL in a response keeps the mount's path."""
    app = create_app()
    client = Client(DispatcherMiddleware(Flask("outer"), {"/mock": app}))
    headers = {"Authorization": basic("api", MAILGUN_KEY)}
    pools = client.get("/mock/mailgun/v3/ip_pools", headers=headers).json["ip_pools"]
    domains = client.get(f"/mock/mailgun/v3/ip_pools/{pools[0]['pool_id']}/domains", headers=headers).json
    assert domains["paging"]["first"].startswith("http://localhost/mock/mailgun/v3/ip_pools/")
    link = client.get("/mock/sendgrid/v3/ips?limit=1", headers=SENDGRID).headers["Link"]
    assert "<http://localhost/mock/sendgrid/v3/ips?" in link
    subaccounts = client.get("/mock/sparkpost/api/v1/subaccounts?per_page=1", headers={"Authorization": SPARKPOST_KEY})
    assert subaccounts.json["links"]["next"].startswith("/mock/sparkpost/api/v1/subaccounts?")
    document = client.get("/mock/_mockserver/openapi/sendgrid.json").json
    urls = [each["url"] for each in document["servers"]]
    assert urls == ["http://localhost/mock/sendgrid", "http://localhost/mock/sendgrid-eu"]
    tenant = client.post("/mock/_mockserver/tenants", json={}).json
    assert tenant["providers"]["mailgun"]["url"] == "http://localhost/mock/mailgun"
    encoded = client.get("/mock/sendgrid/v3/ips/pools/a%2Fb", headers=SENDGRID)
    assert encoded.json["errors"][0]["message"] == "Unable to locate specified IPs Pool"
    assert client.get("/mock/sendgrid/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"


def test_proxy_fix_and_trusted_hosts() -> None:
    """An outside name is refused with 421, until Flask's own list has it."""
    forwarded = {**SENDGRID, "X-Forwarded-Host": "mock.example.com", "X-Forwarded-Proto": "https"}

    def answered(trusted: list[str] | None) -> list[int]:
        app = create_app({"TRUSTED_HOSTS": trusted})
        app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1, x_proto=1)  # type: ignore[method-assign]
        client = app.test_client()
        direct = client.get(POOLS, headers=SENDGRID)
        proxied = client.get("/sendgrid/v3/ips?limit=1", headers=forwarded)
        if proxied.status_code == 200:
            assert "<https://mock.example.com/sendgrid/v3/ips?" in proxied.headers["Link"]
        return [direct.status_code, proxied.status_code]

    assert answered(None) == [200, 421]
    assert answered(["mock.example.com"]) == [400, 200]
    assert answered([".example.com", "localhost"]) == [200, 200]


def test_environ_builder() -> None:
    environ = EnvironBuilder(f"{POOLS}/x%2Fy", method="PUT", headers=SENDGRID, json={"name": "z"}).get_environ()
    iterable, status, _ = run_wsgi_app(create_app(), environ)
    assert status == "404 NOT FOUND"
    assert b"ip pool not found" in b"".join(iterable)


def test_provider_host() -> None:
    """A request that names a provider's own host needs no prefix."""
    client = create_app().test_client()
    assert client.get("/v3/ips/pools", base_url="https://api.sendgrid.com", headers=SENDGRID).status_code == 200
    response = client.get("/nope", base_url="https://api.sendgrid.com", headers=SENDGRID)
    assert response.json["errors"][0]["message"] == "resource not found"


def test_schemathesis_from_wsgi() -> None:
    import schemathesis  # not there with the lowest versions

    schema = schemathesis.openapi.from_wsgi("/_mockserver/openapi/sendgrid.json", create_app(Config()))
    case = schema["/v3/ips/pools"]["GET"].Case()
    response = case.call_and_validate(headers=SENDGRID)
    assert response.status_code == 200
