"""What SendGrid keeps of an account: IPs, pools and subusers. Both of its pool APIs look at the same pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import profiles
from ...errors import SeedError
from ...store import State as BaseState
from ...store import Table, plain
from . import catalog


@dataclass(frozen=True, slots=True)
class Ip:
    """A dedicated IP. Its address is an opaque text: the documents name one `0.00.0.0`."""

    ip: str
    rdns: str | None = None
    """Its reverse DNS name; an IP without one can join no pool."""
    enabled: bool = True
    """Whether the account may send from it; an IP that is not can join no pool."""
    region: str = "us"
    warmup: bool = False
    start_date: int | None = None
    """When warm-up began, in seconds since the epoch."""
    parent_assigned: bool = True
    """Whether the parent account may send from it; if not, it can join no pool of the parent."""
    subusers: tuple[str, ...] = ()

    def may_join_pool_of(self, user: str | None) -> bool:
        """Say whether a user, None being the parent account, may put this IP into a pool."""
        owned = self.parent_assigned if user is None else user in self.subusers
        return owned and self.enabled and self.rdns is not None


@dataclass(frozen=True, slots=True)
class Pool:
    """An IP pool of one user: the classic API knows it by name, IP Address Management by id."""

    id: str
    name: str
    ips: tuple[str, ...] = ()
    """In the order they were added."""
    subuser: str | None = None
    """Whose it is; None for the parent account."""


@dataclass(slots=True)
class State(BaseState):
    """One account and its subusers."""

    ips: Table[Ip] = field(default_factory=Table)
    """By address."""
    pools: Table[Pool] = field(default_factory=Table)
    """By id, of every user."""
    subusers: tuple[str, ...] = ()

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes.

        Raises `SeedError` for what is there twice, for a name that stands for nothing, and for a broken limit.
        """
        subusers = tuple(data.get("subusers", ()))
        ips: dict[str, Ip] = {}
        for index, item in enumerate(data.get("ips", ())):
            ip = Ip(**{**item, "subusers": tuple(item.get("subusers", ()))})
            if ip.ip in ips:
                raise SeedError(("ips", index, "ip"), f"{ip.ip} is there twice")
            for place, name in enumerate(ip.subusers):
                if name not in subusers:
                    raise SeedError(("ips", index, "subusers", place), f"there is no subuser '{name}'")
            ips[ip.ip] = ip
        pools: dict[str, Pool] = {}
        names: dict[str | None, set[str]] = {}
        for index, item in enumerate(data.get("pools", ())):
            pool = Pool(**{**item, "ips": tuple(item.get("ips", ()))})
            mine = names.setdefault(pool.subuser, set())
            if pool.id in pools:
                raise SeedError(("pools", index, "id"), f"the id {pool.id} is there twice")
            if pool.subuser is not None and pool.subuser not in subusers:
                raise SeedError(("pools", index, "subuser"), f"there is no subuser '{pool.subuser}'")
            if pool.name in mine:
                raise SeedError(("pools", index, "name"), f"the pool '{pool.name}' is there twice")
            if len(mine) == catalog.MAX_POOLS:
                raise SeedError(("pools", index), f"a user has at most {catalog.MAX_POOLS} pools")
            for place, address in enumerate(pool.ips):
                if address not in ips:
                    raise SeedError(("pools", index, "ips", place), f"there is no IP {address}")
                if not ips[address].may_join_pool_of(pool.subuser):
                    raise SeedError(("pools", index, "ips", place), f"{address} can join no pool of this user")
            pools[pool.id] = pool
            mine.add(pool.name)
        return cls(Table(ips), Table(pools), subusers, profile=profiles.load(data))

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            "subusers": list(self.subusers),
            "ips": [plain(ip) for ip in self.ips.values()],
            "pools": [plain(pool) for pool in self.pools.values()],
        }
