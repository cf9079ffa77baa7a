"""Queries and request bodies of the classic IP API."""

from __future__ import annotations

from marshmallow import validate

from ....core.fields import Boolean, Integer
from ....web.schemas import Schema, messages, one_of, string, strings
from .. import catalog
from .fields import limit_field, offset_field, query_boolean


class IpsQuerySchema(Schema):
    """Query to list IPs."""

    ip = string(catalog.IP_MISSING)
    exclude_whitelabels = query_boolean(catalog.EXCLUDE_WHITELABELS_VALUE)
    limit = limit_field(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = offset_field(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)
    subuser = string(catalog.IP_MISSING)
    sort_by_direction = one_of(("asc", "desc"), catalog.SORT_VALUE)


class NewIpsSchema(Schema):
    """Body to buy IPs."""

    count = Integer(
        required=True,
        error_messages=messages(catalog.COUNT_MISSING),
        validate=validate.Range(min=1, error=catalog.COUNT_MISSING),
    )
    subusers = strings(error_messages=messages(catalog.SUBUSERS_NOT_YOURS))
    warmup = Boolean(error_messages=messages(catalog.WARMUP_VALUE))
    user_can_send = Boolean(error_messages=messages(catalog.USER_CAN_SEND_VALUE))
