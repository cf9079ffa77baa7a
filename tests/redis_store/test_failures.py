"""Another seed, a Redis that is gone, wrong settings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from mockserver import Config, create_app
from mockserver.core.errors import ConfigError, StoreError
from mockserver.web.server_state import server_state

from ..cli.commands import run
from ..control_client import ControlClient
from ..redis_server import RedisServer, running
from ..support import MAILGUN, SENDGRID, SPARKPOST, store_of
from ..support import make_app as new_app
from .processes import Process

pytestmark = pytest.mark.redis

STORES = ("redis",)


def test_server_with_another_seed_does_not_start(redis_server: RedisServer, make_app: Callable[..., Flask]) -> None:
    """A server with another seed does not start on the same Redis, unless nothing is kept there."""
    url = redis_server.database()
    app = make_app(store=url)
    SENDGRID.client(app).get(SENDGRID.pools_path)
    for other in ({"seed": "empty"}, {"id_seed": "other"}):
        with pytest.raises(StoreError, match="is of another seed"):
            create_app(Config(store=url, **other))
    process = Process(url, "--seed", "empty")
    returned = process._process.communicate(timeout=60)[1]
    assert (process._process.returncode, "is of another seed" in returned, "Traceback" in returned) == (
        1,
        True,
        False,
    )
    store_of(app).reset()
    with pytest.raises(StoreError, match="runs on it"):
        create_app(Config(store=url, seed="empty"))
    store_of(app).redis.close()
    successor = make_app(store=url, seed="empty")
    assert SENDGRID.client(successor).get(SENDGRID.pools_path).json == []
    response = SENDGRID.client(app).get(SENDGRID.pools_path)
    assert (response.status_code, "is of another seed" in response.json["detail"]) == (503, True)


def test_redis_is_gone_and_back(caplog: pytest.LogCaptureFixture) -> None:
    """Without Redis everything but `live` is a 503 of our own; when it is back, so is the server."""
    with running() as server:
        app = new_app(store=server.database())
        control = ControlClient(app)
        tenant = control.new_tenant()
        assert tenant.sendgrid.get(SENDGRID.pools_path).status_code == 200
        server.stop()
        for response in (
            tenant.sendgrid.get(SENDGRID.pools_path),
            tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")),
            MAILGUN.client(app).get(MAILGUN.pools_path),
            SPARKPOST.new_client(app).get(SPARKPOST.pools_path),
            SENDGRID.client(app).open(SENDGRID.pools_path, method="OPTIONS"),
            *(
                control.open("GET", path)
                for path in ("/ready", "/info", "/tenants", "/snapshots", "/coverage", "/metrics")
            ),
            *(control.open("GET", tenant.path + path) for path in ("", "/state", "/requests", "/clock", "/faults")),
            *(control.open("POST", path, {}) for path in ("/tenants", "/reset", f"{tenant.path}/reset")),
        ):
            assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
            assert response.json["status"] == 503
            assert "does not respond" in response.json["detail"]
        control.ok("GET", "/live")
        server.start()
        control.ok("GET", "/ready")
        assert SENDGRID.client(app).post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")).status_code == 200
        assert [each["id"] for each in control.ok("GET", "/tenants")["tenants"]] == ["default"]
    assert "crashed" not in caplog.text


def test_redis_is_gone_in_the_middle(caplog: pytest.LogCaptureFixture) -> None:
    """A request in the middle of which Redis goes away is a 503 too, and no crash."""
    from mockserver.providers.sendgrid.rules import classic_pools as rules

    with running() as server, pytest.MonkeyPatch.context() as patch:
        app = new_app(store=server.database())
        real = rules.create_pool
        patch.setattr(rules, "create_pool", lambda *args, **values: (server.stop(), real(*args, **values))[1])
        response = SENDGRID.client(app).post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
        assert (response.status_code, "may have been applied or not" in response.json["detail"]) == (503, True)
    assert "crashed" not in caplog.text


@pytest.mark.slow
def test_eviction_policy_is_a_warning_at_start_and_of_doctor(caplog: pytest.LogCaptureFixture) -> None:
    def doctor(store: str) -> tuple[int, dict[str, Any]]:
        done = run("doctor", "--json", "--port", "0", MOCKSERVER_STORE=store)
        (check,) = (each for each in json.loads(done.stdout)["checks"] if each["name"] == "store")
        return done.returncode, check

    with running() as server:
        admin = Redis.from_url(server.database())
        url = server.database()
        new_app(store=url)
        assert caplog.messages == []
        assert doctor(url) == (0, {"name": "store", "ok": True, "detail": "can be used"})
        admin.config_set("maxmemory-policy", "allkeys-lru")
        admin.execute_command("ACL", "SETUSER", "someuser", "on", ">pass", "~*", "+@all", "-info")
        new_app(store=url)
        (warning,) = caplog.messages
        assert "allkeys-lru" in warning and "maxmemory-policy noeviction" in warning
        code, check = doctor(url)
        assert (code, check["ok"], check["detail"]) == (0, True, f"warning: {warning}")
        new_app(store=f"{url}&username=someuser&password=pass")
        assert caplog.messages == [warning]
    code, check = doctor(f"{url}&password=secret")
    assert (code, check["ok"], check["detail"].startswith(f"--store {url} does not respond")) == (1, False, True)


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ("redis://:secret@127.0.0.1:1/0", "--store redis://127.0.0.1:1/0 does not respond"),
        ("redis://secret:secret@127.0.0.1:1/0", "does not respond"),
        ("redis://127.0.0.1:1?password=secret&db=1", "--store redis://127.0.0.1:1?db=1 does not respond"),
        ("redis://127.0.0.1:1?db=1&username=secret&password=sec%72et", "127.0.0.1:1?db=1 does not respond"),
        ("rediss://127.0.0.1:1/0?ssl_password=secret", "does not respond"),
        ("unix://:secret@/nowhere?password=secret&db=3", "--store unix:///nowhere?db=3 does not respond"),
        ("redis://:sec/ret@127.0.0.1:1/0", "invalid URL"),
        ("redis://:secret#secret@127.0.0.1:1/0", "invalid URL"),
        ("redis://:secret?secret@127.0.0.1:1/0", "invalid URL"),
        ("redis://:secret", "--store redis://…: invalid URL"),
        ("redis://127.0.0.1:1?socket_timeout=secret", "invalid URL or query"),
        ("redis://127.0.0.1:1?secret=secret", "invalid URL or query"),
        ("redis://127.0.0.1:1/x", "redis://127.0.0.1:1/x"),
        ("postgres://:secret@x", "expected 'memory' or 'redis://"),
        ("REDIS://:secret@x", "expected 'memory' or 'redis://"),
        (b"redis://:secret@x", "expected str, got bytes"),
        ("", "expected 'memory'"),
    ],
)
def test_invalid_store_setting_is_an_error(store: Any, reason: str) -> None:
    """A store that is not there stops the start with a reason, in which there is no password."""
    config = Config(store=store)
    with pytest.raises((StoreError, ConfigError)) as caught:
        create_app(config)
    assert reason in str(caught.value)
    assert "sec" not in str(caught.value) + repr(config) + str(caught.value.__cause__)


def test_secrets_of_the_store_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the user nor the password of the URL: in a 503, in the log, or in what the control API shows."""
    with running() as server:
        admin = Redis.from_url(server.database())
        admin.execute_command("ACL", "SETUSER", "someuser", "on", ">pass%word", "~*", "+@all")
        url = server.database()
        app = new_app(store=f"{url}&username=someuser&password=pass%25word")
        control = ControlClient(app)
        shown = [control.open("GET", path).text for path in ("/info", "/ready", "/metrics", "/tenants")]
        admin.execute_command("ACL", "SETUSER", "someuser", "-evalsha", "-hgetall")
        requests = [SENDGRID.client(app).get(SENDGRID.pools_path), control.open("GET", "/coverage")]
        admin.execute_command("ACL", "SETUSER", "someuser", "resetpass", ">other")
        server_state(app).store.redis.close()
        requests += [SENDGRID.client(app).get(SENDGRID.pools_path), control.open("GET", "/ready")]
        server.stop()
        requests += [SENDGRID.client(app).get(SENDGRID.pools_path), control.open("GET", "/ready")]
        assert {each.status_code for each in requests} == {503}
        text = "".join([*shown, *(each.text for each in requests), caplog.text, repr(server_state(app).config)])
        assert url.partition("?")[0] in text
        assert not [secret for secret in ("someuser", "pass%word", "pass%25word") if secret in text]


def test_the_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is not installed, the start says what to install; without this store it is not needed."""
    monkeypatch.setitem(sys.modules, "mockserver.core.redis_store", None)
    create_app(Config())
    with pytest.raises(StoreError, match=r"pip install '.\[redis\]'"):
        create_app(Config(store="redis://127.0.0.1"))
    program = "import sys, mockserver.cli, mockserver.app; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
