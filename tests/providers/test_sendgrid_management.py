"""IP Address Management: pools by id, IPs and their subusers, through HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.providers.sendgrid import blueprint

from ..support import SENDGRID, ProviderClient

POOLS = "/v3/send_ips/pools"
IPS = "/v3/send_ips/ips"
MARKETING = f"{POOLS}/23456"
SPARE = f"{POOLS}/56789"
READER = "SG.mockserverReadOnly0000.mockserverReadOnly0000000000000000000000000"
PARSE = "failed to parse the request body as a JSON payload"


def refused(response: Any, field: str, message: str) -> None:
    """Assert that a response is an error of IP Address Management."""
    assert (response.status_code, response.json) == (400, {"errors": [{"field": field, "message": message}]})


def addresses(response: Any) -> list[str]:
    assert response.status_code == 200
    return [ip["ip"] for ip in response.json["result"]]


def next_params(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = response.json["_metadata"]["next_params"]
    return found


def ip(number: int, **more: Any) -> dict[str, Any]:
    return {"ip": f"10.0.0.{number}", "rdns": "o.example.com", **more}


# Pools


def test_life_of_a_pool(sendgrid: ProviderClient) -> None:
    """A pool is made with IPs, read, renamed and deleted by its id; the IPs stay on the account."""
    made = sendgrid.post(POOLS, json={"name": "receipts", "ips": ["203.0.113.4", "198.51.100.1", "203.0.113.4"]})
    pool_id = made.json["id"]
    assert made.status_code == 201
    assert list(made.json.items()) == [
        ("name", "receipts"),
        ("id", pool_id),
        ("ips", ["203.0.113.4", "198.51.100.1"]),
    ]
    found = sendgrid.get(f"{POOLS}/{pool_id}").json
    shown = {"ips_preview": ["203.0.113.4", "198.51.100.1"], "total_ip_count": 2}
    assert found == {"name": "receipts", "id": pool_id, **shown}
    regions = [{"region": "eu", "count": 1}, {"region": "us", "count": 1}]
    assert list(sendgrid.get(f"{POOLS}/{pool_id}?include_region=true").json.items()) == [
        *found.items(),
        ("ip_count_by_region", regions),
    ]
    renamed = sendgrid.put(f"{POOLS}/{pool_id}", json={"name": "invoices"})
    assert (renamed.status_code, renamed.json) == (200, {"name": "invoices", "id": pool_id})
    assert sendgrid.get("/v3/ips/pools/invoices").json["ips"] == ["203.0.113.4", "198.51.100.1"]
    deleted = sendgrid.delete(f"{POOLS}/{pool_id}")
    assert (deleted.status_code, deleted.data) == (204, b"")
    refused(sendgrid.get(f"{POOLS}/{pool_id}"), "poolid", "not found")
    assert sendgrid.get(f"{IPS}/203.0.113.4").json["pools"] == []


@pytest.mark.parametrize("body", [{"name": "empty"}, {"name": "empty", "ips": []}, {"name": "empty", "ips": None}])
def test_a_pool_without_ips(sendgrid: ProviderClient, body: dict[str, Any]) -> None:
    """A pool may be made without IPs; null is as nothing."""
    made = sendgrid.post(POOLS, json=body)
    assert (made.status_code, made.json["ips"]) == (201, [])


@pytest.mark.parametrize("name", ["xx", "x" * 63, "x" * 64, "a.b", "a ", "ö."])
def test_names_that_fit(sendgrid: ProviderClient, name: str) -> None:
    """A name has 2 to 64 characters, and any but the first may be a dot or a blank."""
    assert sendgrid.put(SPARE, json={"name": name}).json == {"name": name, "id": "56789"}
    sendgrid.delete(SPARE)
    assert sendgrid.post(POOLS, json={"name": name}).json["name"] == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "needs to be between 2 to 64 characters long"),
        ("x", "needs to be between 2 to 64 characters long"),
        ("x" * 65, "needs to be between 2 to 64 characters long"),
        (" x", "cannot start with a dot or a space"),
        ("." + "x" * 64, "cannot start with a dot or a space"),
        ("campaigns", "already exists"),
        (None, "not found in the request body"),
    ],
)
def test_names_that_do_not_fit(sendgrid: ProviderClient, name: str | None, message: str) -> None:
    """A name that does not fit is refused for a new pool and for a new name."""
    refused(sendgrid.post(POOLS, json={"name": name}), "name", message)
    refused(sendgrid.put(SPARE, json={"name": name}), "name", message)


def test_to_its_own_name(sendgrid: ProviderClient) -> None:
    """Renaming a pool to its own name is no change."""
    assert sendgrid.put(SPARE, json={"name": "spare"}).json == {"name": "spare", "id": "56789"}


def test_one_hundred_pools(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """The 100th pool is created, the 101st is an error; a taken name is reported first."""
    pools = [{"id": str(number), "name": f"pool {number}"} for number in range(1, 100)]
    sendgrid = make_sendgrid(pools=pools)
    assert sendgrid.post(POOLS, json={"name": "last"}).status_code == 201
    refused(sendgrid.post(POOLS, json={"name": "more"}), "", "100 pools limit has been reached")
    refused(sendgrid.post(POOLS, json={"name": "last"}), "name", "already exists")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"name": 1}', b'{"name": ["xx"]}'])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bodies_that_do_not_parse(sendgrid: ProviderClient, method: str, body: bytes) -> None:
    """What is no JSON object, and a field of another type, is a body that does not parse."""
    refused(sendgrid.open(POOLS if method == "POST" else SPARE, method=method, data=body), "", PARSE)


@pytest.mark.parametrize("ips", ["203.0.113.1", [1], {}, [None]])
def test_ips_of_another_type(sendgrid: ProviderClient, ips: Any) -> None:
    """IPs are an array of texts wherever they are sent."""
    for response in (
        sendgrid.post(POOLS, json={"name": "new", "ips": ips}),
        sendgrid.post(f"{MARKETING}/ips:batchAdd", json={"ips": ips}),
        sendgrid.post(f"{MARKETING}/ips:batchDelete", json={"ips": ips}),
    ):
        refused(response, "", PARSE)


@pytest.mark.parametrize(("pool_id", "message"), [("x", "must be a numeric value"), ("1.5", "must be a numeric value"),
                                                  ("٣", "must be a numeric value"), ("0", "not found"),
                                                  ("-1", "not found"), ("9" * 5_000, "not found"),
                                                  ("67890", "not found")])  # fmt: skip
def test_pools_that_are_not_there(sendgrid: ProviderClient, pool_id: str, message: str) -> None:
    """Every operation refuses an id that is no number, and one that none of the user's pools has, with 400."""
    pool = f"{POOLS}/{pool_id}"
    ips = {"ips": ["203.0.113.1"]}
    for response in (
        sendgrid.get(pool),
        sendgrid.put(pool, json={"name": "new"}),
        sendgrid.delete(pool),
        sendgrid.get(f"{pool}/ips"),
        sendgrid.post(f"{pool}/ips:batchAdd", json=ips),
        sendgrid.post(f"{pool}/ips:batchDelete", json=ips),
    ):
        refused(response, "poolid", message)


