"""Sending from Mailgun's domains: what is accepted, and which pool and IP it leaves by."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.core import mime, outbox

from ..support import MAILGUN, MAILGUN_KEY, SUBACCOUNT, ProviderClient
from .mailgun_account import MARKETING, NOWHERE, POOLS, SPARE, TRANSACTIONAL, Time, create, details, refused

STORES = ("memory", "redis")
NEWS = "/v3/news.example.com/messages"
MAIL = "/v3/mail.example.com/messages"
SHARED = "/v3/shared.example.com/messages"
SUB = "/v3/sub.example.com/messages"
FORM: dict[str, Any] = {"from": "me@news.example.com", "to": "you@example.org", "subject": "Hello", "text": "Hello"}
SOURCE = "From: Me <me@news.example.com>\r\nTo: you@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"
SANDBOX = "sandbox5f3a1c0e9d8b7a6c5e4f30215f3a1c0e.mailgun.org"
DAY = 86_400

pytestmark = pytest.mark.store("memory")


def messages(mailgun: ProviderClient) -> list[outbox.Message]:
    return list(mailgun.tenant.read().state("mailgun").outbox.messages)


def accepted(response: TestResponse) -> str:
    assert response.status_code == 200, response.text
    message_id: str = response.json["id"]
    assert response.json == {"id": message_id, "message": "Queued. Thank you."}
    assert re.fullmatch("<[^<>@ ]+@[^<>@ ]+>", message_id)
    return message_id


def send(mailgun: ProviderClient, path: str = NEWS, **fields: Any) -> outbox.Message:
    """Send a message, and return it as it is in the outbox. `o_testmode` is the field `o:testmode`."""
    message_id = accepted(mailgun.post(path, data=form(**fields)))
    message = messages(mailgun)[-1]
    assert message.message_id == message_id
    return message


def form(**fields: Any) -> dict[str, Any]:
    renamed = {re.sub("^([ohvt])_", r"\1:", name).replace("_", "-"): value for name, value in fields.items()}
    return {name: value for name, value in {**FORM, **renamed}.items() if value is not None}


def send_mime(mailgun: ProviderClient, source: str = SOURCE, path: str = NEWS, **fields: Any) -> TestResponse:
    file = (io.BytesIO(source.encode()), "message.mime")
    data = {"to": "you@example.org", **form(**{**dict.fromkeys(FORM), **fields}), "message": file}
    return mailgun.post(f"{path}.mime", data=data, content_type="multipart/form-data")


def ways(mailgun: ProviderClient, path: str = NEWS, times: int = 4, **fields: Any) -> list[str | None]:
    return [send(mailgun, path, **fields).ip for _ in range(times)]


def unused_fields(mailgun: ProviderClient) -> list[str]:
    """Return the fields of the last request that the operation did not read, as the request log has them."""
    log = mailgun.application.test_client().get(f"/_mockserver/tenants/{mailgun.tenant.id}/requests").json["requests"]
    found: list[str] = next(each for each in reversed(log) if "/messages" in each["path"])["unused_fields"]
    return found


# What is accepted


def test_message_is_in_the_outbox(mailgun: ProviderClient) -> None:
    mailgun.post(
        NEWS,
        data={
            "from": "Me <me@news.example.com>",
            "to": ['"You, there" <you@example.org>, second@example.org', "third@example.org"],
            "cc": "Copy <copy@example.org>",
            "bcc": "hidden@example.org, YOU@example.org",
            "subject": "Grüße",
            "text": "Hello",
            "html": "<p>Hello</p>",
            "amp-html": "<html amp4email>",
            "o:tag": ["a", "b"],
            "h:Reply-To": "reply@example.org",
            "v:order": "7",
            "recipient-variables": '{"you@example.org": {}}',
            "attachment": [(io.BytesIO(b"\xff\0"), "a.bin"), (io.BytesIO(b"a,b"), "b.csv", "text/csv")],
            "inline": (io.BytesIO(b"png"), "logo.png", "image/png"),
        },
    )
    (message,) = messages(mailgun)
    assert message.recipients == (
        "you@example.org",
        "second@example.org",
        "third@example.org",
        "copy@example.org",
        "hidden@example.org",
    )
    assert (message.sender, message.subject, message.via) == ("me@news.example.com", "Grüße", "http")
    assert (message.status, message.account, message.number) == ("accepted", None, 1)
    headers = dict(message.headers)
    assert headers["From"] == "Me <me@news.example.com>"
    assert headers["To"] == '"You, there" <you@example.org>, second@example.org, third@example.org'
    assert headers["Cc"] == "Copy <copy@example.org>"
    assert "Bcc" not in headers
    assert headers["Reply-To"] == "reply@example.org"
    assert [value for name, value in message.headers if name == "X-Mailgun-Tag"] == ["a", "b"]
    assert json.loads(headers["X-Mailgun-Variables"]) == {"order": "7"}
    assert headers["X-Mailgun-Recipient-Variables"] == '{"you@example.org": {}}'
    assert headers["Message-Id"] == message.message_id
    assert [(part.content_type, part.content) for part in message.parts[:3]] == [
        ("text/plain", "Hello"),
        ("text/x-amp-html", "<html amp4email>"),
        ("text/html", "<p>Hello</p>"),
    ]
    assert message.parts[3:] == (
        outbox.Part("application/octet-stream", base64.b64encode(b"\xff\0").decode(), "a.bin", None, True),
        outbox.Part("text/csv", base64.b64encode(b"a,b").decode(), "b.csv", None, True),
        outbox.Part("image/png", base64.b64encode(b"png").decode(), "logo.png", "logo.png", True),
    )
    assert mime.read(mime.source_of(message)).header("Subject") == "Grüße"
    assert unused_fields(mailgun) == []


def test_template_is_accepted(mailgun: ProviderClient) -> None:
    """There are none here; what was sent is in the headers, as in a message that Mailgun delivers."""
    message = send(mailgun, text=None, template="welcome", t_variables='{"name": "Bob"}', t_version="v1")
    assert message.parts == ()
    headers = dict(message.headers)
    assert (headers["X-Mailgun-Template-Name"], headers["X-Mailgun-Template-Variables"]) == (
        "welcome",
        '{"name": "Bob"}',
    )


def test_template_may_have_the_sender(mailgun: ProviderClient) -> None:
    """Then the message has no From header here, as there are no templates."""
    for sender in (None, ""):
        message = send(mailgun, **{"from": sender, "text": None, "template": "welcome"})
        assert (message.sender, dict(message.headers).get("From")) == ("", None)
    invalid = "from parameter is not a valid address. please check documentation"
    refused(mailgun.post(NEWS, data=form(**{"from": "me", "template": "welcome"})), 400, invalid)


@pytest.mark.parametrize(("end", "sender"), [(1_999, ".com"), (2_000, ".com"), (2_001, ".co")])
def test_beginning_of_a_long_from_header_is_read(mailgun: ProviderClient, end: int, sender: str) -> None:
    """`end` is the number of characters up to the end of the address."""
    address = "<me@news.example.com"
    name = "x" * (end - len(address))
    accepted(send_mime(mailgun, f"From: {name}{address}>\r\n\r\nHello\r\n"))
    assert messages(mailgun)[-1].sender == f"me@news.example{sender}"


def test_id_has_the_time_and_the_domain(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    mailgun = make_mailgun(time=time)
    first, second = send(mailgun), send(mailgun)
    assert re.fullmatch(r"<20231114221320\.[0-9a-f]{16}@news\.example\.com>", first.message_id)
    assert first.message_id != second.message_id
    assert first.time == time.now
    assert dict(first.headers)["Date"] == "Tue, 14 Nov 2023 22:13:20 -0000"


@pytest.mark.parametrize("given", ["<mine@example.org>", "mine@example.org", " <mine@example.org> "])
def test_id_of_the_message_is_kept(mailgun: ProviderClient, given: str) -> None:
    assert send(mailgun, **{"h:Message-Id": given}).message_id == "<mine@example.org>"
    assert accepted(send_mime(mailgun, f"Message-ID: {given}\r\n{SOURCE}")) == "<mine@example.org>"
    assert len([name for name, _ in messages(mailgun)[0].headers if name.lower() == "message-id"]) == 1


@pytest.mark.parametrize("given", ["", "<a b>", "<", "<" + "x" * 251 + ">"])
def test_id_that_is_none_is_replaced(mailgun: ProviderClient, given: str) -> None:
    assert accepted(send_mime(mailgun, f"Message-ID: {given}\r\n{SOURCE}")).endswith("@news.example.com>")


def test_mime_message(mailgun: ProviderClient) -> None:
    accepted(send_mime(mailgun, to="you@example.org, other@example.org"))
    (message,) = messages(mailgun)
    assert (message.source, message.headers, message.parts) == (SOURCE, (), ())
    assert (message.sender, message.subject) == ("me@news.example.com", "Hello")
    assert message.recipients == ("you@example.org", "other@example.org")
    assert unused_fields(mailgun) == []


def test_form_is_urlencoded_or_multipart(mailgun: ProviderClient) -> None:
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        accepted(mailgun.post(NEWS, data=FORM, content_type=content_type))
    refused(mailgun.post(NEWS, json=FORM), 400, "from parameter is missing")


def test_unknown_option_is_logged_as_unused(mailgun: ProviderClient) -> None:
    send(mailgun, **{"o:sending-ip-poll": MARKETING, "o:tracking": "no", "h:X-A": "b"})
    assert unused_fields(mailgun) == ["o:sending-ip-poll"]


# What is refused

INVALID = "{} parameter is not a valid address. please check documentation"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"from": None}, "from parameter is missing"),
        ({"from": ""}, "from parameter is missing"),
        ({"to": None}, "to parameter is missing"),
        ({"to": ""}, "to parameter is missing"),
        ({"from": None, "to": None}, "from parameter is missing"),
        ({"from": "me"}, INVALID.format("from")),
        ({"to": "you"}, INVALID.format("to")),
        ({"to": "you@"}, INVALID.format("to")),
        ({"to": "@example.org"}, INVALID.format("to")),
        ({"to": "you@example..org"}, INVALID.format("to")),
        ({"to": "you@.example.org"}, INVALID.format("to")),
        ({"to": "you@example.org."}, INVALID.format("to")),
        ({"to": "a b@example.org"}, INVALID.format("to")),
        ({"to": "You <you@example.org"}, INVALID.format("to")),
        ({"to": "you@example.org you@example.org"}, INVALID.format("to")),
        ({"to": "x" * 65 + "@example.org"}, INVALID.format("to")),
        ({"to": "you@" + "x" * 64 + ".org"}, INVALID.format("to")),
        ({"to": "ok@example.org,nope"}, INVALID.format("to")),
        *[
            ({"to": address}, INVALID.format("to"))
            for address in (
                "a..b@example.org",
                ".a@example.org",
                "a.@example.org",
                "a@-example.org",
                "a@example-.org",
                "a@example.-b",
                "A [x] <a@example.org>",
                "A; B <a@example.org>",
                "A: <a@example.org>",
                "A \\ <a@example.org>",
                '"a"b@example.org',
                '"' + "x" * 63 + '"@example.org',
                "a@[1.2.3.4",
                "a@[x]",
                "a@b.org (comment",
                "a@b.org )",
                "a@" + "x" * 63 + ".x" * 96 + ".org",
                "a@" + "x." * 40_000 + "org",
                "Group: a@example.org",
                "a@example.org;",
                ": a@example.org;",
                "Group: a@example.org; b@example.org",
                "Outer: Inner: a@example.org;;",
            )
        ],
        ({"cc": "nope"}, INVALID.format("cc")),
        ({"bcc": "nope"}, INVALID.format("bcc")),
        ({"text": None}, "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"),
        ({"text": ""}, "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"),
        ({"html": "<p>", "template": "t"}, "Only one parameters 'html' or 'template' is allowed"),
        ({"recipient-variables": "{"}, "'recipient-variables' parameter is not a valid JSON"),
        ({"recipient-variables": "[]"}, "'recipient-variables' parameter is not a valid JSON"),
        ({"recipient-variables": "[" * 100_000}, "'recipient-variables' parameter is not a valid JSON"),
        *[
            ({"o:deliverytime": date}, f"{date} is not an RFC-2822 compliant date")
            for date in (
                "tomorrow",
                "Oct 14 2011 12:00:00",
                "Fri Oct 14 12:00:00 2011",
                "Fri, 14 Oct 2011 12:00:00",
                "Fri, 14 Oct 2011 12:00:00 +0000 then",
                "14 Oct 2011 +0000",
                "2011-10-14T12:00:00Z",
                "1318593600",
                "Fri, 44 Oct 2011 12:00:00 +0000",
                "Fri, 14 Nope 2011 12:00:00 +0000",
                "Fri, 14 Oct 2011 25:00:00 +0000",
            )
        ],
        ({"h:X-Größe": "1"}, "Header name must be pure ASCII: X-Größe"),
        ({"h:X\r\nBcc": "1"}, "Header name must be pure ASCII: X\r\nBcc"),
        ({"h:": "1"}, "Header name must be pure ASCII: "),
    ],
)
def test_invalid_form(mailgun: ProviderClient, fields: dict[str, Any], message: str) -> None:
    """Nothing is put into the outbox, and no id is used up."""
    refused(mailgun.post(NEWS, data=form(**fields)), 400, message)
    assert messages(mailgun) == []
    assert send(mailgun).message_id.endswith("000001@news.example.com>")


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "x" * 64 + "@" + "y" * 63 + ".org"},
        {"to": "you@localhost"},
        {"to": "grüße@exämple.org"},
        {"to": " you@example.org , "},
        {"to": 'me@example.org <you@example.org>,"a \\" b" <b@example.org>, Plain Name <c@example.org>'},
        *[
            {"to": address}
            for address in (
                '"quo ted"@example.org',
                '"' + "x" * 62 + '"@example.org',
                "a@[1.2.3.4]",
                "a@[IPv6:2001:db8::1]",
                "a@example.org (comment)",
                "A (comment) <a@example.org> (other), b@example.org",
                "a.b.c@a-b.example.org",
                'A "B" C <a@example.org>',
                "J. R. A <a@example.org>",
                "Group: a@example.org, B <b@example.org>; (comment), Empty:;, c@example.org",
                "a@" + "x" * 63 + ".x" * 94 + ".org",
            )
        ],
        {"from": "Me, myself".replace(",", "") + " <me@news.example.com>"},
        *[
            {"o:deliverytime": date}
            for date in (
                "Fri, 14 Oct 2011 12:00:00 +0000",
                "14 Oct 2011 12:00 -0700",
                "Fri, 4 Oct 11 12:00:00 GMT",
                "Fri, 14 Oct 2011 12:00:00 UTC",
                "Fri, 14 Oct 2011 12:00:00 +0000 (UTC)",
                " Fri, 14 Oct 2011 12:00:00 GMT ",
            )
        ],
        {"recipient-variables": "{}"},
        {"subject": None},
        {"text": None, "html": "<p>"},
        {"text": None, "amp-html": "<html>"},
        {"text": "t", "template": "welcome"},
    ],
)
def test_valid_form(mailgun: ProviderClient, fields: dict[str, Any]) -> None:
    send(mailgun, **fields)


@pytest.mark.parametrize(("count", "status"), [(999, 200), (1000, 200), (1001, 400)], ids=["999", "1000", "1001"])
def test_number_of_recipients(mailgun: ProviderClient, count: int, status: int) -> None:
    """Those of To, Cc and Bcc together, without duplicates, also of a MIME message."""
    addresses = [f"{number}@example.org" for number in range(count)]
    fields = {"to": ", ".join(addresses[:400]), "cc": addresses[400:-1], "bcc": [*addresses[-1:], addresses[0]]}
    mime_form = {"to": [*addresses[:-1], f"{addresses[-1]}, {addresses[0]}"]}
    found = [mailgun.post(NEWS, data=form(**fields)), send_mime(mailgun, **mime_form)]
    for response in found:
        assert response.status_code == status
        if status == 400:
            refused(response, 400, "Too many recipients, max is 1000")


@pytest.mark.parametrize("path", ["messages", "messages.mime"])
@pytest.mark.parametrize(("more", "status"), [(-1, 200), (0, 200), (1, 400)])
def test_size_of_options(mailgun: ProviderClient, path: str, more: int, status: int) -> None:
    """Names and values of o:, h:, v: and t: together; in bytes."""
    options = {"o:tag": "ä", "h:X-A": "b", "t:text": "yes", "v:x": ""}
    size = sum(len(f"{name}{value}".encode()) for name, value in options.items())
    options["v:x"] = "x" * (16_384 - size + more)
    if path == "messages":
        response = mailgun.post(NEWS, data=form(text="t" * 20_000, **options))
    else:
        response = send_mime(mailgun, f"X-Long: {'x' * 20_000}\r\n{SOURCE}", **options)
    assert response.status_code == status
    if status == 400:
        refused(response, 400, "Send options (parameters starting with o:, h:, or v:) are limited to 16KB total")


def test_invalid_mime_form(mailgun: ProviderClient) -> None:
    path = f"{NEWS}.mime"
    for content_type in ("application/x-www-form-urlencoded", "application/json"):
        message = f"Invalid request content type. Expecting 'multipart/form-data' but got '{content_type}'"
        refused(mailgun.post(path, data=b"to=you@example.org", content_type=content_type), 400, message)
    multipart = {"content_type": "multipart/form-data"}
    refused(mailgun.post(path, data={"a": "b"}, **multipart), 400, "to parameter is missing")
    sent = {"to": "you@example.org"}
    refused(mailgun.post(path, data=sent, **multipart), 400, "message parameter is missing")
    sent["message"] = SOURCE
    refused(mailgun.post(path, data=sent, **multipart), 400, "'message' parameter is not a file")
    refused(send_mime(mailgun, to="you"), 400, INVALID.format("to"))
    refused(send_mime(mailgun, "Subject: Hello\r\n\r\n"), 400, "from parameter is missing")
    refused(send_mime(mailgun, **{"h:ä": "1"}), 400, "Header name must be pure ASCII: ä")
    refused(send_mime(mailgun, **{"o:deliverytime": "x"}), 400, "x is not an RFC-2822 compliant date")
    assert messages(mailgun) == []


def test_unknown_domain(make_app: Callable[..., Any]) -> None:
    app = make_app(profile="mailgun=documented")
    mailgun = MAILGUN.new_client(app)
    for path in ("/v3/nowhere.example.com/messages", "/v3/nowhere.example.com/messages.mime", SUB):
        name = path.split("/")[2]
        refused(mailgun.post(path, data=FORM), 404, f"Domain not found: {name}")
    live = MAILGUN.new_client(make_app(profile="mailgun=live"))
    response = live.post("/v3/nowhere.example.com/messages", data=FORM)
    assert (response.status_code, response.data) == (401, b"Forbidden")
    assert "X-Mailgun-Key-Id" not in response.headers


def test_domain_in_any_case(mailgun: ProviderClient) -> None:
    assert send(mailgun, "/v3/NEWS.Example.Com/messages").message_id.endswith("@news.example.com>")


def test_domain_of_another_region(make_mailgun: Callable[..., ProviderClient]) -> None:
    """A domain sends at the host of its region, by the IPs and pools of that region."""
    mailgun = make_mailgun(
        credentials=[MAILGUN_KEY],
        subaccounts=[],
        ips=["192.0.2.21", {"ip": "192.0.2.60", "region": "eu"}],
        ip_pools=[
            {"pool_id": MARKETING, "name": "Marketing", "ips": ["192.0.2.21"]},
            {"pool_id": TRANSACTIONAL, "name": "EU", "ips": ["192.0.2.60"], "region": "eu"},
        ],
        domains=["news.example.com", {"name": "eu.example.com", "ips": ["192.0.2.60"], "region": "eu"}],
        eligible_for_shared_ips=False,
    )
    client, eu = mailgun.application.test_client(), "/mailgun-eu/v3/eu.example.com/messages"
    accepted(client.post(eu, data=form(o_sending_ip_pool=TRANSACTIONAL), headers=mailgun.headers))
    assert (messages(mailgun)[-1].ip, messages(mailgun)[-1].pool_name) == ("192.0.2.60", "EU")
    response = client.post(eu, data=form(o_sending_ip_pool=MARKETING), headers=mailgun.headers)
    refused(response, 403, f"Rejected: IP pool {MARKETING} can't be used to send the message")
    response = client.post(f"/mailgun-eu{NEWS}", data=FORM, headers=mailgun.headers)
    refused(response, 404, "Domain not found: news.example.com")
    refused(mailgun.post("/v3/eu.example.com/messages", data=FORM), 404, "Domain not found: eu.example.com")


def test_fixed_path_precedes_the_name_of_a_domain(mailgun: ProviderClient) -> None:
    """The path of a pool is not that of the messages of a domain `ip_pools`."""
    response = mailgun.post(f"{POOLS}/messages", data=FORM)
    assert (response.status_code, response.headers["Allow"]) == (405, "DELETE, GET, PATCH")
    assert mailgun.post("/v3/domains/messages", data=FORM).status_code == 405
    assert mailgun.get(NEWS).status_code == 405


def test_unverified_domain(mailgun: ProviderClient) -> None:
    mailgun.post("/v4/domains", data={"name": "new.example.com", "ips": "192.0.2.11"})
    path = "/v3/new.example.com/messages"
    message = (
        "Domain new.example.com is not allowed to send: The domain is unverified and requires DNS configuration. "
        "Log in to your control panel to view required DNS records."
    )
    refused(mailgun.post(path, data=FORM), 400, message)
    refused(send_mime(mailgun, path=path), 400, message)
    mailgun.put("/v4/domains/new.example.com/verify")
    assert send(mailgun, path).ip == "192.0.2.11"


def test_disabled_domain(make_mailgun: Callable[..., ProviderClient]) -> None:
    mailgun = make_mailgun(domains=[{"name": "off.example.com", "state": "disabled"}], subaccounts=[], **NO_ACCOUNTS)
    message = "Domain off.example.com is not allowed to send: The domain is disabled."
    refused(mailgun.post("/v3/off.example.com/messages", data=FORM), 400, message)


NO_ACCOUNTS: dict[str, Any] = {
    "credentials": [MAILGUN_KEY],
    "ips": ["192.0.2.10", "192.0.2.11", {"ip": "198.51.100.1", "dedicated": False}],
    "ip_pools": [],
}


def test_sandbox_domain(make_mailgun: Callable[..., ProviderClient]) -> None:
    """It sends to authorized recipients only."""
    reason = (
        "Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized "
        "recipients in Account Settings."
    )
    for profile, status in (("documented", 400), ("live", 403)):
        mailgun = make_mailgun(
            profile=profile,
            domains=[SANDBOX],
            subaccounts=[],
            authorized_recipients=["You@example.org"],
            **NO_ACCOUNTS,
        )
        path = f"/v3/{SANDBOX}/messages"
        assert send(mailgun, path).recipients == ("you@example.org",)
        for fields in ({"to": "other@example.org"}, {"cc": "other@example.org"}):
            message = f"Domain {SANDBOX} is not allowed to send: {reason}"
            refused(mailgun.post(path, data=form(**fields)), status, message)


def test_sending_key(make_mailgun: Callable[..., ProviderClient]) -> None:
    """It sends from its domains, and does nothing else."""
    key = "key-" + "7" * 32
    mailgun = make_mailgun(
        credentials=[MAILGUN_KEY, {"key": key, "domains": ["News.example.com"]}],
        domains=["news.example.com", "mail.example.com"],
        subaccounts=[],
        ips=["192.0.2.10"],
        ip_pools=[],
        eligible_for_shared_ips=False,
    )
    sending = mailgun.with_key(key)
    assert send(sending).subject == "Hello"
    accepted(send_mime(sending))
    for response in (
        sending.post(MAIL, data=FORM),
        sending.get(POOLS),
        sending.get("/v3/domains/news.example.com"),
        sending.post("/v3/domains/news.example.com/credentials", data={"login": "bob"}),
    ):
        assert (response.status_code, response.data) == (401, b"Forbidden")
    accepted(mailgun.post(MAIL, data=FORM))


# Which pool and which IP


def test_ips_of_a_domain_take_turns(mailgun: ProviderClient) -> None:
    mailgun.delete("/v3/ip_warmups/192.0.2.14")
    assert ways(mailgun) == ["192.0.2.10", "192.0.2.14", "192.0.2.10", "192.0.2.14"]
    message = messages(mailgun)[-1]
    assert message.reason == "No pool is linked to the domain news.example.com; its 2 IPs take turns."
    assert (message.pool, message.pool_name) == (None, None)


def test_turn_is_one_message_whatever_its_recipients(mailgun: ProviderClient) -> None:
    mailgun.delete("/v3/ip_warmups/192.0.2.14")
    send(mailgun, to="a@example.org, b@example.org")
    assert ways(mailgun, times=3) == ["192.0.2.14", "192.0.2.10", "192.0.2.14"]


def test_linked_pool(mailgun: ProviderClient) -> None:
    message = send(mailgun, MAIL)
    assert (message.pool, message.pool_name, message.ip) == (TRANSACTIONAL, "Transactional", "192.0.2.20")
    assert message.reason == "The pool 'Transactional' is linked to the domain mail.example.com; it has one IP."
    mailgun.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.11")
    assert ways(mailgun, MAIL, 3) == ["192.0.2.11", "192.0.2.20", "192.0.2.11"]


def test_linked_pool_after_a_job(slow: ProviderClient, time: Time) -> None:
    """Until the job is done, the domain sends from the IPs that it had, also when its pool is deleted."""
    slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.11")
    slow.delete(f"{POOLS}/{TRANSACTIONAL}", data={"pool_id": MARKETING})
    message = send(slow, MAIL)
    assert (message.pool, message.pool_name, message.ip) == (TRANSACTIONAL, "Transactional", "192.0.2.20")
    time.now += 10
    assert (send(slow, MAIL).pool, send(slow, MAIL).ip) == (MARKETING, "192.0.2.21")


def test_sequence_of_pool_and_headers(mailgun: ProviderClient) -> None:
    """The option and the header of the message choose the pool; an HTTP header of the same name does nothing."""
    for name in ("o:sending-ip-pool", "h:X-Mailgun-Sending-Ip-Pool", "h:x-mailgun-sending-ip-pool"):
        message = send(mailgun, **{name: MARKETING})
        assert (message.pool, message.pool_name, message.ip) == (MARKETING, "Marketing", "192.0.2.21")
        assert message.reason == f"{name} names the pool 'Marketing'; it has one IP."
        accepted(send_mime(mailgun, **{name: MARKETING}))
        assert messages(mailgun)[-1].pool == MARKETING
    accepted(send_mime(mailgun, f"X-Mailgun-Sending-Ip-Pool: {MARKETING}\r\n{SOURCE}"))
    message = messages(mailgun)[-1]
    assert (message.pool, message.ip) == (MARKETING, "192.0.2.21")
    assert message.reason == "The header X-Mailgun-Sending-Ip-Pool names the pool 'Marketing'; it has one IP."
    header = {"X-Mailgun-Sending-Ip-Pool": MARKETING, "X-Mailgun-Sending-Ip": "192.0.2.21"}
    accepted(mailgun.post(NEWS, data=FORM, headers=header))
    assert (messages(mailgun)[-1].pool, messages(mailgun)[-1].ip) == (None, "192.0.2.10")


def test_named_ip(mailgun: ProviderClient) -> None:
    """It precedes a pool; an option precedes a header. A header for a pool may have an IP."""
    for name in ("o:sending-ip", "h:X-Mailgun-Sending-Ip", "h:X-Mailgun-Sending-Ip-Pool"):
        message = send(mailgun, **{name: "192.0.2.11"})
        assert (message.ip, message.pool, message.reason) == ("192.0.2.11", None, f"{name} names the IP.")
    more = {"o:sending-ip": "192.0.2.11", "h:X-Mailgun-Sending-Ip": "192.0.2.12", "o:sending-ip-pool": MARKETING}
    assert send(mailgun, **more).ip == "192.0.2.11"
    accepted(send_mime(mailgun, f"X-Mailgun-Sending-Ip: 192.0.2.13\r\n{SOURCE}", **{"o:sending-ip-pool": MARKETING}))
    assert messages(mailgun)[-1].ip == "192.0.2.13"
    assert send(mailgun, o_sending_ip="2001:DB8:0::25").ip == "2001:db8::25"
    assert send(mailgun, o_sending_ip="192.0.2.21").ip == "192.0.2.21"
    assert send(mailgun, SHARED, o_sending_ip="198.51.100.1").ip == "198.51.100.1"
    assert send(mailgun, o_sending_ip="", o_sending_ip_pool="").ip == "192.0.2.10"
    for name in ("h:X-Mailgun-Sending-Ip", "h:X-Mailgun-Sending-Ip-Pool"):
        assert send(mailgun, **{name: " "}).reason.startswith("No pool is linked to the domain news.example.com; ")
        accepted(send_mime(mailgun, f"{name[2:]}:\r\n{SOURCE}"))


@pytest.mark.parametrize("ip", ["203.0.113.9", "198.51.100.2", "192.0.2.30", "nonsense", MARKETING])
def test_ip_that_cannot_be_used(mailgun: ProviderClient, ip: str) -> None:
    """An unknown one, a shared one that is not the domain's, one of a subaccount."""
    message = f"Rejected: IP {ip} can't be used to send the message"
    refused(mailgun.post(NEWS, data=form(o_sending_ip=ip)), 403, message)
    refused(send_mime(mailgun, f"X-Mailgun-Sending-Ip: {ip}\r\n{SOURCE}"), 403, message)
    assert messages(mailgun) == []


