"""A credential is a tenant."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .support import (
    MAILGUN_KEY,
    GuardedStore,
    ProviderAccess,
    World,
    fresh_mailgun_key,
    fresh_sendgrid_key,
    fresh_sparkpost_key,
)

STORES = ("memory", "redis")
PROVIDER = pytest.mark.parametrize("name", ["sparkpost", "sendgrid", "mailgun"])
ROOM = {"sparkpost": "/api/v1/ip-pools", "sendgrid": "/v3/ips/pools", "mailgun": "/v3/ip_pools"}
BODY: dict[str, dict[str, Any]] = {
    "sparkpost": {"json": {"name": "mine"}},
    "sendgrid": {"json": {"name": "mine"}},
    "mailgun": {"data": {"name": "mine", "description": "mine"}},
}


def access(world: World, name: str, key: str | None = None) -> ProviderAccess:
    made: ProviderAccess = getattr(world, f"as_{name}")(key)
    return made


@PROVIDER
def test_two_credentials_two_worlds(world: World, name: str) -> None:
    """Two unknown credentials open two tenants, each with the seed's world; neither sees the other's changes."""
    one, two = access(world, name), access(world, name)
    start = one.get(ROOM[name]).data
    assert two.get(ROOM[name]).data == start
    assert one.post(ROOM[name], **BODY[name]).status_code == 200
    assert one.get(ROOM[name]).data != start
    assert two.get(ROOM[name]).data == start
    assert access(world, name).get(ROOM[name]).data == start


def test_one_tenant_of_three_providers(world: World) -> None:
    """The seed's credentials of all providers are one tenant, with one numbering of requests."""
    tenants = {getattr(world, name).tenant.id for name in ROOM}
    assert tenants == {"default"}
    assert [record.provider for record in world.store.tenant("default").request_log] == [
        "sparkpost",
        "sendgrid",
        "mailgun",
    ]


def test_the_same_text_of_two_providers(make_world: Callable[..., World]) -> None:
    """One text used as a credential of two providers is two tenants."""
    world = make_world(unknown_credentials="any")
    assert world.as_sparkpost("same").tenant.id != world.as_mailgun("same").tenant.id


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("sparkpost", [fresh_sparkpost_key(), "AB" * 20], ["0" * 39, "0" * 41, "g" * 40, "x"]),
        ("sendgrid", [fresh_sendgrid_key()], [fresh_sendgrid_key()[:-1], fresh_sendgrid_key() + "x", "SG.a.b", "x"]),
        (
            "mailgun",
            [fresh_mailgun_key(), "0" * 32 + "-01234567-89abcdef"],
            ["key-0", "0" * 32, fresh_mailgun_key() + "0"],
        ),
    ],
)
def test_well_formed(make_world: Callable[..., World], name: str, good: list[str], bad: list[str]) -> None:
    """By default an unknown credential opens a tenant if it is well-formed; `any` and `reject` do as they say."""
    policies = {"well-formed": (200, 401), "any": (200, 200), "reject": (401, 401)}
    for policy, (for_good, for_bad) in policies.items():
        world = make_world(unknown_credentials=policy)
        assert {access(world, name, key).get(ROOM[name]).status_code for key in good} == {for_good}
        assert {access(world, name, key).get(ROOM[name]).status_code for key in bad} == {for_bad}
        assert getattr(world, name).get(ROOM[name]).status_code == 200


@PROVIDER
def test_who_only_reads_stores_nothing(world: World, name: str) -> None:
    """A tenant that reads, or is refused, has no state of its own; one that writes has that provider's only."""
    reader = access(world, name)
    reader.get(ROOM[name])
    reader.post(ROOM[name], data=b"{")
    reader.delete(f"{ROOM[name]}/nope")
    assert reader.tenant.read().states == {}
    assert reader.tenant.read().state(name) is world.server.seed.states[name]
    reader.post(ROOM[name], **BODY[name])
    assert list(reader.tenant.read().states) == [name]


def test_strangers_open_no_tenant(world: World) -> None:
    """A refused credential leaves nothing behind."""
    for name in ROOM:
        access(world, name, "nonsense").get(ROOM[name])
        ProviderAccess(world, name, {}).get(ROOM[name])
    assert len(world.store) == 0


def test_max_tenants(make_world: Callable[..., World]) -> None:
    """Beyond --max-tenants the least recently used one is closed, counted, and answers 503: never an empty account."""
    world = make_world(max_tenants=3)
    first, second, *others = [world.as_sendgrid() for _ in range(4)]
    for tenant in (first, second, others[0]):
        tenant.post(ROOM["sendgrid"], json={"name": "mine"})
    first.get(ROOM["sendgrid"])
    assert world.store.counts().get("evictions", 0) == 0
    others[1].get(ROOM["sendgrid"])
    assert (world.store.counts()["evictions"], len(world.store)) == (1, 3)
    response = second.get(ROOM["sendgrid"])
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert "--max-tenants" in response.json["detail"]
    for tenant in (first, others[0]):
        assert tenant.get(f"{ROOM['sendgrid']}/mine").status_code == 200


