"""A tenant in a tester's hands: where to send requests, with which keys, and everything that can be done to it."""

from __future__ import annotations

import base64
import contextlib
import difflib
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from urllib.parse import urlsplit

from ..core.profiles import parse_setting
from . import report
from .control_client import ControlClient, ControlError
from .in_process import InProcessClient, wsgi_adapter, wsgi_transport
from .requests import Requests

if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Self, Unpack

    from flask import Flask

    from ..core.config import Config
    from ..core.profiles import ProfileSetting
    from .coverage import Coverage

Seed = str | os.PathLike[str] | Mapping[str, Any]
"""A packaged world (`default`, `empty`, `documents#NAME`), a YAML file with `#NAME` or without, or a world itself."""
Moment = datetime | str
"""A time; a text is RFC 3339."""
PACKAGED = ("default", "empty", "documents")
__tracebackhide__ = True
"""In a test that fails, pytest points to the test's own line, not to what is in here."""


class FaultOptions(TypedDict, total=False):
    """A planned fault, beside its operation."""

    kind: Literal["error", "delay", "drop", "truncate"]
    status: int
    times: int
    skip: int
    when: Literal["before", "after"]
    delay_seconds: float


class TenantOptions(TypedDict, total=False):
    """How a sandbox may start."""

    seed: Seed
    profile: ProfileSetting
    """How the providers answer: `live`, or `{"sendgrid": "live"}`, or with single switches,
    `{"sendgrid": {"profile": "documented", "switches": {…: True}}}`."""
    clock: Moment | Mapping[str, Any]
    """A time at which it starts, or `{"now": …, "frozen": …}`."""
    faults: Sequence[Mapping[str, Any]]
    """Each with the arguments of `Faults.add`."""
    credentials: Mapping[str, str]
    """By provider: keys of your own choice."""
    strict: bool
    """Whether a request that breaks a provider's contract is a mistake."""


class Authorization:
    """Puts a credential on the requests of a client: an `auth` for requests and for httpx."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: Any) -> Any:
        request.headers.update(self._headers)
        return request


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """One provider, as this tenant reaches it."""

    name: str
    url: str
    """The base URL: the provider's own path goes behind it."""
    api_key: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """What authenticates a request."""
    env: Mapping[str, str] = field(repr=False)
    """The variables that the provider's clients read."""
    profile: str
    """How it answers: `documented` or `live`."""
    switches: Mapping[str, bool] = field(repr=False)
    """Whether each of its switches is on, whatever the profile."""

    @property
    def auth(self) -> tuple[str, str] | Authorization:
        """The `auth` argument of requests and httpx: user and password where the provider takes these."""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        if scheme != "Basic":
            return Authorization(self.headers)
        user, _, password = base64.b64decode(rest).decode().partition(":")
        return user, password


class Fault:
    """A planned fault, and how far it is."""

    def __init__(self, call: Callable[..., dict[str, Any]], payload: Mapping[str, Any]) -> None:
        self._call = call
        self.id: str = payload["id"]
        self.operation: str = payload["operation"]
        self.kind: str = payload["kind"]
        self.status: int | None = payload["status"]
        self.times: int = payload["times"]

    def _now(self) -> dict[str, Any]:
        return self._call("GET", "faults", self.id)

    @property
    def fired(self) -> int:
        """How many calls it struck."""
        return int(self._now()["fired"])

    @property
    def remaining(self) -> int:
        """How many calls it is still to strike."""
        return int(self._now()["remaining"])

    @property
    def completed(self) -> bool:
        return bool(self._now()["completed"])

    def remove(self) -> None:
        """Take it back."""
        self._call("DELETE", "faults", self.id)

    def __repr__(self) -> str:
        status = f" {self.status}" if self.status is not None else ""
        return f"<Fault {self.id}: {self.kind}{status} on {self.operation}>"


