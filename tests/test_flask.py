"""The mock server as a Flask application, extension and blueprints: what a Flask developer expects to work."""

from __future__ import annotations

import gc
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Blueprint, Flask, jsonify, session, url_for
from flask.cli import routes_command
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

from mockserver import Config, MockServer, create_app
from mockserver.control import blueprint as control
from mockserver.core.errors import ConfigError, SeedError
from mockserver.providers import PROVIDERS, mailgun, sendgrid, sparkpost
from mockserver.web.routing import MAX_CACHED_PATH
from mockserver.web.server_state import server_state

from .support import MAILGUN_KEY, SENDGRID_KEY, SPARKPOST_KEY, basic, response_violations

SENDGRID = {"Authorization": f"Bearer {SENDGRID_KEY}"}
POOLS = "/sendgrid/v3/ips/pools"
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run without `MOCKSERVER_*` variables of the environment."""
    for name in [name for name in os.environ if name.startswith("MOCKSERVER_")]:
        monkeypatch.delenv(name)


# create_app


def test_create_app_returns_a_flask_app() -> None:
    app = create_app()
    assert isinstance(app, Flask)
    assert list(app.blueprints) == ["control", "sparkpost", "sendgrid", "mailgun"]
    assert app.test_client().get(POOLS, headers=SENDGRID).status_code == 200


@pytest.mark.parametrize(
    ("args", "settings"),
    [((), {"seed": "empty"}), (({"MOCKSERVER_SEED": "empty", "TESTING": True},), {}), ((Config(seed="empty"),), {})],
    ids=["keywords", "mapping", "config"],
)
def test_create_app_takes_settings(args: tuple[Any, ...], settings: dict[str, Any]) -> None:
    app = create_app(*args, **settings)
    assert app.config["MOCKSERVER_SEED"] == server_state(app).config.seed == "empty"
    assert app.test_client().get(POOLS, headers=SENDGRID).json == []


def test_create_app_keyword_overrides_config_and_mapping() -> None:
    assert create_app(Config(max_tenants=5), max_tenants=6).config["MOCKSERVER_MAX_TENANTS"] == 6
    assert create_app({"MOCKSERVER_MAX_TENANTS": 5}, max_tenants=6).config["MOCKSERVER_MAX_TENANTS"] == 6


def test_create_app_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not given comes from variables; a complete `Config` leaves nothing open."""
    monkeypatch.setenv("MOCKSERVER_SEED", "empty")
    monkeypatch.setenv("MOCKSERVER_MAX_TENANTS", "7")
    monkeypatch.setenv("MOCKSERVER_CONTROL_TOKEN", "secret")
    monkeypatch.setenv("MOCKSERVER_ACCESS_LOG", "yes")
    app = create_app({"MOCKSERVER_MAX_TENANTS": 8})
    config = server_state(app).config
    assert (config.seed, config.max_tenants, config.access_log) == ("empty", 8, True)
    client = app.test_client()
    assert client.get("/_mockserver/info").status_code == 401
    assert client.get("/_mockserver/info", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert server_state(create_app(Config())).config == Config()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"MOCKSERVER_MAX_TENANTS": "0"}, "--max-tenants"),
        ({"MOCKSERVER_TENANT_TTL": "inf"}, "--tenant-ttl"),
        ({"MOCKSERVER_UNKNOWN_CREDENTIALS": "some"}, "--unknown-credentials"),
        ({"MOCKSERVER_STORE": "disk"}, "--store"),
        ({"MOCKSERVER_PROFILE": "sendgrid=dead"}, "--profile"),
        ({"MOCKSERVER_CONTROL_TOKEN": "a b"}, "--control-token"),
        ({"MOCKSERVER_SEDE": "empty"}, "MOCKSERVER_SEDE; did you mean 'MOCKSERVER_SEED'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_create_app_refuses_what_serve_refuses(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=message):
        create_app()


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (None, {"sede": "empty"}, "unknown setting 'sede'; did you mean 'seed'"),
        ({"MOCKSERVER_SEDE": "empty"}, {}, "unknown setting 'MOCKSERVER_SEDE'; did you mean 'MOCKSERVER_SEED'"),
        (None, {"max_tenants": 0}, "max_tenants"),
        ({"MOCKSERVER_MAX_TENANTS": "many"}, {}, "max_tenants"),
        (None, {"store": "disk"}, "store"),
    ],
)
def test_create_app_refuses_wrong_settings(config: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_app(config, **settings)


def test_create_app_seed_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"nope\.yaml"):
        create_app(seed=str(tmp_path / "nope.yaml"))


