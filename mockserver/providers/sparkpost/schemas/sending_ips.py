"""Bodies of sending IPs."""

from __future__ import annotations

from ....web import Body, Flag, Refused, Strict, Text
from .. import catalog
from .variants import Variants


def whole(value: object) -> bool:
    """Say whether a JSON number is an integer, in whichever way it is written."""
    return type(value) is int or (type(value) is float and value.is_integer())


class Stage(Strict):
    """A stage of warm-up."""

    accepts = staticmethod(lambda value: type(value) in (int, float))

    def convert(self, value: float, name: str) -> int:
        if not whole(value) or not catalog.FIRST_STAGE <= value <= catalog.LAST_STAGE:
            raise Refused([(catalog.STAGE_RANGE, name, value)])
        return int(value)


class Quantity(Strict):
    """How many IPs are bought."""

    accepts = staticmethod(lambda value: whole(value) and value >= 1)

    def convert(self, value: float, name: str) -> int:
        return int(value)


class Located(Body):
    """What is put into a pool."""

    ip_pool = Text(
        missing=catalog.IP_POOL_REQUIRED,
        wrong=catalog.IP_POOL_REQUIRED,
        checks=[(str.strip, catalog.IP_POOL_REQUIRED)],
    )


class Movable(Body):
    """What is put into another pool or not."""

    ip_pool = Text(wrong=catalog.FIELD_TYPE)


class Warmup(Body):
    """What is warmed up or not."""

    auto_warmup_enabled = Flag(wrong=catalog.WARMUP_TYPE)
    auto_warmup_stage = Stage(wrong=catalog.STAGE_TYPE)


class MoveBody(Warmup, Located):
    """Update a sending IP as it was at first: by moving it."""


class ChangeBody(Warmup, Movable):
    """Update a sending IP, in whatever is sent."""


class PurchaseBody(Located):
    """Buy IPs."""

    quantity = Quantity(missing=catalog.QUANTITY_REQUIRED, wrong=catalog.QUANTITY_INVALID)


_WARMUP = {catalog.AUTO_WARMUP: ("auto_warmup_enabled", "auto_warmup_stage")}
MOVE = Variants(MoveBody, _WARMUP)
CHANGE = Variants(ChangeBody, _WARMUP)
PURCHASE = PurchaseBody()
