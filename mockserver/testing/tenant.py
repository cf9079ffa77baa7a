"""Clients of a server and its tenants: `Server`, `Tenant`, `run_server`."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from urllib.parse import urlsplit

from ..core.profiles import parse_setting
from ..core.suggestions import did_you_mean_or_list
from . import report
from .control_client import ControlClient, ControlError
from .in_process import InProcessClient, wsgi_adapter, wsgi_transport
from .intercept import intercept_with
from .outbox import Outbox
from .requests import Problem, Requests, RequestView, UnmatchedRequest

if TYPE_CHECKING:
    import smtplib
    from types import ModuleType, TracebackType
    from typing import Self, Unpack

    from flask import Flask

    from ..core.config import Config, JobDelay
    from ..core.profiles import ProfileSetting
    from ..core.seed import SeedSection
    from .coverage import Coverage

Seed = str | os.PathLike[str] | Mapping[str, Any]
"""A packaged seed (`default`, `empty`, `documents#NAME`), a YAML file, maybe with `#NAME`, or a seed as a mapping."""
Time = datetime | str
"""A time; a string is RFC 3339."""
PACKAGED = ("default", "empty", "documents")
__tracebackhide__ = True
"""Hides this module in tracebacks of pytest."""


class FaultOptions(TypedDict, total=False):
    """The options of a planned fault."""

    kind: Literal["error", "delay", "drop", "truncate", "timeout"]
    status: int
    error: str
    """The key of an error that the operation can return, instead of a status."""
    headers: Mapping[str, str]
    body: str
    """The body of the response, valid JSON or not."""
    json: Any
    """The body of the response as JSON."""
    times: int
    skip: int
    when: Literal["before", "after"]
    delay_seconds: float


class StubOptions(TypedDict, total=False):
    """The response of a stub."""

    status: int
    headers: Mapping[str, str]
    body: str
    """The body of the response, as text."""
    json: Any
    """The body of the response as JSON."""


class TenantOptions(TypedDict, total=False):
    """The options of a new tenant."""

    seed: Seed
    profile: ProfileSetting
    """The profile: `live`, or `{"sendgrid": "live"}`, or with switches,
    `{"sendgrid": {"profile": "documented", "switches": {…: True}}}`."""
    job_delay: JobDelay
    """The delay of the providers' asynchronous work after its response, in seconds, or `manual`: until
    `run_pending_jobs()`."""
    clock: Time | Mapping[str, Any]
    """The initial time, or `{"now": …, "frozen": …}`."""
    faults: Sequence[Mapping[str, Any]]
    """Planned faults, with the arguments of `Faults.add`."""
    region: str
    """The region of its accounts, `us` or `eu`; providers that have no accounts there ignore it."""
    stubs: Sequence[Mapping[str, Any]]
    """Stubs, with the arguments of `Stubs.add`."""
    credentials: Mapping[str, str]
    """API keys by provider."""
    strict: bool
    """Whether a request that violates the OpenAPI document is a problem."""


class Authorization:
    """An `auth` argument for requests and httpx that adds the headers of a credential."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: Any) -> Any:
        request.headers.update(self._headers)
        return request


