"""The extension and the blueprints in an application of one's own."""

from __future__ import annotations

import threading

import flask
import pytest
from flask import Blueprint, Flask

from mockserver import Config, MockServer
from mockserver.control import blueprint as control
from mockserver.providers import PROVIDERS, mailgun, sendgrid, sparkpost
from mockserver.web.server_state import server_state

from .own_app import POOLS, SENDGRID, own_app


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
