"""The pytest plugin as its users meet it: runs of pytest, what passes, what fails and what is printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests  # noqa: F401 — else each run would import it anew, but not all that it needs
import yaml  # noqa: F401 — the same

from mockserver import Config
from mockserver.server import HttpServer, start

Run = Callable[..., pytest.RunResult]

SEND = """
import pytest
import requests


def post(access, path, **body):
    return requests.post(access.url + path, headers=access.headers, **body)


def create(mockserver, name="mine"):
    return post(mockserver.sendgrid, "/v3/ips/pools", json={"name": name})


"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest over a module with no conftest; `SEND` is put before its text."""
    monkeypatch.delenv("MOCKSERVER_URL", raising=False)

    def run_pytest(text: str, *arguments: str, subprocess: bool = False, others: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_it=SEND + text)
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        plugins = ["-p", "no:schemathesis"] if subprocess else []  # a second to import, in every process of a run
        plugins += [] if others else ["-p", "no:randomly", "-p", "no:asyncio"]
        return start(*plugins, "-p", "no:cacheprovider", "-W", "error", *arguments)

    return run_pytest


def printed(result: pytest.RunResult) -> str:
    return result.stdout.str()


# A tenant for every test


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
    with pytest.raises(ValueError, match="no time zone"):
        mockserver.clock.set(datetime(2029, 1, 1))

    fault = mockserver.faults.add("sendgrid.createIpPool", status=429, times=2, skip=1)
    statuses = [create(mockserver, f"pool {number}").status_code for number in range(3)]
    assert statuses == [200, 429, 429]
    assert (fault.fired, fault.remaining, fault.completed) == (2, 0, True)
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
def told(tenant):
    return tenant.sparkpost.profile, tenant.sendgrid.profile, tenant.mailgun.profile


def test_ini(mockserver, mockserver_factory):
    assert told(mockserver) == told(mockserver_factory()) == ("documented", "live", "documented")
    assert told(mockserver_factory(profile="documented")) == ("documented", "documented", "documented")


@pytest.mark.mockserver(profile="live")
def test_marker(mockserver, mockserver_factory):
    assert told(mockserver) == told(mockserver_factory()) == ("live", "live", "live")


@pytest.mark.mockserver(profile={"mailgun": "live", "sendgrid": {"profile": "documented", "switches": {}}})
def test_some(mockserver):
    assert told(mockserver) == ("documented", "documented", "live")
    assert isinstance(mockserver.mailgun.switches, dict)
""",
            *(["--mockserver-url", server.url] if attached else []),
        )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("sede='empty'", "takes no 'sede'; the closest is 'seed'"),
        ("'empty'", "takes no positional argument"),
        ("strict='yes'", "takes a bool for 'strict', not 'yes'"),
        ("faults={'operation': '*'}", "takes a list or tuple for 'faults'"),
        ("faults=[{'operaton': '*'}]", "takes faults that name an 'operation', not {'operaton': '*'}"),
        (
            "faults=[{'operation': '*', 'time': 3}]",
            "takes no fault with 'time'; there is operation, kind, status, times",
        ),
        ("profile='life'", "takes no such profile: unknown profile 'life': expected one of documented, live"),
        (
            "profile={'sendgird': 'live'}",
            "takes no such profile: sendgird: unknown provider: expected one of sparkpost, ",
        ),
        ("profile=['live']", "takes a str or Mapping for 'profile'"),
        ("credentials={'sendgird': 'x'}", "takes no credential for 'sendgird'; there is sparkpost, sendgrid, mailgun"),
    ],
)
def test_a_wrong_argument_of_the_marker(run: Run, marker: str, said: str) -> None:
    """It is told before any test runs, under xdist too."""
    text = f"""
def test_other(mockserver):
    pass

@pytest.mark.mockserver({marker})
def test_it(mockserver):
    pass
