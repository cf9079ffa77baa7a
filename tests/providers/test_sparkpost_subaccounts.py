"""SparkPost's subaccounts, and the grants that everything needs."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask

from ..support import SPARKPOST, ProviderClient

STORES = ("memory", "redis")

SUBACCOUNTS = "/api/v1/subaccounts"
NOW = 1_700_000_000.0
GRANTS = (
    "smtp/inject",
    "sending_domains/manage",
    "tracking_domains/view",
    "tracking_domains/manage",
    "message_events/view",
    "suppression_lists/manage",
    "transmissions/view",
    "transmissions/modify",
    "webhooks/view",
    "webhooks/modify",
)
NO_SUCH_GRANT = (
    "Invalid `key_grants value`. Supported values are: 'smtp/inject', 'sending_domains/manage',"
    " 'message_events/view', 'suppression_lists/manage'"
)
KEY = {"key_label": "First", "key_grants": ["smtp/inject"]}


@pytest.fixture
def account(make_app: Callable[..., Flask]) -> Callable[..., ProviderClient]:
    """Return a function that makes an account with these subaccounts, at a fixed time."""

    def make(*subaccounts: dict[str, Any], **section: Any) -> ProviderClient:
        app = make_app(time=lambda: NOW)
        SPARKPOST.client(app).get("/")
        body = {"state": {"sparkpost": {"subaccounts": list(subaccounts), **section}}}
        assert app.test_client().put("/_mockserver/tenants/default/state", json=body).status_code == 200
        return SPARKPOST.client(app)

    return make


@pytest.fixture
def three(account: Callable[..., ProviderClient]) -> ProviderClient:
    """An account with three subaccounts."""
    return account(
        {"id": 5, "name": "Beta", "created_at": 30, "updated_at": 10, "ip_pool": "bulk"},
        {"id": 7, "name": "alpha", "created_at": 20, "updated_at": 20, "status": "suspended", "deliverability": True},
        {"id": 9, "name": "Gamma", "created_at": 10, "updated_at": 30},
    )


@pytest.fixture
def none(account: Callable[..., ProviderClient]) -> ProviderClient:
    """An account without subaccounts."""
    return account()


def problem(message: str, param: str, value: object) -> dict[str, object]:
    return {"message": message, "param": param, "value": value}


def refused(response: Any, *problems: dict[str, object]) -> bool:
    return (response.status_code, response.json) == (400, {"errors": list(problems)})


def ids(access: ProviderClient, query: str) -> list[int]:
    response = access.get(f"{SUBACCOUNTS}?{query}")
    assert response.status_code == 200, response.json
    return [each["id"] for each in response.json["results"]]


def walk(access: ProviderClient, query: str) -> list[int]:
    """Return the ids of all pages, by their links."""
    found, path = [], f"{SUBACCOUNTS}?{query}"
    while True:
        page = access.get(path).json
        found += [each["id"] for each in page["results"]]
        if not page["links"]:
            return found
        assert page["links"].keys() == {"next"}
        path = page["links"]["next"].removeprefix("/sparkpost")


# Creating


def test_a_subaccount_and_its_key(none: ProviderClient) -> None:
    """A subaccount is created with a key that is returned once; its fields are as sent, the others have defaults."""
    body = {"name": "News", **KEY, "key_valid_ips": [], "ip_pool": "bulk", "options": {"deliverability": True}}
    response = none.post(SUBACCOUNTS, json=body)
    assert response.status_code == 200
    made = response.json["results"]
    assert list(made) == ["subaccount_id", "key", "label", "short_key"]
    assert (made["subaccount_id"], made["label"], made["short_key"]) == (1, "First", made["key"][:4])
    assert re.fullmatch("[0-9a-f]{40}", made["key"])
    expected = {
        "id": 1,
        "name": "News",
        "status": "active",
        "compliance_status": "active",
        "ip_pool": "bulk",
        "options": {"deliverability": True},
    }
    got = none.get(f"{SUBACCOUNTS}/1").json["results"]
    assert (got, list(got)) == (expected, list(expected))
    (listed,) = none.get(SUBACCOUNTS).json["results"]
    assert listed == expected
    assert list(listed) == ["id", "name", "status", "ip_pool", "compliance_status", "options"]


def test_keys_differ(none: ProviderClient) -> None:
    """No two keys are the same, in one tenant and in two."""
    keys = {none.post(SUBACCOUNTS, json={"name": "A", **KEY}).json["results"]["key"] for _ in range(3)}
    other = none.with_new_key()
    keys.add(other.post(SUBACCOUNTS, json={"name": "A", **KEY}).json["results"]["key"])
    assert len(keys) == 4


def test_a_subaccount_without_a_key(none: ProviderClient) -> None:
    """Without setup_api_key there is no key, and whatever is sent for one is ignored."""
    body = {"name": "News", "setup_api_key": False, "key_label": 7, "key_grants": "x", "key_valid_ips": None}
    response = none.post(SUBACCOUNTS, json=body)
    assert response.json == {"results": {"subaccount_id": 1}}
    assert none.get(f"{SUBACCOUNTS}/1").json["results"] == {
        "id": 1,
        "name": "News",
        "status": "active",
        "compliance_status": "active",
        "options": {"deliverability": False},
    }


def test_ids_are_32_bit_numbers(account: Callable[..., ProviderClient]) -> None:
    """Where the largest number that the API has is taken, the lowest one that is free is next; a seed can say all."""
    largest = 2**31 - 1
    full = account({"id": 1, "name": "A"}, {"id": largest - 1, "name": "B"})
    body = {"name": "C", "setup_api_key": False}
    made = [full.post(SUBACCOUNTS, json=body).json["results"]["subaccount_id"] for _ in range(3)]
    assert made == [largest, 2, 3]
    path = "/_mockserver/tenants/default/state"
    state = full.application.test_client().get(path).json["state"]
    answer = full.application.test_client().put(path, json={"state": state})
    assert (answer.status_code, answer.json["state"]) == (200, state)
    state["sparkpost"]["subaccounts"][0]["id"] = largest + 1
    assert full.application.test_client().put(path, json={"state": state}).status_code == 400


def test_ids_count_up(three: ProviderClient) -> None:
    """A new subaccount has the id after the highest."""
    body = {"name": "Next", "setup_api_key": False}
    assert three.post(SUBACCOUNTS, json=body).json == {"results": {"subaccount_id": 10}}
    assert three.get(f"{SUBACCOUNTS}/summary").json == {"results": {"total": 4}}


def test_everything_that_is_missing_is_told(none: ProviderClient) -> None:
    """Each field that is missing has its own object, in the order of the document."""
    response = none.post(SUBACCOUNTS, json={})
    assert refused(
        response,
        problem("`name` is a required field", "name", None),
        problem("`key_label` is a required field", "key_label", None),
        problem("`key_grants` is a required field", "key_grants", None),
    )
    assert none.get(f"{SUBACCOUNTS}/summary").json == {"results": {"total": 0}}
    assert refused(
        none.post(SUBACCOUNTS, json={"setup_api_key": False}), problem("`name` is a required field", "name", None)
    )


def test_everything_that_is_wrong_is_told(none: ProviderClient) -> None:
    """Each field that is wrong has its own object, and a pool has one for its length and one for its characters."""
    pool = "$much too long an id of a pool"
    body = {
        "name": " ",
        "setup_api_key": "no",
        "key_label": ["x"],
        "key_grants": ["ip_pools/view"],
        "key_valid_ips": ["10.0.0.0/8", "nonsense"],
        "ip_pool": pool,
        "options": {"deliverability": "yes"},
    }
    assert refused(
        none.post(SUBACCOUNTS, json=body),
        problem("`name` is a required field", "name", " "),
        problem("`setup_api_key` must be a Boolean", "setup_api_key", "no"),
        problem("`key_label` must be a String", "key_label", ["x"]),
        problem(NO_SUCH_GRANT, "key_grants", ["ip_pools/view"]),
        problem("`key_valid_ips` must have valid netmask values", "key_valid_ips", ["10.0.0.0/8", "nonsense"]),
        problem("ip_pool must be 20 characters or less", "ip_pool", pool),
        problem("ip_pool must be alphanumeric and underscore", "ip_pool", pool),
        problem("`options.deliverability` must be a Boolean", "options.deliverability", "yes"),
    )


@pytest.mark.parametrize("blank", ["", " ", None])
def test_names_and_labels_are_not_blank(three: ProviderClient, blank: object) -> None:
    """A name or a label that is blank is as good as none, on creation and on update."""
    no_name = problem("`name` is a required field", "name", blank)
    assert refused(three.post(SUBACCOUNTS, json={"setup_api_key": False, "name": blank}), no_name)
    assert refused(three.put(f"{SUBACCOUNTS}/5", json={"name": blank}), no_name)
    response = three.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_label": blank})
    assert refused(response, problem("`key_label` is a required field", "key_label", blank))


@pytest.mark.parametrize("length", [1, 63, 64, 65])
def test_the_length_of_a_name(none: ProviderClient, length: int) -> None:
    """A name has at most 64 characters, on creation and on update."""
    name = "ü" * length
    responses = [
        none.post(SUBACCOUNTS, json={"name": "First", "setup_api_key": False}),
        none.put(f"{SUBACCOUNTS}/1", json={"name": name}),
        none.post(SUBACCOUNTS, json={"name": name, "setup_api_key": False}),
    ]
    if length <= 64:
        assert [response.status_code for response in responses] == [200, 200, 200]
    else:
        too_long = problem("name must be 64 characters or less", "name", name)
        assert refused(responses[1], too_long) and refused(responses[2], too_long)


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21])
def test_the_length_of_a_pool(none: ProviderClient, length: int) -> None:
    """The id of a pool has at most 20 characters, and none at all is no pool."""
    response = none.post(SUBACCOUNTS, json={"name": "A", "setup_api_key": False, "ip_pool": "x" * length})
    if length <= 20:
        assert none.get(f"{SUBACCOUNTS}/1").json["results"].get("ip_pool", "") == "x" * length
    else:
        assert refused(response, problem("ip_pool must be 20 characters or less", "ip_pool", "x" * length))


@pytest.mark.parametrize("pool", ["a b", "a-b", "ü", "a\n", "\x00"])
def test_the_characters_of_a_pool(none: ProviderClient, pool: object) -> None:
    """The id of a pool has letters, digits and underscores."""
    mistake = problem("ip_pool must be alphanumeric and underscore", "ip_pool", pool)
    assert refused(none.post(SUBACCOUNTS, json={"name": "A", "setup_api_key": False, "ip_pool": pool}), mistake)
    none.post(SUBACCOUNTS, json={"name": "A", "setup_api_key": False})
    assert refused(none.put(f"{SUBACCOUNTS}/1", json={"ip_pool": pool}), mistake)


def test_a_pool_need_not_exist(none: ProviderClient) -> None:
    """A subaccount is confined to a pool that is not there, and stays so when its pool is deleted."""
    none.post("/api/v1/ip-pools", json={"name": "Bulk"})
    for pool in ("bulk", "Nowhere_9"):
        none.post(SUBACCOUNTS, json={"name": pool, "setup_api_key": False, "ip_pool": pool})
    assert none.delete("/api/v1/ip-pools/bulk").status_code == 204
    assert [each["ip_pool"] for each in none.get(SUBACCOUNTS).json["results"]] == ["bulk", "Nowhere_9"]


@pytest.mark.parametrize("grants", [None, []])
def test_grants_are_required(none: ProviderClient, grants: object) -> None:
    """No grants are as good as no field."""
    response = none.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_grants": grants})
    assert refused(response, problem("`key_grants` is a required field", "key_grants", grants))


@pytest.mark.parametrize("grants", [[7], [None], ["smtp/inject", "ip_pools/manage"], [["x"]]])
def test_grants_that_there_are_not(none: ProviderClient, grants: object) -> None:
    """Grants that a subaccount's key cannot have are refused, in words that name four of the ten."""
    response = none.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_grants": grants})
    assert refused(response, problem(NO_SUCH_GRANT, "key_grants", grants))


