"""The store on a Redis server, which any number of processes can share.

Every atomic operation is a Lua script. A tenant is a hash with a version: a write sends the version that it has read,
and starts again if the version has changed in the meantime. Within a process, writes to one tenant take a lock, so
only processes compete.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import logging
import math
import operator
import random
import re
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import asdict, fields
from typing import Any, NamedTuple, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import changes, ids
from .clock import Clock
from .config import Config
from .errors import Source, StoreError
from .faults import ConnectionDropped, Fault, Faults
from .monotonic import monotonic
from .redis_scripts import load_scripts
from .request_log import MAX_PROBLEMS, CounterRow, ErrorRecord, Record
from .store import (
    Caller,
    RateLimit,
    RateWindow,
    Register,
    Registration,
    Snapshot,
    State,
    StateTooLarge,
    Store,
    StoreUnavailable,
    Tenant,
    TenantData,
    TenantEvicted,
    TenantSummary,
    Transaction,
    digest,
    open_tenant_id,
)
from .stubs import Stub, Stubs
from .unmatched_log import MAX_RECORDS, UnmatchedRecord

log = logging.getLogger("mockserver")

T = TypeVar("T")
V = TypeVar("V")

PREFIX = "mockserver:"
"""The prefix of every key."""
FORMAT = 4
"""The version of the data format; processes with different versions cannot share a Redis."""
TIMEOUT = 5.0
"""The timeout of a Redis command, in seconds."""
TRIES = 60
"""The maximum number of attempts of a transaction; then it fails with `WriteConflict`."""
LONGEST_PAUSE = 0.02
"""The maximum pause between two attempts, in seconds."""
CHECK_INTERVAL = 0.5
"""How often a delayed request checks that its tenant still exists, in seconds."""
KEEPS_ALL = "noeviction"
"""The eviction policy with which Redis deletes nothing."""
CACHED_STATES = 512
"""The maximum number of loaded states that a process caches."""


class Unavailable(StoreUnavailable):
    """Redis does not respond, or returns an error."""


class WriteConflict(StoreUnavailable):
    """Another request changed the tenant during every attempt of a transaction."""

    def __init__(self) -> None:
        super().__init__(
            f"The request was not applied: in each of {TRIES} attempts, another request changed the tenant first. "
            "Try again."
        )


class DamagedData(StoreUnavailable):
    """A value in Redis is not what was stored there, or is missing."""

    def __init__(self, key: str, reason: object) -> None:
        super().__init__(
            f"The value of the key '{key}' in Redis is not what mockserver stored there, or is missing ({reason}); "
            "nothing was changed. Reset the tenant or the server."
        )


class TenantGone(StoreUnavailable):
    """The tenant was deleted during a request."""

    def __init__(self) -> None:
        super().__init__("The tenant was deleted during this request; nothing was changed.")


class RedisStore(Store):
    """Tenants on a Redis server, shared by all processes with the same seed."""

    def __init__(self, initial_states: Mapping[str, State], config: Config) -> None:
        super().__init__(initial_states, config)
        self._url = public_url(config.store)
        self._seed_digest = seed_digest(initial_states, config)
        self.redis = connect(config.store, client_name=_client_name(self._seed_digest))
        self._scripts = {name: self.redis.register_script(text) for name, text in load_scripts().items()}
        self.tenant_class: Callable[..., RedisTenant] = RedisTenant
        self._settings = (
            *(math.ceil((config.tenant_ttl or 0) * 1_000), config.max_tenants),
            *(self._seed_digest, config.max_state_bytes),
        )
        self._locks: weakref.WeakValueDictionary[str, threading.Lock] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        """Guards `_locks`."""
        self.wake_up = threading.Event()
        """Set to end the current delays of all requests in this process."""
        self.load = functools.lru_cache(CACHED_STATES)(self._load)
        try:
            self._adopt()
            with self.errors():
                warning = eviction_warning(self.redis, self._url)
        except DamagedData as error:
            raise StoreError(f"--store {self._url}: {error}") from None
        except StoreUnavailable as error:
            reason = self._public(str(error.__cause__))
            raise StoreError(f"--store {self._url} does not respond: {reason}") from None
        if warning is not None:
            log.warning("%s", warning)

    @classmethod
    def examine(cls, url: str) -> str | None:
        try:
            with contextlib.closing(connect(url)) as client:
                return eviction_warning(client, public_url(url))
        except redis.RedisError as error:  # its message may have parts of the URL
            raise StoreError(f"--store {public_url(url)} does not respond ({type(error).__name__})") from None

    def _adopt(self) -> None:
        """Take the database for the seed. Raises `StoreError` if another seed is in use there."""
        unused = ""
        while isinstance(found := self.run("adopt", unused), str):
            if self._is_server_running(found):
                raise StoreError(f"--store {self._url}: {OTHER_SERVER}")
            unused = found
        if not found:
            raise StoreError(f"--store {self._url}: {OTHER_SEED}")

    def _is_server_running(self, seed: str) -> bool:
        """Return whether a server with a seed is connected to the database, so far as this one may know."""
        try:
            clients = self.redis.client_list()
        except redis.ResponseError:  # the command is not permitted
            return False
        database = str(self.redis.get_connection_kwargs().get("db") or 0)
        return any(each["name"] == _client_name(seed) and each["db"] == database for each in clients)

    def _load(self, provider: str, seed: str | None, text: str | None) -> State:
        """Return the state of two JSON texts: a seed, and the changes. It is cached: states never change in place.

        A seed that is a string is the server's in that region.
        """
        if text is not None:
            return changes.load(self.load(provider, seed, None), json.loads(text))
        state = self.initial_states[provider]
        if seed is None:
            return state
        data = json.loads(seed)
        return state.with_region(data) if isinstance(data, str) else type(state).load(data)

    def states(self, tenant_id: str, provider: str, fields: Mapping[str, str | None]) -> tuple[State, State]:
        """Return the seed and the state of a provider from the fields of a tenant."""
        seed, text = fields.get(f"w:{provider}"), fields.get(f"s:{provider}")
        with self.parsing(f"t:{tenant_id}"):
            state = self.load(provider, seed, text)
            return self.load(provider, seed, None), state

    @contextlib.contextmanager
    def parsing(self, key: str) -> Iterator[None]:
        """Raise `DamagedData` for a value that cannot be read."""
        try:
            yield
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            raise DamagedData(PREFIX + key, type(error).__name__) from error

    def run(self, script: str, *values: str | float) -> Any:
        """Run a script. Raises `Unavailable`."""
        with self.errors():
            return self._scripts[script](args=[*self._settings, *values])

    def fetch(self, command: str, key: str, *values: str | int) -> Any:
        """Return the response to a command about a key. Raises `Unavailable` and `DamagedData`."""
        with self.errors(PREFIX + key):
            return self.redis.execute_command(command, PREFIX + key, *values)

    @contextlib.contextmanager
    def errors(self, key: str = "") -> Iterator[None]:
        """Raise `Unavailable` for errors of Redis, and `DamagedData` for a key with a value of another type."""
        try:
            yield
        except redis.ResponseError as error:
            if "OTHERSEED" in str(error):
                raise Unavailable(f"The store at {self._url}: {OTHER_SEED}") from None
            if "TOOLARGE" in str(error):
                raise StateTooLarge from None
            damaged = re.search(f"DAMAGED ({PREFIX}.*?) (.*)", str(error))
            if damaged is not None:
                raise DamagedData(damaged[1], damaged[2]) from None
            if "WRONGTYPE" in str(error):
                raise DamagedData(key, "another type") from None
            reason = self._public(str(error))
            raise Unavailable(f"The store at {self._url} rejected a command: {reason}") from error
        except redis.RedisError as error:
            raise Unavailable(
                f"The store at {self._url} does not respond ({type(error).__name__}). A request that changes "
                "something may have been applied or not. The next request connects again."
            ) from error

    def _public(self, text: str) -> str:
        """Return a message of Redis without the user and the password."""
        known = self.redis.get_connection_kwargs()
        for secret in (known.get("password"), known.get("username")):
            text = text.replace(secret, "…") if secret else text
        return text

    def lock(self, tenant_id: str) -> threading.Lock:
        """Return the lock for writes to a tenant in this process."""
        with self._lock:
            return self._locks.setdefault(tenant_id, threading.Lock())

    def check(self) -> None:
        self.run("ping")

    # Tenants

    def __len__(self) -> int:
        return len(self.overview())

    def overview(self) -> list[TenantSummary]:
        return [
            TenantSummary(tenant_id, int(requests), int(dropped), sorted(written))
            for tenant_id, requests, dropped, *written in self.run("overview")
        ]

    def _tenant(self, tenant_id: str, born: str) -> RedisTenant:
        return self.tenant_class(self, tenant_id, born)

    def get(self, tenant_id: str) -> Tenant | None:
        born = self.run("get", tenant_id)
        return self._tenant(tenant_id, born) if born is not None else None

    def tenant(self, tenant_id: str) -> Tenant:
        return self._tenant(tenant_id, self.run("seed", tenant_id, "")[0])

    def create(
        self,
        register: Register,
        seed: Mapping[str, State] | None,
        start: Clock,
        *,
        is_strict: bool = False,
    ) -> Tenant:
        fields = ["start", _clock_text(start), "clock", _clock_text(start)]
        fields += ["strict", "1"] if is_strict else []
        for provider, state in (seed or {}).items():
            fields += [f"w:{provider}", _text(state.dump())]
        for _ in _tries():
            last = int(self.run("last_number"))
            new = register(last, lambda *key: self.find(*key) is not None)
            entries = [[digest(each.provider, each.credential), _entry(each)] for each in new.registrations]
            born = self.run("create", last, new.number, new.id, _text(entries), _text(fields))
            if born:
                return self._tenant(new.id, born)
        raise WriteConflict

    def tenant_id(self, number: int) -> str:
        return f"t{number}-{secrets.token_hex(4)}"  # Redis may have lost which numbers were given out

    def close(self, tenant_id: str) -> None:
        self.run("close", tenant_id)

    # Credentials

    def seed_caller(self, registration: Registration) -> Caller:
        fields = self.run("seed", registration.tenant, registration.provider)
        return self._caller(registration, fields)

    def lookup(self, provider: str, credential: str) -> Caller | None:
        found = self.run("lookup", digest(provider, credential), provider)
        return self._known_caller(found, provider, credential)

    def open(self, provider: str, credential: str, region: str | None) -> Caller:
        key = digest(provider, credential)
        entry = _entry(Registration(provider, "", open_tenant_id(provider, credential)))
        is_moved = self.initial_states_in(provider, region) is not self.initial_states
        seed = [f"w:{provider}", _text(region)] if is_moved else []
        found = self.run("open", key, provider, open_tenant_id(provider, credential), entry, *seed)
        caller = self._known_caller(found, provider, credential)
        assert caller is not None
        return caller

    def _known_caller(self, found: list[Any], provider: str, credential: str) -> Caller | None:
        if not found:
            return None
        if found[0] != "known":
            raise TenantEvicted(found[0])
        return self._caller(self._registration(found[1], credential), found[2:])

    def _caller(self, registration: Registration, fields: Sequence[str | None]) -> Caller:
        """Return a caller whose tenant has been read already, so far as a transaction needs it."""
        tenant = self._tenant(registration.tenant, str(fields[0]))
        tenant.begin(registration.provider, fields)
        return Caller(tenant, registration)

    def find(self, provider: str, credential: str) -> str | None:
        found = self.run("find", digest(provider, credential))
        return self._registration(found, credential).tenant if found else None

    def registrations(self, tenant_id: str) -> Sequence[Registration]:
        return [self._registration(entry, None) for entry in self.run("registrations", tenant_id)]

    def _registration(self, entry: str, credential: str | None) -> Registration:
        with self.parsing("creds"):
            return _registration(entry, credential)

    def transact(
        self,
        caller: Caller,
        run_due_jobs: Callable[[Any, float], Any],
        view: Callable[[Transaction[Any]], T],
        *,
        writes: bool,
        rate_limit: RateLimit | None,
        is_unmatched: bool,
    ) -> T:
        tenant, registration = caller.tenant, caller.registration
        assert isinstance(tenant, RedisTenant)
        config, request = self.config, secrets.token_hex(8)

        def end(tx: Transaction[Any]) -> list[str | float]:
            """Return what the transaction adds to the request log, to counts and to credentials."""
            assert tx.record is not None
            record = tx.record.redacted()
            counter = _text([record.provider, record.operation, record.error.key if record.error is not None else None])
            log: list[str | float] = [record.weight, _record_text(record), counter, int(is_unmatched)]
            limits = [config.request_log_size, config.request_log_max_bytes]
            rate: list[str | float] = ["", "", ""]
            if rate_limit is not None:
                rate = [digest(rate_limit.operation, registration.credential), rate_limit.window, self.time()]
            issued = []
            for key, account, scopes in () if tx.failed else tx.issued:
                new = Registration(registration.provider, "", tenant.id, account, scopes, issued=True)
                issued += [digest(new.provider, key), _entry(new)]
            problem = _text(tx.problem) if tx.problem is not None else ""
            return [*log, *limits, *rate, request, problem, MAX_PROBLEMS, *issued]

        return tenant.transact(registration.provider, run_due_jobs, view, end, writes=writes)

    # Counts

    def record_unmatched(self, record: UnmatchedRecord) -> int:
        counter = "" if record.provider is None else _text([record.provider, record.operation, record.error])
        return int(self.run("record_unmatched", counter, _text(record), MAX_RECORDS))

    def unmatched(self) -> Iterable[tuple[int, UnmatchedRecord]]:
        found = []
        texts = self.fetch("LRANGE", "unmatched", 0, -1)
        with self.parsing("unmatched"):
            for text in texts:
                number, _, record = text.partition(":")
                found.append((int(number), UnmatchedRecord(*json.loads(record))))
        return found

    def next_unmatched_number(self) -> int:
        return int(self.run("count", "unmatched_numbers"))

    def count(self, name: str) -> None:
        self.run("count", name)

    def counts(self) -> Mapping[str, int]:
        found = self.fetch("HGETALL", "counts")
        with self.parsing("counts"):
            return {name: int(number) for name, number in found.items()}

    @property
    def request_counts(self) -> Iterable[CounterRow]:
        return self.request_counts_of("request_counts")

    def request_counts_of(self, key: str) -> list[CounterRow]:
        """Return the rows of a counter, in the order in which they were first counted."""
        found = self.fetch("HGETALL", key)
        with self.parsing(key):
            names = sorted((name for name in found if name[0] != "#"), key=lambda name: int(found[f"#{name}"]))
            return [_counter_row(name, int(found[name])) for name in names]

    # All tenants

    def interrupt_delays(self) -> None:
        wake_up, self.wake_up = self.wake_up, threading.Event()
        wake_up.set()

    def snapshots(self) -> Sequence[str]:
        return cast(Sequence[str], self.fetch("ZRANGE", "snapshots", 0, -1))

    def save(self, name: str, at_most: int) -> bool:
        return bool(self.run("save", name, at_most))

    def restore(self, name: str) -> bool:
        return bool(self.run("restore", name))

    def reset(self) -> None:
        self.run("reset")


class RedisRequestLog:
    """The request log of one tenant."""

    def __init__(self, store: RedisStore, tenant_id: str, born: str) -> None:
        self._store = store
        self._id = tenant_id
        self._born = born

    def _read(self) -> list[str]:
        found: list[str] = self._store.run("log", self._id, self._born)
        if not found:
            raise TenantGone
        return found

    @property
    def dropped(self) -> int:
        return int(self._read()[0])

    def __iter__(self) -> Iterator[Record]:
        texts = self._read()[1:]
        with self._store.parsing(f"j:{self._id}"):
            records = [_record(text, self._id) for text in texts]
        return iter(sorted(records, key=lambda record: record.seq))

    def __len__(self) -> int:
        return len(self._read()) - 1

    @property
    def request_counts(self) -> Iterable[CounterRow]:
        return self._store.request_counts_of(f"n:{self._id}")

    @property
    def problems(self) -> Iterable[Mapping[str, Any]]:
        key = f"p:{self._id}"
        texts = self._store.fetch("LRANGE", key, 0, -1)
        with self._store.parsing(key):
            found = [text.partition(":") for text in texts]
            return [{"seq": int(seq), **json.loads(text)} for seq, _, text in found]

    def clear(self) -> None:
        self._store.run("clear", self._id)


class TenantRead(NamedTuple):
    """A tenant as it was read: its version, its Redis fields, and the data in them."""

    version: str
    fields: Mapping[str, str]
    data: TenantData


class RedisTenant(Tenant):
    """A tenant whose data is in Redis."""

    __slots__ = ("_begun", "_key", "_store", "_strict", "born")

    def __init__(self, store: RedisStore, tenant_id: str, born: str) -> None:
        super().__init__(tenant_id, ids.tenant_salt(store.config.id_seed, tenant_id))
        self._store = store
        self._key = f"t:{tenant_id}"
        self.born = born
        """When it was created: distinguishes a deleted tenant from a new one with the same id."""
        self._begun: dict[str, str | None] | None = None
        """The fields for the next transaction, if they have been read."""
        self._strict: bool | None = None
        """Whether it is strict; None if that has not been read."""

    def begin(self, provider: str, found: Sequence[str | None]) -> None:
        """Keep the fields for a transaction, as `fields_for` in `common.lua` returns them."""
        names = ("born", "v", "ids_issued", "clock", "faults", f"s:{provider}", f"w:{provider}", "strict")
        self._begun = dict(zip(names, found, strict=True))
        self._strict = self._begun["strict"] == "1"

    @property
    def is_strict(self) -> bool:
        if self._strict is None:
            self._strict = self._store.fetch("HGET", self._key, "strict") == "1"
        return self._strict

    @property
    def request_log(self) -> RedisRequestLog:
        return RedisRequestLog(self._store, self.id, self.born)

    def transact(
        self,
        provider: str,
        run_due_jobs: Callable[[Any, float], Any],
        view: Callable[[Transaction[Any]], T],
        end: Callable[[Transaction[Any]], Sequence[str | float]],
        *,
        writes: bool,
    ) -> T:
        """Run a view in a transaction. Its end is one script, which has no effect if another request was faster."""
        lock = self._store.lock(self.id)
        was_late = writes and lock.locked()
        with lock if writes else contextlib.nullcontext():
            if was_late or self._begun is None:
                self.begin(provider, self._store.run("fetch", self.id, provider))
            for _ in _tries():
                fields, self._begun = cast(dict[str, str | None], self._begun), None
                if fields["born"] != self.born:
                    raise TenantGone
                seed, state = self._store.states(self.id, provider, fields)
                with self._store.parsing(self._key):
                    now = _clock(fields["clock"]).now(self._store.time())
                    issued = ids.Ids(self.id_salt, int(fields["ids_issued"] or 0))
                tx = Transaction(run_due_jobs(state, now), issued, now)
                if writes and tx.state is state:
                    tx.state = state.copy()
                result = view(tx)
                text = ""
                if writes and not tx.failed:
                    text = _text(changes.dump(run_due_jobs(tx.state, now), seed))
                found = self._store.run(
                    "end", self.id, self.born, str(fields["v"]), provider, text, tx.ids.issued, *end(tx)
                )
                if not found:
                    raise TenantGone
                if found[0]:
                    tx.seq = int(found[0])
                    if found[1] is not None:
                        tx.rate = RateWindow(int(found[1]), int(found[2]))
                    return result
                self.begin(provider, found[1:])
        raise WriteConflict

    def _read(self) -> TenantRead:
        fields = self._store.fetch("HGETALL", self._key)
        if not fields:
            raise DamagedData(PREFIX + self._key, "it is missing") if self._store.get(self.id) else TenantGone
        if fields.get("born") != self.born:
            raise TenantGone if self.born else DamagedData(PREFIX + self._key, "born")
        names = list(self._store.initial_states)
        with self._store.parsing(self._key):
            seed = {name: self._store.load(name, fields.get(f"w:{name}"), None) for name in names}
            ids_issued, clock = int(fields["ids_issued"]), _clock(fields.get("clock"))
            faults, saved = _faults(fields.get("faults")), json.loads(fields.get("snapshots", "[]"))
            states = LazyMapping(
                [name for name in names if f"s:{name}" in fields],
                lambda name: self._store.states(self.id, name, fields)[1],
            )
            snapshots = LazyMapping(saved, lambda name: self._snapshot(name, fields))
            data = TenantData(seed, states, ids_issued, clock, faults, snapshots, _stubs(fields.get("stubs")))
            return TenantRead(fields["v"], fields, data)

    def _snapshot(self, name: str, fields: Mapping[str, str]) -> Snapshot:
        key = f"s:{self.id}"
        text = self._store.fetch("HGET", key, name)
        with self._store.parsing(key):
            data = json.loads(text)
            states = {
                provider: self._store.load(provider, fields.get(f"w:{provider}"), state)
                for provider, state in data["states"].items()
            }
            faults, stubs = _faults(data["faults"]), _stubs(data["stubs"])
            return Snapshot(states, data["ids_issued"], _clock(data["clock"]), faults, stubs)

    def read(self) -> TenantData:
        return self._read().data

    def update(self, change: Callable[[TenantData], T]) -> T:
        with self._store.lock(self.id):
            request = secrets.token_hex(8)
            for _ in _tries():
                loaded = self._read()
                changed = change(loaded.data)
                edit = _edit(loaded)
                if edit is None or self._change(loaded.version, edit, request):
                    return changed
        raise WriteConflict

    def _change(self, version: str, edit: str, request: str) -> str | None:
        """Change fields, and return the new version; None if the version has changed. Raises `TenantGone`."""
        done = self._store.run("change", self.id, self.born, version, edit, request)
        if done == -1:
            raise TenantGone
        return done or None

    def take_fault(self, operation: str) -> Fault | None:
        if self._begun is not None:
            text = self._begun["faults"]
            if text is None:
                return None
            with self._store.parsing(self._key):
                faults = _faults(text)
                faults.take(operation)
            if _faults_text(faults) == text:  # none is planned for this operation
                return None
        self._begun = None
        return self.update(lambda data: data.faults.take(operation))

    def wait(self, seconds: float) -> None:
        if not seconds:
            return
        end, wake_up, life = monotonic() + seconds, self._store.wake_up, self.life()
        if life is None:
            raise ConnectionDropped
        while (left := end - monotonic()) > 0 and not wake_up.wait(min(left, CHECK_INTERVAL)):
            if self.life() != life:
                raise ConnectionDropped

    def life(self) -> object:
        born, resets = self._store.run("life", self.id)
        return resets if born == self.born else None

    def reset(self) -> None:
        self._store.run("reset_tenant", self.id, 0)
        tenant = self._store.get(self.id)
        try:
            if tenant is not None:
                tenant.read()
        except DamagedData:  # its own seed
            self._store.run("reset_tenant", self.id, 1)


class LazyMapping(MutableMapping[str, V]):
    """Values by name, each loaded when first used; it records which names were changed."""

    def __init__(self, names: Iterable[str], load: Callable[[str], V]) -> None:
        self._values: dict[str, V | None] = dict.fromkeys(names)
        self._load = load
        self.changed: dict[str, V] = {}
        self.deleted: set[str] = set()

    def __getitem__(self, name: str) -> V:
        value = self._values[name]
        if value is None:
            value = self._values[name] = self._load(name)
        return value

    def __setitem__(self, name: str, value: V) -> None:
        self._values[name] = self.changed[name] = value
        self.deleted.discard(name)

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        self.changed.pop(name, None)
        self.deleted.add(name)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def clear(self) -> None:
        for name in self:
            del self[name]


def _tries() -> Iterator[int]:
    """Yield the number of each attempt of a transaction, after increasing pauses."""
    for number in range(TRIES):
        if number:
            time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.0005 * 2**number)))
        yield number


# Serialization


def _text(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))


def seed_digest(initial_states: Mapping[str, State], config: Config) -> str:
    """Return a hash of the seed, which is the same for all servers that can share tenants."""
    states = {provider: state.dump() for provider, state in initial_states.items()}
    return digest(_text([FORMAT, config.id_seed]), _text(states))


def _client_name(seed: str) -> str:
    """Return the name of a server's connections, by which others know that it runs."""
    return f"mockserver-{seed}"


