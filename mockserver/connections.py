"""Connections: how bytes become requests and answers, and how a connection comes to its end."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.wasyncore import dispatcher

QUIET = 0.2
"""After how many seconds without a byte the rest of a request is waited for no longer, once the server stops."""


class Task(WSGITask):
    """One answer; an answer without a body (204) needs no closed connection to show where it ends."""

    channel: Any

    def set_close_on_finish(self) -> None:
        request: Any = self.request
        if self.has_body or self.version != "1.1" or request.headers.get("CONNECTION", "").lower() == "close":
            super().set_close_on_finish()

    def build_response_header(self) -> bytes:
        if self.channel.server.stopping and not self.channel.has_more():
            super().set_close_on_finish()  # tells the client to send nothing more here
        return super().build_response_header()


class Connection(HTTPChannel):
    """A connection of a client, with what it asked and what is still to be sent."""

    task_class = Task
    socket: socket.socket
    requests_lock: threading.Lock

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


class Listener(TcpWSGIServer):
    """A port, and the connections to it."""

    channel_class = Connection
    stopping = False
    active_channels: Any

    def __init__(
        self,
        app: Any,
        listening: socket.socket,
        sockets: dict[int, Any],
        threads: ThreadedTaskDispatcher,
        adjustments: Adjustments,
    ) -> None:
        where = (listening.family, listening.type, listening.proto, listening.getsockname())
        super().__init__(
            app, sockets, True, listening, dispatcher=threads, adj=adjustments, bind_socket=False, sockinfo=where
        )

    def stop_listening(self) -> None:
        """Take the connections that clients have made already, and refuse any more."""
        self.stopping = True
        before = -1
        while before != len(self.active_channels):
            before = len(self.active_channels)
            self.handle_accept()
        dispatcher.close(self)
