"""Sending at SendGrid: mail/send, Web API v2, MIME messages, and the pool and the IP that a message leaves by."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from mockserver.core.errors import ApiError
from mockserver.core.ids import Ids
from mockserver.core.outbox import Message
from mockserver.core.store import Transaction
from mockserver.providers.sendgrid import blueprint, catalog
from mockserver.providers.sendgrid.models import Ip
from mockserver.providers.sendgrid.rules import sending
from mockserver.web.openapi import Violation

from ..support import SENDGRID, ProviderClient

SEND = "/v3/mail/send"
WEB = "/api/mail.send.json"
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"
NOW = 1_700_000_000
DAY, HOUR = 86_400, 3_600
EXAMPLE = '{"email": "example@example.com"} or {"email": "example@example.com", "name": "Example Recipient"}'


class Time:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def account(make_app: Callable[..., Flask], tmp_path: Any, clock: Time) -> Callable[..., ProviderClient]:
    """Return a function that makes an account with two pools, with changes to its seed."""

    def make(**changes: Any) -> ProviderClient:
        seed = {
            "subusers": ["team", {"name": "europe", "region": "eu"}],
            "ips": [
                "192.0.2.1",
                "192.0.2.2",
                "192.0.2.3",
                {"ip": "192.0.2.8", "rdns": "o8.example.com", "subusers": ["team", "europe"]},
            ],
            "pools": [
                {"id": "11", "name": "marketing", "ips": ["192.0.2.1", "192.0.2.2"]},
                {"id": "12", "name": "empty"},
            ],
            **changes,
        }
        file = tmp_path / "seed.yaml"
        file.write_text(json.dumps({"name": "sending", "sendgrid": seed}), "utf-8")
        return SENDGRID.new_client(make_app(seed=str(file), time=clock))

    return make


@pytest.fixture
def client(account: Callable[..., ProviderClient]) -> ProviderClient:
    return account()


def mail(*to: str, **changes: Any) -> dict[str, Any]:
    """Return a valid message, one personalization for each recipient, with changes."""
    return {
        "personalizations": [{"to": [{"email": each}]} for each in to or ("you@example.com",)],
        "from": {"email": "me@example.com"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hi."}],
        **changes,
    }


def own(**changes: Any) -> dict[str, Any]:
    """Return a message with changes to its only personalization."""
    return mail(personalizations=[{"to": [{"email": "you@example.com"}], **changes}])


def state_of(client: ProviderClient) -> dict[str, Any]:
    tenant = client.tenant.id
    found: dict[str, Any] = client.application.test_client().get(f"/_mockserver/tenants/{tenant}/state").json
    return found["state"]["sendgrid"]


def outbox(client: ProviderClient) -> list[dict[str, Any]]:
    """Return the messages in the outbox."""
    found: list[dict[str, Any]] = state_of(client).get("outbox", {}).get("messages", [])
    return found


def values(client: ProviderClient, *names: str) -> list[tuple[Any, ...]]:
    """Return values of the messages in the outbox."""
    return [tuple(message.get(name) for name in names) for message in outbox(client)]


def send(client: ProviderClient, body: Mapping[str, Any], status: int = 202) -> None:
    response = client.post(SEND, json=body)
    assert (response.status_code, response.text) == (status, "")


def error(message: str, field: str | None, anchor: str | None) -> dict[str, Any]:
    return {"message": message, "field": field, "help": HELP + anchor if anchor else None}


def rejected(client: ProviderClient, body: Any, *errors: dict[str, Any], status: int = 400) -> None:
    """Expect the errors of a message, which changes nothing."""
    before = state_of(client)
    response = client.post(SEND, json=body)
    assert (response.status_code, response.json) == (status, {"errors": list(errors)})
    assert state_of(client) == before


# Sequences that users make


def test_a_message_leaves_by_the_pool_that_it_names(client: ProviderClient) -> None:
    """202 with an empty body and X-Message-Id; the outbox has the pool, the IP and the reason."""
    client.post("/v3/ips/pools", json={"name": "receipts"})
    client.post("/v3/ips/pools/receipts/ips", json={"ip": "192.0.2.3"})
    response = client.post(SEND, json=mail(ip_pool_name="receipts"))
    assert (response.status_code, response.text) == (202, "")
    assert "X-RateLimit-Limit" not in response.headers
    assert response.headers["Access-Control-Allow-Origin"] == "https://sendgrid.api-docs.io"
    assert response.headers["X-No-CORS-Reason"] == "https://sendgrid.com/docs/Classroom/Basics/API/cors.html"
    message_id = response.headers["X-Message-Id"]
    assert len(message_id) == 22
    names = ("message_id", "pool_name", "ip", "status", "via", "time", "reason")
    reason = "`ip_pool_name` names the pool 'receipts'; the pool has one IP."
    assert values(client, *names) == [(message_id, "receipts", "192.0.2.3", "accepted", "http", NOW, reason)]
    assert outbox(client)[0]["pool"] == client.get("/v3/send_ips/pools").json["result"][-1]["id"]


def test_a_sender_that_is_a_text_is_an_error(client: ProviderClient) -> None:
    text = "Invalid type. Expected: object, given: string."
    rejected(client, mail(**{"from": "me@example.com"}), error(text, "from", "message.from"))


def test_a_template_needs_no_content_and_no_subject(client: ProviderClient) -> None:
    body = {key: value for key, value in mail(template_id="d-1").items() if key not in ("content", "subject")}
    send(client, body)
    assert values(client, "subject", "parts") == [("", [])]


def test_on_behalf_of_has_no_effect(client: ProviderClient) -> None:
    """The message leaves from the parent, for an unknown name as well."""
    for name in ("team", "unknown"):
        send(client.acting_for(name), mail(ip_pool_name="marketing"))
        response = client.acting_for(name).post(WEB, data=form(**{"x-smtpapi": '{"ip_pool": "marketing"}'}))
        assert (response.status_code, response.json) == (200, {"message": "success"})
    assert values(client, "account", "pool_name") == [(None, "marketing")] * 4
    assert client.post(SEND, json=mail()).headers["X-Message-Id"]


# What a message has


def test_every_personalization_is_a_message_of_its_own(client: ProviderClient) -> None:
    """The id is that of the request; To, Cc and Bcc are recipients in this order."""
    body = mail(
        personalizations=[
            {"to": [{"email": "a@example.com", "name": 'A "B" \\'}], "cc": [{"email": "c@example.com"}]},
            {
                "to": [{"email": "d@example.com"}, {"email": "e@example.com"}],
                "bcc": [{"email": "f@example.com"}],
                "from": {"email": "other@example.com"},
                "subject": "Own",
                "headers": {"X-Two": "2", "X-One": "own"},
            },
        ],
        headers={"X-One": "1"},
        reply_to={"email": "r@example.com"},
        reply_to_list=[{"email": "s@example.com", "name": "S"}],
    )
    send(client, body)
    first, second = outbox(client)
    assert first["message_id"] == second["message_id"]
    assert (first["number"], second["number"]) == (1, 2)
    assert (first["recipients"], second["recipients"]) == (
        ["a@example.com", "c@example.com"],
        ["d@example.com", "e@example.com", "f@example.com"],
    )
    assert (first["sender"], second["sender"]) == ("me@example.com", "other@example.com")
    assert (first["subject"], second["subject"]) == ("Hello", "Own")
    assert first["headers"] == [
        ["From", "me@example.com"],
        ["To", '"A \\"B\\" \\\\" <a@example.com>'],
        ["Cc", "c@example.com"],
        ["Reply-To", 'r@example.com, "S" <s@example.com>'],
        ["Subject", "Hello"],
        ["X-One", "1"],
    ]
    assert second["headers"][-2:] == [["X-One", "own"], ["X-Two", "2"]]


def sent(client: ProviderClient) -> tuple[Message, ...]:
    """Return the messages in the outbox themselves, which may share texts."""
    return client.tenant.read().states["sendgrid"].outbox.messages


def test_personalizations_share_what_they_have_in_common(client: ProviderClient) -> None:
    """A request of 1 MB can have 1,000 personalizations and 75,000 headers."""
    people = [{"to": [{"email": f"{number}@example.com"}]} for number in range(3)]
    people[2]["headers"] = {"X-B": "own", "X-D": "4"}  # type: ignore[assignment]
    body = mail(
        personalizations=people,
        headers={"X-A": "1", "X-B": "2", "X-C": "3"},
        reply_to_list=[{"email": "r@example.com"}, {"email": "s@example.com"}],
    )
    body["from"]["name"] = "Me"
    send(client, body)
    first, second, third = sent(client)
    for name in ("From", "Reply-To"):
        values = [dict(message.headers)[name] for message in (first, second, third)]
        assert values[0] is values[1] is values[2]
    for one, other in zip(first.headers[-3:], second.headers[-3:], strict=True):
        assert one is other
    assert third.headers[-4:] == (("X-A", "1"), ("X-B", "own"), ("X-C", "3"), ("X-D", "4"))
    assert third.headers[-4] is first.headers[-3]
    assert third.headers[-2] is first.headers[-1]
    assert first.parts is second.parts is third.parts


def test_texts_and_attachments_are_parts(client: ProviderClient) -> None:
    data = base64.b64encode(b"\xff\x00").decode()
    attachments = [
        {"content": data, "filename": "a.bin"},
        {"content": f"{data}\r\n", "filename": "b", "type": "image/png", "disposition": "inline", "content_id": "c"},
    ]
    send(client, mail(attachments=attachments))
    text, first, second = outbox(client)[0]["parts"]
    assert text == {"content_type": "text/plain", "content": "Hi.", "is_base64": False}
    assert (first["content_type"], first["filename"], first["is_base64"]) == ("application/octet-stream", "a.bin", True)
    assert (second["content_type"], second["content_id"], second["content"]) == ("image/png", "c", f"{data}\r\n")


def test_what_has_no_effect_is_accepted(client: ProviderClient) -> None:
    body = mail(
        categories=["a", "b"],
        custom_args={"a": "1"},
        sections={"a": "b"},
        send_at=NOW - 5,
        batch_id="b",
        asm={"group_id": 5, "groups_to_display": [1, 2]},
        mail_settings={
            "bypass_list_management": {"enable": True},
            "footer": {"enable": True, "text": "t", "html": "h"},
            "sandbox_mode": {"enable": False},
        },
        tracking_settings={
            "click_tracking": {"enable": True, "enable_text": False},
            "open_tracking": {"enable": True, "substitution_tag": "%o%"},
            "subscription_tracking": {"enable": True, "text": "t", "html": "h", "substitution_tag": "s"},
            "ganalytics": {
                "enable": True,
                **{f"utm_{name}": "x" for name in ("source", "medium", "term", "content", "campaign")},
            },
        },
    )
    send(client, body)
    assert client.last_record is not None


def test_sandbox_mode_is_a_200_and_sends_nothing(client: ProviderClient) -> None:
    send(client, mail(mail_settings={"sandbox_mode": {"enable": True}}, ip_pool_name="marketing"), 200)
    reason = "In sandbox mode a message is checked, and not sent."
    assert values(client, "status", "pool_name", "ip", "reason") == [("test", "marketing", None, reason)]


def test_sandbox_mode_checks_the_pool(client: ProviderClient) -> None:
    message = "The IP Pool name must be a valid pool name for your account. You provided nope."
    body = mail(mail_settings={"sandbox_mode": {"enable": True}}, ip_pool_name="nope")
    rejected(client, body, error(message, "ip_pool_name", "message.ip_pool_name"))


def test_messages_to_the_sink_are_discarded(client: ProviderClient) -> None:
    """Only if all recipients are at the sink."""
    send(client, mail("a@sink.sendgrid.net", "b@SINK.sendgrid.net", "c@notsink.example.com"))
    assert [status for (status,) in values(client, "status")] == ["test", "test", "accepted"]
    assert outbox(client)[0]["reason"] == "SendGrid accepts and discards messages to sink.sendgrid.net."


# Errors of mail/send


def test_all_errors_of_fields_are_returned(client: ProviderClient) -> None:
    """As sendgrid-ruby issue 438 has them, with a subject."""
    example = '{"email" : "example@example.com"}  or {"email" : "example@example.com", "name" : "Example Recipient"}.'
    sender = error(
        "The from object must be provided for every email send. It is an object that requires the email parameter, but "
        f"may also contain a name parameter.  e.g. {example}",
        "from.email",
        "message.from",
    )
    personalizations = error(
        "The personalizations field is required and must have at least one personalization.",
        "personalizations",
        "-Personalizations-Errors",
    )
    content = error(
        "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined "
        "content block. We typically suggest both text/plain and text/html blocks are included, but only one block is "
        "required.",
        "content",
        "message.content",
    )
    subject = error(
        "The subject is required. You can get around this requirement if you use a template with a subject defined or "
        "if every personalization has a subject defined.",
        "subject",
        "message.subject",
    )
    rejected(client, {"subject": "x"}, sender, personalizations, content)
    rejected(
        client, {"subject": "x", "from": {}, "personalizations": [], "content": []}, sender, personalizations, content
    )
    rejected(client, {}, sender, personalizations, content, subject)
    rejected(client, {**mail(), "template_id": "", "content": []}, content)
    two = [{"to": [{"email": "a@example.com"}], "subject": "x"}, {"to": [{"email": "b@example.com"}]}]
    body = mail(personalizations=two)
    del body["subject"]
    rejected(client, body, subject)
    body["personalizations"][1]["subject"] = "y"
    send(client, body)
    body["personalizations"][1]["to"] = [{"email": "b"}]  # the error of one field does not hide the subjects
    address = error("Does not contain a valid address.", "personalizations.1.to.0.email", "message.personalizations.to")
    rejected(client, body, address)
    body["personalizations"][1] = 5
    type_error = error(
        "Invalid type. Expected: object, given: integer.", "personalizations.1", "message.personalizations"
    )
    rejected(client, body, type_error, subject)
    body["personalizations"] = {"subject": "x"}
    type_error = error("Invalid type. Expected: array, given: object.", "personalizations", "message.personalizations")
    rejected(client, body, type_error, subject)


def test_errors_of_several_fields_have_the_indexes_of_items(client: ProviderClient) -> None:
    body = own(to=[{"email": "a@example.com"}, {"email": "b"}], cc=[{}], subject="")
    rejected(
        client,
        {**body, "from": {"email": "c"}},
        error("The from email does not contain a valid address.", "from.email", "message.from"),
        error("Does not contain a valid address.", "personalizations.0.to.1.email", "message.personalizations.to"),
        error(
            "The cc array, when used, must at least have an email parameter with a valid email address and it may also "
            f"contain a name parameter. e.g. {EXAMPLE}",
            "personalizations.0.cc.0.email",
            "message.personalizations.cc",
        ),
        error(
            "The subject of your email must be a string at least one character in length.",
            "personalizations.0.subject",
            "message.personalizations.subject",
        ),
    )


def attached(**changes: Any) -> dict[str, Any]:
    return mail(attachments=[{"content": "aGk=", "filename": "a.txt", **changes}])


def setting(name: str, **values: Any) -> dict[str, Any]:
    return mail(mail_settings={name: values})


def tracking(name: str, **values: Any) -> dict[str, Any]:
    return mail(tracking_settings={name: values})


PERSON = {"email": "x@example.com"}
FIELDS: list[tuple[dict[str, Any], str, str]] = [
    (mail(subject=5), "mail_subject_type", "subject"),
    (mail(subject=""), "mail_subject_type", "subject"),
    (own(subject=None), "mail_subject_type", "personalizations.0.subject"),
    (own(subject=["x"]), "mail_subject_type", "personalizations.0.subject"),
    (own(to=[]), "mail_to_missing", "personalizations.0.to"),
    (mail(personalizations=[{}]), "mail_to_missing", "personalizations.0.to"),
    (own(to=[{}]), "mail_to_email_missing", "personalizations.0.to.0.email"),
    (own(bcc=[{}]), "mail_bcc_email_missing", "personalizations.0.bcc.0.email"),
    (own(bcc=[{"email": ""}]), "mail_address_invalid", "personalizations.0.bcc.0.email"),
    (own(cc=[{"email": "a b@example.com"}]), "mail_address_invalid", "personalizations.0.cc.0.email"),
    (own(**{"from": {}}), "mail_own_from_missing", "personalizations.0.from.email"),
    (own(**{"from": {"email": "x"}}), "mail_from_invalid", "personalizations.0.from.email"),
    (mail(reply_to={}), "mail_reply_to_email_missing", "reply_to.email"),
    (mail(reply_to={"email": "x"}), "mail_address_invalid", "reply_to.email"),
    (mail(reply_to_list=[{}]), "mail_reply_to_email_missing", "reply_to_list.0.email"),
    (mail(content=[{"value": "x"}]), "mail_content_type_missing", "content.0.type"),
    (mail(content=[{"type": "", "value": "x"}]), "mail_content_type_value", "content.0.type"),
    (mail(content=[{"type": 1, "value": "x"}]), "mail_content_type_value", "content.0.type"),
    *[
        (mail(content=[{"type": f"text/plain{each}", "value": "x"}]), "mail_content_type_characters", "content.0.type")
        for each in (";", ",", "\r", "\n")
    ],
    (mail(content=[{"type": "text/plain"}]), "mail_content_value_missing", "content.0.value"),
    (mail(content=[{"type": "text/plain", "value": ""}]), "mail_content_value", "content.0.value"),
    (mail(content=[{"type": "text/plain", "value": {}}]), "mail_content_value", "content.0.value"),
    (mail(content=[{"type": "text/plain", "value": ["x"]}]), "mail_content_value", "content.0.value"),
    (attached(content=""), "mail_attachment_content", "attachments.0.content"),
    (attached(content=5), "mail_attachment_content", "attachments.0.content"),
    (mail(attachments=[{"filename": "a"}]), "mail_attachment_content", "attachments.0.content"),
    *[(attached(content=each), "mail_attachment_base64", "attachments.0.content") for each in ("aGk", "a*==", "é")],
    (mail(attachments=[{"content": "aGk="}]), "mail_filename_missing", "attachments.0.filename"),
    (attached(filename=None), "mail_filename_type", "attachments.0.filename"),
    (attached(filename=5), "mail_filename_type", "attachments.0.filename"),
    *[(attached(filename=f"a{each}"), "mail_filename_characters", "attachments.0.filename") for each in ";,\r\n"],
    (attached(type=""), "mail_attachment_type", "attachments.0.type"),
    (attached(type=[]), "mail_attachment_type", "attachments.0.type"),
    *[(attached(type=f"a/b{each}"), "mail_attachment_type_characters", "attachments.0.type") for each in ";,\r\n"],
    (attached(disposition="none"), "mail_disposition", "attachments.0.disposition"),
    (attached(disposition=1), "mail_disposition", "attachments.0.disposition"),
    (attached(content_id=5), "mail_content_id_type", "attachments.0.content_id"),
    *[(attached(content_id=f"a{each}"), "mail_content_id_characters", "attachments.0.content_id") for each in ";,\r\n"],
    (mail(template_id=5), "mail_template_type", "template_id"),
    (mail(headers={"X-A": 1}), "mail_header_values", "headers"),
    (mail(headers={"X-A": "1", "x-a": "2"}), "mail_header_duplicates", "headers"),
    *[(mail(headers={each: "1"}), "mail_header_characters", "headers") for each in ("é", "a b", "", "a:b")],
    *[(mail(headers={each.upper(): "1"}), "mail_header_reserved", "headers") for each in catalog.RESERVED_HEADERS],
    (own(headers={"X-A": None}), "mail_own_header_values", "personalizations.0.headers"),
    (own(headers={"X-A": "1", "x-a": "2"}), "mail_header_duplicates", "personalizations.0.headers"),
    (own(headers={"X A": "1"}), "mail_own_header_characters", "personalizations.0.headers"),
    (own(headers={"reply-to": "1"}), "mail_own_header_reserved", "personalizations.0.headers"),
    (mail(sections={"a": 1}), "mail_sections", "sections"),
    (own(substitutions={"a": 1}), "mail_substitutions", "personalizations.0.substitutions"),
    (own(substitutions=[]), "mail_substitutions", "personalizations.0.substitutions"),
    (mail(custom_args={"a": 1}), "mail_custom_args_values", "custom_args"),
    (mail(custom_args={}), "mail_custom_args_empty", "custom_args"),
    (own(custom_args={"a": []}), "mail_custom_args_values", "personalizations.0.custom_args"),
    (own(custom_args={}), "mail_custom_args_empty", "personalizations.0.custom_args"),
    (mail(categories="a"), "mail_categories_type", "categories"),
    (mail(categories=["a", 1]), "mail_categories_type", "categories.1"),
    (mail(categories=["é"]), "mail_category_characters", "categories.0"),
    (mail(send_at="1"), "mail_send_at_type", "send_at"),
    (own(send_at=1.5), "mail_send_at_type", "personalizations.0.send_at"),
    (mail(batch_id=1), "mail_batch_id_type", "batch_id"),
    (mail(asm={}), "mail_group_type", "asm.group_id"),
    (mail(asm={"group_id": "1"}), "mail_group_type", "asm.group_id"),
    (mail(asm={"group_id": 1, "groups_to_display": 1}), "mail_groups_type", "asm.groups_to_display"),
    (mail(asm={"group_id": 1, "groups_to_display": [1, "2"]}), "mail_groups_type", "asm.groups_to_display.1"),
    (mail(ip_pool_name=5), "mail_pool_type", "ip_pool_name"),
    (
        setting("bypass_list_management", enable=1),
        "mail_bypass_list_management",
        "mail_settings.bypass_list_management.enable",
    ),
    (setting("footer", enable="x"), "mail_footer", "mail_settings.footer.enable"),
    (setting("footer", text=1), "mail_footer_text", "mail_settings.footer.text"),
    (setting("footer", html=1), "mail_footer_html", "mail_settings.footer.html"),
    (setting("sandbox_mode", enable="true"), "mail_sandbox_mode", "mail_settings.sandbox_mode.enable"),
    *[
        (tracking(group, **{name: 1}), f"mail_{key}", f"tracking_settings.{group}.{name}")
        for group, name, key in (
            ("click_tracking", "enable", "click_tracking"),
            ("click_tracking", "enable_text", "click_tracking_text"),
            ("open_tracking", "enable", "open_tracking"),
            ("open_tracking", "substitution_tag", "open_tracking_tag"),
            ("subscription_tracking", "enable", "subscription_tracking"),
            ("subscription_tracking", "text", "subscription_tracking_text"),
            ("subscription_tracking", "html", "subscription_tracking_html"),
            ("subscription_tracking", "substitution_tag", "subscription_tracking_tag"),
            ("ganalytics", "enable", "ganalytics"),
            *[
                ("ganalytics", f"utm_{name}", f"utm_{name}")
                for name in ("source", "medium", "term", "content", "campaign")
            ],
        )
    ],
    *[
        (body, f"mail_{expected}_expected", field)
        for body, expected, field in (
            (mail(personalizations={}), "array", "personalizations"),
            (mail(personalizations=[1]), "object", "personalizations.0"),
            (own(to={}), "array", "personalizations.0.to"),
            (own(to=["x@example.com"]), "object", "personalizations.0.to.0"),
            (own(to=[{"email": ["x@example.com"]}]), "string", "personalizations.0.to.0.email"),
            (own(to=[{**PERSON, "name": 1}]), "string", "personalizations.0.to.0.name"),
            (own(cc=[{"email": 1}]), "string", "personalizations.0.cc.0.email"),
            (own(cc=[{**PERSON, "name": 1}]), "string", "personalizations.0.cc.0.name"),
            (own(bcc=[{"email": 1.5}]), "string", "personalizations.0.bcc.0.email"),
            (own(bcc=[{**PERSON, "name": 1}]), "string", "personalizations.0.bcc.0.name"),
            (own(cc=None), "array", "personalizations.0.cc"),
            (own(bcc=True), "array", "personalizations.0.bcc"),
            (own(**{"from": "x"}), "object", "personalizations.0.from"),
            (own(**{"from": None}), "object", "personalizations.0.from"),
            (own(**{"from": {"email": 1}}), "string", "personalizations.0.from.email"),
            (own(**{"from": {**PERSON, "name": 1}}), "string", "personalizations.0.from.name"),
            (own(headers=[]), "object", "personalizations.0.headers"),
            (own(custom_args="x"), "object", "personalizations.0.custom_args"),
            (own(dynamic_template_data=[]), "object", "personalizations.0.dynamic_template_data"),
            (mail(**{"from": None}), "object", "from"),
            (mail(**{"from": {"email": {}}}), "string", "from.email"),
            (mail(**{"from": {**PERSON, "name": 1}}), "string", "from.name"),
            (mail(reply_to=[]), "object", "reply_to"),
            (mail(reply_to={"email": 1}), "string", "reply_to.email"),
            (mail(reply_to={**PERSON, "name": 1}), "string", "reply_to.name"),
            (mail(reply_to_list={}), "array", "reply_to_list"),
            (mail(content={}), "array", "content"),
            (mail(content=["x"]), "object", "content.0"),
            (mail(attachments={}), "array", "attachments"),
            (mail(attachments=["x"]), "object", "attachments.0"),
            (mail(headers="x"), "object", "headers"),
            (mail(sections=[]), "object", "sections"),
            (mail(custom_args=[]), "object", "custom_args"),
            (mail(asm=1), "object", "asm"),
            (mail(mail_settings=[]), "object", "mail_settings"),
            (mail(tracking_settings=[]), "object", "tracking_settings"),
            *[
                (mail(mail_settings={name: True}), "object", f"mail_settings.{name}")
                for name in ("bypass_list_management", "footer", "sandbox_mode")
            ],
            *[
                (mail(tracking_settings={name: True}), "object", f"tracking_settings.{name}")
                for name in ("click_tracking", "open_tracking", "subscription_tracking", "ganalytics")
            ],
        )
    ],
]


def at(body: Any, path: str) -> Any:
    """Return the value at a path in a body, or None."""
    for part in path.split("."):
        body = (
            (body[int(part)] if isinstance(body, list) else body.get(part)) if isinstance(body, dict | list) else None
        )
    return body


def given(value: object) -> str:
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return name
    return "null"


def test_errors_of_fields(client: ProviderClient) -> None:
    """Each is the only one, with the message of the catalog, its field and its help."""
    before = state_of(client)
    for body, key, field in FIELDS:
        entry = getattr(catalog, key.upper())
        value = at(body, field)
        expected = entry.with_values(field=field, value=value, given=given(value))
        anchor = field.removesuffix(".email")
        anchor = "message." + ".".join(part for part in anchor.split(".") if not part.isdigit())
        response = client.post(SEND, json=body)
        assert (response.status_code, response.json) == (400, {"errors": [error(expected.message, field, anchor)]}), key
    assert state_of(client) == before


@pytest.mark.parametrize(
    ("body", "message", "field", "anchor"),
    [
        (own(to=[{"email": "x"}]), "Does not contain a valid address.", "personalizations.0.to.0.email",
         "personalizations.to"),
        (attached(disposition="x"),
         'The disposition of your attachment can be either "inline" or "attachment". You provided x.',
         "attachments.0.disposition", "attachments.disposition"),
        (attached(disposition=None),
         'The disposition of your attachment can be either "inline" or "attachment". You provided null.',
         "attachments.0.disposition", "attachments.disposition"),
        (attached(content_id=["é"]), 'The content ID of your attachment must be a string. You provided ["é"].',
         "attachments.0.content_id", "attachments.content_id"),
        (mail(template_id=True), "The template ID must be a string, you provided true.", "template_id", "template_id"),
        (mail(content=[{"type": "text/plain", "value": ""}]),
         "The content value must be a string at least one character in length.", "content.0.value", "content.value"),
        (attached(content="x"), "The attachment content must be base64 encoded.", "attachments.0.content",
         "attachments.content"),
        (own(to=[{"email": [1]}]), "Invalid type. Expected: string, given: array.", "personalizations.0.to.0.email",
         "personalizations.to"),
        (own(to=[{}]), "The to email parameter is required.", "personalizations.0.to.0.email", "personalizations.to"),
        (own(to=[]), "The to array is required for all personalization objects, and must have at least one email "
         "object with a valid email address.", "personalizations.0.to", "personalizations.to"),
        (mail(ip_pool_name=1), "The name of your IP pool must be a string.", "ip_pool_name", "ip_pool_name"),
        (mail(ip_pool_name="no"), "The IP Pool name must be a valid pool name for your account. You provided no.",
         "ip_pool_name", "ip_pool_name"),
    ],
)  # fmt: skip
def test_recorded_and_documented_errors(
    client: ProviderClient, body: Any, message: str, field: str, anchor: str
) -> None:
    rejected(client, body, error(message, field, f"message.{anchor}"))


@pytest.mark.parametrize("size", [319, 320, 321], ids=["n-1", "n", "n+1"])
@pytest.mark.parametrize(
    ("kind", "name"), [("to", "To"), ("cc", "CC"), ("bcc", "BCC"), ("from", "From"), ("reply_to", "Reply-To")]
)
def test_the_length_of_addresses(client: ProviderClient, kind: str, name: str, size: int) -> None:
    person = {"email": "x" * (size - 12) + "@example.com"}
    body = own(**{kind: [person]}) if kind in ("to", "cc", "bcc") else mail(**{kind: person})
    if size <= 320:
        send(client, body)
        return
    field = f"personalizations.0.{kind}.0.email" if kind in ("to", "cc", "bcc") else f"{kind}.email"
    anchor = f"personalizations.{kind}" if kind in ("to", "cc", "bcc") else kind
    message = f"The {name} email exceeds the maximum total length of 320 characters"
    rejected(client, body, error(message, field, f"message.{anchor}"))


@pytest.mark.parametrize("size", [319, 320, 321], ids=["n-1", "n", "n+1"])
def test_the_length_of_the_sender_of_a_personalization(client: ProviderClient, size: int) -> None:
    body = own(**{"from": {"email": "x" * (size - 12) + "@example.com"}})
    if size <= 320:
        send(client, body)
        return
    message = "The From email exceeds the maximum total length of 320 characters"
    rejected(client, body, error(message, "personalizations.0.from.email", "message.personalizations.from"))


@pytest.mark.parametrize(
    "count",
    [pytest.param(999, marks=pytest.mark.slow), pytest.param(1_000, marks=pytest.mark.slow), 1_001],
    ids=["n-1", "n", "n+1"],
)
def test_the_number_of_personalizations(client: ProviderClient, count: int) -> None:
    body = mail(*[f"{number}@example.com" for number in range(count)])
    if count <= 1_000:
        send(client, body)
        assert state_of(client)["outbox"]["count"] == count
    else:
        message = (
            "The personalization block is limited to 1000 personalizations per API request. You have provided 1001 "
            "personalizations. Please consider splitting this into multiple requests and resending your request."
        )
        rejected(client, body, error(message, "personalizations", "message.personalizations"))


@pytest.mark.parametrize("count", [999, 1_000, 1_001], ids=["n-1", "n", "n+1"])
def test_the_number_of_recipients(client: ProviderClient, count: int) -> None:
    """To, Cc and Bcc of all personalizations together."""
    people = [{"email": f"{number}@example.com"} for number in range(count)]
    first, second = people[:500], people[500:]
    body = mail(personalizations=[{"to": first[:1], "cc": first[1:]}, {"to": second[:1], "bcc": second[1:]}])
    if count <= 1_000:
        send(client, body)
    else:
        message = "There is a limit of 1000 total recipients (to + cc + bcc) per request."
        rejected(client, body, error(message, "personalizations", "message.personalizations"))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"to": [{"email": "a@example.com"}, {"email": "A@example.com"}]}, "to"),
        ({"cc": [{"email": "You@example.com"}]}, "cc"),
        ({"cc": [{"email": "c@example.com"}], "bcc": [{"email": "C@Example.com"}]}, "bcc"),
    ],
)
def test_a_recipient_is_named_once_in_a_personalization(client: ProviderClient, changes: Any, kind: str) -> None:
    """In any case of letters; in several personalizations it may be."""
    email = changes[kind][-1]["email"]
    message = (
        "Each email address in the personalization block should be unique between to, cc, and bcc. We found the first "
        f"duplicate instance of [{email}] in the personalizations.0.{kind} field."
    )
    rejected(client, own(**changes), error(message, "personalizations.0", "message.recipient-errors"))
    send(client, mail("a@example.com", "a@example.com"))


@pytest.mark.parametrize("size", [9_999, 10_000, 10_001], ids=["n-1", "n", "n+1"])
@pytest.mark.parametrize("name", ["substitutions", "custom_args"])
def test_the_size_of_values(client: ProviderClient, name: str, size: int) -> None:
    """In bytes, with the names; custom arguments of the message count, unless the personalization has the same."""
    body = own(**{name: {"é": "x" * (size - 5), "k": "é"}})
    if name == "custom_args":
        body["personalizations"][0][name]["é"] = "x" * (size - 5 - 12)
        body["custom_args"] = {"k": "x" * 20, "m": "é" * 5, "n": ""}
    if size <= 10_000:
        send(client, body)
        return
    messages = {
        "substitutions": "You are limited to 10,000 substitutions.",
        "custom_args": "The combined size of both global and personalization custom arguments may not exceed 10,000 "
        "bytes per personalization.",
    }
    field = f"personalizations.0.{name}"
    rejected(client, body, error(messages[name], field, f"message.personalizations.{name}"))


@pytest.mark.parametrize("count", [9, 10, 11], ids=["n-1", "n", "n+1"])
def test_the_number_of_categories(client: ProviderClient, count: int) -> None:
    body = mail(categories=[str(number) for number in range(count)])
    if count <= 10:
        send(client, body)
        return
    message = "There is a limit of 10 categories for each email that is sent. You provided 11 categories."
    rejected(client, body, error(message, "categories", "message.categories"))


@pytest.mark.parametrize("size", [254, 255, 256], ids=["n-1", "n", "n+1"])
def test_the_length_of_a_category(client: ProviderClient, size: int) -> None:
    body = mail(categories=["x" * size])
    if size <= 255:
        send(client, body)
        return
    message = f"Each category must not be longer than 255 characters. {'x' * size} exceeds this limit"
    rejected(client, body, error(message, "categories.0", "message.categories"))


def test_a_category_is_named_once(client: ProviderClient) -> None:
    message = "The categories must be a unique list, and you have included b more than once. "
    rejected(client, mail(categories=["a", "b", "b"]), error(message, "categories", "message.categories"))


@pytest.mark.parametrize("count", [24, 25, 26], ids=["n-1", "n", "n+1"])
def test_the_number_of_groups(client: ProviderClient, count: int) -> None:
    body = mail(asm={"group_id": 1, "groups_to_display": list(range(count))})
    if count <= 25:
        send(client, body)
        return
    message = "There is a limit of 25 unsubscribe groups that can be displayed to a user at a time."
    rejected(client, body, error(message, "asm.groups_to_display", "message.asm.groups_to_display"))


@pytest.mark.parametrize("seconds", [259_199, 259_200, 259_201], ids=["n-1", "n", "n+1"])
@pytest.mark.parametrize("is_own", [False, True])
def test_the_time_of_a_scheduled_message(client: ProviderClient, is_own: bool, seconds: int) -> None:
    """At most 72 hours ahead of the tenant's clock."""
    body = own(send_at=NOW + seconds) if is_own else mail(send_at=NOW + seconds)
    if seconds <= 259_200:
        send(client, body)
        return
    message = "Scheduling more than 72 hours in advance is forbidden."
    path = "personalizations.0.send_at" if is_own else "send_at"
    rejected(client, body, error(message, path, "message.personalizations.send_at" if is_own else "message.send_at"))


