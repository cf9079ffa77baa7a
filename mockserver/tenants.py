"""Who is calling: a credential is a tenant."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from re import Pattern

from .config import UnknownCredentials
from .store import MemoryStore, Tenant

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
        self._open: OrderedDict[tuple[str, str], Caller] = OrderedDict()
        self._evicted: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
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
        if self._unknown == "reject":
            return None
        with self._lock:
            caller = self._open.get(key)
            if caller is not None:
                self._open.move_to_end(key)
                return caller
            if not credential or (self._unknown == "well-formed" and not well_formed.fullmatch(credential)):
                return None
            digest = _digest(provider, credential)
            if digest in self._evicted:
                raise Evicted
            tenant = self._store.tenant(f"open-{digest[:16]}")
            caller = Caller(tenant, Registration(provider, credential, tenant.id))
            self._open[key] = caller
            if len(self._open) > self._max:
                self._evict()
            return caller

    def _evict(self) -> None:
        (provider, credential), caller = self._open.popitem(last=False)
        self._store.drop(caller.tenant.id)
        self.evictions += 1
        self._evicted[_digest(provider, credential)] = None
        if len(self._evicted) > EVICTED_PER_TENANT * self._max:
            self._evicted.popitem(last=False)


def _digest(provider: str, credential: str) -> str:
    return hashlib.sha256(f"{provider}\0{credential}".encode()).hexdigest()