def test_all_grants(none: ProviderClient) -> None:
    """Each of the ten grants of the document is taken."""
    for grant in GRANTS:
        assert none.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_grants": [grant]}).status_code == 200
    assert none.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_grants": list(GRANTS)}).status_code == 200


@pytest.mark.parametrize("value", [None, "192.0.2.1", 7, {}])
def test_valid_ips_are_an_array(none: ProviderClient, value: object) -> None:
    """Addresses that are in no array are refused."""
    response = none.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_valid_ips": value})
    assert refused(response, problem("`key_valid_ips` must be an Array", "key_valid_ips", value))


@pytest.mark.parametrize(
    ("netmask", "good"),
    [("192.0.2.1", True), ("192.0.2.1/32", True), ("192.0.2.0/24", True), ("192.0.2.1/24", True), ("0.0.0.0/0", True),
     ("192.0.2.0/33", False), ("192.0.2.0/", False), ("192.0.2", False), ("::1", False), ("", False), (7, False),
     (None, False), (["192.0.2.1"], False)],
)  # fmt: skip
def test_valid_ips_are_netmasks(none: ProviderClient, netmask: object, good: bool) -> None:
    """An address of a key is an IPv4 address, or a network with a slash."""
    response = none.post(SUBACCOUNTS, json={"name": "A", **KEY, "key_valid_ips": [netmask]})
    if good:
        assert response.status_code == 200
    else:
        mistake = problem("`key_valid_ips` must have valid netmask values", "key_valid_ips", [netmask])
        assert refused(response, mistake)


