"""The SMTP server: sockets, limits, start and stop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from flask import Flask

from ..core.monotonic import monotonic
from ..event_loop import WILDCARDS, EventLoop, bind
from ..tls import Tls
from ..web.server_state import ServerState, SmtpPorts
from ..workers import Workers
from .connection import HANDSHAKE_TIMEOUT, Connection
from .processing import Processor
from .session import Place

CONNECTIONS = 4_000
"""The maximum number of connections. For a further one, the one that has been idle for longest is closed."""
MAX_HELD = 256 << 20
"""The maximum size of all messages that are not complete, or wait for a thread or a planned delay, in bytes; beyond it
messages are rejected."""
WORKERS, SHARE = 4, 2
"""The number of threads for large messages and for a store that is not in this process, and how many of them one user
can have."""
WRITE_TIMEOUT = 10.0
"""How long a client may take to read the last reply, in seconds."""
SHUTDOWN_TIMEOUT = 5.0
"""How long pending commands may take when the server stops, in seconds."""


class SmtpServer:
    """A server bound to ports, 0 for any free one; a context manager that serves in a thread.

    `ports` and `tls_ports` are by provider, and `NAME-REGION` for another region than its first one. Those of
    `tls_ports` start with TLS. Raises `OSError`, with the address as its `filename`, if one cannot be bound.
    """

    def __init__(
        self,
        app: Flask,
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        tls_ports: Mapping[str, int] | None = None,
        tls: Tls | None = None,
        *,
        require_tls: bool = False,
    ) -> None:
        self.state: ServerState = app.extensions["mockserver"]
        self.tls = tls
        self.is_stopping = False
        self.held = 0
        """The size of all messages that are not complete, or wait for a thread or a planned delay, in bytes."""
        places = dict(self._places(require_tls=require_tls))
        plain = dict.fromkeys(places, 0) if ports is None and not tls_ports else ports or {}
        encrypted = tls_ports or {}
        sockets = bind(host, *plain.values(), *encrypted.values())
        self.loop = EventLoop()
        self.workers = Workers(WORKERS, SHARE)
        found = [(name, False) for name in plain] + [(name, True) for name in encrypted]
        numbers: dict[bool, dict[tuple[str, str | None], int]] = {False: {}, True: {}}
        self._listeners: list[asyncio.Server] = []
        for (name, is_encrypted), listening in zip(found, sockets, strict=True):
            place = places[name]
            numbers[is_encrypted][place.provider.name, place.region] = listening.getsockname()[1]
            processor = Processor(self.state, place)
            opening = self.loop.create_server(
                lambda processor=processor: Connection(self, processor),
                sock=listening,
                ssl=tls.context if tls is not None and is_encrypted else None,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT if is_encrypted else None,
            )
            self._listeners.append(self.loop.run_until_complete(opening))
        self.state.smtp = SmtpPorts(
            None if host in WILDCARDS else host, numbers[False], numbers[True], has_tls=tls is not None
        )
        self._connections: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._has_ended = False
        self._ending = threading.RLock()
        """Held while the loop is woken or closed; a signal handler may run in the thread that holds it."""
        self._thread: threading.Thread | None = None

    def _places(self, *, require_tls: bool) -> Iterator[tuple[str, Place]]:
        """Yield what the ports can serve, by their names."""
        for provider in self.state.mounted_providers().values():
            smtp_provider = provider.smtp_provider()
            if smtp_provider is not None:
                for name, region in zip(provider.mount_names, provider.regions or (None,), strict=True):
                    yield (
                        name,
                        Place(
                            provider, smtp_provider, region, self.tls is not None, require_tls, self.state.store.time
                        ),
                    )

    # Connections

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        if len(self._connections) > CONNECTIONS:
            waiting = [each for each in self._connections if not each.is_busy]
            longest = min(waiting, key=lambda each: each.waits_since, default=connection)
            self._connections.discard(longest)
            longest.close("closing")
            if longest.transport.get_write_buffer_size():  # its client does not read
                longest.abort()
        if self._sweep is None:
            self._sweep = self.loop.call_later(1, self._close_expired)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def has_no_room(self, more: int) -> bool:
        """Return whether the unfinished messages would be too large together."""
        return self.held + more > MAX_HELD

    def _close_expired(self) -> None:
        """Close the connections whose clients send nothing, or do not read the last reply."""
        now = monotonic()
        for connection in list(self._connections):
            waited = now - connection.waits_since
            if connection.is_busy:
                continue
            if connection.is_closing:
                if waited > WRITE_TIMEOUT:
                    connection.abort()
            elif waited > connection.session.smtp_provider.idle_seconds:
                connection.waits_since = now
                connection.close("idle")
        self._sweep = self.loop.call_later(1, self._close_expired) if self._connections else None

    # Serving

    def serve(self) -> None:
        """Serve until `stop` or `close` is called; then finish what is pending, for `SHUTDOWN_TIMEOUT` at most."""
        try:
            self.loop.run_forever()
        finally:
            self._end()

    def stop(self) -> None:
        """Make `serve` return; may be called in a signal handler, and in any thread."""
        with self._ending:
            if not self._has_ended:
                self.loop.call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        if self.is_stopping:
            return
        self.is_stopping = True
        self._deadline = monotonic() + SHUTDOWN_TIMEOUT
        for listener in self._listeners:
            listener.close()
        self._drain()

    def _drain(self) -> None:
        """Close the connections without a pending command; stop the loop after the last one."""
        for connection in list(self._connections):
            connection.end_delay()
            if not connection.is_busy:
                connection.close("closing")
        if self._connections and monotonic() < self._deadline:
            self.loop.call_later(0.01, self._drain)
        else:
            self.loop.stop()

    def _end(self) -> None:
        with self._ending:
            if self._has_ended:
                return
            self._has_ended = True
            for connection in list(self._connections):
                connection.abort()
            for listener in self._listeners:
                listener.close()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            for _ in range(3):  # in which asyncio closes what was aborted
                self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()
        self.workers.stop(max(0.0, self._deadline - monotonic()))
        self.state.smtp = None

    def close(self) -> None:
        """Stop serving, and free the ports."""
        if self._thread is None:
            self._end()
        else:
            self.stop()
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="mockserver smtp", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
