"""The command line, as a process."""

from __future__ import annotations

import base64
import http.server
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
import yaml

from mockserver import __version__
from mockserver import evidence as support_matrix
from mockserver.cli import commands
from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider

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
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a server for all tests; what they change is in tenants of their own."""
    with running("serve", "--port", "0") as (_, ready_message):
        yield ready_message["url"]


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


def new_tenant(url: str) -> dict[str, str]:
    """The variables of a new tenant."""
    done = run("env", "--new", "--json", "--url", url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pools(variables: Mapping[str, str]) -> list[str]:
    """The names of a tenant's pools at SendGrid."""
    status, body = fetch(
        f"{variables['SENDGRID_BASE_URL']}/v3/ips/pools", Authorization=f"Bearer {variables['SENDGRID_API_KEY']}"
    )
    assert status == 200
    return [pool["name"] for pool in json.loads(body)]


def make_pool(variables: Mapping[str, str], name: str) -> None:
    """Change a tenant."""
    request = urllib.request.Request(
        f"{variables['SENDGRID_BASE_URL']}/v3/ips/pools",
        json.dumps({"name": name}).encode(),
        {"Authorization": f"Bearer {variables['SENDGRID_API_KEY']}"},
    )
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], []], ids=["serve", "bare"])
def test_serve(arguments: list[str]) -> None:
    """The server says where it is in one line of JSON, works there, and ends with 0 on SIGTERM, having said no more."""
    with running(*arguments, MOCKSERVER_PORT="0") as (process, ready_message):
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
    for name in ("sparkpost", "sendgrid", "mailgun"):
        assert re.search(rf"  {name} +http://127\.0\.0\.1:\d+/{name} +\S{{20,}}\r\n", text)


def test_flags(tmp_path: Path) -> None:
    """Flags come before the environment: seed, unknown credentials, tenants."""
    flags = ["--port", "0", "--seed", "empty", "--unknown-credentials", "reject", "--max-tenants", "5"]
    with running("serve", *flags, MOCKSERVER_SEED="documents", MOCKSERVER_MAX_TENANTS="7") as (_, ready_message):
        assert {provider["api_key"] for provider in ready_message["providers"].values()} == {None}
    with running("serve", "--port", "0", MOCKSERVER_SEED="documents#management") as (_, ready_message):
        assert ready_message["providers"]["sendgrid"]["api_key"] == "<<YOUR_API_KEY_HERE>>"
        assert re.fullmatch("[0-9a-f]{40}", ready_message["providers"]["sparkpost"]["api_key"])
    with running("serve", "--port", "0", "--host", "localhost") as (_, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/live")[0] == 200


def test_version() -> None:
    """--version names the program and its version."""
    assert run("--version").stdout == f"mockserver, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve", "--port", "65536"], "--port"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--unknown-credentials", "all"], "--unknown-credentials"),
        (["serve", "--max-tenants", "0"], "--max-tenants"),
        (["serve", "--tenant-ttl", "0"], "--tenant-ttl"),
        (["serve", "--tenant-ttl", "inf"], "expected a finite number of seconds"),
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


@pytest.mark.parametrize("arguments", [["serve", "--seed"], ["validate"], ["seed", "--file"]], ids=" ".join)
def test_a_mistake_in_a_seed(arguments: list[str], tmp_path: Path) -> None:
    """A mistake in a seed is told with file, line and reason, wherever seeds are read."""
    path = tmp_path / "seed.yaml"
    path.write_text("name: x\nsendgrid:\n  ips:\n    - {ip: a, region: mars}\n", "utf-8")
    done = run(*arguments, str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"mockserver: seed: {re.escape(str(path))}:4: sendgrid\.ips\.0\.region: .+\n", done.stderr)


