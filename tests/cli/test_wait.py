"""`mockserver wait`."""

from __future__ import annotations

import subprocess

import pytest

from .commands import COMMAND, ENVIRONMENT, answering, free_port, run, running


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


@pytest.mark.slow
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
    done = run("wait", "--timeout", "0", MOCKSERVER_URL=f"http://127.0.0.1:{port}")
    reason = f"no response from http://127.0.0.1:{port}: Connection refused (MOCKSERVER_URL)"
    assert (done.returncode, done.stderr) == (1, f"mockserver: {reason}\n")


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_redirect_gets_no_token() -> None:
    """A redirect is not followed, so no other server gets the token."""
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
    """Commands that need a server end with 1 without one."""
    done = run(*arguments, "--url", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mockserver: no response from http://127.0.0.1:")
