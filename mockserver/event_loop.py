"""The event loop and the listening sockets of a server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from typing import Any

from .core.monotonic import monotonic

BACKLOG = 1_024
"""The number of connections that the system accepts before the server does."""
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses of all interfaces, and the address by which the own machine reaches them."""

log = logging.getLogger("mockserver")


class EventLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run on when a tool freezes `time.monotonic`. It logs what fails on it."""

    def __init__(self) -> None:
        super().__init__()
        self.set_exception_handler(_handle_exception)

    def time(self) -> float:
        return monotonic()


def _handle_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what failed on the event loop, unless it is the network."""
    error = context.get("exception")
    if not isinstance(error, OSError):
        log.error("%s", context["message"], exc_info=error)


def bind(host: str, *ports: int) -> list[socket.socket]:
    """Return sockets that listen, all or none. Raises `OSError`."""
    with contextlib.ExitStack() as undo:
        found = []
        for port in ports:
            try:
                listening = socket.create_server(
                    (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
                )
            except OSError as error:
                reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
                raise OSError(error.errno, reason, f"{host}:{port}") from None
            listening.setblocking(False)
            found.append(undo.enter_context(listening))
        undo.pop_all()
        return found
