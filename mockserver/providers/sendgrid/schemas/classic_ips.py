"""What comes in about IPs, in the classic API."""

from __future__ import annotations

from ....web import Body, Text, Texts
from .. import catalog
from .fields import Flag, Whole, choice, flag, page_size, position


class IpsQuery(Body):
    """List IPs."""

    ip = Text(wrong=catalog.IP_MISSING)
    exclude_whitelabels = flag(catalog.EXCLUDE_WHITELABELS_VALUE)
    limit = page_size(catalog.MAX_CLASSIC_PAGE, catalog.CLASSIC_LIMIT_RANGE)
    offset = position(catalog.OFFSET_TYPE, catalog.OFFSET_RANGE)
    subuser = Text(wrong=catalog.IP_MISSING)
    sort_by_direction = choice(catalog.SORT_VALUE, "asc", "desc")


class NewIpsBody(Body):
    """Buy IPs."""

    count = Whole(
        missing=catalog.COUNT_MISSING,
        wrong=catalog.COUNT_MISSING,
        checks=[(lambda count: count > 0, catalog.COUNT_MISSING)],
    )
    subusers = Texts(wrong=catalog.SUBUSERS_NOT_YOURS)
    warmup = Flag(wrong=catalog.WARMUP_VALUE)
    user_can_send = Flag(wrong=catalog.USER_CAN_SEND_VALUE)


IPS_QUERY = IpsQuery()
NEW_IPS = NewIpsBody()
