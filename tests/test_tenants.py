"""A credential is a tenant."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from .support import (
    MAILGUN,
    MAILGUN_KEY,
    SENDGRID,
    SPARKPOST,
    CheckedMemoryStore,
    ProviderClient,
    store_of,
    tenant_lock,
)

STORES = ("memory", "redis")


def test_one_tenant_of_three_providers(app: Flask) -> None:
    """The seed's credentials of all providers are one tenant, with one numbering of requests."""
    tenants = {case.client(app).tenant.id for case in (SPARKPOST, SENDGRID, MAILGUN)}
    assert tenants == {"default"}
    assert [record.provider for record in store_of(app).tenant("default").request_log] == [
        "sparkpost",
        "sendgrid",
        "mailgun",
    ]


def test_max_tenants(make_app: Callable[..., Flask]) -> None:
    """Beyond --max-tenants the least recently used one is closed, counted, and answers 503: never an empty account."""
    app = make_app(max_tenants=3)
    first, second, *others = [SENDGRID.new_client(app) for _ in range(4)]
    for tenant in (first, second, others[0]):
        tenant.post(SENDGRID.pools_path, json={"name": "mine"})
    first.get(SENDGRID.pools_path)
    assert store_of(app).counts().get("evictions", 0) == 0
    others[1].get(SENDGRID.pools_path)
    assert (store_of(app).counts()["evictions"], len(store_of(app))) == (1, 3)
    response = second.get(SENDGRID.pools_path)
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert "--max-tenants" in response.json["detail"]
    for tenant in (first, others[0]):
        assert tenant.get(f"{SENDGRID.pools_path}/mine").status_code == 200


def test_registered_tenants_stay(make_app: Callable[..., Flask]) -> None:
    """A tenant of the seed is never closed, and takes no place of others."""
    app = make_app(max_tenants=1)
    SENDGRID.client(app).post(SENDGRID.pools_path, json={"name": "mine"})
    for _ in range(3):
        SENDGRID.new_client(app).get(SENDGRID.pools_path)
    assert SENDGRID.client(app).get(f"{SENDGRID.pools_path}/mine").status_code == 200
    assert store_of(app).counts()["evictions"] == 2


def test_closed_credentials_are_remembered_for_a_while(make_app: Callable[..., Flask]) -> None:
    """Ten times as many closed credentials as open tenants are remembered, as digests."""
    app = make_app(max_tenants=2)
    keys = [MAILGUN.new_key() for _ in range(30)]
    for key in keys:
        MAILGUN.client(app, key).get(MAILGUN.pools_path)
    statuses = [MAILGUN.client(app, key).get(MAILGUN.pools_path).status_code for key in keys[8:28]]
    assert statuses == [503] * 20
    assert MAILGUN.client(app, keys[0]).get(MAILGUN.pools_path).status_code == 200
    stored = store_of(app)
    remembered = (
        stored._evicted if isinstance(stored, CheckedMemoryStore) else stored.redis.zrange("mockserver:evicted", 0, -1)
    )
    assert len(remembered) == 20
    assert not any(key in repr(remembered) for key in keys)


@pytest.mark.store("memory")  # test_redis_store has it with Redis' own clock
def test_idle_tenants_are_closed(make_app: Callable[..., Flask]) -> None:
    """A tenant that was idle for --tenant-ttl is closed, counted, and answers 503; in use is who asks, in any way."""
    clock = [1_700_000_000.0]
    app = make_app(tenant_ttl=10, time=lambda: clock[0])
    idle, busy, shown = [SENDGRID.new_client(app) for _ in range(3)]
    for tenant in (idle, busy, shown, SENDGRID.client(app)):
        assert tenant.post(SENDGRID.pools_path, json={"name": "mine"}).status_code == 200
    tenant_id = shown.tenant.id
    for _ in range(2):
        clock[0] += 9.9
        assert app.test_client().get(f"/_mockserver/tenants/{tenant_id}").status_code == 200
        assert busy.get(f"{SENDGRID.pools_path}/mine").status_code == 200
    response = idle.get(SENDGRID.pools_path)
    assert (response.status_code, "--tenant-ttl" in response.json["detail"]) == (503, True)
    assert store_of(app).counts()["evictions"] == 1
    clock[0] += 10
    assert app.test_client().get(f"/_mockserver/tenants/{tenant_id}").status_code == 404
    assert [each.get(SENDGRID.pools_path).status_code for each in (busy, shown)] == [503, 503]
    assert store_of(app).counts()["evictions"] == 3
    assert SENDGRID.client(app).get(f"{SENDGRID.pools_path}/mine").status_code == 200


def test_parallel_calls_of_one_tenant(app: Flask) -> None:
    """Of 40 parallel creations in an account with room for 94, all are made; ids and names are unique."""
    key = SENDGRID.new_key()
    counter = itertools.count()

    def make(_: int) -> int:
        return SENDGRID.client(app, key).post(SENDGRID.pools_path, json={"name": f"p{next(counter)}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(make, range(40))) == {200}
    pools = SENDGRID.client(app, key).get("/v3/send_ips/pools").json["result"]
    assert len({pool["id"] for pool in pools}) == len({pool["name"] for pool in pools}) == 46


def test_exactly_the_limit_wins(app: Flask) -> None:
    """Of 150 parallel creations, exactly 94 fit beside the six pools that are there."""
    key = SENDGRID.new_key()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(
                lambda number: (
                    SENDGRID.client(app, key).post(SENDGRID.pools_path, json={"name": f"p{number}"}).status_code
                ),
                range(150),
            )
        )
    assert (statuses.count(200), statuses.count(400)) == (94, 56)


def test_the_journal_numbers_follow_the_transactions(app: Flask) -> None:
    """Replaying a tenant's requests in the order of their numbers gives the same answers."""
    key = SPARKPOST.new_key()

    def make(number: int) -> tuple[int, bytes]:
        response = SPARKPOST.client(app, key).post(SPARKPOST.pools_path, json={"name": "same"})
        return int(response.headers["X-Mockserver-Request-Id"].rpartition("-")[2]), response.data

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(make, range(40)))
    replay = SPARKPOST.new_client(app)
    assert [data for _, data in answers] == [
        replay.post(SPARKPOST.pools_path, json={"name": "same"}).data for _ in range(40)
    ]


