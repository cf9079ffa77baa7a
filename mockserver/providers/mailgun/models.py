"""The state of a Mailgun account: IPs, dedicated IP pools (DIPPs), domains, subaccounts and pending jobs."""

from __future__ import annotations

import bisect
import functools
import math
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...core import ids as identifiers
from ...core import outbox, profiles
from ...core.addresses import normalize_ip
from ...core.errors import SeedError, SeedErrors
from ...core.store import State as BaseState
from ...core.store import Table, to_dict
from .catalog import DETAILED_VIEW, DIPPS, REGIONS, SHARED, STAGE_SECONDS, WARMUP_STAGES

ACCOUNT_ID = "5f3a1c0e9d8b7a6c5e4f3021"
"""The default id of the parent account."""
POSTMASTER = "postmaster"
"""The local part of the login that every domain has."""


@dataclass(frozen=True, slots=True)
class Ip:
    """An IP address of an account."""

    ip: str
    dedicated: bool = True
    warmup: bool = False
    """Whether a warm-up was started; `is_warming` returns whether it still runs."""
    warmup_started_at: int | None = None
    """In seconds since the epoch, like all times here. None: the warm-up stays in its first stage."""
    enabled: bool = True
    rdns: str | None = None
    """Its reverse DNS name; None for the one that Mailgun generates."""
    created_at: int | None = None
    """None: when the account was created."""
    pool_changed_at: int | None = None
    """When it last joined or left a pool; None: when it was created."""
    domains_changed_at: int | None = None
    """When a domain last gained or lost it; None: when it was created."""
    account: str | None = None
    """The subaccount that it belongs to; None for the parent account, here and below."""
    region: str | None = None
    """The region that it is in; None for that of the account, here and below."""

    def is_warming(self, now: float) -> bool:
        """Return whether it is on a warm-up at a time."""
        if self.warmup_started_at is None:
            return self.warmup
        return self.warmup and now < self.warmup_started_at + WARMUP_STAGES * STAGE_SECONDS


@dataclass(frozen=True, slots=True)
class Pool:
    """A DIPP."""

    pool_id: str
    name: str
    description: str = ""
    ips: tuple[str, ...] = ()
    """In the order they were added."""
    account: str | None = None
    delegated_to: tuple[str, ...] = ()
    """The subaccounts that inherit it."""
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A sending domain. Its IPs are those of the linked pool, if a pool is linked.

    The settings after `state` are stored as they were sent; None is Mailgun's default.
    """

    id: str
    name: str
    ips: tuple[str, ...] = ()
    pool_id: str | None = None
    account: str | None = None
    state: str = "active"
    encrypt_incoming_message: bool | None = None
    message_ttl: int | None = None
    require_tls: bool | None = None
    skip_verification: bool | None = None
    spam_action: str | None = None
    use_automatic_sender_security: bool | None = None
    web_prefix: str | None = None
    web_scheme: str | None = None
    wildcard: bool | None = None
    dkim_selector: str | None = None
    open_tracking: bool | None = None
    open_at_the_top: bool | None = None
    """Whether the pixel that tracks opening is at the top of a message."""
    click_tracking: bool | None = None
    unsubscribe_tracking: bool | None = None
    html_footer: str | None = None
    """What is added to an HTML message to unsubscribe."""
    text_footer: str | None = None
    region: str | None = None
    smtp_password_digest: str | None = None
    """As of `SmtpCredential`, for the system's login."""
    spillover_pool_id: str | None = None
    """The pool that takes what the warm-ups of its IPs do not; None for that of the account."""

    @property
    def smtp_login(self) -> str:
        """Return the login of the system's credential, which every domain has."""
        return f"{POSTMASTER}@{self.name}"

    @property
    def is_sandbox(self) -> bool:
        """Return whether it is the sandbox domain that Mailgun creates for an account."""
        return re.fullmatch(r"sandbox[0-9a-f]{32}\.mailgun\.org", self.name) is not None


