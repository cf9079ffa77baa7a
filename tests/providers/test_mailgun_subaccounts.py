"""Mailgun's subaccounts, and the older way to delegate pools to them, through HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import (
    MARKETING,
    NOWHERE,
    POOLS,
    SPARE,
    TRANSACTIONAL,
    Time,
    create,
    domain_ips,
    started,
    succeeded,
)
from .mailgun_account import refused as refused_elsewhere

ROOM = "/v5/accounts/subaccounts"


def refused(response: TestResponse, status: int, message: str) -> None:
    """Expect an error of the subaccounts service."""
    assert (response.status_code, response.json) == (status, {"message": message})
    assert response.headers["Content-Type"] == "application/json"


def open_one(mailgun: ProviderClient, name: str = "Second") -> str:
    """Open a subaccount; return its id."""
    response = mailgun.post(ROOM, data={"name": name})
    assert response.status_code == 200
    subaccount_id: str = response.json["subaccount"]["id"]
    return subaccount_id


def test_a_new_subaccount(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A subaccount is open from the start, says when it was made, and is acted for with the parent's key."""
    mailgun = make_mailgun(time=time)
    response = mailgun.post(f"{ROOM}?name=Second")
    made = "Tue, 14 Nov 2023 22:13:20 GMT"
    subaccount = {
        "id": response.json["subaccount"]["id"],
        "name": "Second",
        "created_at": made,
        "updated_at": made,
        "status": "open",
    }
    assert (response.status_code, response.json) == (200, {"subaccount": subaccount})
    assert list(response.json["subaccount"]) == list(subaccount)
    assert response.headers["Content-Type"] == "application/json"
    assert mailgun.get(f"{ROOM}/{subaccount['id']}").json == response.json
    assert mailgun.acting_for(subaccount["id"]).get(POOLS).json["ip_pools"] == []


def test_what_the_recorded_answers_have(mailgun: ProviderClient) -> None:
    """Answers of the service that has the subaccounts say that they are shown inline; no other answer does."""
    theirs = [
        mailgun.get(ROOM),
        mailgun.get(f"{ROOM}/{SUBACCOUNT}"),
        mailgun.post(f"{ROOM}/{SUBACCOUNT}/disable"),
        mailgun.post(f"{ROOM}/{SUBACCOUNT}/enable"),
        mailgun.post(f"{ROOM}?name=Second"),
        mailgun.acting_for(SUBACCOUNT).delete(ROOM),
    ]
    assert [answer.status_code for answer in theirs] == [200] * 6
    assert {answer.headers["Content-Disposition"] for answer in theirs} == {"inline"}
    assert "Content-Disposition" not in mailgun.get(POOLS).headers


def test_the_place_of_the_status(mailgun: ProviderClient) -> None:
    """As in the specification's examples, the status comes before the dates in a list, and behind them elsewhere."""
    listed = mailgun.get(ROOM).json["subaccounts"][0]
    single = mailgun.get(f"{ROOM}/{SUBACCOUNT}").json["subaccount"]
    assert list(listed) == ["id", "name", "status", "created_at", "updated_at"]
    assert list(single) == ["id", "name", "created_at", "updated_at", "status"]
    assert listed == single


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_name_in_a_form(mailgun: ProviderClient, encoding: str) -> None:
    """Clients send the name in a form; the query comes first."""
    data = {"name": "In the form"}
    response = mailgun.post(ROOM, data=data, headers={"Content-Type": encoding})
    assert response.json["subaccount"]["name"] == "In the form"
    response = mailgun.post(f"{ROOM}?name=In+the+query", data=data, headers={"Content-Type": encoding})
    assert response.json["subaccount"]["name"] == "In the query"


@pytest.mark.parametrize("query", ["", "?name=", "?name=%20"])
def test_no_name(mailgun: ProviderClient, query: str) -> None:
    """A subaccount has a name."""
    refused(mailgun.post(ROOM + query), 400, "Bad request")


