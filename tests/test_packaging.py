"""What is shipped: the wheel and the sdist, and that the data is read from a wheel."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("packaging")  # one build for all

ROOT = Path(__file__).parent.parent
DATA = {"mockserver/fixtures": ROOT / "fixtures", "mockserver/openapi": ROOT / "openapi"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and an sdist, the wheel built from the sdist."""
    folder, source = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("source") / "project"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "node_modules", "build", "dist", "*.egg-info"))
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


def test_every_package_is_listed() -> None:
    """setup.cfg lists the packages by name, and none is forgotten."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in ROOT.glob("mockserver/**/__init__.py")}
    assert listed == found | {"mockserver.fixtures", "mockserver.openapi"}


@pytest.mark.slow
def test_wheel_contents(wheel: Path) -> None:
    """The wheel has every module, the data, the type marker and the licence, and nothing else."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("mockserver/**/*.py")}
    expected |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("mockserver/core/lua/*.lua")}
    expected |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("mockserver/providers/*/operations.txt")}
    expected |= {"mockserver/evidence.json", "mockserver/testing/fuzzing.yaml", "mockserver/py.typed"}
    expected |= {
        path.relative_to(ROOT).as_posix()
        for suffix in ("css", "html", "js", "svg")
        for path in ROOT.glob(f"mockserver/ui/*.{suffix}")
    }
    for target, folder in DATA.items():
        expected |= {f"{target}/{path.name}" for path in [*folder.glob("*.yaml"), *folder.glob("*.py")]}
        expected |= {f"{target}/{path.stem}.json" for path in folder.glob("*.yaml")}
    assert names == expected
    assert any(name.endswith("licenses/LICENSE") for name in zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
def test_sdist_contents(dist: Path) -> None:
    """The sdist has what is needed to build, test and read the project, and no machine's leftovers."""
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE",
        "Dockerfile", "Makefile", "setup.py", "setup.cfg", "pyproject.toml", "requirements.lock",
        "openapi/mailgun.yaml",
        "fixtures/documents.yaml", "tests/conftest.py",
        "tests/documents/examples.yaml", "tests/clients/npm/mailgun.mjs", "tools/docs.py",
        "docs/operations.md", "examples/migrate-pools/README.md", "examples/migrate-pools/pyproject.toml",
        "examples/migrate-pools/migrate_pools.py", "examples/migrate-pools/tests/test_migrate_pools.py",
        "examples/migrate-pools/tests/seed.yaml",
    ):  # fmt: skip
        assert needed in names
    assert not [name for name in names if re.search(r"node_modules|__pycache__|\.venv|\.pyc", name)]


@pytest.mark.slow
def test_metadata(dist: Path, wheel: Path) -> None:
    """The metadata is good enough for an index."""
    files = [str(path) for path in dist.iterdir()]
    for command in (["twine", "check", "--strict", *files], ["check_wheel_contents", str(wheel)]):
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_description_has_no_relative_links(wheel: Path) -> None:
    """The description is that of README.md; links to files of the repository do not work on an index."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(name).decode()
    assert "\n# mockserver\n" in text and "\nLicense-Expression: MIT\n" in text
    assert re.findall(r"\]\((?!https?:)", text) == []
    assert "Project-URL" not in text and "Home-page" not in text


@pytest.mark.slow
def test_no_upper_pins(wheel: Path) -> None:
    """Users install this beside their own Werkzeug: nothing that it needs to run has an upper bound."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    needs = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert len(needs) >= 5
    assert not [line for line in needs if "<" in line or "==" in line or "~=" in line]


@pytest.mark.slow
def test_data_is_read_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    """Outside of any checkout, the installed wheel serves its seeds and its documents, and needs no YAML for it."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = """
import json, sys, mockserver
app = mockserver.create_app(mockserver.Config(seed="documents#lists"))
client = app.test_client()
key = {"Authorization": "Bearer <<YOUR_API_KEY_HERE>>"}
print(json.dumps({
    "where": mockserver.__file__,
    "pools": client.get("/sendgrid/v3/ips/pools", headers=key).json,
    "imported": sorted({"yaml"} & set(sys.modules)),
    "paths": len(client.get("/_mockserver/openapi/mailgun.json").json["paths"]),
}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["where"].startswith(str(tmp_path))
    assert answer["pools"][0] == {"name": "test1"}
    assert answer["paths"] > 5
    assert answer["imported"] == []


@pytest.mark.slow
def test_the_checkout_needs_no_installation(tmp_path: Path) -> None:
    """In a checkout, `python -m mockserver` finds its own data."""
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "serve", "--seed", "documents#nope"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "no seed named 'nope': expected one of changes, lists" in done.stderr
    assert str(ROOT / "fixtures") in done.stderr or "documents" in done.stderr


def test_importing_is_cheap() -> None:
    """Importing the package imports no library that the server needs."""
    program = "import sys, mockserver; print(sorted({'werkzeug', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