def test_zeros_before_an_id(sendgrid: ProviderClient) -> None:
    """An id is a number: zeros before it say nothing."""
    assert sendgrid.get(f"{POOLS}/0056789").json["id"] == "56789"


# The IPs of a pool


def test_members(sendgrid: ProviderClient) -> None:
    """IPs are added to a pool and taken out of it in batches, and listed by number with all their pools."""
    added = sendgrid.post(f"{MARKETING}/ips:batchAdd", json={"ips": ["203.0.113.20", "203.0.113.4", "203.0.113.4"]})
    assert added.status_code == 200
    assert list(added.json.items()) == [
        ("name", "campaigns"),
        ("id", "23456"),
        ("ips", ["203.0.113.20", "203.0.113.4"]),
    ]
    campaigns = {"id": "23456", "name": "campaigns"}
    page = sendgrid.get(f"{MARKETING}/ips?limit=2")
    assert page.json == {
        "result": [
            {"ip": "203.0.113.2", "pools": [{"id": "12345", "name": "transactional"}, campaigns]},
            {"ip": "203.0.113.3", "pools": [campaigns]},
        ],
        "_metadata": {"next_params": {"after_key": "203.0.113.3", "limit": "2"}},
    }
    rest = sendgrid.get(f"{MARKETING}/ips?after_key=203.0.113.3&include_region=true")
    assert addresses(rest) == ["203.0.113.4", "203.0.113.20", "203.0.113.201"]
    assert list(rest.json["result"][0]) == ["ip", "region", "pools"]
    assert next_params(rest) == {"after_key": None, "include_region": "true"}
    gone = sendgrid.post(f"{MARKETING}/ips:batchDelete", json={"ips": ["203.0.113.2", "203.0.113.20", "203.0.113.2"]})
    assert (gone.status_code, gone.data) == (204, b"")
    assert addresses(sendgrid.get(f"{MARKETING}/ips")) == ["203.0.113.3", "203.0.113.4", "203.0.113.201"]
    assert sendgrid.get("/v3/ips/pools/transactional").json["ips"] == ["203.0.113.1", "203.0.113.2"]


