"""Queries of the IPs of an account."""

from __future__ import annotations

from ....web.schemas import Schema, one_of, string
from .. import catalog
from ..rules.ips import SORTS
from .fields import limit_field, offset_field, query_boolean


class IpsQuerySchema(Schema):
    """Query to list IPs."""

    dedicated = query_boolean()
    enabled = query_boolean()


class DetailedQuerySchema(Schema):
    """Query to list IPs in detail."""

    limit = limit_field(catalog.MAX_DOMAINS)
    skip = offset_field()
    pool_id = string(catalog.BAD_VALUE)
    domain_id = string(catalog.BAD_VALUE)
    subaccount_id = string(catalog.BAD_VALUE)
    ip = string(catalog.BAD_VALUE)
    sort_by = one_of(tuple(SORTS), catalog.BAD_VALUE)
    sort_order = one_of(("ascending", "descending"), catalog.BAD_VALUE)
