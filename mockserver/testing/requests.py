"""The requests of one tenant as a test reads them, and what it may claim about them."""

from __future__ import annotations

import difflib
import itertools
import json
import pprint
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, overload
from urllib.parse import parse_qs

from .control_client import ControlClient

if TYPE_CHECKING:
    from typing import Self, Unpack

ALIKE = 2_000
"""How much of a value is looked at to find the closest request, in characters."""
KEPT = 1_000
"""How many requests are asked for: as many as a journal keeps."""


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """Why a request was refused."""

    key: str
    """The entry's name in the list of refusals, without the provider."""
    message: str
    kind: str
    """`documented`, `observed` or `assumed`."""
    source: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request that a tenant's credential made, and what became of it."""

    id: str
    """As in `X-Mockserver-Request-Id` of the answer."""
    seq: int
    """1, 2, 3, … within the tenant, in the order in which they were dealt with."""
    time: datetime
    """By the tenant's clock, in UTC."""
    provider: str
    operation: str | None
    """`provider.operationId`; None when no operation was reached."""
    method: str
    path: str
    """Without the provider's prefix, decoded."""
    path_parameters: Mapping[str, str]
    query_string: str
    headers: tuple[tuple[str, str], ...]
    """Secrets are cut to their last characters."""
    text: str
    """The body, read as UTF-8."""
    account: str | None
    """The subaccount or subuser that it acted for."""
    status: int | None
    """None if a planned fault closed the connection without a response."""
    """0 when a planned fault dropped the connection."""
    error: ErrorRecord | None
    request_violations: tuple[str, ...]
    """How it breaks the provider's contract, whether or not it was refused for that."""
    unused_fields: tuple[str, ...]
    """Query parameters and body fields that nothing looked at."""
    failure: str | None
    """What it met instead of an operation: `not_found`, `not_allowed`, `too_large`, `not_implemented`, `crashed`."""
    fault: str | None
    """Id of the planned fault that struck."""
    response_violation: str | None
    """How the answer broke the server's own contract: a mistake of the server."""
    closest_operation: str | None
    """For a request that reached no operation, the one that it is most like."""

    @classmethod
    def _read(cls, payload: Mapping[str, Any]) -> Self:
        """Return the request that the control API tells."""
        error = payload["error"]
        return cls(
            id=payload["id"],
            seq=payload["seq"],
            time=datetime.fromisoformat(payload["time"]),
            provider=payload["provider"],
            operation=payload["operation"],
            method=payload["method"],
            path=payload["path"],
            path_parameters=payload["path_parameters"],
            query_string=payload["query"],
            headers=tuple((name, value) for name, value in payload["headers"]),
            text=payload["body"],
            account=payload["account"],
            status=payload["status"],
            error=None if error is None else ErrorRecord(**error),
            request_violations=tuple(
                f"{each['pointer']} ({each['rule']}): {each['value']!r}" for each in payload["request_violations"]
            ),
            unused_fields=tuple(payload["unused_fields"]),
            failure=payload["failure"],
            fault=payload["fault"],
            response_violation=payload["response_violation"],
            closest_operation=payload["closest_operation"],
        )

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def form(self) -> dict[str, str | list[str]]:
        """The body's fields when it is a form, in either encoding; a list where a field is repeated."""
        from ..web.bodies import parse_form

        fields = parse_form(self.text.encode(), self.header("Content-Type") or "")
        return _plain((name, fields.getlist(name)) for name in fields)

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The query's parameters; a list where one is repeated."""
        return _plain(parse_qs(self.query_string, keep_blank_values=True).items())

    def header(self, name: str) -> str | None:
        """Return a header, its name in any case."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def __str__(self) -> str:
        query = f"?{self.query_string}" if self.query_string else ""
        what = self.operation or self.failure or "no operation"
        return f"#{self.seq} {self.method} /{self.provider}{self.path}{query} → {self.status or 'dropped'} ({what})"


def _plain(items: Iterable[tuple[str, list[str]]]) -> dict[str, str | list[str]]:
    return {name: values[0] if len(values) == 1 else values for name, values in items}


class MatchOptions(TypedDict, total=False):
    """What a test may say of a request. All are compared with `==`, so `unittest.mock.ANY` fits anything."""

    method: Any
    path: Any
    path_parameters: Any
    query: Any
    """The whole of it."""
    json: Any
    """The whole of it."""
    form: Any
    """The whole of it."""
    headers: Mapping[str, Any]
    """Those that are named; the names in any case."""
    account: Any
    status: Any
    error: Any
    """An entry's key, or whether there was a refusal."""