def test_a_port_that_is_taken() -> None:
    """Two servers cannot have one port."""
    with running("serve", "--port", "0") as (_, ready_message):
        port = ready_message["url"].rpartition(":")[2]
        done = run("serve", "--port", port)
        assert done.returncode == 2
        assert f"mockserver: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr


# The environment


def options(command: click.Command, *path: str) -> Iterator[tuple[str, click.Option]]:
    """Every option of a command and of those below it, with the name of its command."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "version":
            yield " ".join(path), parameter
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from options(below, *path, name)


def test_every_flag_has_a_twin() -> None:
    """Every flag can be given as MOCKSERVER_ and its name, and the help of its command says so."""
    found = list(options(commands))
    assert {name for name, _ in found} == {
        *("serve", "wait", "env", "reset", "seed", "fuzz-info", "operations", "doctor"),
        *("snapshot save", "snapshot restore", "snapshot list"),
    }
    for name, each in found:
        assert each.envvar == "MOCKSERVER_" + each.opts[0].removeprefix("--").replace("-", "_").upper()
        assert each.show_envvar, name


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "MOCKSERVER_PROT",
            "1",
            "unknown environment variable MOCKSERVER_PROT; did you mean '{}PORT'?",
        ),
        ("MOCKSERVER_CONTROLTOKEN", "x", "did you mean '{}CONTROL_TOKEN'?"),
        ("MOCKSERVER_UNKNOWN_CREDENTIAL", "any", "did you mean '{}UNKNOWN_CREDENTIALS'?"),
        ("MOCKSERVER_", "", "did you mean '{}"),
        ("MOCKSERVER_PORT", "tcp:10.0.0.1:8080", "--port"),
        ("MOCKSERVER_PORT", "tcp://10.0.0.1:8080/", "--port"),
        ("MOCKSERVER_SERVICE_HOST", "my machine", "unknown environment variable MOCKSERVER_SERVICE_HOST"),
        ("MOCKSERVER_PORT_8080_TCP", "8080", "unknown environment variable MOCKSERVER_PORT_8080_TCP"),
        ("MOCKSERVER_PORT_NUMBER", "8080", "unknown environment variable MOCKSERVER_PORT_NUMBER"),
        ("MOCKSERVER_NAME", "mine", "unknown environment variable MOCKSERVER_NAME"),
        (
            "MOCKSERVER_PROVIDER_PORTS",
            "sendgrid",
            "'sendgrid': expected auto, or NAME=PORT,... with names of sparkpost",
        ),
        ("MOCKSERVER_UNKNOWN_CREDENTIALS", "some", "--unknown-credentials"),
        ("MOCKSERVER_EXPOSE", "perhaps", "--expose"),
        ("MOCKSERVER_CONTROL_TOKEN", "two words", "expected one or more visible ASCII characters"),
    ],
)
@pytest.mark.parametrize("arguments", [["serve"], []], ids=["serve", "bare"])
def test_mistakes_in_the_environment(arguments: list[str], name: str, value: str, reason: str) -> None:
    """A variable of ours that is unknown, or has a bad value, stops the start and says what would be right."""
    done = run(*arguments, **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert reason.format("MOCKSERVER_") in done.stderr


def test_variables_of_others() -> None:
    """Variables that tests, clients and other commands read do not stop the start."""
    names = ("VENDOR_DOCS", "HOSTILE_EXAMPLES", "RACE_ROUNDS", "URL", "TENANT", "TIMEOUT")
    with running("serve", "--port", "0", **{f"MOCKSERVER_{name}": "1" for name in names}) as (_, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/live")[0] == 200


KUBERNETES = {
    "MOCKSERVER_SERVICE_HOST": "10.0.0.1",
    "MOCKSERVER_SERVICE_PORT": "80",
    "MOCKSERVER_SERVICE_PORT_HTTP_API": "80",
    "MOCKSERVER_PORT": "tcp://10.0.0.1:80",
    "MOCKSERVER_PORT_80_TCP": "tcp://10.0.0.1:80",
    "MOCKSERVER_PORT_80_TCP_PROTO": "tcp",
    "MOCKSERVER_PORT_80_TCP_PORT": "80",
    "MOCKSERVER_PORT_80_TCP_ADDR": "10.0.0.1",
    "MOCKSERVER_PORT_53_UDP": "udp://[fd00::1]:53",
    "MOCKSERVER_PORT_53_UDP_ADDR": "fd00::1",
    "MOCKSERVER_EU_SERVICE_HOST": "fd00::1",
    "MOCKSERVER_EU_SERVICE_PORT": "80",
    "MOCKSERVER_EU_PORT": "tcp://[fd00::1]:80",
    "MOCKSERVER_EU_PORT_80_TCP_ADDR": "fd00::1",
}
"""What a container is told of the services `mockserver` and `mockserver-eu`."""
DOCKER = {
    "MOCKSERVER_NAME": "/tests/mockserver",
    "MOCKSERVER_PORT": "tcp://172.17.0.5:8080",
    "MOCKSERVER_PORT_8080_TCP": "tcp://172.17.0.5:8080",
    "MOCKSERVER_ENV_MOCKSERVER_EXPOSE": "1",
}
"""What a container is told of one that it is linked to."""


@pytest.mark.parametrize("variables", [KUBERNETES, DOCKER], ids=["kubernetes", "docker"])
def test_variables_of_services(variables: dict[str, str], url: str) -> None:
    """What Kubernetes and Docker tell of a service that is called as we are is no setting, and stops nothing."""
    with running("serve", "--port", "0", **variables) as (_, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/live")[0] == 200
        done = run("wait", "--url", ready_message["url"], **variables)
        assert (done.returncode, done.stderr) == (0, "")
    done = run("wait", "--timeout", "0", **{**variables, "MOCKSERVER_URL": f"http://127.0.0.1:{free_port()}"})
    assert "Connection refused" in done.stderr
    checks = json.loads(run("doctor", "--json", "--port", "0", **variables).stdout)["checks"]
    assert {check["name"]: check["ok"] for check in checks}["environment"] is True


# Exposure, and the token


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


def test_not_exposed() -> None:
    """MOCKSERVER_EXPOSE=0 exposes nothing, and a loopback address needs no exposing."""
    done = run("serve", "--host", "0.0.0.0", MOCKSERVER_EXPOSE="0")
    assert (done.returncode, "with --expose" in done.stderr) == (2, True)
    for host in ("127.0.0.1", "127.0.0.2", "localhost"):
        with running("serve", "--port", "0", "--host", host) as (_, ready_message):
            assert list(ready_message) == ["url", "providers"]


def test_access_log() -> None:
    """With --access-log every request is one line on stderr."""
    with running("serve", "--port", "0", "--access-log") as (process, ready_message):
        key = ready_message["providers"]["sendgrid"]["api_key"]
        fetch(f"{ready_message['url']}/sendgrid/v3/ips/pools?a=b", Authorization=f"Bearer {key}")
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=5)
    assert out == ""
    (line,) = log.splitlines()
    assert "GET /sendgrid/v3/ips/pools" in line
    assert "200" in line
    assert key not in line


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


# wait


def test_wait(url: str) -> None:
    """It ends with 0 and says nothing when the server is ready, at --url, at MOCKSERVER_URL or at MOCKSERVER_PORT."""
    for arguments, environment in (
        (["--url", url], {}),
        (["--url", f"{url}/"], {"MOCKSERVER_URL": "http://127.0.0.1:1"}),
        ([], {"MOCKSERVER_URL": url}),
        ([], {"MOCKSERVER_PORT": url.rpartition(":")[2]}),
    ):
        done = run("wait", *arguments, **environment, http_proxy="http://127.0.0.1:1")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_wait_for_one_that_starts_later() -> None:
    """A server that is not there yet is waited for."""
    port = free_port()
    waiting = subprocess.Popen([*COMMAND, "wait", "--url", f"http://127.0.0.1:{port}"], env=ENVIRONMENT)
    try:
        with running("serve", "--port", str(port)):
            assert waiting.wait(timeout=15) == 0
    finally:
        waiting.kill()
        waiting.wait()


def test_wait_in_vain() -> None:
    """After --timeout it ends with 1 and the last reason."""
    port = free_port()
    done = run("wait", "--url", f"http://127.0.0.1:{port}", "--timeout", "0.3")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"mockserver: no response from http://127.0.0.1:{port}: Connection refused\n"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"<html>Welcome</html>", 200, " is not a mockserver: the response is not of its control API"),
        ({"ready": True}, 200, " is not a mockserver: the response is not of its control API"),
        ([], 200, " is not a mockserver: the response is not of its control API"),
        ({"detail": "still seeding"}, 503, ": 503 still seeding"),
        (b"gone", 410, ": 410 Gone"),
    ],
)
def test_wait_for_something_else(answer: object, status: int, reason: str) -> None:
    """What answers and is no server that is ready is not taken for one."""
    with answering(answer, status) as (url, _):
        done = run("wait", "--url", url, "--timeout", "0")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"mockserver: {url}{reason}\n")


def test_a_redirect_gets_no_token() -> None:
    """A redirect is not followed, so the token goes to nobody else."""
    with (
        answering({"schema_version": 1}) as (elsewhere, asked_elsewhere),
        answering(b"", 302, {"Location": elsewhere}) as (url, asked),
    ):
        done = run("snapshot", "list", "--url", url, "--control-token", "secret")
    assert (done.returncode, asked_elsewhere) == (1, [])
    ((line, headers),) = asked
    assert (line, headers["Authorization"]) == ("GET /_mockserver/tenants/default/snapshots", "Bearer secret")


@pytest.mark.parametrize(
    "arguments",
    [["env"], ["reset"], ["seed", "--file", "empty"], *(["snapshot", *rest] for rest in (["list"], ["save", "x"]))],
    ids=" ".join,
)
def test_no_server(arguments: list[str]) -> None:
    """Commands that need a server end with 1 when there is none."""
    done = run(*arguments, "--url", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mockserver: no response from http://127.0.0.1:")


# Tenants


def test_env(url: str) -> None:
    """A shell that evaluates what it prints has base URLs and credentials of the seed's tenant."""
    script = f'set -eu; eval "$({sys.executable} -m mockserver env)"; echo "$SENDGRID_BASE_URL $SENDGRID_API_KEY"; env'
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, env={**ENVIRONMENT, "MOCKSERVER_URL": url}, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0] == f"{url}/sendgrid SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000"
    shown = json.loads(run("env", "--json", "--url", url).stdout)
    assert {"SPARKPOST_API_KEY", "MAILGUN_API_KEY", "SENDGRID_API_KEY"} <= set(shown)
    assert not [name for name in shown if name.startswith("MOCKSERVER_")]
    assert {f"{name}={value}" for name, value in shown.items()} <= set(lines)


