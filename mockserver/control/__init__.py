"""The control API, `/_mockserver/`: one module for each tag of its OpenAPI document."""

from . import server, tenants, state, requests, request_stream, outbox, faults, stubs, clock  # noqa: I001  # in the order of the document
from . import pages
from .blueprint import PREFIX, blueprint
from .faults import MAX_FAULTS
from .state import MAX_SNAPSHOTS
from .stubs import MAX_STUBS

__all__ = [
    "MAX_FAULTS",
    "MAX_SNAPSHOTS",
    "MAX_STUBS",
    "PREFIX",
    "blueprint",
    "clock",
    "faults",
    "outbox",
    "pages",
    "request_stream",
    "requests",
    "server",
    "state",
    "stubs",
    "tenants",
]

blueprint.record(pages.register)