@pytest.mark.parametrize(
    ("after_key", "expected"),
    [
        ("0", ["0.0.0.0", "10.0.0.2", "10.0.0.10", "2001:db8::1", "test"]),
        ("167772162", ["10.0.0.10", "2001:db8::1", "test"]),
        ("10.0.0.9", ["10.0.0.10", "2001:db8::1", "test"]),
        ("10.0.0.10", ["2001:db8::1", "test"]),
        ("2001:db8::1", ["test"]),
        ("test", []),
        ("9" * 5_000, ["2001:db8::1", "test"]),
    ],
)
def test_pages_of_members(make_sendgrid: Callable[..., ProviderClient], after_key: str, expected: list[str]) -> None:
    """A page begins after an address, or the number that is one; 0 is the beginning, what is no address the end."""
    ips = ["test", "10.0.0.10", "2001:db8::1", "10.0.0.2", "0.0.0.0"]
    sendgrid = make_sendgrid(
        ips=[{"ip": each, "rdns": "o.example.com"} for each in ips], pools=[{"id": "1", "name": "all", "ips": ips}]
    )
    assert addresses(sendgrid.get(f"{POOLS}/1/ips?after_key={after_key}")) == expected


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "should be > 0 and <= 100"),
        ("limit=101", "limit", "should be > 0 and <= 100"),
        ("after_key=x", "after_key", "must be a numeric value"),
        ("after_key=-1", "after_key", "must be >= 0"),
        ("include_region=1", "include_region", "must be one of the following: true, false"),
    ],
)
def test_queries_of_members(sendgrid: ProviderClient, query: str, field: str, message: str) -> None:
    """A bad query for the IPs of a pool is refused."""
    refused(sendgrid.get(f"{MARKETING}/ips?{query}"), field, message)


@pytest.mark.parametrize("operation", ["batchAdd", "batchDelete"])
def test_the_size_of_a_batch(sendgrid: ProviderClient, operation: str) -> None:
    """A batch has 1 to 100 IPs; none at all is a missing field."""
    path = f"{SPARE}/ips:{operation}"
    refused(sendgrid.post(path, json={}), "ips", "not found in the request body")
    refused(sendgrid.post(path, json={"ips": None}), "ips", "not found in the request body")
    for count in (0, 101):
        response = sendgrid.post(path, json={"ips": [f"203.0.113.{number}" for number in range(count)]})
        refused(response, "ips", "the number of IPs must be between 1 and 100")
    for first in (99, 100):
        ips = [f"203.0.113.{number}" for number in range(1, first + 1)]
        sendgrid.post(f"{SPARE}/ips:batchAdd", json={"ips": ips})
        assert sendgrid.post(path, json={"ips": ips}).status_code in (200, 204)


def test_a_new_pool_has_at_most_one_hundred_ips(sendgrid: ProviderClient) -> None:
    """A pool is made with 100 IPs, and not with 101."""
    ips = [f"203.0.113.{number}" for number in range(1, 102)]
    refused(
        sendgrid.post(POOLS, json={"name": "new", "ips": ips}), "ips", "the number of IPs must be between 1 and 100"
    )
    assert len(sendgrid.post(POOLS, json={"name": "new", "ips": ips[:100]}).json["ips"]) == 100


def test_a_pool_takes_one_hundred_ips(sendgrid: ProviderClient) -> None:
    """IPs beyond the 100th are refused, with how many the pool has; those it has already do not count."""
    path = f"{SPARE}/ips:batchAdd"
    ips = [f"203.0.113.{number}" for number in range(1, 102)]
    assert sendgrid.post(path, json={"ips": ips[:98]}).status_code == 200
    text = "the total number of IPs per pool cannot exceed 100. current IP count in ‘spare’ is ‘98’"
    refused(sendgrid.post(path, json={"ips": ips[90:]}), "ips", text)
    assert sendgrid.get(SPARE).json["total_ip_count"] == 98
    assert sendgrid.post(path, json={"ips": ips[90:100]}).status_code == 200
    assert sendgrid.get(SPARE).json["total_ip_count"] == 100


def test_ips_that_cannot_join(sendgrid: ProviderClient) -> None:
    """Those that are not the user's, without reverse DNS, disabled or not the parent's are named, each once."""
    bad = ["9.9.9.9", "203.0.113.202", "203.0.113.203", "203.0.113.204", "nonsense"]
    text = f"unable to verify IPs assignability: {', '.join(bad)}"
    for response in (
        sendgrid.post(f"{SPARE}/ips:batchAdd", json={"ips": ["203.0.113.1", *bad, *bad]}),
        sendgrid.post(POOLS, json={"name": "new", "ips": [*bad, "203.0.113.1"]}),
    ):
        refused(response, "ips", text)
    assert sendgrid.get(SPARE).json["total_ip_count"] == 0
    subuser = sendgrid.acting_for("subuser1")
    path = f"{POOLS}/67890/ips:batchAdd"
    refused(subuser.post(path, json={"ips": ["203.0.113.1"]}), "ips", "unable to verify IPs assignability: 203.0.113.1")
    assert subuser.post(path, json={"ips": ["203.0.113.8", "203.0.113.205"]}).status_code == 200


def test_a_batch_is_taken_out_whole(sendgrid: ProviderClient) -> None:
    """If one IP is not in the pool, none is taken out."""
    response = sendgrid.post(f"{MARKETING}/ips:batchDelete", json={"ips": ["203.0.113.2", "203.0.113.1", "x"]})
    refused(response, "ips", "not found in pool ‘campaigns’: 203.0.113.1, x")
    assert sendgrid.get(MARKETING).json["total_ip_count"] == 3


# IPs


