"""The words of the project: no private terms in code, messages, OpenAPI documents and tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = (
    *(
        "told",
        "tell",
        "tells",
        "stranger",
        "strangers",
        "nobody",
        "whosever",
        "anew",
        "misfit",
        "misfits",
        "straighten",
    ),
    *("strike", "strikes", "struck"),
    *("refusal", "refusals", "unread"),
    *("turns red", "held against", "hold against", "is none", "that there are", "of ours", "in the place of"),
)
"""Words and phrases that mean something else, or nothing, to a reader from outside."""
VENDORS = ("this tells email clients",)
"""Words of vendors' own messages."""
PATTERN = re.compile(r"\b(?:" + "|".join(FORBIDDEN).replace(" ", r"\s+") + r")\b", re.IGNORECASE)
SUFFIXES = {".py", ".yaml", ".lua", ".json", ".mjs"}


def files() -> list[Path]:
    found = [path for folder in ("mockserver", "openapi", "tests") for path in sorted((ROOT / folder).rglob("*"))]
    return [
        path
        for path in found
        if path.suffix in SUFFIXES
        and not {"node_modules", "__pycache__"} & set(path.parts)
        and path != Path(__file__)
        and not (path.suffix == ".json" and path.with_suffix(".yaml").exists())
    ]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_has_no_forbidden_word(path: Path) -> None:
    text = path.read_text("utf-8")
    found = []
    for match in PATTERN.finditer(text):
        if match[0].lower() == "is none" and match[0] == "is None":
            continue
        if any(each in text[match.start() - 50 : match.end() + 50] for each in VENDORS):
            continue
        line = text.count("\n", 0, match.start()) + 1
        found.append(f"{line}: {match[0]}")
    assert found == []


def test_words_are_found() -> None:
    assert PATTERN.search("as it was told")
    assert PATTERN.search("a path that is\n    none")
    assert not PATTERN.search("untold, strikethrough")
