"""Fixtures of the whole suite."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .npm import find_node
from .support import Access, World


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js, the npm clients being installed; where it is missing, the test is left out loudly."""
    return find_node()


@pytest.fixture
def make_world(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[Callable[..., World]]:
    """Make servers; after the test, none may have crashed, broken its contract or changed what it refused to.

    A test that plants a crash says so with the marker `crashes`.
    """
    worlds: list[World] = []

    def make(**config: Any) -> World:
        worlds.append(World(**config))
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
def sparkpost(world: World) -> Access:
    return world.sparkpost


@pytest.fixture
def sendgrid(world: World) -> Access:
    return world.sendgrid


@pytest.fixture
def mailgun(world: World) -> Access:
    return world.mailgun
