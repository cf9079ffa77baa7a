"""Mailgun's pools, their delegation and the IPs of domains, through HTTP."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ..support import MAILGUN, MAILGUN_KEY, SUBACCOUNT, ProviderClient, basic
from .mailgun_account import (
    MARKETING,
    NOWHERE,
    POOLS,
    SPARE,
    TRANSACTIONAL,
    Time,
    create,
    details,
    domain_ips,
    refused,
    started,
    succeeded,
)  # fmt: skip

# Pools


def test_list(mailgun: ProviderClient) -> None:
    """The list has every pool, in order of creation, with whether it is linked and inherited."""
    pool_id = create(mailgun, "192.0.2.10")
    answer = mailgun.get(POOLS).json
    assert list(answer) == ["ip_pools", "message"]
    assert [(pool["pool_id"], pool["is_linked"], pool["is_inherited"]) for pool in answer["ip_pools"]] == [
        (TRANSACTIONAL, True, False),
        (MARKETING, False, False),
        (SPARE, False, False),
        (pool_id, False, False),
    ]
    assert answer["ip_pools"][3] == {
        "description": "about",
        "ips": ["192.0.2.10"],
        "is_inherited": False,
        "is_linked": False,
        "name": "New",
        "pool_id": pool_id,
    }


def test_details(mailgun: ProviderClient) -> None:
    """A single pool names its linked domains, and no `is_inherited`."""
    assert details(mailgun, TRANSACTIONAL) == {
        "description": "Receipts and passwords",
        "ips": ["192.0.2.20"],
        "is_linked": True,
        "linked_domains": ["mail.example.com"],
        "name": "Transactional",
        "pool_id": TRANSACTIONAL,
    }
    assert details(mailgun, SPARE)["linked_domains"] == []


def test_ids(mailgun: ProviderClient) -> None:
    """An id is 24 hexadecimal characters, later ones being greater."""
    first, second = create(mailgun), create(mailgun)
    assert re.fullmatch("[0-9a-f]{24}", first)
    assert first < second


@pytest.mark.parametrize(
    "encoding", ["application/x-www-form-urlencoded", "multipart/form-data"], ids=["urlencoded", "multipart"]
)
def test_both_form_encodings(mailgun: ProviderClient, encoding: str) -> None:
    """A form may be urlencoded or multipart, with repeated fields."""
    data = {"name": "n", "description": "d", "ip": ["192.0.2.10", "2001:DB8:0::25"]}
    pool_id = mailgun.post(POOLS, data=data, headers={"Content-Type": encoding}).json["pool_id"]
    assert details(mailgun, pool_id)["ips"] == ["192.0.2.10", "2001:db8::25"]


@pytest.mark.parametrize(
    "ips",
    [{"ips": "192.0.2.10,192.0.2.11"}, {"ips": ["192.0.2.10", "192.0.2.11"]}, {"ip[]": ["192.0.2.10", "192.0.2.11"]},
     {"ip[0]": "192.0.2.10", "ip[1]": "192.0.2.11"}, {"ip": "192.0.2.10", "ips": "192.0.2.11, 192.0.2.10,"}],
    ids=str,
)  # fmt: skip
def test_other_spellings_of_ip(mailgun: ProviderClient, ips: dict[str, Any]) -> None:
    """The older `ips`, a list with commas, and indexed names are taken too; repeats collapse."""
    pool_id = mailgun.post(POOLS, data={"name": "n", "description": "d", **ips}).json["pool_id"]
    assert details(mailgun, pool_id)["ips"] == ["192.0.2.10", "192.0.2.11"]


@pytest.mark.parametrize("field", ["name", "description"])
def test_what_a_pool_needs(mailgun: ProviderClient, field: str) -> None:
    """Name and description are required, and a JSON body is no form."""
    data = {"name": "n", "description": "d"}
    refused(mailgun.post(POOLS, data={**data, field: ""}), 400, f"Missing mandatory parameter: {field}")
    del data[field]
    refused(mailgun.post(POOLS, data=data), 400, f"Missing mandatory parameter: {field}")
    refused(mailgun.post(POOLS, json={"name": "n"}), 400, "Missing mandatory parameter: name")


def test_no_limits_on_pools(mailgun: ProviderClient) -> None:
    """Mailgun documents no number of pools, no length of a name and no unique names."""
    for _ in range(101):
        create(mailgun, name="x" * 65)
    assert len(mailgun.get(POOLS).json["ip_pools"]) == 104


@pytest.mark.parametrize(
    ("ip", "message"),
    [
        ("1.2.3", "Invalid parameter: {field} 1.2.3"),
        ("fe80::1%eth0", "Invalid parameter: {field} fe80::1%eth0"),
        ("9.9.9.9", "ip 9.9.9.9 does not belong to the account"),
        ("192.0.2.30", "ip 192.0.2.30 does not belong to the account"),
        ("198.51.100.1", "ip 198.51.100.1 is not dedicated"),
        ("192.0.2.20", "ip 192.0.2.20 already belongs to another ip pool"),
    ],
)
def test_ips_that_cannot_join(mailgun: ProviderClient, ip: str, message: str) -> None:
    """Every way into a pool asks for a dedicated IP of the account that is in no other pool; all or none join."""
    ips = ["192.0.2.10", ip]
    form = {"name": "n", "description": "d", "ip": ips}
    refused(mailgun.post(POOLS, data=form), 400, message.format(field="ip"))
    refused(mailgun.patch(f"{POOLS}/{SPARE}", data={"add_ip": ips}), 400, message.format(field="add_ip"))
    refused(mailgun.post(f"{POOLS}/{SPARE}/ips.json", json={"ips": ips}), 400, message.format(field="ips"))
    path = ip.replace("%", "%25")
    refused(mailgun.put(f"{POOLS}/{SPARE}/ips/{path}"), 400, message.format(field="ip"))
    assert details(mailgun, SPARE)["ips"] == []


def test_add_and_remove(mailgun: ProviderClient) -> None:
    """An IP joins and leaves a pool, and is free again; a second time either is refused."""
    assert started(mailgun.put(f"{POOLS}/{SPARE}/ips/192.0.2.10")) != started(
        mailgun.put(f"{POOLS}/{SPARE}/ips/2001%3Adb8%3A%3A25")
    )
    assert details(mailgun, SPARE)["ips"] == ["192.0.2.10", "2001:db8::25"]
    refused(mailgun.put(f"{POOLS}/{SPARE}/ips/192.0.2.10"), 400, "ip 192.0.2.10 already belongs to the ip pool")
    started(mailgun.delete(f"{POOLS}/{SPARE}/ips/192.0.2.10"))
    text = "ip 192.0.2.10 does not belong to the ip pool"
    refused(mailgun.delete(f"{POOLS}/{SPARE}/ips/192.0.2.10"), 404, text)
    started(mailgun.put(f"{POOLS}/{MARKETING}/ips/192.0.2.10"))


def test_add_several(mailgun: ProviderClient) -> None:
    """ips.json adds and does not replace; those that are in the pool are passed over, unless all are."""
    started(mailgun.post(f"{POOLS}/{SPARE}/ips.json", json={"ips": ["192.0.2.10"]}))
    started(mailgun.post(f"{POOLS}/{SPARE}/ips.json", json={"ips": ["192.0.2.11", "192.0.2.10", "192.0.2.11"]}))
    assert details(mailgun, SPARE)["ips"] == ["192.0.2.10", "192.0.2.11"]
    response = mailgun.post(f"{POOLS}/{SPARE}/ips.json", json={"ips": ["192.0.2.10"]})
    refused(response, 400, "ip 192.0.2.10 already belongs to the ip pool")


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b'{"ips": ["192.0.2.10"]}', "text/plain", "invalid request body"),
        (b"", "application/json", "invalid request body"),
        (b"{", "application/json", "invalid request body"),
        (b"[]", "application/json", "invalid request body"),
        (b'{"ips": "192.0.2.10"}', "application/json", "invalid request body"),
        (b'{"ips": [1]}', "application/json", "invalid request body"),
        (b"{}", "application/json", "Missing mandatory parameter: ips"),
        (b'{"ips": []}', "application/json; charset=utf-8", "Missing mandatory parameter: ips"),
    ],
)
def test_bad_json(mailgun: ProviderClient, body: bytes, content_type: str, message: str) -> None:
    """ips.json wants JSON, called JSON, with a list of texts that is not empty."""
    response = mailgun.post(f"{POOLS}/{SPARE}/ips.json", data=body, headers={"Content-Type": content_type})
    refused(response, 400, message)


@pytest.mark.parametrize("pool_id", [NOWHERE, "nonsense", "%20", "a%2Fb"])
def test_unknown_pools(mailgun: ProviderClient, pool_id: str) -> None:
    """A pool that is not there is not found, whatever its id looks like and before its body is read."""
    pool = f"{POOLS}/{pool_id}"
    for method, path in [
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/domains?limit=x"), ("PUT", "/ips/1.2.3"),
        ("DELETE", "/ips/1.2.3"), ("POST", "/ips.json"), ("PUT", "/delegate"), ("DELETE", "/delegate"),
    ]:  # fmt: skip
        refused(mailgun.open(pool + path, method=method), 404, "ip pool not found")


def test_edit(mailgun: ProviderClient) -> None:
    """Names and descriptions change at once, and so do the IPs of a pool that nothing depends on."""
    succeeded(mailgun.patch(f"{POOLS}/{MARKETING}", data={"name": "M"}))
    succeeded(mailgun.patch(f"{POOLS}/{MARKETING}", data={"description": ""}))
    data = {"add_ip": ["192.0.2.10", "192.0.2.11"], "remove_ip": "192.0.2.21"}
    succeeded(mailgun.patch(f"{POOLS}/{MARKETING}", data=data))
    assert details(mailgun, MARKETING) == {
        "description": "",
        "ips": ["192.0.2.10", "192.0.2.11"],
        "is_linked": False,
        "linked_domains": [],
        "name": "M",
        "pool_id": MARKETING,
    }


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"title": "x"},
        {"name": "Marketing"},
        {"name": "Marketing", "description": "Newsletters", "add_ip": "192.0.2.21", "remove_ip": "192.0.2.10"},
        {"add_ip": "192.0.2.10", "remove_ip": "192.0.2.10"},
        {"unlink_domain": "mail.example.com"},
    ],
    ids=str,
)
def test_edits_that_change_nothing(mailgun: ProviderClient, data: dict[str, str]) -> None:
    """An edit without effect is refused."""
    refused(mailgun.patch(f"{POOLS}/{MARKETING}", data=data), 400, "no changes requested")


def test_what_changes_nothing_is_passed_over(mailgun: ProviderClient) -> None:
    """Beside a real change, one without effect does no harm."""
    succeeded(mailgun.patch(f"{POOLS}/{MARKETING}", data={"name": "M", "add_ip": "192.0.2.21"}))


def test_a_blank_name(mailgun: ProviderClient) -> None:
    """A name cannot be made empty."""
    refused(mailgun.patch(f"{POOLS}/{MARKETING}", data={"name": ""}), 400, "Invalid parameter: name ")


@pytest.mark.parametrize("domain", ["67bcf63306fcfd2fb4b7e057", "news.example.com"])
def test_link_and_unlink_by_edit(mailgun: ProviderClient, domain: str) -> None:
    """A domain is linked and unlinked by its id, or its name; unlinked, it has a shared IP."""
    started(mailgun.patch(f"{POOLS}/{MARKETING}", data={"link_domain": domain}))
    assert details(mailgun, MARKETING)["linked_domains"] == ["news.example.com"]
    assert domain_ips(mailgun, "news.example.com") == ["192.0.2.21"]
    started(mailgun.patch(f"{POOLS}/{MARKETING}", data={"unlink_domain": domain}))
    assert domain_ips(mailgun, "news.example.com") == ["198.51.100.1"]
    assert details(mailgun, MARKETING)["is_linked"] is False


def test_link_by_edit_refusals(mailgun: ProviderClient) -> None:
    """An unknown or foreign domain cannot be linked, nor a pool without IPs."""
    for domain in ("nope.example.com", "sub.example.com"):
        refused(mailgun.patch(f"{POOLS}/{MARKETING}", data={"link_domain": domain}), 404, "Domain not found")
    response = mailgun.patch(f"{POOLS}/{SPARE}", data={"link_domain": "news.example.com"})
    refused(response, 400, "ip pool must contain at least one ip")


def test_a_linked_pool_keeps_an_ip(mailgun: ProviderClient) -> None:
    """The last IP of a linked pool stays, in both ways to remove it."""
    text = "last ip can't be removed from an ip pool linked to domains"
    refused(mailgun.delete(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.20"), 400, text)
    refused(mailgun.patch(f"{POOLS}/{TRANSACTIONAL}", data={"remove_ip": "192.0.2.20"}), 400, text)
    started(mailgun.patch(f"{POOLS}/{TRANSACTIONAL}", data={"remove_ip": "192.0.2.20", "add_ip": "192.0.2.10"}))
    assert domain_ips(mailgun, "mail.example.com") == ["192.0.2.10"]


def test_linked_domains_follow_their_pool(mailgun: ProviderClient) -> None:
    """A linked domain has the pool's IPs after each change of them."""
    started(mailgun.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    assert domain_ips(mailgun, "mail.example.com") == ["192.0.2.20", "192.0.2.10"]
    started(mailgun.delete(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.20"))
    assert domain_ips(mailgun, "mail.example.com") == ["192.0.2.10"]


# Deleting a pool


def remove(mailgun: ProviderClient, pool: str, /, **how: str) -> TestResponse:
    return mailgun.delete(f"{POOLS}/{pool}", query_string=how)


def test_delete_with_a_pool(mailgun: ProviderClient) -> None:
    """The domains of a deleted pool are linked to the one that replaces it, and subaccounts inherit that."""
    started(remove(mailgun, TRANSACTIONAL, pool_id=MARKETING))
    refused(mailgun.get(f"{POOLS}/{TRANSACTIONAL}"), 404, "ip pool not found")
    assert details(mailgun, MARKETING)["linked_domains"] == ["mail.example.com"]
    assert domain_ips(mailgun, "mail.example.com") == ["192.0.2.21"]
    pools = mailgun.acting_for(SUBACCOUNT).get(POOLS).json["ip_pools"]
    assert [pool["pool_id"] for pool in pools] == [MARKETING]
    create(mailgun, "192.0.2.20")


@pytest.mark.parametrize(("ip", "left"), [("192.0.2.10", "192.0.2.10"), ("192.0.2.20", "192.0.2.20"),
                                          ("shared", "198.51.100.1")])  # fmt: skip
def test_delete_with_an_ip(mailgun: ProviderClient, ip: str, left: str) -> None:
    """The domains of a deleted pool get the IP that replaces it, its own one too, or a shared one."""
    started(remove(mailgun, TRANSACTIONAL, ip=ip))
    assert domain_ips(mailgun, "mail.example.com") == [left]
    succeeded(mailgun.post("/v3/domains/mail.example.com/ips", data={"ip": "192.0.2.11"}))


def test_delete_without_a_replacement(mailgun: ProviderClient) -> None:
    """Only a pool without IPs needs no replacement."""
    text = "either 'ip' or 'pool_id' parameter is required to delete a non-empty ip pool"
    refused(remove(mailgun, MARKETING), 400, text)
    refused(remove(mailgun, MARKETING, ip="", pool_id=""), 400, text)
    started(remove(mailgun, SPARE))


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        ({"ip": "shared", "pool_id": MARKETING}, 400, "only one of 'ip' and 'pool_id' parameters can be specified"),
        ({"pool_id": TRANSACTIONAL}, 400, "ip pool can't be replaced with itself"),
        ({"pool_id": NOWHERE}, 404, "ip pool not found"),
        ({"pool_id": SPARE}, 400, "replacement ip pool must contain at least one ip"),
        ({"ip": "x"}, 400, "Invalid parameter: ip x"),
        ({"ip": "9.9.9.9"}, 400, "ip 9.9.9.9 does not belong to the account"),
        ({"ip": "198.51.100.1"}, 400, "ip 198.51.100.1 is not dedicated"),
        ({"ip": "192.0.2.21"}, 400, "ip 192.0.2.21 already belongs to another ip pool"),
    ],
)
def test_bad_replacements(mailgun: ProviderClient, how: dict[str, str], status: int, message: str) -> None:
    """A replacement is one thing: another pool with IPs, or a dedicated IP in no other pool."""
    refused(remove(mailgun, TRANSACTIONAL, **how), status, message)


def test_a_replacement_in_the_body(mailgun: ProviderClient) -> None:
    """A replacement may be in the body of a DELETE, where mailgun.js puts it; the query comes first."""
    started(mailgun.delete(f"{POOLS}/{TRANSACTIONAL}?ip=192.0.2.10", data={"ip": "shared"}))
    assert domain_ips(mailgun, "mail.example.com") == ["192.0.2.10"]
    started(mailgun.delete(f"{POOLS}/{MARKETING}", data={"ip": "shared"}))


def test_shared_needs_eligibility(make_mailgun: Callable[..., ProviderClient]) -> None:
    """An account that is not eligible for shared IPs gets none: not on deletion, unlinking or by an edit."""
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    text = "account is not eligible for shared ips"
    refused(remove(mailgun, TRANSACTIONAL, ip="shared"), 400, text)
    refused(mailgun.delete("/v3/domains/mail.example.com/ips/ip_pool?ip=shared"), 400, text)
    refused(mailgun.patch(f"{POOLS}/{TRANSACTIONAL}", data={"unlink_domain": "mail.example.com"}), 400, text)


# The domains of a pool


@pytest.fixture
def many(make_mailgun: Callable[..., ProviderClient]) -> ProviderClient:
    """An account whose pool has 25 domains, listed in the seed in no order."""
    numbers = sorted(range(25), key=lambda number: number * 7 % 25)
    return make_mailgun(
        domains=[{"id": f"{number:024x}", "name": f"d{number}.example.com", "pool_id": MARKETING} for number in numbers]
    )


def test_pages_of_domains(many: ProviderClient) -> None:
    """Domains come in pages in the order of their ids; `next` is always there, and leads to an empty page."""
    url, pages = f"{POOLS}/{MARKETING}/domains", []
    while True:
        answer = many.get(url).json
        if not answer["domains"]:
            break
        pages.append([domain["name"] for domain in answer["domains"]])
        assert answer["paging"]["next"].startswith("http://localhost/mailgun/v3/ip_pools/")
        url = answer["paging"]["next"].removeprefix("http://localhost/mailgun")
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [name for page in pages for name in page] == [f"d{number}.example.com" for number in range(25)]
    assert many.get(answer["paging"]["next"].removeprefix("http://localhost/mailgun")).json["domains"] == []
    first = many.get(answer["paging"]["first"].removeprefix("http://localhost/mailgun")).json
    assert [domain["name"] for domain in first["domains"]] == pages[0]


def test_a_page_remembers_its_limit(many: ProviderClient) -> None:
    """The limit is part of the token, which is base64 of JSON; a limit in the query wins."""
    answer = many.get(f"{POOLS}/{MARKETING}/domains?limit=12").json
    page = parse_qs(urlsplit(answer["paging"]["next"]).query)["page"][0]
    assert page.startswith("eyJj")
    for query, length in ((f"page={page}", 12), (f"limit=10&page={page}", 10)):
        assert len(many.get(f"{POOLS}/{MARKETING}/domains?{query}").json["domains"]) == length


@pytest.mark.parametrize("limit", ["10", "11", "499", "500", "010"])
def test_limits_that_fit(many: ProviderClient, limit: str) -> None:
    """A limit is 10 to 500."""
    assert many.get(f"{POOLS}/{MARKETING}/domains", query_string={"limit": limit}).status_code == 200


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("9", "Invalid parameter: limit 9"),
        ("501", "Invalid parameter: limit 501"),
        ("-10", "Invalid parameter: limit -10"),
        ("abc", "Invalid format for parameter limit: abc"),
        ("", "Invalid format for parameter limit: "),
        ("%2B10", "Invalid format for parameter limit: +10"),
        ("10.0", "Invalid format for parameter limit: 10.0"),
        ("1" * 19, "Invalid format for parameter limit: " + "1" * 19),
    ],
)
def test_limits_that_do_not(mailgun: ProviderClient, limit: str, message: str) -> None:
    """A limit out of range and one that is no number have their own words."""
    refused(mailgun.get(f"{POOLS}/{MARKETING}/domains?limit={limit}"), 400, message)


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "page",
    ["x", "", "abc", token("{}"), token("[]"), token('{"cursor": 1, "limit": 10}'), token('{"cursor": "", "limit": 9}'),
     token('{"cursor": "", "limit": true}'), token("[" * 9_000), "ü"],
)  # fmt: skip
def test_bad_pages(mailgun: ProviderClient, page: str) -> None:
    """A token that this server did not make is refused."""
    response = mailgun.get(f"{POOLS}/{MARKETING}/domains", query_string={"page": page})
    refused(response, 400, f"Invalid parameter: page {page}")