def test_an_ip(sendgrid: ProviderClient) -> None:
    """An IP is returned with its pools and settings; one of SendGrid's has no `is_enabled`."""
    found = sendgrid.get(f"{IPS}/203.0.113.2").json
    assert list(found.items()) == [
        ("ip", "203.0.113.2"),
        ("is_parent_assigned", True),
        ("is_auto_warmup", False),
        ("pools", [{"id": "12345", "name": "transactional"}, {"id": "23456", "name": "campaigns"}]),
        ("added_at", 1664390835),
        ("updated_at", None),
        ("is_enabled", None),
        ("is_leased", True),
    ]
    assert sendgrid.get(f"{IPS}/198.51.100.1?include_region=true").json["region"] == "eu"
    assert "region" not in sendgrid.get(f"{IPS}/198.51.100.1?include_region=false").json
    (listed,) = sendgrid.get(f"{IPS}?ip=203.0.113.2").json["result"]
    assert listed == found
    assert list(listed) == [
        "ip", "pools", "is_auto_warmup", "is_parent_assigned", "updated_at", "is_enabled", "is_leased", "added_at"
    ]  # fmt: skip
    assert list(listed["pools"][0]) == ["name", "id"]


def test_the_ips_of_a_subuser(sendgrid: ProviderClient) -> None:
    """A subuser sees its own IPs with its own pools, and nothing of the parent."""
    subuser = sendgrid.acting_for("subuser1")
    assert addresses(subuser.get(IPS)) == ["203.0.113.7", "203.0.113.8", "203.0.113.205"]
    found = subuser.get(f"{IPS}/203.0.113.7").json
    assert found["pools"] == [{"id": "67890", "name": "newsletters"}]
    assert "is_parent_assigned" not in found
    refused(subuser.get(f"{IPS}/203.0.113.1"), "ip", "not found")
    assert sendgrid.get(f"{IPS}/203.0.113.7").json["pools"] == []


@pytest.fixture
def nine(make_sendgrid: Callable[..., ProviderClient]) -> ProviderClient:
    """An account whose IPs differ in everything that can be asked for."""
    return make_sendgrid(
        subusers=["team"],
        ips=[
            ip(10),
            ip(9, leased=False),
            ip(8, leased=False, enabled=False),
            ip(7, parent_assigned=False),
            ip(6, region="eu"),
            ip(5, added_at=1_000),
            ip(4, added_at=2_000),
            ip(3, subusers=["team"]),
            ip(2),
        ],
        pools=[{"id": "5", "name": "five", "ips": ["10.0.0.5", "10.0.0.10"]}],
    )


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("ip=10.0.0.7", [7]),
        ("ip=nonsense", []),
        ("is_leased=false", [8, 9]),
        ("is_leased=true", [2, 3, 4, 5, 6, 7, 10]),
        ("is_enabled=true", [9]),
        ("is_enabled=false", [8]),
        ("is_parent_assigned=false", [7]),
        ("is_parent_assigned=true&is_leased=false", [8, 9]),
        ("pool=5", [5, 10]),
        ("pool=005&start_added_at=1001", [10]),
        ("start_added_at=1000&end_added_at=1999", [5]),
        ("end_added_at=2000", [4, 5]),
        ("start_added_at=99999999999999999999999", []),
        ("region=eu", [6]),
        ("region=us&end_added_at=2000", [4, 5]),
        ("region=all", [2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("after_key=0&limit=2", [2, 3]),
        ("after_key=10.0.0.4&limit=2", [5, 6]),
        ("after_key=10.0.0.10", []),
        ("before_key=10.0.0.5&limit=2", [3, 4]),
        ("before_key=10.0.0.3&limit=2", [2]),
        ("before_key=10.0.0.2", []),
        ("before_key=10.0.0.200&limit=1", [10]),
    ],
)
def test_filters(nine: ProviderClient, query: str, numbers: list[int]) -> None:
    """Each filter takes those that fit it, in the order of their numbers."""
    assert addresses(nine.get(f"{IPS}?{query}")) == [f"10.0.0.{number}" for number in numbers]


def test_pages_both_ways(nine: ProviderClient) -> None:
    """Following either key shows every IP once, and ends with null; the keys are this page's last and first IP."""
    forth, params = [], {"after_key": "0", "before_key": None}
    while params["after_key"] is not None:
        page = nine.get(f"{IPS}?limit=4&after_key={params['after_key']}")
        forth.append(addresses(page))
        params = next_params(page)
    assert [len(page) for page in forth] == [4, 4, 1]
    assert params == {"after_key": None, "before_key": "10.0.0.10", "limit": "4"}
    back = []
    while params["before_key"] is not None:
        page = nine.get(f"{IPS}?limit=4&before_key={params['before_key']}")
        back.append(addresses(page))
        params = next_params(page)
    assert back == [forth[1], forth[0]]
    assert params == {"after_key": "10.0.0.5", "before_key": None, "limit": "4"}


