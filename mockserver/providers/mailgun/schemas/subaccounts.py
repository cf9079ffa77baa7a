"""Queries and parameters of subaccounts."""

from __future__ import annotations

from marshmallow import fields

from ....web.schemas import Schema, messages, not_blank
from ..catalog import MAX_SUBACCOUNTS, SUBACCOUNT_BAD_REQUEST
from .fields import HUGE, choice, flag, string, whole_number


class SubaccountsQuerySchema(Schema):
    """List subaccounts."""

    sort = choice("", "asc", "desc", error=SUBACCOUNT_BAD_REQUEST)
    filter = string(SUBACCOUNT_BAD_REQUEST)
    limit = whole_number(1, MAX_SUBACCOUNTS, SUBACCOUNT_BAD_REQUEST, SUBACCOUNT_BAD_REQUEST)
    skip = whole_number(0, HUGE, SUBACCOUNT_BAD_REQUEST, SUBACCOUNT_BAD_REQUEST)
    enabled = flag(SUBACCOUNT_BAD_REQUEST)
    closed = flag(SUBACCOUNT_BAD_REQUEST)


class NewSubaccountSchema(Schema):
    """Open a subaccount."""

    name = fields.String(
        required=True, error_messages=messages(SUBACCOUNT_BAD_REQUEST), validate=not_blank(SUBACCOUNT_BAD_REQUEST)
    )
