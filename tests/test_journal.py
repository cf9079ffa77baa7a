"""The journal of a tenant."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.bodies import unused_fields
from mockserver.journal import redact

from .support import SPARKPOST_KEY, World

STORES = ("memory", "redis")


def test_a_record(world: World) -> None:
    """A record has the request, who made it, the operation, the answer, and why it was refused."""
    world.sparkpost.put("/api/v1/ip-pools/default?x=1", json={"name": "New", "colour": "red"})
    record = list(world.store.tenant("default").journal)[-1]
    assert (record.id, record.seq, record.provider) == ("default-1", 1, "sparkpost")
    assert (record.operation, record.method, record.path) == ("updateIpPool", "PUT", "/api/v1/ip-pools/default")
    assert (record.path_values, record.query, record.body) == (
        {"id": "default"},
        "x=1",
        b'{"name": "New", "colour": "red"}',
    )
    assert (record.status, record.misfit, record.account) == (400, None, None)
    assert record.credential == "…" + SPARKPOST_KEY[-4:]
    assert dict(record.headers)["Authorization"] == "…" + SPARKPOST_KEY[-4:]
    refusal = record.refusal
    assert refusal is not None
    assert (refusal.key, refusal.message, refusal.source.kind) == (
        "default_not_updatable",
        "IP Pool default is reserved and cannot be updated.",
        "documented",
    )


def test_what_nothing_read(world: World) -> None:
    """Body fields and query parameters that no handler read are known, in JSON and in both forms."""
    world.sparkpost.post("/api/v1/ip-pools?page=2", json={"name": "New", "colour": "red"})
    world.mailgun.post("/v3/ip_pools", data={"name": "n", "description": "d", "ip[]": "192.0.2.10", "add_ip": "x"})
    world.sendgrid.get("/v3/send_ips/pools?limit=1&before_key=2")
    found = []
    for record in world.store.tenant("default").journal:
        content_type = dict(record.headers).get("Content-Type", "")
        found.append(unused_fields(record.query, record.body, content_type, record.read))
    assert found == [("colour", "page"), ("add_ip",), ("before_key",)]


def test_requests_without_an_operation(world: World) -> None:
    """A wrong path, a wrong method and what is not modelled are kept too."""
    for method, path in (("GET", "/nope"), ("PATCH", "/v3/ips/pools"), ("GET", "/v3/api_keys")):
        world.sendgrid(method, path)
    records = list(world.store.tenant("default").journal)
    assert [record.operation for record in records] == [None, None, None]
    assert [record.refusal and record.refusal.key for record in records] == ["not_found", "not_allowed", "unmodelled"]


def test_it_is_bounded(make_world: Callable[..., World]) -> None:
    """Older records are dropped and counted."""
    world = make_world(journal_size=3)
    for _ in range(5):
        world.sparkpost.get("/api/v1/ip-pools")
    journal = world.store.tenant("default").journal
    assert [record.seq for record in journal] == [3, 4, 5]
    assert (len(journal), journal.dropped) == (3, 2)


def test_all_journals_share_room(make_world: Callable[..., World]) -> None:
    """Beyond the room of all journals the oldest records go, whosever they are, and are counted."""
    world = make_world(journal_room=10_000, journal_size=4)
    first, second = world.as_sparkpost(), world.as_sparkpost()
    for _ in range(6):
        first.get("/api/v1/ip-pools")
    for _ in range(3):
        second.post("/api/v1/ip-pools", data=b" " * 2_000)
    journals = {
        access: world.store.tenant(access.get("/").headers["X-Mockserver-Request-Id"].rpartition("-")[0]).journal
        for access in (second, first)
    }
    assert [record.seq for record in journals[first]] == [7]
    assert [record.seq for record in journals[second]] == [2, 3, 4]
    assert (journals[first].dropped, journals[second].dropped) == (6, 1)


def test_the_time_is_the_servers(make_world: Callable[..., World]) -> None:
    """A record carries the time of the server's clock."""
    world = make_world(time=lambda: 1_700_000_000.5)
    world.sparkpost.get("/api/v1/ip-pools")
    assert list(world.store.tenant("default").journal)[-1].time == 1_700_000_000.5


def test_how_much_of_a_secret_is_shown() -> None:
    """The last four characters of a credential are shown, if that leaves most of it hidden."""
    assert redact("key-0123456789ab") == "…89ab"
    assert redact("0123456789ab") == "…89ab"
    assert redact("0123456789a") == redact("") == "…"
