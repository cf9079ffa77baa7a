"""What a server keeps: tables, states, tenants and transactions; and what a store of them can do.

`memory_store` and `redis_store` are the stores. Nothing else knows which one it is.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
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
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from . import ids
from .clock import Clock
from .config import Config
from .faults import Fault, Faults
from .journal import Counted, Record
from .profiles import UNSAID, Profile

R = TypeVar("R")
S = TypeVar("S", bound="State")
T = TypeVar("T")


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
        return self._merged().values()

    def items(self) -> ItemsView[str, R]:
        return self._merged().items()

    def _merged(self) -> Mapping[str, R]:
        if not self._own and not self._gone:
            return self._base
        if not self._gone:
            return {**self._base, **self._own}
        return {key: record for key, record in self._base.items() if key not in self._gone} | self._own

    def copy(self) -> Table[R]:
        table: Table[R] = Table(self._base)
        table._own = self._own.copy()
        table._gone = self._gone
        return table

    def __repr__(self) -> str:
        return f"<Table of {len(self)}, {len(self._own)} own, {len(self._gone)} gone>"


@dataclass(slots=True)
class State:
    """What one provider knows of one tenant: a dataclass of tables and of values that are replaced, never changed."""

    profile: Profile = field(default=UNSAID, kw_only=True)

    def copy(self) -> Self:
        """Return a state whose tables can be changed without this one noticing."""
        kind: Any = type(self)
        twin: Self = object.__new__(kind)
        for name in _fields(kind):
            value = getattr(self, name)
            setattr(twin, name, value.copy() if type(value) is Table else value)
        return twin

    def under(self, profile: Profile) -> Self:
        """Return the same state with this profile."""
        if profile == self.profile:
            return self
        twin = self.copy()
        twin.profile = profile
        return twin

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Return the state that such data describes. Raises `SeedError`."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """Return the state as plain data, in the format of a seed."""
        raise NotImplementedError


def plain(record: Any) -> dict[str, Any]:
    """Return the fields of a record that say something, as a seed has them."""
    kind: Any = type(record)
    found = ((name, getattr(record, name)) for name in _fields(kind))
    return {name: list(value) if type(value) is tuple else value for name, value in found if value is not None}


@functools.cache
def _fields(record: type) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(record))


class Snapshot(NamedTuple):
    """Everything of a tenant but its journal, at one moment. States are never changed in place, so this is cheap."""

    states: Mapping[str, State]
    drawn: int
    clock: Clock
    faults: Faults


@dataclass(slots=True)
class Kept:
    """Everything of a tenant but its journal, as one plain value."""

    seed: Mapping[str, State]
    """By provider, what it starts with."""
    states: MutableMapping[str, State]
    """By provider, and only what was written: a tenant that only reads stores nothing."""
    drawn: int
    """How many identifiers it has drawn."""
    clock: Clock
    faults: Faults
    snapshots: MutableMapping[str, Snapshot]

    def state(self, provider: str) -> State:
        """Return what it has of a provider: its own state, or the seed's while it has written nothing."""
        return self.states.get(provider) or self.seed[provider]

    def copy(self) -> Kept:
        """Return one that can be changed without this one noticing."""
        return Kept(self.seed, dict(self.states), self.drawn, self.clock, self.faults.copy(), dict(self.snapshots))

    def snapshot(self) -> Snapshot:
        """Return everything as it is now."""
        return Snapshot(dict(self.states), self.drawn, self.clock, self.faults.copy())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; there are still the same snapshots."""
        self.states.clear()
        self.states.update(snapshot.states)
        self.drawn = snapshot.drawn
        self.clock = snapshot.clock
        self.faults = snapshot.faults.copy()

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "drawn": self.drawn,
            "states": {provider: self.state(provider).dump() for provider in self.seed},
            "clock": self.clock,
            "faults": list(self.faults),
            "snapshots": sorted(self.snapshots),
        }


class Issued(NamedTuple):
    """A credential that a provider gives out as an answer to a request."""

    credential: str
    account: str | None
    scopes: frozenset[str] | None


class Transaction(Generic[S]):
    """One request's view of one provider's state for one tenant: all of its changes happen, or none."""

    __slots__ = ("account", "ids", "issued", "now", "seq", "state")

    def __init__(self, state: S, drawn: ids.Ids, now: float) -> None:
        self.state = state
        self.account: str | None = None
        """The subaccount or subuser that the request acts for; None for the account that owns them."""
        self.ids = drawn
        self.now = now
        self.issued: list[Issued] = []
        """Credentials that the provider gives out, known when the transaction is over. They are good as long as the
        state knows them, too: so a reset and a restored snapshot take them back."""
        self.seq = 0
        """The request's number in the tenant's journal, known when the transaction is over, however it ended."""


class Used(NamedTuple):
    """How often a credential asked for an operation in a window of time."""

    times: int
    """This one included."""
    until: int
    """When the window ends, by the tenant's clock, in seconds since the epoch."""

    @classmethod
    def again(cls, last: Used | None, now: float, window: int) -> Used:
        """Return what it is when it is asked for now; windows are `window` seconds long, from the epoch on."""
        until = (int(now // window) + 1) * window
        return cls(last.times + 1 if last is not None and last.until == until else 1, until)


class Records(Protocol):
    """The journal of one tenant."""

    @property
    def dropped(self) -> int:
        """How many records there was no room for any more."""

    def __iter__(self) -> Iterator[Record]: ...

    def __len__(self) -> int: ...

    @property
    def tally(self) -> Iterable[Counted]:
        """How often each operation was asked for; it outlives the records."""

    def clear(self) -> None:
        """Forget every record, and how many were dropped; numbers go on."""


class Tenant(ABC):
    """One isolated world: its own states, identifiers, clock, faults, snapshots and journal."""

    __slots__ = ("id", "id_scope")

    def __init__(self, tenant_id: str, id_scope: str) -> None:
        self.id = tenant_id
        self.id_scope = id_scope

    @property
    @abstractmethod
    def journal(self) -> Records:
        """What it asked."""

    @abstractmethod
    def transact(
        self,
        provider: str,
        settle: Callable[[Any, float], Any],
        answer: Callable[[Transaction[Any]], T],
        *,
        writes: bool,
    ) -> T:
        """Return what `answer` makes of a transaction on a provider's state, which is kept if it `writes`.

        If `answer` raises, nothing is changed. It may be called more than once, each time with a fresh transaction.
        """

    @abstractmethod
    def read(self) -> Kept:
        """Return everything as it is now, not to be changed."""

    @abstractmethod
    def update(self, change: Callable[[Kept], T]) -> T:
        """Return what `change` does to everything; if it raises, nothing is. It may be called more than once."""

    @abstractmethod
    def take_fault(self, operation: str, *, may_wait: bool) -> Fault | None:
        """Return the fault that strikes this call; raises `Waits` if it is a delay, and the call may not wait."""

    @abstractmethod
    def use(self, operation: str, credential: str, window: int) -> Used:
        """Count that a credential asked for an operation; a reset forgets it."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Delay a call; raises `ConnectionDropped` when its tenant was closed or reset meanwhile."""

    @abstractmethod
    def reset(self) -> None:
        """Go back to the start, in everything."""

    def __repr__(self) -> str:
        return f"<Tenant {self.id}>"


@dataclass(frozen=True, slots=True)
class Registration:
    """A credential, and whom it stands for."""

    provider: str
    credential: str
    tenant: str
    account: str | None = None
    """The subaccount or subuser that the credential itself belongs to; None for the account that owns them."""
    scopes: frozenset[str] | None = None
    """What it may do, in the provider's words; None for everything."""
    issued: bool = False
    """Whether the provider gave it out, as an answer to a request; then the state says if it is still good."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential that was recognised."""

    tenant: Tenant
    registration: Registration


class Overview(NamedTuple):
    """A tenant in one line."""

    id: str
    requests: int
    """How many requests its journal has."""
    dropped: int
    written: Sequence[str]
    """The providers of which it has a state of its own."""


class Unserved(Exception):
    """A request that the server cannot answer in the name of a provider, and says why."""


class Evicted(Unserved):
    """The credential's tenant was closed: because of `max`, too many were open; or `ttl`, nobody used it."""

    def __init__(self, reason: str) -> None:
        why, raised = {
            "max": ("more tenants were open than --max-tenants allows", "--max-tenants"),
            "ttl": ("nobody used it for as long as --tenant-ttl says", "--tenant-ttl"),
        }[reason]
        super().__init__(
            f"The tenant of this credential was closed because {why}; its data is gone. "
            f"Use another credential, or raise {raised}."
        )


class Taken(Exception):
    """A credential stands for a tenant already."""

    def __init__(self, provider: str, credential: str) -> None:
        super().__init__(provider)
        self.provider = provider
        self.credential = credential


Register = Callable[[int, Callable[[str, str], bool]], tuple[int, Sequence[Registration]]]
"""Given the last number, and what says if a credential stands for an open tenant: the next, and its credentials."""


def digest(provider: str, credential: str) -> str:
    """Return what a credential is remembered by where it is not to be read."""
    return hashlib.sha256(f"{provider}\0{credential}".encode()).hexdigest()


class Store(ABC):
    """Everything that a server keeps: tenants, the credentials that lead to them, journals, counts, snapshots.

    A store is made of the world that tenants start from and the server's settings. A tenant is of the seed (made when
    somebody asks for it, never closed) or open: the least recently used ones are closed when there are too many, and
    those that nobody used for long.
    """

    prompt = False
    """Whether it is asked without waiting for anything outside this process."""

    def __init__(self, world: Mapping[str, State], config: Config) -> None:
        self.world = world
        self.config = config
        self.time = config.time

    @abstractmethod
    def check(self) -> None:
        """Raise `Unserved` if nobody could be answered now."""

    # Tenants

    @abstractmethod
    def __len__(self) -> int:
        """Return how many tenants there are, those of the seed among them if they were used."""

    @abstractmethod
    def overview(self) -> list[Overview]:
        """Return every tenant in the order in which they were made."""

    @abstractmethod
    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant that is there; it is in use now."""

    @abstractmethod
    def tenant(self, tenant_id: str) -> Tenant:
        """Return a tenant of the seed, made on first sight."""

    @abstractmethod
    def create(
        self,
        register: Register,
        seed: Mapping[str, State] | None,
        start: Clock,
    ) -> Tenant:
        """Open a tenant of its own number; nothing is made if `register` raises, which may be called more than once."""

    @abstractmethod
    def close(self, tenant_id: str) -> None:
        """Forget a tenant and everything it had; its credentials are simply unknown again."""

    # Credentials of open tenants

    @abstractmethod
    def recall(self, provider: str, credential: str) -> Caller | None:
        """Return who a credential stands for, whose tenant is in use now. Raises `Evicted` if that was closed."""

    @abstractmethod
    def open(self, registration: Registration) -> Caller:
        """Open a tenant for a credential, or return who it stands for if somebody else was faster."""

    @abstractmethod
    def issue(self, tenant: Tenant, registration: Registration) -> None:
        """Let a credential that a provider gave out stand for its tenant, until that is closed."""

    @abstractmethod
    def find(self, provider: str, credential: str) -> str | None:
        """Return the id of the tenant that a credential stands for."""

    @abstractmethod
    def registrations(self, tenant_id: str) -> Sequence[Registration]:
        """Return the credentials of an open tenant."""

    # Counts

    @abstractmethod
    def keep(self, tenant: Tenant, record: Record, *, foreign: bool) -> None:
        """Put a request into its tenant's journal, and count it, as a foreign one if it is."""

    @abstractmethod
    def keep_stranger(self, provider: str, operation: str | None, refusal: str | None) -> int:
        """Count a request of nobody, and return its number."""

    @abstractmethod
    def number_stranger(self) -> int:
        """Return a number for what nobody asked and nobody counts."""

    @abstractmethod
    def count(self, name: str) -> None:
        """Count something of the whole server."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """Return what was counted: evictions, misfits, requests, foreign ones; what is not there is 0."""

    @property
    @abstractmethod
    def tally(self) -> Iterable[Counted]:
        """How often each operation was asked for, by anybody."""

    # Everything

    @abstractmethod
    def hurry(self) -> None:
        """Let every call that is delayed here now be answered at once."""

    @abstractmethod
    def snapshots(self) -> Sequence[str]:
        """Name the snapshots of all tenants together."""

    @abstractmethod
    def save(self, name: str, at_most: int) -> bool:
        """Keep every tenant as it is, with its credentials; say no if there are as many snapshots already."""

    @abstractmethod
    def restore(self, name: str) -> bool:
        """Have just the tenants of a snapshot, as they were; say no if there is none of this name."""

    @abstractmethod
    def reset(self) -> None:
        """Be as in a fresh process."""
