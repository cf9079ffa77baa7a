"""API keys: what they return, and what the keys themselves may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support import SENDGRID, ProviderClient

STORES = ("memory", "redis")

KEYS = "/v3/api_keys"
POOLS = "/v3/ips/pools"
MANAGED = "/v3/send_ips/pools"
BODY = {"name": "My API Key", "scopes": ["ips.pools.read", "ips.read"]}
UNKNOWN = "authorization required"
MISSING = "missing required argument"
EXPECTED = "expected JSON request body with 'name' property"


def failed(response: Any, status: int, message: str, field: str | None = None) -> None:
    """Assert that a response is an error of the classic API."""
    assert (response.status_code, response.json) == (status, {"errors": [{"field": field, "message": message}]})


def create(sendgrid: ProviderClient, **body: Any) -> tuple[str, ProviderClient]:
    """Create a key, and return its id and its client."""
    made = sendgrid.post(KEYS, json={"name": "key", **body})
    assert made.status_code == 201
    return made.json["api_key_id"], sendgrid.with_key(made.json["api_key"])


def test_life_of_a_key(sendgrid: ProviderClient) -> None:
    made = sendgrid.post(KEYS, json=BODY)
    key, key_id = made.json["api_key"], made.json["api_key_id"]
    assert (made.status_code, list(made.json.items())) == (
        201,
        [("api_key", key), ("api_key_id", key_id), *BODY.items()],
    )
    assert re.fullmatch(r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", key)
    assert key.split(".")[1] == key_id
    path = f"{KEYS}/{key_id}"
    assert list(sendgrid.get(path).json.items()) == [("api_key_id", key_id), *BODY.items()]
    assert sendgrid.get(KEYS).json == {"result": [{"name": "My API Key", "api_key_id": key_id}]}
    renamed = sendgrid.patch(path, json={"name": "A New Hope"})
    assert (renamed.status_code, list(renamed.json.items())) == (
        200,
        [("api_key_id", key_id), ("name", "A New Hope")],
    )
    assert sendgrid.get(path).json["scopes"] == BODY["scopes"]
    updated = sendgrid.put(path, json={"name": "Profiles Key", "scopes": ["mail.send"]})
    assert (updated.status_code, list(updated.json.items())) == (
        200,
        [("api_key_id", key_id), ("name", "Profiles Key"), ("scopes", ["mail.send"])],
    )
    assert sendgrid.get(path).json == updated.json
    assert sendgrid.put(path, json={"name": "same scopes"}).json["scopes"] == ["mail.send"]
    for response in (sendgrid.get(KEYS), sendgrid.get(path), sendgrid.get("/v3/scopes")):
        assert key not in response.text
    deleted = sendgrid.delete(path)
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert sendgrid.get(KEYS).json == {"result": []}
    failed(sendgrid.get(path), 404, "unable to find API Key")
    failed(sendgrid.delete(path), 404, "unable to find API Key for deletion")
    failed(sendgrid.put(path, json=BODY), 404, "unable to find API Key to update")
    failed(sendgrid.patch(path, json=BODY), 404, "unable to find API Key to update")


def test_key_is_limited_to_its_scopes(sendgrid: ProviderClient) -> None:
    """It belongs to the same tenant. An update or a deletion applies to the next request."""
    key_id, key = create(sendgrid, scopes=BODY["scopes"])
    assert key.get(POOLS).json == sendgrid.get(POOLS).json
    assert key.get("/v3/scopes").json == {"scopes": sorted(BODY["scopes"])}
    failed(key.post(POOLS, json={"name": "new"}), 403, "access forbidden")
    failed(key.get(KEYS), 403, "access forbidden")
    assert key.post(MANAGED, json={"name": "new"}).json == {
        "errors": [{"field": "", "message": "missing required scope: ips.pools.create"}]
    }
    sendgrid.put(f"{KEYS}/{key_id}", json={"name": "key", "scopes": ["ips.pools.create"]})
    assert key.post(POOLS, json={"name": "new"}).status_code == 200
    assert {"name": "new"} in sendgrid.get(POOLS).json
    failed(key.get(POOLS), 403, "access forbidden")
    sendgrid.delete(f"{KEYS}/{key_id}")
    failed(key.get(POOLS), 401, UNKNOWN)
    assert key.get(MANAGED).json == {"errors": [{"field": "", "message": UNKNOWN}]}


OPERATIONS = [
    ("GET", KEYS, "read"),
    ("POST", KEYS, "create"),
    ("GET", f"{KEYS}/x", "read"),
    ("PATCH", f"{KEYS}/x", "update"),
    ("PUT", f"{KEYS}/x", "update"),
    ("DELETE", f"{KEYS}/x", "delete"),
]


@pytest.mark.parametrize(("method", "path", "right"), OPERATIONS)
def test_scope_of_each_operation(sendgrid: ProviderClient, method: str, path: str, right: str) -> None:
    rights = ("create", "read", "update", "delete")
    for each in rights:
        _, key = create(sendgrid, scopes=[f"api_keys.{each}"])
        assert (key.open(path, method=method).status_code == 403) is (each != right)


def test_key_without_scopes_has_full_access(sendgrid: ProviderClient) -> None:
    """Its scopes are all of them; the names of keys may be the same."""
    made = sendgrid.post(KEYS, json={"name": "key"}).json
    key_id, key = create(sendgrid)
    assert key.delete(f"{POOLS}/spare").status_code == 204
    every = sendgrid.get("/v3/scopes").json["scopes"]
    assert sorted(sendgrid.get(f"{KEYS}/{key_id}").json["scopes"]) == sorted(made["scopes"]) == every
    other_id, other = create(key)
    assert other.get(POOLS).status_code == 200
    assert len({made["api_key_id"], key_id, other_id}) == 3
    assert [each["api_key_id"] for each in sendgrid.get(KEYS).json["result"]] == [made["api_key_id"], key_id, other_id]


def test_key_of_a_subuser(sendgrid: ProviderClient) -> None:
    """It acts for its subuser alone, which sees only its own keys, and ends with it."""
    subuser = sendgrid.acting_for("subuser1")
    key_id, key = create(subuser, scopes=["ips.pools.read", "api_keys.read"])
    parents_id, _ = create(sendgrid)
    assert key.get(POOLS).json == [{"name": "newsletters"}]
    assert key.last_record.account == "subuser1"
    assert [each["api_key_id"] for each in key.get(KEYS).json["result"]] == [key_id]
    assert [each["api_key_id"] for each in sendgrid.get(KEYS).json["result"]] == [parents_id]
    failed(key.get(f"{KEYS}/{parents_id}"), 404, "unable to find API Key")
    failed(sendgrid.get(f"{KEYS}/{key_id}"), 404, "unable to find API Key")
    failed(key.acting_for("subuser2").get(POOLS), 401, UNKNOWN)
    sendgrid.delete("/v3/subusers/subuser1")
    failed(key.get(POOLS), 401, UNKNOWN)
    body = {"username": "subuser1", "email": "a@example.com", "password": "x", "ips": []}
    sendgrid.post("/v3/subusers", json=body)
    failed(key.get(POOLS), 401, UNKNOWN)
    assert subuser.get(KEYS).json == {"result": []}


def test_reset_revokes_keys_and_repeats_them(app: Flask, sendgrid: ProviderClient) -> None:
    """A repeated key has the account and scopes that it was created with, and not those of its first life."""
    control = app.test_client()
    _, first = create(sendgrid.acting_for("subuser1"), scopes=["ips.pools.read"])
    tenant = sendgrid.tenant.id
    control.post(f"/_mockserver/tenants/{tenant}/reset")
    failed(first.get(POOLS), 401, UNKNOWN)
    _, second = create(sendgrid)
    assert second.headers == first.headers
    assert second.get(POOLS).json == sendgrid.get(POOLS).json
    assert second.post(POOLS, json={"name": "new"}).status_code == 200


def test_snapshot_has_the_keys(app: Flask, sendgrid: ProviderClient) -> None:
    control, tenant = app.test_client(), sendgrid.tenant.id
    _, key = create(sendgrid)
    control.post(f"/_mockserver/tenants/{tenant}/snapshots", json={"name": "with"})
    sendgrid.delete(f"{KEYS}/{sendgrid.get(KEYS).json['result'][0]['api_key_id']}")
    failed(key.get(POOLS), 401, UNKNOWN)
    control.post(f"/_mockserver/tenants/{tenant}/snapshots/with/restore")
    assert key.get(POOLS).status_code == 200


def test_keys_of_tenants_differ(app: Flask) -> None:
    """The same requests of two tenants create two keys; neither sees the other's."""
    one, two = SENDGRID.new_client(app), SENDGRID.new_client(app)
    (one_id, key), (two_id, _) = create(one), create(two)
    assert one_id != two_id
    failed(two.get(f"{KEYS}/{one_id}"), 404, "unable to find API Key")
    key.delete(f"{POOLS}/spare")
    assert {"name": "spare"} in two.get(POOLS).json
    assert {"name": "spare"} not in one.get(POOLS).json


