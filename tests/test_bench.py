"""The benchmarks in a small size and without other servers: they run and report, whatever the results are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PEERS = {"moto", "Mockoon", "json-server", "pytest-httpserver", "Prism"}
CASES = ("list", "get", "create", "error")


def test_quick_run_reports_every_target(tmp_path: Path) -> None:
    """A quick run exits with 0, writes a page with a result for every metric, and a plot."""
    target = tmp_path / "benchmarks.md"
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "bench.py"), "--quick", "--peers", "none", "--page", str(target)],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = target.read_text("utf-8")
    groups = text.partition("## Targets\n")[2].partition("\n## ")[0].split("\n### ")[1:]
    rows = []
    for group in groups:
        assert "**Clock.** " in group
        lines = [line.strip("| ").split(" | ") for line in group.splitlines() if line.startswith("| ")]
        assert lines[0][:4] == ["Metric", "Target", "Measured", "Result"]
        rows += lines[2:]
    results = {row[0]: row[3] for row in rows}
    assert len(results) == len(rows) > 45
    assert set(results.values()) <= {"met", "MISSED", "no target", "not measured"}
    unmeasured = [metric for metric, result in results.items() if result == "not measured"]
    assert len(unmeasured) == 8, (unmeasured, done.stderr)
    assert all(any(peer in metric for peer in PEERS) for metric in unmeasured)
    assert {f"{case}: ratio to bare Flask" for case in CASES} <= set(results)
    assert re.search(r"^\| writes, 2 processes: ratio to one, [0-9]+ cores? \|", text, re.MULTILINE)
    assert results["Flask and marshmallow in `sys.modules`"] == "met"
    assert "(benchmarks.svg)" in text
    assert "://" not in text and str(ROOT) not in text
    assert ElementTree.parse(target.with_suffix(".svg")).getroot().tag.endswith("svg")
