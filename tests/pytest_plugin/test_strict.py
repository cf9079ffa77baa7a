"""What fails a test: strict mode, faults that were not applied, crashes, violations."""

from __future__ import annotations

import re

import pytest

from .runs import Run, printed


def test_server_error_fails_the_test(run: Run) -> None:
    """What cannot be done fails at the test's own line, with the server's reason and nothing of the plugin's inside."""
    result = run("""
def test_fault(mockserver):
    mockserver.faults.add("mailgun.createIpPool", kind="truncate", when="before")


def test_clock(mockserver):
    mockserver.clock.freeze("2030-01-01")


def test_seed(mockserver_factory):
    mockserver_factory(seed={"unknown": {}})
""")
    result.assert_outcomes(failed=3)
    assert ">       mockserver.faults.add(" in printed(result)
    assert 'when: "after" was expected' in printed(result)
    assert ">       mockserver.clock.freeze(" in printed(result)
    assert not re.search("tenant.py|control_client.py|in_process.py|pytest_plugin.py", printed(result))


def test_a_fault_that_never_fired(run: Run) -> None:
    """A planned fault that was not applied as often as planned fails the test; the message has the count."""
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
            "unused planned fault: <Fault f1: error 429 on sendgrid.createIpPool> applied 0 of 1 times",
            "unused planned fault: <Fault f1: drop on sendgrid.[*]> applied 1 of 2 times",
            "*RuntimeError: its own",
        ]
    )
    assert printed(result).count("unused planned fault") == 2 + 2  # in full, and in the summary


def test_fault_as_a_context_manager(run: Run) -> None:
    """It is deleted at the end, whether or not it was applied; its progress can still be read."""
    result = run("""
def test_it(mockserver):
    with mockserver.faults.add("sendgrid.createIpPool", error="too_many_pools", times=2) as fault:
        assert repr(fault) == "<Fault f1: error 400 too_many_pools on sendgrid.createIpPool>"
        assert create(mockserver).json()["errors"][0]["message"] == "100 pools limit has been reached"
    assert create(mockserver).ok
    assert (fault.applied, fault.remaining, fault.completed) == (1, 1, False)
    with mockserver.faults.add("*", status=502, headers={"Content-Type": "text/html"}, body="<h1>Bad Gateway</h1>"):
        assert create(mockserver).text == "<h1>Bad Gateway</h1>"
    with mockserver.faults.add("*"):
        mockserver.reset()


def test_wrong_name(mockserver):
    mockserver.faults.add("mailgun.createIpPool", error="too_many_pools")


@pytest.mark.mockserver(faults=[{"operation": "sendgrid.createIpPool", "error": "name_taken", "headers": {"X-A": "b"}}])
def test_marker(mockserver):
    assert create(mockserver).headers["X-A"] == "b"
""")
    result.assert_outcomes(passed=2, failed=1)
    assert "mailgun.createIpPool does not return this error: expected one of feature_disabled, " in printed(result)


def test_operation_not_implemented_fails_the_test(run: Run) -> None:
    """Any operation of the specifications, strict or not, unless the test clears the request log."""
    result = run("""
def test_fails(mockserver):
    assert post(mockserver.sendgrid, "/v3/mail/batch", json={}).status_code == 501


@pytest.mark.mockserver(strict=False)
def test_fails_without_strict(mockserver):
    assert post(mockserver.sendgrid, "/v3/templates", json={}).status_code == 501


def test_forgets(mockserver):
    post(mockserver.sendgrid, "/v3/mail/batch", json={})
    mockserver.requests.clear()


def test_the_vendors_own_404_does_not(mockserver):
    assert post(mockserver.sendgrid, "/v3/nothing", json={}).status_code == 404
""")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            f"mockserver does not implement this operation (501): #1 POST /sendgrid{path} → 501 (not_implemented)"
            for path in ("/v3/mail/batch", "/v3/templates")
        ]
    )


def test_stubbed_operation_does_not_fail_the_test(run: Run) -> None:
    """In strict mode neither; the report of another failure names the stub."""
    result = run(
        """
def test_stub(mockserver):
    stub = mockserver.stubs.add("sendgrid", "GET", "/v3/templates/{id}", json={"id": "d-1"})
    url = mockserver.sendgrid.url + "/v3/templates/d-1"
    assert requests.get(url, headers=mockserver.sendgrid.headers).json() == {"id": "d-1"}
    assert repr(stub) == "<Stub s1: 200 for GET /sendgrid/v3/templates/{id}>"
    assert [each.path for each in mockserver.stubs] == ["/v3/templates/{id}"]
    with mockserver.stubs.add("sendgrid", "POST", "/v3/templates", status=202):
        assert post(mockserver.sendgrid, "/v3/templates").status_code == 202
    assert len(mockserver.stubs) == 1
    assert mockserver.requests[-1].stub == "s2"
    stub.remove()
    mockserver.stubs.clear()


@pytest.mark.mockserver(stubs=[{"provider": "sendgrid", "method": "POST", "path": "/v3/mail/batch", "status": 202}])
def test_marker(mockserver):
    assert post(mockserver.sendgrid, "/v3/mail/batch", json={}).status_code == 202
    assert False


def test_implemented(mockserver):
    mockserver.stubs.add("sendgrid", "GET", "/v3/ips/pools")
""",
        "--mockserver-strict",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "[#]1 POST /sendgrid/v3/mail/batch → 202 (stub s1)",
            "*path: sendgrid.listIpPools is implemented: plan a fault for another response",
        ]
    )