@pytest.mark.parametrize("own", [None, "subuser1"])
def test_an_account_has_100_keys(sendgrid: ProviderClient, own: str | None) -> None:
    """Those of other accounts do not count."""
    account = sendgrid.acting_for(own) if own else sendgrid
    create(sendgrid.acting_for("subuser2"))
    ids = [create(account)[0] for _ in range(99)]
    assert len(account.get(KEYS).json["result"]) == 99
    create(account)
    failed(account.post(KEYS, json=BODY), 403, "Cannot create more than 100 API Keys")
    assert len(account.get(KEYS).json["result"]) == 100
    account.delete(f"{KEYS}/{ids[0]}")
    create(account)


def test_limit_of_the_list(sendgrid: ProviderClient) -> None:
    ids = [create(sendgrid)[0] for _ in range(3)]

    def listed(query: str) -> list[str]:
        return [each["api_key_id"] for each in sendgrid.get(f"{KEYS}?{query}").json["result"]]

    assert listed("limit=2") == ids[:2]
    assert listed("limit=500") == ids
    for limit in ("0", "501", "x"):
        failed(sendgrid.get(f"{KEYS}?limit={limit}"), 400, "should be > 0 and <= 500", "limit")


@pytest.mark.parametrize("scopes", [[], "mail.send", [1], {}, None])
def test_scopes_that_do_not_fit(sendgrid: ProviderClient, scopes: object) -> None:
    """On creation and on an update; the key keeps its own."""
    key_id, _ = create(sendgrid, scopes=["mail.send"])
    for response in (
        sendgrid.post(KEYS, json={"name": "key", "scopes": scopes}),
        sendgrid.put(f"{KEYS}/{key_id}", json={"name": "new", "scopes": scopes}),
    ):
        failed(response, 400, MISSING, "scopes")
    assert sendgrid.get(f"{KEYS}/{key_id}").json == {"api_key_id": key_id, "name": "key", "scopes": ["mail.send"]}


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None}, {"name": 5}])
def test_name_that_does_not_fit(sendgrid: ProviderClient, body: dict[str, Any]) -> None:
    key_id, _ = create(sendgrid)
    failed(sendgrid.post(KEYS, json=body), 400, MISSING, "name")
    failed(sendgrid.put(f"{KEYS}/{key_id}", json=body), 400, EXPECTED)
    failed(sendgrid.patch(f"{KEYS}/{key_id}", json=body), 400, EXPECTED)


