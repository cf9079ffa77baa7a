"""What is sent about the IPs of an account and their warm-ups."""

from __future__ import annotations

from ....web import Body, Text
from .. import catalog
from ..models import canonical
from ..rules.ips import SORTS
from .fields import Address, Flag, Page, Word, page_size, skip


class PathIp(Body):
    """The address in a path."""

    ip = Address(wrong=catalog.BAD_VALUE)


class PathAddr(Body):
    """The address in the path of a warm-up, where it has another name."""

    addr = Address(wrong=catalog.BAD_VALUE)


class IpsQuery(Body):
    """List IPs."""

    dedicated = Flag(wrong=catalog.BAD_FORMAT)
    enabled = Flag(wrong=catalog.BAD_FORMAT)


class DetailedQuery(Body):
    """List IPs with all that is known of them."""

    limit = page_size(1, catalog.MAX_DOMAINS)
    skip = skip()
    pool_id = Text(wrong=catalog.BAD_VALUE)
    domain_id = Text(wrong=catalog.BAD_VALUE)
    subaccount_id = Text(wrong=catalog.BAD_VALUE)
    ip = Text(wrong=catalog.BAD_VALUE)
    sort_by = Word(*SORTS, wrong=catalog.BAD_VALUE)
    sort_order = Word("ascending", "descending", wrong=catalog.BAD_VALUE)


class IpDomainsQuery(Body):
    """List the domains of an IP."""

    limit = page_size(1, catalog.MAX_DOMAINS)
    search = Text(wrong=catalog.BAD_VALUE)
    skip = skip()


class Alternative(Body):
    """What takes the place of an IP on all domains."""

    alternative = Address(wrong=catalog.BAD_VALUE)


class WarmupsQuery(Body):
    """List warm-ups."""

    page = Page(1, catalog.MAX_WARMUPS, lambda cursor: cursor == "" or canonical(cursor) == cursor)
    limit = page_size(1, catalog.MAX_WARMUPS)


PATH_IP = PathIp()
PATH_ADDR = PathAddr()
IPS_QUERY = IpsQuery()
DETAILED_QUERY = DetailedQuery()
IP_DOMAINS_QUERY = IpDomainsQuery()
ALTERNATIVE = Alternative()
WARMUPS_QUERY = WarmupsQuery()
