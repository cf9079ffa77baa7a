"""Queries and parameters of the IPs of an account and their warm-ups."""

from __future__ import annotations

from ....web.schemas import Schema
from .. import catalog
from ..models import canonical
from ..rules.ips import SORTS
from .fields import BAD_VALUE, Address, PageToken, choice, flag, position, string, whole_number


class IpsQuerySchema(Schema):
    """List IPs."""

    dedicated = flag()
    enabled = flag()


class DetailedQuerySchema(Schema):
    """List IPs with all that is known of them."""

    limit = whole_number(1, catalog.MAX_DOMAINS)
    skip = position()
    pool_id = string()
    domain_id = string()
    subaccount_id = string()
    ip = string()
    sort_by = choice(*SORTS)
    sort_order = choice("ascending", "descending")


class IpDomainsQuerySchema(Schema):
    """List the domains of an IP."""

    limit = whole_number(1, catalog.MAX_DOMAINS)
    search = string()
    skip = position()


class AlternativeSchema(Schema):
    """Remove an IP from all domains: what replaces it."""

    alternative = Address(error_messages=BAD_VALUE)


class WarmupsQuerySchema(Schema):
    """List warm-ups."""

    page = PageToken(1, catalog.MAX_WARMUPS, lambda cursor: cursor == "" or canonical(cursor) == cursor)
    limit = whole_number(1, catalog.MAX_WARMUPS)
