"""Node.js and the npm clients of `clients/npm`: installed when needed, left out loudly where Node.js is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import IO

import pytest

FOLDER = Path(__file__).parent / "clients" / "npm"
LOCK = FOLDER / "package-lock.json"
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"
"""What npm writes when everything is installed."""


def find_node() -> str:
    """Return the path of Node.js, the clients being installed; skip the test without it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("THE NPM CLIENTS WERE LEFT OUT, NOTHING OF THEM IS TESTED: NODE.JS IS MISSING (node and npm)")
    with LOCK.open("rb") as lock:
        _only_one(lock)
        if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
            run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], timeout=300)
    return node


def _only_one(lock: IO[bytes]) -> None:
    """Wait until no other process installs; closing the file lets the next one in."""
    try:
        import fcntl
    except ImportError:  # not on Windows, where tests do not run side by side
        return
    fcntl.flock(lock, fcntl.LOCK_EX)


def run(command: list[str], timeout: float, program: str = "", **environment: str) -> None:
    """Run a command in the folder, with a program on its standard input."""
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env={**os.environ, **environment},
        input=program,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
