"""API coverage: which operations a test run called, and which errors of the providers it got."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

SCHEMA_VERSION = 1
NOT_IMPLEMENTED = 501
"""The status of operations that are not implemented; it is not an error of the provider."""
BAR = 20
"""The length of a bar, in characters."""


class Score(NamedTuple):
    """A number of a total."""

    covered: int
    of: int

    @property
    def percent(self) -> int:
        """The percentage, rounded down: 100 is all of them."""
        return 100 * self.covered // self.of if self.of else 100

    def bar(self) -> str:
        full = BAR * self.covered // self.of if self.of else BAR
        return "█" * full + "░" * (BAR - full)

    def __str__(self) -> str:
        return f"{self.covered}/{self.of}"


class Coverage:
    """Counts of requests, by the operations and errors that the server has."""

    def __init__(self) -> None:
        self.support_matrix: Mapping[str, Any] = {"operations": [], "errors": []}
        """All operations and errors, as the control API lists them."""
        self._counts: Counter[tuple[str, str | None, str | None]] = Counter()

    def add(self, data: Mapping[str, Any]) -> None:
        """Add counts, as the control API returns them."""
        for each in data["counts"]:
            self._counts[each["provider"], each["operation"], each["error"]] += each["count"]

    def dump(self) -> dict[str, Any]:
        """Return it as JSON data that another process can `load`."""
        names = ("provider", "operation", "error")
        counts = [{**dict(zip(names, key, strict=True)), "count": count} for key, count in self._counts.items()]
        return {
            "support_matrix": {name: self.support_matrix[name] for name in ("operations", "errors")},
            "counts": counts,
        }

    def load(self, dump: Mapping[str, Any]) -> None:
        """Add the counts of another process."""
        if dump["support_matrix"]["operations"]:
            self.support_matrix = dump["support_matrix"]
        self.add(dump)

    def report(self) -> dict[str, Any]:
        """Return the operations and errors of each provider with their counts."""
        providers: dict[str, Any] = {}
        for each in self.support_matrix["operations"]:
            name = each["provider"]
            counts = providers.setdefault(name, {"operations": {}, "errors": {}})
            succeeded = self._counts[name, each["id"], None]
            called = sum(count for (_, operation, _), count in self._counts.items() if operation == each["id"])
            counts["operations"][each["id"]] = {
                "method": each["method"],
                "path": each["paths"][0],
                "called": called,
                "failed": called - succeeded,
            }
        for each in self.support_matrix["errors"]:
            name, key = each["provider"], each["key"]
            if each["status"] == NOT_IMPLEMENTED:
                continue
            providers[name]["errors"][f"{name}.{key}"] = {
                "status": each["status"],
                "message": each["message"],
                "kind": each["kind"],
                "source": each["source"],
                "returned": sum(count for (by, _, error), count in self._counts.items() if (by, error) == (name, key)),
            }
        return {"schema_version": SCHEMA_VERSION, "providers": providers}

    def lines(self, width: int) -> Iterator[str]:
        """Yield the lines of a terminal report, a screenful: scores, then a line for each kind of what is missing."""
        providers = self.report()["providers"]
        for name, counts in providers.items():
            operations, errors = _operations(counts), _errors(counts)
            yield (
                f"{name:10} operations {operations!s:>7} {operations.bar()} {operations.percent:3}%   "
                f"errors {errors!s:>7} {errors.bar()} {errors.percent:3}%"
            )
        is_complete = True
        for name, counts in providers.items():
            if not _is_called(counts):
                yield f"{name}: never called"
                continue
            for title, missing in _missing(counts):
                names = ", ".join(line.partition("  ")[0].partition(".")[2] for line in missing)
                line = f"{name}: {title} ({len(missing)}): {names}"
                is_complete = is_complete and len(line) <= width
                yield textwrap.shorten(line, width, placeholder=" …")
        if not is_complete:
            yield "--mockserver-coverage-report FILE writes all names"

    def too_low(self, percent: float) -> list[str]:
        """Return the providers of which less than this part of the operations was called, with their scores.

        Providers that were not called at all do not count, unless none was.
        """
        providers = self.report()["providers"]
        called = {name: _operations(counts) for name, counts in providers.items() if _is_called(counts)}
        if not called:
            return ["no provider was called"] if percent else []
        return [
            f"{name} {score} ({100 * score.covered / score.of:.4g}%)"
            for name, score in called.items()
            if 100 * score.covered < percent * score.of
        ]

    def markdown(self) -> str:
        """Return the report in Markdown, for a pull request or a job summary."""
        lines = ["# Coverage of the providers' APIs", ""]
        lines += ["| provider | operations | | errors | |", "|---|---:|---|---:|---|"]
        providers = self.report()["providers"]
        for name, counts in providers.items():
            operations, errors = _operations(counts), _errors(counts)
            lines.append(
                f"| {name} | {operations} | {operations.bar()} {operations.percent}% "
                f"| {errors} | {errors.bar()} {errors.percent}% |"
            )
        for name, counts in providers.items():
            for title, missing in _missing(counts):
                lines += ["", f"<details><summary>{name}: {title} ({len(missing)})</summary>", ""]
                lines += [f"- {_escaped(line)}" for line in missing]
                lines += ["", "</details>"]
        return "\n".join(lines) + "\n"

    def text(self, file: str) -> str:
        """Return the report for a file: Markdown if its name ends in `.md`, JSON otherwise."""
        if PurePath(file).suffix.lower() == ".md":
            return self.markdown()
        return json.dumps(self.report(), ensure_ascii=False, indent=2) + "\n"


def _is_called(counts: Mapping[str, Any]) -> bool:
    return bool(_operations(counts).covered or _errors(counts).covered)


def _operations(counts: Mapping[str, Any]) -> Score:
    operations = counts["operations"].values()
    return Score(sum(each["called"] > 0 for each in operations), len(operations))


def _errors(counts: Mapping[str, Any]) -> Score:
    errors = counts["errors"].values()
    return Score(sum(each["returned"] > 0 for each in errors), len(errors))


def _missing(counts: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the titles and lines of what is missing."""
    operations = {f"{name}  {each['method']} {each['path']}": each for name, each in counts["operations"].items()}
    found = {
        "operations never called": [line for line, each in operations.items() if not each["called"]],
        "operations that always failed": [
            line for line, each in operations.items() if each["called"] and each["called"] == each["failed"]
        ],
    }
    for kind in ("documented", "observed", "assumed"):
        found[f"{kind} errors never returned"] = [
            f"{name}  {each['status']} {each['message']!r}"
            for name, each in counts["errors"].items()
            if each["kind"] == kind and not each["returned"]
        ]
    return ((title, lines) for title, lines in found.items() if lines)


def _escaped(line: str) -> str:
    name, _, rest = line.partition("  ")
    return f"`{name}` `{rest}`" if "`" not in rest else f"`{name}` ``{rest}``"
