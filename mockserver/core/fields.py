"""marshmallow fields of strict JSON types: nothing is coerced."""

from __future__ import annotations

import math
import re
from typing import Any

from marshmallow import fields


class Boolean(fields.Boolean):
    """A JSON boolean; `1` and `"true"` are invalid."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Integer(fields.Integer):
    """A JSON number without a fraction: `5` or `5.0`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int and not (type(value) is float and value.is_integer()):
            raise self.make_error("invalid")
        return int(value)


class Number(fields.Float):
    """A finite JSON number; an integer stays one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not int and not (type(value) is float and math.isfinite(value)):
            raise self.make_error("invalid")
        return value


class QueryInteger(fields.Integer):
    """A whole number in ASCII digits, as in a query or form.

    With `max_digits`, a longer number is invalid, apart from zeros at its start. Without, its first 20 digits are read:
    enough to be out of any range.
    """

    def __init__(self, *, max_digits: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._max_digits = max_digits

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        found = re.fullmatch("(-?)([0-9]+)", value) if isinstance(value, str) else None
        digits = "" if found is None else found[2].lstrip("0")
        if found is None or (self._max_digits is not None and len(digits) > self._max_digits):
            raise self.make_error("invalid")
        return int(found[1] + (digits[:20] or "0"))
