"""Request bodies of sending IPs."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.fields import Boolean, Number
from ....core.profiles import Profile
from ....web.schemas import Schema, check
from .. import catalog
from .fields import optional_string, required_string, type_messages


class IpSchema(Schema):
    """Body to update a sending IP. In the older document, `ip_pool` is required."""

    ip_pool: fields.String = required_string(catalog.IP_POOL_REQUIRED)
    auto_warmup_enabled = Boolean(error_messages=type_messages(catalog.BOOLEAN_TYPE))
    auto_warmup_stage = Number(
        error_messages=type_messages(catalog.NUMBER_TYPE),
        validate=[
            validate.Range(int(catalog.FIRST_STAGE), int(catalog.LAST_STAGE), error=catalog.STAGE_RANGE),
            check(lambda number: number == int(number), catalog.STAGE_RANGE),
        ],
    )


class PartialIpSchema(IpSchema):
    """Body to update a sending IP. In the newer document, every field is optional."""

    ip_pool = optional_string()


class NewIpsSchema(Schema):
    """Body to buy IPs."""

    ip_pool = required_string(catalog.IP_POOL_REQUIRED)
    quantity = Number(
        required=True,
        error_messages=type_messages(catalog.NUMBER_TYPE, catalog.QUANTITY_REQUIRED),
        validate=check(lambda number: number >= 1 and number == int(number), catalog.QUANTITY_INVALID),
    )


def unsupported_fields(profile: Profile) -> frozenset[str]:
    """Return the fields of a sending IP that a profile does not support."""
    return frozenset() if profile[catalog.AUTO_WARMUP] else frozenset({"auto_warmup_enabled", "auto_warmup_stage"})
