"""Accounts of Mailgun to test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from mockserver import resources

from ...support import Access, World
from .account import Time


@pytest.fixture
def make_mailgun(make_world: Callable[..., World], tmp_path: Any) -> Callable[..., Access]:
    """Make Mailgun accounts like the default one, with changes to their seed."""

    def make(time: Callable[[], float] | None = None, **changes: Any) -> Access:
        seed = yaml.safe_load(resources.read("fixtures", "default.yaml"))
        seed["mailgun"].update(changes)
        path = tmp_path / "seed.yaml"
        path.write_text(yaml.safe_dump(seed, sort_keys=False), "utf-8")
        return make_world(seed=str(path), **({"time": time} if time else {})).mailgun

    return make


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def slow(make_mailgun: Callable[..., Access], time: Time) -> Access:
    """An account whose work on domains is done ten seconds after the answer."""
    return make_mailgun(time=time, async_delay_seconds=10)