def test_disabled_ip_and_ip_of_another_region(make_mailgun: Callable[..., ProviderClient]) -> None:
    mailgun = make_mailgun(
        credentials=[MAILGUN_KEY],
        subaccounts=[],
        ips=["192.0.2.10", {"ip": "192.0.2.11", "enabled": False}, {"ip": "192.0.2.12", "region": "eu"}],
        ip_pools=[
            {"pool_id": SPARE, "name": "Off", "ips": ["192.0.2.11"]},
            {"pool_id": MARKETING, "name": "EU", "ips": ["192.0.2.12"], "region": "eu"},
        ],
        domains=[{"name": "news.example.com", "ips": ["192.0.2.10", "192.0.2.11"]}],
        eligible_for_shared_ips=False,
    )
    assert ways(mailgun, times=2) == ["192.0.2.10", "192.0.2.10"]
    for ip in ("192.0.2.11", "192.0.2.12"):
        response = mailgun.post(NEWS, data=form(o_sending_ip=ip))
        refused(response, 403, f"Rejected: IP {ip} can't be used to send the message")
    for pool in (SPARE, MARKETING):
        response = mailgun.post(NEWS, data=form(o_sending_ip_pool=pool))
        refused(response, 403, f"Rejected: IP pool {pool} can't be used to send the message")


