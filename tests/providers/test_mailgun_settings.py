"""The settings of Mailgun's domains: tracking, connection, verification, DKIM selector and SMTP credentials."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import POOLS, TRANSACTIONAL, Time, domain_ips, refused, started

NEWS = "/v3/domains/news.example.com"
NEWS_V4 = "/v4/domains/news.example.com"
TRACKING = f"{NEWS}/tracking"
CREDENTIALS = f"{NEWS}/credentials"
CHANGED = "Domain tracking settings have been updated"
HTML_FOOTER = '\n<br>\n<p><a href="%unsubscribe_url%">unsubscribe</a></p>\n'
TEXT_FOOTER = "\n\nTo unsubscribe click: <%unsubscribe_url%>\n\n"
SHORT = "Password is too short. It must be between 5 and 32 characters."
LONG = "Password is too long. It must be between 5 and 32 characters."
PASSWORD = re.compile("[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}")


def domain(mailgun: ProviderClient, name: str = "news.example.com") -> dict[str, Any]:
    found: dict[str, Any] = mailgun.get(f"/v4/domains/{name}").json["domain"]
    return found


# Tracking


def test_default_tracking(mailgun: ProviderClient) -> None:
    """Nothing is tracked, as recorded."""
    response = mailgun.get(TRACKING)
    assert response.json == {
        "tracking": {
            "open": {"active": False, "place_at_the_top": False},
            "click": {"active": False},
            "unsubscribe": {"active": False, "html_footer": HTML_FOOTER, "text_footer": TEXT_FOOTER},
            "web_scheme": "http",
        }
    }
    assert list(response.json["tracking"]) == ["open", "click", "unsubscribe", "web_scheme"]


@pytest.mark.parametrize(
    ("kind", "form", "after"),
    [
        ("open", {"active": "yes"}, {"active": True, "place_at_the_top": False}),
        ("open", {"place_at_the_top": "true"}, {"active": False, "place_at_the_top": True}),
        ("open", {}, {"active": False, "place_at_the_top": False}),
        ("click", {"active": "true"}, {"active": True}),
        ("click", {"active": "htmlonly"}, {"active": True}),
        ("click", {"active": "no"}, {"active": False}),
        ("unsubscribe", {"active": "1", "html_footer": "<p>bye</p>"},
         {"active": True, "html_footer": "<p>bye</p>", "text_footer": TEXT_FOOTER}),
        ("unsubscribe", {"active": "no", "html_footer": "", "text_footer": ""},
         {"active": False, "html_footer": HTML_FOOTER, "text_footer": TEXT_FOOTER}),
    ],
)  # fmt: skip
def test_tracking_is_changed(mailgun: ProviderClient, kind: str, form: dict[str, str], after: dict[str, Any]) -> None:
    """Fields that are not sent keep their settings; other domains keep theirs."""
    for _ in range(2):
        assert mailgun.put(f"{TRACKING}/{kind}", data=form).json == {"message": CHANGED, kind: after}
    found = mailgun.get(TRACKING).json["tracking"]
    assert found[kind] == after
    default = mailgun.get("/v3/domains/mail.example.com/tracking").json["tracking"]
    assert {name: value for name, value in found.items() if name != kind} == {
        name: value for name, value in default.items() if name != kind
    }
    mailgun.put(f"{TRACKING}/{kind}", data={})
    assert mailgun.get(TRACKING).json["tracking"] == found


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [("open", "active", "maybe"), ("open", "active", "htmlonly"), ("open", "place_at_the_top", ""),
     ("click", "active", "YES"), ("click", "active", ""), ("unsubscribe", "active", "htmlonly")],
)  # fmt: skip
def test_invalid_tracking_is_an_error(mailgun: ProviderClient, kind: str, field: str, value: str) -> None:
    before = mailgun.get(TRACKING).json
    response = mailgun.put(f"{TRACKING}/{kind}", data={"active": "yes", "html_footer": "x", field: value})
    refused(response, 400, f"Invalid format for parameter {field}: {value}")
    assert mailgun.get(TRACKING).json == before


def test_tracking_itself_cannot_be_put(mailgun: ProviderClient) -> None:
    assert mailgun.put(TRACKING, data={"active": "yes"}).status_code == 405


# Settings


def test_settings_are_changed(mailgun: ProviderClient) -> None:
    """Fields that are not sent keep their settings, under both paths; the IPs stay."""
    before = domain(mailgun)
    form = {"spam_action": "block", "web_scheme": "https", "wildcard": "true"}
    response = mailgun.put(NEWS_V4, data=form).json
    assert list(response) == ["message", "domain", "receiving_dns_records", "sending_dns_records"]
    assert response["message"] == "Domain has been updated"
    after = {**before, "spam_action": "block", "web_scheme": "https", "wildcard": True}
    assert response["domain"] == domain(mailgun) == after
    assert mailgun.get(TRACKING).json["tracking"]["web_scheme"] == "https"
    changes = {"web_prefix": "links", "message_ttl": "60", "require_tls": "1", "skip_verification": "t"}
    response = mailgun.put(NEWS, data=changes).json
    after |= {"web_prefix": "links", "message_ttl": 60, "require_tls": True, "skip_verification": True}
    assert response["domain"] == domain(mailgun) == after
    assert response["sending_dns_records"][2]["name"] == "links.news.example.com"
    assert mailgun.put(NEWS, data={}).json["domain"] == after
    assert domain_ips(mailgun, "news.example.com") == ["192.0.2.10", "192.0.2.14"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("wildcard", "maybe", "Invalid format for parameter wildcard: maybe"),
        ("require_tls", "yes", "Invalid format for parameter require_tls: yes"),
        ("message_ttl", "0", "Invalid parameter: message_ttl 0"),
        ("message_ttl", "2147483648", "Invalid parameter: message_ttl 2147483648"),
        ("spam_action", "delete", "Invalid parameter: spam_action delete"),
        ("web_scheme", "ftp", "Invalid parameter: web_scheme ftp"),
        ("web_prefix", "a.b", "Invalid parameter: web_prefix a.b"),
        ("smtp_password", "1234", SHORT),
        ("smtp_password", "x" * 33, LONG),
    ],
)
def test_invalid_settings_are_an_error(mailgun: ProviderClient, field: str, value: str, message: str) -> None:
    before = domain(mailgun)
    refused(mailgun.put(NEWS_V4, data={"web_scheme": "https", field: value}), 400, message)
    assert domain(mailgun) == before


@pytest.mark.parametrize("password", ["", "12345", "x" * 32])
def test_password_of_a_domain_is_validated_only(mailgun: ProviderClient, password: str) -> None:
    """An empty one counts as not sent, as in a recorded request."""
    assert mailgun.put(NEWS_V4, data={"smtp_password": password}).status_code == 200
    response = mailgun.post("/v4/domains", data={"name": "new.example.com", "smtp_password": password})
    assert response.status_code == 200
    assert "smtp_password" not in response.json["domain"]


def test_a_pending_link_survives_a_change_of_settings(slow: ProviderClient, time: Time) -> None:
    """Settings have nothing to do with jobs on the IPs of a domain."""
    assert slow.patch(f"{POOLS}/{TRANSACTIONAL}", data={"link_domain": "news.example.com"}).status_code == 200
    assert slow.put(NEWS_V4, data={"web_scheme": "https"}).status_code == 200
    assert slow.put(f"{TRACKING}/open", data={"active": "yes"}).status_code == 200
    time.now += 10
    assert domain_ips(slow, "news.example.com") == ["192.0.2.20"]
    assert domain(slow)["web_scheme"] == "https"
    assert slow.get(TRACKING).json["tracking"]["open"]["active"] is True


# Verification


def verified(mailgun: ProviderClient, path: str = NEWS_V4) -> str:
    response = mailgun.put(f"{path}/verify")
    assert response.status_code == 200
    assert list(response.json) == ["message", "domain", "sending_dns_records", "receiving_dns_records"]
    assert response.json["message"] == "Domain DNS records have been updated"
    state: str = response.json["domain"]["state"]
    valid = "valid" if state == "active" else "unknown"
    assert {record["valid"] for record in response.json["sending_dns_records"]} == {valid}
    return state


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_domain_is_verified_at_once(mailgun: ProviderClient, version: str) -> None:
    """Without a delay the domain is active in the response to its verification."""
    assert mailgun.post("/v4/domains", data={"name": "new.example.com"}).json["domain"]["state"] == "unverified"
    path = f"/{version}/domains/NEW.example.com"
    for _ in range(2):
        assert verified(mailgun, path) == "active"
    assert domain(mailgun, "new.example.com")["state"] == "active"


def test_a_domain_is_verified_by_the_clock(slow: ProviderClient, time: Time) -> None:
    """With a delay it is active when the delay is over."""
    slow.post("/v4/domains", data={"name": "new.example.com"})
    path = "/v4/domains/new.example.com"
    assert verified(slow, path) == "unverified"
    time.now += 9.9
    assert domain(slow, "new.example.com")["state"] == "unverified"
    time.now += 0.1
    assert domain(slow, "new.example.com")["state"] == "active"
    assert verified(slow, path) == "active"


def test_a_disabled_domain_stays_disabled(make_mailgun: Callable[..., ProviderClient]) -> None:
    mailgun = make_mailgun(domains=[{"id": "1" * 24, "name": "news.example.com", "state": "disabled"}])
    assert verified(mailgun) == "disabled"
    assert domain(mailgun)["is_disabled"] is True


def test_a_new_domain_is_not_verified_for_an_old_one(slow: ProviderClient, time: Time) -> None:
    """A domain that is created again, with the same name, is verified by a request of its own."""
    slow.post("/v4/domains", data={"name": "new.example.com"})
    slow.delete("/v3/domains/new.example.com")
    time.now += 5
    verified(slow, "/v4/domains/new.example.com")
    slow.delete("/v3/domains/new.example.com")
    time.now += 5
    assert slow.post("/v4/domains", data={"name": "new.example.com"}).status_code == 200
    time.now += 10
    assert domain(slow, "new.example.com")["state"] == "unverified"


def test_other_sender_security_has_to_be_verified_again(mailgun: ProviderClient) -> None:
    assert mailgun.put(NEWS_V4, data={"use_automatic_sender_security": "false"}).json["domain"]["state"] == "active"
    assert mailgun.put(NEWS_V4, data={"use_automatic_sender_security": "true"}).json["domain"]["state"] == "unverified"
    assert verified(mailgun) == "active"
    assert mailgun.put(NEWS_V4, data={"web_scheme": "https"}).json["domain"]["state"] == "active"
    assert mailgun.put(NEWS_V4, data={"use_automatic_sender_security": "0"}).json["domain"]["state"] == "unverified"


def test_pending_verification_is_part_of_the_state(slow: ProviderClient, time: Time) -> None:
    """The state that is dumped is a seed in which the domain becomes active."""
    slow.post("/v4/domains", data={"name": "new.example.com"})
    verified(slow, "/v4/domains/new.example.com")
    control, url = slow.application.test_client(), "/_mockserver/tenants/default/state"
    state = control.get(url).json["state"]["mailgun"]
    assert control.put(url, json={"state": {"mailgun": state}}).status_code == 200
    assert control.get(url).json["state"]["mailgun"] == state
    time.now += 10
    assert domain(slow, "new.example.com")["state"] == "active"


# DKIM selector


def test_dkim_selector(mailgun: ProviderClient) -> None:
    """The selector is in the name of the DKIM record, of a new domain too."""
    assert mailgun.put(f"{NEWS}/dkim_selector", data={"dkim_selector": "mailo1"}).json == {
        "message": "DKIM selector changed"
    }
    assert mailgun.put(f"{NEWS}/dkim_selector", data={}).status_code == 200
    records = mailgun.get(NEWS_V4).json["sending_dns_records"]
    assert records[0]["name"] == "mailo1._domainkey.news.example.com"
    response = mailgun.post("/v4/domains", data={"name": "new.example.com", "dkim_selector": "k1"})
    assert response.json["sending_dns_records"][0]["name"] == "k1._domainkey.new.example.com"
    for method, path in (("PUT", f"{NEWS}/dkim_selector"), ("POST", "/v4/domains")):
        response = mailgun.open(path, method=method, data={"name": "x.example.com", "dkim_selector": "a.b"})
        refused(response, 400, "Invalid parameter: dkim_selector a.b")


# SMTP credentials


def logins(mailgun: ProviderClient, query: str = "") -> list[str]:
    response = mailgun.get(CREDENTIALS + query).json
    assert response["total_count"] == len(response["items"])
    for item in response["items"]:
        assert item["login"] == item["mailbox"]
        assert list(item) == ["mailbox", "login", "created_at", "size_bytes"]
    return [item["login"].removesuffix("@news.example.com") for item in response["items"]]


def test_life_of_a_credential(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """As recorded: a login with or without the domain, in any spelling of its case."""
    mailgun = make_mailgun(time=time)
    for login in ("bob", "alice@news.example.com", "eve@NEWS.example.com"):
        response = mailgun.post(CREDENTIALS, data={"login": login, "password": "secret"})
        assert (response.status_code, response.json) == (200, {"message": "Created 1 credentials pair(s)"})
    assert logins(mailgun) == ["postmaster", "bob", "alice", "eve"]
    items = mailgun.get(CREDENTIALS).json["items"]
    assert items[1] == {
        "mailbox": "bob@news.example.com",
        "login": "bob@news.example.com",
        "created_at": "Tue, 14 Nov 2023 22:13:20 +0000",
        "size_bytes": None,
    }
    for login in ("bob", "bob@news.example.com", "bob@News.Example.com", "postmaster", "postmaster@news.example.com"):
        response = mailgun.put(f"{CREDENTIALS}/{login}", data={"password": "other"})
        assert (response.status_code, response.json) == (200, {"message": "Password changed"})
    for login in ("bob", "alice@news.example.com"):
        response = mailgun.delete(f"{CREDENTIALS}/{login}")
        spec = f"{login.partition('@')[0]}@news.example.com"
        assert (response.status_code, response.json) == (
            200,
            {"message": "Credentials have been deleted", "spec": spec},
        )
    assert logins(mailgun) == ["postmaster", "eve"]
    answer = mailgun.delete(CREDENTIALS).json
    assert answer == {"message": "All domain credentials have been deleted", "count": 1}
    assert logins(mailgun) == ["postmaster"]


def test_passwords_are_generated(mailgun: ProviderClient) -> None:
    """A password that is not sent is generated and returned, as recorded; the password of `postmaster` as well."""
    created = mailgun.post(CREDENTIALS, data={"login": ["bob", "alice", "eve"], "password": ["secret"]}).json
    assert list(created) == ["message", "note", "credentials"]
    assert created["message"] == "Created 3 credentials pair(s)"
    assert created["note"] == "Please store your new password(s) now. You won't be able to see it anymore."
    assert list(created["credentials"]) == ["alice@news.example.com", "eve@news.example.com"]
    passwords = list(created["credentials"].values())
    for login in ("bob", "postmaster"):
        changed = mailgun.put(f"{CREDENTIALS}/{login}", data={"spec": "abc"}).json
        assert (changed["message"], changed["note"]) == ("Password changed", created["note"])
        passwords += [changed["credentials"][f"{login}@news.example.com"]]
    assert len(set(passwords)) == 4
    assert all(PASSWORD.fullmatch(password) for password in passwords)
    assert mailgun.post(CREDENTIALS, data={"mailbox": "carol"}).json["message"] == "Created 1 credentials pair(s)"
    assert logins(mailgun) == ["postmaster", "bob", "alice", "eve", "carol"]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "Parameter 'login' is missing"),
        ({"login": ""}, "Parameter 'login' is missing"),
        ({"login": "a b"}, "Invalid parameter: login a b"),
        ({"login": "x" * 65}, f"Invalid parameter: login {'x' * 65}"),
        ({"login": "@news.example.com"}, "Invalid parameter: login @news.example.com"),
        ({"login": "bob@mail.example.com"}, "Invalid parameter: login bob@mail.example.com"),
        ({"login": "bob@"}, "Invalid parameter: login bob@"),
        ({"login": "bob", "password": ""}, SHORT),
        ({"login": "bob", "password": "1234"}, SHORT),
        ({"login": "bob", "password": "x" * 33}, LONG),
        ({"login": ["bob", "bob"]}, "Credentials already exist: bob@news.example.com"),
        ({"login": ["bob", "alice"]}, "Credentials already exist: alice@news.example.com"),
        ({"login": "postmaster"}, "Credentials already exist: postmaster@news.example.com"),
    ],
)  # fmt: skip
def test_credentials_that_cannot_be_created(mailgun: ProviderClient, form: dict[str, Any], message: str) -> None:
    """All of a request's credentials are created, or none."""
    mailgun.post(CREDENTIALS, data={"login": "alice"})
    refused(mailgun.post(CREDENTIALS, data=form), 400, message)
    assert logins(mailgun) == ["postmaster", "alice"]


