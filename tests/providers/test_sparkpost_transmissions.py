"""SparkPost's transmissions over HTTP: fields, errors in both formats, recipients, and what the outbox has of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.core import mime, outbox
from mockserver.providers.sparkpost import catalog

from ..support import SPARKPOST, ProviderClient

STORES = ("memory", "redis")
pytestmark = pytest.mark.store("memory")

SEND = "/api/v1/transmissions"
NOW = 1_700_000_000.0
TO = [{"address": "wilma@example.com"}]
INLINE: dict[str, Any] = {"from": "shop@example.com", "subject": "Hi", "text": "Hello"}
BODY: dict[str, Any] = {"recipients": TO, "content": INLINE}
FORMAT = ("invalid data format/type", "1300")
MISSING = ("required field is missing", "1400")


@pytest.fixture
def account(make_app: Callable[..., Flask]) -> Callable[..., ProviderClient]:
    """Return a function that makes an account with this section of a seed, at a fixed time."""

    def make(**section: Any) -> ProviderClient:
        app = make_app(time=lambda: NOW)
        SPARKPOST.client(app).get("/")
        response = app.test_client().put("/_mockserver/tenants/default/state", json={"state": {"sparkpost": section}})
        assert response.status_code == 200, response.text
        return SPARKPOST.client(app)

    return make


@pytest.fixture
def client(account: Callable[..., ProviderClient]) -> ProviderClient:
    """An account without dedicated IPs."""
    return account()


def section(client: ProviderClient) -> dict[str, Any]:
    """Return the state of the account."""
    found = client.application.test_client().get("/_mockserver/tenants/default/state").json
    return found["state"]["sparkpost"]  # type: ignore[no-any-return]


def sent(client: ProviderClient) -> list[dict[str, Any]]:
    """Return the messages in the outbox."""
    return section(client).get("outbox", {}).get("messages", [])  # type: ignore[no-any-return]


def message(client: ProviderClient, body: dict[str, Any]) -> dict[str, Any]:
    """Send a message, and return it as the outbox has it."""
    response = client.post(SEND, json=body)
    assert response.status_code == 200, response.text
    return sent(client)[-1]


def check(response: Any, status: int, kind: tuple[str, str], description: str) -> None:
    assert (response.status_code, response.json) == (
        status,
        {"errors": [{"message": kind[0], "description": description, "code": kind[1]}]},
    )


def content(**fields: Any) -> dict[str, Any]:
    return {**BODY, "content": {**INLINE, **fields}}


def options(**fields: Any) -> dict[str, Any]:
    return {**BODY, "options": fields}


# Accepted


@pytest.mark.store("memory", "redis")
def test_message_is_accepted_and_in_the_outbox(client: ProviderClient) -> None:
    response = client.post(SEND, json=BODY)
    assert response.status_code == 200
    transmission_id = response.json["results"]["id"]
    assert response.json == {
        "results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": transmission_id}
    }
    (found,) = sent(client)
    assert found == {
        "message_id": transmission_id,
        "time": NOW,
        "via": "http",
        "sender": "shop@example.com",
        "recipients": ["wilma@example.com"],
        "subject": "Hi",
        "reason": "No pool is named, and the account has no dedicated IPs: SparkPost's shared pool.",
        "pool": "sp_shared",
        "pool_name": "shared pool",
        "status": "accepted",
        "headers": [["From", "shop@example.com"], ["To", "wilma@example.com"], ["Subject", "Hi"]],
        "parts": [{"content_type": "text/plain", "content": "Hello", "is_base64": False}],
        "number": 1,
    }
    state = {"state": {"sparkpost": section(client)}}
    assert client.application.test_client().put("/_mockserver/tenants/default/state", json=state).status_code == 200
    assert sent(client) == [found]


def test_ids_are_17_digits_and_differ(client: ProviderClient) -> None:
    ids = [client.post(SEND, json=BODY).json["results"]["id"] for _ in range(3)]
    ids.append(client.with_new_key().post(SEND, json=BODY).json["results"]["id"])
    assert len(set(ids)) == 4
    assert all(len(each) == 17 and each.isdecimal() for each in ids)


def test_trailing_slash_is_ignored(client: ProviderClient) -> None:
    assert client.post(f"{SEND}/", json=BODY).status_code == 200


@pytest.mark.parametrize(
    ("value", "header", "address"),
    [
        ("shop@example.com", "shop@example.com", "shop@example.com"),
        ("Shop <shop@example.com>", "Shop <shop@example.com>", "shop@example.com"),
        ("shop@example.com (Shop)", "shop@example.com (Shop)", "shop@example.com"),
        ({"email": "shop@example.com"}, "shop@example.com", "shop@example.com"),
        ({"email": "shop@example.com", "name": None}, "shop@example.com", "shop@example.com"),
        ({"email": "shop@example.com", "name": 'A "B"'}, r'"A \"B\"" <shop@example.com>', "shop@example.com"),
    ],
)
def test_sender_is_a_text_or_an_object(client: ProviderClient, value: object, header: str, address: str) -> None:
    found = message(client, content(**{"from": value}))
    assert (found["headers"][0], found["sender"]) == (["From", header], address)


@pytest.mark.store("memory", "redis")
def test_all_of_a_content_is_in_the_message(client: ProviderClient) -> None:
    body = content(
        html='<img src="cid:logo">',
        amp_html="<html amp4email>",
        reply_to="Help <help@example.com>",
        headers={"X-Mine": "1", "CC": "fred@example.com", "To": "other@example.com", "Content-Type": "x/y"},
        attachments=[{"name": "a.txt", "type": "text/plain", "data": "SGk="}],
        inline_images=[{"name": "logo", "type": "image/png", "data": "aGVsbG8="}],
    )
    body |= {
        "campaign_id": "receipts",
        "metadata": {"age": 24},
        "substitution_data": {"name": "Wilma"},
        "return_path": "bounces@example.com",
        "recipients": [
            {"address": {"email": "wilma@example.com", "name": "Wilma"}, "tags": ["a", "b", 5]},
            {"address": {"email": "fred@example.com", "header_to": '"Wilma" <wilma@example.com>'}, "tags": ["b"]},
        ],
    }
    found = message(client, body)
    assert found["recipients"] == ["wilma@example.com", "fred@example.com"]
    headers = dict(found["headers"])
    assert json.loads(headers.pop("X-MSYS-API")) == {
        "campaign_id": "receipts",
        "metadata": {"age": 24},
        "substitution_data": {"name": "Wilma"},
        "tags": ["a", "b"],
    }
    assert headers == {
        "From": "shop@example.com",
        "To": '"Wilma" <wilma@example.com>',
        "Subject": "Hi",
        "Reply-To": "Help <help@example.com>",
        "X-Mine": "1",
        "CC": "fred@example.com",
    }
    (loaded,) = outbox.load({"outbox": {"messages": [found]}}).messages
    read = mime.content_of(loaded)
    assert read.texts == [
        ("text/plain", "Hello"),
        ("text/x-amp-html", "<html amp4email>"),
        ("text/html", '<img src="cid:logo">'),
    ]
    assert [(each.filename, each.size, each.content_id) for each in read.attachments] == [
        ("a.txt", 2, None),
        ("logo", 5, "logo"),
    ]


def test_override_replaces_fields_of_the_content(client: ProviderClient) -> None:
    body = content(**{"from": {"email": "shop@example.com", "name": "Shop"}, "reply_to": "a@example.com"})
    body["override"] = {"from": "fred@example.org", "reply_to": "b@example.com", "list_id": "<list.example.com>"}
    found = message(client, body)
    assert found["sender"] == "fred@example.org"
    assert dict(found["headers"]) == {
        "From": '"Shop" <fred@example.org>',
        "To": "wilma@example.com",
        "Subject": "Hi",
        "Reply-To": "b@example.com",
        "List-Id": "<list.example.com>",
    }


def test_mime_content_is_in_the_outbox_as_it_was_sent(client: ProviderClient) -> None:
    source = "From: Shop <shop@example.com>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nHello"
    found = message(client, {"recipients": TO, "content": {"email_rfc822": source}})
    assert (found["source"], found["sender"], found["subject"]) == (source, "shop@example.com", "Grüße")
    assert "headers" not in found or found["headers"] == []


@pytest.mark.parametrize("field", ["campaign_id", "description", "metadata", "substitution_data", "return_path"])
def test_null_is_no_value(client: ProviderClient, field: str) -> None:
    assert client.post(SEND, json={**BODY, field: None, "options": None, "override": None}).status_code == 200
    assert client.post(SEND, json=options(ip_pool=None, start_time=None, sandbox=None)).status_code == 200
    assert client.post(SEND, json=content(html=None, headers=None, attachments=None)).status_code == 200


@pytest.mark.parametrize("text", ["a,", "(", "<", "@", "a@b.c,", "<a@b.c>,"])
def test_long_senders_and_addresses_are_read_quickly(client: ProviderClient, text: str) -> None:
    """Each within a second or so; a parser of lists of addresses takes half a minute."""
    long = text * (500_000 // len(text))
    for body in (
        content(**{"from": long}),
        {"recipients": TO, "content": {"email_rfc822": f"From: {long}\n\nx"}},
        {**BODY, "recipients": [{"address": long}]},
    ):
        start = time.monotonic()
        assert client.post(SEND, json=body).status_code in (200, 400)
        assert time.monotonic() - start < 10


def test_template_language_is_not_rendered(client: ProviderClient) -> None:
    found = message(client, content(subject="{{ broken", text="{{name}}", **{"from": "{{user}}@example.com"}))
    assert (found["subject"], found["parts"][0]["content"]) == ("{{ broken", "{{name}}")


# Content


@pytest.mark.parametrize(
    ("sent_content", "kind", "description"),
    [
        (None, MISSING, "content object or template_id required"),
        ({}, MISSING, "No valid fields exist in the 'content' object"),
        ({"unknown": 1}, MISSING, "No valid fields exist in the 'content' object"),
        ({"subject": "s", "text": "t"}, MISSING, "content.from is a required field"),
        ({"from": None, "subject": "s", "text": "t"}, MISSING, "content.from is a required field"),
        ({"from": {}, "subject": "s", "text": "t"}, MISSING, "content.from.email is a required field"),
        ({"from": {"email": None}, "text": "t"}, MISSING, "content.from.email is a required field"),
        ({"from": {"email": ""}, "text": "t"}, MISSING, "content.from.email is a required field"),
        ({"from": "a@example.com", "text": "t"}, MISSING, "content.subject is a required field"),
        (
            {"from": "a@example.com", "subject": ""},
            MISSING,
            "At least one of 'text' or 'html' needs to exist in 'content'",
        ),
        (
            {"from": "a@example.com", "subject": "s", "amp_html": "x"},
            MISSING,
            "content.amp_html requires content.html or content.text",
        ),
        (
            {**INLINE, "inline_images": [{"name": "a", "type": "b", "data": "c"}]},
            MISSING,
            "content.inline_images requires content.html",
        ),
        (
            {"email_rfc822": "x", "subject": "s"},
            ("invalid combination of fields", "1301"),
            "content.email_rfc822 and content.subject are mutually exclusive",
        ),
        (
            {"email_rfc822": "x", "from": "a@example.com"},
            ("invalid combination of fields", "1301"),
            "content.email_rfc822 and content.from are mutually exclusive",
        ),
        (
            {"template_id": "a", "ab_test_id": "b"},
            ("invalid combination of fields", "1301"),
            "You may not specify both template_id and ab_test_id",
        ),
        ({"template_id": "no"}, ("Subresource not found", "1603"), "template 'no' does not exist"),
        (
            {"template_id": "my-first-email"},
            ("Subresource not found", "1603"),
            "template 'my-first-email' does not exist",
        ),
        ({"ab_test_id": "no"}, ("Subresource not found", "1603"), "ab_test_id 'no' does not exist"),
        (
            {**INLINE, "headers": {"X Y": "1"}},
            ("Invalid header", "3002"),
            "Error while validating header X Y: Invalid header name",
        ),
        (
            {**INLINE, "headers": {"X": "1", "Y": 1}},
            FORMAT,
            "content.headers json dictionary value has type 'number' when expecting type 'string'",
        ),
        (
            {**INLINE, "attachments": [{"name": "a", "type": "b"}]},
            MISSING,
            "field 'content.attachments.data' is required",
        ),
        (
            {**INLINE, "attachments": [{"name": "a", "data": "c"}]},
            MISSING,
            "field 'content.attachments.type' is required",
        ),
        (
            {**INLINE, "attachments": [{"name": "a", "type": None, "data": "c"}]},
            MISSING,
            "field 'content.attachments.type' is required",
        ),
        (
            {**INLINE, "attachments": [{"type": "b", "data": "c"}]},
            MISSING,
            "field 'content.attachments.name' is required",
        ),
    ],
)
def test_content_that_is_not_complete_is_an_error(
    client: ProviderClient, sent_content: object, kind: tuple[str, str], description: str
) -> None:
    """Content is checked before recipients and pool."""
    body = {"content": sent_content, "options": {"ip_pool": "unknown"}}
    check(client.post(SEND, json=body), 422, kind, description)
    assert sent(client) == []


def test_sender_without_a_domain_is_an_error(client: ProviderClient) -> None:
    for body in (content(**{"from": "shop"}), {"recipients": TO, "content": {"email_rfc822": "Subject: s\n\nt"}}):
        check(client.post(SEND, json=body), 400, ("Invalid domain", "7001"), "No sending domain specified")


@pytest.mark.parametrize(
    ("sender", "status"), [("a@EXAMPLE.com", 200), ("a@mail.example.com", 400), ("a@example.org", 400)]
)
def test_sending_domains_of_a_seed_are_the_only_ones(
    account: Callable[..., ProviderClient], sender: str, status: int
) -> None:
    client = account(sending_domains=["Example.COM"])
    for body in (
        content(**{"from": sender}),
        {"recipients": TO, "content": {"email_rfc822": f"From: A <{sender}>\n\nt"}},
        {"recipients": TO, "content": {"email_rfc822": f"From: {sender} (A)\n\nt"}},
        {**content(**{"from": "a@other.example"}), "override": {"from": sender}},
        {
            "recipients": TO,
            "content": {"email_rfc822": "From: a@other.example\n\nt"},
            "override": {"from": sender},
        },
    ):
        response = client.post(SEND, json=body)
        assert response.status_code == status
        if status == 400:
            check(response, 400, ("Invalid domain", "7001"), "Unconfigured or unverified sending domain.")
    assert section(client)["sending_domains"] == ["example.com"]


@pytest.mark.parametrize(("extra", "status"), [(-1, 200), (0, 200), (1, 422)], ids=["n-1", "n", "n+1"])
def test_size_of_a_message_is_limited(
    client: ProviderClient, monkeypatch: pytest.MonkeyPatch, extra: int, status: int
) -> None:
    """Texts, attachments and images count together."""
    monkeypatch.setattr(catalog, "MESSAGE_SIZE", 100)
    file = {"name": "a", "type": "b", "data": "x" * 30}
    body = content(text="é" * 10, html="h" * (20 + extra), attachments=[file], inline_images=[file])
    mime_body = {"recipients": TO, "content": {"email_rfc822": "From: a@example.com\n\n".ljust(100 + extra, "x")}}
    for each in (body, mime_body):
        response = client.post(SEND, json=each)
        assert response.status_code == status
        if status == 422:
            check(response, 422, FORMAT, "The estimated message size is above the 20 MB message size limit")


# Other fields


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [("campaign_id", "é", 64), ("description", "é", 1024), ("metadata", {"a": ""}, 10_000)],
)
def test_sizes_are_in_bytes(client: ProviderClient, field: str, value: Any, limit: int) -> None:
    """At n-1, n and n+1."""
    for size in (limit - 1, limit, limit + 1):
        if isinstance(value, str):
            filled: object = value * (size // 2) + "x" * (size % 2)
        else:
            filled = {"a": "x" * (size - len('{"a":""}'))}
        response = client.post(SEND, json={**BODY, field: filled})
        if size <= limit:
            assert response.status_code == 200, response.text
        else:
            description = f"field '{field}' is of length '{size}', but needs to be of max length '{limit}'"
            check(response, 422, FORMAT, description)


def test_substitution_data_has_less_than_100000_bytes(client: ProviderClient) -> None:
    for size in (99_998, 99_999, 100_000):
        data = {"a": "x" * (size - len('{"a":""}'))}
        response = client.post(SEND, json={**BODY, "substitution_data": data})
        if size < 100_000:
            assert response.status_code == 200
        else:
            description = "Transmission-level substitution data must be less than 100000 bytes"
            check(response, 422, ("Substitution data too large", "2002"), description)


def test_names_of_files_have_at_most_255_bytes(client: ProviderClient) -> None:
    for field in ("attachments", "inline_images"):
        for size in (254, 255, 256):
            file = {"name": "n" * size, "type": "a/b", "data": ""}
            response = client.post(SEND, json=content(html="h", **{field: [file]}))
            if size <= 255:
                assert response.status_code == 200
            else:
                description = f"field 'content.{field}.name' is of length '256', but needs to be of max length '255'"
                check(response, 422, FORMAT, description)


BOOLEANS = (
    *("open_tracking", "initial_open", "click_tracking", "transactional", "sandbox", "skip_suppression"),
    *("inline_css", "perform_substitutions"),
)
FIELDS = {
    **dict.fromkeys(["campaign_id", "description", "return_path", "tracking_domain"], "string"),
    **dict.fromkeys(["metadata", "substitution_data", "options", "override", "content"], "json_object"),
    **{f"options.{name}": "boolean" for name in BOOLEANS},
    **dict.fromkeys(["options.ip_pool", "options.dkim_key", "override.reply_to", "override.list_id"], "string"),
}
VALUES = {"string": "x", "number": 5, "boolean": True, "json_array": [], "json_object": {}}


@pytest.mark.parametrize("field", FIELDS)
def test_value_of_another_type_is_an_error(client: ProviderClient, field: str) -> None:
    parent, _, name = field.rpartition(".")
    for kind, value in VALUES.items():
        if kind != FIELDS[field]:
            body = {**BODY, parent: {name: value}} if parent else {**BODY, name: value}
            description = f"field '{field}' is of type '{kind}', but needs to be of type '{FIELDS[field]}'"
            check(client.post(SEND, json=body), 422, FORMAT, description)


CONTENT = {
    **dict.fromkeys(["template_id", "ab_test_id", "email_rfc822", "subject", "text", "html", "amp_html"], "string"),
    **dict.fromkeys(["reply_to", "from.email", "from.name"], "string"),
    **dict.fromkeys(["from", "headers"], "json_object"),
    **dict.fromkeys(["attachments", "inline_images"], "json_array"),
}


@pytest.mark.parametrize("field", CONTENT)
def test_content_of_another_type_is_an_error(client: ProviderClient, field: str) -> None:
    parent, _, name = field.rpartition(".")
    for kind, value in VALUES.items():
        if kind != CONTENT[field] and not (field == "from" and kind == "string"):
            fields = {parent: {"email": "a@example.com", name: value}} if parent else {name: value}
            description = f"content.{field} needs to by of type {CONTENT[field]}"
            if field == "headers":  # seen by users of a client; the other texts are documented
                description = f"field 'content.headers' is of type '{kind}', but needs to be of type 'json_object'"
            check(client.post(SEND, json=content(**fields)), 422, FORMAT, description)


def test_override_of_another_type_is_an_error(client: ProviderClient) -> None:
    description = "override.from needs to by of type json_object"
    check(client.post(SEND, json={**BODY, "override": {"from": 5}}), 422, FORMAT, description)


def test_files_of_another_type_are_an_error(client: ProviderClient) -> None:
    file = {"name": "a", "type": "b", "data": "c"}
    description = "content.attachments needs to by of type json_object"
    check(client.post(SEND, json=content(attachments=[file, 5])), 422, FORMAT, description)
    for name in file:
        description = f"content.attachments.{name} needs to by of type string"
        check(client.post(SEND, json=content(attachments=[{**file, name: 5}])), 422, FORMAT, description)


def test_return_path_is_an_address(client: ProviderClient) -> None:
    for value in ("", "a", "a@", "a b@example.com"):
        description = f"return_path '{value}' is not a valid email address"
        check(client.post(SEND, json={**BODY, "return_path": value}), 422, FORMAT, description)


def test_start_time_has_an_offset_and_is_at_most_three_days_ahead(client: ProviderClient) -> None:
    """2023-11-17T22:13:20Z is three days after the time of the test."""
    for value in ("x", "", "2023-11-14T22:13:20", 5):
        check(client.post(SEND, json=options(start_time=value)), 422, FORMAT, "Error parsing scheduled start_time")
    for value in ("2023-11-17T22:13:19+00:00", "2023-11-17T22:13:20+00:00", "2023-11-17T17:13:20-05:00"):
        found = message(client, options(start_time=value))
        assert found["reason"].endswith(f" It is scheduled for {value}.")
    description = "The scheduled start time cannot be more than 3 days in the future."
    check(client.post(SEND, json=options(start_time="2023-11-17T22:13:21+00:00")), 422, FORMAT, description)
    assert "scheduled" not in message(client, options(start_time="2023-11-14T22:13:20+00:00"))["reason"]


@pytest.mark.parametrize(
    ("body", "description"), [("{", "Problems parsing request as json"), ("[]", "JSON object expected")]
)
def test_body_that_is_no_json_object_is_an_error(client: ProviderClient, body: str, description: str) -> None:
    check(client.post(SEND, data=body), 422, FORMAT, description)


# Recipients


@pytest.mark.parametrize(
    ("recipients", "kind", "description"),
    [
        (None, MISSING, "recipients or list_id required"),
        ({}, MISSING, "recipients or list_id required"),
        ({"list_id": None}, MISSING, "recipients or list_id required"),
        ("wilma@example.com", FORMAT, "Invalid recipients type - needs to be json_array or json_object"),
        (
            {"list_id": {"a": 1}},
            FORMAT,
            "field 'recipients.list_id' is of type 'json_object', but needs to be of type 'string'",
        ),
        ({"list_id": "all"}, ("Subresource not found", "1603"), "Recipient list 'all' does not exist"),
    ],
)
def test_recipients_are_a_list(
    client: ProviderClient, recipients: object, kind: tuple[str, str], description: str
) -> None:
    check(client.post(SEND, json={**BODY, "recipients": recipients}), 422, kind, description)


REJECTED: list[tuple[object, tuple[str, str], str]] = [
    ("wilma@example.com", FORMAT, "address  is not JSON"),
    ({}, MISSING, "address.email is required for each recipient"),
    ({"address": {}}, MISSING, "address.email is required for each recipient"),
    ({"address": {"email": ""}}, MISSING, "address.email is required for each recipient"),
    ({"address": {"email": 5}}, MISSING, "address.email is required for each recipient"),
    ({"address": "a"}, FORMAT, "invalid recipient address: a"),
    ({"address": ""}, FORMAT, "invalid recipient address: "),
    ({"address": {"email": "a"}}, FORMAT, "invalid recipient address.email: a"),
    ({"address": [1]}, FORMAT, "address [1] is not JSON"),
    ({"address": "a@example.com", "metadata": []}, FORMAT, "metadata : is not of type json_object"),
    ({"address": "a@example.com", "substitution_data": "x"}, FORMAT, "substitution_data : is not of type json_object"),
    ({"address": "a@example.com", "return_path": ""}, FORMAT, "return_path '' is not a valid email address"),
    ({"address": "a@example.com", "return_path": 5}, FORMAT, "return_path '5' is not a valid email address"),
]


def test_each_recipient_is_accepted_or_rejected(client: ProviderClient) -> None:
    recipients = [*[each for each, _, _ in REJECTED], *TO]
    response = client.post(SEND, json={**BODY, "recipients": recipients})
    assert response.status_code == 200
    assert list(response.json) == ["errors", "results"]
    assert response.json["errors"] == [{"message": "transmission created, but with validation errors", "code": "2000"}]
    results = response.json["results"]
    assert [tuple(error.values()) for error in results["rcpt_to_errors"]] == [
        (kind[0], description, kind[1]) for _, kind, description in REJECTED
    ]
    assert (results["total_rejected_recipients"], results["total_accepted_recipients"]) == (len(REJECTED), 1)
    assert sent(client)[0]["recipients"] == ["wilma@example.com"]


@pytest.mark.parametrize("recipients", [[], [{"address": "a"}]])
def test_one_recipient_is_valid(client: ProviderClient, recipients: object) -> None:
    response = client.post(SEND, json={**BODY, "recipients": recipients})
    error = {"message": "At least one valid recipient is required", "code": 5002}
    assert (response.status_code, response.json) == (400, {"errors": [error]})
    assert sent(client) == []


@pytest.mark.parametrize(("number", "listed"), [("0", 0), ("1", 1), ("2", 2), ("3", 2)])
def test_errors_of_recipients_are_limited(client: ProviderClient, number: str, listed: int) -> None:
    recipients = [{"address": "a"}, {"address": "b"}, *TO]
    results = client.post(f"{SEND}?num_rcpt_errors={number}", json={**BODY, "recipients": recipients}).json["results"]
    assert (len(results["rcpt_to_errors"]), results["total_rejected_recipients"]) == (listed, 2)


@pytest.mark.parametrize("query", ["", "?num_rcpt_errors=2000"])
def test_thousand_errors_of_recipients_are_listed(client: ProviderClient, query: str) -> None:
    """At n-1, n and n+1."""
    for number in (999, 1_000, 1_001):
        body = {**BODY, "recipients": [*[5] * number, *TO]}
        results = client.post(f"{SEND}{query}", json=body).json["results"]
        assert (len(results["rcpt_to_errors"]), results["total_rejected_recipients"]) == (min(number, 1_000), number)


@pytest.mark.parametrize("number", ["x", "-1", "1.5", ""])
def test_limit_of_errors_is_a_number(client: ProviderClient, number: str) -> None:
    response = client.post(f"{SEND}?num_rcpt_errors={number}", data="{")
    check(response, 400, ("invalid params", "1200"), "param 'num_rcpt_errors' must be an integer")


# The newer format of errors


@pytest.mark.parametrize("way", ["profile", "switch", "header"])
def test_newer_errors_have_no_description(account: Callable[..., ProviderClient], way: str) -> None:
    sections: dict[str, dict[str, Any]] = {
        "profile": {"profile": "live"},
        "switch": {"switches": {"description_as_message": True}},
    }
    client = account(**sections.get(way, {}))
    if way == "header":
        client = client.with_headers({**client.headers, "X-MSYS-OPT-IN": "1"})
    response = client.post(SEND, json=content(**{"from": "shop"}))
    assert response.json == {"errors": [{"message": "No sending domain specified", "code": "7001"}]}
    assert client.post(SEND, data="{").json == {
        "errors": [{"message": "Problems parsing request as json", "code": "1300"}]
    }
    assert client.put(SEND).json == {"errors": [{"message": f"PUT is not supported on {SEND}", "code": "1102"}]}
    results = client.post(SEND, json={**BODY, "recipients": [{"address": "a"}, *TO]}).json["results"]
    assert results["rcpt_to_errors"] == [{"message": "invalid recipient address: a", "code": "1300"}]


def test_errors_of_other_operations_keep_their_format(account: Callable[..., ProviderClient]) -> None:
    client = account(profile="live")
    check(client.post("/api/v1/ip-pools", data="{"), 422, FORMAT, "Problems parsing request as json")
    check(
        client.put("/api/v1/ip-pools"), 405, ("invalid http method", "1102"), "PUT is not supported on /api/v1/ip-pools"
    )


def test_header_with_another_value_requests_nothing(client: ProviderClient) -> None:
    client = client.with_headers({**client.headers, "X-MSYS-OPT-IN": "0"})
    check(client.post(SEND, data="{"), 422, FORMAT, "Problems parsing request as json")
    check(client.put(SEND), 405, ("invalid http method", "1102"), f"PUT is not supported on {SEND}")


# Rights, faults, state


@pytest.mark.parametrize(
    ("grants", "status"),
    [(["transmissions/modify"], 200), (["transmissions/view"], 403), (["smtp/inject"], 403), ([], 403)],
)
def test_key_needs_the_grant(account: Callable[..., ProviderClient], grants: list[str], status: int) -> None:
    client = account()
    body = {"name": "News", "key_label": "k", "key_grants": grants or ["webhooks/view"]}
    key = client.post("/api/v1/subaccounts", json=body).json["results"]["key"]
    response = client.with_key(key).post(SEND, json=BODY)
    assert response.status_code == status
    if status == 403:
        assert response.data == b'{"errors": [ {"message": "Forbidden."} ]}'
    assert len(sent(client)) == (status == 200)


@pytest.mark.store("memory", "redis")
def test_message_that_is_rejected_uses_up_no_id(client: ProviderClient) -> None:
    client.post(SEND, json={**BODY, "recipients": []})
    first = client.post(SEND, json=BODY).json["results"]["id"]
    client.application.test_client().post("/_mockserver/tenants/default/reset")
    assert sent(client) == []
    assert client.post(SEND, json=BODY).json["results"]["id"] == first


def test_messages_of_tenants_are_apart(client: ProviderClient) -> None:
    client.with_new_key().post(SEND, json=BODY)
    assert sent(client) == []


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("sending_pool_empty", "IP Pool 'default' is empty"),
        ("daily_limit_exceeded", "Exceed Sending Limit (daily)"),
        ("campaign_too_long", "field 'campaign_id' is of length '65', but needs to be of max length '64'"),
    ],
)
def test_error_of_sending_can_be_planned(client: ProviderClient, error: str, text: str) -> None:
    fault = {"operation": "sparkpost.createTransmission", "error": error}
    planned = client.application.test_client().post("/_mockserver/tenants/default/faults", json=fault)
    assert planned.status_code == 201, planned.text
    response = client.post(SEND, json=BODY)
    assert response.status_code == getattr(catalog, error.upper()).status
    assert text in response.text
    record = client.last_record
    assert record.error is not None and record.error.key == error
    assert sent(client) == []
    if response.status_code == 420:
        assert response.status == "420 Exceed Sending Limit"


def test_region_of_the_account_is_the_only_one(client: ProviderClient) -> None:
    response = client.application.test_client().post(f"/sparkpost-eu{SEND}", json=BODY, headers=client.headers)
    assert response.status_code == 401


# The sandbox domain


def sandbox(count: int) -> dict[str, Any]:
    return {
        "options": {"sandbox": True, "ip_pool": "unknown"},
        "recipients": TO * count,
        "content": {"template_id": "my-first-email"},
    }


@pytest.mark.store("memory", "redis")
def test_sandbox_sends_five_messages_in_all(account: Callable[..., ProviderClient]) -> None:
    client = account(sending_domains=[])
    found = message(client, sandbox(1))
    assert (found["sender"], found["pool"]) == ("support@sparkpostbox.com", "sp_shared")
    assert found["reason"] == "`options.sandbox` is set: SparkPost's shared pool."
    error = {"errors": [{"message": "Exceed Sending Limit (sandbox)", "code": "2103"}]}
    response = client.post(SEND, json=sandbox(5))
    assert (response.status_code, response.json) == (420, error)
    assert client.post(SEND, json=sandbox(4)).status_code == 200
    assert client.post(SEND, json=sandbox(1)).json == error
    assert (len(sent(client)), section(client)["sandbox_messages"]) == (2, 5)


@pytest.mark.parametrize("sent_content", [INLINE, {"template_id": "other"}])
def test_sandbox_needs_its_template(client: ProviderClient, sent_content: dict[str, Any]) -> None:
    response = client.post(SEND, json={**sandbox(1), "content": sent_content})
    error = {"message": "Invalid Template ID (sandbox)", "code": "2106"}
    assert (response.status_code, response.json) == (422, {"errors": [error]})
