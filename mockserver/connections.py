"""Connections of the HTTP server, on waitress: parsing, TLS, threads, shutdown."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections import deque
from typing import Any, cast

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import build_http_date

from .core.faults import Waits
from .web.blueprint import MAY_NOT_WAIT

THREADS = 8
"""The maximum number of threads with a store outside of this process; more would be slower."""
MAX_DELAYED_THREADS = 64
"""The maximum number of concurrently delayed requests with a local store; further ones wait."""

IDLE_TIMEOUT = 0.2
"""How long a shutdown waits for the rest of a request without receiving a byte, in seconds."""

TLS_READ_SIZE = 1 << 16
"""The size of reads with TLS in bytes: more than a record, so that no data stays in OpenSSL's buffer."""
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
START_LINE = re.compile(rb"[^ \r\n]+ [^ \r\n]+( HTTP/[0-9.]+)?\s*\r\n")
HTTPS_ONLY = b"This port serves HTTPS only: use https://, not http://.\n"
PLAIN_HTTP_RESPONSE = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    % len(HTTPS_ONLY)
    + HTTPS_ONLY
)


class Dispatcher(ThreadedTaskDispatcher):
    """Runs requests on the event-loop thread, or on a worker thread if they may block.

    A request may block if it has a planned delay, if the store is not local, or if it is pipelined or behind a response
    that is not yet sent, since the client may not read.
    """

    def __init__(self, *, is_local: bool) -> None:
        super().__init__()
        self._is_local = is_local
        self._at_most = MAX_DELAYED_THREADS if is_local else THREADS
        self._pending: deque[Any] = deque()
        self._loop = 0
        self._growing = threading.Lock()

    def add_task(self, task: Any) -> None:
        if self._is_local:
            self._pending.append(task)
        else:
            self._run_on_worker(task)

    def process_pending(self) -> None:
        """Process pending requests. Called by the loop's thread."""
        self._loop = threading.get_ident()
        while self._pending:
            connection: Connection = self._pending.popleft()
            if len(connection.requests) > 1 or connection.total_outbufs_len:
                self._run_on_worker(connection)
                continue
            try:
                connection.service()
            except Waits:
                self._run_on_worker(connection)
            except Exception:  # of waitress itself: close the connection, keep the loop
                connection.handle_error()

    def is_loop(self) -> bool:
        """Return whether this is the loop's thread, which must not block."""
        return self._loop == threading.get_ident()

    def _run_on_worker(self, connection: Any) -> None:
        """Process a request on a worker thread; start another one if all are busy."""
        with self._growing:
            before = frozenset(self.threads)
            if len(before) - self.active_count - len(self.queue) <= 0 and len(before) < self._at_most:
                try:
                    self.set_thread_count(len(before) + 1)
                except RuntimeError:  # no further thread: the request waits for an existing one
                    self.threads &= before  # waitress counts a thread that has not started
            super().add_task(connection)


class Task(WSGITask):
    """A response.

    Its headers keep their spelling and order: waitress would send `Www-Authenticate`, and sort them. A response without
    a body (204) does not close the connection.
    """

    channel: Any
    response_headers: list[tuple[str, str]]

    def get_environment(self) -> Any:
        environ = super().get_environment()
        if self.channel.server.task_dispatcher.is_loop():
            environ[MAY_NOT_WAIT] = True
        return environ

    def write(self, data: bytes) -> None:
        if not self.wrote_header and len(data) == self.content_length:  # head and body in one write
            head = self.build_response_header()
            self.wrote_header = True
            self.content_bytes_written = len(data)
            self.channel.write_soon(head + data)
        else:
            super().write(data)

    def build_response_header(self) -> bytes:
        request: Any = self.request
        connection, length, is_old = (
            request.headers.get("CONNECTION", "").lower(),
            self.content_length,
            self.version == "1.0",
        )
        if self.channel.server.stopping and not self.channel.has_more():
            self.set_close_on_finish()  # sends `Connection: close`
        elif is_old and connection == "keep-alive" and length is not None:
            self.response_headers.append(("Connection", "Keep-Alive"))
        elif is_old or connection == "close" or (length is None and self.has_body):
            self.set_close_on_finish()
        lines = [f"HTTP/{self.version} {self.status}"]
        lines += [f"{name}: {value}" for name, value in self.response_headers if name.lower() != "content-length"]
        if length is not None and self.has_body:
            lines.append(f"Content-Length: {length}")
        lines.append(f"Date: {build_http_date(self.start_time)}\r\n\r\n")
        return "\r\n".join(lines).encode("latin-1")


