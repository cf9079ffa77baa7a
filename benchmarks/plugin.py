"""What the pytest plugin costs: its import, a server's start and stop, a tenant. Medians, in milliseconds.

python benchmarks/plugin.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from flask import Flask

from mockserver import Local, Sandboxes, create_app
from mockserver.server import Server

IMPORT = """
import json, time
import pytest
start = time.perf_counter()
import mockserver.pytest_plugin
print(json.dumps(time.perf_counter() - start))
"""


def median(action: Callable[[], object], rounds: int) -> float:
    """Return the median time of an action, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1_000


def imported(rounds: int) -> float:
    """Return the median time of importing the plugin after pytest, in milliseconds."""
    times = []
    for _ in range(rounds):
        done = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
        times.append(json.loads(done.stdout))
    return statistics.median(times) * 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    app = create_app()
    servers: list[Server] = []

    def start() -> None:
        servers.append(Server(app))
        servers[-1].__enter__()

    cycles = [(median(start, 1), median(lambda: servers.pop().close(), 1)) for _ in range(rounds // 10 + 1)]
    starts, stops = zip(*cycles, strict=True)
    tell("import of the plugin, pytest being there", imported(rounds // 20 + 1))
    tell("a bare Flask application", median(lambda: Flask("bare"), rounds // 10 + 1))
    tell("the application", median(create_app, rounds // 10 + 1))
    tell("a server in a thread, started", statistics.median(starts))
    tell("stopped", statistics.median(stops))
    with Server(app) as server, Sandboxes(Local(app, server.url)) as sandboxes:
        opened = []
        tell("a tenant, opened", median(lambda: opened.append(sandboxes.sandbox()), rounds))
        tell("judged", median(opened[0].mistakes, rounds))
        tell("closed", median(lambda: opened.pop().close(), rounds))


def tell(what: str, milliseconds: float) -> None:
    print(f"{what:45} {milliseconds:8.2f}")


if __name__ == "__main__":
    main()
