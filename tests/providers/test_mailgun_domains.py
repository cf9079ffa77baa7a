"""Mailgun's domains, through HTTP: made by the program under test, and sending from the IPs that it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import MARKETING, NOWHERE, POOLS, SPARE, Time, details, domain_ips, refused, started, succeeded

DOMAINS = "/v4/domains"
NEW = "new.example.com"
OWN = ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.20", "192.0.2.21", "2001:db8::25"]


def make(mailgun: ProviderClient, name: str = NEW, **fields: Any) -> dict[str, Any]:
    """Make a domain; return how it is shown."""
    answer = mailgun.post(DOMAINS, data={"name": name, **fields})
    assert (answer.status_code, answer.json["message"]) == (200, "Domain DNS records have been created"), answer.json
    domain: dict[str, Any] = answer.json["domain"]
    return domain


def test_a_new_domain(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A new domain is shown as recorded answers show one, and its id says when it was made."""
    mailgun = make_mailgun(time=time)
    answer = mailgun.post(DOMAINS, data={"name": NEW}).json
    domain = {
        "created_at": "Tue, 14 Nov 2023 22:13:20 GMT",
        "id": answer["domain"]["id"],
        "is_disabled": False,
        "name": NEW,
        "require_tls": False,
        "skip_verification": False,
        "smtp_login": f"postmaster@{NEW}",
        "spam_action": "disabled",
        "state": "unverified",
        "type": "custom",
        "use_automatic_sender_security": False,
        "web_prefix": "email",
        "web_scheme": "http",
        "wildcard": False,
        "encrypt_incoming_message": False,
        "message_ttl": 86400,
    }
    assert list(answer) == ["message", "domain", "receiving_dns_records", "sending_dns_records"]
    assert answer["domain"] == domain
    assert list(answer["domain"]) == list(domain)
    assert domain["id"].startswith(f"{1_700_000_000:x}")
    assert answer["receiving_dns_records"] == [
        {"is_active": True, "cached": [], "priority": "10", "record_type": "MX", "valid": "unknown", "value": host}
        for host in ("mxa.mailgun.org", "mxb.mailgun.org")
    ]
    records = [(record["record_type"], record["name"]) for record in answer["sending_dns_records"]]
    assert records == [("TXT", f"smtp._domainkey.{NEW}"), ("TXT", NEW), ("CNAME", f"email.{NEW}")]
    assert {(record["is_active"], record["valid"]) for record in answer["sending_dns_records"]} == {(False, "unknown")}
    del answer["message"]
    assert mailgun.get(f"{DOMAINS}/{NEW}").json == answer


def test_settings(mailgun: ProviderClient) -> None:
    """What is said of a domain is kept and shown; the password is not."""
    sent = {
        "encrypt_incoming_message": "true",
        "message_ttl": "3600",
        "require_tls": "True",
        "skip_verification": "1",
        "spam_action": "tag",
        "use_automatic_sender_security": "t",
        "web_prefix": "links",
        "web_scheme": "https",
        "wildcard": "true",
    }
    make(mailgun, smtp_password="secret", **sent)
    answer = mailgun.get(f"{DOMAINS}/{NEW}")
    shown = {name: True if value in ("true", "True", "1", "t") else value for name, value in sent.items()}
    assert {name: answer.json["domain"][name] for name in sent} == {**shown, "message_ttl": 3600}
    assert answer.json["sending_dns_records"][2]["name"] == f"links.{NEW}"
    assert b"secret" not in answer.data


def test_records_of_an_active_domain(mailgun: ProviderClient) -> None:
    """An active domain's records are valid."""
    answer = mailgun.get(f"{DOMAINS}/mail.example.com").json
    records = answer["receiving_dns_records"] + answer["sending_dns_records"]
    assert {(record["is_active"], record["valid"]) for record in records} == {(True, "valid")}
    assert all(record["cached"] == [record["value"]] for record in records)


# What it sends from


def test_all_dedicated_ips(mailgun: ProviderClient) -> None:
    """A domain of which nothing is said sends from every dedicated IP of its account."""
    make(mailgun)
    assert domain_ips(mailgun, NEW) == OWN
    make(mailgun.acting_for(SUBACCOUNT), "its.example.com")
    assert domain_ips(mailgun.acting_for(SUBACCOUNT), "its.example.com") == ["192.0.2.30"]


