"""A server under test: what a test asks of it, and what it must never do whatever it is asked."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import logging
import secrets
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse, run_wsgi_app

from mockserver import Config, create_app
from mockserver.core.errors import ApiError, SeedError
from mockserver.core.memory_store import MemoryStore, MemoryTenant
from mockserver.core.redis_store import RedisStore, RedisTenant
from mockserver.core.request_log import Record
from mockserver.core.store import Tenant, Transaction
from mockserver.web.server_state import ServerState, server_state

SPARKPOST_KEY = "5ba7b0575e0b1c6ad4cab4d2ac1b3a3f0e1d2c3b"
SENDGRID_KEY = "SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000"
MAILGUN_KEY = "key-0123456789abcdef0123456789abcdef"
SUBACCOUNT = "65f0c1a2b3c4d5e6f7081920"


def response_violations(app: Flask) -> int:
    """Return how many responses of an application violated its OpenAPI documents."""
    return server_state(app).store.counts().get("response_violations", 0)


class GuardedStore(MemoryStore):
    """A store that notes every refused request, and every GET, that changed something; and what could not be kept."""

    def __init__(self, *args: Any) -> None:
        self.breaches: list[str] = []
        self.tenant_class = functools.partial(GuardedTenant, self.breaches)
        super().__init__(*args)

    def forget_counts(self) -> None:
        """Count the requests of all tenants together, and those of strangers, from the start."""
        self._request_counts.clear()
        self._counts.clear()
        self._unmatched_numbers = itertools.count(1)


class GuardedTenant(MemoryTenant):
    """A tenant whose refusal must leave it, and even the transaction's working copy, as they were."""

    def __init__(self, breaches: list[str], *args: Any) -> None:
        super().__init__(*args)
        self.breaches = breaches

    def _seen(self, provider: str) -> tuple[object, ...]:
        """What the tenant has: of this provider in full, of the others that nobody replaced it."""
        kept = self._data
        mine = kept.state(provider).dump()
        return mine, kept.ids_issued, {name: id(state) for name, state in kept.states.items()}

    def _transact(self, provider: str, run_due_jobs: Any, view: Any, writes: bool) -> Any:
        before = self._seen(provider)
        done = False
        try:
            result = super()._transact(provider, run_due_jobs, guarded(self.breaches, view, writes), writes)
            done = writes
            return result
        finally:
            if not done and self._seen(provider) != before:
                self.breaches.append("changed the store")
            if done:
                check_kept(self.breaches, self._data.states[provider])


class GuardedRedisStore(RedisStore):
    """The same, in Redis."""

    def __init__(self, *args: Any) -> None:
        self.breaches: list[str] = []
        super().__init__(*args)

    def _tenant(self, *args: Any, faulty: bool = True) -> GuardedRedisTenant:
        return GuardedRedisTenant(self, *args, *(() if len(args) == 3 else (faulty,)))

    def forget_counts(self) -> None:
        self.redis.delete("mockserver:request_counts")
        self.redis.hdel(
            "mockserver:counts",
            "requests",
            "unmatched_requests",
            "unmatched_numbers",
            "evictions",
            "response_violations",
        )


class GuardedRedisTenant(RedisTenant):
    def __init__(self, store: GuardedRedisStore, *args: Any) -> None:
        super().__init__(store, *args)
        self.breaches = store.breaches

    def _run_view(self, view: Any, tx: Transaction[Any], writes: bool) -> Any:
        return guarded(self.breaches, view, writes)(tx)


def guarded(breaches: list[str], view: Any, writes: bool) -> Any:
    """Return the same answer, which notes what it changes in a transaction before it refuses, or without a right to."""

    def watched(tx: Transaction[Any]) -> Any:
        before = tx.state.dump()
        try:
            result = view(tx)
        except ApiError as error:
            if tx.state.dump() != before:
                breaches.append(f"changed its copy before it refused: {error!r}")
            raise
        if not writes and tx.state.dump() != before:
            breaches.append("changed its copy to answer a GET")
        return result

    return watched


