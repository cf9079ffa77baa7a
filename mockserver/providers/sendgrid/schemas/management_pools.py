"""Queries and request bodies of pools in IP Address Management."""

from __future__ import annotations

from marshmallow import fields, validate

from ....web.schemas import Schema, messages, one_of, string, strings
from .. import catalog
from .fields import NOT_JSON, limit_field, offset_field, query_boolean


class PoolsQuerySchema(Schema):
    """Query to list pools."""

    limit = limit_field(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = offset_field(catalog.AFTER_KEY_TYPE, catalog.AFTER_KEY_RANGE)
    before_key = offset_field(catalog.BEFORE_KEY_TYPE, catalog.BEFORE_KEY_RANGE)
    ip = string(catalog.LIMIT_RANGE)
    region = one_of(("all", *catalog.REGIONS), catalog.REGION_VALUE)
    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class RegionQuerySchema(Schema):
    """Query to get a pool or an IP."""

    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class MembersQuerySchema(Schema):
    """Query to list the IPs of a pool."""

    limit = limit_field(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = string(catalog.AFTER_KEY_TYPE)
    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class RenamedPoolSchema(Schema):
    """Body to rename a pool."""

    name = fields.String(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.POOL_NAME_MISSING),
        validate=[
            validate.Regexp("(?![. ])", error=catalog.POOL_NAME_START),
            validate.Length(int(catalog.MIN_NAME_LENGTH), int(catalog.MAX_NAME_LENGTH), error=catalog.POOL_NAME_LENGTH),
        ],
    )


class NewPoolSchema(RenamedPoolSchema):
    """Body to create a pool."""

    ips = strings(
        error_messages=NOT_JSON, validate=validate.Length(max=int(catalog.MAX_BATCH_IPS), error=catalog.IPS_LENGTH)
    )


class BatchSchema(Schema):
    """Body to add IPs to a pool, or to remove them."""

    ips = strings(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.IPS_MISSING),
        validate=validate.Length(1, int(catalog.MAX_BATCH_IPS), error=catalog.IPS_LENGTH),
    )
