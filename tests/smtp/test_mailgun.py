"""Logins of Mailgun's domains, and the replies to messages of a domain that is not allowed to send."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from mockserver.smtp.server import SmtpServer

from ..control_client import ControlClient, TenantClient
from .raw import RawClient

SANDBOX = f"sandbox{'0' * 32}.mailgun.org"
OTHER = {"name": "other.example.com", "region": "eu"}
SUBACCOUNT = {"id": "65f0c1a2b3c4d5e6f7081921", "name": "Sub"}


@pytest.fixture
def new_tenant(app: Flask, smtp: SmtpServer) -> Any:
    def new_tenant(*domains: str | dict[str, Any], **more: Any) -> TenantClient:
        section = {"domains": domains, "ips": [], "ip_pools": [], "subaccounts": [SUBACCOUNT], **more}
        return ControlClient(app).new_tenant(seed={"mailgun": section})

    return new_tenant


def login_of(tenant: TenantClient, region: str) -> str | None:
    """Return the name of the login in a region, by which a message is sent; None if it has no login there."""
    access = tenant.data["providers"]["mailgun"]["regions"][region]["smtp"]
    assert (access["user"] is None) == (access["password"] is None)
    if access["user"] is not None:
        with RawClient(access["port"]) as client:
            assert client.hello().login(access["user"], access["password"]).startswith("235")
            assert client.message(b"From: a@example.com\r\n\r\ntext\r\n") == "250 Great success"
    user: str | None = access["user"]
    return user


@pytest.mark.parametrize(
    ("domains", "us", "eu"),
    [
        (["us.example.com", OTHER], "postmaster@us.example.com", "postmaster@other.example.com"),
        (["us.example.com"], "postmaster@us.example.com", None),
        ([OTHER], None, "postmaster@other.example.com"),
        ([{"name": "new.example.com", "state": "unverified"}, "us.example.com"], "postmaster@us.example.com", None),
        ([{"name": "off.example.com", "state": "disabled"}, "us.example.com"], "postmaster@us.example.com", None),
        ([SANDBOX, "us.example.com"], "postmaster@us.example.com", None),
        ([{"name": "sub.example.com", "account": "Sub"}, "us.example.com"], "postmaster@us.example.com", None),
        ([], None, None),
    ],
)
def test_login_of_a_region_can_send(domains: Any, us: str | None, eu: str | None, new_tenant: Any) -> None:
    tenant = new_tenant(*domains)
    assert (login_of(tenant, "us"), login_of(tenant, "eu")) == (us, eu)
    found = tenant.data["providers"]["mailgun"]
    assert (found["smtp"]["user"], found["env"].get("MAILGUN_SMTP_USER")) == (us, us)


def test_login_whose_password_was_changed_is_not_shown(new_tenant: Any) -> None:
    tenant = new_tenant("us.example.com", "second.example.com")
    headers = tenant.data["providers"]["mailgun"]["headers"]
    client = tenant.control.app.test_client()
    path = "/mailgun/v3/domains/us.example.com/credentials/postmaster"
    assert client.put(path, data={"password": "secret"}, headers=headers).status_code == 200
    tenant.data = tenant.ok("GET", "")
    assert login_of(tenant, "us") == "postmaster@second.example.com"


REASON = (
    "Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized "
    "recipients in Account Settings."
)


def send_from(tenant: TenantClient, domain: str) -> str:
    access = tenant.data["providers"]["mailgun"]["smtp"]
    with RawClient(access["port"]) as client:
        assert client.hello().login(f"postmaster@{domain}", access["password"]).startswith("235")
        return client.message(b"From: a@example.com\r\n\r\ntext\r\n")


@pytest.mark.parametrize("domain", ["us.example.com", "US.example.com"])
def test_fault_of_a_domain_that_is_not_allowed_has_its_name(domain: str, new_tenant: Any) -> None:
    """And the text of the domain of an account that has no other one."""
    tenant = new_tenant("us.example.com")
    tenant.fault("mailgun.smtpData", error="not_allowed")
    assert send_from(tenant, domain) == f"421 Domain us.example.com is not allowed to send: {REASON}"


def test_domain_that_is_not_allowed_has_its_reason(new_tenant: Any) -> None:
    tenant = new_tenant(SANDBOX, {"name": "off.example.com", "state": "disabled"})
    assert send_from(tenant, SANDBOX) == f"421 Domain {SANDBOX} is not allowed to send: {REASON}"
    message = "421 Domain off.example.com is not allowed to send: The domain is disabled."
    assert send_from(tenant, "off.example.com") == message


def test_fault_of_a_rejected_message_has_a_text(new_tenant: Any) -> None:
    """It has no message of an error, which would be its text."""
    tenant = new_tenant("us.example.com")
    tenant.fault("mailgun.smtpData", error="rejected")
    assert send_from(tenant, "us.example.com") == "550 Requested action not taken: mailbox unavailable"


def test_recipient_that_is_named_twice_counts_once(new_tenant: Any) -> None:
    tenant = new_tenant("us.example.com")
    access = tenant.data["providers"]["mailgun"]["smtp"]
    with RawClient(access["port"]) as client:
        assert client.hello().login(access["user"], access["password"]).startswith("235")
        assert client.ask("MAIL FROM:<a@us.example.com>").startswith("250")
        for recipient in ("b@example.com", "c@example.com", "B@example.com", "b@example.com"):
            assert client.ask(f"RCPT TO:<{recipient}>").startswith("250")
        assert client.ask("DATA").startswith("354")
        client.send(b"From: a@us.example.com\r\n\r\ntext\r\n.\r\n")
        assert client.reply() == "250 Great success"
    (message,) = tenant.ok("GET", "/state")["state"]["mailgun"]["outbox"]["messages"]
    assert message["recipients"] == ["b@example.com", "c@example.com"]