@pytest.mark.parametrize("options", [None, [], "x", True])
def test_options_are_an_object(none: ProviderClient, options: object) -> None:
    """Options that are no object are refused; unknown ones in it are ignored."""
    mistake = problem("`options` must be an Object", "options", options)
    assert refused(none.post(SUBACCOUNTS, json={"name": "A", "setup_api_key": False, "options": options}), mistake)
    assert none.post(SUBACCOUNTS, json={"name": "A", **KEY, "options": {"other": 7}}).status_code == 200


# Reading and updating


@pytest.mark.parametrize("number", ["x", "1.0", "-1", "0x5", "5%20", "٥", "5%0A", "5%00"])
def test_ids_that_are_none(three: ProviderClient, number: str) -> None:
    """An id that is no number is refused before anything is looked up or read."""
    for response in (three.get(f"{SUBACCOUNTS}/{number}"), three.put(f"{SUBACCOUNTS}/{number}", data="{")):
        assert (response.status_code, response.json) == (
            400,
            {"errors": [{"message": "subaccount id must be a valid integer"}]},
        )


@pytest.mark.parametrize("number", ["0", "1", "99999999999999999999", "9" * 5_000])
def test_ids_that_nobody_has(three: ProviderClient, number: str) -> None:
    """A number that is no subaccount's is 404, before the body is read."""
    for response in (three.get(f"{SUBACCOUNTS}/{number}"), three.put(f"{SUBACCOUNTS}/{number}", data="{")):
        assert (response.status_code, response.json) == (404, {"errors": [{"message": "Resource could not be found"}]})


