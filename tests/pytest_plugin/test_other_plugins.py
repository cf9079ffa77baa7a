"""With other plugins, and what is left of a run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .runs import Run, printed


@pytest.mark.slow
def test_xdist(run: Run) -> None:
    """Each process of a run has a server of its own."""
    result = run("""
import os


@pytest.mark.parametrize("number", range(4))
def test_it(mockserver, number, tmp_path_factory):
    create(mockserver)
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1)
    folder = tmp_path_factory.getbasetemp().parent
    (folder / os.environ["PYTEST_XDIST_WORKER"]).write_text(mockserver.url)


def test_apart(mockserver, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp().parent
    others = {file.read_text() for file in folder.glob("gw?") if file.name != os.environ["PYTEST_XDIST_WORKER"]}
    assert mockserver.url not in others
""", "-n", "2", subprocess=True)  # fmt: skip
    result.assert_outcomes(passed=5)


@pytest.mark.slow
def test_randomly_and_asyncio(run: Run) -> None:
    """It works with pytest-randomly, asyncio tests and fixtures, and unittest's classes."""
    result = run(
        """
import unittest

import httpx


@pytest.fixture
async def client(mockserver):
    async with httpx.AsyncClient(base_url=mockserver.sendgrid.url, auth=mockserver.sendgrid.auth) as client:
        yield client


async def test_async(client, mockserver):
    assert (await client.get("/v3/ips/pools")).status_code == 200
    mockserver.requests.assert_called("sendgrid.listIpPools", times=1)


async def test_async_fails(mockserver):
    mockserver.faults.add("*")


class TestOld(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def tenant(self, mockserver):
        self.mockserver = mockserver

    def test_passes(self):
        self.assertEqual(create(self.mockserver).status_code, 200)

    def test_fails(self):
        self.mockserver.faults.add("*")
""",
        *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
        subprocess=True,
        others=True,
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*--randomly-seed=*"])


@pytest.mark.slow
def test_nothing_is_left(run: Run) -> None:
    """After a run there is no thread, no socket and no tenant more than before."""
    result = run(
        """
import gc
import os
import threading
import warnings

from mockserver import pytest_plugin

SEEN = []


def sockets():
    gc.collect()
    return sum(os.readlink(f"/proc/self/fd/{fd}").startswith("socket:") for fd in os.listdir("/proc/self/fd")
               if os.path.exists(f"/proc/self/fd/{fd}"))


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    threads, before = threading.active_count(), sockets()
    yield
    assert (threading.active_count(), sockets()) == (threads, before)
    (server,) = SEEN
    assert len(server.app.extensions["mockserver"].store) == 0


@pytest.mark.parametrize("number", range(10))
def test_it(mockserver, number, mockserver_server):
    create(mockserver)
    SEEN[:] = [mockserver_server]
    assert threading.active_count() > 1
""",
        "-W",
        "error::pytest.PytestUnraisableExceptionWarning",
        subprocess=True,
    )
    result.assert_outcomes(passed=10)


@pytest.mark.slow
def test_it_costs_nothing_until_it_is_used(tmp_path: Path) -> None:
    """The plugin imports nothing of the server, nor of its libraries, before a test asks for a tenant."""
    (tmp_path / "test_it.py").write_text("""
import sys

HEAVY = {"flask", "marshmallow", "werkzeug", "yaml", "jsonschema_rs", "httptools", "urllib.request", "http.client"}
OURS = {"mockserver", "mockserver.pytest_plugin"}


def test_one():
    assert not HEAVY & set(sys.modules)
    assert {name for name in sys.modules if name.partition(".")[0] == "mockserver"} == OURS


def test_two(mockserver):
    assert {"flask", "marshmallow", "httptools"} <= set(sys.modules)
""")
    arguments = ["-p", "mockserver.pytest_plugin", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_help(run: Run) -> None:
    """Every option, ini option, marker and fixture is explained."""
    text = printed(run("", "--help"))
    for name in ("--mockserver-url", "--mockserver-strict", "--mockserver-coverage-report", "mockserver_seed (string)"):
        assert name in text
    assert "@pytest.mark.mockserver(seed=..., profile=..., job_delay=..., clock=..." in printed(run("", "--markers"))
    fixtures = printed(run("", "--fixtures"))
    for name in ("mockserver", "mockserver_server", "mockserver_factory", "mockserver_config"):
        assert re.search(rf"^{name}( \[session scope\])? -- .*\n    \w", fixtures, re.MULTILINE), name
