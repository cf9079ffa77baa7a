"""Queries and request bodies of IPs in IP Address Management."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.fields import Boolean
from ....web.schemas import Schema, messages, one_of, string, strings
from .. import catalog
from .fields import NOT_JSON, limit_field, offset_field, query_boolean, query_integer

_MAX_SUBUSERS = validate.Length(max=int(catalog.MAX_BATCH_SUBUSERS), error=catalog.SUBUSERS_TOO_MANY)


class IpsQuerySchema(Schema):
    """Query to list IPs."""

    ip = string(catalog.IPS_LIMIT_RANGE)
    limit = limit_field(catalog.MAX_IPS_PAGE, catalog.IPS_LIMIT_RANGE)
    after_key = string(catalog.AFTER_KEY_ADDRESS)
    before_key = string(catalog.BEFORE_KEY_ADDRESS)
    is_leased = query_boolean(catalog.IS_LEASED_VALUE)
    is_enabled = query_boolean(catalog.IS_ENABLED_VALUE)
    is_parent_assigned = query_boolean(catalog.IS_PARENT_ASSIGNED_VALUE)
    pool = string(catalog.POOL_TYPE)
    start_added_at = query_integer(catalog.START_ADDED_AT_TYPE)
    end_added_at = query_integer(catalog.END_ADDED_AT_TYPE)
    region = one_of(("all", *catalog.REGIONS), catalog.REGION_VALUE)
    include_region = query_boolean(catalog.INCLUDE_REGION_VALUE)


class SubusersQuerySchema(Schema):
    """Query to list the subusers of an IP."""

    limit = limit_field(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = offset_field(catalog.AFTER_KEY_TYPE, catalog.AFTER_KEY_RANGE)


class NewIpSchema(Schema):
    """Body to add an IP to the account."""

    is_auto_warmup = Boolean(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.IS_AUTO_WARMUP_MISSING),
    )
    is_parent_assigned = Boolean(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.IS_PARENT_ASSIGNED_MISSING),
    )
    subusers = strings(error_messages=NOT_JSON, validate=_MAX_SUBUSERS)
    region = fields.String(
        error_messages=NOT_JSON, validate=validate.OneOf(catalog.REGIONS, error=catalog.NEW_REGION_VALUE)
    )
    include_region = Boolean(error_messages=NOT_JSON)


class SettingsSchema(Schema):
    """Body to change an IP's settings."""

    is_auto_warmup = Boolean(error_messages=NOT_JSON)
    is_parent_assigned = Boolean(error_messages=NOT_JSON)
    is_enabled = Boolean(error_messages=NOT_JSON)


class SubusersSchema(Schema):
    """Body to assign an IP to subusers, or to unassign it."""

    subusers = strings(
        required=True,
        error_messages=messages(catalog.MANAGEMENT_BODY_NOT_JSON, required=catalog.SUBUSERS_EMPTY),
        validate=[validate.Length(min=1, error=catalog.SUBUSERS_EMPTY), _MAX_SUBUSERS],
    )
