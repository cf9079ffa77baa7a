"""Mailgun's section of a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

from marshmallow import fields, validate

from ....core import clock
from ....core.errors import SeedError
from ....core.fields import Boolean, Integer, Number
from ....core.seed import CredentialSchema, OutboxSchema, SeedSchema, SeedSection, records, text, texts, unique
from .. import catalog
from ..models import POSTMASTER, State, check_domains
from ..rules import jobs
from ..rules.credentials import smtp_credential
from .fields import DOMAIN_NAME, LABEL, LOGIN, MAX_INT32, DomainName

OBJECT_ID = "[0-9a-f]{24}"


def _id(**options: Any) -> fields.String:
    """Return the field of an id."""
    return fields.String(
        validate=validate.Regexp(rf"{OBJECT_ID}\Z", error="expected 24 hexadecimal digits, got '{input}'"), **options
    )


def _region() -> fields.String:
    """Return the field of a region."""
    return fields.String(validate=validate.OneOf(catalog.REGIONS))


def _domain_name(**options: Any) -> DomainName:
    """Return the field of a domain's name, with the rule of the API."""
    return DomainName(validate=validate.Regexp(DOMAIN_NAME, error="expected a domain name, got '{input}'"), **options)


def _time() -> Integer:
    """Return the field of a time, in seconds since the epoch."""
    return Integer(validate=validate.Range(clock.EARLIEST, clock.LATEST))


def _password() -> fields.String:
    """Return the field of an SMTP password."""
    return fields.String(validate=validate.Length(int(catalog.MIN_PASSWORD), int(catalog.MAX_PASSWORD)))