@pytest.mark.parametrize(("eligible", "ips"), [(True, ["198.51.100.1"]), (False, [])])
def test_no_dedicated_ips(make_mailgun: Callable[..., ProviderClient], eligible: bool, ips: list[str]) -> None:
    """Where there is no dedicated IP, a domain sends from a shared one, if the account is eligible."""
    shared = [{"ip": "198.51.100.1", "dedicated": False}]
    mailgun = make_mailgun(ips=shared, ip_pools=[], domains=[], eligible_for_shared_ips=eligible)
    make(mailgun)
    assert domain_ips(mailgun, NEW) == ips


@pytest.mark.parametrize(
    ("ips", "found"),
    [
        ("192.0.2.12", ["192.0.2.12"]),
        ("192.0.2.12, 2001:DB8::25,192.0.2.12", ["192.0.2.12", "2001:db8::25"]),
        ("198.51.100.2", ["198.51.100.2"]),
        ("192.0.2.14,192.0.2.12", ["192.0.2.14", "192.0.2.12"]),
        ("192.0.2.20", ["192.0.2.20"]),
        ("", OWN),
    ],
)
def test_given_ips(mailgun: ProviderClient, ips: str, found: list[str]) -> None:
    """A domain sends from the IPs it is given: shared ones too, a warming one beside another, one of a pool."""
    make(mailgun, ips=ips)
    assert domain_ips(mailgun, NEW) == found


def test_a_given_pool(mailgun: ProviderClient) -> None:
    """A domain made with a pool is linked to it, follows it, and loses it, as any other."""
    domain = make(mailgun, pool_id=MARKETING)
    assert details(mailgun, MARKETING)["linked_domains"] == [NEW]
    assert mailgun.get(f"{POOLS}/{MARKETING}/domains").json["domains"] == [{"id": domain["id"], "name": NEW}]
    started(mailgun.put(f"{POOLS}/{MARKETING}/ips/192.0.2.12"))
    assert domain_ips(mailgun, NEW) == ["192.0.2.21", "192.0.2.12"]
    started(mailgun.patch(f"{POOLS}/{MARKETING}", data={"unlink_domain": domain["id"]}))
    assert domain_ips(mailgun, NEW) == ["198.51.100.1"]


def test_an_inherited_pool(mailgun: ProviderClient) -> None:
    """A subaccount's new domain can be linked to a pool that it inherits."""
    sub = mailgun.acting_for(SUBACCOUNT)
    succeeded(mailgun.put(f"{POOLS}/{MARKETING}/delegate", data={"subaccount_id": SUBACCOUNT}))
    assert make(sub, pool_id=MARKETING)["subaccount_id"] == SUBACCOUNT
    assert details(sub, MARKETING)["linked_domains"] == details(mailgun, MARKETING)["linked_domains"] == [NEW]


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"name": ""}, 400, "Missing parameter 'name'"),
        ({"name": "mail.example.com"}, 400, "This domain name is already taken"),
        ({"name": "MAIL.example.com"}, 400, "This domain name is already taken"),
        ({"name": "sub.example.com"}, 400, "This domain name is already taken"),
        ({"name": "localhost"}, 400, "Invalid parameter: name localhost"),
        ({"name": "a..example.com"}, 400, "Invalid parameter: name a..example.com"),
        ({"name": "a b.example.com"}, 400, "Invalid parameter: name a b.example.com"),
        ({"name": "a\0.example.com"}, 400, "Invalid parameter: name a\0.example.com"),
        ({"name": "-a.example.com"}, 400, "Invalid parameter: name -a.example.com"),
        ({"pool_id": NOWHERE}, 404, "ip pool not found"),
        ({"pool_id": SPARE}, 400, "ip pool must contain at least one ip"),
        ({"pool_id": MARKETING, "ips": "192.0.2.12"}, 400,
         "only one of 'ips' and 'pool_id' parameters can be specified"),
        ({"ips": "192.0.2.12,192.0.2"}, 400, "Invalid parameter: ips 192.0.2"),
        ({"ips": "192.0.2.12,203.0.113.9"}, 400, "ip 203.0.113.9 does not belong to the account"),
        ({"ips": "192.0.2.30"}, 400, "ip 192.0.2.30 does not belong to the account"),
        ({"ips": "192.0.2.14"}, 400, "ip 192.0.2.14 is on warmup"),
        *(
            ({name: "maybe"}, 400, f"Invalid format for parameter {name}: maybe")
            for name in ("wildcard", "encrypt_incoming_message", "require_tls", "skip_verification",
                         "use_automatic_sender_security")
        ),
        ({"spam_action": "burn"}, 400, "Invalid parameter: spam_action burn"),
        ({"web_scheme": "ftp"}, 400, "Invalid parameter: web_scheme ftp"),
        ({"web_prefix": "a.b"}, 400, "Invalid parameter: web_prefix a.b"),
        ({"message_ttl": "0"}, 400, "Invalid parameter: message_ttl 0"),
        ({"message_ttl": "long"}, 400, "Invalid format for parameter message_ttl: long"),
    ],
    ids=str,
)  # fmt: skip
def test_domains_that_cannot_be(mailgun: ProviderClient, fields: dict[str, str], status: int, message: str) -> None:
    """A domain needs an unused host name, and IPs or a pool that it may have."""
    refused(mailgun.post(DOMAINS, data={"name": NEW, **fields}), status, message)
    refused(mailgun.get(f"{DOMAINS}/{NEW}"), 404, "Domain not found")


