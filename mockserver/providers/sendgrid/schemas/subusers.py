"""Queries and request bodies of subusers."""

from __future__ import annotations

from ....web.schemas import Schema, messages, string, strings
from .. import catalog
from .fields import limit_field, offset_field, required_string


class SubusersQuerySchema(Schema):
    """Query to list subusers."""

    username = string(catalog.USERNAME_MISSING)
    limit = limit_field(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = offset_field(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)


class NewSubuserSchema(Schema):
    """Body to create a subuser. The password is validated and not stored."""

    username = required_string(catalog.USERNAME_MISSING)
    email = required_string(catalog.EMAIL_MISSING)
    password = required_string(catalog.PASSWORD_MISSING)
    ips = strings(required=True, error_messages=messages(catalog.SUBUSER_IPS_MISSING))
