"""Fixtures of the command line's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .commands import running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a server for all tests; what they change is in tenants of their own."""
    with running("serve", "--port", "0") as (_, ready_message):
        yield ready_message["url"]
