"""The server on a socket: its connections, its links, planned faults on the wire, and its end."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockserver import Config
from mockserver.core.faults import When
from mockserver.core.memory_store import MemoryTenant
from mockserver.server import HttpServer, start

from .support import MAILGUN_KEY, SENDGRID_KEY, response_violations


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with start() as server:
        yield server
        assert response_violations(server.app) == 0


def exchange(server: HttpServer, data: bytes, wait: float = 2) -> bytes:
    """Send bytes on a connection of their own and return what comes back until it is closed or silent."""
    with socket.create_connection((server.host, server.port), timeout=wait) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def connected(server: HttpServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=10)


def alive(server: HttpServer) -> bool:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("GET", "/sendgrid/v3/ips/pools", headers={"Authorization": f"Bearer {SENDGRID_KEY}"})
    status = connection.getresponse().status
    connection.close()
    return status == 200


def alive_without_credential(server: HttpServer) -> bool:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(b"GET /_mockserver/live HTTP/1.0\r\n\r\n")
        return connection.recv(65536).startswith(b"HTTP/1.0 200 OK\r\n")


HOST = b"Host: localhost\r\n"
AUTH = b"Authorization: Bearer " + SENDGRID_KEY.encode() + b"\r\n"


def test_keep_alive(server: HttpServer) -> None:
    """A connection serves many requests, refused ones among them."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    for path, status in (("/sendgrid/v3/ips/pools", 200), ("/sendgrid/v3/ips/pools/nope", 404), ("/nope", 404)) * 3:
        connection.request("GET", path, headers={"Authorization": f"Bearer {SENDGRID_KEY}"})
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert connection.sock is not None
    connection.close()


def test_an_answer_without_a_body_keeps_the_connection(server: HttpServer) -> None:
    """After a 204 the connection goes on, for what was pipelined behind it too."""
    head = b" HTTP/1.1\r\n" + HOST + AUTH
    body = b'{"name": "brief"}'
    received = exchange(
        server,
        b"POST /sendgrid/v3/ips/pools" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        + b"DELETE /sendgrid/v3/ips/pools/brief" + head + b"\r\n"
        + b"GET /sendgrid/v3/ips/pools/brief" + head + b"\r\n",
    )  # fmt: skip
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"200", b"204", b"404"]
    assert b"Connection: close" not in received


def test_many_connections(server: HttpServer) -> None:
    """Three hundred open connections are all served."""
    connections = [socket.create_connection((server.host, server.port), timeout=5) for _ in range(300)]
    for connection in connections:
        connection.sendall(b"GET /_mockserver/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert all(connection.recv(65536).startswith(b"HTTP/1.1 200 OK") for connection in connections)
    for connection in connections:
        connection.close()


def test_links_lead_back_without_a_host(server: HttpServer) -> None:
    """A client that sends no Host gets links to the address that it called."""
    auth = base64.b64encode(f"api:{MAILGUN_KEY}".encode())
    path = b"/mailgun/v3/ip_pools/658041ae44842b99ee2eaa1b/domains"
    received = exchange(server, b"GET " + path + b" HTTP/1.0\r\nAuthorization: Basic " + auth + b"\r\n\r\n")
    assert f'"first":"{server.url}/mailgun/v3/ip_pools/'.encode() in received


def test_planned_faults_on_a_socket(server: HttpServer) -> None:
    """On a real connection a drop sends nothing, a truncated answer is short of its length, and both close it."""
    tenant = server.state.store.tenant("default")
    request = b"GET /sendgrid/v3/ips/pools HTTP/1.1\r\n" + HOST + AUTH + b"\r\n"
    for when in ("before", "after"):
        tenant.update(lambda kept, when=when: kept.faults.add("sendgrid.listIpPools", "drop", when=when))
        with socket.create_connection((server.host, server.port), timeout=5) as connection:
            connection.sendall(request)
            assert connection.recv(65536) == b""
    tenant.update(lambda kept: kept.faults.add("sendgrid.listIpPools", "truncate", when="after"))
    received = b""
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(request)
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    assert 0 < len(body) < length
    assert alive(server)
    tenant.update(lambda kept: kept.faults.clear())


@pytest.mark.slow
def test_delay_delays_no_other_request(server: HttpServer) -> None:
    """While one call of a tenant is delayed, another is answered: the later one comes first."""
    tenant = server.state.store.tenant("default")
    tenant.update(lambda kept: kept.faults.add("sendgrid.listIpPools", "delay", delay_seconds=2.0))
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(b"GET /sendgrid/v3/ips/pools HTTP/1.1\r\n" + HOST + AUTH + b"\r\n")
        while not next(iter(tenant.read().faults)).applied:
            time.sleep(0.001)
        assert alive(server)
        assert select.select([connection], [], [], 0)[0] == []
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
    tenant.update(lambda kept: kept.faults.clear())


def test_delays_hold_up_no_other_call(server: HttpServer) -> None:
    """Many calls are delayed at once, and others are answered meanwhile."""
    tenant = server.state.store.tenant("default")
    assert isinstance(tenant, MemoryTenant)
    many, threads = 200, threading.active_count()
    tenant.update(lambda kept: kept.faults.add("sendgrid.listIpPools", "delay", delay_seconds=60.0, times=many))
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(server)) for _ in range(many)]
        for connection in connections:
            connection.sendall(b"GET /sendgrid/v3/ips/pools HTTP/1.1\r\n" + HOST + AUTH + b"\r\n")
        end = time.monotonic() + 30
        while next(iter(tenant.read().faults)).applied < many:
            assert time.monotonic() < end, "calls wait for each other's delays"
            time.sleep(0.001)
        assert alive(server)
        assert threading.active_count() == threads
        assert select.select(connections, [], [], 0)[0] == []
        for connection in connections:
            while not select.select([connection], [], [], 0.01)[0]:
                tenant.interrupt_delays()  # the last may not have begun to wait when the first was hurried
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
    tenant.update(lambda kept: kept.faults.clear())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delayed_call_is_made_once(server: HttpServer, when: When) -> None:
    """A call that was begun where it could not wait leaves nothing of that: it is counted, journaled and done once."""
    tenant = server.state.store.tenant("default")
    tenant.reset()
    tenant.update(lambda kept: kept.faults.add("*", "delay", delay_seconds=0.05, times=1, skip=1, when=when))
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    headers = {"Authorization": f"Bearer {SENDGRID_KEY}"}
    remaining = []
    for name in ("one", "two", "three"):
        connection.request("POST", "/sendgrid/v3/ips/pools", body=json.dumps({"name": name}), headers=headers)
        response = connection.getresponse()
        assert (response.status, json.load(response)) == (200, {"name": name})
        remaining.append(int(response.headers["X-RateLimit-Remaining"]))
    connection.close()
    records = list(tenant.request_log)
    assert [json.loads(record.body) for record in records] == [{"name": "one"}, {"name": "two"}, {"name": "three"}]
    assert [record.fault for record in records] == [None, "f1", None]
    assert [record.seq for record in records] == [1, 2, 3]
    assert remaining == [remaining[0], remaining[0] - 1, remaining[0] - 2]
    tenant.reset()


