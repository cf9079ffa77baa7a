"""Interception of requests for the providers' real hosts, made with requests, httpx, urllib3 and urllib.

urllib3, requests and urllib send requests with `http.client`: a connection to such a host gets a socket that passes
what is sent to the mock server. For httpx the transports are wrapped. Only public names of the libraries are replaced,
and only while an interception is active. The newest interception of a host wins.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import importlib
import io
import queue
import socket
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httptools

from .control_client import ControlClient
from .in_process import InProcessClient, InProcessResponse, Send, httpx_transport, send

if TYPE_CHECKING:
    from flask import Flask

HTTPX = ("httpx", "httpx2")
"""The modules of httpx and its successor."""


class _Interception:
    """Hosts, and what sends their requests to the mock server."""

    def __init__(self, hosts: Iterable[str], send: Send) -> None:
        self.hosts = frozenset(hosts)
        self.send = send


_active: list[_Interception] = []
_lock = threading.Lock()
"""Held while the list changes."""
_replaced = contextlib.ExitStack()
"""Restores the replaced methods."""
_tunnels: weakref.WeakKeyDictionary[http.client.HTTPConnection, str] = weakref.WeakKeyDictionary()
"""The intercepted hosts of connections that would reach them through a proxy."""


def intercept(app: Flask) -> contextlib.AbstractContextManager[None]:
    """Serve requests of this process for the providers' real hosts with an application: `with intercept(app): …`."""
    return intercept_with(InProcessClient(app))


@contextlib.contextmanager
def intercept_with(client: ControlClient) -> Iterator[None]:
    """Serve requests of this process for the providers' real hosts with the server of a client."""
    if isinstance(client, InProcessClient):
        hosts: Iterable[str] = client.app.extensions["mockserver"].mounts.hosts
        interception = _Interception(hosts, functools.partial(send, client.app))
    else:
        from ..providers import load_providers

        hosts = [host for provider in load_providers() for host in provider.hosts]
        interception = _Interception(hosts, functools.partial(_forward, client))
    with _lock:
        if not _active:
            _replace_methods()
        _active.append(interception)
    try:
        yield
    finally:
        with _lock:
            _active.remove(interception)
            if not _active:
                _replaced.close()


def _find(host: str) -> Send | None:
    """Return what sends the requests for a host to the mock server; None if they are not intercepted."""
    name = host.lower().rstrip(".")
    return next((each.send for each in reversed(_active) if name in each.hosts), None)


def _replace_methods() -> None:
    classes: list[Any] = [http.client.HTTPConnection, http.client.HTTPSConnection]
    with contextlib.suppress(ImportError):
        connection: Any = importlib.import_module("urllib3.connection")
        classes += [connection.HTTPConnection, connection.HTTPSConnection]
    for each in classes:
        _replace(each, "connect", _connect)
        if "set_tunnel" in vars(each):
            _replace(each, "set_tunnel", _set_tunnel)
    for name in HTTPX:
        with contextlib.suppress(ImportError):
            library: Any = importlib.import_module(name)
            _replace(library.HTTPTransport, "handle_request", functools.partial(_handle_request, library))
            _replace(library.AsyncHTTPTransport, "handle_async_request", functools.partial(_handle_async, library))


def _replace(kind: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = getattr(kind, name)
    setattr(kind, name, functools.wraps(original)(wrap(original)))
    _replaced.callback(setattr, kind, name, original)


# httpx


def _handle_request(library: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    def handle_request(transport: Any, request: Any) -> Any:
        found = _find(request.url.host)
        if found is None:
            return original(transport, request)
        return httpx_transport(_with_timeout(found, _read_timeout(request)), library).handle_request(request)

    return handle_request


def _handle_async(library: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_async_request(transport: Any, request: Any) -> Any:
        found = _find(request.url.host)
        if found is None:
            return await original(transport, request)
        chosen = httpx_transport(_with_timeout(found, _read_timeout(request)), library)
        return await chosen.handle_async_request(request)

    return handle_async_request


def _read_timeout(request: Any) -> float | None:
    timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return timeout


# http.client


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(connection: Any) -> None:
        host = _tunnels.get(connection, connection.host)
        found = _find(host)
        if found is None:
            original(connection)
            return
        connection.sock = _Socket(found, "https" if connection.default_port == http.client.HTTPS_PORT else "http", host)
        if isinstance(connection.timeout, int | float):
            connection.sock.settimeout(connection.timeout)
        connection.is_verified = True  # else urllib3 warns that the certificate was not

    return connect


def _set_tunnel(original: Callable[..., Any]) -> Callable[..., Any]:
    def set_tunnel(connection: Any, host: str, *arguments: Any, **keywords: Any) -> None:
        _tunnels.pop(connection, None)
        if _find(host) is None:
            original(connection, host, *arguments, **keywords)
        else:
            _tunnels[connection] = host

    return set_tunnel


class _Socket:
    """What a connection of `http.client` uses of a socket. The mock server responds, and the connection is closed."""

    def __init__(self, send: Send, scheme: str, host: str) -> None:
        self._send = send
        self._origin = f"{scheme}://{host}"
        self._timeout = socket.getdefaulttimeout()
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() != b"host":  # of a connection through a proxy it would be the proxy's
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def sendall(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        """Send the request to the mock server, and return its response. Raises `TimeoutError`."""
        method = self._parser.get_method().decode()
        url = self._origin + self._target.decode("latin-1")
        try:
            response = _with_timeout(self._send, self._timeout)(method, url, self._headers, bytes(self._body))
        except TimeoutError:
            raise
        except ConnectionResetError:
            return io.BytesIO()
        lines = [f"HTTP/1.1 {response.status} {response.phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers if name.lower() != "connection"]
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        return io.BytesIO(head.encode("latin-1") + response.body)

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def close(self) -> None: ...

    def shutdown(self, how: int) -> None: ...


def _with_timeout(send: Send, timeout: float | None) -> Send:
    """Return a function that sends a request and raises `TimeoutError` if it takes longer, in seconds."""
    if timeout is None:
        return send

    def send_with_timeout(*request: Any) -> InProcessResponse:
        results: queue.SimpleQueue[tuple[InProcessResponse | None, BaseException | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                results.put((send(*request), None))
            except BaseException as error:
                results.put((None, error))

        threading.Thread(target=work, name="mockserver request", daemon=True).start()
        try:
            response, error = results.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("timed out") from None
        if response is None:
            assert error is not None
            raise error
        return response

    return send_with_timeout


# A server that is not in this process


def _forward(
    client: ControlClient, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
) -> InProcessResponse:
    """Send a request to the server of a client, with the host of the URL as its Host."""
    parts = urlsplit(url)
    target = urlsplit(client.url).path + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = client.new_connection()
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", parts.netloc)
        for name, value in headers:
            if name.lower() not in ("host", "content-length", "transfer-encoding", "connection"):
                connection.putheader(name, value)
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Connection", "close")
        connection.endheaders(body)
        response = connection.getresponse()
        is_complete = True
        try:
            content = response.read()
        except http.client.IncompleteRead as error:
            content, is_complete = error.partial, False
        kept = [(name, value) for name, value in response.getheaders() if name.lower() != "transfer-encoding"]
        return InProcessResponse(response.status, response.reason, kept, content, is_complete)
    finally:
        connection.close()
