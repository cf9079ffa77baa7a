"""What one client or one tenant can take of the server's memory is bounded."""

from __future__ import annotations

import gc
import io
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from flask import Flask
from werkzeug.test import TestResponse, run_wsgi_app

from mockserver import create_app, run_server
from mockserver.control.requests import PAGE_BYTES
from mockserver.core.store import Table
from mockserver.core.tenants import MAX_CREDENTIAL
from mockserver.web.server_state import server_state

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


@pytest.mark.slow
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


# The data of a tenant

LIMIT = 200_000
"""The limit in these tests, in bytes."""


class Limited:
    """A tenant without data on a server with a limit."""

    def __init__(self, limit: int = LIMIT, app: Flask | None = None) -> None:
        self.app = app or create_app(max_state_bytes=limit)
        self.client = self.app.test_client()
        self.path = ""
        made = self.control("POST", "/_mockserver/tenants", {"seed": "empty", "clock": {"frozen": True}}).json
        self.path = f"/_mockserver/tenants/{made['id']}"
        self.headers = {name: each["headers"] for name, each in made["providers"].items()}

    def control(self, method: str, path: str, body: Any = None) -> TestResponse:
        sent = {} if method == "GET" else {"json": body or {}}
        return self.client.open(self.path + path, method=method, **sent)

    def sendgrid(self, method: str, path: str = "/v3/ips/pools", **options: Any) -> TestResponse:
        return self.client.open(f"/sendgrid{path}", method=method, headers=self.headers["sendgrid"], **options)

    def mailgun(self, method: str, path: str = "/v3/ip_pools", **options: Any) -> TestResponse:
        return self.client.open(f"/mailgun{path}", method=method, headers=self.headers["mailgun"], **options)

    def contents(self) -> list[Any]:
        """Return everything that the tenant has."""
        paths = ("/state", "/snapshots", "/requests?limit=1000", "/clock", "/faults")
        return [self.control("GET", path).json for path in paths]

    def put(self, state: dict[str, Any]) -> TestResponse:
        return self.control("PUT", "/state", {"state": state})


def is_507(response: TestResponse) -> bool:
    """Return whether a response is the problem of a state that is too large."""
    if response.status_code != 507:
        return False
    assert response.content_type == "application/problem+json"
    assert (response.json["title"], response.json["status"]) == ("Insufficient Storage", 507)
    assert "--max-state-bytes" in response.json["detail"]
    assert "X-Mockserver-Request-Id" not in response.headers
    return True


def state_of(pools: int, description: str = "x" * 1_000) -> dict[str, Any]:
    pool = {"name": "a", "description": description}
    return {"mailgun": {"ip_pools": [{**pool, "pool_id": f"{number:024x}"} for number in range(pools)]}}


@pytest.fixture
def limited() -> Limited:
    return Limited()


def test_request_that_makes_the_state_too_large_changes_nothing(limited: Limited) -> None:
    form = {"name": "a", "description": "x" * 1_000}
    created = 0
    while not is_507(response := limited.mailgun("POST", data=form)):
        assert response.status_code == 200
        created += 1
    assert 100 < created < 200
    before = limited.contents()
    assert len(before[0]["state"]["mailgun"]["ip_pools"]) == created
    for _ in range(2):
        assert is_507(limited.mailgun("POST", data=form))
    assert limited.contents() == before
    pool = "/v3/ip_pools/" + before[0]["state"]["mailgun"]["ip_pools"][0]["pool_id"]
    assert is_507(limited.mailgun("PATCH", pool, data={"description": "x" * 100_000}))
    assert limited.mailgun("PATCH", pool, data={"description": "x" * 500}).status_code == 200
    assert limited.mailgun("DELETE", pool).status_code == 200
    assert limited.mailgun("POST", data=form).status_code == 200
    assert is_507(limited.mailgun("POST", data=form))
    limited.control("POST", "/reset")
    assert limited.mailgun("POST", data=form).status_code == 200


def test_limit_is_of_each_tenant(limited: Limited) -> None:
    other = Limited(app=limited.app)
    form = {"name": "a", "description": "x" * 50_000}
    assert limited.put(state_of(140)).status_code == 200
    assert is_507(limited.mailgun("POST", data=form))
    assert other.mailgun("POST", data=form).status_code == 200


