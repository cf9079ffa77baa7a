"""Connections that requests are sent through: to a real service, or to this server in the same process."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ..core.config import Config
from ..web.provider import Provider
from ..web.service import ScriptRequest, Service, with_query
from .differences import DriftError

TIMEOUT = 30
"""The time limit of a request, in seconds."""
MAX_BYTES = 16 << 20
"""The maximum size of a response, in bytes."""
NO_ACCESS = (401, 403, 404)
"""The statuses of a list that an account has no access to, or does not have."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its status, media type and body."""

    status: int
    content_type: str
    body: Any
    """JSON, or text."""
    is_json: bool

    @classmethod
    def parse(cls, status: int, content_type: str, data: bytes) -> Reply:
        """Return a response with its body parsed if it is JSON."""
        media_type = content_type.partition(";")[0].strip().lower()
        text = data.decode("utf-8", "replace")
        if media_type.endswith("json") and text.strip():
            try:
                return cls(status, media_type, json.loads(text), True)
            except ValueError:
                pass
        return cls(status, media_type, text, False)


Send = Callable[[str, str, Mapping[str, str], bytes | None], Reply]
"""Sends a request: method, path, headers, body. Raises `DriftError` without a response."""


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: the credential is for one host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def remote(base_url: str) -> Send:
    """Return a function that sends requests to a service. Raises `DriftError` for a URL that is not safe."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise DriftError(f"'{base_url}': expected a URL such as https://api.example.com")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise DriftError(f"'{base_url}': expected https, which keeps the key secret")
    opener = build_opener(_NoRedirect)

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        request = Request(base_url.rstrip("/") + path, body, dict(headers), method=method)
        try:
            try:
                response = opener.open(request, timeout=TIMEOUT)
            except HTTPError as error:
                response = error
            with response:
                data = response.read(MAX_BYTES + 1)
                if len(data) <= MAX_BYTES and response.length:  # the connection ended early
                    raise OSError("the response is not complete")
        except (OSError, HTTPException, ValueError) as error:
            raise DriftError(f"{method} {path}: no response: {error}") from None
        if len(data) > MAX_BYTES:
            raise DriftError(f"{method} {path}: the response is larger than {MAX_BYTES >> 20} MiB")
        return Reply.parse(response.status, response.headers.get("Content-Type", ""), data)

    return send


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def in_process(provider: Provider, section: Mapping[str, Any], profile: str) -> Send:
    """Return a function that sends requests to this server, whose only account has this section of a seed."""
    from ..app import create_app
    from ..testing.in_process import URL
    from ..testing.in_process import send as send_to_app

    app = create_app(
        Config(
            seed={provider.name: dict(section)},
            profile=profile,
            providers=os.environ.get("MOCKSERVER_PROVIDERS", ""),
        )
    )

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        response = send_to_app(app, method, f"{URL}/{provider.name}{path}", headers.items(), body or b"")
        content_type = next((value for name, value in response.headers if name.lower() == "content-type"), "")
        return Reply.parse(response.status, content_type, response.body)

    return send


def real_service(provider: Provider) -> Service:
    """Return what is known of a provider's real service. Raises `DriftError` if it is not supported."""
    if provider.service is None:
        raise DriftError(f"drift is not supported for {provider.title}: its package describes no service")
    return provider.service


def read_key(variable: str | None, file: str | None) -> str:
    """Return the API key in an environment variable or a file. Raises `DriftError`."""
    if (variable is None) == (file is None):
        raise DriftError("expected either --key-env or --key-file")
    try:
        key = os.environ.get(variable, "") if variable is not None else Path(file or "").read_text("utf-8")
    except (OSError, ValueError) as error:
        raise DriftError(f"{file}: {error}") from None
    if not key.strip() or len(key.split()) != 1:
        raise DriftError(f"{variable or file}: expected an API key")
    return key.strip()


class Account:
    """An account of a provider: requests with its key."""

    def __init__(self, provider: Provider, send: Send, key: str | None) -> None:
        self.provider = provider
        self.key = key
        self._send = send

    def request(self, request: ScriptRequest, values: Mapping[str, str]) -> Reply:
        """Send a request of a script. Raises `KeyError` if it needs a variable that has no value."""
        path = fill(request.path, {name: quote(value, safe="") for name, value in values.items()})
        headers = {"Accept": "application/json", "User-Agent": "mockserver-drift"}
        if self.key is not None:
            headers["Authorization"] = self.provider.authorization_header(self.key)
        body = None
        if request.json is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(filled(request.json, values)).encode()
        elif request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(filled(request.form, values)).encode()
        return self._send(request.method, path, headers, body)

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON of a response. Raises `DriftError` if the status is not 200."""
        return self._json(path, self._get(path, query))

    def find(self, path: str, **query: object) -> Any:
        """Return the JSON of a response; None if the account has no access to it, or no such thing."""
        reply = self._get(path, query)
        return None if reply.status in NO_ACCESS else self._json(path, reply)

    def _get(self, path: str, query: Mapping[str, object]) -> Reply:
        return self.request(ScriptRequest("read", "GET", with_query(path, query)), {})

    def _json(self, path: str, reply: Reply) -> Any:
        if reply.status != 200 or not reply.is_json:
            raise DriftError(f"GET {path}: expected JSON with the status 200, got the status {reply.status}")
        return reply.body


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of its variables. Raises `KeyError` without one."""
    for part in [each.partition("}")[0] for each in text.split("{")[1:]]:
        text = text.replace(f"{{{part}}}", values[part])
    return text


def filled(body: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return a body with the values of its variables."""
    return {name: fill(value, values) if isinstance(value, str) else value for name, value in body.items()}
