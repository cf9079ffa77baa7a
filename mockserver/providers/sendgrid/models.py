"""What SendGrid keeps of an account: IPs, pools and subusers. Both of its pool APIs look at the same pools."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...core import profiles
from ...core.errors import SeedError
from ...core.store import State as BaseState
from ...core.store import Table, to_dict
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
    """When warm-up began, in seconds since the epoch; in a seed that does not say, when the account got the IP."""
    parent_assigned: bool = True
    """Whether the parent account may send from it; if not, it can join no pool of the parent."""
    subusers: tuple[str, ...] = ()
    leased: bool = True
    """Whether it is SendGrid's; if not, the customer brought it."""
    added_at: int = 1_664_390_835
    """When the account got it, in seconds since the epoch; the moment of the documents' example, unless a seed says."""
    updated_at: int | None = None
    """When its settings were last changed, in seconds since the epoch."""

    def is_of(self, user: str | None) -> bool:
        """Say whether a user sees this IP: the parent account sees all of them, a subuser its own."""
        return user is None or user in self.subusers

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


@dataclass(frozen=True, slots=True)
class Subuser:
    """An account below the parent's: the classic API knows it by name, IP Address Management by id."""

    name: str
    id: str
    email: str


LONGEST_ID = 18
"""How many digits the id of a user or of a pool has at most."""
NO_ADDRESS = 9
"""What stands in the place of a version where a text is no address."""
LONGEST_ADDRESS = 45
"""How many characters an address has at most."""


def place(address: str) -> tuple[int, int, str]:
    """Return where an address stands among others: IPv4, then IPv6, by number; then what is no address, by text."""
    return _place(address) if len(address) <= LONGEST_ADDRESS else (NO_ADDRESS, 0, address)


@functools.lru_cache(maxsize=1 << 16)
def _place(address: str) -> tuple[int, int, str]:
    """The same of a short text; a long list asks for the same ones every time."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return NO_ADDRESS, 0, address
    return ip.version, int(ip), ""


@dataclass(slots=True)
class State(BaseState):
    """One account and its subusers."""

    ips: Table[Ip] = field(default_factory=Table)
    """By address."""
    pools: Table[Pool] = field(default_factory=Table)
    """By id, of every user."""
    subusers: Table[Subuser] = field(default_factory=Table)
    """By name."""
    username: str = "parent"
    """The parent account's own name."""
    user_id: str = "1000"
    """The parent account's own id."""
    remaining_ips: int = 10
    """How many IPs the account can still buy."""

    def ips_of(self, user: str | None) -> list[Ip]:
        """Return the IPs that a user sees, in the order the account got them."""
        return [ip for ip in self.ips.values() if ip.is_of(user)]

    def pools_of(self, user: str | None) -> list[Pool]:
        """Return a user's pools, in order of creation."""
        return [pool for pool in self.pools.values() if pool.subuser == user]

    def memberships(self, user: str | None) -> dict[str, list[Pool]]:
        """Return the pools of a user that each IP is in, in order of creation, by address; nothing for one in none."""
        found: dict[str, list[Pool]] = {}
        for pool in self.pools_of(user):
            for address in pool.ips:
                found.setdefault(address, []).append(pool)
        return found

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes.

        Raises `SeedError` for what is there twice, for a name that stands for nothing, and for a broken limit.
        """
        default = cls()
        username, user_id = data.get("username", default.username), data.get("user_id", default.user_id)
        subusers = _subusers(data.get("subusers", ()), username, user_id)
        ips: dict[str, Ip] = {}
        for index, item in enumerate(data.get("ips", ())):
            ip = Ip(**{**_whole(item, *_MOMENTS), "subusers": tuple(item.get("subusers", ()))})
            if ip.warmup and ip.start_date is None:
                ip = replace(ip, start_date=ip.added_at)
            if ip.ip in ips:
                raise SeedError(("ips", index, "ip"), f"{ip.ip} is there twice")
            for position, name in enumerate(ip.subusers):
                if name not in subusers:
                    raise SeedError(("ips", index, "subusers", position), f"there is no subuser '{name}'")
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
            for position, address in enumerate(pool.ips):
                if address not in ips:
                    raise SeedError(("pools", index, "ips", position), f"there is no IP {address}")
                if not ips[address].may_join_pool_of(pool.subuser):
                    raise SeedError(("pools", index, "ips", position), f"{address} can join no pool of this user")
            pools[pool.id] = pool
            mine.add(pool.name)
        return cls(
            Table(ips),
            Table(pools),
            Table(subusers),
            username,
            user_id,
            int(data.get("remaining_ips", default.remaining_ips)),
            profile=profiles.load(data),
        )

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            "username": self.username,
            "user_id": self.user_id,
            "remaining_ips": self.remaining_ips,
            "subusers": [to_dict(subuser) for subuser in self.subusers.values()],
            "ips": [to_dict(ip) for ip in self.ips.values()],
            "pools": [to_dict(pool) for pool in self.pools.values()],
        }


_MOMENTS = ("start_date", "added_at", "updated_at")


def _whole(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a record's fields, the named numbers each an `int`: to JSON, 5.0 is an integer too."""
    return {name: int(value) if name in names else value for name, value in item.items()}


def _subusers(items: Any, username: str, user_id: str) -> dict[str, Subuser]:
    """Return the subusers of a seed by name: each a record, or its name alone. An id that is not given is the next."""
    records = [{"name": item} if isinstance(item, str) else item for item in items]
    taken = {user_id, *(item["id"] for item in records if "id" in item)}
    last = int(user_id)
    found: dict[str, Subuser] = {}
    ids = {user_id}
    for index, item in enumerate(records):
        name = item["name"]
        if name == username or name in found:
            raise SeedError(("subusers", index), f"the name '{name}' is there twice")
        identifier = item.get("id")
        if identifier is None:
            last = next(number for number in range(last + 1, last + len(taken) + 2) if str(number) not in taken)
            identifier = str(last)
            if len(identifier) > LONGEST_ID:
                raise SeedError(("subusers", index), "there is no next id, say one")
        if identifier in ids:
            raise SeedError(("subusers", index), f"the id {identifier} is there twice")
        ids.add(identifier)
        found[name] = Subuser(name, identifier, item.get("email", f"{name}@example.com"))
    return found
