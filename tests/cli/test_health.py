"""`mockserver health`, the health check of a container."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from mockserver.cli import listening

from .commands import free_port, run, running

pytestmark = pytest.mark.slow  # each test starts a server

FLAGS: list[tuple[list[str], dict[str, str]]] = [
    (["--port", "0"], {}),
    ([], {"MOCKSERVER_PORT": "0"}),
    (["--port", "0", "--host", "127.0.0.2"], {"MOCKSERVER_PORT": "8080"}),
    (["--port", "0", "--host", "0.0.0.0", "--expose"], {}),
    (["--port", "0", "--host", "0", "--expose", "--control-token", "x"], {}),
    (["--port", "0", "--tls", "self-signed"], {}),
]


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of processes that share a folder for temporary files, and nothing else."""
    return {"TMPDIR": str(folder), "XDG_RUNTIME_DIR": str(folder)}


@pytest.mark.parametrize(("flags", "variables"), FLAGS, ids=lambda value: " ".join(value) or "default")
def test_server_is_found_wherever_it_listens(flags: list[str], variables: dict[str, str], tmp_path: Path) -> None:
    """The health check knows the variables of the server, and none of its flags."""
    shared = {**environment(tmp_path), **variables}
    with running("serve", *flags, **shared) as (process, _):
        done = run("health", **shared)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        (file,) = tmp_path.glob("mockserver-*.url")
        assert file.stat().st_mode & 0o777 == 0o600
        process.terminate()
        assert process.wait(10) == 0
    assert list(tmp_path.glob("mockserver-*.url")) == []


def test_address_of_its_own(tmp_path: Path) -> None:
    """A server that is bound to the address of a network interface only."""
    try:
        address = socket.gethostbyname(socket.gethostname())
    except OSError:
        pytest.skip("this machine has no address")
    shared = environment(tmp_path)
    with running("serve", "--port", "0", "--host", address, "--expose", **shared):
        assert run("health", **shared).returncode == 0


def test_no_server_is_unhealthy(tmp_path: Path) -> None:
    """Without a server, and after one was killed, whose file is left, the URL of the variables is checked."""
    shared = {**environment(tmp_path), "MOCKSERVER_PORT": str(free_port())}
    with running("serve", "--port", "0", **environment(tmp_path)) as (process, _):
        process.kill()
        process.wait(10)
    assert len(list(tmp_path.glob("mockserver-*.url"))) == 1
    done = run("health", **shared)
    url = f"http://127.0.0.1:{shared['MOCKSERVER_PORT']}"
    assert (done.returncode, done.stderr) == (1, f"mockserver: no response from {url}: Connection refused\n")


def test_files_that_are_not_of_a_server_are_ignored(tmp_path: Path) -> None:
    shared = {**environment(tmp_path), "MOCKSERVER_PORT": str(free_port())}
    (tmp_path / "mockserver-1.url").write_text(json.dumps({"url": "http://127.0.0.1:1"}), "utf-8")
    (tmp_path / "mockserver-2.url").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "mockserver-3.url")
    with running("serve", **shared):
        assert run("health", **shared).returncode == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_without_a_folder_the_variables_say_where_it_is(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "folders", lambda: [Path("/proc/nowhere")])
    with listening.announce("http://127.0.0.1:1") as file:
        assert file is None
    assert listening.urls() == []
    variables = {"MOCKSERVER_PORT": str(free_port()), "MOCKSERVER_HOST": host}
    with running("serve", **variables):
        assert run("wait", **variables).returncode == 0
