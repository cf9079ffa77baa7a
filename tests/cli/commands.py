"""Run commands and servers of the command line."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from mockserver.cli import main

COMMAND = [sys.executable, "-m", "mockserver"]

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, env={**ENVIRONMENT, **environment}
    )


def run_here(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as `run` does, in this process, which is quicker."""
    out, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {**ENVIRONMENT, **environment}, clear=True),
        mock.patch.object(sys, "argv", ["mockserver", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), errors.getvalue())


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **environment},
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def fetch(url: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@contextmanager
def answering(
    answer: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A server that has one answer to everything; its URL, and the lines and headers of what it was asked."""
    asked: list[tuple[str, dict[str, str]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((f"{self.command} {self.path}", dict(self.headers)))
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def pools(variables: Mapping[str, str]) -> list[str]:
    """The names of a tenant's pools at SendGrid."""
    status, body = fetch(
        f"{variables['SENDGRID_BASE_URL']}/v3/ips/pools", Authorization=f"Bearer {variables['SENDGRID_API_KEY']}"
    )
    assert status == 200
    return [pool["name"] for pool in json.loads(body)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
