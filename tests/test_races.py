"""Races: whatever comes at once, each tenant has one order, that of its journal, and its limits hold exactly."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from flask import Flask

from mockserver import create_app
from mockserver.core.config import Config
from mockserver.core.memory_store import MemoryTenant
from mockserver.testing.in_process import send
from mockserver.web.server_state import server_state

THREADS = 8
TENANTS = 100
STEPS = 4
"""How many calls each thread makes for each tenant."""
ROUNDS = int(os.environ.get("MOCKSERVER_RACE_ROUNDS", "20"))
"""How often as many pools as there is room for are made at once; a hundred times takes five times as long."""
CREATED = 300
"""How many pools each round tries to make at once."""
TAKEN = 5
"""How many pools the world has."""
BASE = "http://localhost"


class Sent(NamedTuple):
    """A request, as it can be sent again."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answered(NamedTuple):
    seq: int
    """Its number in the tenant's journal."""
    sent: Sent
    status: int
    body: bytes


class Tenant:
    """A tenant that the control API made, and a stream of mixed calls to it."""

    def __init__(self, app: Flask) -> None:
        returned = control(app, "POST", "tenants", clock={"now": "2030-01-01T00:00:00Z", "frozen": True})
        self.id: str = returned["id"]
        self.app = app
        self.headers = {name: each["headers"] for name, each in returned["providers"].items()}

    def send(self, sent: Sent) -> Answered:
        answer = send(self.app, sent.method, BASE + sent.path, list(sent.headers.items()), sent.body)
        (request_id,) = [value for name, value in answer.headers if name == "X-Mockserver-Request-Id"]
        tenant_id, _, seq = request_id.rpartition("-")
        assert tenant_id == self.id
        return Answered(int(seq), sent, answer.status, answer.body)

    def json(self, method: str, provider: str, path: str, **body: Any) -> Sent:
        data = json.dumps(body).encode() if body else b""
        kind = {"Content-Type": "application/json"} if body else {}
        return Sent(method, f"/{provider}{path}", {**self.headers[provider], **kind}, data)

    def mailgun(self, method: str, path: str, body: str = "") -> Sent:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        return Sent(method, f"/mailgun{path}", {**self.headers["mailgun"], **kind}, body.encode())

    def calls(self, draw: random.Random) -> Iterator[Sent]:
        """Yield calls over few names, so that they get in each other's way."""
        while True:
            name, other = draw.choice("abc"), draw.choice("abc")
            address = draw.choice(["192.0.2.1", "192.0.2.2", "198.51.100.1"])
            yield draw.choice(
                [
                    self.json("POST", "sendgrid", "/v3/ips/pools", name=name),
                    self.json("PUT", "sendgrid", f"/v3/ips/pools/{name}", name=other),
                    self.json("DELETE", "sendgrid", f"/v3/ips/pools/{name}"),
                    self.json("GET", "sendgrid", "/v3/send_ips/pools?limit=100"),
                    self.json("POST", "sendgrid", f"/v3/ips/pools/{name}/ips", ip=address),
                    self.json("POST", "sparkpost", "/api/v1/ip-pools", name=name),
                    self.json("DELETE", "sparkpost", f"/api/v1/ip-pools/{name}"),
                    self.json("GET", "sparkpost", "/api/v1/ip-pools"),
                    self.mailgun("POST", "/v3/ip_pools", f"name={name}&description={other}"),
                    self.mailgun("GET", "/v3/ip_pools"),
                ]
            )


def control(app: Flask, method: str, path: str, **body: Any) -> dict[str, Any]:
    data = json.dumps(body).encode() if method != "GET" else b""
    answer = send(app, method, f"{BASE}/_mockserver/{path}", [("Content-Type", "application/json")], data)
    assert answer.status in (200, 201), answer.body
    returned: dict[str, Any] = json.loads(answer.body)
    return returned


