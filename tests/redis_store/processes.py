"""Server processes that share one Redis."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..support import MAILGUN, SENDGRID, SPARKPOST

CASES = (SPARKPOST, SENDGRID, MAILGUN)


class Answered(NamedTuple):
    status: int
    body: bytes
    request: str
    """X-Mockserver-Request-Id."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Process:
    """A server in a process of its own."""

    def __init__(self, store: str, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--store", store, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1]
        self._address = urlsplit(json.loads(line)["url"]).netloc

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: object = None) -> Answered:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})} if data is not None else headers or {}
        with contextlib.closing(connection):
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answered(response.status, response.read(), response.headers.get("X-Mockserver-Request-Id", ""))

    def control(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        answered = self.ask(method, f"/_mockserver{path}", body=body)
        assert answered.status == status, answered.body
        return answered.json if answered.body else None

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def processes(store: str, count: int, *arguments: str) -> Iterator[list[Process]]:
    started = [Process(store, *arguments) for _ in range(count)]
    try:
        for each in started:
            each.wait()
        yield started
    finally:
        for each in started:
            each.kill()