class RequestMatcher:
    """What a test says of a request: its operation and values."""

    def __init__(self, operation: str | None, values: Mapping[str, Any], *, partly: bool = False) -> None:
        self.operation = operation
        self.partly = partly
        """Whether a query, a form and a JSON object fit that have more fields than are named."""
        self.values = {name: value for name, value in values.items() if name != "headers"}
        self.headers: Mapping[str, Any] = values.get("headers", {})

    def parts(self, request: Request) -> Iterator[tuple[str, Any, Any]]:
        """Yield what is claimed: its name, the expected and the actual value."""
        for name, expected in self.values.items():
            actual = getattr(request, name)
            if name == "error":
                actual = actual and actual.key
                if isinstance(expected, bool):
                    actual = actual is not None
            if self.partly and isinstance(expected, Mapping) and isinstance(actual, Mapping):
                actual = {field: value for field, value in actual.items() if field in expected}
            yield name, expected, actual
        for name, expected in self.headers.items():
            yield f"header {name}", expected, request.header(name)

    def reaches(self, request: Request) -> bool:
        """Say whether the request is of the operation."""
        if self.operation in (None, "*", request.operation):
            return True
        return self.operation == f"{request.provider}.*"

    def fits(self, request: Request) -> bool:
        return self.reaches(request) and all(expected == actual for _, expected, actual in self.parts(request))

    def similarity(self, request: Request) -> tuple[bool, int, float, int]:
        """Return how much a request is like the one that is claimed; more is more."""
        parts = list(self.parts(request))
        same = sum(expected == actual for _, expected, actual in parts)
        ratio = sum(
            difflib.SequenceMatcher(None, _shown(expected)[:ALIKE], _shown(actual)[:ALIKE]).ratio()
            for _, expected, actual in parts
        )
        return self.reaches(request), same, ratio, request.seq

    def difference(self, request: Request) -> str:
        """Say what of a request is not as claimed, line by line."""
        lines = []
        if not self.reaches(request):
            lines += [f"  operation: expected {self.operation}, got {request.operation or 'none'}"]
        for name, expected, actual in self.parts(request):
            if expected == actual:
                continue
            wanted, got = _shown(expected).splitlines(), _shown(actual).splitlines()
            if len(wanted) == len(got) == 1:
                lines.append(f"  {name}: expected {wanted[0]}, got {got[0]}")
            else:
                lines.append(f"  {name} (- expected, + got):")
                lines += _compared(wanted, got)
        return "\n".join(lines)

    def __str__(self) -> str:
        values = {**self.values, **({"headers": self.headers} if self.headers else {})}
        claimed = ", ".join(f"{name}={value!r}" for name, value in values.items())
        return (self.operation or "any operation") + (f" with {claimed}" if claimed else "")


def _compared(wanted: list[str], got: list[str]) -> Iterator[str]:
    """Yield what differs, and some lines around it; not by `ndiff`, which takes minutes for some hundred like lines."""
    for line in itertools.islice(difflib.unified_diff(wanted, got, lineterm=""), 2, None):
        if not line.startswith("@@"):
            yield f"    {line[0]} {line[1:]}"
        elif not line.startswith("@@ -1"):
            yield "      …"


def _shown(value: object) -> str:
    """Return a value over as many lines as a comparison line by line needs."""
    if isinstance(value, dict | list):
        try:
            text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
            return text.encode(errors="backslashreplace").decode()  # half a character cannot be printed, nor sent
        except TypeError:  # something that compares but is no JSON, such as `unittest.mock.ANY`
            return pprint.pformat(value, width=40)
    return repr(value)


