"""Forms and queries of domains and their IPs."""

from __future__ import annotations

from marshmallow import fields, validate

from ....web.schemas import Schema, messages
from .. import catalog
from .fields import BAD_VALUE, HUGE, Address, Addresses, choice, flag, position, string, whole_number

_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"


class DomainIpSchema(Schema):
    """Assign an IP or a pool to a domain."""

    ip = Address(error_messages=BAD_VALUE)
    pool_id = string()


class NewDomainSchema(Schema):
    """Create a domain. What is not about its IPs is kept and shown, and has no effect."""

    name = fields.String(
        required=True,
        error_messages=messages(catalog.DOMAIN_WITHOUT_NAME),
        validate=[
            validate.Length(min=1, error=catalog.DOMAIN_WITHOUT_NAME),
            validate.Regexp(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+{_LABEL}\Z", error=catalog.BAD_VALUE),
        ],
    )
    pool_id = string()
    ips = Addresses(error_messages=BAD_VALUE)
    encrypt_incoming_message = flag()
    message_ttl = whole_number(1, HUGE)
    require_tls = flag()
    skip_verification = flag()
    smtp_password = fields.String(
        error_messages=messages(catalog.SHORT_PASSWORD),
        validate=[
            validate.Length(min=int(catalog.MIN_PASSWORD), error=catalog.SHORT_PASSWORD),
            validate.Length(max=int(catalog.MAX_PASSWORD), error=catalog.LONG_PASSWORD),
        ],
    )
    spam_action = choice("disabled", "block", "tag")
    use_automatic_sender_security = flag()
    web_prefix = fields.String(
        error_messages=BAD_VALUE, validate=validate.Regexp(rf"{_LABEL}\Z", error=catalog.BAD_VALUE)
    )
    web_scheme = choice("http", "https")
    wildcard = flag()


class DomainsQuerySchema(Schema):
    """List domains."""

    limit = whole_number(1, catalog.MAX_DOMAINS)
    skip = position()
    state = choice("", "active", "unverified", "disabled")
    sort = choice("", "name", "name:asc", "name:desc")
    authority = string()
    search = string()
    include_subaccounts = flag()
