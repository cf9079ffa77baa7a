"""What one client or one tenant can take of the server's memory is bounded."""

from __future__ import annotations

import gc
import io
import json
import tracemalloc
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import run_wsgi_app

from mockserver import create_app
from mockserver.core.tenants import MAX_CREDENTIAL

from .support import SENDGRID_KEY, SPARKPOST_KEY

POOLS = "/sendgrid/v3/ips/pools"


# Caches

LONG = 30_000
"""The length of what a client sends, in characters."""
REQUESTS = 20
AUTH = {"HTTP_AUTHORIZATION": f"Bearer {SENDGRID_KEY}"}
SPARKPOST = {"HTTP_AUTHORIZATION": SPARKPOST_KEY}
CONTROL = "/_mockserver/tenants"


def request(app: Flask, method: str, path: str, variables: dict[str, str], body: bytes = b"") -> int:
    """Send a request to an application without a client, which has caches of its own; return the status."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REQUEST_URI": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **variables,
    }
    _, status, _ = run_wsgi_app(app, environ, buffered=True)
    return int(status[:3])


@pytest.mark.parametrize(
    "send",
    [
        lambda app, text: request(app, "GET", POOLS, {**AUTH, f"HTTP_X_{text}": "1"}),
        lambda app, text: request(app, "GET", POOLS, {**AUTH, **{f"HTTP_X{text[:6]}_{n}": "1" for n in range(1_000)}}),
        lambda app, text: request(app, "GET", POOLS, {**AUTH, "HTTP_X": text}),
        lambda app, text: request(app, "GET", POOLS, {**AUTH, "CONTENT_TYPE": text}),
        lambda app, text: request(app, "GET", POOLS, {**AUTH, "HTTP_ON_BEHALF_OF": text}),
        lambda app, text: request(app, "GET", POOLS, {**AUTH, "HTTP_HOST": text}),
        lambda app, text: request(app, "GET", f"{POOLS}/{text}", AUTH),
        lambda app, text: request(app, "GET", f"/unknown/{text}", AUTH),
        lambda app, text: request(app, "GET", POOLS, {**AUTH, "QUERY_STRING": f"{text}=1"}),
        lambda app, text: request(app, "GET", "/sendgrid/v3/ips", {**AUTH, "QUERY_STRING": f"ip={text}"}),
        lambda app, text: request(app, text, POOLS, AUTH),
        lambda app, text: request(app, "GET", POOLS, {"HTTP_AUTHORIZATION": f"Bearer {text}"}),
        lambda app, text: request(app, "POST", POOLS, AUTH, json.dumps({"name": text}).encode()),
        lambda app, text: request(app, "POST", POOLS, AUTH, json.dumps({text: text}).encode()),
        lambda app, text: request(app, "POST", f"{POOLS}/none/ips", AUTH, json.dumps({"ip": text}).encode()),
        lambda app, text: request(app, "GET", f"/sparkpost/api/v1/sending-ips/{text}", SPARKPOST),
        lambda app, text: request(app, "GET", f"{CONTROL}/{text}", {}),
        lambda app, text: request(app, "GET", f"{CONTROL}/default/requests", {"QUERY_STRING": f"path=/{text}"}),
        lambda app, text: request(
            app, "POST", f"{CONTROL}/default/faults", {}, json.dumps({"operation": text}).encode()
        ),
        lambda app, text: request(app, "POST", CONTROL, {}, json.dumps({"seed": text}).encode()),
    ],
    ids=[
        *("header name", "many headers", "header", "Content-Type", "account", "Host", "path", "unknown path"),
        *("query", "query value", "method", "credential", "name", "field", "address", "address in a path"),
        *("tenant", "filter", "operation", "seed"),
    ],
)
def test_long_input_is_not_kept_after_its_request(send: Callable[[Flask, str], int]) -> None:
    """No cache has a key that a client can make as long as it likes."""
    app = create_app(unknown_credentials="any", request_log_size=1)

    def send_unlike(number: int) -> None:
        assert send(app, f"{number:06}" + "X" * (LONG - 6)) < 500

    for number in range(5):
        send_unlike(number)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(5, 5 + REQUESTS):
            send_unlike(number)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 6 * LONG, "more than the one record of the request log"


@pytest.mark.parametrize(("length", "status"), [(MAX_CREDENTIAL, 200), (MAX_CREDENTIAL + 1, 401)])
def test_credential_that_is_too_long_is_unknown(length: int, status: int) -> None:
    client = create_app(unknown_credentials="any").test_client()
    assert client.get(POOLS, headers={"Authorization": "Bearer " + "x" * length}).status_code == status