def test_pool_that_cannot_be_used(mailgun: ProviderClient) -> None:
    """An unknown one, one without an IP, one of a subaccount; and an IP, which only the header may have."""
    theirs = create(mailgun.acting_for(SUBACCOUNT), "192.0.2.30")
    for pool in (NOWHERE, SPARE, theirs, "Marketing", "192.0.2.11"):
        message = f"Rejected: IP pool {pool} can't be used to send the message"
        refused(mailgun.post(NEWS, data=form(o_sending_ip_pool=pool)), 403, message)
    message = "Rejected: IP 192.0.2.99 can't be used to send the message"
    refused(send_mime(mailgun, f"X-Mailgun-Sending-Ip-Pool: 192.0.2.99\r\n{SOURCE}"), 403, message)
    assert messages(mailgun) == []


def test_pool_that_lost_its_last_ip(mailgun: ProviderClient) -> None:
    assert send(mailgun, o_sending_ip_pool=MARKETING).ip == "192.0.2.21"
    mailgun.delete(f"{POOLS}/{MARKETING}/ips/192.0.2.21")
    response = mailgun.post(NEWS, data=form(o_sending_ip_pool=MARKETING))
    refused(response, 403, f"Rejected: IP pool {MARKETING} can't be used to send the message")


def test_pools_need_the_feature(make_mailgun: Callable[..., ProviderClient]) -> None:
    mailgun = make_mailgun(features=[])
    response = mailgun.post(NEWS, data=form(o_sending_ip_pool=MARKETING))
    refused(response, 403, f"Rejected: IP pool {MARKETING} can't be used to send the message")


