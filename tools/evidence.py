"""Write down which tests prove what: examples that are replayed, real clients, models, and mutants that are killed.

Tests with the marker `evidence(kind, name)` are run, and it is noted which operations they ask for and which refusals
they meet. `mockserver/evidence.json` is the result: the ledger, `mockserver operations` and `docs/evidence.md` are
made of it. With --check nothing is written, and it fails if the file is not as it would be written.
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
from mockserver.core.memory_store import MemoryStore
from mockserver.providers import PROVIDERS

ROOT = Path(__file__).parent.parent
FILE = ROOT / "mockserver" / "evidence.json"

Met = set[tuple[str, str | None, str | None]]
"""A provider, an operation if one was reached, the key of a refusal if there was one."""


class Witness:
    """A plugin of pytest: notes what the requests of each marked test were for, if it passes."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        """By kind and name of evidence, in how many tests each operation was asked for and each refusal met."""
        self.left_out: list[str] = []
        self._met: Met = set()
        store: Any = MemoryStore
        record_request, record_unmatched = store.record_request, store.record_unmatched

        def noted(self_: Any, tenant: Any, record: Any, **kwargs: Any) -> None:
            error = record.error.key if record.error is not None else None
            self._met.add((record.provider, record.operation, error))
            record_request(self_, tenant, record, **kwargs)

        def noted_stranger(self_: Any, provider: str, operation: str | None, error: str | None) -> Any:
            self._met.add((provider, operation, error))
            return record_unmatched(self_, provider, operation, error)

        store.record_request, store.record_unmatched = noted, noted_stranger

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
            told = {("operation", f"{provider}.{operation}") for provider, operation, _ in self._met if operation}
            told |= {("error", f"{provider}.{error}") for provider, _, error in self._met if error}
            for key in told if report.passed else ():
                self.found[kind, name][key] += 1
        if report.skipped:
            self.left_out.append(item.nodeid)
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
    """Return the evidence of every operation and every refusal, by name."""
    kinds = {"operation": "operations", "error": "errors"}
    found: dict[str, dict[str, dict[str, Any]]] = {"operations": {}, "errors": {}}
    for provider in PROVIDERS:
        for operation in provider.operations.values():
            # `make fuzz` fails if it leaves an operation out
            told = {"fuzzed": True, "examples": 0, "clients": [], "models": []}
            found["operations"][f"{provider.name}.{operation.id}"] = told
        for key in entries(provider.catalog):
            told = {"examples": 0, "clients": [], "models": [], "mutants": 0}
            found["errors"][f"{provider.name}.{key}"] = told
    for (kind, name), met in sorted(witness.found.items()):
        for (what, key), times in met.items():
            told = found[kinds[what]].get(key)
            if told is None:
                continue
            if kind == "examples":
                told["examples"] += times
            else:
                told[kind].append(name)
    for key in killed_mutants():
        found["errors"][key]["mutants"] += 1
    return found


def main() -> None:
    witness = Witness()
    options = ["-q", "-m", "evidence", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    if pytest.main([*options, str(ROOT / "tests")], plugins=[witness]) != 0:
        sys.exit("A test that is evidence fails.")
    if witness.left_out:
        print(f"LEFT OUT, so the evidence is NOT CHECKED: {', '.join(witness.left_out)}", file=sys.stderr)
        sys.exit("--check" not in sys.argv)
    text = json.dumps(collect(witness), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text, "utf-8")
    elif not FILE.is_file() or FILE.read_text("utf-8") != text:
        sys.exit(f"{FILE.relative_to(ROOT)}: not what the tests prove; run `make evidence`")


if __name__ == "__main__":
    main()
