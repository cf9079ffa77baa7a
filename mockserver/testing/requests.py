"""The requests of a tenant, and assertions about them."""

from __future__ import annotations

import difflib
import itertools
import json
import pprint
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, overload
from urllib.parse import parse_qs

from ..core.suggestions import did_you_mean, did_you_mean_or_list
from .control_client import ControlClient, ControlError

if TYPE_CHECKING:
    from typing import Self, Unpack

MAX_COMPARED = 2_000
"""The maximum length of a value that is compared to find the closest request, in characters."""
MAX_REQUESTS = 1_000
"""The maximum number of requests that are read: the default size of a request log."""
MAX_SHOWN = 10
"""The maximum number of requests in the `repr` of a request log."""


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """The provider's error in a response."""

    key: str
    """The key in the provider's error catalog."""
    message: str
    kind: str
    """`documented`, `observed` or `assumed`."""
    source: str


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A request with a credential of the tenant, and its response."""

    id: str
    """The `X-Mockserver-Request-Id` of the response."""
    seq: int
    """1, 2, 3, … within the tenant, in order of processing."""
    time: datetime
    """The time by the tenant's clock, in UTC."""
    provider: str
    operation: str | None
    """`provider.operationId`; None if no operation matched."""
    method: str
    path: str
    """The decoded path, without the provider's prefix."""
    path_parameters: Mapping[str, str]
    query_string: str
    headers: tuple[tuple[str, str], ...]
    """Names and values in order; secrets are redacted to their last characters."""
    text: str
    """The body as UTF-8; invalid bytes are replaced."""
    account: str | None
    """The subaccount or subuser that the request acted for."""
    status: int | None
    """None if a planned fault closed the connection without a response."""
    response_text: str
    """The body of the response as UTF-8, at most 64 KiB of it, without credentials."""
    milliseconds: float
    """From the request to its response, without a planned delay after the operation."""
    error: ErrorRecord | None
    request_violations: tuple[str, ...]
    """How the request violates the OpenAPI document, whatever the response."""
    unused_fields: tuple[str, ...]
    """Query parameters and body fields that the operation ignored."""
    failure: str | None
    """Why no operation succeeded: `not_found`, `not_allowed`, `too_large`, `not_implemented` or `crashed`."""
    fault: str | None
    """The id of the planned fault that was applied."""
    stub: str | None
    """The id of the stub that the response is from."""
    response_violation: str | None
    """How the response violates the OpenAPI document: a bug in mockserver."""
    closest_operation: str | None
    """The most similar operation, if no operation matched."""

    @classmethod
    def _load(cls, data: Mapping[str, Any]) -> Self:
        """Return a request from JSON of the control API."""
        error = data["error"]
        return cls(
            id=data["id"],
            seq=data["seq"],
            time=datetime.fromisoformat(data["time"]),
            provider=data["provider"],
            operation=data["operation"],
            method=data["method"],
            path=data["path"],
            path_parameters=data["path_parameters"],
            query_string=data["query"],
            headers=tuple((name, value) for name, value in data["headers"]),
            text=data["body"],
            account=data["account"],
            status=data["status"],
            response_text=data["response_body"],
            milliseconds=data["milliseconds"],
            error=None if error is None else ErrorRecord(**error),
            request_violations=_violations(data["request_violations"]),
            unused_fields=tuple(data["unused_fields"]),
            failure=data["failure"],
            fault=data["fault"],
            stub=data["stub"],
            response_violation=data["response_violation"],
            closest_operation=data["closest_operation"],
        )

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is not valid JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def form(self) -> dict[str, str | list[str]]:
        """The fields of a form body in either encoding; the value of a repeated field is a list."""
        from ..web.bodies import parse_form

        fields = parse_form(self.text.encode(), self.header("Content-Type") or "")
        return _plain((name, fields.getlist(name)) for name in fields)

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The query parameters; the value of a repeated one is a list."""
        return _plain(parse_qs(self.query_string, keep_blank_values=True).items())

    def header(self, name: str) -> str | None:
        """Return the value of a header; names are case-insensitive."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def __str__(self) -> str:
        return _line(self)

    def __repr__(self) -> str:
        return f"<Request {self}>"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a request that may have been dropped from the request log. The fields are those of `Request`."""

    seq: int
    provider: str
    operation: str | None
    method: str
    path: str
    query_string: str
    status: int | None
    failure: str | None
    stub: str | None
    response_violation: str | None
    request_violations: tuple[str, ...]

    @classmethod
    def _load(cls, data: Mapping[str, Any]) -> Self:
        """Return a problem from JSON of the control API."""
        fields = {name: value for name, value in data.items() if name not in ("query", "request_violations")}
        return cls(**fields, query_string=data["query"], request_violations=_violations(data["request_violations"]))

    def __str__(self) -> str:
        return _line(self)


def _line(request: Request | Problem) -> str:
    query = f"?{request.query_string}" if request.query_string else ""
    stub = f"stub {request.stub}" if request.stub is not None else "no operation"
    what = request.operation or request.failure or stub
    status = request.status or "dropped"
    return f"#{request.seq} {request.method} /{request.provider}{request.path}{query} → {status} ({what})"


def _violations(data: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(f"{each['pointer']} ({each['rule']}): {each['value']!r}" for each in data)


def read_har(client: ControlClient, tenant_id: str, **filters: str) -> dict[str, Any]:
    """Return the requests of a tenant as an HTTP Archive; `filters` are those of the control API."""
    found: dict[str, Any] = client.request("GET", "tenants", tenant_id, "har", query=filters)
    before = found["log"].pop("_before")
    while before is not None:
        older = client.request("GET", "tenants", tenant_id, "har", query={**filters, "before": str(before)})
        found["log"]["entries"][:0] = older["log"]["entries"]
        before = older["log"]["_before"]
    return found


@dataclass(frozen=True, slots=True)
class UnmatchedRequest:
    """A request that belongs to no tenant."""

    id: str
    """The `X-Mockserver-Request-Id` of the response."""
    seq: int
    time: datetime
    provider: str | None
    """None if the path is below no provider."""
    operation: str | None
    """`provider.operationId`; None if no operation matched."""
    method: str
    path: str
    """The decoded path, with the prefix of the provider."""
    query_string: str
    host: str
    credential: str | None
    """The credential, redacted to its last characters."""
    status: int
    error: str | None
    """The key of the provider's error."""
    reason: str
    """Why it belongs to no tenant, and what to do."""

    @classmethod
    def _load(cls, data: Mapping[str, Any]) -> Self:
        """Return a request from JSON of the control API."""
        names = {name: data[name] for name in cls.__annotations__ if name in data}
        return cls(**{**names, "time": datetime.fromisoformat(data["time"]), "query_string": data["query"]})

    def __str__(self) -> str:
        query = f"?{self.query_string}" if self.query_string else ""
        return f"{self.method} {self.path}{query} → {self.status}: {self.reason}"


