"""The service itself."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ..provider import blueprint
from ..rules.account import Tx


@blueprint.get("/", endpoint="getRoot")
def get_root(tx: Tx) -> ResponseReturnValue:
    """Return what clients take for the sign of a wrong URL."""
    return "Mailgun Magnificent API"
