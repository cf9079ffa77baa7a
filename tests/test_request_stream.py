"""The requests of a tenant as server-sent events, on our own server and on others."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask

from mockserver import Config
from mockserver.control import request_stream
from mockserver.server import HttpServer, start
from mockserver.testing.control_client import ControlClient

from .redis_server import RedisServer
from .support import SENDGRID

LONG = 30
"""How long something may take that happens soon, in seconds."""
Event = tuple[str | None, str | None, Any]


class Stream:
    """An open stream: its fields `event`, `id` and `data`, block by block."""

    def __init__(self, server: HttpServer, tenant: str, query: str = "", **headers: str) -> None:
        self.connection = http.client.HTTPConnection(server.address, server.port, timeout=LONG)
        path = f"/_mockserver/tenants/{tenant}/requests/stream{query}"
        self.connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        self.first = self.block()

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def block(self) -> list[str]:
        lines = []
        while (line := self.response.readline()) not in (b"\n", b""):
            lines.append(line.decode().rstrip("\n"))
        return lines

    def event(self) -> Event:
        fields = dict(line.split(": ", 1) for line in self.block())
        return fields.get("event"), fields.get("id"), json.loads(fields["data"]) if "data" in fields else None

    def seqs(self, number: int) -> list[int]:
        found = [self.event() for _ in range(number)]
        assert {name for name, _, _ in found} == {"request"}
        return [data["seq"] for _, _, data in found]


class Tenant:
    """A tenant that calls an operation of SendGrid."""

    def __init__(self, server: HttpServer) -> None:
        self.control = ControlClient(server.url)
        made = self.control.request("POST", "tenants", body={})
        self.id: str = made["id"]
        self.provider = made["providers"]["sendgrid"]

    def call(self, path: str = "/v3/ips/pools", times: int = 1) -> None:
        for _ in range(times):
            requests.get(self.provider["url"] + path, headers=self.provider["headers"])

    def post(self, *path: str) -> None:
        self.control.request("POST", "tenants", self.id, *path, body={})


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def server(request: pytest.FixtureRequest) -> Iterator[HttpServer]:
    redis: RedisServer | None = request.getfixturevalue("redis_server") if request.param == "redis" else None
    with start(Config(store="memory" if redis is None else redis.database())) as server:
        yield server


@pytest.fixture
def tenant(server: HttpServer) -> Tenant:
    return Tenant(server)


@pytest.fixture
def stream_of() -> Iterator[Callable[..., Stream]]:
    """Return a function that opens a stream; it is closed at the end."""
    with contextlib.ExitStack() as opened:

        def make(*args: Any, **headers: str) -> Stream:
            stream = Stream(*args, **headers)
            opened.callback(stream.close)
            return stream

        yield make


def test_requests_are_sent_as_they_come(stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant) -> None:
    tenant.call()
    stream = stream_of(server, tenant.id)
    assert stream.response.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    assert stream.response.getheader("Cache-Control") == "no-store"
    assert stream.first[0] == "retry: 1000"
    assert stream.first[1].startswith("id: 1-")
    for path in ("/v3/ips/pools", "/v3/nope"):
        tenant.call(path)
        name, _, data = stream.event()
        listed = tenant.control.request("GET", "tenants", tenant.id, "requests")["requests"][-1]
        assert (name, data) == ("request", listed)
    Tenant(server).call()  # of another tenant
    tenant.call()
    assert stream.seqs(1) == [4]


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("?since=0", [1, 2, 3, 4]),
        ("?since=3", [4]),
        ("?since=0&status=404", [2]),
        ("?since=0&operation=sendgrid.listIpPools", [1, 3, 4]),
        ("?since=0&provider=sendgrid", [1, 2, 3, 4]),
    ],
)
def test_filters_and_beginning(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant, query: str, seqs: list[int]
) -> None:
    for path in ("/v3/ips/pools", "/v3/nope", "/v3/ips/pools", "/v3/ips/pools"):
        tenant.call(path)
    stream = stream_of(server, tenant.id, query)
    assert stream.seqs(len(seqs)) == seqs


def test_stream_goes_on_after_the_last_event(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant
) -> None:
    tenant.call(times=3)
    stream = stream_of(server, tenant.id, "?since=0")
    ids = [stream.event()[1] for _ in range(3)]
    stream.close()
    again = stream_of(server, tenant.id, "?since=0", Last_Event_ID=str(ids[1]))
    assert again.seqs(1) == [3]
    unknown = stream_of(server, tenant.id, "?since=2", Last_Event_ID="nonsense")
    assert unknown.seqs(1) == [3]


def test_cleared_log_and_reset_are_an_event(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant
) -> None:
    tenant.call(times=2)
    stream = stream_of(server, tenant.id)
    tenant.control.request("DELETE", "tenants", tenant.id, "requests")
    assert stream.event() == ("clear", "0-", {})
    tenant.call()
    assert stream.seqs(1) == [3]
    tenant.post("reset")
    assert stream.event() == ("clear", "0-", {})
    tenant.call(times=3)
    assert stream.seqs(3) == [1, 2, 3]
    tenant.post("reset")
    tenant.call(times=3)
    assert stream.event()[0] == "clear"
    assert stream.seqs(3) == [1, 2, 3]


def test_client_notices_a_reset_when_it_connects_again(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant
) -> None:
    """Though there is a request with the same number again."""
    tenant.call(times=2)
    stream = stream_of(server, tenant.id, "?since=0")
    seen = str([stream.event()[1] for _ in range(2)][-1])
    stream.close()
    tenant.post("reset")
    tenant.call(times=3)
    again = stream_of(server, tenant.id, Last_Event_ID=seen)
    assert again.event()[0] == "clear"
    assert again.seqs(3) == [1, 2, 3]


def test_stream_goes_on_after_a_list(stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant) -> None:
    """The id of the last event can be made of a request; a reset in the meantime is noticed, also of an empty log."""
    tenant.call(times=2)
    last = tenant.control.request("GET", "tenants", tenant.id, "requests")["requests"][-1]
    seen = f"{last['seq']}-{last['time']}"
    tenant.call()
    assert stream_of(server, tenant.id, "?since=0", Last_Event_ID=seen).seqs(1) == [3]
    tenant.post("reset")
    stream = stream_of(server, tenant.id, "?since=0", Last_Event_ID=seen)
    assert stream.event()[0] == "clear"
    tenant.call()
    assert stream.seqs(1) == [1]


def test_deleted_tenant_ends_the_stream(stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant) -> None:
    stream = stream_of(server, tenant.id)
    tenant.control.request("DELETE", "tenants", tenant.id)
    assert stream.response.read() == b""
    stream.connection.request("GET", "/_mockserver/live")  # the connection can be used again
    assert stream.connection.getresponse().status == 200


@pytest.mark.parametrize("number", [4, 5, 6, 13])
def test_many_requests_come_in_parts(
    stream_of: Callable[..., Stream], number: int, tenant: Tenant, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At n-1, n and n+1 of the requests in one part, and for several parts."""
    monkeypatch.setattr(request_stream, "MAX_EVENTS", 5)
    tenant.call(times=number)
    assert stream_of(server, tenant.id, "?since=0").seqs(number) == list(range(1, number + 1))


