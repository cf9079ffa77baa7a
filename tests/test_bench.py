"""The benchmarks, at a small size and without other servers: that they run and tell, not how fast anything is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def test_a_quick_run_tells_every_target(tmp_path: Path) -> None:
    """A quick run ends well, writes a page with a verdict for every target, and a plot beside it."""
    target = tmp_path / "benchmarks.md"
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "bench.py"), "--quick", "--peers", "none", "--page", str(target)],
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    targets = target.read_text("utf-8").partition("## Targets")[2].partition("##")[0]
    verdicts = [line.split(" | ")[-1].strip(" |") for line in targets.splitlines() if line.startswith("| ")]
    assert set(verdicts[2:]) <= {"met", "MISSED", "not measured"}
    assert len(verdicts[2:]) > 25
    assert "(benchmarks.svg)" in target.read_text("utf-8")
    assert ElementTree.parse(target.with_suffix(".svg")).getroot().tag.endswith("svg")
