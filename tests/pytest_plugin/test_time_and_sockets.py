"""With pytest-socket, freezegun and time-machine."""

from __future__ import annotations

import freezegun  # noqa: F401 — else each run would import it again
import pytest
import time_machine  # noqa: F401 — the same

from .runs import Run


def test_no_socket_without_a_url(run: Run) -> None:
    """Only a test that uses a URL opens a socket; a later test may, if an earlier one may not."""
    result = run(
        """
from pytest_socket import SocketBlockedError

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


def test_in_process(mockserver, mockserver_factory):
    with mockserver.intercept():
        assert requests.get("https://api.sendgrid.com/v3/ips/pools", headers=mockserver.sendgrid.headers).ok
    mockserver.faults.add("*").remove()
    mockserver.clock.freeze()
    mockserver_factory(seed="empty")
    assert repr(mockserver) and repr(mockserver.sendgrid) and mockserver.state()
    mockserver.requests.assert_called("sendgrid.listIpPools", times=1)


@pytest.mark.parametrize("use", [
    lambda tenant: tenant.url,
    lambda tenant: tenant.sendgrid.url,
    lambda tenant: tenant.mailgun.env,
    lambda tenant: tenant.env(),
])
def test_blocked(mockserver, use):
    with pytest.raises(SocketBlockedError):
        use(mockserver)


@pytest.mark.enable_socket
def test_enabled(mockserver):
    assert create(mockserver).ok
    assert mockserver.sendgrid.env["SENDGRID_BASE_URL"] == mockserver.sendgrid.url == mockserver.url + "/sendgrid"
    assert requests.get(mockserver.sparkpost.env["SPARKPOST_BASE_URL"] + "/ip-pools", auth=mockserver.sparkpost.auth).ok


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_allowed(mockserver):
    assert create(mockserver).ok
""",
        "--disable-socket",
    )
    result.assert_outcomes(passed=7)


@pytest.mark.slow
def test_frozen_time(run: Run) -> None:
    """The tenant's clock follows the time of the process, however it is frozen; delays and connections do not."""
    result = run("""
import http.client
from datetime import UTC, datetime
from time import sleep

import freezegun
import time_machine

START = datetime(2030, 1, 1, 12, tzinfo=UTC)


def freezing():
    return freezegun.freeze_time("2030-01-01 12:00:00")


def travelling():
    return time_machine.travel(START, tick=False)


@pytest.mark.parametrize("change", [freezing, travelling])
def test_clock(mockserver, change):
    mockserver.url
    before = mockserver.clock.now()
    with change() as time:
        assert mockserver.clock.now() == START
        assert create(mockserver).headers["Date"] == "Tue, 01 Jan 2030 12:00:00 GMT"
        assert mockserver.requests[0].time == START
        (time.tick if change is freezing else time.shift)(3600)
        assert mockserver.clock.now() == datetime(2030, 1, 1, 13, tzinfo=UTC)
        mockserver.clock.set("2040-01-01T00:00:00Z")
        assert mockserver.clock.now() == datetime(2040, 1, 1, tzinfo=UTC)
    mockserver.reset()
    assert mockserver.clock.now() >= before


@pytest.mark.parametrize("change", [freezing, travelling])
def test_delays(mockserver, change):
    with change():
        mockserver.faults.add("*", kind="delay", delay_seconds=0.2)
        assert requests.get(mockserver.sendgrid.url + "/v3/ips/pools", auth=mockserver.sendgrid.auth, timeout=20).ok


def test_connections(mockserver):
    connection = http.client.HTTPConnection(mockserver.url.partition("//")[2])

    def get():
        connection.request("GET", "/sendgrid/v3/ips/pools", headers=mockserver.sendgrid.headers)
        return connection.getresponse().read()

    assert get()
    used = connection.sock
    with freezing():
        sleep(1.2)  # the server looks for idle connections each second
        assert get()
    assert get() and connection.sock is used
    connection.close()


@freezing()
def test_imported_while_frozen():
    from mockserver import run_server

    with run_server() as server, server.create_tenant() as tenant:
        assert create(tenant).ok
""")  # fmt: skip
    result.assert_outcomes(passed=6)
