"""Fields that several schemas share. In a query, every value is a string."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.errors import ErrorMessage, Limit
from ....core.fields import QueryInteger
from ....web.schemas import messages
from .. import catalog

NOT_JSON = messages(catalog.MANAGEMENT_BODY_NOT_JSON)
"""The messages of a field of IP Address Management that has the wrong type."""


def required_string(error: ErrorMessage) -> fields.String:
    """Return the field of a required string that is not empty."""
    return fields.String(required=True, error_messages=messages(error), validate=validate.Length(min=1, error=error))


def query_integer(error: ErrorMessage) -> QueryInteger:
    """Return the field of a whole number."""
    return QueryInteger(error_messages=messages(error))


def limit_field(maximum: Limit, error: ErrorMessage) -> QueryInteger:
    """Return the field of the size of a page."""
    return QueryInteger(
        error_messages=messages(error), validate=validate.Range(int(catalog.MIN_PAGE), int(maximum), error=error)
    )


def offset_field(invalid: ErrorMessage, negative: ErrorMessage) -> QueryInteger:
    """Return the field of the number, 0 or more, at which a page begins."""
    return QueryInteger(error_messages=messages(invalid), validate=validate.Range(min=0, error=negative))


def query_boolean(error: ErrorMessage) -> fields.Boolean:
    """Return the field of `true` or `false`."""
    return fields.Boolean(truthy={"true"}, falsy={"false"}, error_messages=messages(error))