def test_zeros_before_an_id(three: ProviderClient) -> None:
    """Zeros before a number are no part of it."""
    assert three.get(f"{SUBACCOUNTS}/005").json["results"]["id"] == 5


def test_an_update(three: ProviderClient) -> None:
    """What is sent is changed, what is not sent stays, and an empty pool removes it."""
    before = three.get(f"{SUBACCOUNTS}/5").json["results"]
    done = {"results": {"message": "Successfully updated subaccount information"}}
    for change in (
        {"name": "Delta"},
        {"status": "suspended"},
        {"options": {"deliverability": True}},
        {"options": {}},
        {},
        {"id": 99, "compliance_status": "bad"},
    ):
        response = three.put(f"{SUBACCOUNTS}/5", json=change)
        assert (response.status_code, response.json) == (200, done)
    expected = {**before, "name": "Delta", "status": "suspended", "options": {"deliverability": True}}
    assert three.get(f"{SUBACCOUNTS}/5").json["results"] == expected
    three.put(f"{SUBACCOUNTS}/5", json={"ip_pool": "", "options": {"deliverability": False}, "status": "terminated"})
    del expected["ip_pool"]
    expected.update(options={"deliverability": False}, status="terminated")
    assert three.get(f"{SUBACCOUNTS}/5").json["results"] == expected
    assert three.put(f"{SUBACCOUNTS}/5", json={"status": "active"}).json == done


