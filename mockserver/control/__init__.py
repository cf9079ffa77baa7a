"""The control API, `/_mockserver/`: one module for each tag of its OpenAPI document."""

from . import server, tenants, state, requests, faults, clock  # noqa: I001  # in the order of the document
from .blueprint import PREFIX, blueprint
from .faults import MAX_FAULTS
from .state import MAX_SNAPSHOTS

__all__ = [
    "MAX_FAULTS",
    "MAX_SNAPSHOTS",
    "PREFIX",
    "blueprint",
    "clock",
    "faults",
    "requests",
    "server",
    "state",
    "tenants",
]
