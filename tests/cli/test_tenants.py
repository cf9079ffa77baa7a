"""Commands about tenants: `env`, `reset`, `seed`, `snapshot`."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from .commands import ENVIRONMENT, answering, fetch, pools, run, running


def new_tenant(url: str) -> dict[str, str]:
    """The variables of a new tenant."""
    done = run("env", "--new", "--json", "--url", url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def make_pool(variables: Mapping[str, str], name: str) -> None:
    """Change a tenant."""
    request = urllib.request.Request(
        f"{variables['SENDGRID_BASE_URL']}/v3/ips/pools",
        json.dumps({"name": name}).encode(),
        {"Authorization": f"Bearer {variables['SENDGRID_API_KEY']}"},
    )
    urllib.request.urlopen(request, timeout=10).close()


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


@pytest.mark.slow
def test_env_of_a_region(url: str) -> None:
    """The base URLs are those of the region, without providers whose key it does not serve."""

    def env(*arguments: str) -> dict[str, str]:
        done = run("env", "--json", "--url", url, *arguments)
        assert done.returncode == 0, done.stderr
        return {name: value for name, value in json.loads(done.stdout).items() if name.endswith("_BASE_URL")}

    sendgrid, mailgun = {"SENDGRID_BASE_URL": f"{url}/sendgrid-eu"}, {"MAILGUN_BASE_URL": f"{url}/mailgun-eu"}
    assert env("--region", "eu") == sendgrid | mailgun
    assert env("--region", "us") == {
        "SPARKPOST_BASE_URL": f"{url}/sparkpost/api/v1",
        "MAILGUN_BASE_URL": f"{url}/mailgun",
    }
    sparkpost = {"SPARKPOST_BASE_URL": f"{url}/sparkpost-eu/api/v1"}
    assert env("--new", "--region", "eu") == sparkpost | sendgrid | mailgun
    done = run("env", "--url", url, "--region", "mars")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the region 'mars' serves no key of tenant 'default'" in done.stderr


@pytest.mark.slow
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


@pytest.mark.slow
def test_env_is_quoted() -> None:
    """Nothing that a server says is run by the shell that evaluates it."""
    value = "it's $(echo here) `there` \n;"
    tenant = {"schema_version": 1, "id": "x", "providers": {"a": {"url": "http://a", "env": {"A_KEY": value}}}}
    with answering(tenant) as (url, _):
        done = subprocess.run(
            ["sh", "-c", f'eval "$({sys.executable} -m mockserver env)"; printf %s "$A_KEY"'],
            capture_output=True,
            text=True,
            env={**ENVIRONMENT, "MOCKSERVER_URL": url},
        )
    assert (done.stdout, done.stderr) == (value, "")
    tenant["providers"] = {"a": {"url": "http://a", "env": {"A=1; rm x #": "b"}}}
    with answering(tenant) as (url, _):
        done = run("env", "--url", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid name of an environment variable" in done.stderr


def test_env_without_credentials() -> None:
    """A tenant without credentials is said to have none."""
    tenant = {"schema_version": 1, "id": "open-1", "providers": {"a": {"url": "http://a", "env": {}}}}
    with answering(tenant) as (url, _):
        done = run("env", "--url", url, "--tenant", "open-1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "tenant 'open-1' has no credential that may be shown" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["env"], ["reset"], ["seed", "--file", "empty"], *(["snapshot", *rest] for rest in (["list"], ["save", "x"]))],
    ids=" ".join,
)
@pytest.mark.parametrize("tenant", ["unknown", "", "../reset", "a b"])
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


@pytest.mark.slow
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


def test_unmatched(url: str) -> None:
    """Requests that belong to no tenant are listed with the reasons, one per line."""
    fetch(f"{url}/v3/ips%0A/pools")
    fetch(f"{url}/sendgrid/v3/ips/pools", Authorization="Bearer test-key")
    lines = run("unmatched", "--url", url).stdout.splitlines()[-2:]
    assert " GET /v3/ips\\n/pools → 404: no provider is at this path: " in lines[0]
    assert " GET /sendgrid/v3/ips/pools → 401: its key does not look like a SendGrid key " in lines[1]
    listed = json.loads(run("unmatched", "--json", "--url", url).stdout)["requests"]
    assert [each["path"] for each in listed[-2:]] == ["/v3/ips\n/pools", "/sendgrid/v3/ips/pools"]


@pytest.mark.slow
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


@pytest.mark.slow
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
