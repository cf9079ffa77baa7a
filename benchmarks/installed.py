"""The package as it is right after an installation: its first server, the pytest plugin, runs of pytest.

Installs a copy of the checkout with pip in a fresh virtual environment, in the versions of requirements.lock, in a
temporary folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

IMPORT = """
import json, sys, time
import pytest
start = time.perf_counter()
import mockserver.pytest_plugin
seconds = time.perf_counter() - start
modules = sorted({"flask", "marshmallow"} & set(sys.modules))
print(json.dumps({"seconds": seconds, "modules": modules, "file": mockserver.__file__}))
"""
"""The import of the pytest plugin, by a process that has imported pytest."""

FIRST_SERVER = """
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import mockserver
with mockserver.run_server() as server:
    import socket
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"GET /sendgrid/v3/ips/pools HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n"
            b"Authorization: Bearer SG.mockserverDemoKey00000.mockserverDemoKey00000000000000000000000000\\r\\n\\r\\n"
        )
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    seconds = time.perf_counter() - start
import json
assert response.startswith(b"HTTP/1.1 200 "), response
imported = len({"flask", "marshmallow", "waitress", "werkzeug"} & before)
print(json.dumps({"seconds": seconds, "imported before": imported, "file": mockserver.__file__}))
"""
"""The first server of a process. Nothing that it imports is imported before the clock starts."""

WITH_TENANT = """
from http.client import HTTPConnection


def test_pools(mockserver):
    host, _, path = mockserver.sendgrid.url.removeprefix("http://").partition("/")
    connection = HTTPConnection(host)
    connection.request("GET", f"/{path}/v3/ips/pools", headers=mockserver.sendgrid.headers)
    assert connection.getresponse().status == 200
    connection.close()
"""
"""A test that uses a tenant, and so starts a server."""

WITHOUT_TENANT = """
def test_nothing():
    assert 1 + 1 == 2
"""
"""A test that uses nothing of mockserver."""

TESTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "with a tenant": (WITH_TENANT, ()),
    "without a tenant": (WITHOUT_TENANT, ()),
    "without the plugin": (WITHOUT_TENANT, ("-p", "no:mockserver")),
}
"""By name: the test, and what is passed to pytest."""


class Environment:
    """A virtual environment with an installation, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / "venv"
        self.python = str(self.venv / "bin" / "python")
        source, constraints = folder / "source", folder / "constraints.txt"
        left_out = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "build", "dist", "*.egg-info")
        shutil.copytree(ROOT, source, ignore=left_out)
        locked = re.findall(r"^([a-z].*?) *\\?$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
        constraints.write_text("\n".join(locked))
        subprocess.run([sys.executable, "-m", "venv", str(self.venv)], check=True)
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        installed = [*pip, "--constraint", str(constraints), "pytest", str(source)]
        done = subprocess.run(installed, env=environment(pip=True), capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            raise RuntimeError("pip cannot install the package")
        shutil.rmtree(source)
        (self.packages,) = self.venv.glob("lib/python*/site-packages")
        self._files = self._list()

    def _list(self) -> set[Path]:
        return {path for path in self.venv.rglob("*") if path.is_file()}

    def restore(self) -> None:
        """Delete every file that was written since the installation: bytecode."""
        for path in self._list() - self._files:
            path.unlink()

    def copy(self, name: str, *packages: str) -> Path:
        """Copy packages without bytecode, all but pip if none is named; return the folder to import them from."""
        target = self.folder / name
        left_out = shutil.ignore_patterns("__pycache__", "pip", "pip-*", "setuptools*", "_distutils_hack", "*.pth")
        for package in packages or [""]:
            shutil.copytree(self.packages / package, target / package, ignore=left_out)
        return target

    def run(self, program: str, **variables: str) -> dict[str, Any]:
        """Run a program that prints JSON; check that it imported the installed package."""
        done = subprocess.run(
            [self.python, "-c", program],
            cwd=self.folder,
            env=environment() | variables,
            check=True,
            capture_output=True,
            text=True,
        )
        printed: dict[str, Any] = json.loads(done.stdout)
        if not Path(printed["file"]).is_relative_to(variables.get("PYTHONPATH", self.packages)):
            raise RuntimeError(f"imported {printed['file']}")
        return printed

    def pytest(self, folder: str, arguments: Sequence[str] = (), **variables: str) -> float:
        """Run pytest in a folder; return the seconds from the start of the process to its end."""
        command = [self.python, "-m", "pytest", "-q", *arguments]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environment() | variables, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if done.returncode or "1 passed" not in done.stdout:
            raise RuntimeError(f"pytest: {done.stdout[-500:]} {done.stderr[-500:]}")
        return seconds


def environment(*, pip: bool = False) -> dict[str, str]:
    """Return the variables of this process, without those that would change what is measured."""
    changing = ("PYTHON", "PYTEST", "MOCKSERVER_", "COVERAGE", *(() if pip else ("PIP_",)))
    return {name: value for name, value in os.environ.items() if not name.startswith(changing)}


def measure(rounds: int) -> dict[str, Any]:
    """Measure imports, first servers and runs of pytest: medians, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        installed = Environment(Path(folder))
        seconds = time.perf_counter() - began
        return {
            "installation": seconds * 1_000,
            **_import(installed, rounds),
            "first server": _first_servers(installed, rounds),
            "pytest": _runs(installed, rounds),
        }


def _rounds(count: int) -> range:
    """Return the numbers of the rounds; 0 is a warm-up, if there are several."""
    return range(0 if count > 1 else 1, count + 1)


def _import(installed: Environment, rounds: int) -> dict[str, Any]:
    found = {number: installed.run(IMPORT) for number in _rounds(rounds)}
    return {"import": _median(found[number]["seconds"] for number in found if number), "modules": found[1]["modules"]}


def _first_servers(installed: Environment, rounds: int) -> dict[str, float]:
    no_bytecode = {"PYTHONDONTWRITEBYTECODE": "1"}
    ways: dict[str, Mapping[str, str]] = {
        "bytecode of all packages": {},
        "no bytecode of mockserver": {"PYTHONPATH": str(installed.copy("one", "mockserver")), **no_bytecode},
        "no bytecode of any package": {"PYTHONPATH": str(installed.copy("all")), **no_bytecode},
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in _rounds(rounds):
        for way, variables in ways.items():
            found = installed.run(FIRST_SERVER, **variables)
            if found["imported before"]:
                raise RuntimeError("a library of the server was imported before the clock started")
            if number:
                times[way].append(found["seconds"])
    return {way: _median(seconds) for way, seconds in times.items()}


def _runs(installed: Environment, rounds: int) -> dict[str, dict[str, float]]:
    """Run pytest right after an installation, again, and without writing bytecode."""
    times: dict[str, dict[str, list[float]]] = {}
    for number in _rounds(rounds):
        for name, (test, arguments) in TESTS.items():
            with tempfile.TemporaryDirectory(dir=installed.folder) as folder:
                (Path(folder) / "test_one.py").write_text(test)
                installed.restore()
                runs = {run: installed.pytest(folder, arguments) for run in ("first run", "second run")}
                installed.restore()
                runs["no bytecode written"] = installed.pytest(folder, arguments, PYTHONDONTWRITEBYTECODE="1")
            for run, seconds in runs.items():
                if number:
                    times.setdefault(name, {}).setdefault(run, []).append(seconds)
    return {name: {run: _median(seconds) for run, seconds in runs.items()} for name, runs in times.items()}


def _median(seconds: Any) -> float:
    """Return the median in milliseconds."""
    return statistics.median(seconds) * 1_000


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1])), indent=1))