@pytest.mark.parametrize(
    ("types", "is_valid"),
    [
        (["text/plain", "text/html", "text/calendar"], True),
        (["text/html", "text/x-amp-html"], True),
        (["text/html", "text/plain"], False),
        (["text/calendar", "text/html"], False),
        (["text/calendar", "Text/Plain"], False),
    ],
)
def test_the_order_of_texts(client: ProviderClient, types: list[str], is_valid: bool) -> None:
    body = mail(content=[{"type": each, "value": "x"} for each in types])
    if is_valid:
        send(client, body)
        return
    message = (
        "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email: text/plain "
        "needs to be first, followed by text/html, followed by any other content."
    )
    rejected(client, body, error(message, "content", "message.content.value"))


@pytest.mark.parametrize("own", [False, True])
def test_a_header_twice_is_an_error(client: ProviderClient, own: bool) -> None:
    """Only in `headers`, of the message or of a personalization."""
    person = {"to": [{"email": "a@example.com"}], "headers": {"X-A": "1", "B": "2"}}
    body = mail(
        personalizations=[person, person if own else {**person, "headers": {}}], custom_args={"X-A": "1", "C": "2"}
    )
    if not own:
        body["headers"] = {"X-A": "1", "D": "2"}
    text = json.dumps(body)
    for name, status in (("C", 202), ("D", 202 if own else 400), ("B", 400)):
        response = client.post(SEND, data=text.replace(f'"{name}"', '"X-A"'), content_type="application/json")
        assert response.status_code == status
        if status == 400:
            field = "headers" if name == "D" else "personalizations.0.headers"
            anchor = "message.headers" if name == "D" else "message.personalizations.headers"
            expected = error("The headers cannot contain duplicate keys.", field, anchor)
            assert response.json == {"errors": [expected]}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        (b"{}", None, 415, "Content-Type should be application/json."),
        (b"{}", "text/plain", 415, "Content-Type should be application/json."),
        (b'{"a": "\xff"}', "application/json", 415, "Invalid UTF8 in request"),
        (b"", "application/json", 400, "Bad Request"),
        (b"{", "application/json; charset=utf-8", 400, "Bad Request"),
        (b"[]", "application/json", 400, "Bad Request"),
        (b'["headers"]', "application/json", 400, "Bad Request"),
        (b'{"from": {"email": FALSE}}', "application/json", 400, "Bad Request"),
    ],
)
def test_bodies_that_are_not_a_json_object(
    client: ProviderClient, body: bytes, content_type: str | None, status: int, message: str
) -> None:
    response = client.post(SEND, data=body, content_type=content_type)
    assert (response.status_code, response.json) == (status, {"errors": [error(message, None, None)]})
    assert outbox(client) == []


