"""SMTP servers on applications, and raw clients of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from mockserver.smtp.server import SmtpServer
from mockserver.web.server_state import server_state

from ..control_client import ControlClient, TenantClient
from .raw import RawClient


@pytest.fixture
def serve() -> Iterator[Callable[..., SmtpServer]]:
    """Serve an application over SMTP."""
    with contextlib.ExitStack() as stack:

        def start(app: Flask, **options: Any) -> SmtpServer:
            return stack.enter_context(SmtpServer(app, **options))

        yield start


@pytest.fixture
def smtp(app: Flask, serve: Callable[..., SmtpServer]) -> SmtpServer:
    return serve(app)


@pytest.fixture
def tenant(smtp: SmtpServer, app: Flask) -> TenantClient:
    return ControlClient(app).new_tenant()


@pytest.fixture
def connect(app: Flask) -> Iterator[Callable[..., RawClient]]:
    """Connect to the port of a provider, or of a region of it."""
    with contextlib.ExitStack() as stack:

        def connect(name: str, region: str | None = None) -> RawClient:
            server = server_state(app)
            assert server.smtp is not None
            port = server.smtp.ports[name, region or server.providers[name].first_region]
            return stack.enter_context(RawClient(port))

        yield connect
