"""What Mailgun keeps of an account: IPs, dedicated IP pools (DIPPs), domains, subaccounts, work still to be done."""

from __future__ import annotations

import bisect
import ipaddress
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...core import profiles
from ...core.errors import SeedError
from ...core.store import State as BaseState
from ...core.store import Table, to_dict
from .catalog import DETAILED_VIEW, DIPPS, SHARED, STAGE_SECONDS, WARMUP_STAGES

ACCOUNT_ID = "5f3a1c0e9d8b7a6c5e4f3021"
"""The id of the parent account, where a seed says no other."""


@dataclass(frozen=True, slots=True)
class Ip:
    """An IP address of an account."""

    ip: str
    dedicated: bool = True
    warmup: bool = False
    """Whether it was put on a warm-up; `is_warming` says whether that still goes on."""
    warmup_started_at: int | None = None
    """In seconds since the epoch, as all times here. None: the warm-up stays in its first stage."""
    enabled: bool = True
    rdns: str | None = None
    """Its name; None for the one that Mailgun makes of it."""
    created_at: int | None = None
    """None: as old as the account."""
    pool_changed_at: int | None = None
    """When it last joined or left a pool; None: when it was made."""
    domains_changed_at: int | None = None
    """When a domain last gained or lost it; None: when it was made."""
    account: str | None = None
    """The subaccount it belongs to; None for the parent, as everywhere below."""

    def is_warming(self, now: float) -> bool:
        """Say whether it is on a warm-up at a time."""
        if self.warmup_started_at is None:
            return self.warmup
        return self.warmup and now < self.warmup_started_at + WARMUP_STAGES * STAGE_SECONDS


