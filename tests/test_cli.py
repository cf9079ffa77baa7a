"""The command line, as a process."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver import __version__

COMMAND = [sys.executable, "-m", "mockserver"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, env={**ENVIRONMENT, **environment}
    )


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
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
        return response.status, response.read()


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], []], ids=["serve", "bare"])
def test_serve(arguments: list[str]) -> None:
    """The server says where it is in one line of JSON, works there, and ends with 0 on SIGTERM, having said no more."""
    with running(*arguments, MOCKSERVER_PORT="0") as (process, greeting):
        assert list(greeting) == ["url", "providers"]
        assert list(greeting["providers"]) == ["sparkpost", "sendgrid", "mailgun"]
        assert fetch(f"{greeting['url']}/_mockserver/ready")[0] == 200
        sendgrid = greeting["providers"]["sendgrid"]
        status, body = fetch(f"{sendgrid['url']}/v3/ips/pools", Authorization=f"Bearer {sendgrid['api_key']}")
        assert (status, json.loads(body)[0]) == (200, {"name": "transactional"})
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=5)
        assert (process.returncode, rest) == (0, ("", ""))


def test_ctrl_c() -> None:
    """Ctrl-C ends it too."""
    with running("serve", "--port", "0") as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=5) == ("", "")
        assert process.returncode == 0


def test_a_person_is_greeted() -> None:
    """On a terminal the greeting is for a person, with a base URL and a credential for each provider."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([*COMMAND, "serve", "--port", "0"], stdout=follower, stderr=follower, env=ENVIRONMENT)
    try:
        text = ""
        while "Ctrl-C" not in text:
            text += os.read(leader, 4096).decode()
    finally:
        process.terminate()
        assert process.wait(timeout=5) == 0
        os.close(leader)
        os.close(follower)
    assert re.search(r"mockserver is ready on http://127\.0\.0\.1:\d+\r\n", text)
    for name in ("sparkpost", "sendgrid", "mailgun"):
        assert re.search(rf"  {name} +http://127\.0\.0\.1:\d+/{name} +\S{{20,}}\r\n", text)


def test_flags(tmp_path: Path) -> None:
    """Flags come before the environment: seed, unknown credentials, tenants."""
    flags = ["--port", "0", "--seed", "empty", "--unknown-credentials", "reject", "--max-tenants", "5"]
    with running("serve", *flags, MOCKSERVER_SEED="documents", MOCKSERVER_MAX_TENANTS="7") as (_, greeting):
        assert {provider["api_key"] for provider in greeting["providers"].values()} == {None}
    with running("serve", "--port", "0", MOCKSERVER_SEED="documents#management") as (_, greeting):
        assert greeting["providers"]["sendgrid"]["api_key"] == "<<YOUR_API_KEY_HERE>>"
        assert re.fullmatch("[0-9a-f]{40}", greeting["providers"]["sparkpost"]["api_key"])
    with running("serve", "--port", "0", "--host", "localhost") as (_, greeting):
        assert fetch(f"{greeting['url']}/_mockserver/live")[0] == 200


def test_version() -> None:
    """--version names the program and its version."""
    assert run("--version").stdout == f"mockserver, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve", "--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["serve", "--port", "x"], "'x' is not a valid integer"),
        (["serve", "--unknown-credentials", "all"], "'all' is not one of 'any', 'well-formed', 'reject'"),
        (["serve", "--max-tenants", "0"], "0 is not in the range x>=1"),
        (["serve", "--prot", "1"], "No such option"),
        (["sevre"], "No such command 'sevre'"),
        (["serve", "--seed", "nowhere.yaml"], "mockserver: seed: nowhere.yaml: No such file or directory"),
        (["serve", "--seed", "documents#x"], "no world named 'x'"),
        (["serve", "--host", "203.0.113.1", "--port", "0"], "mockserver: cannot listen on 203.0.113.1:0"),
        (["serve", "--host", "no such host"], "mockserver: cannot listen on no such host:8080"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes(arguments: list[str], reason: str) -> None:
    """A mistake ends with 2 and its reason, on stderr only."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_in_a_seed(tmp_path: Path) -> None:
    """A mistake in a seed is told with file, line and reason."""
    path = tmp_path / "seed.yaml"
    path.write_text("world: x\nsendgrid:\n  ips:\n    - {ip: a, region: mars}\n", "utf-8")
    done = run("serve", "--seed", str(path))
    assert done.returncode == 2
    assert done.stderr == f'mockserver: seed: {path}:4: sendgrid.ips.0.region: "mars" is not one of "eu" or "us"\n'


def test_a_port_that_is_taken() -> None:
    """Two servers cannot have one port."""
    with running("serve", "--port", "0") as (_, greeting):
        port = greeting["url"].rpartition(":")[2]
        done = run("serve", "--port", port)
        assert done.returncode == 2
        assert f"mockserver: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
