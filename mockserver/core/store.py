"""The data of a server: tables, states, tenants, transactions, and the interface of a store.

`memory_store` and `redis_store` implement it. No other module depends on which of them is used.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import operator
from abc import ABC, abstractmethod
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from . import ids
from .clock import Clock
from .config import Config
from .faults import Fault, Faults
from .outbox import EMPTY, Outbox
from .profiles import UNSET, Profile
from .request_log import CounterRow, Record
from .stubs import Stubs
from .unmatched_log import UnmatchedRecord
from .weight import ENTRY, weigh

NO_STUBS = Stubs()

R = TypeVar("R")
S = TypeVar("S", bound="State")
T = TypeVar("T")


class Table(MutableMapping[str, R], Generic[R]):
    """Frozen records by key, in order of insertion: changes on top of a shared base that never changes.

    A copy costs the changes, not the records: ten thousand tenants can each change one pool of a large seed.
    """

    __slots__ = ("_base", "_gone", "_own", "_weight")

    def __init__(self, base: Mapping[str, R] | None = None) -> None:
        self._base: Mapping[str, R] = base if base is not None else {}
        self._own: dict[str, R] = {}
        self._gone: frozenset[str] = frozenset()
        self._weight: int | None = None
        """The weight of all records; None until somebody asks."""

    @property
    def weight(self) -> int:
        """The memory that its records take, with those of the base, in bytes, approximately."""
        if self._weight is None:
            self._weight = sum([_weigh_entry(key, record) for key, record in self.items()])
        return self._weight

    def __getitem__(self, key: str) -> R:
        own = self._own.get(key)
        if own is not None:
            return own
        if key in self._gone:
            raise KeyError(key)
        return self._base[key]

    def __setitem__(self, key: str, record: R) -> None:
        if self._weight is not None:
            old = self._own.get(key)
            if old is None and key in self:
                old = self._base[key]
            self._weight += _weigh_entry(key, record) - (0 if old is None else _weigh_entry(key, old))
        self._own[key] = record

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        if self._weight is not None:
            self._weight -= _weigh_entry(key, self[key])
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
        return self._merged().values()

    def items(self) -> ItemsView[str, R]:
        return self._merged().items()

    def _merged(self) -> Mapping[str, R]:
        if not self._own and not self._gone:
            return self._base
        if not self._gone:
            return {**self._base, **self._own}
        return {key: record for key, record in self._base.items() if key not in self._gone} | self._own

    def changes(self, base: Table[R]) -> tuple[list[str] | None, Mapping[str, R]]:
        """Return the keys that were deleted from the records of another table, and the records that were set.

        If it does not share them, return None and all records.
        """
        if self._base is base._base:
            return sorted(self._gone), self._own
        return None, self._merged()

    def changed(self, gone: Iterable[str] | None, records: dict[str, R]) -> Table[R]:
        """Return the table that has these changes."""
        if gone is None:
            return Table(records)
        table: Table[R] = Table(self._base)
        table._own = records
        table._gone = frozenset(gone)
        return table

    def weigh(self, seen: set[int]) -> int:
        """Return the memory that it takes beside the records with the ids in `seen`, to which its own are added."""
        new = {key: record for key, record in self.items() if id(record) not in seen}
        seen.update(map(id, new.values()))
        return ENTRY * len(self._own) + sum([_weigh_entry(key, record) for key, record in new.items()])

    def copy(self) -> Table[R]:
        table: Table[R] = Table(self._base)
        table._own = self._own.copy()
        table._gone = self._gone
        table._weight = self._weight
        return table

    def __repr__(self) -> str:
        return f"<Table of {len(self)}, {len(self._own)} own, {len(self._gone)} gone>"


def _weigh_entry(key: str, record: object) -> int:
    return ENTRY + len(key) + weigh(record)


@dataclass(slots=True)
class State:
    """The data of one provider for one tenant: a dataclass of tables, and of values that are replaced as a whole.

    A table is a field with `default_factory=Table`.
    """

    profile: Profile = field(default=UNSET, kw_only=True)
    outbox: Outbox = field(default=EMPTY, kw_only=True)
    """The messages that the provider accepted."""

    def copy(self) -> Self:
        """Return a copy with tables of its own."""
        kind: Any = type(self)
        profile, outbox, *values, _ = _values(kind)(self)
        tables = [each.copy() if type(each) is Table else each for each in values]
        twin: Self = kind(*tables, profile=profile, outbox=outbox)
        return twin

    @property
    def weight(self) -> int:
        """The memory that its tables and its outbox take, with what they share with other states, in bytes,
        approximately."""
        kind: Any = type(self)
        return sum([each.weight for each in _values(kind)(self) if type(each) is Table]) + self.outbox.weight

    @staticmethod
    def weigh(states: Iterable[State]) -> int:
        """Return the memory that states take together, in bytes, approximately. They may share records and tables."""
        seen: set[int] = set()
        total = 0
        for state in {id(state): state for state in states}.values():
            kind: Any = type(state)
            values = [getattr(state, name) for name in _fields(kind)]
            total += sum(
                [value.weigh(seen) if isinstance(value, Table | Outbox) else getsizeof(value) for value in values]
            )
        return total

    def with_profile(self, profile: Profile) -> Self:
        """Return the same state with this profile."""
        if profile == self.profile:
            return self
        twin = self.copy()
        twin.profile = profile
        return twin

    @property
    def job_delay(self) -> float | None:
        """The delay of its jobs, in seconds; None if it is not set, or for a provider without jobs."""
        return None

    def with_job_delay(self, delay: float | None, default: float | None) -> Self:
        """Return the same state with a delay of its jobs in seconds, infinite for jobs that are run manually.

        `delay` is the chosen one, None for the state's own; `default` counts if that is not set either. A provider
        without jobs returns itself.
        """
        return self

    @property
    def region(self) -> str | None:
        """The region of the account; None if it is not set, which is the provider's first one, or has none."""
        return None

    def with_region(self, region: str | None) -> Self:
        """Return the same state in a region; None is its own. A provider whose accounts have no region returns itself.

        Records that name a region stay there.
        """
        return self

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Return the state of a provider's section of a seed. Raises `SeedError`."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """Return the state as plain data, in the format of a seed."""
        raise NotImplementedError


