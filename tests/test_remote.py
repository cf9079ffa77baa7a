"""The control API's client: one connection is kept, what is asked arrives once, and nothing is left open."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mockserver import ControlClient, ControlError, Server, run_server

BODY = json.dumps({"schema_version": 1}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PATIENCE = 10.0


class Stub:
    """A server of one connection after another; each answers so many requests, then takes one more or is closed."""

    def __init__(self, listening: socket.socket, *plans: tuple[int, bool]) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.requests: list[list[str]] = []
        """The methods that came over each connection."""
        self.closed = [threading.Event() for _ in plans]
        self._listening = listening
        self._plans = plans
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for (answers, takes_more), closed in zip(self._plans, self.closed, strict=True):
            connection, _ = self._listening.accept()
            with connection, connection.makefile("rb") as lines:
                methods: list[str] = []
                self.requests.append(methods)
                while len(methods) < answers + takes_more and (method := self._read(lines)):
                    methods.append(method)
                    if len(methods) <= answers:
                        connection.sendall(ANSWER)
            closed.set()

    def _read(self, lines: object) -> str:
        read = lines.readline  # type: ignore[attr-defined]
        method, length = read().decode().partition(" ")[0], 0
        while line := read().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        lines.read(length)  # type: ignore[attr-defined]
        return str(method)

    def is_asked_again(self) -> bool:
        """Say whether a connection waits that was not planned."""
        self._listening.setblocking(False)
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@contextlib.contextmanager
def stub(*plans: tuple[int, bool]) -> Iterator[Stub]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        server = Stub(listening, *plans)
        yield server
        server.join()


def test_one_connection() -> None:
    """Calls go over one connection, until it is closed; then another is opened."""
    with stub((9, False), (1, False)) as server:
        remote = ControlClient(server.url)
        for method in ("GET", "POST", "GET"):
            remote.request(method, "live")
        remote.close()
        assert server.closed[0].wait(PATIENCE)
        remote.request("GET", "live")
    assert server.requests == [["GET", "POST", "GET"], ["GET"]]


def test_unused_client_closes_its_connection() -> None:
    """A connection is closed with its `ControlClient`."""
    with stub((9, False)) as server:
        ControlClient(server.url).request("GET", "live")
        assert server.closed[0].wait(PATIENCE)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_connection_that_the_server_closed(method: str) -> None:
    """What the server has closed is not used again, whatever is asked."""
    with stub((1, False), (1, False)) as server:
        remote = ControlClient(server.url)
        remote.request("GET", "live")
        assert server.closed[0].wait(PATIENCE)
        remote.request(method, "live")
    assert server.requests == [["GET"], [method]]


def test_a_request_that_was_lost() -> None:
    """A request that may have been done is sent once more if that does no harm; else the caller gets the error."""
    with stub((1, True), (1, True)) as server:
        remote = ControlClient(server.url)
        remote.request("GET", "live")
        remote.request("PUT", "live")
        with pytest.raises(ControlError, match="no response from"):
            remote.request("POST", "live")
        server.join()
        assert not server.is_asked_again()
    assert server.requests == [["GET", "PUT"], ["PUT", "POST"]]


def test_threads() -> None:
    """Several threads ask at once, and each has the answer to what it asked."""
    with run_server() as server, Server(ControlClient(server.url)) as sandboxes, ThreadPoolExecutor(8) as threads:

        def ask(number: int) -> bool:
            with sandboxes.create_tenant(credentials={"sparkpost": f"{number:040x}"}) as sandbox:
                return sandbox.sparkpost.api_key == f"{number:040x}"

        assert all(threads.map(ask, range(100)))
