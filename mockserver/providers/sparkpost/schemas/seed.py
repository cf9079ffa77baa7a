"""SparkPost's section of a seed."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from ....core import clock
from ....core.addresses import IPV4
from ....core.fields import Boolean, Integer, Number
from ....core.seed import CredentialSchema, OutboxSchema, SeedSchema, SeedSection, records, text, texts
from .. import catalog
from ..models import State


def _time() -> Number:
    """Return the field of a time, in seconds since the epoch."""
    return Number(validate=validate.Range(clock.EARLIEST, clock.LATEST))


class PoolSchema(SeedSchema):
    """An IP pool, with an id or a name; one follows from the other."""

    id = text()
    name = text()
    fbl_signing_domain = text()
    signing_domain = text()
    auto_warmup_overflow_pool = text()
    keywords: ClassVar[Mapping[str, Any]] = {"anyOf": [{"required": ["id"]}, {"required": ["name"]}]}

    @validates_schema
    def validate_name(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if "id" not in data and "name" not in data:
            raise ValidationError("expected an 'id' or a 'name'")


class SendingIpSchema(SeedSchema):
    """A dedicated IP."""

    external_ip = fields.String(
        required=True, validate=validate.Regexp(rf"{IPV4.pattern}\Z", error="expected an IPv4 address, got '{input}'")
    )
    hostname = text()
    ip_pool = text()
    customer_provided = Boolean()
    auto_warmup_stage = Integer(validate=validate.Range(int(catalog.FIRST_STAGE), int(catalog.LAST_STAGE)))
    auto_warmup_since = _time()
    keywords: ClassVar[Mapping[str, Any]] = {"dependentRequired": {"auto_warmup_since": ["auto_warmup_stage"]}}

    @validates_schema
    def validate_warmup(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if "auto_warmup_since" in data and "auto_warmup_stage" not in data:
            raise ValidationError("'auto_warmup_since' without 'auto_warmup_stage': expected both")


class KeySchema(SeedSchema):
    """An API key that was created with a subaccount."""

    id_key = "digest"

    digest = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    subaccount = Integer(required=True)


class SubaccountSchema(SeedSchema):
    """A subaccount."""

    id = Integer(validate=validate.Range(1, catalog.LARGEST_NUMBER))
    name = fields.String(required=True, validate=validate.Length(1, int(catalog.NAME_SIZE)))
    status = fields.String(validate=validate.OneOf(catalog.STATUSES))
    ip_pool = fields.String(
        validate=[validate.Regexp(r"[A-Za-z0-9_]+\Z"), validate.Length(max=int(catalog.IP_POOL_SIZE))]
    )
    compliance_status = text()
    deliverability = Boolean()
    created_at = _time()
    updated_at = _time()


class SparkPostCredentialSchema(CredentialSchema):
    """An API key: of the account or of a subaccount, with all grants or some."""

    grants = fields.List(text())
    subaccount = text()


class SparkPostSeed(SeedSection):
    """An account, its pools, sending IPs and subaccounts, and the domains that it may send from; without, any."""

    provider = "sparkpost"
    state = State
    catalog: ClassVar[ModuleType] = catalog
    rights = "grants"
    account = "subaccount"
    references: ClassVar[Mapping[str, tuple[str, str]]] = {
        "ip_pool": ("ip_pools", "id"),
        "auto_warmup_overflow_pool": ("ip_pools", "id"),
    }

    credentials = records(SparkPostCredentialSchema, "key")
    outbox = fields.Nested(OutboxSchema)
    region = fields.String(validate=validate.OneOf(catalog.REGIONS))
    sending_domains = texts()
    sandbox_messages = Integer(validate=validate.Range(min=0))
    dedicated_ip_limit = Integer(validate=validate.Range(0, 10_000))
    ip_pools = records(PoolSchema)
    sending_ips = records(SendingIpSchema, "external_ip")
    keys = fields.List(fields.Nested(KeySchema))
    subaccounts = records(SubaccountSchema)

    @classmethod
    def accounts(cls, state: Any) -> Mapping[str, str]:
        return {number: subaccount.name for number, subaccount in state.subaccounts.items()}
