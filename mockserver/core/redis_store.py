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
import math
import operator
import random
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, NamedTuple, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import ids
from .clock import Clock
from .config import Config
from .errors import Source, StoreError
from .faults import ConnectionDropped, Fault, Faults
from .redis_scripts import load_scripts
from .request_log import CounterRow, ErrorRecord, Record
from .store import (
    Caller,
    RateWindow,
    Register,
    Registration,
    Snapshot,
    State,
    Store,
    StoreUnavailable,
    Tenant,
    TenantData,
    TenantEvicted,
    TenantSummary,
    Transaction,
    digest,
)

T = TypeVar("T")
V = TypeVar("V")

PREFIX = "mockserver:"
"""The prefix of every key."""
FORMAT = 2
"""The version of the data format; processes with different versions cannot share a Redis."""
TIMEOUT = 5.0
"""The timeout of a Redis command, in seconds."""
TRIES = 60
"""The maximum number of attempts of a transaction; then it fails with `WriteConflict`."""
LONGEST_PAUSE = 0.02
"""The maximum pause between two attempts, in seconds."""
CHECK_INTERVAL = 0.5
"""How often a delayed request checks that its tenant still exists, in seconds."""
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


class TenantGone(StoreUnavailable):
    """The tenant was deleted during a request."""

    def __init__(self) -> None:
        super().__init__("The tenant was deleted during this request; nothing was changed.")


