"""Real clients over SMTP: smtplib, in the clear and with STARTTLS, and nodemailer."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from mockserver import Server, run_server, tls
from mockserver.core import mime
from mockserver.smtp.server import SmtpServer

from ..npm import run

NAMES = ("sparkpost", "sendgrid", "mailgun")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server() as server, tls.self_signed([]) as made, SmtpServer(server.app, tls=made):
        yield server


def outbox(server: Server, name: str) -> tuple[Any, list[mime.Content]]:
    """Return a new tenant's access, and a function that returns what its messages contain."""
    tenant = server.create_tenant()

    def contents() -> list[mime.Content]:
        messages = tenant.state()[name].get("outbox", {"messages": []})["messages"]
        return [mime.read(each["source"]) for each in messages]

    return getattr(tenant, name).smtp, contents  # type: ignore[return-value]


@pytest.mark.evidence("clients", "smtplib")
@pytest.mark.parametrize("name", NAMES)
def test_smtplib(name: str, server: Server) -> None:
    """smtplib logs in with STARTTLS, sends a message with an attachment and 8-bit text, and quits."""
    access, contents = outbox(server, name)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@mail.example.com", "anna@example.com", "Receipt für Anna"
    message.set_content("Thank you.\n.\n..\n", cte="8bit")
    message.add_attachment(b"\0" * 10_000, "application", "pdf", filename="receipt.pdf")
    assert access.starttls
    with access.connect() as client:
        assert client.send_message(message) == {}
        assert client.send_message(message) == {}
    found = contents()
    assert [each.header("Subject") for each in found][-1] == "Receipt für Anna"
    assert found[-1].texts == [("text/plain", "Thank you.\r\n.\r\n..\r\n")]
    assert [(each.filename, each.size) for each in found[-1].attachments] == [("receipt.pdf", 10_000)]


def test_smtplib_wrong_password(server: Server) -> None:
    access, _ = outbox(server, "sendgrid")
    with smtplib.SMTP(access.host, access.port, timeout=20) as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login(access.user, "nope")


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.evidence("clients", "nodemailer")
@pytest.mark.parametrize("name", NAMES)
def test_nodemailer(name: str, server: Server, node: str) -> None:
    """nodemailer sends messages over several connections, with STARTTLS."""
    access, contents = outbox(server, name)
    environment = {"HOST": access.host, "PORT": str(access.port), "USER": access.user, "PASSWORD": access.password}
    run([node, "nodemailer.mjs"], 120, **{f"SMTP_{key}": value for key, value in environment.items()})
    found = contents()
    assert len(found) in (6, 12)  # SendGrid makes a message of each recipient
    assert found[0].header("Subject") == "Receipt für Anna"
    assert [(each.filename, each.size) for each in found[0].attachments] == [("receipt.txt", 100_000)]