def test_variables_of_orchestrators_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes sets variables for a service of this name."""
    monkeypatch.setenv("MOCKSERVER_PORT", "tcp://10.0.0.1:8080")
    monkeypatch.setenv("MOCKSERVER_SERVICE_HOST", "10.0.0.1")
    create_app()


# The control API


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("127.8.9.1", 200), ("::1", 200), ("192.0.2.7", 403), ("::ffff:192.0.2.7", 403), ("", 403)],
)
def test_control_api_without_token_is_for_loopback(address: str, status: int) -> None:
    """Whatever server carries the application; an empty address is a Unix socket, behind which is a proxy."""
    client = create_app().test_client()
    response = client.get("/_mockserver/info", environ_base={"REMOTE_ADDR": address})
    assert response.status_code == status
    assert client.get("/_mockserver/live", environ_base={"REMOTE_ADDR": address}).status_code == 200
    assert client.get(POOLS, headers=SENDGRID, environ_base={"REMOTE_ADDR": address}).status_code == 200


def test_control_api_with_token_is_for_anybody_who_has_it() -> None:
    client = create_app(control_token="secret", expose=True).test_client()
    headers = {"Authorization": "Bearer secret"}
    base = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/_mockserver/info", headers=headers, environ_base=base).status_code == 200
    assert client.get("/_mockserver/info", environ_base=base).status_code == 401


# An application of one's own


def own_app(prefix: str | None = "/fake/sg", name: str | None = "sg", **settings: Any) -> Flask:
    app = Flask("own")
    app.secret_key = "own"
    MockServer(Config(**{"seed": "documents#ip-pools", **settings}) if settings else Config()).init_app(app)
    options = {key: value for key, value in (("url_prefix", prefix), ("name", name)) if value is not None}
    app.register_blueprint(sendgrid.blueprint, **options)

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/files/<path:name>/")
    def file(name: str) -> str:
        return name

    return app


def test_one_provider_in_an_own_app() -> None:
    """Under a prefix and a name of one's own; request log and faults keep the provider's name."""
    app = own_app()
    app.register_blueprint(control)
    client = app.test_client()
    assert client.get("/hello").text == "hello"
    assert client.get("/fake/sg/v3/ips/pools", headers=SENDGRID).status_code == 200
    fault = {"operation": "sendgrid.listIpPools", "status": 503}
    assert client.post("/_mockserver/tenants/default/faults", json=fault).status_code == 201
    assert client.get("/fake/sg/v3/ips/pools", headers=SENDGRID).status_code == 503
    requests = client.get("/_mockserver/tenants/default/requests").json["requests"]
    assert [each["operation"] for each in requests] == ["sendgrid.listIpPools"] * 2
    assert [each["path"] for each in requests] == ["/v3/ips/pools"] * 2
    counts = client.get("/_mockserver/coverage").json["counts"]
    assert {each["operation"] for each in counts} == {"sendgrid.listIpPools"}
    served = client.get("/_mockserver/info").json["providers"]
    assert [(each["name"], each["url"]) for each in served] == [("sendgrid", "http://localhost/fake/sg")]
    tenant = client.post("/_mockserver/tenants", json={}).json
    assert {name: each["url"] for name, each in tenant["providers"].items()} == {"sendgrid": "http://localhost/fake/sg"}


def test_below_the_prefix_404_and_405_are_the_providers() -> None:
    client = own_app().test_client()
    missing = client.get("/fake/sg/v3/nope", headers=SENDGRID)
    assert (missing.status_code, missing.json) == (404, {"errors": [{"field": None, "message": "resource not found"}]})
    wrong = client.put("/fake/sg/v3/ips/pools", headers=SENDGRID)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST")
    assert client.get("/fake/sg/v3/nope").status_code == 401
    assert client.head("/fake/sg/v3/ips/pools", headers=SENDGRID).status_code == 405
    for path in ("/fake/sg//v3/ips/pools", "/fake/sg/v3//ips/pools"):
        assert client.get(path, headers=SENDGRID).status_code == 404
    assert client.get("/fake/sg/v3/ips/pools/", headers=SENDGRID).status_code == 200
    encoded = client.get("/fake/sg/v3/ips/pools/a%2Fb", headers=SENDGRID)
    assert (encoded.status_code, encoded.json["errors"][0]["message"]) == (404, "Unable to locate specified IPs Pool")


def test_elsewhere_the_app_is_as_it_was() -> None:
    """Errors, HEAD, OPTIONS, redirects and converters of the application's own rules stay Flask's."""
    app = own_app()
    plain = Flask("plain")
    for endpoint, rule in (("hello", "/hello"), ("file", "/files/<path:name>/")):
        plain.add_url_rule(rule, endpoint, app.view_functions[endpoint])
    ours, theirs = app.test_client(), plain.test_client()
    for method, path in (
        ("GET", "/nope"), ("PUT", "/hello"), ("HEAD", "/hello"), ("OPTIONS", "/hello"), ("GET", "/files/a/b"),
        ("GET", "/files//a/"), ("GET", "/hello/"), ("GET", "/files/a%2Fb/"), ("GET", "/fake/sgx"), ("GET", "//hello"),
    ):  # fmt: skip
        one, two = ours.open(path, method=method), theirs.open(path, method=method)
        assert (one.status, one.data) == (two.status, two.data)
        for header in ("Location", "Allow"):
            assert one.headers.get(header) == two.headers.get(header)
    assert app.url_map.converters == plain.url_map.converters
    assert app.json.sort_keys is True  # type: ignore[attr-defined]


def test_the_apps_own_handlers_and_hooks_stay() -> None:
    app = own_app()

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return "own 404", 404

    @app.errorhandler(401)
    def unauthorized(error: Exception) -> tuple[str, int]:
        return "own 401", 401

    @app.before_request
    def refuse() -> None:
        if "refuse" in flask.request.args:
            flask.abort(401)
        if "teapot" in flask.request.args:
            flask.abort(418)

    client = app.test_client()
    assert client.get("/nope").text == "own 404"
    assert client.get("/hello?refuse").text == "own 401"
    assert client.get("/fake/sg/v3/ips/pools?refuse", headers=SENDGRID).text == "own 401"
    assert client.get("/fake/sg/v3/ips/pools?teapot", headers=SENDGRID).status_code == 418
    assert client.get("/fake/sg/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"
    assert list(server_state(app).store.tenant("default").request_log)[-1].path == "/nope"


def test_a_hook_that_raises_404_below_the_prefix() -> None:
    """It comes before the provider's own hooks, and is answered as the provider would."""
    app = own_app()
    app.before_request(lambda: flask.abort(404))
    client = app.test_client()
    assert client.get("/fake/sg/v3/ips/pools", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"
    assert client.get("/fake/sg/v3/ips/pools").status_code == 401


def test_at_the_root_and_nested() -> None:
    root = Flask("root")
    MockServer(seed="empty").init_app(root)
    root.register_blueprint(sendgrid.blueprint, url_prefix="/")
    assert root.test_client().get("/v3/ips/pools", headers=SENDGRID).json == []
    assert root.test_client().get("/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"

    nested = Flask("nested")
    MockServer(seed="empty").init_app(nested)
    parent = Blueprint("vendors", __name__, url_prefix="/vendors")
    parent.register_blueprint(sendgrid.blueprint)
    nested.register_blueprint(parent)
    client = nested.test_client()
    assert client.get("/vendors/sendgrid/v3/ips/pools", headers=SENDGRID).json == []
    assert client.get("/vendors/sendgrid/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"
    assert client.get("/vendors/nope", headers=SENDGRID).mimetype == "text/html"
    assert "vendors.sendgrid.createIpPool" in {rule.endpoint for rule in nested.url_map.iter_rules()}


def test_registered_twice_in_one_app() -> None:
    app = own_app()
    app.register_blueprint(sendgrid.blueprint, url_prefix="/other", name="other")
    client = app.test_client()
    client.post("/other/v3/ips/pools", headers=SENDGRID, json={"name": "both"})
    names = [pool["name"] for pool in client.get("/fake/sg/v3/ips/pools", headers=SENDGRID).json]
    assert "both" in names
    assert client.get("/other/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"


@pytest.mark.parametrize("blueprint", [*PROVIDERS, control], ids=lambda blueprint: blueprint.name)
def test_registering_without_the_extension(blueprint: Blueprint) -> None:
    with pytest.raises(RuntimeError, match=rf"call MockServer\(\)\.init_app\(app\) before .* '{blueprint.name}'"):
        Flask("own").register_blueprint(blueprint)


def test_a_prefix_with_variables() -> None:
    with pytest.raises(ValueError, match="expected a URL prefix without variables, got '/<who>'"):
        own_app(prefix="/<who>")


def test_two_apps_share_nothing() -> None:
    """Also not with one `MockServer` object, from several threads at once."""
    extension = MockServer(Config())
    apps = [Flask(f"app{number}") for number in range(3)]
    for app in apps:
        extension.init_app(app)
        app.register_blueprint(sendgrid.blueprint)
    assert len({id(server_state(app).store) for app in apps}) == 3

    def create(app: Flask, count: int) -> None:
        for number in range(count):
            response = app.test_client().post(POOLS, headers=SENDGRID, json={"name": f"pool {number}"})
            assert response.status_code == 200

    threads = [threading.Thread(target=create, args=(app, 5 * (number + 1))) for number, app in enumerate(apps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [len(app.test_client().get(POOLS, headers=SENDGRID).json) for app in apps]
    assert [count - counts[0] for count in counts] == [0, 5, 10]


def test_blueprints_are_attributes_of_their_packages() -> None:
    for provider in (sparkpost, sendgrid, mailgun):
        assert isinstance(provider.blueprint, Blueprint)
        assert provider.__name__ == f"mockserver.providers.{provider.blueprint.name}"


# Endpoints


def test_endpoints_are_operation_names() -> None:
    app = create_app()
    rules = list(app.url_map.iter_rules())
    for provider in PROVIDERS:
        mine = {rule.endpoint.rpartition(".")[2] for rule in rules if rule.endpoint.startswith(f"{provider.name}.")}
        assert mine == {*provider.operations, "notImplemented"}
    (create,) = (rule for rule in rules if rule.endpoint == "sendgrid.createIpPool")
    assert (create.rule, create.methods) == (POOLS, {"POST"})


def test_url_for() -> None:
    app = create_app()
    with app.test_request_context():
        assert url_for("sendgrid.getIpPool", pool_name="a b") == f"{POOLS}/a%20b"
        assert url_for("sendgrid.getIpPool", pool_name="a/b") == f"{POOLS}/a%2Fb"
        assert url_for("control.getTenant", id="t1", _external=True) == "http://localhost/_mockserver/tenants/t1"
    named = create_app({"SERVER_NAME": "mock.example.com"})
    with named.app_context():
        assert url_for("sendgrid.listIpPools") == f"http://mock.example.com{POOLS}"
    response = named.test_client().get(POOLS, base_url="http://mock.example.com", headers=SENDGRID)
    assert response.status_code == 200
    with own_app().test_request_context():
        assert url_for("sg.createIpPool") == "/fake/sg/v3/ips/pools"


def test_long_paths_are_not_remembered() -> None:
    """Matches are remembered for paths up to a length, so that no client fills the memory; longer ones match, too."""
    app = create_app()
    client = app.test_client()
    before = app.url_map.cached_match.cache_info().currsize
    for length in (MAX_CACHED_PATH - 1, MAX_CACHED_PATH, MAX_CACHED_PATH + 1):
        name = "x" * (length - len(f"{POOLS}/"))
        assert client.get(f"{POOLS}/{name}", headers=SENDGRID).json["errors"][0]["message"] == (
            "Unable to locate specified IPs Pool"
        )
    assert app.url_map.cached_match.cache_info().currsize == before + 2


def test_rules_bound_at_once_by_many_threads() -> None:
    """Rules are bound when their path is first requested; requests at that moment find them all the same."""
    for _ in range(20):
        app = create_app()
        barrier = threading.Barrier(8)
        found: list[int] = []

        def request(
            number: int, app: Flask = app, barrier: threading.Barrier = barrier, found: list[int] = found
        ) -> None:
            client = app.test_client()
            path = [POOLS, f"{POOLS}/spare", "/sendgrid/v3/ips", "/sendgrid/v3/send_ips/pools"][number % 4]
            barrier.wait()
            found.append(client.get(path, headers=SENDGRID).status_code)

        threads = [threading.Thread(target=request, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [200] * 8


# What Flask gives


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
    assert document["servers"] == [{"url": "http://localhost/mock/sendgrid"}]
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


# Servers


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found: int = listening.getsockname()[1]
        return found


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "MOCKSERVER_SEED": "empty", **variables}


def served(command: list[str], port: int, **variables: str) -> Iterator[http.client.HTTPConnection]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment(**variables), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.connect()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, command
                time.sleep(0.05)
        yield connection
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def check_server(connection: http.client.HTTPConnection) -> None:
    """Check the seed of the environment, the spelling of headers, and the token."""
    connection.request("GET", POOLS, headers=SENDGRID)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"[]")
    assert "X-RateLimit-Limit" in [name for name, _ in response.getheaders()]
    tenant = response.headers["X-Mockserver-Request-Id"].rpartition("-")[0]
    assert control_request(connection, "GET", "info", {}) == 401
    token = {"Authorization": "Bearer secret"}
    assert control_request(connection, "GET", "info", token) == 200
    for kind, error in (("drop", http.client.RemoteDisconnected), ("truncate", http.client.IncompleteRead)):
        fault = {"operation": "sendgrid.listIpPools", "kind": kind}
        assert control_request(connection, "POST", f"tenants/{tenant}/faults", token, fault) == 201
        connection.request("GET", POOLS, headers=SENDGRID)
        with pytest.raises(error):
            connection.getresponse().read()
        connection.close()
    connection.request("GET", POOLS, headers=SENDGRID)
    assert connection.getresponse().read() == b"[]"


def control_request(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: object = None
) -> int:
    data = None if body is None else json.dumps(body)
    connection.request(method, f"/_mockserver/{path}", data, {**headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


def test_flask_run(port: int) -> None:
    command = ["flask", "--app", "mockserver", "run", "--port", str(port), "--no-reload"]
    for connection in served(command, port, MOCKSERVER_CONTROL_TOKEN="secret"):
        check_server(connection)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_gunicorn(port: int) -> None:
    command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "error", "mockserver:create_app()"]
    for connection in served(command, port, MOCKSERVER_CONTROL_TOKEN="secret"):
        check_server(connection)


def test_flask_routes() -> None:
    command = [sys.executable, "-m", "flask", "--app", "mockserver", "routes"]
    output = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^sendgrid\.createIpPool +POST +{POOLS} *$", output, re.MULTILINE)


def test_pytest_flask(pytester: pytest.Pytester) -> None:
    """Its `client` and its `live_server`, which forks."""
    pytester.makeconftest(
        """
        import pytest
        from mockserver import create_app

        @pytest.fixture(scope="session")
        def app():
            return create_app(seed="empty")
        """
    )
    pytester.makepyfile(
        f"""
        import urllib.request

        import pytest

        HEADERS = {SENDGRID!r}

        def test_client(client):
            assert client.get("{POOLS}", headers=HEADERS).json == []

        @pytest.mark.usefixtures("live_server")
        def test_live_server(live_server):
            request = urllib.request.Request(live_server.url("{POOLS}"), headers=HEADERS)
            with urllib.request.urlopen(request) as response:
                assert response.read() == b"[]"
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:mockserver", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


# What hooks, views and clients of an application may do below a prefix


def own_mailgun() -> Flask:
    app = Flask("own")
    MockServer(Config()).init_app(app)
    app.register_blueprint(mailgun.blueprint, url_prefix="/mg")
    return app


MAILGUN = {"Authorization": basic("api", MAILGUN_KEY)}
POOL = {"name": "a", "description": "b"}


@pytest.mark.parametrize(
    "read",
    [
        lambda: flask.request.form,
        lambda: flask.request.values,
        lambda: flask.request.data,
        lambda: flask.request.get_data(cache=False),
        lambda: flask.request.get_data(parse_form_data=True),
    ],
)
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_hook_that_reads_the_body_leaves_it_to_the_provider(read: Any, content_type: str) -> None:
    app = own_mailgun()

    @app.before_request
    def hook() -> None:
        read()

    response = app.test_client().post("/mg/v3/ip_pools", headers=MAILGUN, data=POOL, content_type=content_type)
    assert (response.status_code, response.json["message"]) == (200, "success")


@pytest.mark.parametrize("prefix", ["/", "/fake"])
def test_own_views_below_a_prefix(prefix: str) -> None:
    """A rule of the application's own wins, and is not the provider's business."""
    app = Flask("own")
    MockServer(seed="empty").init_app(app)
    app.register_blueprint(sendgrid.blueprint, url_prefix=prefix)
    app.add_url_rule("/fake/ui", "ui", lambda: "ui")
    assert app.test_client().get("/fake/ui").text == "ui"
    whole = create_app(Config())
    for path in ("/sendgrid/ui", "/_mockserver/ui"):
        whole.add_url_rule(path, path.strip("/").replace("/", "_"), lambda: "ui")
    for path in ("/sendgrid/ui", "/_mockserver/ui"):
        assert whole.test_client().get(path).text == "ui"


def test_redirects_of_own_views_keep_scheme_host_mount_and_query() -> None:
    app = create_app(Config())
    app.add_url_rule("/own/", "own", lambda: "own")
    location = app.test_client().get("/own?x=1", base_url="https://127.0.0.1:5000").location
    assert location == "https://127.0.0.1:5000/own/?x=1"
    mounted = Client(DispatcherMiddleware(Flask("outer"), {"/mock": app}))
    assert mounted.get("/mock/own").location == "http://localhost/mock/own/"


def test_an_app_context_around_several_requests() -> None:
    """Nothing of one request is known to the next, as pytest-flask pushes a context around them."""
    app = create_app(Config())

    @app.before_request
    def hook() -> flask.Response | None:
        if "abort" in flask.request.args:
            flask.abort(404)
        return flask.Response("own") if "own" in flask.request.args else None

    with app.app_context():
        client = app.test_client()
        assert client.get(POOLS, headers=SENDGRID).status_code == 200
        assert client.get(f"{POOLS}?abort").status_code == 401
        assert client.get(f"{POOLS}?own").text == "own"
        refused = client.get(POOLS, base_url="http://evil.example")
        assert (refused.status_code, "X-Mockserver-Request-Id" in refused.headers) == (421, False)
    assert len(server_state(app).store.tenant("default").request_log) == 1


@pytest.mark.parametrize(("raised", "status"), [(413, 413), (405, 405), (404, 404), (403, 403)])
def test_errors_of_a_hook_below_the_prefix(raised: int, status: int) -> None:
    app = own_app()
    app.before_request(lambda: flask.abort(raised))
    assert app.test_client().get("/fake/sg/v3/ips/pools", headers=SENDGRID).status_code == status


def test_an_after_request_hook_that_fails_is_recorded_once() -> None:
    app = own_app()

    @app.after_request
    def fail(response: flask.Response) -> flask.Response:
        raise LookupError("own")

    assert app.test_client().get("/fake/sg/v3/ips/pools", headers=SENDGRID).status_code == 500
    assert len(server_state(app).store.tenant("default").request_log) == 1


@pytest.mark.parametrize("size", [-1, 0, 1])
def test_chunked_bodies_have_the_same_limit(size: int) -> None:
    """A longer one is refused and not cut."""
    client = create_app(max_body_bytes=100).test_client()
    data = b"name=a&description=" + b"b" * (100 + size - len(b"name=a&description="))
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    form = "application/x-www-form-urlencoded"
    response = client.post(
        "/mailgun/v3/ip_pools", headers=MAILGUN, data=data, content_type=form, environ_overrides=chunked
    )
    assert response.status_code == (413 if size == 1 else 200)


@pytest.mark.parametrize("terminated", [True, False])
@pytest.mark.parametrize("path", [POOLS, "/_mockserver/tenants"])
def test_a_body_that_ends_early_is_not_processed(path: str, terminated: bool) -> None:
    app = create_app(Config())
    response = app.test_client().post(
        path,
        headers=SENDGRID,
        data=b'{"name": "x"}',
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": "100", "wsgi.input_terminated": terminated},
    )
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    assert len(server_state(app).store.tenant("default").request_log) == 0


def test_a_response_class_of_the_application() -> None:
    class Own(flask.Response):
        pass

    app = create_app(Config())
    app.response_class = Own
    assert app.test_client().get(POOLS, headers=SENDGRID).status_code == 200
    assert response_violations(app) == 0


def test_a_request_class_of_the_application() -> None:
    class Own(flask.Request):
        own = "own"

    app = Flask("own")
    app.request_class = Own
    MockServer(Config()).init_app(app)
    app.register_blueprint(sendgrid.blueprint)
    with app.test_request_context("/nope"):
        assert flask.request.own == "own"  # type: ignore[attr-defined]
    assert (
        app.test_client().get("/sendgrid/nope", headers=SENDGRID).json["errors"][0]["message"] == "resource not found"
    )
    with pytest.raises(RuntimeError, match="has a MockServer already"):
        MockServer(Config()).init_app(app)


def test_apps_are_garbage_once_nobody_uses_them() -> None:
    app = create_app(Config())
    app.test_client().get(POOLS, headers=SENDGRID)
    reference = weakref.ref(app)
    del app
    gc.collect()
    assert reference() is None


def test_control_api_under_an_outside_name() -> None:
    """A web page could have led a browser to this machine under its own name."""
    app = own_app()
    app.register_blueprint(control)
    headers = {"Origin": "http://evil.example"}
    response = app.test_client().post("/_mockserver/reset", base_url="http://evil.example", headers=headers)
    assert response.status_code == 403
    assert app.test_client().post("/_mockserver/reset").status_code == 200


@pytest.mark.parametrize(("multithread", "status"), [(False, 200), (True, 403)])
def test_control_api_without_an_address(multithread: bool, status: int) -> None:
    """A server that tells no address has a Unix socket; Werkzeug's test client has none and tells none."""
    app = create_app(Config())
    response = Client(app).get("/_mockserver/info", environ_overrides={"wsgi.multithread": multithread})
    assert response.status_code == status


@pytest.mark.parametrize(
    "settings",
    [
        {"max_body_bytes": "x"}, {"max_body_bytes": 0}, {"request_log_size": -1}, {"max_tenants": None},
        {"max_tenants": 5.7},
        {"max_tenants": True}, {"max_tenants": {}}, {"seed": None}, {"seed": {}}, {"expose": None}, {"time": 5},
        {"control_token": ""},
    ],
    ids=str,
)  # fmt: skip
def test_settings_of_the_wrong_type(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=name.replace("_", "[_-]")):
        create_app(**settings)
    with pytest.raises(ConfigError, match=name.replace("_", "[_-]")):
        create_app(Config(**settings))


@pytest.mark.parametrize("wrong", ["empty", 5, Config])
def test_a_wrong_first_argument(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Config"):
        create_app(wrong)
    with pytest.raises(TypeError, match="Config"):
        MockServer(wrong)