def test_weight_of_a_state_is_that_of_its_records_whatever_was_done_before(limited: Limited) -> None:
    """Changes are counted as they are made; the sum is the same as if all records were counted at once."""
    for number in range(20):
        limited.sendgrid("POST", json={"name": f"pool {number}"})
    for number in range(0, 20, 2):
        limited.sendgrid("PUT", f"/v3/ips/pools/pool {number}", json={"name": "other" * number + "!"})
    for number in range(1, 20, 4):
        limited.sendgrid("DELETE", f"/v3/ips/pools/pool {number}")
    tenant = server_state(limited.app).store.get(limited.path.rpartition("/")[2])
    pools: Any = tenant.read().state("sendgrid").pools  # type: ignore[union-attr]
    assert pools.weight == Table(dict(pools)).weight > 15 * 200


def test_state_that_is_too_large_is_not_put(limited: Limited) -> None:
    assert limited.put(state_of(100)).status_code == 200
    before = limited.contents()
    assert is_507(limited.put(state_of(200)))
    assert limited.contents() == before
    tenants = limited.client.get("/_mockserver/tenants").json
    assert is_507(limited.client.post("/_mockserver/tenants", json={"seed": state_of(200)}))
    assert limited.client.get("/_mockserver/tenants").json == tenants
    assert limited.client.post("/_mockserver/tenants", json={"seed": state_of(100)}).status_code == 201


def test_snapshots_count_once_for_what_they_share(limited: Limited) -> None:
    limited.put(state_of(50))
    for number in range(20):
        limited.sendgrid("POST", json={"name": str(number)})
        assert limited.control("POST", "/snapshots", {"name": f"n{number}"}).status_code == 201
    limited.put(state_of(50, "y" * 1_000))
    before = limited.contents()
    assert is_507(limited.control("POST", "/snapshots", {"name": "other"}))
    assert limited.contents() == before
    assert limited.control("POST", "/snapshots/n0/restore").status_code == 200
    assert limited.control("POST", "/snapshots", {"name": "n0"}).status_code == 201


def test_snapshot_of_all_tenants_is_restored_whatever_its_size(limited: Limited) -> None:
    limited.put(state_of(90))
    limited.client.post("/_mockserver/snapshots", json={"name": "large"})
    limited.put(state_of(60, "y" * 1_000))
    assert limited.control("POST", "/snapshots", {"name": "own"}).status_code == 201
    limited.put(state_of(0))
    assert limited.client.post("/_mockserver/snapshots/large/restore", json={}).status_code == 200
    assert len(limited.contents()[0]["state"]["mailgun"]["ip_pools"]) == 90


def test_jobs_that_make_the_state_too_large_stay_pending(limited: Limited) -> None:
    ips = [f"203.0.113.{number}" for number in range(1, 100)]
    names = [f"{number}.example.com" for number in range(200)]
    domains = [{"id": f"{number:024x}", "name": name, "ips": ips[:1]} for number, name in enumerate(names)]
    pool = {"pool_id": "0" * 24, "name": "a", "description": "b", "ips": ips}
    state = {"ips": [{"ip": ip} for ip in ips], "domains": domains, "ip_pools": [pool]}
    jobs = [{"id": "1" * 24, "pool_id": pool["pool_id"], "link": names}]
    assert limited.put({"mailgun": {**state, "jobs": jobs}}).status_code == 200
    before = limited.contents()
    assert is_507(limited.control("POST", "/jobs/run"))
    assert limited.contents() == before


# The request log


def test_request_log_is_read_in_pages() -> None:
    """Reading a log takes the memory of a page; the client of the control API puts the pages together."""
    size, count = 1_000_000, 24
    with run_server() as server:
        tenant = server.create_tenant()
        with httpx.Client(headers=tenant.sendgrid.headers, base_url=tenant.sendgrid.url) as session:
            for number in range(count):
                session.post("/v3/ips/pools", content=b'{"name": "%d"}' % number + b" " * size)
        path = f"{server.url}/_mockserver/tenants/{tenant.id}/requests?limit=1000"
        data = httpx.get(path).json()
        assert len(data["requests"]) == 4
        assert data["has_more"]
        tracemalloc.start()
        try:
            assert sum(1 for _ in pages(path)) == count / 4
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 16 * PAGE_BYTES, "with the copies of a page that the client has"
        names = [request.json["name"] for request in tenant.requests]
        assert names == [str(number) for number in range(count)]


def pages(path: str) -> Iterator[int]:
    """Read a request log from its newest page to its oldest, and yield the size of each."""
    query = ""
    while True:
        text = httpx.get(path + query).text
        yield len(text)
        if '"has_more": true' not in text[-100:]:
            return
        (first,) = re.findall('"seq": ([0-9]+)', text)[:1]
        query = f"&before={first}"
