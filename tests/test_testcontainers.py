"""The server in a container. `make image` has an engine and an image; else IMAGE names one."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from docker.errors import ImageNotFound, NotFound
from testcontainers.core.exceptions import ContainerStartException

from mockserver.testcontainers import MockserverContainer
from mockserver.testing.control_client import ControlClient, ControlError

WORLDS = """
name: none
---
name: mine
sendgrid:
  credentials: [{key: from-the-file}]
  ips: [{ip: 192.0.2.1, rdns: o1.ptr.example.com}]
  pools: [{id: "1", name: mine, ips: [192.0.2.1]}]
"""


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Have no engine; what a container needs to be made without one."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return {"version": "1.44"}


@pytest.fixture(scope="session")
def image() -> str:
    """Return the image's name; an engine that is missing then is a failure."""
    if "IMAGE" not in os.environ:
        pytest.skip("NOTHING RAN IN A CONTAINER: NO IMAGE IS NAMED. `make image` builds one and runs these tests")
    return os.environ["IMAGE"]


def test_without_the_library() -> None:
    """Where the library is missing, the import says which extra has it."""
    program = "import sys; sys.modules['testcontainers'] = None; import mockserver.testcontainers"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "\nImportError: " in done.stderr
    assert "pip install '.[testcontainers]'" in done.stderr


def test_settings(nowhere: dict[str, str]) -> None:
    """Settings are variables, and the server takes them as such."""
    container = MockserverContainer(
        seed="documents#lists",
        unknown_credentials="reject",
        max_tenants=7,
        id_seed="mine",
        access_log="json",
        docker_client_kw=nowhere,
    )
    assert set(container.env) == {
        "MOCKSERVER_CONTROL_TOKEN", "MOCKSERVER_SEED", "MOCKSERVER_UNKNOWN_CREDENTIALS", "MOCKSERVER_MAX_TENANTS",
        "MOCKSERVER_ID_SEED", "MOCKSERVER_ACCESS_LOG",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "serve", "--port", "0"],
        env={**os.environ, **container.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        info = ControlClient(url, container.env["MOCKSERVER_CONTROL_TOKEN"]).request("GET", "info")
        unknown = requests.get(f"{url}/mailgun/v3/ips", auth=("api", f"key-{0:032}"))
    finally:
        process.terminate()  # a killed one may not have logged the last request
        _, log = process.communicate()
    assert (info["seed"], info["limits"]["max_tenants"]) == ("lists", 7)
    assert unknown.status_code == 401
    assert "/mailgun/v3/ips" in log


def test_no_settings(nowhere: dict[str, str]) -> None:
    """What is not said is left to the image; the token is new for each container, or the caller's."""
    first, second = MockserverContainer(docker_client_kw=nowhere), MockserverContainer(docker_client_kw=nowhere)
    assert first.image == "mockserver"
    assert set(first.env) == {"MOCKSERVER_CONTROL_TOKEN"}
    assert first.env != second.env
    mine = {"MOCKSERVER_CONTROL_TOKEN": "mine"}
    assert MockserverContainer(env=mine, seed="empty", docker_client_kw=nowhere).env == {
        **mine,
        "MOCKSERVER_SEED": "empty",
    }
    assert mine == {"MOCKSERVER_CONTROL_TOKEN": "mine"}


def test_no_such_seed(nowhere: dict[str, str]) -> None:
    """A seed that is neither packaged nor a file is missed at once."""
    with pytest.raises(FileNotFoundError, match=r"nope\.yaml"):
        MockserverContainer(seed="nope.yaml#mine", docker_client_kw=nowhere)


def test_not_started(nowhere: dict[str, str]) -> None:
    """Before it is started there is no URL, no control API and no sandbox."""
    container = MockserverContainer(docker_client_kw=nowhere)
    for ask in (lambda: container.url, lambda: container.client, container.create_tenant):
        with pytest.raises(ContainerStartException, match="not started"):
            ask()


@pytest.mark.container
def test_sandboxes(image: str) -> None:
    """Server are tenants of their own, reached by the port that was published; the control API wants the token."""
    with MockserverContainer(image) as server:
        one, other = server.create_tenant(), server.create_tenant(seed="empty")
        assert one.sendgrid.url == f"{server.url}/sendgrid"
        pools, none = (
            requests.get(f"{sandbox.sendgrid.url}/v3/ips/pools", headers=sandbox.sendgrid.headers).json()
            for sandbox in (one, other)
        )
        assert "campaigns" in [pool["name"] for pool in pools]
        assert none == []
        assert server.client.request("GET", "info")["counters"]["tenants"] >= 2
        with pytest.raises(ControlError) as refused:
            ControlClient(server.url).request("GET", "info")
        assert refused.value.status == 401
    assert one.closed and other.closed


@pytest.mark.container
def test_seed_file(image: str, tmp_path: Path) -> None:
    """A seed from a file is every tenant's start, even if no other user may read that file."""
    seed = tmp_path / "worlds.yaml"
    seed.write_text(WORLDS)
    seed.chmod(0o600)
    with MockserverContainer(image, seed=f"{seed}#mine", unknown_credentials="reject") as server:
        url = f"{server.url}/sendgrid/v3/ips/pools"
        assert requests.get(url, headers={"Authorization": "Bearer from-the-file"}).json() == [{"name": "mine"}]
        assert requests.get(url, headers={"Authorization": "Bearer other"}).status_code == 401
        assert server.create_tenant().state()["sendgrid"]["pools"][0]["name"] == "mine"


@pytest.mark.container
def test_no_image(image: str) -> None:
    """Where the image is missing, the error says how it is built."""
    with pytest.raises(ImageNotFound) as missed, MockserverContainer(f"{image}-that-was-not-built"):
        pass
    assert any("docker build -t mockserver ." in note for note in missed.value.__notes__)


@pytest.mark.container
def test_it_does_not_come_up(image: str, tmp_path: Path) -> None:
    """A server that stops reports why, at once; the container is gone."""
    seed = tmp_path / "worlds.yaml"
    seed.write_text("name: mine\nsendgrid: {pools: 7}\n")
    container = MockserverContainer(image, seed=seed, timeout=math.inf)
    with pytest.raises(ContainerStartException, match=r"did not start: (?s:.*)seed: /seed/worlds\.yaml:2"), container:
        pass
    with pytest.raises(NotFound):
        container.get_wrapped_container().reload()