@dataclass(frozen=True, slots=True)
class SmtpCredential:
    """An SMTP credential of a domain."""

    login: str
    """With the domain's name after `@`."""
    created_at: int
    password_digest: str | None = None
    """The digest of the credential that `credentials.smtp_credential` makes of a password that a request set; None if
    none did, so that the password is the default one or the seed's."""

    @property
    def domain(self) -> str:
        return self.login.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Subaccount:
    """A subaccount."""

    id: str
    name: str
    status: str = "open"
    updated_at: int | None = None
    """When its status last changed; None: when it was created."""
    inherited: tuple[Pool, ...] | None = None
    """The pools that it inherits, as it sees them until jobs update it; None: as they are."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done after the response: see `rules.jobs.run_due_jobs`.

    It updates the domains of a pool, assigns an IP to all domains of an account or removes it, or verifies or deletes a
    domain.
    """

    id: str
    """The `reference_id` of the response."""
    pool_id: str | None = None
    due: float | None = None
    """When it is due, in seconds since the epoch; None: when the control API runs the pending jobs."""
    pool_name: str | None = None
    """The name of the pool, if it is deleted."""
    link: tuple[str, ...] = ()
    """Names of domains to link to the pool."""
    unlink: tuple[str, ...] = ()
    """Names of domains to unlink from the pool."""
    relink_to: str | None = None
    """The pool that replaces the pool."""
    replace_with: str | None = None
    """The IP, or `shared`, that replaces the pool; or the IP that replaces `unassign_ip`."""
    revoke_from: str | None = None
    """The subaccount whose domains lose the pool; other domains keep it."""
    assign_ip: str | None = None
    """The IP that all domains of the account gain."""
    unassign_ip: str | None = None
    """The IP that all domains of the account lose."""
    account: str | None = None
    """The account of `assign_ip` and `unassign_ip`."""
    verify_domain: str | None = None
    """The name of a domain to verify."""
    delete_domain: str | None = None
    """The name of a domain to delete."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """The link of a domain to a pool."""

    domain_id: str
    domain: str
    """The domain's name."""


_JOB_KINDS = ("pool_id", "assign_ip", "unassign_ip", "verify_domain", "delete_domain")
_JOB_IPS = ("assign_ip", "unassign_ip", "replace_with")


def normalize_domain(name: str) -> str:
    """Return the usual spelling of a domain's name, in lower case.

    Only ASCII letters have a case in the DNS; Python would also make `k` of the Kelvin sign.
    """
    return name.lower() if name.isascii() else name


def new_id(time: float, seed: identifiers.IdSeed) -> str:
    """Return 24 hexadecimal characters: the time, a part that differs between tenants, and a number."""
    return f"{int(time) & 0xFFFFFFFF:08x}{seed.salt[:10]}{seed.number & 0xFFFFFF:06x}"


def created_at(record_id: str) -> int:
    """Return the time when a record was created, in seconds since the epoch: the first eight characters of its id."""
    return int(record_id[:8], 16)