def test_requests_are_judged_when_they_come(run: Run) -> None:
    """Also those that the request log has dropped; the correct ones pass, however many they are."""
    result = run(
        """
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(request_log_size=5)


def read(mockserver, times=20):
    access = mockserver.sendgrid
    with requests.Session() as session:
        session.headers.update(access.headers)
        session.mount(mockserver.url, mockserver.wsgi_adapter())
        for _ in range(times):
            session.get(access.url + "/v3/ips/pools")


def test_good(mockserver):
    read(mockserver)
    create(mockserver)
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1)
    mockserver.requests.assert_called("sendgrid.listIpPools", times=20)
    mockserver.requests.assert_called(times=21)
    with pytest.raises(AssertionError, match="expected 19 calls, got 20"):
        mockserver.requests.assert_called("sendgrid.listIpPools", times=19)
    with pytest.raises(AssertionError, match="the count is incomplete: 16 older requests were dropped"):
        mockserver.requests.assert_called("sendgrid.listIpPools", times=4, status=200)
    mockserver.requests.clear()
    read(mockserver, 6)
    mockserver.requests.assert_called(times=6)
    mockserver.requests.assert_not_called("sendgrid.createIpPool")


def test_violation(mockserver):
    create(mockserver, "")
    read(mockserver)


def test_not_implemented(mockserver):
    post(mockserver.sendgrid, "/v3/templates", json={})
    read(mockserver)


def test_cleared(mockserver):
    create(mockserver, "")
    mockserver.requests.clear()
    read(mockserver)


@pytest.mark.mockserver(strict=False)
def test_strict_too_late(mockserver):
    mockserver.strict = True
    read(mockserver)
""",
        "--mockserver-strict",
    )
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "request violates the OpenAPI document of sendgrid: #1 POST /sendgrid/v3/ips/pools → 400 *",
            "  /body/name (minLength): ''",
            "mockserver does not implement this operation (501): #1 POST /sendgrid/v3/templates → 501 *",
            "15 requests were dropped from the request log before they were checked: *",
        ]
    )


@pytest.mark.slow
def test_five_thousand_correct_requests_pass(run: Run) -> None:
    result = run(
        """
def test_good(mockserver):
    access = mockserver.sendgrid
    with requests.Session() as session:
        session.headers.update(access.headers)
        for _ in range(5_000):
            session.get(access.url + "/v3/ips/pools")
    mockserver.requests.assert_called("sendgrid.listIpPools", times=5_000)
""",
        "--mockserver-strict",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.crashes
def test_a_crash_and_a_broken_contract(run: Run) -> None:
    """Both fail the test as mistakes of mockserver; the traceback of a crash is in the captured log."""
    result = run("""
from mockserver.providers.sendgrid import responses
from mockserver.providers.sendgrid.rules import classic_pools as rules


def test_crash(mockserver, monkeypatch):
    def crash(*_, **__):
        raise RuntimeError("planted")

    monkeypatch.setattr(rules, "create_pool", crash)
    assert create(mockserver).status_code == 500


def test_response_violation(mockserver, monkeypatch):
    monkeypatch.setattr(responses, "pool_name", lambda pool: {"nome": pool.name})
    create(mockserver)
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "mockserver crashed on a request (its log has the traceback): #1 POST *",
            "*RuntimeError: planted*",
            "response violates the OpenAPI document, a bug in mockserver: #1 POST *",
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
            "request violates the OpenAPI document of sendgrid: #1 POST /sendgrid/v3/ips/pools → 400 *",
            "  /body/name (minLength): ''",
        ]
    )
    run(text, "--mockserver-strict").assert_outcomes(passed=2, failed=2)
    run(text, "-o", "mockserver_strict=true").assert_outcomes(passed=2, failed=2)


def test_failure_report_lists_the_requests(run: Run) -> None:
    """Any failure has a section with the test's requests: errors with reason and source, and no requests of others."""
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
        "     error: 'needs to be between 2 to 64 characters long' (sendgrid.name_too_long)",
        "     source: assumed: the limit is documented, the wording is that of IP Address Management",
        "     violates the OpenAPI document: /body/name (maxLength): '" + "n" * 65 + "'",
        "     unused fields: colour",
        "#3 GET /mailgun/v3/ip_pools?limit=1 → 503 (mailgun.listIpPools)",
        "     error: 'Service Unavailable' (mailgun.planned, planned fault f1)",
        "     unused fields: limit",
        "#4 GET /sparkpost/api/v1/ip-pool → 404 (not_found)",
        "     closest operation: sparkpost.listIpPools",
        "GET /sendgrid/v3/ips/pools → 401: its key does not look like a SendGrid key (SG.22.43: 'SG.', 22 characters, "
        "a dot, 43 characters); --unknown-credentials any accepts it",
        "no requests to a provider with this tenant's credentials",
    ):
        assert line in text.splitlines(), line
    assert len(re.findall("mockserver: requests of", text)) == 3
    assert re.search(
        r"not ProviderAccess\(name='sendgrid', profile='documented', region='global'\)$", text, re.MULTILINE
    )
