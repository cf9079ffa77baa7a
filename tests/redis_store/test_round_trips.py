"""The number of times that a request waits for Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from redis.connection import AbstractConnection

from ..control_client import ControlClient
from ..provider_case import ProviderCase
from ..support import SPARKPOST

pytestmark = pytest.mark.redis

STORES = ("redis",)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], tuple[int, Any]]:
    """Return a function that counts what is sent to Redis while another runs."""
    sent: list[None] = []
    real = AbstractConnection.send_packed_command

    def send(*args: Any, **values: Any) -> Any:
        sent.append(None)
        return real(*args, **values)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", send)

    def count(action: Callable[[], Any]) -> tuple[int, Any]:
        before = len(sent)
        result = action()
        return len(sent) - before, result

    return count


Trips = Callable[[Callable[[], Any]], tuple[int, Any]]


def test_request_makes_at_most_two_round_trips(app: Flask, case: ProviderCase, trips: Trips) -> None:
    """Reads, writes, errors and unknown paths; of the seed's tenant, of one that was made, and of unknown
    credentials; with planned faults of other operations."""
    tenant = ControlClient(app).new_tenant()
    made = getattr(tenant, case.name)
    clients = [case.client(app), made, case.new_client(app)]
    path = case.pools_path

    def actions(number: int) -> list[Callable[[], Any]]:
        found: list[Callable[[], Any]] = []
        for client in clients:
            found += [
                lambda client=client: client.get(path),
                lambda client=client: client.post(path, **case.new_pool(f"mine {number}")),
                lambda client=client: client.post(path, data=b"{", content_type="application/json"),
                lambda client=client: client.get("/nope"),
                lambda client=client: client.open(path, method="TRACE"),
            ]
        return [*found, lambda: case.new_client(app).get(path)]

    for action in (*actions(1), lambda: case.client(app, headers={}).get(path)):  # the scripts are loaded
        action()
    assert {trips(action)[0] for action in actions(2)} == {2}
    assert trips(lambda: case.client(app, headers={}).get(path))[0] == 1
    operation = f"{case.name}.{case.create_operation}"
    tenant.ok("POST", "/faults", {"operation": operation, "kind": "error", "status": 500}, status=201)
    assert trips(lambda: made.get(path))[0] == 2


def test_key_that_is_issued_needs_no_round_trip_of_its_own(app: Flask, trips: Trips) -> None:
    client = SPARKPOST.client(app)
    body = {"name": "a", "key_label": "b", "key_grants": ["smtp/inject"]}
    client.post("/api/v1/subaccounts", json=body)
    found, response = trips(lambda: client.post("/api/v1/subaccounts", json=body))
    assert (found, response.status_code) == (2, 200)
    assert trips(lambda: SPARKPOST.client(app, response.json["results"]["key"]).get(SPARKPOST.pools_path))[0] == 2
