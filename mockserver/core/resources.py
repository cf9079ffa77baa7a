"""The data shipped with the package: OpenAPI documents and fixtures, in a checkout as in a wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def folder(name: Literal["openapi", "fixtures"]) -> Path:
    """Return the folder of packaged data, or its sibling of the package when run from a checkout."""
    packaged = Path(__file__).parent.parent / name
    return packaged if packaged.is_dir() else packaged.parent.parent / name


def read(name: Literal["openapi", "fixtures"], file: str) -> str:
    """Return the text of one packaged file."""
    return (folder(name) / file).read_text(encoding="utf-8")


def version() -> str:
    """Return the version of mockserver."""
    from importlib import metadata  # slow to import, and rarely needed

    try:
        return metadata.version("esp-mockserver")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