@pytest.mark.parametrize("status", ["", "Active", "gone"])
def test_statuses(three: ProviderClient, status: object) -> None:
    """A status is one of three."""
    message = "Invalid `status` value. Supported values are: 'active', 'suspended', 'terminated'"
    assert refused(
        three.put(f"{SUBACCOUNTS}/5", json={"status": status, "name": None}),
        problem("`name` is a required field", "name", None),
        problem(message, "status", status),
    )


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "7"])
def test_bodies(three: ProviderClient, body: str) -> None:
    """A body that is no JSON object is refused in the older dialect."""
    for response in (three.post(SUBACCOUNTS, data=body), three.put(f"{SUBACCOUNTS}/5", data=body)):
        assert (response.status_code, response.json["errors"][0]["code"]) == (422, "1300")


# Lists


def test_the_whole_list(three: ProviderClient) -> None:
    """Without a parameter that asks for pages, all subaccounts come in order of creation, and nothing beside them."""
    for query in ("", "?unknown=1"):
        answer = three.get(f"{SUBACCOUNTS}{query}").json
        assert (answer.keys(), [each["id"] for each in answer["results"]]) == ({"results"}, [5, 7, 9])
    answer = three.get(f"{SUBACCOUNTS}?option=deliverability").json
    assert (answer.keys(), [each["id"] for each in answer["results"]]) == ({"results"}, [7])
    assert three.get(f"{SUBACCOUNTS}/summary").json == {"results": {"total": 3}}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cursor=initial", [5, 7, 9]),
        ("order=asc", [9, 7, 5]),
        ("sort_by=updated_at", [9, 7, 5]),
        ("sort_by=id", [9, 7, 5]),
        ("sort_by=id&order=asc", [5, 7, 9]),
        ("sort_by=name&order=asc", [5, 9, 7]),
        ("ip_pool=bulk", [5]),
        ("ip_pool=nope", []),
        ("ip_pool=", [7, 9]),
        ("status=active", [5, 9]),
        ("status=terminated", []),
        ("name=A", [5, 7, 9]),
        ("name=et", [5]),
        ("ids=5,9", [5, 9]),
        ("ids=0007,8", [7]),
        ("ids=5,7&status=suspended&option=deliverability&name=alp", [7]),
        ("per_page=100", [5, 7, 9]),
    ],
)
def test_filters_and_orders(three: ProviderClient, query: str, found: list[int]) -> None:
    """Each parameter filters or sorts, alone and with others; the newest come first."""
    assert ids(three, query) == found
    page = three.get(f"{SUBACCOUNTS}?{query}").json
    assert (page["total_count"], page["links"]) == (len(found), {})


@pytest.mark.parametrize("sort_by", ["created_at", "updated_at", "id", "name"])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("per_page", [1, 2, 3, 4])
def test_pages(three: ProviderClient, sort_by: str, order: str, per_page: int) -> None:
    """The links lead through all pages in the order of one large page."""
    query = f"sort_by={sort_by}&order={order}"
    assert walk(three, f"{query}&per_page={per_page}") == ids(three, query)