@dataclass(frozen=True, slots=True)
class SmtpAccess:
    """Where and how to log in over SMTP at a provider for a tenant."""

    host: str
    port: int | None
    """The port that starts in the clear; None without one."""
    tls_port: int | None
    """The port that starts with TLS; None without one."""
    starttls: bool
    """Whether `port` offers STARTTLS."""
    user: str
    password: str = field(repr=False)

    def connect(self, timeout: float = 10.0) -> smtplib.SMTP:
        """Return a client that is connected and logged in: `with access.connect() as client: …`.

        It uses TLS if the server has it, and does not verify the certificate.
        """
        import smtplib
        import ssl

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.port is None:
            client: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.tls_port or 0, timeout=timeout, context=context)
        else:
            client = smtplib.SMTP(self.host, self.port, timeout=timeout)
        try:
            if self.starttls:
                client.starttls(context=context)
            client.login(self.user, self.password)
        except BaseException:
            client.close()
            raise
        return client


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """The URL and credentials of a provider for a tenant."""

    name: str
    api_key: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """The headers that authenticate a request."""
    profile: str
    """The profile: `documented` or `live`."""
    switches: Mapping[str, bool] = field(repr=False)
    """Whether each switch is on."""
    region: str | None
    """The region of `url`; None if the provider has no regions."""
    requests: RequestView = field(repr=False)
    """The requests to the provider. Its operations need no prefix here: `assert_called_once("createIpPool")`."""
    outbox: Outbox = field(repr=False)
    """The messages that the provider accepted."""
    _located: Callable[[str], str] = field(repr=False)
    """Returns a URL with the server's address."""
    _url: str = field(repr=False)
    _root_url: str | None = field(repr=False)
    _env: Mapping[str, str] = field(repr=False)
    _regions: Mapping[str, Mapping[str, str]] = field(repr=False)
    """The URLs of the regions that serve the key, `url` and maybe `root_url`, by region."""
    _smtp: Callable[[str, str | None], Mapping[str, Any]] = field(repr=False)
    """Returns the access over SMTP at a region of a provider."""

    @property
    def url(self) -> str:
        """The base URL, to which the paths of the provider are appended."""
        return self._located(self._url)

    @property
    def root_url(self) -> str | None:
        """The URL of the provider's own port, if it has one."""
        return None if self._root_url is None else self._located(self._root_url)

    @property
    def smtp(self) -> SmtpAccess:
        """The access over SMTP: `host`, `port`, `user`, `password`, and `connect()` for a client of smtplib.

        A server in this process starts its SMTP ports when this is first used. Raises `RuntimeError` if a running
        server has no SMTP port for the provider, or if the account has no login in the region.
        """
        return SmtpAccess(**self._smtp(self.name, self.region))

    @property
    def env(self) -> Mapping[str, str]:
        """The environment variables that the provider's clients read."""
        return {name: self._located(value) for name, value in self._env.items()}

    @property
    def regions(self) -> Sequence[str]:
        """The regions that serve the key."""
        return list(self._regions)

    def at(self, region: str) -> ProviderAccess:
        """Return the access to a region with the same key. Raises `ValueError` if the region does not serve it."""
        if region not in self._regions:
            served = ", ".join(self._regions) or "none"
            raise ValueError(
                f"{self.name}: the region '{region}' does not serve the key: expected one of {served}; "
                f"a tenant with region='{region}' has a key of its own"
            )
        urls = self._regions[region]
        env = {name: value.replace(self._url, urls["url"]) for name, value in self._env.items()}
        return replace(self, region=region, _url=urls["url"], _root_url=urls.get("root_url"), _env=env)

    @property
    def eu(self) -> ProviderAccess:
        """The access to the region `eu` with the same key. Raises `ValueError` if the region does not serve it."""
        return self.at("eu")

    @property
    def auth(self) -> tuple[str, str] | Authorization:
        """The `auth` argument of requests and httpx: user and password if the provider uses Basic auth."""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        if scheme != "Basic":
            return Authorization(self.headers)
        user, _, password = base64.b64decode(rest).decode().partition(":")
        return user, password