class Parser(HTTPRequestParser):
    """An incremental request parser. A head that waitress fails on is a bad request; it would close the connection."""

    path = ""
    """The requested path; empty until it is known."""
    adj: Adjustments
    body_rcv: Any

    def parse_header(self, header_plus: bytes) -> None:
        # regular expressions of waitress could take very long on either
        if not START_LINE.match(header_plus):
            raise ParsingError("Start line is invalid")
        if CONTROL.search(header_plus):
            raise ParsingError("Invalid header")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # a target such as `http://[`, a length of thousands of digits
            raise ParsingError(str(error)) from None
        if self.body_rcv is None or self.content_length >= self.adj.max_request_body_size:
            self.expect_continue = False  # there is no body to continue with


class Connection(HTTPChannel):
    """A connection of a client, with its pending requests and responses."""

    parser_class = Parser
    task_class = Task
    socket: socket.socket
    requests_lock: threading.Lock

    def handle_expt(self) -> None:
        """Close the connection: HTTP has no out-of-band data, and poll would report it repeatedly."""
        self.handle_close()

    def has_more(self) -> bool:
        """Return whether more data has arrived after the current request."""
        return len(self.requests) > 1 or self.request is not None or self._arrived()

    def is_idle(self) -> bool:
        """Return whether no request is pending or arriving."""
        with self.requests_lock:
            if self.requests or self.total_outbufs_len or self.close_when_flushed or self.will_close:
                return False
            waits = self._is_amid_a_request() and time.time() - self.last_activity < IDLE_TIMEOUT
        return not waits and not self._arrived()

    def _is_amid_a_request(self) -> bool:
        return self.request is not None

    def _arrived(self) -> bool:
        """Return whether the socket is readable: it has data, or is closed by the client."""
        try:
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        except (OSError, TypeError):  # no data, or the connection is closed
            return False
        return True


class TlsConnection(Connection):
    """A connection with TLS. Its handshake is non-blocking, so slow clients do not block others."""

    server: Any
    _is_established = False
    _wants_write = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tls_lock = threading.Lock()  # OpenSSL connections are not thread-safe
        super().__init__(*args, **kwargs)

    def writable(self) -> bool:
        return super().writable() if self._is_established else self._wants_write or self.will_close

    def handle_write(self) -> None:
        if self._is_established or self.will_close:
            super().handle_write()
        else:
            self._do_handshake()

    def handle_read(self) -> None:
        if not self._is_established:
            self._do_handshake()
            return
        try:
            with self._tls_lock:
                data = self.socket.recv(TLS_READ_SIZE)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            data = b""
        if data:
            self.last_activity = time.time()
            self.received(data)
        else:
            self.handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:
        try:
            with self._tls_lock:
                return self.socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def _do_handshake(self) -> None:
        """Continue the handshake with the data that has arrived."""
        self.last_activity = time.time()
        try:
            if not isinstance(self.socket, ssl.SSLSocket):
                context: ssl.SSLContext = self.server.context
                self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            self._wants_write = isinstance(error, ssl.SSLWantWriteError)
        except OSError as error:
            if getattr(error, "reason", None) == "HTTP_REQUEST":
                self._send_plain_http_hint()
            self.handle_close()
        else:
            self._is_established = True

    def _send_plain_http_hint(self) -> None:
        """Send an error to a client that uses plain HTTP."""
        with contextlib.suppress(OSError):
            socket.socket.recv(self.socket, TLS_READ_SIZE)
            socket.socket.send(self.socket, PLAIN_HTTP_RESPONSE)

    def handle_close(self) -> None:
        if self._is_established:
            # send a close notify, and do not wait for the client's
            with contextlib.suppress(OSError, ValueError, AttributeError), self._tls_lock:
                cast(ssl.SSLSocket, self.socket).unwrap()
        super().handle_close()

    def _is_amid_a_request(self) -> bool:
        return super()._is_amid_a_request() or (not self._is_established and isinstance(self.socket, ssl.SSLSocket))


class Listener(TcpWSGIServer):
    """A port and its connections; with TLS if there is a `context`."""

    stopping = False
    active_channels: Any
    task_dispatcher: Dispatcher
    trigger: Any

    def __init__(
        self,
        app: Any,
        listening: socket.socket,
        sockets: dict[int, Any],
        dispatcher: Dispatcher,
        adjustments: Adjustments,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.context = context
        self.channel_class = Connection if context is None else TlsConnection
        where = (listening.family, listening.type, listening.proto, listening.getsockname())
        super().__init__(
            app, sockets, True, listening, dispatcher=dispatcher, adj=adjustments, bind_socket=False, sockinfo=where
        )

    def pull_trigger(self) -> None:
        """Wake the loop, unless this is its thread."""
        if not self.task_dispatcher.is_loop():
            super().pull_trigger()

    def stop_listening(self) -> None:
        """Accept the connections in the backlog, then stop listening."""
        self.stopping = True
        before = -1
        while before != len(self.active_channels):
            before = len(self.active_channels)
            self.handle_accept()
        wasyncore.dispatcher.close(self)