def test_env_of_a_new_tenant(url: str) -> None:
    """--new makes a tenant whose credentials work, and whose id other commands find in MOCKSERVER_TENANT."""
    one, two = new_tenant(url), new_tenant(url)
    assert one["SENDGRID_API_KEY"] != two["SENDGRID_API_KEY"]
    make_pool(one, "mine")
    assert "mine" in pools(one)
    assert "mine" not in pools(two)
    again = json.loads(run("env", "--json", "--url", url, "--tenant", one["MOCKSERVER_TENANT"]).stdout)
    assert again == {name: value for name, value in one.items() if name != "MOCKSERVER_TENANT"}
    assert (
        json.loads(run("env", "--json", MOCKSERVER_URL=url, MOCKSERVER_TENANT=one["MOCKSERVER_TENANT"]).stdout) == again
    )
    third = run("env", "--new", "--json", MOCKSERVER_URL=url, MOCKSERVER_TENANT=one["MOCKSERVER_TENANT"])
    assert json.loads(third.stdout)["MOCKSERVER_TENANT"] not in (one["MOCKSERVER_TENANT"], two["MOCKSERVER_TENANT"])


def test_env_is_quoted() -> None:
    """Nothing that a server says is run by the shell that evaluates it."""
    value = "it's $(echo here) `there` \n;"
    tenant = {"schema_version": 1, "id": "x", "providers": {"a": {"env": {"A_KEY": value}}}}
    with answering(tenant) as (url, _):
        done = subprocess.run(
            ["sh", "-c", f'eval "$({sys.executable} -m mockserver env)"; printf %s "$A_KEY"'],
            capture_output=True,
            text=True,
            env={**ENVIRONMENT, "MOCKSERVER_URL": url},
        )
    assert (done.stdout, done.stderr) == (value, "")
    tenant["providers"] = {"a": {"env": {"A=1; rm x #": "b"}}}
    with answering(tenant) as (url, _):
        done = run("env", "--url", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid name of an environment variable" in done.stderr


def test_env_without_credentials() -> None:
    """A tenant without credentials is said to have none."""
    tenant = {"schema_version": 1, "id": "open-1", "providers": {"a": {"env": {}}}}
    with answering(tenant) as (url, _):
        done = run("env", "--url", url, "--tenant", "open-1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "tenant 'open-1' has no credential that may be shown" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["env"], ["reset"], ["seed", "--file", "empty"], *(["snapshot", *rest] for rest in (["list"], ["save", "x"]))],
    ids=" ".join,
)
@pytest.mark.parametrize("tenant", ["nobody", "", "../reset", "a b"])
def test_unknown_tenants(arguments: list[str], tenant: str, url: str) -> None:
    """A tenant that is not there is refused with 1, whatever its name looks like."""
    if arguments == ["env"] and tenant == "":
        return
    done = run(*arguments, "--url", url, "--tenant", tenant)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"mockserver: {url}: 404 ")


