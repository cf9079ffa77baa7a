"""The example works as its README says, and its tests notice when its script is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from mockserver import Tenant

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
EXAMPLE = ROOT / "examples" / "migrate-pools"
README = (EXAMPLE / "README.md").read_text("utf-8")
TESTS, SCRIPT = (block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
SEED = "examples/migrate-pools/tests/seed.yaml"

MISTAKES = [
    ("ATTEMPTS = 5", "ATTEMPTS = 1", "test_a_limit_in_the_middle"),
    ("found = done()", "pass", "test_a_lost_answer"),
    ('"pool_id": self.find(name)', '"pool_id": None', "test_a_crash_in_the_middle or test_a_pool_that_is_there"),
    ("new = self.ips.get(ip)", "new = ip", "test_pools_are_made"),
    ('quote(pool["name"], safe="")', 'pool["name"]', "test_odd_names"),
    ("return None if self.dry_run else self.patiently", "return self.patiently", "test_a_dry_run_changes_nothing"),
]
"""What is planted into the script: a text of it, what takes its place, and the tests that must fail then."""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example, as a user would take it."""
    leftovers = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "migrate-pools", ignore=leftovers))


def sh(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command as in a shell of its own, with this Python's commands and nothing of the run of tests we are in."""
    ours = ("PYTEST_", "MOCKSERVER_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env["PYTEST_ADDOPTS"] = "-p no:schemathesis"  # a second to import, in every process of a run
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    return subprocess.run(command, shell=True, cwd=folder, env={**env, **variables}, capture_output=True, text=True)


@pytest.mark.slow
def test_the_commands_for_the_tests(example: Path, tmp_path: Path) -> None:
    """What README says of the tests can be done: they are installed, pass, and list at the end what they covered."""
    install, *runs = TESTS
    here = {"PIP_PREFIX": str(tmp_path / "installed"), "PIP_NO_INDEX": "1"}  # all that it needs is there
    installed = sh(install, example, PIP_NO_BUILD_ISOLATION="0", **here)  # by 0, pip understands: no isolation
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert list(tmp_path.glob("installed/**/migrate_pools-*.dist-info"))
    assert runs == ["pytest", "pytest -n 2 --mockserver-coverage"]
    done = sh(runs[1], example)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"= [0-9]+ passed in ", done.stdout), done.stdout
    assert re.search(r"= mockserver coverage =", done.stdout), done.stdout
    assert re.search(r"mailgun +operations +4/", done.stdout), done.stdout
    assert re.search(r"sendgrid +operations +2/", done.stdout), done.stdout


@pytest.mark.slow
@pytest.mark.mockserver(seed=SEED)
def test_the_commands_for_the_script(example: Path, mockserver: Tenant) -> None:
    """What README says of the script does what it says: the dry run nothing, the last command everything."""
    before = mockserver.state()
    for command in SCRIPT:
        assert mockserver.state() == before
        done = sh(command, example, **mockserver.env())
        assert done.returncode == 0, done.stdout + done.stderr
    names = [pool["name"] for pool in mockserver.state()["mailgun"]["ip_pools"]]
    assert names == ["alerts", "receipts", "newsletters"]


def test_what_readme_points_to() -> None:
    """Every test and every name that README points to is there."""
    text = (EXAMPLE / "tests" / "test_migrate_pools.py").read_text("utf-8")
    for row in re.findall(r"^\| .* \| (`.*`) \|$", README, re.MULTILINE):
        for name in re.findall("`([^`]+)`", row):
            assert re.search(rf"^(def {name}\(|{name} = )", text, re.MULTILINE), name


@pytest.mark.slow
@pytest.mark.parametrize(("right", "wrong", "tests"), MISTAKES, ids=[tests for *_, tests in MISTAKES])
def test_a_mistake_is_noticed(example: Path, right: str, wrong: str, tests: str) -> None:
    """With one line of the script changed for the worse, a test of the example fails."""
    script = example / "migrate_pools.py"
    text = script.read_text("utf-8")
    assert text.count(right) == 1
    script.write_text(text.replace(right, wrong), "utf-8")
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "mockserver.pytest_plugin"}
    done = sh(f"pytest -x -k '{tests}'", example, **quick)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search("^FAILED tests/test_migrate_pools.py::test_", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.slow
def test_shared_tests_pass_for_a_provider_from_outside() -> None:
    """The tests of every provider run over the example provider by its case file."""
    case = EXAMPLES / "acme-provider" / "case.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:cacheprovider", "tests/shared"]
    done = subprocess.run(
        [*command, "--provider-case", str(case), "-k", "acme", "-m", "not slow"],
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) > 100


@pytest.mark.slow
def test_provider_from_outside_is_served() -> None:
    """The command of the example's README starts a server with the provider."""
    folder = EXAMPLES / "acme-provider"
    (command,) = re.findall(
        r"^\$ PYTHONPATH=\. (mockserver serve .*)$", (folder / "README.md").read_text("utf-8"), re.M
    )
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split(), "--port", "0"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([".", str(EXAMPLES.parent)])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    provider = json.loads(process.stdout.readline())["providers"]["acme"]
    request = urllib.request.Request(f"{provider['url']}/v1/pools")
    request.add_header("Authorization", f"Bearer {provider['api_key']}")
    with urllib.request.urlopen(request, timeout=10) as response:
        pools = json.load(response)["pools"]
    process.terminate()
    process.stdout.close()
    assert (process.wait(10), [pool["name"] for pool in pools]) == (0, ["marketing", "transactional"])