"""
    result = run(text)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"test_it.py::test_it: @pytest.mark.mockserver {said}*"])
    if "sede" in marker:
        result = run(text, "-n", "1", subprocess=True)
        assert result.ret != 0
        result.stdout.fnmatch_lines([f"test_it.py::test_it: @pytest.mark.mockserver {said}*"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("faults=[{'operation': 'sendgrid.creatIpPool'}]", "*the closest is 'sendgrid.createIpPool'"),
        ("seed='nope.yaml'", "*nope.yaml: *"),
        ("seed={'sendgrind': {}}", "*sendgrind*"),
        ("clock='yesterday'", "*/body/clock/now*"),
        ("profile={'sendgrid': {'switches': {'none': True}}}", "*/body/profile/sendgrid/switches/none*"),
    ],
)
def test_a_marker_that_makes_no_sense(run: Run, marker: str, said: str) -> None:
    """What only the server can judge is an error when the test is set up, in one line."""
    result = run(f"@pytest.mark.mockserver({marker})\ndef test_it(mockserver):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", f"@pytest.mark.mockserver: {said}"], consecutive=True)
    assert not re.search("Traceback|During handling|ControlError", printed(result))


# What fails a test


def test_what_the_server_refuses_a_test(run: Run) -> None:
    """What cannot be done fails at the test's own line, with the server's reason and nothing of the plugin's inside."""
    result = run("""
def test_fault(mockserver):
    mockserver.faults.add("mailgun.createIpPool", kind="truncate", when="before")


def test_clock(mockserver):
    mockserver.clock.freeze("2030-01-01")


def test_seed(mockserver_factory):
    mockserver_factory(seed={"nobody": {}})
""")
    result.assert_outcomes(failed=3)
    assert ">       mockserver.faults.add(" in printed(result)
    assert '400 /body/when: "after" was expected' in printed(result)
    assert ">       mockserver.clock.freeze(" in printed(result)
    assert not re.search("tenant.py|control_client.py|in_process.py|pytest_plugin.py", printed(result))


def test_a_fault_that_never_fired(run: Run) -> None:
    """A planned fault that did not strike as often as planned fails the test, and says how far it came."""
    result = run("""
def test_never(mockserver):
    mockserver.faults.add("sendgrid.createIpPool", status=429)


def test_once_of_two(mockserver):
    mockserver.faults.add("sendgrid.*", kind="drop", times=2)
    with pytest.raises(requests.ConnectionError):
        create(mockserver)


def test_taken_back(mockserver):
    mockserver.faults.add("sendgrid.*", kind="drop").remove()


def test_it_fails_by_itself(mockserver):
    mockserver.faults.add("*")
    raise RuntimeError("its own")


def test_skipped(mockserver):
    mockserver.faults.add("*")
    pytest.skip("for a reason")


@pytest.fixture
def skipping(mockserver):
    mockserver.faults.add("*")
    pytest.skip("for a reason")


def test_skipped_early(skipping):
    pass
""")
    result.assert_outcomes(passed=1, failed=3, skipped=2)
    result.stdout.fnmatch_lines(
        [
            "a planned fault did not fire: <Fault f1: error 429 on sendgrid.createIpPool> fired 0 of 1 times",
            "a planned fault did not fire: <Fault f1: drop on sendgrid.[*]> fired 1 of 2 times",
            "*RuntimeError: its own",
        ]
    )
    assert printed(result).count("did not fire") == 2 + 2  # in full, and in the summary


def test_a_call_to_what_is_not_modelled(run: Run) -> None:
    """A call that got our 501 fails the test, unless the test forgets it."""
    result = run("""
def test_fails(mockserver):
    assert post(mockserver.sendgrid, "/v3/mail/send", json={}).status_code == 501


def test_forgets(mockserver):
    post(mockserver.sendgrid, "/v3/mail/send", json={})
    mockserver.requests.clear()


def test_the_vendors_own_404_does_not(mockserver):
    assert post(mockserver.sendgrid, "/v3/nothing", json={}).status_code == 404
""")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["mockserver does not implement this operation (501): #1 POST /sendgrid/v3/mail/send → 501 (not_implemented)"]
    )


