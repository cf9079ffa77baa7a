"""Queries and request bodies of reverse DNS."""

from __future__ import annotations

from ....web.schemas import Schema, string
from .. import catalog
from .fields import limit_field, offset_field, required_string


class RecordsQuerySchema(Schema):
    """Query to list records."""

    limit = limit_field(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = offset_field(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)
    ip = string(catalog.RDNS_IP_MISSING)


class RecordSchema(Schema):
    """Body to set up reverse DNS."""

    ip = required_string(catalog.RDNS_IP_MISSING)
    domain = required_string(catalog.RDNS_DOMAIN_MISSING)
    subdomain = string(catalog.RDNS_SUBDOMAIN_TYPE)
