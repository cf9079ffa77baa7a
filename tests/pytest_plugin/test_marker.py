"""The marker `mockserver`."""

from __future__ import annotations

import re

import pytest

from mockserver import Config
from mockserver.server import start

from .runs import Run, printed


def test_the_marker(run: Run, pytester: pytest.Pytester) -> None:
    """The marker's arguments are how the tenant starts; the one nearer to the test wins, each argument by itself."""
    pytester.mkdir("worlds")
    pytester.path.joinpath("worlds/mine.yaml").write_text(
        "name: one\nsendgrid:\n  pools: [{id: '1', name: first}]\n---\nname: two\nsendgrid:\n"
        "  credentials: [{key: fixed}]\n  pools: [{id: '1', name: second}]\n"
    )
    result = run("""
from datetime import UTC, datetime
from pathlib import Path

pytestmark = pytest.mark.mockserver(seed="empty", clock="2030-01-01T00:00:00Z")


def names(mockserver):
    return [pool["name"] for pool in mockserver.state()["sendgrid"]["pools"]]


@pytest.mark.mockserver(strict=True, faults=[{"operation": "*"}])
def test_module(mockserver, mockserver_factory):
    assert create(mockserver).status_code == 503
    for tenant in (mockserver, mockserver_factory()):
        assert (names(tenant), tenant.clock.now().year, tenant.strict) == ([], 2030, True)
    assert mockserver_factory(strict=False).strict is False


@pytest.mark.mockserver(seed="worlds/mine.yaml", faults=[{"operation": "*", "status": 500}])
def test_file(mockserver):
    assert (names(mockserver), mockserver.clock.now().year) == (["first"], 2030)
    assert create(mockserver).status_code == 500


@pytest.mark.mockserver(seed="worlds/mine.yaml#two", clock=datetime(2031, 1, 1, tzinfo=UTC))
@pytest.mark.parametrize("time", [1, 2])
def test_world(mockserver, time, mockserver_factory):
    assert (names(mockserver), mockserver.clock.now().year) == (["second"], 2031)
    assert names(mockserver_factory(seed=Path("worlds") / "mine.yaml")) == ["first"]


@pytest.mark.mockserver(
    seed={"sendgrid": {"credentials": [{"key": "reader", "scopes": ["ips.pools.read"]}]}},
    clock={"now": "2032-01-01T00:00:00Z", "frozen": True},
    credentials={"sendgrid": "chosen"},
)
def test_inline(mockserver):
    assert mockserver.sendgrid.api_key == "chosen"
    headers = {"Authorization": "Bearer reader"}
    assert requests.post(mockserver.sendgrid.url + "/v3/ips/pools", headers=headers).status_code == 403
    assert mockserver.clock.now() == datetime(2032, 1, 1, tzinfo=UTC)
""")
    result.assert_outcomes(passed=5)


@pytest.mark.parametrize("attached", [False, True])
def test_the_profile(run: Run, pytester: pytest.Pytester, attached: bool) -> None:
    """The ini option is the profile of every tenant, the marker that of a test's; both say it as the server does."""
    pytester.makeini("[pytest]\nmockserver_profile = sendgrid=live\n")
    with start(Config()) as server:
        result = run(
            """
def profiles(tenant):
    return tenant.sparkpost.profile, tenant.sendgrid.profile, tenant.mailgun.profile


def test_ini(mockserver, mockserver_factory):
    assert profiles(mockserver) == profiles(mockserver_factory()) == ("documented", "live", "documented")
    assert profiles(mockserver_factory(profile="documented")) == ("documented", "documented", "documented")


@pytest.mark.mockserver(profile="live")
def test_marker(mockserver, mockserver_factory):
    assert profiles(mockserver) == profiles(mockserver_factory()) == ("live", "live", "live")


@pytest.mark.mockserver(profile={"mailgun": "live", "sendgrid": {"profile": "documented", "switches": {}}})
def test_some(mockserver):
    assert profiles(mockserver) == ("documented", "documented", "live")
    assert isinstance(mockserver.mailgun.switches, dict)
""",
            *(["--mockserver-url", server.url] if attached else []),
        )
    result.assert_outcomes(passed=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("sede='empty'", "unexpected argument 'sede'; did you mean 'seed'?"),
        ("'empty'", "unexpected positional argument"),
        ("strict='yes'", "strict: expected bool, got 'yes'"),
        ("faults={'operation': '*'}", "faults: expected list or tuple, got"),
        ("faults=[{'operaton': '*'}]", "faults: expected a mapping with 'operation', got {'operaton': '*'}"),
        (
            "faults=[{'operation': '*', 'time': 3}]",
            "faults: unknown key 'time'; did you mean 'times'?",
        ),
        (
            "faults=[{'operation': '*', 'x': 3}]",
            "faults: unknown key 'x': expected one of operation, kind, status, error",
        ),
        ("colour='red'", "unexpected argument 'colour': expected one of seed, profile, "),
        ("profile='life'", "profile: unknown profile 'life': expected one of documented, live"),
        (
            "profile={'sendgird': 'live'}",
            "profile: sendgird: unknown provider: expected one of sparkpost, ",
        ),
        ("profile=['live']", "profile: expected str or Mapping, got"),
        (
            "credentials={'sendgird': 'x'}",
            "credentials: unknown provider 'sendgird': expected sparkpost, sendgrid, mailgun",
        ),
    ],
)
def test_a_wrong_argument_of_the_marker(run: Run, marker: str, said: str) -> None:
    """It is reported before any test runs, under xdist too."""
    text = f"""
def test_other(mockserver):
    pass

@pytest.mark.mockserver({marker})
def test_it(mockserver):
    pass
"""
    result = run(text)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"test_it.py::test_it: @pytest.mark.mockserver: {said}*"])
    if "sede" in marker:
        result = run(text, "-n", "1", subprocess=True)
        assert result.ret != 0
        result.stdout.fnmatch_lines([f"test_it.py::test_it: @pytest.mark.mockserver: {said}*"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("faults=[{'operation': 'sendgrid.creatIpPool'}]", "*did you mean 'sendgrid.createIpPool'?"),
        ("seed='nope.yaml'", "*nope.yaml: *"),
        ("seed={'sendgrind': {}}", "*sendgrind*"),
        (
            "seed={'sendgrid': {'pools': [{'id': '1'}], 'ips': [{}]}}",
            "seed: sendgrid.ips[[]0[]]: 'ip' is required",
        ),
        ("clock='yesterday'", "clock.now: expected a time such as *"),
        (
            "profile={'sendgrid': {'switches': {'none': True}}}",
            "profile: sendgrid.switches.none: *",
        ),
    ],
)
def test_a_marker_that_makes_no_sense(run: Run, marker: str, said: str) -> None:
    """What only the server can judge is an error when the test is set up, in one line."""
    result = run(f"@pytest.mark.mockserver({marker})\ndef test_it(mockserver):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", f"@pytest.mark.mockserver: {said}"], consecutive=True)
    assert not re.search("Traceback|During handling|ControlError", printed(result))


