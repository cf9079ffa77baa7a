"""The support matrix: operations, errors and switches of the providers with their sources and evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .core.errors import Source, entries
from .core.smtp import OPERATIONS as SMTP_OPERATIONS
from .web.provider import Provider

SCHEMA_VERSION = 1
"""The version of the JSON format of the command line and the control API."""
NO_EVIDENCE: Mapping[str, Any] = {"examples": 0, "clients": [], "models": []}
"""The evidence of a provider that is not in this package."""
EVIDENCE = Path(__file__).parent / "evidence.json"
"""The evidence of operations and errors, by name; written by `make evidence`."""


def support_matrix(providers: Iterable[Provider]) -> dict[str, Any]:
    """Return all operations, errors and switches with their sources, and the operations that are not implemented.

    `evidence` of an operation or error: the number of examples in the vendor's documents, the clients and models that
    meet it in the tests, the number of its mutants, all of which the tests kill.
    """
    evidence = json.loads(EVIDENCE.read_text("utf-8"))
    found: dict[str, list[dict[str, Any]]] = {"operations": [], "errors": [], "switches": [], "not_implemented": []}
    smtp_operations: list[str] = []
    for provider in providers:
        contract = provider.contract
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
                    **_source(contract.source(operation.id)),
                    "evidence": {
                        "schema": contract.has_schemas(operation.id),
                        **evidence["operations"].get(name, {"fuzzed": False, **NO_EVIDENCE}),
                    },
                }
            )
        for entry in entries(provider.catalog).values():
            found["errors"].append(
                {
                    "provider": provider.name,
                    "key": entry.key,
                    "status": entry.status,
                    "message": entry.message,
                    **_source(entry.source),
                    "evidence": evidence["errors"].get(f"{provider.name}.{entry.key}", {**NO_EVIDENCE, "mutants": 0}),
                }
            )
        for switch in provider.switches:
            found["switches"].append(
                {
                    "provider": provider.name,
                    "name": switch.name,
                    "live": switch.live,
                    "meaning": switch.meaning,
                    **_source(switch.source),
                }
            )
        for path, methods in provider.not_implemented.items():
            found["not_implemented"] += [{"provider": provider.name, "method": each, "path": path} for each in methods]
        if provider.smtp_provider() is not None:
            smtp_operations += [f"{provider.name}.{each}" for each in SMTP_OPERATIONS]
    return {**found, "smtp_operations": smtp_operations}


def _source(source: Source) -> dict[str, str]:
    return {"kind": source.kind, "source": source.where}


def describe_evidence(evidence: Mapping[str, Any]) -> list[str]:
    """Return the items of evidence as short texts."""
    plain = {"schema": "schema", "fuzzed": "fuzzed"}
    found = [word for key, word in plain.items() if evidence.get(key)]
    examples, mutants = evidence["examples"], evidence.get("mutants", 0)
    found += [f"{examples} example{'s' * (examples > 1)}"] if examples else []
    found += evidence["clients"]
    found += ["model"] if evidence["models"] else []
    found += [f"{mutants} mutant{'s' * (mutants > 1)}"] if mutants else []
    return found
