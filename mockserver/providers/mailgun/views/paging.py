"""The pages of a list: their URLs are in its responses."""

from __future__ import annotations

from ....web.exchange import current_exchange
from ..schemas.fields import page_token


def paging(cursor: str, limit: int) -> dict[str, str]:
    """Return the URLs of the first page, and of the one after `cursor`."""
    url = f"{current_exchange().url}?page="
    return {"first": url + page_token("", limit), "next": url + page_token(cursor, limit)}