def test_subaccount(mailgun: ProviderClient) -> None:
    """It sends from its own domains, by pools that it inherits; the parent may name its own pools and IPs for it."""
    own, parent = mailgun.with_key("key-fedcba9876543210fedcba9876543210"), mailgun.acting_for(SUBACCOUNT)
    for client in (own, parent):
        message = send(client, SUB)
        assert (message.account, message.ip) == (SUBACCOUNT, "192.0.2.30")
        assert send(client, SUB, o_sending_ip_pool=TRANSACTIONAL).ip == "192.0.2.20"
        refused(client.post(NEWS, data=FORM), 404, "Domain not found: news.example.com")
    message = send(parent, SUB, o_sending_ip_pool=MARKETING)
    assert (message.pool, message.ip, message.account) == (MARKETING, "192.0.2.21", SUBACCOUNT)
    assert send(parent, SUB, o_sending_ip="192.0.2.11").ip == "192.0.2.11"
    response = own.post(SUB, data=form(o_sending_ip_pool=MARKETING))
    refused(response, 403, f"Rejected: IP pool {MARKETING} can't be used to send the message")
    response = own.post(SUB, data=form(o_sending_ip="192.0.2.11"))
    refused(response, 403, "Rejected: IP 192.0.2.11 can't be used to send the message")
    mailgun.delete(f"{POOLS}/{TRANSACTIONAL}/delegate", data={"subaccount_id": SUBACCOUNT})
    response = own.post(SUB, data=form(o_sending_ip_pool=TRANSACTIONAL))
    refused(response, 403, f"Rejected: IP pool {TRANSACTIONAL} can't be used to send the message")


