"""The soak benchmarks, at a bounded size."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def run(script: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_memory_stays_flat() -> None:
    """After a warm-up, resident size does not grow while tenants are created, used and deleted."""
    run("soak.py", "--calls", "12000", "--tenants", "200")


@pytest.mark.parametrize("store", ["memory", "redis"], indirect=True)
def test_bad_clients_do_not_disturb_a_good_one(store: Callable[[], str]) -> None:
    run("soak_server.py", "--seconds", "8", "--slowest", "20", "--store", store())
