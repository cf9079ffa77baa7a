"""Queries and request bodies of subusers."""

from __future__ import annotations

from ....web.schemas import Schema, messages, strings
from .. import catalog
from .fields import page_size, position, required_string, string


class SubusersQuerySchema(Schema):
    """List subusers."""

    username = string(catalog.USERNAME_MISSING)
    limit = page_size(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = position(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)


class NewSubuserSchema(Schema):
    """Create a subuser. Its password is validated and not kept."""

    username = required_string(catalog.USERNAME_MISSING)
    email = required_string(catalog.EMAIL_MISSING)
    password = required_string(catalog.PASSWORD_MISSING)
    ips = strings(required=True, error_messages=messages(catalog.SUBUSER_IPS_MISSING))