@pytest.mark.crashes
def test_a_crash_and_a_broken_contract(run: Run) -> None:
    """A mistake of ours fails the test and says that it is ours; a crash leaves its traceback in the captured log."""
    result = run("""
from mockserver.providers.sendgrid import responses
from mockserver.providers.sendgrid.rules import classic_pools as rules


def test_crash(mockserver, monkeypatch):
    def crash(*_, **__):
        raise RuntimeError("planted")

    monkeypatch.setattr(rules, "create_pool", crash)
    assert create(mockserver).status_code == 500


def test_misfit(mockserver, monkeypatch):
    monkeypatch.setattr(responses, "pool_name", lambda pool: {"nome": pool.name})
    create(mockserver)
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "mockserver crashed, which is a mistake of its own (its log has the traceback): #1 POST *",
            "*RuntimeError: planted*",
            "mockserver gave an answer that breaks its own contract: #1 POST *",
        ]
    )


def test_strict(run: Run) -> None:
    """With `strict` a request that breaks the provider's contract fails the test; a flag or an ini option for all."""
    text = """
def test_default(mockserver):
    create(mockserver, "")


@pytest.mark.mockserver(strict=True)
def test_strict(mockserver):
    create(mockserver, "")


@pytest.mark.mockserver(strict=False)
def test_lenient(mockserver):
    create(mockserver, "")


@pytest.mark.mockserver(strict=True)
def test_good(mockserver):
    create(mockserver, "good")
"""
    result = run(text)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "the request breaks the contract of sendgrid: #1 POST /sendgrid/v3/ips/pools → 400 (sendgrid.createIpPool)",
            "  /body/name (minLength): ''",
        ]
    )
    run(text, "--mockserver-strict").assert_outcomes(passed=2, failed=2)
    run(text, "-o", "mockserver_strict=true").assert_outcomes(passed=2, failed=2)


def test_what_a_failure_tells(run: Run) -> None:
    """Any failure has a section with the test's requests: what was refused, why, by which source; and nobody else's."""
    result = run("""
def test_before(mockserver):
    create(mockserver, "of another test")


def test_it(mockserver):
    create(mockserver, "fine")
    post(mockserver.sendgrid, "/v3/ips/pools", json={"name": "n" * 65, "colour": "red"})
    mockserver.faults.add("mailgun.listIpPools", status=503)
    requests.get(mockserver.mailgun.url + "/v3/ip_pools?limit=1", auth=mockserver.mailgun.auth)
    requests.get(mockserver.sparkpost.url + "/api/v1/ip-pool", headers=mockserver.sparkpost.headers)
    requests.get(mockserver.sendgrid.url + "/v3/ips/pools", headers={"Authorization": "Bearer wrong"})
    assert "this" == "that"


def test_nothing(mockserver):
    assert not mockserver.sendgrid


def test_no_mockserver():
    raise AssertionError


@pytest.fixture
def failing(mockserver):
    create(mockserver, "in a fixture")
    raise RuntimeError


def test_setup(failing):
    pass
""")
    result.assert_outcomes(passed=1, failed=3, errors=1)
    text = printed(result)
    for line in (
        "#1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)",
        "#2 POST /sendgrid/v3/ips/pools → 400 (sendgrid.createIpPool)",
        '     body: {"name": "' + "n" * 65 + '", "colour": "red"}',
        "     refused: 'needs to be between 2 to 64 characters long' (sendgrid.name_too_long)",
        "     source: assumed: the limit is documented, the wording is that of IP Address Management",
        "     breaks the contract: /body/name (maxLength): '" + "n" * 65 + "'",
        "     nothing read: colour",
        "#3 GET /mailgun/v3/ip_pools?limit=1 → 503 (mailgun.listIpPools)",
        "     refused: 'Service Unavailable' (mailgun.planned, by the planned fault f1)",
        "     nothing read: limit",
        "#4 GET /sparkpost/api/v1/ip-pool → 404 (not_found)",
        "     the closest operation is sparkpost.listIpPools",
        "(1 more came to this server with other credentials, or with none)",
        "none came with this tenant's credentials",
    ):
        assert line in text.splitlines(), line
    assert len(re.findall("mockserver: requests of", text)) == 3
    assert re.search(
        r"not ProviderAccess\(name='sendgrid', url='http://127\.0\.0\.1:\d+/sendgrid', profile='documented'\)$",
        text,
        re.MULTILINE,
    )


# Claims about requests


