"""What comes in about pools by id. A parameter stays a text where the answer repeats it as one."""

from __future__ import annotations

from ....web import Body, Text, Texts
from .. import catalog
from .fields import choice, flag, page_size, position


class PoolsQuery(Body):
    """List pools."""

    limit = page_size(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = position(catalog.AFTER_KEY_TYPE, catalog.AFTER_KEY_RANGE)
    ip = Text(wrong=catalog.LIMIT_RANGE)
    region = choice(catalog.REGION_VALUE, "all", *catalog.REGIONS)
    include_region = flag(catalog.INCLUDE_REGION_VALUE)


class RegionQuery(Body):
    """Get a pool, or an IP."""

    include_region = flag(catalog.INCLUDE_REGION_VALUE)


class MembersQuery(Body):
    """List the IPs of a pool."""

    limit = page_size(catalog.MAX_PAGE, catalog.LIMIT_RANGE)
    after_key = Text(wrong=catalog.AFTER_KEY_TYPE)
    include_region = flag(catalog.INCLUDE_REGION_VALUE)


class RenamedPoolBody(Body):
    """Rename a pool."""

    name = Text(
        missing=catalog.POOL_NAME_MISSING,
        wrong=catalog.MANAGEMENT_BODY_NOT_JSON,
        checks=[
            (lambda name: not name.startswith((".", " ")), catalog.POOL_NAME_START),
            (
                lambda name: catalog.MIN_NAME_LENGTH <= len(name) <= catalog.MAX_NAME_LENGTH,
                catalog.POOL_NAME_LENGTH,
            ),
        ],
    )


class NewPoolBody(RenamedPoolBody):
    """Create a pool."""

    ips = Texts(
        wrong=catalog.MANAGEMENT_BODY_NOT_JSON,
        checks=[(lambda ips: len(ips) <= catalog.MAX_BATCH_IPS, catalog.IPS_LENGTH)],
    )


class BatchBody(Body):
    """Put IPs into a pool, or take them out."""

    ips = Texts(
        missing=catalog.IPS_MISSING,
        wrong=catalog.MANAGEMENT_BODY_NOT_JSON,
        checks=[(lambda ips: 1 <= len(ips) <= catalog.MAX_BATCH_IPS, catalog.IPS_LENGTH)],
    )


POOLS_QUERY = PoolsQuery()
REGION_QUERY = RegionQuery()
MEMBERS_QUERY = MembersQuery()
NEW_POOL = NewPoolBody()
RENAMED_POOL = RenamedPoolBody()
BATCH = BatchBody()
