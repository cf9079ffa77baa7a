"""Operations, schemas and examples of an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from mockserver.web.openapi import METHODS


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def walk(node: Any, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping of a document with the pointer to it."""
    if isinstance(node, dict):
        yield pointer, node
        for key, value in node.items():
            yield from walk(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{pointer}/{index}")


def reachable(document: dict[str, Any], node: Any, seen: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping under a node, and under what it refers to."""
    for pointer, each in walk(node, "."):
        yield pointer, each
        reference = each.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            target: Any = document
            for part in reference[2:].split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            yield from reachable(document, target, seen)


def check_examples(document: dict[str, Any]) -> None:
    validators = jsonschema_rs.validator_map_for(document)
    count = 0
    for pointer, node in walk(document):
        if not re.search(r"/content/[a-z]+~1[^/]+$", pointer):
            continue
        examples = [example["value"] for example in node.get("examples", {}).values()]
        assert examples, pointer
        for example in examples:
            errors = [error.message for error in validators[f"{pointer}/schema"].iter_errors(example)]
            assert not errors, (pointer, example, errors)
            count += 1
    assert count >= 3
