"""Outboxes and MIME messages, without a server: what requests cannot reach one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mockserver.core import mime, outbox
from mockserver.core.outbox import EMPTY, MAX_MESSAGES, Message, Outbox, Part
from mockserver.core.weight import weigh

MESSAGE = Message("m1", 0.0, "http", "me@example.com", ("you@example.com",), "Hello", "it is a test", ip="192.0.2.1")


def filled(size: int, message: Message = MESSAGE) -> Outbox:
    found = EMPTY
    for _ in range(size):
        found = found.add(message)
    return found


@pytest.mark.parametrize(
    ("size", "dropped"), [(MAX_MESSAGES - 1, 0), (MAX_MESSAGES, 0), (MAX_MESSAGES + 1, 1)], ids=["n-1", "n", "n+1"]
)
def test_the_oldest_messages_are_dropped_and_counted(size: int, dropped: int) -> None:
    found = filled(size)
    assert (found.count, found.dropped, len(found.messages)) == (size, dropped, size - dropped)
    assert found.messages[0].number == 1 + dropped


def test_large_messages_push_out_older_ones_and_the_newest_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MAX_BYTES", 10_000)
    found = EMPTY
    for number in range(5):
        found = found.add(replace(MESSAGE, source=f"{number}" * 4_000))
    assert [message.number for message in found.messages] == [4, 5]
    found = found.add(replace(MESSAGE, source="x" * 40_000))
    assert [message.number for message in found.messages] == [6]
    assert (found.dropped, found.weight) == (5, found.messages[0].weight)


@pytest.mark.parametrize("shared", [{"source": "x" * 4_000}, {"parts": (Part("text/plain", "x" * 4_000),)}], ids=str)
def test_what_messages_of_one_request_share_counts_once(
    shared: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_BYTES", 20_000)
    found = filled(12, replace(MESSAGE, **shared))
    assert (len(found.messages), found.dropped) == (12, 0)
    assert found.weight == found.without([]).weight
    larger = found.add(replace(MESSAGE, source="y" * 14_000))
    assert larger.dropped > 0
    assert larger.weight == larger.without([]).weight <= 20_000


def test_parts_of_one_request_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request can have a thousand messages, which share tens of thousands of parts."""
    monkeypatch.setattr(outbox, "MAX_MESSAGES", 50)
    found, looked_at = EMPTY, 0

    def counted(record: Any) -> int:
        nonlocal looked_at
        looked_at += isinstance(record, Part)
        return weigh(record)

    monkeypatch.setattr(outbox, "weigh", counted)
    parts = tuple(Part("text/plain", "x") for _ in range(100))
    for _ in range(60):
        found = found.add(replace(MESSAGE, parts=parts))
    assert (looked_at, found.dropped) == (100, 10)
    assert found.weigh(set()) == found.weight


def test_ips_take_turns_whatever_the_number_of_recipients() -> None:
    found, addresses, used = EMPTY, ["192.0.2.1", "192.0.2.2"], []
    for number in range(8):
        if number == 4:
            addresses.append("192.0.2.3")
        used.append(found.next_ip(addresses)[-1])
        found = outbox.load(
            found.add(replace(MESSAGE, ip=f"192.0.2.{used[-1]}", recipients=("a",) * (number + 1))).dump()
        )
    assert "".join(used) == "12123123"
    assert {each.ip[-1]: each.total for each in found.usage} == {"1": 1 + 3 + 6, "2": 2 + 4 + 7, "3": 5 + 8}


def test_the_usage_of_an_ip_is_counted_by_window() -> None:
    found = EMPTY.add(MESSAGE, 7).add(MESSAGE, 7).add(MESSAGE, 8)
    assert [found.in_window("192.0.2.1", window) for window in (7, 8, 9)] == [0, 1, 0]
    assert found.usage[0].total == 3
    assert found.add(replace(MESSAGE, status="test"), 8).in_window("192.0.2.1", 8) == 1


