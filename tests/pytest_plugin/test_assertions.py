"""Assertions about requests."""

from __future__ import annotations

import re

from .runs import Run, printed


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
    with pytest.raises(AssertionError, match="expected 0 calls, got 1"):
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


def test_failed_assertion_lists_the_requests(run: Run) -> None:
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
            "E       AssertionError: sendgrid.createIpPool with json={'name': 'right'}, status=200",
            "E       expected 1 call, got 0",
            "E       closest request: #1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)",
            "E         json (- expected, + got):",
            'E           -   "name": "right"',
            'E           +   "name": "wrong"',
            "E         operation: expected sendgrid.listIpPools, got sendgrid.createIpPool",
            "E         status: expected 404, got 200",
            "E         header Accept: expected 'text/html', got '[*]/[*]'",
            "E       expected 1 call, got 2",
            "E         #1 POST *",
            "E         #2 POST *",
            "E       AssertionError: sendgrid.createIpPool",
            "E       expected 0 calls, got 1",
            "E       expected at least 1 call, got 0",
            "E       no other requests to a provider with this tenant's credentials",
        ]
    )
    assert "mockserver/testing/requests.py" not in printed(result).replace("\\", "/")  # its frames are of no interest


def test_invalid_assertion_is_an_error(run: Run) -> None:
    """A misspelt operation or value is a mistake of the test, not a claim that holds."""
    result = run("""
def test_it(mockserver):
    with pytest.raises(ValueError, match="'sendgrid.creatIpPool'; did you mean 'sendgrid.createIpPool'"):
        mockserver.requests.assert_not_called("sendgrid.creatIpPool")
    with pytest.raises(TypeError, match="unexpected argument 'boddy': expected one of method, path"):
        mockserver.requests.assert_not_called("sendgrid.createIpPool", boddy={})
""")
    result.assert_outcomes(passed=1)


def test_assertion_about_dropped_requests_fails(run: Run) -> None:
    """Of dropped requests the operations are counted; what else they had is unknown: every such assertion fails."""
    result = run("""
from mockserver import Config


@pytest.fixture(scope="session")
def mockserver_config():
    return Config(request_log_size=2)


def test_it(mockserver):
    for number in range(3):
        create(mockserver, f"pool {number}")
    mockserver.requests.assert_called("sendgrid.createIpPool", json={"name": "pool 2"})
    mockserver.requests.assert_called("sendgrid.createIpPool", times=3)
    for claim in ({"times": 2, "status": 200}, {"times": 0, "json": {"name": "pool 0"}}):
        with pytest.raises(AssertionError, match="the count is incomplete: 1 older requests were dropped"):
            mockserver.requests.assert_called("sendgrid.createIpPool", **claim)
    mockserver.requests.clear()
    mockserver.requests.assert_not_called()
""")
    result.assert_outcomes(passed=1)


def test_requests_that_were_forgotten(run: Run) -> None:
    """What a test forgot is not taken for requests with other credentials; those are still counted."""
    result = run("""
def test_forgets(mockserver):
    create(mockserver, "one")
    mockserver.requests.clear()
    create(mockserver, "two")
    mockserver.reset()
    assert create(mockserver, "three").status_code == 500


def test_unmatched(mockserver):
    pools = mockserver.sendgrid.url + "/v3/ips/pools"
    requests.get(pools, headers={"Authorization": "Bearer SG." + 22 * "x" + "." + 43 * "y"})
    requests.get(pools)
    assert False
""")
    result.assert_outcomes(failed=2)
    assert re.findall(r"\((\d) more requests", printed(result)) == ["1"]


def test_usual_assertions(run: Run) -> None:
    """Those of mocks, for all requests and for those to a provider, whose operations need no prefix there."""
    result = run("""
def test_it(mockserver):
    sendgrid, made = mockserver.sendgrid, mockserver.requests
    made.assert_not_called()
    for view in (made, sendgrid.requests):
        assert (view.call_count, len(view), repr(view)) == (0, 0, "[]")
        with pytest.raises(IndexError, match="no requests"):
            view.last
    create(mockserver, "one")
    (request,) = made.assert_called_once("sendgrid.createIpPool", json={"name": "one"})
    assert request == made.last == sendgrid.requests.last
    assert repr(request) == "<Request #1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)>"
    requests.get(mockserver.mailgun.url + "/v3/ip_pools", auth=mockserver.mailgun.auth)
    assert [each.provider for each in sendgrid.requests] == ["sendgrid"]
    assert (made.call_count, sendgrid.requests.call_count, mockserver.sparkpost.requests.call_count) == (2, 1, 0)
    assert (made.last.provider, sendgrid.requests.last.provider) == ("mailgun", "sendgrid")
    sendgrid.requests.assert_called_once()
    sendgrid.requests.assert_called_once("createIpPool", status=200)
    sendgrid.requests.assert_called_once("sendgrid.createIpPool")
    sendgrid.requests.assert_not_called("deleteIpPool")
    mockserver.sparkpost.requests.assert_not_called()
    assert sendgrid.requests.matching("createIpPool") == [request]
    with pytest.raises(AssertionError, match="expected 1 call, got 2"):
        made.assert_called_once()
    with pytest.raises(AssertionError, match="expected 1 call, got 0"):
        sendgrid.requests.assert_called_once("createIpPool", status=400)
    with pytest.raises(AssertionError, match="no other requests to sparkpost with this tenant's credentials"):
        mockserver.sparkpost.requests.assert_called()
    with pytest.raises(ValueError, match="expected an operation of sendgrid, got 'mailgun.listIpPools'"):
        sendgrid.requests.assert_not_called("mailgun.listIpPools")
    assert repr(sendgrid.requests) == repr([request])
    for number in range(11):
        create(mockserver, str(number))
    assert repr(sendgrid.requests).startswith("[… 2 older, <Request #4 POST ")
    made.clear()
    assert (made.call_count, sendgrid.requests.call_count) == (0, 0)
    fault, stub = mockserver.faults.add("*"), mockserver.stubs.add("sendgrid", "GET", "/v3/templates")
    assert (repr(mockserver.faults), repr(mockserver.stubs)) == (repr([fault]), repr([stub]))
    mockserver.faults.clear()
    mockserver.close()
    assert "No tenant is named 't1'" in repr(made)


def test_shown(mockserver):
    create(mockserver)
    assert not mockserver.sendgrid.requests


@pytest.fixture(scope="session")
def mockserver_config():
    from mockserver import Config

    return Config(request_log_size=13)


def test_dropped(mockserver):
    create(mockserver)
    mockserver.requests.clear()
    for number in range(14):
        create(mockserver, str(number))
    requests.get(mockserver.mailgun.url + "/v3/ip_pools", auth=mockserver.mailgun.auth)
    assert (mockserver.requests.call_count, mockserver.sendgrid.requests.call_count) == (15, 14)
    mockserver.mailgun.requests.assert_called_once("listIpPools", status=200)
""")
    result.assert_outcomes(passed=2, failed=1)
    assert "assert not [<Request #1 POST /sendgrid/v3/ips/pools → 200 (sendgrid.createIpPool)>]" in printed(result)
