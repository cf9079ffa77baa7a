"""The fixture's outbox."""

from __future__ import annotations

import os

import pytest

from mockserver import run_server

from .runs import Run, printed

PUT = """
import base64


def message(number, time=0, **fields):
    return {"number": number, "time": time, "message_id": f"m{number}", "via": "http", "sender": "shop@example.com",
            "recipients": ["ann@example.com"], "subject": "Your receipt", "reason": "because", **fields}


def put(mockserver, *messages, **outbox):
    mockserver.seed({"sendgrid": {"outbox": {"messages": messages, **outbox}}})


PARTS = [
    {"content_type": "text/plain", "content": "Hi https://example.com/r/1."},
    {"content_type": "text/html", "content": "<p>Hi</p>"},
    {"content_type": "image/png", "content": "aGVsbG8=", "is_base64": True, "filename": "a.png", "content_id": "logo"},
]
RECEIPT = message(1, pool="transactional", ip="192.0.2.1", parts=PARTS, headers=[["Subject", "Your receipt"]])
NEWS = message(2, 1, subject="News", pool="marketing", recipients=["ann@example.com", "bob@example.com"])


"""
USE = """
from unittest.mock import ANY


def test_it(mockserver):
    put(mockserver, RECEIPT, NEWS)
    outbox = mockserver.outbox
    receipt, news = outbox
    assert (len(outbox), outbox.last, outbox[0], outbox.dropped) == (2, news, receipt, 0)
    assert outbox.assert_sent(pool="transactional", ip="192.0.2.1", subject="receipt", times=1) == [receipt]
    assert outbox.assert_sent(to="bob@example.com", provider="sendgrid", sender="shop@example.com") == [news]
    assert outbox.messages(subject="NEWS", via="http", status="accepted", account=None, message_id="<m2>") == [news]
    assert outbox.messages(ip=None, pool=ANY) == [news]
    outbox.assert_not_sent(pool="other")
    assert mockserver.sendgrid.outbox.wait_for(to="bob@example.com", ip=None) == [news]
    assert mockserver.sendgrid.outbox.assert_sent(times=2) == [receipt, news]
    mockserver.mailgun.outbox.assert_not_sent()
    assert (receipt.id, receipt.pool.name, receipt.pool.id, receipt.time.year) == (
        "sendgrid-1", "transactional", "transactional", 1970)
    assert (receipt.text, receipt.html) == ("Hi https://example.com/r/1.", "<p>Hi</p>")
    assert (receipt.links, receipt.header("subject")) == (("https://example.com/r/1",), "Your receipt")
    assert receipt.source.startswith("Subject: Your receipt")
    (image,) = receipt.attachments
    assert (image.filename, image.content_type, image.size, image.content_id) == ("a.png", "image/png", 5, "logo")
    assert (news.text, news.headers, news.attachments) == (None, (), ())
    with pytest.raises(TypeError, match="unexpected argument 'subjekt'; did you mean 'subject'"):
        outbox.assert_sent(subjekt="x")
    assert (outbox.clear(subject="news"), outbox.clear()) == (1, 1)
    with pytest.raises(IndexError, match="no messages of a provider"):
        outbox.last
"""


def test_outbox_in_process(run: Run) -> None:
    run(PUT + USE).assert_outcomes(passed=1)


def test_outbox_of_a_running_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_server() as server:
        result = run(PUT + USE, "--mockserver-url", server.url)
    result.assert_outcomes(passed=1)
    assert "MOCKSERVER_URL" not in os.environ


def test_wait_for_a_message_that_a_thread_sends(run: Run) -> None:
    result = run(
        PUT
        + """
import threading


def test_it(mockserver):
    thread = threading.Timer(0.2, put, (mockserver, RECEIPT))
    thread.start()
    (found,) = mockserver.outbox.wait_for(to="ann@example.com", pool="transactional", timeout=20)
    assert found.id == "sendgrid-1"
    thread.join()
"""
    )
    result.assert_outcomes(passed=1)


def test_failed_assertion_shows_the_closest_message(run: Run) -> None:
    """With what differs, the reason for its pool and IP, and the requests that were rejected."""
    result = run(
        PUT
        + """
def test_pool(mockserver):
    put(mockserver, RECEIPT, NEWS)
    mockserver.outbox.assert_sent(pool="marketing", subject="receipt", ip="192.0.2.1")


def test_too_many(mockserver):
    put(mockserver, RECEIPT, NEWS)
    mockserver.outbox.assert_sent(sender="shop@example.com", times=1)


def test_timeout(mockserver):
    put(mockserver, NEWS)
    mockserver.sendgrid.outbox.wait_for(to="ann@example.com", times=2, timeout=0.1)


def test_rejected(mockserver):
    create(mockserver)
    create(mockserver)
    mockserver.outbox.assert_sent()


def test_dropped(mockserver):
    put(mockserver, NEWS, dropped=1)
    mockserver.outbox.assert_not_sent(subject="receipt")
"""
    )
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: a message with pool='marketing', subject='receipt', ip='192.0.2.1'",
            "E       expected at least 1 message, got 0",
            "E       closest message: sendgrid-1 'Your receipt' to ann@example.com by pool 'transactional', IP *",
            "E         pool: expected 'marketing', got 'transactional'",
            "E         reason: because",
            "---* mockserver: outbox of * ---*",
            "sendgrid-1 'Your receipt' to ann@example.com by pool 'transactional', IP 192.0.2.1",
            "     because",
            "E       AssertionError: a message with sender='shop@example.com'",
            "E       expected 1 message, got 2",
            "E         sendgrid-1 'Your receipt' to *",
            "E           because",
            "E         sendgrid-2 'News' to ann@example.com, bob@example.com by pool 'marketing'",
            "E       expected at least 2 messages within 0.1 s, got 1",
            "E       no other messages of sendgrid with this tenant's credentials",
            "E       AssertionError: any message",
            "E       no other messages of a provider with this tenant's credentials",
            "E       rejected requests:",
            "E         #2 POST /sendgrid/v3/ips/pools → 400 (sendgrid.createIpPool): already exists",
            "E       expected 0 messages, got 0",
            "E       the count is incomplete: 1 older messages were dropped; call outbox.clear() first",
        ]
    )
    assert "mockserver/testing/outbox.py" not in printed(result).replace("\\", "/")