def test_domain_without_a_name_is_an_error(mailgun: ProviderClient) -> None:
    without, empty = (mailgun.post(DOMAINS, data=data) for data in ({"ips": "192.0.2.12"}, {"name": ""}))
    assert (without.status_code, without.json) == (empty.status_code, empty.json)
    assert without.status_code == 400


@pytest.mark.parametrize(("length", "message"), [
    (4, "Password is too short. It must be between 5 and 32 characters."),
    (5, None), (6, None), (31, None), (32, None),
    (33, "Password is too long. It must be between 5 and 32 characters."),
])  # fmt: skip
def test_passwords(mailgun: ProviderClient, length: int, message: str | None) -> None:
    """A password has 5 to 32 characters."""
    response = mailgun.post(DOMAINS, data={"name": NEW, "smtp_password": "x" * length})
    if message is None:
        assert response.status_code == 200
    else:
        refused(response, 400, message)


@pytest.mark.parametrize(("labels", "fits"), [(62, True), (63, True), (64, False)])
def test_lengths_of_labels(mailgun: ProviderClient, labels: int, fits: bool) -> None:
    """A part of a name has at most 63 characters, the whole 253."""
    name = f"{'a' * labels}.example.com"
    assert (mailgun.post(DOMAINS, data={"name": name}).status_code == 200) is fits
    whole = ".".join(["b" * 63, "c" * 63, "d" * 63, "e" * labels])
    assert len(whole) == 192 + labels
    assert (mailgun.post(DOMAINS, data={"name": whole}).status_code == 200) is (len(whole) <= 253)


