"""Request bodies of sending IPs."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.fields import Boolean, Integer, Number
from ....core.profiles import Profile
from ....web.schemas import Schema, check, messages
from .. import catalog
from .fields import required_string


class IpSchema(Schema):
    """Update a sending IP: under the older document by moving it."""

    ip_pool: fields.String = required_string(catalog.IP_POOL_REQUIRED)
    auto_warmup_enabled = Boolean(error_messages=messages(catalog.WARMUP_TYPE))
    auto_warmup_stage = Number(
        error_messages=messages(catalog.STAGE_TYPE),
        validate=[
            validate.Range(int(catalog.FIRST_STAGE), int(catalog.LAST_STAGE), error=catalog.STAGE_RANGE),
            check(lambda number: number == int(number), catalog.STAGE_RANGE),
        ],
    )


class PartialIpSchema(IpSchema):
    """Update a sending IP in whatever is sent."""

    ip_pool = fields.String(error_messages=messages(catalog.FIELD_TYPE))


class NewIpsSchema(Schema):
    """Buy IPs."""

    ip_pool = required_string(catalog.IP_POOL_REQUIRED)
    quantity = Integer(
        required=True,
        error_messages=messages(catalog.QUANTITY_INVALID, required=catalog.QUANTITY_REQUIRED),
        validate=validate.Range(min=1, error=catalog.QUANTITY_INVALID),
    )


def hidden(profile: Profile) -> frozenset[str]:
    """Return the fields that a sending IP does not have under a profile."""
    return frozenset() if profile[catalog.AUTO_WARMUP] else frozenset({"auto_warmup_enabled", "auto_warmup_stage"})
