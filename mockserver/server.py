"""The HTTP server of the application."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments

from .app import create_app
from .connections import IDLE_TIMEOUT, Connection, Dispatcher, Listener
from .core.config import Config
from .tls import Tls
from .web.mounts import at_root
from .web.server_state import ServerState

CONNECTIONS = 1_000
"""The maximum number of open connections; further ones wait."""
MAX_BODY = 64 << 20
"""The maximum size of a body in bytes; up to it, too large a body gets the provider's own error."""
SHUTDOWN_TIMEOUT = 0.7
"""The maximum duration of a graceful shutdown, in seconds."""

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The loopback address for each wildcard listen address."""

log = logging.getLogger("mockserver")


class HttpServer:
    """A server bound to a port, 0 for any free one; a context manager that serves in a thread.

    `provider_ports` are additional ports, each for one provider without a prefix. Raises `OSError`, with the address
    as its `filename`, if a port cannot be bound.
    """

    def __init__(
        self,
        app: Flask,
        host: str = "127.0.0.1",
        port: int = 0,
        provider_ports: Mapping[str, int] | None = None,
        tls: Tls | None = None,
    ) -> None:
        quiet = logging.getLogger("waitress.queue")
        quiet.setLevel(logging.ERROR)
        listening, *others = _bind(host, port, *(provider_ports or {}).values())
        adjustments = Adjustments(
            sockets=[listening],
            connection_limit=CONNECTIONS,
            max_request_body_size=MAX_BODY,
            inbuf_overflow=sys.maxsize,  # waitress would write to files, but a container may be read-only
            outbuf_overflow=sys.maxsize,
            ident=None,
            log_socket_errors=False,
            server_name=WILDCARDS.get(host, host),
            clear_untrusted_proxy_headers=False,  # nothing trusts them, and the request log has all headers
            url_scheme="http" if tls is None else "https",
        )
        self._sockets: dict[int, Any] = {}
        self.app = app
        self.state: ServerState = app.extensions["mockserver"]
        self._dispatcher: Any = Dispatcher(is_local=self.state.store.is_local)
        self._dispatcher.logger = quiet  # `_drain` logs unfinished requests
        shared = (self._sockets, self._dispatcher, adjustments, tls.context if tls is not None else None)
        self._listeners = [Listener(app, listening, *shared)]
        for name, other in zip(provider_ports or {}, others, strict=True):
            self._listeners.append(Listener(at_root(app, name), other, *shared))
            self.state.mounts.ports[name] = other.getsockname()[1]
        self._stopping = False
        self._serving = False
        self._ended = False
        self._ending = threading.RLock()
        """Guards the wake-up pipe: after shutdown its file descriptor may have been reused.

        Reentrant, as a signal handler may run in the thread that holds it.
        """
        self._thread: threading.Thread | None = None
        self.tls = tls
        self.host = host
        self.port: int = listening.getsockname()[1]

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return self._url(self.port)

    def _url(self, port: int) -> str:
        host = WILDCARDS.get(self.host, self.host)
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def ready_message(self) -> dict[str, object]:
        """Return the startup output: the URL, the CA certificate, and a base URL and API key for each provider."""
        return {
            "url": self.url,
            **({"ca": self.tls.ca} if self.tls is not None else {}),
            "providers": {name: self._access(name) for name in self.state.mounted_providers()},
        }

    def _access(self, name: str) -> dict[str, object]:
        port = self.state.mounts.ports.get(name)
        root = {} if port is None else {"root_url": self._url(port)}
        return {"url": f"{self.url}/{name}", **root, "api_key": self._credential(name)}

    def _credential(self, name: str) -> str | None:
        registered = self.state.seed.credential(name)
        if registered is None and self.state.config.unknown_credentials != "reject":
            return self.state.providers[name].example_api_key
        return registered

    def serve(self) -> None:
        """Serve until `stop` or `close` is called; then process pending requests, for `SHUTDOWN_TIMEOUT` at most."""
        self._serving = True
        left = 0.0
        try:
            self._dispatcher.set_thread_count(1)  # at least one is required; others are started when needed
            while not self._stopping:
                self._poll(60)
            left = self._drain()
        finally:
            self._end(left)

    def _poll(self, seconds: float) -> None:
        """Wait for events, at most for `seconds`, and process the requests."""
        wasyncore.loop(timeout=seconds, map=self._sockets, count=1, use_poll=True)
        self._dispatcher.process_pending()

    def _drain(self) -> float:
        """Process pending requests, and close idle connections; return the remaining time in seconds."""
        deadline = time.monotonic() + SHUTDOWN_TIMEOUT
        for listener in self._listeners:
            listener.stop_listening()
        while True:
            self.state.store.interrupt_delays()
            connections = [each for each in self._sockets.values() if isinstance(each, Connection)]
            for connection in connections:
                if connection.is_idle():
                    connection.handle_close()
            left = deadline - time.monotonic()
            unfinished = sum(bool(each.requests) for each in connections)
            if left <= 0 and unfinished:
                log.warning("stopped with unfinished requests on %d connections", unfinished)
            if left <= 0 or not any(each.connected for each in connections):
                return max(left, 0)
            self._poll(min(left, IDLE_TIMEOUT / 4))

    def _end(self, left: float) -> None:
        """Close all connections, and wait for the threads; `left` is the timeout in seconds."""
        with self._ending:
            self._ended = True
        for connection in [each for each in self._sockets.values() if isinstance(each, Connection)]:
            connection.handle_close()  # wakes a thread that waits for its client to read
        self._dispatcher.shutdown(timeout=left)
        wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        """Start a graceful shutdown. May be called by a signal handler and by any thread."""
        self._stopping = True
        with self._ending:
            if not self._ended:
                self._listeners[
                    0
                ].trigger.pull_trigger()  # not the listener's: signals are handled on the loop's thread

    def close(self) -> None:
        """Shut down and free the port; wait for the thread if the server runs in one."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
        elif not self._serving:
            self._end(0)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="mockserver", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bind(host: str, *ports: int) -> list[socket.socket]:
    """Return listening sockets, all or none. Raises `OSError`."""
    with contextlib.ExitStack() as undo:
        found = []
        for port in ports:
            try:
                listening = socket.create_server(
                    (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
                )
            except OSError as error:
                raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from None
            found.append(undo.enter_context(listening))
        undo.pop_all()
        return found


def start(
    config: Config | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    provider_ports: Mapping[str, int] | None = None,
    tls: Tls | None = None,
) -> HttpServer:
    """Return a bound server for these settings, which does not serve yet."""
    return HttpServer(create_app(config or Config()), host, port, provider_ports, tls)
