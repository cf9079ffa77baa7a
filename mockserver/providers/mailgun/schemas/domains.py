"""Forms and queries of domains."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_load, validate

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
    password,
    query_boolean,
    query_integer,
)


def _atom() -> fields.String:
    """Return the field of a part of a host name."""
    return fields.String(error_messages=BAD_VALUE, validate=validate.Regexp(LABEL, error=catalog.BAD_VALUE))


class _NewDomainSchema(Schema):
    """Fields of a new domain that cannot be changed here."""

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


class DomainSettingsSchema(Schema):
    """Form to change the settings of a domain. They are stored and returned, and have no effect."""

    message_ttl = query_integer(1, MAX_INT32)
    require_tls = query_boolean()
    skip_verification = query_boolean()
    smtp_password = password()
    spam_action = one_of(("disabled", "block", "tag"), catalog.BAD_VALUE)
    use_automatic_sender_security = query_boolean()
    web_prefix = _atom()
    web_scheme = one_of(("http", "https"), catalog.BAD_VALUE)
    wildcard = query_boolean()

    @pre_load
    def _without_empty_password(self, data: Any, **kwargs: Any) -> Any:
        """Return the form; a recorded request has an empty password, which counts as not sent."""
        return {name: value for name, value in data.items() if value or name != "smtp_password"}


class NewDomainSchema(DomainSettingsSchema, _NewDomainSchema):
    """Form to create a domain. The fields of the last base class are checked first."""

    dkim_selector = _atom()


class ConnectionSchema(Schema):
    """Form to change the connection settings of a domain."""

    require_tls = query_boolean()
    skip_verification = query_boolean()


class DkimSelectorSchema(Schema):
    """Form to change the DKIM selector of a domain."""

    dkim_selector = _atom()


class DomainsQuerySchema(Schema):
    """Query to list domains."""

    limit = limit_field(catalog.MAX_DOMAINS)
    skip = offset_field()
    state = one_of(("", "active", "unverified", "disabled"), catalog.BAD_VALUE)
    sort = one_of(("", "name", "name:asc", "name:desc"), catalog.BAD_VALUE)
    authority = string(catalog.BAD_VALUE)
    search = string(catalog.BAD_VALUE)
    include_subaccounts = query_boolean()
