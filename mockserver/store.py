"""All mutable state: tenants, what they have written, and the transaction in which a request sees and changes it."""

from __future__ import annotations

import copy
import dataclasses
import threading
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, MutableMapping, ValuesView
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

from . import ids
from .clock import Clock
from .faults import Fault, Faults
from .journal import Journal, Room

R = TypeVar("R")
S = TypeVar("S", bound="State")


class Table(MutableMapping[str, R], Generic[R]):
    """Frozen records by key, in order of insertion, as changes laid over a base that is shared and never changed.

    A copy costs the changes, not the records: ten thousand tenants can each change one pool of a large seed.
    """

    __slots__ = ("_base", "_gone", "_own")

    def __init__(self, base: Mapping[str, R] | None = None) -> None:
        self._base: Mapping[str, R] = base if base is not None else {}
        self._own: dict[str, R] = {}
        self._gone: frozenset[str] = frozenset()

    def __getitem__(self, key: str) -> R:
        own = self._own.get(key)
        if own is not None:
            return own
        if key in self._gone:
            raise KeyError(key)
        return self._base[key]

    def __setitem__(self, key: str, record: R) -> None:
        self._own[key] = record

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._own.pop(key, None)
        if key in self._base:
            self._gone |= {key}

    def __contains__(self, key: object) -> bool:
        return key in self._own or (key in self._base and key not in self._gone)

    def __iter__(self) -> Iterator[str]:
        """Yield base keys in their place, then new ones; a key deleted and set again comes last."""
        if not self._own and not self._gone:
            yield from self._base
            return
        for key in self._base:
            if key not in self._gone:
                yield key
        for key in self._own:
            if key not in self._base or key in self._gone:
                yield key

    def __len__(self) -> int:
        new = sum(1 for key in self._own if key not in self._base or key in self._gone)
        return len(self._base) - len(self._gone) + new

    def values(self) -> ValuesView[R]:
        return dict(self.items()).values()

    def items(self) -> ItemsView[str, R]:
        if not self._own and not self._gone:
            return self._base.items()
        merged = {key: record for key, record in self._base.items() if key not in self._gone}
        merged.update(self._own)
        return merged.items()

    def copy(self) -> Table[R]:
        table: Table[R] = Table(self._base)
        table._own = self._own.copy()
        table._gone = self._gone
        return table

    def __repr__(self) -> str:
        return f"<Table of {len(self)}, {len(self._own)} own, {len(self._gone)} gone>"


class State:
    """What one provider knows of one tenant: a dataclass of tables and of values that are replaced, never changed."""

    def copy(self) -> Self:
        """Return a state whose tables can be changed without this one noticing."""
        twin = copy.copy(self)
        for item in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if isinstance(value, Table):
                setattr(twin, item.name, value.copy())
        return twin

    def dump(self) -> dict[str, Any]:
        """Return the state as plain data, in the format of a seed."""
        raise NotImplementedError


class Snapshot(NamedTuple):
    """Everything of a tenant but its journal, at one moment. States are never changed in place, so this is cheap."""

    states: Mapping[str, State]
    drawn: int
    clock: Clock
    faults: tuple[dict[str, Fault], int]


