"""Profiles: which of two answers a provider gives where its documents and later evidence disagree.

`documented`, the default, answers as the documents that this server follows say; `live` as newer documents and recorded
answers show. A switch is one such disagreement. It is data of a provider's catalog: a rule or a renderer reads it from
the state that it answers from, `tx.state.profile[catalog.SOME_SWITCH]`, and asks for no profile by name.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, get_args

from .errors import SeedError, Source

Name = Literal["documented", "live"]
NAMES: tuple[Name, ...] = get_args(Name)
NOTHING: Mapping[str, bool] = {}
Choice = str | Mapping[str, str | Mapping[str, Any]]
"""A profile for all providers, `live`, or for some: the text `sendgrid=live,mailgun=documented`, or a mapping whose
values are names, or have `profile` and `switches` as a section of a seed has."""


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


def spell_out(choice: Choice) -> Choice:
    """Return the name of a profile for all providers, or else a mapping."""
    if not isinstance(choice, str) or "=" not in choice:
        return choice
    pairs = (each.partition("=") for each in choice.split(","))
    return {provider.strip(): name.strip() for provider, _, name in pairs}


def choose(choice: Choice, known: Mapping[str, Iterable[Switch] | None]) -> dict[str, Profile]:
    """Return the profile that each provider is to have; `known` are the switches of each, None: not to be checked.

    Raises `SeedError` for a profile, a provider or a switch that there is not.
    """
    spelled = spell_out(choice)
    if isinstance(spelled, str):
        return dict.fromkeys(known, Profile(_name((), spelled)))
    found = dict.fromkeys(known, UNSAID)
    for provider, told in spelled.items():
        if provider not in known:
            raise SeedError((provider,), f"unknown; there is {', '.join(known)}")
        found[provider] = _profile(provider, told, known[provider])
    return found


def _profile(provider: str, told: object, known: Iterable[Switch] | None) -> Profile:
    section = told if isinstance(told, Mapping) else {"profile": told}
    for key in section:
        if key not in ("profile", "switches"):
            raise SeedError((provider, key), "unknown; there is profile, switches")
    switches = section.get("switches", NOTHING)
    if not isinstance(switches, Mapping):
        raise SeedError((provider, "switches"), "is not a mapping")
    names = None if known is None else [switch.name for switch in known]
    for name, value in switches.items():
        if names is not None and name not in names:
            raise SeedError((provider, "switches", name), f"unknown; there is {', '.join(names) or 'none'}")
        if not isinstance(value, bool):
            raise SeedError((provider, "switches", name), "is neither true nor false")
    return Profile(_name((provider,), section["profile"]) if "profile" in section else None, dict(switches))


def _name(path: tuple[str, ...], told: object) -> Name:
    for name in NAMES:
        if told == name:
            return name
    raise SeedError(path, f"there is no profile '{told}'; there is {', '.join(NAMES)}")


@functools.cache
def switches(catalog: ModuleType) -> Sequence[Switch]:
    """Return every switch of a provider, in the order of its catalog."""
    return tuple(value for value in vars(catalog).values() if isinstance(value, Switch))
