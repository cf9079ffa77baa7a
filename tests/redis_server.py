"""A Redis of our own: `redis-server`, on a socket in a folder, keeping nothing; left out loudly where it is missing."""

from __future__ import annotations

import contextlib
import itertools
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


class RedisServer:
    """A `redis-server` that can be stopped and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self._command = [
            *(program, "--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no"),
            *("--databases", str(DATABASES)),
        ]
        self._folder = folder
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None

    def database(self) -> str:
        """Return the URL of a database that nobody has used yet."""
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
                assert time.monotonic() < deadline, "redis-server did not start"
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
    """Run a server; skip the test where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("THE REDIS STORE WAS LEFT OUT, NOTHING OF IT IS TESTED: REDIS IS MISSING (redis-server)")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, RedisServer(program, Path(folder)) as server:
        yield server