# Domains


def test_assign_an_ip(mailgun: ProviderClient) -> None:
    """A domain takes dedicated IPs of the account, one that it has already too."""
    for _ in range(2):
        succeeded(mailgun.post("/v3/domains/news.example.com/ips", data={"ip": "192.0.2.11"}))
    assert domain_ips(mailgun, "news.example.com") == ["192.0.2.10", "192.0.2.14", "192.0.2.11"]


@pytest.mark.parametrize("data", [{}, {"ip": ""}, {"ip": "192.0.2.11", "pool_id": MARKETING}], ids=str)
def test_assign_one_thing(mailgun: ProviderClient, data: dict[str, str]) -> None:
    """Either an IP or a pool is assigned, in the words that the service was seen to use."""
    response = mailgun.post("/v3/domains/news.example.com/ips", data=data)
    refused(response, 400, "either 'ip' or 'pool_id' parameter is required, but not both")


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        ({"ip": "x"}, 400, "Invalid parameter: ip x"),
        ({"ip": "9.9.9.9"}, 400, "ip 9.9.9.9 does not belong to the account"),
        ({"ip": "198.51.100.1"}, 400, "ip 198.51.100.1 is not dedicated"),
        ({"pool_id": NOWHERE}, 404, "ip pool not found"),
        ({"pool_id": SPARE}, 400, "ip pool must contain at least one ip"),
    ],
)
def test_bad_assignments(mailgun: ProviderClient, data: dict[str, str], status: int, message: str) -> None:
    """Only a dedicated IP of the account, or a pool with one, can be assigned."""
    refused(mailgun.post("/v3/domains/news.example.com/ips", data=data), status, message)