@pytest.mark.slow
@pytest.mark.parametrize("extra", [-1, 0, 1], ids=["n-1", "n", "n+1"])
def test_the_size_of_a_message(make_app: Callable[..., Flask], extra: int) -> None:
    """30 MiB, if the server accepts as much."""
    client = SENDGRID.new_client(make_app(max_body_bytes=40 << 20, max_state_bytes=1 << 30))
    body = json.dumps(mail(content=[{"type": "text/plain", "value": "x"}])).encode()
    padded = body + b" " * ((30 << 20) + extra - len(body))
    response = client.post(SEND, data=padded, content_type="application/json")
    assert response.status_code == (413 if extra > 0 else 202)
    assert extra <= 0 or response.json == {"errors": [error("content too large", None, None)]}


@pytest.mark.parametrize("extra", [-1, 0, 1], ids=["n-1", "n", "n+1"])
def test_the_size_of_a_message_is_checked_by_the_operation(
    client: ProviderClient, extra: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `test_the_size_of_a_message`, with a lower limit."""
    monkeypatch.setattr(catalog, "MAX_MAIL_BYTES", 2_000)
    body = json.dumps(mail()).encode()
    response = client.post(SEND, data=body + b" " * (2_000 + extra - len(body)), content_type="application/json")
    assert response.status_code == (413 if extra > 0 else 202)
    assert extra <= 0 or response.json == {"errors": [error("content too large", None, None)]}


def test_a_body_beyond_the_limit_of_the_server(client: ProviderClient) -> None:
    response = client.post(SEND, data=b" " * ((1 << 20) + 1), content_type="application/json")
    assert (response.status_code, response.json) == (413, {"errors": [error("content too large", None, None)]})


# Who may send


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, None], ids=["none", "unknown", "valid"])
def test_the_method_is_checked_before_the_credential(client: ProviderClient, headers: dict[str, str] | None) -> None:
    asking = client if headers is None else client.with_headers(headers)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        response = asking.open(SEND, method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.json == {"errors": [error("method not allowed", None, None)]}


def test_a_key_needs_the_scope(account: Callable[..., ProviderClient]) -> None:
    client = account(
        credentials=[{"key": "SG.send", "scopes": ["mail.send"]}, {"key": "SG.read", "scopes": ["ips.read"]}]
    )
    assert client.with_key("SG.send").post(SEND, json=mail()).status_code == 202
    response = client.with_key("SG.read").post(SEND, data=b"{")
    assert (response.status_code, response.json) == (403, {"errors": [error("access forbidden", None, None)]})
    web = client.with_key("SG.read").post(WEB)
    assert (web.status_code, web.json) == (403, {"errors": ["access forbidden"], "message": "error"})


def test_an_issued_key_of_a_subuser_sends_by_its_own_pools(client: ProviderClient) -> None:
    """The subuser's message is in the same outbox, with its name; a pool of the parent is unknown to it."""
    team = client.acting_for("team")
    key = team.post("/v3/api_keys", json={"name": "sender", "scopes": ["mail.send", "ips.pools.read"]}).json["api_key"]
    team.post("/v3/ips/pools", json={"name": "hers"})
    team.post("/v3/ips/pools/hers/ips", json={"ip": "192.0.2.8"})
    subuser = client.with_key(key)
    send(subuser, mail(ip_pool_name="hers"))
    send(subuser, mail())
    assert subuser.post(SEND, json=mail(ip_pool_name="marketing")).status_code == 400
    assert client.post(SEND, json=mail(ip_pool_name="hers")).status_code == 400
    assert values(client, "account", "pool_name", "ip") == [("team", "hers", "192.0.2.8"), ("team", None, "192.0.2.8")]


def test_a_subuser_of_the_eu_leaves_by_an_ip_in_the_eu(account: Callable[..., ProviderClient]) -> None:
    """It sends at the EU host with a key of its own; the parent's key is not for that host."""
    client = account(
        credentials=[{"key": "SG.eu", "subuser": "europe"}, {"key": "SG.parent"}],
        ips=[
            {"ip": "192.0.2.1", "rdns": "o1.example.com", "subusers": ["europe"]},
            {"ip": "192.0.2.2", "rdns": "o2.example.com", "subusers": ["europe"], "region": "eu"},
        ],
        pools=[],
    )
    plain = client.application.test_client()

    def post(key: str, host: str, path: str = SEND) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Host": host}
        return plain.post(path, json=mail(), headers=headers)

    assert post("SG.eu", "api.eu.sendgrid.com").status_code == 202
    assert values(client.with_key("SG.parent"), "account", "ip") == [("europe", "192.0.2.2")]
    for key, host in (("SG.eu", "api.sendgrid.com"), ("SG.parent", "api.eu.sendgrid.com")):
        response = post(key, host)
        message = "The provided authorization grant is invalid, expired, or revoked"
        assert (response.status_code, response.json) == (401, {"errors": [error(message, None, None)]})
        web = post(key, host, WEB)
        assert (web.status_code, web.json["errors"]) == (401, ["Permission denied, wrong credentials"])


def test_a_sender_of_another_domain_is_refused(account: Callable[..., ProviderClient]) -> None:
    """If the seed lists domains; those of each personalization count, in any case of letters."""
    client = account(sending_domains=["Example.com", "news.example.org"])
    send(client, mail(**{"from": {"email": "me@EXAMPLE.com"}}))
    send(client, own(**{"from": {"email": "me@news.example.org"}}))
    text = catalog.MAIL_SENDER_IDENTITY().message
    assert text.startswith("The from address does not match a verified Sender Identity. Mail cannot be sent until ")
    refused = error(text, "from", None)
    for body in (mail(**{"from": {"email": "me@sub.example.com"}}), own(**{"from": {"email": "me@example.org"}})):
        rejected(client, body, refused, status=403)
    web = client.post(WEB, data={"from": "me@example.org", "to": "x@example.com", "subject": "x", "text": "x"})
    assert (web.status_code, web.json) == (403, {"errors": [text], "message": "error"})
    assert state_of(client)["sending_domains"] == ["example.com", "news.example.org"]


def test_no_domain_may_send_with_an_empty_list(account: Callable[..., ProviderClient]) -> None:
    assert account(sending_domains=[]).post(SEND, json=mail()).status_code == 403


def test_tenants_have_outboxes_of_their_own_and_a_reset_empties_them(client: ProviderClient) -> None:
    other = client.with_new_key()
    send(client, mail())
    assert outbox(other) == []
    first = outbox(client)[0]
    plain = client.application.test_client()
    assert plain.post(f"/_mockserver/tenants/{client.tenant.id}/reset").status_code < 300
    assert outbox(client) == []
    send(client, mail())
    assert outbox(client) == [first]


# The pool and the IP


@pytest.mark.parametrize("size", [1, 2, 64, 65], ids=["n-1", "n", "N", "N+1"])
def test_the_length_of_the_name_of_a_pool(account: Callable[..., ProviderClient], size: int) -> None:
    """2 to 64 characters, also if there is such a pool: the classic API creates one with a name of 1 character.

    Where unknown pools are accepted, no length is an error.
    """
    name = "x" * size
    pools = [{"name": name, "ips": ["192.0.2.1"]}] if size <= 64 else []
    status = account(pools=pools).post(SEND, json=mail(ip_pool_name=name)).status_code
    assert status == (202 if 2 <= size <= 64 else 400)
    live = account(profile="live", pools=pools)
    send(live, mail(ip_pool_name=name))
    assert values(live, "status", "ip") == [("accepted", "192.0.2.1") if size <= 64 else ("dropped", None)]


def test_an_unknown_pool_is_an_error_or_the_message_is_dropped(account: Callable[..., ProviderClient]) -> None:
    message = "The IP Pool name must be a valid pool name for your account. You provided nope."
    rejected(account(), mail(ip_pool_name="nope"), error(message, "ip_pool_name", "message.ip_pool_name"))
    for changes in ({"profile": "live"}, {"switches": {"unknown_pool_is_dropped": True}}):
        client = account(**changes)
        send(client, mail(ip_pool_name="nope"))
        reason = "`ip_pool_name` names the pool 'nope', which the account does not have."
        assert values(client, "status", "pool", "pool_name", "ip", "reason") == [
            ("dropped", None, "nope", None, reason)
        ]


def test_a_message_for_a_pool_without_an_ip_is_dropped(client: ProviderClient) -> None:
    send(client, mail(ip_pool_name="empty"))
    for ip in ("192.0.2.1", "192.0.2.2"):
        assert client.delete(f"/v3/ips/pools/marketing/ips/{ip}").status_code == 204
    send(client, mail(ip_pool_name="marketing"))
    assert values(client, "status", "pool", "pool_name", "ip", "reason") == [
        ("dropped", "12", "empty", None, "`ip_pool_name` names the pool 'empty', which has no IP."),
        ("dropped", "11", "marketing", None, "`ip_pool_name` names the pool 'marketing', which has no IP."),
    ]


def test_the_ips_of_a_pool_take_turns(client: ProviderClient) -> None:
    send(client, mail("a@x.example", "b@x.example", "c@x.example", ip_pool_name="marketing"))
    reason = "`ip_pool_name` names the pool 'marketing'; the 2 IPs of the pool take turns."
    ips = ("192.0.2.1", "192.0.2.2", "192.0.2.1")
    assert values(client, "ip", "pool", "reason") == [(ip, "11", reason) for ip in ips]


def test_a_new_ip_of_a_pool_takes_its_turn_only(client: ProviderClient) -> None:
    """Whatever the others have sent before."""
    client.post("/v3/ips/pools/empty/ips", json={"ip": "192.0.2.1"})
    send(client, mail("a@x.example", "b@x.example", "c@x.example", ip_pool_name="empty"))
    client.post("/v3/ips/pools/empty/ips", json={"ip": "192.0.2.2"})
    send(client, mail("d@x.example", "e@x.example", "f@x.example", ip_pool_name="empty"))
    assert [ip for (ip,) in values(client, "ip")][3:] == ["192.0.2.2", "192.0.2.1", "192.0.2.2"]


def test_a_message_without_a_pool_leaves_by_any_ip_also_one_in_a_pool(client: ProviderClient) -> None:
    send(client, mail("a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"))
    reason = "No pool is named; the 4 IPs of the account take turns, also those in pools."
    ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.8", "192.0.2.1"]
    assert values(client, "ip", "pool", "reason") == [(ip, None, reason) for ip in ips]


def test_an_account_without_ips_leaves_by_a_shared_one(account: Callable[..., ProviderClient]) -> None:
    """Also if it has only IPs that it may not send from: disabled, or of subusers only."""
    ips = [
        {"ip": "192.0.2.1", "rdns": "o1.example.com", "enabled": False},
        {"ip": "192.0.2.2", "rdns": "o2.example.com", "parent_assigned": False},
    ]
    for each in ([], ips):
        client = account(ips=each, pools=[])
        send(client, mail())
        reason = "The account has no dedicated IP that it may send from; SendGrid chooses a shared one."
        assert values(client, "status", "ip", "reason") == [("accepted", None, reason)]


def test_an_ip_that_is_disabled_leaves_the_rotation(client: ProviderClient) -> None:
    assert client.patch("/v3/send_ips/ips/192.0.2.1", json={"is_enabled": False}).status_code == 200
    send(client, mail("a@x.example", "b@x.example", ip_pool_name="marketing"))
    assert values(client, "ip") == [("192.0.2.2",), ("192.0.2.2",)]


def warming(start: int, **changes: Any) -> dict[str, Any]:
    return {"ip": "192.0.2.1", "rdns": "o1.example.com", "warmup": True, "start_date": start, **changes}


@pytest.mark.parametrize(
    ("age", "limit"),
    [
        (-10, 20), (0, 20), (DAY - 1, 20), (DAY, 28), (12 * DAY, 1_000), (41 * DAY, 19_601_056), (42 * DAY, None),
    ],
)  # fmt: skip
def test_the_limit_of_a_warm_up_grows_by_the_day(age: int, limit: int | None) -> None:
    assert sending.warmup_limit(Ip("192.0.2.1", warmup=True, start_date=NOW - age), NOW) == limit
    assert sending.warmup_limit(Ip("192.0.2.1", start_date=NOW - age), NOW) is None


def test_what_exceeds_the_limit_leaves_by_the_other_ips_of_the_pool(
    account: Callable[..., ProviderClient], clock: Time
) -> None:
    """Then by those of the account; in the next hour the IP sends again."""
    pool = [{"id": "1", "name": "marketing", "ips": ["192.0.2.1"]}]
    client = account(ips=[warming(NOW), "192.0.2.2"], pools=pool)
    people = [f"{number}@x.example" for number in range(21)]
    send(client, mail(*people, ip_pool_name="marketing"))
    *first, last = outbox(client)
    assert {message["ip"] for message in first} == {"192.0.2.1"}
    assert (last["ip"], last["pool_name"]) == ("192.0.2.2", "marketing")
    assert last["reason"] == (
        "`ip_pool_name` names the pool 'marketing'; the pool has one IP. In warm-up, with no room in this hour: "
        "192.0.2.1. What exceeds the limit leaves by other IPs of the account."
    )
    clock.now += HOUR
    send(client, mail(ip_pool_name="marketing"))
    assert outbox(client)[-1]["ip"] == "192.0.2.1"
    client.put("/v3/ips/pools/marketing", json={"name": "marketing"})
    client.post("/v3/ips/pools/marketing/ips", json={"ip": "192.0.2.2"})
    send(client, mail(*people, *[f"more-{each}" for each in people], ip_pool_name="marketing"))
    ips = [message["ip"] for message in outbox(client)[-42:]]
    assert ips[:4] == ["192.0.2.2", "192.0.2.1"] * 2
    assert (ips.count("192.0.2.1"), ips.count("192.0.2.2")) == (19, 23)


@pytest.mark.parametrize("size", [19, 20, 21], ids=["n-1", "n", "n+1"])
def test_a_message_has_one_ip_for_all_its_recipients(account: Callable[..., ProviderClient], size: int) -> None:
    """All of them count for the limit of the hour. If no IP can take them, SendGrid tries again later."""
    client = account(ips=[warming(NOW)], pools=[])
    send(client, own(to=[{"email": f"{number}@x.example"} for number in range(size)]))
    (message,) = outbox(client)
    assert message["status"] == "accepted"
    if size <= 20:
        assert message["ip"] == "192.0.2.1"
    else:
        assert "ip" not in message
        assert message["reason"] == (
            "No pool is named; the account has one IP. In warm-up, with room for fewer than 21 more recipients in this "
            "hour: 192.0.2.1. SendGrid tries again for 72 hours."
        )


# The SMTP API header


def send_mime(
    client: ProviderClient, *headers: str, recipients: tuple[str, ...] = ("a@x.example", "b@x.example")
) -> str:
    """Send a MIME message as the SMTP server does, and return its id."""
    source = "\r\n".join(["From: Me <me@example.com>", "Subject: =?utf-8?q?H=C3=A9?=", *headers, "", "Hi.", ""])

    tenant = client.tenant

    def run(data: Any) -> str:
        state = data.state("sendgrid").copy()
        tx: Transaction[Any] = Transaction(state, Ids(tenant.id_salt, data.ids_issued), float(NOW))
        message = sending.send_mime(tx, sender="bounce@example.com", recipients=recipients, source=source, via="smtp")
        data.states["sendgrid"], data.ids_issued = state, tx.ids.issued
        return message.message_id

    return tenant.update(run)


def test_the_smtp_api_header_names_the_pool(client: ProviderClient) -> None:
    """The document's example: each address in `to` gets a message of its own, by the pool."""
    message_id = send_mime(
        client, 'X-SMTPAPI: {"to": ["destination.com", "A <a@x.example>"],', ' "ip_pool": "marketing"}'
    )
    reason = "`ip_pool` of X-SMTPAPI names the pool 'marketing'; the 2 IPs of the pool take turns."
    names = ("message_id", "recipients", "pool", "pool_name", "ip", "via", "subject", "sender", "reason")
    common = ("smtp", "Hé", "bounce@example.com", reason)
    assert values(client, *names) == [
        (message_id, ["destination.com"], "11", "marketing", "192.0.2.1", *common),
        (message_id, ["a@x.example"], "11", "marketing", "192.0.2.2", *common),
    ]
    assert outbox(client)[0]["source"].endswith("\r\n\r\nHi.\r\n")


def test_each_recipient_of_the_envelope_is_a_message(client: ProviderClient) -> None:
    send_mime(client)
    send_mime(client, 'X-SMTPAPI: {"to": [], "ip_pool": "", "category": "x"}')
    assert values(client, "recipients", "ip") == [
        (["a@x.example"], "192.0.2.1"),
        (["b@x.example"], "192.0.2.2"),
        (["a@x.example"], "192.0.2.3"),
        (["b@x.example"], "192.0.2.8"),
    ]


INVALID = ["{", "[]", '"x"', '{"ip_pool": ["a"]}', '{"ip_pool": 5}', '{"ip_pool": null}', '{"to": 5}', '{"to": [1]}',
           '{"to": {"a": "b"}}', r'{"to": ["\ud800"]}', r'{"ip_pool": "\ud800"}', "[" * 100_000, ""]  # fmt: skip


@pytest.mark.parametrize("header", INVALID, ids=range(len(INVALID)))
def test_a_message_with_an_invalid_smtp_api_header_is_dropped(client: ProviderClient, header: str) -> None:
    """For the recipients of the envelope; of two headers the first one counts."""
    send_mime(client, f"X-SMTPAPI: {header}", 'X-SMTPAPI: {"ip_pool": "marketing"}')
    expected = ("dropped", "Invalid SMTPAPI header", None, None)
    assert values(client, "status", "reason", "pool", "ip") == [expected] * 2


def test_an_unknown_pool_in_the_smtp_api_header_drops_the_message(client: ProviderClient) -> None:
    send_mime(client, 'X-SMTPAPI: {"ip_pool": "nope"}', recipients=("a@x.example",))
    reason = "`ip_pool` of X-SMTPAPI names the pool 'nope', which the account does not have."
    assert values(client, "status", "pool_name", "reason") == [("dropped", "nope", reason)]


@pytest.mark.parametrize("count", [9_999, 10_000, 10_001], ids=["n-1", "n", "n+1"])
def test_the_number_of_addresses_in_the_smtp_api_header(client: ProviderClient, count: int) -> None:
    """With more, the message is dropped, for the recipient of the envelope."""
    addresses = ["a@x.example"] * count
    send_mime(client, f"X-SMTPAPI: {json.dumps({'to': addresses})}", recipients=("b@x.example",))
    found = client.tenant.read().states["sendgrid"].outbox
    last = found.messages[-1]
    if count <= 10_000:
        assert (found.count, last.recipients, last.status) == (count, ("a@x.example",), "accepted")
    else:
        assert (found.count, last.recipients, last.status) == (1, ("b@x.example",), "dropped")
        assert last.reason == "Invalid SMTPAPI header"


def test_a_mime_message_of_another_domain_raises_the_error_of_the_sender(
    account: Callable[..., ProviderClient],
) -> None:
    """The address in From counts, or else the envelope's."""
    client = account(sending_domains=["example.org"])
    with pytest.raises(ApiError) as caught:
        send_mime(client)
    assert caught.value.entry is catalog.MAIL_SENDER_IDENTITY
    assert outbox(client) == []


# Web API v2


def form(**changes: Any) -> dict[str, Any]:
    return {"from": "me@example.com", "to": "you@example.com", "subject": "Hello", "text": "Hi.", **changes}


def test_web_api_v2_takes_the_smtp_api_header(client: ProviderClient) -> None:
    """The document's example in the field `x-smtpapi`."""
    api = '{"to": ["destination.com"], "ip_pool": "marketing"}'
    response = client.post(WEB, data=form(**{"x-smtpapi": api}))
    assert (response.status_code, response.text) == (200, '{"message":"success"}')
    assert "X-RateLimit-Limit" not in response.headers
    reason = "`ip_pool` of X-SMTPAPI names the pool 'marketing'; the 2 IPs of the pool take turns."
    assert values(client, "recipients", "pool_name", "ip", "via", "reason") == [
        (["destination.com"], "marketing", "192.0.2.1", "http", reason)
    ]
    assert dict(sent(client)[0].headers)["To"] == "you@example.com"  # which is assumed
    for api in ("{", '{"ip_pool": "nope"}'):
        assert client.post(WEB, data=form(**{"x-smtpapi": api})).json == {"message": "success"}
    assert [status for (status,) in values(client, "status")] == ["accepted", "dropped", "dropped"]


def test_web_api_v2_has_one_copy_for_all_recipients(client: ProviderClient) -> None:
    """A request of 1 MB can have 10,000 recipients in `x-smtpapi` and 40,000 headers."""
    api = '{"to": ["a@x.example", "b@x.example"]}'
    client.post(WEB, data=form(**{"x-smtpapi": api, "headers": '{"X-One": "1"}', "files[a]": "text"}))
    first, second = sent(client)
    assert first.headers is second.headers
    assert first.parts is second.parts


def test_web_api_v2_takes_lists_headers_and_files(client: ProviderClient) -> None:
    """In both encodings of a form; the message is one for all its recipients."""
    fields = form(
        **{
            "to[]": ["b@example.com", "c@example.com"],
            "toname": ["You"],
            "cc": "d@example.com",
            "bcc[]": "e@example.com",
        },
        fromname="Me",
        replyto="r@example.com",
        date="today",
        html="<b>Hi.</b>",
        headers='{"X-One": "1", "X-Two": 2}',
    )
    files = {"files[a.png]": (io.BytesIO(b"\xff\x00"), "a.png", "image/png"), "content[a.png]": "cid"}
    for extra in ({**files}, {"files[b.txt]": "text"}):
        assert client.post(WEB, data={**fields, **extra}).json == {"message": "success"}
        assert client.last_record is not None
    first, second = outbox(client)
    assert first["recipients"] == [f"{each}@example.com" for each in ("you", "b", "c", "d", "e")]
    assert first["headers"] == [
        ["From", '"Me" <me@example.com>'],
        ["To", '"You" <you@example.com>, b@example.com, c@example.com'],
        ["Cc", "d@example.com"],
        ["Reply-To", "r@example.com"],
        ["Date", "today"],
        ["Subject", "Hello"],
        ["X-One", "1"],
    ]
    names = ("content_type", "content", "filename", "content_id")
    assert [tuple(part.get(name) for name in names) for part in first["parts"]] == [
        ("text/plain", "Hi.", None, None),
        ("text/html", "<b>Hi.</b>", None, None),
        ("image/png", base64.b64encode(b"\xff\x00").decode(), "a.png", "cid"),
    ]
    assert base64.b64decode(second["parts"][-1]["content"]) == b"text"


def test_web_api_v2_ignores_invalid_and_reserved_headers(client: ProviderClient) -> None:
    """Those that mail/send rejects, and what is not a JSON object of texts."""
    names = ["a b", "", "a:b", "é", "a\n", "To", "x-sg-id", "X-One", "!#~"]
    client.post(WEB, data=form(headers=json.dumps(dict.fromkeys(names, "1"))))
    for invalid in ("[" * 100_000, '{"a":' * 50_000, "[]", "{", "5"):
        assert client.post(WEB, data=form(headers=invalid)).json == {"message": "success"}
    first, *others = outbox(client)
    assert first["headers"][3:] == [["X-One", "1"], ["!#~", "1"]]
    assert [len(each["headers"]) for each in others] == [3] * 5


@pytest.mark.parametrize("count", [1_994, 1_995, 1_996], ids=["n-1", "n", "n+1"])
@pytest.mark.parametrize("has_file", [False, True])
def test_web_api_v2_has_a_limit_of_parts_with_and_without_a_file(
    client: ProviderClient, count: int, has_file: bool
) -> None:
    """2,000 of them, with four other fields."""
    fields = [*form().items(), *[("to[]", "a@example.com")] * (count - has_file)]
    file = [("files[a]", (io.BytesIO(b"x"), "a.txt"))] if has_file else []
    extra = [("html", "x")]
    response = client.post(WEB, data=MultiDict([*fields, *extra, *file]), content_type="multipart/form-data")
    if count <= 1_995:
        assert response.status_code == 200
        assert len(sent(client)[0].parts) == 2 + has_file
    else:
        assert (response.status_code, response.json["errors"]) == (413, ["content too large"])


def test_web_api_v2_takes_several_files_of_one_name(client: ProviderClient) -> None:
    """Uploaded or as fields, of any size, with any byte; the request log has their fields as used."""
    large = bytes(range(256)) * 1_000
    data = MultiDict(
        [
            *form(text="x" * 600_000).items(),
            ("files[a]", FileStorage(io.BytesIO(large), "a.bin", content_type="image/png")),
            ("files[a]", "text"),
            ("files[a]", FileStorage(io.BytesIO(b"\xff"), "b.bin", content_type="image/gif")),
            ("content[a]", "cid"),
            ("other", "x"),
        ]
    )
    boundary, body = encode_multipart(data)  # in memory, not in a temporary file
    response = client.post(WEB, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert response.json == {"message": "success"}
    assert {"files[a]", "content[a]", "other"} & client.last_record.fields_read == {"files[a]", "content[a]"}
    _, *parts = sent(client)[0].parts
    assert {(part.filename, part.content_id) for part in parts} == {("a", "cid")}
    assert [(part.content_type, base64.b64decode(part.content)) for part in parts] == [
        ("application/octet-stream", b"text"),
        ("image/png", large),
        ("image/gif", b"\xff"),
    ]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("from", "Empty from email address (required)"),
        ("to", "Missing destination email"),
        ("subject", "Missing subject"),
        ("text", "Missing email body"),
    ],
)
def test_web_api_v2_requires_fields(client: ProviderClient, missing: str, message: str) -> None:
    fields = form()
    del fields[missing]
    for body in (fields, {**fields, missing: ""}):
        response = client.post(WEB, data=body)
        assert (response.status_code, response.text) == (400, f'{{"errors":["{message}"],"message":"error"}}')
    assert outbox(client) == []