class Faults:
    """The planned faults of a tenant, in the order in which they were planned."""

    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def add(self, operation: str, **plan: Unpack[FaultOptions]) -> Fault:
        """Plan a fault for an operation, for all of a provider (`sendgrid.*`) or for all (`*`).

        `error`, the default, answers with `status` (503) in the provider's words; `delay` waits `delay_seconds` first;
        `drop` closes the connection; `truncate` sends half of the answer, and so is always `after`. It strikes `times`
        calls (1) after letting `skip` pass (0), `before` the operation, which then does not happen, or `after` it is
        done for good. Raises `ControlError` when the plan makes no sense.
        """
        _known(plan, FaultOptions, "a fault has no")
        return Fault(self._call, self._call("POST", "faults", body={"operation": operation, **plan}))

    def clear(self) -> None:
        """Take all of them back."""
        self._call("DELETE", "faults")

    def unfired(self) -> list[str]:
        """Say of each that has not struck as often as it was to, how far it is."""
        payload = [each for each in self._told() if not each["completed"]]
        return [f"{Fault(self._call, each)!r} fired {each['fired']} of {each['times']} times" for each in payload]

    def _told(self) -> list[dict[str, Any]]:
        payload: list[dict[str, Any]] = self._call("GET", "faults")["faults"]
        return payload

    def __iter__(self) -> Iterator[Fault]:
        return (Fault(self._call, payload) for payload in self._told())

    def __len__(self) -> int:
        return len(self._told())


