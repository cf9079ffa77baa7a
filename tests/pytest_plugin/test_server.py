"""The server of a run: configuration, attaching."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver import Config
from mockserver.server import HttpServer, start

from .runs import Run


def test_configuration(run: Run, pytester: pytest.Pytester) -> None:
    """The settings of the server are a fixture that can be overridden; the world of all tests is an ini option."""
    pytester.path.joinpath("world.yaml").write_text(
        "name: mine\nsendgrid:\n  credentials: [{key: fixed}]\n  pools: [{id: '1', name: mine}]\n"
    )
    text = """
def test_world(mockserver, mockserver_server):
    assert [pool["name"] for pool in mockserver.state()["sendgrid"]["pools"]] == ["mine"]
    headers = {"Authorization": "Bearer fixed"}
    assert requests.get(mockserver.sendgrid.url + "/v3/ips/pools", headers=headers).json() == [{"name": "mine"}]
"""
    run(text, "-o", "mockserver_seed=world.yaml").assert_outcomes(passed=1)
    pytester.makeconftest("""
import pytest
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(seed="world.yaml", unknown_credentials="reject")
""")
    run(text).assert_outcomes(passed=1)


@pytest.fixture
def running() -> Any:
    """A server that is there already, with a token."""
    with start(Config(control_token="secret")) as server:
        yield server


@pytest.mark.slow
def test_attaching(run: Run, running: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a URL the run uses the server that is there, and leaves nothing behind; else it is the same."""
    text = """
def test_it(mockserver, mockserver_server):
    create(mockserver)
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1)
    with pytest.raises(RuntimeError, match="expected a server in this process"):
        mockserver.wsgi_transport()
    assert mockserver_server.url == URL


@pytest.mark.mockserver(seed="empty")
def test_fails(mockserver):
    mockserver.faults.add("*")
"""
    text = text.replace("URL", repr(running.url))
    flags = ["--mockserver-url", running.url, "--mockserver-control-token", "secret"]
    for arguments in (flags, [*flags, "-n", "2"]):
        result = run(text, *arguments, "--mockserver-coverage", subprocess="-n" in arguments)
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines(["sendgrid   operations *1/*"])
    run(text, "-o", f"mockserver_url={running.url}", flags[2], flags[3]).assert_outcomes(passed=1, failed=1)
    monkeypatch.setenv("MOCKSERVER_URL", running.url)
    monkeypatch.setenv("MOCKSERVER_CONTROL_TOKEN", "secret")
    run(text).assert_outcomes(passed=1, failed=1)
    assert len(running.state.store) == 0


@pytest.mark.slow
def test_attaching_to_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid URL stops the run; a server that is not there is reported by each test, after one wait for all."""
    text = "def test_one(mockserver):\n    pass\ndef test_two(mockserver):\n    pass\n"
    result = run(text, "--mockserver-url", "localhost:8080", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: mockserver: --mockserver-url: 'localhost:8080': expected an http:// or https:// URL with a host"]
    )
    monkeypatch.setattr("mockserver.pytest_plugin.WAIT", 0.2)
    result = run(text, "--mockserver-url", "http://127.0.0.1:1")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*--mockserver-url: no response from http://127.0.0.1:1: Connection refused"])
    monkeypatch.setenv("MOCKSERVER_URL", "http://127.0.0.1:1")
    result = run(text)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*MOCKSERVER_URL: no response from http://127.0.0.1:1: Connection refused"])
    monkeypatch.setenv("MOCKSERVER_URL", "localhost:8080")
    result = run(text, subprocess=True)
    result.stderr.fnmatch_lines(["ERROR: mockserver: MOCKSERVER_URL: 'localhost:8080': expected *"])


def test_configurations(run: Run, pytester: pytest.Pytester) -> None:
    """The settings may be parametrised; two of them at once, which one server cannot have, are a mistake."""
    pytester.makeconftest("""
import pytest
from mockserver import Config


@pytest.fixture(scope="session", params=["default", "empty"])
def mockserver_config(request):
    return Config(seed=request.param)
""")
    result = run("""
SEEN = []


def test_it(mockserver):
    SEEN.append(len(mockserver.state()["sendgrid"]["pools"]))
    assert len(set(SEEN)) == len(SEEN)
""")
    result.assert_outcomes(passed=2)
    pytester.makeconftest("")
    for name, seed in (("a", "default"), ("b", "empty")):
        pytester.mkpydir(name).joinpath("conftest.py").write_text(f"""
import pytest
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(seed="{seed}")
""")
        pytester.path.joinpath(name, f"test_{name}.py").write_text("def test_it(mockserver):\n    pass\n")
    result = run("", "a", "b")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["mockserver_config of this test differs from that of the running server*"])
