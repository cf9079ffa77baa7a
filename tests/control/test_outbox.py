"""The messages of a tenant."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from mockserver.core.outbox import MAX_MESSAGES

from ..control_client import ControlClient, TenantClient
from ..messages import message

STORES = ("memory", "redis")
SOURCE = (
    "From: shop@example.com\r\nTo: eve@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee https://example.com/a.\r\n"
    '--b\r\nContent-Type: text/html\r\n\r\n<a href="https://example.com/b?c=1&amp;d=2">x</a>\r\n'
    "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhttps://example.com/inner\r\n--b--\r\n"
)


SENDGRID = [
    message(
        1,
        10,
        pool="transactional",
        ip="192.0.2.1",
        recipients=["ann@example.com", "bob@example.com"],
        headers=[["From", "shop@example.com"]],
        parts=[{"content_type": "text/plain", "content": "Hi"}],
    ),
    message(3, 30, pool="marketing", ip="192.0.2.2", subject="NEWS", status="dropped", account="sub"),
]
MAILGUN = [
    message(
        1, 20, message_id="<1.2@example.com>", pool="0" * 24, pool_name="transactional", via="smtp", source=SOURCE,
        recipients=["eve@example.com"], subject="Grüße", status="test",
    ),
]  # fmt: skip


def put(tenant: TenantClient, **outboxes: Any) -> None:
    state = {
        name: {"outbox": each if isinstance(each, dict) else {"messages": each}} for name, each in outboxes.items()
    }
    tenant.ok("PUT", "/state", {"state": state})


@pytest.fixture
def filled(tenant: TenantClient) -> TenantClient:
    put(tenant, sendgrid={"messages": SENDGRID, "count": 5, "dropped": 1}, mailgun=MAILGUN)
    return tenant


def ids(tenant: TenantClient, **query: Any) -> list[str]:
    return [each["id"] for each in tenant.ok("GET", f"/outbox?{urlencode(query)}")["messages"]]


def test_messages_are_listed_with_the_newest_last(filled: TenantClient) -> None:
    found = filled.ok("GET", "/outbox")
    assert [each["id"] for each in found["messages"]] == ["sendgrid-1", "mailgun-1", "sendgrid-3"]
    assert found["messages"][1] == {
        "id": "mailgun-1",
        "provider": "mailgun",
        "number": 1,
        "time": "1970-01-01T00:00:20Z",
        "via": "smtp",
        "message_id": "<1.2@example.com>",
        "from": "shop@example.com",
        "to": ["eve@example.com"],
        "subject": "Grüße",
        "pool": {"id": "0" * 24, "name": "transactional"},
        "ip": None,
        "reason": "it is a test",
        "status": "test",
        "account": None,
        "size": len(SOURCE),
    }
    assert found["messages"][0]["pool"] == {"id": "transactional", "name": "transactional"}
    del found["messages"]
    assert found == {"has_more": False, "next": "mailgun-1,sendgrid-5", "count": 3, "total": 6, "dropped": 1}


def test_tenant_without_messages_has_an_empty_outbox(tenant: TenantClient) -> None:
    empty = {"messages": [], "has_more": False, "next": None, "count": 0, "total": 0, "dropped": 0}
    assert tenant.ok("GET", "/outbox") == empty


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({"provider": "sendgrid"}, ["sendgrid-1", "sendgrid-3"]),
    ({"pool": "transactional"}, ["sendgrid-1", "mailgun-1"]),
    ({"pool": "0" * 24}, ["mailgun-1"]),
    ({"pool": "trans"}, []),
    ({"pool": ""}, []),
    ({"ip": "192.0.2.2"}, ["sendgrid-3"]),
    ({"ip": ""}, ["mailgun-1"]),
    ({"to": "bob@example.com"}, ["sendgrid-1"]),
    ({"to": "bob"}, []),
    ({"from": "shop@example.com"}, ["sendgrid-1", "mailgun-1", "sendgrid-3"]),
    ({"from": "shop"}, []),
    ({"subject": "RECEIPT"}, ["sendgrid-1"]),
    ({"subject": "grüsse"}, ["mailgun-1"]),
    ({"via": "smtp"}, ["mailgun-1"]),
    ({"account": "sub"}, ["sendgrid-3"]),
    ({"account": ""}, ["sendgrid-1", "mailgun-1"]),
    ({"status": "accepted"}, ["sendgrid-1"]),
    ({"message_id": "m3"}, ["sendgrid-3"]),
    ({"message_id": "1.2@example.com"}, ["mailgun-1"]),
    ({"pool": "transactional", "ip": "192.0.2.1", "to": "ann@example.com"}, ["sendgrid-1"]),
    ({"pool": "transactional", "ip": "192.0.2.2"}, []),
]


@pytest.mark.store("memory")
@pytest.mark.parametrize(("query", "expected"), FILTERS, ids=lambda each: str(each) if isinstance(each, dict) else "")
def test_search_returns_the_messages_that_match(
    filled: TenantClient, query: dict[str, str], expected: list[str]
) -> None:
    assert ids(filled, **query) == expected
    waited = filled.ok("POST", "/outbox/wait", {**query, "timeout": 0})
    assert ([each["id"] for each in waited["messages"]], waited["found"]) == (expected, bool(expected))
    assert filled.ok("DELETE", f"/outbox?{urlencode(query)}") == {"deleted": len(expected)}
    assert ids(filled) == [each for each in ("sendgrid-1", "mailgun-1", "sendgrid-3") if each not in expected]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("provider=nope", "/query/provider"),
        ("via=fax", "/query/via"),
        ("limit=0", "/query/limit"),
        ("limit=1001", "/query/limit"),
        ("after=x", "/query/after: expected ids of messages, separated by commas"),
        ("after=sendgrid-12345678901234567", "/query/after"),
        ("colour=red", "/query/colour: unknown parameter"),
    ],
)
@pytest.mark.store("memory")
def test_invalid_filters_are_errors(tenant: TenantClient, query: str, reason: str) -> None:
    assert reason in tenant.error("GET", f"/outbox?{query}")


@pytest.mark.store("memory")
def test_pages_have_each_message_once_although_the_clock_was_set_back(tenant: TenantClient) -> None:
    put(
        tenant,
        sendgrid=[message(1, 50), message(2, 5), message(3, 60)],
        mailgun=[message(1, 1), message(2, 55)],
        sparkpost=[],
    )
    everything = ids(tenant)
    assert everything == ["mailgun-1", "sendgrid-1", "sendgrid-2", "mailgun-2", "sendgrid-3"]
    for limit in (1, 2, 4, 5, 6):
        found, query = [], {"limit": limit}
        while True:
            page = tenant.ok("GET", f"/outbox?{urlencode(query)}")
            found += [each["id"] for each in page["messages"]]
            if not page["has_more"]:
                break
            assert len(page["messages"]) == limit
            query["after"] = page["next"]
        assert (found, page["next"]) == (everything, "mailgun-2,sendgrid-3")
    assert ids(tenant, after="mailgun-2,sendgrid-3") == []
    assert ids(tenant, after="sendgrid-2,sendgrid-1") == ["mailgun-1", "mailgun-2", "sendgrid-3"]
    assert tenant.ok("GET", "/outbox?provider=sparkpost")["next"] is None


@pytest.mark.store("memory")
def test_large_messages_are_on_pages_of_their_own(tenant: TenantClient) -> None:
    put(tenant, sendgrid=[message(number, number, subject="x" * (3 << 20)) for number in (1, 2)])
    page = tenant.ok("GET", "/outbox")
    assert ([each["id"] for each in page["messages"]], page["has_more"], page["next"]) == (
        ["sendgrid-1"], True, "sendgrid-1",
    )  # fmt: skip
    assert ids(tenant, after=page["next"]) == ["sendgrid-2"]


@pytest.mark.store("memory")
def test_message_of_parts_has_its_content(tenant: TenantClient) -> None:
    parts = [
        {"content_type": "text/plain", "content": "Hi https://example.com/1, ü"},
        {"content_type": "image/png", "content": "aGVsbG8=", "is_base64": True, "filename": "a.png"},
    ]
    headers = [["From", "shop@example.com"], ["X-A\r\nBcc: eve", "b\r\nBcc: eve@example.com"]]
    put(tenant, sendgrid=[message(1, 1, parts=parts, headers=headers)])
    found = tenant.ok("GET", "/outbox/sendgrid-1")
    assert found["headers"] == headers
    assert found["texts"] == [{"content_type": "text/plain", "text": parts[0]["content"]}]
    assert (found["links"], found["is_complete"]) == (["https://example.com/1"], True)
    assert found["attachments"] == [
        {
            "filename": "a.png",
            "content_type": "image/png",
            "size": 5,
            "sha256": hashlib.sha256(b"hello").hexdigest(),
            "content_id": None,
        }
    ]
    assert found["source"].startswith("From: shop@example.com\r\nX-ABcceve: b Bcc: eve@example.com\r\n")
    assert "\r\nBcc:" not in found["source"]
    assert found["subject"] == "Your receipt"


def test_message_of_mime_has_its_content(filled: TenantClient) -> None:
    """A message in the message is an attachment, whose links are not those of the message."""
    found = filled.ok("GET", "/outbox/mailgun-1")
    assert found["source"] == SOURCE
    assert found["headers"][2] == ["Subject", "Grüße"]
    assert [each["content_type"] for each in found["texts"]] == ["text/plain", "text/html"]
    assert found["links"] == ["https://example.com/a", "https://example.com/b?c=1&d=2"]
    inner = b"Subject: inner\n\nhttps://example.com/inner\n"
    assert [(each["filename"], each["size"]) for each in found["attachments"]] == [("a.pdf", 5), (None, len(inner) - 1)]


@pytest.mark.parametrize("length", [(1 << 22) - 1, 1 << 22, (1 << 22) + 1], ids=["n-1", "n", "n+1"])
@pytest.mark.store("memory")
def test_long_texts_of_a_message_are_cut(tenant: TenantClient, length: int) -> None:
    put(tenant, mailgun=[message(1, 1, source="\r\n" + "x" * (length - 2))])
    found = tenant.ok("GET", "/outbox/mailgun-1")
    assert len(found["source"]) == min(length, 1 << 22)
    assert found["is_complete"] == (length <= 1 << 22)


@pytest.mark.store("memory")
def test_hostile_message_is_shown(tenant: TenantClient) -> None:
    """No text is an error: HTML that is never closed, and a number without end."""
    parts = [
        {"content_type": "text/html", "content": "<![foo bar[" + "<a " * 20_000},
        {"content_type": "text/html", "content": f"<a href='https://x.example/&#{'1' * 5_000};'>"},
    ]
    put(tenant, sendgrid=[message(1, 1, subject="\0", parts=parts, headers=[["Subject", "\0"]])])
    assert ids(tenant, subject="") == ["sendgrid-1"]
    found = tenant.ok("GET", "/outbox/sendgrid-1")
    assert (found["links"], found["source"][:10]) == ([], "Subject: \0")


@pytest.mark.parametrize("name", ["sendgrid-2", "sendgrid-01", "sendgrid-+1", "acme-1", "wait", "sendgrid", "1"])
def test_unknown_message_is_not_found(filled: TenantClient, name: str) -> None:
    for method in ("GET", "DELETE"):
        assert filled.error(method, f"/outbox/{name}", status=404) == (
            f"No message is named '{name}', or it was dropped."
        )


def test_deleted_messages_leave_the_numbers(filled: TenantClient) -> None:
    filled.ok("DELETE", "/outbox/sendgrid-3", status=204)
    filled.error("DELETE", "/outbox/sendgrid-3", status=404)
    found = filled.ok("GET", "/outbox")
    assert ([each["id"] for each in found["messages"]], found["total"], found["dropped"]) == (
        ["sendgrid-1", "mailgun-1"], 6, 1,
    )  # fmt: skip
    assert filled.ok("DELETE", "/outbox?status=test") == {"deleted": 1}
    assert filled.ok("GET", "/outbox")["dropped"] == 1
    assert filled.ok("DELETE", "/outbox") == {"deleted": 1}
    found = filled.ok("GET", "/outbox")
    assert found == {
        "messages": [], "has_more": False, "next": "mailgun-1,sendgrid-5", "count": 0, "total": 6, "dropped": 0,
    }  # fmt: skip


def test_tenants_do_not_see_the_messages_of_each_other(filled: TenantClient, control: ControlClient) -> None:
    other = control.new_tenant()
    assert ids(other) == []
    other.error("GET", "/outbox/sendgrid-1", status=404)
    assert other.ok("DELETE", "/outbox") == {"deleted": 0}
    assert not other.ok("POST", "/outbox/wait", {"to": "ann@example.com", "timeout": 0})["found"]
    assert len(ids(filled)) == 3


def test_snapshots_and_reset_have_the_messages(filled: TenantClient, control: ControlClient) -> None:
    before = filled.ok("GET", "/outbox")
    filled.ok("POST", "/snapshots", {"name": "one"}, status=201)
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    filled.ok("DELETE", "/outbox")
    assert ids(filled) == []
    filled.ok("POST", "/snapshots/one/restore", {})
    assert filled.ok("GET", "/outbox") == before
    assert control.ok("POST", f"{filled.path}/fork", {}, status=201)
    filled.ok("DELETE", "/outbox?provider=sendgrid")
    control.ok("POST", "/snapshots/all/restore", {})
    assert filled.ok("GET", "/outbox") == before
    filled.ok("POST", "/reset", {})
    assert filled.ok("GET", "/outbox")["total"] == 0


def test_fork_has_the_messages(filled: TenantClient, control: ControlClient) -> None:
    made = TenantClient(control, control.ok("POST", f"{filled.path}/fork", {}, status=201))
    made.ok("DELETE", "/outbox/sendgrid-1", status=204)
    assert (ids(made), len(ids(filled))) == (["mailgun-1", "sendgrid-3"], 3)
    made.ok("POST", "/reset", {})
    assert len(ids(made)) == 3


def test_state_has_the_messages(filled: TenantClient, control: ControlClient) -> None:
    """What `GET state` returns can be put into another tenant, and be its seed."""
    state = filled.ok("GET", "/state")["state"]
    assert state["sendgrid"]["outbox"]["messages"][0]["recipients"] == ["ann@example.com", "bob@example.com"]
    other = control.new_tenant()
    other.ok("PUT", "/state", {"state": state})
    assert other.ok("GET", "/state")["state"] == state
    assert other.ok("GET", "/outbox") == filled.ok("GET", "/outbox")
    seeded = control.new_tenant(seed={"mailgun": state["mailgun"]})
    assert ids(seeded) == ["mailgun-1"]
    seeded.ok("DELETE", "/outbox")
    seeded.ok("POST", "/reset", {})
    assert ids(seeded) == ["mailgun-1"]


def test_messages_survive_other_changes(filled: TenantClient) -> None:
    assert filled.sendgrid.post("/v3/ips/pools", json={"name": "mine"}).status_code == 200
    assert ids(filled) == ["sendgrid-1", "mailgun-1", "sendgrid-3"]
    assert filled.ok("GET", "/outbox/sendgrid-1")["texts"] == [{"content_type": "text/plain", "text": "Hi"}]


@pytest.mark.parametrize(
    ("outbox", "reason"),
    [
        ({"messages": [message(2, 1), message(2, 1)]}, "sendgrid.outbox.messages[1].number: expected more than"),
        ({"messages": [message(2, 1)], "count": 1}, "sendgrid.outbox.count: expected at least"),
        ({"messages": [message(0, 1)]}, "sendgrid.outbox.messages[0].number"),
        ({"messages": [message(1, 1e300)]}, "sendgrid.outbox.messages[0].time"),
        ({"messages": [message(1, 1, via="fax")]}, "sendgrid.outbox.messages[0].via"),
        ({"messages": [message(1, 1, headers=[["a"]])]}, "sendgrid.outbox.messages[0].headers[0]"),
        ({"messages": [message(n, n) for n in range(1, MAX_MESSAGES + 2)]}, "sendgrid.outbox.messages"),
        ({"usage": [{"ip": "a", "total": 1, "window": 0, "in_window": 1}] * 2}, "sendgrid.outbox.usage: expected no"),
        ({"usage": [{"ip": "a", "total": -1, "window": 0, "in_window": 1}]}, "sendgrid.outbox.usage[0].total"),
    ],
)  # fmt: skip
@pytest.mark.store("memory")
def test_invalid_outbox_of_a_state_is_an_error(tenant: TenantClient, outbox: Any, reason: str) -> None:
    assert reason in tenant.error("PUT", "/state", {"state": {"sendgrid": {"outbox": outbox}}})
    assert ids(tenant) == []


def test_wait_answers_at_once_where_the_server_cannot_wait(filled: TenantClient) -> None:
    found = filled.ok("POST", "/outbox/wait", {"times": 4, "timeout": 60})
    assert (found["found"], found["waited"], found["was_reset"], found["count"]) == (False, False, False, 3)
    assert filled.ok("POST", "/outbox/wait", {"times": 3, "timeout": 60})["found"]
    new = filled.ok("POST", "/outbox/wait", {"after": "mailgun-1,sendgrid-5", "timeout": 60})
    assert (new["found"], new["messages"]) == (False, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "timeout"),
        ({"timeout": -0.1}, "/body/timeout"),
        ({"timeout": 60.1}, "/body/timeout"),
        ({"timeout": 1, "times": 0}, "/body/times"),
        ({"timeout": 1, "times": 1001}, "/body/times"),
        ({"timeout": 1, "limit": 1}, "limit"),
    ],
)
@pytest.mark.store("memory")
def test_invalid_wait_is_an_error(tenant: TenantClient, body: dict[str, Any], reason: str) -> None:
    assert reason in tenant.error("POST", "/outbox/wait", body)


def test_full_outbox_fits_into_a_tenant(make_app: Callable[..., Flask]) -> None:
    tenant = ControlClient(make_app()).new_tenant()
    put(tenant, sendgrid=[message(number, number) for number in range(1, MAX_MESSAGES + 1)])
    assert tenant.ok("GET", "/outbox?limit=1")["count"] == MAX_MESSAGES
