"""YAML documents: how they are read, and the compiled form in which the packaged ones are read forty times faster."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any


def loader() -> Any:
    """Return PyYAML's class for YAML's safe types, without dates: `2024-01-01` is a text."""
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
    documents = compiled(path)
    return _parsed(path.read_bytes()) if documents is None else documents


def compiled(path: Path) -> list[Any] | None:
    """Return the documents of a YAML file from its compiled form; None if it has none, or one of another text.

    So the two cannot drift: who changes the YAML is slower until it is compiled again, and never wrong.
    """
    try:
        found = json.loads(_beside(path).read_bytes())
    except OSError:
        return None
    documents: list[Any] | None = found["documents"] if found["of"] == _digest(path.read_bytes()) else None
    return documents


def compile_to(path: Path, folder: Path) -> None:
    """Write the compiled form of a YAML file. Raises `TypeError` or `ValueError` if JSON cannot say it."""
    text = path.read_bytes()
    documents = _parsed(text)
    form = json.dumps({"of": _digest(text), "documents": documents}, ensure_ascii=False, separators=(",", ":"))
    if json.loads(form)["documents"] != documents:  # a key that is a number, say, becomes a text without a word
        raise ValueError(f"{path}: says what JSON cannot say")
    _beside(folder / path.name).write_text(form, encoding="utf-8")


def _beside(path: Path) -> Path:
    return path.with_suffix(".json")


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _parsed(text: bytes) -> list[Any]:
    import yaml

    return list(yaml.load_all(text, loader()))


if __name__ == "__main__":  # for make and setup.py, which run before anything is installed
    for name in sys.argv[1:]:
        compile_to(Path(name), Path(name).parent)