def _counter_row(name: str, number: int) -> CounterRow:
    provider, operation, error = json.loads(name)
    return provider, operation, error, number


OTHER_SERVER = (
    "a server with another seed, id seed or version of mockserver runs on it. Start all servers with the same --seed "
    "and --id-seed, or use another Redis database; or stop that server."
)
OTHER_SEED = (
    "its data is of another seed, id seed or version of mockserver. Start all servers with the same --seed and "
    "--id-seed, or use another Redis database; or reset the data with a server that has its seed."
)


_URL = re.compile(
    r"(?P<scheme>rediss?://)(?:[^@/?#]*@)?(?P<server>[\w.-]*|\[[0-9A-Fa-f:.]+\])(?P<port>:\d+)?"
    r"(?P<path>/[^@?#]*)?(?:\?(?P<query>[^?#]*))?"
    r"|(?P<unix>unix://)(?:[^@/?#]*@)?(?P<socket>/[^@?#]*)(?:\?(?P<options>[^?#]*))?"
)


def public_url(url: str) -> str:
    """Return a URL without what may be secret: user, password and all of the query but the number of the database.

    Of an invalid URL only the scheme is left, as a password may stand anywhere in it.
    """
    found = _URL.fullmatch(url)
    if found is None:
        return f"{url.partition(':')[0]}://…"
    scheme, server, port, path, query, unix, socket, options = (part or "" for part in found.groups())
    database = re.search(r"(?:^|&)(db=\d+)(?:&|$)", query + options)
    return scheme + server + port + path + unix + socket + (f"?{database[1]}" if database is not None else "")


