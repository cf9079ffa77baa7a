"""The list of guards is whole; `make mutate` takes each one out."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

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
def test_every_guard_has_a_test(mutate: ModuleType) -> None:
    """Every refusal in the source of a provider has a test that fails without it, or a reason why none does."""
    for guard, known in mutate.guards():
        assert (known.test is None) != (known.survives is None), f"tools/mutate.py --find: {guard.name}"
        ast.parse(guard.text)
    assert mutate.stale() == []


@pytest.mark.slow
def test_the_tests_are_there(mutate: ModuleType) -> None:
    """Every test that is named is one."""
    for name in {known.test for _, known in mutate.guards() if known.test is not None}:
        file, *parts = name.split("::")
        body = ast.parse((ROOT / file).read_text("utf-8")).body
        if parts[-1] == "runTest":  # of a state machine, which is assigned
            assert any(parts[0] in ast.unparse(node) for node in body if isinstance(node, ast.Assign)), name
            continue
        assert any(isinstance(node, ast.FunctionDef) and node.name == parts[0] for node in body), name


def test_what_a_guard_is(mutate: ModuleType) -> None:
    """A refusal that is raised, and what a schema checks, is found, and nothing else goes with it."""
    source = "def rule(tx):\n    if tx:  # why\n        raise catalog.NO(id='é')\n    raise SeedError(())\n"
    source += "class Body:\n    name = Text(missing=catalog.NO, checks=[(bool, catalog.NO)])\n"
    found = mutate.Finder("rules.py", source).found
    assert [name for name, _, _ in found] == [
        "rules.py rule: raise catalog.NO(id='é')",
        "rules.py Body.name: missing=catalog.NO",
        "rules.py Body.name: (bool, catalog.NO)",
    ]
    texts = [mutate.replaced(source, node, instead) for _, node, instead in found]
    assert texts == [
        source.replace("raise catalog.NO(id='é')", "pass"),
        source.replace("missing=catalog.NO", "missing=None"),
        source.replace("(bool, ", "((lambda *_: True), "),
    ]
