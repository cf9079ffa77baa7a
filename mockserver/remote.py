"""A running server's control API, as another program asks it."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

PATIENCE = 30.0
"""How long an answer may take, in seconds."""
PAUSE = 0.1
"""How long to wait before asking again, in seconds."""


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
    """The control API at a base URL; asked directly, past any proxy. Raises `ValueError` if the URL is none."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.port == 0 or parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("is no http:// or https:// URL with a host")
        if parts.query or parts.fragment or any(not "!" <= letter <= "~" for letter in url):
            raise ValueError("is no base URL")
        self.url = url.rstrip("/")
        self.token = token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def call(
        self, method: str, *path: str, body: Mapping[str, Any] | None = None, timeout: float = PATIENCE
    ) -> dict[str, Any]:
        """Ask, `path` being the parts behind the prefix, and return the answer; raises `RemoteError`."""
        data = None if body is None else json.dumps(body).encode()
        url = "/".join([self.url, "_mockserver", *(quote(part, safe="") for part in path)])
        request = urllib.request.Request(url, data, {"Accept": "application/json"}, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with self._opener.open(request, timeout=timeout) as response:
                answer = _object(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise RemoteError(f"{self.url} refused: {_told(error)}", error.code) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            reason = getattr(reason, "strerror", None) or reason or type(error).__name__
            raise RemoteError(f"no answer from {self.url}: {reason}") from None
        if answer is None or "schema_version" not in answer:
            raise RemoteError(f"{self.url} is no mockserver: its answer is none of the control API")
        return answer

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


def _object(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None when the text is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _told(error: urllib.error.HTTPError) -> str:
    """Say a refusal: its status, and the detail of the problem."""
    try:
        problem = _object(error.read())
    except (OSError, http.client.HTTPException):
        problem = None
    detail = (problem or {}).get("detail") or error.reason
    return f"{error.code} {detail}"