def test_registered_tenants_stay(make_world: Callable[..., World]) -> None:
    """A tenant of the seed is never closed, and takes no place of others."""
    world = make_world(max_tenants=1)
    world.sendgrid.post(ROOM["sendgrid"], json={"name": "mine"})
    for _ in range(3):
        world.as_sendgrid().get(ROOM["sendgrid"])
    assert world.sendgrid.get(f"{ROOM['sendgrid']}/mine").status_code == 200
    assert world.store.counts()["evictions"] == 2


def test_closed_credentials_are_remembered_for_a_while(make_world: Callable[..., World]) -> None:
    """Ten times as many closed credentials as open tenants are remembered, as digests."""
    world = make_world(max_tenants=2)
    keys = [fresh_mailgun_key() for _ in range(30)]
    for key in keys:
        world.as_mailgun(key).get(ROOM["mailgun"])
    statuses = [world.as_mailgun(key).get(ROOM["mailgun"]).status_code for key in keys[8:28]]
    assert statuses == [503] * 20
    assert world.as_mailgun(keys[0]).get(ROOM["mailgun"]).status_code == 200
    stored = world.store
    remembered = (
        stored._evicted if isinstance(stored, GuardedStore) else stored.redis.zrange("mockserver:evicted", 0, -1)
    )
    assert len(remembered) == 20
    assert not any(key in repr(remembered) for key in keys)


@pytest.mark.store("memory")  # test_redis_store has it with Redis' own clock
def test_idle_tenants_are_closed(make_world: Callable[..., World]) -> None:
    """A tenant that was idle for --tenant-ttl is closed, counted, and answers 503; in use is who asks, in any way."""
    clock = [1_700_000_000.0]
    world = make_world(tenant_ttl=10, time=lambda: clock[0])
    idle, busy, shown = [world.as_sendgrid() for _ in range(3)]
    for tenant in (idle, busy, shown, world.sendgrid):
        assert tenant.post(ROOM["sendgrid"], json={"name": "mine"}).status_code == 200
    tenant_id = shown.tenant.id
    for _ in range(2):
        clock[0] += 9.9
        assert world.client.get(f"/_mockserver/tenants/{tenant_id}").status_code == 200
        assert busy.get(f"{ROOM['sendgrid']}/mine").status_code == 200
    response = idle.get(ROOM["sendgrid"])
    assert (response.status_code, "--tenant-ttl" in response.json["detail"]) == (503, True)
    assert world.store.counts()["evictions"] == 1
    clock[0] += 10
    assert world.client.get(f"/_mockserver/tenants/{tenant_id}").status_code == 404
    assert [each.get(ROOM["sendgrid"]).status_code for each in (busy, shown)] == [503, 503]
    assert world.store.counts()["evictions"] == 3
    assert world.sendgrid.get(f"{ROOM['sendgrid']}/mine").status_code == 200


def test_parallel_calls_of_one_tenant(world: World) -> None:
    """Of 40 parallel creations in an account with room for 95, all are made; ids and names are unique."""
    key = fresh_sendgrid_key()
    counter = itertools.count()

    def make(_: int) -> int:
        return world.as_sendgrid(key).post(ROOM["sendgrid"], json={"name": f"p{next(counter)}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(make, range(40))) == {200}
    pools = world.as_sendgrid(key).get("/v3/send_ips/pools").json["result"]
    assert len({pool["id"] for pool in pools}) == len({pool["name"] for pool in pools}) == 45


def test_exactly_the_limit_wins(world: World) -> None:
    """Of 150 parallel creations, exactly 95 fit beside the five pools that are there."""
    key = fresh_sendgrid_key()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(
                lambda number: world.as_sendgrid(key).post(ROOM["sendgrid"], json={"name": f"p{number}"}).status_code,
                range(150),
            )
        )
    assert (statuses.count(200), statuses.count(400)) == (95, 55)


def test_the_journal_numbers_follow_the_transactions(world: World) -> None:
    """Replaying a tenant's requests in the order of their numbers gives the same answers."""
    key = fresh_sparkpost_key()

    def make(number: int) -> tuple[int, bytes]:
        response = world.as_sparkpost(key).post(ROOM["sparkpost"], json={"name": "same"})
        return int(response.headers["X-Mockserver-Request-Id"].rpartition("-")[2]), response.data

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(make, range(40)))
    replay = world.as_sparkpost()
    assert [data for _, data in answers] == [
        replay.post(ROOM["sparkpost"], json={"name": "same"}).data for _ in range(40)
    ]


