"""Fixtures of the Redis store's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from ..redis_server import RedisServer


@pytest.fixture
def two(redis_server: RedisServer, make_app: Callable[..., Flask]) -> tuple[Flask, Flask]:
    url = redis_server.database()
    return make_app(store=url), make_app(store=url)
