"""Write mockserver/evidence.json: examples that are replayed, real clients, models, and mutants that are killed.

Runs the tests with the marker `evidence(kind, name)`, and records the operations and errors that they meet. The support
matrix, `mockserver operations` and `docs/evidence.md` use the result. With --check the file is not written; the exit
code is 1 if it is outdated.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mutants
import pytest

from mockserver.core.errors import ErrorMessage, entries
from mockserver.core.request_log import RequestCounter
from mockserver.providers import PROVIDERS

ROOT = Path(__file__).parent.parent
FILE = ROOT / "mockserver" / "evidence.json"

Met = set[tuple[str, str | None, str | None]]
"""Provider, operation if one matched, key of the error if there was one."""


class Witness:
    """A pytest plugin that records the operations and errors of each marked test that passes."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        """The number of tests for each operation and error, by kind and name of evidence."""
        self.skipped: list[str] = []
        self._met: Met = set()
        counter: Any = RequestCounter
        add = counter.add

        def add_and_note(self_: Any, provider: str, operation: str | None, error: str | None) -> None:
            self._met.add((provider, operation, error))
            add(self_, provider, operation, error)

        counter.add = add_and_note

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._met.clear()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Iterator[Any]:
        report = yield
        if report.when == "call":
            (marker,) = item.iter_markers("evidence")
            kind, name = marker.args
            keys = {("operation", f"{provider}.{operation}") for provider, operation, _ in self._met if operation}
            keys |= {("error", f"{provider}.{error}") for provider, _, error in self._met if error}
            for key in keys if report.passed else ():
                self.found[kind, name][key] += 1
        if report.skipped:
            self.skipped.append(item.nodeid)
        return report


def killed_mutants() -> Iterator[str]:
    """Yield the error of every mutant of a provider that a test kills."""
    catalogs = {provider.name: provider.catalog for provider in PROVIDERS}
    surviving = mutants.survivors()
    for mutant in mutants.of_providers():
        provider, name = mutant.name.split()[:2]
        error = getattr(catalogs[provider], name, None)
        if isinstance(error, ErrorMessage) and mutant.name not in surviving:
            yield f"{provider}.{error.key}"


def collect(witness: Witness) -> dict[str, Any]:
    """Return the evidence of every operation and every error, by name."""
    kinds = {"operation": "operations", "error": "errors"}
    found: dict[str, dict[str, dict[str, Any]]] = {"operations": {}, "errors": {}}
    for provider in PROVIDERS:
        for operation in provider.operations.values():
            # `make fuzz` fails if it leaves an operation out
            evidence = {"fuzzed": True, "examples": 0, "clients": [], "models": []}
            found["operations"][f"{provider.name}.{operation.id}"] = evidence
        for key in entries(provider.catalog):
            evidence = {"examples": 0, "clients": [], "models": [], "mutants": 0}
            found["errors"][f"{provider.name}.{key}"] = evidence
    for (kind, name), met in sorted(witness.found.items()):
        for (what, key), times in met.items():
            evidence = found[kinds[what]].get(key)
            if evidence is None:
                continue
            if kind == "examples":
                evidence["examples"] += times
            else:
                evidence[kind].append(name)
    for key in killed_mutants():
        found["errors"][key]["mutants"] += 1
    return found


def main() -> None:
    witness = Witness()
    options = ["-q", "-m", "evidence", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    if pytest.main([*options, str(ROOT / "tests")], plugins=[witness]) != 0:
        sys.exit("a test with the marker `evidence` fails")
    if witness.skipped:
        print(f"SKIPPED, so the evidence is NOT CHECKED: {', '.join(witness.skipped)}", file=sys.stderr)
        sys.exit("--check" not in sys.argv)
    text = json.dumps(collect(witness), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text, "utf-8")
    elif not FILE.is_file() or FILE.read_text("utf-8") != text:
        sys.exit(f"{FILE.relative_to(ROOT)}: outdated; run `make evidence`")


if __name__ == "__main__":
    main()