def connect(url: str, **options: Any) -> Any:
    """Return a client of a Redis server. Raises `StoreError` for an invalid URL."""
    expected = "expected redis://[USER:PASSWORD@]HOST[:PORT][/DB], with special characters percent-encoded"
    if _URL.fullmatch(url) is None:
        raise StoreError(f"--store {public_url(url)}: invalid URL: {expected}")
    try:
        client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),  # a command may have been executed: only a transaction is safe to repeat
            **options,
        )
        client.connection_pool.make_connection()  # checks the parameters in the query
    except (ValueError, TypeError, redis.RedisError):  # their messages may have parts of the URL
        raise StoreError(f"--store {public_url(url)}: invalid URL or query: {expected}") from None
    return client


def eviction_warning(client: Any, url: str) -> str | None:
    """Return a warning if a Redis server deletes keys when its memory is full."""
    try:
        policy = client.info("memory").get("maxmemory_policy", KEEPS_ALL)
    except redis.ResponseError:  # the command is not permitted
        return None
    if policy == KEEPS_ALL:
        return None
    return (
        f"--store {url}: Redis deletes data when its memory is full (maxmemory-policy {policy}). Requests of tenants "
        f"that lose data are 503 responses. Set maxmemory-policy {KEEPS_ALL}."
    )


