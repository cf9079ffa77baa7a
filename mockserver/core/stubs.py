"""Stubs: the responses of a tenant to operations that are not implemented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stub:
    """The response to an operation of a provider."""

    id: str
    provider: str
    method: str
    path: str
    """The path; a segment `{name}` matches any."""
    status: int
    headers: Iterable[tuple[str, str]] = ()
    body: str | None = None

    @property
    def segments(self) -> list[str | None]:
        """The segments of its path; None for any."""
        return [None if part.startswith("{") else part for part in _split(self.path)]

    def matches(self, provider: str, method: str, path: str) -> bool:
        """Return whether a request is for the operation. One slash at the end of its path is ignored."""
        own, sent = self.segments, _split(path)
        return (
            (self.provider, self.method, len(own)) == (provider, method, len(sent))
            and all(each is None or each == other for each, other in zip(own, sent, strict=True))
        )  # fmt: skip


def _split(path: str) -> list[str]:
    return path.removesuffix("/").split("/")


@dataclass(frozen=True, slots=True)
class Stubs:
    """The stubs of a tenant in order of creation. They never change in place."""

    items: tuple[Stub, ...] = ()
    created: int = 0
    """The number of stubs ever created."""

    def add(
        self,
        provider: str,
        method: str,
        path: str,
        status: int,
        headers: Iterable[tuple[str, str]] = (),
        body: str | None = None,
    ) -> Stubs:
        """Return the stubs with a new one at the end, which replaces one for the same requests."""
        created = self.created + 1
        new = Stub(f"s{created}", provider, method, path, status, headers, body)
        others = [
            each
            for each in self.items
            if (each.provider, each.method, each.segments) != (provider, method, new.segments)
        ]
        return Stubs((*others, new), created)

    def without(self, stub_id: str) -> Stubs:
        """Return the stubs without one of them."""
        return Stubs(tuple(each for each in self.items if each.id != stub_id), self.created)

    def get(self, stub_id: str) -> Stub | None:
        return next((each for each in self.items if each.id == stub_id), None)

    def find(self, provider: str, method: str, path: str) -> Stub | None:
        """Return the stub for a request: the one with the most fixed segments, of several the newest."""
        found = [each for each in self.items if each.matches(provider, method, path)]
        return max(reversed(found), key=lambda each: -each.segments.count(None), default=None)

    def __iter__(self) -> Iterator[Stub]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