def test_a_pool_needs_the_feature(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without the DIPPs feature a domain can be made, but not with a pool."""
    mailgun = make_mailgun(features=[])
    response = mailgun.post(DOMAINS, data={"name": NEW, "pool_id": MARKETING})
    refused(response, 400, "this feature is disabled for the account")
    make(mailgun)


# Lists


def names(mailgun: ProviderClient, **query: str) -> list[str]:
    answer = mailgun.get(DOMAINS, query_string=query)
    assert answer.status_code == 200, answer.json
    assert list(answer.json) == ["total_count", "items"]
    return [item["name"].split(".")[0] for item in answer.json["items"]]


def test_list(mailgun: ProviderClient) -> None:
    """Domains are listed newest first, or by name; a subaccount's are its own, unless the parent asks for all."""
    make(mailgun, "zoo.example.com")
    assert names(mailgun) == ["zoo", "shared", "news", "mail"]
    assert names(mailgun, sort="name") == names(mailgun, sort="name:asc") == ["mail", "news", "shared", "zoo"]
    assert names(mailgun, sort="name:desc") == ["zoo", "shared", "news", "mail"]
    assert names(mailgun, include_subaccounts="true") == ["zoo", "sub", "shared", "news", "mail"]
    sub = mailgun.acting_for(SUBACCOUNT)
    assert names(sub) == names(sub, include_subaccounts="true") == ["sub"]
    owners = [item.get("subaccount_id") for item in mailgun.get(f"{DOMAINS}?include_subaccounts=1").json["items"]]
    assert owners == [None, SUBACCOUNT, None, None, None]


@pytest.mark.parametrize(
    ("query", "found", "total"),
    [
        ({"limit": "2"}, ["shared", "news"], 3),
        ({"limit": "2", "skip": "2"}, ["mail"], 3),
        ({"search": "EWS"}, ["news"], 1),
        ({"search": "example", "limit": "1"}, ["shared"], 3),
        ({"search": "*"}, [], 0),
        ({"state": "active"}, ["shared", "news", "mail"], 3),
        ({"state": "disabled"}, [], 0),
        ({"authority": "news.example.com"}, ["news"], 1),
        ({"authority": "news.example.com", "state": "active"}, ["shared", "news", "mail"], 3),
    ],
    ids=str,
)
def test_filters(mailgun: ProviderClient, query: dict[str, str], found: list[str], total: int) -> None:
    """A list is filtered by state, else by authority, and by a part of the name; then come limit and skip."""
    assert names(mailgun, **query) == found
    assert mailgun.get(DOMAINS, query_string=query).json["total_count"] == total


@pytest.mark.parametrize(("name", "value", "message"), [
    ("state", "asleep", "Invalid parameter: state asleep"),
    ("sort", "id", "Invalid parameter: sort id"),
    ("include_subaccounts", "all", "Invalid format for parameter include_subaccounts: all"),
])  # fmt: skip
def test_bad_filters(mailgun: ProviderClient, name: str, value: str, message: str) -> None:
    """A state, an order or a flag that there is not is refused."""
    refused(mailgun.get(DOMAINS, query_string={name: value}), 400, message)


def test_the_older_paths(mailgun: ProviderClient) -> None:
    """Everything is under /v3/domains as well, where the official Python client asks."""
    assert mailgun.post("/v3/domains", data={"name": NEW}).status_code == 200
    assert mailgun.get("/v3/domains").json == mailgun.get(DOMAINS).json
    assert mailgun.get(f"/v3/domains/{NEW}").json == mailgun.get(f"{DOMAINS}/{NEW}").json


def test_domains_of_others(mailgun: ProviderClient) -> None:
    """A subaccount's domain is not the parent's, and the other way round."""
    for access, name in ((mailgun, "sub.example.com"), (mailgun.acting_for(SUBACCOUNT), "mail.example.com")):
        refused(access.get(f"{DOMAINS}/{name}"), 404, "Domain not found")
        refused(access.delete(f"/v3/domains/{name}"), 404, "Domain not found")


# The end


def test_delete(slow: ProviderClient, time: Time) -> None:
    """A domain is deleted in the background; then its pool has lost it, and its name is free."""
    for _ in range(2):
        answer = slow.delete("/v3/domains/mail.example.com")
        assert (answer.status_code, answer.json) == (200, {"message": "Domain will be deleted in the background"})
    assert slow.get(f"{DOMAINS}/mail.example.com").status_code == 200
    refused(slow.post(DOMAINS, data={"name": "mail.example.com"}), 400, "This domain name is already taken")
    time.now += 10
    refused(slow.get(f"{DOMAINS}/mail.example.com"), 404, "Domain not found")
    assert names(slow) == ["shared", "news"]
    assert slow.get(POOLS).json["ip_pools"][0]["is_linked"] is False
    make(slow, "mail.example.com")
    time.now += 10
    assert slow.get(f"{DOMAINS}/mail.example.com").status_code == 200


def test_a_pool_whose_domain_is_going(slow: ProviderClient) -> None:
    """A domain that will be deleted no longer keeps the last IP of its pool."""
    assert slow.delete("/v3/domains/mail.example.com").status_code == 200
    started(slow.delete(f"{POOLS}/658041ae44842b99ee2eaa1b/ips/192.0.2.20"))


def test_removed_before_it_is_deleted(slow: ProviderClient, time: Time) -> None:
    """A domain that was removed, and made again, is not deleted by what was promised of the old one."""
    assert slow.delete("/v3/domains/mail.example.com").status_code == 200
    succeeded(slow.delete("/v3/domains/mail.example.com/ips/all"))
    make(slow, "mail.example.com")
    time.now += 10
    assert slow.get(f"{DOMAINS}/mail.example.com").status_code == 200


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ({"name": "off.example.com", "state": "disabled"}, "disabled domain can't be deleted"),
        ({"name": f"sandbox{'0a' * 16}.mailgun.org"}, "sandbox domain can't be deleted"),
    ],
)
def test_domains_that_stay(make_mailgun: Callable[..., ProviderClient], domain: dict[str, str], message: str) -> None:
    """A disabled domain, and an account's sandbox, can't be deleted."""
    mailgun = make_mailgun(domains=[{"id": "1" * 24, **domain}])
    refused(mailgun.delete(f"/v3/domains/{domain['name']}"), 400, message)
    shown = mailgun.get(f"{DOMAINS}/{domain['name']}").json["domain"]
    assert shown["is_disabled"] is ("state" in domain)
    assert shown["type"] == ("custom" if "state" in domain else "sandbox")


