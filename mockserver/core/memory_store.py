"""The store in this process's memory."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from . import ids
from .clock import Clock
from .config import Config
from .faults import ConnectionDropped, Fault, Faults
from .request_log import CounterRow, RequestCounter, RequestLog, RequestLogBudget
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
    Tenant,
    TenantData,
    TenantEvicted,
    TenantSummary,
    Transaction,
    digest,
    open_tenant_id,
)
from .unmatched_log import UnmatchedLog, UnmatchedRecord

T = TypeVar("T")

EVICTED_PER_TENANT = 10
"""How many evicted credentials are remembered, as a multiple of `max_tenants`."""


class MemoryTenant(Tenant):
    """A tenant and its lock."""

    __slots__ = (
        "_data",
        "_is_strict",
        "_max_bytes",
        "_request_log",
        "_resets",
        "_snapshots_weight",
        "_start",
        "_time",
        "_used",
        "_watchers",
        "_weight",
        "_weights",
        "is_deleted",
        "lock",
        "wake_up",
    )

    def __init__(
        self,
        tenant_id: str,
        id_salt: str,
        request_log: RequestLog,
        seed: Mapping[str, State],
        start: Clock,
        time: Callable[[], float],
        max_bytes: int,
        *,
        is_strict: bool = False,
    ) -> None:
        super().__init__(tenant_id, id_salt)
        self._is_strict = is_strict
        self.lock = threading.Lock()
        self.wake_up: threading.Event | None = None
        """Set to end the current delays of its requests; None if no request was delayed since."""
        self.is_deleted = False
        self._request_log = request_log
        self._start = start
        self._time = time
        self._data = TenantData(seed, {}, 0, start, Faults(), {})
        self._used: dict[tuple[str, str], RateWindow] = {}
        self._resets = 0
        self._watchers: set[Callable[[], None]] = set()
        self._max_bytes = max_bytes
        self._weights: dict[str, int] = {}
        """The memory that its states take, in bytes, by provider."""
        self._weight = self._snapshots_weight = 0
        """The memory that its states and its snapshots take together, and its snapshots alone, in bytes."""

    @property
    def is_strict(self) -> bool:
        return self._is_strict

    @property
    def request_log(self) -> RequestLog:
        return self._request_log

    def transact(
        self,
        provider: str,
        run_due_jobs: Callable[[Any, float], Any],
        view: Callable[[Transaction[Any]], T],
        *,
        writes: bool,
        rate_limit: RateLimit | None,
        credential: str,
    ) -> tuple[Transaction[Any], T]:
        """Run a view in a transaction on the state of a provider, and put its record into the request log.

        Return the transaction, and what the view returned. A reset is before all of it, or after all of it.
        """
        with self.lock:
            data = self._data
            now = data.clock.now(self._time())
            rate = None
            if rate_limit is not None:
                key = (rate_limit.operation, credential)
                rate = self._used[key] = RateWindow.hit(self._used.get(key), now, rate_limit.window)
            state = data.states.get(provider) or data.seed[provider]
            if writes and provider not in data.states:
                _ = state.weight  # its copies have the weight of their tables if it is known before
            current = run_due_jobs(state, now)
            if writes and current is state:
                current = state.copy()
            tx = Transaction(current, ids.Ids(self.id_salt, data.ids_issued), now)
            tx.seq, tx.rate = self._request_log.next_seq(), rate
            result = view(tx)
            if writes and not tx.failed:
                changed = run_due_jobs(tx.state, now)
                weight = changed.weight
                self._set_weight(self._weight + weight - self._weights.get(provider, 0))
                self._weights[provider] = weight
                data.states[provider] = changed
                data.ids_issued = tx.ids.issued
            if tx.record is not None:
                self._request_log.add(tx.record, tx.problem)
            return tx, result

    def _set_weight(self, weight: int) -> None:
        """Set the memory that its data takes. Raises `StateTooLarge` if it grows beyond the limit."""
        if weight > self._max_bytes and weight > self._weight:
            raise StateTooLarge
        self._weight = weight

    def read(self) -> TenantData:
        with self.lock:
            return self._data.copy()

    def update(self, change: Callable[[TenantData], T]) -> T:
        with self.lock:
            data = self._data.copy()
            changed = change(data)
            snapshots_weight = self._snapshots_weight
            if [*map(id, data.snapshots.values())] != [*map(id, self._data.snapshots.values())]:
                snapshots = data.snapshots.values()
                snapshots_weight = State.weigh(state for snapshot in snapshots for state in snapshot.states.values())
            weights = {provider: state.weight for provider, state in data.states.items()}
            self._set_weight(snapshots_weight + sum(weights.values()))
            self._snapshots_weight, self._weights = snapshots_weight, weights
            self._data = data
            return changed

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot, whatever its size."""
        with self.lock:
            self._data.restore(snapshot)
            self._weights = {provider: state.weight for provider, state in self._data.states.items()}
            self._weight = self._snapshots_weight + sum(self._weights.values())

    def take_fault(self, operation: str) -> Fault | None:
        if not self._data.faults:
            return None
        return self.update(lambda data: data.faults.take(operation))

    def wait(self, seconds: float) -> None:
        if not seconds:
            return
        with self.lock:
            wake_up, resets = self.wake_up or threading.Event(), self._resets
            self.wake_up = wake_up
        if not self.is_deleted:
            wake_up.wait(seconds)
        if self.is_deleted or self._resets != resets:
            raise ConnectionDropped

    def life(self) -> object:
        return None if self.is_deleted else self._resets

    def watch(self, interrupt: Callable[[], None]) -> Callable[[], None]:
        with self.lock:
            self._watchers.add(interrupt)
        return lambda: self._watchers.discard(interrupt)

    def interrupt_delays(self) -> None:
        """End the current delays of its requests."""
        with self.lock:
            wake_up, self.wake_up = self.wake_up, None
            watchers, self._watchers = self._watchers, set()
        if wake_up is not None:
            wake_up.set()
        for interrupt in watchers:
            interrupt()

    def reset(self) -> None:
        with self.lock:
            self._data = TenantData(self._data.seed, {}, 0, self._start, Faults(), {})
            self._weights = {}
            self._weight = self._snapshots_weight = 0
            self._used.clear()
            self._request_log.reset()
            self._resets += 1
        self.interrupt_delays()


