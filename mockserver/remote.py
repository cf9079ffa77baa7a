"""A running server's control API, as another program asks it."""

from __future__ import annotations

import http
import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

PATIENCE = 30.0
"""How long an answer may take, in seconds."""
PAUSE = 0.1
"""How long to wait before asking again, in seconds."""
__tracebackhide__ = True
"""In a test that fails, pytest points to the test's own line, not to what is in here."""


class RemoteError(Exception):
    """The server gave no answer, or none of the control API, or refused; `status` is its refusal's."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for this server only."""

    def redirect_request(self, *_: object) -> None:
        return None


class Remote:
    """The control API at a base URL; asked directly, past any proxy. Raises `ValueError` if the URL is none.

    `ca` is a file of certificates in PEM: an https server is trusted by these, and not by those that this machine has.
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
        self._plain = _opener()

    def call(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> dict[str, Any]:
        """Ask, `path` being the parts behind the prefix, and return the answer, `{}` to a DELETE.

        Raises `RemoteError`.
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
            raise RemoteError(f"{self.url} refused: {status} {detail}", status)
        if method == "DELETE" and status == http.HTTPStatus.NO_CONTENT:
            return {}
        if answer is None or "schema_version" not in answer:
            raise RemoteError(f"{self.url} is no mockserver: its answer is none of the control API")
        return answer

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, timeout: float
    ) -> tuple[int, str, bytes]:
        """Send a request; return status, phrase and body. Raises `RemoteError` when there is no answer."""
        request = urllib.request.Request(url, data, dict(headers), method=method)
        try:
            with self._trusting().open(request, timeout=timeout) as response:
                return response.status, response.reason, response.read()
        except urllib.error.HTTPError as error:
            with error:
                try:
                    return error.code, error.reason, error.read()
                except (OSError, http.client.HTTPException):
                    return error.code, error.reason, b""
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            reason = getattr(reason, "strerror", None) or reason or type(error).__name__
            raise RemoteError(f"no answer from {self.url}: {reason}") from None

    def _trusting(self) -> urllib.request.OpenerDirector:
        """Return what asks; the file is read each time, as a server that is waited for may be about to write it."""
        if self.ca is None:
            return self._plain
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise RemoteError(f"{self.ca}: {getattr(error, 'reason', None) or error.strerror}") from None
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the server's own certificate will do
        return _opener(urllib.request.HTTPSHandler(context=context))

    def wait(self, seconds: float) -> None:
        """Return as soon as the server is ready; raises the last `RemoteError` when it is not within some seconds."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.call("GET", "ready", timeout=max(deadline - time.monotonic(), PAUSE))
                return
            except RemoteError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
            time.sleep(min(PAUSE, left))


def _opener(*handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect, *handlers)


def _object(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None when the text is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
