"""The application on a socket: bound at once, served by threads, closed cleanly."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from types import TracebackType
from typing import Any, Self, cast

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from .app import Mockserver
from .config import Config

THREADS = 8
CONNECTIONS = 1_000
"""How many connections are open at once; a further one waits."""
MAX_BODY = 64 << 20
"""What the socket takes at all, in bytes; below it, too large a body is refused in the provider's words."""


class Task(WSGITask):
    """One answer; an answer without a body (204) needs no closed connection to show where it ends."""

    def set_close_on_finish(self) -> None:
        request: Any = self.request
        if self.has_body or self.version != "1.1" or request.headers.get("CONNECTION", "").lower() == "close":
            super().set_close_on_finish()


class Channel(HTTPChannel):
    task_class = Task


WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a server that listens everywhere can be reached from its own machine."""


class Server:
    """A server bound to a port, 0 being any that is free; a context manager that serves in a thread.

    Raises `OSError` when the address cannot be bound.
    """

    def __init__(self, app: Flask, host: str = "127.0.0.1", port: int = 0) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
        self._map: dict[int, Any] = {}
        self._server = cast(
            Any,
            create_server(
                app,
                map=self._map,
                sockets=[listening],
                threads=THREADS,
                connection_limit=CONNECTIONS,
                max_request_body_size=MAX_BODY,
                ident=None,
                log_socket_errors=False,
                server_name=WILDCARDS.get(host, host),
                clear_untrusted_proxy_headers=True,
            ),
        )
        self._server.channel_class = Channel
        self._closing = False
        self._thread: threading.Thread | None = None
        self.host = host
        self.port: int = listening.getsockname()[1]
        self.app = app
        self.mockserver: Mockserver = app.extensions["mockserver"]

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        host = WILDCARDS.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def greeting(self) -> dict[str, object]:
        """Return where to go: the URL, and for each provider a base URL and a credential that works there."""
        return {
            "url": self.url,
            "providers": {
                name: {"url": f"{self.url}/{name}", "api_key": self._credential(name)}
                for name in self.mockserver.providers
            },
        }

    def _credential(self, name: str) -> str | None:
        registered = self.mockserver.world.credential(name)
        if registered is None and self.mockserver.config.unknown_credentials != "reject":
            return self.mockserver.providers[name].sample_credential
        return registered

    def serve(self) -> None:
        """Serve until `close` is called, or a signal raises `SystemExit` or `KeyboardInterrupt`; then free the port."""
        try:
            while not self._closing:
                wasyncore.loop(timeout=60, map=self._map, count=1, use_poll=True)
        finally:
            for tenant in self.mockserver.store:
                tenant.faults.interrupt()
            self._server.task_dispatcher.shutdown()
            wasyncore.close_all(self._map)

    def close(self) -> None:
        """Stop serving and free the port; wait for it when serving in a thread of our own."""
        self._closing = True
        if self._thread is None:
            wasyncore.close_all(self._map)
        else:
            with contextlib.suppress(OSError):  # it may have seen the flag, and be closed, already
                self._server.pull_trigger()
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="mockserver", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(config: Config | None = None, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Return a bound server for these settings, not serving yet."""
    from .app import create_app

    return Server(create_app(config), host, port)
