"""What each provider says, from the greeting to the end, and who may log in."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask

from mockserver.core.errors import ErrorMessage, assumed
from mockserver.core.smtp import SmtpProvider
from mockserver.providers import PROVIDERS
from mockserver.smtp.server import SmtpServer

from ..control_client import ControlClient, TenantClient
from ..provider_case import ProviderCase
from ..support import MAILGUN, SENDGRID, SPARKPOST
from .raw import MESSAGE, RawClient

Connect = Callable[..., RawClient]
MACHINE = "momentum1.platform1.us-west-2.aws.cl.messagesystems.com"
WORDS: dict[str, Sequence[str]] = {
    "sparkpost": (
        "220 2.0.0 smtp.sparkpostmail.com ESMTP ecelerity 4.1.5.48834 r(Core:4.1.5.3) Tue, 14 Nov 2023 22:13:20 +0000",
        f"250-{MACHINE} says EHLO to 127.0.0.1:PORT\n250-ENHANCEDSTATUSCODES\n250-AUTH=LOGIN PLAIN\n"
        "250-AUTH LOGIN PLAIN\n250-8BITMIME\n250 PIPELINING",
        "235 2.0.0 Authed. Go on.",
        "250 2.0.0 MAIL FROM accepted",
        "250 2.0.0 RCPT TO accepted",
        '354 3.0.0 continue.  finished with "\\r\\n.\\r\\n"',
        "250 2.0.0 OK ",
        f"221 2.3.0 {MACHINE} closing connection",
    ),
    "sendgrid": (
        "220 SG ESMTP service ready at ismtpd0013p1las1.sendgrid.net",
        "250-smtp.sendgrid.net\n250-8BITMIME\n250-PIPELINING\n250-SIZE 31457280\n250-AUTH PLAIN LOGIN\n"
        "250 AUTH=PLAIN LOGIN",
        "235 Authentication successful",
        "250 Sender address accepted",
        "250 Recipient address accepted",
        "354 Continue",
        "250 Ok: queued as ",
        "221 See you later",
    ),
    "mailgun": (
        "220 Mailgun Influx ready",
        "250-4f0c6a93d21e\n250-AUTH PLAIN LOGIN\n250-SIZE 52428800\n250-8BITMIME\n250-SMTPUTF8\n250 PIPELINING",
        "235 Authentication successful",
        "250 Sender address accepted",
        "250 Recipient address accepted",
        "354 Continue",
        "250 Great success",
        "221 See you later. Yours truly, Mailgun",
    ),
}
FAILED = {
    "sparkpost": "535 5.7.8 Sorry.",
    "sendgrid": "535 Authentication failed: Bad username / password",
    "mailgun": "535 5.7.0 Mailgun is not loving your login or password",
}
NAMES = tuple(WORDS)
CASES = {each.name: each for each in (SPARKPOST, SENDGRID, MAILGUN)}


def outbox(tenant: TenantClient, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.ok("GET", "/state")["state"][name].get("outbox", {"messages": []})["messages"]
    return found


def requests(tenant: TenantClient) -> list[tuple[str, int]]:
    return [(each["operation"], each["status"]) for each in tenant.ok("GET", "/requests")["requests"]]


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(time=lambda: 1_700_000_000.0)


@pytest.mark.parametrize("name", NAMES)
def test_session_is_in_the_words_of_the_provider(name: str, tenant: TenantClient, connect: Connect) -> None:
    """And the message is in the tenant's outbox as it was sent, and in its request log."""
    greeting, ehlo, auth, mail, rcpt, data, accepted, quit = WORDS[name]
    access = tenant.data["providers"][name]["smtp"]
    client = connect(name)
    assert client.greeting == greeting
    port = client.socket.getsockname()[1]
    assert client.ask("EHLO client.example.com") == ehlo.replace("PORT", str(port))
    assert client.login(access["user"], access["password"]) == auth
    assert client.ask("MAIL FROM:<a@mail.example.com> BODY=8BITMIME SIZE=100") == mail
    assert client.ask("rcpt to:<b@example.com>") == rcpt
    assert client.ask("DATA") == data
    client.send(MESSAGE + b".\r\n")
    assert client.reply().startswith(accepted)
    assert client.ask("QUIT") == quit
    assert client.is_closed()
    (message,) = outbox(tenant, name)
    assert (message["via"], message["source"], message["subject"]) == ("smtp", MESSAGE.decode(), "hello")
    assert message["recipients"] == ["b@example.com"]
    assert requests(tenant) == [(f"{name}.smtpAuth", 235), (f"{name}.smtpData", 250)]


