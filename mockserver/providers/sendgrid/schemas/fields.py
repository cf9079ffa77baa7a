"""Fields that several schemas share. A query has every value as text."""

from __future__ import annotations

from marshmallow import fields, validate

from ....core.errors import ErrorMessage, Limit
from ....core.fields import QueryInteger
from ....web.schemas import messages
from .. import catalog

NOT_JSON = messages(catalog.MANAGEMENT_BODY_NOT_JSON)
"""The messages of a field of IP Address Management that is of the wrong type."""


def string(error: ErrorMessage) -> fields.String:
    """Return the field of any text."""
    return fields.String(error_messages=messages(error))


def required_string(error: ErrorMessage) -> fields.String:
    """Return the field of a text that has to be there and not empty."""
    return fields.String(required=True, error_messages=messages(error), validate=validate.Length(min=1, error=error))


def number(error: ErrorMessage) -> QueryInteger:
    """Return the field of any whole number."""
    return QueryInteger(error_messages=messages(error))


def page_size(maximum: Limit, error: ErrorMessage) -> QueryInteger:
    """Return the field of the size of a page."""
    return QueryInteger(
        error_messages=messages(error), validate=validate.Range(int(catalog.MIN_PAGE), int(maximum), error=error)
    )


def position(invalid: ErrorMessage, negative: ErrorMessage) -> QueryInteger:
    """Return the field of the number, 0 or more, at which a page begins."""
    return QueryInteger(error_messages=messages(invalid), validate=validate.Range(min=0, error=negative))


def choice(error: ErrorMessage, *values: str) -> fields.String:
    """Return the field of one of a few texts."""
    return fields.String(error_messages=messages(error), validate=validate.OneOf(values, error=error))


def query_boolean(error: ErrorMessage) -> fields.Boolean:
    """Return the field of `true` or `false`."""
    return fields.Boolean(truthy={"true"}, falsy={"false"}, error_messages=messages(error))