def test_link_a_pool(mailgun: ProviderClient) -> None:
    """Linking replaces the domain's IPs by the pool's; linking another pool replaces the link."""
    for pool_id, ips in ((MARKETING, ["192.0.2.21"]), (TRANSACTIONAL, ["192.0.2.20"])):
        succeeded(mailgun.post("/v3/domains/news.example.com/ips", data={"pool_id": pool_id}))
        assert domain_ips(mailgun, "news.example.com") == ips
    assert details(mailgun, TRANSACTIONAL)["linked_domains"] == ["mail.example.com", "news.example.com"]


def test_a_linked_domain_is_not_altered(mailgun: ProviderClient) -> None:
    """While a pool is linked, the domain's IPs can be neither added nor removed."""
    text = "domain ips can't be changed while an ip pool is linked to the domain"
    refused(mailgun.post("/v3/domains/mail.example.com/ips", data={"ip": "192.0.2.10"}), 400, text)
    refused(mailgun.delete("/v3/domains/mail.example.com/ips/192.0.2.20"), 400, text)


DELETE_PATHS = pytest.mark.parametrize(
    "path", ["/v3/domains/{}/ips/{}", "/v3/domains/{}/pool/{}", "/v4/domains/{}/ips/{}"]
)


@DELETE_PATHS
def test_remove_an_ip(mailgun: ProviderClient, path: str) -> None:
    """An IP leaves a domain; an eligible account falls back on a shared one, and a query is ignored."""
    succeeded(mailgun.delete(path.format("news.example.com", "192.0.2.14") + "?ip=192.0.2.11"))
    assert domain_ips(mailgun, "news.example.com") == ["192.0.2.10"]
    response = mailgun.delete(path.format("news.example.com", "192.0.2.14"))
    refused(response, 404, "ip 192.0.2.14 is not assigned to the domain")
    succeeded(mailgun.delete(path.format("news.example.com", "192.0.2.10")))
    assert domain_ips(mailgun, "news.example.com") == ["198.51.100.1"]
    refused(mailgun.delete(path.format("news.example.com", "x")), 400, "Invalid parameter: ip x")
    for left in (["198.51.100.2"], ["198.51.100.1"]):
        succeeded(mailgun.delete(path.format("news.example.com", domain_ips(mailgun, "news.example.com")[0])))
        assert domain_ips(mailgun, "news.example.com") == left