@pytest.mark.parametrize("name", NAMES)
def test_login_in_steps(name: str, tenant: TenantClient, connect: Connect) -> None:
    """AUTH LOGIN; AUTH PLAIN without its argument."""
    access = tenant.data["providers"][name]["smtp"]
    user, password = (base64.b64encode(access[key].encode()).decode() for key in ("user", "password"))
    client = connect(name).hello()
    assert client.ask("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    assert client.ask(user) == "334 UGFzc3dvcmQ6"
    assert client.ask(password).startswith("235")
    assert client.ask("AUTH LOGIN").startswith("503")
    client = connect(name).hello()
    assert client.ask("AUTH PLAIN") == ("334 Go ahead" if name == "mailgun" else "334 ")
    both = f"\0{access['user']}\0{access['password']}"
    assert client.ask(base64.b64encode(both.encode()).decode()).startswith("235")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", ["user", "password"])
def test_wrong_login_is_rejected_and_explained(
    name: str, wrong: str, app: Flask, tenant: TenantClient, connect: Connect
) -> None:
    access = tenant.data["providers"][name]["smtp"] | {wrong: "nope-nope-nope"}
    client = connect(name).hello()
    assert client.login(access["user"], access["password"]) == FAILED[name]
    (record,) = ControlClient(app).ok("GET", "/unmatched-requests")["requests"]
    assert (record["operation"], record["method"], record["status"]) == (f"{name}.smtpAuth", "SMTP", 535)
    assert ("user name" in record["reason"]) == (wrong == "user")
    assert access["password"] not in str(record)
    assert requests(tenant) == []


@pytest.mark.parametrize("name", NAMES)
def test_well_formed_unknown_key_gets_a_tenant(name: str, app: Flask, smtp: SmtpServer, connect: Connect) -> None:
    """As over HTTP."""
    smtp_provider: Any = next(each.smtp_provider() for each in PROVIDERS if each.name == name)
    key = CASES[name].new_key()
    state = app.extensions["mockserver"].seed.states[name]
    client = connect(name).hello()
    assert client.login(*smtp_provider.credentials(state, key, None)).startswith("235")
    assert client.message().startswith("250")
    found = ControlClient(app).ok("GET", "/tenants")["tenants"]
    assert [each["requests"] for each in found] == [2]


def test_unknown_key_is_rejected_if_the_server_says_so(
    make_app: Callable[..., Flask], serve: Callable[..., SmtpServer]
) -> None:
    server = serve(make_app(unknown_credentials="reject"))
    port = next(iter(server.state.smtp.ports.values()))  # type: ignore[union-attr]
    with RawClient(port) as client:
        client.hello()
        assert client.login("SMTP_Injection", secrets.token_hex(20)) == FAILED["sparkpost"]


@pytest.mark.parametrize(
    ("name", "mail", "rcpt"),
    [
        ("sparkpost", "530 5.7.0 Authentication required", "503"),
        ("sendgrid", "550 Unauthenticated senders not allowed", "503"),
        ("mailgun", "250 Sender address accepted", "550 5.7.1 Relaying denied"),
    ],
)
def test_message_without_login(name: str, mail: str, rcpt: str, smtp: SmtpServer, connect: Connect) -> None:
    client = connect(name).hello()
    assert client.ask("MAIL FROM:<a@example.com>") == mail
    assert client.ask("RCPT TO:<b@example.com>").startswith(rcpt)
    assert client.ask("DATA").startswith("503")


def test_sendgrid_key_that_was_deleted_or_lacks_the_scope_is_rejected(tenant: TenantClient, connect: Connect) -> None:
    """The first also at the end of a message: it is checked again."""
    http = tenant.client(SENDGRID)
    lacking = http.post("/v3/api_keys", json={"name": "a", "scopes": ["ips.read"]}).json["api_key"]
    client = connect("sendgrid").hello()
    assert client.login("apikey", lacking) == FAILED["sendgrid"]
    assert requests(tenant)[-1] == ("sendgrid.smtpAuth", 535)
    made = http.post("/v3/api_keys", json={"name": "b", "scopes": ["mail.send"]}).json
    assert client.login("apikey", made["api_key"]).startswith("235")
    assert client.message().startswith("250")
    assert http.delete(f"/v3/api_keys/{made['api_key_id']}").status_code == 204
    assert client.message() == FAILED["sendgrid"]
    assert len(outbox(tenant, "sendgrid")) == 1


def test_sparkpost_user_name_may_name_a_subaccount(tenant: TenantClient, connect: Connect) -> None:
    key = tenant.data["providers"]["sparkpost"]["api_key"]
    client = connect("sparkpost").hello()
    assert client.login("SMTP_Injection:X-MSYS-SUBACCOUNT=x", key) == FAILED["sparkpost"]
    made = tenant.client(SPARKPOST).post("/api/v1/subaccounts", json={"name": "one", "setup_api_key": False})
    number = str(made.json["results"]["subaccount_id"])
    assert client.login(f"SMTP_Injection:X-MSYS-SUBACCOUNT={number}", key).startswith("235")
    assert client.message().startswith("250")
    assert [each["account"] for each in tenant.ok("GET", "/requests")["requests"]][-2:] == [number, number]


def test_mailgun_password_that_was_set_replaces_the_default(tenant: TenantClient, connect: Connect) -> None:
    access = tenant.data["providers"]["mailgun"]["smtp"]
    domain = access["user"].partition("@")[2]
    url = f"/v3/domains/{domain}/credentials/postmaster"
    assert tenant.client(MAILGUN).put(url, data={"password": "secret-word"}).status_code == 200
    client = connect("mailgun").hello()
    assert client.login(access["user"], access["password"]) == FAILED["mailgun"]
    assert client.login(access["user"], "secret-word").startswith("235")
    assert client.message().startswith("250")


@pytest.mark.parametrize("name", ["sparkpost", "sendgrid"])
def test_key_of_another_region_is_rejected(name: str, tenant: TenantClient, connect: Connect) -> None:
    access = tenant.data["providers"][name]["smtp"]
    client = connect(name, "eu").hello()
    assert client.login(access["user"], access["password"]) == FAILED[name]


def test_tenants_in_a_region_have_its_port(app: Flask, smtp: SmtpServer) -> None:
    tenant = ControlClient(app).new_tenant(region="eu")
    access = tenant.data["providers"]["sparkpost"]["smtp"]
    with RawClient(access["port"]) as client:
        assert client.greeting.startswith("220 2.0.0 smtp.eu.sparkpostmail.com")
        assert client.hello().login(access["user"], access["password"]).startswith("235")


def test_two_tenants_never_see_each_other(app: Flask, tenant: TenantClient, connect: Connect) -> None:
    other = ControlClient(app).new_tenant()
    clients = [connect("sendgrid").enter(each.data["providers"]["sendgrid"]) for each in (tenant, other)]
    for number, client in enumerate(clients):
        assert client.message(b"Subject: %d\r\n\r\n" % number).startswith("250")
    assert [outbox(each, "sendgrid")[0]["subject"] for each in (tenant, other)] == ["0", "1"]


def test_reset_during_a_session_keeps_the_session(tenant: TenantClient, connect: Connect) -> None:
    client = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    assert client.message().startswith("250")
    client.envelope()
    tenant.ok("POST", "/reset", {})
    assert client.ask("DATA").startswith("354")
    client.send(MESSAGE + b".\r\n")
    assert client.reply().startswith("250")
    assert [each["number"] for each in outbox(tenant, "sendgrid")] == [1]


def test_deleting_the_tenant_ends_its_sessions(app: Flask, tenant: TenantClient, connect: Connect) -> None:
    """The key may get another tenant, as over HTTP, but not in the same session, nor by it."""
    client = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    tenant.ok("DELETE", "", status=204)
    left = tenant.control.ok("GET", "/tenants")
    assert client.ask("MAIL FROM:<a@example.com>").startswith("421")
    assert client.is_closed()
    assert tenant.control.ok("GET", "/tenants") == left


def test_login_in_the_clear_is_a_violation_where_the_provider_forbids_it(
    app: Flask, smtp: SmtpServer, connect: Connect
) -> None:
    tenant = ControlClient(app).new_tenant(strict=True)
    for name in NAMES:
        connect(name).enter(tenant.data["providers"][name])
    violations = {each["provider"]: each["request_violations"] for each in tenant.ok("GET", "/requests")["requests"]}
    assert violations == {
        "sparkpost": [{"pointer": "/headers/Tls", "rule": "requires_tls", "value": "none"}],
        "sendgrid": [],
        "mailgun": [],
    }
    problems = tenant.ok("GET", "/problems")["problems"]
    assert [each["operation"] for each in problems] == ["sparkpost.smtpAuth"]


def test_requests_have_filters_and_no_archive_of_http(tenant: TenantClient, connect: Connect) -> None:
    assert connect("sendgrid").enter(tenant.data["providers"]["sendgrid"]).message().startswith("250")
    tenant.client(SENDGRID).get("/v3/ips/pools")
    (record,) = tenant.ok("GET", "/requests?operation=sendgrid.smtpData")["requests"]
    assert (record["method"], record["path"], record["body"]) == ("SMTP", "/DATA", MESSAGE.decode())
    assert record["headers"] == [["Mail-From", "a@example.com"], ["Rcpt-To", "b@example.com"], ["Tls", "none"]]
    entries = tenant.control.open("GET", f"{tenant.path}/har").json["log"]["entries"]
    assert [each["_operation"] for each in entries] == ["sendgrid.listIpPools"]
    counts = tenant.ok("GET", "/coverage")["counts"]
    assert {each["operation"]: each["count"] for each in counts}["sendgrid.smtpData"] == 1


def test_key_in_a_message_is_not_in_the_request_log(tenant: TenantClient, connect: Connect) -> None:
    access = tenant.data["providers"]["sendgrid"]
    content = MESSAGE + access["api_key"].encode() + b"\r\n"
    assert connect("sendgrid").enter(access).message(content).startswith("250")
    assert access["api_key"] not in str(tenant.ok("GET", "/requests"))


def test_provider_without_smtp_has_no_port(app: Flask, cases: list[ProviderCase], smtp: SmtpServer) -> None:
    """The others have what a provider must have, each text with its source."""
    with_smtp = {name for name, _ in smtp.state.smtp.ports}  # type: ignore[union-attr]
    for provider in smtp.state.providers.values():
        smtp_provider: SmtpProvider | None = provider.smtp_provider()
        assert (provider.name in with_smtp) == (smtp_provider is not None)
        if smtp_provider is not None:
            moments = {"greeting", "auth", "auth_failed", "mail", "rcpt", "data", "accepted", "quit"}
            assert moments <= smtp_provider.replies.keys()
            assert all(each.key == key and each.source.where for key, each in smtp_provider.replies.items())


@pytest.mark.parametrize(
    ("name", "error", "reply"),
    [
        ("sparkpost", ErrorMessage("a", 400, "Not now", assumed("a test")), "550 5.7.1 Not now"),
        ("sparkpost", ErrorMessage("a", 422, "Not now", assumed("a test"), {"smtp": "5.6.0"}), "550 5.6.0 Not now"),
        ("sendgrid", ErrorMessage("a", 403, "Not now", assumed("a test")), "550 Not now"),
        ("mailgun", ErrorMessage("a", 403, "Not now", assumed("a test")), "550 Not now"),
        ("mailgun", ErrorMessage("not_allowed_to_send", 400, "Not now", assumed("a test")), "421 Not now"),
    ],
)
def test_message_that_a_rule_rejects(
    name: str,
    error: ErrorMessage,
    reply: str,
    tenant: TenantClient,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reply has the message of the error; 421 closes the connection."""

    def reject(*_: object, **__: object) -> None:
        raise error()

    monkeypatch.setattr(f"mockserver.providers.{name}.rules.sending.send_mime", reject)
    client = connect(name).enter(tenant.data["providers"][name])
    assert client.message() == reply
    assert client.is_closed() if reply.startswith("421") else client.ask("NOOP").startswith("250")
    record = tenant.ok("GET", "/requests")["requests"][-1]
    assert (record["error"]["key"], record["error"]["source"]) == (error.key, "a test")
    assert f"{record['status']} {record['response_body']}" == reply.replace("-", " ", 1)
    assert record["milliseconds"] > 0
    assert outbox(tenant, name) == []


def test_key_of_a_deleted_subuser_is_rejected(app: Flask, smtp: SmtpServer, connect: Connect) -> None:
    key = f"SG.{'a' * 22}.{'b' * 43}"
    seed = {"sendgrid": {"subusers": ["one"], "credentials": [{"key": key, "subuser": "one"}]}}
    tenant = ControlClient(app).new_tenant(seed=seed)
    client = connect("sendgrid").hello()
    assert client.login("apikey", key).startswith("235")
    assert client.message().startswith("250")
    assert [each["account"] for each in tenant.ok("GET", "/requests")["requests"]] == ["one", "one"]
    assert tenant.client(SENDGRID).delete("/v3/subusers/one").status_code == 204
    assert connect("sendgrid").hello().login("apikey", key) == FAILED["sendgrid"]


def test_sparkpost_key_that_a_reset_revokes_is_rejected(tenant: TenantClient, connect: Connect) -> None:
    body = {"name": "one", "key_label": "a", "key_grants": ["smtp/inject"]}
    key = tenant.client(SPARKPOST).post("/api/v1/subaccounts", json=body).json["results"]["key"]
    assert connect("sparkpost").hello().login("SMTP_Injection", key).startswith("235")
    tenant.ok("POST", "/reset", {})
    assert connect("sparkpost").hello().login("SMTP_Injection", key) == FAILED["sparkpost"]