class Fault:
    """A planned fault. A context manager that deletes it."""

    def __init__(self, call: Callable[..., dict[str, Any]], data: Mapping[str, Any]) -> None:
        self._call = call
        self.id: str = data["id"]
        self.operation: str = data["operation"]
        self.kind: str = data["kind"]
        self.status: int | None = data["status"]
        self.error: str | None = data["error"]
        self.times: int = data["times"]
        self._last: dict[str, Any] | None = None
        """What it was when it was deleted."""

    def _data(self) -> dict[str, Any]:
        return self._last or self._call("GET", "faults", self.id)

    @property
    def applied(self) -> int:
        """The number of requests that it was applied to."""
        return int(self._data()["applied"])

    @property
    def remaining(self) -> int:
        """The number of requests that it will still apply to."""
        return int(self._data()["remaining"])

    @property
    def completed(self) -> bool:
        """Whether it was applied as often as planned."""
        return bool(self._data()["completed"])

    def remove(self) -> None:
        """Delete it. Its progress can still be read."""
        self._last = self._data()
        self._call("DELETE", "faults", self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _ignoring_missing():
            self.remove()

    def __repr__(self) -> str:
        status = f" {self.status}" if self.status is not None else ""
        name = f" {self.error}" if self.error is not None else ""
        return f"<Fault {self.id}: {self.kind}{status}{name} on {self.operation}>"


class Faults:
    """The planned faults of a tenant, in order of creation."""

    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def add(self, operation: str, **plan: Unpack[FaultOptions]) -> Fault:
        """Plan a fault for an operation, for all of a provider (`sendgrid.*`) or for all (`*`).

        The kind `error`, the default, returns `status` (503) in the provider's error format, the error with the key
        `error`, or `body` or `json`, with `headers`. `delay` waits `delay_seconds` first; `drop` closes the connection;
        `timeout` does so when the client has given up, or after `delay_seconds` (60); `truncate` sends half of the
        response, and is always `after`. The fault is applied to `times` requests (1) after skipping `skip` (0),
        `before` the operation, which is then not executed, or `after` it is committed. The fault is a context manager
        that deletes it. Raises `ControlError` for an invalid fault.
        """
        _check_arguments(plan, FaultOptions)
        return Fault(self._call, self._call("POST", "faults", body={"operation": operation, **plan}))

    def clear(self) -> None:
        """Delete all faults."""
        self._call("DELETE", "faults")

    def unused(self) -> list[str]:
        """Return descriptions of the faults that were not applied as often as planned."""
        found = [each for each in self._list() if not each["completed"]]
        return [f"{Fault(self._call, each)!r} applied {each['applied']} of {each['times']} times" for each in found]

    def _list(self) -> list[dict[str, Any]]:
        data: list[dict[str, Any]] = self._call("GET", "faults")["faults"]
        return data

    def __iter__(self) -> Iterator[Fault]:
        return (Fault(self._call, data) for data in self._list())

    def __repr__(self) -> str:
        return repr(list(self))

    def __len__(self) -> int:
        return len(self._list())


class Stub:
    """A stub. A context manager that deletes it."""

    def __init__(self, call: Callable[..., dict[str, Any]], data: Mapping[str, Any]) -> None:
        self._call = call
        self.id: str = data["id"]
        self.provider: str = data["provider"]
        self.method: str = data["method"]
        self.path: str = data["path"]
        self.status: int = data["status"]

    def remove(self) -> None:
        """Delete it."""
        self._call("DELETE", "stubs", self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _ignoring_missing():
            self.remove()

    def __repr__(self) -> str:
        return f"<Stub {self.id}: {self.status} for {self.method} /{self.provider}{self.path}>"


class Stubs:
    """The responses of a tenant to operations that are not implemented, in order of creation."""

    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def add(self, provider: str, method: str, path: str, **response: Unpack[StubOptions]) -> Stub:
        """Set the response to an operation that is not implemented: `status` (200), `headers`, `body` or `json`.

        `path` is a path of the provider; a segment `{name}` matches any. Of several stubs for a request, the one with
        the most fixed segments is used. Raises `ControlError` for an operation that is implemented or unknown.
        """
        _check_arguments(response, StubOptions)
        body = {"provider": provider, "method": method, "path": path, **response}
        return Stub(self._call, self._call("POST", "stubs", body=body))

    def clear(self) -> None:
        """Delete all stubs."""
        self._call("DELETE", "stubs")

    def _list(self) -> list[Stub]:
        return [Stub(self._call, data) for data in self._call("GET", "stubs")["stubs"]]

    def __iter__(self) -> Iterator[Stub]:
        return iter(self._list())

    def __repr__(self) -> str:
        return repr(self._list())

    def __len__(self) -> int:
        return len(self._list())


@contextlib.contextmanager
def _ignoring_missing() -> Iterator[None]:
    """Ignore that something was deleted already, by a reset for example."""
    try:
        yield
    except ControlError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


class Clock:
    """The clock of a tenant: the server's time with an offset, or frozen."""

    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.fromisoformat(self._call("GET", "clock")["now"])

    def set(self, moment: Time) -> None:
        """Set the time. A frozen clock stays frozen."""
        self._call("PUT", "clock", body={"now": _rfc3339(moment)})

    def freeze(self, moment: Time | None = None) -> None:
        """Freeze the clock, at the given or the current time."""
        self._call("PUT", "clock", body={"frozen": True, **({} if moment is None else {"now": _rfc3339(moment)})})

    def unfreeze(self) -> None:
        """Resume the clock at its current time."""
        self._call("PUT", "clock", body={"frozen": False})

    def advance(self, by: float | timedelta) -> None:
        """Advance the clock by a number of seconds, or by a `timedelta`."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._call("POST", "clock", "advance", body={"seconds": seconds})

    def advance_to(self, moment: Time) -> None:
        """Advance the clock to a time that is not before the current one."""
        self._call("POST", "clock", "advance", body={"to": _rfc3339(moment)})


def _rfc3339(moment: Time) -> str:
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"expected a time with a time zone, got {moment!r}")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Tenant:
    """A client of a tenant: an isolated account at each provider. A context manager that deletes it.

    Methods that send a request to the server raise `ControlError` if it fails.
    """

    sparkpost: ProviderAccess
    sendgrid: ProviderAccess
    mailgun: ProviderAccess

    def __init__(self, owner: Server, data: Mapping[str, Any], *, strict: bool) -> None:
        self.id: str = data["id"]
        """The id of the tenant in the control API."""
        self.strict = strict
        self.requests = Requests(owner.client, self.id, owner.operations)
        self.outbox = Outbox(owner.client, self.id, self.requests, None)
        """The messages that the providers accepted."""
        self._accesses = {
            name: ProviderAccess(
                name,
                api_key=access["api_key"],
                headers=access["headers"],
                profile=access["profile"],
                switches=access["switches"],
                region=access["region"],
                requests=self.requests.of(name),
                outbox=Outbox(owner.client, self.id, self.requests.of(name), name),
                _located=owner.located,
                _url=access["url"],
                _root_url=access.get("root_url"),
                _env=access["env"],
                _regions=access["regions"],
                _smtp=self._smtp_access,
            )
            for name, access in data["providers"].items()
        }
        vars(self).update(self._accesses)
        self.faults = Faults(self._call)
        self.stubs = Stubs(self._call)
        self.clock = Clock(self._call)
        self._checked_seq = 0
        """The `seq` of the last request that was checked for problems."""
        self.closed = False
        self._owner = owner
        self._setenv: Callable[[str, str], object] | None = None
        """Sets a variable for `env` and restores it later; set by the plugin."""
        self._restore = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The server's base URL."""
        return self._owner.url

    def _call(self, method: str, *path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if method in ("POST", "PUT") and body is None:
            body = {}
        return self._owner.client.request(method, "tenants", self.id, *path, body=body)

    def _smtp_access(self, provider: str, region: str | None) -> Mapping[str, Any]:
        self._owner.listen_smtp()
        data = self._call("GET")["providers"][provider]
        found: Mapping[str, Any] | None = (data["regions"].get(region) or data).get("smtp")
        if found is None:
            raise RuntimeError(f"{provider}: the server at {self.url} has no SMTP port: start it with --smtp-ports")
        if found["user"] is None:
            raise RuntimeError(f"{provider}: the account has no SMTP login in the region {region or data['region']}")
        return found

    def state(self) -> dict[str, Any]:
        """Return the state of each provider, in the format of a seed."""
        state: dict[str, Any] = self._call("GET", "state")["state"]
        return state

    def seed(self, seed: Seed) -> None:
        """Replace the state with a seed. Credentials do not change. Raises `SeedError` for an invalid file."""
        self._call("PUT", "state", body={"state": self._owner.load_seed(seed)})

    def differences(self, expected: Seed, *, exact: bool = False) -> list[str]:
        """Return how the state differs from an expected one; see `expect`."""
        from ..core import expectation

        document, schemas = self._owner.load_expected(expected)
        return expectation.differences(document, self.state(), schemas, exact=exact)

    def expect(self, expected: Seed, *, exact: bool = False) -> None:
        """Assert that the state is as expected. Raises `AssertionError`, or `SeedError` for an invalid seed.

        Only what the seed names is compared, lists without their order. With `exact` the providers that it names must
        have no other records.
        """
        __tracebackhide__ = True
        found = self.differences(expected, exact=exact)
        if found:
            raise AssertionError("\n".join([f"the state of {self.id} is not as expected:", *found]))

    def fork(self, snapshot: str | None = None) -> Tenant:
        """Create a tenant with the state, the clock and the faults of this one, or of a snapshot of it.

        It has credentials of its own; a reset returns it to this state.
        """
        return self._owner.fork(self, snapshot)

    def snapshot(self, name: str = "snapshot") -> None:
        """Save a snapshot of everything except the request log, under a name."""
        self._call("POST", "snapshots", body={"name": name})

    def restore(self, name: str = "snapshot") -> None:
        """Restore a snapshot. The request log does not change."""
        self._call("POST", "snapshots", name, "restore")

    def reset(self) -> None:
        """Return to the initial state and clock, without requests, faults, stubs and snapshots."""
        self._owner.collect_coverage(self)
        self._call("POST", "reset")
        self._checked_seq = 0
        self.requests._cleared.clear()

    def run_pending_jobs(self) -> None:
        """Run all pending jobs now, whenever they are due."""
        self._call("POST", "jobs", "run")

    def env(self) -> dict[str, str]:
        """Set the environment variables that the providers' clients read, until `close`, and return them.

        `NO_PROXY` gets the host of the server.
        """
        variables = {name: value for access in self._accesses.values() for name, value in access.env.items()}
        variables |= no_proxy(self.url)
        if self._setenv is not None:
            for name, value in variables.items():
                self._setenv(name, value)
        else:
            for name, value in variables.items():
                self._restore.callback(_restore_variable, name, os.environ.get(name))
                os.environ[name] = value
        return variables

    def intercept(self) -> contextlib.AbstractContextManager[None]:
        """Serve requests for the providers' real hosts, as `Server.intercept` does: `with tenant.intercept(): …`."""
        return self._owner.intercept()

    def wsgi_transport(self, library: ModuleType | None = None) -> Any:
        """Return a transport for httpx that needs no socket, as `mockserver.wsgi_transport` does."""
        return wsgi_transport(self._owner.app, library)

    def wsgi_adapter(self) -> Any:
        """Return an adapter for requests that needs no socket, as `mockserver.wsgi_adapter` does."""
        return wsgi_adapter(self._owner.app)

    def problems(self, *, faults: bool = True) -> list[str]:
        """Return the problems of requests since the last check, and unused faults if `faults`."""
        new, dropped = self.requests._read(self._checked_seq)
        before = new[0].seq if new else 0
        found = list(self._earlier_problems(before, dropped)) if before > self._checked_seq + 1 else []
        self._checked_seq = max((request.seq for request in new), default=self._checked_seq)
        found += [reason for request in new for reason in report.failures(request, strict=self.strict)]
        if faults:
            found += [f"unused planned fault: {each}" for each in self.faults.unused()]
        return found

    def _earlier_problems(self, before: int, dropped: int) -> Iterator[str]:
        """Yield the problems of requests since the last check that are not read: the server judged them."""
        data = self._call("GET", "problems")
        for each in data["problems"]:
            if self._checked_seq < each["seq"] < before:
                yield from report.failures(Problem._load(each), strict=self.strict)
        lost = min(dropped, before - self._checked_seq - 1)
        if lost and self.strict and not data["strict"]:
            yield (
                f"{lost} requests were dropped from the request log before they were checked: create the tenant with "
                "strict=True, call check() more often, or increase Config.request_log_size"
            )

    def check(self) -> None:
        """Raise `AssertionError` if there are `problems`."""
        __tracebackhide__ = True
        found = self.problems()
        if found:
            raise AssertionError("\n".join(found))

    def close(self) -> None:
        """Delete the tenant. Its credentials are unknown afterwards. Further calls do nothing."""
        if not self.closed:
            self.closed = True
            with self._restore:  # also if the server is gone
                self._owner.delete(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Tenant {self.id}>"


class Server:
    """A client of a server, which creates tenants. A context manager that deletes them."""

    def __init__(
        self,
        client: ControlClient,
        *,
        seed: Seed | None = None,
        profile: ProfileSetting | None = None,
        strict: bool = False,
        root: str | os.PathLike[str] = "",
        listen: Callable[[], str] | None = None,
        listen_smtp: Callable[[], object] | None = None,
    ) -> None:
        """`seed`, `profile` and `strict` are the defaults of new tenants. `root` is the folder of relative seed files;
        the default is the current directory. `listen` returns the URL of the server, which it starts when it is first
        called; the default is the URL of the client. `listen_smtp` starts its SMTP ports, if it has none yet."""
        self.client = client
        """The client of the control API."""
        self.coverage: Coverage | None = None
        """Collects the coverage of tenants, if it is set."""
        self.opened: Callable[[Tenant], None] | None = None
        """Called with each new tenant."""
        self.closing: Callable[[Tenant], None] | None = None
        """Called with each tenant before it is deleted."""
        self._seed = seed
        self._profile = profile
        self._strict = strict
        self._root = root
        self._listen = listen
        self._listen_smtp = listen_smtp
        self._open: dict[str, Tenant] = {}

    @property
    def url(self) -> str:
        """The server's base URL, without a trailing slash."""
        return self.client.url if self._listen is None else self._listen()

    def listen_smtp(self) -> None:
        """Start the SMTP ports of a server in this process, if it has none yet."""
        if self._listen_smtp is not None:
            self._listen_smtp()

    def located(self, url: str) -> str:
        """Return a URL of a response of the control API, with the address of the server."""
        if self._listen is None or not url.startswith(self.client.url):
            return url
        return self.url + url.removeprefix(self.client.url)

    def intercept(self) -> contextlib.AbstractContextManager[None]:
        """Serve requests of this process for the providers' real hosts: `with server.intercept(): …`.

        They need no configuration of requests, httpx, urllib3 and urllib. The API key of a request decides which tenant
        it belongs to. Requests for other hosts are sent as usual.
        """
        return intercept_with(self.client)

    @property
    def app(self) -> Flask:
        """The WSGI application. Raises `RuntimeError` if it is not in this process."""
        if not isinstance(self.client, InProcessClient):
            raise RuntimeError(f"no application: expected a server in this process, got the one at {self.url}")
        return self.client.app

    @functools.cached_property
    def support_matrix(self) -> dict[str, Any]:
        """The support matrix of the server."""
        return self.client.request("GET", "operations")

    def operations(self) -> list[str]:
        """Return the names of all operations, `provider.operationId`."""
        matrix = self.support_matrix
        return [*(each["id"] for each in matrix["operations"]), *matrix.get("smtp_operations", ())]

    def unmatched_requests(self, since: int = 0) -> list[UnmatchedRequest]:
        """Return the last requests that belong to no tenant, with a greater `seq`, oldest first."""
        data = self.client.request("GET", "unmatched-requests", query={"since": str(since)})
        return [UnmatchedRequest._load(each) for each in data["requests"]]

    def create_tenant(self, **start: Unpack[TenantOptions]) -> Tenant:
        """Create a tenant.

        Raises `ControlError` if the server returns an error, `SeedError` for an invalid seed file, `TypeError` for an
        unknown argument.
        """
        _check_arguments(start, TenantOptions)
        body: dict[str, Any] = {}
        seed = start.get("seed", self._seed)
        if seed is not None:
            body["seed"] = seed if is_packaged(seed) or isinstance(seed, Mapping) else self.load_seed(seed)
        profile = start.get("profile", self._profile)
        if profile is not None:
            body["profile"] = parse_setting(profile)
        for name in ("job_delay", "region"):
            if name in start:
                body[name] = start[name]
        clock = start.get("clock")
        if clock is not None:
            change = clock if isinstance(clock, Mapping) else {"now": clock}
            body["clock"] = {**change, "now": _rfc3339(change["now"])} if "now" in change else change
        if "credentials" in start:
            body["credentials"] = start["credentials"]
        strict = start.get("strict", self._strict)
        if strict:
            body["strict"] = True
        tenant = self._added(self.client.request("POST", "tenants", body=body), strict)
        try:
            for fault in start.get("faults", ()):
                tenant.faults.add(**fault)
            for stub in start.get("stubs", ()):
                tenant.stubs.add(**stub)
        except BaseException:
            tenant.close()
            raise
        if self.opened is not None:
            self.opened(tenant)
        return tenant

    def fork(self, tenant: Tenant, snapshot: str | None = None) -> Tenant:
        """Create a tenant as `Tenant.fork` does."""
        body = {} if snapshot is None else {"snapshot": snapshot}
        twin = self._added(self.client.request("POST", "tenants", tenant.id, "fork", body=body), tenant.strict)
        if self.opened is not None:
            self.opened(twin)
        return twin

    def _added(self, data: Mapping[str, Any], strict: bool) -> Tenant:
        tenant = self._open[data["id"]] = Tenant(self, data, strict=strict)
        return tenant

    def load_seed(self, seed: Seed) -> dict[str, Any]:
        """Return the state of every provider in a seed. Raises `SeedError` for an invalid file."""
        from ..core import seed as seeds

        schemas = self._seed_schemas()
        if isinstance(seed, Mapping):
            states = {name: _without_credentials(section) for name, section in seed.items() if name != "name"}
            return {name: {} for name in schemas} | states
        return {name: state.dump() for name, state in seeds.load(self._source(seed), schemas).states.items()}

    def load_expected(self, seed: Seed) -> tuple[Mapping[str, Any], dict[str, type[SeedSection]]]:
        """Return an expected state, and the schemas of its sections. Raises `SeedError`."""
        from ..core import expectation

        schemas = self._seed_schemas()
        return expectation.load(seed if isinstance(seed, Mapping) else self._source(seed), schemas), schemas

    def _source(self, seed: str | os.PathLike[str]) -> str:
        return os.fspath(
            seed if is_packaged(seed) else os.path.join(self._root, seed)  # noqa: PTH118, it may end in #NAME
        )

    def _seed_schemas(self) -> dict[str, type[SeedSection]]:
        from ..providers import load_providers

        is_here = isinstance(self.client, InProcessClient)
        providers = self.app.extensions["mockserver"].providers.values() if is_here else load_providers()
        return {provider.name: provider.seed_schema for provider in providers}

    def collect_coverage(self, tenant: Tenant) -> None:
        """Add the coverage of a tenant, which is about to be reset or deleted."""
        if self.coverage is not None:
            self.coverage.add(self.client.request("GET", "tenants", tenant.id, "coverage"))

    def delete(self, tenant: Tenant) -> None:
        """Delete a tenant."""
        self._open.pop(tenant.id, None)
        try:
            if self.closing is not None:
                self.closing(tenant)
            self.collect_coverage(tenant)
            self.client.request("DELETE", "tenants", tenant.id)
        except ControlError as error:
            if error.status != HTTPStatus.NOT_FOUND:  # the whole server was reset
                raise

    def close(self) -> None:
        """Delete all tenants, and close the connection to the server."""
        with contextlib.ExitStack() as stack:  # all of them, even if one fails
            stack.callback(self.client.close)
            for tenant in self._open.values():
                stack.callback(tenant.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextlib.contextmanager
def run_server(
    config: Config | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    strict: bool = False,
    root: str | os.PathLike[str] = "",
) -> Iterator[Server]:
    """Run a server in a thread, on any free port by default: `with run_server() as server: …`.

    `strict` and `root` are those of `Server`.
    """
    from ..server import start

    with (
        contextlib.ExitStack() as stack,
        start(config, host, port) as server,
        Server(
            InProcessClient(server.app, server.url),
            strict=strict,
            root=root,
            listen_smtp=_smtp_starter(stack, server.app, host),
        ) as tenants,
    ):
        yield tenants


@contextlib.contextmanager
def run_lazy_server(config: Config, *, strict: bool = False, root: str | os.PathLike[str] = "") -> Iterator[Server]:
    """Run a server as `run_server` does, which opens its sockets when its URL is used for the first time."""
    from ..app import create_app
    from ..server import HttpServer

    app = create_app(config)
    lock = threading.Lock()
    with contextlib.ExitStack() as stack:
        urls: list[str] = []

        def listen() -> str:
            with lock:
                if not urls:
                    urls.append(stack.enter_context(HttpServer(app)).url)
                return urls[0]

        server = Server(
            InProcessClient(app), strict=strict, root=root, listen=listen, listen_smtp=_smtp_starter(stack, app)
        )
        yield stack.enter_context(server)


def _smtp_starter(stack: contextlib.ExitStack, app: Flask, host: str = "127.0.0.1") -> Callable[[], None]:
    """Return a function that starts the SMTP ports of an application when it is first called."""
    lock = threading.Lock()

    def listen() -> None:
        with lock:
            if app.extensions["mockserver"].smtp is None:
                from ..smtp.server import SmtpServer

                stack.enter_context(SmtpServer(app, host))

    return listen


def no_proxy(url: str) -> dict[str, str]:
    """Return the variables that list hosts without a proxy, with the host of a URL added: a proxy cannot reach it."""
    host = urlsplit(url).hostname or ""
    variables = {}
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [each for each in os.environ.get(name, "").split(",") if each]
        variables[name] = ",".join(dict.fromkeys([*hosts, host]))
    return variables


def _without_credentials(section: object) -> object:
    """Return a section of a seed as a state; what is no section is for the server to reject."""
    if not isinstance(section, Mapping):
        return section
    return {key: value for key, value in section.items() if key != "credentials"}


def _check_arguments(given: Mapping[str, Any], kind: type) -> None:
    """Raise `TypeError` for an argument that a `TypedDict` does not have."""
    for name in given:
        if name not in kind.__annotations__:
            suggestion = did_you_mean_or_list(name, kind.__annotations__)
            raise TypeError(f"unexpected argument '{name}'{suggestion}")


def _restore_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def is_packaged(seed: Seed) -> bool:
    """Return whether a seed is the name of a packaged one."""
    return isinstance(seed, str) and seed.partition("#")[0] in PACKAGED
