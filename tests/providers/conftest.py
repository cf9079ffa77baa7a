"""Worlds that a test of a provider writes down itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..support import Access, World


@pytest.fixture
def make_sendgrid(make_world: Callable[..., World], tmp_path: Path) -> Callable[..., Access]:
    """Return SendGrid as a new key finds it in a world whose section of a seed is this."""

    def make(**section: Any) -> Access:
        seed = tmp_path / "world.yaml"
        seed.write_text(yaml.safe_dump({"world": "test", "sendgrid": section}), "utf-8")
        return make_world(seed=str(seed)).as_sendgrid()

    return make
