"""SendGrid's classic API beside pools: IPs, warm-up, scopes and subusers; hosts; and what profiles change."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.providers.sendgrid import blueprint, catalog

from ..support import SENDGRID, ProviderClient

IPS = "/v3/ips"
POOLS = "/v3/ips/pools"
WARMUP = "/v3/ips/warmup"
SUBUSERS = "/v3/subusers"
MANAGED = "/v3/send_ips/ips"
NOT_FOUND = {"errors": [{"field": None, "message": "resource not found"}]}


def refused(response: Any, field: str | None, message: str) -> None:
    """Assert that an answer is a 400 of the classic API."""
    assert (response.status_code, response.json) == (400, {"errors": [{"field": field, "message": message}]})


def addresses(response: Any) -> list[str]:
    assert response.status_code == 200
    return [ip["ip"] for ip in response.json]


def ip(number: int, **more: Any) -> dict[str, Any]:
    return {"ip": f"10.0.0.{number}", "rdns": f"o{number}.example.com", **more}


# IPs


@pytest.fixture
def twelve(make_sendgrid: Callable[..., ProviderClient]) -> ProviderClient:
    """An account with twelve IPs, the last ones first, and a subuser."""
    return make_sendgrid(
        username="boss",
        subusers=["team"],
        ips=[
            *(ip(number) for number in range(12, 3, -1)),
            ip(3, subusers=["team"], warmup=True, start_date=1_409_616_000, added_at=1_482_883_200),
            ip(2, parent_assigned=False),
            {"ip": "10.0.0.1"},
        ],
        pools=[{"id": "1", "name": "one", "ips": ["10.0.0.3"]}, {"id": "2", "name": "two", "ips": ["10.0.0.3"]}],
    )


def test_an_ip_of_the_list(twelve: ProviderClient) -> None:
    """An IP has who may send from it, the parent first, its pools, and its reverse DNS only if there is one."""
    first, _, third = twelve.get(f"{IPS}?limit=3").json
    assert list(third.items()) == [
        ("ip", "10.0.0.3"),
        ("subusers", ["boss", "team"]),
        ("rdns", "o3.example.com"),
        ("pools", ["one", "two"]),
        ("warmup", True),
        ("start_date", 1_409_616_000),
        ("whitelabeled", True),
        ("assigned_at", 1_482_883_200),
    ]
    assert list(first.items()) == [
        ("ip", "10.0.0.1"),
        ("subusers", ["boss"]),
        ("pools", []),
        ("warmup", False),
        ("start_date", None),
        ("whitelabeled", False),
        ("assigned_at", 1664390835),
    ]
    alone = twelve.get(f"{IPS}/10.0.0.3").json
    assert {**alone, "assigned_at": 1_482_883_200} == third
    assert list(alone) == list(third)[:-1]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", range(1, 11)),
        ("offset=10", [11, 12]),
        ("offset=12", []),
        ("offset=99999999999999999999", []),
        ("limit=500", range(1, 13)),
        ("limit=2&offset=1", [2, 3]),
        ("sort_by_direction=desc&limit=3", [12, 11, 10]),
        ("sort_by_direction=asc&limit=1", [1]),
        ("exclude_whitelabels=true", [1]),
        ("exclude_whitelabels=false&limit=1", [1]),
        ("subuser=team", [3]),
        ("subuser=test_string", []),
        ("ip=10.0.0.7", [7]),
        ("ip=test_string", []),
    ],
)
def test_filters(twelve: ProviderClient, query: str, numbers: Any) -> None:
    """The list has ten IPs unless it is asked for others, in the order of their numbers; what fits nothing is empty."""
    assert addresses(twelve.get(f"{IPS}?{query}")) == [f"10.0.0.{number}" for number in numbers]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "should be > 0 and <= 500"),
        ("limit=501", "limit", "should be > 0 and <= 500"),
        ("limit=x", "limit", "should be > 0 and <= 500"),
        ("offset=-1", "offset", "must be >= 0"),
        ("offset=x", "offset", "must be a numeric value"),
        ("exclude_whitelabels=1", "exclude_whitelabels", "must be one of the following: true, false"),
        ("sort_by_direction=up", "sort_by_direction", "must be one of the following: asc, desc"),
    ],
)
def test_queries_that_do_not_fit(twelve: ProviderClient, query: str, field: str, message: str) -> None:
    """A bad parameter is refused by its name."""
    refused(twelve.get(f"{IPS}?{query}"), field, message)


def links(response: Any) -> dict[str, tuple[str, str]]:
    """Return the query and the title of each link, by its relation."""
    found = re.findall(
        r'<http://localhost/sendgrid/v3/ips\?([^>]*)>; rel="(\w+)"; title="(\d+)"', response.headers["Link"]
    )
    assert len(found) == response.headers["Link"].count("rel=")
    return {rel: (query, title) for query, rel, title in found}


def test_links(twelve: ProviderClient) -> None:
    """The header Link has the pages around this one, as the documents' example orders and numbers them."""
    first = links(twelve.get(f"{IPS}?limit=5"))
    assert list(first.items()) == [
        ("next", ("limit=5&offset=5", "2")),
        ("prev", ("limit=5&offset=0", "1")),
        ("last", ("limit=5&offset=10", "3")),
        ("first", ("limit=5&offset=0", "1")),
    ]
    last = links(twelve.get(f"{IPS}?limit=5&offset=10&sort_by_direction=desc"))
    assert last == {
        "prev": ("limit=5&offset=5&sort_by_direction=desc", "2"),
        "last": ("limit=5&offset=10&sort_by_direction=desc", "3"),
        "first": ("limit=5&offset=0&sort_by_direction=desc", "1"),
    }
    nothing = links(twelve.get(f"{IPS}?ip=x&offset=50"))
    assert set(nothing) == {"prev", "last", "first"}
    assert {title for _, title in nothing.values()} == {"1"}


