"""Worlds that a test of a provider writes down itself, and accounts that it changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mockserver.core import resources, yaml_files

from ..support import MAILGUN, SENDGRID, ProviderClient
from .mailgun_account import Time


@pytest.fixture
def make_sendgrid(make_app: Callable[..., Flask], tmp_path: Path) -> Callable[..., ProviderClient]:
    """Return SendGrid as a new key finds it in a world whose section of a seed is this."""

    def make(**section: Any) -> ProviderClient:
        seed = tmp_path / "world.yaml"
        seed.write_text(json.dumps({"name": "test", "sendgrid": section}), "utf-8")
        return SENDGRID.new_client(make_app(seed=str(seed)))

    return make


@pytest.fixture
def make_mailgun(make_app: Callable[..., Flask], tmp_path: Path) -> Callable[..., ProviderClient]:
    """Make Mailgun accounts like the default one, with changes to their seed."""

    def make(time: Callable[[], float] | None = None, **changes: Any) -> ProviderClient:
        (seed,) = yaml_files.read(resources.folder("fixtures") / "default.yaml")
        path = tmp_path / "seed.yaml"
        path.write_text(json.dumps({**seed, "mailgun": {**seed["mailgun"], **changes}}), "utf-8")
        return MAILGUN.client(make_app(seed=str(path), **({"time": time} if time else {})))

    return make


@pytest.fixture
def time() -> Time:
    """A clock that the test moves."""
    return Time()


@pytest.fixture
def slow(make_mailgun: Callable[..., ProviderClient], time: Time) -> ProviderClient:
    """An account whose work on domains is done ten seconds after the answer."""
    return make_mailgun(time=time, async_delay_seconds=10)