@dataclass(slots=True)
class State(BaseState):
    """One account with its subaccounts."""

    ips: Table[Ip] = field(default_factory=Table)
    """By address."""
    pools: Table[Pool] = field(default_factory=Table)
    """By id."""
    domains: Table[Domain] = field(default_factory=Table)
    """By name."""
    smtp_credentials: Table[SmtpCredential] = field(default_factory=Table)
    """By login."""
    subaccounts: Table[Subaccount] = field(default_factory=Table)
    """By id."""
    links: Table[tuple[Link, ...]] = field(default_factory=Table)
    """The links of each pool by its id, sorted. `put_domain` keeps it consistent with `domains`."""
    jobs: Table[Job] = field(default_factory=Table)
    """By id."""
    account_id: str = ACCOUNT_ID
    features: frozenset[str] = frozenset({DIPPS, DETAILED_VIEW})
    eligible_for_shared_ips: bool = False
    new_dedicated_ips: int = 1
    """The number of dedicated IPs that can still be added."""
    subaccount_limit: int | None = None
    """The maximum number of open subaccounts; None: unlimited."""
    async_delay_seconds: float | None = None
    """The delay of jobs after their response, infinite if the control API runs them; None: not set, which means 0."""
    async_fails_midway: bool = False
    """Whether jobs stop after half of the domains, which Mailgun documents as possible."""
    region: str | None = None
    """The region of IPs, pools and domains that name none; None if it is not set."""
    authorized_recipients: frozenset[str] = frozenset()
    """The addresses that a sandbox domain may send to, in lower case."""
    spillover_pool_id: str | None = None
    """As of `Domain`."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes.

        Ids that it does not have are in the format of Mailgun's, of the time when the account was created. A pool or a
        subaccount may be given by its name. Raises `SeedError` for a duplicate, an unknown record, and an invalid
        relation between records.
        """
        data = _with_ids(data)
        errors = SeedErrors()
        subaccounts = _subaccounts(data, errors)
        ips = _keyed(data, "ips", "ip", Ip, errors)
        pools = _keyed(data, "ip_pools", "pool_id", Pool, errors)
        domains = _keyed(data, "domains", "name", Domain, errors)
        logins = _keyed(data, "smtp_credentials", "login", SmtpCredential, errors)
        jobs = _keyed(data, "jobs", "id", Job, errors)
        errors.check()
        for section, records in (("ips", ips), ("ip_pools", pools), ("domains", domains)):
            for index, record in enumerate(records.values()):
                with errors.collected():
                    if record.account is not None and record.account not in subaccounts:
                        raise SeedError((section, index, "account"), f"unknown subaccount '{record.account}'")
        for index, ip in enumerate(ips.values()):
            with errors.collected():
                if ip.warmup and not ip.dedicated:
                    reason = f"warm-up of the shared IP {ip.ip}: expected a dedicated IP"
                    raise SeedError(("ips", index, "warmup"), reason)
                if ip.warmup_started_at is not None and not ip.warmup:
                    reason = f"start of the warm-up of {ip.ip}: expected 'warmup: true'"
                    raise SeedError(("ips", index, "warmup_started_at"), reason)
        for index, job in enumerate(jobs.values()):
            with errors.collected():
                _check_job(index, job, ips)
        home = data.get("region") or REGIONS[0]
        _check_pools(pools, ips, subaccounts, home, errors)
        _check_inherited(subaccounts, ips, errors)
        has_jobs = bool(jobs) or data.get("async_fails_midway", False)
        with errors.collected():
            check_domains(domains, pools, ips, home, has_jobs=has_jobs)
        for index, credential in enumerate(logins.values()):
            with errors.collected():
                if credential.domain not in domains:
                    raise SeedError(("smtp_credentials", index, "login"), f"unknown domain '{credential.domain}'")
        if data.get("spillover_pool_id") not in (None, *pools):
            errors.add(SeedError(("spillover_pool_id",), f"unknown pool '{data['spillover_pool_id']}'"))
        eligible = data.get("eligible_for_shared_ips", False)
        with errors.collected():
            if eligible and all(ip.dedicated or ip.account is not None for ip in ips.values()):
                raise SeedError(("eligible_for_shared_ips",), "expected a shared IP of the account: 'dedicated: false'")
        errors.check()
        return cls(
            profile=profiles.load(data),
            outbox=outbox.load(data),
            ips=Table(ips),
            pools=Table(pools),
            domains=Table(domains),
            links=Table(_links(domains.values())),
            smtp_credentials=Table(logins),
            subaccounts=Table(subaccounts),
            jobs=Table(jobs),
            account_id=data.get("account_id", ACCOUNT_ID),
            features=frozenset(data.get("features", [DIPPS, DETAILED_VIEW])),
            eligible_for_shared_ips=eligible,
            new_dedicated_ips=data.get("new_dedicated_ips", 1),
            subaccount_limit=data.get("subaccount_limit"),
            async_delay_seconds=_delay(data),
            async_fails_midway=data.get("async_fails_midway", False),
            region=data.get("region"),
            authorized_recipients=frozenset([each.lower() for each in data.get("authorized_recipients", ())]),
            spillover_pool_id=data.get("spillover_pool_id"),
        )

    @property
    def job_delay(self) -> float | None:
        return self.async_delay_seconds

    def with_job_delay(self, delay: float | None, default: float | None) -> State:
        found = next((each for each in (delay, self.async_delay_seconds, default) if each is not None), None)
        if found == self.async_delay_seconds:
            return self
        twin = self.copy()
        twin.async_delay_seconds = found
        return twin

    @property
    def home(self) -> str:
        """The region of IPs, pools and domains that name none."""
        return self.region or REGIONS[0]

    def region_of(self, record: Ip | Pool | Domain) -> str:
        """Return the region of an IP, a pool or a domain."""
        return record.region or self.region or REGIONS[0]

    def with_region(self, region: str | None) -> State:
        if region in (None, self.home):
            return self
        twin = self.copy()
        twin.region = region
        return twin

    def inherited_pools(self, account: str) -> list[Pool]:
        """Return the pools that a subaccount inherits, as it sees them."""
        seen = self.subaccounts[account].inherited
        if seen is None:
            return [pool for pool in self.pools.values() if account in pool.delegated_to]
        # only IPs and deletions wait for jobs: a new name is seen at once
        return [replace(self.pools.get(pool.pool_id, pool), ips=pool.ips) for pool in seen]

    def put_domain(self, domain: Domain | None, old: Domain | None = None) -> None:
        """Create a domain, replace `old`, or with None remove `old`."""
        before = old.pool_id if old is not None else None
        after = domain.pool_id if domain is not None else None
        if old is not None and before is not None and before != after:
            link = Link(old.id, old.name)
            links = self.links[before]
            index = bisect.bisect_left(links, link)
            self.links[before] = links[:index] + links[index + 1 :]
            if len(links) == 1:
                del self.links[before]
        if domain is not None and after is not None and before != after:
            link = Link(domain.id, domain.name)
            links = self.links.get(after, ())
            index = bisect.bisect_left(links, link)
            self.links[after] = (*links[:index], link, *links[index:])
        if domain is not None:
            self.domains[domain.name] = domain
        elif old is not None:
            del self.domains[old.name]
            for credential in self.credentials_of(old):
                del self.smtp_credentials[credential.login]

    def credentials_of(self, domain: Domain) -> list[SmtpCredential]:
        """Return the SMTP credentials of a domain without the system's, in order of creation."""
        return [each for each in self.smtp_credentials.values() if each.domain == domain.name]

    def dump(self) -> dict[str, Any]:
        limit = {} if self.subaccount_limit is None else {"subaccount_limit": self.subaccount_limit}
        seconds = self.async_delay_seconds
        delay = {} if seconds is None else {"async_delay_seconds": None if seconds == math.inf else seconds}
        return {
            **self.profile.dump(),
            **self.outbox.dump(),
            **({} if self.region is None else {"region": self.region}),
            **({} if self.spillover_pool_id is None else {"spillover_pool_id": self.spillover_pool_id}),
            **({"authorized_recipients": sorted(self.authorized_recipients)} if self.authorized_recipients else {}),
            "account_id": self.account_id,
            "features": sorted(self.features),
            "eligible_for_shared_ips": self.eligible_for_shared_ips,
            "new_dedicated_ips": self.new_dedicated_ips,
            **limit,
            **delay,
            "async_fails_midway": self.async_fails_midway,
            "subaccounts": [_subaccount_to_dict(record) for record in self.subaccounts.values()],
            "ips": [to_dict(record) for record in self.ips.values()],
            "ip_pools": [to_dict(record) for record in self.pools.values()],
            "domains": [to_dict(record) for record in self.domains.values()],
            "smtp_credentials": [to_dict(record) for record in self.smtp_credentials.values()],
            "jobs": [to_dict(record) for record in self.jobs.values()],
        }


