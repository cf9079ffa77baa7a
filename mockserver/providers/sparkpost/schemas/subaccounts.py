"""Bodies and queries of subaccounts."""

from __future__ import annotations

import re
from typing import Any

from ....web import Body, Flag, Refused, Strict, Text, Texts
from .. import catalog
from ..rules.sending_ips import IPV4

NETMASK = re.compile(rf"{IPV4.pattern}(?:/(?:[12]?[0-9]|3[0-2]))?")
"""An IPv4 address, or a network. Of IPv6 no document speaks."""


def _fits(value: str) -> bool:
    return len(value) <= catalog.NAME_SIZE


def _grantable(value: list[str]) -> bool:
    return all(grant in catalog.KEY_GRANTS for grant in value)


def _netmasks(value: list[Any]) -> bool:
    return all(isinstance(item, str) and NETMASK.fullmatch(item) for item in value)


class Array(Strict):
    """A JSON array."""

    accepts = staticmethod(lambda value: isinstance(value, list))


class Grants(Strict):
    """What a key is granted: none is as good as no field at all."""

    def convert(self, value: Any, name: str) -> Any:
        if value is None or value == []:
            raise Refused([(catalog.KEY_GRANTS_REQUIRED, name, value)])
        if not Texts.accepts(value) or not _grantable(value):
            raise Refused([(catalog.KEY_GRANTS_INVALID, name, value)])
        return value


class PoolName(Text):
    """The id of a pool, or a blank for none. Everything that is wrong with it is told."""

    def convert(self, value: str, name: str) -> str:
        checks = [
            (len(value) <= catalog.IP_POOL_SIZE, catalog.IP_POOL_TOO_LONG),
            (re.fullmatch("[A-Za-z0-9_]*", value), catalog.IP_POOL_INVALID),
        ]
        mistakes = [(entry, name, value) for holds, entry in checks if not holds]
        if mistakes:
            raise Refused(mistakes)
        return value


class Options(Strict):
    """Options; becomes the one that there is, or None if that is not said."""

    accepts = staticmethod(lambda value: isinstance(value, dict))

    def convert(self, value: dict[str, Any], name: str) -> bool | None:
        deliverability = value.get("deliverability")
        if "deliverability" in value and not isinstance(deliverability, bool):
            raise Refused([(catalog.DELIVERABILITY_INVALID, name, deliverability)])
        return deliverability


class SubaccountBody(Body):
    """Update a subaccount."""

    name = Text(
        wrong=catalog.SUBACCOUNT_NAME_REQUIRED,
        checks=[(str.strip, catalog.SUBACCOUNT_NAME_REQUIRED), (_fits, catalog.NAME_TOO_LONG)],
    )
    status = Text(
        wrong=catalog.STATUS_UNSUPPORTED, checks=[(catalog.STATUSES.__contains__, catalog.STATUS_UNSUPPORTED)]
    )
    ip_pool = PoolName(wrong=catalog.IP_POOL_INVALID)
    deliverability = Options(data_key="options", wrong=catalog.OPTIONS_INVALID)


class NewSubaccountBody(Body):
    """Create a subaccount."""

    name = Text(
        missing=catalog.SUBACCOUNT_NAME_REQUIRED,
        wrong=catalog.SUBACCOUNT_NAME_REQUIRED,
        checks=[(str.strip, catalog.SUBACCOUNT_NAME_REQUIRED), (_fits, catalog.NAME_TOO_LONG)],
    )
    setup_api_key = Flag(wrong=catalog.SETUP_API_KEY_INVALID)
    key_label = Text(
        missing=catalog.KEY_LABEL_REQUIRED,
        wrong=catalog.KEY_LABEL_REQUIRED,
        checks=[(str.strip, catalog.KEY_LABEL_REQUIRED)],
    )
    key_grants = Grants(missing=catalog.KEY_GRANTS_REQUIRED, wrong=catalog.KEY_GRANTS_INVALID)
    key_valid_ips = Array(wrong=catalog.KEY_IPS_NO_ARRAY, checks=[(_netmasks, catalog.KEY_IPS_INVALID)])
    ip_pool = PoolName(wrong=catalog.IP_POOL_INVALID)
    deliverability = Options(data_key="options", wrong=catalog.OPTIONS_INVALID)


class PageSize(Text):
    """How many a page has."""

    def convert(self, value: str, name: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not 1 <= int(value) <= catalog.MAX_PAGE_SIZE:
            raise Refused([(catalog.PER_PAGE_RANGE, name, value)])
        return int(value)


class Numbers(Text):
    """Ids of subaccounts, with commas between them."""

    def convert(self, value: str, name: str) -> frozenset[int]:
        numbers = value.split(",")
        if not all(re.fullmatch("[0-9]{1,18}", number) for number in numbers):
            raise Refused([(catalog.IDS_INVALID, name, value)])
        return frozenset(map(int, numbers))


class ListQuery(Body):
    """List subaccounts."""

    cursor = Text(wrong=catalog.CURSOR_INVALID)
    per_page = PageSize(wrong=catalog.PER_PAGE_RANGE)
    sort_by = Text(
        wrong=catalog.SORT_BY_UNSUPPORTED, checks=[(catalog.SORTS.__contains__, catalog.SORT_BY_UNSUPPORTED)]
    )
    order = Text(wrong=catalog.ORDER_UNSUPPORTED, checks=[(catalog.ORDERS.__contains__, catalog.ORDER_UNSUPPORTED)])
    ip_pool = Text(wrong=catalog.IP_POOL_INVALID)
    status = Text(
        wrong=catalog.STATUS_UNSUPPORTED, checks=[(catalog.STATUSES.__contains__, catalog.STATUS_UNSUPPORTED)]
    )
    name = Text(wrong=catalog.SUBACCOUNT_NAME_REQUIRED)
    ids = Numbers(wrong=catalog.IDS_INVALID)
    option = Text(wrong=catalog.OPTION_UNSUPPORTED, checks=[(catalog.OPTIONS.__contains__, catalog.OPTION_UNSUPPORTED)])


SUBACCOUNT = SubaccountBody()
NEW_SUBACCOUNT = NewSubaccountBody()
NEW_SUBACCOUNT_WITHOUT_KEY = NewSubaccountBody(exclude=["key_label", "key_grants", "key_valid_ips"])
LIST = ListQuery()
UNPAGED = frozenset({"option"})
"""The parameters that do not switch to pages: of this one the document does not say it."""
