"""HTTP/1.1 connections: httptools parses requests, asyncio carries the bytes, a WSGI application responds.

A request is processed by the application on the event loop, or on a worker thread if it may take long. `HttpServer`
decides which, and keeps the time: a connection only notes what it waits for.
"""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

import httptools

from .core.monotonic import monotonic

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

READ_SIZE = 1 << 16
"""The maximum size of one read, in bytes."""
PARSE_SIZE = 1 << 13
"""The number of bytes that are parsed before the requests in them are processed."""
MAX_HEAD = 1 << 18
"""The maximum size of a request line and its headers, in bytes."""
MAX_BODY = 64 << 20
"""The maximum size of a body that is received at all, in bytes. The application has lower limits."""
MAX_PIPELINED = 16
"""The number of parsed requests from which a connection reads no more."""
_ABSOLUTE = re.compile(
    r"[a-z][a-z0-9+.-]*://((?:\[[0-9a-f:.]+\]|[^\[\]/?#@:]+)(?::[0-9]*)?)([/?#].*)?", re.IGNORECASE | re.DOTALL
)
"""A target in absolute form: its host, and the rest."""
_TARGET = re.compile(rb"[!-~\x80-\xff]+")


class HttpError(Exception):
    """A request that HTTP does not allow; the connection is closed after the response."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Request(NamedTuple):
    """A parsed request."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes
    """Its first bytes, if it is longer than the application accepts."""
    size: int
    """The length of the body."""
    keep_alive: bool