@pytest.fixture
def hectic() -> Iterator[None]:
    """Let threads take turns as often as Python can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@contextlib.contextmanager
def without_locks(app: Flask) -> Iterator[None]:
    """Take out what guards a tenant: every tenant made here has a lock that locks nothing."""
    store: Any = server_state(app).store
    kind = store.tenant_class

    def make(*arguments: Any) -> MemoryTenant:
        tenant: MemoryTenant = kind(*arguments)
        tenant.lock = contextlib.nullcontext()  # type: ignore[assignment]
        return tenant

    store.tenant_class = make
    yield
    store.tenant_class = kind


def at_once(run: Callable[[int], Any]) -> list[Any]:
    """Run it in every thread, from the same moment on."""
    barrier = threading.Barrier(THREADS)

    def begin(number: int) -> Any:
        barrier.wait()
        return run(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def histories(app: Flask, tenants: int, seed: int) -> Iterator[tuple[Tenant, list[Answered]]]:
    """Let every thread make calls to tenants, all to the same one at the same time; yield what each was told."""
    made = [Tenant(app) for _ in range(tenants)]

    def run(number: int) -> list[list[Answered]]:
        return [
            [
                tenant.send(sent)
                for sent in itertools.islice(tenant.calls(random.Random(f"{seed} {number} {tenant.id}")), STEPS)
            ]
            for tenant in made
        ]

    found = at_once(run)
    for index, tenant in enumerate(made):
        yield tenant, sorted(answered for each in found for answered in each[index])


def differences(app: Flask, tenants: int, seed: int) -> list[str]:
    """Say where a tenant's answers are not those of its own calls one after the other, in the order of its journal."""
    found = []
    for tenant, history in histories(app, tenants, seed):
        request_log = control(app, "GET", f"tenants/{tenant.id}/requests?limit=1000")["requests"]
        returned = [
            (each["seq"], each["method"], f"/{each['provider']}{each['path']}", each["status"]) for each in request_log
        ]
        mine = [(each.seq, each.sent.method, each.sent.path.partition("?")[0], each.status) for each in history]
        if returned != mine:
            found.append(f"{tenant.id}: the journal is another: {returned} {mine}")
        state = control(app, "GET", f"tenants/{tenant.id}/state")
        control(app, "POST", f"tenants/{tenant.id}/reset")
        for number, answered in enumerate(history, 1):
            again = tenant.send(answered.sent)
            if again != answered._replace(seq=number):
                found.append(f"{tenant.id}: {answered} {again}")
        if control(app, "GET", f"tenants/{tenant.id}/state") != state:
            found.append(f"{tenant.id}: the state is another")
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_every_history_is_serial() -> None:
    """What 8 threads are told of each of 100 tenants is what one caller would be told, in the order of the journal."""
    assert differences(create_app(Config()), TENANTS, 1) == []


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_the_lock_is_what_makes_it_serial() -> None:
    """Without the lock of a tenant, the same comparison finds differences."""
    app = create_app(Config())
    with without_locks(app):
        assert any(differences(app, TENANTS, seed) for seed in range(20))