class Clock:
    """The time of a tenant: the server's, moved or stopped."""

    def __init__(self, call: Callable[..., dict[str, Any]]) -> None:
        self._call = call

    def now(self) -> datetime:
        """Return its time, in UTC."""
        return datetime.fromisoformat(self._call("GET", "clock")["now"])

    def set(self, moment: Moment) -> None:
        """Show this time; go on from there, or stand if it stands."""
        self._call("PUT", "clock", body={"now": _rfc3339(moment)})

    def freeze(self, moment: Moment | None = None) -> None:
        """Stand still, at this time if one is given."""
        self._call("PUT", "clock", body={"frozen": True, **({} if moment is None else {"now": _rfc3339(moment)})})

    def unfreeze(self) -> None:
        """Go on from where it stands."""
        self._call("PUT", "clock", body={"frozen": False})

    def advance(self, by: float | timedelta) -> None:
        """Move on by seconds, or by a `timedelta`."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._call("POST", "clock", "advance", body={"seconds": seconds})

    def advance_to(self, moment: Moment) -> None:
        """Move on to a time that is not past."""
        self._call("POST", "clock", "advance", body={"to": _rfc3339(moment)})


def _rfc3339(moment: Moment) -> str:
    if isinstance(moment, str):
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Tenant:
    """One tenant: an account at each provider that nobody else uses. A context manager that closes it.

    Every method that asks the server raises `ControlError` when it refuses or does not answer.
    """

    sparkpost: ProviderAccess
    sendgrid: ProviderAccess
    mailgun: ProviderAccess

    def __init__(self, owner: Server, payload: Mapping[str, Any], *, strict: bool) -> None:
        self.id: str = payload["id"]
        """The tenant's, in the control API."""
        self.strict = strict
        self._accesses = {name: ProviderAccess(name, **access) for name, access in payload["providers"].items()}
        vars(self).update(self._accesses)
        self.faults = Faults(self._call)
        self.clock = Clock(self._call)
        self.requests = Requests(owner.client, self.id, owner.operations)
        self._judged = 0
        """`seq` of the last request that `problems` were looked for in."""
        self.closed = False
        self._owner = owner
        self._setenv: Callable[[str, str], object] | None = None
        """How `env` sets a variable, where the plugin sees to it that it is put back."""
        self._restore = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The server's base URL."""
        return self._owner.url

    def _call(self, method: str, *path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if method in ("POST", "PUT") and body is None:
            body = {}
        return self._owner.client.request(method, "tenants", self.id, *path, body=body)

    def state(self) -> dict[str, Any]:
        """Return what it has at each provider, in the format of a seed."""
        state: dict[str, Any] = self._call("GET", "state")["state"]
        return state

    def seed(self, seed: Seed) -> None:
        """Have this world, and nothing else; credentials stay as they are."""
        self._call("PUT", "state", body={"state": self._owner.load_seed(seed)})

    def snapshot(self, name: str = "snapshot") -> None:
        """Keep everything but the journal as it is now, under a name."""
        self._call("POST", "snapshots", body={"name": name})

    def restore(self, name: str = "snapshot") -> None:
        """Go back to a snapshot; the journal stays."""
        self._call("POST", "snapshots", name, "restore")

    def reset(self) -> None:
        """Be as it was when it was opened: no changes, requests, faults, snapshots, and the clock at its start."""
        self._owner.collect_coverage(self)
        self._call("POST", "reset")
        self._judged = 0

    def run_pending_jobs(self) -> None:
        """Let everything that is pending be done now."""
        self._call("POST", "jobs", "run")

    def env(self) -> dict[str, str]:
        """Set the environment variables that the providers' clients read, until it is closed, and return them.

        The server's host is added to those that are reached without a proxy.
        """
        variables = {name: value for access in self._accesses.values() for name, value in access.env.items()}
        host = urlsplit(self.url).hostname or ""
        for name in ("NO_PROXY", "no_proxy"):  # a proxy knows nothing of a server of ours
            hosts = [each for each in os.environ.get(name, "").split(",") if each]
            variables[name] = ",".join(dict.fromkeys([*hosts, host]))
        if self._setenv is not None:
            for name, value in variables.items():
                self._setenv(name, value)
        else:
            for name, value in variables.items():
                self._restore.callback(_put_back, name, os.environ.get(name))
                os.environ[name] = value
        return variables

    def wsgi_transport(self, library: ModuleType | None = None) -> Any:
        """Return a transport for httpx that needs no socket; see `mockserver.wsgi_transport`."""
        return wsgi_transport(self._owner.app, library)

    def wsgi_adapter(self) -> Any:
        """Return an adapter for requests that needs no socket; see `mockserver.wsgi_adapter`."""
        return wsgi_adapter(self._owner.app)

    def problems(self, *, faults: bool = True) -> list[str]:
        """Say what the requests since the last question show to be wrong with a test; and the faults, if asked for."""
        fresh, dropped = self.requests._read(self._judged)
        lost = min(dropped, fresh[0].seq - self._judged - 1) if fresh else 0
        self._judged = max((request.seq for request in fresh), default=self._judged)
        found = [reason for request in fresh for reason in report.failures(request, strict=self.strict)]
        if lost:
            found.append(
                f"{lost} requests were dropped before they could be judged: the journal keeps the newest only "
                "(Config.request_log_size); check() in between judges those that there are"
            )
        if faults:
            found += [f"a planned fault did not fire: {payload}" for payload in self.faults.unfired()]
        return found

    def check(self) -> None:
        """Assert that there are no `problems`."""
        __tracebackhide__ = True
        found = self.problems()
        if found:
            raise AssertionError("\n".join(found))

    def close(self) -> None:
        """Drop the tenant; its credentials are unknown again. Nothing happens the second time."""
        if not self.closed:
            self.closed = True
            with self._restore:  # also if the server has gone
                self._owner.delete(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Tenant {self.id} at {self.url}>"


class Server:
    """A server, as a source of sandboxes. A context manager that closes those that are open."""

    def __init__(
        self,
        client: ControlClient,
        *,
        seed: Seed | None = None,
        profile: ProfileSetting | None = None,
        strict: bool = False,
        root: str | os.PathLike[str] = "",
    ) -> None:
        """`seed`, `profile` and `strict` are for sandboxes of which nothing else is said. `root` is the folder from
        which the files of seeds are seen; that of the process if it is not given."""
        self.client = client
        """The server's control API."""
        self.coverage: Coverage | None = None
        """Where it is counted what sandboxes did, if anywhere."""
        self.opened: Callable[[Tenant], None] | None = None
        """Is told of a sandbox that was opened."""
        self.closing: Callable[[Tenant], None] | None = None
        """Is told of a sandbox that is about to be closed."""
        self._seed = seed
        self._profile = profile
        self._strict = strict
        self._root = root
        self._open: dict[str, Tenant] = {}

    @property
    def url(self) -> str:
        """The server's base URL, without a slash at the end."""
        return self.client.url

    @property
    def app(self) -> Flask:
        """The WSGI application, if it is in this process; else raises `RuntimeError`."""
        if not isinstance(self.client, InProcessClient):
            raise RuntimeError(
                f"the server at {self.url} is not in this process; it can be reached over its socket only"
            )
        return self.client.app

    @functools.cached_property
    def support_matrix(self) -> dict[str, Any]:
        """Every operation and every refusal of the server."""
        return self.client.request("GET", "operations")

    def operations(self) -> list[str]:
        """Name every operation, `provider.operationId`."""
        return [each["id"] for each in self.support_matrix["operations"]]

    def create_tenant(self, **start: Unpack[TenantOptions]) -> Tenant:
        """Open a sandbox.

        Raises `ControlError` when the server refuses it, `SeedError` for a mistake in a file, `TypeError` for an
        argument that there is not.
        """
        _known(start, TenantOptions, "a sandbox does not start with")
        asked: dict[str, Any] = {}
        seed = start.get("seed", self._seed)
        if seed is not None:
            asked["seed"] = seed if is_packaged(seed) or isinstance(seed, Mapping) else self.load_seed(seed)
        profile = start.get("profile", self._profile)
        if profile is not None:
            asked["profile"] = parse_setting(profile)
        clock = start.get("clock")
        if clock is not None:
            shown = clock if isinstance(clock, Mapping) else {"now": clock}
            asked["clock"] = {**shown, "now": _rfc3339(shown["now"])} if "now" in shown else shown
        if "credentials" in start:
            asked["credentials"] = start["credentials"]
        payload = self.client.request("POST", "tenants", body=asked)
        tenant = self._open[payload["id"]] = Tenant(self, payload, strict=start.get("strict", self._strict))
        try:
            for fault in start.get("faults", ()):
                tenant.faults.add(**fault)
        except BaseException:
            tenant.close()
            raise
        if self.opened is not None:
            self.opened(tenant)
        return tenant

    def load_seed(self, seed: Seed) -> dict[str, Any]:
        """Return the world of a seed by provider, nothing left out; raises `SeedError` for a mistake in a file."""
        from ..core import seed as seeds
        from ..providers import load_providers

        is_here = isinstance(self.client, InProcessClient)
        providers = self.app.extensions["mockserver"].providers.values() if is_here else load_providers()
        if isinstance(seed, Mapping):
            return {provider.name: {} for provider in providers} | dict(seed)
        sections = {provider.name: provider.seed_schema for provider in providers}
        source = seed if is_packaged(seed) else os.path.join(self._root, seed)  # noqa: PTH118, it may end in #NAME
        return {name: state.dump() for name, state in seeds.load(os.fspath(source), sections).states.items()}

    def collect_coverage(self, tenant: Tenant) -> None:
        """Count what a sandbox did, before that is forgotten."""
        if self.coverage is not None:
            self.coverage.add(self.client.request("GET", "tenants", tenant.id, "coverage"))

    def delete(self, tenant: Tenant) -> None:
        """Close a sandbox."""
        self._open.pop(tenant.id, None)
        try:
            if self.closing is not None:
                self.closing(tenant)
            self.collect_coverage(tenant)
            self.client.request("DELETE", "tenants", tenant.id)
        except ControlError as error:
            if error.status != HTTPStatus.NOT_FOUND:  # somebody reset the whole server
                raise

    def close(self) -> None:
        """Close every sandbox that is still open, and the connection to the server."""
        with contextlib.ExitStack() as stack:  # each, also if one of them cannot be closed
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
    """Serve in a thread, on any free port if none is given, and stop at the end: `with serving() as server: …`.

    `strict` and `root` are those of `Server`.
    """
    from ..server import start

    with (
        start(config, host, port) as server,
        Server(InProcessClient(server.app, server.url), strict=strict, root=root) as tenants,
    ):
        yield tenants


def _known(given: Mapping[str, Any], kind: type, reason: str) -> None:
    """Refuse an argument that there is not."""
    for name in given:
        if name not in kind.__annotations__:
            (near,) = difflib.get_close_matches(name, kind.__annotations__, n=1, cutoff=0)
            raise TypeError(f"{reason} '{name}'; the closest is '{near}'")


def _put_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def is_packaged(seed: Seed) -> bool:
    """Say whether a seed is the name of a world that the server has."""
    return isinstance(seed, str) and seed.partition("#")[0] in PACKAGED