def test_deleted_messages_leave_numbers_and_usage() -> None:
    found = filled(3).without([2])
    assert ([each.number for each in found.messages], found.count, found.usage[0].total) == ([1, 3], 3, 3)
    assert found.weight == sum(each.weight for each in found.messages)


def test_cleared_outbox_has_dropped_nothing() -> None:
    found = filled(MAX_MESSAGES + 1).cleared()
    assert (found.messages, found.count, found.dropped, found.weight) == ((), MAX_MESSAGES + 1, 0, 0)
    assert (found.usage[0].total, found.add(MESSAGE).messages[0].number) == (MAX_MESSAGES + 1, MAX_MESSAGES + 2)


@pytest.mark.parametrize("count", [1, 2, 100])
def test_each_part_is_weighed_once(count: int) -> None:
    """Also if one of many is large."""
    parts = (*(Part("text/plain", "x") for _ in range(count - 1)), Part("text/plain", "x" * 1_000_000))
    assert 1_000_000 < replace(MESSAGE, parts=parts).weight < 1_000_000 + 1_000 * (count + 1)


def test_an_outbox_is_the_same_after_dump_and_load() -> None:
    parts = (Part("text/plain", "Hi"), Part("image/png", "aGk=", "a.png", "cid", is_base64=True))
    found = EMPTY.add(replace(MESSAGE, headers=(("To", "you"),), parts=parts), 3).add(replace(MESSAGE, source="A: b"))
    assert outbox.load(found.dump()) == found
    assert outbox.load(EMPTY.dump()) is EMPTY


def test_parts_are_written_as_mime_that_reads_the_same() -> None:
    headers = (("From", "Zoë <me@example.com>"), ("Subject", "Grüße\r\nBcc: injected"))
    parts = (
        Part("text/plain", "See https://example.com/a?b=1 ."),
        Part("text/html", '<p>Gr\u00fc\u00dfe <a href="https://example.com/x">x</a>'),
        Part("image/png", "aGVsbG8=", "ä.png", "logo", is_base64=True),
        Part("not a type", "plain", "b.txt"),
    )
    message = replace(MESSAGE, headers=headers, parts=parts)
    source = mime.source_of(message)
    assert source == mime.source_of(message)
    content = mime.read(source)
    assert content.header("subject") == "Grüße Bcc: injected"
    assert content.header("bcc") is None
    assert [(kind, text.strip()) for kind, text in content.texts] == [
        ("text/plain", parts[0].content),
        ("text/html", parts[1].content),
    ]
    assert content.links == ["https://example.com/a?b=1", "https://example.com/x"]
    assert [attachment[:3] for attachment in content.attachments] == [
        ("ä.png", "image/png", 5),
        ("b.txt", "application/octet-stream", 5),
    ]
    assert [each.sha256 for each in content.attachments] == [
        each.sha256 for each in mime.content_of(message).attachments
    ]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\0",
        "no headers at all",
        "Subject: =?unknown-8bit?Q?a?=\r\n\r\n",
        "Subject: =?utf-8?B?a?=\r\n\r\nx",
        "Content-Type: text/plain; charset=nonsense\r\n\r\nü",
        "Content-Type: text/plain; charset=utf-16\r\n\r\nx",
        "Content-Type: multipart/mixed\r\n\r\nx",
        "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
        "Content-Transfer-Encoding: base64\r\n\r\n!!!",
        "Content-Type: text/plain; name*=utf-8''%ff; name*0*=x\r\n\r\nx",
        "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(3_000)),
        "To: " + "(" * 5_000 + "\r\n\r\n",
        "Subject: \ud800\r\n\r\n\udfff",
    ],
    ids=range(14),
)
def test_every_text_is_read_without_an_error(source: str) -> None:
    content = mime.read(source)
    assert content.links == []
    for _, value in content.headers:
        value.encode()
    assert isinstance(mime.addresses([value for _, value in content.headers]), list)
