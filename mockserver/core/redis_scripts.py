"""The Lua scripts of the Redis store: one file in `lua/` for each operation that Redis does atomically."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "lua"
BEGIN, CHECK, END = "common", "check_seed", "errors"
"""Files that are no script, but parts of scripts."""
UNCHECKED = ("adopt", "reset")
"""Scripts that run whatever seed the database is of."""


def load_scripts() -> Mapping[str, str]:
    """Return the text of every script by name."""
    texts = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.lua")}
    begin, check, end = (texts.pop(name) for name in (BEGIN, CHECK, END))
    return {
        name: f"{begin}\nlocal function main()\n{'' if name in UNCHECKED else check}{text}end\n{end}"
        for name, text in texts.items()
    }
