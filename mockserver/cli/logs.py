"""Logging that never blocks the server, whatever reads its output."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
import time

MAX_LINES = 10_000
"""The number of lines that wait to be written; further ones are dropped and counted."""
MAX_WRITTEN = 100
"""The number of lines that are written together."""
PATIENCE = 0.5
"""How long the end of the process waits for lines to be written, in seconds."""


class StderrWriter:
    """Writes lines to stderr in a thread of its own. They are dropped and counted if the reader is slow."""

    def __init__(self) -> None:
        self.dropped = 0
        self._lines: queue.Queue[str] = queue.Queue(MAX_LINES)
        self._is_writing = False
        threading.Thread(target=self._write, name="mockserver log", daemon=True).start()

    def put(self, line: str) -> None:
        """Write a line soon."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def _write(self) -> None:
        while True:
            lines = [self._lines.get()]
            self._is_writing = True
            with contextlib.suppress(queue.Empty):
                while len(lines) < MAX_WRITTEN:
                    lines.append(self._lines.get_nowait())
            dropped, self.dropped = self.dropped, 0
            if dropped:
                lines.append(f"mockserver: WARNING: {dropped} log lines were dropped: stderr is not read fast enough")
            with contextlib.suppress(OSError, ValueError, AttributeError):
                print("\n".join(lines), file=sys.stderr, flush=True)
            self._is_writing = False

    def flush(self) -> None:
        """Wait until all lines are written, for `PATIENCE` at most."""
        end = time.monotonic() + PATIENCE
        while (self._is_writing or not self._lines.empty()) and time.monotonic() < end:
            time.sleep(0.005)


class StderrHandler(logging.Handler):
    """A handler that never blocks."""

    def __init__(self, writer: StderrWriter, format: str) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(format))
        self.writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.writer.put(self.format(record))
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        self.writer.flush()


def to_stderr() -> None:
    """Write the log to stderr: lines of the access log as they are, others with their level."""
    writer = StderrWriter()
    logging.basicConfig(handlers=[StderrHandler(writer, "mockserver: %(levelname)s: %(message)s")])
    access = logging.getLogger("mockserver.access")
    access.addHandler(StderrHandler(writer, "%(message)s"))
    access.propagate = False


def reopen_closed_streams() -> None:
    """Open the standard streams that are closed, or a socket could get their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
