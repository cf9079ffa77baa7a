"""Fixtures and options of the whole suite."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from . import support
from .npm import find_node
from .provider_case import ProviderCase, load_cases, settings_of
from .redis_server import RedisServer, running
from .support import MAILGUN, SENDGRID, SPARKPOST, ProviderClient, response_violations, store_of

CASES = pytest.StashKey[list[ProviderCase]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--provider-case",
        action="append",
        default=[],
        metavar="PATH",
        help="a Python file with a ProviderCase named CASE, beside those of tests/cases; may be repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CASES] = load_cases(config.getoption("--provider-case"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests by their arguments, and those of modules that have `STORES` by store.

    `case`: each provider.
    """
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", metafunc.config.stash[CASES], ids=str)
    stores = getattr(metafunc.module, "STORES", None)
    if stores is not None and "make_app" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("store")
        marks = [pytest.param(name, marks=pytest.mark.redis if name == "redis" else ()) for name in stores]
        metafunc.parametrize("store", list(only.args) if only is not None else marks, indirect=True)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js; the npm clients are installed. Where it is missing, the test is skipped with a report."""
    return find_node()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis for the tests of this process."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def cases(pytestconfig: pytest.Config) -> list[ProviderCase]:
    """Every provider."""
    return pytestconfig.stash[CASES]


@pytest.fixture(scope="session")
def provider_settings(cases: list[ProviderCase]) -> dict[str, Any]:
    """The settings of a server that has every provider, those of `--provider-case` too."""
    return settings_of(cases)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Return the setting `store` of the next server: in memory, or in a database that is not used yet."""
    if getattr(request, "param", "memory") == "memory":
        return lambda: "memory"
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.database


@pytest.fixture
def make_app(
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    store: Callable[[], str],
    provider_settings: dict[str, Any],
) -> Iterator[Callable[..., Flask]]:
    """Make applications, by settings. After the test, none may have crashed, violated its OpenAPI document, or changed
    anything in a request that failed or only reads.

    A test that plants a crash has the marker `crashes`.
    """
    apps: list[Flask] = []

    def make(**settings: Any) -> Flask:
        apps.append(support.make_app(**{"store": store(), **provider_settings, **settings}))
        return apps[-1]

    yield make
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    for app in apps:
        assert store_of(app).problems == []
        assert response_violations(app) == 0, [record.getMessage() for record in records]
    crashes = [record for record in records if record.levelno >= logging.ERROR and "crashed" in record.getMessage()]
    if request.node.get_closest_marker("crashes") is None:
        assert not crashes, crashes


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """An application with the default seed."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> Any:
    """A client without a provider, for the control API and for full paths."""
    return app.test_client()


@pytest.fixture
def provider(app: Flask, case: ProviderCase) -> ProviderClient:
    """A client of the provider of `case`."""
    return case.client(app)


@pytest.fixture
def sparkpost(app: Flask) -> ProviderClient:
    return SPARKPOST.client(app)


@pytest.fixture
def sendgrid(app: Flask) -> ProviderClient:
    return SENDGRID.client(app)


@pytest.fixture
def mailgun(app: Flask) -> ProviderClient:
    return MAILGUN.client(app)
