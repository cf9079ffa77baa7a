"""What is sent about pools and their delegation."""

from __future__ import annotations

from ....web import Body, Text, Texts
from .. import catalog
from .fields import Addresses, Page, Replacement, page_size


class PoolBody(Body):
    """Create a pool. `ips` is the older spelling of `ip`, a list with commas."""

    name = Text(missing=catalog.MISSING, wrong=catalog.MISSING, checks=[(bool, catalog.MISSING)])
    description = Text(missing=catalog.MISSING, wrong=catalog.MISSING, checks=[(bool, catalog.MISSING)])
    ip = Addresses(wrong=catalog.BAD_VALUE)
    ips = Addresses(wrong=catalog.BAD_VALUE)


class PoolChanges(Body):
    """Edit a pool."""

    name = Text(wrong=catalog.BAD_VALUE, checks=[(bool, catalog.BAD_VALUE)])
    description = Text(wrong=catalog.BAD_VALUE)
    add_ip = Addresses(wrong=catalog.BAD_VALUE)
    remove_ip = Addresses(wrong=catalog.BAD_VALUE)
    link_domain = Texts(wrong=catalog.BAD_VALUE)
    unlink_domain = Texts(wrong=catalog.BAD_VALUE)


class PoolReplacement(Body):
    """What takes a pool's place."""

    ip = Replacement(wrong=catalog.BAD_VALUE)
    pool_id = Text(wrong=catalog.BAD_VALUE)


class PoolIps(Body):
    """Add several IPs to a pool, in JSON."""

    ips = Addresses(missing=catalog.MISSING, wrong=catalog.NOT_JSON, checks=[(bool, catalog.MISSING)])


class Delegation(Body):
    """Delegate or revoke a pool."""

    subaccount_id = Text(
        missing=catalog.BAD_REQUEST, wrong=catalog.BAD_REQUEST, checks=[(str.strip, catalog.BAD_REQUEST)]
    )


class DelegatedPool(Body):
    """Delegate or revoke a pool, in the older way."""

    pool_id = Text(missing=catalog.BAD_REQUEST, wrong=catalog.BAD_REQUEST)


class LinksQuery(Body):
    """List a pool's domains."""

    limit = page_size(catalog.MIN_PAGE, catalog.MAX_PAGE)
    page = Page(catalog.MIN_PAGE, catalog.MAX_PAGE)


POOL = PoolBody()
POOL_CHANGES = PoolChanges()
POOL_REPLACEMENT = PoolReplacement()
POOL_IPS = PoolIps()
DELEGATION = Delegation()
DELEGATED_POOL = DelegatedPool()
LINKS_QUERY = LinksQuery()
