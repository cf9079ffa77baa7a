"""The state of a SparkPost account: pools, sending IPs, subaccounts and their keys."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...core import outbox, profiles
from ...core.errors import SeedError, SeedErrors
from ...core.ids import find_id
from ...core.store import State as BaseState
from ...core.store import Table, to_dict
from .catalog import DEFAULT_POOL, IP_LIMIT, LARGEST_NUMBER, REGIONS, SHARED_POOL


def new_pool_id(name: str, used: Container[str], size: int | None = None) -> str:
    """Return the id for a name: lower case, an underscore for any other character, and a number if it is in use.

    The one documented pair is `Marketing IP Pool` and `marketing_ip_pool`; the rest is assumed. `size` is the maximum
    length.
    """
    plain = re.sub("[^A-Za-z0-9_]", "_", name).lower()
    if plain == DEFAULT_POOL:
        return plain
    suffixes = itertools.chain([""], (f"_{number}" for number in itertools.count(1)))
    candidates = (plain[: None if size is None else size - len(suffix)] + suffix for suffix in suffixes)
    return next(each for each in candidates if each not in used)


def new_hostname(number: int) -> str:
    """Return the host name of an IP of SparkPost's."""
    return f"mta{number}a.sparkpostmail.com"


def new_subaccount_id(used: Container[int], largest: int) -> int:
    """Return the largest id in use plus one, or the smallest unused one if that is too large."""
    if largest < LARGEST_NUMBER:
        return largest + 1
    return next(number for number in itertools.count(1) if number not in used)


@dataclass(frozen=True, slots=True)
class Pool:
    """An IP pool. Its IPs are those whose `ip_pool` is its id."""

    id: str
    name: str
    fbl_signing_domain: str | None = None
    signing_domain: str | None = None
    auto_warmup_overflow_pool: str | None = None
    """The id of another pool, or `SHARED_POOL`. An overflow pool has no overflow pool itself."""


@dataclass(frozen=True, slots=True)
class SendingIp:
    """A dedicated IP, in exactly one pool."""

    external_ip: str
    hostname: str
    ip_pool: str = DEFAULT_POOL
    customer_provided: bool = False
    auto_warmup_stage: int | None = None
    """Its stage of warm-up at `auto_warmup_since`; None if it is not warming up."""
    auto_warmup_since: float | None = None
    """When it reached that stage, in seconds since the epoch; None: it stays in that stage."""


@dataclass(frozen=True, slots=True)
class Subaccount:
    """A subaccount."""

    id: int
    name: str
    status: str = "active"
    ip_pool: str | None = None
    """The id of the pool that it is restricted to, which may be unknown."""
    compliance_status: str = "active"
    deliverability: bool = False
    """Whether it has the option of that name."""
    created_at: float = 0.0
    """In seconds since the epoch, with a fraction: subaccounts are sorted by their times."""
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Key:
    """An API key of a subaccount. Only its digest is stored."""

    digest: str
    subaccount: int


