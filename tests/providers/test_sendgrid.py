"""SendGrid's rules, through HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask

from ..support import SENDGRID, ProviderClient

POOLS = "/v3/ips/pools"
MANAGEMENT = "/v3/send_ips/pools"


def classic(field: str | None, message: str) -> dict[str, object]:
    return {"errors": [{"field": field, "message": message}]}


def create(sendgrid: ProviderClient, name: str) -> None:
    assert sendgrid.post(POOLS, json={"name": name}).json == {"name": name}


def names(sendgrid: ProviderClient) -> list[str]:
    return [pool["name"] for pool in sendgrid.get(POOLS).json]


@pytest.fixture
def empty(make_app: Callable[..., Flask]) -> ProviderClient:
    """SendGrid in a world with nothing in it."""
    return SENDGRID.new_client(make_app(seed="empty"))


@pytest.mark.parametrize("length", [1, 63, 64])
def test_names_that_fit(empty: ProviderClient, length: int) -> None:
    """A name has at most 64 characters, counted as characters; the classic API knows no least number."""
    create(empty, "ö" * length)
    assert names(empty) == ["ö" * length]


def test_name_of_one_character_is_for_the_classic_api_only(sendgrid: ProviderClient) -> None:
    """The document has no least number, IP Address Management has 2; both have the same pools."""
    create(sendgrid, "y")
    (pool_id,) = [pool["id"] for pool in sendgrid.get(MANAGEMENT).json["result"] if pool["name"] == "y"]
    assert sendgrid.get(f"{MANAGEMENT}/{pool_id}").json["name"] == "y"
    expected = classic("name", "needs to be between 2 to 64 characters long")
    for name in ("y", "z"):
        assert sendgrid.put(f"{MANAGEMENT}/{pool_id}", json={"name": name}).json == expected
    assert sendgrid.put(f"{MANAGEMENT}/{pool_id}", json={"name": "yz"}).json == {"name": "yz", "id": pool_id}
    assert sendgrid.put(f"{POOLS}/yz", json={"name": "z"}).json == {"name": "z"}


@pytest.mark.parametrize("length", [65, 1_000])
def test_names_that_do_not_fit(sendgrid: ProviderClient, length: int) -> None:
    """A name of 65 characters is refused, for a new pool and for a new name."""
    expected = classic("name", "needs to be between 2 to 64 characters long")
    for response in (
        sendgrid.post(POOLS, json={"name": "x" * length}),
        sendgrid.put(f"{POOLS}/spare", json={"name": "x" * length}),
    ):
        assert (response.status_code, response.json) == (400, expected)


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": ""}, {"name": 1}, {"name": ["x"]}, {"title": "x"}])
def test_a_name_is_required(sendgrid: ProviderClient, body: dict[str, object]) -> None:
    """A missing, empty or wrongly typed name is a missing argument."""
    for response in (sendgrid.post(POOLS, json=body), sendgrid.put(f"{POOLS}/spare", json=body)):
        assert (response.status_code, response.json) == (400, classic("name", "missing required argument"))


def test_one_hundred_pools(empty: ProviderClient) -> None:
    """The 99th and the 100th pool are made, the 101st is refused; after a deletion there is room again."""
    for number in range(100):
        create(empty, f"pool {number}")
    response = empty.post(POOLS, json={"name": "one too many"})
    assert (response.status_code, response.json) == (400, classic(None, "100 pools limit has been reached"))
    assert len(names(empty)) == 100
    assert empty.delete(f"{POOLS}/pool%207").status_code == 204
    create(empty, "room")
    assert names(empty)[-1] == "room"


def test_the_limit_is_per_user(make_app: Callable[..., Flask]) -> None:
    """A subuser has 100 pools of its own."""
    sendgrid = SENDGRID.client(make_app())
    for number in range(94):
        create(sendgrid, f"pool {number}")
    assert sendgrid.post(POOLS, json={"name": "no"}).status_code == 400
    create(sendgrid.acting_for("subuser1"), "yes")


def test_a_name_is_taken_once(sendgrid: ProviderClient) -> None:
    """A second pool of one name is refused, and so is renaming into one; to its own name is no change."""
    expected = classic("name", "already exists")
    assert sendgrid.post(POOLS, json={"name": "campaigns"}).json == expected
    assert sendgrid.put(f"{POOLS}/spare", json={"name": "campaigns"}).json == expected
    assert sendgrid.put(f"{POOLS}/spare", json={"name": "spare"}).json == {"name": "spare"}
    create(sendgrid, "Campaigns")


def test_rename(sendgrid: ProviderClient) -> None:
    """A renamed pool keeps its members, its id and its place; its old name is gone."""
    assert sendgrid.put(f"{POOLS}/campaigns", json={"name": "promotions"}).json == {"name": "promotions"}
    assert sendgrid.get(f"{POOLS}/promotions").json == {
        "ips": ["203.0.113.2", "203.0.113.3", "203.0.113.201"],
        "pool_name": "promotions",
    }
    assert sendgrid.get(f"{POOLS}/campaigns").status_code == 404
    assert names(sendgrid) == ["transactional", "promotions", "europe", "worldwide", "spare", "new_test5"]
    assert [pool["id"] for pool in sendgrid.get(MANAGEMENT).json["result"]][1] == "23456"


def test_each_404_has_its_own_form(sendgrid: ProviderClient) -> None:
    """An unknown pool is answered in four ways, one for each operation."""
    assert sendgrid.get(f"{POOLS}/nope").json == classic("error", "Unable to locate specified IPs Pool")
    assert sendgrid.put(f"{POOLS}/nope", json={"name": "x"}).json == classic(None, "ip pool not found")
    bare = {"error": "Unable to locate specified IPs Pool"}
    assert sendgrid.delete(f"{POOLS}/nope").json == bare
    assert sendgrid.delete(f"{POOLS}/nope/ips/203.0.113.1").json == bare
    assert sendgrid.delete(f"{POOLS}/spare/ips/203.0.113.1").json == bare
    assert sendgrid.post(f"{POOLS}/nope/ips", json={"ip": "203.0.113.1"}).json == classic(None, "resource not found")


def test_delete_of_members_without_an_ip_is_405(sendgrid: ProviderClient) -> None:
    """As observed in sendgrid/docs pull request 818; nothing is removed."""
    response = sendgrid.delete(f"{POOLS}/transactional/ips")
    assert (response.status_code, response.json) == (405, classic(None, "method not allowed"))
    assert sendgrid.get(f"{POOLS}/transactional").json["ips"] == ["203.0.113.1", "203.0.113.2"]


def test_the_body_is_judged_before_the_pool_is_looked_up(sendgrid: ProviderClient) -> None:
    """A bad body for an unknown pool is a bad body."""
    assert sendgrid.put(f"{POOLS}/nope", json={}).status_code == 400
    assert sendgrid.post(f"{POOLS}/nope/ips", json={}).json == classic("ip", "missing required argument")


def test_an_ip_may_be_in_many_pools(sendgrid: ProviderClient) -> None:
    """Adding an IP names every pool that it is in; adding it twice changes nothing."""
    for _ in range(2):
        response = sendgrid.post(f"{POOLS}/spare/ips", json={"ip": "203.0.113.2"})
        assert response.status_code == 200
        assert response.json == {
            "ip": "203.0.113.2",
            "pools": ["transactional", "campaigns", "spare"],
            "start_date": None,
            "warmup": False,
        }
    assert sendgrid.get(f"{POOLS}/spare").json["ips"] == ["203.0.113.2"]


def test_a_warming_ip_shows_when_it_began(sendgrid: ProviderClient) -> None:
    """A warming IP has its start date, in seconds."""
    response = sendgrid.post(f"{POOLS}/spare/ips", json={"ip": "203.0.113.201"})
    assert (response.json["start_date"], response.json["warmup"]) == (1409616000, True)


@pytest.mark.parametrize(
    "ip",
    ["9.9.9.9", "203.0.113.202", "203.0.113.203", "203.0.113.204", "nonsense"],
    ids=["not owned", "no reverse DNS", "not enabled", "not the parent's", "no address"],
)
def test_ips_that_cannot_join(sendgrid: ProviderClient, ip: str) -> None:
    """An IP that is not owned, has no reverse DNS, is not enabled or not the parent's is not found."""
    response = sendgrid.post(f"{POOLS}/spare/ips", json={"ip": ip})
    assert (response.status_code, response.json) == (404, classic(None, "resource not found"))


