"""YAML documents, and their compiled form in JSON, which is read forty times faster."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def loader() -> Any:
    """Return PyYAML's loader class for safe types, without dates: `2024-01-01` is a string."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

    return Loader


def read(path: Path) -> list[Any]:
    """Return the documents of a YAML file, from its compiled form if it has one. Raises `OSError`, `yaml.YAMLError`."""
    return reader(path)()


def reader(path: Path) -> Callable[[], list[Any]]:
    """Read a YAML file, and return a function that returns its documents and opens no file. Raises `OSError`."""
    text, form = path.read_bytes(), _form(path)
    if form is None:
        import yaml  # noqa: F401  which opens files

    def documents() -> list[Any]:
        found = None if form is None else _documents(form, text)
        return _parsed(text) if found is None else found

    return documents


def compiled(path: Path) -> list[Any] | None:
    """Return the documents of a YAML file from its compiled form; None if it has none, or an outdated one."""
    form = _form(path)
    return None if form is None else _documents(form, path.read_bytes())


def _form(path: Path) -> bytes | None:
    try:
        return _compiled_path(path).read_bytes()
    except OSError:
        return None


def _documents(form: bytes, text: bytes) -> list[Any] | None:
    found = json.loads(form)
    documents: list[Any] | None = found["documents"] if found["of"] == _digest(text) else None
    return documents


def compile_to(path: Path, folder: Path) -> None:
    """Write the compiled form of a YAML file. Raises `TypeError` or `ValueError` for values that JSON does not have."""
    text = path.read_bytes()
    documents = _parsed(text)
    form = json.dumps({"of": _digest(text), "documents": documents}, ensure_ascii=False, separators=(",", ":"))
    if json.loads(form)["documents"] != documents:  # JSON turns a key that is a number into a string
        raise ValueError(f"{path}: has values that JSON does not have")
    _compiled_path(folder / path.name).write_text(form, encoding="utf-8")


def _compiled_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _parsed(text: bytes) -> list[Any]:
    import yaml

    return list(yaml.load_all(text, loader()))


if __name__ == "__main__":  # for make and setup.py, which run before anything is installed
    for name in sys.argv[1:]:
        compile_to(Path(name), Path(name).parent)
