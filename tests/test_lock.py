"""requirements.lock: what development and CI install."""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import lock

ENTRY = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.+!-]+)(?: ; (?P<marker>[^\\\n]+?))?"
    r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)
WHERE = [
    {"python_version": version, "python_full_version": f"{version}.5", "sys_platform": system, "os_name": name}
    for version, (system, name) in product(
        ("3.11", "3.12", "3.13"), (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
    )
]


class Pin(NamedTuple):
    version: str
    marker: Marker | None

    def holds(self, where: dict[str, str]) -> bool:
        return self.marker is None or self.marker.evaluate(where)


@pytest.fixture(scope="module")
def pins() -> dict[str, list[Pin]]:
    """The pins of each name; one may have several, for different Pythons."""
    found: dict[str, list[Pin]] = {}
    for entry in ENTRY.finditer(lock.LOCK.read_text("utf-8")):
        marker = entry["marker"] and Marker(entry["marker"])
        found.setdefault(entry["name"], []).append(Pin(entry["version"], marker or None))
    return found


def test_every_line_is_a_pin() -> None:
    """Each requirement is one version with hashes; there is no option, no address and no path."""
    assert re.sub(ENTRY, "", lock.LOCK.read_text("utf-8")) == lock.HEAD


@pytest.mark.parametrize("line", lock.requirements())
def test_every_requirement_is_locked(line: str, pins: dict[str, list[Pin]]) -> None:
    """What is needed has one pin wherever it is needed, of a version that will do; if not, `make lock`."""
    requirement = Requirement(line)
    for where in WHERE:
        if requirement.marker is None or requirement.marker.evaluate(where):
            (pin,) = (pin for pin in pins.get(canonicalize_name(requirement.name), ()) if pin.holds(where))
            assert requirement.specifier.contains(pin.version, prereleases=True)


@pytest.mark.parametrize("line", lock.requirements())
def test_nothing_but_lower_bounds(line: str) -> None:
    """What is needed has a lower bound, and no other: the lock alone holds back what is newer."""
    assert [each.operator for each in Requirement(line).specifier] == [">="]
