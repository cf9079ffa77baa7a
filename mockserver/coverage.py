"""Which operations and which refusals of the providers a run of tests has met, and which it never saw."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

SCHEMA_VERSION = 1
NOT_MODELLED = 501
"""What no run is to meet: it is this server's own, and no provider's refusal."""
BAR = 20
"""How long a bar is, in characters."""


class Score(NamedTuple):
    """How many of how many."""

    met: int
    of: int

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 is all of them."""
        return 100 * self.met // self.of if self.of else 100

    def bar(self) -> str:
        full = BAR * self.met // self.of if self.of else BAR
        return "█" * full + "░" * (BAR - full)

    def __str__(self) -> str:
        return f"{self.met}/{self.of}"


class Coverage:
    """Counts of what was asked, laid over the list of what can be asked and refused."""

    def __init__(self) -> None:
        self.ledger: Mapping[str, Any] = {"operations": [], "refusals": []}
        """What there is, as the control API lists it."""
        self._counts: Counter[tuple[str, str | None, str | None]] = Counter()

    def add(self, told: Mapping[str, Any]) -> None:
        """Add counts, as the control API tells them."""
        for each in told["counts"]:
            self._counts[each["provider"], each["operation"], each["refusal"]] += each["count"]

    def dump(self) -> dict[str, Any]:
        """Return it as plain data that another process can `load`."""
        names = ("provider", "operation", "refusal")
        counts = [{**dict(zip(names, key, strict=True)), "count": count} for key, count in self._counts.items()]
        return {"ledger": {name: self.ledger[name] for name in ("operations", "refusals")}, "counts": counts}

    def load(self, dump: Mapping[str, Any]) -> None:
        """Add what another process has counted."""
        if dump["ledger"]["operations"]:
            self.ledger = dump["ledger"]
        self.add(dump)

    def report(self) -> dict[str, Any]:
        """Return everything, by provider: each operation and each refusal with its count."""
        providers: dict[str, Any] = {}
        for each in self.ledger["operations"]:
            name = each["provider"]
            mine = providers.setdefault(name, {"operations": {}, "refusals": {}})
            answered = self._counts[name, each["id"], None]
            asked = sum(count for (_, operation, _), count in self._counts.items() if operation == each["id"])
            mine["operations"][each["id"]] = {
                "method": each["method"],
                "path": each["paths"][0],
                "called": asked,
                "refused": asked - answered,
            }
        for each in self.ledger["refusals"]:
            name, key = each["provider"], each["key"]
            if each["status"] == NOT_MODELLED:
                continue
            providers[name]["refusals"][f"{name}.{key}"] = {
                "status": each["status"],
                "message": each["message"],
                "kind": each["kind"],
                "source": each["source"],
                "met": sum(count for (who, _, refusal), count in self._counts.items() if (who, refusal) == (name, key)),
            }
        return {"schema_version": SCHEMA_VERSION, "providers": providers}

    def lines(self, width: int) -> Iterator[str]:
        """Tell it in lines for a terminal: scores, then by name what was never met."""
        providers = self.report()["providers"]
        for name, mine in providers.items():
            operations, refusals = _operations(mine), _refusals(mine)
            yield (
                f"{name:10} operations {operations!s:>7} {operations.bar()} {operations.percent:3}%   "
                f"refusals {refusals!s:>7} {refusals.bar()} {refusals.percent:3}%"
            )
        for name, mine in providers.items():
            if not _operations(mine).met and not _refusals(mine).met:
                yield f"{name}: never asked"
                continue
            for title, missing in _missing(mine):
                names = ", ".join(line.partition("  ")[0].partition(".")[2] for line in missing)
                yield f"{name}: {title}:"
                yield from textwrap.wrap(names, width, initial_indent="  ", subsequent_indent="  ")

    def markdown(self) -> str:
        """Tell it as a page, for a pull request or a job's summary."""
        lines = ["# Coverage of the providers' APIs", ""]
        lines += ["| provider | operations | | refusals | |", "|---|---:|---|---:|---|"]
        providers = self.report()["providers"]
        for name, mine in providers.items():
            operations, refusals = _operations(mine), _refusals(mine)
            lines.append(
                f"| {name} | {operations} | {operations.bar()} {operations.percent}% "
                f"| {refusals} | {refusals.bar()} {refusals.percent}% |"
            )
        for name, mine in providers.items():
            for title, missing in _missing(mine):
                lines += ["", f"<details><summary>{name}: {title} ({len(missing)})</summary>", ""]
                lines += [f"- {_escaped(line)}" for line in missing]
                lines += ["", "</details>"]
        return "\n".join(lines) + "\n"

    def text(self, file: str) -> str:
        """Return it in the form that a file's name asks for: Markdown for `.md`, JSON for any other."""
        if PurePath(file).suffix.lower() == ".md":
            return self.markdown()
        return json.dumps(self.report(), ensure_ascii=False, indent=2) + "\n"


def _operations(mine: Mapping[str, Any]) -> Score:
    operations = mine["operations"].values()
    return Score(sum(each["called"] > 0 for each in operations), len(operations))


def _refusals(mine: Mapping[str, Any]) -> Score:
    refusals = mine["refusals"].values()
    return Score(sum(each["met"] > 0 for each in refusals), len(refusals))


def _missing(mine: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield what was not met, each kind with its title; nothing of a kind of which nothing is missing."""
    operations = {f"{name}  {each['method']} {each['path']}": each for name, each in mine["operations"].items()}
    found = {
        "operations never called": [line for line, each in operations.items() if not each["called"]],
        "operations always refused": [
            line for line, each in operations.items() if each["called"] and each["called"] == each["refused"]
        ],
    }
    for kind in ("documented", "observed", "assumed"):
        found[f"{kind} refusals never met"] = [
            f"{name}  {each['status']} {each['message']!r}"
            for name, each in mine["refusals"].items()
            if each["kind"] == kind and not each["met"]
        ]
    return ((title, lines) for title, lines in found.items() if lines)


def _escaped(line: str) -> str:
    name, _, rest = line.partition("  ")
    return f"`{name}` `{rest}`" if "`" not in rest else f"`{name}` ``{rest}``"