class Response(NamedTuple):
    """A response of the application. It is incomplete if the connection is to be closed after these bytes."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    is_complete: bool


class Handler(Protocol):
    """What a connection needs of its server."""

    scheme: str
    is_stopping: bool
    buffer: memoryview
    """What is read into, by one connection at a time."""

    def opened(self, connection: Connection) -> None: ...
    def closed(self, connection: Connection) -> None: ...
    def body_limit(self, target: str) -> int: ...
    def process(self, connection: Connection, request: Request) -> None: ...


class Connection(asyncio.BufferedProtocol):
    """A connection of a client. Requests on it are processed one after the other."""

    transport: asyncio.Transport

    def __init__(self, server: Handler, app: WSGIApplication) -> None:
        self.server = server
        self.app = app
        self.busy = False
        """Whether the application is processing a request."""
        self.cancel_delay: Callable[[], None] | None = None
        """Ends the planned delay of the request that is processed, if it is delayed."""
        self.waits_since = monotonic()
        """Since when the connection waits: for a head, for more of a body, or for the client to read."""
        self.is_reading_head = self.is_reading_body = False
        self.is_used = False
        """Whether anything was received."""
        self.unsent = 0
        """The number of unsent bytes when it was last looked at."""
        self._requests: deque[Request | HttpError] = deque()
        self._unparsed = b""
        self._parser = httptools.HttpRequestParser(self)
        self._status_of_parts: str | None = None
        """The status of the response that is sent in parts."""
        self._is_closing = self._is_eof = self._has_hung_up = self._is_paused = self._is_processing = False
        self._new_request()

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.client: tuple[str, str] = (peer[0], str(peer[1])) if isinstance(peer, tuple) else ("", "")
        self.socket = transport.get_extra_info("socket")
        self.is_tls = transport.get_extra_info("sslcontext") is not None
        self.server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        self._requests.clear()
        if self.cancel_delay is not None:
            self.cancel_delay()
        self.server.closed(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_closing:
            return
        self.is_used = True
        if self.is_idle:
            self.is_reading_head = True
            self.waits_since = monotonic()
        elif self.is_reading_body:
            self.waits_since = monotonic()
        self._unparsed += bytes(self.server.buffer[:nbytes])
        self.proceed()

    def eof_received(self) -> bool:
        self._is_eof = self._has_hung_up = True
        if self.cancel_delay is not None:
            self.cancel_delay()
        return self.has_requests and not self.is_tls  # the client may still read

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self.proceed()

    # Parsing

    def _new_request(self) -> None:
        self._url, self._head_size = b"", 0
        self._headers: list[tuple[str, str]] = []
        self._body, self._size, self._limit = bytearray(), 0, 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        self._count_head(len(name) + len(value))

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD:
            raise HttpError("431 Request Header Fields Too Large", "The head of the request is too large.")

    def on_headers_complete(self) -> None:
        if self._head_size == 0 or not _TARGET.fullmatch(self._url):
            raise HttpError("400 Bad Request", "The request line is invalid.")
        target = self._url.decode("latin-1")
        if "://" in target.partition("?")[0] and target[0] != "/" and not _ABSOLUTE.fullmatch(target):
            raise HttpError("400 Bad Request", "The target of the request is invalid.")
        if self._parser.get_http_version() not in ("1.0", "1.1"):
            raise HttpError("400 Bad Request", "Expected HTTP/1.0 or HTTP/1.1.")
        names = [name.lower() for name, _ in self._headers]
        hosts = names.count("host")
        if hosts > 1 or (hosts == 0 and self._parser.get_http_version() == "1.1"):
            raise HttpError("400 Bad Request", "Expected one Host header.")
        if "content-length" in names and "transfer-encoding" in names:
            raise HttpError("400 Bad Request", "Expected either Content-Length or Transfer-Encoding.")
        lengths = [value for name, value in zip(names, (value for _, value in self._headers), strict=True)
                   if name == "content-length"]  # fmt: skip
        length = int(lengths[0]) if lengths and len(lengths[0]) < 20 else 0
        if length > MAX_BODY:
            raise HttpError("413 Request Entity Too Large", "The body is too large.")
        self.is_reading_head, self.is_reading_body = False, True
        self._limit = self.server.body_limit(target) + 1
        expects = next((value for name, value in self._headers if name.lower() == "expect"), "")
        if expects.lower() == "100-continue" and (length or "transfer-encoding" in names) and not self.busy:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY:
            raise HttpError("413 Request Entity Too Large", "The body is too large.")
        if len(self._body) < self._limit:
            self._body += body[: self._limit - len(self._body)]

    def on_message_complete(self) -> None:
        self.is_reading_body = False
        self._requests.append(
            Request(
                self._parser.get_method().decode("latin-1"),
                self._url.decode("latin-1"),
                self._parser.get_http_version(),
                self._headers,
                bytes(self._body),
                self._size,
                self._parser.should_keep_alive(),
            )
        )
        self._new_request()

    def _parse(self) -> None:
        """Parse bytes that were received, until there are requests to process."""
        while self._unparsed and len(self._requests) < MAX_PIPELINED:
            data, self._unparsed = self._unparsed[:PARSE_SIZE], self._unparsed[PARSE_SIZE:]
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:  # which is not supported: the request is an ordinary one
                self._parser = httptools.HttpRequestParser(self)
                self._unparsed = data[upgrade.args[0] :] + self._unparsed
            except httptools.HttpParserError as error:
                cause = error.__context__
                invalid = cause if isinstance(cause, HttpError) else HttpError("400 Bad Request", "Expected HTTP.")
                self._requests.append(invalid)
                self._unparsed = b""
                self._is_eof = True
                return
        if self._unparsed:
            self.is_reading_head = True

    # Processing

    @property
    def is_idle(self) -> bool:
        """Whether nothing was received that needs a response, and nothing is to be sent."""
        is_reading = self.is_reading_head or self.is_reading_body or bool(self._unparsed)
        return not (self.busy or self._requests or is_reading or self.unsent_bytes)

    @property
    def is_gone(self) -> bool:
        """Whether the client has hung up, or the connection is being closed."""
        return self._is_closing or self._has_hung_up

    @property
    def has_requests(self) -> bool:
        """Whether a request waits for its response."""
        return self.busy or bool(self._requests)

    @property
    def unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def proceed(self) -> None:
        """Parse and process what was received, as far as the client reads the responses."""
        if self._is_processing:  # called again by a response that was sent at once
            return
        self._is_processing = True
        try:
            while not (self.busy or self._is_paused or self._is_closing):
                if not self._requests:
                    self._parse()
                if not self._requests:
                    break
                request = self._requests.popleft()
                if isinstance(request, HttpError):
                    self._reject(request)
                    break
                self.busy = True
                self.server.process(self, request)
        finally:
            self._is_processing = False
        if self._is_closing:
            return
        if self.busy or self._is_paused:
            if len(self._unparsed) >= READ_SIZE:
                self.transport.pause_reading()
        else:
            self.transport.resume_reading()
            if self._is_eof and not self._requests:
                self.close()

    def _reject(self, error: HttpError) -> None:
        body = f"{error.detail}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
        self._write("1.1", error.status, headers, body, has_body=True)
        self.close()

    def respond(self, request: Request, response: Response) -> None:
        """Send a response, and go on with the next request."""
        self.busy, self.cancel_delay = False, None
        if self._is_closing:
            return
        if self._status_of_parts is not None:
            self._send_last_part(request, response)
            return
        if response.status or response.body:
            self._send(request, response)
        if not response.is_complete:
            self.close()
        else:
            self.proceed()

    def _send(self, request: Request, response: Response) -> None:
        headers = response.headers
        has_more = bool(self._requests or self._unparsed)
        if not response.is_complete:
            pass
        elif not request.keep_alive or (self.server.is_stopping and not has_more):
            headers = [*headers, ("Connection", "close")]
            self._is_eof = True
            self._requests.clear()
            self._unparsed = b""
        elif request.version == "1.0":
            headers = [*headers, ("Connection", "Keep-Alive")]
        has_body = request.method != "HEAD" and response.status[:3] not in ("204", "304")
        self._write(request.version, response.status, headers, response.body, has_body=has_body)

    def send_part(self, request: Request, response: Response) -> None:
        """Send a part of a response, of which more follows; `respond` sends the last one. The first has the head."""
        if self._is_closing:
            return
        if self._status_of_parts is None:
            self._status_of_parts = response.status
            headers = [each for each in response.headers if each[0].lower() != "content-length"]
            if request.version == "1.1":
                headers.append(("Transfer-Encoding", "chunked"))
            if request.version != "1.1" or not request.keep_alive:
                headers.append(("Connection", "close"))
            self._write_head(request.version, response.status, headers)
        self._write_part(request, response.body)

    def _send_last_part(self, request: Request, response: Response) -> None:
        status, self._status_of_parts = self._status_of_parts, None
        if response.is_complete and response.status == status:  # otherwise the client notices that the end is missing
            self._write_part(request, response.body)
            if request.version == "1.1":
                self.transport.write(b"0\r\n\r\n")
                if request.keep_alive and not self.server.is_stopping:
                    self.proceed()
                    return
        self.close()

    def _write_part(self, request: Request, body: bytes) -> None:
        if body:
            self.waits_since = monotonic()
            self.transport.write(b"%x\r\n%b\r\n" % (len(body), body) if request.version == "1.1" else body)

    def _write(self, version: str, status: str, headers: list[tuple[str, str]], body: bytes, *, has_body: bool) -> None:
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        headers = [each for each in headers if each[0].lower() != "content-length"]
        if has_body:
            headers.append(("Content-Length", lengths[-1] if lengths else str(len(body))))
        self._write_head(version, status, headers, body if has_body else b"")

    def _write_head(self, version: str, status: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        lines = [f"HTTP/{version} {status}", *[f"{name}: {value}" for name, value in headers]]
        lines.append(f"Date: {_date(int(time.time()))}\r\n\r\n")
        self.waits_since = monotonic()
        self.transport.write("\r\n".join(lines).encode("latin-1") + body)

    def close(self) -> None:
        """Close the connection when everything is sent."""
        if not self.transport.is_closing():
            self._is_closing, self.waits_since = True, monotonic()
            self.transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._is_closing = True
        self.transport.abort()


def _date(second: int) -> str:
    """Return the time of the header `Date`."""
    if _dates[0] != second:
        _dates[:] = [second, formatdate(second, usegmt=True)]
    return str(_dates[1])


_dates: list[Any] = [0, ""]


# WSGI


def build_environ(connection: Connection, request: Request, server: tuple[str, int], errors: Any) -> WSGIEnvironment:
    """Return the WSGI environ of a request. Headers with an underscore are dropped: they could pass for others."""
    target = request.target
    absolute = None if target.startswith("/") else _ABSOLUTE.fullmatch(target)
    if absolute is not None:
        rest = absolute[2] or ""
        target = rest if rest.startswith("/") else f"/{rest}"
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REMOTE_ADDR": connection.client[0],
        "REMOTE_HOST": connection.client[0],
        "REMOTE_PORT": connection.client[1],
        "REQUEST_METHOD": request.method,
        "SERVER_PORT": str(server[1]),
        "SERVER_NAME": server[0],
        "SERVER_SOFTWARE": "mockserver",
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path,
        "REQUEST_URI": target,
        "QUERY_STRING": query.partition("#")[0],
        "wsgi.url_scheme": connection.server.scheme,
        "wsgi.version": (1, 0),
        "wsgi.errors": errors,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
    }
    for name, value in request.headers:
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key == "TRANSFER_ENCODING":
            environ["CONTENT_LENGTH"] = str(request.size)
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            environ.setdefault(key, value)
        else:
            key = f"HTTP_{key}"
            environ[key] = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}" if key in environ else value
    if absolute is not None:
        environ["HTTP_HOST"] = absolute[1]
    return environ


def run_app(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """Return the response of an application. Raises `Delay` if the request is to be processed later."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], Any]:
        started[:] = [status, headers]
        return written.append

    written: list[bytes] = []
    returned: Iterable[bytes] = app(environ, start_response)
    is_complete = True
    try:
        try:
            written.extend(returned)
        except ConnectionResetError:  # a planned fault
            is_complete = False
    finally:
        close = getattr(returned, "close", None)
        if close is not None:
            close()
    status, headers = started
    body = b"".join(written)
    if not is_complete and not body:
        return Response("", [], b"", is_complete=False)
    return Response(status, headers, body, is_complete)


def internal_error() -> Response:
    """Return the response to a request on which the application itself failed."""
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    return Response("500 Internal Server Error", headers, b"Internal Server Error\n", is_complete=True)
