"""docs/outbox.md has every name of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from mockserver.core.outbox import MAX_BYTES, MAX_MESSAGES
from mockserver.testing.outbox import Message, MessageOptions, Outbox

from .test_docs import PAGES, names, public

PAGE = "docs/outbox.md"


def test_outbox_is_documented() -> None:
    assert names(PAGE, "`mockserver.outbox`") == public(Outbox, without=dir(Sequence))
    assert names(PAGE, "value") == sorted(MessageOptions.__annotations__)
    found = {*public(Message), *(each.name for each in fields(Message) if not each.name.startswith("_"))}
    shown = set(names(PAGE, "message"))
    assert shown == found


def test_limits_are_documented() -> None:
    assert f"at most {MAX_MESSAGES} messages, of about {MAX_BYTES >> 20} MiB" in PAGES[PAGE]
