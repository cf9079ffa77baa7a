"""Delays of requests. A server that can wait for a request without a thread says so in the WSGI environ."""

from __future__ import annotations

import time

from ..core.faults import Fault
from ..core.store import Tenant

CAN_DELAY = "mockserver.can_delay"
"""WSGI environ key: set if the server handles `Delay`. Under other servers a delayed request sleeps in its thread."""
DELAY_OVER = "mockserver.delay_over"
"""WSGI environ key: the `Delay` of a request that is processed again, now that it is over."""
RESPONSE_DELAY = "mockserver.response_delay"
"""WSGI environ key: the `Delay` that the application wants before its response is sent."""
MORE_AFTER = "mockserver.more_after"
"""WSGI environ key: the `Delay` after which there is more of the response, set by the application if the server handles
`Delay`. The server sends what it has, and then processes the request again."""
NO_TIMEOUT = "mockserver.no_timeout"
"""WSGI environ key: set if the client waits for as long as the application takes: a planned timeout is over at once."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""The pause between two looks at what a request waits for, in seconds."""


def pause(waited: float) -> float:
    """Return how long to pause before the next look, in seconds: it is longer the longer the request has waited."""
    return min(max(waited / 10, SHORTEST_PAUSE), LONGEST_PAUSE)


class ConnectionTimedOut(ConnectionResetError, TimeoutError):
    """A planned timeout is over."""


class Delay(BaseException):
    """A request that is to be processed later. It is no `Exception`, so that no handler takes it for an error."""

    def __init__(
        self, tenant: Tenant, fault: Fault | None = None, *, seconds: float = 0.0, previous: Delay | None = None
    ) -> None:
        """It is as long as that of a planned fault, or `seconds`. `previous` is one of the request that is over."""
        super().__init__(fault.id if fault is not None else seconds)
        self.tenant = tenant
        self.fault = fault
        """The planned fault that delays the request."""
        self.seconds = seconds if fault is None else fault.delay_seconds or 0.0
        self.has_ended_early = False
        """Whether the tenant, the connection or the server has ended it."""
        self.is_cancelled = False
        """Whether the client has closed the connection in the meantime."""
        self.created: float = time.perf_counter() if previous is None else previous.created
        self._life: object = tenant.life() if previous is None else previous._life

    def is_current(self) -> bool:
        """Return whether the tenant has been neither reset nor deleted in the meantime."""
        return self._life is not None and self.tenant.life() == self._life