def test_web_api_v2_takes_recipients_from_the_smtp_api_header_alone(client: ProviderClient) -> None:
    fields = {**form(), "x-smtpapi": '{"to": "a@x.example"}'}
    del fields["to"]
    assert client.post(WEB, data=fields).status_code == 200
    assert values(client, "recipients") == [(["a@x.example"],)]


def test_web_api_v2_takes_the_key_from_the_form_and_records_none(client: ProviderClient) -> None:
    """`api_key` finds the tenant, and is in no log; a key in the header comes first."""
    key = client.headers["Authorization"].removeprefix("Bearer ")
    anonymous = client.with_headers({})
    for options in (
        {"data": form(api_user="apikey", api_key=key)},
        {"data": form(api_key=key), "content_type": "multipart/form-data"},
    ):
        assert anonymous.post(WEB, **options).json == {"message": "success"}
        assert key not in client.last_record.body.decode("latin-1")
    assert len(outbox(client)) == 2
    assert client.post(WEB, data=form(api_key="other")).status_code == 200
    for fields in (form(), form(api_key=""), form(api_key="nonsense")):
        response = anonymous.post(WEB, data=fields)
        assert (response.status_code, response.json["errors"]) == (401, ["Permission denied, wrong credentials"])
    json_body = anonymous.post(WEB, json={"api_key": key})
    assert json_body.status_code == 401
    assert anonymous.post("/v3/ips/pools", data={"api_key": key}).status_code == 401


