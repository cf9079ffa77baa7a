"""The statements of the documents, each with its verdict and its test: `tests/documents/statements.yaml`.

The documents are not part of the project. A statement is in our own words, and has its line in the document.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "documents"
REPLAY = "tests/contract/test_examples.py::test_example"
"""The test of every example. A statement names the example as well, `REPLAY[DOCUMENT: NAME]`."""

VERDICTS = {
    "holds": {"test"},
    "contradicted": {"by", "test"},
    "not implemented": {"reason"},
    "not testable": {"reason"},
}
"""Each verdict with the fields that it has besides `line`, `says` and `verdict`."""

Statements = Mapping[str, Sequence[Mapping[str, Any]]]
"""By id of the document, in the order of the document."""


def _text() -> fields.String:
    return fields.String(validate=validate.Length(min=1))


class StatementSchema(Schema):
    """A statement."""

    line = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    says = fields.String(required=True, validate=validate.Length(min=1))
    verdict = fields.String(required=True, validate=validate.OneOf(list(VERDICTS)))
    test = _text()
    """A node of pytest, of a function or of an example."""
    by = _text()
    """The contradiction, by its `what` in examples.yaml."""
    reason = _text()

    @validates_schema
    def has_the_fields_of_its_verdict(self, data: dict[str, Any], **_: Any) -> None:
        found, expected = data.keys() - {"line", "says", "verdict"}, VERDICTS[data["verdict"]]
        if found != expected:
            raise ValidationError(
                f"expected {', '.join(sorted(expected))}, got {', '.join(sorted(found)) or 'nothing'}"
            )


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def load() -> Statements:
    """Return the statements of all documents; raise ValidationError if one does not fit the schema."""
    statements = fields.List(fields.Nested(StatementSchema), required=True, validate=validate.Length(min=1))
    written = read("statements.yaml")
    found: Statements = Schema.from_dict(dict.fromkeys(written, statements))().load(written)
    return found


def everything(found: Statements) -> list[Mapping[str, Any]]:
    """Return the statements of all documents in one list."""
    return [each for listed in found.values() for each in listed]


def count(statements: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the number of statements by verdict, zeros included."""
    found = Counter(each["verdict"] for each in statements)
    return {verdict: found[verdict] for verdict in VERDICTS}


def problems(statements: Statements, examples: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong: a test or a contradiction that does not exist, an order, an example without a statement.

    `examples` is what examples.yaml contains.
    """
    contradictions = Counter(each["what"] for each in examples["contradictions"])
    yield from (f"two contradictions are {name!r}" for name, number in contradictions.items() if number > 1)
    replays = {f"{REPLAY}[{each['document']}: {each['name']}]" for each in examples["examples"]}
    unused = set(replays)
    documents = {each["id"] for each in examples["documents"]}
    yield from (f"unknown document {name}" for name in statements.keys() - documents)
    for document, found in statements.items():
        for before, after in pairwise(found):
            if before["line"] > after["line"]:
                yield f"{document}:{after['line']}: after line {before['line']}"
        for each in found:
            where = f"{document}:{each['line']}: {each['says']}"
            if "by" in each and each["by"] not in contradictions:
                yield f"{where}: no contradiction {each['by']!r}"
            test = each.get("test")
            if test is not None:
                unused.discard(test)
                if test not in replays and (test == REPLAY or not is_test(test)):
                    yield f"{where}: no test {test}"
    yield from (f"no statement names {each}" for each in sorted(unused))


def is_test(node: str) -> bool:
    """Return whether there is a test function with this name, `FILE::FUNCTION`."""
    file, _, name = node.partition("::")
    return name in _functions(file)


@cache
def _functions(file: str) -> frozenset[str]:
    path = ROOT / file
    if not (path.is_file() and path.name.startswith("test_")):
        return frozenset()
    body = ast.parse(path.read_text("utf-8")).body
    return frozenset(each.name for each in body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"))
