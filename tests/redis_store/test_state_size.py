"""The maximum size of the data of a tenant in Redis."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from ..test_limits import LIMIT, Limited, is_507, state_of

pytestmark = pytest.mark.redis

STORES = ("redis",)


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Limited:
    return Limited(app=make_app(max_state_bytes=LIMIT))


def test_change_that_makes_the_data_too_large_changes_nothing(limited: Limited) -> None:
    """Pools, a longer description, a state, a seed and a snapshot. What is not larger than before is applied."""
    form = {"name": "a", "description": "x" * 1_000}
    created = 0
    while not is_507(response := limited.mailgun("POST", data=form)):
        assert response.status_code == 200
        created += 1
    assert 100 < created < 200
    before = limited.contents()
    pools = before[0]["state"]["mailgun"]["ip_pools"]
    assert len(pools) == created
    pool = f"/v3/ip_pools/{pools[0]['pool_id']}"
    assert is_507(limited.mailgun("PATCH", pool, data={"description": "x" * 100_000}))
    assert is_507(limited.put(state_of(300)))
    assert is_507(limited.control("POST", "/snapshots", {"name": "s"}))
    tenants = limited.client.get("/_mockserver/tenants").json
    assert is_507(limited.client.post("/_mockserver/tenants", json={"seed": state_of(300)}))
    assert limited.client.get("/_mockserver/tenants").json == tenants
    assert limited.contents() == before
    assert limited.mailgun("PATCH", pool, data={"description": "x" * 500}).status_code == 200
    assert limited.mailgun("DELETE", pool).status_code == 200
    assert limited.mailgun("POST", data=form).status_code == 200
    assert is_507(limited.mailgun("POST", data={"name": "a", "description": "x" * 10_000}))
    other = Limited(app=limited.app)
    assert other.mailgun("POST", data=form).status_code == 200
    limited.control("POST", "/reset")
    assert limited.put(state_of(50)).status_code == 200
    assert limited.control("POST", "/snapshots", {"name": "s"}).status_code == 201


def test_size_of_the_data_is_exact(limited: Limited, make_app: Callable[..., Flask]) -> None:
    """Servers whose limits differ by one byte: the size is that of all fields with the new state."""
    form = {"name": "a", "description": "x"}
    client, store = limited.client, limited.app.extensions["mockserver"].store
    key = f"mockserver:t:{limited.path.rpartition('/')[2]}"
    limited.control("POST", "/reset")
    size = sum(map(len, store.redis.hvals(key)))
    limited.mailgun("POST", data=form)
    size += store.redis.hstrlen(key, "s:mailgun")
    statuses = []
    for limit in (size - 1, size, size + 1):
        limited.client = client
        limited.control("POST", "/reset")
        limited.client = make_app(store=store.config.store, max_state_bytes=limit).test_client()
        statuses.append(limited.mailgun("POST", data=form).status_code)
    assert statuses == [507, 200, 200]
