"""`mockserver serve` and its options."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from mockserver import __version__

from .commands import COMMAND, ENVIRONMENT, fetch, run, running


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], []], ids=["serve", "bare"])
def test_serve(arguments: list[str]) -> None:
    """The server says where it is in one line of JSON, works there, and ends with 0 on SIGTERM, having said no more."""
    with running(*arguments, MOCKSERVER_PORT="0", MOCKSERVER_ACCESS_LOG="off") as (process, ready_message):
        assert list(ready_message) == ["url", "providers"]
        assert list(ready_message["providers"]) == ["sparkpost", "sendgrid", "mailgun"]
        assert not ready_message["url"].endswith(":8080")
        assert fetch(f"{ready_message['url']}/_mockserver/ready")[0] == 200
        sendgrid = ready_message["providers"]["sendgrid"]
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
    assert re.search(r"Dashboard: http://127\.0\.0\.1:\d+/_mockserver/ui/\r\n", text)
    for name in ("sparkpost", "sendgrid", "mailgun"):
        assert re.search(rf"  {name} +http://127\.0\.0\.1:\d+/{name} +\S{{20,}}\r\n", text)


@pytest.mark.slow
def test_flags(tmp_path: Path) -> None:
    """Flags come before the environment: seed, unknown credentials, tenants."""
    flags = ["--port", "0", "--seed", "empty", "--unknown-credentials", "reject", "--max-tenants", "5"]
    with running("serve", *flags, MOCKSERVER_SEED="documents", MOCKSERVER_MAX_TENANTS="7") as (_, ready_message):
        assert {provider["api_key"] for provider in ready_message["providers"].values()} == {None}
    with running("serve", "--port", "0", MOCKSERVER_SEED="documents#management") as (_, ready_message):
        assert ready_message["providers"]["sendgrid"]["api_key"] == "<<YOUR_API_KEY_HERE>>"
    with running("serve", "--port", "0", "--no-ui", MOCKSERVER_UI="on") as (_, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/ui/")[0] == 404
        assert re.fullmatch("[0-9a-f]{40}", ready_message["providers"]["sparkpost"]["api_key"])
    with running("serve", "--port", "0", "--host", "localhost") as (_, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/live")[0] == 200


def test_version() -> None:
    """--version names the program and its version."""
    assert run("--version").stdout == f"mockserver, version {__version__}\n"


@pytest.mark.slow  # each starts a process
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve", "--port", "65536"], "--port"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--unknown-credentials", "all"], "--unknown-credentials"),
        (["serve", "--max-tenants", "0"], "1<=x<=1000000000"),
        (["serve", "--max-tenants", "9223372036854775808"], "1<=x<=1000000000"),
        (["serve", "--tenant-ttl", "0"], "TENANT_TTL'): expected 0.001 to 1000000000 seconds, got 0"),
        (["serve", "--tenant-ttl", "1e308"], "TENANT_TTL'): expected 0.001 to 1000000000 seconds, got 1e+308"),
        (["serve", "--tenant-ttl", "nan"], "TENANT_TTL'): expected 0.001 to 1000000000 seconds, got nan"),
        (["serve", "--store", "postgres://x"], "expected 'memory' or 'redis://HOST:PORT/DB'"),
        (["serve", "--prot", "1"], "--prot"),
        (["sevre"], "sevre"),
        (["serve", "--seed", "nowhere.yaml"], "mockserver: seed: nowhere.yaml: No such file or directory"),
        (["serve", "--seed", "documents#x"], "no seed named 'x'"),
        (["serve", "--expose", "--host", "203.0.113.1", "--port", "0"], "mockserver: cannot listen on 203.0.113.1:0"),
        (["serve", "--expose", "--host", "no such host"], "mockserver: cannot listen on no such host:8080"),
        (
            ["serve", "--host", "0.0.0.0"],
            "mockserver: --host 0.0.0.0: expected a loopback address; allow access from other machines with",
        ),
        (["serve", "--host", "::"], "with --expose"),
        (["serve", "--host", ""], "with --expose"),
        (["serve", "--host", "example.com"], "with --expose"),
        (["serve", "--host", "localhost.example.com"], "with --expose"),
        (["serve", "--control-token", ""], "expected one or more visible ASCII characters"),
        (["serve", "--control-token", "two words"], "expected one or more visible ASCII characters"),
        (["wait", "--timeout", "-1"], "--timeout"),
        (["wait", "--timeout", "nan"], "expected a finite number of seconds"),
        (["wait", "--url", "127.0.0.1:8080"], "expected an http:// or https:// URL with a host"),
        (["wait", "--url", "file:///etc/passwd"], "expected an http:// or https:// URL with a host"),
        (["wait", "--url", "http://x:70000"], "'http://x:70000': "),
        (["wait", "--url", "http://x/?a=b"], "expected a base URL"),
        (["wait", "--url", "http://x/\u20ac"], "expected a base URL"),
        (["env", "--new", "--tenant", "x"], "--new and --tenant are mutually exclusive."),
        (["seed"], "--file"),
        (["seed", "--file", "nowhere.yaml"], "mockserver: seed: nowhere.yaml: No such file or directory"),
        (["snapshot"], "mockserver snapshot"),
        (["snapshot", "save"], "NAME"),
        (["validate", "documents#x"], "mockserver: seed: documents: no seed named 'x'"),
        (["fuzz-info"], "--provider"),
        (["fuzz-info", "--provider", "x"], "--provider"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes(arguments: list[str], reason: str) -> None:
    """A mistake ends with 2, on stderr only: with its reason, or what it is in where the reason is Click's."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert done.stderr.startswith("mockserver: ")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["serve", "--seed"], ["validate"], ["seed", "--file"]], ids=" ".join)
def test_a_mistake_in_a_seed(arguments: list[str], tmp_path: Path) -> None:
    """A mistake in a seed is reported with file, line and reason, wherever seeds are read."""
    path = tmp_path / "seed.yaml"
    path.write_text("name: x\nsendgrid:\n  ips:\n    - {ip: a, region: mars}\n", "utf-8")
    done = run(*arguments, str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"mockserver: seed: {re.escape(str(path))}:4: sendgrid\.ips\[0\]\.region: .+\n", done.stderr)


@pytest.mark.slow
def test_a_port_that_is_taken() -> None:
    """Two servers cannot have one port."""
    with running("serve", "--port", "0") as (_, ready_message):
        port = ready_message["url"].rpartition(":")[2]
        done = run("serve", "--port", port)
        assert done.returncode == 2
        assert f"mockserver: cannot listen on 127.0.0.1:{port}: Address already in use\n" in done.stderr