def test_the_marker_of_a_parameter(run: Run) -> None:
    """A marker of one set of parameters is nearer to the test than that of its function; its clock takes a datetime."""
    result = run("""
from datetime import UTC, datetime


@pytest.mark.mockserver(seed="default", clock={"now": datetime(2030, 1, 1, tzinfo=UTC), "frozen": True})
@pytest.mark.parametrize("pools", [4, pytest.param(0, marks=pytest.mark.mockserver(seed="empty"))])
def test_it(mockserver, pools):
    assert min(len(mockserver.state()["sendgrid"]["pools"]), 4) == pools
    assert mockserver.clock.now() == datetime(2030, 1, 1, tzinfo=UTC)
""")
    result.assert_outcomes(passed=2)


def test_job_delay_of_the_marker(run: Run) -> None:
    """The tenant of the test, and tenants that it creates, have the delay of the marker."""
    result = run("""
@pytest.mark.mockserver(job_delay="manual")
def test_manual(mockserver, mockserver_factory):
    assert mockserver.state()["mailgun"]["async_delay_seconds"] is None
    assert mockserver_factory().state()["mailgun"]["async_delay_seconds"] is None
    assert mockserver_factory(job_delay=5).state()["mailgun"]["async_delay_seconds"] == 5


@pytest.mark.mockserver(job_delay=0.5, seed={"mailgun": {"async_delay_seconds": 7}})
def test_seconds(mockserver):
    assert mockserver.state()["mailgun"]["async_delay_seconds"] == 0.5
""")
    result.assert_outcomes(passed=2)


def test_region_of_the_marker(run: Run) -> None:
    """The accounts of the test's tenants are there; `.eu` is the EU of a provider that serves the key there as well."""
    result = run("""
import os
import requests


def status(access, path):
    return requests.get(f"{access.url}{path}", headers=access.headers).status_code


@pytest.mark.mockserver(region="eu")
def test_eu(mockserver, mockserver_factory):
    assert status(mockserver.sparkpost, "/api/v1/ip-pools") == 200
    assert mockserver.sparkpost.url == f"{mockserver.url}/sparkpost-eu" == mockserver.sparkpost.eu.url
    assert mockserver_factory().sparkpost.region == "eu"
    assert mockserver_factory(region="us").sparkpost.region == "us"
    assert len(requests.get(f"{mockserver.mailgun.url}/v3/ips", auth=mockserver.mailgun.auth).json()["items"]) > 1
    mockserver.env()
    assert os.environ["SPARKPOST_BASE_URL"] == f"{mockserver.url}/sparkpost-eu/api/v1"
    mockserver.seed({"sparkpost": {"ip_pools": [{"id": "a", "name": "A"}]}})
    mockserver.reset()
    assert status(mockserver.sparkpost, "/api/v1/ip-pools") == 200


def test_us(mockserver):
    assert mockserver.sparkpost.url == f"{mockserver.url}/sparkpost"
    assert requests.get(f"{mockserver.mailgun.eu.url}/v3/ips", auth=mockserver.mailgun.eu.auth).json()["items"] == []
    assert mockserver.mailgun.eu.env["MAILGUN_BASE_URL"] == f"{mockserver.url}/mailgun-eu"
    with pytest.raises(ValueError, match="^sparkpost: the region 'eu' does not serve the key: expected one of us; "):
        mockserver.sparkpost.eu


@pytest.mark.mockserver(seed={"sendgrid": {"subusers": [{"name": "team", "region": "eu"}]}})
def test_subuser_of_the_eu(mockserver):
    eu = mockserver.sendgrid.eu
    assert status(eu, "/v3/ips/pools") == 401
    headers = {**eu.headers, "On-Behalf-Of": "team"}
    assert requests.get(f"{eu.url}/v3/ips/pools", headers=headers).json() == []


@pytest.mark.mockserver(region="mars")
def test_mars(mockserver):
    pass
""")
    result.assert_outcomes(passed=3, errors=1)
    assert "region: unknown region: expected one of eu, global, us" in printed(result)


@pytest.mark.parametrize("delay", ["'never'", "-1", "True", "[]"])
def test_invalid_job_delay_of_the_marker_is_an_error(run: Run, delay: str) -> None:
    result = run(f"@pytest.mark.mockserver(job_delay={delay})\ndef test(mockserver):\n    pass\n")
    result.assert_outcomes(errors=1)
    assert "job_delay: expected" in printed(result)
