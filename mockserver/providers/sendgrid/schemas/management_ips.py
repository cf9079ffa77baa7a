"""Queries and request bodies of IPs in IP Address Management."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.fields import Boolean
from ....web.schemas import Schema, messages, strings
from .. import catalog
from .fields import NOT_JSON, choice, number, page_size, position, query_boolean, string

_AT_MOST = validate.Length(max=int(catalog.MAX_BATCH_SUBUSERS), error=catalog.SUBUSERS_TOO_MANY)


class IpsQuerySchema(Schema):
    """List IPs."""

    ip = string(catalog.IPS_LIMIT_RANGE)
    limit = page_size(catalog.MAX_IPS_PAGE, catalog.IPS_LIMIT_RANGE)
    after_key = string(catalog.AFTER_KEY_ADDRESS)
    before_key = string(catalog.BEFORE_KEY_ADDRESS)
    is_leased = query_boolean(catalog.IS_LEASED_VALUE)
    is_enabled = query_boolean(catalog.IS_ENABLED_VALUE)
    is_parent_assigned = query_boolean(catalog.IS_PARENT_ASSIGNED_VALUE)
    pool = string(catalog.POOL_TYPE)
    start_added_at = number(catalog.START_ADDED_AT_TYPE)
    end_added_at = number(catalog.END_ADDED_AT_TYPE)
    region = choice(catalog.REGION_VALUE, "all", *catalog.REGIONS)
    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class SubusersQuerySchema(Schema):
    """List the subusers of an IP."""

    limit = page_size(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = position(catalog.AFTER_KEY_TYPE, catalog.AFTER_KEY_RANGE)


class NewIpSchema(Schema):
    """Add an IP to the account."""

    is_auto_warmup = Boolean(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.IS_AUTO_WARMUP_MISSING),
    )
    is_parent_assigned = Boolean(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.IS_PARENT_ASSIGNED_MISSING),
    )
    subusers = strings(error_messages=NOT_JSON, validate=_AT_MOST)
    region = fields.String(
        error_messages=NOT_JSON, validate=validate.OneOf(catalog.REGIONS, error=catalog.NEW_REGION_VALUE)
    )
    include_region = Boolean(error_messages=NOT_JSON)


class SettingsSchema(Schema):
    """Change an IP's settings."""

    is_auto_warmup = Boolean(error_messages=NOT_JSON)
    is_parent_assigned = Boolean(error_messages=NOT_JSON)
    is_enabled = Boolean(error_messages=NOT_JSON)


class SubusersSchema(Schema):
    """Give an IP to subusers, or take it from them."""

    subusers = strings(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.SUBUSERS_EMPTY),
        validate=[validate.Length(min=1, error=catalog.SUBUSERS_EMPTY), _AT_MOST],
    )