def test_one_hundred_ips_a_pool(sendgrid: ProviderClient) -> None:
    """A pool takes 100 IPs; the 101st is refused with the pool's name and count, one that is in it is not."""
    for number in range(1, 101):
        assert sendgrid.post(f"{POOLS}/spare/ips", json={"ip": f"203.0.113.{number}"}).status_code == 200
    response = sendgrid.post(f"{POOLS}/spare/ips", json={"ip": "203.0.113.101"})
    text = "the total number of IPs per pool cannot exceed 100. current IP count in ‘spare’ is ‘100’"
    assert (response.status_code, response.json) == (400, classic("ip", text))
    assert sendgrid.post(f"{POOLS}/spare/ips", json={"ip": "203.0.113.100"}).status_code == 200
    assert len(sendgrid.get(f"{POOLS}/spare").json["ips"]) == 100


def test_delete_leaves_ips(sendgrid: ProviderClient) -> None:
    """Deleting a pool removes the membership, not the IP."""
    assert sendgrid.delete(f"{POOLS}/transactional").status_code == 204
    response = sendgrid.post(f"{POOLS}/spare/ips", json={"ip": "203.0.113.1"})
    assert response.json["pools"] == ["spare"]


@pytest.mark.parametrize("name", ["Test Pool", "a:b", "a/b", "100%", "a%2Fb", "ü+ö", "q?x#y", ".", " lead", "\x00"])
def test_odd_names_work_in_paths(sendgrid: ProviderClient, name: str) -> None:
    """Any name works in a path once it is encoded, slashes and percent signs included."""
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    create(sendgrid, name)
    assert sendgrid.get(f"{POOLS}/{encoded}").json == {"ips": [], "pool_name": name}
    assert sendgrid.post(f"{POOLS}/{encoded}/ips", json={"ip": "203.0.113.1"}).status_code == 200
    assert sendgrid.delete(f"{POOLS}/{encoded}/ips/203.0.113.1").status_code == 204
    assert sendgrid.delete(f"{POOLS}/{encoded}").status_code == 204


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"name": Infinity}'])
def test_broken_bodies(sendgrid: ProviderClient, body: bytes) -> None:
    """A body that is no JSON object is refused."""
    response = sendgrid.post(POOLS, data=body)
    assert (response.status_code, response.json) == (400, classic(None, "Request body is not valid json"))