@pytest.fixture
def five(make_mailgun: Callable[..., ProviderClient]) -> ProviderClient:
    """A parent of five."""
    names = {"1": ("Eve", "open"), "2": ("adam", "disabled"), "3": ("Bea", "closed"), "4": ("Abe", "open"),
             "5": ("Eden", "disabled")}  # fmt: skip
    return make_mailgun(
        subaccounts=[{"id": n * 24, "name": name, "status": status} for n, (name, status) in names.items()],
        ip_pools=[], domains=[], ips=[], eligible_for_shared_ips=False,
        credentials=[{"key": "key-0123456789abcdef0123456789abcdef"}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found", "total"),
    [
        ("", "12345", 5),
        ("sort=asc", "43512", 5),
        ("sort=desc", "21534", 5),
        ("filter=E", "1345", 4),
        ("filter=ED", "5", 1),
        ("enabled=true", "14", 2),
        ("enabled=false", "25", 2),
        ("closed=false", "1245", 4),
        ("closed=true", "12345", 5),
        ("enabled=true&closed=true", "134", 3),
        ("enabled=false&closed=false", "25", 2),
        ("limit=2", "12", 5),
        ("limit=2&skip=4", "5", 5),
        ("skip=5", "", 5),
        ("filter=e&limit=1&skip=1&sort=desc", "5", 4),
    ],
)
def test_list(five: ProviderClient, query: str, found: str, total: int) -> None:
    """Subaccounts come in the order they were made, or of their names; what fits is counted before limit and skip."""
    answer = five.get(f"{ROOM}?{query}")
    assert ("".join(each["id"][0] for each in answer.json["subaccounts"]), answer.json["total"]) == (found, total)
    assert answer.headers["Content-Type"] == "application/json"


def test_the_default_limit(mailgun: ProviderClient) -> None:
    """Without a limit, ten are listed."""
    for number in range(10):
        open_one(mailgun, f"n{number}")
    answer = mailgun.get(ROOM).json
    assert (len(answer["subaccounts"]), answer["total"]) == (10, 11)
    assert len(mailgun.get(f"{ROOM}?limit=1000").json["subaccounts"]) == 11


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "skip=-1", "skip=", "sort=up", "enabled=yes",
                                   "closed=", "limit=" + "9" * 400])  # fmt: skip
def test_bad_lists(mailgun: ProviderClient, query: str) -> None:
    """What a list cannot be asked for is a bad request."""
    refused(mailgun.get(f"{ROOM}?{query}"), 400, "Bad request")


