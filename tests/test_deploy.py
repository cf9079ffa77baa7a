"""Compose files, the image, the Makefile, workflows and issue templates: they fit, and what they name exists."""

from __future__ import annotations

import configparser
import os
import re
import shutil
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


def test_compose_asks_often_during_startup() -> None:
    """Services that depend on the server wait for it no longer than for its startup."""
    for file in FILES:
        check = yaml.safe_load(file.read_text("utf-8"))["services"]["mockserver"]["healthcheck"]
        assert check["start_interval"] == "500ms"
        assert "test" not in check  # that of the image


def test_labels() -> None:
    """The image has the labels of OCI, with the values of setup.cfg, and no address."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', text)) == {
        "title": "mockserver",
        "description": setup["metadata"]["description"],
        "version": setup["metadata"]["version"],
        "licenses": setup["metadata"]["license_expression"],
        "base.name": "docker.io/library/" + text.rpartition("\nFROM ")[2].splitlines()[0],
    }


SLOW = re.compile(r"pip install|-m venv|yaml_files")
"""Commands that take seconds."""


@pytest.mark.parametrize("target", ["serve", "test"])
def test_make_says_what_it_does(target: str, tmp_path: Path) -> None:
    """In a new clone `make serve` and `make test` print a line before each command that takes seconds."""
    for name in ("Makefile", "setup.cfg", "setup.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("fixtures", "openapi", "mockserver/core"):
        (tmp_path / name).mkdir(parents=True)
        for file in (ROOT / name).glob("*.yaml" if name != "mockserver/core" else "yaml_files.py"):
            shutil.copy(file, tmp_path / name)
    done = subprocess.run(["make", "--dry-run", target], cwd=tmp_path, capture_output=True, text=True, check=True)
    commands = done.stdout.splitlines()
    slow = [number for number, command in enumerate(commands) if SLOW.search(command)]
    assert len(slow) > 5
    assert not [commands[number] for number in slow if not commands[number - 1].startswith("echo ")]


PODMAN = """#!/bin/sh
echo "$(sed -n 's/^graphroot = //p' "$CONTAINERS_STORAGE_CONF") $*" >>"$PODMAN_LOG"
case "$1 $2" in
"image inspect") echo 1000000 ;;
"port "*) echo 127.0.0.1:1 ;;
"exec "*) echo 10001 ;;
"inspect "*) echo 0 ;;
"system service")
  cd "$(dirname "${4#unix://}")"
  python3 -c 'import socket; socket.socket(1).bind("podman.sock")'
  exec sleep 60
  ;;
esac
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="the image is built on Debian only")
def test_each_clone_has_an_image_store_of_its_own(tmp_path: Path) -> None:
    """`make image` uses a store per clone, and removes containers of that store only. A second run has to wait."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"podman": PODMAN, "dpkg": "", "make": "", "id": "echo 0"}.items():
        (programs / name).write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    stores = []
    for number in range(2):
        clone = tmp_path / f"clone{number}"
        (clone / "tools").mkdir(parents=True)
        (clone / ".venv/bin").mkdir(parents=True)
        for name in ("mockserver", "python"):
            (clone / ".venv/bin" / name).symlink_to("/bin/true")
        shutil.copy(ROOT / "tools/image-check.sh", clone / "tools")
        log = tmp_path / f"log{number}"
        environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "PODMAN_LOG": str(log),
        }
        command = ["tools/image-check.sh"]
        done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        calls = [line.partition(" ") for line in log.read_text().splitlines()]
        (store,) = {store for store, _, _ in calls}
        assert store.startswith(f'"{tmp_path}/cache/mockserver-image-check/')
        assert [call for _, _, call in calls if call.startswith("rm ")] == ["rm --force --all --time 0"]
        stores.append(store)
        lock = Path(store.strip('"')).parent / "lock"
        done = subprocess.run(
            ["flock", str(lock), *command], cwd=clone, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (1, "make image runs already in this clone\n")
    assert len(set(stores)) == 2


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
