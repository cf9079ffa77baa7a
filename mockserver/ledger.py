"""The list of what can be asked of the providers, what they refuse, what profiles switch, and what is not modelled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .contract import Contract
from .errors import entries
from .provider import Provider

SCHEMA_VERSION = 1
"""Of the JSON that this server prints and its control API answers."""


def catalogue(providers: Iterable[Provider]) -> dict[str, Any]:
    """Return every operation, every refusal and switch with its source, and everything that is not modelled."""
    found: dict[str, list[dict[str, Any]]] = {"operations": [], "refusals": [], "switches": [], "unmodelled": []}
    for provider in providers:
        summaries = Contract.load(provider.name).summaries()
        for operation in provider.operations:
            found["operations"].append(
                {
                    "id": f"{provider.name}.{operation.id}",
                    "provider": provider.name,
                    "method": operation.method,
                    "paths": list(operation.paths),
                    "summary": summaries[operation.id],
                    "scope": operation.scope,
                }
            )
        for entry in entries(provider.catalog).values():
            found["refusals"].append(
                {
                    "provider": provider.name,
                    "key": entry.key,
                    "status": entry.status,
                    "message": entry.message,
                    "kind": entry.source.kind,
                    "source": entry.source.where,
                }
            )
        for switch in provider.switches:
            found["switches"].append(
                {
                    "provider": provider.name,
                    "name": switch.name,
                    "live": switch.live,
                    "meaning": switch.meaning,
                    "kind": switch.source.kind,
                    "source": switch.source.where,
                }
            )
        for path, methods in provider.unmodelled.items():
            found["unmodelled"] += [{"provider": provider.name, "method": each, "path": path} for each in methods]
    return found