def test_pool_of_a_subaccount_after_a_job(slow: ProviderClient, time: Time) -> None:
    """Until the job is done, it sends by the pool that it inherits as `GET /v3/ip_pools` has it."""
    own = slow.with_key("key-fedcba9876543210fedcba9876543210")
    slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.11")
    assert details(own, TRANSACTIONAL)["ips"] == ["192.0.2.20"]
    for client in (own, slow.acting_for(SUBACCOUNT)):
        assert ways(client, SUB, 2, o_sending_ip_pool=TRANSACTIONAL) == ["192.0.2.20", "192.0.2.20"]
    time.now += 10
    assert send(own, SUB, o_sending_ip_pool=TRANSACTIONAL).ip == "192.0.2.11"
    slow.delete(f"{POOLS}/{TRANSACTIONAL}", data={"pool_id": MARKETING})
    message = send(own, SUB, o_sending_ip_pool=TRANSACTIONAL)
    assert (message.pool, message.pool_name) == (TRANSACTIONAL, "Transactional")
    time.now += 10
    response = own.post(SUB, data=form(o_sending_ip_pool=TRANSACTIONAL))
    refused(response, 403, f"Rejected: IP pool {TRANSACTIONAL} can't be used to send the message")


def test_first_of_two_values_counts(mailgun: ProviderClient) -> None:
    """Of an option, and of a header."""
    assert send(mailgun, o_sending_ip=["192.0.2.11", "192.0.2.12"]).ip == "192.0.2.11"
    assert send(mailgun, **{"h:X-Mailgun-Sending-Ip": ["192.0.2.12", "192.0.2.11"]}).ip == "192.0.2.12"
    twice = "X-Mailgun-Sending-Ip: 192.0.2.13\r\nX-Mailgun-Sending-Ip: 192.0.2.11\r\n"
    accepted(send_mime(mailgun, twice + SOURCE))
    assert messages(mailgun)[-1].ip == "192.0.2.13"