def test_following_links(twelve: ProviderClient) -> None:
    """Following `next` to the end returns every IP once."""
    seen, query = [], "limit=5"
    while query:
        response = twelve.get(f"{IPS}?{query}")
        seen += addresses(response)
        query = links(response).get("next", ("", ""))[0]
    assert seen == [f"10.0.0.{number}" for number in range(1, 13)]


def test_what_a_subuser_sees(twelve: ProviderClient) -> None:
    """A subuser sees its own IPs and pools and itself alone, on every path of IPs."""
    team = twelve.acting_for("team")
    team.post(POOLS, json={"name": "mine"})
    team.post(f"{POOLS}/mine/ips", json={"ip": "10.0.0.3"})
    (only,) = team.get(IPS).json
    assert (only["ip"], only["subusers"], only["pools"]) == ("10.0.0.3", ["team"], ["mine"])
    assert addresses(team.get(f"{IPS}/assigned")) == addresses(team.get(WARMUP)) == ["10.0.0.3"]
    assert team.get(f"{IPS}/10.0.0.3").json["pools"] == ["mine"]
    for response in (
        team.get(f"{IPS}/10.0.0.4"),
        team.post(WARMUP, json={"ip": "10.0.0.4"}),
        team.get(f"{WARMUP}/10.0.0.4"),
        team.delete(f"{WARMUP}/10.0.0.4"),
    ):
        assert (response.status_code, response.json) == (404, NOT_FOUND)


def test_assigned_ips(twelve: ProviderClient) -> None:
    """Assigned are IPs that the parent or a subuser may send from."""
    found = twelve.get(f"{IPS}/assigned")
    assert addresses(found) == ["10.0.0.1", *(f"10.0.0.{number}" for number in range(3, 13))]
    assert list(found.json[1].items()) == [
        ("ip", "10.0.0.3"),
        ("pools", ["one", "two"]),
        ("warmup", True),
        ("start_date", 1_409_616_000),
    ]


def test_an_ip_that_is_not_there(sendgrid: ProviderClient) -> None:
    """An unknown IP is 404, whatever its form."""
    for address in ("9.9.9.9", "nonsense"):
        response = sendgrid.get(f"{IPS}/{address}")
        assert (response.status_code, response.json) == (404, NOT_FOUND)


def test_remaining(sendgrid: ProviderClient) -> None:
    """The number of IPs that can be bought comes with the documented period and price."""
    assert sendgrid.get(f"{IPS}/remaining").data == b'{"results":[{"remaining":10,"period":"month","price_per_ip":20}]}'


