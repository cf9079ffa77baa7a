"""Every statement of the documents has a verdict, and a test that exists."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))

import statements  # noqa: E402

THIS = "tests/documents/test_statements.py"
REPLAY = f"{statements.REPLAY}[some: One]"
EXAMPLES = {
    "documents": [{"id": "some"}],
    "examples": [{"document": "some", "name": "One"}],
    "contradictions": [{"what": "Known"}],
}


def held(line: int, test: str) -> dict[str, Any]:
    return {"line": line, "says": "x", "verdict": "holds", "test": test}


def test_every_statement_has_a_test_that_exists() -> None:
    assert list(statements.problems(statements.load(), statements.read("examples.yaml"))) == []


def test_every_document_has_statements() -> None:
    """The other document that the page names is a newer one, which only contradictions mention."""
    documents = {each["id"] for each in statements.read("examples.yaml")["documents"]}
    assert documents - statements.load().keys() == {"sparkpost-subaccounts"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([held(1, REPLAY), held(1, f"{THIS}::test_every_document_has_statements")], []),
        ([held(1, REPLAY), held(2, f"{THIS}::test_that_is_gone")], [f"some:2: x: no test {THIS}::test_that_is_gone"]),
        ([held(1, REPLAY), held(2, "tests/gone.py::test_x")], ["some:2: x: no test tests/gone.py::test_x"]),
        ([held(1, REPLAY), held(2, f"{THIS}::held")], [f"some:2: x: no test {THIS}::held"]),
        ([held(1, REPLAY), held(2, statements.REPLAY)], [f"some:2: x: no test {statements.REPLAY}"]),
        (
            [held(1, REPLAY), held(2, f"{statements.REPLAY}[some: Two]")],
            [f"some:2: x: no test {statements.REPLAY}[some: Two]"],
        ),
        ([held(2, REPLAY), held(1, REPLAY)], ["some:1: after line 2"]),
        ([held(1, f"{THIS}::test_every_document_has_statements")], [f"no statement names {REPLAY}"]),
        (
            [{**held(1, REPLAY), "verdict": "contradicted", "by": "Unknown"}],
            ["some:1: x: no contradiction 'Unknown'"],
        ),
        ([{**held(1, REPLAY), "verdict": "contradicted", "by": "Known"}], []),
    ],
)
def test_problem_is_found(found: list[dict[str, Any]], expected: list[str]) -> None:
    assert list(statements.problems({"some": found}, EXAMPLES)) == expected


def test_unknown_document_and_contradiction_named_twice_are_found() -> None:
    examples = {**EXAMPLES, "contradictions": [{"what": "Known"}] * 2}
    found = list(statements.problems({"other": [held(1, REPLAY)]}, examples))
    assert found == ["two contradictions are 'Known'", "unknown document other"]


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each.pop("test"),
        lambda each: each.pop("line"),
        lambda each: each.pop("says"),
        lambda each: each.pop("verdict"),
        lambda each: each.update(line=0),
        lambda each: each.update(line="1"),
        lambda each: each.update(says=""),
        lambda each: each.update(test=""),
        lambda each: each.update(verdict="unknown"),
        lambda each: each.update(verdict="contradicted"),
        lambda each: each.update(verdict="not implemented"),
        lambda each: each.update(verdict="not testable", reason="y"),
        lambda each: each.update(by="Known"),
        lambda each: each.update(reason="y"),
        lambda each: each.update(note="y"),
    ],
)
def test_statement_that_does_not_fit_the_schema_is_an_error(change: Callable[[dict[str, Any]], object]) -> None:
    each = held(1, REPLAY)
    assert statements.StatementSchema().load(each) == each
    change(each)
    with pytest.raises(ValidationError):
        statements.StatementSchema().load(each)
