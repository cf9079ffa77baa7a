"""Mailgun's IPs of an account, through HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import (
    MARKETING,
    POOLS,
    TRANSACTIONAL,
    Time,
    create,
    details,
    domain_ips,
    refused,
    started,
    succeeded,
)

NEWS = "news.example.com"
PARENT = "5f3a1c0e9d8b7a6c5e4f3021"
OWN = ["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.20", "192.0.2.21", "2001:db8::25"]
SHARED = ["198.51.100.1", "198.51.100.2"]


def test_list(mailgun: ProviderClient) -> None:
    """The list has every IP of the account, an entry in `details` for each, and which can be put into a pool."""
    answer = mailgun.get("/v3/ips").json
    assert list(answer) == ["assignable_to_pools", "details", "items", "total_count"]
    assert answer["items"] == OWN + SHARED
    assert answer["total_count"] == 10
    warming = [{"ip": "192.0.2.14", "is_on_warmup": True}]
    assert answer["details"] == [*({"ip": ip} for ip in OWN[:4]), *warming, *({"ip": ip} for ip in (OWN + SHARED)[5:])]
    assert answer["assignable_to_pools"] == [ip for ip in OWN if ip not in ("192.0.2.20", "192.0.2.21")]


@pytest.mark.parametrize("yes", ["true", "True", "TRUE", "t", "T", "1"])
@pytest.mark.parametrize("no", ["false", "False", "FALSE", "f", "F", "0"])
def test_filters(make_mailgun: Callable[..., ProviderClient], yes: str, no: str) -> None:
    """Only what is dedicated, or enabled, is listed if that is asked for; `false` asks for nothing."""
    ips = [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2", "enabled": False}, {"ip": "192.0.2.3", "dedicated": False}]
    mailgun = make_mailgun(ips=ips, ip_pools=[], domains=[])
    for query, found in (
        (f"dedicated={yes}", ["192.0.2.1", "192.0.2.2"]),
        (f"enabled={yes}", ["192.0.2.1", "192.0.2.3"]),
        (f"dedicated={yes}&enabled={yes}", ["192.0.2.1"]),
        (f"dedicated={no}&enabled={no}", ["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
    ):
        answer = mailgun.get(f"/v3/ips?{query}").json
        assert (answer["items"], answer["total_count"]) == (found, len(found))


@pytest.mark.parametrize("value", ["", "yes", "2", "tRUE", "null"])
def test_bad_filters(mailgun: ProviderClient, value: str) -> None:
    """A filter is one of the spellings of yes and no."""
    for name in ("dedicated", "enabled"):
        text = f"Invalid format for parameter {name}: {value}"
        refused(mailgun.get("/v3/ips", query_string={name: value}), 400, text)


def test_assignable_needs_the_feature(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without the DIPPs feature nothing is said of pools."""
    assert "assignable_to_pools" not in make_mailgun(features=[]).get("/v3/ips").json


def test_assignable_is_what_can_be_assigned(mailgun: ProviderClient) -> None:
    """Every IP that is called assignable can be put into a pool, and no other can."""
    assignable = mailgun.get("/v3/ips").json["assignable_to_pools"]
    for ip in OWN + SHARED:
        pool = mailgun.post(POOLS, data={"name": "n", "description": "d", "ip": ip})
        assert (pool.status_code == 200) == (ip in assignable)
    assert mailgun.get("/v3/ips").json["assignable_to_pools"] == []


def test_one_ip(make_mailgun: Callable[..., ProviderClient]) -> None:
    """An IP has a name that is made of it, unless the seed gives it one; a shared one is not dedicated."""
    named = {"ip": "2001:db8::1", "rdns": "mx.example.com"}
    mailgun = make_mailgun(
        ips=[{"ip": "192.0.2.1"}, named, {"ip": "192.0.2.3", "dedicated": False}],
        ip_pools=[],
        domains=[],
    )  # fmt: skip
    for ip, dedicated, rdns in (
        ("192.0.2.1", True, "ip192-0-2-1.mailgun.net"),
        ("2001%3Adb8%3A0%3A%3A1", True, "mx.example.com"),
        ("192.0.2.3", False, "ip192-0-2-3.mailgun.net"),
    ):
        answer = mailgun.get(f"/v3/ips/{ip}")
        ip = "2001:db8::1" if ":" not in ip and "%" in ip else ip
        assert (answer.status_code, answer.json) == (200, {"dedicated": dedicated, "ip": ip, "rdns": rdns})


