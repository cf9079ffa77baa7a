"""The benchmark of sending in a small size: it runs and reports, whatever the results are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "sending.py"


def test_small_run_reports_every_provider() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--seconds", "0.05", "--rounds", "1", "--peers", "none"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name in ("sparkpost", "sendgrid", "mailgun"):
        for connections in (1, 8):
            assert found["messages per second"][f"mockserver, SMTP, {name}, {connections} connections"] > 0
    assert all(each > 1 << 20 for each in found["memory"].values())
