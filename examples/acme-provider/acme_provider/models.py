"""The state of an Acme Mail account: its pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.core import profiles, store
from mockserver.core.errors import SeedError
from mockserver.core.store import Table, to_dict

from .catalog import MAX_POOLS


@dataclass(frozen=True, slots=True)
class Pool:
    """An IP pool."""

    name: str
    ips: tuple[str, ...] = ()


@dataclass(slots=True)
class State(store.State):
    """An account."""

    pools: Table[Pool] = field(default_factory=Table)
    """By name."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> State:
        """Return the account of a valid section of a seed. Raises `SeedError` for a duplicate name, and many pools."""
        pools: dict[str, Pool] = {}
        for index, item in enumerate(data.get("pools", ())):
            if item["name"] in pools:
                raise SeedError(("pools", index, "name"), f"duplicate name '{item['name']}'")
            if len(pools) == MAX_POOLS:
                raise SeedError(("pools", index), f"expected at most {MAX_POOLS} pools")
            pools[item["name"]] = Pool(item["name"], tuple(item.get("ips", ())))
        return cls(Table(pools), profile=profiles.load(data))

    def dump(self) -> dict[str, Any]:
        return {**self.profile.dump(), "pools": [to_dict(pool) for pool in self.pools.values()]}
