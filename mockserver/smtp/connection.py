"""SMTP connections: lines, messages, TLS and planned delays. Everything that a client can make grow has a limit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ..core.monotonic import monotonic
from ..core.smtp import Reply
from ..web.delays import Delay
from .processing import Outcome, Processor
from .session import Command, Session

if TYPE_CHECKING:
    from .server import SmtpServer

MAX_LINE = 12_288
"""The maximum length of a command, with its end, in bytes: that of the lines of AUTH (RFC 4954)."""
SMALL_MESSAGE = 1 << 13
"""The size up to which a message is processed on the event loop, in bytes."""
MAX_REPLY = 506
"""The maximum length of the text of a line of a reply: RFC 5321 has 512 for the line."""
TURN = 20
"""The number of commands of a connection that are processed before those of others."""
END = b"\r\n.\r\n"
"""The end of a message. Nothing else ends it: neither a bare line feed nor a bare carriage return is a line end."""
MAX_DISCARDED = 256 << 20
"""The number of bytes of a message that is too large before the connection is closed."""
HANDSHAKE_TIMEOUT = 10.0
"""How long a TLS handshake may take, in seconds."""

log = logging.getLogger("mockserver")


class Connection(asyncio.Protocol):
    """A connection of a client."""

    def __init__(self, server: SmtpServer, processor: Processor) -> None:
        self.server = server
        self.processor = processor
        self.session: Session
        self.transport: asyncio.Transport
        self.waits_since = monotonic()
        """When the client last sent something, or got a reply."""
        self.is_busy = False
        """Whether a command is processed or delayed, or TLS is started."""
        self.is_open = False
        self.held = 0
        """The size of the unfinished message, in bytes."""
        self._buffer = bytearray()
        self._content: bytearray | None = None
        """The message that is read, after a line end; None between messages."""
        self._problem: str | None = None
        """The reply for which the message is not kept."""
        self._discarded = 0
        self._skips_line = False
        """Whether the rest of a line is skipped that is too long."""
        self._is_paused = self._client_is_slow = False
        self._end_delay: Callable[[], None] | None = None
        self._upgrade: asyncio.Task[None] | None = None

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.session = Session(self.processor.place, _address(transport), tls=_tls_version(transport))
        self.is_open = True
        self.server.opened(self)
        self._send(self.session.greeting())

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self._hold(None)
        self._buffer.clear()
        if self._end_delay is not None:
            self._end_delay()
        self.server.closed(self)

    def data_received(self, data: bytes) -> None:
        self.waits_since = monotonic()
        if not self.is_closing:
            self._buffer += data
            self._advance()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._client_is_slow = True

    def resume_writing(self) -> None:
        self._client_is_slow = False
        self.waits_since = monotonic()
        self._advance()

    @property
    def is_closing(self) -> bool:
        return not self.is_open or self.transport.is_closing()

    def close(self, reply: str | None = None) -> None:
        """Close it, with a reply."""
        if not self.is_closing:
            if reply is not None:
                self._send(self.session.reply(reply))
            self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def _send(self, reply: Reply) -> None:
        self.transport.write(encode(reply))

    # Reading

    def _advance(self) -> None:
        """Process what has arrived, as far as it is complete."""
        turn = TURN
        while self._may_read and turn:
            turn -= 1
            if self._content is not None:
                if not self._read_content(self._content):
                    break
            else:
                line = self._read_line()
                if line is None:
                    break
                self._command(line)
        if not turn and self._may_read:
            self.server.loop.call_soon(self._advance)
        self._pause_or_resume(is_paused=not (turn and self._may_read))

    @property
    def _may_read(self) -> bool:
        return not (self.is_busy or self._client_is_slow or self.is_closing)

    def _pause_or_resume(self, *, is_paused: bool) -> None:
        """Leave what a client sends to the system for as long as a command is processed."""
        if self.is_closing or is_paused == self._is_paused or self._upgrade is not None:
            return
        self._is_paused = is_paused
        if is_paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _read_line(self) -> bytes | None:
        """Return the next line with its end; an empty one for a line that is too long."""
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                self._buffer.clear()
                self._skips_line = True
            return None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if self._skips_line or len(line) > MAX_LINE:
            self._skips_line = False
            return b""
        return line

    def _command(self, line: bytes) -> None:
        if not line:
            self._reply(self.session.counted(self.session.reply("line_too_long")))
        elif not line.endswith(b"\r\n"):
            self._reply(self.session.counted(self.session.reply("bare_line_feed")))
        else:
            self._handle(self.session.command(line[:-2]))

    def _handle(self, found: Reply | Command) -> None:
        if isinstance(found, Reply):
            self._reply(found)
        else:
            self._process(found)

    def _reply(self, reply: Reply) -> None:
        self._send(reply)
        if reply.code == 421 or reply.key == "quit":
            self.transport.close()
        elif reply.key == "data":
            self._content, self._problem, self._discarded = bytearray(b"\r\n"), None, 0
        elif reply.key == "starttls":
            self._start_tls()

    # Messages

    def _read_content(self, content: bytearray) -> bool:
        """Read more of a message; return whether it is complete."""
        start = max(0, len(content) - len(END) + 1)
        content += self._buffer
        self._buffer.clear()
        end = content.find(END, start)
        if end < 0:
            self._limit(content)
            return False
        self._buffer += content[end + len(END) :]
        del content[end + 2 :]
        message = None if self._problem is not None else bytes(content).replace(b"\r\n.", b"\r\n")[2:]
        problem = self._problem or "too_large"
        if message is not None and len(message) > self.session.smtp_provider.max_size:
            message = None
        self._hold(None)
        self._handle(self.session.message(message, problem))
        return True

    def _limit(self, content: bytearray) -> None:
        """Drop what has arrived of a message that is too large, but for its last bytes: its end may begin with them."""
        limit = self.session.smtp_provider.max_size
        if self._problem is None:
            if len(content) > limit + limit // 8:
                self._problem = "too_large"
            elif self.server.has_no_room(len(content) - self.held):
                self._problem = "no_room"
        if self._problem is not None:
            self._discarded += len(content)
            del content[: 1 - len(END)]
            if self._discarded > limit + MAX_DISCARDED:
                self.close("closing")
        self._hold(content)

    def _hold(self, content: bytearray | None) -> None:
        self._content = content
        size = 0 if content is None else len(content)
        self.server.held += size - self.held
        self.held = size

    # Commands that a tenant is needed for

    def _process(self, command: Command, delay: Delay | None = None) -> None:
        self.is_busy = True
        if self.server.state.store.is_local and len(command.body) <= SMALL_MESSAGE:
            self._finish(command, self._run(command, delay))
            return

        self.server.held += len(command.body)  # until it is processed, also if the client is gone

        def work() -> None:
            result = self._run(command, delay)
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self.server.loop.call_soon_threadsafe(finish, result)

        def finish(result: Outcome | Delay) -> None:
            self.server.held -= len(command.body)
            self._finish(command, result)

        try:
            self.server.workers.submit(command.login, work)
        except RuntimeError:
            log.error("the system has no further thread")
            work()

    def _run(self, command: Command, delay: Delay | None) -> Outcome | Delay:
        try:
            return self.processor.process(command, self.session.tenant_id, delay)
        except Delay as found:
            return found
        except Exception:
            log.exception("crashed on a command")
            return Outcome(self.session.reply("unavailable"))

    def _finish(self, command: Command, result: Outcome | Delay) -> None:
        if not self.is_open:
            return
        if isinstance(result, Delay):
            self._wait(command, result, lambda: self._process(command, result))
        elif result.delay is not None:
            self._wait(command, result.delay, lambda: self._respond(command, result))
        else:
            self._respond(command, result)

    def _wait(self, command: Command, delay: Delay, then: Callable[[], None]) -> None:
        """Do something after a planned delay. It ends early with the tenant or the server, and is dropped with the
        connection."""
        self.server.held += len(command.body)

        def end() -> None:
            if self._end_delay is not end:
                return
            self._end_delay = None
            timer.cancel()
            unwatch()
            self.server.held -= len(command.body)
            if self.is_open:
                then()

        def end_soon() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(end)

        loop = self.server.loop
        self._end_delay = end
        timer = loop.call_later(0 if self.server.is_stopping else delay.seconds, end)
        unwatch = delay.tenant.watch(end_soon)
        if self.server.state.store.is_local and not delay.is_current():
            end_soon()

    def end_delay(self) -> None:
        """End the planned delay, if there is one."""
        if self._end_delay is not None:
            self._end_delay()

    def _respond(self, command: Command, outcome: Outcome) -> None:
        self.is_busy = False
        self.waits_since = monotonic()
        if self.is_closing:
            return
        is_dropped = outcome.delay is not None and self.server.state.store.is_local and not outcome.delay.is_current()
        if outcome.reply is None or is_dropped:
            self.transport.abort()
            return
        if outcome.is_accepted:
            command.done(outcome.tenant_id)
        if outcome.is_truncated:
            data = encode(outcome.reply)
            self.transport.write(data[: len(data) // 2])
            self.transport.close()
            return
        self._reply(self.session.counted(outcome.reply))
        self.server.loop.call_soon(self._advance)

    # TLS

    def _start_tls(self) -> None:
        """Start TLS. What a client has sent after the command in the clear is dropped."""
        self.is_busy = True
        self._buffer.clear()
        self._upgrade = self.server.loop.create_task(self._start_tls_now())

    async def _start_tls_now(self) -> None:
        assert self.server.tls is not None
        try:
            transport = await self.server.loop.start_tls(
                self.transport, self, self.server.tls.context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT
            )
        except OSError:  # also of TLS, and a timeout
            transport = None
        self._upgrade = None
        if transport is None or not self.is_open:
            self.transport.abort()
            self.connection_lost(None)
            return
        self.transport, self._is_paused, self.is_busy = transport, False, False
        self.waits_since = monotonic()
        self.session.start_tls(_tls_version(transport) or "TLS")
        self._advance()


def encode(reply: Reply) -> bytes:
    """Return the lines of a reply."""
    *lines, last = reply.text.splitlines() or [""]
    text = "".join([f"{reply.code}-{line[:MAX_REPLY]}\r\n" for line in lines]) + f"{reply.code} {last[:MAX_REPLY]}\r\n"
    return text.encode("utf-8", "replace")


def _address(transport: asyncio.BaseTransport) -> str:
    host, port = transport.get_extra_info("peername", ("127.0.0.1", 0))[:2]
    return f"{host}:{port}"


def _tls_version(transport: asyncio.BaseTransport) -> str | None:
    found: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    return None if found is None else found.version()
