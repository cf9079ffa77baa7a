"""Fixtures of the whole suite."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .npm import find_node
from .redis_server import RedisServer, running
from .support import ProviderAccess, World


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js, the npm clients being installed; where it is missing, the test is left out loudly."""
    return find_node()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module that says `STORES` with every one of these stores."""
    stores = getattr(metafunc.module, "STORES", None)
    if stores is not None and "make_world" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("store")
        marks = [pytest.param(name, marks=pytest.mark.redis if name == "redis" else ()) for name in stores]
        metafunc.parametrize("store", list(only.args) if only is not None else marks, indirect=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis for the tests of this process."""
    with running() as server:
        yield server


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return where the next server is to keep everything: in memory, or in a database that nobody has used yet."""
    if getattr(request, "param", "memory") == "memory":
        return lambda: "memory"
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.database


@pytest.fixture
def make_world(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest, store: Callable[[], str]
) -> Iterator[Callable[..., World]]:
    """Make servers; after the test, none may have crashed, broken its contract or changed what it refused to.

    A test that plants a crash says so with the marker `crashes`.
    """
    worlds: list[World] = []

    def make(**config: Any) -> World:
        worlds.append(World(**{"store": store(), **config}))
        return worlds[-1]

    yield make
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    for world in worlds:
        world.check(records)
    crashes = [record for record in records if record.levelno >= logging.ERROR and "crashed" in record.getMessage()]
    if request.node.get_closest_marker("crashes") is None:
        assert not crashes, crashes


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A server with the default world."""
    return make_world()


@pytest.fixture
def sparkpost(world: World) -> ProviderAccess:
    return world.sparkpost


@pytest.fixture
def sendgrid(world: World) -> ProviderAccess:
    return world.sendgrid


@pytest.fixture
def mailgun(world: World) -> ProviderAccess:
    return world.mailgun
