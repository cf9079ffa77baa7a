"""Commands without a server: `operations`, `validate`, `fuzz-info`, `doctor`."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from mockserver import evidence as support_matrix
from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider

from .commands import ENVIRONMENT, fetch, free_port, run, running


@pytest.mark.slow
def test_operations(url: str) -> None:
    """Operations and errors are listed with their sources and evidence; as JSON, just as the server has them."""
    shown = run("operations").stdout
    for provider in PROVIDERS:
        for operation in provider.operations.values():
            for path in operation.paths:
                pattern = rf"^{provider.name}\.{operation.id} +{operation.method} +{re.escape(path)}(  |$)"
                assert re.search(pattern, shown, re.MULTILINE)
    listed = json.loads(run("operations", "--json").stdout)
    assert listed == json.loads(fetch(f"{url}/_mockserver/operations")[1])
    lines = [re.sub(" +", " ", line) for line in shown.splitlines()]
    for error in listed["errors"]:
        key = f"{error['provider']}.{error['key']}"
        returned = [key, str(error["status"]), error["message"], error["kind"], error["source"]]
        shown_as = [*returned, ", ".join(support_matrix.describe_evidence(error["evidence"]))]
        assert re.sub(" +", " ", " ".join(each for each in shown_as if each)) in lines
    assert any(line.startswith("sendgrid.createIpPool ") and " schema, fuzzed, " in line for line in lines)


@pytest.mark.slow
def test_validate(tmp_path: Path) -> None:
    """A good seed is said to be one, with the name of its world."""
    assert run("validate", "documents#lists").stdout == "OK: documents#lists: seed 'lists'\n"
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\n", "utf-8")
    done = run("validate", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"OK: {path}: seed 'mine'\n", "")


def test_validate_a_seed_of_aliases_inside_each_other(tmp_path: Path) -> None:
    """It fails at once, with file and line."""
    path = tmp_path / "aliases.yaml"
    lines = [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in itertools.pairwise("abcdefgh")]
    path.write_text("\n".join(["name: x", "a: &a [1]", *lines]), "utf-8")
    done = run("validate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(rf"{path}:\d: aliases repeat too many values", done.stderr)


@pytest.mark.slow
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
    assert done.stdout.split() == [
        "--config-file",
        file,
        "run",
        f"{document}?profile=documented",
        "--max-examples",
        "5",
    ]
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


@pytest.mark.slow
def test_fuzz_info_with_a_token() -> None:
    """With a token, which must not be sent to what is fuzzed, the document is one of the files."""
    with running("serve", "--port", "0", "--control-token", "x") as (_, ready_message):
        url = ready_message["url"]
        shown = json.loads(
            run("fuzz-info", "--provider", "mailgun", "--json", "--control-token", "x", MOCKSERVER_URL=url).stdout
        )
    assert list(shown) == ["command", "files"]
    *start, document, flag, base = shown["command"]
    assert start == ["schemathesis", "--config-file", "mockserver-mailgun.toml", "run"]
    assert start[2] in shown["files"]
    assert json.loads(shown["files"][document])["info"]["title"] == "mockserver, Mailgun"
    assert (flag, base) == ("--url", f"{url}/mailgun")


@pytest.mark.slow
def test_doctor() -> None:
    """It looks at Python, at what is needed, at the data, at the port and at the environment, a line each."""
    port = free_port()
    done = run("doctor", "--port", str(port))
    assert (done.returncode, done.stderr) == (0, "")
    names = [re.match(r"ok    ([\w-]+): .", line)[1] for line in done.stdout.splitlines()]  # type: ignore[index]
    assert names[0] == "python"
    assert {"click", "jsonschema-rs", "PyYAML", "httptools", "werkzeug"} < set(names)
    assert names[-4:] == ["data", "store", "port", "environment"]
    shown = json.loads(run("doctor", "--json", MOCKSERVER_PORT=str(port)).stdout)
    assert shown["ok"] is True
    assert [check["name"] for check in shown["checks"]] == names


def test_validate_reports_all_errors(tmp_path: Path) -> None:
    """One per line, each with the file, the line in it and the path."""
    path = tmp_path / "mine.yaml"
    path.write_text("sendgrid:\n  pools:\n  - {id: '1'}\n  - {id: '2'}\nmailgun:\n  ips: [{}]\n", "utf-8")
    done = run("validate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"mockserver: seed: {path}:3: sendgrid.pools[0]: 'name' is required",
        f"{path}:4: sendgrid.pools[1]: 'name' is required",
        f"{path}:6: mailgun.ips[0]: 'ip' is required",
    ]


@pytest.mark.slow
def test_doctor_finds_what_is_wrong(url: str) -> None:
    """A taken port and a variable that is no setting end it with 1."""
    port = url.rpartition(":")[2]
    done = run("doctor", "--port", port)
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("WRONG "))
    assert line == f"WRONG port: 127.0.0.1:{port}: Address already in use"
    done = run("doctor", "--json", "--port", str(free_port()), MOCKSERVER_SED="x")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["ok"]) == (1, False)
    (wrong,) = (check for check in shown["checks"] if not check["ok"])
    assert wrong["name"] == "environment"
    assert "did you mean 'MOCKSERVER_SEED'?" in wrong["detail"]


@pytest.mark.slow
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


@pytest.mark.slow
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