@pytest.mark.slow
def test_client_that_does_not_read_delays_no_other(server: HttpServer) -> None:
    """Requests sent at once, whose answers are more than the server keeps for a client that reads none of them."""
    asked = 100
    with connected(server) as connection:
        connection.sendall(b"GET /_mockserver/openapi/sendgrid.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * asked)
        for _ in range(20):
            assert alive(server)
            time.sleep(0.02)
        received = b""
        while received.count(b"HTTP/1.1 200 OK\r\n") < asked or not received.endswith(b"}"):
            chunk = connection.recv(1 << 20)
            assert chunk
            received += chunk
    assert len(received) > 8 << 20
    assert alive(server)


def test_a_delay_does_not_hold_up_the_end() -> None:
    """A server stops at once, whatever its calls are waiting for, and leaves no thread."""
    before = threading.active_count()
    with start(Config()) as server:
        tenant = server.state.store.tenant("default")
        tenant.update(lambda kept: kept.faults.add("sendgrid.listIpPools", "delay", delay_seconds=60.0))
        connection = socket.create_connection((server.host, server.port), timeout=5)
        connection.sendall(b"GET /sendgrid/v3/ips/pools HTTP/1.1\r\n" + HOST + AUTH + b"\r\n")
        while not next(iter(tenant.read().faults)).applied:
            time.sleep(0.001)
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert threading.active_count() == before
    connection.close()


def test_encoded_slashes_reach_the_application(server: HttpServer) -> None:
    """A slash encoded in a path is part of a name on a real socket too."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    headers = {"Authorization": f"Bearer {SENDGRID_KEY}"}
    connection.request("POST", "/sendgrid/v3/ips/pools", body=b'{"name": "a/b%2Fc"}', headers=headers)
    assert connection.getresponse().read() == b'{"name":"a/b%2Fc"}'
    connection.request("GET", "/sendgrid/v3/ips/pools/a%2Fb%252Fc", headers=headers)
    assert connection.getresponse().read() == b'{"ips":[],"pool_name":"a/b%2Fc"}'
    connection.close()


def test_start_and_stop_leave_nothing() -> None:
    """A server that is stopped has freed its port and ended its threads."""
    before = set(threading.enumerate())
    for _ in range(3):
        with start(Config(seed="empty")) as server:
            assert urlsplit(server.url).port == server.port
            assert alive_without_credential(server)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port), timeout=1)
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) <= before


def test_a_server_that_never_served() -> None:
    """A server that was only bound frees its port when it is closed."""
    server = start()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)
    assert (server.host, server.port > 0) == ("127.0.0.1", True)


def test_headers_are_spelt_as_the_provider_spells_them(server: HttpServer) -> None:
    """Names of headers and their order are the application's own: no server between changes them."""
    request = b"GET /sendgrid/v3/ips/pools HTTP/1.1\r\n" + HOST + AUTH + b"\r\n"
    names = [line.partition(b":")[0] for line in exchange(server, request).partition(b"\r\n\r\n")[0].splitlines()[1:]]
    assert names[:3] == [b"X-RateLimit-Limit", b"X-RateLimit-Remaining", b"X-RateLimit-Reset"]
    assert names[-2:] == [b"Content-Length", b"Date"]
    assert len(set(names)) == len(names)


def test_what_stood_between_is_in_the_journal(server: HttpServer) -> None:
    """Headers that a proxy adds are recorded like any other, and not trusted."""
    tenant = server.state.store.tenant("default")
    tenant.reset()
    forwarded = b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Host: other.example.com\r\n"
    received = exchange(
        server,
        b"GET /mailgun/v3/ip_pools/658041ae44842b99ee2eaa1b/domains HTTP/1.0\r\n"
        + HOST
        + (b"Authorization: Basic " + base64.b64encode(f"api:{MAILGUN_KEY}".encode()) + b"\r\n" + forwarded + b"\r\n"),
    )
    assert b"http://localhost/mailgun/v3/ip_pools/" in received
    (record,) = tenant.request_log
    assert {("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Host", "other.example.com")} <= set(record.headers)


def test_request_is_processed_if_the_system_has_no_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with start(Config()) as server:
        monkeypatch.setattr("mockserver.workers.threading.Thread.start", refuse)
        received = exchange(server, b"GET /_mockserver/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        monkeypatch.undo()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert [record.getMessage() for record in caplog.records] == ["the system has no further thread"]


@pytest.mark.slow
def test_stop_does_not_wait_for_a_client_that_does_not_read(caplog: pytest.LogCaptureFixture) -> None:
    before = set(threading.enumerate())
    with start() as server:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((server.host, server.port))
        connection.sendall(b"GET /_mockserver/openapi/sendgrid.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        time.sleep(0.5)
        began = time.monotonic()
    assert time.monotonic() - began < 4
    connection.close()
    assert set(threading.enumerate()) <= before
    assert ["were not read" in record.getMessage() for record in caplog.records] == [True]


def test_closing_twice_touches_nothing(tmp_path: Path) -> None:
    """A server that is closed leaves alone what has the numbers of its files now."""
    for serves in (True, False):
        server = start()
        with server if serves else contextlib.nullcontext():
            pass
        server.close()
        files = [(tmp_path / str(number)).open("w+b") for number in range(30)]
        server.stop()
        server.close()
        for file in files:
            file.close()
        assert {file.stat().st_size for file in tmp_path.iterdir()} == {0}


def test_nothing_is_written_to_files(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large bodies and large answers need no folder for temporary files: a container may have none."""

    def refuse(*_: object) -> None:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile._get_default_tempdir", refuse)
    monkeypatch.setattr("tempfile.tempdir", None)
    body = b'{"name": "' + b"x" * (1 << 20) + b'"}'
    head = b"POST /sendgrid/v3/ips/pools HTTP/1.0\r\n" + HOST + AUTH + b"Content-Length: %d\r\n\r\n" % len(body)
    assert exchange(server, head + body, 10).startswith(b"HTTP/1.0 413 ")
    tenant = server.state.store.tenant("default")
    tenant.reset()
    path = b"/sendgrid/v3/ips/pools/"
    for _ in range(100):
        exchange(server, b"GET " + path + b"x" * 20_000 + b" HTTP/1.0\r\n" + HOST + AUTH + b"\r\n")
    asked = [b"GET /_mockserver/tenants/default/requests HTTP/1.1\r\n", b"GET /_mockserver/live HTTP/1.1\r\n"]
    with connected(server) as connection:
        for line in asked:
            connection.sendall(line + HOST + b"\r\n")
            received = b""
            while not received.endswith(b"}"):
                received += connection.recv(1 << 20)
                assert received, "the connection was closed"
            assert (len(received) > 1 << 20) == (line == asked[0])
    tenant.reset()


def test_bytes_out_of_band(server: HttpServer, capfd: pytest.CaptureFixture[str]) -> None:
    """Urgent data is no HTTP: it is ignored, and nothing is logged."""
    with connected(server) as connection:
        connection.send(b"x", socket.MSG_OOB)
        assert alive(server)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n", b"Content-Length: 99999999\r\n"])
def test_nothing_to_go_on_with(server: HttpServer, length: bytes) -> None:
    """A client that expects 100 Continue, and has nothing to go on with or too much of it, is answered."""
    head = b"GET /_mockserver/live HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n" + length + b"\r\n"
    received = exchange(server, head)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n" if b"9" not in length else b"HTTP/1.1 413 ")