def _clock_text(clock: Clock) -> str:
    return _text([clock.offset, clock.frozen_at])


def _clock(text: str | None) -> Clock:
    if text is None:
        return Clock()
    offset, frozen_at = json.loads(text)
    return Clock(float(offset), None if frozen_at is None else float(frozen_at))


_FAULT = operator.attrgetter(*(item.name for item in fields(Fault)))


def _faults_text(faults: Faults) -> str:
    return _text([faults.created, [_FAULT(fault) for fault in faults]])


def _faults(text: str | None) -> Faults:
    if text is None:
        return Faults()
    created, found = json.loads(text)
    return Faults((Fault(*each) for each in found), created)


_STUB = operator.attrgetter(*(item.name for item in fields(Stub)))


def _stubs_text(stubs: Stubs) -> str:
    return _text([stubs.created, [_STUB(stub) for stub in stubs]])


def _stubs(text: str | None) -> Stubs:
    if text is None:
        return Stubs()
    created, found = json.loads(text)
    return Stubs(tuple(Stub(*each) for each in found), created)


def _snapshot_text(snapshot: Snapshot, seed: Mapping[str, State]) -> str:
    states = {provider: _text(changes.dump(state, seed[provider])) for provider, state in snapshot.states.items()}
    return _text(
        {
            "states": states,
            "ids_issued": snapshot.ids_issued,
            "clock": _clock_text(snapshot.clock),
            "faults": _faults_text(snapshot.faults),
            "stubs": _stubs_text(snapshot.stubs),
        }
    )


