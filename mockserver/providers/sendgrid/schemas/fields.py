"""The kinds of values that come in, beside texts: JSON has their types, a query has them as texts."""

from __future__ import annotations

import re

from ....errors import Entry, Limit
from ....web import Strict, Text
from .. import catalog

_INTEGER = re.compile("-?[0-9]+")


class Flag(Strict):
    """A JSON boolean."""

    accepts = staticmethod(lambda value: isinstance(value, bool))


class Whole(Strict):
    """A JSON number without a fraction."""

    accepts = staticmethod(lambda value: isinstance(value, int) and not isinstance(value, bool))


class Number(Text):
    """A whole number in a query."""

    def convert(self, value: str, name: str) -> int:
        return _number(value)


class Switchable(Text):
    """True or false in a query."""

    def convert(self, value: str, name: str) -> bool:
        return value == "true"


def number(wrong: Entry) -> Number:
    """Return the field of any whole number in a query."""
    return Number(wrong=wrong, checks=[(_INTEGER.fullmatch, wrong)])


def page_size(most: Limit, wrong: Entry) -> Number:
    """Return the field of the size of a page."""
    return Number(
        wrong=wrong,
        checks=[
            (_INTEGER.fullmatch, wrong),
            (lambda text: catalog.MIN_PAGE <= _number(text) <= most, wrong),
        ],
    )


def position(kind: Entry, below: Entry) -> Number:
    """Return the field of the number, 0 or more, from which a page begins; `kind` refuses what is no number."""
    return Number(wrong=kind, checks=[(_INTEGER.fullmatch, kind), (lambda text: _number(text) >= 0, below)])


def choice(wrong: Entry, *values: str) -> Text:
    """Return the field of one of a few texts, in a query."""
    return Text(wrong=wrong, checks=[(lambda text: text in values, wrong)])


def flag(wrong: Entry) -> Switchable:
    """Return the field of true or false, in a query."""
    return Switchable(wrong=wrong, checks=[(lambda text: text in ("true", "false"), wrong)])


def _number(text: str) -> int:
    """Return a whole number; of one beyond any that counts here, no more than that it is."""
    digits = text.lstrip("-").lstrip("0")[:20] or "0"
    return int(text[: text.startswith("-")] + digits)
