"""What is imported for a server, and for the command line."""

from __future__ import annotations

import subprocess
import sys


def test_server_and_help_do_not_import_drift() -> None:
    program = """
import sys
from mockserver import create_app
from mockserver.cli import commands
create_app()
print([name for name in sys.modules if name.startswith("mockserver.drift") or name.endswith(".service")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("['mockserver.web.service']\n", "")
