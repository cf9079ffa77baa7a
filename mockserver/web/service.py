"""A provider's real service: the requests that `mockserver drift` sends to it, and how to read an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

JsonRequest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A request of a script. Its path and its body may have the variables of the run in braces.

    `{name}`, `{renamed}` and `{missing}` are names of pools that begin alike: that of the run's own pool, the one it
    is renamed to, and one that no pool has. Other variables are learnt from responses.
    """

    name: str
    """A short description, which identifies it."""
    method: str
    path: str
    json: JsonRequest | None = None
    form: Mapping[str, str] | None = None
    learns: Mapping[str, str] = field(default_factory=dict)
    """Variables by JSON pointers into the response: `{"pool": "/results/id"}`. A request without its variables is
    skipped."""


class Getter(Protocol):
    """Sends GET requests to an account."""

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON of a response. Raises an error if the status is not 200."""

    def find(self, path: str, **query: object) -> Any:
        """Return the JSON of a response; None if the account has no access to it, or no such thing: 401, 403 or 404."""


@dataclass(frozen=True, slots=True)
class Service:
    """A real service.

    The values of a field are data of an account, and replaced by synthetic ones, unless the name of the field is in
    `stable`. Those of `identifiers` have to differ or agree as recorded; of other fields only the type is compared.
    """

    base_url: str
    reads: Sequence[str]
    """The paths that `read` and `pools` may request, with parameters in braces."""
    read: Callable[[Getter], dict[str, Any]]
    """Return a section of a seed with the account's data."""
    pools: Callable[[Getter], Mapping[str, str]]
    """Return the names of the account's pools by what addresses them in paths."""
    delete_pool: str
    """The path of a DELETE of `{pool}`."""
    probes: Sequence[ScriptRequest]
    """Requests without a credential: one for each of 401, 404 and 405."""
    script: Sequence[ScriptRequest]
    """Requests that create, read, rename and delete pools of their own, and read the account."""
    stable: frozenset[str]
    """Names of fields whose values belong to the API: messages, states, settings."""
    identifiers: frozenset[str]
    """Names of fields that identify records."""
    kept: str = r"(?!)"
    """A regular expression of the parts of values that are the same for every account."""
    pool_limit: int | None = None
    """The maximum number of pools of an account, if it is known."""


def pages(
    getter: Getter, path: str, items: Callable[[Any], Sequence[Any]], size: int, **query: object
) -> Iterator[Any]:
    """Yield the items of a list whose pages have `limit` and `offset`."""
    offset = 0
    while True:
        found = items(getter.get(path, limit=size, offset=offset, **query))
        yield from found
        offset += size
        if len(found) < size:
            return


def with_query(path: str, query: Mapping[str, object]) -> str:
    """Return a path with a query."""
    return f"{path}?{urlencode(query)}" if query else path