def test_next_params_repeat_what_was_sent(nine: ProviderClient) -> None:
    """Flags come back as booleans, the rest as texts; the regional ones only when include_region is true."""
    query = "ip=10.0.0.9&is_leased=false&is_enabled=true&start_added_at=007&end_added_at=9999999999&limit=5&region=us"
    asked = [
        ("after_key", None),
        ("before_key", None),
        ("ip", "10.0.0.9"),
        ("is_leased", False),
        ("is_enabled", True),
        ("start_added_at", "007"),
        ("end_added_at", "9999999999"),
        ("limit", "5"),
    ]
    assert list(next_params(nine.get(f"{IPS}?{query}")).items()) == asked
    regional = [*asked, ("region", "us"), ("include_region", "true")]
    assert list(next_params(nine.get(f"{IPS}?{query}&include_region=true")).items()) == regional
    assert next_params(nine.get(f"{IPS}?is_parent_assigned=true"))["is_parent_assigned"] is True
    assert next_params(nine.get(f"{IPS}?pool=5"))["pool"] == "5"


@pytest.mark.parametrize("limit", ["1", "4999", "5000"])
def test_limits_of_ips_that_fit(sendgrid: ProviderClient, limit: str) -> None:
    """A page of IPs has 1 to 5000."""
    assert sendgrid.get(f"{IPS}?limit={limit}").status_code == 200


@pytest.mark.parametrize("limit", ["0", "5001", "-1", "x", "", "1.0", "9" * 5_000])
def test_limits_of_ips_that_do_not(sendgrid: ProviderClient, limit: str) -> None:
    """Any other limit is refused, in other words than those of pools."""
    refused(sendgrid.get(f"{IPS}?limit={limit}"), "limit", "should be > 0 and ≤ 5000")


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("after_key=", "after_key", "invalid IP address"),
        ("after_key=1", "after_key", "invalid IP address"),
        ("before_key=0", "before_key", "invalid IP address"),
        ("after_key=0&before_key=10.0.0.1", "after_key", "cannot be used with ‘before_key’"),
        ("pool=", "pool", "must be numeric"),
        ("pool=67890", "pool", "not found"),
        ("region=mars", "region", "must be one of the following: all, eu, us"),
        ("include_region=maybe", "include_region", "must be one of the following: true, false"),
    ],
)
def test_queries_of_ips(sendgrid: ProviderClient, query: str, field: str, message: str) -> None:
    """What the table of documented errors does not hold is refused too."""
    refused(sendgrid.get(f"{IPS}?{query}"), field, message)


