"""Hooks, views, bodies and classes of an application below a provider's prefix."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import flask
import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from mockserver import Config, MockServer, create_app
from mockserver.providers import mailgun, sendgrid
from mockserver.web.server_state import server_state

from ..support import MAILGUN_KEY, basic, response_violations
from .own_app import POOLS, SENDGRID, own_app


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


def test_unused_app_is_garbage_collected() -> None:
    app = create_app(Config())
    app.test_client().get(POOLS, headers=SENDGRID)
    reference = weakref.ref(app)
    del app
    gc.collect()
    assert reference() is None
