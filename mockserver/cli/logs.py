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
PATIENCE = 0.5
"""How long the end of the process waits for lines to be written, in seconds."""


class StderrHandler(logging.Handler):
    """Writes to stderr in a thread of its own. Lines are dropped and counted if the reader is slow."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped = 0
        self._lines: queue.Queue[str] = queue.Queue(MAX_LINES)
        self._is_writing = False
        threading.Thread(target=self._write, name="mockserver log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self.dropped += 1
        except Exception:
            self.handleError(record)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            self._is_writing = True
            dropped, self.dropped = self.dropped, 0
            if dropped:
                line = f"{line}\nmockserver: WARNING: {dropped} log lines were dropped: stderr is not read fast enough"
            with contextlib.suppress(OSError, ValueError, AttributeError):
                print(line, file=sys.stderr, flush=True)
            self._is_writing = False

    def flush(self) -> None:
        end = time.monotonic() + PATIENCE
        while (self._is_writing or not self._lines.empty()) and time.monotonic() < end:
            time.sleep(0.005)


def reopen_closed_streams() -> None:
    """Open the standard streams that are closed, or a socket could get their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