def test_domain_without_ips(make_mailgun: Callable[..., ProviderClient]) -> None:
    domains = {"domains": ["news.example.com"], "subaccounts": [], **NO_ACCOUNTS}
    mailgun = make_mailgun(eligible_for_shared_ips=True, **domains)
    message = send(mailgun)
    assert message.ip == "198.51.100.1"
    assert message.reason.endswith("; it has no IP, so a shared IP takes it.")
    mailgun = make_mailgun(eligible_for_shared_ips=False, **domains)
    message = send(mailgun)
    assert message.ip is None
    assert message.reason.endswith("; it has no IP, so no IP is known.")
    eu = {"name": "news.example.com", "region": "eu"}  # the shared IP is in another region
    mailgun = make_mailgun(eligible_for_shared_ips=True, **{**domains, "domains": [eu]})
    accepted(mailgun.application.test_client().post(f"/mailgun-eu{NEWS}", data=FORM, headers=mailgun.headers))
    assert messages(mailgun)[-1].reason.endswith("; it has no IP, so Mailgun chooses a shared IP.")


@pytest.mark.parametrize("value", ["yes", "true", "True"])
def test_test_mode(mailgun: ProviderClient, value: str) -> None:
    """The message does not leave: it counts for no IP."""
    message = send(mailgun, MAIL, o_testmode=value)
    assert (message.status, message.ip, message.pool) == ("test", None, TRANSACTIONAL)
    assert message.reason.startswith("In test mode it does not leave. The pool 'Transactional' is linked")
    accepted(send_mime(mailgun, f"X-Mailgun-Drop-Message: {value}\r\n{SOURCE}"))
    assert messages(mailgun)[-1].status == "test"
    assert mailgun.tenant.read().state("mailgun").outbox.usage == ()
    for other in ("no", "false", ""):
        assert send(mailgun, o_testmode=other).status == "accepted"


