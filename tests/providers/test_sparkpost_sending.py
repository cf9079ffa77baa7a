"""The pool and the IP that a message of SparkPost's leaves by, over HTTP and SMTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.core.errors import ApiError
from mockserver.core.ids import Ids
from mockserver.core.smtp import SmtpError
from mockserver.core.store import Transaction
from mockserver.providers.sparkpost.models import State
from mockserver.providers.sparkpost.rules.sending import send_mime
from mockserver.providers.sparkpost.smtp import SMTP

from ..support import SPARKPOST, ProviderClient

SEND = "/api/v1/transmissions"
NOW = 1_700_000_000.0
DAY = 86_400
CONTENT = {"from": "shop@example.com", "subject": "Hi", "text": "Hello"}
ONE, TWO, THREE = "192.0.2.1", "192.0.2.2", "192.0.2.3"
POOLS = [{"id": "marketing", "name": "Marketing"}, {"id": "receipts", "name": "Receipts"}]
IPS = [{"external_ip": ONE, "ip_pool": "marketing"}, {"external_ip": TWO, "ip_pool": "marketing"}]


class Account:
    """An account whose clock the test moves."""

    def __init__(self, make_app: Callable[..., Flask], section: dict[str, Any]) -> None:
        self.now = NOW
        self.app = make_app(time=lambda: self.now)
        SPARKPOST.client(self.app).get("/")
        path = "/_mockserver/tenants/default/state"
        response = self.app.test_client().put(path, json={"state": {"sparkpost": section}})
        assert response.status_code == 200, response.text
        self.client = SPARKPOST.client(self.app)

    def send(self, pool: str | None = None, count: int = 1, client: ProviderClient | None = None) -> Any:
        """Send a message, and return the response."""
        recipients = [{"address": f"{number}@example.com"} for number in range(count)]
        body = {"options": {"ip_pool": pool}, "recipients": recipients, "content": CONTENT}
        return (client or self.client).post(SEND, json=body)

    def messages(self) -> list[dict[str, Any]]:
        state = self.app.test_client().get("/_mockserver/tenants/default/state").json["state"]["sparkpost"]
        return state.get("outbox", {}).get("messages", [])  # type: ignore[no-any-return]

    def route(self, *args: Any, **options: Any) -> tuple[str | None, str | None]:
        """Send a message, and return its pool and its IP."""
        response = self.send(*args, **options)
        assert response.status_code == 200, response.text
        found = self.messages()[-1]
        return found.get("pool"), found.get("ip")


@pytest.fixture
def account(make_app: Callable[..., Flask]) -> Callable[..., Account]:
    """Return a function that makes an account with this section of a seed."""
    return lambda **section: Account(make_app, {"ip_pools": POOLS, "sending_ips": IPS, **section})


def error(response: Any) -> tuple[int, str]:
    (found,) = response.json["errors"]
    return response.status_code, found.get("description", found["message"])


# Which pool


def test_pool_is_named_by_its_id_in_any_case(account: Callable[..., Account]) -> None:
    found = account()
    assert [found.route(pool) for pool in ("marketing", "Marketing", "MARKETING")] == [
        ("marketing", ONE),
        ("marketing", TWO),
        ("marketing", ONE),
    ]
    (first, second, _) = found.messages()
    assert first["pool_name"] == "Marketing"
    assert first["reason"] == "`options.ip_pool` names the pool 'marketing'; its 2 IPs take turns."
    assert second["reason"] == "`options.ip_pool` names the pool 'Marketing'; its 2 IPs take turns."


def test_id_that_is_spelt_exactly_precedes_another_case(account: Callable[..., Account]) -> None:
    pools = [{"id": "News", "name": "A"}, {"id": "news", "name": "B"}]
    found = account(
        ip_pools=pools, sending_ips=[{"external_ip": ONE, "ip_pool": "News"}, {"external_ip": TWO, "ip_pool": "news"}]
    )
    assert (found.route("news"), found.route("News"), found.route("NEWS")) == (
        ("news", TWO),
        ("News", ONE),
        ("News", ONE),
    )


@pytest.mark.parametrize(
    ("pool", "description"),
    [
        ("bogussssss", "IP Pool 'bogussssss' does not exist"),
        ('"192.0.2.1"', "IP Pool '\"192.0.2.1\"' does not exist"),
        ("shared pool", "IP Pool 'shared pool' does not exist"),
        ("receipts", "IP Pool 'receipts' is empty"),
        ("Receipts", "IP Pool 'Receipts' is empty"),
        ("default", "IP Pool 'default' is empty"),
        ("sp_shared", "sp_shared is not a valid customer ip pool"),
        ("SP_Shared", "sp_shared is not a valid customer ip pool"),
    ],
)
def test_pool_that_cannot_send_is_an_error(account: Callable[..., Account], pool: str, description: str) -> None:
    found = account()
    response = found.send(pool)
    assert response.json == {
        "errors": [{"message": "invalid data format/type", "description": description, "code": "1300"}]
    }
    assert (response.status_code, found.messages()) == (422, [])


@pytest.mark.parametrize("pool", [None, ""])
def test_without_a_pool_it_is_the_default_pool(account: Callable[..., Account], pool: str | None) -> None:
    found = account(sending_ips=[*IPS, {"external_ip": THREE}])
    assert found.route(pool) == ("default", THREE)
    assert found.messages()[0]["reason"] == "No pool is named: the default pool; it has one IP."


def test_empty_default_pool_is_an_error_if_there_are_ips(account: Callable[..., Account]) -> None:
    assert error(account().send()) == (422, "IP Pool 'default' is empty")


def test_account_without_ips_sends_by_the_shared_pool(account: Callable[..., Account]) -> None:
    found = account(sending_ips=[])
    assert found.route() == ("sp_shared", None)
    assert error(found.send("default")) == (422, "IP Pool 'default' is empty")


def test_pool_that_lost_its_last_ip_is_empty(account: Callable[..., Account]) -> None:
    found = account()
    for ip in (ONE, TWO):
        assert found.route("marketing")[0] == "marketing"
        found.client.put(f"/api/v1/sending-ips/{ip}", json={"ip_pool": "receipts"})
    assert error(found.send("marketing")) == (422, "IP Pool 'marketing' is empty")
    assert found.route("receipts")[0] == "receipts"
    found.client.delete("/api/v1/ip-pools/receipts")
    assert error(found.send("receipts")) == (422, "IP Pool 'receipts' does not exist")
    assert found.route()[0] == "default"


def test_ips_take_turns_whatever_the_number_of_recipients(account: Callable[..., Account]) -> None:
    found = account()
    assert found.route("marketing", count=3)[1] == ONE
    assert [found.route("marketing")[1] for _ in range(5)] == [TWO, ONE, TWO, ONE, TWO]


# Subaccounts

SUBACCOUNTS = [
    {"id": 5, "name": "Free"},
    {"id": 6, "name": "Bound", "ip_pool": "marketing"},
    {"id": 7, "name": "Empty", "ip_pool": "receipts"},
    {"id": 8, "name": "Gone", "ip_pool": "gone"},
    {"id": 9, "name": "Suspended", "status": "suspended"},
    {"id": 10, "name": "Terminated", "status": "terminated"},
]


@pytest.mark.parametrize(
    ("number", "pool", "expected"),
    [
        ("5", None, ("default", THREE)),
        ("5", "marketing", ("marketing", ONE)),
        ("6", None, ("marketing", ONE)),
        ("6", "Marketing", ("marketing", ONE)),
        ("6", "default", (422, "IP Pool 'default' does not exist")),
        ("6", "nope", (422, "IP Pool 'nope' does not exist")),
        ("7", None, (422, "IP Pool 'receipts' is empty")),
        ("8", None, (422, "IP Pool 'gone' does not exist")),
        ("8", "gone", (422, "IP Pool 'gone' does not exist")),
        ("8", "default", (422, "IP Pool 'default' does not exist")),
        ("9", None, (403, "Forbidden.")),
        ("10", None, (403, "Forbidden.")),
        ("0", None, ("default", THREE)),
        ("00", None, ("default", THREE)),
        ("11", None, (404, "Resource could not be found")),
        ("x", None, (400, "subaccount id must be a valid integer")),
    ],
)
def test_subaccount_sends_by_its_own_pool(
    account: Callable[..., Account], number: str, pool: str | None, expected: tuple[Any, Any]
) -> None:
    found = account(subaccounts=SUBACCOUNTS, sending_ips=[*IPS, {"external_ip": THREE}])
    client = found.client.acting_for(number)
    if isinstance(expected[0], str):
        assert found.route(pool, client=client) == expected
        assert found.messages()[0].get("account") == (None if number in ("0", "00") else number)
    else:
        assert error(found.send(pool, client=client)) == expected
        assert found.messages() == []


def test_pool_of_a_subaccount_is_found_in_any_case(account: Callable[..., Account]) -> None:
    found = account(subaccounts=[{"id": 5, "name": "A", "ip_pool": "MARKETING"}])
    assert found.route(client=found.client.acting_for("5")) == ("marketing", ONE)


def test_key_of_a_subaccount_sends_for_it(account: Callable[..., Account]) -> None:
    """The header does not change that."""
    found = account()
    body = {"name": "N", "ip_pool": "marketing", "key_label": "k", "key_grants": ["transmissions/modify"]}
    key = found.client.post("/api/v1/subaccounts", json=body).json["results"]["key"]
    client = found.client.with_key(key)
    assert found.route(client=client) == ("marketing", ONE)
    assert found.route(client=client.acting_for("0")) == ("marketing", TWO)
    assert [message["account"] for message in found.messages()] == ["1", "1"]
    reason = "The subaccount has the pool 'marketing'; its 2 IPs take turns."
    assert found.messages()[0]["reason"] == reason


# Warm-up


def warming(stage: int, overflow: str | None = None, **section: Any) -> dict[str, Any]:
    """Return an account in profile live with one IP that is warming up, and a pool of others."""
    pool = {"id": "warm", "name": "Warm"} | ({} if overflow is None else {"auto_warmup_overflow_pool": overflow})
    ip = {"external_ip": ONE, "ip_pool": "warm", "auto_warmup_stage": stage, "auto_warmup_since": NOW}
    return {"profile": "live", "ip_pools": [pool, *POOLS], "sending_ips": [ip], **section}


@pytest.mark.parametrize(("extra", "ip"), [(-1, ONE), (0, ONE), (1, TWO)], ids=["n-1", "n", "n+1"])
def test_ip_that_is_warming_up_has_a_volume_each_day(account: Callable[..., Account], extra: int, ip: str) -> None:
    """Stage 1: 200 messages; the other IP of the pool takes the rest."""
    section = warming(1)
    section["sending_ips"].append({"external_ip": TWO, "ip_pool": "warm"})
    found = account(**section)
    assert [found.route("warm", count=150)[1], found.route("warm")[1]] == [ONE, TWO]
    assert found.route("warm", count=50 + extra)[1] == ip
    taken = "its 2 IPs take turns" if ip == ONE else "1 of its 2 IPs can take more today"
    assert found.messages()[-1]["reason"] == f"`options.ip_pool` names the pool 'warm'; {taken}."


def test_volume_begins_again_each_day_and_follows_the_stage(account: Callable[..., Account]) -> None:
    found = account(**warming(1, overflow="shared pool"))
    assert found.route("warm", count=200)[1] == ONE
    assert found.route("warm") == ("sp_shared", None)
    found.now += DAY
    assert found.route("warm", count=500) == ("warm", ONE)
    assert found.route("warm") == ("sp_shared", None)
    assert found.messages()[-1]["reason"] == (
        "`options.ip_pool` names the pool 'warm'; what its IPs send a day while they warm up is reached, and it"
        " overflows: SparkPost's shared pool."
    )
    found.now += 28 * DAY  # it has finished
    assert [found.route("warm", count=2_000)[1] for _ in range(2)] == [ONE, ONE]


def test_last_stage_has_the_largest_volume(account: Callable[..., Account]) -> None:
    usage = {"ip": ONE, "total": 9_999_999, "window": int(NOW // DAY), "in_window": 9_999_999}
    found = account(**warming(29, overflow="shared pool"), outbox={"usage": [usage]})
    assert [found.route("warm") for _ in range(2)] == [("warm", ONE), ("sp_shared", None)]


def test_further_messages_leave_by_the_overflow_pool(account: Callable[..., Account]) -> None:
    section = warming(1, overflow="marketing")
    section["sending_ips"] += [{**IPS[0], "external_ip": THREE, "auto_warmup_stage": 1}, IPS[1]]
    found = account(**section)
    assert [found.route("warm", count=200) for _ in range(4)] == [
        ("warm", ONE),
        ("marketing", THREE),
        ("marketing", TWO),
        ("marketing", TWO),
    ]
    assert found.messages()[-1]["reason"].endswith(" is reached, and it overflows into the pool 'marketing'.")


@pytest.mark.parametrize("overflow", [None, "receipts"])
def test_without_ips_to_overflow_to_the_volume_is_exceeded(
    account: Callable[..., Account], overflow: str | None
) -> None:
    found = account(**warming(1, overflow=overflow))
    assert [found.route("warm", count=200)[1] for _ in range(3)] == [ONE, ONE, ONE]
    assert found.messages()[-1]["reason"].endswith(" is reached, and it has no IPs to overflow to.")


def test_overflow_pool_without_room_is_used_nevertheless(account: Callable[..., Account]) -> None:
    section = warming(1, overflow="marketing")
    section["sending_ips"].append({**IPS[1], "auto_warmup_stage": 1})
    found = account(**section)
    assert [found.route("warm", count=200)[1] for _ in range(3)] == [ONE, TWO, TWO]


def test_profile_without_warmup_has_no_volumes(account: Callable[..., Account]) -> None:
    found = account(**{**warming(1, overflow="shared pool"), "profile": "documented"})
    assert [found.route("warm", count=200)[1] for _ in range(3)] == [ONE, ONE, ONE]


# SMTP


def mail(
    header: object = None, *, account: str | None = None, sender: str = "shop@example.com", **section: Any
) -> tuple[Any, State]:
    """Send a MIME message, and return it or the reply to it, and the state."""
    state = State.load({"ip_pools": POOLS, "sending_ips": IPS, "subaccounts": SUBACCOUNTS, **section})
    tx = Transaction(state, Ids("0123456789abcdef" * 4, 0), NOW)
    tx.account = account
    text = header if isinstance(header, str | None) else json.dumps(header)
    source = f"From: Shop <{sender}>\r\nSubject: Hi\r\n" + ("" if text is None else f"X-MSYS-API: {text}\r\n")
    try:
        return send_mime(
            tx, sender="a@b.example", recipients=["w@b.example"], source=source + "\r\nx", via="smtp"
        ), state
    except (ApiError, SmtpError) as error:
        assert state.outbox.messages == () and tx.ids.issued == 0
        reply = SMTP.reply(error.key, **error.values) if isinstance(error, SmtpError) else SMTP.reply_to(error)
        return f"{reply.code} {reply.text}", state


def test_header_of_a_message_names_the_pool() -> None:
    message, state = mail({"options": {"ip_pool": "Marketing"}, "campaign_id": "c", "metadata": {"a": 1}})
    assert (message.pool, message.ip, message.via, message.sender) == ("marketing", ONE, "smtp", "a@b.example")
    assert (message.subject, message.recipients, message.number) == ("Hi", ("w@b.example",), 1)
    assert message.reason == "`options.ip_pool` of X-MSYS-API names the pool 'Marketing'; its 2 IPs take turns."
    assert message.message_id == "01/23-27767-89ABCDF0"
    assert state.outbox.messages == (message,)


@pytest.mark.parametrize("header", [None, {}, {"options": {}}, {"options": None, "cc": None}])
def test_message_without_a_pool_leaves_as_over_http(header: object) -> None:
    assert mail(header)[0] == "550 5.6.0 IP Pool 'default' is empty"
    assert mail(header, sending_ips=[])[0].pool == "sp_shared"
    assert mail(header, account="6")[0].pool == "marketing"


@pytest.mark.parametrize(
    ("header", "reply"),
    [
        ("{", "550 5.6.0 JSON parsing error in X-MSYS-API"),
        ("[" * 100_000, "550 5.6.0 JSON parsing error in X-MSYS-API"),
        ("5", "550 5.6.0 JSON parsing error in X-MSYS-API"),
        ({"metadata": "x"}, "550 5.6.0 X-MSYS-API 'metadata' must be of type 'json object'"),
        ({"options": []}, "550 5.6.0 X-MSYS-API 'options' must be of type 'json object'"),
        ({"options": {"ip_pool": 5}}, "550 5.6.0 X-MSYS-API 'ip_pool' must be of type 'string'"),
        ({"campaign_id": 5}, "550 5.6.0 X-MSYS-API 'campaign_id' must be of type 'string'"),
        ({"campaign_id": "\ud800"}, "550 5.6.0 X-MSYS-API 'campaign_id' must be of type 'string'"),
        ({"options": {"ip_pool": "\ud800"}}, "550 5.6.0 X-MSYS-API 'ip_pool' must be of type 'string'"),
        ({"cc": "x"}, "550 5.6.0 X-MSYS-API 'cc' must be of type 'json array'"),
        ({"campaign_id": "x" * 65}, "550 5.6.0 smtpapi_campaign_id context is limited to 64 bytes"),
        ({"bcc": ["a@b.example"] * 1001}, "550 5.6.0 X-MSYS-API is limited to 1000 recipients"),
        ({"options": {"ip_pool": "x"}}, "550 5.6.0 IP Pool 'x' does not exist"),
        ({"options": {"ip_pool": "sp_shared"}}, "550 5.6.0 sp_shared is not a valid customer ip pool"),
    ],
)
def test_header_that_is_invalid_is_an_error(header: object, reply: str) -> None:
    assert mail(header)[0] == reply


def test_header_within_its_limits_is_accepted() -> None:
    header = {"options": {"ip_pool": "marketing"}, "campaign_id": "x" * 64}
    ignored = [5, {}, "", "nope", "\ud800@b.example"]
    lists = {"cc": [f"{n}@b.example" for n in range(994)], "bcc": [{"email": "w@b.example"}], "archive": ignored}
    message = mail({**header, **lists})[0]
    assert (len(message.recipients), message.recipients[:2]) == (995, ("w@b.example", "0@b.example"))
    assert len(mail({**header, "cc": [f"{n}@b.example" for n in range(1000)]})[0].recipients) == 1001


def test_header_may_be_long() -> None:
    header = {"options": {"ip_pool": "marketing"}, "metadata": {"text": "x" * 200_000}}
    assert mail(header)[0].pool == "marketing"


def test_sending_domains_are_checked_over_smtp() -> None:
    header = {"options": {"ip_pool": "marketing"}}
    assert mail(header, sending_domains=["example.com"])[0].pool == "marketing"
    reply = "550 5.7.1 Unconfigured Sending Domain <example.org>"
    assert mail(header, sender="a@Example.ORG", sending_domains=["example.com"])[0] == reply


def test_suspended_subaccount_cannot_send_over_smtp() -> None:
    assert mail(account="9")[0].startswith("550 5.7.1 ")
