"""Reproducible identifiers: the same id seed, tenant and requests give the same ones in any process."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class IdSeed(NamedTuple):
    """The material of one new identifier; each provider writes it in its own format."""

    number: int
    """1, 2, 3, … within the tenant."""
    salt: str
    """64 hexadecimal characters that differ between tenants."""


class Ids:
    """The identifiers of one tenant. A request that fails does not use any up."""

    __slots__ = ("_salt", "issued")

    def __init__(self, salt: str, issued: int) -> None:
        self._salt = salt
        self.issued = issued
        """The number of identifiers so far."""

    def next(self) -> IdSeed:
        """Return the material of the next identifier."""
        self.issued += 1
        return IdSeed(self.issued, self._salt)


def tenant_salt(seed: str, tenant: str) -> str:
    """Return what makes the identifiers of a tenant differ from those of others."""
    return hashlib.sha256(f"{seed}\0{tenant}".encode()).hexdigest()