@dataclass(slots=True)
class State(BaseState):
    """One account."""

    pools: Table[Pool] = field(default_factory=Table)
    """By id."""
    ips: Table[SendingIp] = field(default_factory=Table)
    """By address."""
    subaccounts: Table[Subaccount] = field(default_factory=Table)
    """By id, as a string."""
    keys: Table[Key] = field(default_factory=Table)
    """The keys that were created with subaccounts, by digest."""
    dedicated_ip_limit: int = int(IP_LIMIT)
    """The number of IPs that it may have, without those that the customer provided."""
    region: str | None = None
    """The region of the account; None if it is not set."""
    sending_domains: tuple[str, ...] | None = None
    """The domains that it may send from, in lower case; None for all."""
    sandbox_messages: int = 0
    """The number of messages that it has sent from the sandbox domain."""

    @property
    def home(self) -> str:
        """The region that the account and all in it is in."""
        return self.region or REGIONS[0]

    def with_region(self, region: str | None) -> State:
        if region in (None, self.home):
            return self
        twin = self.copy()
        twin.region = region
        return twin

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes. If the seed has no default pool, it is added as the last one.

        Ids, names and host names that it does not have are those of records that requests create. A pool of an IP or
        an overflow pool may be given by its name.

        Raises `SeedError` for a duplicate, an unknown pool or subaccount, a reserved pool id, and an overflow pool that
        is not allowed.
        """
        errors = SeedErrors()
        pools: dict[str, Pool] = {}
        indexes: dict[str, int] = {}
        for index, item in enumerate(_with_pool_ids(data.get("ip_pools", ()))):
            with errors.collected():
                if item["id"] == SHARED_POOL:
                    raise SeedError(("ip_pools", index, "id"), f"reserved id '{SHARED_POOL}'")
                if item["id"] in pools:
                    raise SeedError(("ip_pools", index, "id"), f"duplicate id '{item['id']}'")
                pools[item["id"]] = Pool(**item)
                indexes[item["id"]] = index
        pools.setdefault(DEFAULT_POOL, Pool(DEFAULT_POOL, "Default"))
        names = {pool.id: pool.name for pool in pools.values()}
        for pool in pools.values():
            if pool.auto_warmup_overflow_pool is not None:
                overflow = find_id(pool.auto_warmup_overflow_pool, names)
                pools[pool.id] = replace(pool, auto_warmup_overflow_pool=overflow)
        for pool_id, index in indexes.items():
            with errors.collected():
                _check_overflow(index, pools[pool_id], pools)
        ips: dict[str, SendingIp] = {}
        hosts = {item["hostname"] for item in data.get("sending_ips", ()) if "hostname" in item}
        new_hosts = (host for number in itertools.count(1) if (host := new_hostname(number)) not in hosts)
        for index, item in enumerate(data.get("sending_ips", ())):
            ip_pool = find_id(item.get("ip_pool", DEFAULT_POOL), names)
            ip = SendingIp(**{**item, "hostname": item.get("hostname") or next(new_hosts), "ip_pool": ip_pool})
            with errors.collected():
                if ip.external_ip in ips:
                    raise SeedError(("sending_ips", index, "external_ip"), f"duplicate IP {ip.external_ip}")
                if ip.ip_pool not in pools:
                    raise SeedError(("sending_ips", index, "ip_pool"), f"unknown pool '{ip.ip_pool}'")
                ips[ip.external_ip] = ip
        subaccounts: dict[str, Subaccount] = {}
        used = {item["id"] for item in data.get("subaccounts", ()) if "id" in item}
        for index, item in enumerate(data.get("subaccounts", ())):
            number = item["id"] if "id" in item else new_subaccount_id(used, max(used, default=0))
            used.add(number)
            subaccount = Subaccount(**{**item, "id": number})
            with errors.collected():
                if str(subaccount.id) in subaccounts:
                    raise SeedError(("subaccounts", index, "id"), f"duplicate id {subaccount.id}")
                subaccounts[str(subaccount.id)] = subaccount
        keys: dict[str, Key] = {}
        for index, item in enumerate(data.get("keys", ())):
            key = Key(**item)
            with errors.collected():
                if str(key.subaccount) not in subaccounts:
                    raise SeedError(("keys", index, "subaccount"), f"unknown subaccount {key.subaccount}")
                keys[key.digest] = key
        errors.check()
        domains = data.get("sending_domains")
        return cls(
            Table(pools),
            Table(ips),
            Table(subaccounts),
            Table(keys),
            data.get("dedicated_ip_limit", int(IP_LIMIT)),
            data.get("region"),
            None if domains is None else tuple([domain.lower() for domain in domains]),
            data.get("sandbox_messages", 0),
            profile=profiles.load(data),
            outbox=outbox.load(data),
        )

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            **self.outbox.dump(),
            **({} if self.region is None else {"region": self.region}),
            **({} if self.sending_domains is None else {"sending_domains": list(self.sending_domains)}),
            **({"sandbox_messages": self.sandbox_messages} if self.sandbox_messages else {}),
            "dedicated_ip_limit": self.dedicated_ip_limit,
            "ip_pools": [to_dict(pool) for pool in self.pools.values()],
            "sending_ips": [to_dict(ip) for ip in self.ips.values()],
            "subaccounts": [to_dict(subaccount) for subaccount in self.subaccounts.values()],
            "keys": [to_dict(key) for key in self.keys.values()],
        }


def _with_pool_ids(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the pools of a seed, each with an id and a name."""
    used = {item["id"] for item in items if "id" in item}
    found = []
    for item in items:
        identifier = item["id"] if "id" in item else new_pool_id(item["name"], used)
        used.add(identifier)
        found.append({**item, "id": identifier, "name": item.get("name", identifier)})
    return found


def _check_overflow(index: int, pool: Pool, pools: Mapping[str, Pool]) -> None:
    """Raise `SeedError` for an overflow pool that is unknown, or has an overflow pool itself."""
    overflow = pool.auto_warmup_overflow_pool
    if overflow is None or overflow == SHARED_POOL:
        return
    path = ("ip_pools", index, "auto_warmup_overflow_pool")
    if pool.id == DEFAULT_POOL:
        raise SeedError(path, f"overflow pool of '{DEFAULT_POOL}': expected '{SHARED_POOL}', got '{overflow}'")
    if overflow not in pools:
        raise SeedError(path, f"unknown pool '{overflow}'")
    if pools[overflow].auto_warmup_overflow_pool is not None:
        raise SeedError(path, f"pool '{overflow}' has an overflow pool: expected a pool without one")
