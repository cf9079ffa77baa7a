"""An exchange: one request to a provider and its response, as far as they are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import flask
from flask import Request
from werkzeug.datastructures import MultiDict

from ..core.errors import ApiError
from ..core.faults import Fault
from ..core.ids import Ids
from ..core.store import Caller, RateWindow, Transaction
from .bodies import parse_form
from .operations import Operation

NO_TRANSACTION: Transaction[Any] = Transaction(None, Ids("", 0), 0.0)
"""Stands for the transaction before there is one: no state, and no number."""


@dataclass(slots=True)
class Exchange:
    """What the hooks, the view and the request log share of one request."""

    request: Request
    server: Any
    """The `ServerState` of the application; its module imports this one."""
    path: str
    """As the provider knows it, without the prefix of the mount."""
    mount: str
    """What comes before that path in the URL: script name and prefix, percent-encoded."""
    operation: Operation | None = None
    """None for a path or method that no operation has."""
    path_values: Mapping[str, str] = field(default_factory=dict)
    allowed_methods: tuple[str, ...] = ()
    """Every method that the provider has on this path, sorted."""
    caller: Caller | None = None
    """None as long as nobody is authenticated."""
    account: str | None = None
    """The subaccount or subuser that the request acts for."""
    tx: Transaction[Any] = NO_TRANSACTION
    body: bytes = b""
    fault: Fault | None = None
    """The planned fault that applies to it."""
    rate: RateWindow | None = None
    """How often its credential requested its operation, where the provider counts that."""
    error: ApiError | None = None
    """The provider's error that it is answered with."""
    dropped: bool = False
    """Whether a planned fault closes the connection without a response."""
    fields_read: set[str] = field(default_factory=set)
    """Names of the body fields and query parameters that something read."""
    is_recorded: bool = True
    """Whether it goes to the request log; not if the server itself answers, in its own name."""
    _form: MultiDict[str, str] | None = None

    @property
    def url(self) -> str:
        """The URL that the client requested, without a query."""
        return origin(self.request) + self.mount + self.path

    @property
    def form(self) -> MultiDict[str, str]:
        """The body's fields, if it is a form in either encoding; also on DELETE. Raises `RequestEntityTooLarge`."""
        if self._form is None:
            self._form = parse_form(self.body, self.request.headers.get("Content-Type", ""))
        return self._form


def current_exchange() -> Exchange:
    """Return the exchange of the current request."""
    found: Exchange = flask.request.exchange  # type: ignore[attr-defined]  # MockServerRequest
    return found


def origin(request: Request) -> str:
    """Return scheme and host as the client names this server; the default port is left out.

    A host that is no valid name stays as it is, where Werkzeug's `host_url` would be empty.
    """
    environ = request.environ
    host = environ.get("HTTP_HOST", "")
    if not re.fullmatch("[!-~]+", host):
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{request.scheme}://{host.removesuffix(':443' if request.scheme == 'https' else ':80')}"


def script_name(request: Request) -> str:
    """Return the path at which the application is mounted, percent-encoded, without a slash at the end."""
    return quote(request.root_path) if request.root_path else ""
