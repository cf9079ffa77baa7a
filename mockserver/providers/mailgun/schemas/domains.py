"""Forms and queries of domains."""

from __future__ import annotations

from marshmallow import fields, validate

from ....web.schemas import Schema, messages, one_of, string
from .. import catalog
from .fields import (
    BAD_VALUE,
    DOMAIN_NAME,
    LABEL,
    MAX_INT32,
    Addresses,
    DomainName,
    limit_field,
    offset_field,
    query_boolean,
    query_integer,
)


class NewDomainSchema(Schema):
    """Form to create a domain. Settings that are not about its IPs are stored and returned, and have no effect."""

    name = DomainName(
        required=True,
        error_messages=messages(catalog.DOMAIN_WITHOUT_NAME),
        validate=[
            validate.Length(min=1, error=catalog.DOMAIN_WITHOUT_NAME),
            validate.Regexp(DOMAIN_NAME, error=catalog.BAD_VALUE),
        ],
    )
    pool_id = string(catalog.BAD_VALUE)
    ips = Addresses(error_messages=BAD_VALUE)
    encrypt_incoming_message = query_boolean()
    message_ttl = query_integer(1, MAX_INT32)
    require_tls = query_boolean()
    skip_verification = query_boolean()
    smtp_password = fields.String(
        error_messages=messages(catalog.SHORT_PASSWORD),
        validate=[
            validate.Length(min=int(catalog.MIN_PASSWORD), error=catalog.SHORT_PASSWORD),
            validate.Length(max=int(catalog.MAX_PASSWORD), error=catalog.LONG_PASSWORD),
        ],
    )
    spam_action = one_of(("disabled", "block", "tag"), catalog.BAD_VALUE)
    use_automatic_sender_security = query_boolean()
    web_prefix = fields.String(error_messages=BAD_VALUE, validate=validate.Regexp(LABEL, error=catalog.BAD_VALUE))
    web_scheme = one_of(("http", "https"), catalog.BAD_VALUE)
    wildcard = query_boolean()


class DomainsQuerySchema(Schema):
    """Query to list domains."""

    limit = limit_field(catalog.MAX_DOMAINS)
    skip = offset_field()
    state = one_of(("", "active", "unverified", "disabled"), catalog.BAD_VALUE)
    sort = one_of(("", "name", "name:asc", "name:desc"), catalog.BAD_VALUE)
    authority = string(catalog.BAD_VALUE)
    search = string(catalog.BAD_VALUE)
    include_subaccounts = query_boolean()