@DELETE_PATHS
def test_remove_all(mailgun: ProviderClient, path: str) -> None:
    """`all` ends the domain for the IP system, a linked one too."""
    succeeded(mailgun.delete(path.format("mail.example.com", "all")))
    refused(mailgun.get("/v3/domains/mail.example.com/ips"), 404, "Domain not found")
    refused(mailgun.delete(path.format("mail.example.com", "all")), 404, "Domain not found")
    assert details(mailgun, TRANSACTIONAL)["is_linked"] is False


@DELETE_PATHS
@pytest.mark.parametrize(
    ("how", "ips"),
    [
        ({"ip": "192.0.2.10"}, ["192.0.2.10"]),
        ({"ip": "shared"}, ["198.51.100.1"]),
        ({"pool_id": MARKETING}, ["192.0.2.21"]),
    ],
    ids=str,
)
def test_unlink(mailgun: ProviderClient, path: str, how: dict[str, str], ips: list[str]) -> None:
    """`ip_pool` unlinks the pool in favour of an IP, a shared one, or another pool."""
    succeeded(mailgun.delete(path.format("mail.example.com", "ip_pool"), query_string=how))
    assert domain_ips(mailgun, "mail.example.com") == ips
    assert details(mailgun, TRANSACTIONAL)["is_linked"] is False


