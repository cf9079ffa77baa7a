"""What SparkPost keeps of an account: pools, sending IPs, subaccounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core import profiles
from ...core.errors import SeedError
from ...core.store import State as BaseState
from ...core.store import Table, to_dict
from .catalog import DEFAULT_POOL, IP_LIMIT, SHARED_POOL


@dataclass(frozen=True, slots=True)
class Pool:
    """An IP pool. Its IPs are those that name it."""

    id: str
    name: str
    fbl_signing_domain: str | None = None
    signing_domain: str | None = None
    auto_warmup_overflow_pool: str | None = None
    """The id of another pool, or `SHARED_POOL`. A pool that is one has none."""


@dataclass(frozen=True, slots=True)
class SendingIp:
    """A dedicated IP, in exactly one pool."""

    external_ip: str
    hostname: str
    ip_pool: str = DEFAULT_POOL
    customer_provided: bool = False
    auto_warmup_stage: int | None = None
    """The stage of warm-up that it came to; None while it is not warming up."""
    auto_warmup_since: float | None = None
    """When it came to that stage, in seconds since the epoch; None: it stays there."""


@dataclass(frozen=True, slots=True)
class Subaccount:
    id: int
    name: str
    status: str = "active"
    ip_pool: str | None = None
    """The pool that its mail is confined to, which need not exist."""
    compliance_status: str = "active"
    deliverability: bool = False
    """Whether it has the option of that name."""
    created_at: float = 0.0
    """In seconds since the epoch."""
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Key:
    """An API key of a subaccount, by what cannot be used as one."""

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
    """By id, as a text."""
    keys: Table[Key] = field(default_factory=Table)
    """Those that were made with subaccounts, by digest."""
    dedicated_ip_limit: int = int(IP_LIMIT)
    """How many IPs it may have, besides those that the customer provided."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes; it always has the default pool, last if the seed does not say.

        Raises `SeedError` for an id or address that is there twice, for a pool with the name of SparkPost's own, for an
        IP in a pool that is not there, and for an overflow pool that is none.
        """
        pools: dict[str, Pool] = {}
        for index, item in enumerate(data.get("ip_pools", ())):
            if item["id"] == SHARED_POOL:
                raise SeedError(("ip_pools", index, "id"), f"'{SHARED_POOL}' is not the account's own")
            if item["id"] in pools:
                raise SeedError(("ip_pools", index, "id"), f"the pool {item['id']} is there twice")
            pools[item["id"]] = Pool(**item)
        pools.setdefault(DEFAULT_POOL, Pool(DEFAULT_POOL, "Default"))
        _check_overflow(pools)
        ips: dict[str, SendingIp] = {}
        for index, item in enumerate(data.get("sending_ips", ())):
            ip = SendingIp(**_whole(item, "auto_warmup_stage"))
            if ip.external_ip in ips:
                raise SeedError(("sending_ips", index, "external_ip"), f"{ip.external_ip} is there twice")
            if ip.ip_pool not in pools:
                raise SeedError(("sending_ips", index, "ip_pool"), f"there is no pool '{ip.ip_pool}'")
            ips[ip.external_ip] = ip
        subaccounts: dict[str, Subaccount] = {}
        for index, item in enumerate(data.get("subaccounts", ())):
            subaccount = Subaccount(**_whole(item, "id"))
            if str(subaccount.id) in subaccounts:
                raise SeedError(("subaccounts", index, "id"), f"the subaccount {subaccount.id} is there twice")
            subaccounts[str(subaccount.id)] = subaccount
        keys: dict[str, Key] = {}
        for index, item in enumerate(data.get("keys", ())):
            key = Key(**_whole(item, "subaccount"))
            if str(key.subaccount) not in subaccounts:
                raise SeedError(("keys", index, "subaccount"), f"there is no subaccount {key.subaccount}")
            keys[key.digest] = key
        return cls(
            Table(pools),
            Table(ips),
            Table(subaccounts),
            Table(keys),
            int(data.get("dedicated_ip_limit", IP_LIMIT)),
            profile=profiles.load(data),
        )

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            "dedicated_ip_limit": self.dedicated_ip_limit,
            "ip_pools": [to_dict(pool) for pool in self.pools.values()],
            "sending_ips": [to_dict(ip) for ip in self.ips.values()],
            "subaccounts": [to_dict(subaccount) for subaccount in self.subaccounts.values()],
            "keys": [to_dict(key) for key in self.keys.values()],
        }


def _whole(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a record's fields, the named number an `int`: to JSON, 5.0 is an integer too."""
    return {**item, name: int(item[name])} if name in item else dict(item)


def _check_overflow(pools: dict[str, Pool]) -> None:
    """Refuse an overflow pool that is not there, and one that has an overflow pool itself."""
    for index, pool in enumerate(pools.values()):
        overflow = pool.auto_warmup_overflow_pool
        if overflow is None or overflow == SHARED_POOL:
            continue
        path = ("ip_pools", index, "auto_warmup_overflow_pool")
        if pool.id == DEFAULT_POOL:
            raise SeedError(path, f"the pool {DEFAULT_POOL} can only overflow into the {SHARED_POOL}")
        if overflow not in pools:
            raise SeedError(path, f"there is no pool '{overflow}'")
        if pools[overflow].auto_warmup_overflow_pool is not None:
            raise SeedError(path, f"the pool {overflow} has an overflow pool and cannot be one")