def test_a_link_repeats_what_was_asked(three: ProviderClient) -> None:
    """A link has the place of the last subaccount in base64, then what was asked; it leads to where that was."""
    query = "per_page=1&sort_by=id&name=a%26&ip_pool="
    assert three.get(f"{SUBACCOUNTS}?{query}").json["links"] == {}
    page = three.get(f"{SUBACCOUNTS}?per_page=2&sort_by=id&name=%61&extra=1").json
    link = urlsplit(page["links"]["next"])
    assert (link.scheme, link.netloc, link.path) == ("", "", f"/sparkpost{SUBACCOUNTS}")
    sent = parse_qsl(link.query)
    assert [name for name, _ in sent] == ["cursor", "per_page", "sort_by", "name"]
    assert json.loads(base64.urlsafe_b64decode(sent[0][1])) == [7, 7]
    again = three.application.test_client().get(page["links"]["next"], headers=three.headers).json
    assert (again["total_count"], [each["id"] for each in again["results"]], again["links"]) == (3, [5], {})
    host = {"Host": "api.sparkpost.com"}
    page = three.application.test_client().get(f"{SUBACCOUNTS}?per_page=1", headers={**three.headers, **host}).json
    assert page["links"]["next"].startswith(f"{SUBACCOUNTS}?cursor=")


def test_pages_of_25(account: Callable[..., ProviderClient]) -> None:
    """A page has 25 subaccounts if nothing else is asked; those made at one time are sorted by id."""
    many = account(*({"id": number, "name": "A"} for number in range(1, 53)))
    page = many.get(f"{SUBACCOUNTS}?cursor=initial").json
    assert [each["id"] for each in page["results"]] == list(range(52, 27, -1))
    assert page["total_count"] == 52
    assert walk(many, "cursor=initial") == list(range(52, 0, -1))
    assert len(many.get(SUBACCOUNTS).json["results"]) == 52


def test_pages_while_the_list_changes(three: ProviderClient) -> None:
    """A subaccount that is made between two pages neither doubles nor hides another."""
    link = three.get(f"{SUBACCOUNTS}?per_page=1").json["links"]["next"].removeprefix("/sparkpost")
    three.post(SUBACCOUNTS, json={"name": "Now", "setup_api_key": False})
    assert ids(three, link.partition("?")[2]) == [7]


