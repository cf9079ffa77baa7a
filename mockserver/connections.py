"""Connections: how bytes become requests and answers, and how a connection comes to its end."""

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
"""How many calls are answered at once over a store that is not prompt; more threads would be slower."""
WAITING = 64
"""How many calls may be delayed at once, if the store is prompt; a further one waits until another does no more."""

QUIET = 0.2
"""After how many seconds without a byte the rest of a request is waited for no longer, once the server stops."""

RECORD = 1 << 16
"""How much is read of TLS at once, in bytes: more than a record has, so that nothing is left where poll sees it not."""
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
START_LINE = re.compile(rb"[^ \r\n]+ [^ \r\n]+( HTTP/[0-9.]+)?\s*\r\n")
WORDS = b"This port speaks HTTPS only: ask https://, not http://.\n"
IN_THE_CLEAR = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    % len(WORDS)
    + WORDS
)


class Dispatcher(ThreadedTaskDispatcher):
    """Who answers: the loop's own thread, to which no other has to be woken; or others, where somebody would wait.

    What has to wait is a call with a planned delay; every call, if the store is not `prompt`; and a request that came
    together with others or behind an answer that is not yet sent, since the client may not read.
    """

    def __init__(self, *, is_local: bool) -> None:
        super().__init__()
        self._is_local = is_local
        self._at_most = WAITING if is_local else THREADS
        self._asked: deque[Any] = deque()
        self._loop = 0
        self._growing = threading.Lock()

    def add_task(self, task: Any) -> None:
        if self._is_local:
            self._asked.append(task)
        else:
            self._answer_elsewhere(task)

    def answer(self) -> None:
        """Answer what has been asked; the thread that calls this is the loop's."""
        self._loop = threading.get_ident()
        while self._asked:
            connection: Connection = self._asked.popleft()
            if len(connection.requests) > 1 or connection.total_outbufs_len:
                self._answer_elsewhere(connection)
                continue
            try:
                connection.service()
            except Waits:
                self._answer_elsewhere(connection)
            except Exception:  # of waitress itself; it costs this connection, and not the loop
                connection.handle_error()

    def is_loop(self) -> bool:
        """Say whether this is the loop's thread, where nobody may wait."""
        return self._loop == threading.get_ident()

    def _answer_elsewhere(self, connection: Any) -> None:
        """Let another thread answer, one more than there are if they all have something to do."""
        with self._growing:
            before = frozenset(self.threads)
            if len(before) - self.active_count - len(self.queue) <= 0 and len(before) < self._at_most:
                try:
                    self.set_thread_count(len(before) + 1)
                except RuntimeError:  # the system has no further one: it waits for those that there are
                    self.threads &= before  # waitress counts a thread that never began
            super().add_task(connection)


class Task(WSGITask):
    """One answer.

    Its headers are spelt and ordered as they were given: waitress would write `Www-Authenticate`, and sort them.
    An answer without a body (204) needs no closed connection to show where it ends.
    """

    channel: Any
    response_headers: list[tuple[str, str]]

    def get_environment(self) -> Any:
        environ = super().get_environment()
        if self.channel.server.task_dispatcher.is_loop():
            environ[MAY_NOT_WAIT] = True
        return environ

    def write(self, data: bytes) -> None:
        if (
            not self.wrote_header and len(data) == self.content_length
        ):  # head and body at once, which wakes nobody twice
            head = self.build_response_header()
            self.wrote_header = True
            self.content_bytes_written = len(data)
            self.channel.write_soon(head + data)
        else:
            super().write(data)

    def build_response_header(self) -> bytes:
        request: Any = self.request
        asked, length, old = request.headers.get("CONNECTION", "").lower(), self.content_length, self.version == "1.0"
        if self.channel.server.stopping and not self.channel.has_more():
            self.set_close_on_finish()  # tells the client to send nothing more here
        elif old and asked == "keep-alive" and length is not None:
            self.response_headers.append(("Connection", "Keep-Alive"))
        elif old or asked == "close" or (length is None and self.has_body):
            self.set_close_on_finish()
        lines = [f"HTTP/{self.version} {self.status}"]
        lines += [f"{name}: {value}" for name, value in self.response_headers if name.lower() != "content-length"]
        if length is not None and self.has_body:
            lines.append(f"Content-Length: {length}")
        lines.append(f"Date: {build_http_date(self.start_time)}\r\n\r\n")
        return "\r\n".join(lines).encode("latin-1")


