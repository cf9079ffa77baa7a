"""What comes in about IPs and their subusers, in IP Address Management."""

from __future__ import annotations

from ....web import Body, Text, Texts
from .. import catalog
from .fields import Flag, choice, flag, number, page_size, position


class IpsQuery(Body):
    """List IPs."""

    ip = Text(wrong=catalog.IPS_LIMIT_RANGE)
    limit = page_size(catalog.MAX_IPS_PAGE, catalog.IPS_LIMIT_RANGE)
    after_key = Text(wrong=catalog.AFTER_KEY_ADDRESS)
    before_key = Text(wrong=catalog.BEFORE_KEY_ADDRESS)
    is_leased = flag(catalog.IS_LEASED_VALUE)
    is_enabled = flag(catalog.IS_ENABLED_VALUE)
    is_parent_assigned = flag(catalog.IS_PARENT_ASSIGNED_VALUE)
    pool = Text(wrong=catalog.POOL_TYPE)
    start_added_at = number(catalog.START_ADDED_AT_TYPE)
    end_added_at = number(catalog.END_ADDED_AT_TYPE)
    region = choice(catalog.REGION_VALUE, "all", *catalog.REGIONS)
    include_region = flag(catalog.INCLUDE_REGION_VALUE)


class SubusersQuery(Body):
    """List the subusers of an IP."""

    limit = page_size(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = position(catalog.AFTER_KEY_TYPE, catalog.AFTER_KEY_RANGE)


class NewIpBody(Body):
    """Add an IP to the account."""

    is_auto_warmup = Flag(missing=catalog.IS_AUTO_WARMUP_MISSING, wrong=catalog.MANAGEMENT_BODY_NOT_JSON)
    is_parent_assigned = Flag(missing=catalog.IS_PARENT_ASSIGNED_MISSING, wrong=catalog.MANAGEMENT_BODY_NOT_JSON)
    subusers = Texts(
        wrong=catalog.MANAGEMENT_BODY_NOT_JSON,
        checks=[(lambda ids: len(ids) <= catalog.MAX_BATCH_SUBUSERS, catalog.SUBUSERS_TOO_MANY)],
    )
    region = Text(
        wrong=catalog.MANAGEMENT_BODY_NOT_JSON,
        checks=[(lambda region: region in catalog.REGIONS, catalog.NEW_REGION_VALUE)],
    )
    include_region = Flag(wrong=catalog.MANAGEMENT_BODY_NOT_JSON)


class SettingsBody(Body):
    """Change an IP's settings."""

    is_auto_warmup = Flag(wrong=catalog.MANAGEMENT_BODY_NOT_JSON)
    is_parent_assigned = Flag(wrong=catalog.MANAGEMENT_BODY_NOT_JSON)
    is_enabled = Flag(wrong=catalog.MANAGEMENT_BODY_NOT_JSON)


class SubusersBody(Body):
    """Give an IP to subusers, or take it from them."""

    subusers = Texts(
        missing=catalog.SUBUSERS_EMPTY,
        wrong=catalog.MANAGEMENT_BODY_NOT_JSON,
        checks=[
            (bool, catalog.SUBUSERS_EMPTY),
            (lambda ids: len(ids) <= catalog.MAX_BATCH_SUBUSERS, catalog.SUBUSERS_TOO_MANY),
        ],
    )


IPS_QUERY = IpsQuery()
SUBUSERS_QUERY = SubusersQuery()
NEW_IP = NewIpBody()
SETTINGS = SettingsBody()
SUBUSERS = SubusersBody()
