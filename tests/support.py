"""A test client for providers, and stores that check what every request does."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse, run_wsgi_app

from mockserver import Config, create_app
from mockserver.core.errors import SeedError
from mockserver.core.memory_store import MemoryStore, MemoryTenant
from mockserver.core.redis_store import RedisStore, RedisTenant
from mockserver.core.request_log import Record
from mockserver.core.store import Store, Tenant, Transaction
from mockserver.core.unmatched_log import UnmatchedLog
from mockserver.web.server_state import server_state

from .cases.mailgun import CASE as MAILGUN
from .cases.sendgrid import CASE as SENDGRID
from .cases.sparkpost import CASE as SPARKPOST
from .provider_case import ProviderCase

T = TypeVar("T")
View = Callable[[Transaction[Any]], T]

SPARKPOST_KEY, SENDGRID_KEY, MAILGUN_KEY = SPARKPOST.api_key, SENDGRID.api_key, MAILGUN.api_key
SUBACCOUNT = "65f0c1a2b3c4d5e6f7081920"
"""A subaccount of Mailgun's default seed."""


def make_app(**settings: Any) -> Flask:
    """Return an application with a store that checks every request, and with `ProviderClient` as its test client."""
    config = Config(**settings)
    app = create_app(config, store_class=CheckedMemoryStore if config.store == "memory" else CheckedRedisStore)
    app.test_client_class = ProviderClient
    return app