@pytest.mark.parametrize(("ip", "status", "message"), [
    ("192.0.2.99", 404, "ip not found"),
    ("192.0.2.30", 404, "ip not found"),
    ("192.0.2", 400, "Invalid parameter: ip 192.0.2"),
    ("%00", 400, "Invalid parameter: ip \0"),
])  # fmt: skip
def test_ips_that_are_not_the_accounts(mailgun: ProviderClient, ip: str, status: int, message: str) -> None:
    """An IP that is not there or a subaccount's is not found, whatever is asked of it; what is no IP is refused."""
    for method, path in (("GET", ""), ("GET", "/domains?limit=x"), ("POST", "/domains"), ("DELETE", "/domains")):
        refused(mailgun.open(f"/v3/ips/{ip}{path}", method=method), status, message)


def test_a_subaccount_has_its_own(mailgun: ProviderClient) -> None:
    """A subaccount lists its own IPs, and the parent's are not found."""
    sub = mailgun.acting_for(SUBACCOUNT)
    assert sub.get("/v3/ips").json["items"] == ["192.0.2.30"]
    refused(sub.get("/v3/ips/192.0.2.10"), 404, "ip not found")


# The domains of an IP


@pytest.fixture
def busy(make_mailgun: Callable[..., ProviderClient]) -> ProviderClient:
    """An account with three domains that share an IP, in no order, and one that does not."""
    return make_mailgun(
        domains=[
            {"id": f"{number:024x}", "name": name, "ips": ips}
            for number, name, ips in (
                (3, "three.example.com", ["192.0.2.10"]),
                (1, "one.mail.example.org", ["192.0.2.10", "192.0.2.11"]),
                (2, "two.example.com", ["192.0.2.11", "192.0.2.10"]),
                (4, "four.example.com", ["192.0.2.11"]),
            )
        ]
    )


def test_domains_of_an_ip(busy: ProviderClient) -> None:
    """The domains of an IP come in the order of their ids, each with all its IPs."""
    assert busy.get("/v3/ips/192.0.2.10/domains").json == {
        "items": [
            {"ips": ["192.0.2.10", "192.0.2.11"], "domain": "one.mail.example.org"},
            {"ips": ["192.0.2.11", "192.0.2.10"], "domain": "two.example.com"},
            {"ips": ["192.0.2.10"], "domain": "three.example.com"},
        ],
        "total_count": 3,
    }


@pytest.mark.parametrize(
    ("query", "found", "total"),
    [
        ("limit=1", ["one"], 3),
        ("limit=2&skip=1", ["two", "three"], 3),
        ("skip=3", [], 3),
        ("search=TWO", ["two"], 1),
        ("search=three,%20org", ["one", "three"], 2),
        ("search=example.com", ["one", "two", "three"], 3),
        ("search=exam", [], 0),
        ("search=.-", [], 0),
        ("search=", ["one", "two", "three"], 3),
        ("search=com&limit=1&skip=1", ["three"], 2),
    ],
)
def test_search_limit_and_skip(busy: ProviderClient, query: str, found: list[str], total: int) -> None:
    """`search` finds names with one of its words; what it finds is counted before limit and skip apply."""
    answer = busy.get(f"/v3/ips/192.0.2.10/domains?{query}").json
    assert ([item["domain"].split(".")[0] for item in answer["items"]], answer["total_count"]) == (found, total)


@pytest.mark.parametrize(("query", "message"), [
    ("limit=0", "Invalid parameter: limit 0"),
    ("limit=1001", "Invalid parameter: limit 1001"),
    ("skip=-1", "Invalid parameter: skip -1"),
    ("skip=2147483648", "Invalid parameter: skip 2147483648"),
    ("limit=many", "Invalid format for parameter limit: many"),
    ("skip=", "Invalid format for parameter skip: "),
])  # fmt: skip
def test_numbers_that_do_not_fit(mailgun: ProviderClient, query: str, message: str) -> None:
    """A limit is 1 to 1000 and skip not negative, in every list that has them."""
    for path in ("/v3/ips/192.0.2.10/domains", "/v3/ips/details/all", "/v4/domains"):
        refused(mailgun.get(f"{path}?{query}"), 400, message)
        for fits in ("limit=1", "limit=1000", "skip=0", "skip=2147483647"):
            assert mailgun.get(f"{path}?{fits}").status_code == 200


