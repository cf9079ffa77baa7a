"""The scopes of an API key."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from .. import catalog
from ..provider import blueprint, granted_scopes
from ..rules import Tx


@blueprint.get("/v3/scopes", endpoint="listScopes")
def list_scopes(tx: Tx) -> ResponseReturnValue:
    scopes = granted_scopes()
    return {"scopes": sorted(catalog.SCOPES if scopes is None else scopes)}