@pytest.mark.parametrize("password", ["12345", "x" * 32])
def test_passwords_of_every_length_between(mailgun: ProviderClient, password: str) -> None:
    assert mailgun.post(CREDENTIALS, data={"login": "x" * 64, "password": password}).status_code == 200


def test_credentials_that_are_not_there(mailgun: ProviderClient) -> None:
    """A login of another domain is not found here, and stays."""
    mailgun.post("/v3/domains/mail.example.com/credentials", data={"login": "bob"})
    for login in ("bob", "carol", "bob@mail.example.com", "postmaster@mail.example.com"):
        refused(mailgun.put(f"{CREDENTIALS}/{login}", data={"password": "secret"}), 404, "Credentials not found")
        refused(mailgun.delete(f"{CREDENTIALS}/{login}"), 404, "Credentials not found")
    for password, message in (("", SHORT), ("1234", SHORT), ("x" * 33, LONG)):
        refused(mailgun.put(f"{CREDENTIALS}/postmaster", data={"password": password}), 400, message)
    for login in ("postmaster", "postmaster@news.example.com"):
        message = "Cannot delete system mailbox: postmaster@news.example.com"
        refused(mailgun.delete(f"{CREDENTIALS}/{login}"), 400, message)
    assert mailgun.delete(CREDENTIALS).json["count"] == 0
    assert len(mailgun.get("/v3/domains/mail.example.com/credentials").json["items"]) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?limit=1", ["postmaster"]),
        ("?limit=2&skip=1", ["bob", "alice"]),
        ("?limit=1000", ["postmaster", "bob", "alice"]),
        ("?skip=3", []),
    ],
)
def test_pages_of_credentials(mailgun: ProviderClient, query: str, expected: list[str]) -> None:
    mailgun.post(CREDENTIALS, data={"login": ["bob", "alice"]})
    assert logins(mailgun, query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=1001", "Limit parameter can't be larger than 1000"),
        ("limit=0", "Invalid parameter: limit 0"),
        ("limit=x", "Invalid format for parameter limit: x"),
        ("skip=-1", "Invalid parameter: skip -1"),
        ("skip=x", "Invalid format for parameter skip: x"),
    ],
)
def test_invalid_pages_of_credentials(mailgun: ProviderClient, query: str, message: str) -> None:
    refused(mailgun.get(f"{CREDENTIALS}?{query}"), 400, message)