@functools.cache
def _values(state: type) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that returns the profile of a state, its other values, and its class."""
    return operator.attrgetter(*_fields(state), "__class__")  # with the class it always returns a tuple


def to_dict(record: Any) -> dict[str, Any]:
    """Return the fields of a record that are not None, in the format of a seed."""
    kind: Any = type(record)
    found = ((name, getattr(record, name)) for name in _fields(kind))
    return {name: list(value) if type(value) is tuple else value for name, value in found if value is not None}


@functools.cache
def _fields(record: type) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(record))


class Snapshot(NamedTuple):
    """The data of a tenant at one moment, without its request log. It is cheap: states are never changed in place."""

    states: Mapping[str, State]
    ids_issued: int
    clock: Clock
    faults: Faults
    stubs: Stubs


@dataclass(slots=True)
class TenantData:
    """The data of a tenant, without its request log."""

    seed: Mapping[str, State]
    """The initial state, by provider."""
    states: MutableMapping[str, State]
    """The states that were written, by provider: a tenant that only reads stores nothing."""
    ids_issued: int
    """The number of identifiers so far."""
    clock: Clock
    faults: Faults
    snapshots: MutableMapping[str, Snapshot]
    stubs: Stubs = NO_STUBS

    def state(self, provider: str) -> State:
        """Return the state of a provider: the tenant's own, or the initial state if it has not written."""
        return self.states.get(provider) or self.seed[provider]

    def copy(self) -> TenantData:
        """Return a copy that can be changed independently."""
        return dataclasses.replace(
            self, states=dict(self.states), faults=self.faults.copy(), snapshots=dict(self.snapshots)
        )

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the current data."""
        return Snapshot(dict(self.states), self.ids_issued, self.clock, self.faults.copy(), self.stubs)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot. The snapshots themselves do not change."""
        self.states.clear()
        self.states.update(snapshot.states)
        self.ids_issued = snapshot.ids_issued
        self.clock = snapshot.clock
        self.faults = snapshot.faults.copy()
        self.stubs = snapshot.stubs

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "ids_issued": self.ids_issued,
            "states": {provider: self.state(provider).dump() for provider in self.seed},
            "clock": self.clock,
            "faults": list(self.faults),
            "stubs": list(self.stubs),
            "snapshots": sorted(self.snapshots),
        }


