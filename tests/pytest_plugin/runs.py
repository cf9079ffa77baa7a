"""Runs of pytest with the plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mockserver.server import HttpServer

Run = Callable[..., pytest.RunResult]
servers: list[HttpServer] = []
"""Servers that the tests of a run in this process may close."""

SEND = """
import pytest
import requests


def post(access, path, **body):
    return requests.post(access.url + path, headers=access.headers, **body)


def create(mockserver, name="mine"):
    return post(mockserver.sendgrid, "/v3/ips/pools", json={"name": name})


"""


def printed(result: pytest.RunResult) -> str:
    return result.stdout.str()