def _plain(items: Iterable[tuple[str, list[str]]]) -> dict[str, str | list[str]]:
    return {name: values[0] if len(values) == 1 else values for name, values in items}


class MatchOptions(TypedDict, total=False):
    """The values of a request to match. All are compared with `==`, so `unittest.mock.ANY` matches anything."""

    method: Any
    path: Any
    path_parameters: Any
    query: Any
    """All parameters."""
    json: Any
    """The complete body."""
    form: Any
    """All fields."""
    headers: Mapping[str, Any]
    """Only these headers; names are case-insensitive."""
    account: Any
    status: Any
    error: Any
    """The key of an error; True for any error, False for none."""


class RequestMatcher:
    """Matches requests by operation and values."""

    def __init__(self, operation: str | None, values: Mapping[str, Any], *, partly: bool = False) -> None:
        self.operation = operation
        self.partly = partly
        """Whether a query, a form or a JSON object may have more fields than expected."""
        self.values = {name: value for name, value in values.items() if name != "headers"}
        self.headers: Mapping[str, Any] = values.get("headers", {})

    def parts(self, request: Request) -> Iterator[tuple[str, Any, Any]]:
        """Yield the name, the expected and the actual value of each part."""
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

    def matches_operation(self, request: Request) -> bool:
        """Return whether the request is for the operation."""
        return self.counts(request.provider, request.operation)

    def counts(self, provider: str, operation: str | None) -> bool:
        """Return whether requests for an operation of a provider are for the operation."""
        return self.operation in (None, "*", operation, f"{provider}.*")

    @property
    def has_values(self) -> bool:
        """Whether anything but the operation is compared."""
        return bool(self.values or self.headers)

    def matches(self, request: Request) -> bool:
        return self.matches_operation(request) and all(
            expected == actual for _, expected, actual in self.parts(request)
        )

    def similarity(self, request: Request) -> tuple[bool, int, float, int]:
        """Return a sort key: the greater it is, the closer a request is to a match."""
        parts = list(self.parts(request))
        same = sum(expected == actual for _, expected, actual in parts)
        ratio = sum(
            difflib.SequenceMatcher(None, _pretty(expected)[:MAX_COMPARED], _pretty(actual)[:MAX_COMPARED]).ratio()
            for _, expected, actual in parts
        )
        return self.matches_operation(request), same, ratio, request.seq

    def difference(self, request: Request) -> str:
        """Return the lines that describe how a request differs."""
        lines = []
        if not self.matches_operation(request):
            lines += [f"  operation: expected {self.operation}, got {request.operation or 'none'}"]
        for name, expected, actual in self.parts(request):
            if expected == actual:
                continue
            wanted, got = _pretty(expected).splitlines(), _pretty(actual).splitlines()
            if len(wanted) == len(got) == 1:
                lines.append(f"  {name}: expected {wanted[0]}, got {got[0]}")
            else:
                lines.append(f"  {name} (- expected, + got):")
                lines += _diff(wanted, got)
        return "\n".join(lines)

    def __str__(self) -> str:
        values = {**self.values, **({"headers": self.headers} if self.headers else {})}
        text = ", ".join(f"{name}={value!r}" for name, value in values.items())
        return (self.operation or "any operation") + (f" with {text}" if text else "")


