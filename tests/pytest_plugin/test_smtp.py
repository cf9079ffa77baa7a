"""SMTP of the fixture: on request, without a cost for tests that do not ask for it."""

from __future__ import annotations

import pytest

from mockserver.server import start
from mockserver.smtp.server import SmtpServer

from .runs import Run

SENDS = """
import smtplib


@pytest.mark.parametrize("name", ["sparkpost", "sendgrid", "mailgun"])
def test_each(mockserver, name):
    access = getattr(mockserver, name).smtp
    with access.connect() as client:
        assert client.sendmail("a@example.com", ["b@example.com"], "Subject: hello\\r\\n\\r\\ntext\\r\\n") == {}
    with smtplib.SMTP(access.host, access.port, timeout=20) as client:
        client.login(access.user, access.password)
        assert client.sendmail("a@example.com", ["b@example.com"], "Subject: hello\\r\\n\\r\\ntext\\r\\n") == {}
    assert access.password not in repr(access)
    mockserver.requests.assert_called(f"{name}.smtpData", times=2)
    messages = mockserver.state()[name]["outbox"]["messages"]
    assert [each["subject"] for each in messages] == ["hello", "hello"]


def test_fault(mockserver):
    mockserver.faults.add("sendgrid.smtpData", status=452)
    with mockserver.sendgrid.smtp.connect() as client:
        with pytest.raises(smtplib.SMTPDataError, match="452"):
            client.sendmail("a@example.com", ["b@example.com"], "Subject: hello\\r\\n\\r\\n")
    mockserver.requests.assert_called_once("sendgrid.smtpData", status=452)


@pytest.mark.mockserver(seed={"mailgun": {"domains": ["us.example.com", {"name": "eu.example.com", "region": "eu"}]}})
def test_region(mockserver):
    access = mockserver.mailgun.eu.smtp
    assert (access.user, access.port == mockserver.mailgun.smtp.port) == ("postmaster@eu.example.com", False)
    with access.connect() as client:
        assert client.sendmail("a@eu.example.com", ["b@example.com"], "Subject: hello\\r\\n\\r\\n") == {}


@pytest.mark.mockserver(seed={"mailgun": {"domains": ["us.example.com"]}})
def test_region_without_a_login(mockserver):
    with pytest.raises(RuntimeError, match="mailgun: the account has no SMTP login in the region eu"):
        mockserver.mailgun.eu.smtp


@pytest.mark.mockserver(region="eu")
def test_region_of_the_tenant(mockserver):
    with mockserver.sparkpost.smtp.connect() as client:
        assert client.noop()[0] == 250


@pytest.mark.mockserver(credentials={"sendgrid": f"SG.{'a' * 22}.{'b' * 43}"})
def test_given_key(mockserver):
    assert mockserver.sendgrid.smtp.password == mockserver.sendgrid.api_key
"""


def test_tests_send_over_smtp(run: Run) -> None:
    run(SENDS).assert_outcomes(passed=8)


@pytest.mark.slow
def test_tests_of_several_processes_send_over_smtp(run: Run) -> None:
    run(SENDS, "-n", "2", subprocess=True).assert_outcomes(passed=8)


def test_a_test_that_does_not_ask_starts_nothing(run: Run) -> None:
    """No port, no thread, no module."""
    run("""
import sys
import threading


def test_nothing(mockserver):
    create(mockserver)
    assert "smtp" not in [thread.name for thread in threading.enumerate()][-1]
    assert mockserver._owner.app.extensions["mockserver"].smtp is None
    assert not any(name.endswith("_SMTP_HOST") for name in mockserver.env())
""").assert_outcomes(passed=1)


def test_strict_tests_fail_for_a_login_in_the_clear(run: Run) -> None:
    """Where the provider forbids it."""
    result = run("""
@pytest.mark.parametrize("name", ["sparkpost", "sendgrid"])
def test_login(mockserver, name):
    with getattr(mockserver, name).smtp.connect():
        pass
""", "--mockserver-strict")  # fmt: skip
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*SMTP /sparkpost/AUTH → 235*", "*/headers/Tls (requires_tls): 'none'*"])


def test_running_server(run: Run) -> None:
    """One with SMTP ports is used, also through `env`; one without is a clear error."""
    text = """
def test_remote(mockserver):
    with mockserver.sendgrid.smtp.connect() as client:
        assert client.sendmail("a@example.com", ["b@example.com"], "Subject: hello\\r\\n\\r\\n") == {}
    assert mockserver.env()["SENDGRID_SMTP_PORT"] == str(mockserver.sendgrid.smtp.port)
"""
    with start() as server:
        result = run(text, "--mockserver-url", server.url)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [f"*sendgrid: the server at {server.url} has no SMTP port: start it with --smtp-ports"]
        )
        with SmtpServer(server.app):
            run(text, "--mockserver-url", server.url).assert_outcomes(passed=1)
