"""The load: requests in turn over keep-alive connections, by wrk or by a small client in a process of its own.

python benchmarks/load.py PORT CONNECTIONS SECONDS FILE
"""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

SEPARATOR = b"\x1e"


class Load(NamedTuple):
    """The result of a load."""

    rate: float
    """Requests per second."""
    errors: float
    """The share of responses with a status of 400 or above."""
    failures: int
    """The number of failed connections."""
    p50: float
    """The median time from a request to its response, in seconds."""
    p99: float
    """The time in which 99 of 100 requests had their response, in seconds."""


def client(seconds: float) -> str:
    """Return the name of the load generator: wrk if it is installed; it takes whole seconds only."""
    return "wrk" if shutil.which("wrk") and seconds >= 1 else "a small Python client"


def measure(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Load a server on this machine."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(SEPARATOR.join(requests))
        file.flush()
        if client(seconds) == "wrk":
            script, url = Path(__file__).with_name("load.lua"), f"http://127.0.0.1:{port}"
            command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script), url, "--", file.name]
        else:
            command = [sys.executable, __file__, str(port), str(connections), str(seconds), file.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    count = printed["requests"]
    if not count:
        raise RuntimeError(f"no responses: {done.stdout}")
    rate, errors = count / printed["microseconds"] * 1e6, printed["errors"] / count
    return Load(rate, errors, printed["failures"], printed["p50"] / 1e6, printed["p99"] / 1e6)


def _main(port: int, connections: int, seconds: float, file: str) -> None:
    requests = itertools.cycle(Path(file).read_bytes().split(SEPARATOR))
    counts = {"requests": 0, "errors": 0, "failures": 0}
    latencies: list[float] = []
    start = time.perf_counter()

    def send() -> None:
        link: socket.socket | None = None
        while time.perf_counter() - start < seconds:
            try:
                if link is None:
                    link = socket.create_connection(("127.0.0.1", port), timeout=10)
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                request = next(requests)
                sent = time.perf_counter()
                link.sendall(request)
                response = HTTPResponse(link, method=request.partition(b" ")[0].decode())
                response.begin()
                response.read()
                latencies.append((time.perf_counter() - sent) * 1e6)
                counts["requests"] += 1
                counts["errors"] += response.status >= 400
                closes = response.will_close
            except (OSError, HTTPException):
                counts["failures"] += 1
                closes = True
            if closes and link is not None:
                link.close()
                link = None

    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    microseconds = (time.perf_counter() - start) * 1e6
    shares = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else latencies * 99 or [0.0] * 99
    print(json.dumps({**counts, "microseconds": microseconds, "p50": shares[49], "p99": shares[98]}))


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
