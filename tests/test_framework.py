"""Edges of the Flask application, the blueprints, the URL map and the settings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from flask import Flask, abort, appcontext_tearing_down, request_tearing_down
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from mockserver import Config, MockServer, create_app
from mockserver.control import blueprint as control
from mockserver.memory_store import MemoryTenant
from mockserver.providers import mailgun, sendgrid
from mockserver.web.routing import LazyMap, OperationRule
from mockserver.web.server_state import server_state

from .support import MAILGUN_KEY, SENDGRID_KEY, World, basic, response_violations

SENDGRID = {"Authorization": f"Bearer {SENDGRID_KEY}"}
MAILGUN = {"Authorization": basic("api", MAILGUN_KEY)}
POOLS = "/sendgrid/v3/ips/pools"
PROBLEM = "application/problem+json"


@pytest.fixture
def mock() -> Flask:
    return create_app(Config())


# Requests to providers


def test_response_without_a_body_has_no_length(mock: Flask) -> None:
    client = mock.test_client()
    assert client.get(POOLS, headers=SENDGRID).content_length
    response = client.delete(f"{POOLS}/spare", headers=SENDGRID)
    assert (response.status_code, "Content-Length" in response.headers) == (204, False)


def test_request_that_runs_again_acts_for_its_own_account(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may run a view again if another process has changed the tenant meanwhile."""
    transact = MemoryTenant.transact

    def twice(tenant: Any, provider: str, jobs: Any, answer: Any, writes: bool) -> Any:
        return transact(tenant, provider, jobs, lambda tx: (answer(tx), answer(tx))[1], writes=writes)

    monkeypatch.setattr(MemoryTenant, "transact", twice)
    subuser = next(iter(world.server.seed.states["sendgrid"].subusers))
    assert world.sendgrid.acting_for(subuser).get("/v3/ips/pools").status_code == 200


def test_response_without_tenant_is_validated(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    blueprint = sendgrid.blueprint
    monkeypatch.setattr(type(blueprint), "error_response", lambda self, error: self.json_response({"no": 1}, 401))
    assert world.client.get(POOLS).status_code == 401
    assert response_violations(world.app) == 1
    assert "sendgrid listIpPools" in caplog.text


def test_longest_prefix_has_the_error() -> None:
    own = Flask("own")
    MockServer(Config()).init_app(own)
    own.register_blueprint(sendgrid.blueprint, url_prefix="/mail")
    own.register_blueprint(mailgun.blueprint, url_prefix="/mail/gun")
    client = own.test_client()
    assert client.get("/mail/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"
    assert client.get("/mail/gun/nope", headers=MAILGUN).text == "404 page not found"


def test_path_that_middleware_has_changed_stays_changed(mock: Flask) -> None:
    inner = mock.wsgi_app

    def renamed(environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/old/", "/sendgrid/")
        return inner(environ, start_response)

    mock.wsgi_app = renamed  # type: ignore[method-assign]
    response = mock.test_client().get("/old/v3/ips/pools/a%2Fb", headers=SENDGRID)
    assert response.json["errors"][0]["message"] == "resource not found"


# Errors and hooks


@pytest.mark.crashes
def test_error_outside_of_providers_is_a_problem(mock: Flask) -> None:
    mock.add_url_rule("/boom", view_func=lambda: 1 / 0, endpoint="boom")
    response = mock.test_client().get("/boom")
    assert (response.status_code, response.content_type) == (500, PROBLEM)


def test_response_of_an_http_error_is_sent_as_it_is(mock: Flask) -> None:
    def own() -> None:
        raise NotFound(response=flask.Response("own", 404))

    mock.add_url_rule("/own", view_func=own, endpoint="own")
    mock.add_url_rule("/other", view_func=lambda: abort(flask.Response("other", 418)), endpoint="other")
    client = mock.test_client()
    assert (client.get("/own").text, client.get("/other").text) == ("own", "other")


def test_control_api_of_an_own_app_has_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Flask("own")
    MockServer(Config()).init_app(own)
    own.register_blueprint(control)
    client = own.test_client()
    assert client.get("/_mockserver/nope").content_type == PROBLEM
    assert client.get("/_mockserver/tenants/nope").content_type == PROBLEM
    assert client.post("/_mockserver/tenants", data=b"[", content_type="application/json").content_type == PROBLEM
    monkeypatch.setattr(server_state(own).store, "check", lambda: 1 / 0)
    response = client.get("/_mockserver/ready")
    assert (response.status_code, response.content_type) == (500, PROBLEM)


def test_control_api_response_is_validated(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    monkeypatch.setattr("mockserver.control.clock._clock", lambda clock, wall: {"now": 1})
    assert world.client.get("/_mockserver/tenants/default/clock").json["now"] == 1
    assert response_violations(world.app) == 1
    assert "control getClock" in caplog.text


@pytest.fixture
def ended(mock: Flask) -> Iterator[list[str]]:
    """What was called at the end of the last request."""
    found: list[str] = []

    def request_signal(*_: object, **__: object) -> None:
        found.append("request signal")

    def context_signal(*_: object, **__: object) -> None:
        found.append("context signal")

    mock.teardown_request(lambda error: found.append("request"))
    mock.teardown_appcontext(lambda error: found.append("context"))
    with request_tearing_down.connected_to(request_signal), appcontext_tearing_down.connected_to(context_signal):
        yield found


def test_teardown_functions_and_signals(mock: Flask, ended: list[str]) -> None:
    mock.test_client().get(POOLS, headers=SENDGRID)
    assert ended == ["request", "request signal", "context", "context signal"]


def test_access_log_escapes_line_breaks(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Config(access_log=True))
    with caplog.at_level(logging.INFO, "mockserver"):
        app.test_client().get("/nope%0Aforged")
    (record,) = caplog.records
    assert record.getMessage() == "GET /nope\\nforged 404"


# The URL map


def endpoint_of(rules: LazyMap, path: str) -> str:
    rule, _ = rules.bind("localhost", path_info=path, default_method="GET").match(return_rule=True)
    endpoint: str = rule.endpoint
    return endpoint


def test_rule_that_is_added_later_is_found() -> None:
    rules = LazyMap()
    rules.add(OperationRule("/<name>", methods=["GET"], endpoint="any"))
    assert [endpoint_of(rules, "/own") for _ in range(2)] == ["any", "any"]
    rules.add(Rule("/own", methods=["GET"], endpoint="own"))
    assert endpoint_of(rules, "/own") == "own"


def test_operation_rule_with_a_converter_is_found() -> None:
    rules = LazyMap()
    rules.add(OperationRule("/files/<path:name>", methods=["GET"], endpoint="file"))
    assert endpoint_of(rules, "/files/a/b") == "file"


def test_hook_that_changes_path_values_changes_one_request(mock: Flask) -> None:
    @mock.url_value_preprocessor
    def change(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and flask.request.args:
            values["pool_name"] = "nope"

    client = mock.test_client()
    found = [client.get(f"{POOLS}/transactional{query}", headers=SENDGRID).status_code for query in ("", "?x=1", "")]
    assert found == [200, 404, 200]


# Settings


def test_variables_of_the_command_line_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MOCKSERVER_TLS", "1")
    create_app()
