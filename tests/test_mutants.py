"""The list of mutants resolves, and each kind of mutant is what it says; `make mutate` runs them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields, validate

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

import mutants  # noqa: E402
import mutated  # noqa: E402

SOURCE = """
@decorated
def rule(tx, limit):
    with tx.lock, suppress(KeyError):
        if tx.size >= limit and not tx.open:
            raise Full(limit)
        log(tx)
        log(limit)
    tx.run(strict=True, kinds=(ValueError, KeyError))
    return [each for each in tx.items if each.size] if limit else None
"""


def changed(kind: str, names: str, expression: str | None = None, nth: int = 0) -> set[str]:
    """Return the lines that an edit of `SOURCE` removes and adds."""
    tree = ast.parse(SOURCE)
    before = {line.strip() for line in ast.unparse(tree).splitlines()}
    edit = mutants.Edit(kind, frozenset(names.split(", ")), expression, nth)
    mutants.apply(tree, mutants.select(tree, edit), edit)
    after = {line.strip() for line in ast.unparse(ast.fix_missing_locations(tree)).splitlines()}
    return {f"-{line}" for line in before - after} | {f"+{line}" for line in after - before}


@pytest.mark.slow
def test_mutants_resolve_and_change_the_source() -> None:
    found = mutants.mutants()
    names = [mutant.name for mutant in found]
    assert len(set(names)) == len(names)
    assert set(mutants.survivors()) <= set(names)
    for mutant in found:
        text = (ROOT / mutant.file).read_text("utf-8")
        assert ast.unparse(ast.parse(mutant.source)) != ast.unparse(ast.parse(text)), mutant.name
        assert all((ROOT / test.partition("::")[0]).exists() for test in mutant.tests), mutant.name


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("remove", "Full"), {"-raise Full(limit)", "+pass"}),
        (("remove", "log, tx"), {"-log(tx)"}),
        (("remove", "log", None, 2), {"-log(limit)"}),
        (("remove", "tx, open"), {"-if tx.size >= limit and (not tx.open):", "+if tx.size >= limit:"}),
        (("remove", "lock"), {"-with tx.lock, suppress(KeyError):", "+with suppress(KeyError):"}),
        (
            ("remove", "strict"),
            {
                "-tx.run(strict=True, kinds=(ValueError, KeyError))",
                "+tx.run(kinds=(ValueError, KeyError))",
            },
        ),
        (
            ("remove", "ValueError"),
            {
                "-tx.run(strict=True, kinds=(ValueError, KeyError))",
                "+tx.run(strict=True, kinds=(KeyError,))",
            },
        ),
        (("never", "size, open"), {"-if tx.size >= limit and (not tx.open):", "+if False:"}),
        (("always", "open"), {"-if tx.size >= limit and (not tx.open):", "+if tx.size >= limit and True:"}),
        (
            ("never", "each, size"),
            {
                "-return [each for each in tx.items if each.size] if limit else None",
                "+return [each for each in tx.items if False] if limit else None",
            },
        ),
        (
            ("replace", "items, size, each", "limit"),
            {
                "-return [each for each in tx.items if each.size] if limit else None",
                "+return limit if limit else None",
            },
        ),
    ],
)
def test_edit_changes_the_smallest_node_with_its_names(edit: tuple[Any, ...], expected: set[str]) -> None:
    assert changed(*edit) == expected


def test_with_statement_without_items_leaves_its_body() -> None:
    tree = ast.parse("def rule(tx):\n    with tx.lock:\n        run(tx)\n")
    edit = mutants.Edit("remove", frozenset({"lock"}))
    mutants.apply(tree, mutants.select(tree, edit), edit)
    assert ast.unparse(tree) == "def rule(tx):\n    run(tx)"


def test_edit_of_no_node_or_of_several_is_an_error() -> None:
    with pytest.raises(mutants.SelectorError, match="0 places for 'never: nothing'"):
        changed("never", "nothing")
    with pytest.raises(mutants.SelectorError, match=r"2 places .*\n      line 7: log\(tx\)\n      line 8"):
        changed("remove", "log")
    with pytest.raises(mutants.SelectorError, match="2 places for 'remove: log', nth: 3"):
        changed("remove", "log", None, 3)


def test_all_unresolved_entries_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        {"check": "one", "in": "core.nowhere.run", "remove": "x"},
        {"check": "two", "in": "core.faults.Faults.gone", "remove": "x"},
        {"check": "three", "in": "core.faults.Faults.take", "never": "gone"},
        {"check": "four", "in": "core.faults.Faults.take", "never": "skip, skipped", "with": "x"},
        {"check": "five", "in": "core.faults.Faults.take", "gone": "x"},
    ]
    monkeypatch.setattr(mutants, "data", lambda: {"others": entries, "survivors": None})
    with pytest.raises(mutants.SelectorError) as failed:
        mutants.mutants()
    message = str(failed.value)
    assert "5 unresolved entries" in message
    for each in (
        *("no module of the package in 'core.nowhere.run'", "0 definitions of 'gone' for 'core.faults.Faults.gone'"),
        *("0 places for 'never: gone'", "unknown form: check, in, never, with", "unknown form: check, in, gone"),
    ):
        assert each in message


def test_raised_errors_are_found_by_name_and_function() -> None:
    source = "def rule(tx):\n    if tx:  # why\n        raise catalog.NO(id='é')\n    raise SeedError(())\n"
    source += "class Field:\n    def load(self):\n        raise catalog.NOT_JSON[0]() from None\n"
    found = list(mutants.raised_errors(source))
    assert [name for name, _ in found] == ["NO @ rule", "NOT_JSON @ Field.load"]
    tree = ast.parse(source)
    assert [ast.unparse(mutants.nth_node(tree, number)) for _, number in found] == [
        "raise catalog.NO(id='é')",
        "raise catalog.NOT_JSON[0]() from None",
    ]


def test_checks_of_a_field_are_removed_one_at_a_time() -> None:
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
        exec(statement.format("schema._declared_fields['name']"), {"schema": schema, "mutated": mutated})
        return {message for data in values.values() for message in schema().validate(data).get("name", ())}

    assert errors("") == set(values)
    found = list(mutants.field_checks(field(), is_text_only=False))
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


def test_checks_of_schemas_are_found() -> None:
    """A field that is inherited is one of its own schema alone; texts of a query have no other type."""
    names = [mutant.name for mutant in mutants.of_providers()]
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
