"""An application with one provider."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from mockserver import Config, MockServer
from mockserver.providers import sendgrid

from ..support import SENDGRID_KEY

SENDGRID = {"Authorization": f"Bearer {SENDGRID_KEY}"}

POOLS = "/sendgrid/v3/ips/pools"

ROOT = Path(__file__).parent.parent.parent


def own_app(prefix: str | None = "/fake/sg", name: str | None = "sg", **settings: Any) -> Flask:
    app = Flask("own")
    app.secret_key = "own"
    MockServer(Config(**{"seed": "documents#ip-pools", **settings}) if settings else Config()).init_app(app)
    options = {key: value for key, value in (("url_prefix", prefix), ("name", name)) if value is not None}
    app.register_blueprint(sendgrid.blueprint, **options)

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/files/<path:name>/")
    def file(name: str) -> str:
        return name

    return app


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "MOCKSERVER_SEED": "empty", **variables}


def served(command: list[str], port: int, **variables: str) -> Iterator[http.client.HTTPConnection]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment(**variables), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.connect()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, command
                time.sleep(0.05)
        yield connection
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
