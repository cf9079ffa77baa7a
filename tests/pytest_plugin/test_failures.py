"""Servers and tenants that are reset, closed or slow."""

from __future__ import annotations

import re
import time

import pytest

from mockserver import Config
from mockserver.server import start

from .runs import Run, printed, servers


@pytest.mark.slow
def test_a_delay_ends_with_its_test(run: Run) -> None:
    """Calls that their client gave up keep no thread of the server's, neither from the next test nor from its stop."""
    started = time.monotonic()
    result = run("""
import threading


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("number", range(12))
def test_it(mockserver, number):
    mockserver.faults.add("sendgrid.createIpPool", kind="delay", delay_seconds=60, when=["before", "after"][number % 2])
    with pytest.raises(requests.ReadTimeout):
        post(mockserver.sendgrid, "/v3/ips/pools", json={"name": "mine"}, timeout=0.2)
""")
    result.assert_outcomes(passed=12)
    assert time.monotonic() - started < 15


@pytest.mark.slow
def test_half_a_character(run: Run) -> None:
    """What cannot be encoded breaks neither the output nor the way from a process of pytest-xdist."""
    result = run(
        """
def test_it(mockserver):
    headers = {**mockserver.sendgrid.headers, "Content-Type": "application/json"}
    requests.post(mockserver.sendgrid.url + "/v3/ips/pools", headers=headers, data=b'{"name": "\\\\ud800", "more": 1}')
    mockserver.requests.assert_called("sendgrid.createIpPool", json={"name": "mine", "more": 1})
""",
        "-n1",
        subprocess=True,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['E *"name": "*ud800"'])


def test_a_long_list_that_differs(run: Run) -> None:
    """A comparison of long lists takes no time, and shows what differs with some lines around it."""
    started = time.monotonic()
    result = run("""
def test_all(mockserver):
    post(mockserver.sendgrid, "/v3/ips/pools", json={"ips": [f"10.0.{n // 256}.{n % 256}" for n in range(600)]})
    mockserver.requests.assert_called(json={"ips": [f"10.1.{n // 256}.{n % 256}" for n in range(600)]})


def test_one(mockserver):
    post(mockserver.sendgrid, "/v3/ips/pools", json={"ips": [*range(1000)]})
    mockserver.requests.assert_called(json={"ips": [*range(500), 7, *range(501, 1000)]})
""")
    result.assert_outcomes(failed=2)
    assert time.monotonic() - started < 10
    result.stdout.fnmatch_lines(
        [
            "E             …",
            "E                 499,",
            "E           -     7,",
            "E           +     500,",
            "E                 501,",
        ]
    )
    assert "E                 480," not in printed(result)
    assert "violates the OpenAPI document: /body (required): {'ips': [0, 1, 2" in printed(result)
    assert not re.search(r"violates the OpenAPI document: .* 999\]", printed(result))


def test_a_server_that_is_reset(run: Run) -> None:
    """When a tenant is gone, the test that did it fails, by its own reason if it has one, and no test after it."""
    text = """
@pytest.fixture(scope="module")
def shared(mockserver_factory):
    return mockserver_factory()


def test_reset(shared, mockserver_server):
    mockserver_server.client.request("POST", "reset", body={})
    assert OWN


def test_after(mockserver):
    create(mockserver)


def test_without():
    pass
"""
    result = run("OWN = True" + text)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["mockserver: cannot check the requests of t1: * 404 No tenant is named 't1'."])
    result = run("OWN = False" + text)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([">       assert OWN"])
    assert "cannot check" not in printed(result)


def test_a_server_that_goes(run: Run) -> None:
    """When the server that is attached to goes, a test's own failure is still reported; others fail with the reason."""
    with start() as server:
        servers.append(server)
        result = run(
            """
from tests.pytest_plugin.runs import servers


@pytest.fixture(scope="module")
def shared(mockserver_factory):
    return mockserver_factory()


def test_it(mockserver, shared):
    servers.pop().close()
    raise RuntimeError("of its own")


def test_other(mockserver):
    pass


def test_without():
    pass
""",
            "--mockserver-url",
            server.url,
        )
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["mockserver: no response from http*", "E       RuntimeError: of its own"])
    assert "pytest.mark.mockserver" not in printed(result)


def test_more_requests_than_the_journal_keeps(run: Run) -> None:
    """A request is judged when it comes: one that was dropped since fails its test."""
    result = run("""
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(request_log_size=2)


def test_fails(mockserver):
    post(mockserver.sendgrid, "/v3/mail/batch", json={})
    create(mockserver, "one")
    create(mockserver, "two")


def test_judged_in_between(mockserver):
    for number in range(6):
        create(mockserver, f"pool {number}")
        mockserver.check()


def test_forgotten(mockserver):
    for number in range(6):
        create(mockserver, f"pool {number}")
    mockserver.requests.clear()
    create(mockserver, "last")
""")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["mockserver does not implement this operation (501): [#]1 POST *"])


def test_tenants_by_other_ways(run: Run) -> None:
    """A tenant opened by the server itself is checked, one that was reset is reported, one opened late is closed."""
    result = run("""
@pytest.fixture(scope="module")
def shared(mockserver_factory):
    return mockserver_factory()


def test_by_the_server(mockserver_server):
    post(mockserver_server.create_tenant().sendgrid, "/v3/mail/batch", json={})


def test_before(shared):
    for number in range(3):
        create(shared, f"pool {number}")


def test_reset(shared):
    shared.reset()
    create(shared, "after the reset")
    raise RuntimeError


@pytest.fixture
def late(mockserver_factory):
    yield
    create(mockserver_factory())


def test_late(late):
    pass
""")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["mockserver does not implement this operation (501): *"])
    result.stdout.fnmatch_lines(
        ["*RuntimeError", "*", "[#]1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)"]
    )


@pytest.mark.parametrize("attached", [False, True])
def test_requests_without_a_tenant_are_in_the_report(run: Run, attached: bool) -> None:
    """Those of the test that failed, and not those of others, with the URL to use."""
    text = """
def test_before(mockserver):
    requests.get(mockserver.url + "/before")


def test_prefix(mockserver):
    requests.get(mockserver.url + "/v3/ips/pools", headers=mockserver.sendgrid.headers)
    assert False
"""
    with start(Config()) as server:
        result = run(text, *(["--mockserver-url", server.url] if attached else []))
    result.assert_outcomes(passed=1, failed=1)
    text = printed(result)
    assert "mockserver: requests that belong to no tenant" in text
    assert re.search(
        r"^GET /v3/ips/pools → 404: no provider is at this path: use http://\S+/sendgrid/v3/ips/pools ", text, re.M
    )
    assert "GET /before" not in text
    assert "no requests to a provider with this tenant's credentials" in text