def check_kept(breaches: list[str], state: Any) -> None:
    """Note a state that another process could not read back as it is from what is kept of it."""
    dump = state.dump()
    try:
        again = type(state).load(json.loads(json.dumps(dump)))
    except SeedError as error:
        breaches.append(f"is not read back: {error}: {dump}")
    else:
        if again != state or again.dump() != dump:
            breaches.append(f"is read back as another: {dump}")


class PlainClient(FlaskClient):
    """A client that takes any Host: Werkzeug's makes a URL of it after the response, to know whose cookies came."""

    def run_wsgi_app(self, environ: dict[str, Any], buffered: bool = False) -> Any:
        return run_wsgi_app(self.application, environ, buffered=buffered)


class ProviderAccess:
    """One provider through one credential."""

    def __init__(self, world: World, provider: str, headers: dict[str, str]) -> None:
        self.world = world
        self.provider = provider
        self.headers = headers

    def __call__(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Send a request to the provider's own path; `headers` are added to those of the credential."""
        headers = {**self.headers, **kwargs.pop("headers", {})}
        return self.world.client.open(f"/{self.provider}{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self("DELETE", path, **kwargs)

    @property
    def tenant(self) -> Tenant:
        """The tenant that this credential last reached."""
        return self.world.store.tenant(self.get("/").headers["X-Mockserver-Request-Id"].rpartition("-")[0])

    @property
    def last(self) -> Record:
        """The journal's record of the last request before this question."""
        return list(self.tenant.request_log)[-2]

    def acting_for(self, name: str) -> ProviderAccess:
        header = {"sendgrid": "On-Behalf-Of", "mailgun": "X-Mailgun-On-Behalf-Of", "sparkpost": "X-MSYS-SUBACCOUNT"}
        return ProviderAccess(self.world, self.provider, {**self.headers, header[self.provider]: name})


class World:
    """A server in this process with an access to each provider's demo tenant."""

    def __init__(self, **config: Any) -> None:
        settings = Config(**config)
        self.app: Flask = create_app(
            settings, store_class=GuardedStore if settings.store == "memory" else GuardedRedisStore
        )
        self.server: ServerState = server_state(self.app)
        store = self.server.store
        assert isinstance(store, GuardedStore | GuardedRedisStore)
        self.store = store
        self.app.test_client_class = PlainClient
        self.client = self.app.test_client(use_cookies=False)
        self.sparkpost = self.as_sparkpost(SPARKPOST_KEY)
        self.sendgrid = self.as_sendgrid(SENDGRID_KEY)
        self.mailgun = self.as_mailgun(MAILGUN_KEY)

    def as_sparkpost(self, key: str | None = None) -> ProviderAccess:
        return ProviderAccess(self, "sparkpost", {"Authorization": key or fresh_sparkpost_key()})

    def as_sendgrid(self, key: str | None = None) -> ProviderAccess:
        return ProviderAccess(self, "sendgrid", {"Authorization": f"Bearer {key or fresh_sendgrid_key()}"})

    def as_mailgun(self, key: str | None = None, user: str = "api") -> ProviderAccess:
        return ProviderAccess(self, "mailgun", {"Authorization": basic(user, key or fresh_mailgun_key())})

    def lock_of(self, tenant: Tenant) -> Any:
        """Return what who writes to a tenant waits for, in this process."""
        return tenant.lock if isinstance(self.store, GuardedStore) else self.store.lock(tenant.id)

    def check(self, caplog_records: list[logging.LogRecord]) -> None:
        """Assert what holds after any test at all."""
        assert self.store.breaches == []
        assert response_violations(self.app) == 0, [record.getMessage() for record in caplog_records]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def fresh_sparkpost_key() -> str:
    return secrets.token_hex(20)


def fresh_sendgrid_key() -> str:
    return f"SG.{secrets.token_urlsafe(17)[:22]}.{secrets.token_urlsafe(33)[:43]}"


def fresh_mailgun_key() -> str:
    return f"key-{secrets.token_hex(16)}"
