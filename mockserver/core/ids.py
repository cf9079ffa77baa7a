"""Reproducible identifiers: the same id seed, tenant and requests give the same ones in any process."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Container, Mapping
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


def seed_id(name: str, write: Callable[[IdSeed], str], used: Container[str]) -> str:
    """Return an unused id for a record that has none in a seed: it depends on the name of the record.

    `write` returns an id in the provider's format, as for records that requests create.
    """
    salt = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    return next(found for number in itertools.count(1) if (found := write(IdSeed(number, salt))) not in used)


def find_id(reference: str, names: Mapping[str, str]) -> str:
    """Return the id of the record that a seed refers to, by its id or by its name; `names` are the names by id.

    A text that is neither, or the name of several records, is returned as it is.
    """
    if reference in names:
        return reference
    found = [each for each, name in names.items() if name == reference]
    return found[0] if len(found) == 1 else reference
