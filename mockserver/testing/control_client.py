"""The client of a server's control API."""

from __future__ import annotations

import http
import http.client
import json
import os
import selectors
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from ..core.errors import format_path
from ..core.monotonic import monotonic

REQUEST_TIMEOUT = 30.0
"""The default timeout of a request, in seconds."""
POLL_INTERVAL = 0.1
"""The pause between two attempts of `wait`, in seconds."""
IDLE_TIMEOUT = 5.0
"""How long a connection is reused, in seconds: less than the idle timeouts of servers and proxies."""
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
"""Methods that are safe to repeat after a connection error."""
__tracebackhide__ = True
"""Hides this module in tracebacks of pytest."""


class ControlError(Exception):
    """An error response of the control API with its `status`, or no valid response (`status` is None).

    The message of a 400 is that of the invalid input alone, without the URL.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class _PooledConnection(NamedTuple):
    """An open connection that can be reused."""

    connection: http.client.HTTPConnection
    until: float
    process: int
    """The id of the process that opened it; a forked process must not use it."""

    def is_reusable(self) -> bool:
        """Return whether it is of this process, not idle for too long, and not closed by the server."""
        if self.process != os.getpid() or self.until < monotonic():
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection.sock, selectors.EVENT_READ)
            return not selector.select(0)


class ControlClient:
    """A client of the control API at a base URL. It ignores proxies. Raises `ValueError` for an invalid URL.

    `ca` is a PEM file with the CA certificates of an https server, used instead of those of the system. The client is
    thread-safe. It keeps one connection open until `close`, or until it is deleted.
    """

    def __init__(self, url: str, token: str | None = None, ca: str | None = None, *, verify: bool = True) -> None:
        parts = urlsplit(url)
        if parts.port == 0 or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("expected an http:// or https:// URL with a host")
        if parts.query or parts.fragment or any(not "!" <= letter <= "~" for letter in url):
            raise ValueError("expected a base URL: ASCII, without a query or fragment")
        self.url = url.rstrip("/")
        self.token = token
        self.ca = ca
        self.verify = verify
        """Whether the certificate of an https server is verified."""
        self._address = parts.scheme, parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)
        self._pool: list[_PooledConnection] = []

    def request(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> dict[str, Any]:
        """Send a request, and return the JSON of the response, `{}` for a DELETE.

        `path` are the segments of the path after the prefix; `timeout` is in seconds. Raises `ControlError`.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        url = "/".join([self.url, "_mockserver", *(quote(part, safe="") for part in path)])
        if query:
            url += "?" + urlencode(query)
        status, reason, text = self._send(method, url, headers, data, timeout)
        content = _object(text)
        if status >= 300:
            detail = (content or {}).get("detail")
            if status == http.HTTPStatus.BAD_REQUEST and isinstance(detail, str):
                raise ControlError(_in_terms_of_input(detail), status)
            detail = detail or reason
            raise ControlError(f"{self.url}: {status} {detail}", status)
        if method == "DELETE" and status == http.HTTPStatus.NO_CONTENT:
            return {}
        if content is None or content.keys().isdisjoint(("schema_version", "openapi", "log")):
            raise ControlError(f"{self.url} is not a mockserver: the response is not of its control API")
        return content

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, timeout: float
    ) -> tuple[int, str, bytes]:
        """Send a request; return status, reason phrase and body. Raises `ControlError` if there is no response."""
        parts = urlsplit(url)
        request = method, parts.path + (f"?{parts.query}" if parts.query else ""), data, headers
        try:
            pooled = self._pooled_connection()
            if pooled is not None:
                try:
                    return self._exchange(pooled, timeout, *request)
                except ConnectionError:  # the server has closed it just now
                    if method not in IDEMPOTENT:
                        raise
            return self._exchange(self.new_connection(), timeout, *request)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ControlError(f"no response from {self.url}: {reason}") from None

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        timeout: float,
        method: str,
        target: str,
        data: bytes | None,
        headers: Mapping[str, str],
    ) -> tuple[int, str, bytes]:
        """Send a request over a connection, then return it to the pool or close it."""
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        is_complete = False
        try:
            connection.request(method, target, data, dict(headers))
            response = connection.getresponse()
            try:
                text = response.read()
                is_complete = True
            except (OSError, http.client.HTTPException):
                if response.status < 300:
                    raise
                text = b""  # the status of an error is enough
            return response.status, response.reason, text
        finally:
            if is_complete and connection.sock is not None and not self._pool:
                self._pool.append(_PooledConnection(connection, monotonic() + IDLE_TIMEOUT, os.getpid()))
            else:
                connection.close()

    def _pooled_connection(self) -> http.client.HTTPConnection | None:
        """Take the connection out of the pool, and return it if it is reusable."""
        try:
            pooled = self._pool.pop()
        except IndexError:
            return None
        if pooled.is_reusable():
            return pooled.connection
        pooled.connection.close()
        return None

    def new_connection(self) -> http.client.HTTPConnection:
        """Return a new connection. The CA file is read each time, as a starting server may be about to write it."""
        scheme, host, port = self._address
        if scheme == "http":
            return http.client.HTTPConnection(host, port)
        if not self.verify:
            unverified = ssl.create_default_context()
            unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection(host, port, context=unverified)
        if self.ca is None:
            return http.client.HTTPSConnection(host, port)
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise ControlError(f"{self.ca}: {getattr(error, 'reason', None) or error.strerror}") from None
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # also trust a server certificate in `ca`
        return http.client.HTTPSConnection(host, port, context=context)

    def close(self) -> None:
        """Close the pooled connection; the next request opens another one."""
        while self._pool:
            self._pool.pop().connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_pool"):  # missing after a ValueError
            self.close()

    def wait(self, seconds: float) -> None:
        """Wait until the server is ready. Raises the last `ControlError` after a timeout in seconds."""
        deadline = monotonic() + seconds
        while True:
            try:
                self.request("GET", "ready", timeout=max(deadline - monotonic(), POLL_INTERVAL))
                return
            except ControlError:
                left = deadline - monotonic()
                if left <= 0:
                    raise
            time.sleep(min(POLL_INTERVAL, left))


def _in_terms_of_input(detail: str) -> str:
    """Return a detail with the path of the invalid value in place of a JSON pointer: `clock.now`, `faults[0]`."""
    pointer, colon, reason = detail.partition(": ")
    _, *parts = pointer.split("/")
    if parts[:1] not in (["body"], ["query"]) or not colon:
        return detail
    path = format_path([int(part) if part.isdecimal() else part for part in parts[1:]])
    return f"{path}: {reason}" if path else reason


def _object(text: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a text; None if it is not one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
