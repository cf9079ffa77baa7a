"""Schemathesis, all checks and phases, at a small size, against a server of its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mockserver.providers import PROVIDERS

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("MOCKSERVER_FUZZ_EXAMPLES", "15")
"""How many examples each operation gets."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of a server, and where its log is."""
    log = tmp_path_factory.mktemp("fuzz") / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")},
        )
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], log
        process.terminate()
        process.stdout.close()
        assert process.wait(timeout=10) == 0


def use_profile(url: str, name: str, profile: str) -> None:
    """Give a provider's account of the demo tenant this profile."""
    path = f"{url}/_mockserver/tenants/default/state"
    section = httpx.get(path).json()["state"][name]
    answer = httpx.put(path, json={"state": {name: {**section, "profile": profile}}})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("how", sorted(path.stem for path in HERE.glob("*.toml")))
def test_fuzz(how: str, server: tuple[str, Path], tmp_path: Path) -> None:
    """No generated request, and no sequence of them, gets an answer that the contract does not have.

    `NAME.toml` says how a document is fuzzed, `NAME-PROFILE.toml` how it is in another profile.
    """
    url, log = server
    name, _, profile = how.partition("-")
    keys = {provider.name: provider.sample_credential for provider in PROVIDERS}
    if name in keys:
        use_profile(url, name, profile or "documented")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            *("--config-file", str(HERE / f"{how}.toml")),
            "run",
            f"{url}/_mockserver/openapi/{name}.json",
            *("--max-examples", EXAMPLES, "--seed", "1", "--no-color"),
        ],
        cwd=tmp_path,
        env={**os.environ, "MOCKSERVER_FUZZ_KEY": keys.get(name, ""), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-8_000:]
    assert "breaks our contract" not in log.read_text()
    assert "crashed" not in log.read_text()