# IP Address Management


def listed(sendgrid: ProviderClient, query: str = "") -> list[str]:
    response = sendgrid.get(f"{MANAGEMENT}?{query}")
    assert response.status_code == 200
    return [pool["name"] for pool in response.json["result"]]


def test_both_apis_show_the_same_pools(sendgrid: ProviderClient) -> None:
    """A pool made by name has a numeric id, kept when it is renamed, and comes after those before it."""
    create(sendgrid, "new")
    pool = sendgrid.get(MANAGEMENT).json["result"][-1]
    assert pool == {"name": "new", "id": pool["id"], "ips_preview": [], "total_ip_count": 0}
    assert int(pool["id"]) > 67890
    sendgrid.put(f"{POOLS}/new", json={"name": "newer"})
    assert sendgrid.get(MANAGEMENT).json["result"][-1] == {**pool, "name": "newer"}


def test_ten_ips_are_shown(sendgrid: ProviderClient) -> None:
    """A list shows at most ten of a pool's IPs, and how many there are: at nine, ten and eleven."""
    for number in range(30, 41):
        sendgrid.post(f"{POOLS}/spare/ips", json={"ip": f"203.0.113.{number}"})
        pool = sendgrid.get(f"{MANAGEMENT}?after_key=45678").json["result"][0]
        assert len(pool["ips_preview"]) == min(number - 29, 10)
        assert pool["total_ip_count"] == number - 29