def _diff(wanted: list[str], got: list[str]) -> Iterator[str]:
    """Yield the lines of a diff with context. `ndiff` would take minutes for hundreds of similar lines."""
    for line in itertools.islice(difflib.unified_diff(wanted, got, lineterm=""), 2, None):
        if not line.startswith("@@"):
            yield f"    {line[0]} {line[1:]}"
        elif not line.startswith("@@ -1"):
            yield "      …"


def _pretty(value: object) -> str:
    """Return a value as text, in several lines for a line-by-line comparison."""
    if isinstance(value, dict | list):
        try:
            text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
            return text.encode(errors="backslashreplace").decode()  # lone surrogates cannot be printed
        except TypeError:  # not JSON, such as `unittest.mock.ANY`
            return pprint.pformat(value, width=40)
    return repr(value)


class RequestView(Sequence[Request]):
    """The newest 1,000 requests with credentials of a tenant, oldest first; all, or those to one provider.

    They are read from the server each time.
    """

    def __init__(
        self,
        client: ControlClient,
        tenant_id: str,
        operations: Callable[[], Iterable[str]],
        cleared: Counter[tuple[str, str | None]],
        provider: str | None,
    ) -> None:
        self._client = client
        self._tenant_id = tenant_id
        self._operations = operations
        self._cleared = cleared
        """The number of requests by provider and operation when the request log was cleared."""
        self._provider = provider
        """None for all providers."""

    @property
    def _filter(self) -> dict[str, str]:
        return {} if self._provider is None else {"provider": self._provider}

    @property
    def last(self) -> Request:
        """The newest request. Raises `IndexError` if no request came."""
        query = {"limit": "1", **self._filter}
        data = self._client.request("GET", "tenants", self._tenant_id, "requests", query=query)
        if not data["requests"]:
            raise IndexError(self._none())
        return Request._load(data["requests"][0])

    @property
    def call_count(self) -> int:
        """The number of requests since the request log was cleared, also of those that it has dropped."""
        requests, dropped = self._read()
        return self._total(self._matcher(None, {})) if dropped else len(requests)

    def _none(self, what: str = "no requests") -> str:
        return f"{what} to {self._provider or 'a provider'} with this tenant's credentials"

    def since(self, seq: int) -> list[Request]:
        """Return the requests with a greater `seq`."""
        return self._read(seq)[0]

    def _read(self, seq: int = 0) -> tuple[list[Request], int]:
        """Return the requests with a greater `seq`, and the number of requests that the request log has dropped."""
        found: list[Request] = []
        query = {"since": str(seq), **self._filter}
        while True:
            query["limit"] = str(MAX_REQUESTS - len(found))
            data = self._client.request("GET", "tenants", self._tenant_id, "requests", query=query)
            found[:0] = [Request._load(each) for each in data["requests"]]
            if not data["has_more"] or len(found) == MAX_REQUESTS:
                return found, data["dropped"]
            query["before"] = str(found[0].seq)

    def har(self) -> dict[str, Any]:
        """Return all requests in the request log as an HTTP Archive (HAR 1.2), without credentials."""
        return read_har(self._client, self._tenant_id)

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

    def __repr__(self) -> str:
        try:
            found = self.since(0)
        except ControlError as error:
            return f"<requests that cannot be read: {error}>"
        shown = [repr(request) for request in found[-MAX_SHOWN:]]
        return f"[{', '.join([f'… {len(found) - MAX_SHOWN} older'] * (len(found) > MAX_SHOWN) + shown)}]"

    def _counts(self) -> Counter[tuple[str, str | None]]:
        """Return the number of requests by provider and operation, whether or not they were dropped or cleared."""
        found: Counter[tuple[str, str | None]] = Counter()
        for each in self._client.request("GET", "tenants", self._tenant_id, "coverage")["counts"]:
            found[each["provider"], each["operation"]] += each["count"]
        return found

    def _total(self, matcher: RequestMatcher) -> int:
        """Return the number of requests for an operation since the request log was cleared."""
        return sum(count for key, count in (self._counts() - self._cleared).items() if matcher.counts(*key))

    def matching(self, operation: str | None = None, **values: Unpack[MatchOptions]) -> list[Request]:
        """Return the requests for an operation (`sendgrid.createIpPool`, `sendgrid.*`, None for any) with these values.

        Raises `ValueError` for an unknown operation, `TypeError` for an unknown name of a value.
        """
        matcher = self._matcher(operation, values)
        return [request for request in self.since(0) if matcher.matches(request)]

    def assert_called(
        self, operation: str | None = None, *, times: int | None = None, **values: Unpack[MatchOptions]
    ) -> list[Request]:
        """Assert that requests match, exactly `times` if it is given, and return them.

        The error message shows how the closest request differs.
        """
        __tracebackhide__ = True
        matcher = self._matcher(operation, values, partly=times == 0)
        requests, dropped = self._read()
        found = [request for request in requests if matcher.matches(request)]
        count = len(found)
        if dropped and times is not None:
            total = self._total(matcher)
            if not matcher.has_values:
                count, dropped = total, 0
            elif total == sum(map(matcher.matches_operation, requests)):  # only others were dropped
                dropped = 0
        if (found and times is None) or (count == times and not dropped):
            return found
        wanted = "at least 1 call" if times is None else f"{times} call{'' if times == 1 else 's'}"
        lines = [str(matcher), f"expected {wanted}, got {count}"]
        if dropped:
            lines.append(f"the count is incomplete: {dropped} older requests were dropped; call requests.clear() first")
        others = [request for request in requests if request not in found]
        if count > (times or 0):
            lines += ["", *(f"  {request}" for request in found)]
        elif others:
            closest = max(others, key=matcher.similarity)
            lines += ["", f"closest request: {closest}", matcher.difference(closest)]
        else:
            lines += ["", self._none("no other requests")]
        raise AssertionError("\n".join(lines))

    def assert_called_once(self, operation: str | None = None, **values: Unpack[MatchOptions]) -> list[Request]:
        """Assert that exactly one request matches, as `assert_called` with `times=1` does."""
        __tracebackhide__ = True
        return self.assert_called(operation, times=1, **values)

    def assert_not_called(self, operation: str | None = None, **values: Unpack[MatchOptions]) -> None:
        """Assert that no request matches; fields of `query`, `json` and `form` that are not named are ignored."""
        __tracebackhide__ = True
        self.assert_called(operation, times=0, **values)

    def _matcher(self, operation: str | None, values: Mapping[str, Any], *, partly: bool = False) -> RequestMatcher:
        __tracebackhide__ = True
        if self._provider is not None:
            operation = self._qualified(operation)
        if operation is not None:
            known = set(self._operations())
            known |= {"*", *(f"{name.partition('.')[0]}.*" for name in known)}
            if operation not in known:
                raise ValueError(f"unknown operation '{operation}'{did_you_mean(operation, known)}")
        for name in values:
            if name not in MatchOptions.__annotations__:
                suggestion = did_you_mean_or_list(name, MatchOptions.__annotations__)
                raise TypeError(f"unexpected argument '{name}'{suggestion}")
        return RequestMatcher(operation, values, partly=partly)

    def _qualified(self, operation: str | None) -> str:
        """Return the name of an operation of the provider: `createIpPool` is that of the provider."""
        name = operation or "*"
        provider, dot, _ = name.rpartition(".")
        if dot and provider != self._provider:
            raise ValueError(f"expected an operation of {self._provider}, got '{name}'")
        return name if dot else f"{self._provider}.{name}"


class Requests(RequestView):
    """The newest 1,000 requests with credentials of a tenant, oldest first. They are read from the server each time."""

    def __init__(self, client: ControlClient, tenant_id: str, operations: Callable[[], Iterable[str]]) -> None:
        super().__init__(client, tenant_id, operations, Counter(), None)

    def of(self, provider: str) -> RequestView:
        """Return the requests to a provider."""
        return RequestView(self._client, self._tenant_id, self._operations, self._cleared, provider)

    def clear(self) -> None:
        """Clear the request log. The state does not change."""
        counts = self._counts()
        self._client.request("DELETE", "tenants", self._tenant_id, "requests")
        self._cleared.clear()
        self._cleared.update(counts)
