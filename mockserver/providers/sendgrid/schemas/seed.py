"""SendGrid's section of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

from marshmallow import fields, validate

from ....core import clock
from ....core.fields import Boolean, Integer
from ....core.seed import CredentialSchema, OutboxSchema, SeedSchema, SeedSection, records, text, texts, unique
from .. import catalog
from ..models import MAX_ID_LENGTH, State, rdns_name


def _id(**options: Any) -> fields.String:
    """Return the field of the id of an account or pool: a number as a string."""
    error = f"expected a text of 1 to {MAX_ID_LENGTH} digits, not with a 0 first, got '{{input}}'"
    return fields.String(validate=validate.Regexp(rf"[1-9][0-9]{{0,{MAX_ID_LENGTH - 1}}}\Z", error=error), **options)


def _time() -> Integer:
    """Return the field of a time, in seconds since the epoch."""
    return Integer(validate=validate.Range(clock.EARLIEST, clock.LATEST))


class SubuserSchema(SeedSchema):
    """A subuser."""

    name = text(required=True)
    id = _id()
    email = text()
    region = fields.String(validate=validate.OneOf(catalog.SUBUSER_REGIONS))
    disabled = Boolean()


class IpSchema(SeedSchema):
    """A dedicated IP."""

    ip = text(required=True)
    rdns = text()
    rdns_id = Integer(validate=validate.Range(1, 10**MAX_ID_LENGTH - 1))
    rdns_valid = Boolean()
    rdns_domain = text()
    enabled = Boolean()
    region = fields.String(validate=validate.OneOf(catalog.REGIONS))
    warmup = Boolean()
    start_date = _time()
    parent_assigned = Boolean()
    subusers = texts()
    leased = Boolean()
    added_at = _time()
    updated_at = _time()


class PoolSchema(SeedSchema):
    """An IP pool."""

    id = _id()
    name = fields.String(required=True, validate=validate.Length(1, int(catalog.MAX_NAME_LENGTH)))
    ips = fields.List(text(), validate=[unique, validate.Length(max=int(catalog.MAX_POOL_IPS))])
    subuser = text()


class ApiKeySchema(SeedSchema):
    """An API key in the list of keys. No client can use it: a seed has keys to be used in `credentials`."""

    id = fields.String(validate=validate.Regexp(r"[A-Za-z0-9_-]+\Z"))
    name = text(required=True)
    scopes = fields.List(text())
    subuser = text()


class SendGridCredentialSchema(CredentialSchema):
    """An API key: of the account or of a subuser, with all scopes or some."""

    scopes = fields.List(text())
    subuser = text()


class SendGridSeed(SeedSection):
    """An account, its IPs, pools and subusers."""

    provider = "sendgrid"
    state = State
    catalog: ClassVar[ModuleType] = catalog
    rights = "scopes"
    account = "subuser"

    credentials = records(SendGridCredentialSchema, "key")
    outbox = fields.Nested(OutboxSchema)
    username = text()
    user_id = _id()
    remaining_ips = Integer(validate=validate.Range(0, 10_000))
    allows_subusers = Boolean()
    subusers = records(SubuserSchema)
    ips = records(IpSchema, "ip", lambda ip: {"rdns": rdns_name(ip)})
    pools = records(PoolSchema)
    api_keys = records(ApiKeySchema)
    sending_domains = texts()

    @classmethod
    def accounts(cls, state: Any) -> Mapping[str, str]:
        return {name: name for name in state.subusers}
