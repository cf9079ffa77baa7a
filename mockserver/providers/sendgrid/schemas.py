"""What comes in: request bodies, query parameters, and the section of a seed."""

from __future__ import annotations

import re

from ... import profiles, seed
from ...web import Body, Text
from . import catalog
from .models import State

_INTEGER = re.compile("-?[0-9]+")


class PoolBody(Body):
    """Create or rename a pool."""

    name = Text(
        missing=catalog.NAME_MISSING,
        wrong=catalog.NAME_MISSING,
        checks=[
            (bool, catalog.NAME_MISSING),
            (lambda name: len(name) <= catalog.MAX_NAME_LENGTH, catalog.NAME_TOO_LONG),
        ],
    )


class MemberBody(Body):
    """Add an IP to a pool."""

    ip = Text(missing=catalog.IP_MISSING, wrong=catalog.IP_MISSING, checks=[(bool, catalog.IP_MISSING)])


def _number(text: str) -> int:
    """Return a whole number; of one beyond any pool's or page's, no more than that it is."""
    digits = text.lstrip("-").lstrip("0")[:20] or "0"
    return int(text[: text.startswith("-")] + digits)


class Number(Text):
    """A whole number in a query."""

    def convert(self, value: str, name: str) -> int:
        return _number(value)


class PoolsQuery(Body):
    """List pools, in IP Address Management. A parameter stays a text where the answer repeats it as one."""

    limit = Number(
        wrong=catalog.LIMIT_RANGE,
        checks=[
            (_INTEGER.fullmatch, catalog.LIMIT_RANGE),
            (lambda text: catalog.MIN_PAGE <= _number(text) <= catalog.MAX_PAGE, catalog.LIMIT_RANGE),
        ],
    )
    after_key = Number(
        wrong=catalog.AFTER_KEY_TYPE,
        checks=[
            (_INTEGER.fullmatch, catalog.AFTER_KEY_TYPE),
            (lambda text: _number(text) >= 0, catalog.AFTER_KEY_RANGE),
        ],
    )
    ip = Text(wrong=catalog.LIMIT_RANGE)
    region = Text(
        wrong=catalog.REGION_VALUE,
        checks=[(lambda text: text in ("all", *catalog.REGIONS), catalog.REGION_VALUE)],
    )
    include_region = Text(
        wrong=catalog.INCLUDE_REGION_VALUE,
        checks=[(lambda text: text in ("true", "false"), catalog.INCLUDE_REGION_VALUE)],
    )


POOL = PoolBody()
MEMBER = MemberBody()
POOLS_QUERY = PoolsQuery()

_NAMES = {"type": "array", "items": seed.TEXT, "uniqueItems": True}

SEED = seed.reader(
    "sendgrid",
    State.load,
    {
        "subusers": _NAMES,
        "ips": {
            "type": "array",
            "items": seed.record(
                {
                    "ip": seed.TEXT,
                    "rdns": seed.TEXT,
                    "enabled": seed.FLAG,
                    "region": {"enum": list(catalog.REGIONS)},
                    "warmup": seed.FLAG,
                    "start_date": {"type": "integer", "minimum": 0},
                    "parent_assigned": seed.FLAG,
                    "subusers": _NAMES,
                },
                "ip",
            ),
        },
        "pools": {
            "type": "array",
            "items": seed.record(
                {
                    "id": {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
                    "name": {"type": "string", "minLength": 1, "maxLength": int(catalog.MAX_NAME_LENGTH)},
                    "ips": {**_NAMES, "maxItems": int(catalog.MAX_POOL_IPS)},
                    "subuser": seed.TEXT,
                },
                "id",
                "name",
            ),
        },
    },
    switches=profiles.switches(catalog),
    rights="scopes",
    account="subuser",
    accounts=lambda state: state.subusers,
)
