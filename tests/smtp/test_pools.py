"""The pool of a message that is sent over SMTP, by the header of each provider, and the replies to rejected ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.smtp.server import SmtpServer

from ..control_client import ControlClient
from .raw import RawClient
from .test_sessions import outbox

DOMAIN = "mail.example.com"
SANDBOX = f"sandbox{'0' * 32}.mailgun.org"
SEED: dict[str, Any] = {
    "sparkpost": {
        "ip_pools": [{"id": "marketing", "name": "Marketing"}, {"id": "empty", "name": "Empty"}],
        "sending_ips": [{"external_ip": "192.0.2.1", "hostname": "mta1.example.com", "ip_pool": "marketing"}],
        "sending_domains": [DOMAIN],
    },
    "sendgrid": {
        "ips": [{"ip": "192.0.2.2", "rdns": "o1.example.com"}],
        "pools": [{"name": "marketing", "ips": ["192.0.2.2"]}],
        "sending_domains": [DOMAIN],
    },
    "mailgun": {
        "features": ["DIPPs"],
        "ips": [{"ip": "192.0.2.3"}],
        "ip_pools": [{"pool_id": "0" * 24, "name": "marketing", "description": "", "ips": ["192.0.2.3"]}],
        "domains": [{"name": DOMAIN}, {"name": SANDBOX}],
    },
}


@pytest.fixture
def send(app: Flask, smtp: SmtpServer) -> Callable[..., tuple[str, list[dict[str, Any]]]]:
    """Send a message with headers, and return the reply and the outbox."""
    tenant = ControlClient(app).new_tenant(seed=SEED)

    def send(name: str, header: str = "", sender: str = f"shop@{DOMAIN}", **login: str) -> Any:
        access = tenant.data["providers"][name]["smtp"] | login
        with RawClient(access["port"]) as client:
            assert client.hello().login(access["user"], access["password"]).startswith("235")
            content = f"From: {sender}\r\n{header}Subject: hello\r\n\r\ntext\r\n"
            return client.message(content.encode()), outbox(tenant, name)

    return send


@pytest.mark.parametrize(
    ("name", "header", "ip"),
    [
        ("sparkpost", 'X-MSYS-API: {"options": {"ip_pool": "marketing"}}\r\n', "192.0.2.1"),
        ("sendgrid", 'X-SMTPAPI: {"ip_pool": "marketing"}\r\n', "192.0.2.2"),
        ("mailgun", f"X-Mailgun-Sending-Ip-Pool: {'0' * 24}\r\n", "192.0.2.3"),
    ],
)
def test_header_chooses_the_pool(name: str, header: str, ip: str, send: Any) -> None:
    reply, (message,) = send(name, header)
    assert reply.startswith("250")
    assert (message["ip"], message["pool_name"].lower()) == (ip, "marketing")


@pytest.mark.parametrize(
    ("name", "header", "sender", "expected"),
    [
        ("sparkpost", "", "a@other.example.com", "550 5.7.1 Unconfigured Sending Domain <other.example.com>"),
        ("sparkpost", "X-MSYS-API: {\r\n", f"a@{DOMAIN}", "550 5.6.0 JSON parsing error in X-MSYS-API"),
        ("sparkpost", 'X-MSYS-API: {"metadata": 1}\r\n', f"a@{DOMAIN}",
         "550 5.6.0 X-MSYS-API 'metadata' must be of type 'json object'"),
        ("sendgrid", "", "a@other.example.com", "550 The from address does not match a verified Sender Identity. "),
        ("mailgun", f"X-Mailgun-Sending-Ip-Pool: {'1' * 24}\r\n", f"a@{DOMAIN}", "550 Rejected: IP pool "),
    ],
)  # fmt: skip
def test_rejected_message_has_the_words_of_the_provider(
    name: str, header: str, sender: str, expected: str, send: Any
) -> None:
    reply, messages = send(name, header, sender)
    assert reply.startswith(expected), reply
    assert messages == []


def test_sandbox_domain_of_mailgun_may_not_send(send: Any) -> None:
    reply, messages = send("mailgun", user=f"postmaster@{SANDBOX}")
    assert reply.startswith(f"421 Domain {SANDBOX} is not allowed to send: Sandbox subdomains are for test purposes")
    assert messages == []


def test_unknown_pool_of_sendgrid_is_accepted(send: Any) -> None:
    """As observed; what happens with it is the profile's."""
    reply, messages = send("sendgrid", f"X-SMTPAPI: {json.dumps({'ip_pool': 'nope'})}\r\n")
    assert reply.startswith("250")
    assert len(messages) == 1
