"""Commands that show and change a tenant: `requests`, `faults`, `clock`, `tenants`, `expect`; all help texts."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mockserver.cli import commands

from .commands import COMMAND, ENVIRONMENT, fetch, pools, run_here
from .test_tenants import make_pool


@pytest.fixture
def tenant(url: str) -> Iterator[dict[str, str]]:
    """The variables of a new tenant, and those by which commands find it."""
    variables = json.loads(run_here("env", "--new", "--json", "--url", url).stdout)
    yield {**variables, "MOCKSERVER_URL": url}
    run_here("tenants", "delete", variables["MOCKSERVER_TENANT"], MOCKSERVER_URL=url)


def of(tenant: dict[str, str], *arguments: str, code: int = 0) -> str:
    """Run a command for a tenant, and return what it prints."""
    done = run_here(*arguments, **{name: tenant[name] for name in ("MOCKSERVER_URL", "MOCKSERVER_TENANT")})
    assert (done.returncode, done.stderr) == (code, ""), done
    return done.stdout


def test_requests(tenant: dict[str, str], tmp_path: Path) -> None:
    make_pool(tenant, "mine")
    with pytest.raises(Exception, match="400"):
        make_pool(tenant, "mine")
    text = of(tenant, "requests")
    heads = [line for line in text.splitlines() if not line.startswith(" ")]
    assert [re.sub(r"^\S+Z ", "", line) for line in heads] == [
        "#1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)",
        "#2 POST /sendgrid/v3/ips/pools → 400 (sendgrid.createIpPool)",
    ]
    assert "(sendgrid.name_taken)" in text
    filters = ("--errors", "--status", "4xx", "--operation", "sendgrid.createIpPool", "--provider", "sendgrid")
    (found,) = json.loads(of(tenant, "requests", "--json", *filters))["requests"]
    assert (found["seq"], found["status"]) == (2, 400)
    assert of(tenant, "requests", "--limit", "1").splitlines()[0] == "(older requests omitted)"
    file = tmp_path / "log.har"
    assert of(tenant, "requests", "--errors", "--har", str(file)) == ""
    (entry,) = json.loads(file.read_text("utf-8"))["log"]["entries"]
    assert entry["request"]["url"] == f"{tenant['MOCKSERVER_URL']}/sendgrid/v3/ips/pools"
    assert tenant["SENDGRID_API_KEY"] not in file.read_text("utf-8")
    assert len(json.loads(of(tenant, "requests", "--har", "-"))["log"]["entries"]) == 2
    done = run_here("requests", "--har", str(tmp_path), MOCKSERVER_URL=tenant["MOCKSERVER_URL"])
    assert (done.returncode, done.stderr) == (1, f"mockserver: cannot write {tmp_path}: Is a directory\n")
    assert run_here("requests", "--har", "-", "--follow").returncode == 2


@pytest.mark.slow
def test_requests_follow(tenant: dict[str, str]) -> None:
    """It prints requests as they come, also after a reset, until it is interrupted."""
    make_pool(tenant, "a")
    make_pool(tenant, "b")
    command = [*COMMAND, "requests", "--follow", "--json"]
    process = subprocess.Popen(
        [*command, "--url", tenant["MOCKSERVER_URL"], "--tenant", tenant["MOCKSERVER_TENANT"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        assert process.stdout is not None
        found = [json.loads(process.stdout.readline()) for _ in range(2)]
        make_pool(tenant, "c")
        found.append(json.loads(process.stdout.readline()))
        of(tenant, "reset")
        make_pool(tenant, "d")
        found.append(json.loads(process.stdout.readline()))
        assert [json.loads(each["body"])["name"] for each in found] == ["a", "b", "c", "d"]
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_control_characters_of_a_request_are_escaped(tenant: dict[str, str]) -> None:
    key = f"Bearer {tenant['SENDGRID_API_KEY']}"
    assert fetch(f"{tenant['SENDGRID_BASE_URL']}/v3/ips/pools/%1B[31m", Authorization=key)[0] == 404
    text = of(tenant, "requests")
    assert "pools/\\x1b[31m" in text and "\x1b" not in text


def test_faults(tenant: dict[str, str]) -> None:
    assert of(tenant, "faults", "add", "sendgrid.createIpPool", "status=429", "times=2") == "f1\n"
    assert of(tenant, "faults", "add", "mailgun.*", "kind=drop") == "f2\n"
    with pytest.raises(Exception, match="429"):
        make_pool(tenant, "mine")
    assert of(tenant, "faults", "list").splitlines() == [
        "f1  error 429 on sendgrid.createIpPool  applied 1 of 2 times",
        "f2  drop on mailgun.*  applied 0 of 1 times",
    ]
    of(tenant, "faults", "remove", "f1")
    assert [each["id"] for each in json.loads(of(tenant, "faults", "list", "--json"))["faults"]] == ["f2"]
    of(tenant, "faults", "clear")
    assert of(tenant, "faults", "list") == ""
    for arguments, code in ((("sendgrid.createIpPool", "status"), 2), (("*", "kind=slow"), 1), (("nope.nope",), 1)):
        done = run_here("faults", "add", *arguments, MOCKSERVER_URL=tenant["MOCKSERVER_URL"])
        assert done.returncode == code and done.stderr.startswith("mockserver: ")


def test_clock(tenant: dict[str, str]) -> None:
    assert of(tenant, "clock", "freeze", "2030-01-01T00:00:00Z") == "2030-01-01T00:00:00Z frozen\n"
    assert of(tenant, "clock", "advance", "90") == "2030-01-01T00:01:30Z frozen\n"
    assert of(tenant, "clock", "set", "2031-01-01T00:00:00Z") == "2031-01-01T00:00:00Z frozen\n"
    assert json.loads(of(tenant, "clock", "show", "--json"))["frozen"] is True
    assert re.fullmatch(r"2031-01-01T00:00:\S+Z\n", of(tenant, "clock", "unfreeze"))
    assert run_here("clock", "set", "tomorrow", MOCKSERVER_URL=tenant["MOCKSERVER_URL"]).returncode == 1


def test_tenants(tenant: dict[str, str]) -> None:
    """A fork has the state of another tenant, and keys of its own."""
    of(tenant, "snapshot", "save", "clean")
    make_pool(tenant, "mine")
    fork = of(tenant, "tenants", "fork").strip()
    clean = json.loads(of(tenant, "tenants", "fork", "--snapshot", "clean", "--json"))
    new = of(tenant, "tenants", "create").strip()
    listed = {line.split()[0]: line for line in of(tenant, "tenants", "list").splitlines()}
    assert {fork, clean["id"], new} < set(listed)
    assert listed[tenant["MOCKSERVER_TENANT"]] == f"{tenant['MOCKSERVER_TENANT']}  1 requests  sendgrid"
    found = {}
    for name in (fork, clean["id"], new):
        done = run_here("env", "--json", "--tenant", name, MOCKSERVER_URL=tenant["MOCKSERVER_URL"])
        variables = json.loads(done.stdout)
        assert variables["SENDGRID_API_KEY"] != tenant["SENDGRID_API_KEY"]
        found[name] = "mine" in pools(variables)
        of(tenant, "tenants", "delete", name)
    assert list(found.values()) == [True, False, False]
    assert not {fork, clean["id"], new} & {
        each["id"] for each in json.loads(of(tenant, "tenants", "list", "--json"))["tenants"]
    }


def test_expect(tenant: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "expected.yaml"
    file.write_text("sendgrid: {pools: [mine]}", "utf-8")
    of(tenant, "seed", "--file", "empty")
    expected = "sendgrid.pools 'mine': missing; there is no other\n"
    assert of(tenant, "expect", str(file), code=1) == expected
    assert json.loads(of(tenant, "expect", str(file), "--json", code=1)) == {"differences": [expected.strip()]}
    make_pool(tenant, "mine")
    assert of(tenant, "expect", str(file), "--exact") == ""
    make_pool(tenant, "more")
    assert of(tenant, "expect", str(file)) == ""
    assert of(tenant, "expect", str(file), "--exact", code=1) == "sendgrid.pools 'more': unexpected\n"
    file.write_text("sendgrid:\n  pool: [mine]", "utf-8")
    done = run_here("expect", str(file), MOCKSERVER_URL=tenant["MOCKSERVER_URL"])
    assert done.returncode == 2 and done.stderr.startswith(f"mockserver: seed: {file}:2: sendgrid.pool: ")


@pytest.mark.parametrize(
    ("filters", "word"),
    [
        ("", ""),
        ("--only errors --kind documented", "documented"),
        ("--provider mailgun IP_pools", "ip_pools"),
        ("sendgrid.name_taken", "name_taken"),
    ],
)
def test_operations_by_filter(filters: str, word: str) -> None:
    listed = json.loads(run_here("operations", "--json", *filters.split()).stdout)
    del listed["schema_version"]
    kinds = ["operations", "errors", "switches", "not_implemented", "smtp_operations"]
    assert [*listed] == (["errors"] if "errors" in filters else kinds)
    items = [item for each in listed.values() for item in each]
    assert items
    assert all(word in json.dumps(item).lower() for item in items)
    if "mailgun" in filters:
        assert {item["provider"] for item in items} == {"mailgun"}


def test_operations_of_an_unknown_provider_are_an_error() -> None:
    done = run_here("operations", "--provider", "postmark")
    assert done.returncode == 2 and "unknown provider 'postmark'" in done.stderr


@pytest.mark.parametrize("value", ["", "proxy.test,10.0.0.0/8"])
def test_env_adds_the_server_to_the_hosts_without_a_proxy(value: str, url: str) -> None:
    shown = json.loads(run_here("env", "--new", "--json", "--url", url, NO_PROXY=value, no_proxy=value).stdout)
    expected = f"{value},127.0.0.1".lstrip(",")
    assert (shown["NO_PROXY"], shown["no_proxy"]) == (expected, expected)
    again = run_here("env", "--json", "--url", url, NO_PROXY=expected)
    assert json.loads(again.stdout)["NO_PROXY"] == expected


def groups(command: click.Command) -> Iterator[click.Group]:
    if isinstance(command, click.Group):
        yield command
        for each in command.commands.values():
            yield from groups(each)


def test_help_is_not_cut() -> None:
    """The list of commands in an ordinary terminal has whole sentences."""
    for group in groups(commands):
        context = click.Context(group, info_name=group.name, terminal_width=80)
        listed = group.get_help(context).partition("Commands:")[2]
        assert listed and "..." not in listed, listed
