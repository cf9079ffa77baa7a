"""Several server processes on one Redis."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ..redis_server import RedisServer
from ..support import MAILGUN, SENDGRID, SPARKPOST
from .processes import CASES, Answered, Process, processes

pytestmark = [pytest.mark.redis, pytest.mark.slow]

STORES = ("redis",)

POOLS = {case.name: case.pools_path for case in CASES}

FOUR = pytest.mark.xdist_group("four processes")  # so that they are started once


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


@pytest.mark.slow
@FOUR
def test_exactly_the_limit_wins(four: list[Process]) -> None:
    """Of 300 parallel creations in an empty SendGrid account, exactly 100 win, whichever process they ask."""
    _, headers = made_on(four[0], seed="empty")
    answers = in_parallel(
        four, 300, lambda process, n: create(process, "sendgrid", headers["sendgrid"], f"p{n}").status
    )
    assert (answers.count(200), answers.count(400)) == (100, 200)
    lists = {each.ask("GET", f"/sendgrid{SENDGRID.pools_path}", headers["sendgrid"]).body for each in four}
    assert len(lists) == 1
    names = [pool["name"] for pool in json.loads(lists.pop())]
    assert len(names) == len(set(names)) == 100


KEY = {"sparkpost": "id", "sendgrid": "id", "mailgun": "pool_id"}


@pytest.mark.slow
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
    for case in CASES:
        provider = case.name
        one, two = case.key_headers(case.new_key()), case.key_headers(case.new_key())
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
    headers = {"Authorization": f"Bearer {SENDGRID.new_key()}"}
    path = f"/sendgrid{SENDGRID.pools_path}"
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
            answered = process.ask("GET", f"/sparkpost{SPARKPOST.pools_path}", headers["sparkpost"])
        else:
            answered = create(process, "sparkpost", headers["sparkpost"], "same")
        return int(answered.request.rpartition("-")[2]), reads, answered.body

    answers = sorted(in_parallel(four, 60, ask))
    _, again = made_on(four[0], seed="empty")
    replayed = [
        four[0].ask("GET", f"/sparkpost{SPARKPOST.pools_path}", again["sparkpost"])
        if reads
        else create(four[0], "sparkpost", again["sparkpost"], "same")
        for _, reads, _ in answers
    ]
    assert [body for *_, body in answers] == [each.body for each in replayed]


@FOUR
def test_faults_and_clock_are_shared(four: list[Process]) -> None:
    """A fault planned in one process applies as often as it says in all together; a clock is the same in each."""
    tenant, headers = made_on(four[0])
    four[1].control("POST", f"/tenants/{tenant}/faults", {"operation": "*", "status": 429, "times": 5, "skip": 3}, 201)
    path = f"/mailgun{MAILGUN.pools_path}"
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
    path = f"/sendgrid{SENDGRID.pools_path}"
    answers = in_parallel(four, 30, lambda process, n: process.ask("GET", path).request)
    assert len(set(answers)) == 30
    assert {counted(each) for each in four} == {(requests + 30, tallied + 30)}


def test_snapshots_and_reset_across_processes(redis_server: RedisServer) -> None:
    """A snapshot taken in one process is gone back to in another, of a tenant and of all; a reset is everybody's."""
    with processes(redis_server.database(), 2) as (one, two):
        tenant, headers = made_on(one)
        listed = f"/sendgrid{SENDGRID.pools_path}"
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
        assert made_on(one)[0].startswith("t1-")


@pytest.mark.slow
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
