"""What SparkPost keeps of an account: pools and sending IPs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import profiles
from ...errors import SeedError
from ...store import State as BaseState
from ...store import Table, plain
from .catalog import DEFAULT_POOL


@dataclass(frozen=True, slots=True)
class Pool:
    """An IP pool. Its IPs are those that name it."""

    id: str
    name: str
    fbl_signing_domain: str | None = None


@dataclass(frozen=True, slots=True)
class SendingIp:
    """A dedicated IP, in exactly one pool."""

    external_ip: str
    hostname: str
    ip_pool: str = DEFAULT_POOL
    customer_provided: bool = False


@dataclass(slots=True)
class State(BaseState):
    """One account."""

    pools: Table[Pool] = field(default_factory=Table)
    """By id."""
    ips: Table[SendingIp] = field(default_factory=Table)
    """By address."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account that a seed describes; it always has the default pool, last if the seed does not say.

        Raises `SeedError` for an id or address that is there twice, and for an IP in a pool that is not there.
        """
        pools: dict[str, Pool] = {}
        for index, item in enumerate(data.get("ip_pools", ())):
            if item["id"] in pools:
                raise SeedError(("ip_pools", index, "id"), f"the pool {item['id']} is there twice")
            pools[item["id"]] = Pool(**item)
        pools.setdefault(DEFAULT_POOL, Pool(DEFAULT_POOL, "Default"))
        ips: dict[str, SendingIp] = {}
        for index, item in enumerate(data.get("sending_ips", ())):
            ip = SendingIp(**item)
            if ip.external_ip in ips:
                raise SeedError(("sending_ips", index, "external_ip"), f"{ip.external_ip} is there twice")
            if ip.ip_pool not in pools:
                raise SeedError(("sending_ips", index, "ip_pool"), f"there is no pool '{ip.ip_pool}'")
            ips[ip.external_ip] = ip
        return cls(Table(pools), Table(ips), profile=profiles.load(data))

    def dump(self) -> dict[str, Any]:
        return {
            **self.profile.dump(),
            "ip_pools": [plain(pool) for pool in self.pools.values()],
            "sending_ips": [plain(ip) for ip in self.ips.values()],
        }