def test_assert_called(run: Run) -> None:
    """A claim holds when a request has the operation and every value; it returns the requests that fit."""
    result = run("""
from unittest.mock import ANY


def test_it(mockserver):
    create(mockserver, "one")
    create(mockserver, "one")
    made = mockserver.requests
    (first, second) = made.assert_called("sendgrid.createIpPool", times=2, json={"name": "one"})
    made.assert_called("sendgrid.createIpPool", times=1, status=200, error=False)
    made.assert_called("sendgrid.createIpPool", error="name_taken", json={"name": ANY}, headers={"accept": "*/*"})
    made.assert_called("sendgrid.*", method="POST", path="/v3/ips/pools", path_parameters={}, account=None)
    made.assert_called(times=2)
    made.assert_not_called("sendgrid.createIpPool", json={"name": "two"})
    made.assert_not_called("mailgun.*")
    with pytest.raises(AssertionError, match="never, but it was called once"):
        post(mockserver.sparkpost, "/api/v1/ip-pools", json={"name": "more", "signing_domain": "example.com"})
        made.assert_not_called("sparkpost.createIpPool", json={"name": "more"})
    made.assert_not_called("sparkpost.createIpPool", json={"name": "more", "auto_warmup_overflow_pool": "x"})
    assert (first.seq, second.error.message, second.error.kind) == (1, "already exists", "assumed")
    assert made.matching("sendgrid.createIpPool", status=400) == [second]
    assert made[1] == second and first.header("content-type") == "application/json"

    url = mockserver.mailgun.url + "/v3/ip_pools/0?limit=1&limit=2&skip="
    requests.patch(url, auth=mockserver.mailgun.auth, data={"name": "x", "add_ip": ["192.0.2.1", "192.0.2.2"]})
    (edited,) = made.assert_called("mailgun.editIpPool", path_parameters={"pool_id": "0"})
    assert edited.query == {"limit": ["1", "2"], "skip": ""}
    assert edited.form == {"name": "x", "add_ip": ["192.0.2.1", "192.0.2.2"]}
    assert edited.json is None
""")
    result.assert_outcomes(passed=1)


def test_a_claim_that_does_not_hold(run: Run) -> None:
    """The failure shows the claim, how often it was met, and what of the closest request differs."""
    result = run("""
def test_json(mockserver):
    create(mockserver, "wrong")
    requests.get(mockserver.sendgrid.url + "/v3/ips/pools", headers=mockserver.sendgrid.headers)
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1, json={"name": "right"}, status=200)


def test_values(mockserver):
    create(mockserver)
    mockserver.requests.assert_called("sendgrid.listIpPools", status=404, headers={"Accept": "text/html"})


def test_too_often(mockserver):
    create(mockserver, "one")
    create(mockserver, "two")
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1)


def test_called(mockserver):
    create(mockserver)
    mockserver.requests.assert_not_called("sendgrid.createIpPool")


def test_nothing(mockserver):
    mockserver.requests.assert_called("sendgrid.createIpPool")
""")
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: expected sendgrid.createIpPool with json={'name': 'right'}, status=200",
            "E       once, but it was called never",
            "E       closest request: #1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)",
            "E         json (- expected, + got):",
            'E           -   "name": "right"',
            'E           +   "name": "wrong"',
            "E         operation: expected sendgrid.listIpPools, got sendgrid.createIpPool",
            "E         status: expected 404, got 200",
            "E         header Accept: expected 'text/html', got '[*]/[*]'",
            "E       once, but it was called twice",
            "E         #1 POST *",
            "E         #2 POST *",
            "E       AssertionError: expected sendgrid.createIpPool",
            "E       never, but it was called once",
            "E       at least once, but it was called never",
            "E       no other request was made with this tenant's credentials",
        ]
    )
    assert "mockserver/testing/requests.py" not in printed(result).replace("\\", "/")  # its frames are of no interest


def test_a_claim_that_cannot_be_made(run: Run) -> None:
    """A misspelt operation or value is a mistake of the test, not a claim that holds."""
    result = run("""
def test_it(mockserver):
    with pytest.raises(ValueError, match="no operation 'sendgrid.creatIpPool'; the closest is 'sendgrid.createIpPool'"):
        mockserver.requests.assert_not_called("sendgrid.creatIpPool")
    with pytest.raises(TypeError, match="a request has no 'boddy' to compare; there is method, path"):
        mockserver.requests.assert_not_called("sendgrid.createIpPool", boddy={})
""")
    result.assert_outcomes(passed=1)


def test_a_claim_about_requests_that_are_gone(run: Run) -> None:
    """When the journal has dropped requests, nobody can say how many there were: no such claim holds."""
    result = run("""
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(request_log_size=2)


def test_it(mockserver):
    for number in range(3):
        create(mockserver, f"pool {number}")
    mockserver.requests.assert_called("sendgrid.createIpPool", json={"name": "pool 2"})
    for claim in ({"times": 2}, {"times": 0, "json": {"name": "pool 0"}}):
        with pytest.raises(AssertionError, match="1 older requests were dropped, so nobody knows"):
            mockserver.requests.assert_called("sendgrid.createIpPool", **claim)
    mockserver.requests.clear()
    mockserver.requests.assert_not_called()
""")
    result.assert_outcomes(passed=1)


# Several tenants, wider scopes


