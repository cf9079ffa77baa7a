"""The evidence ledger: what can be asked of the providers, what they refuse, what shows that it is so; and the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .core.errors import Source, entries
from .web.openapi import Contract
from .web.provider import Provider

SCHEMA_VERSION = 1
"""Of the JSON that this server prints and its control API answers."""
EVIDENCE = Path(__file__).parent / "evidence.json"
"""What the tests prove, by the names of operations and refusals; written by `make evidence`."""


def support_matrix(providers: Iterable[Provider]) -> dict[str, Any]:
    """Return every operation, every refusal and every switch with its source, and everything that is not modelled.

    `evidence` tells what shows that an operation or a refusal is so: in how many of the documents' examples it is,
    which real clients and which models met it in the tests, how many of its mutants the tests kill.
    """
    proved = json.loads(EVIDENCE.read_text("utf-8"))
    found: dict[str, list[dict[str, Any]]] = {"operations": [], "errors": [], "switches": [], "not_implemented": []}
    for provider in providers:
        contract = Contract.load(provider.name)
        described = contract.operations()
        for operation in provider.operations.values():
            name = f"{provider.name}.{operation.id}"
            found["operations"].append(
                {
                    "id": name,
                    "provider": provider.name,
                    "method": operation.method,
                    "paths": list(operation.paths),
                    "summary": described[operation.id]["summary"],
                    "scope": operation.scope,
                    **_told(contract.source(operation.id)),
                    "evidence": {"schema": contract.has_schemas(operation.id), **proved["operations"][name]},
                }
            )
        for entry in entries(provider.catalog).values():
            found["errors"].append(
                {
                    "provider": provider.name,
                    "key": entry.key,
                    "status": entry.status,
                    "message": entry.message,
                    **_told(entry.source),
                    "evidence": proved["errors"][f"{provider.name}.{entry.key}"],
                }
            )
        for switch in provider.switches:
            found["switches"].append(
                {
                    "provider": provider.name,
                    "name": switch.name,
                    "live": switch.live,
                    "meaning": switch.meaning,
                    **_told(switch.source),
                }
            )
        for path, methods in provider.not_implemented.items():
            found["not_implemented"] += [{"provider": provider.name, "method": each, "path": path} for each in methods]
    return found


def _told(source: Source) -> dict[str, str]:
    return {"kind": source.kind, "source": source.where}


def describe_evidence(evidence: Mapping[str, Any]) -> list[str]:
    """Say in words what shows that something is so."""
    plain = {"schema": "schema", "fuzzed": "fuzzed"}
    found = [word for key, word in plain.items() if evidence.get(key)]
    examples, mutants = evidence["examples"], evidence.get("mutants", 0)
    found += [f"{examples} example{'s' * (examples > 1)}"] if examples else []
    found += evidence["clients"]
    found += ["model"] if evidence["models"] else []
    found += [f"{mutants} mutant{'s' * (mutants > 1)}"] if mutants else []
    return found
