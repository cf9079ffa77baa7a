"""The state of a SendGrid account: IPs, pools, subusers and API keys. Both APIs share the pools."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...core import ids, outbox, profiles
from ...core.errors import SeedError, SeedErrors
from ...core.store import State as BaseState
from ...core.store import Table, to_dict
from . import catalog


@dataclass(frozen=True, slots=True)
class Ip:
    """A dedicated IP. Its address is any string: the documents name one `0.00.0.0`."""

    ip: str
    rdns: str | None = None
    """Its reverse DNS name. An IP without one cannot join a pool."""
    rdns_id: int | None = None
    """The id of its reverse DNS record; in a seed by default the next unused one."""
    rdns_valid: bool = True
    """Whether its reverse DNS is valid. If not, it cannot join a pool until it is validated."""
    rdns_domain: str | None = None
    """The domain of its reverse DNS; None if a seed has only the name."""
    enabled: bool = True
    """Whether the account may send from it. If not, it cannot join a pool."""
    region: str = "us"
    warmup: bool = False
    start_date: int | None = None
    """When its warm-up began, in seconds since the epoch; in a seed by default `added_at`."""
    parent_assigned: bool = True
    """Whether the parent account may send from it. If not, it cannot join a pool of the parent."""
    subusers: tuple[str, ...] = ()
    leased: bool = True
    """Whether it is SendGrid's own; if not, the customer brought it."""
    added_at: int = 1_664_390_835
    """When the account got it, in seconds since the epoch; by default the time in the documents' example."""
    updated_at: int | None = None
    """When its settings were last changed, in seconds since the epoch."""

    @property
    def is_whitelabeled(self) -> bool:
        """Whether it has valid reverse DNS."""
        return self.rdns is not None and self.rdns_valid


@dataclass(frozen=True, slots=True)
class Pool:
    """An IP pool of one account. The classic API addresses it by name, IP Address Management by id."""

    id: str
    name: str
    ips: tuple[str, ...] = ()
    """In the order they were added."""
    subuser: str | None = None
    """The subuser that owns it; None for the parent account."""


