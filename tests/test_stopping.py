"""The end of a server: what becomes of requests that were sent when it gets a signal to stop."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from mockserver import Config
from mockserver.server import start

from .cli.commands import running
from .support import SENDGRID_KEY

pytestmark = pytest.mark.slow  # each test starts a server

AUTH = b"Host: localhost\r\nAuthorization: Bearer " + SENDGRID_KEY.encode() + b"\r\n"
GET = b"GET /sendgrid/v3/ips/pools HTTP/1.1\r\n" + AUTH + b"\r\n"
END = b'"}]'
"""How the answer ends."""
BODY = b'{"name": "made while it stops"}'
POST = b"POST /sendgrid/v3/ips/pools HTTP/1.1\r\n" + AUTH + b"Content-Length: %d\r\n\r\n" % len(BODY)

Address = tuple[str, int]


class Sent(NamedTuple):
    """Requests that went out in one piece: when the last byte was sent, and what came back."""

    at: float
    requests: int
    received: bytes

    @property
    def answers(self) -> int:
        """How many answers came back in full; asserts that no other began."""
        rest, count = self.received, 0
        while rest:
            head, end, rest = rest.partition(b"\r\n\r\n")
            length = re.search(rb"\r\nContent-Length: (\d+)", head)
            assert end, f"an answer ends in its head: {head!r}"
            assert length, head
            assert len(rest) >= int(length[1]), f"an answer ends in its body: {head!r}"
            rest, count = rest[int(length[1]) :], count + 1
        return count


class Client(threading.Thread):
    """A client that asks without a pause, until the server is gone."""

    def __init__(
        self, address: Address, requests: int, *, keep_alive: bool, trust: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(daemon=True)
        self.trust = trust
        self.address = address
        self.requests = requests
        self.keep_alive = keep_alive
        self.sent: list[Sent] = []
        self.closing = 0
        """How many answers said that the connection is about to be closed."""

    def connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=10)
        if self.trust is None:
            return connection
        try:
            return self.trust.wrap_socket(connection, server_hostname="localhost")
        except OSError:
            connection.close()
            raise

    def run(self) -> None:
        connection: socket.socket | None = None
        while True:
            try:
                if connection is None:
                    connection = self.connect()
                connection.sendall(GET * self.requests)
            except OSError as error:
                if isinstance(error, ConnectionRefusedError):
                    return
                if connection is None:
                    continue
                connection.close()
                connection = None
                continue
            at, received = time.monotonic(), b""
            with contextlib.suppress(OSError):
                while received.count(END) < self.requests and (chunk := connection.recv(65536)):
                    received += chunk
            self.sent.append(Sent(at, self.requests, received))
            self.closing += received.count(b"\r\nConnection: close\r\n")
            if not self.keep_alive or received.count(END) < self.requests or b"\r\nConnection: close\r\n" in received:
                connection.close()
                connection = None


def lost(clients: list[Client], returned: float) -> int:
    """Count the requests that were sent before the server got the signal, and not answered."""
    counts = [(sent, sent.answers) for client in clients for sent in client.sent]
    return sum(sent.requests - answers for sent, answers in counts if sent.at < returned)


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(
    ("requests", "keep_alive"), [(1, True), (1, False), (3, True)], ids=["kept", "new", "pipelined"]
)
def test_no_answer_is_lost(requests: int, keep_alive: bool, tls: bool) -> None:
    """Under load, SIGTERM costs no answer: every request that was sent before is answered, and none only in part."""
    flags = ["--access-log", "off", *(["--tls", "self-signed"] if tls else [])]
    with running("serve", "--port", "0", *flags) as (process, ready_message):
        parts = urlsplit(ready_message["url"])
        where = (str(parts.hostname), parts.port or 0)
        trust = ssl.create_default_context(cafile=ready_message["ca"]) if tls else None
        clients = [Client(where, requests, keep_alive=keep_alive, trust=trust) for _ in range(24)]
        for client in clients:
            client.start()
        while sum(len(client.sent) for client in clients) < 200:
            time.sleep(0.01)
        returned = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=10)
        took = time.monotonic() - returned
        for client in clients:
            client.join(timeout=20)
            assert not client.is_alive()
    assert lost(clients, returned) == 0
    assert (process.returncode, out, log) == (0, "", "")
    assert took < 1


def stop(process: subprocess.Popen[str]) -> float:
    """Stop a server; return how long that took."""
    returned = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    return time.monotonic() - returned


def connect(ready_message: dict[str, Any]) -> socket.socket:
    parts = urlsplit(ready_message["url"])
    return socket.create_connection((str(parts.hostname), parts.port or 0), timeout=5)


def read(connection: socket.socket) -> bytes:
    """Return all that comes until the connection is closed."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def plan_delay(ready_message: dict[str, Any], seconds: float, times: int) -> None:
    """Let the next calls of the tenant be late."""
    body = json.dumps({"operation": "*", "kind": "delay", "delay_seconds": seconds, "times": times}).encode()
    with connect(ready_message) as connection:
        head = b"POST /_mockserver/tenants/default/faults HTTP/1.0\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert read(connection).startswith(b"HTTP/1.0 201 ")


@pytest.mark.parametrize(("delay", "asked"), [(0.3, 1), (30.0, 1), (30.0, 2)])
def test_what_a_thread_works_on(delay: float, asked: int) -> None:
    """A request that is being answered gets its answer; a planned delay is over then. Nothing makes the exit late."""
    with running("serve", "--port", "0", "--access-log", "off") as (process, ready_message):
        plan_delay(ready_message, delay, asked)
        with connect(ready_message) as connection:
            connection.sendall(GET * asked)
            time.sleep(0.1)  # in a thread or still on its way to one: both must do
            took = stop(process)
            received = read(connection)
        _, log = process.communicate()
    assert Sent(0, asked, received).answers == asked
    assert received.count(b"\r\nConnection: close\r\n") == 1
    assert log == ""
    assert process.returncode == 0
    assert took < 1.5  # 0.7 of patience; the rest is for a busy machine


def test_idle_connections_hold_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections on which nothing is asked are closed at once: new ones, kept ones, and those amid a request."""
    monkeypatch.setattr("mockserver.server.SHUTDOWN_TIMEOUT", 60.0)
    with start(Config()) as server:
        connections = [socket.create_connection((server.host, server.port), timeout=5) for _ in range(30)]
        for connection in connections[:10]:
            connection.sendall(GET)
            received = b""
            while not received.endswith(END):
                received += connection.recv(65536)
        for connection in connections[10:20]:
            connection.sendall(POST + BODY[:5])
        returned = time.monotonic()
        server.close()
        assert time.monotonic() - returned < 20
        rest = [read(connection) for connection in connections]
    for connection in connections:
        connection.close()
    assert rest == [b""] * 30


def test_the_rest_of_a_request_is_waited_for() -> None:
    """A request whose bytes are still coming is answered."""
    with start(Config()) as server, socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(POST + BODY[:5])
        time.sleep(0.1)
        server.stop()
        time.sleep(0.05)
        connection.sendall(BODY[5:])
        received = read(connection)
    assert received.endswith(b'\r\n\r\n{"name":"made while it stops"}')
    assert b"\r\nConnection: close\r\n" in received


def test_connections_not_yet_accepted_are_answered() -> None:
    """What was sent on a connection that the server has not looked at yet is answered too."""
    server = start(Config())
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(GET)
        server.stop()
        server.serve()
        assert Sent(0, 1, read(connection)).answers == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)
