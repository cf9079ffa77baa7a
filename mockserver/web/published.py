"""OpenAPI documents as they are served: one for each profile of a provider.

In a packaged document, `x-switch: NAME` marks what a profile has only if the switch is on, `x-switch: not NAME` what it
has only if it is off.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from .openapi import METHODS, Contract

ALIAS_OF = "x-alias-of"


@functools.lru_cache(maxsize=16)
def publish(contract: Contract, on: frozenset[str], off: frozenset[str]) -> Mapping[str, Any]:
    """Return the document of a profile: without what its switches exclude, and with alias paths as paths.

    `on` and `off` are the names of the switches of the provider.
    """
    published: dict[str, Any] = _select(contract.document, {**dict.fromkeys(on, True), **dict.fromkeys(off, False)})
    published["paths"] = _paths(published["paths"])
    return published


def _select(node: Any, switches: Mapping[str, bool]) -> Any:
    """Return a copy of a node, without the nodes in it that the switches exclude."""
    if isinstance(node, Mapping):
        kept = {key: child for key, child in node.items() if key != "x-switch" and _is_in(child, switches)}
        return {key: _select(child, switches) for key, child in kept.items()}
    if isinstance(node, list):
        return [_select(child, switches) for child in node if _is_in(child, switches)]
    return node


def _is_in(node: Any, switches: Mapping[str, bool]) -> bool:
    if not isinstance(node, Mapping) or "x-switch" not in node:
        return True
    *negation, name = node["x-switch"].split()
    return switches[name] is not bool(negation)


def _paths(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return the path items of all paths. Operations of an alias path have no operationId, which is unique."""
    published = {}
    for path, item in paths.items():
        published[path] = {key: value for key, value in item.items() if key != "x-alias-paths"}
        for alias in item.get("x-alias-paths", ()):
            published[alias] = {**published[path], ALIAS_OF: path}
            for method in METHODS:
                if method in item:
                    published[alias][method] = {
                        key: value for key, value in item[method].items() if key != "operationId"
                    }
    return published
