"""Fields that several schemas share."""

from __future__ import annotations

from marshmallow import fields

from ....core.errors import ErrorMessage
from ....web.schemas import messages, not_blank


def required_string(error: ErrorMessage) -> fields.String:
    """Return the field of a required string that is not blank."""
    return fields.String(required=True, error_messages=messages(error), validate=not_blank(error))
