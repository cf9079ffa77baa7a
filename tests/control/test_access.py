"""Hosts, origins, tokens and bodies of control requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.control.blueprint import MAX_BODY

from ..control_client import ControlClient
from ..support import (
    SENDGRID,
)

STORES = ("memory", "redis")

REQUESTS = [
    ("GET", "/tenants", None),
    ("POST", "/tenants", {}),
    ("POST", "/reset", {}),
    ("GET", "/tenants/default/state", None),
    ("GET", "/info", None),
    ("GET", "/metrics", None),
    ("GET", "/nope", None),
]


@pytest.mark.parametrize(
    "host", ["evil.example", "mockserver", "127.0.0.1.evil.example", "localhost.evil.example", "::1"]
)
def test_unknown_host_is_421(control: ControlClient, host: str) -> None:
    """Bound to loopback, no request with another Host is served, and nothing happens."""
    headers = {"Host": host}
    for method, path, body in REQUESTS:
        control.error(method, path, body, status=421, headers=headers)
    response = SENDGRID.client(control.app).post(SENDGRID.pools_path, json={"name": "evil"}, headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")
    assert control.ok("GET", "/tenants") == {"tenants": []}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1:9",
        "[::1]:9",
        "a.localhost",
    ],
)
def test_own_hosts(make_app: Callable[..., Flask], host: str) -> None:
    """Loopback names are served; exposed, every name is."""
    control = ControlClient(make_app())
    control.ok("GET", "/live", headers={"Host": host})
    exposed = ControlClient(make_app(expose=True))
    exposed.ok("GET", "/live", headers={"Host": "mock.example"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:1"},
    ],
    ids=str,
)
def test_other_origin_is_403(control: ControlClient, headers: dict[str, str]) -> None:
    """A page of another origin is refused, and nothing happens; there is no CORS."""
    for method, path, body in REQUESTS:
        response = control.open(method, path, body, headers=headers)
        assert response.status_code == 403
        assert not [name for name in response.headers if name[0].startswith("Access-Control")]
    assert control.ok("GET", "/tenants") == {"tenants": []}
    assert control.open("OPTIONS", "/reset").status_code == 405
    control.ok("GET", "/live", headers={"Origin": "http://localhost"})


def test_the_token(make_app: Callable[..., Flask]) -> None:
    """With a token, everything but `live` and `ready` needs it; without it nothing happens."""
    control = ControlClient(make_app(control_token="secret-token"))
    for value in (None, "", "Bearer", "Bearer wrong", "secret-token", "Basic secret-token", "Bearer secret-tokenx"):
        headers = {} if value is None else {"Authorization": value}
        for method, path, body in REQUESTS:
            detail = control.error(method, path, body, status=401, headers=headers)
            assert "secret-token" not in detail
            assert "`Authorization: Bearer TOKEN`" in detail
    assert control.open("GET", "/tenants").headers["WWW-Authenticate"] == "Bearer"
    control.ok("GET", "/live")
    control.ok("GET", "/ready")
    good = {"Authorization": "Bearer secret-token"}
    assert control.ok("GET", "/tenants", headers=good) == {"tenants": []}
    control.ok("POST", "/tenants", {}, status=201, headers=good)


@pytest.mark.parametrize("token", ["off", None])
def test_the_token_is_off(make_app: Callable[..., Flask], token: str | None) -> None:
    """With `off` the control API needs no token, whatever the address of the client; pages of others need not try."""
    control = ControlClient(make_app(control_token=token))
    status = 200 if token == "off" else 403
    for address in ("192.0.2.1", "2001:db8::1"):
        response = control.open("GET", "/tenants", environ_base={"REMOTE_ADDR": address})
        assert response.status_code == status
    assert control.open("GET", "/tenants", headers={"Origin": "http://other.example"}).status_code == 403


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"{}", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"[]", "content_type": "application/json"}, 400),
        ({"data": b"[" * 50_000, "content_type": "application/json"}, 400),
        ({"data": b"\xff", "content_type": "application/json"}, 400),
        ({"data": b" " * MAX_BODY + b"{}", "content_type": "application/json"}, 413),
        ({"json": {"sede": "empty"}}, 400),
        ({"json": {"seed": 7}}, 400),
        ({"json": {"credentials": {"sendgrid": ""}}}, 400),
        ({"json": {"credentials": {"sendgrind": "x"}}}, 400),
        ({"json": {"clock": {"now": 5}}}, 400),
        ({"query_string": "x=1"}, 400),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_bodies(control: ControlClient, kwargs: dict[str, Any], status: int) -> None:
    """A body that is not what is asked for is refused with its place, and nothing happens."""
    control.error("POST", "/tenants", status=status, **kwargs)
    assert control.ok("GET", "/tenants") == {"tenants": []}


@pytest.mark.parametrize("depth", [99, 100, 101, 700, 100_000])
def test_maximum_depth_of_a_body(control: ControlClient, depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        text = f'{{"profile": {opening * (depth - 1)}{"1" * (opening != "[")}{closing * (depth - 1)}}}'
        response = control.app.test_client().post("/_mockserver/tenants", data=text, content_type="application/json")
        assert response.status_code == 400
        assert (response.json["detail"] == "/body: invalid JSON") == (depth > 100)


def test_an_empty_body_is_an_empty_object(control: ControlClient) -> None:
    """A POST without a body says nothing, whatever its Content-Type."""
    for content_type in (None, "text/plain"):
        assert control.open("POST", "/tenants", data=b"", content_type=content_type).status_code == 201


def test_wrong_methods(control: ControlClient) -> None:
    """A wrong method names the right ones."""
    response = control.open("PATCH", "/tenants")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert control.open("HEAD", "/live").status_code == 405
