"""What comes in: form fields, query parameters, one JSON body, and the section of a seed."""

from __future__ import annotations

import base64
import binascii
import json
import re

from ... import profiles, seed
from ...web import Body, Refused, Text, Texts
from . import catalog
from .models import State, canonical

OBJECT_ID = "[0-9a-f]{24}"


class Address(Text):
    """An IP address."""

    def convert(self, value: str, name: str) -> str:
        address = canonical(value)
        if address is None:
            raise Refused([(catalog.BAD_VALUE, name, value)])
        return address


class Addresses(Texts):
    """IP addresses."""

    def convert(self, value: list[str], name: str) -> list[str]:
        found = []
        for text in value:
            address = canonical(text)
            if address is None:
                raise Refused([(catalog.BAD_VALUE, name, text)])
            found.append(address)
        return found


class Replacement(Text):
    """An IP address, or `shared`."""

    def convert(self, value: str, name: str) -> str:
        if value == catalog.SHARED:
            return value
        address = canonical(value)
        if address is None:
            raise Refused([(catalog.BAD_VALUE, name, value)])
        return address


class Limit(Text):
    """The size of a page."""

    def convert(self, value: str, name: str) -> int:
        if not re.fullmatch("-?[0-9]{1,18}", value):
            raise Refused([(catalog.BAD_FORMAT, name, value)])
        if not catalog.MIN_PAGE <= int(value) <= catalog.MAX_PAGE:
            raise Refused([(catalog.BAD_VALUE, name, value)])
        return int(value)


class Page(Text):
    """The token of a page, as `token` makes it; becomes its cursor and its limit."""

    def convert(self, value: str, name: str) -> tuple[str, int]:
        try:
            data = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            cursor, limit = data["cursor"], data["limit"]
        except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
            raise Refused([(catalog.BAD_VALUE, name, value)]) from None
        fits = isinstance(cursor, str) and type(limit) is int and catalog.MIN_PAGE <= limit <= catalog.MAX_PAGE
        if not fits:
            raise Refused([(catalog.BAD_VALUE, name, value)])
        return cursor, limit


def token(cursor: str, limit: int) -> str:
    """Return the opaque token of the page after `cursor`: the documented ones are base64 of JSON that begins with c."""
    text = json.dumps({"cursor": cursor, "limit": limit}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


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


class DomainIp(Body):
    """Assign an IP or a pool to a domain."""

    ip = Address(wrong=catalog.BAD_VALUE)
    pool_id = Text(wrong=catalog.BAD_VALUE)


class DomainsQuery(Body):
    """List a pool's domains."""

    limit = Limit(wrong=catalog.BAD_FORMAT)
    page = Page(wrong=catalog.BAD_VALUE)


class PathIp(Body):
    """The address in a path."""

    ip = Address(wrong=catalog.BAD_VALUE)


POOL = PoolBody()
POOL_CHANGES = PoolChanges()
POOL_REPLACEMENT = PoolReplacement()
POOL_IPS = PoolIps()
DELEGATION = Delegation()
DOMAIN_IP = DomainIp()
DOMAINS_QUERY = DomainsQuery()
PATH_IP = PathIp()

_ID = {"type": "string", "pattern": f"^{OBJECT_ID}$"}
_NAMES = {"type": "array", "items": seed.TEXT, "uniqueItems": True}
_IPS = {"type": "array", "items": seed.TEXT, "uniqueItems": True}

SEED = seed.reader(
    "mailgun",
    State.load,
    {
        "features": _NAMES,
        "eligible_for_shared_ips": seed.FLAG,
        "async_delay_seconds": {"type": ["number", "null"], "minimum": 0},
        "async_fails_midway": seed.FLAG,
        "subaccounts": {
            "type": "array",
            "items": seed.record(
                {"id": _ID, "name": seed.TEXT, "status": {"enum": ["open", "disabled", "closed"]}}, "id", "name"
            ),
        },
        "ips": {
            "type": "array",
            "items": seed.record({"ip": seed.TEXT, "dedicated": seed.FLAG, "warmup": seed.FLAG, "account": _ID}, "ip"),
        },
        "ip_pools": {
            "type": "array",
            "items": seed.record(
                {
                    "pool_id": _ID,
                    "name": seed.TEXT,
                    "description": {"type": "string"},
                    "ips": _IPS,
                    "account": _ID,
                    "delegated_to": {"type": "array", "items": _ID, "uniqueItems": True},
                },
                "pool_id",
                "name",
                "description",
            ),
        },
        "domains": {
            "type": "array",
            "items": seed.record(
                {"id": _ID, "name": seed.TEXT, "ips": _IPS, "pool_id": _ID, "account": _ID}, "id", "name"
            ),
        },
        "jobs": {
            "type": "array",
            "items": seed.record(
                {
                    "id": _ID,
                    "due": {"type": "number"},
                    "pool_id": _ID,
                    "link": _NAMES,
                    "unlink": _NAMES,
                    "relink_to": _ID,
                    "replace_with": seed.TEXT,
                    "revoke_from": _ID,
                },
                "id",
                "pool_id",
            ),
        },
    },
    switches=profiles.switches(catalog),
    account="subaccount",
    accounts=lambda state: state.subaccounts,
)