def test_several_tenants(run: Run) -> None:
    """A tenant lives as long as the fixture or the test that opened it, and is judged with it."""
    result = run("""
@pytest.fixture(scope="module")
def shared(mockserver_factory):
    tenant = mockserver_factory()
    tenant.faults.add("sendgrid.createIpPool", status=500)
    tenant.faults.add("sendgrid.listIpPools", status=500)
    return tenant


@pytest.fixture
def own(mockserver_factory):
    return mockserver_factory(seed="empty")


def open_tenants(mockserver_server):
    return len(mockserver_server.client.request("GET", "tenants")["tenants"])


def test_one(shared, own, mockserver, mockserver_server, mockserver_factory):
    tenants = {tenant.id for tenant in (shared, own, mockserver, mockserver_factory())}
    assert len(tenants) == open_tenants(mockserver_server) == 4


def test_two(shared, mockserver_server):
    assert open_tenants(mockserver_server) == 1
    assert create(shared).status_code == 500
    create(shared, "stays")


def test_three(shared):
    post(shared.sendgrid, "/v3/mail/send", json={})


def test_four(shared, mockserver_factory):
    assert "stays" in str(shared.state())
    with mockserver_factory() as tenant:
        tenant.faults.add("*")
    with pytest.raises(RuntimeError), mockserver_factory() as tenant:
        tenant.faults.add("*")
        raise RuntimeError


def test_five():
    pass
""")
    result.assert_outcomes(passed=3, failed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_five*",
            "a planned fault did not fire: <Fault f2: error 500 on sendgrid.listIpPools> fired 0 of 1 times",
            "*test_three*",
            "mockserver does not implement this operation (501): #3 POST *",
            "[#]3 POST /sendgrid/v3/mail/send → 501 (not_implemented)",
            "*test_four*",
            "a planned fault did not fire: <Fault f1: error 503 on [*]> fired 0 of 1 times",
        ]
    )


def test_a_wrong_argument_of_a_tenant(run: Run) -> None:
    """A tenant is not opened with an argument that there is not: nothing is left out silently."""
    result = run("""
def test_it(mockserver_factory, mockserver_server):
    with pytest.raises(TypeError, match="'sede'; the closest is 'seed'"):
        mockserver_factory(sede="empty")
    assert mockserver_server.client.request("GET", "tenants")["tenants"] == []
""")
    result.assert_outcomes(passed=1)


# The server


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
    with pytest.raises(RuntimeError, match="is not in this process"):
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


def test_attaching_to_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL that is none stops the run; a server that is not there is told by each test, after one wait for all."""
    text = "def test_one(mockserver):\n    pass\ndef test_two(mockserver):\n    pass\n"
    result = run(text, "--mockserver-url", "localhost:8080", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: mockserver: 'localhost:8080' is no http:// or https:// URL with a host"])
    monkeypatch.setattr("mockserver.pytest_plugin.WAIT", 0.2)
    result = run(text, "--mockserver-url", "http://127.0.0.1:1")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*no answer from http://127.0.0.1:1: Connection refused"])


# In process


def test_without_a_socket(run: Run) -> None:
    """httpx, its successor and requests reach the server without a socket; faults are their own connection errors."""
    result = run("""
import asyncio

import httpx
import httpx2
from unittest.mock import ANY