def test_web_api_v2_with_the_key_in_a_form_that_is_too_large_is_a_413(client: ProviderClient) -> None:
    """Whose request it is is then unknown: it is among the unmatched requests, without the key."""
    key = client.headers["Authorization"].removeprefix("Bearer ")
    anonymous, control = client.with_headers({}), client.application.test_client()
    many = MultiDict([("api_key", key), *[("to[]", "a@example.com")] * 2_000])
    for options in (
        {"data": form(api_key=key, text="x" * (1 << 20))},
        {"data": many, "content_type": "multipart/form-data"},
    ):
        response = anonymous.post(WEB, **options)
        assert (response.status_code, response.json) == (413, {"errors": ["content too large"], "message": "error"})
        unmatched = control.get("/_mockserver/unmatched-requests").json
        assert key not in json.dumps(unmatched)
        last = unmatched["requests"][-1]
        assert (last["id"], last["status"], last["error"]) == (
            response.headers["X-Mockserver-Request-Id"],
            413,
            "web_too_large",
        )
        assert last["reason"] == "its SendGrid key may be in its body, which is too large: see --max-body-bytes"
    elsewhere = control.post(f"/nowhere{WEB}", data=form(api_key=key, text="x" * (1 << 20)))
    assert elsewhere.status_code == 404


def test_web_api_v2_has_its_own_errors(client: ProviderClient) -> None:
    for response, status, message in (
        (client.get(WEB), 405, "method not allowed"),
        (client.get("/api/nope"), 404, "resource not found"),
        (client.post(WEB, data=form(text="x" * (1 << 20))), 413, "content too large"),
    ):
        assert (response.status_code, response.json) == (status, {"errors": [message], "message": "error"})


def test_requests_to_send_fit_the_document(client: ProviderClient) -> None:
    """What is accepted is valid by the OpenAPI document, and a sender that is a text is not."""
    contract = blueprint.contract

    def violations(body: Any) -> list[Violation]:
        return contract.request_violations("sendMail", {}, MultiDict(), "application/json", json.dumps(body).encode())

    assert violations(mail(ip_pool_name="marketing")) == []
    for invalid in ("x", "x" * 65, 5):
        assert [each.pointer for each in violations(mail(ip_pool_name=invalid))] == ["/body/ip_pool_name"]
    assert [each.pointer for each in violations(mail(**{"from": "me@example.com"}))] == ["/body/from"]