@dataclass(frozen=True, slots=True)
class Subuser:
    """A subuser of the account. The classic API addresses it by name, IP Address Management by id."""

    name: str
    id: str
    email: str
    region: str = "global"
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key that was created by a request; only its response contains the key itself, `SG.ID.SECRET`."""

    id: str
    name: str
    scopes: tuple[str, ...] | None = None
    """None for full access."""
    subuser: str | None = None
    """The subuser that owns it; None for the parent account."""


def rdns_name(address: str) -> str:
    """Return the reverse DNS name of an IP that SendGrid sets it up for."""
    return f"o{address.replace('.', '-')}.outbound-mail.sendgrid.net"


def new_pool_id(seed: ids.IdSeed) -> str:
    """Return an id of a new pool: a number that differs between tenants."""
    return str(1_000_000 + int(seed.salt[:5], 16) + seed.number)


def new_key_id(seed: ids.IdSeed) -> str:
    """Return an id of an API key of a seed: 22 characters."""
    return f"{seed.number:x}{seed.salt}"[:22]


MAX_ID_LENGTH = 18
"""The maximum number of digits in the id of an account or pool."""


@dataclass(slots=True)
class State(BaseState):
    """One account and its subusers."""

    ips: Table[Ip] = field(default_factory=Table)
    """By address."""
    pools: Table[Pool] = field(default_factory=Table)
    """By id, of every account."""
    subusers: Table[Subuser] = field(default_factory=Table)
    """By name."""
    username: str = "parent"
    """The parent account's own name."""
    user_id: str = "1000"
    """The parent account's own id."""
    remaining_ips: int = 10
    """The number of IPs that the account can still buy."""
    allows_subusers: bool = True
    """Whether the account's plan includes subusers."""
    api_keys: Table[ApiKey] = field(default_factory=Table)
    """By id, of every account."""
    sending_domains: tuple[str, ...] | None = None
    """The domains that messages may be from, in lower case; None for any."""

    def ips_of(self, account: str | None) -> list[Ip]:
        """Return the IPs that an account sees, in the order in which they were added."""
        return [ip for ip in self.ips.values() if self.is_visible(ip, account)]

    def is_visible(self, ip: Ip, account: str | None) -> bool:
        """Return whether an account sees an IP: the parent account sees every IP, a subuser its own.

        Of these, a subuser of the EU sees only those in the EU, which is assumed.
        """
        if account is None:
            return True
        return account in ip.subusers and (self.subusers[account].region != "eu" or ip.region == "eu")

    def is_owned(self, ip: Ip, account: str | None) -> bool:
        """Return whether an account may send from an IP."""
        return ip.parent_assigned if account is None else self.is_visible(ip, account)

    def can_join_pool(self, ip: Ip, account: str | None) -> bool:
        """Return whether an account may add an IP to its pools."""
        return self.why_not_in_pool(ip, account) is None

    def why_not_in_pool(self, ip: Ip, account: str | None) -> str | None:
        """Return the reason why an account may not add an IP to its pools, as keys of a seed; None if it may."""
        if not self.is_owned(ip, account):
            if account is None:
                return "it is not assigned to the parent account (parent_assigned: false)"
            return f"subuser '{account}' may not send from it (subusers)"
        if not ip.enabled:
            return "it is not enabled (enabled: false)"
        if ip.rdns is None:
            return "it has no reverse DNS (rdns); an IP that is given as a text has it"
        return None if ip.rdns_valid else "its reverse DNS is not valid (rdns_valid: false)"

    def pools_of(self, account: str | None) -> list[Pool]:
        """Return an account's pools, in order of creation."""
        return [pool for pool in self.pools.values() if pool.subuser == account]

    def keys_of(self, account: str | None) -> list[ApiKey]:
        """Return an account's API keys, in order of creation."""
        return [key for key in self.api_keys.values() if key.subuser == account]

    def memberships(self, account: str | None) -> dict[str, list[Pool]]:
        """Return the pools of an account by the address of each member, in order of creation."""
        found: dict[str, list[Pool]] = {}
        for pool in self.pools_of(account):
            for address in pool.ips:
                found.setdefault(address, []).append(pool)
        return found

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes.

        Raises `SeedError` for a duplicate, an unknown IP or subuser, and a limit that is exceeded.
        """
        default = cls()
        username, user_id = data.get("username", default.username), data.get("user_id", default.user_id)
        errors = SeedErrors()
        subusers = _subusers(data.get("subusers", ()), username, user_id, errors)
        ips: dict[str, Ip] = {}
        rdns_ids: set[int] = {item["rdns_id"] for item in data.get("ips", ()) if "rdns_id" in item}
        unused_ids = (number for number in itertools.count(1) if number not in rdns_ids)
        seen: set[int] = set()
        for index, item in enumerate(data.get("ips", ())):
            with errors.collected():
                ip = Ip(**{**item, "subusers": tuple(item.get("subusers", ()))})
                if ip.ip in ips:
                    raise SeedError(("ips", index, "ip"), f"duplicate IP {ip.ip}")
                if ip.warmup and ip.start_date is None:
                    ip = replace(ip, start_date=ip.added_at)
                if ip.rdns is not None and ip.rdns_id is None:
                    ip = replace(ip, rdns_id=next(unused_ids))
                ips[ip.ip] = ip
                if ip.rdns_id is not None and (ip.rdns is None or ip.rdns_id in seen):
                    reason = "expected an IP with rdns" if ip.rdns is None else f"duplicate id {ip.rdns_id}"
                    raise SeedError(("ips", index, "rdns_id"), reason)
                if ip.rdns_id is not None:
                    seen.add(ip.rdns_id)
            for position, name in enumerate(item.get("subusers", ())):
                with errors.collected():
                    if name not in subusers:
                        raise SeedError(("ips", index, "subusers", position), f"unknown subuser '{name}'")
        state = cls(
            Table(ips),
            subusers=Table(subusers),
            username=username,
            user_id=user_id,
            remaining_ips=data.get("remaining_ips", default.remaining_ips),
            allows_subusers=data.get("allows_subusers", default.allows_subusers),
            api_keys=Table(_api_keys(data.get("api_keys", ()), subusers, errors)),
            sending_domains=tuple(map(str.lower, data["sending_domains"])) if "sending_domains" in data else None,
            profile=profiles.load(data),
            outbox=outbox.load(data),
        )
        pools: dict[str, Pool] = {}
        names: dict[str | None, set[str]] = {}
        pool_ids = {item["id"] for item in data.get("pools", ()) if "id" in item}
        for index, item in enumerate(data.get("pools", ())):
            if "id" not in item:
                name = f"{item.get('subuser', '')}/{item['name']}"
                item = {**item, "id": ids.seed_id(name, new_pool_id, pool_ids)}
                pool_ids.add(item["id"])
            pool = Pool(**{**item, "ips": tuple(item.get("ips", ()))})
            mine = names.setdefault(pool.subuser, set())
            with errors.collected():
                if pool.id in pools:
                    raise SeedError(("pools", index, "id"), f"duplicate id '{pool.id}'")
                pools[pool.id] = pool
                if pool.subuser is not None and pool.subuser not in subusers:
                    raise SeedError(("pools", index, "subuser"), f"unknown subuser '{pool.subuser}'")
                if pool.name in mine:
                    raise SeedError(("pools", index, "name"), f"duplicate name '{pool.name}'")
                if len(mine) == catalog.MAX_POOLS:
                    raise SeedError(
                        ("pools", index), f"too many pools of one account: expected at most {catalog.MAX_POOLS}"
                    )
                mine.add(pool.name)
                for position, address in enumerate(pool.ips):
                    with errors.collected():
                        path = ("pools", index, "ips", position)
                        if address not in ips:
                            raise SeedError(path, f"unknown IP {address}")
                        obstacle = state.why_not_in_pool(ips[address], pool.subuser)
                        if obstacle is not None:
                            raise SeedError(path, f"IP {address} cannot join a pool of this account: {obstacle}")
        errors.check()
        state.pools = Table(pools)
        return state

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            **self.outbox.dump(),
            "username": self.username,
            "user_id": self.user_id,
            "remaining_ips": self.remaining_ips,
            "allows_subusers": self.allows_subusers,
            "subusers": [to_dict(subuser) for subuser in self.subusers.values()],
            "ips": [to_dict(ip) for ip in self.ips.values()],
            "pools": [to_dict(pool) for pool in self.pools.values()],
            "api_keys": [to_dict(key) for key in self.api_keys.values()],
            **({} if self.sending_domains is None else {"sending_domains": list(self.sending_domains)}),
        }


def _subusers(items: Any, username: str, user_id: str, errors: SeedErrors) -> dict[str, Subuser]:
    """Return the subusers of a seed by name; the default id is the next unused one."""
    used = {user_id, *(item["id"] for item in items if "id" in item)}
    last = int(user_id)
    found: dict[str, Subuser] = {}
    ids = {user_id}
    for index, item in enumerate(items):
        with errors.collected():
            name = item["name"]
            if name == username or name in found:
                raise SeedError(("subusers", index), f"duplicate name '{name}'")
            identifier = item.get("id")
            if identifier is None:
                last = next(number for number in range(last + 1, last + len(used) + 2) if str(number) not in used)
                identifier = str(last)
            found[name] = Subuser(**{"email": f"{name}@example.com", **item, "id": identifier})
            if len(identifier) > MAX_ID_LENGTH:
                raise SeedError(("subusers", index), "no unused id left: expected a subuser with an 'id'")
            if identifier in ids:
                raise SeedError(("subusers", index), f"duplicate id '{identifier}'")
            ids.add(identifier)
    return found


def _api_keys(items: Any, subusers: Mapping[str, Subuser], errors: SeedErrors) -> dict[str, ApiKey]:
    """Return the API keys of a seed by id."""
    found: dict[str, ApiKey] = {}
    used = {item["id"] for item in items if "id" in item}
    for index, item in enumerate(items):
        if "id" not in item:
            item = {**item, "id": ids.seed_id(f"{item.get('subuser', '')}/{item['name']}", new_key_id, used)}
            used.add(item["id"])
        key = ApiKey(**{**item, "scopes": tuple(item["scopes"]) if "scopes" in item else None})
        with errors.collected():
            if key.id in found:
                raise SeedError(("api_keys", index, "id"), f"duplicate id '{key.id}'")
            if key.subuser is not None and key.subuser not in subusers:
                raise SeedError(("api_keys", index, "subuser"), f"unknown subuser '{key.subuser}'")
            if [each.subuser for each in found.values()].count(key.subuser) == catalog.MAX_KEYS:
                raise SeedError(
                    ("api_keys", index), f"too many keys of one account: expected at most {catalog.MAX_KEYS}"
                )
            found[key.id] = key
    return found
