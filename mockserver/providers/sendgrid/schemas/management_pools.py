"""Queries and request bodies of pools in IP Address Management."""

from __future__ import annotations

from marshmallow import fields, validate

from ....web.schemas import Schema, messages, strings
from .. import catalog
from .fields import NOT_JSON, choice, page_size, position, query_boolean, string


class PoolsQuerySchema(Schema):
    """List pools."""

    limit = page_size(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = position(catalog.AFTER_KEY_TYPE, catalog.AFTER_KEY_RANGE)
    ip = string(catalog.LIMIT_RANGE)
    region = choice(catalog.REGION_VALUE, "all", *catalog.REGIONS)
    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class RegionQuerySchema(Schema):
    """Get a pool, or an IP."""

    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class MembersQuerySchema(Schema):
    """List the IPs of a pool."""

    limit = page_size(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = string(catalog.AFTER_KEY_TYPE)
    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class RenamedPoolSchema(Schema):
    """Rename a pool."""

    name = fields.String(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.POOL_NAME_MISSING),
        validate=[
            validate.Regexp("(?![. ])", error=catalog.POOL_NAME_START),
            validate.Length(int(catalog.MIN_NAME_LENGTH), int(catalog.MAX_NAME_LENGTH), error=catalog.POOL_NAME_LENGTH),
        ],
    )


class NewPoolSchema(RenamedPoolSchema):
    """Create a pool."""

    ips = strings(
        error_messages=NOT_JSON, validate=validate.Length(max=int(catalog.MAX_BATCH_IPS), error=catalog.IPS_LENGTH)
    )


class BatchSchema(Schema):
    """Put IPs into a pool, or take them out."""

    ips = strings(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.IPS_MISSING),
        validate=validate.Length(1, int(catalog.MAX_BATCH_IPS), error=catalog.IPS_LENGTH),
    )
