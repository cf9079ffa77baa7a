"""What is stored in Redis, and what is deleted."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.web.server_state import server_state

from ..control_client import ControlClient, TenantClient, Time
from ..redis_server import RedisServer
from ..shared.observation import change_everything, observe_server, observe_tenant
from ..support import MAILGUN, SENDGRID, SPARKPOST, store_of
from ..support import make_app as new_app
from .processes import CASES

pytestmark = pytest.mark.redis

STORES = ("redis",)


def kept(app: Flask) -> dict[str, Any]:
    """Return everything in the database."""
    found = {}
    for key in store_of(app).redis.keys("*"):
        kind = store_of(app).redis.type(key)
        read = {"hash": "hgetall", "string": "get", "list": "lrange", "zset": "zrange"}[kind]
        found[key] = getattr(store_of(app).redis, read)(key, *((0, -1) if kind in ("list", "zset") else ()))
    return found


def test_failed_request_changes_nothing(app: Flask) -> None:
    """After an error, and after a GET, a tenant is in Redis what it was, but for the number of the next request."""
    tenant = ControlClient(app).new_tenant()
    change_everything(tenant, CASES)
    key = f"mockserver:t:{tenant.id}"
    before = kept(app)[key]
    tenant.ok("DELETE", "/faults", status=204)
    tenant.ok("PUT", "/clock", {"frozen": True})
    before = kept(app)[key]
    tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
    tenant.mailgun.post(MAILGUN.pools_path, data={"name": "x"})
    tenant.sparkpost.delete(f"{SPARKPOST.pools_path}/default")
    tenant.mailgun.get(MAILGUN.pools_path)
    tenant.error("PUT", "/clock", {"now": "no"})
    after = kept(app)[key]
    assert int(after.pop("seq")) == int(before.pop("seq")) + 4
    assert after.pop("log") != before.pop("log")
    assert after == before


def test_tenant_that_only_reads_stores_no_state(app: Flask) -> None:
    """In Redis there is no state of a tenant that only reads; one of its own seed keeps that."""
    reader = ControlClient(app).new_tenant()
    reader.sendgrid.get(SENDGRID.pools_path)
    assert not [name for name in kept(app)[f"mockserver:t:{reader.id}"] if name[1:2] == ":"]
    seeded = ControlClient(app).new_tenant(seed="empty")
    fields = [name for name in kept(app)[f"mockserver:t:{seeded.id}"] if name[1:2] == ":"]
    assert sorted(fields) == ["w:mailgun", "w:sendgrid", "w:sparkpost"]


def test_unknown_credentials_are_not_stored(app: Flask) -> None:
    """A credential that opened a tenant is in Redis as a digest only."""
    keys = [SENDGRID.new_key(), SPARKPOST.new_key(), MAILGUN.new_key()]
    SENDGRID.client(app, keys[0]).post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
    SPARKPOST.client(app, keys[1]).get(SPARKPOST.pools_path)
    MAILGUN.client(app, keys[2]).get(MAILGUN.pools_path)
    text = repr(kept(app))
    for key in keys:
        assert key not in text
    assert base64.b64encode(keys[2].encode()).decode() not in text


def test_reset_deletes_own_keys_only(app: Flask) -> None:
    """A reset leaves the seed's digest, and what others keep in the same database."""
    store_of(app).redis.set("other:thing", "theirs")
    tenant = ControlClient(app).new_tenant()
    change_everything(tenant, CASES)
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    ControlClient(app).ok("POST", "/snapshots", {"name": "s"}, status=201)
    MAILGUN.new_client(app).get(MAILGUN.pools_path)
    ControlClient(app).ok("POST", "/reset", {})
    assert sorted(kept(app)) == ["mockserver:seed", "other:thing"]


def test_a_closed_tenant_leaves_nothing(app: Flask) -> None:
    """Nothing of a closed tenant is left, and the journals' room is as it was."""
    before = kept(app)
    tenant = ControlClient(app).new_tenant()
    change_everything(tenant, CASES)
    tenant.ok("POST", "/snapshots", {"name": "s"}, status=201)
    ControlClient(app).ok("DELETE", tenant.path, status=204)
    after = kept(app)
    assert set(after) - set(before) == {"mockserver:counts", "mockserver:request_counts"}
    assert after["mockserver:counts"]["budget"] == "0"


