"""The pages of a list, whose addresses are in its answers."""

from __future__ import annotations

from ....web import Call
from ..schemas.fields import token


def paging(call: Call, cursor: str, limit: int) -> dict[str, str]:
    """Return where the first page is, and the one after `cursor`."""
    url = f"{call.root}{call.path}?page="
    return {"first": url + token("", limit), "next": url + token(cursor, limit)}