def _delay(data: Mapping[str, Any]) -> float | None:
    """Return the delay of a seed, where null is a delay without end."""
    seconds: float | None = data.get("async_delay_seconds", 0)
    return math.inf if seconds is None else seconds if "async_delay_seconds" in data else None


def _subaccount_to_dict(subaccount: Subaccount) -> dict[str, Any]:
    data = to_dict(subaccount)
    if subaccount.inherited is not None:
        names = ("pool_id", "name", "description", "ips", "region")
        pools = [to_dict(pool) for pool in subaccount.inherited]
        data["inherited"] = [{name: pool[name] for name in names if name in pool} for pool in pools]
    return data


_ID_KEYS = {"subaccounts": "id", "ip_pools": "pool_id", "domains": "id"}
"""The sections whose records have generated ids, and the key of the id."""


def _with_ids(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section of a seed in which every record has an id, and refers to others by their ids."""
    found = dict(data)
    created = created_at(data.get("account_id", ACCOUNT_ID))
    write = functools.partial(new_id, created)
    for section, key in _ID_KEYS.items():
        used = {item[key] for item in data.get(section, ()) if key in item}
        records = []
        for item in data.get(section, ()):
            if key not in item:
                name = f"{section}/{item.get('account', '')}/{item['name']}"
                item = {key: identifiers.seed_id(name, write, used), **item}
                used.add(item[key])
            records.append(item)
        found[section] = records
    names = {
        "account": {item["id"]: item["name"] for item in found["subaccounts"]},
        "pool_id": {item["pool_id"]: item["name"] for item in found["ip_pools"]},
    }
    names["spillover_pool_id"] = names["pool_id"]
    for section in ("ips", "ip_pools", "domains"):
        found[section] = [
            item | {key: identifiers.find_id(item[key], known) for key, known in names.items() if key in item}
            for item in found.get(section, ())
        ]
    if "spillover_pool_id" in found:
        found["spillover_pool_id"] = identifiers.find_id(found["spillover_pool_id"], names["pool_id"])
    logins = found.get("smtp_credentials", ())
    found["smtp_credentials"] = [{"created_at": created, **_without(item, "password")} for item in logins]
    found["domains"] = [_without(item, "smtp_password") for item in found["domains"]]
    for item in found["ip_pools"]:
        item["delegated_to"] = [identifiers.find_id(each, names["account"]) for each in item.get("delegated_to", ())]
    return found


def _without(item: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != key}


def _links(domains: Iterable[Domain]) -> dict[str, tuple[Link, ...]]:
    """Return the links of each pool that has any."""
    links: dict[str, list[Link]] = {}
    for domain in domains:
        if domain.pool_id is not None:
            links.setdefault(domain.pool_id, []).append(Link(domain.id, domain.name))
    return {pool_id: tuple(sorted(each)) for pool_id, each in links.items()}


def _keyed(
    data: Mapping[str, Any],
    section: str,
    key: str,
    record: type[Any],
    errors: SeedErrors,
    above: tuple[str | int, ...] = (),
) -> dict[str, Any]:
    """Return a section's records by their key, with IP addresses in their usual spelling."""
    records: dict[str, Any] = {}
    for index, item in enumerate(data.get(section, ())):
        with errors.collected():
            values: dict[str, Any] = dict(item)
            if "ip" in item:
                values["ip"] = _address((*above, section, index, "ip"), item["ip"])
            for name in _JOB_IPS:
                if item.get(name, SHARED) != SHARED:
                    values[name] = _address((*above, section, index, name), item[name])
            if "ips" in item:
                values["ips"] = [
                    _address((*above, section, index, "ips", number), text) for number, text in enumerate(item["ips"])
                ]
            if values[key] in records:
                raise SeedError((*above, section, index, key), f"duplicate {key} '{values[key]}'")
            records[values[key]] = record(
                **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
            )
    return records


def _subaccounts(data: Mapping[str, Any], errors: SeedErrors) -> dict[str, Subaccount]:
    """Return the subaccounts of a seed by their id."""
    subaccounts: dict[str, Subaccount] = _keyed(data, "subaccounts", "id", Subaccount, errors)
    for index, item in enumerate(data.get("subaccounts", ())):
        if "inherited" in item:
            pools = _keyed(item, "inherited", "pool_id", Pool, errors, ("subaccounts", index))
            subaccounts[item["id"]] = replace(subaccounts[item["id"]], inherited=tuple(pools.values()))
    return subaccounts


def _check_job(index: int, job: Job, ips: Mapping[str, Ip]) -> None:
    """Raise `SeedError` for a job that is not one, or that has an unknown IP."""
    if sum(getattr(job, name) is not None for name in _JOB_KINDS) != 1:
        raise SeedError(("jobs", index), f"expected one of {', '.join(_JOB_KINDS)}")
    for name in _JOB_IPS:
        address = getattr(job, name)
        is_shared = name == "replace_with" and job.pool_id is not None and address == SHARED
        if address is not None and address not in ips and not is_shared:
            raise SeedError(("jobs", index, name), f"unknown IP {address}")


def _address(path: tuple[str | int, ...], text: str) -> str:
    address = normalize_ip(text)
    if address is None:
        raise SeedError(path, f"expected an IP address, got '{text}'")
    return address


def _why_not_in_pool(ip: Ip | None, account: str | None) -> str | None:
    """Return the reason why an IP, None for an unknown one, cannot be in a pool of an account; None if it can."""
    if ip is None:
        return "it is not in 'ips'"
    if not ip.dedicated:
        return "it is shared (dedicated: false)"
    if ip.account != account:
        return f"it belongs to {'the parent account' if ip.account is None else f'subaccount {ip.account}'} (account)"
    return None


def _check_pools(
    pools: Mapping[str, Pool],
    ips: Mapping[str, Ip],
    subaccounts: Mapping[str, Subaccount],
    home: str,
    errors: SeedErrors,
) -> None:
    """Collect errors of pools with an IP, or delegated to a subaccount, that they cannot have."""
    in_pool: dict[str, str] = {}
    for index, pool in enumerate(pools.values()):
        for position, address in enumerate(pool.ips):
            with errors.collected():
                path = ("ip_pools", index, "ips", position)
                reason = _why_not_in_pool(ips.get(address), pool.account)
                if reason is not None:
                    raise SeedError(path, f"expected a dedicated IP of the account, got {address}: {reason}")
                if (ips[address].region or home) != (pool.region or home):
                    raise SeedError(path, f"expected an IP in the region of the pool, got {address}")
                if address in in_pool:
                    raise SeedError(path, f"duplicate IP {address}: it is in the pool {in_pool[address]}")
                in_pool[address] = pool.pool_id
        for position, account in enumerate(pool.delegated_to):
            with errors.collected():
                if account not in subaccounts or pool.account is not None:
                    raise SeedError(("ip_pools", index, "delegated_to", position), f"unknown subaccount '{account}'")


def _check_inherited(subaccounts: Mapping[str, Subaccount], ips: Mapping[str, Ip], errors: SeedErrors) -> None:
    """Collect errors of inherited pools with an IP that they cannot have."""
    for index, subaccount in enumerate(subaccounts.values()):
        for number, pool in enumerate(subaccount.inherited or ()):
            for position, address in enumerate(pool.ips):
                with errors.collected():
                    reason = _why_not_in_pool(ips.get(address), None)
                    if reason is not None:
                        path = ("subaccounts", index, "inherited", number, "ips", position)
                        raise SeedError(path, f"expected a dedicated IP of the parent account, got {address}: {reason}")


def check_domains(
    domains: MutableMapping[str, Domain],
    pools: Mapping[str, Pool],
    ips: Mapping[str, Ip],
    home: str,
    *,
    has_jobs: bool = False,
) -> None:
    """Raise `SeedError` for a domain with an IP or a pool that it cannot have. Linked domains get the pool's IPs.

    `home` is the region of records that name none.
    With pending or failing jobs, a linked domain may still have other IPs than its pool.
    """
    ids: set[str] = set()
    errors = SeedErrors()
    for index, (name, domain) in enumerate(domains.items()):
        with errors.collected():
            if domain.id in ids:
                raise SeedError(("domains", index, "id"), f"duplicate id '{domain.id}'")
            ids.add(domain.id)
            if domain.spillover_pool_id not in (None, *pools):
                raise SeedError(("domains", index, "spillover_pool_id"), f"unknown pool '{domain.spillover_pool_id}'")
            for position, address in enumerate(domain.ips):
                path = ("domains", index, "ips", position)
                if address not in ips or ips[address].account not in (None, domain.account):
                    raise SeedError(path, f"unknown IP {address}")
                if (ips[address].region or home) != (domain.region or home):
                    raise SeedError(path, f"expected an IP in the region of the domain, got {address}")
                if address in domain.ips[:position]:
                    raise SeedError(path, f"duplicate IP {address}")
            if domain.pool_id is not None and not has_jobs:
                domains[name] = replace(domain, ips=_ips_of_pool(index, domain, pools.get(domain.pool_id), home))
    errors.check()


def _ips_of_pool(index: int, domain: Domain, pool: Pool | None, home: str) -> tuple[str, ...]:
    """Return the IPs of the pool that a domain is linked to. Raises `SeedError` if it cannot be."""
    if pool is None or domain.account not in (pool.account, *pool.delegated_to):
        raise SeedError(("domains", index, "pool_id"), f"unknown pool '{domain.pool_id}'")
    if (pool.region or home) != (domain.region or home):
        reason = f"expected a pool in the region of the domain, got '{domain.pool_id}'"
        raise SeedError(("domains", index, "pool_id"), reason)
    if not pool.ips:
        raise SeedError(("domains", index, "pool_id"), f"pool '{domain.pool_id}': expected a pool with an IP")
    if domain.ips and domain.ips != pool.ips:
        raise SeedError(("domains", index, "ips"), "expected the IPs of the linked pool")
    return pool.ips
