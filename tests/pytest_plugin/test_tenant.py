"""A tenant for each test: the fixture `mockserver`."""

from __future__ import annotations

from .runs import Run


def test_no_conftest(run: Run) -> None:
    """With no conftest and no configuration, a test has a fresh tenant at each provider in a running server."""
    result = run("""
POOLS = {"sparkpost": "/api/v1/ip-pools", "sendgrid": "/v3/ips/pools", "mailgun": "/v3/ip_pools"}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("time", [1, 2])
def test_fresh(mockserver, name, time):
    access = getattr(mockserver, name)
    body = {"data": {"name": "mine", "description": "mine"}} if name == "mailgun" else {"json": {"name": "mine"}}
    assert "mine" not in requests.get(access.url + POOLS[name], headers=access.headers).text
    assert requests.post(access.url + POOLS[name], auth=access.auth, **body).status_code == 200
    assert "mine" in requests.get(access.url + POOLS[name], auth=access.auth).text
    assert access.api_key in str(access.env)


def test_one_server(mockserver, mockserver_server):
    assert mockserver.url == mockserver_server.url
    assert mockserver.id == "t7"
""")
    result.assert_outcomes(passed=7)


def test_everything_about_a_tenant(run: Run) -> None:
    """The fixture has the tenant's requests, faults, clock, state, snapshots, seed, reset and pending work."""
    result = run("""
from datetime import UTC, datetime, timedelta


def test_it(mockserver):
    create(mockserver, "one")
    assert [pool["name"] for pool in mockserver.state()["sendgrid"]["pools"]][-1] == "one"
    mockserver.snapshot()
    create(mockserver, "two")
    mockserver.restore()
    assert [pool["name"] for pool in mockserver.state()["sendgrid"]["pools"]][-1] == "one"
    mockserver.snapshot("named")
    mockserver.seed({"sendgrid": {"pools": [{"id": "1", "name": "seeded"}]}})
    assert [pool["name"] for pool in mockserver.state()["sendgrid"]["pools"]] == ["seeded"]
    assert mockserver.state()["mailgun"]["ip_pools"] == []
    mockserver.restore("named")
    assert len(mockserver.requests) == 2
    assert [request.json for request in mockserver.requests] == [{"name": "one"}, {"name": "two"}]

    mockserver.clock.freeze("2030-01-01T00:00:00Z")
    mockserver.clock.advance(timedelta(minutes=1))
    mockserver.clock.advance(0.5)
    assert mockserver.clock.now() == datetime(2030, 1, 1, 0, 1, 0, 500_000, UTC)
    mockserver.clock.advance_to("2031-01-01T00:00:00Z")
    mockserver.clock.set(datetime(2029, 1, 1, tzinfo=UTC))
    assert mockserver.clock.now() == datetime(2029, 1, 1, tzinfo=UTC)
    mockserver.clock.unfreeze()
    with pytest.raises(ValueError, match="with a time zone"):
        mockserver.clock.set(datetime(2029, 1, 1))

    fault = mockserver.faults.add("sendgrid.createIpPool", status=429, times=2, skip=1)
    statuses = [create(mockserver, f"pool {number}").status_code for number in range(3)]
    assert statuses == [200, 429, 429]
    assert (fault.applied, fault.remaining, fault.completed) == (2, 0, True)
    mockserver.faults.add("*", kind="drop").remove()
    mockserver.faults.add("*", kind="drop")
    assert [repr(each) for each in mockserver.faults][1:] == ["<Fault f3: drop on *>"]
    mockserver.faults.clear()
    assert len(mockserver.faults) == 0

    mockserver.run_pending_jobs()
    mockserver.reset()
    assert len(mockserver.requests) == 0
    assert mockserver.clock.now().year == datetime.now(UTC).year
    assert "one" not in str(mockserver.state())
""")
    result.assert_outcomes(passed=1)


def test_the_environment(run: Run) -> None:
    """`env` sets what the vendors' clients read, for this test alone, whatever else it sets."""
    result = run("""
import os


def test_set(mockserver, monkeypatch):
    monkeypatch.setenv("SENDGRID_API_KEY", "before")
    variables = mockserver.env()
    monkeypatch.setenv("MG_URL", "after")
    assert os.environ["SENDGRID_API_KEY"] == variables["SENDGRID_API_KEY"] == mockserver.sendgrid.api_key
    assert os.environ["MAILGUN_BASE_URL"] == mockserver.mailgun.url


def test_another_tenant(mockserver_factory):
    with mockserver_factory() as tenant:
        tenant.env()
        assert os.environ["SENDGRID_API_KEY"] == tenant.sendgrid.api_key
    assert "SENDGRID_API_KEY" not in os.environ


def test_no_proxy(mockserver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    mockserver.env()
    assert create(mockserver).status_code == 200
    assert os.environ["NO_PROXY"] == "example.com,127.0.0.1"


def test_put_back():
    assert not {"SENDGRID_API_KEY", "SENDGRID_BASE_URL", "MAILGUN_BASE_URL", "MG_URL"} & set(os.environ)
""")
    result.assert_outcomes(passed=4)


def test_forked_tenant_is_deleted_with_its_test(run: Run) -> None:
    """A fork has the state of its tenant, its own keys and log, and the problems of its requests are the test's."""
    result = run("""
FORKS = []


@pytest.mark.mockserver(seed={"sendgrid": {"pools": ["marketing"]}})
def test_fork(mockserver):
    mockserver.snapshot("empty")
    create(mockserver, "receipts")
    twin, older = mockserver.fork(), mockserver.fork("empty")
    create(twin, "more")
    names = [[pool["name"] for pool in each.state()["sendgrid"]["pools"]] for each in (mockserver, twin, older)]
    assert names == [["marketing", "receipts"], ["marketing", "receipts", "more"], ["marketing"]]
    assert [len(each.requests) for each in (mockserver, twin, older)] == [1, 1, 0]
    FORKS.extend([twin, older])


def test_deleted(mockserver):
    assert [each.closed for each in FORKS] == [True, True]


def test_problem(mockserver):
    twin = mockserver.fork()
    post(twin.sendgrid, "/v3/mail/batch")
""")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*does not implement this operation (501)*"])


def test_expected_state_fails_a_test_with_the_difference(run: Run) -> None:
    result = run("""
@pytest.mark.mockserver(seed={"sendgrid": {"pools": ["marketing"]}})
def test_expect(mockserver):
    mockserver.expect({"sendgrid": {"pools": ["marketing"]}}, exact=True)
    mockserver.expect({"sendgrid": {"pools": ["receipts"]}})
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *the state of t1 is not as expected:", "E *sendgrid.pools 'receipts': missing; there is marketing"]
    )
    result.stdout.no_fnmatch_line("*mockserver/testing/tenant.py*")


def test_requests_as_an_http_archive(run: Run) -> None:
    result = run("""
def test_har(mockserver):
    create(mockserver, "one")
    (entry,) = mockserver.requests.har()["log"]["entries"]
    assert entry["request"]["url"].endswith("/sendgrid/v3/ips/pools")
    assert mockserver.sendgrid.api_key not in str(entry)
""")
    result.assert_outcomes(passed=1)
