"""Waiting for messages on our own server: no request waits for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from mockserver import Config
from mockserver.core.monotonic import monotonic
from mockserver.server import start
from mockserver.testing.control_client import ControlClient, ControlError

from .messages import message
from .redis_server import RedisServer

pytestmark = pytest.mark.slow

MESSAGE = message(1)
LONG = 30
"""How long a wait may take that ends early, in seconds."""


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    redis: RedisServer | None = request.getfixturevalue("redis_server") if request.param == "redis" else None
    with start(Config(store="memory" if redis is None else redis.database())) as server:
        yield server.url


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


def new_tenant(url: str) -> str:
    tenant: str = ControlClient(url).request("POST", "tenants", body={})["id"]
    return tenant


def wait(url: str, tenant: str, timeout: float = LONG, **filters: Any) -> dict[str, Any]:
    body = {**filters, "timeout": timeout}
    found = ControlClient(url).request("POST", "tenants", tenant, "outbox", "wait", body=body, timeout=timeout + 20)
    del found["schema_version"]
    return found


def put(url: str, tenant: str, *messages: dict[str, Any]) -> None:
    body = {"state": {"sendgrid": {"outbox": {"messages": messages}}}}
    ControlClient(url).request("PUT", "tenants", tenant, "state", body=body)


def is_pending(waiting: Future[Any]) -> bool:
    time.sleep(0.2)
    return not waiting.done()


def test_wait_ends_with_the_message_that_it_waits_for(url: str, threads: ThreadPoolExecutor) -> None:
    tenant = new_tenant(url)
    waiting = threads.submit(wait, url, tenant, to="ann@example.com", subject="receipt", times=2)
    put(url, tenant, MESSAGE, {**MESSAGE, "number": 2, "subject": "News"})
    assert is_pending(waiting)
    put(url, tenant, MESSAGE, {**MESSAGE, "number": 3})
    found = waiting.result()
    assert [each["id"] for each in found["messages"]] == ["sendgrid-1", "sendgrid-3"]
    assert (found["found"], found["waited"], found["was_reset"], found["count"]) == (True, True, False, 2)


def test_wait_ends_after_its_timeout(url: str) -> None:
    tenant = new_tenant(url)
    put(url, tenant, MESSAGE)
    began = monotonic()
    assert wait(url, tenant, 0.3, pool="other") == {
        "found": False, "waited": True, "was_reset": False, "messages": [], "count": 0, "dropped": 0,
    }  # fmt: skip
    assert monotonic() - began >= 0.3
    assert wait(url, tenant, 0, times=2)["count"] == 1


def test_reset_ends_a_wait(url: str, threads: ThreadPoolExecutor) -> None:
    tenant = new_tenant(url)
    waiting = threads.submit(wait, url, tenant)
    assert is_pending(waiting)
    ControlClient(url).request("POST", "tenants", tenant, "reset", body={})
    found = waiting.result(LONG / 2)
    assert (found["found"], found["waited"], found["was_reset"]) == (False, True, True)


def test_deleted_tenant_ends_a_wait_with_404(url: str, threads: ThreadPoolExecutor) -> None:
    """Also if the path has a credential, which would open another tenant."""
    made = ControlClient(url).request("POST", "tenants", body={})
    waiting = [
        threads.submit(wait, url, name) for name in (made["id"], made["providers"]["sendgrid"]["api_key"])
    ]  # fmt: skip
    assert all(map(is_pending, waiting))
    ControlClient(url).request("DELETE", "tenants", made["id"])
    for each in waiting:
        with pytest.raises(ControlError, match=f"The tenant '{made['id']}' was deleted") as error:
            each.result(LONG / 2)
        assert error.value.status == 404


def test_many_waits_hold_no_other_request(url: str, threads: ThreadPoolExecutor) -> None:
    """There are far fewer threads for requests than waits, of one tenant and of others."""
    tenant, other = new_tenant(url), new_tenant(url)
    waiting = [threads.submit(wait, url, each, subject="receipt") for each in (tenant, other) for _ in range(20)]
    assert is_pending(waiting[-1])
    began = monotonic()
    put(url, tenant, MESSAGE)
    assert ControlClient(url).request("GET", "tenants", tenant, "outbox")["count"] == 1
    for each in waiting[:20]:
        assert each.result(LONG / 2)["found"]
    assert is_pending(waiting[-1])
    assert monotonic() - began < LONG / 2
    ControlClient(url).request("POST", "tenants", other, "reset", body={})
    assert all(each.result(LONG / 2)["was_reset"] for each in waiting[20:])


@pytest.mark.parametrize("url", ["memory"], indirect=True)
def test_client_that_hangs_up_ends_its_wait(url: str) -> None:
    tenant = new_tenant(url)
    with pytest.raises(ControlError, match="no response"):
        body = {"timeout": LONG}
        ControlClient(url).request("POST", "tenants", tenant, "outbox", "wait", body=body, timeout=0.2)
    put(url, tenant, MESSAGE)
    assert wait(url, tenant)["found"]


def test_end_of_the_server_ends_a_wait(threads: ThreadPoolExecutor) -> None:
    server = start()
    thread = threading.Thread(target=server.serve)
    thread.start()
    tenant = new_tenant(server.url)
    waiting = threads.submit(wait, server.url, tenant)
    assert is_pending(waiting)
    began = monotonic()
    server.stop()
    thread.join()
    assert monotonic() - began < 4
    assert (waiting.result()["found"], waiting.result()["was_reset"]) == (False, False)