def test_disable_and_enable(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A disabled subaccount can do nothing until it is enabled; when that was is kept."""
    mailgun = make_mailgun(time=time)
    own = mailgun.with_key("key-fedcba9876543210fedcba9876543210")
    answer = mailgun.post(f"{ROOM}/{SUBACCOUNT}/disable?reason=spam&note=x").json["subaccount"]
    assert (answer["status"], answer["updated_at"]) == ("disabled", "Tue, 14 Nov 2023 22:13:20 GMT")
    assert answer["created_at"] == "Tue, 12 Mar 2024 20:57:06 GMT"
    refused_elsewhere(mailgun.acting_for(SUBACCOUNT).get(POOLS), 403, "Forbidden")
    assert own.get(POOLS).status_code == 401
    refused(mailgun.post(f"{ROOM}/{SUBACCOUNT}/disable"), 400, "subaccount is already disabled")
    time.now += 60
    answer = mailgun.post(f"{ROOM}/{SUBACCOUNT}/enable").json["subaccount"]
    assert (answer["status"], answer["updated_at"]) == ("open", "Tue, 14 Nov 2023 22:14:20 GMT")
    assert own.get(POOLS).status_code == 200
    time.now += 60
    assert mailgun.post(f"{ROOM}/{SUBACCOUNT}/enable").json["subaccount"] == answer


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_limit(make_mailgun: Callable[..., ProviderClient], limit: int) -> None:
    """As many subaccounts may be open as the parent was allotted; a disabled one makes room."""
    text = "Parent account has reached its allotted child limit"
    mailgun = make_mailgun(subaccount_limit=limit)
    for number in range(1, limit):
        open_one(mailgun, f"n{number}")
    refused(mailgun.post(ROOM, data={"name": "n"}), 400, text)
    assert mailgun.post(f"{ROOM}/{SUBACCOUNT}/disable").status_code == 200
    other = open_one(mailgun)
    refused(mailgun.post(f"{ROOM}/{SUBACCOUNT}/enable"), 400, text)
    assert mailgun.post(f"{ROOM}/{other}/enable").status_code == 200


@pytest.mark.parametrize("subaccount_id", [NOWHERE, "x", "%00"])
def test_strangers(mailgun: ProviderClient, subaccount_id: str) -> None:
    """A subaccount that is not there is not found."""
    refused(mailgun.get(f"{ROOM}/{subaccount_id}"), 404, "Not Found")
    for verb in ("enable", "disable"):
        refused(mailgun.post(f"{ROOM}/{subaccount_id}/{verb}"), 404, "Not Found")


def test_only_the_parent(mailgun: ProviderClient) -> None:
    """A subaccount can neither see nor make subaccounts, with whatever key."""
    own = mailgun.with_key("key-fedcba9876543210fedcba9876543210")
    for access in (mailgun.acting_for(SUBACCOUNT), own):
        for method, path in (("GET", ""), ("POST", "?name=x"), ("GET", f"/{SUBACCOUNT}"),
                             ("POST", f"/{SUBACCOUNT}/enable"), ("POST", f"/{SUBACCOUNT}/disable")):  # fmt: skip
            refused(access.open(ROOM + path, method=method), 403, "Forbidden")
    refused(own.delete(ROOM), 403, "Forbidden")


def test_delete(mailgun: ProviderClient) -> None:
    """A closed subaccount has lost its domains, pools and inheritance; its IPs are the parent's; it can be read."""
    sub = mailgun.acting_for(SUBACCOUNT)
    create(sub, "192.0.2.30")
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    response = sub.delete(ROOM)
    assert (response.status_code, response.json) == (200, {"message": "Subaccount successfully deleted"})
    assert response.headers["Content-Type"] == "application/json"
    assert mailgun.get(f"{ROOM}/{SUBACCOUNT}").json["subaccount"]["status"] == "closed"
    refused_elsewhere(sub.get(POOLS), 403, "Forbidden")
    refused_elsewhere(sub.delete(ROOM), 403, "Forbidden")
    assert mailgun.with_key("key-fedcba9876543210fedcba9876543210").get(POOLS).status_code == 401
    assert "192.0.2.30" in mailgun.get("/v3/ips").json["assignable_to_pools"]
    assert mailgun.get(f"{ROOM}/ip_pools/all").json == {"items": [], "total_count": 0}
    assert [pool["name"] for pool in mailgun.get(POOLS).json["ip_pools"]] == ["Transactional", "Marketing", "Spare"]
    assert mailgun.post("/v4/domains", data={"name": "sub.example.com"}).status_code == 200
    for verb in ("enable", "disable"):
        refused(mailgun.post(f"{ROOM}/{SUBACCOUNT}/{verb}"), 404, "Not Found")
    refused_elsewhere(mailgun.put(f"{POOLS}/{MARKETING}/delegate", data={"subaccount_id": SUBACCOUNT}), 404,
                      "account not found")  # fmt: skip


def test_delete_nobody(mailgun: ProviderClient) -> None:
    """Without the header there is no subaccount to delete; an unknown one is forbidden."""
    refused(mailgun.delete(ROOM), 400, "Bad request")
    refused_elsewhere(mailgun.acting_for(NOWHERE).delete(ROOM), 403, "Forbidden")


# What subaccounts inherit, and the older way to say it


def inherited(mailgun: ProviderClient) -> list[tuple[str, str]]:
    answer = mailgun.get(f"{ROOM}/ip_pools/all").json
    assert answer["total_count"] == len(answer["items"])
    assert answer == mailgun.get(f"{ROOM}/ip_pools").json
    return [(item["subaccount_id"], item["pool_id"]) for item in answer["items"]]


def test_delegations(mailgun: ProviderClient) -> None:
    """There is a row for each pool that a subaccount inherits, the oldest subaccount's first."""
    assert inherited(mailgun) == [(SUBACCOUNT, TRANSACTIONAL)]
    other = open_one(mailgun)
    succeeded(mailgun.put(f"{POOLS}/{TRANSACTIONAL}/delegate", data={"subaccount_id": other}))
    succeeded(mailgun.put(f"{POOLS}/{SPARE}/delegate", data={"subaccount_id": SUBACCOUNT}))
    assert inherited(mailgun) == [(SUBACCOUNT, TRANSACTIONAL), (SUBACCOUNT, SPARE), (other, TRANSACTIONAL)]
    refused_elsewhere(mailgun.acting_for(SUBACCOUNT).get(f"{ROOM}/ip_pools/all"), 404, "account not found")


def test_no_list_of_one(mailgun: ProviderClient) -> None:
    """There is no list for one subaccount, as the service was seen to say."""
    response = mailgun.get(f"{ROOM}/{SUBACCOUNT}/ip_pools")
    assert (response.status_code, response.data) == (404, b"404 page not found")


def path(subaccount_id: str = SUBACCOUNT) -> str:
    return f"{ROOM}/{subaccount_id}/ip_pool"


@pytest.mark.parametrize("where", ["data", "query_string"])
def test_replace(slow: ProviderClient, time: Time, where: str) -> None:
    """Another pool takes the place of the one that a subaccount inherits, and its domains are linked to that."""
    sub = slow.acting_for(SUBACCOUNT)
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    started(slow.put(path(), **{where: {"pool_id": MARKETING}}))
    assert inherited(slow) == [(SUBACCOUNT, MARKETING)]
    assert domain_ips(sub, "sub.example.com") == ["192.0.2.20"]
    time.now += 10
    assert domain_ips(sub, "sub.example.com") == ["192.0.2.21"]
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]
    started(slow.put(path(), **{where: {"pool_id": MARKETING}}))
    assert inherited(slow) == [(SUBACCOUNT, MARKETING)]


