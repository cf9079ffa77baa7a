"""What comes in about pools by name."""

from __future__ import annotations

from ....web import Body, Text
from .. import catalog


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
    """Add an IP to a pool, or warm it up."""

    ip = Text(missing=catalog.IP_MISSING, wrong=catalog.IP_MISSING, checks=[(bool, catalog.IP_MISSING)])


POOL = PoolBody()
MEMBER = MemberBody()
