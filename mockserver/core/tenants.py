"""Authentication: credentials, and the tenants that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from re import Pattern
from typing import Literal

from .clock import Clock
from .config import UnknownCredentials
from .store import OPEN, Caller, CredentialInUse, NewTenant, Registration, State, Store, Tenant

MAX_CREDENTIAL = 1_000
"""The length of the longest credential, in characters. Each is kept for as long as its tenant."""

Unmatched = Literal["malformed", "rejected", "too_long"]


class Tenants:
    """Finds the tenant of a credential, and creates one for an unknown credential if it may have one."""

    def __init__(
        self,
        store: Store,
        registrations: Mapping[tuple[str, str], Registration],
        *,
        unknown: UnknownCredentials,
    ) -> None:
        self._store = store
        self._registered = registrations
        self._unknown = unknown
        self._seeded: dict[str, tuple[str, ...]] = {}
        """The credentials of the seed, by tenant."""
        for each in registrations.values():
            self._seeded[each.tenant] = (*self._seeded.get(each.tenant, ()), each.credential)

    def caller(self, provider: str, credential: str, well_formed: Pattern[str], region: str | None) -> Caller | None:
        """Return the caller of a credential; None if it is unknown and may have no tenant of its own.

        The account of a new tenant is in the region that the request was sent to.

        Raises `TenantEvicted`.
        """
        if (provider, credential) in self._registered:
            return self.known_caller(provider, credential)
        if self._unknown == "reject" or not 0 < len(credential) <= MAX_CREDENTIAL:
            return self._store.lookup(provider, credential)
        if self._unknown == "well-formed" and not well_formed.fullmatch(credential):
            return self._store.lookup(provider, credential)
        return self._store.open(provider, credential, region)

    def known_caller(self, provider: str, credential: str) -> Caller | None:
        """Return the caller of a credential that has a tenant. Raises `TenantEvicted`."""
        registration = self._registered.get((provider, credential))
        if registration is not None:
            return self._store.seed_caller(registration)
        return self._store.lookup(provider, credential)

    def is_taken(self, caller: Caller, credential: str) -> bool:
        """Return, in a transaction of a caller, whether a credential of its provider belongs to another tenant."""
        key = (caller.registration.provider, credential)
        registration = self._registered.get(key)
        owner = registration.tenant if registration is not None else self._store.find_in_transaction(*key)
        return owner not in (None, caller.tenant.id)

    def reason_unknown(self, credential: str, well_formed: Pattern[str]) -> Unmatched:
        """Return why a credential without a tenant gets none of its own."""
        if len(credential) > MAX_CREDENTIAL:
            return "too_long"
        is_malformed = self._unknown == "well-formed" and not well_formed.fullmatch(credential)
        return "malformed" if is_malformed else "rejected"

    def secrets(self, caller: Caller) -> tuple[str, ...]:
        """Return the credentials of a caller's tenant: its own, those of the seed, and others that the store has."""
        own, tenant_id = caller.registration.credential, caller.tenant.id
        seeded, local = self._seeded.get(tenant_id, ()), self._store.local_credentials(tenant_id)
        found = (*seeded, *local) if local else seeded
        return found if own in found else (own, *found)

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant that exists, or one of the seed."""
        tenant = self._store.get(tenant_id)
        if tenant is None and any(each.tenant == tenant_id for each in self._registered.values()):
            return self._store.tenant(tenant_id)
        return tenant

    def find(self, provider: str, credential: str) -> str | None:
        """Return the id of the tenant of a credential, if there is one."""
        registration = self._registered.get((provider, credential))
        return registration.tenant if registration is not None else self._store.find(provider, credential)

    def create(
        self,
        registrations: Callable[[str], Sequence[Registration]],
        seed: Mapping[str, State] | None,
        start: Clock,
        *,
        is_strict: bool = False,
    ) -> Tenant:
        """Create a tenant with the next number, with the credentials that `registrations` returns for that id.

        If a generated credential is in use (a client kept a key across a restart), that number is skipped. Raises
        `CredentialInUse`, and creates nothing, if a credential that does not depend on the number is in use.
        """
        seed_tenants = {each.tenant for each in self._registered.values()}

        def register(last: int, is_open: Callable[[str, str], bool]) -> NewTenant:
            number, last_in_use = last, None
            while True:
                number += 1
                tenant_id = self._store.tenant_id(number)
                if tenant_id in seed_tenants:
                    continue
                new = registrations(tenant_id)
                in_use = self._in_use(new, is_open)
                if in_use is None:
                    return NewTenant(number, tenant_id, new)
                if in_use == last_in_use:
                    raise CredentialInUse(*in_use)
                last_in_use = in_use

        return self._store.create(register, seed, start, is_strict=is_strict)

    def _in_use(
        self, registrations: Sequence[Registration], is_open: Callable[[str, str], bool]
    ) -> tuple[str, str] | None:
        """Return the first credential that is in use, or occurs twice in `registrations`."""
        new: set[tuple[str, str]] = set()
        for each in registrations:
            key = (each.provider, each.credential)
            if key in self._registered or key in new or is_open(*key):
                return key
            new.add(key)
        return None

    def is_made(self, caller: Caller) -> bool:
        """Return whether a tenant was created by `create`, and not by the seed or by its first request."""
        registration = caller.registration
        key = (registration.provider, registration.credential)
        return not registration.tenant.startswith(OPEN) and key not in self._registered

    def credentials(self, tenant_id: str) -> dict[str, str]:
        """Return one credential for each provider of a tenant of the seed or of the control API.

        The credential of a tenant that was created by its first request is not shown.
        """
        found: dict[str, str] = {}
        if not tenant_id.startswith(OPEN):
            own = self._store.registrations(tenant_id)
            registrations = [*own, *(each for each in self._registered.values() if each.tenant == tenant_id)]
            for each in sorted(registrations, key=lambda each: (each.scopes is not None, each.account is not None)):
                found.setdefault(each.provider, each.credential)
        return found
