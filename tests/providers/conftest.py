"""Worlds that a test of a provider writes down itself, and accounts that it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.core import resources

from ..support import ProviderAccess, World
from .mailgun_account import Time


@pytest.fixture
def make_sendgrid(make_world: Callable[..., World], tmp_path: Path) -> Callable[..., ProviderAccess]:
    """Return SendGrid as a new key finds it in a world whose section of a seed is this."""

    def make(**section: Any) -> ProviderAccess:
        seed = tmp_path / "world.yaml"
        seed.write_text(yaml.safe_dump({"name": "test", "sendgrid": section}), "utf-8")
        return make_world(seed=str(seed)).as_sendgrid()

    return make


@pytest.fixture
def make_mailgun(make_world: Callable[..., World], tmp_path: Path) -> Callable[..., ProviderAccess]:
    """Make Mailgun accounts like the default one, with changes to their seed."""

    def make(time: Callable[[], float] | None = None, **changes: Any) -> ProviderAccess:
        seed = yaml.safe_load(resources.read("fixtures", "default.yaml"))
        seed["mailgun"].update(changes)
        path = tmp_path / "seed.yaml"
        path.write_text(yaml.safe_dump(seed, sort_keys=False), "utf-8")
        return make_world(seed=str(path), **({"time": time} if time else {})).mailgun

    return make


@pytest.fixture
def time() -> Time:
    """A clock that the test moves."""
    return Time()


@pytest.fixture
def slow(make_mailgun: Callable[..., ProviderAccess], time: Time) -> ProviderAccess:
    """An account whose work on domains is done ten seconds after the answer."""
    return make_mailgun(time=time, async_delay_seconds=10)