def test_buying(make_app: Callable[..., Flask]) -> None:
    """New IPs are the subusers', and the parent's if it says so; then they can join a pool."""
    sendgrid = SENDGRID.client(make_app(time=lambda: 1_700_000_000.5))
    body = {"count": 2, "subusers": ["subuser2", "subuser1", "subuser2"], "warmup": True, "user_can_send": True}
    bought = sendgrid.post(IPS, json=body)
    first, second = (each["ip"] for each in bought.json["ips"])
    users = ["parent", "subuser2", "subuser1"]
    made = [{"ip": first, "subusers": users}, {"ip": second, "subusers": users}]
    assert (bought.status_code, bought.json) == (201, {"ips": made, "remaining_ips": 8, "warmup": True})
    found = sendgrid.get(f"{IPS}?ip={second}").json[0]
    assert (found["start_date"], found["assigned_at"]) == (1_700_000_000, 1_700_000_000)
    assert sendgrid.post(f"{POOLS}/spare/ips", json={"ip": first}).status_code == 200
    plain = sendgrid.post(IPS, json={"count": 1}).json
    assert plain == {"ips": [{"ip": plain["ips"][0]["ip"], "subusers": []}], "remaining_ips": 7, "warmup": False}
    assert sendgrid.post(f"{POOLS}/spare/ips", json={"ip": plain["ips"][0]["ip"]}).status_code == 404
    assert plain["ips"][0]["ip"] not in addresses(sendgrid.get(f"{IPS}/assigned"))


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "count", "missing required argument"),
        ({"count": 0}, "count", "missing required argument"),
        ({"count": -1}, "count", "missing required argument"),
        ({"count": "1"}, "count", "missing required argument"),
        ({"count": True}, "count", "missing required argument"),
        ({"count": 1.5}, "count", "missing required argument"),
        ({"count": 11}, None, "No IPs remaining"),
        ({"count": 90_323_478}, None, "No IPs remaining"),
        ({"count": 1, "subusers": ["unknown"]}, None, "one or more subusers do not belong to this user"),
        ({"count": 1, "subusers": "subuser1"}, None, "one or more subusers do not belong to this user"),
        ({"count": 1, "warmup": "yes"}, "warmup", "must be one of the following: true, false"),
        ({"count": 1, "user_can_send": 1}, "user_can_send", "must be one of the following: true, false"),
    ],
)
def test_what_cannot_be_bought(sendgrid: ProviderClient, body: dict[str, Any], field: str | None, message: str) -> None:
    """A bad order is refused, and nothing is bought."""
    refused(sendgrid.post(IPS, json=body), field, message)
    assert sendgrid.get(f"{IPS}/remaining").json["results"][0]["remaining"] == 10


@pytest.mark.parametrize("count", [9, 10])
def test_all_that_remain(sendgrid: ProviderClient, count: int) -> None:
    """As many IPs can be bought as remain."""
    assert sendgrid.post(IPS, json={"count": count}).json["remaining_ips"] == 10 - count


# Warm-up


def test_warmup(make_app: Callable[..., Flask]) -> None:
    """Warm-up begins now, shows wherever the IP does, begins once, and ends when it is taken out."""
    now = [1_700_000_000.5]
    sendgrid = SENDGRID.client(make_app(time=lambda: now[0]))
    warming = [{"ip": "203.0.113.2", "start_date": 1_700_000_000}]
    for _ in range(2):
        begun = sendgrid.post(WARMUP, json={"ip": "203.0.113.2"})
        assert (begun.status_code, begun.json) == (200, warming)
        now[0] += 100 * 24 * 3_600
    assert sendgrid.get(f"{WARMUP}/203.0.113.2").json == warming
    assert sendgrid.get(WARMUP).json == [*warming, {"ip": "203.0.113.201", "start_date": 1_409_616_000}]
    assert sendgrid.get(f"{IPS}/203.0.113.2").json["start_date"] == 1_700_000_000
    assert sendgrid.get(f"{MANAGED}/203.0.113.2").json["is_auto_warmup"] is True
    ended = sendgrid.delete(f"{WARMUP}/203.0.113.2")
    assert (ended.status_code, ended.data) == (204, b"")
    for response in (sendgrid.get(f"{WARMUP}/203.0.113.2"), sendgrid.delete(f"{WARMUP}/203.0.113.2")):
        assert (response.status_code, response.json) == (404, NOT_FOUND)
    found = sendgrid.get(f"{IPS}/203.0.113.2").json
    assert (found["warmup"], found["start_date"]) == (False, None)


def test_warming_what_is_not_there(sendgrid: ProviderClient) -> None:
    """An unknown IP is a 404; without an IP or a JSON object, an argument is missing."""
    assert sendgrid.post(WARMUP, json={"ip": "9.9.9.9"}).json == NOT_FOUND
    for body in ({}, {"ip": ""}, {"ip": 1}):
        refused(sendgrid.post(WARMUP, json=body), "ip", "missing required argument")
    refused(sendgrid.post(WARMUP, data=b"[]"), None, "Request body is not valid json")