@pytest.fixture(autouse=True)
def no_socket(monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_httpx(mockserver, library):
    access = mockserver.sendgrid
    transport = mockserver.wsgi_transport(library)
    with library.Client(transport=transport, base_url=access.url, auth=access.auth) as client:
        answer = client.post("/v3/ips/pools", json={"name": "a/ü"})
        assert (answer.status_code, answer.json(), answer.reason_phrase) == (200, {"name": "a/ü"}, "OK")
        assert client.get("/v3/ips/pools/a%2F%C3%BC").json() == {"ips": [], "pool_name": "a/ü"}
        assert client.post("/v3/ips/pools", content=iter([b'{"name":', b'"two"}'])).status_code == 200
        for kind in ("drop", "truncate"):
            mockserver.faults.add("*", kind=kind)
            with pytest.raises(library.RemoteProtocolError):
                client.get("/v3/ips/pools")

    async def ask():
        async with library.AsyncClient(transport=transport, base_url=access.url, auth=access.auth) as client:
            answers = await asyncio.gather(*(client.get("/v3/ips/pools") for _ in range(3)))
            return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [200, 200, 200]


def test_requests(mockserver):
    access = mockserver.sendgrid
    with requests.Session() as session:
        session.mount(mockserver.url, mockserver.wsgi_adapter())
        session.auth = access.auth
        answer = session.post(access.url + "/v3/ips/pools", json={"name": "a/ü"})
        assert (answer.status_code, answer.json(), answer.reason) == (200, {"name": "a/ü"}, "OK")
        assert session.get(access.url + "/v3/ips/pools/a%2Fü").json() == {"ips": [], "pool_name": "a/ü"}
        assert session.post(access.url + "/v3/ips/pools", data=iter([b'{"name":', b'"two"}'])).status_code == 200
        assert session.post(access.url + "/v3/ips/pools", json={"name": "two"}).reason == "BAD REQUEST"
        mockserver.faults.add("*", kind="drop")
        with pytest.raises(requests.ConnectionError):
            session.get(access.url + "/v3/ips/pools")
        mockserver.faults.add("*", kind="truncate")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(access.url + "/v3/ips/pools")


def test_werkzeug(mockserver_server, mockserver):
    from werkzeug.test import Client

    app = mockserver_server.app
    for client in (app.test_client(), Client(app)):
        assert client.get("/sendgrid/v3/ips/pools", headers=mockserver.sendgrid.headers).status_code == 200


def test_no_server_at_all():
    from mockserver import InProcessClient, Server, create_app, run_server

    with run_server() as server, server.create_tenant() as sandbox:
        assert server.app and sandbox.url == server.url
    with Server(InProcessClient(create_app())) as sandboxes, sandboxes.create_tenant() as sandbox:
        with httpx.Client(transport=sandbox.wsgi_transport(), auth=sandbox.mailgun.auth) as client:
            assert client.get(sandbox.mailgun.url + "/v3/ip_pools").status_code == 200
        sandbox.faults.add("*")
        with pytest.raises(AssertionError, match="a planned fault did not fire"):
            sandbox.check()
""")
    result.assert_outcomes(passed=5)


# Coverage


COVERED = """
@pytest.mark.parametrize("number", range(4))
def test_it(mockserver, number):
    create(mockserver, "one")
    create(mockserver, "one")
    requests.get(mockserver.mailgun.url + "/v3/ip_pools/none", auth=mockserver.mailgun.auth)
    requests.get(mockserver.mailgun.url + "/v3/ip_pools", auth=("api", "wrong"))
    mockserver.requests.clear()
"""


@pytest.mark.slow
def test_coverage(run: Run, pytester: pytest.Pytester) -> None:
    """The end of a run tells what it met of each provider, and what it never saw; also under xdist, and in files."""
    files = ["--mockserver-coverage-report", "out/all.json", "--mockserver-coverage-report", "out/all.md"]
    reports = []
    for arguments in ([], ["-n", "2"]):
        result = run(COVERED, "--mockserver-coverage", *files, *arguments, subprocess=bool(arguments))
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines(
            [
                "*mockserver coverage*",
                "sparkpost  operations *0/* ░░░*   0%   errors *0/*",
                "sendgrid   operations *1/* ░░░*%   errors *1/*",
                "mailgun    operations *2/*%   errors *2/*",
                "sparkpost: never called",
                "sendgrid: operations never called:",
                "  listIpPools, getIpPool, *",
                "sendgrid: documented errors never returned:",
                "  pool_not_found, *",
                "mailgun: operations that always failed:",
                "  listIpPools, getIpPool",
                "written to out/all.json",
            ]
        )
        reports.append((pytester.path / "out/all.json").read_text("utf-8"))
    assert reports[0] == reports[1]
    report = json.loads(reports[0])["providers"]
    assert report["sendgrid"]["operations"]["sendgrid.createIpPool"] == {
        "method": "POST", "path": "/v3/ips/pools", "called": 8, "failed": 4
    }  # fmt: skip
    assert report["sendgrid"]["errors"]["sendgrid.name_taken"]["returned"] == 4
    assert report["mailgun"]["errors"]["mailgun.unauthorized"]["returned"] == 4
    assert report["sparkpost"]["operations"]["sparkpost.listIpPools"]["called"] == 0
    assert not [name for name in report["sendgrid"]["errors"] if "not_implemented" in name]
    page = (pytester.path / "out/all.md").read_text("utf-8")
    assert "| sendgrid | 1/36 | ░░░" in page
    assert "- `sendgrid.listIpPools` `GET /v3/ips/pools`" in page


def test_coverage_of_nothing(run: Run) -> None:
    """A run that used no mockserver is told so by zeros, and none is started for it."""
    result = run("def test_it():\n    pass\n", "--mockserver-coverage")
    result.stdout.fnmatch_lines(["sparkpost  operations    0/14 *"])
    assert "operations     1/8" not in printed(run("def test_it():\n    pass\n"))


@pytest.mark.slow
def test_coverage_of_a_worker_that_died(run: Run) -> None:
    """What a process that died had covered is missing, and the summary says so."""
    text = COVERED + "\ndef test_dies(mockserver):\n    import os\n    os._exit(1)\n"
    result = run(text, "--mockserver-coverage", "-n", "2", subprocess=True)
    result.stdout.fnmatch_lines(["1 processes of the run died, and what they covered is missing"])


# With other plugins, and by itself


@pytest.mark.slow
def test_xdist(run: Run) -> None:
    """Each process of a run has a server of its own."""
    result = run("""
import os


@pytest.mark.parametrize("number", range(4))
def test_it(mockserver, number, tmp_path_factory):
    create(mockserver)
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1)
    folder = tmp_path_factory.getbasetemp().parent
    (folder / os.environ["PYTEST_XDIST_WORKER"]).write_text(mockserver.url)


