"""Exposure, the control token and the access log."""

from __future__ import annotations

import base64
import json
import re
import signal
import urllib.error
import urllib.request

import pytest

from .commands import fetch, run, running

pytestmark = pytest.mark.slow  # each test starts a server


@pytest.mark.parametrize("flags", [["--expose"], []], ids=["flag", "environment"])
def test_an_exposed_server_has_a_token(flags: list[str]) -> None:
    """With --expose the server takes any --host, and its control API the token that the greeting names."""
    with running("serve", "--port", "0", "--host", "0.0.0.0", *flags, MOCKSERVER_EXPOSE="1") as (_, ready_message):
        token = ready_message["control_token"]
        assert re.fullmatch("[A-Za-z0-9_-]{32}", token)
        info = f"{ready_message['url']}/_mockserver/info"
        assert fetch(info)[0] == 401
        assert fetch(info, Authorization=f"Bearer {token}")[0] == 200
        done = run("env", "--url", ready_message["url"])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith(" (--control-token or MOCKSERVER_CONTROL_TOKEN)\n")
        assert run("env", "--url", ready_message["url"], "--control-token", token).returncode == 0
        assert run("env", MOCKSERVER_URL=ready_message["url"], MOCKSERVER_CONTROL_TOKEN=token).returncode == 0
        assert run("wait", "--url", ready_message["url"]).returncode == 0


def test_a_token_of_ones_own() -> None:
    """A token that was given is asked for, exposed or not, and is not printed."""
    for flags in ([], ["--expose"]):
        with running("serve", "--port", "0", *flags, MOCKSERVER_CONTROL_TOKEN="let-me-in") as (_, ready_message):
            assert list(ready_message) == ["url", "providers"]
            info = f"{ready_message['url']}/_mockserver/info"
            assert fetch(info, Authorization="Bearer let-me-out")[0] == 401
            assert fetch(info, Authorization="Bearer let-me-in")[0] == 200


def test_no_token() -> None:
    """With the token `off` the control API of an exposed server needs none, and the log warns of that."""
    with running("serve", "--port", "0", "--expose", MOCKSERVER_CONTROL_TOKEN="off") as (process, ready_message):
        assert list(ready_message) == ["url", "providers"]
        info = f"{ready_message['url']}/_mockserver/info"
        assert fetch(info, Host="mockserver")[0] == 200
        assert fetch(info, Origin="http://other.example")[0] == 403
        assert run("env", "--url", ready_message["url"], "--new").returncode == 0
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
    assert "requires no token" in log


def test_not_exposed() -> None:
    """MOCKSERVER_EXPOSE=0 exposes nothing, and a loopback address needs no exposing."""
    done = run("serve", "--host", "0.0.0.0", MOCKSERVER_EXPOSE="0")
    assert (done.returncode, "with --expose" in done.stderr) == (2, True)
    for host in ("127.0.0.1", "127.0.0.2", "localhost"):
        with running("serve", "--port", "0", "--host", host) as (_, ready_message):
            assert list(ready_message) == ["url", "providers"]


def test_access_log() -> None:
    """Every request is one line on stderr, but for a health check that succeeds."""
    log, key = logged()
    expected = [
        r"sendgrid\.listIpPools 200 tenant=default [0-9.]+ms",
        r"sendgrid\.getIpPool 404 [a-z_]+ tenant=default [0-9.]+ms",
        r"sendgrid GET /sendgrid/v3/a\\nb 404 not_found tenant=default [0-9.]+ms",
        r"sendgrid\.listIpPools 401 [a-z_]+ tenant=- [0-9.]+ms \(its key does not look like a SendGrid key .*\)",
        r"GET /v3/ips/pools 404 tenant=- [0-9.]+ms \(no provider is at this path: .*\)",
        r"control\.listTenants 200 tenant=- [0-9.]+ms",
    ]
    lines = log.splitlines()
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), line
    assert key not in log


def test_access_log_as_json() -> None:
    log, key = logged("--access-log", "json")
    lines = [json.loads(line) for line in log.splitlines()]
    assert [(each["operation"], each["status"], each["tenant"]) for each in lines] == [
        ("sendgrid.listIpPools", 200, "default"),
        ("sendgrid.getIpPool", 404, "default"),
        (None, 404, "default"),
        ("sendgrid.listIpPools", 401, None),
        (None, 404, None),
        ("control.listTenants", 200, None),
    ]
    assert lines[0]["path"] == "/sendgrid/v3/ips/pools"
    assert lines[2]["path"] == "/sendgrid/v3/a\nb"
    assert lines[3]["reason"].startswith("its key does not look like a SendGrid key")
    assert key not in log


def test_access_log_off() -> None:
    assert logged("--access-log", "off")[0] == logged(MOCKSERVER_ACCESS_LOG="off")[0] == ""


def logged(*flags: str, **environment: str) -> tuple[str, str]:
    """Return what a server logs of some requests, and the key of one of them."""
    with running("serve", "--port", "0", *flags, **environment) as (process, ready_message):
        url, key = ready_message["url"], ready_message["providers"]["sendgrid"]["api_key"]
        for path in ("ips/pools?a=b", "ips/pools/no%0Ane", "a%0Ab"):
            fetch(f"{url}/sendgrid/v3/{path}", Authorization=f"Bearer {key}")
        fetch(f"{url}/sendgrid/v3/ips/pools", Authorization="Bearer test-key")
        fetch(f"{url}/v3/ips/pools", Authorization=f"Bearer {key}")
        for path in ("live", "ready", "tenants"):
            fetch(f"{url}/_mockserver/{path}")
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=5)
    assert out == ""
    return log, key


def test_id_seed() -> None:
    """The same --id-seed makes the same identifiers, but for the time in them; another makes others."""

    def made(text: str) -> object:
        with running("serve", "--port", "0", "--id-seed", text) as (_, ready_message):
            access = ready_message["providers"]["mailgun"]
            request = urllib.request.Request(
                f"{access['url']}/v3/ip_pools",
                b"name=a&description=b",
                {"Authorization": "Basic " + b64(f"api:{access['api_key']}")},
            )
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.loads(response.read())["pool_id"][8:]

    one = made("one")
    assert made("one") == one
    assert made("two") != one


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