def test_region_filter(sendgrid: ProviderClient) -> None:
    """No filter shows all pools, `all` those with an IP, a region those with an IP there, counts not narrowed."""
    assert listed(sendgrid) == ["transactional", "campaigns", "europe", "worldwide", "spare", "new_test5"]
    assert listed(sendgrid, "region=all") == ["transactional", "campaigns", "europe", "worldwide", "new_test5"]
    assert listed(sendgrid, "region=us") == ["transactional", "campaigns", "worldwide", "new_test5"]
    assert listed(sendgrid, "region=eu") == ["europe", "worldwide"]
    assert sendgrid.get(f"{MANAGEMENT}?region=eu").json["result"][1]["total_ip_count"] == 12


def test_include_region(sendgrid: ProviderClient) -> None:
    """Regions are shown when asked for, those of all of the pool's IPs, and not otherwise."""
    shown = {pool["name"]: pool["regions"] for pool in sendgrid.get(f"{MANAGEMENT}?include_region=true").json["result"]}
    assert shown == {
        "transactional": ["us"],
        "campaigns": ["us"],
        "europe": ["eu"],
        "worldwide": ["eu", "us"],
        "spare": [],
        "new_test5": ["us"],
    }
    for query in ("", "include_region=false"):
        assert "regions" not in sendgrid.get(f"{MANAGEMENT}?{query}").json["result"][0]


def test_ip_filter(sendgrid: ProviderClient) -> None:
    """The IP filter shows the pools that have it: none for what is no address."""
    assert listed(sendgrid, "ip=203.0.113.2") == ["transactional", "campaigns"]
    assert listed(sendgrid, "ip=203.0.113.2&limit=1") == ["transactional"]
    assert listed(sendgrid, "ip=9.9.9.9") == listed(sendgrid, "ip=nonsense") == []


def test_pages(sendgrid: ProviderClient) -> None:
    """Following after_key shows every pool once, in the order of ids, and ends with null."""
    seen, after_key = [], "0"
    while after_key is not None:
        answer = sendgrid.get(f"{MANAGEMENT}?limit=2&after_key={after_key}").json
        seen.append([pool["id"] for pool in answer["result"]])
        after_key = answer["_metadata"]["next_params"]["after_key"]
    assert seen == [["12345", "23456"], ["34567", "45678"], ["56789", "78901"]]
    assert listed(sendgrid, "after_key=78901") == []


def test_a_full_last_page_ends(sendgrid: ProviderClient) -> None:
    """after_key is null when the page holds the last pool, even if it is full."""
    assert sendgrid.get(f"{MANAGEMENT}?limit=6").json["_metadata"] == {"next_params": {"after_key": None, "limit": "6"}}


def test_next_params_repeat_what_was_sent(sendgrid: ProviderClient) -> None:
    """Parameters come back as texts; the regional ones only when include_region is true."""
    query = "limit=1&ip=203.0.113.2&region=us"
    params = sendgrid.get(f"{MANAGEMENT}?{query}&include_region=true").json["_metadata"]["next_params"]
    assert list(params.items()) == [
        ("after_key", "12345"),
        ("ip", "203.0.113.2"),
        ("limit", "1"),
        ("region", "us"),
        ("include_region", "true"),
    ]
    params = sendgrid.get(f"{MANAGEMENT}?{query}").json["_metadata"]["next_params"]
    assert params == {"after_key": "12345", "ip": "203.0.113.2", "limit": "1"}


@pytest.mark.parametrize("limit", ["1", "99", "100", "007"])
def test_limits_that_fit(sendgrid: ProviderClient, limit: str) -> None:
    """A limit is 1 to 100."""
    assert sendgrid.get(f"{MANAGEMENT}?limit={limit}").status_code == 200


@pytest.mark.parametrize("limit", ["0", "101", "-1", "", "x", "1.0", "1e1", "%201", "9" * 5_000, "١"])
def test_limits_that_do_not(sendgrid: ProviderClient, limit: str) -> None:
    """Any other limit is refused in the same words."""
    response = sendgrid.get(f"{MANAGEMENT}?limit={limit}")
    assert (response.status_code, response.json) == (400, classic("limit", "should be > 0 and <= 100"))


@pytest.mark.parametrize(
    ("after_key", "message"),
    [
        ("-1", "must be >= 0"),
        ("-" + "9" * 5_000, "must be >= 0"),
        ("x", "must be a numeric value"),
        ("", "must be a numeric value"),
        ("1.5", "must be a numeric value"),
        ("1_000", "must be a numeric value"),
    ],
)
def test_after_keys_that_do_not_fit(sendgrid: ProviderClient, after_key: str, message: str) -> None:
    """after_key is a number of 0 or more; each mistake has its own words."""
    response = sendgrid.get(f"{MANAGEMENT}?after_key={after_key}")
    assert (response.status_code, response.json) == (400, classic("after_key", message))


