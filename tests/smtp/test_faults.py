"""Planned faults of SMTP commands."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from mockserver.smtp.server import SmtpServer
from mockserver.web.server_state import server_state

from ..control_client import ControlClient, TenantClient
from .raw import MESSAGE, RawClient
from .test_sessions import outbox, requests

Connect = Callable[..., RawClient]
COMMANDS = ("smtpAuth", "smtpMail", "smtpRcpt", "smtpData")


def converse(client: RawClient, tenant: TenantClient, command: str) -> str:
    """Send commands up to one of them, and return its reply."""
    access = tenant.data["providers"]["sendgrid"]["smtp"]
    client.hello()
    if (reply := client.login(access["user"], access["password"])) and command == "smtpAuth":
        return reply
    if (reply := client.ask("MAIL FROM:<a@example.com>")) and command == "smtpMail":
        return reply
    if (reply := client.ask("RCPT TO:<b@example.com>")) and command == "smtpRcpt":
        return reply
    assert client.ask("DATA").startswith("354")
    client.send(MESSAGE + b".\r\n")
    return client.reply()


@pytest.mark.parametrize("command", COMMANDS)
def test_error_is_the_reply_to_its_command(command: str, tenant: TenantClient, connect: Connect) -> None:
    """Once; then the command works. The record has the fault."""
    tenant.fault(f"sendgrid.{command}", status=451)
    client = connect("sendgrid")
    assert converse(client, tenant, command) == "451 Requested action aborted: local error in processing"
    record = tenant.ok("GET", "/requests")["requests"][-1]
    assert (record["operation"], record["status"], record["fault"]) == (f"sendgrid.{command}", 451, "f1")
    assert outbox(tenant, "sendgrid") == []
    assert converse(connect("sendgrid"), tenant, "smtpData").startswith("250")
    assert len(outbox(tenant, "sendgrid")) == 1


def test_default_is_a_temporary_error(tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpMail")
    assert converse(connect("sendgrid"), tenant, "smtpMail").startswith("451 ")


def test_421_closes_the_connection(tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpRcpt", status=421, body="Try later")
    client = connect("sendgrid")
    assert converse(client, tenant, "smtpRcpt") == "421 Try later"
    assert client.is_closed()


@pytest.mark.parametrize("when", ["before", "after"])
def test_drop_closes_without_a_reply(when: str, tenant: TenantClient, connect: Connect) -> None:
    """After the command the message is accepted all the same."""
    tenant.fault("sendgrid.smtpData", kind="drop", when=when)
    client = connect("sendgrid")
    with contextlib.suppress(ConnectionError):
        assert converse(client, tenant, "smtpData") == ""
    assert len(outbox(tenant, "sendgrid")) == (when == "after")
    assert tenant.ok("GET", "/requests")["requests"][-1]["status"] is None


def test_error_after_the_command_leaves_the_message(tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpData", status=451, when="after")
    assert converse(connect("sendgrid"), tenant, "smtpData").startswith("451")
    assert len(outbox(tenant, "sendgrid")) == 1


def test_truncated_reply(tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpMail", kind="truncate")
    client = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    client.send(b"MAIL FROM:<a@example.com>\r\n")
    whole = b"250 Sender address accepted\r\n"
    assert client.file.read() == whole[: len(whole) // 2]


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay_delays_no_other_client(when: str, tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpData", kind="delay", delay_seconds=0.5, when=when)
    client, replies = connect("sendgrid"), []
    started = time.monotonic()
    thread = threading.Thread(target=lambda: replies.append(converse(client, tenant, "smtpData")))
    thread.start()
    while tenant.ok("GET", "/faults/f1")["applied"] == 0:
        assert time.monotonic() < started + 10
    assert converse(connect("sendgrid"), tenant, "smtpData").startswith("250")
    assert replies == []
    thread.join(20)
    assert replies[0].startswith("250")
    assert time.monotonic() - started >= 0.5
    assert len(outbox(tenant, "sendgrid")) == 2


def test_reset_ends_a_delay(tenant: TenantClient, connect: Connect) -> None:
    """The connection is dropped, and nothing of the command stays."""
    tenant.fault("sendgrid.smtpMail", kind="timeout")
    client = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    client.send(b"MAIL FROM:<a@example.com>\r\n")
    while tenant.ok("GET", "/faults/f1")["applied"] == 0:
        time.sleep(0.01)
    tenant.ok("POST", "/reset", {})
    assert client.is_closed()
    assert requests(tenant) == []


def test_reset_during_a_delay_after_a_command_drops_its_reply(tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpMail", kind="delay", delay_seconds=30, when="after")
    client = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    client.send(b"MAIL FROM:<a@example.com>\r\n")
    while tenant.ok("GET", "/faults/f1")["applied"] == 0:
        time.sleep(0.01)
    tenant.ok("POST", "/reset", {})
    assert client.is_closed()


def test_fault_for_all_operations_is_a_temporary_error(tenant: TenantClient, connect: Connect) -> None:
    """Its status and its body are those of HTTP."""
    tenant.fault("*", status=404, body="<html>")
    assert (
        converse(connect("sendgrid"), tenant, "smtpAuth") == "451 Requested action aborted: local error in processing"
    )


def test_error_by_name_is_in_the_words_of_the_provider(tenant: TenantClient, connect: Connect) -> None:
    tenant.fault("sendgrid.smtpAuth", error="credits_exceeded")
    client = connect("sendgrid")
    assert converse(client, tenant, "smtpAuth") == "451 Authentication failed: Maximum credits exceeded"
    assert requests(tenant) == [("sendgrid.smtpAuth", 451)]


@pytest.mark.parametrize("name", ["sparkpost", "sendgrid", "mailgun"])
def test_errors_by_name_have_values(name: str, tenant: TenantClient, connect: Connect) -> None:
    """No text has an empty place for a value: a fault has no message to take it from."""
    smtp_provider = server_state(tenant.control.app).providers[name].smtp_provider()
    assert smtp_provider is not None
    for key, reply in smtp_provider.errors_by_key().items():
        tenant.fault(f"{name}.smtpAuth", error=key)
        access = tenant.data["providers"][name]["smtp"]
        with connect(name) as client:
            client.hello()
            text = client.login(access["user"], access["password"])
            assert text.startswith(str(reply.code))
            assert len(text) > 4
            assert not re.search(r"<>|''|  |\{", text), key


@pytest.mark.parametrize(
    "plan",
    [
        {"operation": "sendgrid.smtpNope"},
        {"operation": "sendgrid.smtpAuth", "status": 399},
        {"operation": "sendgrid.smtpAuth", "error": "greeting"},
        {"operation": "sendgrid.smtpAuth", "headers": {"A": "b"}},
        {"operation": "sendgrid.smtpAuth", "json": {}},
        {"operation": "sendgrid.smtpAuth", "body": "two\r\n250 lines"},
        {"operation": "sendgrid.smtpAuth", "body": "x" * 501},
    ],
)
def test_invalid_fault_is_rejected(plan: dict[str, object], app: Flask) -> None:
    tenant = ControlClient(app).new_tenant()
    assert tenant.control.error("POST", f"{tenant.path}/faults", plan, status=400)
    assert tenant.ok("GET", "/faults")["faults"] == []


def test_fault_of_the_longest_text(tenant: TenantClient, connect: Connect, smtp: SmtpServer) -> None:
    tenant.fault("sendgrid.smtpAuth", status=400, body="x" * 500)
    assert converse(connect("sendgrid"), tenant, "smtpAuth") == "400 " + "x" * 500
