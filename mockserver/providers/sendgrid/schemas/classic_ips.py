"""Queries and request bodies of the classic IP API."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.fields import Boolean
from ....web.schemas import Schema, messages, strings
from .. import catalog
from .fields import choice, page_size, position, query_boolean, string


class IpsQuerySchema(Schema):
    """List IPs."""

    ip = string(catalog.IP_MISSING)
    exclude_whitelabels = query_boolean(catalog.EXCLUDE_WHITELABELS_VALUE)
    limit = page_size(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = position(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)
    subuser = string(catalog.IP_MISSING)
    sort_by_direction = choice(catalog.SORT_VALUE, "asc", "desc")


class NewIpsSchema(Schema):
    """Buy IPs."""

    count = fields.Integer(
        strict=True,
        required=True,
        error_messages=messages(catalog.COUNT_MISSING),
        validate=validate.Range(min=1, error=catalog.COUNT_MISSING),
    )
    subusers = strings(error_messages=messages(catalog.SUBUSERS_NOT_YOURS))
    warmup = Boolean(error_messages=messages(catalog.WARMUP_VALUE))
    user_can_send = Boolean(error_messages=messages(catalog.USER_CAN_SEND_VALUE))
