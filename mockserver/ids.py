"""Seeded identifiers: the same seed, tenant and calls draw the same ones, in any process."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Draw(NamedTuple):
    """The material of one new identifier; each provider writes it in its own format."""

    number: int
    """1, 2, 3, … within the tenant."""
    scope: str
    """64 hexadecimal characters that differ from tenant to tenant."""


class Ids:
    """Draws identifiers for one tenant, from a counter that a refused request leaves untouched."""

    __slots__ = ("drawn", "_scope")

    def __init__(self, scope: str, drawn: int) -> None:
        self._scope = scope
        self.drawn = drawn

    def draw(self) -> Draw:
        self.drawn += 1
        return Draw(self.drawn, self._scope)


def scope(seed: str, tenant: str) -> str:
    """Return what sets a tenant's identifiers apart, from the server's id seed and the tenant's id."""
    return hashlib.sha256(f"{seed}\0{tenant}".encode()).hexdigest()
