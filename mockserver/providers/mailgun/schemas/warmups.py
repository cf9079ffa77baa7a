"""Queries of warm-ups."""

from __future__ import annotations

from ....core.addresses import normalize_ip
from ....web.schemas import Schema
from .. import catalog
from .fields import PageToken, limit_field


class WarmupsQuerySchema(Schema):
    """Query to list warm-ups."""

    page = PageToken(1, catalog.MAX_WARMUPS, lambda cursor: cursor == "" or normalize_ip(cursor) == cursor)
    limit = limit_field(catalog.MAX_WARMUPS)