class RedisStore(Store):
    """Tenants on a Redis server, shared by all processes with the same seed."""

    def __init__(self, initial_states: Mapping[str, State], config: Config) -> None:
        super().__init__(initial_states, config)
        self._url = public_url(config.store)
        self.redis = connect(config.store)
        self._scripts = {name: self.redis.register_script(text) for name, text in load_scripts().items()}
        self._seed_digest = seed_digest(initial_states, config)
        self.tenant_class: Callable[..., RedisTenant] = RedisTenant
        self._settings = (math.ceil((config.tenant_ttl or 0) * 1_000), config.max_tenants, self._seed_digest)
        self._locks: weakref.WeakValueDictionary[str, threading.Lock] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        """Guards `_locks`."""
        self.wake_up = threading.Event()
        """Set to end the current delays of all requests in this process."""
        self.load = functools.lru_cache(CACHED_STATES)(self._load)
        try:
            adopted = self.run("adopt")
        except StoreUnavailable as error:
            reason = self._public(str(error.__cause__))
            raise StoreError(f"--store {self._url} does not respond: {reason}") from None
        if not adopted:
            raise StoreError(f"--store {self._url}: {OTHER_SEED}")

    def _load(self, provider: str, text: str) -> State:
        """Return the state of a JSON text. It is cached, as states are never changed in place."""
        return type(self.initial_states[provider]).load(json.loads(text))

    def run(self, script: str, *values: str | float) -> Any:
        """Run a script. Raises `Unavailable`."""
        with self.errors():
            return self._scripts[script](args=[*self._settings, *values])

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Raise `Unavailable` for errors of Redis."""
        try:
            yield
        except redis.ResponseError as error:
            if "OTHERSEED" in str(error):
                raise Unavailable(f"The store at {self._url}: {OTHER_SEED}") from None
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
            TenantSummary(tenant_id, requests, int(dropped), sorted(written))
            for tenant_id, requests, dropped, *written in self.run("overview")
        ]

    def _tenant(self, tenant_id: str, born: str, faulty: bool = True) -> RedisTenant:
        return self.tenant_class(self, tenant_id, born, faulty)

    def get(self, tenant_id: str) -> Tenant | None:
        born = self.run("get", tenant_id)
        return self._tenant(tenant_id, born) if born else None

    def tenant(self, tenant_id: str) -> Tenant:
        faulty, born = self.run("seed", tenant_id)
        return self._tenant(tenant_id, born, bool(faulty))

    def create(
        self,
        register: Register,
        seed: Mapping[str, State] | None,
        start: Clock,
    ) -> Tenant:
        fields = ["start", _clock_text(start), "clock", _clock_text(start)]
        for provider, state in (seed or {}).items():
            fields += [f"w:{provider}", _text(state.dump())]
        for _ in _tries():
            last = int(self.run("last_number"))
            number, registrations = register(last, lambda *key: self.find(*key) is not None)
            entries = [[digest(each.provider, each.credential), _entry(each)] for each in registrations]
            born = self.run("create", last, number, f"t{number}", _text(entries), _text(fields))
            if born:
                return self._tenant(f"t{number}", born)
        raise WriteConflict

    def close(self, tenant_id: str) -> None:
        self.run("close", tenant_id)

    # Credentials

    def lookup(self, provider: str, credential: str) -> Caller | None:
        return self._caller(self.run("lookup", digest(provider, credential)), credential)

    def open(self, registration: Registration) -> Caller:
        key = digest(registration.provider, registration.credential)
        entry = _entry(replace(registration, credential=""))
        caller = self._caller(self.run("open", key, registration.tenant, entry), registration.credential)
        assert caller is not None
        return caller

    def _caller(self, found: list[Any], credential: str) -> Caller | None:
        if not found:
            return None
        if found[0] != "known":
            raise TenantEvicted(found[0])
        registration = _registration(found[1], credential)
        return Caller(self._tenant(registration.tenant, found[3], bool(found[2])), registration)

    def issue(self, tenant: Tenant, registration: Registration) -> None:
        assert isinstance(tenant, RedisTenant)
        entry = _entry(replace(registration, credential=""))
        self.run("issue", tenant.id, tenant.born, digest(registration.provider, registration.credential), entry)

    def find(self, provider: str, credential: str) -> str | None:
        found = self.run("find", digest(provider, credential))
        return _registration(found, credential).tenant if found else None

    def registrations(self, tenant_id: str) -> Sequence[Registration]:
        return [_registration(entry, None) for entry in self.run("registrations", tenant_id)]

    # Counts

    def record_request(self, tenant: Tenant, record: Record, *, is_unmatched: bool) -> None:
        assert isinstance(tenant, RedisTenant)
        error = record.error.key if record.error is not None else None
        counter = _text([record.provider, record.operation, error])
        size, budget = self.config.request_log_size, self.config.request_log_max_bytes
        text = _record_text(record)
        self.run(
            "record_request", tenant.id, size, budget, record.weight, text, counter, tenant.born, int(is_unmatched)
        )

    def record_unmatched(self, provider: str, operation: str | None, error: str | None) -> int:
        return int(self.run("record_unmatched", _text([provider, operation, error])))

    def next_unmatched_number(self) -> int:
        return int(self.run("count", "unmatched_numbers"))

    def count(self, name: str) -> None:
        self.run("count", name)

    def counts(self) -> Mapping[str, int]:
        with self.errors():
            return {name: int(number) for name, number in self.redis.hgetall(f"{PREFIX}counts").items()}

    @property
    def request_counts(self) -> Iterable[CounterRow]:
        return self.request_counts_of("request_counts")

    def request_counts_of(self, key: str) -> list[CounterRow]:
        """Return the rows of a counter, in the order in which they were first counted."""
        with self.errors():
            found = self.redis.hgetall(PREFIX + key)
        names = sorted((name for name in found if name[0] != "#"), key=lambda name: int(found[f"#{name}"]))
        return [(*json.loads(name), int(found[name])) for name in names]

    # All tenants

    def interrupt_delays(self) -> None:
        wake_up, self.wake_up = self.wake_up, threading.Event()
        wake_up.set()

    def snapshots(self) -> Sequence[str]:
        with self.errors():
            return cast(Sequence[str], self.redis.zrange(f"{PREFIX}snapshots", 0, -1))

    def save(self, name: str, at_most: int) -> bool:
        return bool(self.run("save", name, at_most))

    def restore(self, name: str) -> bool:
        return bool(self.run("restore", name))

    def reset(self) -> None:
        self.run("reset")


class RedisRequestLog:
    """The request log of one tenant."""

    def __init__(self, store: RedisStore, tenant_id: str) -> None:
        self._store = store
        self._id = tenant_id

    @property
    def dropped(self) -> int:
        return int(self._store.run("dropped", self._id))

    def __iter__(self) -> Iterator[Record]:
        with self._store.errors():
            found = self._store.redis.lrange(f"{PREFIX}j:{self._id}", 0, -1)
        return iter(sorted(map(_record, found), key=lambda record: record.seq))

    def __len__(self) -> int:
        with self._store.errors():
            return int(self._store.redis.llen(f"{PREFIX}j:{self._id}"))

    @property
    def request_counts(self) -> Iterable[CounterRow]:
        return self._store.request_counts_of(f"n:{self._id}")

    def clear(self) -> None:
        self._store.run("clear", self._id)


class TenantRead(NamedTuple):
    """A tenant as it was read: its version, its Redis fields, and the data in them."""

    version: str
    fields: Mapping[str, str]
    data: TenantData


class RedisTenant(Tenant):
    """A tenant whose data is in Redis."""

    __slots__ = ("_faulty", "_key", "_store", "born")

    def __init__(self, store: RedisStore, tenant_id: str, born: str, faulty: bool) -> None:
        super().__init__(tenant_id, ids.tenant_salt(store.config.id_seed, tenant_id))
        self._store = store
        self._key = f"{PREFIX}t:{tenant_id}"
        self.born = born
        """When it was created: distinguishes a deleted tenant from a new one with the same id."""
        self._faulty = faulty
        """Whether it may have faults; if not, they are not read."""

    @property
    def request_log(self) -> RedisRequestLog:
        return RedisRequestLog(self._store, self.id)

    def transact(
        self,
        provider: str,
        run_due_jobs: Callable[[Any, float], Any],
        view: Callable[[Transaction[Any]], T],
        *,
        writes: bool,
    ) -> T:
        if not writes:
            found = self._store.run("read", self.id, provider, self.born)
            if not found:
                raise TenantGone
            tx, _, now = self._begin(provider, run_due_jobs, found[1:])
            tx.seq = int(found[0])
            return self._run_view(view, tx, writes)
        with self._store.lock(self.id):
            for _ in _tries():
                with self._store.errors():
                    born, version, *found = self._store.redis.hmget(
                        self._key, "born", "v", "ids_issued", "clock", f"s:{provider}", f"w:{provider}"
                    )
                if born != self.born:
                    raise TenantGone
                tx, state, now = self._begin(provider, run_due_jobs, found)
                if tx.state is state:
                    tx.state = state.copy()
                try:
                    result = self._run_view(view, tx, writes)
                except Exception:
                    tx.seq = self._end(version)
                    if tx.seq:
                        raise
                    continue
                text = _text(run_due_jobs(tx.state, now).dump())
                tx.seq = self._end(version, f"s:{provider}", text, "ids_issued", tx.ids.issued)
                if tx.seq:
                    return result
        raise WriteConflict

    def _begin(
        self, provider: str, run_due_jobs: Callable[[Any, float], Any], found: Sequence[str | None]
    ) -> tuple[Transaction[Any], Any, float]:
        ids_issued, clock, own, seed = found
        text = own or seed
        state = self._store.load(provider, text) if text is not None else self._store.initial_states[provider]
        now = _clock(clock).now(self._store.time())
        return Transaction(run_due_jobs(state, now), ids.Ids(self.id_salt, int(ids_issued or 0)), now), state, now

    def _run_view(self, view: Callable[[Transaction[Any]], T], tx: Transaction[Any], writes: bool) -> T:
        return view(tx)

    def _end(self, version: str, *fields: str | float) -> int:
        """Store the fields if the version is unchanged; return the request's number, or 0 if it has changed."""
        seq = int(self._store.run("end", self.id, version, *fields))
        if seq < 0:
            raise TenantGone
        return seq

    def _read(self) -> TenantRead:
        with self._store.errors():
            fields = self._store.redis.hgetall(self._key)
        if fields.get("born") != self.born:
            raise TenantGone
        initial_states = self._store.initial_states
        seed = {name: self._store.load(name, fields[f"w:{name}"]) if f"w:{name}" in fields else initial_states[name]
                for name in initial_states}  # fmt: skip
        states = LazyMapping(
            [name for name in initial_states if f"s:{name}" in fields],
            lambda name: self._store.load(name, fields[f"s:{name}"]),
        )
        snapshots = LazyMapping(json.loads(fields.get("snapshots", "[]")), self._snapshot)
        ids_issued, clock = int(fields["ids_issued"]), _clock(fields.get("clock"))
        data = TenantData(seed, states, ids_issued, clock, _faults(fields.get("faults")), snapshots)
        return TenantRead(fields["v"], fields, data)

    def _snapshot(self, name: str) -> Snapshot:
        with self._store.errors():
            text = self._store.redis.hget(f"{PREFIX}s:{self.id}", name)
        if text is None:
            raise TenantGone
        data = json.loads(text)
        states = {provider: self._store.load(provider, state) for provider, state in data["states"].items()}
        return Snapshot(states, data["ids_issued"], _clock(data["clock"]), _faults(data["faults"]))

    def read(self) -> TenantData:
        return self._read().data

    def update(self, change: Callable[[TenantData], T]) -> T:
        with self._store.lock(self.id):
            for _ in _tries():
                loaded = self._read()
                changed = change(loaded.data)
                edit = _edit(loaded)
                if edit is None:
                    return changed
                done = self._store.run("change", self.id, loaded.version, edit)
                if done < 0:
                    raise TenantGone
                if done:
                    return changed
        raise WriteConflict

    def take_fault(self, operation: str) -> Fault | None:
        if not self._faulty:
            return None
        return self.update(lambda data: data.faults.take(operation))

    def count_use(self, operation: str, credential: str, window: int) -> RateWindow:
        name = digest(operation, credential)
        found = self._store.run("count_use", self.id, self.born, name, window, self._store.time())
        if not found:
            raise TenantGone
        return RateWindow(*map(int, found))

    def wait(self, seconds: float) -> None:
        if not seconds:
            return
        end, wake_up, life = time.monotonic() + seconds, self._store.wake_up, self.life()
        while (left := end - time.monotonic()) > 0 and not wake_up.wait(min(left, CHECK_INTERVAL)):
            if self.life() != life:
                raise ConnectionDropped

    def life(self) -> object:
        born, resets = self._store.run("life", self.id)
        return resets if born == self.born else None

    def reset(self) -> None:
        self._store.run("reset_tenant", self.id)


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


