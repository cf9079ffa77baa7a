"""Forms and queries of SMTP credentials."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ....core.fields import QueryInteger
from ....web.schemas import FirstErrorList, Schema, messages
from .. import catalog
from .fields import LOGIN, offset_field, password


class CredentialsQuerySchema(Schema):
    """Query to list credentials."""

    limit = QueryInteger(
        max_digits=18,
        error_messages=messages(catalog.BAD_FORMAT),
        validate=[
            validate.Range(min=1, error=catalog.BAD_VALUE),
            validate.Range(max=int(catalog.MAX_CREDENTIALS), error=catalog.CREDENTIALS_LIMIT),
        ],
    )
    skip = offset_field()


class NewCredentialsSchema(Schema):
    """Form to create credentials: logins, and their passwords in the same order."""

    login: fields.List[Any] = FirstErrorList(
        fields.String(validate=validate.Regexp(rf"{LOGIN}(@.*)?\Z", error=catalog.BAD_VALUE)),
        validate=validate.Length(min=1, error=catalog.LOGIN_MISSING),
    )
    password: fields.List[Any] = FirstErrorList(password())


class PasswordSchema(Schema):
    """Form to change the password of a credential."""

    password = password()