# Warm-ups


def warming(make_mailgun: Callable[..., ProviderClient], time: Time, **more: Any) -> ProviderClient:
    """An account with two IPs on a warm-up, whose hourly limit is 41 on the first day and 83 on the second."""
    ips = [{"ip": f"192.0.2.{n}", "warmup": True, "warmup_started_at": int(time.now)} for n in (40, 41)]
    section: dict[str, Any] = {
        "credentials": [MAILGUN_KEY],
        "subaccounts": [],
        "ips": [*ips, "192.0.2.50", "192.0.2.51", {"ip": "198.51.100.1", "dedicated": False}],
        "ip_pools": [
            {"pool_id": TRANSACTIONAL, "name": "Warming", "ips": ["192.0.2.40"]},
            {"pool_id": MARKETING, "name": "Overflow", "ips": ["192.0.2.50"]},
            {"pool_id": SPARE, "name": "Other", "ips": ["192.0.2.51"]},
        ],
        "domains": [{"name": "mail.example.com", "pool_id": TRANSACTIONAL}],
        "eligible_for_shared_ips": False,
    }
    return make_mailgun(time=time, **{**section, **more})


def batch(count: int) -> str:
    return ",".join(f"{number}@example.org" for number in range(count))


@pytest.mark.parametrize(("first", "ip"), [(39, "192.0.2.40"), (40, "192.0.2.40"), (41, "198.51.100.1")])
def test_hourly_limit_of_a_warmup(make_mailgun: Callable[..., ProviderClient], time: Time, first: int, ip: str) -> None:
    """Beyond it a shared IP takes the message; in the next hour, and on the next day, there is room again."""
    mailgun = warming(make_mailgun, time, eligible_for_shared_ips=True)
    assert send(mailgun, MAIL, to=batch(first)).ip == "192.0.2.40"
    message = send(mailgun, MAIL)
    assert message.ip == ip
    if ip == "198.51.100.1":
        assert (message.pool, message.reason) == (
            None,
            "The pool 'Warming' is linked to the domain mail.example.com; its IPs are at the hourly limit of a "
            "warm-up, so a shared IP takes it.",
        )
    time.now += 3_599
    assert send(mailgun, MAIL, to=batch(41)).ip == "198.51.100.1"
    time.now += 1
    assert send(mailgun, MAIL, to=batch(41)).ip == "192.0.2.40"
    assert send(mailgun, MAIL, to=batch(42)).ip == "198.51.100.1"
    time.now += DAY
    assert send(mailgun, MAIL, to=batch(83)).ip == "192.0.2.40"
    time.now += 15 * DAY
    assert send(mailgun, MAIL, to=batch(1000)).ip == "192.0.2.40"


