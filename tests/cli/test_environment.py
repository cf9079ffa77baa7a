"""Options as environment variables."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest

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
        *("serve", "wait", "env", "reset", "seed", "fuzz-info", "operations", "doctor"),
        *("snapshot save", "snapshot restore", "snapshot list"),
        *("requests", "expect", "tenants list", "tenants create", "tenants fork", "tenants delete"),
        *("faults list", "faults add", "faults remove", "faults clear"),
        *("clock show", "clock set", "clock freeze", "clock unfreeze", "clock advance"),
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
    """An unknown `MOCKSERVER_*` variable, or has a bad value, stops the start and says what would be right."""
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
