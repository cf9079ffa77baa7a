"""What is sent about subaccounts."""

from __future__ import annotations

from ....web import Body, Text
from .. import catalog
from ..catalog import SUBACCOUNT_BAD_REQUEST as BAD
from .fields import HUGE, Flag, Whole, Word


class SubaccountsQuery(Body):
    """List subaccounts."""

    sort = Word("", "asc", "desc", wrong=BAD)
    filter = Text(wrong=BAD)
    limit = Whole(1, catalog.MAX_SUBACCOUNTS, wrong=BAD, unfit=BAD)
    skip = Whole(0, HUGE, wrong=BAD, unfit=BAD)
    enabled = Flag(wrong=BAD)
    closed = Flag(wrong=BAD)


class NewSubaccount(Body):
    """Open a subaccount."""

    name = Text(missing=BAD, wrong=BAD, checks=[(str.strip, BAD)])


SUBACCOUNTS_QUERY = SubaccountsQuery()
NEW_SUBACCOUNT = NewSubaccount()