def pools_made(app: Flask, provider: str) -> tuple[list[int], list[Answered], Tenant]:
    """Try to make many pools at once, half of the names twice; return the statuses, the answers and the tenant."""
    tenant = Tenant(app)
    names = iter([f"p{number // 2}" if number < CREATED // 2 else f"p{number}" for number in range(CREATED)])
    lock = threading.Lock()

    def run(number: int) -> list[Answered]:
        answers = []
        while True:
            with lock:
                name = next(names, None)
            if name is None:
                return answers
            if provider == "mailgun":
                sent = tenant.mailgun("POST", "/v3/ip_pools", f"name={name}&description={name}")
            else:
                path = {"sendgrid": "/v3/ips/pools", "sparkpost": "/api/v1/ip-pools"}[provider]
                sent = tenant.json("POST", provider, path, name=name)
            answers.append(tenant.send(sent))

    answers = [answer for each in at_once(run) for answer in each]
    return [answer.status for answer in answers], answers, tenant


def kept_pools(app: Flask, tenant: Tenant) -> list[dict[str, Any]]:
    """Return the pools of the parent account at SendGrid."""
    pools = control(app, "GET", f"tenants/{tenant.id}/state")["state"]["sendgrid"]["pools"]
    return [pool for pool in pools if "subuser" not in pool]


def beyond_the_limit(app: Flask) -> list[str]:
    """Make a tenant's pools at once, and say if they are not just as many as there is room for."""
    statuses, _, tenant = pools_made(app, "sendgrid")
    kept = kept_pools(app, tenant)
    names, pool_ids = {pool["name"] for pool in kept}, {pool["id"] for pool in kept}
    found = (len(statuses), statuses.count(200), statuses.count(400), len(kept), len(names), len(pool_ids))
    expected = (CREATED, 100 - TAKEN, CREATED - 100 + TAKEN, 100, 100, 100)
    return [] if found == expected else [f"{tenant.id}: {found}"]


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_exactly_the_limit_is_made() -> None:
    """Of 300 creations at once, exactly 100 less the pools that are there succeed, in every round."""
    app = create_app(Config())
    assert len(kept_pools(app, Tenant(app))) == TAKEN
    for _ in range(ROUNDS):
        assert beyond_the_limit(app) == []


@pytest.mark.usefixtures("hectic")
def test_the_lock_is_what_holds_the_limit() -> None:
    """Without the lock of a tenant, the same rounds end with too many pools, or with names or ids twice."""
    app = create_app(Config())
    with without_locks(app):
        assert any(beyond_the_limit(app) for _ in range(100))


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_a_credential_opens_one_tenant() -> None:
    """A credential that everybody begins to use at once is one tenant, in which all that they made is."""
    app = create_app(Config())
    for number in range(200):
        headers = {"Authorization": f"Bearer SG.{number:022d}.{'x' * 43}", "Content-Type": "application/json"}

        def create(thread: int, headers: Mapping[str, str] = headers) -> str:
            body = json.dumps({"name": f"p{thread}"}).encode()
            answer = send(app, "POST", f"{BASE}/sendgrid/v3/ips/pools", list(headers.items()), body)
            assert answer.status == 200
            return dict(answer.headers)["X-Mockserver-Request-Id"].rpartition("-")[0]

        (tenant_id,) = set(at_once(create))
        pools = control(app, "GET", f"tenants/{tenant_id}/state")["state"]["sendgrid"]["pools"]
        assert {f"p{thread}" for thread in range(THREADS)} < {pool["name"] for pool in pools}


@pytest.mark.usefixtures("hectic")
def test_tenants_made_at_once() -> None:
    """Tenants that are made at once have numbers of their own, and all are there."""
    app = create_app(Config())
    made = [tenant_id for each in at_once(lambda _: [Tenant(app).id for _ in range(50)]) for tenant_id in each]
    assert sorted(made) == sorted(f"t{number}" for number in range(1, THREADS * 50 + 1))
    assert {each["id"] for each in control(app, "GET", "tenants")["tenants"]} == set(made)


@pytest.mark.usefixtures("hectic")
@pytest.mark.parametrize("provider", ["sparkpost", "mailgun"])
def test_names_and_ids_are_unique(provider: str) -> None:
    """Where there is no limit, every pool that was made at once is there, and no two have the same id."""
    app = create_app(Config())
    statuses, answers, tenant = pools_made(app, provider)
    state = control(app, "GET", f"tenants/{tenant.id}/state")["state"][provider]
    pool_ids = [pool.get("pool_id", pool.get("id")) for pool in state["ip_pools"]]
    assert len(pool_ids) == len(set(pool_ids))
    made = [json.loads(answer.body) for answer in answers if answer.status == 200]
    returned = [each["pool_id"] if provider == "mailgun" else each["results"]["id"] for each in made]
    assert len(returned) == len(set(returned)) == statuses.count(200) > CREATED // 2
    assert set(returned) <= set(pool_ids)