def _clock_text(clock: Clock) -> str:
    return _text([clock.offset, clock.frozen_at])


def _clock(text: str | None) -> Clock:
    return Clock(*json.loads(text)) if text is not None else Clock()


_FAULT = operator.attrgetter(*(item.name for item in fields(Fault)))


def _faults_text(faults: Faults) -> str:
    return _text([faults.created, [_FAULT(fault) for fault in faults]])


def _faults(text: str | None) -> Faults:
    if text is None:
        return Faults()
    created, found = json.loads(text)
    return Faults((Fault(*each) for each in found), created)


def _snapshot_text(snapshot: Snapshot) -> str:
    states = {provider: _text(state.dump()) for provider, state in snapshot.states.items()}
    clock, faults = _clock_text(snapshot.clock), _faults_text(snapshot.faults)
    return _text({"states": states, "ids_issued": snapshot.ids_issued, "clock": clock, "faults": faults})


def _edit(loaded: TenantRead) -> str | None:
    """Return the edit that writes the changed `TenantData` of a tenant; None if it has not changed."""
    data, fields = loaded.data, loaded.fields
    states, snapshots = cast(LazyMapping[State], data.states), cast(LazyMapping[Snapshot], data.snapshots)
    values = {
        "ids_issued": str(data.ids_issued),
        "clock": _clock_text(data.clock),
        "faults": _faults_text(data.faults),
        **{f"s:{provider}": _text(state.dump()) for provider, state in states.changed.items()},
    }
    if snapshots.changed or snapshots.deleted:
        values["snapshots"] = _text(list(snapshots))
    unset = {"clock": _clock_text(Clock()), "faults": _faults_text(Faults())}
    put = {name: value for name, value in values.items() if value != fields.get(name, unset.get(name))}
    edit = {
        "put": [part for item in put.items() for part in item],
        "deleted": [f"s:{provider}" for provider in states.deleted],
        "saved": [part for name, each in snapshots.changed.items() for part in (name, _snapshot_text(each))],
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
    body = base64.b64encode(record.body).decode()
    error = record.error
    payload = None if error is None else [error.key, error.message, *error.source]
    data = {
        **record._replace(cache=[])._asdict(),
        "body": body,
        "fields_read": sorted(record.fields_read),
        "error": payload,
    }
    return _text({**data, "path_values": dict(record.path_values)})


def _record(text: str) -> Record:
    """Return a record of a request log, `WEIGHT:JSON`."""
    data = json.loads(text.partition(":")[2])
    payload = data["error"]
    data["error"] = None if payload is None else ErrorRecord(payload[0], payload[1], Source(*payload[2:]))
    data["headers"] = tuple((name, value) for name, value in data["headers"])
    data["body"], data["fields_read"] = base64.b64decode(data["body"]), frozenset(data["fields_read"])
    return Record(**data)