def test_large_requests_come_in_parts(
    stream_of: Callable[..., Stream], tenant: Tenant, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_stream, "MAX_BYTES", 10)
    tenant.call(times=3)
    assert stream_of(server, tenant.id, "?since=0").seqs(3) == [1, 2, 3]


@pytest.mark.parametrize("server", ["memory"], indirect=True)
def test_silent_stream_has_comments(
    stream_of: Callable[..., Stream], tenant: Tenant, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_stream, "SILENCE", 0.1)
    stream = stream_of(server, tenant.id)
    assert [stream.block(), stream.block()] == [[":"], [":"]]
    tenant.call()
    while (block := stream.block()) == [":"]:
        pass
    assert block[0] == "event: request"


@pytest.mark.parametrize("server", ["memory"], indirect=True)
def test_open_streams_take_no_thread(stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant) -> None:
    """There are far fewer threads than streams, and other requests do not wait for these."""
    tenant.call()
    streams = [stream_of(server, tenant.id) for _ in range(60)]
    before = threading.active_count()
    tenant.call()
    assert [stream.seqs(1) for stream in streams] == [[2]] * 60
    assert threading.active_count() <= before + 8


@pytest.mark.parametrize("server", ["memory"], indirect=True)
def test_client_that_hangs_up_ends_its_stream(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant
) -> None:
    streams = [stream_of(server, tenant.id) for _ in range(3)]
    for stream in streams:
        stream.close()
    wait_until(lambda: not server._delays)


