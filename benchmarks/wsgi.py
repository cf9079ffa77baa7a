"""Requests in process: mockserver beside bare Flask, both called as WSGI applications, without a socket.

The clock is the processor time of the calling thread, over a batch of calls: from each call of the application to the
close of its response. Environs are built before the batch. The applications take turns, batch by batch.
"""

from __future__ import annotations

import gc
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import bare
import flask
from flask import Flask

from mockserver import Config, create_app

KEY = "SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000"
POOLS = "/v3/ips/pools"
PREFIX = "/sendgrid"
BATCH = 80
"""Calls in a batch. With the six pools of the seed, so many new ones stay below SendGrid's limit of 100."""
CASES: dict[str, tuple[str, str, bytes]] = {
    "list": ("GET", POOLS, b""),
    "get": ("GET", f"{POOLS}/campaigns", b""),
    "create": ("POST", POOLS, b'{"name":"bench%d"}'),
    "error": ("POST", POOLS, b'{"name":"campaigns"}'),
}
"""By case: method, path and body."""


def environ(method: str, path: str, body: bytes) -> dict[str, Any]:
    """Return a request as waitress would pass it to an application."""
    made: dict[str, Any] = {
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_HOST": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "REQUEST_METHOD": method,
        "SERVER_PORT": "80",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_SOFTWARE": "waitress",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REQUEST_URI": path,
        "QUERY_STRING": "",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "bench",
        "HTTP_AUTHORIZATION": f"Bearer {KEY}",
    }
    if body:
        made |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
    return made


class Application:
    """One of the two applications: where its routes are, and how its state is reset."""

    def __init__(self, app: Flask, prefix: str, reset: Callable[[], object]) -> None:
        self.app = app
        self.prefix = prefix
        self.reset = reset

    def environs(self, case: str, count: int) -> list[dict[str, Any]]:
        """Return the environs of a batch."""
        method, path, body = CASES[case]
        bodies = [body % number if b"%d" in body else body for number in range(count)]
        return [environ(method, self.prefix + path, each) for each in bodies]

    def respond(self, case: str) -> tuple[int, bytes]:
        """Return the status and the body of one response."""
        statuses: list[str] = []
        (sent,) = self.environs(case, 1)
        returned = self.app(sent, lambda status, headers, exc_info=None: statuses.append(status))  # type: ignore[arg-type,return-value]
        body = b"".join(returned)
        if hasattr(returned, "close"):
            returned.close()
        self.reset()
        return int(statuses[0].split()[0]), body

    def measure(self, case: str, count: int) -> float:
        """Return the processor time of one call, in microseconds: the mean of a batch."""
        environs, app = self.environs(case, count), self.app
        start = time.thread_time()
        for each in environs:
            returned = app(each, start_response)
            for _ in returned:
                pass
            if hasattr(returned, "close"):
                returned.close()
        spent = time.thread_time() - start
        if case == "create":
            self.reset()
        return spent / count * 1e6


def start_response(status: str, headers: Iterable[tuple[str, str]], exc_info: object = None) -> Any:
    """Ignore the head of a response."""


def check_flask() -> None:
    """Check that an application has what a bare one would be faster without: hooks, `url_for` and sessions."""
    app = create_app(Config())
    app.secret_key = "bench"

    @app.after_request
    def add_header(response: flask.Response) -> flask.Response:
        response.headers["X-Hook"] = str("X-Mockserver-Request-Id" in response.headers)
        return response

    @app.get("/own")
    def own() -> dict[str, Any]:
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        return {"visits": flask.session["visits"], "url": flask.url_for("sendgrid.listIpPools")}

    client = app.test_client()
    pools = client.get(PREFIX + POOLS, headers={"Authorization": f"Bearer {KEY}"})
    visits = [client.get("/own").json for _ in range(2)]
    expected = [{"visits": number, "url": PREFIX + POOLS} for number in (1, 2)]
    if (pools.status_code, pools.headers.get("X-Hook"), visits) != (200, "True", expected):
        raise RuntimeError(f"a hook, url_for or session does not work: {pools.status}, {pools.headers}, {visits}")


def measure(rounds: int) -> dict[str, Any]:
    """Measure each case: the median of both applications, in microseconds, and of the ratio, over all rounds."""
    check_flask()
    server = create_app(Config())
    tenant = server.extensions["mockserver"].store.tenant("default")

    def reset_bare() -> None:
        bare.pools.clear()
        bare.pools.update(bare.IPS)

    baseline, ours = Application(bare.app, "", reset_bare), Application(server, PREFIX, tenant.reset)
    for case in CASES:
        responses = baseline.respond(case), ours.respond(case)
        if responses[0] != responses[1]:
            raise RuntimeError(f"{case}: bare Flask returns {responses[0]}, mockserver {responses[1]}")
    times: dict[str, tuple[list[float], list[float]]] = {case: ([], []) for case in CASES}
    for number in range(-2, rounds):
        if number == 0:
            gc.collect()
            gc.freeze()  # neither pays for a search through what the other made at its start
        for case, found in times.items():
            turns = [(baseline, found[0]), (ours, found[1])]
            for application, values in turns if number % 2 else reversed(turns):
                spent = application.measure(case, BATCH)
                if number >= 0:
                    values.append(spent)
    return {"rounds": rounds, "cases": {case: summary(*found) for case, found in times.items()}}


def summary(baseline: Sequence[float], ours: Sequence[float]) -> dict[str, float]:
    ratios = [mine / other for mine, other in zip(ours, baseline, strict=True)]
    return {
        "bare Flask": statistics.median(baseline),
        "mockserver": statistics.median(ours),
        "ratio": statistics.median(ratios),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1])), indent=1))