def test_server_snapshots_are_bounded(app: Flask) -> None:
    """There are at most as many snapshots as may be; one of the same name takes the other's place."""
    assert store_of(app).save("one", 1) and store_of(app).save("one", 1)
    assert not store_of(app).save("two", 1)
    assert list(store_of(app).snapshots()) == ["one"]


def test_many_tenants_are_saved_and_restored(make_app: Callable[..., Flask]) -> None:
    """A snapshot of all keeps the order in which tenants were used: the same one is closed next."""
    app = make_app(max_tenants=3)
    control = ControlClient(app)
    made = [control.new_tenant() for _ in range(3)]
    made[0].sendgrid.get(SENDGRID.pools_path)
    change_everything(made[1], CASES)
    before = observe_tenant(made[1])
    made[0].sendgrid.get(SENDGRID.pools_path)
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    control.new_tenant()
    made[0].error("GET", "/nope", status=404)
    control.ok("POST", "/snapshots/all/restore")
    assert [each["id"] for each in control.ok("GET", "/tenants")["tenants"]] == [each.id for each in made]
    assert observe_tenant(made[1]) == before
    new = control.new_tenant()
    assert [each["id"] for each in control.ok("GET", "/tenants")["tenants"]] == [made[0].id, made[1].id, new.id]


def test_one_transcript(make_app: Callable[..., Flask], redis_server: RedisServer) -> None:
    """The same calls get the same bytes over memory and over Redis."""

    assert observe_server(make_app(time=Time()), CASES) == observe_server(make_app(store="memory", time=Time()), CASES)


def test_all_is_read_back(app: Flask) -> None:
    """What another process reads is what this one wrote: states, faults, clock, snapshots and the journal."""
    tenant = ControlClient(app).new_tenant(seed={"mailgun": {"async_delay_seconds": None}}, clock={"frozen": True})
    change_everything(tenant, CASES)
    tenant.fault("*", kind="delay", delay_seconds=0.5, when="after", skip=1)
    tenant.ok("POST", "/snapshots", {"name": "ü"}, status=201)
    tenant.sendgrid.post(f"{SENDGRID.pools_path}?ä=%FF", data=b"\xff\x00", headers={"X-Odd": "ü"})
    other = new_app(store=server_state(app).config.store)
    again = TenantClient(ControlClient(other), tenant.data)
    assert observe_tenant(again) == observe_tenant(tenant)
    assert again.ok("GET", "/requests") == tenant.ok("GET", "/requests")
    assert again.ok("GET", "/snapshots") == {"snapshots": [{"name": "ü"}]}


def test_stored_state_is_as_large_as_its_changes(app: Flask) -> None:
    """A tenant does not store the records that it has of its seed; of a state that was put it stores all."""
    tenant = ControlClient(app).new_tenant()
    path = SENDGRID.pools_path
    assert tenant.sendgrid.put(f"{path}/spare", json={"name": "other"}).status_code == 200
    assert tenant.sendgrid.put(f"{path}/other", json={"name": "spare"}).status_code == 200
    field = f"mockserver:t:{tenant.id}", "s:sendgrid"
    assert 0 < len(store_of(app).redis.hget(*field)) < 200
    state = tenant.ok("GET", "/state")["state"]
    assert tenant.sendgrid.delete(f"{path}/spare").status_code == 204
    assert tenant.sendgrid.post(path, json={"name": "spare"}).status_code == 200
    pools = [pool["name"] for pool in tenant.sendgrid.get(path).json]
    tenant.ok("PUT", "/state", {"state": state})
    assert tenant.ok("GET", "/state")["state"] == state
    assert len(store_of(app).redis.hget(*field)) > 10_000
    assert tenant.sendgrid.delete(f"{path}/spare").status_code == 204
    assert tenant.sendgrid.post(path, json={"name": "spare"}).status_code == 200
    assert [pool["name"] for pool in tenant.sendgrid.get(path).json] == pools
