"""Messages over SMTP in both stores."""

from __future__ import annotations

from collections.abc import Callable

from ..control_client import TenantClient
from .raw import MESSAGE, RawClient
from .test_sessions import outbox, requests

Connect = Callable[..., RawClient]
STORES = ("memory", "redis")


def test_message_is_stored_and_a_fault_changes_nothing(tenant: TenantClient, connect: Connect) -> None:
    client = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    tenant.fault("sendgrid.smtpData", status=452)
    assert client.message().startswith("452")
    assert outbox(tenant, "sendgrid") == []
    assert client.message(MESSAGE + b"..\r\n").startswith("250")
    (message,) = outbox(tenant, "sendgrid")
    assert message["source"] == MESSAGE.decode() + ".\r\n"
    assert requests(tenant) == [("sendgrid.smtpAuth", 235), ("sendgrid.smtpData", 452), ("sendgrid.smtpData", 250)]


def test_login_of_no_tenant_is_logged(tenant: TenantClient, connect: Connect) -> None:
    client = connect("mailgun").hello()
    assert client.login("postmaster@example.com", "nope").startswith("535")
    (record,) = tenant.control.ok("GET", "/unmatched-requests")["requests"]
    assert record["operation"] == "mailgun.smtpAuth"
