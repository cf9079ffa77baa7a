"""A body in all of its variants: one for each way that the switches can be which decide about its fields."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from ....profiles import Profile, Switch
from ....web import Body


class Variants:
    """A body some of whose fields are there only while a switch is on; else they are ignored like any unknown one."""

    def __init__(self, body: type[Body], fields: Mapping[Switch, tuple[str, ...]]) -> None:
        self._switches = tuple(fields)
        self._schemas: dict[tuple[bool, ...], Body] = {
            on: body(
                exclude=[name for there, names in zip(on, fields.values(), strict=True) if not there for name in names]
            )
            for on in itertools.product((False, True), repeat=len(fields))
        }

    def __getitem__(self, profile: Profile) -> Body:
        return self._schemas[tuple(profile[switch] for switch in self._switches)]