def test_other_ips_take_what_a_warmup_does_not(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    domains = [{"name": "news.example.com", "ips": ["192.0.2.40", "192.0.2.41", "192.0.2.50"]}]
    mailgun = warming(make_mailgun, time, domains=domains)
    assert ways(mailgun, times=3, to=batch(41)) == ["192.0.2.40", "192.0.2.41", "192.0.2.50"]
    message = send(mailgun)
    assert (message.ip, message.reason) == (
        "192.0.2.50",
        "No pool is linked to the domain news.example.com; its 3 IPs take turns, but for 2 at the hourly limit of a "
        "warm-up.",
    )


def test_spillover_pool(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """That of the domain precedes that of the account; a deleted one is gone."""
    domains = [{"name": "mail.example.com", "pool_id": TRANSACTIONAL, "spillover_pool_id": "Overflow"}]
    mailgun = warming(make_mailgun, time, domains=domains, spillover_pool_id="Other", eligible_for_shared_ips=True)
    assert ways(mailgun, MAIL, 2, to=batch(41)) == ["192.0.2.40", "192.0.2.50"]
    message = messages(mailgun)[-1]
    assert (message.pool, message.pool_name) == (MARKETING, "Overflow")
    assert message.reason == (
        "The pool 'Warming' is linked to the domain mail.example.com; its IPs are at the hourly limit of a warm-up, "
        "so the spillover pool 'Overflow' takes it."
    )
    mailgun.post("/v3/ip_warmups/192.0.2.50")
    assert send(mailgun, MAIL).ip == "192.0.2.51"
    mailgun.delete(f"{POOLS}/{SPARE}", query_string={"ip": "shared"})
    assert send(mailgun, MAIL).ip == "198.51.100.1"
    mailgun.delete("/v3/ip_warmups/192.0.2.50")
    assert send(mailgun, MAIL).ip == "192.0.2.50"
    mailgun.delete(f"{POOLS}/{MARKETING}", query_string={"ip": "shared"})
    assert send(mailgun, MAIL).ip == "198.51.100.1"


def test_spillover_pool_of_another_account(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """It takes nothing; nor does one of another region."""
    ips = [{"ip": "192.0.2.40", "warmup": True}, {"ip": "192.0.2.60", "account": "Sub"}]
    for more in ({"account": "Sub"}, {"region": "eu"}):
        pools = [
            {"pool_id": TRANSACTIONAL, "name": "Warming", "ips": ["192.0.2.40"]},
            {"pool_id": MARKETING, "name": "Other", "ips": ["192.0.2.60"], **more},
        ]
        last = {key: value for key, value in {**ips[1], **more}.items() if key in ("ip", *more)}
        mailgun = warming(
            make_mailgun, time, subaccounts=["Sub"], ips=[ips[0], last], ip_pools=pools, spillover_pool_id="Other"
        )
        assert ways(mailgun, MAIL, 2, to=batch(41)) == ["192.0.2.40", "192.0.2.40"]


def test_spillover_pool_that_a_subaccount_inherits(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    mailgun = warming(
        make_mailgun,
        time,
        subaccounts=["Sub"],
        ips=[{"ip": "192.0.2.40", "warmup": True, "account": "Sub"}, "192.0.2.50"],
        ip_pools=[{"pool_id": MARKETING, "name": "Overflow", "ips": ["192.0.2.50"], "delegated_to": ["Sub"]}],
        domains=[{"name": "sub.example.com", "account": "Sub", "ips": ["192.0.2.40"]}],
        spillover_pool_id="Overflow",
    )
    subaccount = next(iter(mailgun.tenant.read().state("mailgun").subaccounts))
    assert ways(mailgun.acting_for(subaccount), SUB, 2, to=batch(41)) == ["192.0.2.40", "192.0.2.50"]


def test_message_waits_for_a_warmup(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A pool that the message names is not left."""
    for more in ({}, {"o:sending-ip-pool": TRANSACTIONAL}):
        mailgun = warming(make_mailgun, time, spillover_pool_id="Other" if more else "Warming")
        send(mailgun, MAIL, to=batch(41), **more)
        message = send(mailgun, MAIL, **more)
        assert message.ip == "192.0.2.40"
        assert message.reason.endswith("; its IPs are at the hourly limit of a warm-up, so the message waits.")


def test_named_ip_on_a_warmup_is_used(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    mailgun = warming(make_mailgun, time)
    assert ways(mailgun, MAIL, 2, to=batch(41), o_sending_ip="192.0.2.41") == ["192.0.2.41", "192.0.2.41"]


def test_unknown_spillover_pool_in_a_seed(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    domain = {"name": "mail.example.com", "pool_id": TRANSACTIONAL, "spillover_pool_id": "nope"}
    for more in ({"spillover_pool_id": "nope"}, {"domains": [domain]}):
        with pytest.raises(ValueError, match="unknown pool 'nope'"):
            warming(make_mailgun, time, **more)


# The outbox


@pytest.mark.store("memory", "redis")
def test_outbox_is_the_tenants_and_is_reset(mailgun: ProviderClient) -> None:
    other = mailgun.with_new_key()
    send(mailgun, attachment=(io.BytesIO(b"a"), "a.txt"))
    send(other, subject="Other")
    assert [message.subject for message in messages(mailgun)] == ["Hello"]
    assert [message.subject for message in messages(other)] == ["Other"]
    control, path = mailgun.application.test_client(), f"/_mockserver/tenants/{mailgun.tenant.id}"
    control.post(f"{path}/snapshots", json={"name": "sent"})
    first = messages(mailgun)
    assert send(mailgun).ip != first[0].ip
    control.post(f"{path}/snapshots/sent/restore")
    assert messages(mailgun) == first
    control.post(f"{path}/reset")
    assert (messages(mailgun), len(messages(other))) == ([], 1)
    assert send(mailgun).ip == first[0].ip


def test_state_with_messages_is_a_seed(mailgun: ProviderClient) -> None:
    send(mailgun, attachment=(io.BytesIO(b"a"), "a.txt"), o_testmode="yes")
    accepted(send_mime(mailgun))
    control = mailgun.application.test_client()
    state = control.get(f"/_mockserver/tenants/{mailgun.tenant.id}/state").json["state"]
    made = control.post("/_mockserver/tenants", json={"seed": state})
    assert made.status_code == 201
    copy = mailgun.with_key(made.json["providers"]["mailgun"]["api_key"])
    assert messages(copy) == messages(mailgun)


def test_same_requests_have_the_same_ids(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    first, second = [messages(each) for each in (make_mailgun(time=time), make_mailgun(time=time)) if send(each)]
    assert first == second


def test_addresses_of_groups_and_comments(mailgun: ProviderClient) -> None:
    to = 'A (a, <x@example.org>) <a@example.org>, "G, 1": b@example.org, "C; D" <c@example.org>;, d@example.org (x)'
    assert send(mailgun, to=to).recipients == ("a@example.org", "b@example.org", "c@example.org", "d@example.org")
    refused(mailgun.post(NEWS, data=form(to="Empty:;")), 400, "to parameter is missing")
