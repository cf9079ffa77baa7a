"""Queries and request bodies of subaccounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load, validate

from ....core.errors import ErrorMessage
from ....core.fields import Boolean
from ....web.schemas import ALL_ERRORS, Schema, check, messages, not_blank
from .. import catalog
from ..rules.sending_ips import IPV4
from .fields import required_string

NETMASK = re.compile(rf"{IPV4.pattern}(?:/(?:[12]?[0-9]|3[0-2]))?")
"""An IPv4 address or network. No document mentions IPv6."""
UNPAGED = frozenset({"option"})
"""The parameters that do not switch to pages: the document does not say that this one does."""


def _name(*, required: bool) -> fields.String:
    """Return the field of the name of a subaccount."""
    return fields.String(
        required=required,
        error_messages=messages(catalog.SUBACCOUNT_NAME_REQUIRED),
        validate=[
            not_blank(catalog.SUBACCOUNT_NAME_REQUIRED),
            validate.Length(max=int(catalog.NAME_SIZE), error=catalog.NAME_TOO_LONG),
        ],
    )


def _ip_pool() -> fields.String:
    """Return the field of the id of a pool, or an empty text for none."""
    return fields.String(
        error_messages=messages(catalog.IP_POOL_INVALID),
        validate=[
            validate.Length(max=int(catalog.IP_POOL_SIZE), error=catalog.IP_POOL_TOO_LONG),
            validate.Regexp(r"[A-Za-z0-9_]*\Z", error=catalog.IP_POOL_INVALID),
        ],
        metadata=ALL_ERRORS,
    )


def _choice(error: ErrorMessage, values: tuple[str, ...]) -> fields.String:
    """Return the field of one of a few texts."""
    return fields.String(error_messages=messages(error), validate=validate.OneOf(values, error=error))


def _array(**options: Any) -> fields.List[Any]:
    """Return the field of a JSON array that is validated as a whole: its errors repeat all of it."""
    return fields.List(fields.Raw(allow_none=True), **options)


def _are_netmasks(items: list[Any]) -> bool:
    return all(isinstance(item, str) and NETMASK.fullmatch(item) for item in items)


class OptionsSchema(Schema):
    """The options of a subaccount. They load as the only one there is, None if it was not sent."""

    error_messages = {"type": catalog.OPTIONS_INVALID}  # noqa: RUF012  # the base class has it as an instance variable

    deliverability = Boolean(error_messages=messages(catalog.DELIVERABILITY_INVALID))

    @post_load
    def unwrap(self, data: dict[str, Any], **kwargs: Any) -> bool | None:
        return data.get("deliverability")


def _options() -> fields.Nested:
    """Return the field of the options of a subaccount."""
    return fields.Nested(OptionsSchema, data_key="options", error_messages=messages(catalog.OPTIONS_INVALID))


class SubaccountSchema(Schema):
    """Update a subaccount."""

    name = _name(required=False)
    status = _choice(catalog.STATUS_UNSUPPORTED, catalog.STATUSES)
    ip_pool = _ip_pool()
    deliverability = _options()


class NewSubaccountSchema(Schema):
    """Create a subaccount."""

    name = _name(required=True)
    setup_api_key = Boolean(error_messages=messages(catalog.SETUP_API_KEY_INVALID))
    key_label = required_string(catalog.KEY_LABEL_REQUIRED)
    key_grants = _array(
        required=True,
        error_messages={
            **messages(catalog.KEY_GRANTS_INVALID, required=catalog.KEY_GRANTS_REQUIRED),
            "null": catalog.KEY_GRANTS_REQUIRED,
        },
        validate=[
            validate.Length(min=1, error=catalog.KEY_GRANTS_REQUIRED),
            validate.ContainsOnly(catalog.KEY_GRANTS, error=catalog.KEY_GRANTS_INVALID),
        ],
    )
    key_valid_ips = _array(
        error_messages=messages(catalog.KEY_IPS_NO_ARRAY), validate=check(_are_netmasks, catalog.KEY_IPS_INVALID)
    )
    ip_pool = _ip_pool()
    deliverability = _options()


def hidden(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that a new subaccount does not have if it gets no key."""
    return frozenset({"key_label", "key_grants", "key_valid_ips"} if body.get("setup_api_key") is False else ())


class PageSize(fields.Integer):
    """A number of at most nine digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not re.fullmatch("[0-9]{1,9}", value):
            raise self.make_error("invalid")
        return int(value)


class Ids(fields.Raw):
    """Numbers of at most 18 digits, separated by commas."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> frozenset[int]:
        numbers = value.split(",")
        if not all(re.fullmatch("[0-9]{1,18}", number) for number in numbers):
            raise self.make_error("invalid")
        return frozenset(map(int, numbers))


class SubaccountsQuerySchema(Schema):
    """List subaccounts."""

    cursor = fields.String()
    per_page = PageSize(
        error_messages=messages(catalog.PER_PAGE_RANGE),
        validate=validate.Range(1, int(catalog.MAX_PAGE_SIZE), error=catalog.PER_PAGE_RANGE),
    )
    sort_by = _choice(catalog.SORT_BY_UNSUPPORTED, catalog.SORTS)
    order = _choice(catalog.ORDER_UNSUPPORTED, catalog.ORDERS)
    ip_pool = fields.String()
    status = _choice(catalog.STATUS_UNSUPPORTED, catalog.STATUSES)
    name = fields.String()
    ids = Ids(error_messages=messages(catalog.IDS_INVALID))
    option = _choice(catalog.OPTION_UNSUPPORTED, catalog.OPTIONS)
