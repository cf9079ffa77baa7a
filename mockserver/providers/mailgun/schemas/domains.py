"""What is sent about domains and their IPs."""

from __future__ import annotations

import re

from ....web import Body, Text
from .. import catalog
from .fields import HUGE, Address, Addresses, Flag, Whole, Word, page_size, skip

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+{_LABEL}")


def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def _is_label(text: str) -> bool:
    return re.fullmatch(_LABEL, text) is not None


def _flag() -> Flag:
    return Flag(wrong=catalog.BAD_FORMAT)


class DomainIp(Body):
    """Assign an IP or a pool to a domain."""

    ip = Address(wrong=catalog.BAD_VALUE)
    pool_id = Text(wrong=catalog.BAD_VALUE)


class NewDomain(Body):
    """Make a domain. What is not about its IPs is kept and shown, and nothing else comes of it."""

    name = Text(
        missing=catalog.DOMAIN_WITHOUT_NAME,
        wrong=catalog.DOMAIN_WITHOUT_NAME,
        checks=[(bool, catalog.DOMAIN_WITHOUT_NAME), (_is_host, catalog.BAD_VALUE)],
    )
    pool_id = Text(wrong=catalog.BAD_VALUE)
    ips = Addresses(wrong=catalog.BAD_VALUE)
    encrypt_incoming_message = _flag()
    message_ttl = Whole(1, HUGE, wrong=catalog.BAD_FORMAT, unfit=catalog.BAD_VALUE)
    require_tls = _flag()
    skip_verification = _flag()
    smtp_password = Text(
        wrong=catalog.SHORT_PASSWORD,
        checks=[
            (lambda text: len(text) >= catalog.MIN_PASSWORD, catalog.SHORT_PASSWORD),
            (lambda text: len(text) <= catalog.MAX_PASSWORD, catalog.LONG_PASSWORD),
        ],
    )
    spam_action = Word("disabled", "block", "tag", wrong=catalog.BAD_VALUE)
    use_automatic_sender_security = _flag()
    web_prefix = Text(wrong=catalog.BAD_VALUE, checks=[(_is_label, catalog.BAD_VALUE)])
    web_scheme = Word("http", "https", wrong=catalog.BAD_VALUE)
    wildcard = _flag()


class DomainsQuery(Body):
    """List domains."""

    limit = page_size(1, catalog.MAX_DOMAINS)
    skip = skip()
    state = Word("", "active", "unverified", "disabled", wrong=catalog.BAD_VALUE)
    sort = Word("", "name", "name:asc", "name:desc", wrong=catalog.BAD_VALUE)
    authority = Text(wrong=catalog.BAD_VALUE)
    search = Text(wrong=catalog.BAD_VALUE)
    include_subaccounts = _flag()


DOMAIN_IP = DomainIp()
NEW_DOMAIN = NewDomain()
DOMAINS_QUERY = DomainsQuery()
