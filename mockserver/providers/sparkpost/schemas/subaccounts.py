"""Queries and request bodies of subaccounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load, validate

from ....core.addresses import IPV4
from ....core.errors import ErrorMessage
from ....core.fields import Boolean, QueryInteger
from ....web.schemas import ALL_ERRORS, Schema, check, messages, not_blank, one_of
from .. import catalog
from .fields import required_string, type_messages

NETMASK = re.compile(rf"{IPV4.pattern}(?:/(?:[12]?[0-9]|3[0-2]))?")
"""An IPv4 address or network. No document mentions IPv6."""
UNPAGED = frozenset({"option"})
"""The parameters that do not make the response a page: no document says that this one does."""


def _name(*, required: bool) -> fields.String:
    """Return the field of a subaccount's name."""
    return fields.String(
        required=required,
        error_messages=type_messages(catalog.STRING_TYPE, catalog.SUBACCOUNT_NAME_REQUIRED),
        validate=[
            not_blank(catalog.SUBACCOUNT_NAME_REQUIRED),
            validate.Length(max=int(catalog.NAME_SIZE), error=catalog.NAME_TOO_LONG),
        ],
    )


def _ip_pool() -> fields.String:
    """Return the field of a pool's id, or an empty string for no pool."""
    return fields.String(
        error_messages=type_messages(catalog.STRING_TYPE),
        validate=[
            validate.Length(max=int(catalog.IP_POOL_SIZE), error=catalog.IP_POOL_TOO_LONG),
            validate.Regexp(r"[A-Za-z0-9_]*\Z", error=catalog.IP_POOL_INVALID),
        ],
        metadata=ALL_ERRORS,
    )


def _array(**options: Any) -> fields.List[Any]:
    """Return the field of a JSON array that is validated as a whole: its errors repeat all items."""
    return fields.List(fields.Raw(allow_none=True), **options)


def _are_netmasks(items: list[Any]) -> bool:
    return all(isinstance(item, str) and NETMASK.fullmatch(item) for item in items)


class OptionsSchema(Schema):
    """The options of a subaccount. They load as the value of the only one, None if it was not sent."""

    error_messages = {"type": catalog.OBJECT_TYPE}  # noqa: RUF012  # the base class has it as an instance variable

    deliverability = Boolean(error_messages=type_messages(catalog.BOOLEAN_TYPE))

    @post_load
    def unwrap(self, data: dict[str, Any], **kwargs: Any) -> bool | None:
        return data.get("deliverability")


def _options() -> fields.Nested:
    """Return the field of the options of a subaccount."""
    return fields.Nested(OptionsSchema, data_key="options", error_messages=type_messages(catalog.OBJECT_TYPE))


class SubaccountSchema(Schema):
    """Body to update a subaccount."""

    name = _name(required=False)
    status = fields.String(
        error_messages=type_messages(catalog.STRING_TYPE),
        validate=validate.OneOf(catalog.STATUSES, error=catalog.STATUS_UNSUPPORTED),
    )
    ip_pool = _ip_pool()
    deliverability = _options()


class NewSubaccountSchema(Schema):
    """Body to create a subaccount. `key_valid_ips` is validated only: no response shows it."""

    name = _name(required=True)
    setup_api_key = Boolean(error_messages=type_messages(catalog.BOOLEAN_TYPE))
    key_label = required_string(catalog.KEY_LABEL_REQUIRED)
    key_grants = _array(
        required=True,
        error_messages=type_messages(catalog.ARRAY_TYPE, catalog.KEY_GRANTS_REQUIRED),
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


def unsupported_fields(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields of a body that are ignored if it requests no key."""
    return frozenset({"key_label", "key_grants", "key_valid_ips"} if body.get("setup_api_key") is False else ())


class Ids(fields.Raw):
    """Ids separated by commas."""

    def __init__(self, error: ErrorMessage) -> None:
        super().__init__(error_messages=messages(error))
        self._id = QueryInteger(
            max_digits=18, error_messages=messages(error), validate=validate.Range(min=0, error=error)
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> frozenset[int]:
        return frozenset(self._id.deserialize(each) for each in value.split(","))


class SubaccountsQuerySchema(Schema):
    """Query to list subaccounts."""

    cursor = fields.String()
    per_page = QueryInteger(
        max_digits=9,
        error_messages=messages(catalog.PER_PAGE_RANGE),
        validate=validate.Range(1, int(catalog.MAX_PAGE_SIZE), error=catalog.PER_PAGE_RANGE),
    )
    sort_by = one_of(catalog.SORTS, catalog.SORT_BY_UNSUPPORTED)
    order = one_of(catalog.ORDERS, catalog.ORDER_UNSUPPORTED)
    ip_pool = fields.String()
    status = one_of(catalog.STATUSES, catalog.STATUS_UNSUPPORTED)
    name = fields.String()
    ids = Ids(catalog.IDS_INVALID)
    option = one_of(catalog.OPTIONS, catalog.OPTION_UNSUPPORTED)