def test_assign_to_all(slow: ProviderClient, time: Time) -> None:
    """All of the account's domains gain an IP when the delay is over, but for those that a pool is linked to."""
    started(slow.post("/v3/ips/192.0.2.12/domains"))
    assert domain_ips(slow, NEWS) == ["192.0.2.10", "192.0.2.14"]
    time.now += 10
    assert domain_ips(slow, NEWS) == ["192.0.2.10", "192.0.2.14", "192.0.2.12"]
    assert domain_ips(slow, "shared.example.com") == ["198.51.100.1", "192.0.2.12"]
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]
    assert domain_ips(slow.acting_for(SUBACCOUNT), "sub.example.com") == ["192.0.2.30"]
    started(slow.post("/v3/ips/192.0.2.12/domains"))
    time.now += 10
    assert domain_ips(slow, NEWS) == ["192.0.2.10", "192.0.2.14", "192.0.2.12"]


def test_remove_from_all(slow: ProviderClient, time: Time) -> None:
    """All domains lose an IP when the delay is over; an eligible account's domain falls back on a shared one."""
    started(slow.delete("/v3/ips/192.0.2.10/domains"))
    assert domain_ips(slow, NEWS) == ["192.0.2.10", "192.0.2.14"]
    time.now += 10
    assert domain_ips(slow, NEWS) == ["192.0.2.14"]
    started(slow.delete("/v3/ips/192.0.2.14/domains?alternative="))
    started(slow.delete("/v3/ips/192.0.2.20/domains"))
    time.now += 10
    assert domain_ips(slow, NEWS) == ["198.51.100.1"]
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]


@pytest.mark.parametrize("where", ["query_string", "data"])
def test_replace_on_all(mailgun: ProviderClient, where: str) -> None:
    """An alternative takes the IP's place on every domain, once; it may be in the query or in a form."""
    how: dict[str, Any] = {where: {"alternative": "192.0.2.12"}}
    started(mailgun.delete("/v3/ips/192.0.2.10/domains", **how))
    assert domain_ips(mailgun, NEWS) == ["192.0.2.12", "192.0.2.14"]
    started(mailgun.delete("/v3/ips/192.0.2.14/domains", **how))
    assert domain_ips(mailgun, NEWS) == ["192.0.2.12"]


@pytest.mark.parametrize(
    ("alternative", "message"),
    [
        ("x", "Invalid parameter: alternative x"),
        ("192.0.2.10", "Invalid parameter: alternative 192.0.2.10"),
        ("203.0.113.9", "ip 203.0.113.9 does not belong to the account"),
        ("192.0.2.30", "ip 192.0.2.30 does not belong to the account"),
        ("198.51.100.1", "ip 198.51.100.1 is not dedicated"),
    ],
)
def test_bad_alternatives(mailgun: ProviderClient, alternative: str, message: str) -> None:
    """An alternative is another dedicated IP of the account."""
    refused(mailgun.delete(f"/v3/ips/192.0.2.10/domains?alternative={alternative}"), 400, message)


def test_a_shared_ip_is_assigned_to_nothing(mailgun: ProviderClient) -> None:
    """Only a dedicated IP can be assigned; a shared one can be taken away."""
    refused(mailgun.post("/v3/ips/198.51.100.1/domains"), 400, "ip 198.51.100.1 is not dedicated")
    started(mailgun.delete("/v3/ips/198.51.100.1/domains?alternative=192.0.2.12"))
    assert domain_ips(mailgun, "shared.example.com") == ["192.0.2.12"]


