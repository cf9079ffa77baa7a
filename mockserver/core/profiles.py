"""Profiles: how a provider behaves where its documents and later evidence disagree.

`documented`, the default, follows the documents; `live` follows newer documents and recorded responses. A switch is one
such disagreement, declared in a provider's catalog. Rules and responses read switches from the state,
`tx.state.profile[catalog.SOME_SWITCH]`, and never the name of the profile.
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
NO_SWITCHES: Mapping[str, bool] = {}
ProfileSetting = str | Mapping[str, str | Mapping[str, Any]]
"""The profile of all providers, `live`, or of some: `sendgrid=live,mailgun=documented`, or a mapping whose values are
names, or mappings with `profile` and `switches` as in a section of a seed."""


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """A behaviour that is off in the profile `documented`."""

    name: str
    meaning: str
    """The behaviour when it is on."""
    source: Source
    """The evidence for it."""
    live: bool = True
    """Whether it is on in `live`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of a provider for one tenant, and the switches that override it."""

    name: Name | None = None
    """None if it is not set, which means `documented`."""
    switches: Mapping[str, bool] = field(default_factory=dict)
    """The switches that are set explicitly, by name."""

    def __getitem__(self, switch: Switch) -> bool:
        """Return whether a switch is on."""
        value = self.switches.get(switch.name)
        return value if value is not None else switch.live and self.name == "live"

    def inherit(self, other: Profile) -> Profile:
        """Return this profile, with the values of another one where this one has none."""
        if self.name is not None:
            return self
        return Profile(other.name, {**other.switches, **self.switches})

    def dump(self) -> dict[str, Any]:
        """Return it as the keys `profile` and `switches` of a section of a seed."""
        name = {"profile": self.name} if self.name is not None else {}
        return {**name, "switches": dict(self.switches)} if self.switches else name


UNSET = Profile()


def load(section: Mapping[str, Any]) -> Profile:
    """Return the profile of a section of a seed."""
    if "profile" not in section and "switches" not in section:
        return UNSET
    return Profile(section.get("profile"), dict(section.get("switches", NO_SWITCHES)))


def properties(switches: Iterable[Switch]) -> dict[str, Any]:
    """Return the JSON Schemas of the keys `profile` and `switches` of a section of a seed."""
    return {
        "profile": {"enum": list(NAMES)},
        "switches": {
            "type": "object",
            "properties": {switch.name: {"type": "boolean"} for switch in switches},
            "additionalProperties": False,
        },
    }


def parse_setting(choice: ProfileSetting) -> ProfileSetting:
    """Return a setting as a name or a mapping."""
    if not isinstance(choice, str) or "=" not in choice:
        return choice
    pairs = (each.partition("=") for each in choice.split(","))
    return {provider.strip(): name.strip() for provider, _, name in pairs}


def resolve_profiles(choice: ProfileSetting, known: Mapping[str, Iterable[Switch] | None]) -> dict[str, Profile]:
    """Return the profile of each provider; `known` are the switches of each, None if they are not to be checked.

    Raises `SeedError` for an unknown profile, provider or switch.
    """
    spelled = parse_setting(choice)
    if isinstance(spelled, str):
        return dict.fromkeys(known, Profile(_name((), spelled)))
    found = dict.fromkeys(known, UNSET)
    for provider, value in spelled.items():
        if provider not in known:
            raise SeedError((provider,), f"unknown provider: expected one of {', '.join(known)}")
        found[provider] = _profile(provider, value, known[provider])
    return found


def _profile(provider: str, value: object, known: Iterable[Switch] | None) -> Profile:
    section = value if isinstance(value, Mapping) else {"profile": value}
    for key in section:
        if key not in ("profile", "switches"):
            raise SeedError((provider, key), "unknown key: expected profile, switches")
    switches = section.get("switches", NO_SWITCHES)
    if not isinstance(switches, Mapping):
        raise SeedError((provider, "switches"), "expected a mapping")
    names = None if known is None else [switch.name for switch in known]
    for name, on in switches.items():
        if names is not None and name not in names:
            raise SeedError(
                (provider, "switches", name), f"unknown switch: expected one of {', '.join(names) or 'none'}"
            )
        if not isinstance(on, bool):
            raise SeedError((provider, "switches", name), f"expected true or false, got {on!r}")
    return Profile(_name((provider,), section["profile"]) if "profile" in section else None, dict(switches))


def _name(path: tuple[str, ...], name: object) -> Name:
    for known in NAMES:
        if name == known:
            return known
    raise SeedError(path, f"unknown profile '{name}': expected one of {', '.join(NAMES)}")


@functools.cache
def switches(catalog: ModuleType) -> Sequence[Switch]:
    """Return every switch of a provider, in the order of its catalog."""
    return tuple(value for value in vars(catalog).values() if isinstance(value, Switch))