@pytest.mark.parametrize("server", ["memory"], indirect=True)
def test_client_that_hangs_up_while_events_are_looked_for(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, goes_on = threading.Semaphore(0), threading.Event()
    mark, calls = request_stream._mark, []

    def slow_mark(tenant: Any) -> object:
        calls.append(tenant)
        looked.release()
        goes_on.wait(LONG)
        return mark(tenant)

    stream = stream_of(server, tenant.id)
    monkeypatch.setattr(request_stream, "_mark", slow_mark)
    assert looked.acquire(timeout=LONG)
    stream.close()
    wait_until(lambda: any(each.is_gone for each in server._connections))
    goes_on.set()
    looked.acquire(timeout=1)  # it is called once more, which ends the response, or not at all
    number = len(calls)
    time.sleep(request_stream.pause(LONG) + 0.2)
    assert len(calls) == number


def wait_until(is_reached: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not is_reached():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("server", ["memory"], indirect=True)
def test_client_that_does_not_read_gets_no_more(
    stream_of: Callable[..., Stream], server: HttpServer, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent to it stays small, and other clients get theirs."""
    head = {"Authorization": tenant.provider["headers"]["Authorization"]}
    for _ in range(40):
        body = json.dumps({"name": "x" * 200_000})
        requests.post(f"{tenant.provider['url']}/v3/ips/pools", body, headers=head)
    with socket.create_connection((server.address, server.port), timeout=LONG) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        path = f"/_mockserver/tenants/{tenant.id}/requests/stream?since=0"
        silent.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.address}:{server.port}\r\n\r\n".encode())
        time.sleep(0.5)
        looked, delay = [], server._delay
        monkeypatch.setattr(server, "_delay", lambda *args: (looked.append(args), delay(*args)))
        time.sleep(0.5)
        assert 1 <= len(looked) <= 50  # it does not keep the loop busy
        assert max(each.unsent_bytes for each in server._connections) < 2_500_000
        assert stream_of(server, tenant.id, "?since=39").seqs(1) == [40]


@pytest.mark.parametrize("server", ["memory"], indirect=True)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_end_of_the_server_ends_the_stream(server: HttpServer, tenant: Tenant, version: str) -> None:
    """A client of HTTP/1.0 gets the events without chunks."""
    tenant.call()
    with socket.create_connection((server.address, server.port), timeout=LONG) as client:
        path = f"/_mockserver/tenants/{tenant.id}/requests/stream?since=0"
        client.sendall(f"GET {path} HTTP/{version}\r\nHost: {server.address}:{server.port}\r\n\r\n".encode())
        received = b""
        while b"event: request" not in received:
            received += client.recv(65_536)
        server.close()
        while data := client.recv(65_536):
            received += data
    assert received.startswith(f"HTTP/{version} 200 OK\r\n".encode())
    assert (b"\r\nTransfer-Encoding: chunked\r\n" in received) is (version == "1.1")
    assert received.endswith(b"0\r\n\r\n" if version == "1.1" else b"\n\n")
    assert b"\r\nContent-Length:" not in received


def test_other_servers_send_what_there_is(make_app: Callable[..., Flask]) -> None:
    """A client asks again with the last id, also if there was no request yet."""
    app = make_app()
    client, control = SENDGRID.client(app), app.test_client()
    path = "/_mockserver/tenants/default/requests/stream"
    seen = ""
    for number in (0, 1, 2):
        found = control.get(path, headers={"Last-Event-ID": seen}).text
        ids = re.findall(r"^id: (.*)$", found, re.MULTILINE)
        assert found.count("event: request") == (number > 0)
        assert ids[-1].startswith(f"{number}-")
        seen = ids[-1]
        client.get(SENDGRID.pools_path)


def test_stream_ends_after_its_timeout(server: HttpServer, tenant: Tenant, stream_of: Callable[..., Stream]) -> None:
    began = time.monotonic()
    stream = stream_of(server, tenant.id, "?timeout=1")
    tenant.call()
    assert stream.seqs(1) == [1]
    assert stream.response.read() == b""
    assert 1 <= time.monotonic() - began < LONG
    assert stream_of(server, tenant.id, "?timeout=0").response.read() == b""


def test_unknown_tenant_and_parameter(server: HttpServer, tenant: Tenant) -> None:
    url = f"{server.url}/_mockserver/tenants"
    assert requests.get(f"{url}/unknown/requests/stream").status_code == 404
    assert requests.get(f"{url}/{tenant.id}/requests/stream?since=x").status_code == 400
    assert requests.get(f"{url}/{tenant.id}/requests/stream?limit=5").status_code == 400


def test_stream_is_one_line_in_the_access_log(
    stream_of: Callable[..., Stream], caplog: pytest.LogCaptureFixture
) -> None:
    with start(Config(access_log="text")) as server, caplog.at_level("INFO", "mockserver.access"):
        tenant = Tenant(server)
        stream = stream_of(server, tenant.id)
        tenant.call()
        stream.event()
        time.sleep(0.3)
        tenant.control.request("DELETE", "tenants", tenant.id)
        stream.response.read()
    lines = [record.getMessage() for record in caplog.records if "streamRequests" in record.getMessage()]
    assert len(lines) == 1
    assert float(lines[0].rpartition(" ")[2].removesuffix("ms")) >= 300