class IssuedKey(NamedTuple):
    """A credential that a provider returned in a response, or that a request set."""

    credential: str
    account: str | None
    scopes: frozenset[str] | None


class Transaction(Generic[S]):
    """The state of one provider for one tenant, as one request sees and changes it: all changes happen, or none."""

    __slots__ = (
        "account",
        "failed",
        "ids",
        "is_taken",
        "issued",
        "now",
        "problem",
        "rate",
        "record",
        "region",
        "seq",
        "state",
    )

    def __init__(self, state: S, ids_issued: ids.Ids, now: float) -> None:
        self.state = state
        self.account: str | None = None
        """The subaccount or subuser that the request acts for; None for the account that owns them."""
        self.region: str | None = None
        """The region that the request was sent to; None if the provider has no regions."""
        self.ids = ids_issued
        self.now = now
        self.issued: list[IssuedKey] = []
        """Credentials that the provider returns; they are registered when the transaction is over. The state decides
        whether they are valid, so a reset or a restored snapshot revokes them."""
        self.is_taken: Callable[[str], bool] = lambda credential: False
        """Whether a credential belongs to another tenant, so that the provider cannot return it."""
        self.failed = False
        """Set by a view to drop its changes."""
        self.record: Record | None = None
        """Set by a view: the request and its response, for the request log. The store sets its number."""
        self.problem: Mapping[str, Any] | None = None
        """Set by a view: the problem of the request, as JSON without the number, if it has one."""
        self.seq = 0
        """The number of the request in the tenant's request log. It is set when the transaction is over."""
        self.rate: RateWindow | None = None
        """The rate limit window of the request, if it is in one. It is set when the transaction is over."""


