"""Flask's and other servers, and pytest-flask."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys

import pytest

from .own_app import POOLS, ROOT, SENDGRID, environment, served


def check_server(connection: http.client.HTTPConnection) -> None:
    """Check the seed of the environment, the spelling of headers, and the token."""
    connection.request("GET", POOLS, headers=SENDGRID)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"[]")
    assert "X-RateLimit-Limit" in [name for name, _ in response.getheaders()]
    tenant = response.headers["X-Mockserver-Request-Id"].rpartition("-")[0]
    assert control_request(connection, "GET", "info", {}) == 401
    token = {"Authorization": "Bearer secret"}
    assert control_request(connection, "GET", "info", token) == 200
    for kind, error in (("drop", http.client.RemoteDisconnected), ("truncate", http.client.IncompleteRead)):
        fault = {"operation": "sendgrid.listIpPools", "kind": kind}
        assert control_request(connection, "POST", f"tenants/{tenant}/faults", token, fault) == 201
        connection.request("GET", POOLS, headers=SENDGRID)
        with pytest.raises(error):
            connection.getresponse().read()
        connection.close()
    connection.request("GET", POOLS, headers=SENDGRID)
    assert connection.getresponse().read() == b"[]"


def control_request(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: object = None
) -> int:
    data = None if body is None else json.dumps(body)
    connection.request(method, f"/_mockserver/{path}", data, {**headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


def test_flask_run(port: int) -> None:
    command = ["flask", "--app", "mockserver", "run", "--port", str(port), "--no-reload"]
    for connection in served(command, port, MOCKSERVER_CONTROL_TOKEN="secret"):
        check_server(connection)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_gunicorn(port: int) -> None:
    command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "error", "mockserver:create_app()"]
    for connection in served(command, port, MOCKSERVER_CONTROL_TOKEN="secret"):
        check_server(connection)


@pytest.mark.slow
def test_flask_routes() -> None:
    command = [sys.executable, "-m", "flask", "--app", "mockserver", "routes"]
    output = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^sendgrid\.createIpPool +POST +{POOLS} *$", output, re.MULTILINE)


@pytest.mark.slow
def test_pytest_flask(pytester: pytest.Pytester) -> None:
    """Its `live_server`, which forks before the store is used, and its `client`."""
    pytester.makeconftest(
        """
        import pytest
        from mockserver import create_app

        @pytest.fixture(scope="session")
        def app():
            return create_app(seed="empty")
        """
    )
    pytester.makepyfile(
        f"""
        import urllib.request

        import pytest

        HEADERS = {SENDGRID!r}

        @pytest.mark.usefixtures("live_server")
        def test_live_server(live_server):
            request = urllib.request.Request(live_server.url("{POOLS}"), headers=HEADERS)
            with urllib.request.urlopen(request) as response:
                assert response.read() == b"[]"

        def test_client(client):
            assert client.get("{POOLS}", headers=HEADERS).json == []
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:mockserver", "-p", "no:cacheprovider", "-p", "no:randomly")
    result.assert_outcomes(passed=2)
