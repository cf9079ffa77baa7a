"""A server on a socket for the real clients, and credentials that no other test has: each is a tenant of its own."""

import secrets

import pytest

from mockserver import create_app
from mockserver.server import HttpServer
from mockserver.web.server_state import server_state

from ..support import CheckedMemoryStore, response_violations


@pytest.fixture(scope="session")
def live():
    """Return a server that listens on a free port until the last test is over."""
    with pytest.MonkeyPatch.context() as patch, HttpServer(create_app(store_class=CheckedMemoryStore)) as server:
        for name in ("NO_PROXY", "no_proxy"):  # or the clients would look for the server behind a proxy
            patch.setenv(name, server.host, prepend=",")
        yield server


@pytest.fixture(autouse=True)
def kept(live):
    """Expect every answer to fit the contract, and what is refused to change nothing."""
    app = live.app
    store = server_state(app).store
    violations, breaches = response_violations(app), len(store.problems)
    yield
    assert response_violations(app) == violations
    assert store.problems[breaches:] == []


@pytest.fixture
def sparkpost_key():
    """Return a new SparkPost API key: 40 hexadecimal characters."""
    return secrets.token_hex(20)


@pytest.fixture
def sendgrid_key():
    """Return a new SendGrid API key: `SG.`, 22 and 43 base64url characters."""
    return f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"


@pytest.fixture
def mailgun_key():
    """Return a new Mailgun API key: `key-` and 32 hexadecimal characters."""
    return f"key-{secrets.token_hex(16)}"