class RateWindow(NamedTuple):
    """The requests of a credential for an operation in one rate limit window."""

    times: int
    """The number of requests, with the current one."""
    until: int
    """When the window ends, by the tenant's clock, in seconds since the epoch."""

    @classmethod
    def hit(cls, last: RateWindow | None, now: float, window: int) -> RateWindow:
        """Return the window with one more request; windows are `window` seconds long, counted from the epoch."""
        until = (int(now // window) + 1) * window
        return cls(last.times + 1 if last is not None and last.until == until else 1, until)


class RateLimit(NamedTuple):
    """What a request counts for in a rate limit."""

    operation: str
    window: int
    """In seconds."""


class RequestLogView(Protocol):
    """The request log of one tenant, in any store."""

    @property
    def dropped(self) -> int:
        """The number of records that were dropped."""

    def __iter__(self) -> Iterator[Record]: ...

    def __len__(self) -> int: ...

    @property
    def request_counts(self) -> Iterable[CounterRow]:
        """The number of requests by operation and error; dropped records count."""

    @property
    def problems(self) -> Iterable[Mapping[str, Any]]:
        """The newest problems of requests, also of dropped ones."""

    def clear(self) -> None:
        """Remove all records and problems, and the number of dropped records. Request numbers go on."""


class Tenant(ABC):
    """An isolated account set: its states, identifiers, clock, faults, snapshots and request log."""

    __slots__ = ("id", "id_salt")

    def __init__(self, tenant_id: str, id_salt: str) -> None:
        self.id = tenant_id
        self.id_salt = id_salt

    @property
    @abstractmethod
    def request_log(self) -> RequestLogView:
        """Its last requests."""

    @property
    @abstractmethod
    def is_strict(self) -> bool:
        """Whether a request that violates the OpenAPI document is a problem."""

    @abstractmethod
    def read(self) -> TenantData:
        """Return its data, which must not be changed."""

    @abstractmethod
    def update(self, change: Callable[[TenantData], T]) -> T:
        """Change its data. If `change` raises, nothing is changed. It may be called more than once.

        Raises `StateTooLarge`.
        """

    @abstractmethod
    def take_fault(self, operation: str) -> Fault | None:
        """Return the fault that applies to a request, and count that it was applied."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Delay a request. Raises `ConnectionDropped` if the tenant is deleted or reset in the meantime."""

    @abstractmethod
    def life(self) -> object:
        """Return a value that changes when the tenant is reset or deleted."""

    def watch(self, interrupt: Callable[[], None]) -> Callable[[], None]:
        """Call a function when planned delays of the tenant are to end, if that is in this process; return its undo."""
        return lambda: None

    @abstractmethod
    def reset(self) -> None:
        """Return to the initial state, with an empty request log."""

    def __repr__(self) -> str:
        return f"<Tenant {self.id}>"


@dataclass(frozen=True, slots=True)
class Registration:
    """A credential, and the tenant and account that it belongs to."""

    provider: str
    credential: str
    tenant: str
    account: str | None = None
    """The subaccount or subuser that the credential itself belongs to; None for the account that owns them."""
    scopes: frozenset[str] | None = None
    """Its scopes, by the provider's names; None for all."""
    issued: bool = False
    """Whether the provider returned it in a response; then the state decides whether it is valid."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated credential, and its tenant."""

    tenant: Tenant
    registration: Registration


class TenantSummary(NamedTuple):
    """A tenant in the list of tenants."""

    id: str
    requests: int
    """The number of requests in its request log."""
    dropped: int
    written: Sequence[str]
    """The providers whose state it has changed."""


class StateTooLarge(Exception):
    """A change that would make the data of a tenant larger than `max_state_bytes`; nothing was changed."""


class StoreUnavailable(Exception):
    """A request that cannot be processed: the store does not work, or the tenant is gone."""


class TenantEvicted(StoreUnavailable):
    """The tenant of the credential is gone: there were too many (`max`), it was idle for too long (`ttl`), or the store
    has lost it (`lost`)."""

    def __init__(self, reason: str) -> None:
        why, raised = {
            "max": ("there were more tenants than --max-tenants allows", "raise --max-tenants"),
            "ttl": ("it was idle for longer than --tenant-ttl allows", "raise --tenant-ttl"),
            "lost": ("Redis has lost its data", "give Redis more memory and the policy noeviction"),
        }[reason]
        super().__init__(
            f"The tenant of this credential was evicted because {why}; its data is lost. "
            f"Use another credential, or {raised}."
        )


class CredentialInUse(Exception):
    """A credential belongs to another tenant already."""

    def __init__(self, provider: str, credential: str) -> None:
        super().__init__(provider)
        self.provider = provider
        self.credential = credential


class NewTenant(NamedTuple):
    """A tenant that is to be created."""

    number: int
    id: str
    registrations: Sequence[Registration]


Register = Callable[[int, Callable[[str, str], bool]], NewTenant]
"""Takes the last tenant number and a function that tests whether a credential is in use; returns the new tenant, with
the next number."""


def digest(provider: str, credential: str) -> str:
    """Return a hash of a credential, for places that must not contain the credential itself."""
    return hashlib.sha256(f"{provider}\0{credential}".encode()).hexdigest()


OPEN = "open-"
"""How the ids of tenants begin that were created by the first request of a credential."""


def open_tenant_id(provider: str, credential: str) -> str:
    """Return the id of the tenant of an unknown credential."""
    return OPEN + digest(provider, credential)[:16]


class Store(ABC):
    """The data of a server: tenants and their credentials, request logs, counts, snapshots.

    A store is created from the initial states of tenants and the settings of the server. The tenants of the seed are
    created when first used, and never evicted. All others are: the least recently used if there are too many, and those
    that are idle for too long.
    """

    is_local = False
    """Whether it is in this process, so that no method waits for anything outside."""

    def __init__(self, initial_states: Mapping[str, State], config: Config) -> None:
        self.initial_states = initial_states
        self.config = config
        self.time = config.time
        self._states_in: dict[tuple[str, str | None], Mapping[str, State]] = {}

    def initial_states_in(self, provider: str, region: str | None) -> Mapping[str, State]:
        """Return the initial states with that of a provider in a region: the same ones if it is there anyway."""
        found = self._states_in.get((provider, region))
        if found is None:
            state = self.initial_states[provider]
            moved = state.with_region(region)
            found = self.initial_states if moved is state else {**self.initial_states, provider: moved}
            self._states_in[provider, region] = found
        return found

    @classmethod
    def examine(cls, url: str) -> str | None:
        """Return a warning about the place where data is to be stored. Raises `StoreError` if it cannot be used."""
        return None

    @abstractmethod
    def check(self) -> None:
        """Raise `StoreUnavailable` if the store does not work."""

    # Tenants

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of tenants, with those of the seed that were used."""

    @abstractmethod
    def overview(self) -> list[TenantSummary]:
        """Return all tenants in order of creation."""

    @abstractmethod
    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, if it exists, and note its use."""

    @abstractmethod
    def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant of the seed; it is created when first used."""

    @abstractmethod
    def create(
        self,
        register: Register,
        seed: Mapping[str, State] | None,
        start: Clock,
        *,
        is_strict: bool = False,
    ) -> Tenant:
        """Create a tenant with the next number, or nothing if `register` raises, which may be called more than once.

        Raises `StateTooLarge`.
        """

    def tenant_id(self, number: int) -> str:
        """Return the id of a new tenant."""
        return f"t{number}"

    @abstractmethod
    def close(self, tenant_id: str) -> None:
        """Delete a tenant and its data. Its credentials are unknown afterwards."""

    # Credentials

    def seed_caller(self, registration: Registration) -> Caller:
        """Return the caller of a credential of the seed; its tenant is created when first used."""
        return Caller(self.tenant(registration.tenant), registration)

    @abstractmethod
    def lookup(self, provider: str, credential: str) -> Caller | None:
        """Return the caller of a credential, and note the use of its tenant. Raises `TenantEvicted`."""

    @abstractmethod
    def open(self, provider: str, credential: str, region: str | None) -> Caller:
        """Do the same; create a tenant for an unknown credential, whose account is in a region."""

    @abstractmethod
    def find(self, provider: str, credential: str) -> str | None:
        """Return the id of the tenant of a credential."""

    def local_credentials(self, tenant_id: str) -> Sequence[str]:
        """Return the credentials of a tenant that are in this process's memory."""
        return ()

    def find_in_transaction(self, provider: str, credential: str) -> str | None:
        """Do the same in a transaction: no lock of the store may be waited for."""
        return self.find(provider, credential)

    @abstractmethod
    def registrations(self, tenant_id: str) -> Sequence[Registration]:
        """Return the credentials of a tenant that is not the seed's."""

    # Requests

    @abstractmethod
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
        """Run a view in a transaction on the caller's state of a provider; the new state is stored if it `writes`.

        Credentials that it issued are registered for as long as the tenant exists, and its record is put into the
        request log and counted. If the view sets `failed`, the state is not changed; if it raises, nothing is. It may
        be called more than once, each time with a fresh transaction. Raises `StateTooLarge`.
        """

    @abstractmethod
    def record_unmatched(self, record: UnmatchedRecord) -> int:
        """Count and log a request that belongs to no tenant, and return its number."""

    @abstractmethod
    def unmatched(self) -> Iterable[tuple[int, UnmatchedRecord]]:
        """Return the last requests that belong to no tenant, oldest first, with their numbers."""

    @abstractmethod
    def next_unmatched_number(self) -> int:
        """Return the next number of a request that belongs to no tenant, without counting it."""

    @abstractmethod
    def count(self, name: str) -> None:
        """Count something of the whole server."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """Return evictions, response_violations, requests and unmatched_requests; those that are missing are 0."""

    @property
    @abstractmethod
    def request_counts(self) -> Iterable[CounterRow]:
        """The number of requests by operation and error, of all tenants and of none."""

    # All tenants

    @abstractmethod
    def interrupt_delays(self) -> None:
        """End all planned delays of requests in this process."""

    @abstractmethod
    def snapshots(self) -> Sequence[str]:
        """Return the names of the snapshots of all tenants."""

    @abstractmethod
    def save(self, name: str, at_most: int) -> bool:
        """Save a snapshot of all tenants and their credentials; return False if there are `at_most` already."""

    @abstractmethod
    def restore(self, name: str) -> bool:
        """Replace all tenants with those of a snapshot. Return False if there is no such snapshot."""

    @abstractmethod
    def reset(self) -> None:
        """Delete all data."""
