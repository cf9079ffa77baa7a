"""Fields that several schemas share. In a form or a query, every value is a string."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, validate

from ....core.addresses import normalize_ip
from ....core.errors import ErrorMessage
from ....core.fields import QueryInteger
from ....web.schemas import messages
from .. import catalog
from ..models import normalize_domain

MAX_INT32 = 2**31 - 1
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
LABEL = rf"{_LABEL}\Z"
"""The pattern of a part of a domain's name."""
DOMAIN_NAME = rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+{LABEL}"
"""The pattern of a domain's name: at least two parts, without a dot at the end."""
LOGIN = "[A-Za-z0-9.!#$&'*+=?^_`{|}~-]{1,64}"
"""The pattern of the part of a login before `@`."""
BAD_VALUE = messages(catalog.BAD_VALUE)
"""The messages of a field with the same error for every invalid value."""


class Address(fields.String):
    """An IP address."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        address = normalize_ip(super()._deserialize(value, attr, data, **kwargs))
        if address is None:
            raise self.make_error("invalid")
        return address


class DomainName(fields.String):
    """The name of a domain. It loads in lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return normalize_domain(super()._deserialize(value, attr, data, **kwargs))


class Replacement(Address):
    """An IP address, or `shared`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return catalog.SHARED if value == catalog.SHARED else super()._deserialize(value, attr, data, **kwargs)


class Addresses(fields.Raw):
    """A list of IP addresses. All items are checked to be strings first."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.make_error("invalid")
        addresses = []
        for index, text in enumerate(value):
            address = normalize_ip(text)
            if address is None:
                raise ValidationError({index: [catalog.BAD_VALUE]})
            addresses.append(address)
        return addresses


class PageToken(fields.Raw):
    """The token of a page, as `responses.page_token` returns it. It loads as a cursor and a limit.

    `is_cursor` returns whether a string is a valid cursor.
    """

    def __init__(self, minimum: int, maximum: int, is_cursor: Callable[[str], bool] = lambda text: True) -> None:
        super().__init__(error_messages=BAD_VALUE)
        self._limits = range(minimum, maximum + 1)
        self._is_cursor = is_cursor

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, int]:
        try:
            page: Any = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            cursor, limit = page["cursor"], page["limit"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self.make_error("invalid") from None
        if not (isinstance(cursor, str) and self._is_cursor(cursor) and type(limit) is int and limit in self._limits):
            raise self.make_error("invalid")
        return cursor, limit


def required_string(error: ErrorMessage) -> fields.String:
    """Return the field of a required string that is not empty."""
    return fields.String(required=True, error_messages=messages(error), validate=validate.Length(min=1, error=error))


TRUTHY = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSY = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def query_boolean(error: ErrorMessage = catalog.BAD_FORMAT) -> fields.Boolean:
    """Return the field of a boolean in the spellings of Go's `strconv.ParseBool`."""
    return fields.Boolean(truthy=TRUTHY, falsy=FALSY, error_messages=messages(error))


def password() -> fields.String:
    """Return the field of an SMTP password."""
    return fields.String(
        error_messages=messages(catalog.SHORT_PASSWORD),
        validate=[
            validate.Length(min=int(catalog.MIN_PASSWORD), error=catalog.SHORT_PASSWORD),
            validate.Length(max=int(catalog.MAX_PASSWORD), error=catalog.LONG_PASSWORD),
        ],
    )


def query_integer(
    minimum: int,
    maximum: int,
    invalid: ErrorMessage = catalog.BAD_FORMAT,
    out_of_range: ErrorMessage = catalog.BAD_VALUE,
) -> QueryInteger:
    """Return the field of a whole number in a range. Numbers that Go's `int64` cannot hold are invalid."""
    return QueryInteger(
        max_digits=18,
        error_messages=messages(invalid),
        validate=validate.Range(int(minimum), int(maximum), error=out_of_range),
    )


def limit_field(maximum: int, minimum: int = 1) -> QueryInteger:
    """Return the field of the size of a page."""
    return query_integer(minimum, maximum)


def offset_field() -> QueryInteger:
    """Return the field of the number, 0 or more, at which a page begins."""
    return query_integer(0, MAX_INT32)
