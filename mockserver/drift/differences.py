"""Differences that a comparison finds, and the file of those that are accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, NamedTuple

MAX_LENGTH = 100
"""The maximum length of a value in a message, in characters."""
Change = Literal["new", "gone", "changed"]


class DriftError(Exception):
    """Something that cannot be compared, or not be done, with the reason."""


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn errors of code that reads something of an unexpected form into a `DriftError`."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise DriftError(f"{what} has an unexpected form: {type(error).__name__}: {error}") from None


class Difference(NamedTuple):
    """A difference: `new` and `gone` are said of the vendor's document, or of what a recording is compared with."""

    where: str
    """The operation or request that differs."""
    path: str
    """The part of it that differs."""
    change: Change
    detail: str = ""
    touches: tuple[str, ...] = ()
    """The operations, errors and limits of the catalog that it concerns."""

    def __str__(self) -> str:
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.change:<8}{self.where}: {self.path}{detail}{_listed(self.touches)}"


class Undecided(NamedTuple):
    """A part that could not be compared, and why."""

    where: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"unknown {self.where}: {self.path}: {self.reason}"


@dataclass
class Comparison:
    """The result of a comparison."""

    compared: int = 0
    """The number of values or parts that were compared."""
    differences: list[Difference] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)

    def add(self, where: str, path: str, change: Change, detail: str = "", touches: Sequence[str] = ()) -> None:
        """Add a difference."""
        self.differences.append(Difference(where, path, change, detail, tuple(dict.fromkeys(touches))))

    def as_json(self) -> dict[str, Any]:
        return {
            "compared": self.compared,
            "differences": [each._asdict() for each in self.differences],
            "unknown": [each._asdict() for each in self.undecided],
        }


class Accepted(NamedTuple):
    """An accepted difference. `where` and `path` may have the wildcards `*` and `?`."""

    where: str
    path: str
    change: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.path} ({self.reason})"

    def matches(self, difference: Difference) -> bool:
        """Return whether it accepts a difference."""
        return (
            fnmatchcase(difference.where, self.where)
            and fnmatchcase(difference.path, self.path)
            and self.change in (difference.change, "")
        )


def read_accepted(file: str) -> list[Accepted]:
    """Return the entries of a file: a YAML list of `where`, `path`, `reason` and, if wanted, `change`.

    Raises `DriftError`.
    """
    import yaml

    try:
        entries = yaml.safe_load(Path(file).read_text("utf-8"))
    except OSError as error:
        raise DriftError(f"{file}: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise DriftError(f"{file}: {error}") from None
    if not isinstance(entries, list):
        raise DriftError(f"{file}: expected a list of accepted differences")
    return [_accepted(file, number, entry) for number, entry in enumerate(entries)]


def _accepted(file: str, number: int, entry: object) -> Accepted:
    values = entry if isinstance(entry, dict) else {}
    unknown = values.keys() - {"where", "path", "change", "reason"}
    missing = [name for name in ("where", "path", "reason") if not str(values.get(name) or "").strip()]
    if unknown or missing:
        what = f"unknown key '{min(map(str, unknown))}'" if unknown else f"'{missing[0]}' is required"
        raise DriftError(f"{file}: [{number}]: {what}")
    return Accepted(*(str(values.get(name) or "") for name in ("where", "path", "change", "reason")))


def accept(comparison: Comparison, accepted: Sequence[Accepted]) -> list[Accepted]:
    """Remove the differences that are accepted, and return the entries that accept none."""
    used = [entry for entry in accepted if any(entry.matches(each) for each in comparison.differences)]
    comparison.differences = [
        each for each in comparison.differences if not any(entry.matches(each) for entry in accepted)
    ]
    return [entry for entry in accepted if entry not in used]


def _listed(touches: Sequence[str]) -> str:
    return f" [{', '.join(touches)}]" if touches else ""


def short(value: object) -> str:
    """Return a JSON value as a text of limited length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."
