"""The packaged documents: their compiled form says what the YAML says, or is not read."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.core import yaml_files as documents

ROOT = Path(__file__).parent.parent
PACKAGED = sorted([*(ROOT / "openapi").glob("*.yaml"), *(ROOT / "fixtures").glob("*.yaml")])


@pytest.mark.slow
@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.name)
def test_every_document_can_be_compiled(path: Path, tmp_path: Path) -> None:
    """What is packaged says nothing that JSON cannot say, and says the same in both forms."""
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    assert documents.compiled(copy) is None
    read = documents.read(copy)
    documents.compile_to(copy, tmp_path)
    assert documents.compiled(copy) == read != []


@pytest.mark.parametrize("text", ["200: a", "true: a", "a: !!binary aGVsbG8="])
def test_what_json_cannot_say(text: str, tmp_path: Path) -> None:
    """A document that would change on its way through JSON is not compiled."""
    path = tmp_path / "some.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises((TypeError, ValueError)):
        documents.compile_to(path, tmp_path)
    assert documents.compiled(path) is None


@pytest.mark.slow
def test_the_yaml_is_what_counts(tmp_path: Path) -> None:
    """The compiled form is read while it is of the YAML that stands beside it; one of another text is not."""
    for name in ("fixtures", "mockserver", "openapi"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    source, compiled = tmp_path / "fixtures" / "empty.yaml", tmp_path / "fixtures" / "empty.json"

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert run("mockserver", "validate", "empty") == "OK: empty: seed 'empty'\n"
    run("mockserver.core.yaml_files", str(source))
    compiled.write_text(compiled.read_text("utf-8").replace('"name":"empty"', '"name":"compiled"'), "utf-8")
    assert run("mockserver", "validate", "empty") == "OK: empty: seed 'compiled'\n"
    source.write_text(source.read_text("utf-8").replace("name: empty", "name: changed"), "utf-8")
    assert run("mockserver", "validate", "empty") == "OK: empty: seed 'changed'\n"
