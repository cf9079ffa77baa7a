"""What a provider is to the rest of the server: its operations and a handful of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from re import Pattern
from types import ModuleType
from typing import Any, Literal, Protocol

from werkzeug.datastructures import Headers

from .errors import ApiError
from .profiles import Profile, Switch, switches
from .seed import Reader
from .web import Call, Reply

Situation = Literal[
    "no_credential", "unknown_credential", "not_found", "not_allowed", "too_large", "unmodelled", "crashed"
]
"""What a request can meet before, beside or instead of an operation."""

View = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the key of routes, journal, faults, coverage and contract."""

    id: str
    """The operationId of the provider's OpenAPI document."""
    method: str
    paths: tuple[str, ...]
    """Path templates `/v3/ips/{ip}`, the documented one first, then its aliases."""
    view: View
    scope: str | None
    """What a credential with limited rights needs, in the provider's words."""


class Routes(list[Operation]):
    """A provider's operations, collected by decorating the functions that answer them."""

    def operation(
        self, operation_id: str, method: str, path: str, *aliases: str, scope: str | None = None
    ) -> Callable[[View], View]:
        def register(view: View) -> View:
            self.append(Operation(operation_id, method, (path, *aliases), view, scope))
            return view

        return register


class Refuse(Protocol):
    """Says how a provider refuses a request that reached no operation, or broke one.

    `profile` is the tenant's; that of the server where nobody was recognised.
    """

    def __call__(self, situation: Situation, *, method: str, path: str, profile: Profile) -> ApiError: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, as the pipeline sees it."""

    name: str
    title: str
    hosts: tuple[str, ...]
    """The names of the provider's own hosts."""
    operations: tuple[Operation, ...]
    unmodelled: Mapping[str, Iterable[str]]
    """Methods by path template, of operations that the provider has and this server does not."""
    catalog: ModuleType
    read_seed: Reader
    settle: Callable[[Any, float], Any]
    """Return the state as it is at a time: itself, or a copy in which pending work that is due is done."""
    well_formed: Pattern[str]
    """What a credential looks like."""
    sample_credential: str
    credential: Callable[[Headers], str | None]
    """Find the credential in request headers; None when there is none in any form the provider takes."""
    admit: Callable[[Call], None]
    """Check that the caller may do this, and set the account it acts for; raises `ApiError`."""
    refuse: Refuse
    envelope: Callable[[ApiError], Reply]
    options: Callable[[str, str], Reply]
    """Answer OPTIONS on a known path, given the path and the value of `Allow`."""
    headers: Callable[[Call], Iterable[tuple[str, str]]]
    """Headers that every answer of the provider carries."""
    fault: Callable[[int, Call], ApiError]
    """Say a planned error of some status in the provider's own dialect, headers included."""
    rate_window: int | None
    """How long it counts what a credential asks of an operation, in seconds; None: it tells nobody."""
    new_credential: Callable[[str], str]
    """Make a well-formed credential of 64 hexadecimal characters."""
    authorization: Callable[[str], str]
    """Say a credential as the header `Authorization`."""
    environment: Callable[[str, str], Mapping[str, str]]
    """Name the environment variables that the provider's clients read, for a base URL and a credential."""
    phrase: Callable[[int], str]
    """What stands behind the status on the status line: several clients show it to their users."""

    @property
    def switches(self) -> Sequence[Switch]:
        """What a profile can turn on."""
        return switches(self.catalog)
