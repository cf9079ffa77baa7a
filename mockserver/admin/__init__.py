"""The control API, `/_mockserver/`: what a tester asks of the server itself; one module a tag of its document."""

from . import clock, faults, requests, server, state, tenants
from .endpoint import PREFIX, admits, answer, crashed, misdirected, operations, unserved
from .faults import MAX_FAULTS
from .state import MAX_SNAPSHOTS

__all__ = [
    "MAX_FAULTS",
    "MAX_SNAPSHOTS",
    "PREFIX",
    "admits",
    "answer",
    "clock",
    "crashed",
    "faults",
    "misdirected",
    "operations",
    "requests",
    "server",
    "state",
    "tenants",
    "unserved",
]