class Parser(HTTPRequestParser):
    """A request as it comes. A head on which waitress fails is a bad request: it would close without an answer."""

    path = ""
    """What is asked for; nothing, before that is known."""
    adj: Adjustments
    body_rcv: Any

    def parse_header(self, header_plus: bytes) -> None:
        # on either, an expression of waitress' own could take for ever
        if not START_LINE.match(header_plus):
            raise ParsingError("Start line is invalid")
        if CONTROL.search(header_plus):
            raise ParsingError("Invalid header")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # a target such as `http://[`, a length of thousands of digits
            raise ParsingError(str(error)) from None
        if self.body_rcv is None or self.content_length >= self.adj.max_request_body_size:
            self.expect_continue = False  # there is nothing to go on with


class Connection(HTTPChannel):
    """A connection of a client, with what it asked and what is still to be sent."""

    parser_class = Parser
    task_class = Task
    socket: socket.socket
    requests_lock: threading.Lock

    def handle_expt(self) -> None:
        """Close: a byte out of band is nothing of HTTP, and poll would tell of it again and again."""
        self.handle_close()

    def has_more(self) -> bool:
        """Say whether anything came behind the request that is being answered."""
        return len(self.requests) > 1 or self.request is not None or self._arrived()

    def is_idle(self) -> bool:
        """Say whether nothing was asked that is not answered, and nothing is about to be."""
        with self.requests_lock:
            if self.requests or self.total_outbufs_len or self.close_when_flushed or self.will_close:
                return False
            waits = self._is_amid_a_request() and time.time() - self.last_activity < QUIET
        return not waits and not self._arrived()

    def _is_amid_a_request(self) -> bool:
        return self.request is not None

    def _arrived(self) -> bool:
        """Say whether something waits to be read from the socket: bytes, or their end."""
        try:
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        except (OSError, TypeError):  # nothing; or the connection was closed meanwhile
            return False
        return True


class TlsConnection(Connection):
    """A connection under TLS. Its handshake is made as its bytes come, so who says nothing holds up nobody."""

    server: Any
    _shaken = False
    _wants_write = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tls_lock = threading.Lock()  # OpenSSL takes no two threads on one connection
        super().__init__(*args, **kwargs)

    def writable(self) -> bool:
        return super().writable() if self._shaken else self._wants_write or self.will_close

    def handle_write(self) -> None:
        if self._shaken or self.will_close:
            super().handle_write()
        else:
            self._shake()

    def handle_read(self) -> None:
        if not self._shaken:
            self._shake()
            return
        try:
            with self._tls_lock:
                data = self.socket.recv(RECORD)
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

    def _shake(self) -> None:
        """Go on with the handshake as far as the bytes that came allow."""
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
                self._answer_in_the_clear()
            self.handle_close()
        else:
            self._shaken = True

    def _answer_in_the_clear(self) -> None:
        """Tell a client that speaks no TLS what it should do."""
        with contextlib.suppress(OSError):
            socket.socket.recv(self.socket, RECORD)
            socket.socket.send(self.socket, IN_THE_CLEAR)

    def handle_close(self) -> None:
        if self._shaken:
            # the client is told that this is the end, and not waited for
            with contextlib.suppress(OSError, ValueError, AttributeError), self._tls_lock:
                cast(ssl.SSLSocket, self.socket).unwrap()
        super().handle_close()

    def _is_amid_a_request(self) -> bool:
        return super()._is_amid_a_request() or (not self._shaken and isinstance(self.socket, ssl.SSLSocket))


class Listener(TcpWSGIServer):
    """A port, and the connections to it; under TLS if there is a `context`."""

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
        """Wake the loop, if it is not the loop that asks for it."""
        if not self.task_dispatcher.is_loop():
            super().pull_trigger()

    def stop_listening(self) -> None:
        """Take the connections that clients have made already, and refuse any more."""
        self.stopping = True
        before = -1
        while before != len(self.active_channels):
            before = len(self.active_channels)
            self.handle_accept()
        wasyncore.dispatcher.close(self)
