"""Request bodies of the classic IP pools API."""

from __future__ import annotations

from marshmallow import fields, validate

from ....web.schemas import Schema, messages
from .. import catalog
from .fields import required_string


class PoolSchema(Schema):
    """Body to create or rename a pool."""

    name = fields.String(
        required=True,
        error_messages=messages(catalog.NAME_MISSING),
        validate=[
            validate.Length(min=1, error=catalog.NAME_MISSING),
            validate.Length(max=int(catalog.MAX_NAME_LENGTH), error=catalog.NAME_TOO_LONG),
        ],
    )


class MemberSchema(Schema):
    """Body to add an IP to a pool, or to start its warm-up."""

    ip = required_string(catalog.IP_MISSING)