def _edit(loaded: TenantRead) -> str | None:
    """Return the edit that writes the changed `TenantData` of a tenant; None if it has not changed."""
    data, fields = loaded.data, loaded.fields
    states, snapshots = cast(LazyMapping[State], data.states), cast(LazyMapping[Snapshot], data.snapshots)
    values = {
        "ids_issued": str(data.ids_issued),
        "clock": _clock_text(data.clock),
        "faults": _faults_text(data.faults),
        "stubs": _stubs_text(data.stubs),
        **{
            f"s:{provider}": _text(changes.dump(state, data.seed[provider]))
            for provider, state in states.changed.items()
        },
    }
    if snapshots.changed or snapshots.deleted:
        values["snapshots"] = _text(list(snapshots))
    unset = {"clock": _clock_text(Clock()), "faults": _faults_text(Faults()), "stubs": _stubs_text(Stubs())}
    put = {name: value for name, value in values.items() if value != fields.get(name, unset.get(name))}
    edit = {
        "put": [part for item in put.items() for part in item],
        "deleted": [f"s:{provider}" for provider in states.deleted],
        "saved": [part for name, each in snapshots.changed.items() for part in (name, _snapshot_text(each, data.seed))],
        "unsaved": list(snapshots.deleted),
    }
    if put.get("faults") == unset["faults"]:
        edit["deleted"].append("faults")  # so that requests do not look for faults
    return _text(edit) if any(edit.values()) else None