def test_the_first_mistake_is_named(sendgrid: ProviderClient) -> None:
    """Of several bad parameters the first is refused: limit, after_key, region, include_region."""
    bad = {"limit": "0", "after_key": "x", "region": "mars", "include_region": "perhaps"}
    order = []
    while bad:
        response = sendgrid.get(MANAGEMENT, query_string=bad)
        order.append(response.json["errors"][0]["field"])
        del bad[order[-1]]
    assert order == ["limit", "after_key", "region", "include_region"]


def test_pages_backwards(sendgrid: ProviderClient) -> None:
    """Following before_key returns every pool once, in order on each page, and ends with null."""
    seen, before_key = [], "99999"
    while before_key is not None:
        answer = sendgrid.get(f"{MANAGEMENT}?limit=2&before_key={before_key}").json
        seen.append([pool["id"] for pool in answer["result"]])
        before_key = answer["_metadata"]["next_params"]["before_key"]
    assert seen == [["56789", "78901"], ["34567", "45678"], ["12345", "23456"]]
    assert listed(sendgrid, "before_key=12345") == listed(sendgrid, "before_key=0") == []
    assert listed(sendgrid, "before_key=12346") == ["transactional"]


def test_before_key_with_filters(sendgrid: ProviderClient) -> None:
    """A page before a key has both neighbours; filters apply to it; without before_key only after_key is returned."""
    answer = sendgrid.get(f"{MANAGEMENT}?limit=1&before_key=45678&region=us").json
    assert [pool["id"] for pool in answer["result"]] == ["23456"]
    assert list(answer["_metadata"]["next_params"].items()) == [
        ("after_key", "23456"),
        ("before_key", "23456"),
        ("limit", "1"),
    ]
    assert sendgrid.get(f"{MANAGEMENT}?limit=1").json["_metadata"]["next_params"] == {
        "after_key": "12345",
        "limit": "1",
    }


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("before_key=-1", "before_key", "must be >= 0"),
        ("before_key=x", "before_key", "must be a numeric value"),
        ("before_key=", "before_key", "must be a numeric value"),
        ("before_key=56789&after_key=0", "after_key", "cannot be used with ‘before_key’"),
        ("before_key=x&after_key=0", "before_key", "must be a numeric value"),
        ("before_key=0&after_key=x", "after_key", "must be a numeric value"),
    ],
)
def test_before_keys_that_do_not_fit(sendgrid: ProviderClient, query: str, field: str, message: str) -> None:
    """before_key is a number of 0 or more, and excludes after_key."""
    response = sendgrid.get(f"{MANAGEMENT}?{query}")
    assert (response.status_code, response.json) == (400, classic(field, message))


# Who asks


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YXBpOms=", "SG.x.y", "Bearer nonsense"])
@pytest.mark.parametrize("path", [POOLS, MANAGEMENT, "/v3/send_ips/nonsense", "/v3/nonsense", "/v3/scopes"])
def test_unauthorized(app: Flask, header: str | None, path: str) -> None:
    """Without a known key there is one error for each API, on unknown paths too."""
    response = SENDGRID.client(app, headers={} if header is None else {"Authorization": header}).get(path)
    assert response.status_code == 401
    field = '""' if path.startswith("/v3/send_ips") else "null"
    assert response.text == f'{{"errors":[{{"field":{field},"message":"authorization required"}}]}}'


def test_unauthorized_to_send(app: Flask) -> None:
    """Sending mail has its own two texts: for no key, and for an unknown one."""
    anonymous = SENDGRID.client(app, headers={}).post("/v3/mail/send")
    text = "Permission denied, wrong credentials"
    assert anonymous.json == {"errors": [{"message": text, "field": None, "help": None}]}
    assert len(anonymous.data) == 88
    unknown = SENDGRID.client(app, "nonsense").post("/v3/mail/send")
    text = "The provided authorization grant is invalid, expired, or revoked"
    assert unknown.json == {"errors": [{"message": text, "field": None, "help": None}]}
    assert len(unknown.data) == 116


