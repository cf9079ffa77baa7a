"""The application factory: a Flask application with the blueprints of the providers and of the control API."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

import flask
from flask import Flask
from flask.sessions import NullSession, SecureCookieSessionInterface
from flask.signals import appcontext_tearing_down, request_tearing_down
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter

from . import control
from .core.config import Config
from .core.store import StoreUnavailable
from .extension import MockServer
from .web import access_log, unmatched
from .web.mounts import host_name, is_own_name
from .web.problems import MisdirectedRequest, http_problem, internal_error, unavailable
from .web.routing import LazyMap
from .web.server_state import StoreClass, server_state


class LazySessionInterface(SecureCookieSessionInterface):
    """Flask's sessions; opening one costs nothing if the application has no secret key."""

    _no_session = NullSession()

    def open_session(self, app: Flask, request: flask.Request) -> Any:
        return super().open_session(app, request) if app.secret_key else self._no_session


class App(Flask):
    """A Flask application that checks the Host header, and that skips work of Flask that has no effect.

    All of Flask works: hooks, signals, sessions, `url_for`, `TRUSTED_HOSTS`, `SERVER_NAME`.
    """

    url_map_class = LazyMap
    session_interface = LazySessionInterface()

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Return the adapter of a request. Raises `MisdirectedRequest` for a Host that is not allowed.

        The check prevents DNS rebinding. `expose` allows any Host, `SERVER_NAME` allows its own, `TRUSTED_HOSTS`
        replaces this check with Flask's.
        """
        config = self.config
        if request is None or config["TRUSTED_HOSTS"] is not None:
            return super().create_url_adapter(request)
        host = request.environ.get("HTTP_HOST")
        if host is not None and not is_own_name(host) and not self._allows_host(host_name(host)):
            raise MisdirectedRequest
        if config["SERVER_NAME"] is not None or "HTTP_UPGRADE" in request.environ:
            return super().create_url_adapter(request)
        return cast(LazyMap, self.url_map).adapter(request)

    def _allows_host(self, name: str) -> bool:
        state, own = server_state(self), self.config["SERVER_NAME"]
        return state.config.expose or name in state.mounts.hosts or (own is not None and name == host_name(own))

    def __init__(self, *args: Any, **options: Any) -> None:
        self.cached_ensure_sync = functools.lru_cache(maxsize=256)(super().ensure_sync)
        super().__init__(*args, **options)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return self.cached_ensure_sync(func)
        except TypeError:  # not hashable
            return super().ensure_sync(func)

    def do_teardown_request(self, *args: Any, **options: Any) -> None:
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(*args, **options)

    def do_teardown_appcontext(self, *args: Any, **options: Any) -> None:
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(*args, **options)


def create_app(
    config: Config | Mapping[str, Any] | None = None, *, store_class: StoreClass | None = None, **settings: Any
) -> Flask:
    """Return the mock server as a Flask application.

    `config` is a complete `Config`, or a mapping for `app.config` with settings as `MOCKSERVER_*` keys; `settings` are
    settings by name: `create_app(seed="empty")`. Other settings come from `MOCKSERVER_*` environment variables.
    Raises `ConfigError`, `SeedError` or `StoreError` if the server cannot start with them.
    """
    if config is not None and not isinstance(config, Config | Mapping):
        raise TypeError(f"config: expected a Config or a mapping, got {type(config).__name__}")
    app = App("mockserver", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the test client keeps the order of keys
    if isinstance(config, Mapping):
        app.config.update(config)
    complete = config if isinstance(config, Config) else None
    MockServer(complete, store_class=store_class, **settings).init_app(app)
    app.url_map.merge_slashes = False
    app.register_blueprint(control.blueprint)
    control.pages.register_root(app)
    for blueprint in server_state(app).providers.values():
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(NotFound, unmatched.not_found)
    app.register_error_handler(StoreUnavailable, unavailable)
    app.register_error_handler(Exception, internal_error)
    access_log.init_app(app, server_state(app).config.access_log)
    return app