# Scopes


def test_scopes_of_keys(app: Flask) -> None:
    """A key's own scopes are listed; of one without limits, every scope that an operation needs."""
    every = SENDGRID.client(app).get("/v3/scopes").json["scopes"]
    assert every == list(catalog.SCOPES)
    assert {operation.scope for operation in blueprint.operations.values()} - {None} <= set(every)
    reader = SENDGRID.client(app, "SG.mockserverReadOnly0000.mockserverReadOnly0000000000000000000000000")
    assert reader.get("/v3/scopes").json == {"scopes": ["ips.pools.read"]}
    nothing = SENDGRID.client(app, "SG.mockserverNoScopes0000.mockserverNoScopes0000000000000000000000000")
    assert nothing.get("/v3/scopes").json == {"scopes": []}


def test_missing_scopes(app: Flask) -> None:
    """A key without the scope is refused with 403 on every path of the classic API, before anything is looked at."""
    nothing = SENDGRID.client(app, "SG.mockserverNoScopes0000.mockserverNoScopes0000000000000000000000000")
    for method, path in (
        ("GET", IPS),
        ("POST", IPS),
        ("GET", f"{IPS}/assigned"),
        ("GET", f"{IPS}/remaining"),
        ("GET", f"{IPS}/9.9.9.9"),
        ("GET", WARMUP),
        ("POST", WARMUP),
        ("GET", f"{WARMUP}/9.9.9.9"),
        ("DELETE", f"{WARMUP}/9.9.9.9"),
        ("GET", SUBUSERS),
        ("POST", SUBUSERS),
        ("DELETE", f"{SUBUSERS}/x"),
        ("PATCH", f"{SUBUSERS}/x"),
        ("PUT", f"{SUBUSERS}/x/ips"),
    ):
        response = nothing.open(path, method=method)
        assert (response.status_code, response.data) == (
            403, b'{"errors":[{"field":null,"message":"access forbidden"}]}'
        ), path  # fmt: skip


def test_warm_up_does_not_end_by_itself(sendgrid: ProviderClient) -> None:
    """No document ends it: the schedule has limits for 42 days, and an example is in warm-up since 2014."""
    assert sendgrid.post(WARMUP, json={"ip": "203.0.113.4"}).status_code == 200
    (before,) = sendgrid.get(f"{WARMUP}/203.0.113.4").json
    advance = f"/_mockserver/tenants/{sendgrid.tenant.id}/clock/advance"
    response = sendgrid.application.test_client().post(advance, json={"seconds": 43 * 24 * 3600})
    assert response.status_code == 200
    assert sendgrid.get(f"{WARMUP}/203.0.113.4").json == [before]
    assert sendgrid.get(f"{MANAGED}/203.0.113.4").json["is_auto_warmup"] is True


# Subusers

NEW = {"username": "team", "email": "team@example.com", "password": "secret", "ips": ["203.0.113.9"]}


def test_life_of_a_subuser(sendgrid: ProviderClient) -> None:
    """A subuser is made with IPs, can be acted for, gets others, and is gone with its pools when it is deleted."""
    made = sendgrid.post(SUBUSERS, json=NEW)
    number = made.json["user_id"]
    assert (made.status_code, list(made.json.items())) == (
        200,
        [
            ("username", "team"),
            ("user_id", number),
            ("email", "team@example.com"),
            ("credit_allocation", {"type": "unlimited"}),
        ],
    )
    listed = sendgrid.get(f"{SUBUSERS}?username=team").json
    assert [list(each.items()) for each in listed] == [
        [("disabled", False), ("email", "team@example.com"), ("id", number), ("username", "team")]
    ]
    assert sendgrid.get(f"{MANAGED}/203.0.113.9/subusers").json["result"] == [str(number)]
    team = sendgrid.acting_for("team")
    team.post(POOLS, json={"name": "mine"})
    assert team.post(f"{POOLS}/mine/ips", json={"ip": "203.0.113.9"}).status_code == 200
    given = sendgrid.put(f"{SUBUSERS}/team/ips", json=["203.0.113.4", "203.0.113.7", "203.0.113.4"])
    assert (given.status_code, given.json) == (200, {"ips": ["203.0.113.4", "203.0.113.7"]})
    assert addresses(team.get(IPS)) == ["203.0.113.4", "203.0.113.7"]
    assert team.get(f"{POOLS}/mine").json["ips"] == []
    assert sendgrid.get(f"{IPS}/203.0.113.7").json["subusers"] == ["parent", "subuser1", "team"]
    deleted = sendgrid.delete(f"{SUBUSERS}/team")
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert team.get(POOLS).status_code == 401
    assert sendgrid.get(f"{IPS}/203.0.113.7").json["subusers"] == ["parent", "subuser1"]
    assert sendgrid.post(SUBUSERS, json=NEW).json["user_id"] != number
    assert team.get(POOLS).json == []


