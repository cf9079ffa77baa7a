"""Who is calling: a credential is a tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from re import Pattern

from .clock import Clock
from .config import UnknownCredentials
from .store import Caller, Registration, State, Store, Taken, Tenant, digest


class Tenants:
    """Which credentials stand for which tenants, and which may open one of their own."""

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

    def caller(self, provider: str, credential: str, well_formed: Pattern[str]) -> Caller | None:
        """Return who a credential stands for, opening a tenant of its own if it may have one; None: nobody.

        Raises `Evicted` when its tenant was closed to make room.
        """
        registration = self._registered.get((provider, credential))
        if registration is not None:
            return Caller(self._store.tenant(registration.tenant), registration)
        caller = self._store.recall(provider, credential)
        if caller is not None:
            return caller
        if self._unknown == "reject":
            return None
        if not credential or (self._unknown == "well-formed" and not well_formed.fullmatch(credential)):
            return None
        return self._store.open(Registration(provider, credential, f"open-{digest(provider, credential)[:16]}"))

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant that is there, or one that the seed names."""
        tenant = self._store.get(tenant_id)
        if tenant is None and any(each.tenant == tenant_id for each in self._registered.values()):
            return self._store.tenant(tenant_id)
        return tenant

    def find(self, provider: str, credential: str) -> str | None:
        """Return the id of the tenant that a credential stands for, if that is open or the seed's."""
        registration = self._registered.get((provider, credential))
        return registration.tenant if registration is not None else self._store.find(provider, credential)

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

        def register(last: int, is_open: Callable[[str, str], bool]) -> tuple[int, Sequence[Registration]]:
            number, clash = last, None
            while True:
                number += 1
                if f"t{number}" in taken:
                    continue
                made = registrations(f"t{number}")
                known = self._clash(made, is_open)
                if known is None:
                    return number, made
                if known == clash:
                    raise Taken(*known)
                clash = known

        return self._store.create(register, seed, start)

    def _clash(
        self, registrations: Sequence[Registration], is_open: Callable[[str, str], bool]
    ) -> tuple[str, str] | None:
        """Return the first key that stands for a tenant already, or is given twice."""
        mine: set[tuple[str, str]] = set()
        for each in registrations:
            key = (each.provider, each.credential)
            if key in self._registered or key in mine or is_open(*key):
                return key
            mine.add(key)
        return None

    def is_made(self, caller: Caller) -> bool:
        """Say whether a caller's tenant was made by `create`; else it is the seed's, or opened by its first use."""
        registration = caller.registration
        key = (registration.provider, registration.credential)
        return not registration.tenant.startswith("open-") and key not in self._registered

    def credentials(self, tenant_id: str) -> dict[str, str]:
        """Return one credential for each provider of a tenant that the seed or the control API made.

        Those by which strangers opened a tenant are theirs, and not shown.
        """
        found: dict[str, str] = {}
        if not tenant_id.startswith("open-"):
            made = self._store.registrations(tenant_id)
            mine = [*made, *(each for each in self._registered.values() if each.tenant == tenant_id)]
            for each in sorted(mine, key=lambda each: (each.scopes is not None, each.account is not None)):
                found.setdefault(each.provider, each.credential)
        return found