def test_one_slow_tenant_holds_up_nobody(world: World) -> None:
    """A tenant whose lock is held lets every other one through."""
    slow = world.as_mailgun().tenant
    with world.lock_of(slow):
        assert world.mailgun.get(ROOM["mailgun"]).status_code == 200


def test_secrets_are_not_shown(world: World) -> None:
    """Neither a journal nor a representation has a whole credential in it."""
    world.mailgun.get(ROOM["mailgun"])
    record = list(world.store.tenant("default").request_log)[-1]
    assert record.credential == "…" + MAILGUN_KEY[-4:]
    assert MAILGUN_KEY not in repr(record)
    assert world.mailgun.headers["Authorization"] not in repr(record)


# Credentials that a provider gives out

NEW = {"name": "News", "key_label": "First", "key_grants": ["smtp/inject"]}
SUBACCOUNTS = "/api/v1/subaccounts"
KEYS = "/_mockserver/tenants"


def given_out(world: World) -> tuple[str, ProviderAccess, ProviderAccess]:
    """Return the path of a new tenant, its own access to SparkPost, and that of a key that it was given."""
    returned = world.client.post(KEYS, json={}).json
    own = ProviderAccess(world, "sparkpost", returned["providers"]["sparkpost"]["headers"])
    key = own.post(SUBACCOUNTS, json=NEW).json["results"]["key"]
    return f"{KEYS}/{returned['id']}", own, world.as_sparkpost(key)


def key_of(given: ProviderAccess) -> str:
    key: str = given.headers["Authorization"]
    return key


def test_a_key_that_was_given_out(world: World) -> None:
    """A key that a provider gave out is of the same tenant, and may do what it was given for only."""
    path, own, given = given_out(world)
    for response in (given.get(ROOM["sparkpost"]), given.post(SUBACCOUNTS, json=NEW)):
        assert (response.status_code, response.headers["X-Mockserver-Request-Id"].rpartition("-")[0]) == (
            403,
            path.rpartition("/")[2],
        )
    assert len(world.client.get(KEYS).json["tenants"]) == 1
    found = world.client.post(f"{KEYS}/lookup", json={"provider": "sparkpost", "credential": key_of(given)}).json
    assert f"{KEYS}/{found['id']}" == path
    shown = world.client.get(path).json["providers"]["sparkpost"]["headers"]
    assert shown == own.headers


def test_a_key_that_was_taken_back(world: World) -> None:
    """A reset takes it back: it is refused. With a state in which it is, it is good again."""
    path, own, given = given_out(world)
    state = world.client.get(f"{path}/state").json["state"]
    world.client.post(f"{path}/reset", json={})
    assert given.get(ROOM["sparkpost"]).status_code == 401
    world.client.put(f"{path}/state", json={"state": state})
    assert given.get(ROOM["sparkpost"]).status_code == 403
    world.client.post(f"{path}/reset", json={})
    assert own.post(SUBACCOUNTS, json=NEW).json["results"]["key"] == key_of(given)
    assert given.get(ROOM["sparkpost"]).status_code == 403


def test_a_key_of_a_tenant_that_is_gone(world: World) -> None:
    """With its tenant it is unknown again: its next use opens a tenant of its own. With the server reset, too."""
    path, _, given = given_out(world)
    world.client.delete(path)
    assert given.get(ROOM["sparkpost"]).status_code == 200
    assert [each["id"][:5] for each in world.client.get(KEYS).json["tenants"]] == ["open-"]
    _, _, given = given_out(world)
    assert world.client.post("/_mockserver/reset", json={}).status_code == 200
    assert given.get(ROOM["sparkpost"]).status_code == 200


def test_a_key_of_the_seeds_tenant(world: World) -> None:
    """A tenant of the seed gives out keys as any other, and snapshots of everything keep them."""
    key = world.sparkpost.post(SUBACCOUNTS, json=NEW).json["results"]["key"]
    assert world.as_sparkpost(key).get(ROOM["sparkpost"]).status_code == 403
    world.client.post("/_mockserver/snapshots", json={"name": "all"})
    later = world.sparkpost.post(SUBACCOUNTS, json=NEW).json["results"]["key"]
    world.client.post("/_mockserver/snapshots/all/restore", json={})
    assert world.as_sparkpost(key).get(ROOM["sparkpost"]).status_code == 403
    assert world.as_sparkpost(later).get(ROOM["sparkpost"]).status_code == 200  # nobody's: a tenant of its own


def test_a_key_of_an_evicted_tenant(make_world: Callable[..., World]) -> None:
    """Who has a key of a tenant that was closed to make room is told so."""
    world = make_world(max_tenants=1)
    _, _, given = given_out(world)
    world.as_sparkpost().get(ROOM["sparkpost"])
    assert given.get(ROOM["sparkpost"]).status_code == 503
