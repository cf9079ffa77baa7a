"""Threads for requests that may take long."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable

from .core.monotonic import monotonic


class Workers:
    """Daemon threads, started when needed. They take work of each key in turns, so that no key takes all threads."""

    def __init__(self, count: int, share: int) -> None:
        """At most `count` threads, at most `share` of them for one key."""
        self._count = count
        self._share = share
        self._threads: set[threading.Thread] = set()
        self._waiting: OrderedDict[Hashable, deque[Callable[[], object]]] = OrderedDict()
        self._running: Counter[Hashable] = Counter()
        self._is_stopping = False
        self._changed = threading.Condition()

    def submit(self, key: Hashable, work: Callable[[], object]) -> None:
        """Do work on a thread. Raises `RuntimeError` if the system has no thread at all."""
        with self._changed:
            self._waiting.setdefault(key, deque()).append(work)
            if sum(self._running.values()) >= len(self._threads) < self._count:
                thread = threading.Thread(target=self._run, name="mockserver worker", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    if not self._threads:
                        self._waiting.clear()
                        raise
                else:
                    self._threads.add(thread)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (key := self._next()) is None:
                    if self._is_stopping:
                        return
                    self._changed.wait()
                queue = self._waiting[key]
                work = queue.popleft()
                self._waiting.move_to_end(key)
                if not queue:
                    del self._waiting[key]
                self._running[key] += 1
            try:
                work()
            finally:
                with self._changed:
                    self._running[key] -= 1
                    self._running += Counter()  # without those that are 0
                    self._changed.notify()

    def _next(self) -> Hashable | None:
        return next((key for key in self._waiting if self._running[key] < self._share), None)

    def stop(self, seconds: float) -> None:
        """End the threads, and wait so long for those that are at work."""
        with self._changed:
            self._is_stopping = True
            self._waiting.clear()
            self._changed.notify_all()
        end = monotonic() + seconds
        for thread in list(self._threads):
            with contextlib.suppress(RuntimeError):
                thread.join(max(0, end - monotonic()))