@pytest.mark.parametrize(
    ("size", "good"),
    [("1", True), ("100", True), ("101", False), ("0", False), ("-1", False), ("x", False), ("", False), ("1.0", False),
     ("٥", False), ("9" * 5_000, False)],
)  # fmt: skip
def test_the_size_of_a_page(three: ProviderClient, size: str, good: bool) -> None:
    """A page has 1 to 100 subaccounts."""
    response = three.get(SUBACCOUNTS, query_string={"per_page": size})
    assert response.status_code == (200 if good else 400)
    assert good or refused(response, problem("per_page must be between 1 and 100", "per_page", size))


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "text",
    ["", "x", "Initial", "ü", "====", cursor(7), cursor([7]), cursor([7, 7, 7]), cursor(["x", 7]), cursor([7, "x"]),
     cursor([None, 7]), cursor([True, 7]), cursor([7, 7.0]), cursor({"a": 1, "b": 2}), cursor("ab"),
     base64.b64encode(b"[" * 50_000).decode(), base64.b64encode(b"\xff\xfe").decode(),
     cursor([math.nan, 7]), cursor([math.inf, 7]), base64.b64encode(b"[1e999,7]").decode(), f"{cursor([7, 7])}!"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_cursors_that_are_none(three: ProviderClient, text: str) -> None:
    """A cursor that no link has, or that a link of another order has, is refused."""
    response = three.get(SUBACCOUNTS, query_string={"cursor": text})
    assert refused(response, problem("Invalid `cursor` value", "cursor", text))
    response = three.get(SUBACCOUNTS, query_string={"cursor": cursor([7, 7]), "sort_by": "name"})
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ("sort_by=size",
         [problem("Invalid `sort_by` value. Supported values are: 'created_at', 'updated_at', 'id', 'name'",
                  "sort_by", "size")]),
        ("order=up", [problem("Invalid `order` value. Supported values are: 'asc', 'desc'", "order", "up")]),
        ("option=x", [problem("Invalid `option` value. Supported values are: 'deliverability'", "option", "x")]),
        ("ids=", [problem("Invalid `ids` value", "ids", "")]),
        ("ids=1,,2", [problem("Invalid `ids` value", "ids", "1,,2")]),
        ("ids=1,x", [problem("Invalid `ids` value", "ids", "1,x")]),
        ("status=&per_page=0",
         [problem("per_page must be between 1 and 100", "per_page", "0"),
          problem("Invalid `status` value. Supported values are: 'active', 'suspended', 'terminated'", "status", "")]),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be(three: ProviderClient, query: str, problems: list[dict[str, object]]) -> None:
    """Each parameter that cannot be has its own object."""
    assert refused(three.get(f"{SUBACCOUNTS}?{query}"), *problems)


# Grants

PLACES = [
    ("GET", "/api/v1/ip-pools", "ip_pools", "view"),
    ("POST", "/api/v1/ip-pools", "ip_pools", "manage"),
    ("GET", "/api/v1/ip-pools/default", "ip_pools", "view"),
    ("PUT", "/api/v1/ip-pools/default", "ip_pools", "manage"),
    ("DELETE", "/api/v1/ip-pools/default", "ip_pools", "manage"),
    ("GET", "/api/v1/sending-ips", "ip_pools", "view"),
    ("GET", "/api/v1/sending-ips/192.0.2.1", "ip_pools", "view"),
    ("PUT", "/api/v1/sending-ips/192.0.2.1", "ip_pools", "manage"),
    ("POST", "/api/v1/account/add-ons/dedicated_ips", "billing", "manage"),
    ("GET", "/api/v1/subaccounts", "subaccount", "view"),
    ("POST", "/api/v1/subaccounts", "subaccount", "manage"),
    ("GET", "/api/v1/subaccounts/summary", "subaccount", "view"),
    ("GET", "/api/v1/subaccounts/5", "subaccount", "view"),
    ("PUT", "/api/v1/subaccounts/5", "subaccount", "manage"),
]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A seed with a key for each grant, one without any, and two of a subaccount."""
    path = tmp_path_factory.mktemp("seed") / "keys.yaml"
    grants = ["ip_pools/view", "ip_pools/manage", "subaccount/view", "subaccount/manage", "billing/manage"]
    lines = "".join(f"    - {{key: {grant}, grants: [{grant}]}}\n" for grant in grants)
    path.write_text(
        f"name: keys\nsparkpost:\n  credentials:\n{lines}"
        "    - {key: none, grants: []}\n"
        '    - {key: sub, subaccount: "5"}\n'
        '    - {key: sub-with-grant, subaccount: "5", grants: [ip_pools/manage, subaccount/manage, billing/manage]}\n'
        "  subaccounts:\n    - {id: 5, name: Five}\n"
    )
    return str(path)


@pytest.mark.parametrize(("method", "path", "area", "right"), PLACES)
def test_grants(make_app: Callable[..., Flask], keys: str, method: str, path: str, area: str, right: str) -> None:
    """Each operation is open to just the keys with its grant, and to those that may manage what it views."""
    app = make_app(seed=keys)
    allowed = {f"{area}/{right}", f"{area}/manage"}
    for key in ("ip_pools/view", "ip_pools/manage", "subaccount/view", "subaccount/manage", "billing/manage", "none"):
        response = SPARKPOST.client(app, key).open(path, method=method)
        if key in allowed:
            assert response.status_code != 403
        else:
            assert (response.status_code, response.data) == (403, b'{"errors": [ {"message": "Forbidden."} ]}')


@pytest.mark.parametrize(("method", "path", "area", "right"), PLACES)
def test_a_subaccounts_key(
    make_app: Callable[..., Flask], keys: str, method: str, path: str, area: str, right: str
) -> None:
    """A subaccount's own key can be granted nothing of this; the journal has its subaccount, whatever a header says."""
    app = make_app(seed=keys)
    for key in ("sub", "sub-with-grant"):
        access = SPARKPOST.client(app, key)
        response = access.open(path, method=method)
        assert (response.status_code, response.data) == (403, b'{"errors": [ {"message": "Forbidden."} ]}')
        assert access.last_record.account == "5"
        acting = access.acting_for("9")
        acting.open(path, method=method)
        assert acting.last_record.account == "5"


@pytest.mark.parametrize("value", ["5", "0", "999", "nonsense", ""])
def test_the_subaccount_header(three: ProviderClient, value: str) -> None:
    """X-MSYS-SUBACCOUNT changes nothing of pools, IPs and subaccounts, whatever is in it."""
    acting = three.acting_for(value)
    for path in (SUBACCOUNTS, f"{SUBACCOUNTS}/7", "/api/v1/ip-pools", "/api/v1/sending-ips"):
        assert acting.get(path).data == three.get(path).data
    assert acting.post(SUBACCOUNTS, json={"name": "A", **KEY}).json["results"]["subaccount_id"] == 10


STATUS = "Invalid `status` value. Supported values are: 'active', 'suspended', 'terminated'"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("status", "gone", STATUS),
        ("ip_pool", "x" * 21, "ip_pool must be 20 characters or less"),
    ],
)
def test_fields_that_an_update_cannot_have(three: ProviderClient, field: str, value: Any, message: str) -> None:
    response = three.put(f"{SUBACCOUNTS}/5", json={field: value})
    problem = {"message": message, "param": field, "value": value}
    assert (response.status_code, response.json) == (400, {"errors": [problem]})


