"""What the form of a MIME message adds to it."""

from __future__ import annotations

import json

import pytest

from mockserver.core import mime

from ..support import ProviderClient
from .test_mailgun_sending import SOURCE, accepted, messages, send_mime

pytestmark = pytest.mark.store("memory")


def test_headers_of_the_form_are_added_to_a_mime_message(mailgun: ProviderClient) -> None:
    """Also tags and variables, as to a message in parts. The MIME text itself is not changed."""
    fields = {"h:Reply-To": "reply@example.org", "h:X-A": "a", "o:tag": ["one", "two"], "v:order": "7", "template": "t"}
    accepted(send_mime(mailgun, **fields))
    (message,) = messages(mailgun)
    assert message.source is not None and message.source.endswith(SOURCE)
    content = mime.content_of(message)
    assert content.header("Reply-To") == "reply@example.org"
    assert [value for name, value in content.headers if name == "X-Mailgun-Tag"] == ["one", "two"]
    assert json.loads(content.header("X-Mailgun-Variables") or "") == {"order": "7"}
    assert content.header("X-Mailgun-Template-Name") == "t"
    assert (message.subject, message.sender, content.texts) == (
        "Hello",
        "me@news.example.com",
        [("text/plain", "Hello\r\n")],
    )


def test_id_in_the_form_of_a_mime_message_is_its_id(mailgun: ProviderClient) -> None:
    assert accepted(send_mime(mailgun, **{"h:Message-Id": "mine@example.org"})) == "<mine@example.org>"


def test_header_of_the_form_is_one_line(mailgun: ProviderClient) -> None:
    """A line end in its value adds no other one; headers about parts would change what the text is."""
    fields = {"h:X-A": "a\r\nBcc: other@example.org", "h:Content-Type": "text/html", "h:X-B": "b\r\n\r\nc"}
    accepted(send_mime(mailgun, **fields))
    content = mime.content_of(messages(mailgun)[0])
    assert content.header("X-A") == "a Bcc: other@example.org"
    assert (content.header("Bcc"), content.header("X-B"), content.header("Content-Type")) == (None, "b c", None)
    assert content.texts == [("text/plain", "Hello\r\n")]
