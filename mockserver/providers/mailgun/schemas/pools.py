"""Forms, queries and the JSON body of dedicated IP pools."""

from __future__ import annotations

from marshmallow import fields, validate

from ....web.schemas import Schema, messages, string, strings
from .. import catalog
from .fields import BAD_VALUE, Addresses, PageToken, Replacement, limit_field, required_string


class PoolSchema(Schema):
    """Form to create a pool. `ips` is the older spelling of `ip`, a comma-separated list."""

    name = required_string(catalog.MISSING)
    description = required_string(catalog.MISSING)
    ip = Addresses(error_messages=BAD_VALUE)
    ips = Addresses(error_messages=BAD_VALUE)


class PoolChangesSchema(Schema):
    """Form to edit a pool."""

    name = fields.String(error_messages=BAD_VALUE, validate=validate.Length(min=1, error=catalog.BAD_VALUE))
    description = string(catalog.BAD_VALUE)
    add_ip = Addresses(error_messages=BAD_VALUE)
    remove_ip = Addresses(error_messages=BAD_VALUE)
    link_domain = strings(error_messages=BAD_VALUE)
    unlink_domain = strings(error_messages=BAD_VALUE)


class ReplacementSchema(Schema):
    """Parameters to delete a pool: the IP or the pool that replaces it."""

    ip = Replacement(error_messages=BAD_VALUE)
    pool_id = string(catalog.BAD_VALUE)


class PoolIpsSchema(Schema):
    """Body to add IPs to a pool."""

    ips = Addresses(
        required=True,
        error_messages=messages(catalog.NOT_JSON, required=catalog.MISSING),
        validate=validate.Length(min=1, error=catalog.MISSING),
    )


class PoolDomainsQuerySchema(Schema):
    """Query to list a pool's domains."""

    limit = limit_field(catalog.MAX_PAGE, catalog.MIN_PAGE)
    page = PageToken(catalog.MIN_PAGE, catalog.MAX_PAGE)