def test_body_that_is_not_json(sendgrid: ProviderClient) -> None:
    for data in (b"", b"{", b"[]"):
        failed(sendgrid.post(KEYS, data=data), 400, "Request body is not valid json")
        failed(sendgrid.put(f"{KEYS}/x", data=data), 400, EXPECTED)
        failed(sendgrid.patch(f"{KEYS}/x", data=data), 400, EXPECTED)


@pytest.mark.store("memory")
@pytest.mark.parametrize(
    ("profile", "more", "shown"),
    [
        ({}, False, True),
        ({"profile": "live"}, True, False),
        ({"switches": {"keys_get_more_scopes": True}}, True, True),
        ({"switches": {"updated_key_without_scopes": True}}, False, False),
    ],
)
def test_switches(
    make_sendgrid: Callable[..., ProviderClient], profile: dict[str, Any], more: bool, shown: bool
) -> None:
    sendgrid = make_sendgrid(**profile)
    further = ["2fa_required", "sender_verification_eligible"] if more else []
    made = sendgrid.post(KEYS, json={"name": "key", "scopes": ["mail.send"]}).json
    path = f"{KEYS}/{made['api_key_id']}"
    assert made["scopes"] == ["mail.send"]
    assert sendgrid.get(path).json["scopes"] == ["mail.send", *further]
    updated = sendgrid.put(path, json={"name": "key", "scopes": ["ips.read", "2fa_required"]}).json
    assert updated.get("scopes") == (["ips.read", "2fa_required"] if shown else None)
    assert sendgrid.get(path).json["scopes"] == ["ips.read", "2fa_required", *further[1:]]


@pytest.mark.store("memory")
def test_seed_has_keys(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """They are in the list; no client can use them."""
    sendgrid = make_sendgrid(
        subusers=["team"],
        api_keys=[
            {"id": "one", "name": "One", "scopes": ["mail.send"]},
            {"id": "two", "name": "Two"},
            {"id": "three", "name": "Three", "subuser": "team"},
        ],
    )
    assert [each["api_key_id"] for each in sendgrid.get(KEYS).json["result"]] == ["one", "two"]
    assert sendgrid.get(f"{KEYS}/one").json["scopes"] == ["mail.send"]
    assert sendgrid.acting_for("team").get(KEYS).json["result"] == [{"name": "Three", "api_key_id": "three"}]
    assert sendgrid.delete(f"{KEYS}/two").status_code == 204


def test_state_that_is_put_back_has_the_keys(app: Flask, sendgrid: ProviderClient) -> None:
    """A new key has an id of its own."""
    control, path = app.test_client(), f"/_mockserver/tenants/{sendgrid.tenant.id}"
    key_id, key = create(sendgrid, scopes=["ips.pools.read"])
    state = control.get(f"{path}/state").json
    control.post(f"{path}/reset")
    assert control.put(f"{path}/state", json=state).status_code == 200
    assert sendgrid.get(f"{KEYS}/{key_id}").json["scopes"] == ["ips.pools.read"]
    assert key.get(POOLS).status_code == 200
    other_id, _ = create(sendgrid)
    assert other_id != key_id
