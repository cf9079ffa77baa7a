"""The words of the project: no private terms in code, messages, command line, OpenAPI documents, tests and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from mockserver.cli import commands

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
FORBIDDEN_ON_PAGES = (
    *("dialect", "dialects", "envelope", "envelopes", "household", "journaled", "ledger"),
    *("refuse", "refuses", "refused", "unmodelled", "world", "worlds", "whoever", "who asks"),
)
"""Words of older names: `request`, `error format`, `support matrix`, `return an error`, `seed` are those to use."""


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(words).replace(" ", r"\s+") + r")\b", re.IGNORECASE)


PATTERN = pattern(FORBIDDEN)
EXEMPT = {
    "docs/troubleshooting.md": ("Connection refused",),
    "mockserver/providers/sendgrid/catalog.py": ("this tells email clients",),
    "openapi/sendgrid.yaml": ("this tells email clients",),
    "docs/operations.md": ("this tells email clients",),
}
"""Texts of others."""
SUFFIXES = {".py", ".yaml", ".lua", ".json", ".mjs", ".js", ".html"}


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


def pages() -> list[Path]:
    patterns = ("*.md", "docs/*.md", "examples/*/*.md", ".github/**/*.yaml")
    return [ROOT / "setup.cfg", *(path for each in patterns for path in sorted(ROOT.glob(each)))]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_exempt(path: Path) -> str:
    """Return the text of a file without texts of others."""
    text = path.read_text("utf-8")
    for each in EXEMPT.get(relative(path), ()):
        assert each in text
        text = text.replace(each, "")
    return text


def forbidden(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Return the forbidden words of a text, each with its line."""
    found = [match for match in pattern.finditer(text) if match[0] != "is None"]
    return [f"{text.count(chr(10), 0, match.start()) + 1}: {match[0]}" for match in found]


@pytest.mark.parametrize("path", files(), ids=relative)
def test_file_has_no_forbidden_word(path: Path) -> None:
    assert forbidden(without_exempt(path), PATTERN) == []


@pytest.mark.parametrize("path", pages(), ids=relative)
def test_page_has_no_forbidden_word(path: Path) -> None:
    assert forbidden(without_exempt(path), pattern((*FORBIDDEN, *FORBIDDEN_ON_PAGES))) == []


def test_command_line_has_no_forbidden_word() -> None:
    """The help of every command, as it is printed."""
    texts = [command.get_help(click.Context(command, info_name=name)) for name, command in commands_below(commands)]
    assert len(texts) > 30
    found = (forbidden(each, pattern((*FORBIDDEN, *FORBIDDEN_ON_PAGES))) for each in texts)
    assert [each for each in found if each] == []


def commands_below(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield name, command
        if isinstance(command, click.Group):
            yield from commands_below(command)


def test_words_are_found() -> None:
    assert PATTERN.search("as it was told")
    assert PATTERN.search("a path that is\n    none")
    assert not PATTERN.search("untold, strikethrough")