@pytest.mark.parametrize(
    ("domain", "how", "status", "message"),
    [
        ("mail.example.com", {}, 400, "either 'ip' or 'pool_id' parameter is required, but not both"),
        ("mail.example.com", {"ip": "shared", "pool_id": MARKETING}, 400,
         "either 'ip' or 'pool_id' parameter is required, but not both"),
        ("news.example.com", {"ip": "shared"}, 400, "no ip pool is linked to the domain"),
        ("mail.example.com", {"pool_id": NOWHERE}, 404, "ip pool not found"),
        ("mail.example.com", {"pool_id": SPARE}, 400, "replacement ip pool must contain at least one ip"),
        ("mail.example.com", {"ip": "x"}, 400, "Invalid parameter: ip x"),
        ("mail.example.com", {"ip": "198.51.100.1"}, 400, "ip 198.51.100.1 is not dedicated"),
        ("mail.example.com", {"ip": "192.0.2.20"}, 400, "ip 192.0.2.20 already belongs to another ip pool"),
        ("nope.example.com", {"ip": "shared"}, 404, "Domain not found"),
    ],
)  # fmt: skip
def test_bad_unlinks(mailgun: ProviderClient, domain: str, how: dict[str, str], status: int, message: str) -> None:
    """Unlinking takes exactly one replacement, which must be fit for it."""
    refused(mailgun.delete(f"/v3/domains/{domain}/ips/ip_pool", query_string=how), status, message)


