"""Fields that several schemas share, and messages for values of another JSON type: the same for each field."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from ....core.errors import ErrorMessage
from ....web.schemas import messages, not_blank
from .. import catalog


def type_messages(invalid: ErrorMessage, required: ErrorMessage | None = None) -> dict[str, Any]:
    """Return the `error_messages` of a field for a value of another type; null is missing where a value is required."""
    found = messages(invalid, required=required)
    return found if required is None else {**found, "null": required}


def required_string(error: ErrorMessage) -> fields.String:
    """Return the field of a required string that is not blank."""
    return fields.String(
        required=True, error_messages=type_messages(catalog.STRING_TYPE, error), validate=not_blank(error)
    )


def optional_string() -> fields.String:
    """Return the field of any string."""
    return fields.String(error_messages=type_messages(catalog.STRING_TYPE))