def test_a_key_of_a_deleted_subuser(app: Flask) -> None:
    """The key of a subuser that is deleted is answered as an unknown one."""
    own = SENDGRID.client(app, "SG.mockserverSubuser00000.mockserverSubuser00000000000000000000000000")
    assert own.get(POOLS).status_code == 200
    assert SENDGRID.client(app).delete(f"{SUBUSERS}/subuser1").status_code == 204
    response = own.get(POOLS)
    assert (response.status_code, response.json["errors"][0]["message"]) == (401, "authorization required")


def test_pages_of_subusers(sendgrid: ProviderClient) -> None:
    """Subusers are listed in order of creation, by limit and offset."""
    sendgrid.post(SUBUSERS, json=NEW)

    def names(query: str) -> list[str]:
        return [each["username"] for each in sendgrid.get(f"{SUBUSERS}?{query}").json]

    assert names("") == ["subuser1", "subuser2", "team"]
    assert names("limit=1&offset=1") == ["subuser2"]
    assert names("offset=3") == names("username=unknown") == []
    refused(sendgrid.get(f"{SUBUSERS}?limit=501"), "limit", "should be > 0 and <= 500")
    refused(sendgrid.get(f"{SUBUSERS}?offset=x"), "offset", "must be a numeric value")
    refused(sendgrid.get(f"{SUBUSERS}?offset=-1"), "offset", "must be >= 0")


def plain(response: Any, status: int, *messages: str) -> None:
    """Assert that a response has these errors, which have no field."""
    assert (response.status_code, response.json) == (status, {"errors": [{"message": each} for each in messages]})


MISSING = "missing required argument"


@pytest.mark.parametrize("field", ["username", "email", "password", "ips"])
@pytest.mark.parametrize("value", [None, 1, "", "missing"])
def test_what_a_subuser_needs(sendgrid: ProviderClient, field: str, value: Any) -> None:
    """Each of the four fields is required, with its own type, and not empty."""
    body = {name: NEW[name] for name in NEW if name != field} | ({} if value == "missing" else {field: value})
    plain(sendgrid.post(SUBUSERS, json=body), 400, MISSING)


def test_all_errors_of_a_new_subuser_are_returned(sendgrid: ProviderClient) -> None:
    """In the order of the fields; those of the fields come before those of the account."""
    plain(sendgrid.post(SUBUSERS, json={}), 400, MISSING, MISSING, MISSING, MISSING)
    body = {**NEW, "username": "subuser1", "email": "", "region": "us", "include_region": "true"}
    plain(sendgrid.post(SUBUSERS, json=body), 400, MISSING, "invalid region", "invalid include_region")
    body = {**NEW, "username": "subuser1", "ips": ["9.9.9.9"]}
    plain(sendgrid.post(SUBUSERS, json=body), 400, "username exists", "unable to validate IPs at this time")


def test_subusers_that_cannot_be_made(sendgrid: ProviderClient) -> None:
    """A name is taken once, the parent's too; IPs must be the account's; and nothing is made."""
    for name in ("subuser1", "parent"):
        plain(sendgrid.post(SUBUSERS, json={**NEW, "username": name}), 400, "username exists")
    text = "unable to validate IPs at this time"
    plain(sendgrid.post(SUBUSERS, json={**NEW, "ips": ["203.0.113.9", "9.9.9.9"]}), 400, text)
    plain(sendgrid.put(f"{SUBUSERS}/subuser2/ips", json=["9.9.9.9"]), 400, text)
    for body in (b"{", b"{}", b"null", b"[1]", b'{"ips": []}'):
        plain(sendgrid.put(f"{SUBUSERS}/subuser2/ips", data=body), 400, "Request body is not valid json")
    plain(sendgrid.post(SUBUSERS, data=b"["), 400, "Request body is not valid json")
    assert len(sendgrid.get(SUBUSERS).json) == 2