def test_no_domain_is_left_without(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without shared IPs an IP that is a domain's last is removed from none, and warming ones do not stay alone."""
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    started(mailgun.delete("/v3/ips/192.0.2.10/domains"))
    assert domain_ips(mailgun, NEWS) == ["192.0.2.14", "192.0.2.11"]
    started(mailgun.delete("/v3/ips/192.0.2.14/domains"))
    refused(mailgun.delete("/v3/ips/192.0.2.11/domains"), 400, "last ip can't be removed from the domain")
    assert domain_ips(mailgun, NEWS) == ["192.0.2.11"]
    started(mailgun.delete("/v3/ips/192.0.2.11/domains?alternative=192.0.2.12"))
    assert domain_ips(mailgun, NEWS) == ["192.0.2.12"]


def test_a_domain_that_was_changed_meanwhile_keeps_its_last_ip(
    make_mailgun: Callable[..., ProviderClient], time: Time
) -> None:
    """What would leave a domain without IPs when it is done is left undone for that domain."""
    mailgun = make_mailgun(time=time, async_delay_seconds=10, eligible_for_shared_ips=False)
    started(mailgun.delete("/v3/ips/192.0.2.10/domains"))
    succeeded(mailgun.delete(f"/v3/domains/{NEWS}/ips/192.0.2.14"))
    time.now += 10
    assert domain_ips(mailgun, NEWS) == ["192.0.2.10"]


# New IPs


def test_a_new_ip(make_mailgun: Callable[..., ProviderClient]) -> None:
    """As many dedicated IPs can be added as the plan allows, and not one more."""
    mailgun = make_mailgun(new_dedicated_ips=2)
    for left, ip in ((2, "198.18.0.1"), (1, "198.18.0.2")):
        assert mailgun.get("/v3/ips/request/new").json == {"allowed": {"dedicated": left, "shared": 0}}
        succeeded(mailgun.post("/v3/ips/request/new"))
        assert mailgun.get("/v3/ips?dedicated=true").json["items"][-1] == ip
    text = "no more dedicated ips can be added to the account"
    refused(mailgun.post("/v3/ips/request/new"), 400, text)
    assert details(mailgun, create(mailgun, "198.18.0.1"))["ips"] == ["198.18.0.1"]


def test_subaccounts_share_the_plan(mailgun: ProviderClient) -> None:
    """A subaccount's new IP is its own, and the plan's last."""
    sub = mailgun.acting_for(SUBACCOUNT)
    succeeded(sub.post("/v3/ips/request/new"))
    assert sub.get("/v3/ips").json["items"] == ["192.0.2.30", "198.18.0.1"]
    refused(mailgun.get("/v3/ips/198.18.0.1"), 404, "ip not found")
    assert mailgun.get("/v3/ips/request/new").json == {"allowed": {"dedicated": 0, "shared": 0}}


# All that is known


def rows(mailgun: ProviderClient, **query: str) -> list[tuple[str, str, list[str]]]:
    answer = mailgun.get("/v3/ips/details/all", query_string=query).json
    assert answer["total_count"] == len(answer["items"])
    return [(row["address"], row["account_id"], row["pool_ids"]) for row in answer["items"]]


def test_details(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A row has the account, the pool and the times; an IP without history is as old as the parent account."""
    mailgun = make_mailgun(time=time, account_id="655000000000000000000001")
    answer = mailgun.get("/v3/ips/details/all?ip=192.0.2.20").json
    made = "2023-11-11T22:28:16Z"
    row = {
        "address": "192.0.2.20",
        "parent_account_id": "655000000000000000000001",
        "account_id": "655000000000000000000001",
        "pool_ids": [TRANSACTIONAL],
        "dedicated": True,
        "created_at": made,
        "pool_last_modified_at": made,
        "domains_last_modified_at": made,
    }
    assert answer == {"items": [row, {**row, "account_id": SUBACCOUNT}], "total_count": 2}
    assert list(answer["items"][0]) == list(row)


def test_details_know_when(slow: ProviderClient, time: Time) -> None:
    """When an IP joined or left a pool is the moment of the request, when a domain got it that of the work."""

    def times() -> tuple[str, str]:
        [row] = slow.get("/v3/ips/details/all?ip=192.0.2.12").json["items"]
        return row["pool_last_modified_at"], row["domains_last_modified_at"]

    old = times()[0]
    pool_id = create(slow, "192.0.2.12")
    assert times() == ("2023-11-14T22:13:20Z", old)
    time.now += 60
    started(slow.patch(f"{POOLS}/{pool_id}", data={"link_domain": NEWS}))
    time.now += 60
    assert times() == ("2023-11-14T22:13:20Z", "2023-11-14T22:14:30Z")
    started(slow.delete(f"{POOLS}/{pool_id}?ip=192.0.2.13"))
    assert times() == ("2023-11-14T22:15:20Z", "2023-11-14T22:14:30Z")
    time.now += 60
    assert times() == ("2023-11-14T22:15:20Z", "2023-11-14T22:15:30Z")
    succeeded(slow.post("/v3/ips/request/new"))
    [row] = slow.get("/v3/ips/details/all?ip=198.18.").json["items"]
    assert row["created_at"] == row["pool_last_modified_at"] == "2023-11-14T22:16:20Z"


def test_work_that_waits_to_be_told(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """Work that is done when the control API says so counts as done when it was promised."""
    mailgun = make_mailgun(time=time, async_delay_seconds=None)
    started(mailgun.post("/v3/ips/192.0.2.12/domains"))
    time.now += 60
    assert "192.0.2.12" not in domain_ips(mailgun, NEWS)
    assert mailgun.application.test_client().post("/_mockserver/tenants/default/jobs/run", json={}).status_code == 200
    assert domain_ips(mailgun, NEWS)[-1] == "192.0.2.12"
    [row] = mailgun.get("/v3/ips/details/all?ip=192.0.2.12").json["items"]
    assert row["domains_last_modified_at"] == "2023-11-14T22:13:20Z"


def test_rows(mailgun: ProviderClient) -> None:
    """There is a row for every IP of the account and its subaccounts, and for each subaccount that inherits it."""
    expected = [(ip, PARENT, []) for ip in OWN[:5]]
    expected += [("192.0.2.20", PARENT, [TRANSACTIONAL]), ("192.0.2.20", SUBACCOUNT, [TRANSACTIONAL])]
    expected += [("192.0.2.21", PARENT, [MARKETING]), ("192.0.2.30", SUBACCOUNT, [])]
    expected += [(ip, PARENT, []) for ip in (*SHARED, "2001:db8::25")]
    assert rows(mailgun) == expected
    sub = [row for row in expected if row[1] == SUBACCOUNT]
    assert rows(mailgun.acting_for(SUBACCOUNT)) == sub


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"pool_id": MARKETING}, ["192.0.2.21"]),
        ({"pool_id": "any"}, ["192.0.2.20", "192.0.2.20", "192.0.2.21"]),
        ({"pool_id": "none", "ip": "192.0.2.3"}, ["192.0.2.30"]),
        ({"pool_id": "nothing"}, []),
        ({"domain_id": "67bcf63306fcfd2fb4b7e057"}, ["192.0.2.10", "192.0.2.14"]),
        ({"domain_id": "any"}, ["192.0.2.10", "192.0.2.14", "192.0.2.20", "192.0.2.30", "198.51.100.1"]),
        ({"domain_id": "none", "subaccount_id": "any"}, ["192.0.2.20"]),
        ({"domain_id": "none", "pool_id": "any", "subaccount_id": "none"}, ["192.0.2.21"]),
        ({"domain_id": "nothing"}, []),
        ({"subaccount_id": SUBACCOUNT}, ["192.0.2.20", "192.0.2.30"]),
        ({"subaccount_id": "any"}, ["192.0.2.20", "192.0.2.30"]),
        ({"subaccount_id": "none", "ip": "2.2"}, ["192.0.2.20", "192.0.2.21"]),
        ({"ip": "2001:"}, ["2001:db8::25"]),
        ({"ip": "2001:", "sort_order": "descending"}, ["2001:db8::25"]),
        ({"subaccount_id": "none", "ip": "100", "sort_by": "address", "sort_order": "descending"}, SHARED[::-1]),
    ],
    ids=str,
)
def test_filters_of_details(mailgun: ProviderClient, query: dict[str, str], found: list[str]) -> None:
    """Filters take an id, `any` or `none`, and leave what fits all of them."""
    assert [row[0] for row in rows(mailgun, **query)] == found


@pytest.mark.parametrize("name", ["created_at", "pool_last_modified_at", "domains_last_modified_at"])
def test_order_of_details(make_mailgun: Callable[..., ProviderClient], name: str) -> None:
    """Rows are sorted by any of three times, either way; equal ones by their addresses."""
    field = {"pool_last_modified_at": "pool_changed_at", "domains_last_modified_at": "domains_changed_at"}.get(
        name, name
    )
    ips = [{"ip": f"192.0.2.{n}", field: when} for n, when in ((1, 300), (2, 100), (3, 200), (4, 100))]
    mailgun = make_mailgun(ips=ips, ip_pools=[], domains=[], eligible_for_shared_ips=False, subaccounts=[],
                           credentials=[{"key": "key-0123456789abcdef0123456789abcdef"}])  # fmt: skip
    for order, found in (("ascending", "2431"), ("descending", "1324")):
        items = mailgun.get(f"/v3/ips/details/all?sort_by={name}&sort_order={order}").json["items"]
        assert "".join(item["address"][-1] for item in items) == found
    page = mailgun.get(f"/v3/ips/details/all?sort_by={name}&limit=2&skip=1").json
    assert ([item["address"][-1] for item in page["items"]], page["total_count"]) == (["4", "3"], 4)


def test_bad_orders(mailgun: ProviderClient) -> None:
    """There are four things to sort by, and two ways."""
    for name, value in (("sort_by", "colour"), ("sort_by", ""), ("sort_order", "asc")):
        response = mailgun.get("/v3/ips/details/all", query_string={name: value})
        refused(response, 400, f"Invalid parameter: {name} {value}")


def test_details_need_the_feature(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Without the feature the detailed view is an error, before its parameters are looked at."""
    mailgun = make_mailgun(features=["DIPPs"])
    refused(mailgun.get("/v3/ips/details/all?limit=x"), 400, "this feature is disabled for the account")
