"""The service itself."""

from __future__ import annotations

from ....provider import Routes
from ....web import Call, Reply
from .. import wire

routes = Routes()


@routes.operation("getRoot", "GET", "/")
def get_root(call: Call) -> Reply:
    return wire.root()
