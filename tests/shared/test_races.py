"""Parallel requests: those of a tenant have one order, that of its request log, and limits hold exactly."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from flask import Flask

from mockserver import create_app
from mockserver.core.config import Config
from mockserver.core.memory_store import MemoryTenant
from mockserver.testing.in_process import send
from mockserver.web.server_state import server_state

from ..provider_case import ProviderCase, settings_of

THREADS = 8
TENANTS = 100
STEPS = 4
"""How many calls each thread makes for each tenant."""
ROUNDS = int(os.environ.get("MOCKSERVER_RACE_ROUNDS", "20"))
"""How often as many pools as there is room for are made at once; a hundred times takes five times as long."""
CREATED = 300
"""How many pools each round tries to make at once."""
BASE = "http://localhost"


class Request(NamedTuple):
    """A request, as it can be sent again."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Response(NamedTuple):
    seq: int
    """Its number in the tenant's journal."""
    request: Request
    status: int
    body: bytes


class Tenant:
    """A tenant that the control API made, and a stream of mixed requests to it."""

    def __init__(self, app: Flask) -> None:
        created = control(app, "POST", "tenants", clock={"now": "2030-01-01T00:00:00Z", "frozen": True})
        self.id: str = created["id"]
        self.app = app
        self.headers = {name: each["headers"] for name, each in created["providers"].items()}

    def send(self, request: Request) -> Response:
        sent = send(self.app, request.method, BASE + request.path, list(request.headers.items()), request.body)
        (request_id,) = [value for name, value in sent.headers if name == "X-Mockserver-Request-Id"]
        tenant_id, _, seq = request_id.rpartition("-")
        assert tenant_id == self.id
        return Response(int(seq), request, sent.status, sent.body)

    def request(self, case: ProviderCase, method: str, path: str, **content: Any) -> Request:
        """Return a request with a key of the tenant; `content` is `json` or `data`."""
        headers, body = dict(self.headers[case.name]), b""
        if "json" in content:
            headers["Content-Type"], body = "application/json", json.dumps(content["json"]).encode()
        if "data" in content:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(content["data"]).encode()
        return Request(method, f"/{case.name}{path}", headers, body)

    def requests(self, cases: list[ProviderCase], draw: random.Random) -> Iterator[Request]:
        """Yield requests about few names, so that they get in each other's way."""
        while True:
            case, name, other = draw.choice(cases), draw.choice("abc"), draw.choice("abc")
            path = case.pools_path
            yield draw.choice(
                [
                    self.request(case, "POST", path, **case.new_pool(name)),
                    self.request(case, "POST", path, **case.new_pool(name)),
                    self.request(case, "PUT", f"{path}/{name}", **case.new_pool(other)),
                    self.request(case, "DELETE", f"{path}/{name}"),
                    self.request(case, "GET", path),
                    *(self.request(case, method, at, **content) for method, at, content in case.further_requests(name)),
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
    """Give every tenant that is created meanwhile a lock that locks nothing."""
    store: Any = server_state(app).store
    kind = store.tenant_class

    def make(*arguments: Any, **options: Any) -> MemoryTenant:
        tenant: MemoryTenant = kind(*arguments, **options)
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


def histories(
    app: Flask, cases: list[ProviderCase], tenants: int, seed: int
) -> Iterator[tuple[Tenant, list[Response]]]:
    """Let every thread send requests to tenants, all to the same one at the same time; yield the responses of each."""
    made = [Tenant(app) for _ in range(tenants)]

    def run(number: int) -> list[list[Response]]:
        return [
            [
                tenant.send(request)
                for request in itertools.islice(
                    tenant.requests(cases, random.Random(f"{seed} {number} {tenant.id}")), STEPS
                )
            ]
            for tenant in made
        ]

    found = at_once(run)
    for index, tenant in enumerate(made):
        yield tenant, sorted(answered for each in found for answered in each[index])


def differences(app: Flask, cases: list[ProviderCase], tenants: int, seed: int) -> list[str]:
    """Return where responses differ from those to the same requests in the order of the request log."""
    found = []
    for tenant, history in histories(app, cases, tenants, seed):
        request_log = control(app, "GET", f"tenants/{tenant.id}/requests?limit=1000")["requests"]
        returned = [
            (each["seq"], each["method"], f"/{each['provider']}{each['path']}", each["status"]) for each in request_log
        ]
        mine = [(each.seq, each.request.method, each.request.path.partition("?")[0], each.status) for each in history]
        if returned != mine:
            found.append(f"{tenant.id}: the journal is another: {returned} {mine}")
        state = control(app, "GET", f"tenants/{tenant.id}/state")
        control(app, "POST", f"tenants/{tenant.id}/reset")
        for number, answered in enumerate(history, 1):
            again = tenant.send(answered.request)
            if again != answered._replace(seq=number):
                found.append(f"{tenant.id}: {answered} {again}")
        if control(app, "GET", f"tenants/{tenant.id}/state") != state:
            found.append(f"{tenant.id}: the state is another")
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_parallel_requests_are_serial(cases: list[ProviderCase], provider_settings: dict[str, Any]) -> None:
    """Eight threads get the responses that one client would get, in the order of the request log."""
    assert differences(create_app(Config(**provider_settings)), cases, TENANTS, 1) == []


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_parallel_requests_without_the_lock_are_not_serial(
    cases: list[ProviderCase], provider_settings: dict[str, Any]
) -> None:
    app = create_app(Config(**provider_settings))
    with without_locks(app):
        assert any(differences(app, cases, TENANTS, seed) for seed in range(20))


def create_pools(app: Flask, case: ProviderCase) -> tuple[list[Response], Tenant]:
    """Try to create many pools at once, half of the names twice; return the responses and the tenant."""
    tenant = Tenant(app)
    names = iter([f"p{number // 2}" if number < CREATED // 2 else f"p{number}" for number in range(CREATED)])
    lock = threading.Lock()

    def run(number: int) -> list[Response]:
        responses = []
        while True:
            with lock:
                name = next(names, None)
            if name is None:
                return responses
            responses.append(tenant.send(tenant.request(case, "POST", case.pools_path, **case.new_pool(name))))

    return [response for each in at_once(run) for response in each], tenant


def listed_ids(tenant: Tenant, case: ProviderCase) -> list[str]:
    return case.listed_ids(json.loads(tenant.send(tenant.request(case, "GET", case.pools_path)).body))


def limit_problems(app: Flask, case: ProviderCase) -> list[str]:
    """Create pools at once; return a problem if there are not just as many as the limit allows."""
    assert case.pool_limit is not None
    before = len(listed_ids(Tenant(app), case))
    responses, tenant = create_pools(app, case)
    statuses, ids = [response.status for response in responses], listed_ids(tenant, case)
    found = (len(statuses), statuses.count(200), statuses.count(400), len(ids), len(set(ids)))
    room = case.pool_limit - before
    expected = (CREATED, room, CREATED - room, case.pool_limit, case.pool_limit)
    return [] if found == expected else [f"{tenant.id}: {found}"]


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_limit_of_pools_holds_in_parallel(case: ProviderCase) -> None:
    """Of 300 requests at once, exactly as many succeed as there is room for, in every round."""
    if case.pool_limit is None:
        pytest.skip("the provider has no limit of pools")
    app = create_app(Config(**settings_of([case])))
    for _ in range(ROUNDS):
        assert limit_problems(app, case) == []


@pytest.mark.usefixtures("hectic")
def test_limit_of_pools_without_the_lock_does_not_hold(case: ProviderCase) -> None:
    """There are too many pools, or some names twice."""
    if case.pool_limit is None:
        pytest.skip("the provider has no limit of pools")
    app = create_app(Config(**settings_of([case])))
    with without_locks(app):
        assert any(limit_problems(app, case) for _ in range(100))


@pytest.mark.slow
@pytest.mark.usefixtures("hectic")
def test_parallel_first_requests_of_a_key_create_one_tenant(case: ProviderCase) -> None:
    """Everything that they created is in it."""
    app = create_app(Config(**settings_of([case])))
    for _ in range(200):
        key_headers = case.key_headers(case.new_key())

        def create(thread: int, key_headers: dict[str, str] = key_headers) -> str:
            content = case.new_pool(f"p{thread}")
            if "json" in content:
                kind, body = "application/json", json.dumps(content["json"]).encode()
            else:
                kind, body = "application/x-www-form-urlencoded", urlencode(content["data"]).encode()
            headers = [*key_headers.items(), ("Content-Type", kind)]
            response = send(app, "POST", f"{BASE}/{case.name}{case.pools_path}", headers, body)
            assert response.status == 200
            return dict(response.headers)["X-Mockserver-Request-Id"].rpartition("-")[0]

        (tenant_id,) = set(at_once(create))
        state = json.dumps(control(app, "GET", f"tenants/{tenant_id}/state")["state"][case.name])
        assert all(f'"p{thread}"' in state for thread in range(THREADS))


@pytest.mark.usefixtures("hectic")
def test_tenants_created_in_parallel_have_different_ids() -> None:
    app = create_app(Config())
    ids = [tenant_id for each in at_once(lambda _: [Tenant(app).id for _ in range(50)]) for tenant_id in each]
    assert sorted(ids) == sorted(f"t{number}" for number in range(1, THREADS * 50 + 1))
    assert {each["id"] for each in control(app, "GET", "tenants")["tenants"]} == set(ids)


@pytest.mark.usefixtures("hectic")
def test_ids_of_pools_created_in_parallel_are_unique(case: ProviderCase) -> None:
    """Every pool that was created is there."""
    app = create_app(Config(**settings_of([case])))
    responses, tenant = create_pools(app, case)
    ids = listed_ids(tenant, case)
    assert len(ids) == len(set(ids))
    created = [case.created_id(json.loads(each.body)) for each in responses if each.status == 200]
    expected = CREATED // 2 if case.pool_limit is None else case.pool_limit // 2
    assert len(created) == len(set(created)) > expected
    assert set(created) <= set(ids)