def test_apart(mockserver, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp().parent
    others = {file.read_text() for file in folder.glob("gw?") if file.name != os.environ["PYTEST_XDIST_WORKER"]}
    assert mockserver.url not in others
""", "-n", "2", subprocess=True)  # fmt: skip
    result.assert_outcomes(passed=5)


@pytest.mark.slow
def test_randomly_and_asyncio(run: Run) -> None:
    """It works with pytest-randomly, asyncio tests and fixtures, and unittest's classes."""
    result = run(
        """
import unittest

import httpx


@pytest.fixture
async def client(mockserver):
    async with httpx.AsyncClient(base_url=mockserver.sendgrid.url, auth=mockserver.sendgrid.auth) as client:
        yield client


async def test_async(client, mockserver):
    assert (await client.get("/v3/ips/pools")).status_code == 200
    mockserver.requests.assert_called("sendgrid.listIpPools", times=1)


async def test_async_fails(mockserver):
    mockserver.faults.add("*")


class TestOld(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def tenant(self, mockserver):
        self.mockserver = mockserver

    def test_passes(self):
        self.assertEqual(create(self.mockserver).status_code, 200)

    def test_fails(self):
        self.mockserver.faults.add("*")
""",
        *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
        subprocess=True,
        others=True,
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*--randomly-seed=*"])


@pytest.mark.slow
def test_nothing_is_left(run: Run) -> None:
    """After a run there is no thread, no socket and no tenant more than before."""
    result = run(
        """
import gc
import os
import threading
import warnings

from mockserver import pytest_plugin

SEEN = []


def sockets():
    gc.collect()
    return sum(os.readlink(f"/proc/self/fd/{fd}").startswith("socket:") for fd in os.listdir("/proc/self/fd")
               if os.path.exists(f"/proc/self/fd/{fd}"))


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    threads, before = threading.active_count(), sockets()
    yield
    assert (threading.active_count(), sockets()) == (threads, before)
    (server,) = SEEN
    assert len(server.app.extensions["mockserver"].store) == 0


@pytest.mark.parametrize("number", range(10))
def test_it(mockserver, number, mockserver_server):
    create(mockserver)
    SEEN[:] = [mockserver_server]
    assert threading.active_count() > 1
""",
        "-W",
        "error::pytest.PytestUnraisableExceptionWarning",
        subprocess=True,
    )
    result.assert_outcomes(passed=10)


# What goes wrong around it


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
    assert "breaks the contract: /body (required): {'ips': [0, 1, 2" in printed(result)
    assert not re.search(r"breaks the contract: .* 999\]", printed(result))


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
    result.stdout.fnmatch_lines(["mockserver: the requests of t1 cannot be judged: * 404 No tenant is named 't1'."])
    result = run("OWN = False" + text)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([">       assert OWN"])
    assert "cannot be judged" not in printed(result)


def test_a_server_that_goes(run: Run) -> None:
    """When the server that is attached to goes, a test's own failure is still told, and others fail by the reason."""
    with start() as server:
        result = run(
            """
import gc


@pytest.fixture(scope="module")
def shared(mockserver_factory):
    return mockserver_factory()


def test_it(mockserver, shared):
    servers = [each for each in gc.get_objects() if type(each).__name__ == "HttpServer" and hasattr(each, "app")]
    (server,) = [each for each in servers if each.url == mockserver.url]
    server.close()
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
    result.stdout.fnmatch_lines(["mockserver: no answer from http*", "E       RuntimeError: of its own"])
    assert "pytest.mark.mockserver" not in printed(result)


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
    result.stdout.fnmatch_lines(["mockserver_config is another one for this test than for the server*"])


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


def test_requests_that_were_forgotten(run: Run) -> None:
    """What a test forgot is not taken for requests with other credentials; those are still counted."""
    result = run("""
def test_forgets(mockserver):
    create(mockserver, "one")
    mockserver.requests.clear()
    create(mockserver, "two")
    mockserver.reset()
    assert create(mockserver, "three").status_code == 500


def test_strangers(mockserver):
    pools = mockserver.sendgrid.url + "/v3/ips/pools"
    requests.get(pools, headers={"Authorization": "Bearer SG." + 22 * "x" + "." + 43 * "y"})
    requests.get(pools)
    assert False
""")
    result.assert_outcomes(failed=2)
    assert re.findall(r"\((\d) more came", printed(result)) == ["2"]


def test_a_report_that_cannot_be_written(run: Run, pytester: pytest.Pytester) -> None:
    """A file of the coverage that cannot be written is told of, and the rest of the run's end is as ever."""
    result = run("def test_it(mockserver):\n    pass", "--mockserver-coverage-report", str(pytester.path))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["NOT written to *: Is a directory"])


def test_it_costs_nothing_until_it_is_used(tmp_path: Path) -> None:
    """The plugin imports nothing of the server, nor of its libraries, before a test asks for a tenant."""
    (tmp_path / "test_it.py").write_text("""
import sys

HEAVY = {"flask", "marshmallow", "werkzeug", "yaml", "jsonschema_rs", "waitress", "urllib.request", "http.client"}
OURS = {"mockserver", "mockserver.pytest_plugin"}


def test_one():
    assert not HEAVY & set(sys.modules)
    assert {name for name in sys.modules if name.partition(".")[0] == "mockserver"} == OURS


def test_two(mockserver):
    assert {"flask", "marshmallow", "waitress"} <= set(sys.modules)
""")
    arguments = ["-p", "mockserver.pytest_plugin", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_help(run: Run) -> None:
    """Every option, ini option, marker and fixture is explained."""
    text = printed(run("", "--help"))
    for name in ("--mockserver-url", "--mockserver-strict", "--mockserver-coverage-report", "mockserver_seed (string)"):
        assert name in text
    assert "@pytest.mark.mockserver(seed=..., profile=..., clock=..., faults=" in printed(run("", "--markers"))
    fixtures = printed(run("", "--fixtures"))
    for name in ("mockserver", "mockserver_server", "mockserver_factory", "mockserver_config"):
        assert re.search(rf"^{name}( \[session scope\])? -- .*\n    \w", fixtures, re.MULTILINE), name


def test_more_requests_than_the_journal_keeps(run: Run) -> None:
    """A request that was dropped unjudged fails its test: nobody can say what it was."""
    result = run("""
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(request_log_size=2)


def test_fails(mockserver):
    post(mockserver.sendgrid, "/v3/mail/send", json={})
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
    result.stdout.fnmatch_lines(["1 requests were dropped before they could be judged: *"])


def test_tenants_by_other_ways(run: Run) -> None:
    """A tenant opened by the server itself is judged, one that was reset is told of, one opened late is closed."""
    result = run("""
@pytest.fixture(scope="module")
def shared(mockserver_factory):
    return mockserver_factory()


def test_by_the_server(mockserver_server):
    post(mockserver_server.create_tenant().sendgrid, "/v3/mail/send", json={})


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


@pytest.mark.slow
def test_coverage_without_a_terminal(run: Run, pytester: pytest.Pytester) -> None:
    """The report is written where nothing is printed, and not where tests are only collected."""
    run(COVERED, "-p", "no:terminal", "--mockserver-coverage-report", "c.json", subprocess=True)
    assert json.loads((pytester.path / "c.json").read_text("utf-8"))["schema_version"] == 1
    result = run(COVERED, "--collect-only", "--mockserver-coverage", "--mockserver-coverage-report", "d.json")
    assert "mockserver coverage" not in printed(result)
    assert not (pytester.path / "d.json").exists()