def test_deliverability_is_a_boolean(three: ProviderClient) -> None:
    response = three.put(f"{SUBACCOUNTS}/5", json={"options": {"deliverability": "true"}})
    message = "`options.deliverability` must be a Boolean"
    assert response.json == {"errors": [{"message": message, "param": "options.deliverability", "value": "true"}]}


@pytest.mark.parametrize("field", ["key_label", "key_grants"])
def test_a_key_needs(three: ProviderClient, field: str) -> None:
    body = {"name": "new", **{name: value for name, value in KEY.items() if name != field}}
    response = three.post(SUBACCOUNTS, json=body)
    problem = {"message": f"`{field}` is a required field", "param": field, "value": None}
    assert (response.status_code, response.json) == (400, {"errors": [problem]})


def test_whether_there_is_a_key_is_a_boolean(three: ProviderClient) -> None:
    response = three.post(SUBACCOUNTS, json={"name": "new", **KEY, "setup_api_key": "false"})
    message = "`setup_api_key` must be a Boolean"
    assert response.json == {"errors": [{"message": message, "param": "setup_api_key", "value": "false"}]}


def test_status_to_list(three: ProviderClient) -> None:
    response = three.get(f"{SUBACCOUNTS}?status=gone")
    assert (response.status_code, response.json["errors"][0]["message"]) == (400, STATUS)


def test_bought_ips_need(three: ProviderClient) -> None:
    """A purchase needs a number and a pool; null is as good as none."""
    for body, field, value in (
        ({"ip_pool": "marketing"}, "quantity", None),
        ({"ip_pool": "marketing", "quantity": None}, "quantity", None),
        ({"quantity": 1}, "ip_pool", None),
    ):
        response = three.post("/api/v1/account/add-ons/dedicated_ips", json=body)
        problem = {"message": f"`{field}` is a required field", "param": field, "value": value}
        assert (response.status_code, response.json) == (400, {"errors": [problem]})
