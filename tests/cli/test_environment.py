"""Options as environment variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields

import click
import pytest

from mockserver import Config
from mockserver.cli import commands

from .commands import fetch, free_port, run, running

pytestmark = pytest.mark.slow  # each test starts a server


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
        *("serve", "wait", "env", "reset", "seed", "unmatched", "fuzz-info", "operations", "doctor"),
        *("snapshot save", "snapshot restore", "snapshot list"),
        *("requests", "expect", "tenants list", "tenants create", "tenants fork", "tenants delete"),
        *("faults list", "faults add", "faults remove", "faults clear"),
        *("clock show", "clock set", "clock freeze", "clock unfreeze", "clock advance"),
        *("outbox list", "outbox show", "outbox clear", "export-seed"),
        *("drift spec", "drift probe", "drift record", "drift replay"),
    }
    for name, each in found:
        if name.startswith(("drift ", "export-seed")) and each.name in ("profile", "unsanitized"):
            assert each.envvar is None
            continue
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
        ("MOCKSERVER_PORT", "tcp:10.0.0.1:8080", "--port"),
        ("MOCKSERVER_PORT", "tcp://10.0.0.1:8080/", "--port"),
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
    """A variable with a name that is similar to a known one, or with a bad value, stops the start."""
    done = run(*arguments, **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert reason.format("MOCKSERVER_") in done.stderr


def test_unknown_variables_are_warnings() -> None:
    """A variable whose name is not similar to a known one is reported in the log, and `doctor` accepts it."""
    names = ("", "VERSION", "IMAGE", "LOG_LEVEL", "SERVICE_HOST", "PORT_8080_TCP", "PORT_NUMBER", "NAME")
    unknown = {f"MOCKSERVER_{name}": "mine" for name in names}
    with running("serve", "--port", "0", **unknown) as (process, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/live")[0] == 200
        process.terminate()
        _, log = process.communicate(timeout=10)
    assert log.splitlines() == [f"mockserver: WARNING: unknown environment variable {name}" for name in sorted(unknown)]
    checks = json.loads(run("doctor", "--json", "--port", "0", **unknown).stdout)["checks"]
    assert {check["name"]: check["ok"] for check in checks}["environment"] is True


def test_settings_have_flags_and_variables() -> None:
    """Every setting but the function `time` is an option of `serve`, and a variable."""
    flags = {each.name: each for name, each in options(commands) if name == "serve"}
    for setting in fields(Config):
        if setting.name != "time":
            assert flags[setting.name].envvar == f"MOCKSERVER_{setting.name.upper()}"
    limits = {"MOCKSERVER_MAX_BODY_BYTES": "5", "MOCKSERVER_REQUEST_LOG_SIZE": "6"}
    with running("serve", "--port", "0", "--request-log-max-bytes", "7", **limits) as (_, ready_message):
        found = json.loads(fetch(f"{ready_message['url']}/_mockserver/info")[1])["limits"]
    names = ("max_body_bytes", "request_log_size", "request_log_max_bytes")
    assert [found[name] for name in names] == [5, 6, 7]


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
"""The variables that a container gets for the services `mockserver` and `mockserver-eu`."""

DOCKER = {
    "MOCKSERVER_NAME": "/tests/mockserver",
    "MOCKSERVER_PORT": "tcp://172.17.0.5:8080",
    "MOCKSERVER_PORT_8080_TCP": "tcp://172.17.0.5:8080",
    "MOCKSERVER_ENV_MOCKSERVER_EXPOSE": "1",
}
"""The variables that a container gets for one that it is linked to."""


@pytest.mark.parametrize("variables", [KUBERNETES, DOCKER], ids=["kubernetes", "docker"])
def test_variables_of_services(variables: dict[str, str], url: str) -> None:
    """Variables that Kubernetes and Docker set for a service named mockserver are no settings."""
    with running("serve", "--port", "0", **variables) as (_, ready_message):
        assert fetch(f"{ready_message['url']}/_mockserver/live")[0] == 200
        done = run("wait", "--url", ready_message["url"], **variables)
        assert (done.returncode, done.stderr) == (0, "")
    done = run("wait", "--timeout", "0", **{**variables, "MOCKSERVER_URL": f"http://127.0.0.1:{free_port()}"})
    assert "Connection refused" in done.stderr
    checks = json.loads(run("doctor", "--json", "--port", "0", **variables).stdout)["checks"]
    assert {check["name"]: check["ok"] for check in checks}["environment"] is True
