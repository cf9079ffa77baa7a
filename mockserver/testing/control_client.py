"""A running server's control API, as another program asks it."""

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

REQUEST_TIMEOUT = 30.0
"""How long an answer may take, in seconds."""
POLL_INTERVAL = 0.1
"""How long to wait before asking again, in seconds."""
IDLE = 5.0
"""How long a connection is kept for the next call, in seconds: servers and proxies keep one for longer."""
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
"""Methods that may be sent once more where nobody knows whether the first was done."""
__tracebackhide__ = True
"""In a test that fails, pytest points to the test's own line, not to what is in here."""


class ControlError(Exception):
    """The server gave no answer, or none of the control API, or refused; `status` is its refusal's."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class _PooledConnection(NamedTuple):
    """A connection on which the next call may be made."""

    connection: http.client.HTTPConnection
    until: float
    process: int
    """Whose it is: a process that was forked has it, too, and must not use it."""

    def is_good(self) -> bool:
        """Say whether it is ours, young, and not closed by the server, which could be read from it."""
        if self.process != os.getpid() or self.until < time.monotonic():
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection.sock, selectors.EVENT_READ)
            return not selector.select(0)


class ControlClient:
    """The control API at a base URL; asked directly, past any proxy. Raises `ValueError` if the URL is none.

    `ca` is a file of certificates in PEM: an https server is trusted by these, and not by those that this machine has.
    It may be used by several threads. One connection is kept open until `close`, or until the client is deleted.
    """

    def __init__(self, url: str, token: str | None = None, ca: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.port == 0 or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("is no http:// or https:// URL with a host")
        if parts.query or parts.fragment or any(not "!" <= letter <= "~" for letter in url):
            raise ValueError("is no base URL")
        self.url = url.rstrip("/")
        self.token = token
        self.ca = ca
        self._address = parts.scheme, parts.hostname, parts.port or (80 if parts.scheme == "http" else 443)
        self._kept: list[_PooledConnection] = []

    def request(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> dict[str, Any]:
        """Ask, `path` being the parts behind the prefix, and return the answer, `{}` to a DELETE.

        Raises `ControlError`.
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
        answer = _object(text)
        if status >= 300:
            detail = (answer or {}).get("detail") or reason
            raise ControlError(f"{self.url} refused: {status} {detail}", status)
        if method == "DELETE" and status == http.HTTPStatus.NO_CONTENT:
            return {}
        if answer is None or "schema_version" not in answer:
            raise ControlError(f"{self.url} is no mockserver: its answer is none of the control API")
        return answer

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, timeout: float
    ) -> tuple[int, str, bytes]:
        """Send a request; return status, phrase and body. Raises `ControlError` when there is no answer."""
        parts = urlsplit(url)
        request = method, parts.path + (f"?{parts.query}" if parts.query else ""), data, headers
        try:
            kept = self._take()
            if kept is not None:
                try:
                    return self._ask(kept, timeout, *request)
                except ConnectionError:  # the server has closed it just now
                    if method not in IDEMPOTENT:
                        raise
            return self._ask(self._connection(), timeout, *request)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ControlError(f"no answer from {self.url}: {reason}") from None

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        timeout: float,
        method: str,
        target: str,
        data: bytes | None,
        headers: Mapping[str, str],
    ) -> tuple[int, str, bytes]:
        """Send a request over a connection, and keep that if there is none, or close it."""
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        whole = False
        try:
            connection.request(method, target, data, dict(headers))
            response = connection.getresponse()
            try:
                text = response.read()
                whole = True
            except (OSError, http.client.HTTPException):
                if response.status < 300:
                    raise
                text = b""  # a refusal is one without its words
            return response.status, response.reason, text
        finally:
            if whole and connection.sock is not None and not self._kept:
                self._kept.append(_PooledConnection(connection, time.monotonic() + IDLE, os.getpid()))
            else:
                connection.close()

    def _take(self) -> http.client.HTTPConnection | None:
        """Return the connection that is kept, if it still is one; it is the caller's then."""
        try:
            kept = self._kept.pop()
        except IndexError:
            return None
        if kept.is_good():
            return kept.connection
        kept.connection.close()
        return None

    def _connection(self) -> http.client.HTTPConnection:
        """Return a new connection; the file of certificates is read each time, as a server may be about to write it."""
        scheme, host, port = self._address
        if scheme == "http":
            return http.client.HTTPConnection(host, port)
        if self.ca is None:
            return http.client.HTTPSConnection(host, port)
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise ControlError(f"{self.ca}: {getattr(error, 'reason', None) or error.strerror}") from None
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the server's own certificate will do
        return http.client.HTTPSConnection(host, port, context=context)

    def close(self) -> None:
        """Close the connection that is kept; the next call opens another."""
        while self._kept:
            self._kept.pop().connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_kept"):  # it has none where its URL was none
            self.close()

    def wait(self, seconds: float) -> None:
        """Return as soon as the server is ready; raises the last `ControlError` when it is not within some seconds."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.request("GET", "ready", timeout=max(deadline - time.monotonic(), POLL_INTERVAL))
                return
            except ControlError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
            time.sleep(min(POLL_INTERVAL, left))


def _object(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None when the text is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
