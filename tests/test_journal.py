"""The journal of a tenant."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from mockserver.core.request_log import redact
from mockserver.web.bodies import unused_fields

from .support import MAILGUN, SENDGRID, SPARKPOST, SPARKPOST_KEY, store_of

STORES = ("memory", "redis")


def test_a_record(app: Flask) -> None:
    """A record has the request, who made it, the operation, the answer, and why it was refused."""
    SPARKPOST.client(app).put("/api/v1/ip-pools/default?x=1", json={"name": "New", "colour": "red"})
    record = list(store_of(app).tenant("default").request_log)[-1]
    assert (record.id, record.seq, record.provider) == ("default-1", 1, "sparkpost")
    assert (record.operation, record.method, record.path) == ("updateIpPool", "PUT", "/api/v1/ip-pools/default")
    assert (record.path_values, record.query, record.body) == (
        {"id": "default"},
        "x=1",
        b'{"name": "New", "colour": "red"}',
    )
    assert (record.status, record.response_violation, record.account) == (400, None, None)
    assert record.credential == "…" + SPARKPOST_KEY[-4:]
    assert dict(record.headers)["Authorization"] == "…" + SPARKPOST_KEY[-4:]
    error = record.error
    assert error is not None
    assert (error.key, error.message, error.source.kind) == (
        "default_not_updatable",
        "IP Pool default is reserved and cannot be updated.",
        "documented",
    )


def test_unused_fields_are_recorded(app: Flask) -> None:
    """Body fields and query parameters that no handler read are known, in JSON and in both forms."""
    SPARKPOST.client(app).post("/api/v1/ip-pools?page=2", json={"name": "New", "colour": "red"})
    MAILGUN.client(app).post(
        "/v3/ip_pools", data={"name": "n", "description": "d", "ip[]": "192.0.2.10", "add_ip": "x"}
    )
    SENDGRID.client(app).get("/v3/send_ips/pools?limit=1&colour=red")
    found = []
    for record in store_of(app).tenant("default").request_log:
        content_type = dict(record.headers).get("Content-Type", "")
        found.append(unused_fields(record.query, record.body, content_type, record.fields_read))
    assert found == [("colour", "page"), ("add_ip",), ("colour",)]


def test_requests_without_an_operation(app: Flask) -> None:
    """A wrong path, a wrong method and what is not modelled are kept too."""
    for method, path in (("GET", "/nope"), ("PATCH", "/v3/ips/pools"), ("GET", "/v3/messages/1")):
        SENDGRID.client(app).open(path, method=method)
    records = list(store_of(app).tenant("default").request_log)
    assert [record.operation for record in records] == [None, None, None]
    assert [record.error and record.error.key for record in records] == [
        "not_found",
        "not_allowed",
        "not_implemented",
    ]


def test_request_log_is_bounded(make_app: Callable[..., Flask]) -> None:
    """Older records are dropped and counted."""
    app = make_app(request_log_size=3)
    for _ in range(5):
        SPARKPOST.client(app).get("/api/v1/ip-pools")
    request_log = store_of(app).tenant("default").request_log
    assert [record.seq for record in request_log] == [3, 4, 5]
    assert (len(request_log), request_log.dropped) == (3, 2)


def test_large_request_logs_lose_their_oldest_records(make_app: Callable[..., Flask]) -> None:
    """Beyond the budget of all request logs the largest ones lose records; a tenant with few small ones keeps them."""
    app = make_app(request_log_max_bytes=12_000, request_log_size=4)
    small, large = SPARKPOST.new_client(app), SPARKPOST.new_client(app)
    logs = [small.tenant.request_log, large.tenant.request_log]  # with one request each
    for _ in range(6):
        large.post("/api/v1/ip-pools", data=b" " * 3_000)
    small.get("/api/v1/ip-pools")
    assert [[record.seq for record in log] for log in logs] == [[1, 2], [6, 7]]
    assert [log.dropped for log in logs] == [0, 5]


def test_one_request_beyond_the_budget_is_kept(make_app: Callable[..., Flask]) -> None:
    app = make_app(request_log_max_bytes=10_000)
    for size in (8, 20_000, 30_000):
        SPARKPOST.client(app).post("/api/v1/ip-pools", data=b" " * size)
    assert [record.seq for record in store_of(app).tenant("default").request_log] == [3]


def test_the_time_is_the_servers(make_app: Callable[..., Flask]) -> None:
    """A record carries the time of the server's clock."""
    app = make_app(time=lambda: 1_700_000_000.5)
    SPARKPOST.client(app).get("/api/v1/ip-pools")
    assert list(store_of(app).tenant("default").request_log)[-1].time == 1_700_000_000.5


def test_how_much_of_a_secret_is_shown() -> None:
    """The last four characters of a credential are shown, if that leaves most of it hidden."""
    assert redact("key-0123456789ab") == "…89ab"
    assert redact("0123456789ab") == "…89ab"
    assert redact("0123456789a") == redact("") == "…"
