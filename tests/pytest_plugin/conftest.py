"""Fixtures of the plugin's tests."""

from __future__ import annotations

import gc

import pytest
import requests  # noqa: F401 — else each run would import it again, but not all that it needs
import yaml  # noqa: F401 — the same

from .runs import SEND, Run


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest over a module with no conftest; `SEND` is put before its text."""
    monkeypatch.delenv("MOCKSERVER_URL", raising=False)

    def run_pytest(text: str, *arguments: str, subprocess: bool = False, others: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_it=SEND + text)
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        plugins = ["-p", "no:schemathesis"] if subprocess else []  # a second to import, in every process of a run
        plugins += [] if others else ["-p", "no:randomly", "-p", "no:asyncio"]
        gc.freeze()  # what earlier tests left is not collected in the run, where a warning about it would be an error
        try:
            return start(*plugins, "-p", "no:cacheprovider", "-W", "error", *arguments)
        finally:
            gc.unfreeze()

    return run_pytest
