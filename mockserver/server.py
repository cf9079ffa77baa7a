"""The HTTP server: an application on sockets, with an asyncio event loop in a thread or in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import io
import ipaddress
import logging
import select
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from flask import Flask

from .app import create_app
from .connections import READ_SIZE, Connection, Request, Response, build_environ, internal_error, run_app
from .control.blueprint import MAX_BODY as MAX_CONTROL_BODY
from .control.blueprint import PREFIX as CONTROL
from .core.config import Config
from .core.monotonic import monotonic
from .core.store import StoreUnavailable
from .event_loop import BACKLOG, WILDCARDS, EventLoop, bind
from .tls import Tls
from .web.delays import CAN_DELAY, DELAY_OVER, MORE_AFTER, RESPONSE_DELAY, SHORTEST_PAUSE, Delay
from .web.mounts import at_root, host_name
from .web.server_state import ServerState
from .workers import Workers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

CONNECTIONS = 4_000
"""The maximum number of connections. For a further one, or if there is no file descriptor for it, the one that has been
idle for longest is closed."""
SMALL_BODY = 1 << 13
"""The size up to which a body is processed on the event loop, in bytes."""
WORKERS, SHARE = 8, 4
"""The number of threads for requests that may take long, and how many of them one client can have."""
HEAD_TIMEOUT = 10.0
"""How long a request line and its headers may take, or a TLS handshake, in seconds."""
BODY_TIMEOUT = 30.0
"""The longest pause in a body, in seconds."""
WRITE_TIMEOUT = 30.0
"""How long a client may read nothing of a response, in seconds."""
IDLE_TIMEOUT = 120.0
"""How long a connection may be idle, in seconds."""
MAX_UNSENT = 256 << 20
"""The maximum size of all unsent responses, in bytes; beyond it the connection with the largest is closed."""
SHUTDOWN_TIMEOUT = 5.0
"""How long pending requests and responses may take when the server stops, in seconds."""
STALLED = 0.7
"""How long a client may read nothing of a response when the server stops, in seconds."""
GOODBYE = 0.1
"""How long a client may take to end TLS when the server stops, in seconds."""
QUIET = 0.2
"""How long the rest of a request is waited for when the server stops, in seconds."""
RETRY = 0.1
"""How long no connection is accepted if there is no room or no file descriptor for another, in seconds."""

HTTPS_ONLY = b"This port serves HTTPS only: use https://, not http://.\n"
PLAIN_HTTP_RESPONSE = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
    % (len(HTTPS_ONLY), HTTPS_ONLY)
)

log = logging.getLogger("mockserver")


class HttpServer:
    """A server bound to a port, 0 for any free one; a context manager that serves in a thread.

    `provider_ports` are further ports, each of which has one provider at its root. Raises `OSError`, with the address
    as its `filename`, if one cannot be bound.
    """

    def __init__(
        self,
        app: Flask,
        host: str = "127.0.0.1",
        port: int = 0,
        provider_ports: Mapping[str, int] | None = None,
        tls: Tls | None = None,
    ) -> None:
        listening, *others = bind(host, port, *(provider_ports or {}).values())
        self.app = app
        self.state: ServerState = app.extensions["mockserver"]
        self.tls = tls
        self.scheme = "http" if tls is None else "https"
        self.host = host
        self.address: str
        self.port: int
        self.address, self.port = listening.getsockname()[:2]
        self.buffer = memoryview(bytearray(READ_SIZE))
        self.is_stopping = False
        self._listeners: dict[socket.socket, WSGIApplication] = {listening: app}
        for name, other in zip(provider_ports or {}, others, strict=True):
            self._listeners[other] = at_root(app, self.state.mounts.named[name])
            self.state.mounts.ports[name] = other.getsockname()[1]
        self._connections: set[Connection] = set()
        self._handshakes: dict[socket.socket, float] = {}
        """Connections that have sent nothing yet, of which TLS is expected, and since when."""
        self._opening = 0
        """The number of accepted connections that are not in `_connections` yet."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._delays: set[Callable[[], None]] = set()
        """Each ends a delay."""
        self._workers = Workers(WORKERS, SHARE)
        self._loop = EventLoop()
        self._sweep: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._is_serving = self._has_ended = False
        self._ending = threading.RLock()
        """Held while the loop is woken or closed; a signal handler may run in the thread that holds it."""
        self._thread: threading.Thread | None = None
        for listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return self._url(self.port)

    @property
    def local_url(self) -> str:
        """The base URL with the address that it is bound to, or a loopback address if that is any."""
        address = ipaddress.ip_address(self.address.partition("%")[0])
        own = self.address if not address.is_unspecified else "127.0.0.1" if address.version == 4 else "::1"
        return f"{self.scheme}://{f'[{own}]' if ':' in own else own}:{self.port}"

    def _url(self, port: int) -> str:
        host = WILDCARDS.get(self.host, self.host)
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def ready_message(self) -> dict[str, object]:
        """Return where to go: the URL, what to trust, and for each provider a base URL and a credential for it."""
        return {
            "url": self.url,
            **({"ca": self.tls.ca} if self.tls is not None else {}),
            "providers": {name: self._access(name) for name in self.state.mounted_providers()},
        }

    def _access(self, name: str) -> dict[str, object]:
        regions = self.state.mounts.regions_of(name)
        key, state = self._credential(name), self.state.seed.states[name]
        region = state.region or self.state.providers[name].first_region
        return {
            **self._urls(name, self.state.seed.states[name].region),
            **({"regions": {region: self._urls(name, region) for region in regions}} if regions else {}),
            "api_key": key,
            **self.state.smtp_access(name, region, state, key, WILDCARDS.get(self.host, self.host)),
        }

    def _urls(self, name: str, region: str | None) -> dict[str, str]:
        """Return the URLs of a region of a provider: below the prefix, and of its own port if it has one."""
        mounts = self.state.mounts
        port = mounts.port_of(name, region)
        root = {} if port is None else {"root_url": self._url(port)}
        return {"url": self.url + mounts.prefix_of(name, region), **root}

    def _credential(self, name: str) -> str | None:
        registered = self.state.seed.credential(name)
        if registered is None and self.state.config.unknown_credentials != "reject":
            return self.state.providers[name].example_api_key
        return registered

    # Connections

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(BACKLOG):
            if self._is_full() and not self._close_longest_idle():
                self._pause_accepting(listener, RETRY)
                return
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self._pause_accepting(listener, 0 if self._close_longest_idle() else RETRY)
                return
            connection.setblocking(False)
            if self.tls is None:
                self._open(connection, self._listeners[listener], None)
            else:
                self._handshakes[connection] = monotonic()
                self._loop.add_reader(connection, self._start_tls, connection, self._listeners[listener])
            self._watch()

    def _pause_accepting(self, listener: socket.socket, seconds: float) -> None:
        """Leave connections to the system for a moment: there is no room, or no file descriptor, for another."""
        self._loop.remove_reader(listener)
        self._loop.call_later(0 if self._opening else seconds, self._accept_again, listener)

    def _accept_again(self, listener: socket.socket) -> None:
        if not self.is_stopping:
            self._loop.add_reader(listener, self._accept, listener)

    def _is_full(self) -> bool:
        return len(self._connections) + len(self._handshakes) + self._opening >= CONNECTIONS

    def _close_longest_idle(self) -> bool:
        """Close the connection that has waited for longest for its client; return whether there is one."""
        if self._handshakes:
            self._forget(next(iter(self._handshakes)))
            return True
        waiting = [each for each in self._connections if not each.has_requests]
        if not waiting:
            return False
        longest = min(waiting, key=lambda each: (not each.is_idle, each.waits_since))
        self._connections.discard(longest)
        longest.abort()
        return True

    def _open(self, connection: socket.socket, app: WSGIApplication, context: ssl.SSLContext | None) -> None:
        opening = self._loop.connect_accepted_socket(
            lambda: Connection(self, app),
            connection,
            ssl=context,
            ssl_handshake_timeout=HEAD_TIMEOUT if context is not None else None,
            ssl_shutdown_timeout=WRITE_TIMEOUT if context is not None else None,
        )
        self._opening += 1
        task = self._loop.create_task(opening)
        self._tasks.add(task)
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception():  # a client that hung up, or whose handshake failed
            self._opening -= 1

    def _start_tls(self, connection: socket.socket, app: WSGIApplication) -> None:
        """Start TLS, or respond to a client that speaks plain HTTP."""
        assert self.tls is not None
        try:
            first = connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        self._loop.remove_reader(connection)
        self._handshakes.pop(connection, None)
        if first == b"\x16":
            self._open(connection, app, self.tls.context)
            return
        with contextlib.suppress(OSError):
            if first.isalpha():
                connection.recv(READ_SIZE)
                connection.send(PLAIN_HTTP_RESPONSE)
        connection.close()

    def _forget(self, connection: socket.socket) -> None:
        self._handshakes.pop(connection, None)
        self._loop.remove_reader(connection)
        connection.close()

    def opened(self, connection: Connection) -> None:
        self._opening -= 1
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def _watch(self) -> None:
        """Look after the connections every second, as long as there are any."""
        if self._sweep is None and not self.is_stopping:
            self._sweep = self._loop.call_later(1, self._close_expired)

    def _close_expired(self) -> None:
        self._sweep = None
        now = monotonic()
        for silent in [each for each, since in self._handshakes.items() if now - since > HEAD_TIMEOUT]:
            self._forget(silent)
        for connection in list(self._connections):
            unsent = connection.unsent_bytes
            if unsent != connection.unsent:
                connection.unsent, connection.waits_since = unsent, now
            limit = (
                WRITE_TIMEOUT if unsent
                else float("inf") if connection.has_requests
                else HEAD_TIMEOUT if connection.is_reading_head
                else BODY_TIMEOUT if connection.is_reading_body
                else IDLE_TIMEOUT
            )  # fmt: skip
            if now - connection.waits_since > limit:
                connection.abort()
        self._limit_unsent()
        if self._connections or self._handshakes or self._tasks:
            self._watch()

    def _limit_unsent(self) -> None:
        total = sum(each.unsent for each in self._connections)
        for connection in sorted(self._connections, key=lambda each: -each.unsent):
            if total <= MAX_UNSENT:
                return
            total -= connection.unsent
            connection.abort()

    # Requests

    def body_limit(self, target: str) -> int:
        """Return the size up to which a body is kept, in bytes."""
        return MAX_CONTROL_BODY if CONTROL in target[:256] else self.state.config.max_body_bytes

    def process(self, connection: Connection, request: Request) -> None:
        """Process a request, and send the response."""
        self._start(connection, request, self._environ(connection, request))

    def _environ(self, connection: Connection, request: Request) -> WSGIEnvironment:
        name = WILDCARDS.get(self.host, self.host)
        environ = build_environ(connection, request, (name, self.port), sys.stderr or io.StringIO())
        environ[CAN_DELAY] = True
        return environ

    def _start(self, connection: Connection, request: Request, environ: WSGIEnvironment) -> None:
        if self._is_quick(connection, request, environ):
            self._finish(connection, request, environ, self._run(connection, environ))
            return

        def work() -> None:
            result = self._run(connection, environ)
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._finish, connection, request, environ, result)

        path = environ["PATH_INFO"]
        key = path.split("/", 4)[:4] if path.startswith(CONTROL) else environ.get("HTTP_AUTHORIZATION")
        try:
            self._workers.submit(str(key), work)
        except RuntimeError:
            log.error("the system has no further thread")
            work()

    def _is_quick(self, connection: Connection, request: Request, environ: WSGIEnvironment) -> bool:
        """Return whether a request can be processed on the event loop, where it holds up all others."""
        path: str = environ["PATH_INFO"]
        if path == f"{CONTROL}/live":
            return True
        if not self.state.store.is_local or request.size > SMALL_BODY or path.startswith(CONTROL):
            return False
        mounts = self.state.mounts
        is_provider = connection.app is not self.app or (mounts.find(path) or mounts.find_region(path)) is not None
        return is_provider or host_name(environ.get("HTTP_HOST", "")) in mounts.hosts

    def _run(self, connection: Connection, environ: WSGIEnvironment) -> Response | Delay:
        try:
            return run_app(connection.app, environ)
        except Delay as delay:
            return delay
        except Exception:
            log.exception("crashed on a request")  # whose path may have a credential
            return internal_error()

    def _finish(
        self, connection: Connection, request: Request, environ: WSGIEnvironment, result: Response | Delay
    ) -> None:
        """Send a response, at once, in parts or after its delay; or process a request again after a delay."""
        if isinstance(result, Delay):
            self._delay(connection, result, functools.partial(self._process_delayed, connection, request, result))
            return
        more: Delay | None = environ.get(MORE_AFTER)
        if more is not None:
            connection.send_part(request, result)
            self._delay(connection, more, functools.partial(self._continue, connection, request, more))
            return
        delay: Delay | None = environ.get(RESPONSE_DELAY)
        if delay is None:
            connection.respond(request, result)
        else:
            self._delay(connection, delay, functools.partial(self._send_delayed, connection, request, result, delay))

    def _delay(self, connection: Connection, delay: Delay, then: Callable[[], None]) -> None:
        """Do something after a delay. It ends early with the tenant, the connection or the server."""

        def end(*, early: bool = True, cancelled: bool = False) -> None:
            if end not in self._delays:
                return
            self._delays.discard(end)
            timer.cancel()
            unwatch()
            connection.cancel_delay = None
            delay.has_ended_early, delay.is_cancelled = early, cancelled
            then()

        def end_soon() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(end)

        self._delays.add(end)
        is_over = self.is_stopping or connection.is_gone
        timer = self._loop.call_later(
            0 if is_over else delay.seconds, functools.partial(end, early=is_over, cancelled=connection.is_gone)
        )
        unwatch = delay.tenant.watch(end_soon)
        connection.cancel_delay = functools.partial(end, cancelled=True)
        if self.state.store.is_local and not delay.is_current():
            end_soon()

    def _process_delayed(self, connection: Connection, request: Request, delay: Delay) -> None:
        environ = self._environ(connection, request)
        environ[DELAY_OVER] = delay
        self._start(connection, request, environ)

    def _continue(self, connection: Connection, request: Request, delay: Delay) -> None:
        """Get more of a response, unless the client still has to read what was sent."""
        if connection.unsent_bytes and not delay.has_ended_early:
            delay.seconds = SHORTEST_PAUSE
            self._delay(connection, delay, functools.partial(self._continue, connection, request, delay))
        else:
            self._process_delayed(connection, request, delay)

    def _send_delayed(self, connection: Connection, request: Request, response: Response, delay: Delay) -> None:
        def send(is_current: bool) -> None:
            connection.respond(request, response if is_current else Response("", [], b"", is_complete=False))

        def check() -> None:
            try:
                is_current = delay.is_current()
            except StoreUnavailable:
                is_current = False
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(send, is_current)

        if self.state.store.is_local:
            send(delay.is_current())
        else:
            self._workers.submit(delay.tenant.id, check)

    # Serving

    def serve(self) -> None:
        """Serve until `stop` or `close` is called; then finish what is pending, for `SHUTDOWN_TIMEOUT` at most."""
        self._is_serving = True
        try:
            self._loop.run_forever()
        finally:
            self._end()

    def _begin_to_stop(self) -> None:
        if self.is_stopping:
            return
        for listener in self._listeners:
            self._accept(listener)  # connections that clients have made already
        self.is_stopping = True
        self._deadline = monotonic() + SHUTDOWN_TIMEOUT
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        for silent in list(self._handshakes):
            self._forget(silent)
        self._drain()

    def _drain(self) -> None:
        """Close the connections that have no pending request or response; stop the loop after the last one."""
        now = monotonic()
        for end in list(self._delays):
            end()
        for connection in list(self._connections):
            unsent = connection.unsent_bytes
            if unsent != connection.unsent:
                connection.unsent, connection.waits_since = unsent, now
            waited = now - connection.waits_since
            if connection.busy:
                continue
            if unsent:
                if waited > STALLED:
                    log.warning("stopped with an unfinished response: %d bytes were not read", unsent)
                    connection.abort()
            elif connection.transport.is_closing():
                if connection.is_tls and waited > GOODBYE:
                    connection.abort()
            elif connection.is_idle:
                if waited > QUIET or connection.is_used:
                    self._close_if_silent(connection)
            elif waited > QUIET:
                connection.close()
        if now > self._deadline:
            unfinished = sum(each.has_requests for each in self._connections)
            if unfinished:
                log.warning("stopped with requests unanswered on %d connections", unfinished)
        elif self._connections or self._tasks:
            self._loop.call_later(0.001, self._drain)
            return
        self._loop.stop()

    def _close_if_silent(self, connection: Connection) -> None:
        """Close a connection, unless a request has arrived on it that was not read yet."""
        poll = select.poll()
        try:
            poll.register(connection.socket, select.POLLIN)
            has_arrived = bool(poll.poll(0))
        except (OSError, ValueError, TypeError):
            has_arrived = False
        if not has_arrived:
            connection.close()

    def _end(self) -> None:
        """Close everything."""
        with self._ending:
            if self._has_ended:
                return
            for connection in list(self._connections):
                connection.abort()
            for task in list(self._tasks):
                task.cancel()
            for _ in range(3):  # in which asyncio closes what was aborted
                self._loop.run_until_complete(asyncio.sleep(0))
            for listener in self._listeners:
                listener.close()
            self._has_ended = True
            self._loop.close()
        self._workers.stop(max(0.0, self._deadline - monotonic()))

    def stop(self) -> None:
        """Make `serve` return; may be called in a signal handler, and in any thread."""
        with self._ending:
            if not self._has_ended:
                self._loop.call_soon_threadsafe(self._begin_to_stop)

    def close(self) -> None:
        """Stop serving, and free the port. Waits for the thread that serves, if there is one."""
        if self._thread is not None:
            self.stop()
            self._thread.join()
        elif self._is_serving:
            self.stop()
        else:
            self._end()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve, name="mockserver", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(
    config: Config | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    provider_ports: Mapping[str, int] | None = None,
    tls: Tls | None = None,
) -> HttpServer:
    """Return a bound server for these settings, not serving yet."""
    return HttpServer(create_app(config or Config()), host, port, provider_ports, tls)