class Tenant:
    """One isolated world: its own states, identifiers, clock, faults, snapshots, journal and lock."""

    __slots__ = (
        "clock",
        "drawn",
        "faults",
        "id",
        "id_scope",
        "journal",
        "lock",
        "seed",
        "snapshots",
        "start",
        "states",
    )

    def __init__(
        self, tenant_id: str, id_scope: str, journal: Journal, seed: Mapping[str, State], start: Clock
    ) -> None:
        self.id = tenant_id
        self.id_scope = id_scope
        self.lock = threading.Lock()
        self.journal = journal
        self.seed = seed
        """By provider, what it starts with."""
        self.start = start
        """The clock that it starts with."""
        self.faults = Faults()
        self.states: dict[str, State] = {}
        """By provider, and only what was written: a tenant that only reads stores nothing."""
        self.snapshots: dict[str, Snapshot] = {}
        self.drawn = 0
        self.clock = start

    def state(self, provider: str) -> State:
        """Return what it has of a provider: its own state, or the seed's while it has written nothing."""
        return self.states.get(provider) or self.seed[provider]

    def reset(self) -> None:
        """Go back to the start, in everything."""
        with self.lock:
            self.states.clear()
            self.snapshots.clear()
            self.drawn = 0
            self.clock = self.start
            self.faults.load(({}, 0))
            self.journal.reset()

    def snapshot(self) -> Snapshot:
        """Return everything but the journal, as it is now."""
        with self.lock:
            return Snapshot(dict(self.states), self.drawn, self.clock, self.faults.dump())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; the journal stays."""
        with self.lock:
            self.states = dict(snapshot.states)
            self.drawn = snapshot.drawn
            self.clock = snapshot.clock
            self.faults.load(snapshot.faults)

    def __repr__(self) -> str:
        return f"<Tenant {self.id}, wrote {sorted(self.states) or 'nothing'}>"


class Transaction(Generic[S]):
    """One request's view of one provider's state for one tenant: all of its changes happen, or none."""

    __slots__ = ("_store", "_tenant", "_provider", "_writes", "_settle", "state", "ids", "now", "seq")

    def __init__(
        self,
        store: MemoryStore,
        tenant: Tenant,
        provider: str,
        settle: Callable[[S, float], S],
        *,
        writes: bool,
    ) -> None:
        self._store = store
        self._tenant = tenant
        self._provider = provider
        self._settle = settle
        self._writes = writes
        self.state: S
        self.ids: ids.Ids
        self.now: float
        self.seq: int

    def __enter__(self) -> Transaction[S]:
        self._tenant.lock.acquire()
        try:
            self._begin()
        except BaseException:
            self._tenant.lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end(error)
        finally:
            self._tenant.lock.release()

    def _begin(self) -> None:
        self.now = self._tenant.clock.now(self._store.time())
        self.seq = self._tenant.journal.next_seq()
        kept = self._tenant.state(self._provider)
        settled = self._settle(kept, self.now)  # type: ignore[arg-type]
        self.state = settled.copy() if self._writes and settled is kept else settled
        self.ids = ids.Ids(self._tenant.id_scope, self._tenant.drawn)

    def _end(self, error: BaseException | None) -> None:
        if error is None and self._writes:
            self._tenant.states[self._provider] = self._settle(self.state, self.now)
            self._tenant.drawn = self.ids.drawn


class MemoryStore:
    """Tenants in this process's memory, over one world that all of them start from."""

    def __init__(
        self,
        world: Mapping[str, State],
        *,
        time: Callable[[], float],
        id_seed: str,
        journal_size: int,
        journal_room: int,
    ) -> None:
        self._world = world
        self._tenants: dict[str, Tenant] = {}
        self._journal_size = journal_size
        self._room = journal_room
        self._journal_room = Room(journal_room)
        self.time = time
        self._id_seed = id_seed

    def __len__(self) -> int:
        return len(self._tenants)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(list(self._tenants.values()))

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant that is there."""
        return self._tenants.get(tenant_id)

    def tenant(self, tenant_id: str, seed: Mapping[str, State] | None = None, start: Clock | None = None) -> Tenant:
        """Return a tenant, made on first sight, of the server's world or of a seed of its own."""
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            journal = Journal(self._journal_size, self._journal_room)
            scope = ids.scope(self._id_seed, tenant_id)
            made = Tenant(tenant_id, scope, journal, seed or self._world, start or Clock())
            tenant = self._tenants.setdefault(tenant_id, made)
        return tenant

    def drop(self, tenant_id: str) -> None:
        """Forget a tenant and everything it wrote."""
        tenant = self._tenants.pop(tenant_id, None)
        if tenant is not None:
            tenant.faults.end()
            tenant.journal.reset()

    def clear(self) -> None:
        """Forget every tenant."""
        for tenant in self:
            self.drop(tenant.id)

    def put_back(self, tenants: Iterable[Tenant]) -> None:
        """Have just these tenants."""
        kept = {tenant.id: tenant for tenant in tenants}
        for tenant in self:
            if tenant.id not in kept:
                self.drop(tenant.id)
        self._tenants = kept

    def renew(self) -> None:
        """Be as a fresh process would be."""
        self.clear()
        self._journal_room = Room(self._room)

    def transaction(
        self, tenant: Tenant, provider: str, settle: Callable[[S, float], S], *, writes: bool
    ) -> Transaction[S]:
        """Open the transaction of one request; the tenant is locked until it ends."""
        return Transaction(self, tenant, provider, settle, writes=writes)

    def dump(self, tenant: Tenant) -> dict[str, Any]:
        """Return everything a tenant has, as plain data."""
        return {
            "drawn": tenant.drawn,
            "states": {provider: tenant.state(provider).dump() for provider in self._world},
            "clock": tenant.clock,
            "faults": list(tenant.faults),
            "snapshots": sorted(tenant.snapshots),
        }
