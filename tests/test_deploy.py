"""What puts the server into containers: the compose files fit their schema, and name what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.cli import commands

ROOT = Path(__file__).parent.parent
FILES = sorted(ROOT.glob("compose*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_compose(file: Path) -> None:
    """A compose file fits the schema of Compose; its settings are the server's, its ports and files are there."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    services: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))["services"]
    known = {str(parameter.envvar) for parameter in commands.commands["serve"].params}
    assert set(services["mockserver"]["environment"]) <= known
    for service in services.values():
        assert all(port.startswith("127.0.0.1:8080:8080") for port in service.get("ports", ()))
        for volume in service.get("volumes", ()):
            assert (ROOT / volume.partition(":")[0]).is_file()
        assert set(service.get("depends_on", ())) <= set(services)
