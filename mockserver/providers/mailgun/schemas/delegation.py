"""Parameters of the delegation of pools."""

from __future__ import annotations

from marshmallow import fields

from ....web.schemas import Schema, messages, not_blank
from .. import catalog


class DelegationSchema(Schema):
    """Parameters to delegate or revoke a pool."""

    subaccount_id = fields.String(
        required=True, error_messages=messages(catalog.BAD_REQUEST), validate=not_blank(catalog.BAD_REQUEST)
    )


class DelegatedPoolSchema(Schema):
    """Parameters of the older operations to delegate or revoke a pool."""

    pool_id = fields.String(required=True, error_messages=messages(catalog.BAD_REQUEST))