def _digest() -> fields.String:
    """Return the field of the digest of an SMTP password that a request set: a seed has the password itself."""
    return fields.String(validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class InheritedPoolSchema(SeedSchema):
    """A pool as a subaccount sees it."""

    id_key = "pool_id"

    pool_id = _id(required=True)
    name = text(required=True)
    description = fields.String(required=True)
    ips = texts()
    region = _region()


class SubaccountSchema(SeedSchema):
    """A subaccount."""

    id = _id()
    name = fields.String(required=True, validate=validate.Regexp(r"\s*\S"))
    status = fields.String(validate=validate.OneOf(("open", "disabled", "closed")))
    updated_at = _time()
    inherited = fields.List(fields.Nested(InheritedPoolSchema))


class IpSchema(SeedSchema):
    """An IP."""

    ip = text(required=True)
    dedicated = Boolean()
    warmup = Boolean()
    warmup_started_at = _time()
    enabled = Boolean()
    rdns = text()
    created_at = _time()
    pool_changed_at = _time()
    domains_changed_at = _time()
    account = text()
    region = _region()


class PoolSchema(SeedSchema):
    """A dedicated IP pool."""

    id_key = "pool_id"

    pool_id = _id()
    name = text(required=True)
    description = fields.String()
    ips = texts()
    account = text()
    delegated_to = texts()
    region = _region()


class DomainSchema(SeedSchema):
    """A domain."""

    id = _id()
    name = _domain_name(required=True)
    ips = texts()
    pool_id = text()
    account = text()
    state = fields.String(validate=validate.OneOf(("active", "unverified", "disabled")))
    encrypt_incoming_message = Boolean()
    message_ttl = Integer(validate=validate.Range(1, MAX_INT32))
    require_tls = Boolean()
    skip_verification = Boolean()
    spam_action = fields.String(validate=validate.OneOf(("disabled", "block", "tag")))
    use_automatic_sender_security = Boolean()
    web_prefix = fields.String(validate=validate.Regexp(LABEL))
    web_scheme = fields.String(validate=validate.OneOf(("http", "https")))
    wildcard = Boolean()
    dkim_selector = fields.String(validate=validate.Regexp(LABEL))
    open_tracking = Boolean()
    open_at_the_top = Boolean()
    click_tracking = Boolean()
    unsubscribe_tracking = Boolean()
    html_footer = fields.String()
    text_footer = fields.String()
    region = _region()
    smtp_password = _password()
    smtp_password_digest = _digest()
    spillover_pool_id = text()


class SmtpCredentialSchema(SeedSchema):
    """An SMTP credential. The one of `postmaster` is the system's, and in no seed."""

    login = fields.String(
        required=True,
        validate=validate.Regexp(
            rf"(?!{POSTMASTER}@){LOGIN}@{DOMAIN_NAME}",
            error="expected the login of a domain but postmaster, got '{input}'",
        ),
    )
    created_at = Integer(validate=validate.Range(clock.EARLIEST, clock.LATEST))
    password = _password()
    password_digest = _digest()


class JobSchema(SeedSchema):
    """A pending job."""

    id = _id(required=True)
    due = Number(validate=validate.Range(clock.EARLIEST, 2 * clock.LATEST))
    pool_id = _id()
    pool_name = text()
    link = fields.List(_domain_name(), validate=unique)
    unlink = fields.List(_domain_name(), validate=unique)
    relink_to = _id()
    replace_with = text()
    revoke_from = _id()
    assign_ip = text()
    unassign_ip = text()
    account = _id()
    verify_domain = _domain_name()
    delete_domain = _domain_name()


class MailgunCredentialSchema(CredentialSchema):
    """An API key: of the account or of a subaccount; with `domains` a sending key, which may only send for those."""

    subaccount = text()
    domains = fields.List(_domain_name(), validate=unique)


class MailgunSeed(SeedSection):
    """An account, its subaccounts, IPs, pools and domains, and its pending jobs."""

    provider = "mailgun"
    state = State
    catalog: ClassVar[ModuleType] = catalog
    rights = "domains"
    account = "subaccount"
    references: ClassVar[Mapping[str, tuple[str, str]]] = {
        "account": ("subaccounts", "id"),
        "delegated_to": ("subaccounts", "id"),
        "pool_id": ("ip_pools", "pool_id"),
        "spillover_pool_id": ("ip_pools", "pool_id"),
    }

    credentials = records(MailgunCredentialSchema, "key")
    outbox = fields.Nested(OutboxSchema)
    region = _region()
    account_id = _id()
    features = texts()
    eligible_for_shared_ips = Boolean()
    new_dedicated_ips = Integer(validate=validate.Range(0, 1000))
    subaccount_limit = Integer(validate=validate.Range(min=0))
    async_delay_seconds = Number(allow_none=True, validate=validate.Range(0, clock.LATEST))
    async_fails_midway = Boolean()
    authorized_recipients = texts()
    spillover_pool_id = text()
    subaccounts = records(SubaccountSchema)
    ips = records(IpSchema, "ip")
    ip_pools = records(PoolSchema)
    domains = records(DomainSchema)
    smtp_credentials = records(SmtpCredentialSchema, "login")
    jobs = fields.List(fields.Nested(JobSchema))

    @classmethod
    def accounts(cls, state: Any) -> Mapping[str, str]:
        return {subaccount.id: subaccount.name for subaccount in state.subaccounts.values()}

    @classmethod
    def credentials_of(cls, section: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Return the API keys, then the SMTP passwords, which belong to the tenant of the first API key."""
        keys = section.get("credentials", ())
        tenant = {"tenant": keys[0]["tenant"]} if keys and "tenant" in keys[0] else {}
        logins = [(item["login"], item.get("password")) for item in section.get("smtp_credentials", ())]
        for item in section.get("domains", ()):
            logins.append((f"{POSTMASTER}@{item['name']}", item.get("smtp_password")))
        passwords = [
            {"key": smtp_credential(login, password), **tenant, "domains": [login.rpartition("@")[2]]}
            for login, password in logins
            if password is not None
        ]
        return [*keys, *passwords]

    @classmethod
    def load_state(cls, section: Mapping[str, Any]) -> State:
        """Return the state that a section describes. The state after its jobs has to be valid as well."""
        state = State.load(section)
        if state.jobs and not state.async_fails_midway:
            after = jobs.after_all_jobs(state)
            try:
                check_domains(dict(after.domains.items()), after.pools, after.ips, after.home)
            except SeedError as error:
                raise SeedError(("jobs",), f"state after the jobs: {error}") from None
        return state