class StoreSnapshot(NamedTuple):
    """All tenants and credentials at one moment."""

    tenants: list[tuple[MemoryTenant, Snapshot]]
    known: dict[tuple[str, str], Caller]
    open: list[tuple[str, list[tuple[str, str]]]]


class MemoryStore(Store):
    """Tenants in this process's memory; they share the data of the seed until they change it."""

    tenant_class = MemoryTenant
    is_local = True

    def __init__(self, initial_states: Mapping[str, State], config: Config) -> None:
        super().__init__(initial_states, config)
        self._tenants: dict[str, MemoryTenant] = {}
        self._known: dict[tuple[str, str], Caller] = {}
        self._open: OrderedDict[str, list[tuple[str, str]]] = OrderedDict()
        """The credentials of the tenants that can be evicted, by tenant id, least recently used first."""
        self._issued: dict[str, list[tuple[str, str]]] = {}
        """The credentials that providers returned in responses, by tenant id."""
        self._used: dict[str, float] = {}
        """The time of last use of the tenants that can be evicted, if there is a `tenant_ttl`."""
        self._evicted: OrderedDict[str, str] = OrderedDict()
        """The reasons of evictions by the digest of the credential, oldest first."""
        self._last_number = 0
        self._lock = threading.Lock()
        """Guards the tenant and credential maps."""
        self._id_seed = secrets.token_hex(32) if config.has_secret_keys else config.id_seed
        self._request_counts = RequestCounter()
        self._counts: Counter[str] = Counter()
        self._snapshots: dict[str, StoreSnapshot] = {}
        self._set_up()

    def _set_up(self) -> None:
        self._budget = RequestLogBudget(self.config.request_log_max_bytes)
        self._unmatched_numbers = itertools.count(1)
        self._unmatched = UnmatchedLog()

    def check(self) -> None:
        pass

    # Tenants

    def __len__(self) -> int:
        return len(self._tenants)

    def overview(self) -> list[TenantSummary]:
        with self._lock:
            self._sweep()
        return [
            TenantSummary(tenant.id, len(tenant.request_log), tenant.request_log.dropped, sorted(tenant.read().states))
            for tenant in list(self._tenants.values())
        ]

    def get(self, tenant_id: str) -> MemoryTenant | None:
        with self._lock:
            self._sweep()
            if tenant_id in self._open:
                self._touch(tenant_id)
            return self._tenants.get(tenant_id)

    def tenant(self, tenant_id: str) -> MemoryTenant:
        return self._tenants.get(tenant_id) or self._tenant(tenant_id, self.initial_states, Clock())

    def _tenant(
        self, tenant_id: str, seed: Mapping[str, State], start: Clock, *, is_strict: bool = False
    ) -> MemoryTenant:
        request_log = RequestLog(self.config.request_log_size, self._budget)
        salt = ids.tenant_salt(self._id_seed, tenant_id)
        settings = (seed, start, self.time, self.config.max_state_bytes)
        new = self.tenant_class(tenant_id, salt, request_log, *settings, is_strict=is_strict)
        return self._tenants.setdefault(tenant_id, new)

    def create(
        self,
        register: Register,
        seed: Mapping[str, State] | None,
        start: Clock,
        *,
        is_strict: bool = False,
    ) -> MemoryTenant:
        if seed is not None and sum(state.weight for state in seed.values()) > self.config.max_state_bytes:
            raise StateTooLarge
        with self._lock:
            self._sweep()
            new = register(self._last_number, lambda *key: key in self._known)
            self._last_number = new.number
            tenant = self._tenant(new.id, seed or self.initial_states, start, is_strict=is_strict)
            self._add(tenant, new.registrations)
            return tenant

    def _add(self, tenant: MemoryTenant, registrations: Sequence[Registration]) -> None:
        keys = [(each.provider, each.credential) for each in registrations]
        self._open[tenant.id] = keys
        for key, registration in zip(keys, registrations, strict=True):
            self._known[key] = Caller(tenant, registration)
            self._evicted.pop(digest(*key), None)
        self._touch(tenant.id)
        if len(self._open) > self.config.max_tenants:
            self._evict("max")

    def _evict(self, reason: str) -> None:
        """Delete the least recently used tenant, and remember its credentials as evicted."""
        oldest, keys = self._open.popitem(last=False)
        keys = [*keys, *self._issued.get(oldest, ())]
        self._close(oldest, keys)
        self._counts["evictions"] += 1
        self._evicted.update(dict.fromkeys((digest(*key) for key in keys), reason))
        while len(self._evicted) > EVICTED_PER_TENANT * self.config.max_tenants:
            self._evicted.popitem(last=False)

    def _touch(self, tenant_id: str) -> None:
        """Record the use of a tenant, if it can be evicted."""
        if tenant_id not in self._open:
            return
        self._open.move_to_end(tenant_id)
        if self.config.tenant_ttl is not None:
            self._used[tenant_id] = self.time()

    def _sweep(self) -> None:
        """Evict the tenants that were idle for longer than `tenant_ttl`."""
        if self.config.tenant_ttl is None:
            return
        before = self.time() - self.config.tenant_ttl
        while self._open and self._used[next(iter(self._open))] <= before:
            self._evict("ttl")

    def close(self, tenant_id: str) -> None:
        with self._lock:
            self._close(tenant_id, [*self._open.pop(tenant_id, ()), *self._issued.get(tenant_id, ())])

    def _close(self, tenant_id: str, keys: Iterable[tuple[str, str]]) -> None:
        for key in keys:
            del self._known[key]
        self._issued.pop(tenant_id, None)
        self._used.pop(tenant_id, None)
        self._delete(tenant_id)

    def _delete(self, tenant_id: str) -> None:
        tenant = self._tenants.pop(tenant_id, None)
        if tenant is not None:
            tenant.is_deleted = True
            tenant.interrupt_delays()
            tenant.request_log.reset()

    # Credentials

    def lookup(self, provider: str, credential: str) -> Caller | None:
        with self._lock:
            self._sweep()
            caller = self._known.get((provider, credential))
            if caller is not None:
                self._touch(caller.tenant.id)
            elif self._evicted:
                reason = self._evicted.get(digest(provider, credential))
                if reason is not None:
                    self._counts["requests"] += 1
                    raise TenantEvicted(reason)
            return caller

    def open(self, provider: str, credential: str, region: str | None) -> Caller:
        caller = self.lookup(provider, credential)
        if caller is not None:
            return caller
        registration = Registration(provider, credential, open_tenant_id(provider, credential))
        with self._lock:
            if (provider, credential) not in self._known:
                seed = self.initial_states_in(provider, region)
                self._add(self._tenant(registration.tenant, seed, Clock()), [registration])
            return self._known[provider, credential]

    def issue(self, tenant: Tenant, registration: Registration) -> None:
        """Register a credential that a provider returned."""
        key = (registration.provider, registration.credential)
        with self._lock:
            if self._tenants.get(tenant.id) is tenant and key not in self._known:
                self._known[key] = Caller(tenant, registration)
                self._issued.setdefault(tenant.id, []).append(key)

    def find(self, provider: str, credential: str) -> str | None:
        with self._lock:
            self._sweep()
            caller = self._known.get((provider, credential))
        return caller.tenant.id if caller is not None else None

    def find_in_transaction(self, provider: str, credential: str) -> str | None:
        caller = self._known.get((provider, credential))
        return caller.tenant.id if caller is not None else None

    def local_credentials(self, tenant_id: str) -> Sequence[str]:
        made, issued = self._open.get(tenant_id), self._issued.get(tenant_id)
        if made is None and issued is None:
            return ()
        return [credential for _, credential in (*(made or ()), *(issued or ()))]

    def registrations(self, tenant_id: str) -> Sequence[Registration]:
        with self._lock:
            return [self._known[key].registration for key in self._open.get(tenant_id, [])]

    # Requests

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
        assert isinstance(tenant, MemoryTenant)
        tx, result = tenant.transact(
            registration.provider,
            run_due_jobs,
            view,
            writes=writes,
            rate_limit=rate_limit,
            credential=registration.credential,
        )
        for key, account, scopes in () if tx.failed else tx.issued:
            self.issue(tenant, Registration(registration.provider, key, tenant.id, account, scopes, issued=True))
        record = tx.record
        if record is not None:
            error = record.error.key if record.error is not None else None
            self._request_counts.add(record.provider, record.operation, error)
            if is_unmatched:
                self.count("unmatched_requests")
        return result

    def record_unmatched(self, record: UnmatchedRecord) -> int:
        if record.provider is not None:
            self._request_counts.add(record.provider, record.operation, record.error)
        with self._lock:
            self._counts["unmatched_requests"] += 1
            self._counts["requests"] += record.provider is None
            number = next(self._unmatched_numbers)
            self._unmatched.add(number, record)
            return number

    def unmatched(self) -> Iterable[tuple[int, UnmatchedRecord]]:
        with self._lock:
            return list(self._unmatched)

    def next_unmatched_number(self) -> int:
        return next(self._unmatched_numbers)

    def count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1

    def counts(self) -> Mapping[str, int]:
        recorded = sum(count for *_, count in self._request_counts)
        return {**self._counts, "requests": self._counts["requests"] + recorded}

    @property
    def request_counts(self) -> Iterable[CounterRow]:
        return self._request_counts

    # All tenants

    def interrupt_delays(self) -> None:
        for tenant in list(self._tenants.values()):
            tenant.interrupt_delays()

    def snapshots(self) -> Sequence[str]:
        return list(self._snapshots)

    def save(self, name: str, at_most: int) -> bool:
        with self._lock:
            if name not in self._snapshots and len(self._snapshots) >= at_most:
                return False
            self._sweep()
            tenants = [(tenant, tenant.read().snapshot()) for tenant in list(self._tenants.values())]
            self._snapshots[name] = StoreSnapshot(tenants, dict(self._known), list(self._open.items()))
            return True

    def restore(self, name: str) -> bool:
        with self._lock:
            snapshot = self._snapshots.get(name)
            if snapshot is None:
                return False
            tenants = {tenant.id: tenant for tenant, _ in snapshot.tenants}
            for tenant_id in [each for each in self._tenants if each not in tenants]:
                self._delete(tenant_id)
            self._tenants = tenants
            for tenant, state in snapshot.tenants:
                tenant.is_deleted = False
                tenant.restore(state)
            self._known = dict(snapshot.known)
            self._issued.clear()
            for key, caller in self._known.items():
                if caller.registration.issued:
                    self._issued.setdefault(caller.tenant.id, []).append(key)
            self._open = OrderedDict(snapshot.open)
            self._used.clear()
            for tenant_id in list(self._open):
                self._touch(tenant_id)
            return True

    def reset(self) -> None:
        with self._lock:
            for tenant_id in list(self._tenants):
                self._delete(tenant_id)
            self._known.clear()
            self._issued.clear()
            self._open.clear()
            self._used.clear()
            self._evicted.clear()
            self._last_number = 0
            self._request_counts.clear()
            self._counts.clear()
            self._snapshots.clear()
            self._set_up()