def test_back_and_forth(slow: ProviderClient, time: Time) -> None:
    """A subaccount that gets its old pool back before its domains were moved keeps them where they are."""
    sub = slow.acting_for(SUBACCOUNT)
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    started(slow.put(path(), data={"pool_id": MARKETING}))
    started(slow.put(path(), data={"pool_id": TRANSACTIONAL}))
    time.now += 10
    assert inherited(slow) == [(SUBACCOUNT, TRANSACTIONAL)]
    assert domain_ips(sub, "sub.example.com") == ["192.0.2.20"]
    assert slow.get(f"{POOLS}/{TRANSACTIONAL}").json["details"]["linked_domains"] == [
        "mail.example.com",
        "sub.example.com",
    ]


def test_the_first_pool(mailgun: ProviderClient) -> None:
    """A subaccount that inherits nothing gets the pool."""
    other = open_one(mailgun)
    started(mailgun.put(path(other), data={"pool_id": SPARE}))
    assert inherited(mailgun) == [(SUBACCOUNT, TRANSACTIONAL), (other, SPARE)]


def test_revoke(slow: ProviderClient, time: Time) -> None:
    """The one pool is taken away, and the domains linked to it are unlinked afterwards."""
    sub = slow.acting_for(SUBACCOUNT)
    succeeded(sub.post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    started(slow.delete(f"{path()}?pool_id={TRANSACTIONAL}"))
    assert inherited(slow) == []
    time.now += 10
    assert domain_ips(sub, "sub.example.com") == ["198.51.100.1"]
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]