def test_default_page_of_credentials(make_mailgun: Callable[..., ProviderClient]) -> None:
    """100 without a limit."""
    names = [f"u{number}@mail.example.com" for number in range(100)]
    mailgun = make_mailgun(smtp_credentials=[{"login": name, "created_at": 1} for name in names])
    assert mailgun.get("/v3/domains/mail.example.com/credentials").json["total_count"] == 100
    assert mailgun.get("/v3/domains/mail.example.com/credentials?skip=1").json["items"][-1]["login"] == names[-1]


def test_credentials_are_deleted_with_their_domain(slow: ProviderClient, time: Time) -> None:
    """Another domain of the same name has none."""
    slow.post(CREDENTIALS, data={"login": "bob"})
    slow.delete(NEWS)
    assert logins(slow) == ["postmaster", "bob"]
    time.now += 10
    refused(slow.get(CREDENTIALS), 404, "Domain not found")
    slow.post("/v4/domains", data={"name": "news.example.com"})
    assert logins(slow) == ["postmaster"]


# Accounts


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v4/domains/{}"), ("PUT", "/v3/domains/{}"), ("PUT", "/v4/domains/{}/verify"),
        ("GET", "/v3/domains/{}/tracking"), ("PUT", "/v3/domains/{}/tracking/open"),
        ("PUT", "/v3/domains/{}/tracking/click"), ("PUT", "/v3/domains/{}/tracking/unsubscribe"),
        ("GET", "/v3/domains/{}/connection"), ("PUT", "/v3/domains/{}/connection"),
        ("PUT", "/v3/domains/{}/dkim_selector"), ("GET", "/v3/domains/{}/credentials"),
        ("POST", "/v3/domains/{}/credentials"), ("DELETE", "/v3/domains/{}/credentials"),
        ("PUT", "/v3/domains/{}/credentials/bob"), ("DELETE", "/v3/domains/{}/credentials/bob"),
    ],
)  # fmt: skip
def test_settings_of_other_domains(mailgun: ProviderClient, method: str, path: str) -> None:
    """The domain of another account is not found, before the form is checked."""
    sub = mailgun.acting_for(SUBACCOUNT)
    for client, name in ((mailgun, "nope.example.com"), (mailgun, "sub.example.com"), (sub, "news.example.com")):
        refused(client.open(path.format(name), method=method, data={"active": "maybe"}), 404, "Domain not found")


