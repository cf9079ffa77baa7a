"""`create_app` and its settings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mockserver import Config, MockServer, create_app
from mockserver.core.errors import ConfigError, SeedError
from mockserver.web.server_state import server_state

from .own_app import POOLS, SENDGRID


def test_create_app_returns_a_flask_app() -> None:
    app = create_app()
    assert isinstance(app, Flask)
    assert list(app.blueprints) == ["control", "control_pages", "sparkpost", "sendgrid", "mailgun"]
    assert app.test_client().get(POOLS, headers=SENDGRID).status_code == 200


@pytest.mark.parametrize(
    ("args", "settings"),
    [((), {"seed": "empty"}), (({"MOCKSERVER_SEED": "empty", "TESTING": True},), {}), ((Config(seed="empty"),), {})],
    ids=["keywords", "mapping", "config"],
)
def test_create_app_takes_settings(args: tuple[Any, ...], settings: dict[str, Any]) -> None:
    app = create_app(*args, **settings)
    assert app.config["MOCKSERVER_SEED"] == server_state(app).config.seed == "empty"
    assert app.test_client().get(POOLS, headers=SENDGRID).json == []


def test_create_app_keyword_overrides_config_and_mapping() -> None:
    assert create_app(Config(max_tenants=5), max_tenants=6).config["MOCKSERVER_MAX_TENANTS"] == 6
    assert create_app({"MOCKSERVER_MAX_TENANTS": 5}, max_tenants=6).config["MOCKSERVER_MAX_TENANTS"] == 6


def test_create_app_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not given comes from variables; a complete `Config` leaves nothing open."""
    monkeypatch.setenv("MOCKSERVER_SEED", "empty")
    monkeypatch.setenv("MOCKSERVER_MAX_TENANTS", "7")
    monkeypatch.setenv("MOCKSERVER_CONTROL_TOKEN", "secret")
    monkeypatch.setenv("MOCKSERVER_ACCESS_LOG", "json")
    app = create_app({"MOCKSERVER_MAX_TENANTS": 8})
    config = server_state(app).config
    assert (config.seed, config.max_tenants, config.access_log) == ("empty", 8, "json")
    client = app.test_client()
    assert client.get("/_mockserver/info").status_code == 401
    assert client.get("/_mockserver/info", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert server_state(create_app(Config())).config == Config()


@pytest.mark.parametrize(
    ("value", "expected"), [("5", 5), ("0", 0), ("0.5", 0.5), ("1000000000", 1e9), ("manual", math.inf)]
)
def test_job_delay_is_a_setting(monkeypatch: pytest.MonkeyPatch, value: str, expected: float) -> None:
    """As a keyword, in a `Config` or a mapping, and as a variable; the configuration is valid once more."""
    apps = [
        create_app(job_delay=value),
        create_app(Config(job_delay=value)),
        create_app({"MOCKSERVER_JOB_DELAY": value}),
    ]
    monkeypatch.setenv("MOCKSERVER_JOB_DELAY", value)
    apps.append(create_app())
    for app in apps:
        config = server_state(app).config
        assert (config.job_delay, server_state(create_app(config)).config) == (expected, config)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"MOCKSERVER_MAX_TENANTS": "0"}, "--max-tenants"),
        ({"MOCKSERVER_TENANT_TTL": "inf"}, "--tenant-ttl"),
        ({"MOCKSERVER_UNKNOWN_CREDENTIALS": "some"}, "--unknown-credentials"),
        ({"MOCKSERVER_STORE": "disk"}, "--store"),
        ({"MOCKSERVER_JOB_DELAY": "soon"}, "--job-delay.*: expected 'manual', or a number of seconds from 0 to"),
        ({"MOCKSERVER_JOB_DELAY": "-1"}, "--job-delay"),
        ({"MOCKSERVER_JOB_DELAY": "1000000001"}, "--job-delay"),
        ({"MOCKSERVER_JOB_DELAY": "nan"}, "--job-delay"),
        ({"MOCKSERVER_PROFILE": "sendgrid=dead"}, "--profile"),
        ({"MOCKSERVER_CONTROL_TOKEN": "a b"}, "--control-token"),
        ({"MOCKSERVER_SEDE": "empty"}, "MOCKSERVER_SEDE; did you mean 'MOCKSERVER_SEED'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_create_app_refuses_what_serve_refuses(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=message):
        create_app()


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (None, {"sede": "empty"}, "unknown setting 'sede'; did you mean 'seed'"),
        ({"MOCKSERVER_SEDE": "empty"}, {}, "unknown setting 'MOCKSERVER_SEDE'; did you mean 'MOCKSERVER_SEED'"),
        (None, {"max_tenants": 0}, "max_tenants"),
        ({"MOCKSERVER_MAX_TENANTS": "many"}, {}, "max_tenants"),
        (None, {"store": "disk"}, "store"),
    ],
)
def test_create_app_refuses_wrong_settings(config: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_app(config, **settings)


def test_variables_of_serve_are_no_unknown_settings() -> None:
    """A configuration that `from_prefixed_env` or a file filled may have the options of `serve`."""
    assert create_app({"MOCKSERVER_HOST": "127.0.0.1", "MOCKSERVER_PORT": 8080}).config["MOCKSERVER_PORT"] == 8080


def test_create_app_seed_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"nope\.yaml"):
        create_app(seed=str(tmp_path / "nope.yaml"))


def test_variables_of_orchestrators_are_no_settings(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Kubernetes sets variables for a service of this name."""
    monkeypatch.setenv("MOCKSERVER_PORT", "tcp://10.0.0.1:8080")
    monkeypatch.setenv("MOCKSERVER_SERVICE_HOST", "10.0.0.1")
    create_app()
    assert caplog.records == []


@pytest.mark.parametrize(
    "settings",
    [
        {"max_body_bytes": "x"}, {"max_body_bytes": 0}, {"request_log_size": -1}, {"max_tenants": None},
        {"max_tenants": 5.7},
        {"max_body_bytes": 2**40 + 1}, {"request_log_size": 2**63}, {"request_log_max_bytes": 2**63},
        {"max_tenants": 10**9 + 1}, {"max_tenants": -1}, {"control_token": b"x"},
        *({"tenant_ttl": seconds} for seconds in (0, -1, 0.000999, 1e9 + 0.1, 2**63, 1e308, math.inf, math.nan)),
        {"max_tenants": True}, {"max_tenants": {}}, {"seed": None}, {"seed": []}, {"expose": None}, {"time": 5},
        {"control_token": ""}, {"job_delay": True}, {"job_delay": []}, {"job_delay": "never"}, {"job_delay": -1},
    ],
    ids=str,
)  # fmt: skip
def test_settings_of_the_wrong_type(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=name.replace("_", "[_-]")):
        create_app(**settings)
    with pytest.raises(ConfigError, match=name.replace("_", "[_-]")):
        create_app(Config(**settings))


@pytest.mark.parametrize("wrong", ["empty", 5, Config])
def test_a_wrong_first_argument(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Config"):
        create_app(wrong)
    with pytest.raises(TypeError, match="Config"):
        MockServer(wrong)
