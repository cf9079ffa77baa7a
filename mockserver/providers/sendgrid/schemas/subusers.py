"""Queries and request bodies of subusers."""

from __future__ import annotations

from marshmallow import fields

from ....core.fields import Boolean
from ....web.schemas import Schema, messages, one_of, string, strings
from .. import catalog
from .fields import limit_field, offset_field, query_boolean, required_string


class SubusersQuerySchema(Schema):
    """Query to list subusers."""

    username = string(catalog.USERNAME_MISSING)
    limit = limit_field(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = offset_field(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)
    region = one_of(("all", *catalog.SUBUSER_REGIONS), catalog.SUBUSER_REGION_VALUE)
    include_region = query_boolean(catalog.SUBUSER_INCLUDE_REGION_VALUE)


class NewSubuserSchema(Schema):
    """Body to create a subuser. The password is validated and not stored."""

    username = required_string(catalog.USERNAME_MISSING)
    email = required_string(catalog.EMAIL_MISSING)
    password = required_string(catalog.PASSWORD_MISSING)
    ips = strings(required=True, error_messages=messages(catalog.SUBUSER_IPS_MISSING))
    region = one_of(catalog.SUBUSER_REGIONS, catalog.NEW_SUBUSER_REGION)
    include_region = Boolean(error_messages=messages(catalog.NEW_SUBUSER_INCLUDE_REGION))


class SubuserSchema(Schema):
    """Body to disable or enable a subuser.

    A Terraform provider enables with a `credit_allocation` and without `disabled`.
    """

    disabled = Boolean(error_messages=messages(catalog.NO_FIELDS))
    credit_allocation = fields.Dict(error_messages=messages(catalog.NO_FIELDS))