def _entry(registration: Registration) -> str:
    """Return a registration as JSON."""
    scopes = None if registration.scopes is None else sorted(registration.scopes)
    return _text({**asdict(registration), "scopes": scopes})


def _registration(entry: str, credential: str | None) -> Registration:
    data = json.loads(entry)
    scopes = None if data["scopes"] is None else frozenset(data["scopes"])
    return Registration(
        data["provider"],
        data["credential"] or credential or "",
        data["tenant"],
        data["account"],
        scopes,
        data["issued"],
    )


def _record_text(record: Record) -> str:
    """Return a record without its number, which the end of the transaction adds."""
    error = record.error
    payload = None if error is None else [error.key, error.message, *error.source]
    data = record._replace(cache=[])._asdict()
    del data["id"], data["seq"], data["cache"], data["redact"]
    data["body"] = base64.b64encode(record.body).decode()
    data["response_body"] = base64.b64encode(record.response_body).decode()
    data["fields_read"], data["error"], data["path_values"] = (
        sorted(record.fields_read),
        payload,
        dict(record.path_values),
    )
    return _text(data)


def _record(text: str, tenant_id: str) -> Record:
    """Return a record of a request log, `WEIGHT:SEQ:JSON`."""
    _, seq, text = text.split(":", 2)
    data = json.loads(text)
    payload = data["error"]
    data["error"] = None if payload is None else ErrorRecord(payload[0], payload[1], Source(*payload[2:]))
    data["headers"] = tuple((name, value) for name, value in data["headers"])
    data["body"], data["fields_read"] = base64.b64decode(data["body"]), frozenset(data["fields_read"])
    data["response_body"] = base64.b64decode(data["response_body"])
    return Record(id=f"{tenant_id}-{seq}", seq=int(seq), cache=[], **data)