def test_reset(url: str) -> None:
    """With --tenant one tenant goes back to its start, and no other."""
    one, two = new_tenant(url), new_tenant(url)
    before = pools(one)
    make_pool(one, "mine")
    make_pool(two, "mine")
    done = run("reset", "--url", url, "--tenant", one["MOCKSERVER_TENANT"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert pools(one) == before
    assert pools(two) == [*before, "mine"]


def test_reset_everything() -> None:
    """Without --tenant everything does, and tenants that were made are gone."""
    with running("serve", "--port", "0") as (_, ready_message):
        url = ready_message["url"]
        variables = json.loads(run("env", "--json", "--url", url).stdout)
        made = new_tenant(url)
        before = pools(variables)
        make_pool(variables, "mine")
        assert run("reset", "--url", url).returncode == 0
        assert pools(variables) == before
        assert run("env", "--url", url, "--tenant", made["MOCKSERVER_TENANT"]).returncode == 1


def test_seed(url: str, tmp_path: Path) -> None:
    """A tenant gets a world, the named one of a file, and what the world has not the tenant has not either."""
    variables = new_tenant(url)
    path = tmp_path / "worlds.yaml"
    path.write_text(
        "name: a\n---\nname: b\nsendgrid:\n  credentials: [{key: any}]\n  pools: [{id: '1', name: only}]\n", "utf-8"
    )
    done = run("seed", "--url", url, "--tenant", variables["MOCKSERVER_TENANT"], "--file", f"{path}#b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert pools(variables) == ["only"]
    environment = {"MOCKSERVER_URL": url, "MOCKSERVER_TENANT": variables["MOCKSERVER_TENANT"]}
    assert run("seed", "--file", "empty", **environment).returncode == 0
    assert pools(variables) == []
    assert run("seed", MOCKSERVER_FILE="default", **environment).returncode == 0
    assert len(pools(variables)) > 1


def test_snapshot(url: str) -> None:
    """What a tenant had when a snapshot was saved is back when it is restored."""
    variables = new_tenant(url)
    rest = ["--url", url, "--tenant", variables["MOCKSERVER_TENANT"]]
    before = pools(variables)
    assert run("snapshot", "list", *rest).stdout == ""
    for name in ("clean", "a/b c"):
        done = run("snapshot", "save", name, *rest)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run("snapshot", "list", *rest).stdout == "clean\na/b c\n"
    listed = json.loads(run("snapshot", "list", "--json", *rest).stdout)
    assert listed == {"schema_version": 1, "snapshots": [{"name": "clean"}, {"name": "a/b c"}]}
    for name in ("clean", "a/b c"):
        make_pool(variables, "mine")
        done = run("snapshot", "restore", name, *rest)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert pools(variables) == before
    done = run("snapshot", "restore", "dirty", *rest)
    assert (done.returncode, done.stderr) == (1, f"mockserver: {url}: 404 No snapshot is named 'dirty'.\n")


# Without a server


def test_operations(url: str) -> None:
    """Operations and refusals are listed with their sources and evidence; as JSON, just as the server has them."""
    shown = run("operations").stdout
    for provider in PROVIDERS:
        for operation in provider.operations.values():
            for path in operation.paths:
                pattern = rf"^{provider.name}\.{operation.id} +{operation.method} +{re.escape(path)}(  |$)"
                assert re.search(pattern, shown, re.MULTILINE)
    listed = json.loads(run("operations", "--json").stdout)
    assert listed == json.loads(fetch(f"{url}/_mockserver/operations")[1])
    lines = [re.split("  +", line) for line in shown.splitlines()]
    for error in listed["errors"]:
        key = f"{error['provider']}.{error['key']}"
        returned = [key, str(error["status"]), error["message"], error["kind"], error["source"]]
        shown_as = [*returned, ", ".join(support_matrix.describe_evidence(error["evidence"]))]
        assert [each for each in shown_as if each] in lines
    create = next(line for line in lines if line[0] == "sendgrid.createIpPool")
    assert create[-1].startswith("schema, fuzzed, ")


def test_validate(tmp_path: Path) -> None:
    """A good seed is said to be one, with the name of its world."""
    assert run("validate", "documents#lists").stdout == "OK: documents#lists: name 'lists'\n"
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\n", "utf-8")
    done = run("validate", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"OK: {path}: name 'mine'\n", "")


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_fuzz_info(provider: Provider, url: str, tmp_path: Path) -> None:
    """It prints a program that writes a configuration and runs a command, to which what it is given is added.

    It asks as two new tenants: one with the server's world, and one with nothing in it.
    """
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "schemathesis").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "bin" / "schemathesis").chmod(0o755)
    done = subprocess.run(
        ["sh", "-s", "--", "--max-examples", "5"],
        input=run("fuzz-info", "--provider", provider.name, "--url", url).stdout,
        cwd=tmp_path,
        env={**ENVIRONMENT, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    file, document = f"mockserver-{provider.name}.toml", f"{url}/_mockserver/openapi/{provider.name}.json"
    assert done.stdout.split() == ["--config-file", file, "run", document, "--max-examples", "5"]
    returned = tomllib.loads((tmp_path / file).read_text("utf-8"))["auth"]["wfc"]
    peers = yaml.safe_load((tmp_path / returned["path"]).read_text("utf-8"))["auth"]
    assert [peer["name"] for peer in peers] == returned["peers"] == ["one", "two"]
    pools = {
        "sparkpost": "/sparkpost/api/v1/ip-pools",
        "sendgrid": "/sendgrid/v3/ips/pools",
        "mailgun": "/mailgun/v3/ip_pools",
    }
    answers = [
        fetch(url + pools[provider.name], **{each["name"]: each["value"] for each in peer["fixedHeaders"]})
        for peer in peers
    ]
    assert [status for status, _ in answers] == [200, 200]
    full, empty = (text.count(b'name"') for _, text in answers)
    assert (full > 2, empty) == (True, int(provider.name == "sparkpost"))


def test_fuzz_info_with_a_token() -> None:
    """With a token, which must not be sent to be fuzzed, the command names the packaged document instead."""
    with running("serve", "--port", "0", "--control-token", "x") as (_, ready_message):
        url = ready_message["url"]
        shown = json.loads(
            run("fuzz-info", "--provider", "mailgun", "--json", "--control-token", "x", MOCKSERVER_URL=url).stdout
        )
    assert list(shown) == ["command", "files"]
    *start, document, flag, base = shown["command"]
    assert start == ["schemathesis", "--config-file", "mockserver-mailgun.toml", "run"]
    assert start[2] in shown["files"]
    assert (Path(document).is_file(), flag, base) == (True, "--url", f"{url}/mailgun")


def test_doctor() -> None:
    """It looks at Python, at what is needed, at the data, at the port and at the environment, a line each."""
    port = free_port()
    done = run("doctor", "--port", str(port))
    assert (done.returncode, done.stderr) == (0, "")
    names = [re.match(r"ok    ([\w-]+): .", line)[1] for line in done.stdout.splitlines()]  # type: ignore[index]
    assert names[0] == "python"
    assert {"click", "jsonschema-rs", "PyYAML", "httptools", "werkzeug"} < set(names)
    assert names[-3:] == ["data", "port", "environment"]
    shown = json.loads(run("doctor", "--json", MOCKSERVER_PORT=str(port)).stdout)
    assert shown["ok"] is True
    assert [check["name"] for check in shown["checks"]] == names


def test_doctor_finds_what_is_wrong(url: str) -> None:
    """A taken port and a variable that is no setting end it with 1."""
    port = url.rpartition(":")[2]
    done = run("doctor", "--port", port)
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("WRONG "))
    assert line.startswith(f"WRONG port: 127.0.0.1:{port}: Address already in use")
    done = run("doctor", "--json", "--port", str(free_port()), MOCKSERVER_SED="x")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["ok"]) == (1, False)
    (wrong,) = (check for check in shown["checks"] if not check["ok"])
    assert wrong["name"] == "environment"
    assert "did you mean 'MOCKSERVER_SEED'?" in wrong["detail"]


@pytest.mark.parametrize(("version", "ok"), [("0.6.3", False), ("0.6.4", True), ("0.7", True), ("10.0", True)])
def test_doctor_compares_versions(version: str, ok: bool, tmp_path: Path) -> None:
    """A package that is older than what is needed is found, number by number."""
    metadata = tmp_path / f"httptools-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: httptools\nVersion: {version}\n", "utf-8")
    done = run("doctor", "--json", "--port", "0", PYTHONPATH=str(tmp_path))
    (check,) = (check for check in json.loads(done.stdout)["checks"] if check["name"] == "httptools")
    assert check == {"name": "httptools", "ok": ok, "detail": f"{version}, expected 0.6.4 or newer"}
    assert done.returncode == int(not ok)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["wait", "--timeout", "0", "--url", "http://127.0.0.1:1"],
        ["validate", "empty"],
        ["operations"],
        ["fuzz-info", "--provider", "mailgun"],
        ["doctor", "--port", "0"],
        ["serve", "--host", "0.0.0.0"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_server_is_imported(arguments: list[str]) -> None:
    """Commands that serve nothing import no server."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mockserver", *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert re.search(r"\| +click$", done.stderr, re.MULTILINE)
    assert not re.search(r"\| +(httptools|mockserver\.(app|admin))$", done.stderr, re.MULTILINE)
