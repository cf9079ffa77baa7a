"""Kinds of fields: each takes a text and says what is wrong with it in the words of the catalog."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

from ....errors import Entry
from ....web import Refused, Text, Texts
from .. import catalog
from ..models import canonical


class Address(Text):
    """An IP address."""

    def convert(self, value: str, name: str) -> str:
        address = canonical(value)
        if address is None:
            raise Refused([(catalog.BAD_VALUE, name, value)])
        return address


class Addresses(Texts):
    """IP addresses."""

    def convert(self, value: list[str], name: str) -> list[str]:
        found = []
        for text in value:
            address = canonical(text)
            if address is None:
                raise Refused([(catalog.BAD_VALUE, name, text)])
            found.append(address)
        return found


class Replacement(Address):
    """An IP address, or `shared`."""

    def convert(self, value: str, name: str) -> str:
        return value if value == catalog.SHARED else super().convert(value, name)


class Whole(Text):
    """A whole number; `unfit` is the refusal of one that is out of range."""

    def __init__(self, least: int, most: int, *, wrong: Entry, unfit: Entry) -> None:
        super().__init__(wrong=wrong)
        self._range = (least, most)
        self._unfit = unfit

    def convert(self, value: str, name: str) -> int:
        if not re.fullmatch("-?[0-9]{1,18}", value):
            raise Refused([(self._wrong, name, value)])
        least, most = self._range
        if not least <= int(value) <= most:
            raise Refused([(self._unfit, name, value)])
        return int(value)


class Flag(Text):
    """Yes or no, in the spellings that Go takes."""

    def convert(self, value: str, name: str) -> bool:
        if value in {"1", "t", "T", "TRUE", "true", "True"}:
            return True
        if value in {"0", "f", "F", "FALSE", "false", "False"}:
            return False
        raise Refused([(self._wrong, name, value)])


class Word(Text):
    """One of some words."""

    def __init__(self, *words: str, wrong: Entry) -> None:
        super().__init__(wrong=wrong, checks=[(words.__contains__, wrong)])


class Page(Text):
    """The token of a page, as `token` makes it; becomes its cursor and its limit. `cursors` says what a cursor is."""

    def __init__(self, least: int, most: int, cursors: Callable[[str], object] = lambda text: True) -> None:
        super().__init__(wrong=catalog.BAD_VALUE)
        self._range = (least, most)
        self._cursors = cursors

    def convert(self, value: str, name: str) -> tuple[str, int]:
        try:
            data: Any = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            cursor, limit = data["cursor"], data["limit"]
        except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
            raise Refused([(catalog.BAD_VALUE, name, value)]) from None
        least, most = self._range
        if not (isinstance(cursor, str) and self._cursors(cursor) and type(limit) is int and least <= limit <= most):
            raise Refused([(catalog.BAD_VALUE, name, value)])
        return cursor, limit


def token(cursor: str, limit: int) -> str:
    """Return the opaque token of the page after `cursor`: the documented ones are base64 of JSON that begins with c."""
    text = json.dumps({"cursor": cursor, "limit": limit}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HUGE = 2**31 - 1
"""The greatest number that a client is told of: int32."""


def page_size(least: int, most: int) -> Whole:
    """Return the field `limit`."""
    return Whole(least, most, wrong=catalog.BAD_FORMAT, unfit=catalog.BAD_VALUE)


def skip() -> Whole:
    """Return the field `skip`: how many items of a list to leave out."""
    return Whole(0, HUGE, wrong=catalog.BAD_FORMAT, unfit=catalog.BAD_VALUE)
