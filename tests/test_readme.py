"""README.md does what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mockserver import seed
from mockserver.providers import PROVIDERS
from mockserver.server import Server, start

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CONSOLE = [block for language, block in BLOCKS if language == "console"]
PYTHON = [block for language, block in BLOCKS if language == "python"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start() as server:
        yield server


def test_the_two_commands() -> None:
    """The two commands come first, and make knows them."""
    language, first = BLOCKS[0]
    commands = [line.partition("#")[0].split() for line in first.splitlines()]
    assert (language, commands) == ("sh", [["make", "serve"], ["make", "test"]])
    for _, target in commands:
        subprocess.run(["make", "--dry-run", target, "ARGS=--port 9000"], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("block", CONSOLE)
def test_console(block: str, server: Server) -> None:
    """Every command prints what stands under it."""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        command = command.replace("http://127.0.0.1:8080", server.url)
        printed = subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
        assert printed.strip() == expected.strip(), command


@pytest.mark.parametrize("block", PYTHON)
def test_python(block: str, server: Server) -> None:
    """Every Python block runs, its assertions included."""
    exec(compile(block.replace("http://127.0.0.1:8080", server.url), "README.md", "exec"), {})


def test_the_seed() -> None:
    """The seed shown is a world."""
    (text,) = (block for language, block in BLOCKS if language == "yaml")
    readers = {provider.name: provider.read_seed for provider in PROVIDERS}
    world = seed.read(text.encode(), "mine", readers)
    assert set(yaml.safe_load(text)) == {"world", *world.states}


def test_links() -> None:
    """Every file that is linked to is there."""
    for page in [ROOT / "README.md", *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), (page.name, target)


def test_every_block_is_tested() -> None:
    """No block is of a kind that no test runs."""
    assert {language for language, _ in BLOCKS} == {"sh", "console", "python", "yaml"}
