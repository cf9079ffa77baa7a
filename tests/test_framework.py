"""Edges of the Flask application, the blueprints, the URL map and the settings."""

from __future__ import annotations

import io
import itertools
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask, abort, appcontext_tearing_down, request_tearing_down
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, Rule

from mockserver import Config, MockServer, create_app
from mockserver.control import blueprint as control
from mockserver.core.memory_store import MemoryTenant
from mockserver.core.store import StoreUnavailable
from mockserver.providers import mailgun, sendgrid
from mockserver.web.routing import LazyMap, OperationRule
from mockserver.web.server_state import server_state

from .cases import sendgrid as sendgrid_cases
from .support import MAILGUN_KEY, SENDGRID_KEY, SPARKPOST_KEY, basic, make_app, response_violations

SENDGRID = {"Authorization": f"Bearer {SENDGRID_KEY}"}
MAILGUN = {"Authorization": basic("api", MAILGUN_KEY)}
POOLS = "/sendgrid/v3/ips/pools"
PROBLEM = "application/problem+json"
CRASHED = "mockserver crashed on this request; its log has the traceback."


@pytest.fixture
def mock() -> Flask:
    return create_app(Config())


def own_app(**settings: Any) -> Flask:
    """An application that has no error handlers of its own."""
    app = Flask("own")
    MockServer(Config(**settings)).init_app(app)
    app.register_blueprint(sendgrid.blueprint)
    return app


# Requests to providers


def test_foreign_host_without_a_credential_is_421(mock: Flask) -> None:
    response = mock.test_client().get(POOLS, headers={"Host": "evil.example"})
    assert (response.status_code, response.content_type) == (421, PROBLEM)


def test_body_that_ends_early_is_a_problem_in_an_own_app() -> None:
    announced = {"CONTENT_LENGTH": "100"}
    response = own_app().test_client().post(POOLS, headers=SENDGRID, data=b"{", environ_overrides=announced)
    assert (response.status_code, response.content_type) == (400, PROBLEM)