@dataclass(frozen=True, slots=True)
class Pool:
    """A DIPP."""

    pool_id: str
    name: str
    description: str
    ips: tuple[str, ...] = ()
    """In the order they were added."""
    account: str | None = None
    delegated_to: tuple[str, ...] = ()
    """The subaccounts that inherit it."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A sending domain and the IPs it sends from: those of the linked pool, if one is linked.

    The settings behind `state` are kept as they were sent; None stands for Mailgun's default.
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

    @property
    def is_sandbox(self) -> bool:
        """Say whether it is the domain that Mailgun gives an account to try things with."""
        return re.fullmatch(r"sandbox[0-9a-f]{32}\.mailgun\.org", self.name) is not None


@dataclass(frozen=True, slots=True)
class Subaccount:
    id: str
    name: str
    status: str = "open"
    updated_at: int | None = None
    """When its status last changed; None: never since it was made."""


@dataclass(frozen=True, slots=True)
class Job:
    """What an answer has promised, and a later moment does: see `rules.jobs.run_due`.

    It is about a pool, or gives an IP to all domains of an account or takes it from them, or deletes a domain.
    """

    id: str
    """The reference_id of the answer."""
    pool_id: str | None = None
    due: float | None = None
    """When it is done, in seconds since the epoch; None: when `settle` is told to."""
    link: tuple[str, ...] = ()
    """Names of domains to link to the pool."""
    unlink: tuple[str, ...] = ()
    """Names of domains to unlink from it."""
    relink_to: str | None = None
    """The pool that replaces it."""
    replace_with: str | None = None
    """The IP that replaces it, or `shared`; or that replaces `unassign_ip`."""
    revoke_from: str | None = None
    """The subaccount whose domains alone lose it."""
    assign_ip: str | None = None
    """The IP that all domains of the account gain."""
    unassign_ip: str | None = None
    """The IP that all domains of the account lose."""
    account: str | None = None
    """The account of `assign_ip` and `unassign_ip`."""
    delete_domain: str | None = None
    """The name of a domain to delete."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """That a domain is linked to a pool."""

    domain_id: str
    domain: str
    """Its name."""


_JOB_IPS = ("assign_ip", "unassign_ip", "replace_with")
_WHOLE = {"warmup_started_at", "created_at", "pool_changed_at", "domains_changed_at", "updated_at", "message_ttl"}
"""What is an `int` here; to JSON, 5.0 is an integer too."""


def created(record_id: str) -> int:
    """Return when an id was made: its first eight characters are the time, in seconds since the epoch."""
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
    subaccounts: Table[Subaccount] = field(default_factory=Table)
    """By id."""
    links: Table[tuple[Link, ...]] = field(default_factory=Table)
    """By id of a pool, what is linked to it, in order: follows from `domains`, which `put_domain` alone changes."""
    jobs: Table[Job] = field(default_factory=Table)
    """By reference_id."""
    account_id: str = ACCOUNT_ID
    features: frozenset[str] = frozenset({DIPPS, DETAILED_VIEW})
    eligible_for_shared_ips: bool = False
    new_dedicated_ips: int = 1
    """How many dedicated IPs the plan allows to be added."""
    subaccount_limit: int | None = None
    """How many subaccounts may be open; None: any number."""
    async_delay_seconds: float | None = 0
    """How long after its answer the work on domains and subaccounts is done; None: when it is told to."""
    async_fails_midway: bool = False
    """Whether that work stops after half of the domains, as the service says it can."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes.

        Raises `SeedError` for what is there twice, for a name that stands for nothing, and for a broken relation.
        """
        subaccounts: dict[str, Subaccount] = _keyed(data, "subaccounts", "id", Subaccount)
        ips = _keyed(data, "ips", "ip", Ip)
        pools = _keyed(data, "ip_pools", "pool_id", Pool)
        domains = _keyed(data, "domains", "name", Domain)
        jobs = _keyed(data, "jobs", "id", Job)
        for section, records in (("ips", ips), ("ip_pools", pools), ("domains", domains)):
            for index, record in enumerate(records.values()):
                if record.account is not None and record.account not in subaccounts:
                    raise SeedError((section, index, "account"), f"there is no subaccount '{record.account}'")
        for index, ip in enumerate(ips.values()):
            if ip.warmup and not ip.dedicated:
                raise SeedError(("ips", index, "warmup"), f"{ip.ip} is shared; only a dedicated IP is warmed up")
            if ip.warmup_started_at is not None and not ip.warmup:
                raise SeedError(("ips", index, "warmup_started_at"), f"{ip.ip} is not on a warm-up")
        for index, job in enumerate(jobs.values()):
            if len([each for each in (job.pool_id, job.assign_ip, job.unassign_ip, job.delete_domain) if each]) != 1:
                reason = "is about one of pool_id, assign_ip, unassign_ip, delete_domain"
                raise SeedError(("jobs", index), reason)
            for name in _JOB_IPS:
                address = getattr(job, name)
                spare = name == "replace_with" and job.pool_id is not None and address == SHARED
                if address is not None and address not in ips and not spare:
                    raise SeedError(("jobs", index, name), f"the account has no IP {address}")
        _check_pools(pools, ips, subaccounts)
        unfinished = bool(jobs) or data.get("async_fails_midway", False)
        check_domains(domains, pools, ips, unfinished=unfinished)
        eligible = data.get("eligible_for_shared_ips", False)
        if eligible and all(ip.dedicated or ip.account is not None for ip in ips.values()):
            raise SeedError(("eligible_for_shared_ips",), "the account has no IP that is not dedicated")
        return cls(
            profile=profiles.load(data),
            ips=Table(ips),
            pools=Table(pools),
            domains=Table(domains),
            links=Table(_links(domains.values())),
            subaccounts=Table(subaccounts),
            jobs=Table(jobs),
            account_id=data.get("account_id", ACCOUNT_ID),
            features=frozenset(data.get("features", [DIPPS, DETAILED_VIEW])),
            eligible_for_shared_ips=eligible,
            new_dedicated_ips=int(data.get("new_dedicated_ips", 1)),
            subaccount_limit=int(data["subaccount_limit"]) if "subaccount_limit" in data else None,
            async_delay_seconds=data.get("async_delay_seconds", 0),
            async_fails_midway=data.get("async_fails_midway", False),
        )

    def put_domain(self, domain: Domain | None, old: Domain | None = None) -> None:
        """Make a domain, put another in the place of `old`, or remove `old`."""
        before = old.pool_id if old is not None else None
        after = domain.pool_id if domain is not None else None
        if old is not None and before is not None and before != after:
            link = Link(old.id, old.name)
            links = self.links[before]
            place = bisect.bisect_left(links, link)
            self.links[before] = links[:place] + links[place + 1 :]
            if len(links) == 1:
                del self.links[before]
        if domain is not None and after is not None and before != after:
            link = Link(domain.id, domain.name)
            links = self.links.get(after, ())
            place = bisect.bisect_left(links, link)
            self.links[after] = (*links[:place], link, *links[place:])
        if domain is not None:
            self.domains[domain.name] = domain
        elif old is not None:
            del self.domains[old.name]

    def dump(self) -> dict[str, Any]:
        limit = {} if self.subaccount_limit is None else {"subaccount_limit": self.subaccount_limit}
        return {
            **self.profile.dump(),
            "account_id": self.account_id,
            "features": sorted(self.features),
            "eligible_for_shared_ips": self.eligible_for_shared_ips,
            "new_dedicated_ips": self.new_dedicated_ips,
            **limit,
            "async_delay_seconds": self.async_delay_seconds,
            "async_fails_midway": self.async_fails_midway,
            "subaccounts": [to_dict(record) for record in self.subaccounts.values()],
            "ips": [to_dict(record) for record in self.ips.values()],
            "ip_pools": [to_dict(record) for record in self.pools.values()],
            "domains": [to_dict(record) for record in self.domains.values()],
            "jobs": [to_dict(record) for record in self.jobs.values()],
        }


def canonical(address: str) -> str | None:
    """Return an IP address in its usual spelling; None when it is none."""
    try:
        return str(ipaddress.ip_address(address)) if "%" not in address else None
    except ValueError:
        return None


def _links(domains: Iterable[Domain]) -> dict[str, tuple[Link, ...]]:
    """Return the links of each pool that has any."""
    links: dict[str, list[Link]] = {}
    for domain in domains:
        if domain.pool_id is not None:
            links.setdefault(domain.pool_id, []).append(Link(domain.id, domain.name))
    return {pool_id: tuple(sorted(each)) for pool_id, each in links.items()}


def _keyed(data: Mapping[str, Any], section: str, key: str, record: type[Any]) -> dict[str, Any]:
    """Return a section's records by their key, every address in its usual spelling."""
    records: dict[str, Any] = {}
    for index, item in enumerate(data.get(section, ())):
        values: dict[str, Any] = {name: int(value) if name in _WHOLE else value for name, value in item.items()}
        if "ip" in item:
            values["ip"] = _address((section, index, "ip"), item["ip"])
        for name in _JOB_IPS:
            if item.get(name, SHARED) != SHARED:
                values[name] = _address((section, index, name), item[name])
        if "ips" in item:
            values["ips"] = [_address((section, index, "ips", place), text) for place, text in enumerate(item["ips"])]
        if values[key] in records:
            raise SeedError((section, index, key), f"{values[key]} is there twice")
        records[values[key]] = record(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        )
    return records