def test_locked_tenant_delays_no_other(app: Flask) -> None:
    """A tenant whose lock is held lets every other one through."""
    slow = MAILGUN.new_client(app).tenant
    with tenant_lock(app, slow):
        assert MAILGUN.client(app).get(MAILGUN.pools_path).status_code == 200


def test_secrets_are_not_shown(app: Flask) -> None:
    """Neither a journal nor a representation has a whole credential in it."""
    MAILGUN.client(app).get(MAILGUN.pools_path)
    record = list(store_of(app).tenant("default").request_log)[-1]
    assert record.credential == "…" + MAILGUN_KEY[-4:]
    assert MAILGUN_KEY not in repr(record)
    assert MAILGUN.client(app).headers["Authorization"] not in repr(record)


# Credentials that a provider gives out

NEW = {"name": "News", "key_label": "First", "key_grants": ["smtp/inject"]}
SUBACCOUNTS = "/api/v1/subaccounts"
KEYS = "/_mockserver/tenants"


def given_out(app: Flask) -> tuple[str, ProviderClient, ProviderClient]:
    """Return the path of a new tenant, its own access to SparkPost, and that of a key that it was given."""
    returned = app.test_client().post(KEYS, json={}).json
    own = SPARKPOST.client(app, headers=returned["providers"]["sparkpost"]["headers"])
    key = own.post(SUBACCOUNTS, json=NEW).json["results"]["key"]
    return f"{KEYS}/{returned['id']}", own, SPARKPOST.client(app, key)


def key_of(given: ProviderClient) -> str:
    key: str = given.headers["Authorization"]
    return key


def test_a_key_that_was_given_out(app: Flask) -> None:
    """A key that a provider gave out is of the same tenant, and may do what it was given for only."""
    path, own, given = given_out(app)
    for response in (given.get(SPARKPOST.pools_path), given.post(SUBACCOUNTS, json=NEW)):
        assert (response.status_code, response.headers["X-Mockserver-Request-Id"].rpartition("-")[0]) == (
            403,
            path.rpartition("/")[2],
        )
    assert len(app.test_client().get(KEYS).json["tenants"]) == 1
    found = app.test_client().post(f"{KEYS}/lookup", json={"provider": "sparkpost", "credential": key_of(given)}).json
    assert f"{KEYS}/{found['id']}" == path
    shown = app.test_client().get(path).json["providers"]["sparkpost"]["headers"]
    assert shown == own.headers


def test_a_key_that_was_taken_back(app: Flask) -> None:
    """A reset takes it back: it is refused. With a state in which it is, it is good again."""
    path, own, given = given_out(app)
    state = app.test_client().get(f"{path}/state").json["state"]
    app.test_client().post(f"{path}/reset", json={})
    assert given.get(SPARKPOST.pools_path).status_code == 401
    app.test_client().put(f"{path}/state", json={"state": state})
    assert given.get(SPARKPOST.pools_path).status_code == 403
    app.test_client().post(f"{path}/reset", json={})
    assert own.post(SUBACCOUNTS, json=NEW).json["results"]["key"] == key_of(given)
    assert given.get(SPARKPOST.pools_path).status_code == 403


def test_a_key_of_a_tenant_that_is_gone(app: Flask) -> None:
    """With its tenant it is unknown again: its next use opens a tenant of its own. With the server reset, too."""
    path, _, given = given_out(app)
    app.test_client().delete(path)
    assert given.get(SPARKPOST.pools_path).status_code == 200
    assert [each["id"][:5] for each in app.test_client().get(KEYS).json["tenants"]] == ["open-"]
    _, _, given = given_out(app)
    assert app.test_client().post("/_mockserver/reset", json={}).status_code == 200
    assert given.get(SPARKPOST.pools_path).status_code == 200


def test_a_key_of_the_seeds_tenant(app: Flask) -> None:
    """A tenant of the seed gives out keys as any other, and snapshots of everything keep them."""
    key = SPARKPOST.client(app).post(SUBACCOUNTS, json=NEW).json["results"]["key"]
    assert SPARKPOST.client(app, key).get(SPARKPOST.pools_path).status_code == 403
    app.test_client().post("/_mockserver/snapshots", json={"name": "all"})
    later = SPARKPOST.client(app).post(SUBACCOUNTS, json=NEW).json["results"]["key"]
    app.test_client().post("/_mockserver/snapshots/all/restore", json={})
    assert SPARKPOST.client(app, key).get(SPARKPOST.pools_path).status_code == 403
    assert (
        SPARKPOST.client(app, later).get(SPARKPOST.pools_path).status_code == 200
    )  # unknown again: a tenant of its own


def test_a_key_of_an_evicted_tenant(make_app: Callable[..., Flask]) -> None:
    """The key of an evicted tenant is a 503."""
    app = make_app(max_tenants=1)
    _, _, given = given_out(app)
    SPARKPOST.new_client(app).get(SPARKPOST.pools_path)
    assert given.get(SPARKPOST.pools_path).status_code == 503