class Requests(Sequence[Request]):
    """What a tenant's credentials asked of the providers, the oldest first; the newest 1,000, read anew each time."""

    def __init__(self, client: ControlClient, tenant_id: str, operations: Callable[[], Iterable[str]]) -> None:
        self._client = client
        self._tenant_id = tenant_id
        self._operations = operations

    def since(self, seq: int) -> list[Request]:
        """Return the requests after the one of some `seq`."""
        return self._read(seq)[0]

    def _read(self, seq: int = 0) -> tuple[list[Request], int]:
        """Return the requests after one, and how many older ones the server dropped to make room."""
        query = {"limit": str(KEPT), "since": str(seq)}
        answer = self._client.request("GET", "tenants", self._tenant_id, "requests", query=query)
        return [Request._read(payload) for payload in answer["requests"]], answer["dropped"]

    @overload
    def __getitem__(self, index: int) -> Request: ...

    @overload
    def __getitem__(self, index: slice) -> list[Request]: ...

    def __getitem__(self, index: int | slice) -> Request | list[Request]:
        return self.since(0)[index]

    def __iter__(self) -> Iterator[Request]:
        return iter(self.since(0))

    def __len__(self) -> int:
        return len(self.since(0))

    def clear(self) -> None:
        """Forget them; whatever they did stays done."""
        self._client.request("DELETE", "tenants", self._tenant_id, "requests")

    def matching(self, operation: str | None = None, **values: Unpack[MatchOptions]) -> list[Request]:
        """Return the requests of an operation (`sendgrid.createIpPool`, `sendgrid.*`, any) with these values.

        Raises `ValueError` when there is no such operation, `TypeError` when there is no such value.
        """
        claim = self._claim(operation, values)
        return [request for request in self.since(0) if claim.fits(request)]

    def assert_called(
        self, operation: str | None = None, *, times: int | None = None, **values: Unpack[MatchOptions]
    ) -> list[Request]:
        """Assert that there were such requests, some or just so many, and return them.

        The error tells how the closest request differs.
        """
        __tracebackhide__ = True
        claim = self._claim(operation, values, partly=times == 0)
        made, dropped = self._read()
        found = [request for request in made if claim.fits(request)]
        if (found and times is None) or (len(found) == times and not dropped):
            return found
        wanted = "at least once" if times is None else _times(times)
        lines = [f"expected {claim}", f"{wanted}, but it was called {_times(len(found))}"]
        if dropped:
            lines.append(f"and {dropped} older requests were dropped, so nobody knows; requests.clear() starts anew")
        others = [request for request in made if request not in found]
        if len(found) > (times or 0):
            lines += ["", *(f"  {request}" for request in found)]
        elif others:
            closest_operation = max(others, key=claim.similarity)
            lines += ["", f"closest request: {closest_operation}", claim.difference(closest_operation)]
        else:
            lines += ["", "no other request was made with this tenant's credentials"]
        raise AssertionError("\n".join(lines))

    def assert_not_called(self, operation: str | None = None, **values: Unpack[MatchOptions]) -> None:
        """Assert that there was no such request: none with at least the named fields of `query`, `json` and `form`."""
        __tracebackhide__ = True
        self.assert_called(operation, times=0, **values)

    def _claim(self, operation: str | None, values: Mapping[str, Any], *, partly: bool = False) -> RequestMatcher:
        __tracebackhide__ = True
        if operation is not None:
            known = set(self._operations())
            known |= {"*", *(f"{name.partition('.')[0]}.*" for name in known)}
            if operation not in known:
                (near,) = difflib.get_close_matches(operation, sorted(known), n=1, cutoff=0)
                raise ValueError(f"there is no operation '{operation}'; the closest is '{near}'")
        for name in values:
            if name not in MatchOptions.__annotations__:
                raise TypeError(
                    f"a request has no '{name}' to compare; there is {', '.join(MatchOptions.__annotations__)}"
                )
        return RequestMatcher(operation, values, partly=partly)


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")