def test_body_that_is_too_large_is_not_read(mock: Flask) -> None:
    class UnreadableBody(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    announced = {"CONTENT_LENGTH": str(Config().max_body_bytes + 2), "wsgi.input": UnreadableBody()}
    response = mock.test_client().post(POOLS, headers=SENDGRID, environ_overrides=announced)
    assert response.status_code == 413


def test_closed_tenant_is_a_problem_in_an_own_app() -> None:
    client = own_app(max_tenants=1).test_client()
    first, second = ({"Authorization": f"Bearer {sendgrid_cases.CASE.new_key()}"} for _ in range(2))
    assert [client.get(POOLS, headers=each).status_code for each in (first, second)] == [200, 200]
    response = client.get(POOLS, headers=first)
    assert (response.status_code, response.content_type) == (503, PROBLEM)
    assert "X-Mockserver-Request-Id" not in response.headers


def test_store_that_fails_after_the_view_is_a_problem_in_an_own_app(monkeypatch: pytest.MonkeyPatch) -> None:
    transact = MemoryTenant.transact

    def gone(*arguments: Any, **options: Any) -> None:
        transact(*arguments, **options)
        raise StoreUnavailable("the store is gone")

    app = own_app()
    monkeypatch.setattr(MemoryTenant, "transact", gone)
    response = app.test_client().get(POOLS, headers=SENDGRID)
    assert (response.status_code, response.content_type) == (503, PROBLEM)


def test_view_of_the_application_for_an_operation_is_not_recorded(mock: Flask) -> None:
    mock.view_functions["sendgrid.listIpPools"] = lambda: "own"
    response = mock.test_client().get(POOLS, headers=SENDGRID)
    assert (response.text, "X-Mockserver-Request-Id" in response.headers) == ("own", False)


def test_hook_that_sets_204_removes_the_length(mock: Flask) -> None:
    @mock.after_request
    def empty(response: flask.Response) -> flask.Response:
        response.status_code = 204
        return response

    assert "Content-Length" not in mock.test_client().get(POOLS, headers=SENDGRID).headers


def test_error_in_a_view_keeps_the_request_id(mock: Flask) -> None:
    """A form is read by the view, in the tenant's transaction."""
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\nn\r\n' for _ in range(2_001))
    response = mock.test_client().post(
        "/mailgun/v3/ip_pools",
        data=parts + b"--x--",
        headers={**MAILGUN, "Content-Type": "multipart/form-data; boundary=x"},
    )
    assert (response.status_code, response.headers["X-Mockserver-Request-Id"]) == (413, "default-1")


def test_request_log_of_unusual_requests(mock: Flask) -> None:
    """A dropped response has no status, an operation that is not implemented no path parameters."""
    client = mock.test_client()
    fault = {"operation": "sendgrid.listIpPools", "kind": "drop"}
    client.post("/_mockserver/tenants/default/faults", json=fault)
    with pytest.raises(ConnectionResetError):
        client.get(POOLS, headers=SENDGRID)
    path = next(path for path in sendgrid.blueprint.not_implemented if "{" in path)
    method = next(iter(sendgrid.blueprint.not_implemented[path]))
    sent = path.replace("{", "").replace("}", "")
    assert client.open(f"/sendgrid{sent}", method=method, headers=SENDGRID).status_code == 501
    dropped, missing = client.get("/_mockserver/tenants/default/requests").json["requests"]
    assert (dropped["status"], missing["status"], missing["path_parameters"]) == (None, 501, {})


def test_only_the_first_error_of_a_field_is_sent(mock: Flask) -> None:
    """A name of blanks is missing as well as too long."""
    body = {"name": " " * 1_025, "setup_api_key": False}
    response = mock.test_client().post(
        "/sparkpost/api/v1/subaccounts", headers={"Authorization": SPARKPOST_KEY}, json=body
    )
    assert [error["message"] for error in response.json["errors"]] == ["`name` is a required field"]


def test_response_without_a_body_has_no_length(mock: Flask) -> None:
    client = mock.test_client()
    assert client.get(POOLS, headers=SENDGRID).content_length
    response = client.delete(f"{POOLS}/spare", headers=SENDGRID)
    assert (response.status_code, response.data, "Content-Length" in response.headers) == (204, b"", False)


def test_hook_that_registers_a_callback_for_the_end_of_a_response(mock: Flask) -> None:
    ended = []

    @mock.after_request
    def register(response: flask.Response) -> flask.Response:
        response.call_on_close(lambda: ended.append(response.status_code))
        return response

    mock.test_client().get(POOLS, headers=SENDGRID).close()
    assert ended == [200]


def test_request_that_runs_again_acts_for_its_own_account(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may run a view again if another process has changed the tenant meanwhile."""
    transact = MemoryTenant.transact

    def twice(tenant: Any, provider: str, jobs: Any, answer: Any, **options: Any) -> Any:
        return transact(tenant, provider, jobs, lambda tx: (answer(tx), answer(tx))[1], **options)

    monkeypatch.setattr(MemoryTenant, "transact", twice)
    subuser = next(iter(server_state(app).seed.states["sendgrid"].subusers))
    assert sendgrid_cases.CASE.client(app).acting_for(subuser).get("/v3/ips/pools").status_code == 200


def test_request_that_a_reset_follows_leaves_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset between the transaction of a request and its response removes the request from the log."""
    app, transact = make_app(), MemoryTenant.transact

    def reset(tenant: MemoryTenant, *arguments: Any, **options: Any) -> Any:
        done = transact(tenant, *arguments, **options)
        tenant.reset()
        return done

    monkeypatch.setattr(MemoryTenant, "transact", reset)
    assert app.test_client().get(POOLS, headers=SENDGRID).status_code == 200
    assert list(server_state(app).store.tenant("default").request_log) == []


def test_response_without_tenant_is_validated(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    blueprint = sendgrid.blueprint
    monkeypatch.setattr(type(blueprint), "error_response", lambda self, error: self.json_response({"no": 1}, 401))
    assert app.test_client().get(POOLS).status_code == 401
    assert response_violations(app) == 1
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
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/mailgun/", "/sendgrid/")
        return inner(environ, start_response)

    mock.wsgi_app = renamed  # type: ignore[method-assign]
    response = mock.test_client().get("/mailgun/v3/ips/pools/a%2Fb", headers=SENDGRID)
    assert response.json["errors"][0]["message"] == "resource not found"


# Errors and hooks


@pytest.mark.crashes
def test_error_outside_of_providers_is_a_problem(mock: Flask) -> None:
    mock.add_url_rule("/boom", view_func=lambda: 1 / 0, endpoint="boom")
    response = mock.test_client().get("/boom")
    assert (response.status_code, response.content_type) == (500, PROBLEM)
    assert response.json["detail"] == CRASHED


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
    missing = client.get("/_mockserver/tenants/nope")
    assert (missing.status_code, missing.content_type) == (404, PROBLEM)
    invalid = client.post("/_mockserver/tenants", data=b"[", content_type="application/json")
    assert (invalid.status_code, invalid.content_type, invalid.json["detail"]) == (400, PROBLEM, "/body: invalid JSON")
    monkeypatch.setattr(server_state(own).store, "check", lambda: 1 / 0)
    crashed = client.get("/_mockserver/ready")
    assert (crashed.status_code, crashed.content_type, crashed.json["detail"]) == (500, PROBLEM, CRASHED)


def test_control_api_response_is_validated(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()
    monkeypatch.setattr("mockserver.control.clock._clock", lambda clock, wall: {"now": 1})
    assert app.test_client().get("/_mockserver/tenants/default/clock").json["now"] == 1
    assert response_violations(app) == 1
    assert "control getClock" in caplog.text


def test_seed_of_a_new_tenant_is_no_file(mock: Flask, tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text((Path(__file__).parent.parent / "fixtures" / "empty.yaml").read_text("utf-8"), "utf-8")
    create_app(seed=str(file))
    response = mock.test_client().post("/_mockserver/tenants", json={"seed": str(file)})
    assert (response.status_code, response.json["detail"].partition(":")[0]) == (400, "/body/seed")


def test_clock_does_not_advance_beyond_the_year_9999(mock: Flask) -> None:
    client, path = mock.test_client(), "/_mockserver/tenants/default/clock"
    assert client.put(path, json={"now": "9999-01-01T00:00:00Z"}).status_code == 200
    response = client.post(f"{path}/advance", json={"seconds": 1e9})
    assert (response.status_code, response.json["detail"].partition(":")[0]) == (400, "/body/seconds")


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
    mock.test_client().get(POOLS, headers=SENDGRID).close()
    assert ended == ["request", "request signal", "context", "context signal"]


def test_access_log_escapes_line_breaks(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Config(access_log="text"))
    with caplog.at_level(logging.INFO, "mockserver"):
        app.test_client().get("/nope%0Aforged")
    (record,) = caplog.records
    assert record.getMessage().startswith("GET /nope\\nforged 404 tenant=- ")


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


def test_values_of_the_applications_own_rules_are_not_remembered(mock: Flask) -> None:
    numbers = itertools.count(1)

    class Counter(BaseConverter):
        def to_python(self, value: str) -> int:
            return next(numbers)

    mock.url_map.converters["counter"] = Counter
    mock.add_url_rule("/own/<counter:number>", view_func=lambda number: str(number), endpoint="own")
    client = mock.test_client()
    first, second = (int(client.get("/own/x").text) for _ in range(2))
    assert first != second


def test_rule_is_found_while_it_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another request for its path waits until it is bound."""
    rules = LazyMap()
    rules.add(OperationRule("/a/<name>", methods=["GET"], endpoint="a"))
    bind, began, found = OperationRule.bind, threading.Event(), []

    def slowly(rule: OperationRule, *args: Any, **options: Any) -> None:
        began.set()
        time.sleep(0.2)
        bind(rule, *args, **options)

    monkeypatch.setattr(OperationRule, "bind", slowly)
    thread = threading.Thread(target=lambda: found.append(endpoint_of(rules, "/a/b")))
    thread.start()
    assert began.wait(5)
    assert endpoint_of(rules, "/a/c") == "a"
    thread.join()
    assert found == ["a"]


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
