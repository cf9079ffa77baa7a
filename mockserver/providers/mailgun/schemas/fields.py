"""Fields that several schemas share. A form and a query have every value as text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, validate

from ....core.errors import ErrorMessage
from ....web.schemas import messages
from .. import catalog
from ..models import canonical

HUGE = 2**31 - 1
"""The greatest number that a client is told of: int32."""
BAD_VALUE = messages(catalog.BAD_VALUE)
"""The messages of a field that are the same whatever is wrong with it."""


class Address(fields.String):
    """An IP address."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        address = canonical(super()._deserialize(value, attr, data, **kwargs))
        if address is None:
            raise self.make_error("invalid")
        return address


class Replacement(Address):
    """An IP address, or `shared`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return catalog.SHARED if value == catalog.SHARED else super()._deserialize(value, attr, data, **kwargs)


class Addresses(fields.Raw):
    """A list of IP addresses. That all are texts is checked before the first of them is read."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.make_error("invalid")
        addresses = []
        for place, text in enumerate(value):
            address = canonical(text)
            if address is None:
                raise ValidationError({place: [catalog.BAD_VALUE]})
            addresses.append(address)
        return addresses


class WholeNumber(fields.Integer):
    """A whole number of at most 18 ASCII digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch("-?[0-9]{1,18}", value):
            raise self.make_error("invalid")
        return int(value)


class PageToken(fields.Raw):
    """The token of a page, as `page_token` makes it; becomes its cursor and its limit.

    `is_cursor` says whether a text can be a cursor.
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


def page_token(cursor: str, limit: int) -> str:
    """Return the opaque token of the page after `cursor`: the documented ones are base64 of JSON that begins with c."""
    text = json.dumps({"cursor": cursor, "limit": limit}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def string(error: ErrorMessage = catalog.BAD_VALUE) -> fields.String:
    """Return the field of any text."""
    return fields.String(error_messages=messages(error))


def choice(*values: str, error: ErrorMessage = catalog.BAD_VALUE) -> fields.String:
    """Return the field of one of a few texts."""
    return fields.String(error_messages=messages(error), validate=validate.OneOf(values, error=error))


def flag(error: ErrorMessage = catalog.BAD_FORMAT) -> fields.Boolean:
    """Return the field of a boolean in the spellings that Go takes."""
    return fields.Boolean(
        truthy={"1", "t", "T", "TRUE", "true", "True"},
        falsy={"0", "f", "F", "FALSE", "false", "False"},
        error_messages=messages(error),
    )


def whole_number(
    minimum: int,
    maximum: int,
    invalid: ErrorMessage = catalog.BAD_FORMAT,
    out_of_range: ErrorMessage = catalog.BAD_VALUE,
) -> WholeNumber:
    """Return the field of a whole number in a range."""
    return WholeNumber(
        error_messages=messages(invalid), validate=validate.Range(int(minimum), int(maximum), error=out_of_range)
    )


def position() -> WholeNumber:
    """Return the field of the number of items that a page leaves out."""
    return whole_number(0, HUGE)