# Spellings of a name


@pytest.mark.parametrize("name", ["NEWS.example.com", "News.Example.COM", "news.example.com"])
def test_domain_is_found_under_any_spelling(mailgun: ProviderClient, name: str) -> None:
    """A domain's name is one name in every spelling of case, in a path, a parameter and a form."""
    ips = f"/v3/domains/{name}/ips"
    succeeded(mailgun.post(ips, data={"ip": "192.0.2.11"}))
    assert mailgun.get(ips).json["items"] == ["192.0.2.10", "192.0.2.14", "192.0.2.11"]
    succeeded(mailgun.delete(f"{ips}/192.0.2.11"))
    for version in ("v3", "v4"):
        assert mailgun.get(f"/{version}/domains/{name}").json["domain"]["name"] == "news.example.com"
    assert names(mailgun, authority=name) == ["news"]
    assert names(mailgun, search=name) == ["news"]
    started(mailgun.patch(f"{POOLS}/{MARKETING}", data={"link_domain": name}))
    assert details(mailgun, MARKETING)["linked_domains"] == ["news.example.com"]
    succeeded(mailgun.delete(f"/v3/domains/{name}/pool/ip_pool?ip=shared"))
    assert mailgun.delete(f"/v3/domains/{name}").status_code == 200
    refused(mailgun.get(f"{DOMAINS}/{name}"), 404, "Domain not found")


@pytest.mark.parametrize("name", ["news.example.com.", "\u212aey.example.com", "NEWS"])
def test_other_names_are_other_domains(mailgun: ProviderClient, name: str) -> None:
    """Only the case of ASCII letters does not matter; the Kelvin sign is no K."""
    make(mailgun, "key.example.com")
    refused(mailgun.get(f"{DOMAINS}/{name}"), 404, "Domain not found")
    refused(mailgun.post(DOMAINS, data={"name": name}), 400, f"Invalid parameter: name {name}")


def test_domain_of_a_seed_is_found_under_any_spelling(make_mailgun: Callable[..., ProviderClient]) -> None:
    mailgun = make_mailgun(domains=[{"id": "1" * 24, "name": "News.EXAMPLE.com", "ips": ["192.0.2.10"]}])
    assert names(mailgun) == ["news"]
    assert domain_ips(mailgun, "NEWS.example.com") == ["192.0.2.10"]
    refused(mailgun.post(DOMAINS, data={"name": "news.example.com"}), 400, "This domain name is already taken")


@pytest.mark.parametrize("zeros", [0, 30, 200])
def test_zeros_at_the_start_of_a_number(mailgun: ProviderClient, zeros: int) -> None:
    """Go's `strconv.ParseInt` reads any number of them."""
    response = mailgun.post("/v4/domains", data={"name": "zeros.example.com", "message_ttl": "0" * zeros + "52"})
    assert (response.status_code, response.json["domain"]["message_ttl"]) == (200, 52)
