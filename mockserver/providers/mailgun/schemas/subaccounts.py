"""Queries and parameters of subaccounts."""

from __future__ import annotations

from marshmallow import fields

from ....web.schemas import Schema, messages, not_blank, one_of, string
from .. import catalog
from .fields import MAX_INT32, query_boolean, query_integer


class SubaccountsQuerySchema(Schema):
    """Query to list subaccounts."""

    sort = one_of(("", "asc", "desc"), catalog.SUBACCOUNT_BAD_REQUEST)
    filter = string(catalog.SUBACCOUNT_BAD_REQUEST)
    limit = query_integer(1, catalog.MAX_SUBACCOUNTS, catalog.SUBACCOUNT_BAD_REQUEST, catalog.SUBACCOUNT_BAD_REQUEST)
    skip = query_integer(0, MAX_INT32, catalog.SUBACCOUNT_BAD_REQUEST, catalog.SUBACCOUNT_BAD_REQUEST)
    enabled = query_boolean(catalog.SUBACCOUNT_BAD_REQUEST)
    closed = query_boolean(catalog.SUBACCOUNT_BAD_REQUEST)


class NewSubaccountSchema(Schema):
    """Parameters to create a subaccount."""

    name = fields.String(
        required=True,
        error_messages=messages(catalog.SUBACCOUNT_BAD_REQUEST),
        validate=not_blank(catalog.SUBACCOUNT_BAD_REQUEST),
    )
