"""Clients of the application in the same process, without a socket: the control API, httpx, requests."""

from __future__ import annotations

import functools
import importlib
import io
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from ..web.delays import NO_TIMEOUT, ConnectionTimedOut
from .control_client import ControlClient, ControlError

if TYPE_CHECKING:
    from types import ModuleType

    from flask import Flask

URL = "http://localhost"
"""The base URL of an application without a socket."""


class InProcessResponse(NamedTuple):
    """A response of the application."""

    status: int
    phrase: str
    headers: list[tuple[str, str]]
    body: bytes
    is_complete: bool
    """Whether the body is complete; a planned fault may have truncated it."""


Send = Callable[[str, str, Iterable[tuple[str, str]], bytes], InProcessResponse]
"""Sends a request: method, URL, headers, body. Raises `ConnectionResetError` for a dropped connection, and
`TimeoutError` if it has a timeout."""


def send(app: Flask, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> InProcessResponse:
    """Send a request to the application. Raises `ConnectionResetError` if a planned fault drops the connection."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, response_headers: list[tuple[str, str]], error: object = None) -> Any:
        started.append((status, response_headers))

    chunks: list[bytes] = []
    is_complete = True
    response = app(_environ(method, url, headers, body), start_response)
    try:
        chunks.extend(response)
    except ConnectionResetError:
        if not chunks:  # before any byte of the response
            raise
        is_complete = False
    finally:
        close = getattr(response, "close", None)
        if close is not None:
            close()
    status, _, phrase = started[-1][0].partition(" ")
    return InProcessResponse(int(status), phrase, started[-1][1], b"".join(chunks), is_complete)


def _environ(method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """Return the WSGI environ of a request, as a server would create it."""
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "REQUEST_URI": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or {"https": 443}.get(parts.scheme, 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        NO_TIMEOUT: True,
    }
    sent: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if "_" not in name and key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            sent[key] = f"{sent[key]}, {value}" if key in sent else value
    environ |= {key if key == "CONTENT_TYPE" else f"HTTP_{key}": value for key, value in sent.items()}
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


class InProcessClient(ControlClient):
    """The control API of an application in this process, without a socket."""

    def __init__(self, app: Flask, url: str = URL) -> None:
        super().__init__(url, app.extensions["mockserver"].config.control_token)
        self.app = app

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, timeout: float
    ) -> tuple[int, str, bytes]:
        try:
            response = send(self.app, method, url, headers.items(), data or b"")
        except ConnectionResetError as error:
            raise ControlError(f"no response from {self.url}: {error}") from None
        return response.status, response.phrase, response.body


def wsgi_transport(app: Flask, library: ModuleType | None = None) -> Any:
    """Return a transport for sync and async clients of httpx, which need no socket then.

    `library` is the module of the client: httpx (the default) or httpx2. Planned faults `drop` and `truncate` raise
    the library's `RemoteProtocolError`, and `timeout` at once its `ReadTimeout`. Timeouts of the client are ignored.
    """
    return httpx_transport(functools.partial(send, app), library or importlib.import_module("httpx"))


def httpx_transport(send: Send, httpx: Any) -> Any:
    """Return a transport for sync and async clients of a library, httpx or httpx2, that sends requests with `send`."""

    def respond(request: Any, body: bytes) -> Any:
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        try:
            response = send(request.method, str(request.url), sent, body)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error), request=request) from None
        except ConnectionResetError:
            reason = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(reason, request=request) from None
        if not response.is_complete:
            reason = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(reason, request=request)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        return httpx.Response(
            response.status,
            headers=headers,
            content=response.body,
            extensions={"reason_phrase": response.phrase.encode()},
        )

    class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            return respond(request, request.read())

        async def handle_async_request(self, request: Any) -> Any:
            import anyio.to_thread  # a dependency of httpx

            return await anyio.to_thread.run_sync(respond, request, await request.aread())

    return Transport()


def wsgi_adapter(app: Flask) -> Any:
    """Return an adapter for sessions of requests, which need no socket then.

    Mount it at the base URL of the code under test: `session.mount("http://localhost", wsgi_adapter(app))`. A planned
    `drop` raises the library's `ConnectionError`, a `timeout` at once its `ReadTimeout`, a `truncate` its
    `ChunkedEncodingError` when the body is read.
    Timeouts of the session are ignored.
    """
    from requests import ConnectionError as NoConnection
    from requests import ReadTimeout
    from requests.adapters import BaseAdapter, HTTPAdapter
    from urllib3 import HTTPHeaderDict, HTTPResponse
    from urllib3.exceptions import ProtocolError

    builder = HTTPAdapter()

    class Adapter(BaseAdapter):
        def send(self, request: Any, *_: Any, **__: Any) -> Any:
            body = request.body
            if hasattr(body, "read"):
                body = body.read()
            elif body is not None and not isinstance(body, str | bytes):
                body = b"".join(body)
            sent = [(_text(name), _text(value)) for name, value in request.headers.items()]
            data = body.encode() if isinstance(body, str) else body or b""
            try:
                response = send(app, request.method, request.url, sent, data)
            except ConnectionTimedOut as error:
                raise ReadTimeout(error, request=request) from None
            except ConnectionResetError as error:
                raise NoConnection(ProtocolError("Connection aborted.", error), request=request) from None
            raw = HTTPResponse(
                io.BytesIO(response.body),
                headers=HTTPHeaderDict(response.headers),
                status=response.status,
                reason=response.phrase,
                preload_content=False,
                request_method=request.method,
            )
            return builder.build_response(request, raw)

        def close(self) -> None:
            builder.close()

    return Adapter()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
