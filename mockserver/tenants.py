"""Who is calling: a credential is a tenant."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import NamedTuple

from .clock import Clock
from .config import UnknownCredentials
from .store import MemoryStore, Snapshot, State, Tenant

EVICTED_PER_TENANT = 10
"""How many evicted credentials are remembered for each tenant that may stay open."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A credential that a seed declares, and whom it stands for."""

    provider: str
    credential: str
    tenant: str
    account: str | None = None
    """The subaccount or subuser that the credential itself belongs to; None for the account that owns them."""
    scopes: frozenset[str] | None = None
    """What it may do, in the provider's words; None for everything."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential that was recognised."""

    tenant: Tenant
    registration: Registration


class Evicted(Exception):
    """The credential's tenant was closed because too many were open."""


class TenantsSnapshot(NamedTuple):
    """All tenants and credentials at one moment."""

    tenants: list[tuple[Tenant, Snapshot]]
    known: dict[tuple[str, str], Caller]
    open: list[tuple[str, list[tuple[str, str]]]]


class Taken(Exception):
    """A credential stands for a tenant already."""

    def __init__(self, provider: str, credential: str) -> None:
        super().__init__(provider)
        self.provider = provider
        self.credential = credential


class Tenants:
    """The open tenants and the credentials that lead to them, least recently used first."""

    def __init__(
        self,
        store: MemoryStore,
        registrations: Mapping[tuple[str, str], Registration],
        *,
        unknown: UnknownCredentials,
        max_tenants: int,
    ) -> None:
        self._store = store
        self._registered = registrations
        self._unknown = unknown
        self._max = max_tenants
        self._known: dict[tuple[str, str], Caller] = {}
        self._open: OrderedDict[str, list[tuple[str, str]]] = OrderedDict()
        """The credentials of every tenant that is not the seed's, by its id."""
        self._evicted: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._made = 0
        self.evictions = 0

    def __len__(self) -> int:
        """Return how many tenants are open, the registered ones among them if they were used."""
        return len(self._store)

    def caller(self, provider: str, credential: str, well_formed: Pattern[str]) -> Caller | None:
        """Return who a credential stands for, opening a tenant of its own if it may have one; None: nobody.

        Raises `Evicted` when its tenant was closed to make room.
        """
        key = (provider, credential)
        registration = self._registered.get(key)
        if registration is not None:
            return Caller(self._store.tenant(registration.tenant), registration)
        with self._lock:
            caller = self._known.get(key)
            if caller is not None:
                self._open.move_to_end(caller.tenant.id)
                return caller
            if self._unknown == "reject":
                return None
            if not credential or (self._unknown == "well-formed" and not well_formed.fullmatch(credential)):
                return None
            digest = _digest(provider, credential)
            if digest in self._evicted:
                raise Evicted
            tenant = self._store.tenant(f"open-{digest[:16]}")
            self._add(tenant, [Registration(provider, credential, tenant.id)])
            return self._known[key]

    def find(self, provider: str, credential: str) -> str | None:
        """Return the id of the tenant that a credential stands for, if that is open or the seed's."""
        registration = self._registered.get((provider, credential))
        if registration is not None:
            return registration.tenant
        caller = self._known.get((provider, credential))
        return caller.tenant.id if caller is not None else None

    def create(
        self,
        registrations: Callable[[str], Sequence[Registration]],
        seed: Mapping[str, State] | None,
        start: Clock,
    ) -> Tenant:
        """Open a tenant with the credentials that `registrations` makes for its id, a number that a reset begins anew.

        Raises `Taken`, and makes nothing, when one of them is known already, whatever the number is. One that is known
        because of the number, as when a program kept a key while the server was started anew, costs the number only.
        """
        taken = {each.tenant for each in self._registered.values()}
        with self._lock:
            number, clash = self._made, None
            while True:
                number += 1
                if f"t{number}" in taken:
                    continue
                made = registrations(f"t{number}")
                known = self._clash(made)
                if known is None:
                    break
                if known == clash:
                    raise Taken(*known)
                clash = known
            self._made = number
            tenant = self._store.tenant(f"t{number}", seed, start)
            self._add(tenant, made)
            return tenant

    def _clash(self, registrations: Sequence[Registration]) -> tuple[str, str] | None:
        """Return the first key that stands for a tenant already, or is given twice."""
        mine: set[tuple[str, str]] = set()
        for each in registrations:
            key = (each.provider, each.credential)
            if key in self._registered or key in self._known or key in mine:
                return key
            mine.add(key)
        return None

    def is_made(self, tenant_id: str) -> bool:
        """Say whether a tenant was made by `create`, and is open; else it is the seed's, or opened by its first use."""
        return tenant_id in self._open and not tenant_id.startswith("open-")

    def _add(self, tenant: Tenant, registrations: Sequence[Registration]) -> None:
        keys = [(each.provider, each.credential) for each in registrations]
        self._open[tenant.id] = keys
        for key, registration in zip(keys, registrations, strict=True):
            self._known[key] = Caller(tenant, registration)
            self._evicted.pop(_digest(*key), None)
        if len(self._open) > self._max:
            oldest, keys = self._open.popitem(last=False)
            self._close(oldest, keys)
            self.evictions += 1
            self._evicted.update(dict.fromkeys(_digest(*key) for key in keys))
            while len(self._evicted) > EVICTED_PER_TENANT * self._max:
                self._evicted.popitem(last=False)

    def drop(self, tenant_id: str) -> None:
        """Close a tenant; its credentials are simply unknown again."""
        with self._lock:
            self._close(tenant_id, self._open.pop(tenant_id, []))

    def _close(self, tenant_id: str, keys: Sequence[tuple[str, str]]) -> None:
        for key in keys:
            del self._known[key]
        self._store.drop(tenant_id)

    def credentials(self, tenant_id: str) -> dict[str, str]:
        """Return one credential for each provider of a tenant that the seed or the control API made.

        Those by which strangers opened a tenant are theirs, and not shown.
        """
        found: dict[str, str] = {}
        if not tenant_id.startswith("open-"):
            made = [self._known[key].registration for key in self._open.get(tenant_id, [])]
            mine = [each for each in [*made, *self._registered.values()] if each.tenant == tenant_id]
            for each in sorted(mine, key=lambda each: (each.scopes is not None, each.account is not None)):
                found.setdefault(each.provider, each.credential)
        return found

    def snapshot(self) -> TenantsSnapshot:
        """Return every tenant as it is, and the credentials that lead to it."""
        with self._lock:
            tenants = [(tenant, tenant.snapshot()) for tenant in self._store]
            return TenantsSnapshot(tenants, dict(self._known), list(self._open.items()))

    def restore(self, snapshot: TenantsSnapshot) -> None:
        """Have just the tenants of a snapshot, as they were."""
        with self._lock:
            self._store.put_back(tenant for tenant, _ in snapshot.tenants)
            for tenant, kept in snapshot.tenants:
                tenant.restore(kept)
            self._known = dict(snapshot.known)
            self._open = OrderedDict(snapshot.open)

    def clear(self) -> None:
        """Be as at the start."""
        with self._lock:
            self._made = 0
            self._known.clear()
            self._open.clear()
            self._evicted.clear()
            self._store.clear()
            self.evictions = 0


def _digest(provider: str, credential: str) -> str:
    return hashlib.sha256(f"{provider}\0{credential}".encode()).hexdigest()