def test_plan_without_subusers(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """The account may read and delete subusers, but creates none, whatever the body is."""
    sendgrid = make_sendgrid(allows_subusers=False, subusers=["team"])
    for body in (b"", b'{"username": "new"}'):
        plain(sendgrid.post(SUBUSERS, data=body), 403, "User does not have permission to create subuser")
    assert [each["username"] for each in sendgrid.get(SUBUSERS).json] == ["team"]
    assert sendgrid.delete(f"{SUBUSERS}/team").status_code == 204


def test_region_of_a_subuser(sendgrid: ProviderClient) -> None:
    """A subuser is global unless it is created in the EU; its region is returned only on request."""
    made = sendgrid.post(SUBUSERS, json={**NEW, "region": "eu", "include_region": True})
    assert list(made.json)[-1] == "region"
    assert made.json["region"] == "eu"
    other = sendgrid.post(SUBUSERS, json={**NEW, "username": "crew", "include_region": True})
    assert other.json["region"] == "global"
    for more in ({"region": "global"}, {"include_region": False}):
        hidden = sendgrid.post(SUBUSERS, json={**NEW, "username": f"has {len(more)} {more}", **more})
        assert (hidden.status_code, "region" in hidden.json) == (200, False)


def test_list_of_subusers_by_region(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """The filter comes before the pages; `all` is every region."""
    sendgrid = make_sendgrid(subusers=["a", {"name": "b", "region": "eu"}, {"name": "c", "region": "eu"}])

    def names(query: str) -> list[str]:
        return [each["username"] for each in sendgrid.get(f"{SUBUSERS}?{query}").json]

    assert names("region=all") == names("") == ["a", "b", "c"]
    assert names("region=eu") == ["b", "c"]
    assert names("region=eu&limit=1&offset=1") == ["c"]
    assert names("region=global") == ["a"]
    assert names("region=global&username=b") == []
    assert "region" not in sendgrid.get(f"{SUBUSERS}?include_region=false&region=eu").json[0]
    listed = sendgrid.get(f"{SUBUSERS}?include_region=true").json
    assert [each["region"] for each in listed] == ["global", "eu", "eu"]
    refused(sendgrid.get(f"{SUBUSERS}?region=us"), "region", "must be one of the following: all, eu, global")
    refused(sendgrid.get(f"{SUBUSERS}?include_region=1"), "include_region", "must be one of the following: true, false")


def test_disabled_subuser(sendgrid: ProviderClient) -> None:
    """The list shows whether a subuser is disabled; a body without `disabled` enables it, as a client relies on."""

    def disabled() -> list[bool]:
        return [each["disabled"] for each in sendgrid.get(SUBUSERS).json]

    def update(body: Any) -> None:
        response = sendgrid.patch(f"{SUBUSERS}/subuser1", json=body)
        assert (response.status_code, response.data) == (204, b"")

    update({"disabled": True})
    assert disabled() == [True, False]
    update({"disabled": False})
    assert disabled() == [False, False]
    update({"disabled": True, "credit_allocation": {"type": "unlimited"}})
    assert disabled() == [True, False]
    assert sendgrid.acting_for("subuser1").get(POOLS).status_code == 200
    update({"credit_allocation": {}})
    assert disabled() == [False, False]


@pytest.mark.parametrize(
    "body", [{}, {"disabled": None}, {"disabled": "true"}, {"enabled": True}, {"credit_allocation": 5}]
)
def test_update_without_fields(sendgrid: ProviderClient, body: dict[str, Any]) -> None:
    plain(sendgrid.patch(f"{SUBUSERS}/subuser1", json=body), 400, "no fields provided")


def test_update_of_an_unknown_subuser(sendgrid: ProviderClient) -> None:
    plain(sendgrid.patch(f"{SUBUSERS}/x", json={"disabled": True}), 400, "invalid username")
    plain(sendgrid.patch(f"{SUBUSERS}/x", json={}), 400, "invalid username", "no fields provided")
    plain(sendgrid.patch(f"{SUBUSERS}/x", data=b"["), 400, "Request body is not valid json")


def test_seeded_subuser_is_disabled_and_of_a_region(make_sendgrid: Callable[..., ProviderClient]) -> None:
    sendgrid = make_sendgrid(subusers=[{"name": "team", "region": "eu", "disabled": True}])
    (listed,) = sendgrid.get(f"{SUBUSERS}?include_region=true").json
    assert (listed["disabled"], listed["region"]) == (True, "eu")


def test_subusers_that_are_not_there(sendgrid: ProviderClient) -> None:
    """An unknown subuser is 404."""
    for response in (sendgrid.delete(f"{SUBUSERS}/x"), sendgrid.put(f"{SUBUSERS}/x/ips", json=[])):
        assert (response.status_code, response.json) == (404, NOT_FOUND)


def test_ids_of_subusers(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """A subuser that a seed gives no id has the next that is free, and a new one has another."""
    sendgrid = make_sendgrid(
        user_id="7",
        subusers=["a", {"name": "b", "id": "8"}, {"name": "c", "email": "c@x.org"}, {"name": "d", "id": "10001"}],
    )
    assert [each["id"] for each in sendgrid.get(SUBUSERS).json] == [9, 8, 10, 10001]
    assert sendgrid.get(SUBUSERS).json[2]["email"] == "c@x.org"
    assert sendgrid.post(SUBUSERS, json={**NEW, "ips": []}).json["user_id"] == 10002


# Operations of the parent account

PARENT_ONLY = [
    ("POST", IPS, {"count": 1}),
    ("POST", MANAGED, {"is_auto_warmup": False, "is_parent_assigned": True}),
    ("PATCH", f"{MANAGED}/203.0.113.7", {"is_auto_warmup": True}),
    ("GET", f"{MANAGED}/203.0.113.7/subusers", None),
    ("POST", f"{MANAGED}/203.0.113.7/subusers:batchAdd", {"subusers": ["1002"]}),
    ("POST", f"{MANAGED}/203.0.113.7/subusers:batchDelete", {"subusers": ["1002"]}),
    ("GET", SUBUSERS, None),
    ("POST", SUBUSERS, NEW),
    ("PUT", f"{SUBUSERS}/subuser1/ips", []),
    ("PATCH", f"{SUBUSERS}/subuser1", {"disabled": True}),
    ("DELETE", f"{SUBUSERS}/subuser2", None),
]


def not_found(path: str) -> dict[str, Any]:
    """Return the 404 of a path's API."""
    return {"errors": [{"field": "" if path.startswith("/v3/send_ips") else None, "message": "resource not found"}]}


@pytest.mark.parametrize(("method", "path", "body"), PARENT_ONLY)
def test_what_a_subuser_cannot_ask(sendgrid: ProviderClient, method: str, path: str, body: Any) -> None:
    """Operations of the parent account are unknown paths to a subuser, but for creating subusers, which is a 403."""
    sent = {} if body is None else {"json": body}
    response = sendgrid.acting_for("subuser1").open(path, method=method, **sent)
    if (method, path) == ("POST", SUBUSERS):
        plain(response, 403, "you dont have permission to access this resource")
    else:
        assert (response.status_code, response.json) == (404, not_found(path))


# Profiles


def with_switch(make_sendgrid: Callable[..., ProviderClient], **profile: Any) -> ProviderClient:
    return make_sendgrid(
        ips=[ip(1), ip(2, warmup=True, start_date=5)],
        pools=[{"id": "1", "name": "one", "ips": ["10.0.0.2"]}, {"id": "2", "name": "none"}],
        **profile,
    )


@pytest.mark.parametrize(
    ("profile", "members", "added", "warmed"),
    [
        ({}, False, 200, 200),
        ({"profile": "documented"}, False, 200, 200),
        ({"profile": "live"}, True, 201, 200),
        ({"switches": {"members_as_objects": True}}, True, 200, 200),
        ({"switches": {"added_ip_is_201": True}}, False, 201, 200),
        ({"switches": {"warmup_is_201": True}}, False, 200, 201),
        ({"profile": "live", "switches": {"members_as_objects": False, "warmup_is_201": True}}, False, 201, 201),
    ],
)
def test_switches(
    make_sendgrid: Callable[..., ProviderClient], profile: dict[str, Any], members: bool, added: int, warmed: int
) -> None:
    """A pool's members are texts or objects, an added IP is 200 or 201, and so is a warmed one, each by its switch."""
    sendgrid = with_switch(make_sendgrid, **profile)
    shown = {"ip": "10.0.0.2", "start_date": 5, "warmup": True} if members else "10.0.0.2"
    assert list(sendgrid.get(f"{POOLS}/one").json.items()) == [("ips", [shown]), ("pool_name", "one")]
    if members:
        assert list(sendgrid.get(f"{POOLS}/one").json["ips"][0]) == ["ip", "start_date", "warmup"]
    assert sendgrid.get(f"{POOLS}/none").json == {"ips": [], "pool_name": "none"}
    response = sendgrid.post(f"{POOLS}/one/ips", json={"ip": "10.0.0.1"})
    assert (response.status_code, response.json["pools"]) == (added, ["one"])
    response = sendgrid.post(WARMUP, json={"ip": "10.0.0.2"})
    assert (response.status_code, response.json) == (warmed, [{"ip": "10.0.0.2", "start_date": 5}])


# Seeds and states


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_state_of_any_time_is_put_back(sendgrid: ProviderClient, now: str) -> None:
    """What is made at any time that a clock can show is answered, and said so that a state can be put back."""
    client, path = sendgrid.application.test_client(), "/_mockserver/tenants/default"
    assert client.put(f"{path}/clock", json={"now": now, "frozen": True}).status_code == 200
    (warming,) = sendgrid.post(WARMUP, json={"ip": "203.0.113.2"}).json
    assert sendgrid.post(IPS, json={"count": 1, "warmup": True}).status_code == 201
    assert sendgrid.patch(f"{MANAGED}/203.0.113.3", json={"is_auto_warmup": True}).status_code == 200
    assert sendgrid.get(f"{IPS}/203.0.113.2").json["start_date"] == warming["start_date"]
    assert sendgrid.get(f"{IPS}?limit=500").status_code == 200
    assert sendgrid.get(MANAGED).status_code == 200
    state = client.get(f"{path}/state").json["state"]
    answer = client.put(f"{path}/state", json={"state": {"sendgrid": state["sendgrid"]}})
    assert (answer.status_code, answer.json["state"]) == (200, state)


def test_whole_numbers_of_a_seed(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """A whole number that a seed writes with a fraction is the same number."""
    odd = make_sendgrid(remaining_ips=5.0, ips=[ip(1, warmup=True, start_date=7.0, added_at=8.0, updated_at=9.0)])
    assert b'"start_date":7,"whitelabeled":true,"assigned_at":8}' in odd.get(IPS).data
    assert b'"added_at":8,"updated_at":9,' in odd.get(f"{MANAGED}/10.0.0.1").data
    assert b'"remaining":5,' in odd.get(f"{IPS}/remaining").data


def test_warm_up_of_a_seed_has_begun(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """An IP that a seed has in warm-up, and does not say since when, is so since the account got it."""
    sendgrid = make_sendgrid(ips=[ip(1, warmup=True, added_at=1_482_883_200), ip(2, warmup=True)])
    assert sendgrid.get(WARMUP).json == [
        {"ip": "10.0.0.1", "start_date": 1_482_883_200},
        {"ip": "10.0.0.2", "start_date": 1_664_390_835},
    ]


def test_the_last_ids_of_subusers(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """Subusers have ids that a seed can say, so a state with them can be put back."""
    sendgrid = make_sendgrid(user_id="9" * 17 + "8", subusers=["team"])
    client = sendgrid.application.test_client()
    (subuser,) = sendgrid.get(SUBUSERS).json
    assert subuser["id"] == 10**18 - 1
    tenant = client.post(
        "/_mockserver/tenants/lookup",
        json={"provider": "sendgrid", "credential": sendgrid.headers["Authorization"].removeprefix("Bearer ")},
    ).json["id"]
    path = f"/_mockserver/tenants/{tenant}/state"
    state = client.get(path).json["state"]
    answer = client.put(path, json={"state": {"sendgrid": state["sendgrid"]}})
    assert (answer.status_code, answer.json["state"]) == (200, state)


def test_names_that_are_no_texts(sendgrid: ProviderClient) -> None:
    """The subusers of new IPs are a list of texts."""
    for subusers in (5, [5], "team", {}):
        response = sendgrid.post(IPS, json={"count": 1, "subusers": subusers})
        refused(response, None, "one or more subusers do not belong to this user")


def test_size_of_a_page_of_subusers_that_is_no_number(sendgrid: ProviderClient) -> None:
    refused(sendgrid.get(f"{SUBUSERS}?limit=ten"), "limit", "should be > 0 and <= 500")


def test_bodies_that_are_no_objects(sendgrid: ProviderClient) -> None:
    for body in ("", "[", "[]", "5"):
        refused(sendgrid.post(POOLS, data=body), None, "Request body is not valid json")


def test_what_does_not_exist(sendgrid: ProviderClient) -> None:
    """IPs and pools that the account does not have are not found."""
    for path, field, message in (
        (f"{IPS}/203.0.113.250", None, "resource not found"),
        (f"{POOLS}/nope", "error", "Unable to locate specified IPs Pool"),
    ):
        response = sendgrid.get(path)
        assert (response.status_code, response.json) == (404, {"errors": [{"field": field, "message": message}]})