def _address(path: tuple[str | int, ...], text: str) -> str:
    address = canonical(text)
    if address is None:
        raise SeedError(path, f"'{text}' is no IP address")
    return address


def _check_pools(pools: dict[str, Pool], ips: dict[str, Ip], subaccounts: dict[str, Subaccount]) -> None:
    """Refuse a pool with an IP that cannot be in it, or delegated to whom it cannot be."""
    in_pool: dict[str, str] = {}
    for index, pool in enumerate(pools.values()):
        for place, address in enumerate(pool.ips):
            path = ("ip_pools", index, "ips", place)
            if address not in ips or not ips[address].dedicated or ips[address].account != pool.account:
                raise SeedError(path, f"the account has no dedicated IP {address}")
            if address in in_pool:
                raise SeedError(path, f"{address} is in the pool {in_pool[address]} already")
            in_pool[address] = pool.pool_id
        for place, account in enumerate(pool.delegated_to):
            if account not in subaccounts or pool.account is not None:
                raise SeedError(("ip_pools", index, "delegated_to", place), f"no subaccount '{account}' to take it")


def check_domains(
    domains: MutableMapping[str, Domain], pools: Mapping[str, Pool], ips: Mapping[str, Ip], *, unfinished: bool = False
) -> None:
    """Refuse a domain with an IP or a pool that it cannot have; give a linked one the pool's IPs.

    While work on pools is still to be done, or can fail, a domain may have what only that work takes from it.
    """
    ids: set[str] = set()
    for index, (name, domain) in enumerate(domains.items()):
        if domain.id in ids:
            raise SeedError(("domains", index, "id"), f"the id {domain.id} is there twice")
        ids.add(domain.id)
        for place, address in enumerate(domain.ips):
            if address not in ips or ips[address].account not in (None, domain.account):
                raise SeedError(("domains", index, "ips", place), f"the account has no IP {address}")
            if address in domain.ips[:place]:
                raise SeedError(("domains", index, "ips", place), f"{address} is there twice")
        if domain.pool_id is None or unfinished:
            continue
        pool = pools.get(domain.pool_id)
        if pool is None or domain.account not in (pool.account, *pool.delegated_to):
            raise SeedError(("domains", index, "pool_id"), f"the account has no pool {domain.pool_id}")
        if not pool.ips:
            raise SeedError(("domains", index, "pool_id"), f"the pool {domain.pool_id} has no IP")
        if domain.ips and domain.ips != pool.ips:
            raise SeedError(("domains", index, "ips"), "are not those of the linked pool")
        domains[name] = replace(domain, ips=pool.ips)
