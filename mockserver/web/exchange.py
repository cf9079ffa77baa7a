"""The exchange: a request to a provider and its response."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import flask
from flask import Request
from werkzeug.datastructures import MultiDict

from ..core.errors import ApiError
from ..core.faults import Fault
from ..core.ids import Ids
from ..core.store import Caller, Transaction
from .bodies import parse_form
from .mounts import MOUNT
from .operations import Operation

NO_TRANSACTION: Transaction[Any] = Transaction(None, Ids("", 0), 0.0)
"""A placeholder until the transaction starts: it has no state and no number."""


@dataclass(slots=True)
class Exchange:
    """The data of a request that the hooks, the view and the request log share."""

    request: Request
    server: Any
    """The `ServerState` of the application, untyped as its module imports this one."""
    path: str
    """The path without the prefix of the mount."""
    prefix: str
    """The URL prefix of the provider."""
    region: str | None = None
    """The region that the request was sent to, by its host or prefix; None if the provider has no regions."""
    operation: Operation | None = None
    """None if no operation matches the path and method."""
    path_values: Mapping[str, str] = field(default_factory=dict)
    allowed_methods: tuple[str, ...] = ()
    """HTTP methods allowed on this path, sorted."""
    credential: str | None = None
    """The credential that was sent."""
    caller: Caller | None = None
    """None until the request is authenticated."""
    account: str | None = None
    """The subaccount or subuser that the request acts for."""
    tx: Transaction[Any] = NO_TRANSACTION
    body: bytes = b""
    fault: Fault | None = None
    """The planned fault that is applied to the request."""
    stub: str | None = None
    """The id of the stub that the response is from."""
    planned_headers: Iterable[tuple[str, str]] = ()
    """The headers of a planned response; they replace those of the provider."""
    error: ApiError | None = None
    """The provider's error in the response."""
    dropped: bool = False
    """Whether a planned fault closes the connection without a response."""
    fields_read: set[str] = field(default_factory=set)
    """Names of the body fields and query parameters that the operation has read."""
    started: float = field(default_factory=time.perf_counter)
    is_recorded: bool = True
    """Whether the client gets its number in the request log; False for errors of the server itself."""
    _form: MultiDict[str, str] | None = None

    def begin(self, tx: Transaction[Any]) -> None:
        """Start from the beginning, in a new transaction."""
        assert self.caller is not None
        self.tx = tx
        self.account = self.caller.registration.account
        self.error, self.dropped, self.fields_read = None, False, set()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials that no log must show: those of the tenant, also new ones, or an unknown one."""
        if self.caller is None:
            return () if self.credential is None else (self.credential,)
        found: tuple[str, ...] = self.server.tenants.secrets(self.caller)
        return (*found, *[each.credential for each in self.tx.issued]) if self.tx.issued else found

    @property
    def mount(self) -> str:
        """The part of the URL before the path: script name and prefix, percent-encoded."""
        return script_name(self.request) + ("" if MOUNT in self.request.environ else quote(self.prefix))

    @property
    def url(self) -> str:
        """The URL that the client requested, without a query."""
        return origin(self.request) + self.mount + self.path

    @property
    def form(self) -> MultiDict[str, str]:
        """The fields of a form body in either encoding, also on DELETE. Raises `RequestEntityTooLarge`."""
        if self._form is None:
            self._form = parse_form(self.body, self.request.headers.get("Content-Type", ""))
        return self._form


def current_exchange() -> Exchange:
    """Return the exchange of the current request."""
    # the request itself is faster to use than the proxy
    found: Exchange = flask.request._get_current_object().exchange  # type: ignore[attr-defined]  # MockServerRequest
    return found


def origin(request: Request) -> str:
    """Return scheme and host as the client sent them, without the default port.

    An invalid host is returned unchanged; Werkzeug's `host_url` would be empty.
    """
    environ = request.environ
    host = environ.get("HTTP_HOST", "")
    if not re.fullmatch("[!-~]+", host):
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{request.scheme}://{host.removesuffix(':443' if request.scheme == 'https' else ':80')}"


def script_name(request: Request) -> str:
    """Return the path at which the application is mounted, percent-encoded, without a trailing slash."""
    return quote(request.root_path) if request.root_path else ""