def test_not_eligible_for_shared(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without shared IPs, the last IP stays, and a domain left with warming ones gains the lowest warm one."""
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    succeeded(mailgun.delete("/v3/domains/news.example.com/ips/192.0.2.10"))
    assert domain_ips(mailgun, "news.example.com") == ["192.0.2.14", "192.0.2.11"]
    succeeded(mailgun.delete("/v3/domains/news.example.com/ips/192.0.2.14"))
    assert domain_ips(mailgun, "news.example.com") == ["192.0.2.11"]
    response = mailgun.delete("/v3/domains/news.example.com/ips/192.0.2.11")
    refused(response, 400, "last ip can't be removed from the domain")


def test_unknown_domains(mailgun: ProviderClient) -> None:
    """A domain that is not there, or not the account's, is not found."""
    for domain in ("nope.example.com", "sub.example.com"):
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/x"), ("DELETE", "/all")):
            refused(mailgun.open(f"/v3/domains/{domain}/ips{path}", method=method), 404, "Domain not found")


# Aliases, features, subaccounts


def test_aliases(mailgun: ProviderClient) -> None:
    """Older and other clients' paths are the same operations."""
    pool_id = mailgun.post("/v1/ip_pools", data={"name": "n", "description": "d"}).json["pool_id"]
    assert mailgun.get("/v1/ip_pools").json == mailgun.get(POOLS).json
    assert mailgun.get(f"/v1/ip_pools/{pool_id}").json == mailgun.get(f"{POOLS}/{pool_id}").json
    assert mailgun.get("/v4/domains/news.example.com/ips").json == mailgun.get("/v3/domains/news.example.com/ips").json
    started(mailgun.delete(f"/v1/ip_pools/{pool_id}/"))


def test_without_dipps(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without the feature, every operation on pools returns the observed error before anything else is checked."""
    mailgun = make_mailgun(features=[])
    older = f"/v5/accounts/subaccounts/{NOWHERE}/ip_pool"
    for method, path in [
        ("GET", POOLS), ("POST", POOLS),
        *((method, f"{POOLS}/{pool}") for pool in (NOWHERE, MARKETING) for method in ("GET", "PATCH", "DELETE")),
        ("GET", f"{POOLS}/{NOWHERE}/domains"), ("PUT", f"{POOLS}/{NOWHERE}/ips/x"),
        ("DELETE", f"{POOLS}/{NOWHERE}/ips/x"), ("POST", f"{POOLS}/{NOWHERE}/ips.json"),
        ("PUT", f"{POOLS}/{NOWHERE}/delegate"), ("DELETE", f"{POOLS}/{NOWHERE}/delegate"),
        ("GET", "/v5/accounts/subaccounts/ip_pools/all"), ("PUT", older), ("DELETE", older),
        ("DELETE", "/v3/domains/nope/ips/ip_pool"), ("DELETE", "/v3/domains/nope/pool/ip_pool"),
    ]:  # fmt: skip
        refused(mailgun.open(path, method=method), 400, "this feature is disabled for the account")
    for data in ({"pool_id": MARKETING}, {"pool_id": NOWHERE}):
        response = mailgun.post("/v3/domains/news.example.com/ips", data=data)
        refused(response, 400, "this feature is disabled for the account")
    refused(mailgun.acting_for(SUBACCOUNT).get(POOLS), 400, "this feature is disabled for the account")


def test_domains_without_dipps(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without the feature, the IPs of domains can be read and changed."""
    mailgun = make_mailgun(features=[])
    assert domain_ips(mailgun, "mail.example.com") == ["192.0.2.20"]
    succeeded(mailgun.post("/v3/domains/news.example.com/ips", data={"ip": "192.0.2.11"}))
    succeeded(mailgun.delete("/v3/domains/news.example.com/ips/192.0.2.11"))


def test_inherited_pools(mailgun: ProviderClient) -> None:
    """A subaccount sees a delegated pool, may link it, and may change nothing of it."""
    sub = mailgun.acting_for(SUBACCOUNT)
    pools = sub.get(POOLS).json["ip_pools"]
    assert [(pool["pool_id"], pool["is_inherited"], pool["is_linked"]) for pool in pools] == [
        (TRANSACTIONAL, True, False)
    ]
    pool = f"{POOLS}/{TRANSACTIONAL}"
    for method, path in (("PATCH", ""), ("PUT", "/ips/x"), ("DELETE", "/ips/x"), ("POST", "/ips.json"),
                         ("PUT", "/delegate"), ("DELETE", "/delegate")):  # fmt: skip
        refused(sub.open(pool + path, method=method), 400, "inherited ip pool can't be modified")
    refused(sub.delete(f"{pool}?ip=192.0.2.30"), 400, "inherited ip pool can't be deleted")
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    assert details(sub, TRANSACTIONAL)["linked_domains"] == ["sub.example.com"]
    assert details(mailgun, TRANSACTIONAL)["linked_domains"] == ["mail.example.com", "sub.example.com"]
    started(mailgun.put(f"{pool}/ips/192.0.2.10"))
    assert domain_ips(sub, "sub.example.com") == ["192.0.2.20", "192.0.2.10"]


def test_what_belongs_to_whom(mailgun: ProviderClient) -> None:
    """A subaccount has its own pools, IPs and domains, and the parent's are not found."""
    sub = mailgun.acting_for(SUBACCOUNT)
    pool_id = create(sub, "192.0.2.30")
    refused(mailgun.get(f"{POOLS}/{pool_id}"), 404, "ip pool not found")
    refused(sub.get(f"{POOLS}/{MARKETING}"), 404, "ip pool not found")
    refused(sub.put(f"{POOLS}/{pool_id}/ips/192.0.2.10"), 400, "ip 192.0.2.10 does not belong to the account")
    refused(sub.get("/v3/domains/mail.example.com/ips"), 404, "Domain not found")
    refused(sub.put(f"{POOLS}/{pool_id}/delegate", data={"subaccount_id": SUBACCOUNT}), 404, "account not found")


def test_a_subaccounts_own_key(app: Flask) -> None:
    """A subaccount's key acts for it; acting for anybody with it is forbidden."""
    own = MAILGUN.client(app, "key-fedcba9876543210fedcba9876543210")
    assert own.get(POOLS).json == MAILGUN.client(app).acting_for(SUBACCOUNT).get(POOLS).json
    refused(own.acting_for(SUBACCOUNT).get(POOLS), 403, "Forbidden")


@pytest.mark.parametrize("name", ["unknown", "", NOWHERE])
def test_on_behalf_of_a_stranger(mailgun: ProviderClient, name: str) -> None:
    """An unknown subaccount is forbidden."""
    refused(mailgun.acting_for(name).get(POOLS), 403, "Forbidden")


def test_a_disabled_subaccount(make_mailgun: Callable[..., ProviderClient]) -> None:
    """A disabled subaccount can do nothing: its own key is unknown, the parent's for it is forbidden."""
    mailgun = make_mailgun(subaccounts=[{"id": SUBACCOUNT, "name": "s", "status": "disabled"}])
    refused(mailgun.acting_for(SUBACCOUNT).get(POOLS), 403, "Forbidden")
    response = mailgun.with_key("key-fedcba9876543210fedcba9876543210").get(POOLS)
    assert (response.status_code, "X-Mailgun-Key-Id" in response.headers) == (401, False)


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data", "query"])
def test_delegate_and_revoke(mailgun: ProviderClient, encoding: str) -> None:
    """A pool is delegated, a second time too, and revoked by a form on DELETE; its domains then are unlinked."""
    field = {"subaccount_id": SUBACCOUNT}
    how: dict[str, Any] = (
        {"query_string": field} if encoding == "query" else {"data": field, "headers": {"Content-Type": encoding}}
    )
    sub = mailgun.acting_for(SUBACCOUNT)
    for _ in range(2):
        succeeded(mailgun.put(f"{POOLS}/{MARKETING}/delegate", **how))
    assert [pool["pool_id"] for pool in sub.get(POOLS).json["ip_pools"]] == [TRANSACTIONAL, MARKETING]
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": MARKETING}))
    succeeded(mailgun.delete(f"{POOLS}/{MARKETING}/delegate", **how))
    refused(sub.get(f"{POOLS}/{MARKETING}"), 404, "ip pool not found")
    assert domain_ips(sub, "sub.example.com") == ["198.51.100.1"]
    refused(mailgun.delete(f"{POOLS}/{MARKETING}/delegate", **how), 400, "ip pool is not delegated to the subaccount")


def test_revoking_without_shared_ips(make_mailgun: Callable[..., ProviderClient]) -> None:
    """A pool is not taken from a subaccount whose domain would have nothing left to send from."""
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    sub, path = mailgun.acting_for(SUBACCOUNT), f"{POOLS}/{TRANSACTIONAL}/delegate"
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    response = mailgun.delete(path, data={"subaccount_id": SUBACCOUNT})
    refused(response, 400, "account is not eligible for shared ips")
    succeeded(sub.delete("/v3/domains/sub.example.com/ips/ip_pool?ip=192.0.2.30"))
    succeeded(mailgun.delete(path, data={"subaccount_id": SUBACCOUNT}))


def test_a_closed_subaccount(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Nothing is delegated to a subaccount that is closed."""
    mailgun = make_mailgun(
        subaccounts=[
            {"id": SUBACCOUNT, "name": "s"},
            {"id": "1" * 24, "name": "closed", "status": "closed"},
        ]
    )
    response = mailgun.put(f"{POOLS}/{MARKETING}/delegate", data={"subaccount_id": "1" * 24})
    refused(response, 404, "account not found")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_delegation_refusals(mailgun: ProviderClient, method: str) -> None:
    """Delegation wants a subaccount, and one that is there."""
    path = f"{POOLS}/{MARKETING}/delegate"
    for data in ({}, {"subaccount_id": ""}, {"subaccount_id": " "}):
        refused(mailgun.open(path, method=method, data=data), 400, "invalid request parameters")
    refused(mailgun.open(path, method=method, data={"subaccount_id": NOWHERE}), 404, "account not found")


# After the response


def test_work_is_done_later(slow: ProviderClient, time: Time) -> None:
    """A pool changes with the answer, its domains when the delay is over, and not before."""
    started(slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    assert details(slow, TRANSACTIONAL)["ips"] == ["192.0.2.20", "192.0.2.10"]
    time.now += 9.999
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]
    time.now += 0.001
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20", "192.0.2.10"]


def test_a_deleted_pool_is_gone_at_once(slow: ProviderClient, time: Time) -> None:
    """Its domains keep its IPs until they are linked to the one that replaces it."""
    started(remove(slow, TRANSACTIONAL, pool_id=MARKETING))
    refused(slow.get(f"{POOLS}/{TRANSACTIONAL}"), 404, "ip pool not found")
    assert details(slow, MARKETING)["is_linked"] is False
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]
    time.now += 10
    assert details(slow, MARKETING)["linked_domains"] == ["mail.example.com"]
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.21"]


def seen(mailgun: ProviderClient) -> dict[str, list[str]]:
    """Return the IPs of each pool in the list of an account, which its single pools have as well."""
    found = {pool["pool_id"]: pool["ips"] for pool in mailgun.get(POOLS).json["ip_pools"]}
    for pool_id, ips in found.items():
        assert details(mailgun, pool_id)["ips"] == ips
        assert mailgun.get(f"{POOLS}/{pool_id}/domains").status_code == 200
    return found


@pytest.mark.parametrize(
    ("method", "path", "how", "after"),
    [
        ("PUT", "/ips/192.0.2.10", {}, {TRANSACTIONAL: ["192.0.2.20", "192.0.2.10"]}),
        ("POST", "/ips.json", {"json": {"ips": ["192.0.2.10"]}}, {TRANSACTIONAL: ["192.0.2.20", "192.0.2.10"]}),
        ("PATCH", "", {"data": {"add_ip": "192.0.2.10"}}, {TRANSACTIONAL: ["192.0.2.20", "192.0.2.10"]}),
        ("DELETE", "", {"query_string": {"pool_id": MARKETING}}, {MARKETING: ["192.0.2.21"]}),
        ("DELETE", "", {"query_string": {"ip": "192.0.2.10"}}, {}),
        ("DELETE", "", {"query_string": {"ip": "shared"}}, {}),
        ("DELETE", "/delegate", {"data": {"subaccount_id": SUBACCOUNT}}, {}),
    ],
)
def test_a_subaccount_sees_the_old_pool_until_the_delay_is_over(
    slow: ProviderClient, time: Time, method: str, path: str, how: dict[str, Any], after: dict[str, list[str]]
) -> None:
    """Affected subaccounts are processed after the response, as affected domains are."""
    sub = slow.acting_for(SUBACCOUNT)
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"]}
    assert slow.open(f"{POOLS}/{TRANSACTIONAL}{path}", method=method, **how).status_code == 200
    time.now += 9.999
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"]}
    rows = sub.get("/v3/ips/details/all").json["items"]
    assert [row["address"] for row in rows if TRANSACTIONAL in row["pool_ids"]] == ["192.0.2.20"]
    time.now += 0.001
    assert seen(sub) == after
    rows = sub.get("/v3/ips/details/all").json["items"]
    assert [row["address"] for row in rows if row["pool_ids"]] == sorted(
        (ip for ips in after.values() for ip in ips), key=lambda ip: int(ip.rpartition(".")[2])
    )


def test_a_subaccount_loses_an_ip_of_its_pool_when_the_delay_is_over(slow: ProviderClient, time: Time) -> None:
    succeeded(slow.put(f"{POOLS}/{MARKETING}/delegate", data={"subaccount_id": SUBACCOUNT}))
    started(slow.delete(f"{POOLS}/{MARKETING}/ips/192.0.2.21"))
    sub = slow.acting_for(SUBACCOUNT)
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"], MARKETING: ["192.0.2.21"]}
    time.now += 10
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"], MARKETING: []}


def test_a_new_name_and_a_new_pool_are_seen_at_once(slow: ProviderClient, time: Time) -> None:
    """Operations that return `success` are done with the response, for subaccounts too."""
    started(slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    succeeded(slow.patch(f"{POOLS}/{TRANSACTIONAL}", data={"name": "Receipts"}))
    succeeded(slow.put(f"{POOLS}/{MARKETING}/delegate", data={"subaccount_id": SUBACCOUNT}))
    sub = slow.acting_for(SUBACCOUNT)
    assert [pool["name"] for pool in sub.get(POOLS).json["ip_pools"]] == ["Receipts", "Marketing"]
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"], MARKETING: ["192.0.2.21"]}
    time.now += 10
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20", "192.0.2.10"], MARKETING: ["192.0.2.21"]}


def test_a_subaccount_waits_for_the_last_job_of_a_pool(slow: ProviderClient, time: Time) -> None:
    """Between two changes of a pool, it sees neither half."""
    sub = slow.acting_for(SUBACCOUNT)
    started(slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    time.now += 5
    started(remove(slow, TRANSACTIONAL, ip="shared"))
    time.now += 9.999
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"]}
    time.now += 0.001
    assert seen(sub) == {}


def test_a_pool_that_a_subaccount_still_sees_cannot_be_used(slow: ProviderClient) -> None:
    """The account's own record has changed with the response."""
    started(remove(slow, TRANSACTIONAL, pool_id=MARKETING))
    sub = slow.acting_for(SUBACCOUNT)
    assert seen(sub) == {TRANSACTIONAL: ["192.0.2.20"]}
    response = sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL})
    refused(response, 404, "ip pool not found")
    refused(sub.patch(f"{POOLS}/{TRANSACTIONAL}", data={"name": "x"}), 404, "ip pool not found")


@pytest.mark.parametrize("ip", ["192.0.2.10", "shared"])
def test_each_ip_of_a_domain_is_in_a_list_of_its_account(slow: ProviderClient, time: Time, ip: str) -> None:
    """A subaccount's domain gets what replaces an inherited pool, and the subaccount can read that IP."""
    sub = slow.acting_for(SUBACCOUNT)
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    started(remove(slow, TRANSACTIONAL, ip=ip))
    time.now += 10
    (address,) = domain_ips(sub, "sub.example.com")
    assert address in ("192.0.2.10", "198.51.100.1")
    found = sub.get("/v3/ips").json
    assert sorted(found["items"]) == sorted([address, "192.0.2.30"])
    assert found["assignable_to_pools"] == ["192.0.2.30"]
    assert sub.get(f"/v3/ips/{address}").json["ip"] == address
    items = sub.get(f"/v3/ips/{address}/domains").json["items"]
    assert items == [{"ips": [address], "domain": "sub.example.com"}]
    rows = slow.get(f"/v3/ips/details/all?ip={address}").json["items"]
    assert [row["account_id"] == SUBACCOUNT for row in rows] == [False, True]
    refused(sub.post(f"/v3/ips/{address}/domains"), 404, "ip not found")
    refused(sub.post("/v3/ip_warmups/" + address), 404, "ip not found")
    response = sub.post(POOLS, data={"name": "n", "description": "d", "ip": address})
    refused(response, 400, f"ip {address} does not belong to the account")


def test_a_pool_that_waits_for_domains_keeps_its_ip(slow: ProviderClient, time: Time) -> None:
    """A pool about to be linked counts as linked: its last IP stays."""
    started(remove(slow, TRANSACTIONAL, pool_id=MARKETING))
    text = "last ip can't be removed from an ip pool linked to domains"
    refused(slow.delete(f"{POOLS}/{MARKETING}/ips/192.0.2.21"), 400, text)


def test_a_pool_about_to_be_linked_keeps_its_ip(slow: ProviderClient, time: Time) -> None:
    """The same holds for a link that an edit has promised."""
    started(slow.patch(f"{POOLS}/{MARKETING}", data={"link_domain": "news.example.com"}))
    text = "last ip can't be removed from an ip pool linked to domains"
    refused(slow.patch(f"{POOLS}/{MARKETING}", data={"remove_ip": "192.0.2.21"}), 400, text)


@pytest.mark.parametrize(
    ("how", "ips"), [({"pool_id": TRANSACTIONAL}, ["192.0.2.20"]), ({"ip": "192.0.2.11"}, ["192.0.2.11"])]
)
def test_a_promised_link_survives_its_pool(
    slow: ProviderClient, time: Time, how: dict[str, str], ips: list[str]
) -> None:
    """A domain about to be linked to a pool that is deleted gets what replaces the pool."""
    started(slow.patch(f"{POOLS}/{MARKETING}", data={"link_domain": "news.example.com"}))
    time.now += 3
    started(remove(slow, MARKETING, **how))
    time.now += 10
    assert domain_ips(slow, "news.example.com") == ips


def test_the_newest_word_counts(slow: ProviderClient, time: Time) -> None:
    """What is done to a domain, or promised of it, replaces what was promised before."""
    mail, news = "mail.example.com", "news.example.com"
    started(slow.patch(f"{POOLS}/{TRANSACTIONAL}", data={"unlink_domain": mail}))
    started(slow.patch(f"{POOLS}/{TRANSACTIONAL}", data={"link_domain": mail, "name": "Still linked"}))
    started(slow.patch(f"{POOLS}/{MARKETING}", data={"link_domain": [news, "67bcf63306fcfd2fb4b7e057"]}))
    assert slow.tenant.read().dump()["states"]["mailgun"]["jobs"][-1]["link"] == [news]
    refused(slow.patch(f"{POOLS}/{MARKETING}", data={"link_domain": news}), 400, "no changes requested")
    succeeded(slow.post(f"/v3/domains/{news}/ips", data={"ip": "192.0.2.11"}))
    time.now += 10
    assert domain_ips(slow, mail) == ["192.0.2.20"]
    assert domain_ips(slow, news) == ["192.0.2.10", "192.0.2.14", "192.0.2.11"]


def test_a_removed_domain_holds_up_no_pool(slow: ProviderClient) -> None:
    """A link promised to a domain that is removed no longer counts."""
    started(slow.patch(f"{POOLS}/{MARKETING}", data={"link_domain": "news.example.com"}))
    succeeded(slow.delete("/v3/domains/news.example.com/ips/all"))
    started(slow.delete(f"{POOLS}/{MARKETING}/ips/192.0.2.21"))


def test_delegating_again_calls_off_the_revocation(slow: ProviderClient, time: Time) -> None:
    """A subaccount that gets its pool back before its domains were unlinked keeps them linked."""
    sub, path = slow.acting_for(SUBACCOUNT), f"{POOLS}/{TRANSACTIONAL}/delegate"
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    succeeded(slow.delete(path, data={"subaccount_id": SUBACCOUNT}))
    succeeded(slow.put(path, data={"subaccount_id": SUBACCOUNT}))
    time.now += 10
    assert details(sub, TRANSACTIONAL)["linked_domains"] == ["sub.example.com"]


def test_a_pool_may_lose_its_last_ip_with_its_last_domain(mailgun: ProviderClient) -> None:
    """One edit may unlink the only domain and remove the last IP."""
    data = {"unlink_domain": "mail.example.com", "remove_ip": "192.0.2.20"}
    started(mailgun.patch(f"{POOLS}/{TRANSACTIONAL}", data=data))
    assert domain_ips(mailgun, "mail.example.com") == ["198.51.100.1"]


def test_work_is_done_in_order(slow: ProviderClient, time: Time) -> None:
    """Two replacements one after the other end where the second leads, even if nothing looked in between."""
    started(remove(slow, TRANSACTIONAL, pool_id=MARKETING))
    time.now += 5
    started(remove(slow, MARKETING, ip="shared"))
    time.now += 100
    assert domain_ips(slow, "mail.example.com") == ["198.51.100.1"]


def test_looking_stores_nothing(slow: ProviderClient, time: Time) -> None:
    """Work that is due is computed for a reader, and stored with the next change."""
    started(slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    time.now += 10
    dump = slow.tenant.read().dump()
    domain_ips(slow, "mail.example.com")
    assert slow.tenant.read().dump() == dump
    assert len(dump["states"]["mailgun"]["jobs"]) == 1
    succeeded(slow.patch(f"{POOLS}/{MARKETING}", data={"name": "M"}))
    assert slow.tenant.read().dump()["states"]["mailgun"]["jobs"] == []


def test_without_delay_nothing_waits(mailgun: ProviderClient) -> None:
    """With no delay the work is done with the answer, and no job is kept."""
    started(mailgun.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    assert mailgun.tenant.read().dump()["states"]["mailgun"]["jobs"] == []


# Who asks


@pytest.mark.parametrize(
    "value",
    [None, "", "Basic", "Basic !", "Basic /w==", basic("api", ""), basic("key", MAILGUN_KEY), basic("api", "nonsense"),
     f"Bearer {MAILGUN_KEY}", MAILGUN_KEY],
)  # fmt: skip
def test_unauthorized(app: Flask, value: str | None) -> None:
    """Without a key that is known for user `api`, every answer is plain text with a challenge."""
    for path in (POOLS, "/v3/nonsense", "/v3/ips"):
        response = MAILGUN.client(app, headers={} if value is None else {"Authorization": value}).get(path)
        assert (response.status_code, response.data) == (401, b"Forbidden")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["Www-Authenticate"] == 'Basic realm="MG API"'
        assert "X-Mailgun-Key-Id" not in response.headers


def test_headers(app: Flask) -> None:
    """Every answer carries the recorded headers, and names a known key by its public part."""
    headers = MAILGUN.client(app, "0" * 32 + "-12345678-9abcdef0").get(POOLS).headers
    assert headers["X-Mailgun-Key-Id"] == "12345678-9abcdef0"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert headers["X-Xss-Protection"] == "1; mode=block"
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{8}", MAILGUN.client(app).get(POOLS).headers["X-Mailgun-Key-Id"])


def test_the_root(mailgun: ProviderClient) -> None:
    """The root answers the text by which clients know a wrong URL."""
    response = mailgun.get("/")
    assert (response.status_code, response.data) == (200, b"Mailgun Magnificent API")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_forms_in_odd_encodings(mailgun: ProviderClient) -> None:
    """What is no UTF-8 becomes U+FFFD, and a part without a name is ignored."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"name=n&description=caf\xe9", b"name=n&description=caf%e9"):
        pool_id = mailgun.post(POOLS, data=body, headers=form).json["pool_id"]
        assert details(mailgun, pool_id)["description"] == "caf\ufffd"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    nameless = b"--b\r\nContent-Disposition: form-data%s\r\n\r\nv\r\n--b--\r\n"
    for name in (b"", b'; name="\\"', b'; filename="x"'):
        response = mailgun.post(POOLS, data=nameless % name, headers=headers)
        refused(response, 400, "Missing mandatory parameter: name")


def test_no_route_and_no_method(mailgun: ProviderClient) -> None:
    """An unknown path and a wrong method are answered in plain text."""
    response = mailgun.get("/v3/nonsense")
    assert (response.status_code, response.data) == (404, b"404 page not found")
    response = mailgun.put(POOLS)
    assert (response.status_code, response.data, response.headers["Allow"]) == (405, b"Method Not Allowed", "GET, POST")


def test_bodies_are_compact(mailgun: ProviderClient) -> None:
    """Answers have no blanks and end with a new line."""
    response = mailgun.get(POOLS)
    assert response.data == json.dumps(response.json, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("name", ["ip", "ips"])
def test_addresses_of_a_new_pool(mailgun: ProviderClient, name: str) -> None:
    """Both spellings of a new pool's IPs take addresses alone."""
    response = mailgun.post("/v3/ip_pools", data={"name": "new", "description": "new", name: "192.0.2"})
    assert (response.status_code, response.json) == (400, {"message": f"Invalid parameter: {name} 192.0.2"})
