"""Forms and parameters of the IPs of a domain."""

from __future__ import annotations

from ....web.schemas import Schema, string
from .. import catalog
from .fields import BAD_VALUE, Address, Replacement, limit_field, offset_field


class AssignmentSchema(Schema):
    """Form to assign an IP or a pool to a domain."""

    ip = Address(error_messages=BAD_VALUE)
    pool_id = string(catalog.BAD_VALUE)


class ReplacementSchema(Schema):
    """Parameters to unlink a pool: the IP or the pool that replaces it."""

    ip = Replacement(error_messages=BAD_VALUE)
    pool_id = string(catalog.BAD_VALUE)


class AlternativeSchema(Schema):
    """Parameters to remove an IP from all domains: the IP that replaces it."""

    alternative = Address(error_messages=BAD_VALUE)


class IpDomainsQuerySchema(Schema):
    """Query to list the domains of an IP."""

    limit = limit_field(catalog.MAX_DOMAINS)
    search = string(catalog.BAD_VALUE)
    skip = offset_field()
