"""The store in Redis: several processes that are one server, and what becomes of it when Redis is gone.

That it does what the store in memory does, the tests with `STORES` say.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from mockserver import Config, create_app
from mockserver.core import redis_store
from mockserver.core.errors import ConfigError, StoreError

from .redis_server import RedisServer, running
from .support import World, basic, fresh_mailgun_key, fresh_sendgrid_key, fresh_sparkpost_key
from .test_control import POOL, POOLS, Control, Made, Time, disturb, everything

pytestmark = pytest.mark.redis
STORES = ("redis",)
FOUR = pytest.mark.xdist_group("four processes")  # so that they are started once


class Answered(NamedTuple):
    status: int
    body: bytes
    request: str
    """X-Mockserver-Request-Id."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Process:
    """A server in a process of its own."""

    def __init__(self, store: str, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--store", store, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1]
        self._address = urlsplit(json.loads(line)["url"]).netloc

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: object = None) -> Answered:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})} if data is not None else headers or {}
        with contextlib.closing(connection):
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answered(response.status, response.read(), response.headers.get("X-Mockserver-Request-Id", ""))

    def control(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        answered = self.ask(method, f"/_mockserver{path}", body=body)
        assert answered.status == status, answered.body
        return answered.json if answered.body else None

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def processes(store: str, count: int, *arguments: str) -> Iterator[list[Process]]:
    started = [Process(store, *arguments) for _ in range(count)]
    try:
        for each in started:
            each.wait()
        yield started
    finally:
        for each in started:
            each.kill()


@pytest.fixture(scope="module")
def four(redis_server: RedisServer) -> Iterator[list[Process]]:
    """Four processes on one Redis."""
    with processes(redis_server.database(), 4) as started:
        yield started


def in_parallel(four: list[Process], count: int, ask: Callable[[Process, int], Any]) -> list[Any]:
    """Ask each process in turn, many at once."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda number: ask(four[number % len(four)], number), range(count)))


def create(process: Process, provider: str, headers: dict[str, str], name: str) -> Answered:
    if provider == "mailgun":
        form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        return process.ask("POST", f"/mailgun{POOLS[provider]}", form, f"name={name}&description=d".encode())
    return process.ask("POST", f"/{provider}{POOLS[provider]}", headers, {"name": name})


def made_on(process: Process, **asked: Any) -> tuple[str, dict[str, dict[str, str]]]:
    made = process.control("POST", "/tenants", asked, 201)
    return made["id"], {name: access["headers"] for name, access in made["providers"].items()}


# Four processes


@FOUR
def test_exactly_the_limit_wins(four: list[Process]) -> None:
    """Of 300 parallel creations in an empty SendGrid account, exactly 100 win, whichever process they ask."""
    _, headers = made_on(four[0], seed="empty")
    answers = in_parallel(
        four, 300, lambda process, n: create(process, "sendgrid", headers["sendgrid"], f"p{n}").status
    )
    assert (answers.count(200), answers.count(400)) == (100, 200)
    lists = {each.ask("GET", f"/sendgrid{POOLS['sendgrid']}", headers["sendgrid"]).body for each in four}
    assert len(lists) == 1
    names = [pool["name"] for pool in json.loads(lists.pop())]
    assert len(names) == len(set(names)) == 100


KEY = {"sparkpost": "id", "sendgrid": "id", "mailgun": "pool_id"}


@FOUR
@pytest.mark.parametrize("provider", list(POOLS))
def test_names_and_ids_are_unique(four: list[Process], provider: str) -> None:
    """Of parallel creations of every provider every one is there, each with an id of its own, none of them twice."""
    tenant, headers = made_on(four[0], seed="empty")
    before = len(pools(four[0], tenant, provider))
    answers = in_parallel(four, 40, lambda process, n: create(process, provider, headers[provider], f"p{n}").status)
    assert set(answers) == {200}
    found = pools(four[1], tenant, provider)
    assert len({pool["name"] for pool in found}) == len({pool[KEY[provider]] for pool in found}) == before + 40
    same = in_parallel(four, 40, lambda process, n: create(process, provider, headers[provider], "same").status)
    found = pools(four[2], tenant, provider)
    assert same.count(200) == (1 if provider == "sendgrid" else 40)
    assert len({pool[KEY[provider]] for pool in found}) == before + 40 + same.count(200)


def pools(process: Process, tenant: str, provider: str) -> list[dict[str, Any]]:
    section = {"sendgrid": "pools"}.get(provider, "ip_pools")
    found: list[dict[str, Any]] = process.control("GET", f"/tenants/{tenant}/state")["state"][provider][section]
    return found


@FOUR
def test_two_tenants_never_see_each_other(four: list[Process]) -> None:
    """What one credential did is seen by it in every process, and by no other in any, under load of both."""
    keys = {
        "sparkpost": (lambda key: {"Authorization": key}, fresh_sparkpost_key),
        "sendgrid": (lambda key: {"Authorization": f"Bearer {key}"}, fresh_sendgrid_key),
        "mailgun": (lambda key: {"Authorization": basic("api", key)}, fresh_mailgun_key),
    }
    for provider, (header, fresh) in keys.items():
        one, two = header(fresh()), header(fresh())
        path = f"/{provider}{POOLS[provider]}"
        start = four[0].ask("GET", path, two).body

        def ask(
            process: Process,
            number: int,
            provider: str = provider,
            one: dict[str, str] = one,
            two: dict[str, str] = two,
            path: str = path,
        ) -> bytes:
            assert create(process, provider, one, f"mine{number}").status == 200
            return process.ask("GET", path, two).body

        assert set(in_parallel(four, 16, ask)) == {start}
        lists = {process.ask("GET", path, one).body for process in four}
        assert len(lists) == 1
        assert all(f"mine{number}".encode() in lists.copy().pop() for number in range(16))


@FOUR
def test_a_credential_opens_one_tenant(four: list[Process]) -> None:
    """Of parallel first requests of a credential one opens its tenant; they are numbered without a gap."""
    headers = {"Authorization": f"Bearer {fresh_sendgrid_key()}"}
    path = f"/sendgrid{POOLS['sendgrid']}"
    answers = in_parallel(four, 40, lambda process, n: process.ask("GET", path, headers).request)
    tenants = {request.rpartition("-")[0] for request in answers}
    assert len(tenants) == 1
    assert sorted(int(request.rpartition("-")[2]) for request in answers) == list(range(1, 41))
    listed = four[3].control("GET", f"/tenants/{tenants.pop()}/requests")["requests"]
    assert [each["seq"] for each in listed] == list(range(1, 41))


@FOUR
def test_made_tenants_have_numbers_of_their_own(four: list[Process]) -> None:
    """Tenants that are made at once in four processes are different ones, with different credentials."""
    made = in_parallel(four, 24, lambda process, n: made_on(process))
    assert len({tenant for tenant, _ in made}) == len({str(headers) for _, headers in made}) == 24


@FOUR
def test_the_numbers_follow_the_transactions(four: list[Process]) -> None:
    """Replaying what four processes were asked in the order of the numbers gives the same answers."""
    _, headers = made_on(four[0], seed="empty")

    def ask(process: Process, number: int) -> tuple[int, bool, bytes]:
        if reads := number % 3 == 2:
            answered = process.ask("GET", f"/sparkpost{POOLS['sparkpost']}", headers["sparkpost"])
        else:
            answered = create(process, "sparkpost", headers["sparkpost"], "same")
        return int(answered.request.rpartition("-")[2]), reads, answered.body

    answers = sorted(in_parallel(four, 60, ask))
    _, again = made_on(four[0], seed="empty")
    replayed = [
        four[0].ask("GET", f"/sparkpost{POOLS['sparkpost']}", again["sparkpost"])
        if reads
        else create(four[0], "sparkpost", again["sparkpost"], "same")
        for _, reads, _ in answers
    ]
    assert [body for *_, body in answers] == [each.body for each in replayed]


@FOUR
def test_faults_and_clock_are_shared(four: list[Process]) -> None:
    """A fault planned in one process strikes as often as it says in all together; a clock is the same in each."""
    tenant, headers = made_on(four[0])
    four[1].control("POST", f"/tenants/{tenant}/faults", {"operation": "*", "status": 429, "times": 5, "skip": 3}, 201)
    path = f"/mailgun{POOLS['mailgun']}"
    statuses = in_parallel(four, 40, lambda process, n: process.ask("GET", path, headers["mailgun"]).status)
    assert (statuses.count(429), statuses.count(200)) == (5, 35)
    (fault,) = four[2].control("GET", f"/tenants/{tenant}/faults")["faults"]
    assert (fault["applied"], fault["completed"]) == (5, True)
    four[3].control("PUT", f"/tenants/{tenant}/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})
    assert {each.control("GET", f"/tenants/{tenant}/clock")["now"] for each in four} == {"2030-01-01T00:00:00Z"}


@FOUR
def test_counts_are_shared(four: list[Process]) -> None:
    """Counters and coverage are those of all processes together, and none is lost."""

    def counted(process: Process) -> tuple[int, int]:
        counts = process.control("GET", "/coverage")["counts"]
        return process.control("GET", "/info")["counters"]["requests"], sum(each["count"] for each in counts)

    requests, tallied = counted(four[0])
    path = f"/sendgrid{POOLS['sendgrid']}"
    answers = in_parallel(four, 30, lambda process, n: process.ask("GET", path).request)
    assert len(set(answers)) == 30
    assert {counted(each) for each in four} == {(requests + 30, tallied + 30)}


def test_snapshots_and_reset_across_processes(redis_server: RedisServer) -> None:
    """A snapshot taken in one process is gone back to in another, of a tenant and of all; a reset is everybody's."""
    with processes(redis_server.database(), 2) as (one, two):
        tenant, headers = made_on(one)
        listed = f"/sendgrid{POOLS['sendgrid']}"
        assert create(two, "sendgrid", headers["sendgrid"], "before").status == 200
        one.control("POST", f"/tenants/{tenant}/snapshots", {"name": "mine"}, 201)
        two.control("POST", "/snapshots", {"name": "all"}, 201)
        for process, restore in ((two, f"/tenants/{tenant}/snapshots/mine/restore"), (one, "/snapshots/all/restore")):
            assert create(one, "sendgrid", headers["sendgrid"], "after").status == 200
            assert b"after" in two.ask("GET", listed, headers["sendgrid"]).body
            process.control("POST", restore, {})
            names = one.ask("GET", listed, headers["sendgrid"]).body
            assert b"before" in names and b"after" not in names
        two.control("DELETE", f"/tenants/{tenant}", status=204)
        assert one.ask("GET", f"/_mockserver/tenants/{tenant}").status == 404
        one.control("POST", "/snapshots/all/restore", {})
        assert b"before" in two.ask("GET", listed, headers["sendgrid"]).body
        two.control("POST", "/reset", {})
        assert one.control("GET", "/tenants") == {"schema_version": 1, "tenants": []}
        assert one.control("GET", "/snapshots")["snapshots"] == []
        assert one.control("GET", "/info")["counters"] == dict.fromkeys(
            ("tenants", "evictions", "dropped", "response_violations", "requests"), 0
        )
        assert made_on(one)[0] == "t1"


def test_a_killed_process_loses_nothing(redis_server: RedisServer) -> None:
    """Whatever a process had answered before it was killed is there; the others go on, and no tenant is left locked."""
    with processes(redis_server.database(), 4, "--seed", "empty") as four:
        tenant, headers = made_on(four[0])
        acknowledged: list[str] = []
        failed = 0
        begun = threading.Event()
        numbers = itertools.count()

        def work(process: Process) -> None:
            nonlocal failed
            while (number := next(numbers)) < 400:
                try:
                    answered = create(process, "mailgun", headers["mailgun"], f"p{number}")
                except (OSError, http.client.HTTPException):
                    failed += 1
                    return
                assert answered.status == 200, answered.body
                acknowledged.append(f"p{number}")
                if len(acknowledged) == 60:
                    begun.set()

        with ThreadPoolExecutor(12) as pool:
            working = [pool.submit(work, four[number % 4]) for number in range(12)]
            assert begun.wait(60)
            four[0].kill()
            for each in working:
                each.result()
        assert failed == 3
        found = pools(four[1], tenant, "mailgun")
        names = [pool["name"] for pool in found]
        assert set(acknowledged) <= set(names)
        assert len(names) <= len(acknowledged) + failed
        assert len({pool["pool_id"] for pool in found}) == len(set(names)) == len(names)
        requests = four[2].control("GET", f"/tenants/{tenant}/requests?limit=1000")["requests"]
        assert len(acknowledged) <= len(requests) <= len(names)
        assert create(four[3], "mailgun", headers["mailgun"], "on").status == 200


@FOUR
def test_numbers_of_tenants_with_chosen_credentials(four: list[Process]) -> None:
    """Tenants made at once with credentials that somebody chose have numbers of their own too."""

    def make(process: Process, number: int) -> str:
        return made_on(process, credentials={provider: f"chosen-{provider}-{number}" for provider in POOLS})[0]

    assert len(set(in_parallel(four, 24, make))) == 24


# Two servers in this process


@pytest.fixture
def two(redis_server: RedisServer, make_world: Callable[..., World]) -> tuple[World, World]:
    url = redis_server.database()
    return make_world(store=url), make_world(store=url)


def test_a_request_that_was_overtaken_begins_again(two: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that another process overtook is done over, and refused for what it finds then."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    real, times = rules.create_pool, []

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        times.append(name)
        if times == ["first"]:
            assert other.sendgrid.post(POOLS["sendgrid"], json={"name": "other"}).status_code == 200
        if times[-2:] == ["first", "taken"]:
            assert other.sendgrid.post(POOLS["sendgrid"], json={"name": "taken"}).status_code == 200
        return real(tx, user, name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    assert one.sendgrid.post(POOLS["sendgrid"], json={"name": "first"}).status_code == 200
    assert times == ["first", "other", "first"]
    assert one.sendgrid.post(POOLS["sendgrid"], json={"name": "taken"}).status_code == 400
    assert times[3:] == ["taken", "taken", "taken"]
    names = [pool["name"] for pool in other.sendgrid.get(POOLS["sendgrid"]).json]
    assert names[-3:] == ["other", "first", "taken"]
    assert [record.seq for record in one.store.tenant("default").request_log] == [1, 2, 3, 4, 5]


def test_always_overtaken(two: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is overtaken time and again is a 503 that says so, and changes nothing."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    real, numbers = rules.create_pool, itertools.count()
    monkeypatch.setattr(redis_store, "TRIES", 4)

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        if name == "mine":
            other.sendgrid.post(POOLS["sendgrid"], json={"name": f"p{next(numbers)}"})
        return real(tx, user, name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    response = one.sendgrid.post(POOLS["sendgrid"], json={"name": "mine"})
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert "in each of 4 attempts" in response.json["detail"] and "was not applied" in response.json["detail"]
    assert next(numbers) == 4
    assert "mine" not in [pool["name"] for pool in one.sendgrid.get(POOLS["sendgrid"]).json]


def test_a_tenant_that_is_closed_meanwhile(two: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose tenant another process closes meanwhile is a 503, and leaves nothing of the tenant behind."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    made = Control(one).tenant()
    monkeypatch.setattr(rules, "create_pool", lambda tx, user, name: Control(other).ok("DELETE", made.path, status=204))
    response = made.sendgrid.post(POOLS["sendgrid"], json={"name": "mine"})
    assert (response.status_code, "deleted" in response.json["detail"]) == (503, True)
    assert [key for key in one.store.redis.keys("*") if made.id in key] == []


def kept(world: World) -> dict[str, Any]:
    """Return everything in the database."""
    found = {}
    for key in world.store.redis.keys("*"):
        kind = world.store.redis.type(key)
        read = {"hash": "hgetall", "string": "get", "list": "lrange", "zset": "zrange"}[kind]
        found[key] = getattr(world.store.redis, read)(key, *((0, -1) if kind in ("list", "zset") else ()))
    return found


def test_a_refused_request_changes_nothing(world: World) -> None:
    """After a refusal, and after a GET, a tenant is in Redis what it was, but for the number of the next request."""
    made = Control(world).tenant()
    disturb(made)
    key = f"mockserver:t:{made.id}"
    before = kept(world)[key]
    made.ok("DELETE", "/faults", status=204)
    made.ok("PUT", "/clock", {"frozen": True})
    before = kept(world)[key]
    made.sendgrid.post(POOLS["sendgrid"], **POOL["sendgrid"])
    made.mailgun.post(POOLS["mailgun"], data={"name": "x"})
    made.sparkpost.delete(f"{POOLS['sparkpost']}/default")
    made.mailgun.get(POOLS["mailgun"])
    made.refused("PUT", "/clock", {"now": "no"})
    after = kept(world)[key]
    assert int(after.pop("seq")) == int(before.pop("seq")) + 4
    assert after == before


def test_who_only_reads_keeps_no_state(world: World) -> None:
    """In Redis there is no state of a tenant that only reads; one of its own seed keeps that."""
    reader = Control(world).tenant()
    reader.sendgrid.get(POOLS["sendgrid"])
    assert not [name for name in kept(world)[f"mockserver:t:{reader.id}"] if name[1:2] == ":"]
    seeded = Control(world).tenant(seed="empty")
    fields = [name for name in kept(world)[f"mockserver:t:{seeded.id}"] if name[1:2] == ":"]
    assert sorted(fields) == ["w:mailgun", "w:sendgrid", "w:sparkpost"]


def test_no_strangers_credential_is_kept(world: World) -> None:
    """A credential that opened a tenant is in Redis as a digest only."""
    keys = [fresh_sendgrid_key(), fresh_sparkpost_key(), fresh_mailgun_key()]
    world.as_sendgrid(keys[0]).post(POOLS["sendgrid"], **POOL["sendgrid"])
    world.as_sparkpost(keys[1]).get(POOLS["sparkpost"])
    world.as_mailgun(keys[2]).get(POOLS["mailgun"])
    text = repr(kept(world))
    for key in keys:
        assert key not in text
    assert base64.b64encode(keys[2].encode()).decode() not in text


def test_a_reset_deletes_what_is_ours(world: World) -> None:
    """A reset leaves the world's digest, and what others keep in the same database."""
    world.store.redis.set("other:thing", "theirs")
    made = Control(world).tenant()
    disturb(made)
    made.ok("POST", "/snapshots", {"name": "s"}, status=201)
    Control(world).ok("POST", "/snapshots", {"name": "s"}, status=201)
    world.as_mailgun().get(POOLS["mailgun"])
    Control(world).ok("POST", "/reset", {})
    assert sorted(kept(world)) == ["mockserver:seed", "other:thing"]


def test_a_closed_tenant_leaves_nothing(world: World) -> None:
    """Nothing of a closed tenant is left, and the journals' room is as it was."""
    before = kept(world)
    made = Control(world).tenant()
    disturb(made)
    made.ok("POST", "/snapshots", {"name": "s"}, status=201)
    Control(world).ok("DELETE", made.path, status=204)
    after = kept(world)
    assert set(after) - set(before) == {"mockserver:counts", "mockserver:request_counts"}
    assert after["mockserver:counts"]["budget"] == "0"


def test_server_snapshots_are_bounded(world: World) -> None:
    """There are at most as many snapshots as may be; one of the same name takes the other's place."""
    assert world.store.save("one", 1) and world.store.save("one", 1)
    assert not world.store.save("two", 1)
    assert list(world.store.snapshots()) == ["one"]


def test_many_tenants_are_saved_and_restored(make_world: Callable[..., World]) -> None:
    """A snapshot of all keeps the order in which tenants were used: the same one is closed next."""
    world = make_world(max_tenants=3)
    control = Control(world)
    made = [control.tenant() for _ in range(3)]
    made[0].sendgrid.get(POOLS["sendgrid"])
    disturb(made[1])
    before = everything(made[1])
    made[0].sendgrid.get(POOLS["sendgrid"])
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    control.tenant()
    made[0].refused("GET", "/nope", status=404)
    control.ok("POST", "/snapshots/all/restore")
    assert [each["id"] for each in control.ok("GET", "/tenants")["tenants"]] == [each.id for each in made]
    assert everything(made[1]) == before
    control.tenant()
    assert sorted(each["id"] for each in control.ok("GET", "/tenants")["tenants"]) == ["t1", "t2", "t5"]


# Time to live


def test_idle_tenants_expire(make_world: Callable[..., World]) -> None:
    """A tenant that nobody used for --tenant-ttl is gone from Redis by itself; its credential is told so, always."""
    world = make_world(tenant_ttl=0.4)
    control = Control(world)
    made, used = control.tenant(), control.tenant()
    stranger = world.as_mailgun()
    for each in (made.mailgun, used.mailgun, stranger, world.mailgun):
        assert each.post(POOLS["mailgun"], **POOL["mailgun"]).status_code == 200
    made.ok("POST", "/snapshots", {"name": "s"}, status=201)
    deadline = time.monotonic() + 0.6
    while time.monotonic() < deadline:
        assert used.mailgun.get(POOLS["mailgun"]).status_code == 200
        time.sleep(0.05)
    keys = world.store.redis.keys("mockserver:[tsjn]:*")
    assert {key.rpartition(":")[2] for key in keys} == {used.id, "default"}
    for _ in range(2):
        for each in (made.mailgun, stranger):
            response = each.get(POOLS["mailgun"])
            assert (response.status_code, "--tenant-ttl" in response.json["detail"]) == (503, True)
    made.refused("GET", "", status=404)
    assert world.mailgun.get(POOLS["mailgun"]).status_code == 200
    assert control.ok("GET", "/info")["counters"]["evictions"] == 2
    assert {each["id"] for each in control.ok("GET", "/tenants")["tenants"]} == {used.id, "default"}


def test_keys_expire_without_a_server(make_world: Callable[..., World]) -> None:
    """Of an idle tenant no key of its own is left in Redis, even if no server looks."""
    world = make_world(tenant_ttl=1.0)
    made = Control(world).tenant()
    disturb(made)
    made.ok("POST", "/snapshots", {"name": "s"}, status=201)
    assert len(world.store.redis.keys(f"mockserver:[tsjn]:{made.id}")) == 4
    end = time.monotonic() + 20
    while world.store.redis.keys("mockserver:[tsjn]:*"):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_tenant_in_use_by_the_control_api(make_world: Callable[..., World]) -> None:
    """A tenant of which somebody asks the control API is in use."""
    made = Control(make_world(tenant_ttl=1.5)).tenant()
    for _ in range(4):
        time.sleep(0.5)
        made.ok("GET", "/state")


# Another world, and no Redis


def test_another_world_is_refused(redis_server: RedisServer, make_world: Callable[..., World]) -> None:
    """A server of another world does not start on the same Redis, unless nothing is kept there."""
    url = redis_server.database()
    world = make_world(store=url)
    world.sendgrid.get(POOLS["sendgrid"])
    for other in ({"seed": "empty"}, {"id_seed": "other"}):
        with pytest.raises(StoreError, match="is of another seed"):
            create_app(Config(store=url, **other))
    process = Process(url, "--seed", "empty")
    returned = process._process.communicate(timeout=60)[1]
    assert (process._process.returncode, "is of another seed" in returned, "Traceback" in returned) == (
        1,
        True,
        False,
    )
    world.store.reset()
    successor = make_world(store=url, seed="empty")
    assert successor.sendgrid.get(POOLS["sendgrid"]).json == []
    response = world.sendgrid.get(POOLS["sendgrid"])
    assert (response.status_code, "is of another seed" in response.json["detail"]) == (503, True)


def test_redis_is_gone_and_back(caplog: pytest.LogCaptureFixture) -> None:
    """Without Redis everything but `live` is a 503 of our own; when it is back, so is the server."""
    with running() as server:
        world = World(store=server.database())
        control = Control(world)
        made = control.tenant()
        assert made.sendgrid.get(POOLS["sendgrid"]).status_code == 200
        server.stop()
        for response in (
            made.sendgrid.get(POOLS["sendgrid"]),
            made.sendgrid.post(POOLS["sendgrid"], **POOL["sendgrid"]),
            world.mailgun.get(POOLS["mailgun"]),
            world.as_sparkpost().get(POOLS["sparkpost"]),
            world.sendgrid("OPTIONS", POOLS["sendgrid"]),
            *(control("GET", path) for path in ("/ready", "/info", "/tenants", "/snapshots", "/coverage", "/metrics")),
            *(control("GET", made.path + path) for path in ("", "/state", "/requests", "/clock", "/faults")),
            *(control("POST", path, {}) for path in ("/tenants", "/reset", f"{made.path}/reset")),
        ):
            assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
            assert response.json["status"] == 503
            assert "does not respond" in response.json["detail"]
        control.ok("GET", "/live")
        server.start()
        control.ok("GET", "/ready")
        assert world.sendgrid.post(POOLS["sendgrid"], **POOL["sendgrid"]).status_code == 200
        assert [each["id"] for each in control.ok("GET", "/tenants")["tenants"]] == ["default"]
    assert "crashed" not in caplog.text


def test_redis_is_gone_in_the_middle(caplog: pytest.LogCaptureFixture) -> None:
    """A request in the middle of which Redis goes away is a 503 too, and no crash."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    with running() as server, pytest.MonkeyPatch.context() as patch:
        world = World(store=server.database())
        patch.setattr(rules, "create_pool", lambda tx, user, name: server.stop())
        response = world.sendgrid.post(POOLS["sendgrid"], **POOL["sendgrid"])
        assert (response.status_code, "may have been applied or not" in response.json["detail"]) == (503, True)
    assert "crashed" not in caplog.text


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ("redis://:secret@127.0.0.1:1/0", "does not respond"),
        ("redis://127.0.0.1:1/x", "redis://127.0.0.1:1/x"),
        ("postgres://x", "expected 'memory' or 'redis://"),
        ("", "expected 'memory'"),
    ],
)
def test_a_store_that_is_none(store: str, reason: str) -> None:
    """A store that is not there stops the start with a reason, in which there is no password."""
    with pytest.raises((StoreError, ConfigError)) as caught:
        create_app(Config(store=store))
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is not installed, the start says what to install; without this store nobody misses it."""
    monkeypatch.setitem(sys.modules, "mockserver.core.redis_store", None)
    create_app(Config())
    with pytest.raises(StoreError, match=r"pip install 'esp-mockserver\[redis\]'"):
        create_app(Config(store="redis://127.0.0.1"))
    program = "import sys, mockserver.cli, mockserver.app; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_one_transcript(make_world: Callable[..., World], redis_server: RedisServer) -> None:
    """The same calls get the same bytes over memory and over Redis."""
    from .test_control import observed

    assert observed(make_world(time=Time())) == observed(make_world(store="memory", time=Time()))


def test_all_is_read_back(world: World) -> None:
    """What another process reads is what this one wrote: states, faults, clock, snapshots and the journal."""
    made = Control(world).tenant(seed={"mailgun": {"async_delay_seconds": None}}, clock={"frozen": True})
    disturb(made)
    made.fault("*", kind="delay", delay_seconds=0.5, when="after", skip=1)
    made.ok("POST", "/snapshots", {"name": "ü"}, status=201)
    made.sendgrid.post(f"{POOLS['sendgrid']}?ä=%FF", data=b"\xff\x00", headers={"X-Odd": "ü"})
    other = World(store=world.server.config.store)
    again = Made(Control(other), made.data)
    assert everything(again) == everything(made)
    assert again.ok("GET", "/requests") == made.ok("GET", "/requests")
    assert again.ok("GET", "/snapshots") == {"snapshots": [{"name": "ü"}]}


def test_a_tenant_of_the_same_name(two: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose tenant is closed meanwhile, and another made of its name, has no part in that one."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    made = Control(one).tenant()
    real, again = rules.create_pool, []

    def overtaken(tx: Any, user: str | None, name: str) -> Any:
        if not again:
            Control(other).ok("POST", "/reset", {})
            again.append(Control(other).tenant())
        return real(tx, user, name)

    monkeypatch.setattr(rules, "create_pool", overtaken)
    assert made.sendgrid.post(POOLS["sendgrid"], json={"name": "mine"}).status_code == 503
    assert again[0].id == made.id
    assert again[0].ok("GET", "/requests")["requests"] == []
    assert b"mine" not in again[0].sendgrid.get(POOLS["sendgrid"]).data


def test_a_journal_of_the_same_name(two: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was answered before its tenant was closed is in no journal of another with that name."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    one, other = two
    made = Control(one).tenant()
    real, again = rules.find_pool, []

    def overtaken(*args: Any) -> Any:
        if not again:
            Control(other).ok("POST", "/reset", {})
            again.append(Control(other).tenant())
        return real(*args)

    monkeypatch.setattr(rules, "find_pool", overtaken)
    assert made.sendgrid.get(f"{POOLS['sendgrid']}/spare").status_code == 200
    assert again[0].id == made.id
    assert again[0].ok("GET", "/requests")["requests"] == []


def test_a_delay_ends_with_its_tenant(two: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A delayed call ends when another process closes its tenant."""
    one, other = two
    monkeypatch.setattr(redis_store, "CHECK_INTERVAL", 0.05)
    made = Control(one).tenant()
    made.fault("*", kind="delay", delay_seconds=60)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        delayed = pool.submit(made.sendgrid.get, POOLS["sendgrid"])
        while not Made(Control(other), made.data).ok("GET", "/faults/f1")["applied"]:
            time.sleep(0.01)
        Control(other).ok("DELETE", made.path, status=204)
        with pytest.raises(ConnectionError):
            delayed.result()
    assert time.monotonic() - began < 10