class ProviderClient(FlaskClient):
    """A test client that sends the headers of a provider's key to paths below the provider's prefix.

    Without a case, as `app.test_client()` makes it, it sends what it is given. It accepts any Host.
    """

    def __init__(
        self,
        application: Flask,
        *args: Any,
        case: ProviderCase | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(application, *args, **{**options, "use_cookies": False})
        self.case = case
        self.headers = dict(headers or {})

    def open(self, path: Any, *args: Any, headers: Any = None, **options: Any) -> TestResponse:
        """Send a request; `headers` are added to those of the key."""
        if self.case is not None:
            path, headers = f"/{self.case.name}{path}", {**self.headers, **(headers or {})}
        return super().open(path, *args, headers=headers, **options)

    def run_wsgi_app(self, environ: dict[str, Any], buffered: bool = False) -> Any:
        """Run the application; unlike Werkzeug's, make no URL of the Host afterwards, to look for cookies."""
        return run_wsgi_app(self.application, environ, buffered=buffered)

    def with_headers(self, headers: Mapping[str, str]) -> ProviderClient:
        """Return a client of the same provider that sends exactly these headers."""
        return self._case.client(self.application, headers=headers)

    def with_key(self, key: str) -> ProviderClient:
        """Return a client of the same provider with another key."""
        return self._case.client(self.application, key)

    def with_new_key(self) -> ProviderClient:
        """Return a client of the same provider whose key is a tenant of its own."""
        return self._case.new_client(self.application)

    def acting_for(self, account: str) -> ProviderClient:
        """Return a client that acts for a subaccount."""
        assert self._case.account_header is not None
        return self.with_headers({**self.headers, self._case.account_header: account})

    @property
    def store(self) -> Any:
        return server_state(self.application).store

    @property
    def tenant(self) -> Tenant:
        """The tenant of the key; finding it takes one request."""
        found: Tenant = self.store.tenant(self.get("/").headers["X-Mockserver-Request-Id"].rpartition("-")[0])
        return found

    @property
    def last_record(self) -> Record:
        """The record of the last request in the tenant's request log."""
        return list(self.tenant.request_log)[-2]

    @property
    def _case(self) -> ProviderCase:
        assert self.case is not None, "a client without a provider"
        return self.case


def response_violations(app: Flask) -> int:
    """Return how many responses of an application violated its OpenAPI documents."""
    return server_state(app).store.counts().get("response_violations", 0)


def store_of(app: Flask) -> Any:
    """Return the store of an application: a `CheckedMemoryStore` or a `CheckedRedisStore`."""
    return server_state(app).store


def tenant_lock(app: Flask, tenant: Tenant) -> Any:
    """Return the lock that writers to a tenant wait for in this process."""
    store = store_of(app)
    return store.lock(tenant.id) if isinstance(store, RedisStore) else tenant.lock  # type: ignore[attr-defined]


# Stores that check


class CheckedMemoryStore(MemoryStore):
    """A store that notes every failed request and every GET that changed something, and states that cannot be read."""

    def __init__(self, *args: Any) -> None:
        self.problems: list[str] = []
        self.tenant_class = functools.partial(CheckedMemoryTenant, self.problems)
        super().__init__(*args)

    def forget_counts(self) -> None:
        """Count all requests from the start, with the numbers of unmatched ones."""
        self._request_counts.clear()
        self._counts.clear()
        self._unmatched_numbers = itertools.count(1)
        self._unmatched = UnmatchedLog()


class CheckedMemoryTenant(MemoryTenant):
    def __init__(self, problems: list[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.problems = problems
        self.check_lock = threading.RLock()
        """Held while a transaction is compared with what was there before it."""

        self.dumped: tuple[Any, Any] = (None, None)
        """The state that was dumped last, and its dump."""

    def contents(self, provider: str) -> tuple[object, ...]:
        """Return what the tenant has: of this provider in full, of the others their identity."""
        data = self.read()
        state = data.state(provider)
        self.dumped = state, state.dump()
        return self.dumped[1], data.ids_issued, {name: id(state) for name, state in data.states.items()}

    def transact(
        self, provider: str, run_due_jobs: Callable[[Any, float], Any], view: View[T], *, writes: bool, **options: Any
    ) -> tuple[Transaction[Any], T]:
        with self.check_lock:
            data = self.read()
            if data.state(provider) is not self.dumped[0]:
                self.contents(provider)
            dump = self.dumped[1]
            before = dump, data.ids_issued, {name: id(state) for name, state in data.states.items()}
            done = False
            try:
                check = checked(self.problems, view, writes, self.dumped)
                tx, (_, result) = super().transact(provider, run_due_jobs, check, writes=writes, **options)
                done = writes and not tx.failed
                return tx, result
            finally:
                if not done and self.contents(provider) != before:
                    self.problems.append("changed the store")
                if done:
                    check_state(self.problems, self.read().states[provider])

    def update(self, change: Callable[[Any], T]) -> T:
        with self.check_lock:
            return super().update(change)

    def reset(self) -> None:
        with self.check_lock:
            super().reset()


class CheckedRedisStore(RedisStore):
    """The same in Redis."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.problems: list[str] = []
        self.tenant_class = functools.partial(CheckedRedisTenant, self.problems)

    def forget_counts(self) -> None:
        self.redis.delete("mockserver:request_counts", "mockserver:unmatched")
        self.redis.hdel(
            "mockserver:counts",
            "requests",
            "unmatched_requests",
            "unmatched_numbers",
            "evictions",
            "response_violations",
        )


class CheckedRedisTenant(RedisTenant):
    def __init__(self, problems: list[str], *args: Any) -> None:
        super().__init__(*args)
        self.problems = problems

    def transact(
        self, provider: str, run_due_jobs: Callable[[Any, float], Any], view: View[T], end: Any, *, writes: bool
    ) -> T:
        check = checked(self.problems, view, writes, (None, None))
        found = super().transact(provider, run_due_jobs, check, end, writes=writes)
        return found[1]


def checked(
    problems: list[str], view: View[T], writes: bool, dumped: tuple[Any, Any]
) -> View[tuple[Transaction[Any], T]]:
    """Return a view that notes what the given one changed before it failed, or although it only reads.

    It returns its transaction, too. `dumped` is a state, and its dump.
    """

    def run(tx: Transaction[Any]) -> tuple[Transaction[Any], T]:
        before = dumped[1] if tx.state == dumped[0] else tx.state.dump()
        result = view(tx)
        if tx.failed and tx.record is not None and tx.record.failure != "crashed" and tx.state.dump() != before:
            problems.append(f"changed its copy before it failed: {tx.record.error!r}")
        if not writes and tx.state.dump() != before:
            problems.append("changed its copy in a GET")
        return tx, result

    return run


def check_state(problems: list[str], state: Any) -> None:
    """Note a state that another process could not load from its dump, or not as it is."""
    dump = state.dump()
    try:
        loaded = type(state).load(json.loads(json.dumps(dump)))
    except SeedError as error:
        problems.append(f"cannot be loaded: {error}: {dump}")
    else:
        if loaded != state or loaded.dump() != dump:
            problems.append(f"is another state when loaded: {dump}")


def check_store(store: Store) -> None:
    """Assert that no request changed what it must not change, and that every response fitted the documents."""
    assert getattr(store, "problems", []) == []
    assert store.counts().get("response_violations", 0) == 0


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
