"""Profiles: which of two answers a provider gives where its documents and later evidence disagree.

`documented`, the default, answers as the documents that this server follows say; `live` as newer documents and recorded
answers show. A switch is one such disagreement. It is data of a provider's catalog: a rule or a renderer reads it from
the state that it answers from, `tx.state.profile[catalog.SOME_SWITCH]`, and asks for no profile by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, get_args

from .errors import Source

Name = Literal["documented", "live"]
NAMES: tuple[Name, ...] = get_args(Name)
NOTHING: Mapping[str, bool] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """One thing that a provider may do in another way. It is off in `documented`."""

    name: str
    meaning: str
    """What happens when it is on."""
    source: Source
    """What shows that way."""
    live: bool = True
    """Whether it is on in `live`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a provider answers one tenant: as a profile says, but for switches that are set beside it."""

    name: Name | None = None
    """None: nobody said; it is `documented`."""
    switches: Mapping[str, bool] = field(default_factory=dict)
    """Those set beside it, by name."""

    def __getitem__(self, switch: Switch) -> bool:
        """Say whether a switch is on."""
        told = self.switches.get(switch.name)
        return told if told is not None else switch.live and self.name == "live"

    def over(self, other: Profile) -> Profile:
        """Return this profile, and where it says nothing what the other one says."""
        if self.name is not None:
            return self
        return Profile(other.name, {**other.switches, **self.switches})

    def dump(self) -> dict[str, Any]:
        """Return it as a section of a seed says it, in which it takes `profile` and `switches`."""
        name = {"profile": self.name} if self.name is not None else {}
        return {**name, "switches": dict(self.switches)} if self.switches else name


UNSAID = Profile()


def load(section: Mapping[str, Any]) -> Profile:
    """Return the profile that a section of a seed says."""
    if "profile" not in section and "switches" not in section:
        return UNSAID
    return Profile(section.get("profile"), dict(section.get("switches", NOTHING)))


def properties(switches: Iterable[Switch]) -> dict[str, Any]:
    """Return the JSON Schema of what a section of a seed can say of profiles, key by key."""
    return {
        "profile": {"enum": list(NAMES)},
        "switches": {
            "type": "object",
            "properties": {switch.name: {"type": "boolean"} for switch in switches},
            "additionalProperties": False,
        },
    }


def switches(catalog: ModuleType) -> list[Switch]:
    """Return every switch of a provider, in the order of its catalog."""
    return [value for value in vars(catalog).values() if isinstance(value, Switch)]