def test_an_odd_address_is_one(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """The placeholder for an address in the documents is valid in a seed: it is found and paged by."""
    sendgrid = make_sendgrid(ips=[{"ip": "0.00.0.0"}, {"ip": "test"}])
    assert sendgrid.get(f"{IPS}/0.00.0.0").status_code == 200
    assert next_params(sendgrid.get(f"{IPS}?limit=1"))["after_key"] == "0.00.0.0"
    assert addresses(sendgrid.get(f"{IPS}?after_key=0.00.0.0")) == ["test"]
    assert addresses(sendgrid.get(f"{IPS}?before_key=test")) == ["0.00.0.0"]


# New IPs


def test_a_new_ip(make_app: Callable[..., Flask]) -> None:
    """An IP is added with its region and subusers, begins to warm up if asked to, and can join a pool."""
    sendgrid = SENDGRID.client(make_app(time=lambda: 1_700_000_000.5))
    plain = sendgrid.post(IPS, json={"is_auto_warmup": False, "is_parent_assigned": True})
    assert plain.status_code == 201
    address = plain.json["ip"]
    assert list(plain.json.items()) == [
        ("ip", address),
        ("is_auto_warmup", False),
        ("is_parent_assigned", True),
        ("subusers", []),
    ]
    assert sendgrid.post(f"{SPARE}/ips:batchAdd", json={"ips": [address]}).status_code == 200
    subuser = {s["username"]: str(s["id"]) for s in sendgrid.get("/v3/subusers").json}["subuser1"]
    body = {"is_auto_warmup": True, "is_parent_assigned": False, "subusers": [subuser], "region": "eu"}
    warm = sendgrid.post(IPS, json={**body, "include_region": True})
    assert warm.json == {**warm.json, **{name: body[name] for name in body}}
    found = sendgrid.get(f"{IPS}/{warm.json['ip']}").json
    assert (found["added_at"], found["updated_at"], found["is_leased"]) == (1_700_000_000, None, True)
    assert sendgrid.get(f"/v3/ips/warmup/{warm.json['ip']}").json == [
        {"ip": warm.json["ip"], "start_date": 1_700_000_000}
    ]
    refused(
        sendgrid.post(f"{SPARE}/ips:batchAdd", json={"ips": [warm.json["ip"]]}),
        "ips",
        f"unable to verify IPs assignability: {warm.json['ip']}",
    )


@pytest.mark.parametrize("remaining", [0, 1, 2])
def test_ips_run_out(make_sendgrid: Callable[..., ProviderClient], remaining: int) -> None:
    """An account can have as many new IPs as it may, from either API, and no more."""
    sendgrid = make_sendgrid(remaining_ips=remaining)
    body = {"is_auto_warmup": False, "is_parent_assigned": True}
    for left in reversed(range(remaining)):
        assert sendgrid.post(IPS, json=body).status_code == 201
        assert sendgrid.get("/v3/ips/remaining").json["results"][0]["remaining"] == left
    refused(sendgrid.post(IPS, json=body), "", "No IPs remaining")


def test_a_taken_address_is_not_sold(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """A new IP has an address that the account has not."""
    taken = [f"198.18.0.{number}" for number in range(1, 4)]
    sendgrid = make_sendgrid(ips=[{"ip": address} for address in taken])
    made = sendgrid.post(IPS, json={"is_auto_warmup": False, "is_parent_assigned": True})
    assert made.json["ip"] == "198.18.0.4"


def test_subusers_that_only_have_warming_ips(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """With warm-up each subuser needs an IP that is not in warm-up; without, none does."""
    sendgrid = make_sendgrid(
        subusers=[{"name": name, "id": number} for name, number in (("a", "11"), ("b", "12"), ("c", "13"))],
        ips=[ip(1, subusers=["a"]), ip(2, subusers=["a", "b"], warmup=True)],
    )
    body = {"is_parent_assigned": True, "subusers": ["11", "12", "13"]}
    text = "these users must have at least one IP that is not in warmup: 12, 13"
    refused(sendgrid.post(IPS, json={**body, "is_auto_warmup": True}), "subusers", text)
    assert sendgrid.post(IPS, json={**body, "is_auto_warmup": False}).json["subusers"] == ["11", "12", "13"]
    assert sendgrid.post(IPS, json={**body, "is_auto_warmup": True}).status_code == 201


@pytest.mark.parametrize(
    ("more", "field", "message"),
    [
        ({"is_auto_warmup": "true"}, "", PARSE),
        ({"is_parent_assigned": 1}, "", PARSE),
        ({"is_auto_warmup": None}, "is_auto_warmup", "not found in the request body"),
        ({"subusers": [1]}, "", PARSE),
        ({"subusers": ["1001"] * 1_001}, "subusers", "cannot assign more than 1000 subusers per call"),
        ({"subusers": ["1000", "x"]}, "subusers", "cannot contain caller’s userID"),
        ({"subusers": ["x", "1001", "y", "x"]}, "subusers", "unverified subusers: x, y"),
        ({"region": "all"}, "region", "must be one of the following: eu, us"),
        ({"region": 1}, "", PARSE),
        ({"include_region": "true"}, "", PARSE),
    ],
)
def test_new_ips_that_do_not_fit(sendgrid: ProviderClient, more: dict[str, Any], field: str, message: str) -> None:
    """A bad request for a new IP is refused, and costs none."""
    body = {"is_auto_warmup": False, "is_parent_assigned": True}
    refused(sendgrid.post(IPS, json={**body, **more}), field, message)
    assert sendgrid.get("/v3/ips/remaining").json["results"][0]["remaining"] == 10


# The settings of an IP


def test_settings(make_app: Callable[..., Flask]) -> None:
    """Each setting is changed by itself, the answer has all three, and the IP says when."""
    sendgrid = SENDGRID.client(make_app(time=lambda: 1_700_000_000.5))
    path = f"{IPS}/203.0.113.3"
    changed = sendgrid.patch(path, json={"is_auto_warmup": True, "is_enabled": None})
    assert changed.status_code == 200
    assert list(changed.json.items()) == [
        ("ip", "203.0.113.3"),
        ("is_auto_warmup", True),
        ("is_parent_assigned", True),
        ("is_enabled", True),
    ]
    assert sendgrid.get(path).json["updated_at"] == 1_700_000_000
    assert sendgrid.get("/v3/ips/warmup/203.0.113.3").json[0]["start_date"] == 1_700_000_000
    sendgrid.patch(path, json={"is_auto_warmup": False})
    assert sendgrid.get("/v3/ips/warmup/203.0.113.3").status_code == 404


def test_warm_up_goes_on(sendgrid: ProviderClient) -> None:
    """Starting the warm-up of an IP that is warming up does not restart it."""
    sendgrid.patch(f"{IPS}/203.0.113.201", json={"is_auto_warmup": True})
    assert sendgrid.get("/v3/ips/warmup/203.0.113.201").json[0]["start_date"] == 1409616000


@pytest.mark.parametrize("setting", ["is_parent_assigned", "is_enabled"])
def test_an_ip_leaves_its_pools(sendgrid: ProviderClient, setting: str) -> None:
    """An IP that is no longer the parent's or enabled leaves all of the parent's pools, and can join again later."""
    path = f"{IPS}/203.0.113.2"
    assert sendgrid.patch(path, json={setting: False}).json[setting] is False
    assert sendgrid.get(path).json["pools"] == []
    assert sendgrid.get(MARKETING).json["total_ip_count"] == 2
    batch = {"ips": ["203.0.113.2"]}
    assert sendgrid.post(f"{MARKETING}/ips:batchAdd", json=batch).status_code == 400
    sendgrid.patch(path, json={setting: True})
    assert sendgrid.post(f"{MARKETING}/ips:batchAdd", json=batch).status_code == 200


def test_a_subusers_pool_keeps_what_is_not_the_parents(sendgrid: ProviderClient) -> None:
    """Whether the parent may send from an IP does not matter to a subuser's pool; whether it is enabled does."""
    sendgrid.patch(f"{IPS}/203.0.113.7", json={"is_parent_assigned": False})
    subuser = sendgrid.acting_for("subuser1")
    assert subuser.get("/v3/ips/pools/newsletters").json["ips"] == ["203.0.113.7"]
    sendgrid.patch(f"{IPS}/203.0.113.7", json={"is_enabled": False})
    assert subuser.get("/v3/ips/pools/newsletters").json["ips"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"is_enabled": "yes"}', b'{"is_auto_warmup": 1}'])
def test_settings_that_do_not_parse(sendgrid: ProviderClient, body: bytes) -> None:
    """A setting is a boolean."""
    refused(sendgrid.patch(f"{IPS}/203.0.113.3", data=body), "", PARSE)


def test_settings_of_an_ip_that_is_not_there(sendgrid: ProviderClient) -> None:
    """An invalid address and an address of another account have different errors."""
    refused(sendgrid.patch(f"{IPS}/nonsense", json={"is_enabled": True}), "ip", "invalid IP address")
    refused(sendgrid.patch(f"{IPS}/2001:db8::1", json={"is_enabled": True}), "ip", "unable to verify IP ownership")


# The subusers of an IP


@pytest.fixture
def crowd(make_sendgrid: Callable[..., ProviderClient]) -> ProviderClient:
    """An account with 1,001 subusers, whose ids are 2 to 1002, and one IP of the last two."""
    subusers = [{"name": f"s{number}", "id": str(number)} for number in range(2, 1_003)]
    return make_sendgrid(user_id="1", subusers=subusers, ips=[ip(1, subusers=["s1002", "s1001"])])


def test_subusers_come_and_go(crowd: ProviderClient) -> None:
    """Subusers are added to an IP and taken from it by id, and listed in the order of their ids as numbers."""
    path = f"{IPS}/10.0.0.1/subusers"
    added = crowd.post(f"{path}:batchAdd", json={"subusers": ["9", "1001", "9"]})
    assert (added.status_code, added.json) == (200, {"ip": "10.0.0.1", "subusers": ["9", "1001", "1002"]})
    page = crowd.get(f"{path}?limit=2")
    assert page.json == {
        "result": ["9", "1001"],
        "_metadata": {"next_params": {"after_key": "1001", "limit": "2"}},
    }
    rest = crowd.get(f"{path}?after_key=1001")
    assert rest.json == {"result": ["1002"], "_metadata": {"next_params": {"after_key": None}}}
    gone = crowd.post(f"{path}:batchDelete", json={"subusers": ["9", "1002", "500"]})
    assert (gone.status_code, gone.data) == (204, b"")
    assert crowd.get(path).json["result"] == ["1001"]


@pytest.mark.parametrize("operation", ["batchAdd", "batchDelete"])
def test_one_thousand_subusers(crowd: ProviderClient, operation: str) -> None:
    """A batch has 1 to 1000 subusers."""
    path = f"{IPS}/10.0.0.1/subusers:{operation}"
    ids = [str(number) for number in range(2, 1_003)]
    refused(crowd.post(path, json={"subusers": ids}), "subusers", "cannot assign more than 1000 subusers per call")
    for count in (999, 1_000):
        assert crowd.post(path, json={"subusers": ids[:count]}).status_code in (200, 204)
    for body in ({}, {"subusers": []}, {"subusers": None}):
        refused(crowd.post(path, json=body), "subusers", "must not be empty")


@pytest.mark.parametrize("operation", ["batchAdd", "batchDelete"])
def test_subusers_that_do_not_fit(crowd: ProviderClient, operation: str) -> None:
    """A batch with the caller, or with what is no subuser, changes nothing."""
    path = f"{IPS}/10.0.0.1/subusers:{operation}"
    for body in (b"{", b'{"subusers": "2"}', b'{"subusers": [2]}'):
        refused(crowd.post(path, data=body), "", PARSE)
    refused(crowd.post(path, json={"subusers": ["2", "1", "x"]}), "subusers", "cannot contain caller’s userID")
    refused(crowd.post(path, json={"subusers": ["2", "x", "s3"]}), "subusers", "unverified subusers: x, s3")
    for address in ("nonsense", "10.0.0.2"):
        response = crowd.post(f"{IPS}/{address}/subusers:{operation}", json={"subusers": ["2"]})
        refused(response, "", "invalid IP address")
    assert crowd.get(f"{IPS}/10.0.0.1/subusers").json["result"] == ["1001", "1002"]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=101", "limit", "should be > 0 and <= 100"),
        ("after_key=x", "after_key", "must be a numeric value"),
        ("after_key=-1", "after_key", "must be >= 0"),
    ],
)
def test_queries_of_subusers(crowd: ProviderClient, query: str, field: str, message: str) -> None:
    """A bad query for the subusers of an IP is refused."""
    refused(crowd.get(f"{IPS}/10.0.0.1/subusers?{query}"), field, message)


def test_an_ip_leaves_the_pools_of_who_loses_it(sendgrid: ProviderClient) -> None:
    """A subuser that loses an IP has it in no pool."""
    ids = {each["username"]: str(each["id"]) for each in sendgrid.get("/v3/subusers").json}
    sendgrid.post(f"{IPS}/203.0.113.7/subusers:batchDelete", json={"subusers": [ids["subuser1"]]})
    assert sendgrid.acting_for("subuser1").get("/v3/ips/pools/newsletters").json["ips"] == []


# Credentials and scopes


OPERATIONS = [each for each in blueprint.operations.values() if each.paths[0].startswith("/v3/send_ips/")]


@pytest.mark.parametrize("profile", ["documented", "live"])
def test_no_error_has_a_field_that_is_null(make_sendgrid: Callable[..., ProviderClient], profile: str) -> None:
    """Without a key, with an unknown one, for an unknown subuser and on unknown paths `field` is empty."""
    sendgrid = make_sendgrid(profile=profile, subusers=["team"])
    assert len(OPERATIONS) == 15
    for operation in OPERATIONS:
        for client in (
            sendgrid.with_headers({}),
            sendgrid.with_headers({"Authorization": "Bearer nonsense"}),
            sendgrid.acting_for("unknown"),
        ):
            response = client.open(operation.paths[0], method=operation.method)
            assert response.status_code == 401
            assert response.data == b'{"errors":[{"field":"","message":"authorization required"}]}'
    response = sendgrid.get("/v3/send_ips/nonsense")
    assert (response.status_code, response.json) == (
        404,
        {"errors": [{"field": "", "message": "resource not found"}]},
    )


def test_scopes(make_app: Callable[..., Flask]) -> None:
    """The error of a missing scope names it; IPs in a new pool need a scope of their own."""
    app = make_app()
    reader = SENDGRID.client(app, READER)
    assert reader.get(MARKETING).status_code == 200
    for response, scope in (
        (reader.get(f"{MARKETING}/ips"), "ips.pools.ips.read"),
        (reader.post(POOLS, json={}), "ips.pools.create"),
        (reader.put(MARKETING, json={}), "ips.pools.update"),
        (reader.delete(MARKETING), "ips.pools.delete"),
        (reader.post(f"{MARKETING}/ips:batchAdd", json={}), "ips.pools.ips.create"),
        (reader.post(f"{MARKETING}/ips:batchDelete", json={}), "ips.pools.ips.delete"),
        (reader.get(IPS), "ips.read"),
        (reader.post(IPS, json={}), "ips.create"),
        (reader.get(f"{IPS}/203.0.113.1"), "ips.read"),
        (reader.patch(f"{IPS}/203.0.113.1", json={}), "ips.update"),
        (reader.get(f"{IPS}/203.0.113.1/subusers"), "ips.read"),
        (reader.post(f"{IPS}/203.0.113.1/subusers:batchAdd", json={}), "ips.update"),
        (reader.post(f"{IPS}/203.0.113.1/subusers:batchDelete", json={}), "ips.update"),
    ):
        assert response.status_code == 401
        assert response.json == {"errors": [{"field": "", "message": f"missing required scope: {scope}"}]}


def test_a_pool_with_ips_needs_two_scopes(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """A key that may create pools makes an empty one, and one with IPs only with the scope for members."""
    key = {"key": "creator", "scopes": ["ips.pools.create"]}
    creator = make_sendgrid(credentials=[key], ips=[ip(1)]).with_key("creator")
    assert creator.post(POOLS, json={"name": "empty"}).status_code == 201
    response = creator.post(POOLS, json={"name": "full", "ips": ["10.0.0.1"]})
    assert response.status_code == 401
    assert response.json["errors"][0]["message"] == "missing required scope: ips.pools.ips.create"


@pytest.mark.parametrize("path", [f"{POOLS}/23456/ips", f"{IPS}/203.0.113.3/subusers", POOLS])
def test_size_of_a_page_that_is_no_number(sendgrid: ProviderClient, path: str) -> None:
    refused(sendgrid.get(f"{path}?limit=ten"), "limit", "should be > 0 and <= 100")


@pytest.mark.parametrize("path", [MARKETING, f"{IPS}/203.0.113.3", POOLS, IPS])
def test_switch_that_is_no_boolean(sendgrid: ProviderClient, path: str) -> None:
    message = "must be one of the following: true, false"
    refused(sendgrid.get(f"{path}?include_region=yes"), "include_region", message)


@pytest.mark.parametrize("name", ["is_auto_warmup", "is_parent_assigned", "is_enabled"])
def test_setting_that_is_no_boolean(sendgrid: ProviderClient, name: str) -> None:
    refused(sendgrid.patch(f"{IPS}/203.0.113.3", json={name: "true"}), "", PARSE)


def test_address_that_is_not_of_the_account(sendgrid: ProviderClient) -> None:
    """An invalid address and an address of another account have different errors."""
    refused(sendgrid.get(f"{IPS}/nonsense"), "ip", "invalid IP address")
    refused(sendgrid.get(f"{IPS}/203.0.113.250"), "ip", "not found")
