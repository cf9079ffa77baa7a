"""A server under clients of every bad kind at once: does a good client notice them, and does the server recover?

    python benchmarks/soak_server.py [--seconds 60] [--clients 8] [--slowest 2] [--store redis://…]

Each kind of bad client runs on its own threads, with tenants of its own. A good client sends requests to its own tenant
all the time. The exit code is 1 if a response to it is wrong or takes longer than `--slowest`, if its request log does
not have exactly its requests, or if the server afterwards has more memory, threads or open files than it may have, or
does not stop in time.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

GROWTH = 400 << 20
"""How much the resident size may grow, in bytes: request logs (64 MiB by default), and unread responses."""
FILES, THREADS = 40, 12
"""How many more open files and threads there may be at the end, when all bad clients are gone."""
POOLS = "/sendgrid/v3/ips/pools"


class Target:
    """The server under test: a process of its own."""

    def __init__(self, arguments: list[str]) -> None:
        command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--access-log", "off"]
        command += ["--max-tenants", "500", *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.port = int(json.loads(self._process.stdout.readline())["url"].rpartition(":")[2])
        self._proc = Path(f"/proc/{self._process.pid}")

    def resident(self) -> int:
        return int((self._proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def files(self) -> int:
        return len(list((self._proc / "fd").iterdir()))

    def threads(self) -> int:
        return len(list((self._proc / "task").iterdir()))

    def stop(self) -> int:
        """Stop it, and return its exit code; -9 if it had to be killed."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    @contextlib.contextmanager
    def client(self) -> Iterator[HTTPConnection]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            yield connection

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API; the response has to be a success."""
        with self.client() as connection:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/_mockserver/{path}", text, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return json.loads(content) if content else None

    def tenant(self) -> tuple[str, dict[str, str]]:
        """Create a tenant; return its id, and headers of SendGrid."""
        made = self.control("POST", "tenants", {})
        return made["id"], made["providers"]["sendgrid"]["headers"]


def head(method: str, path: str, headers: dict[str, str], length: int | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if length is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


# Bad clients: each function does its harm once; it is called again and again.


def stay_silent(target: Target, chance: random.Random) -> None:
    """Open connections, send nothing or a part of a head, and hang up later."""
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(target.connect())
            connection.sendall(b"GET / HTTP/1.1\r\nX: "[: chance.randrange(20)])
        time.sleep(chance.random())


def read_nothing(target: Target, chance: random.Random) -> None:
    """Pipeline requests, and read none of the responses."""
    _, headers = target.tenant()
    with target.connect() as connection:
        connection.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            connection.sendall(head("GET", POOLS, headers) * 2_000)
        time.sleep(chance.random())


def abandon_delays(target: Target, chance: random.Random) -> None:
    """Start delayed requests; then hang up, reset the tenant or delete it."""
    tenant, headers = target.tenant()
    fault = {"operation": "sendgrid.createIpPool", "kind": "delay", "delay_seconds": 60, "times": 20}
    target.control("POST", f"tenants/{tenant}/faults", fault)
    body = b'{"name": "delayed"}'
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(target.connect()).sendall(head("POST", POOLS, headers, len(body)) + body)
        while not target.control("GET", f"tenants/{tenant}/faults")["faults"][0]["completed"]:  # all are delayed then
            time.sleep(0.05)
        if chance.random() < 0.5:
            target.control("POST", f"tenants/{tenant}/reset")
            time.sleep(0.2)
            if recorded := target.control("GET", f"tenants/{tenant}/requests")["requests"]:
                raise RuntimeError(f"a delayed request stands in the request log after a reset: {recorded[0]}")
        target.control("DELETE", f"tenants/{tenant}")


def send_wrong_items(target: Target, chance: random.Random) -> None:
    """Send a body with as many violations as it can have, and ask for them."""
    tenant, headers = target.tenant()
    body = b'{"name": "x", "ips": [' + b"1," * 400_000 + b"1]}"
    with target.connect() as connection:
        connection.sendall(head("POST", "/sendgrid/v3/send_ips/pools", headers, len(body)) + body)
        connection.recv(1 << 16)
    target.control("GET", f"tenants/{tenant}/requests")


def send_too_much(target: Target, chance: random.Random) -> None:
    """Send bodies that are too large, or end early."""
    _, headers = target.tenant()
    with target.connect() as connection:
        connection.sendall(head("POST", POOLS, headers, 64 << 20))
        with contextlib.suppress(OSError):
            for _ in range(chance.randrange(64)):
                connection.sendall(b" " * (1 << 20))


def send_nonsense(target: Target, chance: random.Random) -> None:
    """Send bytes that are no HTTP."""
    with target.connect() as connection:
        connection.settimeout(1)
        with contextlib.suppress(OSError):
            connection.sendall(chance.choice([head("GET", "/", {}), b"POST / HTTP/1.1\r\nHost: x\r\n"])[:-1])
            connection.sendall(chance.randbytes(2_000) + b"\r\n\r\n")
            connection.recv(1 << 16)


def fill_the_request_log(target: Target, chance: random.Random) -> None:
    """Send as many bytes as one tenant may."""
    _, headers = target.tenant()
    body = json.dumps({"name": "x" * 900_000}).encode()
    with target.client() as connection:
        for _ in range(20):
            connection.request("POST", POOLS, body, {**headers, "Content-Type": "application/json"})
            connection.getresponse().read()


def create_and_delete(target: Target, chance: random.Random) -> None:
    """Create, reset and delete tenants, and take snapshots of them."""
    for _ in range(10):
        tenant, _ = target.tenant()
        target.control("POST", f"tenants/{tenant}/snapshots", {"name": "one"})
        target.control("POST", f"tenants/{tenant}/reset")
        target.control("DELETE", f"tenants/{tenant}")


BAD: tuple[Callable[[Target, random.Random], None], ...] = (
    stay_silent,
    read_nothing,
    abandon_delays,
    send_wrong_items,
    send_too_much,
    send_nonsense,
    fill_the_request_log,
    create_and_delete,
)


def be_good(target: Target, until: float, problems: list[str]) -> list[float]:
    """Create, read and delete a pool in turn; return the times of all requests."""
    tenant, headers = target.tenant()
    numbers, times = itertools.count(), []
    with target.client() as connection:

        def send(method: str, path: str, expected: int, body: Any = None) -> Any:
            began = time.perf_counter()
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {**headers, "Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            times.append(time.perf_counter() - began)
            if response.status != expected:
                problems.append(f"{method} {path}: {response.status} {content[:200]!r}")
            return json.loads(content) if content else None

        while time.monotonic() < until:
            name = f"pool{next(numbers)}"
            send("POST", POOLS, 200, {"name": name})
            if name not in (found := [each["name"] for each in send("GET", POOLS, 200)]):
                problems.append(f"{name} is not in {found}")
            send("DELETE", f"{POOLS}/{name}", 204)
    kept = target.control("POST", f"tenants/{tenant}/requests/count", {})["count"]
    dropped = target.control("GET", f"tenants/{tenant}/requests?limit=1")["dropped"]
    if kept + dropped != len(times):
        problems.append(f"{len(times)} requests, but {kept} are recorded and {dropped} dropped")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=len(BAD), help="the number of bad clients")
    parser.add_argument("--slowest", type=float, default=2, help="the longest time of a good request, in seconds")
    parser.add_argument("--store", default="memory", help="as of `mockserver serve`")
    options = parser.parse_args()
    target = Target(["--store", options.store])
    problems: list[str] = []
    counts = dict.fromkeys((each.__name__ for each in BAD), 0)
    target.tenant()
    before = target.resident(), target.files(), target.threads()
    until = time.monotonic() + options.seconds

    def misbehave(number: int) -> None:
        chance = random.Random(number)
        for harm in itertools.islice(itertools.cycle(BAD), number, None):
            if time.monotonic() > until:
                return
            try:
                harm(target, chance)
            except ConnectionError:
                pass  # the server may close the connection of a bad client
            except Exception as error:
                problems.append(f"{harm.__name__}: {type(error).__name__}: {error}")
            counts[harm.__name__] += 1

    threads = [threading.Thread(target=misbehave, args=[number]) for number in range(options.clients)]
    for thread in threads:
        thread.start()
    times = sorted(be_good(target, until, problems))
    for thread in threads:
        thread.join()
    if times[-1] > options.slowest:
        problems.append(f"a response took {times[-1]:.2f} s")
    time.sleep(2)  # in which the server closes what its clients have closed
    after = target.resident(), target.files(), target.threads()
    limits = GROWTH, FILES, THREADS
    for name, was, now, limit in zip(("bytes of memory", "open files", "threads"), before, after, limits, strict=True):
        print(f"{name}: {was:,} before, {now:,} after")
        if now - was > limit:
            problems.append(f"{now - was:,} more {name}")
    if (code := target.stop()) != 0:
        problems.append(f"the server stopped with {code}")
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    print(f"{len(times)} good requests: p50 {middle:.4f} s, p99 {late:.4f} s, slowest {times[-1]:.3f} s")
    for problem in problems[:20]:
        print(f"PROBLEM: {problem}")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