def test_connection_is_that_of_the_domain(mailgun: ProviderClient) -> None:
    """The older operations read and change two settings of the domain."""
    mailgun.put(f"{NEWS}/connection", data={"require_tls": "true"})
    mailgun.put(f"{NEWS}/connection", data={"skip_verification": "true"})
    mailgun.put(f"{NEWS}/connection", data={})
    assert (domain(mailgun)["require_tls"], domain(mailgun)["skip_verification"]) == (True, True)
    mailgun.put(NEWS_V4, data={"require_tls": "false"})
    assert mailgun.get(f"{NEWS}/connection").json == {"connection": {"require_tls": False, "skip_verification": True}}
    response = mailgun.put(f"{NEWS}/connection", data={"require_tls": "yes", "skip_verification": "true"})
    refused(response, 400, "Invalid format for parameter require_tls: yes")


def test_settings_survive_jobs_about_ips(slow: ProviderClient, time: Time) -> None:
    """A job that changes the IPs of a domain keeps the settings of the time when it runs."""
    started(slow.post("/v3/ips/192.0.2.11/domains"))
    slow.put(f"{TRACKING}/click", data={"active": "yes"})
    time.now += 10
    assert "192.0.2.11" in domain_ips(slow, "news.example.com")
    assert slow.get(TRACKING).json["tracking"]["click"]["active"] is True
