"""Compose files, workflows and issue templates: they fit their schemas, and what they name exists."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.cli import commands

ROOT = Path(__file__).parent.parent
FILES = sorted(ROOT.glob("compose*.yaml"))
GITHUB = ROOT / ".github"
SCHEMAS = {
    "vendor.github-workflows": sorted(GITHUB.glob("workflows/*")),
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yaml"],
    "vendor.github-issue-forms": sorted(set(GITHUB.glob("ISSUE_TEMPLATE/*")) - {GITHUB / "ISSUE_TEMPLATE/config.yaml"}),
}
"""By schema, the files that it describes."""


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


def workflow_jobs() -> dict[str, dict[str, Any]]:
    """Return the jobs of all workflows, by file and name."""
    return {
        f"{path.name}:{name}": job
        for path in SCHEMAS["vendor.github-workflows"]
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("schema", SCHEMAS)
def test_github_files_fit_their_schema(schema: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*check, *map(str, SCHEMAS[schema])], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_run_targets_of_the_makefile() -> None:
    commands = [step.get("run", "") for job in workflow_jobs().values() for step in job.get("steps", ())]
    named = {target for command in commands for target in re.findall(r"\bmake ([.\w/-]+)", command)}
    targets = set(re.findall(r"^([.\w/-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert named >= {"test", "test-slow", "test-redis", "fuzz", "evidence", "mutate"}
    assert named <= targets


def test_workflow_runs_every_supported_python() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    supported = re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])
    strategy = workflow_jobs()["tests.yaml:tests"]["strategy"]["matrix"]
    assert strategy["python"] == supported
    assert all(row["may-fail"] and row["python"] not in supported for row in strategy["include"])


def test_every_job_has_a_timeout_and_named_permissions() -> None:
    for path in SCHEMAS["vendor.github-workflows"]:
        assert yaml.safe_load(path.read_text("utf-8"))["permissions"] == {"contents": "read"}
    for name, job in workflow_jobs().items():
        assert "uses" in job or job["timeout-minutes"] <= 60, name


def test_pre_commit_runs_the_checks_of_make_check() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in local["hooks"]]
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    checks = [line.strip().removeprefix("$(BIN)/") for line in recipe[1].splitlines()]
    assert [hook.split()[:2] for hook in hooks] == [check.split()[:2] for check in checks]


def test_issue_about_a_response_asks_for_the_real_one() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "wrong-response.yaml").read_text("utf-8"))
    required = {item["id"] for item in form["body"] if item.get("validations", {}).get("required")}
    assert {"request", "real", "date", "mock"} <= required
