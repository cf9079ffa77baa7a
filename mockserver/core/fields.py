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
    """A whole number in ASCII digits, as in a query or form; of more than 20 digits the first 20 are read."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch("-?[0-9]+", value):
            raise self.make_error("invalid")
        digits = value.lstrip("-").lstrip("0")[:20] or "0"
        return int(value[: value.startswith("-")] + digits)