def test_scopes(app: Flask) -> None:
    """A key without the scope gets 403 from the classic API, and 401 with the scope's name from the newer one."""
    reader = SENDGRID.client(app, "SG.mockserverReadOnly0000.mockserverReadOnly0000000000000000000000000")
    assert reader.get(POOLS).status_code == reader.get(MANAGEMENT).status_code == 200
    response = reader.post(POOLS, data=b"{")
    assert (response.status_code, len(response.data)) == (403, 56)
    assert response.json == classic(None, "access forbidden")
    nothing = SENDGRID.client(app, "SG.mockserverNoScopes0000.mockserverNoScopes0000000000000000000000000")
    assert nothing.get(POOLS).status_code == 403
    response = nothing.get(f"{MANAGEMENT}?limit=0")
    assert (response.status_code, response.json) == (401, classic("", "missing required scope: ips.pools.read"))


def test_on_behalf_of(sendgrid: ProviderClient) -> None:
    """A subuser has its own pools, and only its own IPs can join them."""
    subuser = sendgrid.acting_for("subuser1")
    assert names(subuser) == listed(subuser) == ["newsletters"]
    assert subuser.get(f"{POOLS}/campaigns").status_code == 404
    create(subuser, "campaigns")
    for ip, status in (("203.0.113.8", 200), ("203.0.113.1", 404), ("203.0.113.205", 200)):
        assert subuser.post(f"{POOLS}/campaigns/ips", json={"ip": ip}).status_code == status
    assert sendgrid.get(f"{POOLS}/campaigns").json["ips"] == ["203.0.113.2", "203.0.113.3", "203.0.113.201"]
    subuser.get(POOLS)
    assert subuser.last_record.account == "subuser1"


def test_a_subusers_own_key(app: Flask) -> None:
    """A subuser's key is for its pools only, and cannot act for another subuser or for itself."""
    own = SENDGRID.client(app, "SG.mockserverSubuser00000.mockserverSubuser00000000000000000000000000")
    assert names(own) == ["newsletters"]
    for name in ("subuser1", "subuser2"):
        assert own.acting_for(name).get(POOLS).status_code == 401


@pytest.mark.parametrize("name", ["unknown", "", "account-id 7"])
def test_on_behalf_of_a_unknown(sendgrid: ProviderClient, name: str) -> None:
    """An unknown subuser is answered like an unknown key."""
    response = sendgrid.acting_for(name).get(POOLS)
    assert (response.status_code, response.json) == (401, classic(None, "authorization required"))


@pytest.mark.parametrize("name", ["jürgen", "ночь", "名"])
def test_on_behalf_of_a_name_that_is_not_ascii(make_sendgrid: Callable[..., ProviderClient], name: str) -> None:
    """The header is UTF-8; Latin-1 finds the subuser too, where its bytes are not UTF-8."""
    sendgrid = make_sendgrid(subusers=[name])
    subuser = sendgrid.acting_for(name.encode().decode("latin-1"))
    create(subuser, "mine")
    assert (names(subuser), names(sendgrid)) == (["mine"], [])
    if name == "jürgen":
        assert names(sendgrid.acting_for(name)) == ["mine"]


def test_headers_of_the_classic_api(sendgrid: ProviderClient) -> None:
    """Classic answers carry the recorded CORS headers with the route's methods; the newer API's do not."""
    headers = sendgrid.get(POOLS).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    assert headers["Access-Control-Max-Age"] == "21600"
    assert headers["Access-Control-Expose-Headers"] == "Link"
    assert "Access-Control-Allow-Origin" not in sendgrid.get(MANAGEMENT).headers
    anonymous = sendgrid.with_headers({})
    for response in (sendgrid.patch(POOLS), sendgrid.open(POOLS, method="OPTIONS"), anonymous.patch(POOLS)):
        assert response.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"


def test_bodies_are_compact(sendgrid: ProviderClient) -> None:
    """Answers have no blanks."""
    response = sendgrid.get(f"{POOLS}/transactional")
    assert response.data == json.dumps(response.json, separators=(",", ":")).encode()
