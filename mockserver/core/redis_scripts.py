"""The Lua scripts of the Redis store: one file in `lua/` for each operation that Redis does atomically."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "lua"
SHARED = ("common", "check_seed")
"""Files that are no script, but parts of scripts."""


def load_scripts() -> Mapping[str, str]:
    """Return the text of every script by name. All begin with `common.lua`, all but `adopt` then check the seed."""
    texts = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.lua")}
    common, check_seed = (texts.pop(name) for name in SHARED)
    return {name: common + ("" if name == "adopt" else check_seed) + text for name, text in texts.items()}
