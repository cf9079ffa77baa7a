"""What Mailgun keeps of an account: IPs, dedicated IP pools (DIPPs), domains, subaccounts, work still to be done."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ... import profiles
from ...errors import SeedError
from ...store import State as BaseState
from ...store import Table, plain
from .catalog import DIPPS


@dataclass(frozen=True, slots=True)
class Ip:
    """An IP address of an account."""

    ip: str
    dedicated: bool = True
    warmup: bool = False
    account: str | None = None
    """The subaccount it belongs to; None for the parent, as everywhere below."""


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
    """A sending domain and the IPs it sends from: those of the linked pool, if one is linked."""

    id: str
    name: str
    ips: tuple[str, ...] = ()
    pool_id: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Subaccount:
    id: str
    name: str
    status: str = "open"


@dataclass(frozen=True, slots=True)
class Job:
    """What an answer has promised about a pool, and a later moment does: see `rules.settle`."""

    id: str
    """The reference_id of the answer."""
    pool_id: str
    due: float | None = None
    """When it is done, in seconds since the epoch; None: when `settle` is told to."""
    link: tuple[str, ...] = ()
    """Names of domains to link to the pool."""
    unlink: tuple[str, ...] = ()
    """Names of domains to unlink from it."""
    relink_to: str | None = None
    """The pool that replaces it everywhere."""
    replace_with: str | None = None
    """The IP that replaces it everywhere, or `shared`."""
    revoke_from: str | None = None
    """The subaccount whose domains lose it."""


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
    jobs: Table[Job] = field(default_factory=Table)
    """By reference_id."""
    features: frozenset[str] = frozenset({DIPPS})
    eligible_for_shared_ips: bool = False
    async_delay_seconds: float | None = 0
    """How long after its answer the work on domains and subaccounts is done; None: when it is told to."""
    async_fails_midway: bool = False
    """Whether that work stops after half of the domains, as the service says it can."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes.

        Raises `SeedError` for what is there twice, for a name that stands for nothing, and for a broken relation.
        """
        subaccounts = _keyed(data, "subaccounts", "id", Subaccount)
        ips = _keyed(data, "ips", "ip", Ip)
        pools = _keyed(data, "ip_pools", "pool_id", Pool)
        domains = _keyed(data, "domains", "name", Domain)
        jobs = _keyed(data, "jobs", "id", Job)
        for section, records in (("ips", ips), ("ip_pools", pools), ("domains", domains)):
            for index, record in enumerate(records.values()):
                if record.account is not None and record.account not in subaccounts:
                    raise SeedError((section, index, "account"), f"there is no subaccount '{record.account}'")
        _check_pools(pools, ips, subaccounts)
        unfinished = bool(jobs) or data.get("async_fails_midway", False)
        _check_domains(domains, pools, ips, unfinished=unfinished)
        eligible = data.get("eligible_for_shared_ips", False)
        if eligible and all(ip.dedicated or ip.account is not None for ip in ips.values()):
            raise SeedError(("eligible_for_shared_ips",), "the account has no IP that is not dedicated")
        return cls(
            profile=profiles.load(data),
            ips=Table(ips),
            pools=Table(pools),
            domains=Table(domains),
            subaccounts=Table(subaccounts),
            jobs=Table(jobs),
            features=frozenset(data.get("features", [DIPPS])),
            eligible_for_shared_ips=eligible,
            async_delay_seconds=data.get("async_delay_seconds", 0),
            async_fails_midway=data.get("async_fails_midway", False),
        )

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            "features": sorted(self.features),
            "eligible_for_shared_ips": self.eligible_for_shared_ips,
            "async_delay_seconds": self.async_delay_seconds,
            "async_fails_midway": self.async_fails_midway,
            "subaccounts": [plain(record) for record in self.subaccounts.values()],
            "ips": [plain(record) for record in self.ips.values()],
            "ip_pools": [plain(record) for record in self.pools.values()],
            "domains": [plain(record) for record in self.domains.values()],
            "jobs": [plain(record) for record in self.jobs.values()],
        }


def canonical(address: str) -> str | None:
    """Return an IP address in its usual spelling; None when it is none."""
    try:
        return str(ipaddress.ip_address(address)) if "%" not in address else None
    except ValueError:
        return None


def _keyed(data: Mapping[str, Any], section: str, key: str, record: type[Any]) -> dict[str, Any]:
    """Return a section's records by their key, every address in its usual spelling."""
    records: dict[str, Any] = {}
    for index, item in enumerate(data.get(section, ())):
        values = dict(item)
        if "ip" in item:
            values["ip"] = _address((section, index, "ip"), item["ip"])
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


def _check_domains(domains: dict[str, Domain], pools: dict[str, Pool], ips: dict[str, Ip], *, unfinished: bool) -> None:
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
