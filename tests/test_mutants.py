"""The list of mutants is complete; `make mutate` runs them."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from marshmallow import Schema, fields, validate

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def mutate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", ROOT / "tools" / "mutate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_every_mutant_has_a_test(mutate: ModuleType) -> None:
    """Every check in the source of a provider, and every one that is declared, has a test that fails without it."""
    found = mutate.mutants()
    for mutant, known in found:
        assert (known.test is None) != (known.survives is None), f"tools/mutate.py --find: {mutant.name}"
        ast.parse(mutant.text)
    names = [mutant.name for mutant, _ in found]
    assert len(set(names)) == len(names)
    assert mutate.stale() == []


@pytest.mark.slow
def test_killing_tests_exist(mutate: ModuleType) -> None:
    for name in {known.test for _, known in mutate.mutants() if known.test is not None}:
        assert mutate.is_test(name), name
    assert not mutate.is_test("tests/test_mutants.py::test_of_no_such_name")
    assert not mutate.is_test("tests/test_nope.py::test_killing_tests_exist")


def test_raised_errors_are_found_by_name_and_function(mutate: ModuleType) -> None:
    source = "def rule(tx):\n    if tx:  # why\n        raise catalog.NO(id='é')\n    raise SeedError(())\n"
    source += "class Field:\n    def load(self):\n        raise catalog.NOT_JSON[0]() from None\n"
    found = mutate.RaiseFinder(source).found
    assert [name for name, _ in found] == ["NO @ rule", "NOT_JSON @ Field.load"]
    assert [mutate.replaced(source, node, "pass") for _, node in found] == [
        source.replace("raise catalog.NO(id='é')", "pass"),
        source.replace("raise catalog.NOT_JSON[0]() from None", "pass"),
    ]


def test_checks_of_a_field_are_removed_one_at_a_time(mutate: ModuleType) -> None:
    """Each statement removes the check of its error, and leaves the others."""
    values: dict[str, Any] = {"missing": {}, "type": {"name": 5}, "short": {"name": ""}, "start": {"name": "xy"}}

    def field() -> fields.String:
        return fields.String(
            required=True,
            error_messages={"required": "missing", "invalid": "type"},
            validate=[validate.Length(min=1, error="short"), validate.Regexp("(?!x)", error="start")],
        )

    def errors(statement: str) -> set[str]:
        schema = Schema.from_dict({"name": field()})
        exec(statement, {"schema": schema})
        return {message for data in values.values() for message in schema().validate(data).get("name", ())}

    assert errors("") == set(values)
    found = list(mutate.field_checks(field(), "schema._declared_fields['name']", is_text_only=False))
    assert [(error, kind) for error, kind, _ in found] == [
        ("missing", " (required)"),
        ("type", " (type)"),
        ("short", ""),
        ("start", ""),
    ]
    del values["type"]["name"]  # the validators cannot read a number
    for error, kind, statement in found:
        if kind == " (type)":
            values["type"] = {"name": 5}
            with pytest.raises(TypeError):
                errors(statement)
            values["type"] = {}
        else:
            assert errors(statement) == set(values) - {"type", error}


def test_checks_of_schemas_are_found(mutate: ModuleType) -> None:
    """A field that is inherited is one of its own schema alone; texts of a query have no other type."""
    names = [mutant.name for mutant in mutate.of_providers()]
    pools = [name for name in names if "@ PoolSchema.name" in name and name.startswith("sendgrid")]
    assert pools == [
        "sendgrid NAME_MISSING @ PoolSchema.name (required)",
        "sendgrid NAME_MISSING @ PoolSchema.name (type)",
        "sendgrid NAME_MISSING @ PoolSchema.name",
        "sendgrid NAME_TOO_LONG @ PoolSchema.name",
    ]
    assert "sendgrid POOL_NAME_LENGTH @ RenamedPoolSchema.name" in names
    assert "sendgrid POOL_NAME_LENGTH @ NewPoolSchema.name" not in names
    assert "sendgrid AFTER_KEY_TYPE @ MembersQuerySchema.after_key (type)" not in names
    assert "sparkpost KEY_IPS_INVALID @ NewSubaccountSchema.key_valid_ips" in names
