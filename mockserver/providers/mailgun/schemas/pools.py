"""Forms, queries and the JSON body of pools and their delegation."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.errors import ErrorMessage
from ....web.schemas import Schema, messages, not_blank, strings
from .. import catalog
from .fields import BAD_VALUE, Addresses, PageToken, Replacement, string, whole_number


def _required_string(error: ErrorMessage) -> fields.String:
    return fields.String(required=True, error_messages=messages(error), validate=validate.Length(min=1, error=error))


class PoolSchema(Schema):
    """Create a pool. `ips` is the older spelling of `ip`, a list with commas."""

    name = _required_string(catalog.MISSING)
    description = _required_string(catalog.MISSING)
    ip = Addresses(error_messages=BAD_VALUE)
    ips = Addresses(error_messages=BAD_VALUE)


class PoolChangesSchema(Schema):
    """Edit a pool."""

    name = fields.String(error_messages=BAD_VALUE, validate=validate.Length(min=1, error=catalog.BAD_VALUE))
    description = string()
    add_ip = Addresses(error_messages=BAD_VALUE)
    remove_ip = Addresses(error_messages=BAD_VALUE)
    link_domain = strings(error_messages=BAD_VALUE)
    unlink_domain = strings(error_messages=BAD_VALUE)


class PoolReplacementSchema(Schema):
    """Delete or unlink a pool: what replaces it."""

    ip = Replacement(error_messages=BAD_VALUE)
    pool_id = string()


class PoolIpsSchema(Schema):
    """Add several IPs to a pool, in JSON."""

    ips = Addresses(
        required=True,
        error_messages=messages(catalog.NOT_JSON, required=catalog.MISSING),
        validate=validate.Length(min=1, error=catalog.MISSING),
    )


class DelegationSchema(Schema):
    """Delegate or revoke a pool."""

    subaccount_id = fields.String(
        required=True, error_messages=messages(catalog.BAD_REQUEST), validate=not_blank(catalog.BAD_REQUEST)
    )


class DelegatedPoolSchema(Schema):
    """Delegate or revoke a pool, in the older way."""

    pool_id = fields.String(required=True, error_messages=messages(catalog.BAD_REQUEST))


class LinksQuerySchema(Schema):
    """List a pool's domains."""

    limit = whole_number(catalog.MIN_PAGE, catalog.MAX_PAGE)
    page = PageToken(catalog.MIN_PAGE, catalog.MAX_PAGE)