def test_bad_delegations(mailgun: ProviderClient) -> None:
    """What cannot be delegated or revoked in this way has the documented words."""
    text = "invalid request parameters"
    own = create(mailgun.acting_for(SUBACCOUNT), "192.0.2.30")
    for pool_id in ("", " ", NOWHERE, own):
        refused_elsewhere(mailgun.put(path(), data={"pool_id": pool_id}), 400, text)
        refused_elsewhere(mailgun.delete(path(), query_string={"pool_id": pool_id}), 400, text)
    refused_elsewhere(mailgun.delete(f"{path()}?pool_id={MARKETING}"), 400, text)
    for method in ("PUT", "DELETE"):
        refused_elsewhere(mailgun.open(f"{path(NOWHERE)}?pool_id={SPARE}", method=method), 404, "account not found")
        sub = mailgun.acting_for(SUBACCOUNT)
        refused_elsewhere(sub.open(f"{path()}?pool_id={SPARE}", method=method), 404, "account not found")
    succeeded(mailgun.acting_for(SUBACCOUNT).post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    refused_elsewhere(mailgun.put(path(), data={"pool_id": SPARE}), 400, text)
    assert inherited(mailgun) == [(SUBACCOUNT, TRANSACTIONAL)]


def test_several_pools(mailgun: ProviderClient) -> None:
    """The older way is closed to a subaccount that inherits several pools."""
    succeeded(mailgun.put(f"{POOLS}/{SPARE}/delegate", data={"subaccount_id": SUBACCOUNT}))
    refused_elsewhere(mailgun.put(path(), data={"pool_id": MARKETING}), 400, "invalid request parameters")
    refused_elsewhere(mailgun.delete(f"{path()}?pool_id={SPARE}"), 400, "invalid request parameters")


def test_revoking_needs_shared_ips(make_mailgun: Callable[..., ProviderClient]) -> None:
    """A pool is not taken away if a domain would have nothing left to send from."""
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    succeeded(mailgun.acting_for(SUBACCOUNT).post("/v3/domains/sub.example.com/ips", data={"pool_id": TRANSACTIONAL}))
    text = "account is not eligible for shared ips"
    refused_elsewhere(mailgun.delete(f"{path()}?pool_id={TRANSACTIONAL}"), 400, text)


# What a subaccount sees of the older operations before their delay is over


def seen(mailgun: ProviderClient) -> list[str]:
    return [pool["pool_id"] for pool in mailgun.acting_for(SUBACCOUNT).get(POOLS).json["ip_pools"]]


def test_a_replaced_pool_is_seen_until_the_delay_is_over(slow: ProviderClient, time: Time) -> None:
    path = f"{ROOM}/{SUBACCOUNT}/ip_pool"
    started(slow.put(path, data={"pool_id": MARKETING}))
    assert seen(slow) == [TRANSACTIONAL]
    time.now += 10
    assert seen(slow) == [MARKETING]
    started(slow.delete(f"{path}?pool_id={MARKETING}"))
    assert seen(slow) == [MARKETING]
    time.now += 10
    assert seen(slow) == []
    started(slow.put(path, data={"pool_id": TRANSACTIONAL}))
    assert seen(slow) == []
    time.now += 10
    assert seen(slow) == [TRANSACTIONAL]


def test_what_a_subaccount_sees_is_part_of_the_state(slow: ProviderClient, time: Time) -> None:
    """The state that is dumped is a seed in which the subaccount still sees the old pool."""
    started(slow.delete(f"{POOLS}/{TRANSACTIONAL}?pool_id={MARKETING}"))
    control = slow.application.test_client()
    url = "/_mockserver/tenants/default/state"
    state = control.get(url).json["state"]["mailgun"]
    assert control.put(url, json={"state": {"mailgun": state}}).status_code == 200
    assert control.get(url).json["state"]["mailgun"] == state
    assert seen(slow) == [TRANSACTIONAL]
    time.now += 10
    assert seen(slow) == [MARKETING]


def test_a_closed_subaccount_sees_no_pools(slow: ProviderClient) -> None:
    started(slow.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    assert slow.acting_for(SUBACCOUNT).delete(ROOM).status_code == 200
    state = slow.application.test_client().get("/_mockserver/tenants/default/state").json["state"]["mailgun"]
    assert "inherited" not in state["subaccounts"][0]
