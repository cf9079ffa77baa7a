"""The root of the API."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ..provider import blueprint
from ..rules import Tx


@blueprint.get("/", endpoint="getRoot")
def get_root(tx: Tx) -> ResponseReturnValue:
    """Return the text from which clients recognise a wrong base URL."""
    return "Mailgun Magnificent API"
