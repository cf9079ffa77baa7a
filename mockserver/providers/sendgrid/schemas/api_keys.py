"""Queries and request bodies of API keys."""

from __future__ import annotations

from marshmallow import validate

from ....web.schemas import Schema, messages, strings
from .. import catalog
from .fields import limit_field, required_string

_SCOPES = strings(
    error_messages=messages(catalog.KEY_SCOPES_MISSING),
    validate=validate.Length(min=1, error=catalog.KEY_SCOPES_MISSING),
)


class KeysQuerySchema(Schema):
    """Query to list keys."""

    limit = limit_field(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)


class NewKeySchema(Schema):
    """Body to create a key; without scopes it has full access."""

    name = required_string(catalog.KEY_NAME_MISSING)
    scopes = _SCOPES


class KeyNameSchema(Schema):
    """Body to rename a key."""

    name = required_string(catalog.KEY_NAME_EXPECTED)


class KeySchema(KeyNameSchema):
    """Body to update a key. A Terraform provider leaves scopes out that do not change."""

    scopes = _SCOPES
