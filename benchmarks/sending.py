"""Messages per second over SMTP and HTTP, beside aiosmtpd, and the memory of a server with full outboxes.

    python benchmarks/sending.py [--seconds 5] [--rounds 3] [--peers none]

Each connection sends messages of 1 KiB one after the other, and waits for each reply. Prints JSON: the medians of the
rounds, in which the servers take turns. aiosmtpd has no accounts and stores nothing; it is the peer that can be
installed from PyPI (`pip install aiosmtpd`).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CONNECTIONS = (1, 8)
MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: hello\r\n\r\n" + b"x" * 70 + b"\r\n"
MESSAGE += (b"y" * 78 + b"\r\n") * 11
OUTBOX = 500
"""The number of messages in a full outbox."""
Send = Callable[[], None]


class Smtp:
    """A connection that sends messages."""

    def __init__(self, port: int, user: str | None, password: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.expect(b"220")
        self.ask(b"EHLO localhost", b"250")
        if user is not None:
            self.ask(b"AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()), b"235")

    def expect(self, code: bytes) -> None:
        while (line := self.file.readline())[3:4] == b"-":
            pass
        if not line.startswith(code):
            raise RuntimeError(f"expected {code!r}, got {line!r}")

    def ask(self, command: bytes, code: bytes) -> None:
        self.socket.sendall(command + b"\r\n")
        self.expect(code)

    def __call__(self) -> None:
        self.ask(b"MAIL FROM:<a@example.com>", b"250")
        self.ask(b"RCPT TO:<b@example.com>", b"250")
        self.ask(b"DATA", b"354")
        self.ask(MESSAGE + b".", b"250")


class Http:
    """A connection that sends messages by SendGrid's API."""

    def __init__(self, url: str, key: str) -> None:
        host, _, self.prefix = url.removeprefix("http://").partition("/")
        self.connection = http.client.HTTPConnection(host, timeout=20)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        text = MESSAGE.partition(b"\r\n\r\n")[2].decode()
        self.body = json.dumps(
            {
                "personalizations": [{"to": [{"email": "b@example.com"}]}],
                "from": {"email": "a@example.com"},
                "subject": "hello",
                "content": [{"type": "text/plain", "value": text}],
            }
        )

    def __call__(self) -> None:
        self.connection.request("POST", f"/{self.prefix}/v3/mail/send", self.body, self.headers)
        response = self.connection.getresponse()
        response.read()
        if response.status != 202:
            raise RuntimeError(f"expected 202, got {response.status}")


def rate(connect: Callable[[], Send], connections: int, seconds: float) -> float:
    """Return the number of messages per second."""
    senders = [connect() for _ in range(connections)]
    counts = [0] * connections
    end = time.perf_counter() + seconds

    def work(index: int) -> None:
        while time.perf_counter() < end:
            senders[index]()
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(connections)]
    started = time.perf_counter()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(counts) / (time.perf_counter() - started)


@contextlib.contextmanager
def ours() -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--smtp-ports", "--access-log", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextlib.contextmanager
def aiosmtpd() -> Iterator[int | None]:
    """Run aiosmtpd with a handler that drops messages; None if it is not installed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield port if process.poll() is None else None
        finally:
            process.terminate()


def resident(process: subprocess.Popen[str]) -> int:
    """Return the resident size of a process, in bytes."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(seconds: float, rounds: int, *, with_peers: bool = True) -> dict[str, Any]:
    """Return messages per second by server, way and number of connections, and memory in bytes."""
    found: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        process, ready = stack.enter_context(ours())
        port = stack.enter_context(aiosmtpd()) if with_peers else None
        ways: dict[str, Callable[[], Send]] = {}
        for name, access in ready["providers"].items():
            smtp = access["smtp"]
            ways[f"mockserver, SMTP, {name}"] = lambda smtp=smtp: Smtp(smtp["port"], smtp["user"], smtp["password"])
        sendgrid = ready["providers"]["sendgrid"]
        ways["mockserver, HTTP, sendgrid"] = lambda: Http(sendgrid["url"], sendgrid["api_key"])
        if port is not None:
            ways["aiosmtpd, SMTP"] = lambda: Smtp(port, None, None)
        for _ in range(rounds):
            for connections in CONNECTIONS:
                for name, connect in ways.items():
                    with contextlib.suppress(RuntimeError):  # an operation that is not implemented
                        connect()()
                        key = f"{name}, {connections} connections"
                        found.setdefault(key, []).append(rate(connect, connections, seconds))
        with ours() as (idle, _):
            memory = {"idle": resident(idle)}
        for name in ready["providers"]:
            sender = ways[f"mockserver, SMTP, {name}"]()
            for _ in range(OUTBOX):
                sender()
        memory[f"{OUTBOX} messages in each outbox, after the load"] = resident(process)
    return {"messages per second": {name: statistics.median(each) for name, each in found.items()}, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="all", choices=["all", "none"])
    options = parser.parse_args()
    print(json.dumps(measure(options.seconds, options.rounds, with_peers=options.peers == "all"), indent=2))


if __name__ == "__main__":
    main()
