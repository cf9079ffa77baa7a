"""The Flask extension `MockServer`."""

from __future__ import annotations

from typing import Any

from flask import Flask

from .core.config import Config
from .core.errors import StoreError
from .core.memory_store import MemoryStore
from .core.store import Store
from .providers import load_providers
from .settings import load_config, to_mapping
from .web.mounts import MountMiddleware
from .web.server_state import ServerState, StoreClass
from .web.wrappers import request_class


class MockServer:
    """The Flask extension. Call `init_app`, then register the blueprints of providers on the same application.

    Settings come from `config`, else from the application's `MOCKSERVER_*` configuration, else from `MOCKSERVER_*`
    environment variables; `settings` override all of them by name.
    """

    def __init__(self, config: Config | None = None, *, store_class: StoreClass | None = None, **settings: Any) -> None:
        if config is not None and not isinstance(config, Config):
            raise TypeError(f"config: expected a Config, got {type(config).__name__}; settings are keyword arguments")
        self._config = config
        self._settings = settings
        self._store_class = store_class

    def init_app(self, app: Flask) -> None:
        """Set up an application: its state is `app.extensions["mockserver"]`.

        Raises `ConfigError` for an invalid setting, `SeedError` or `StoreError` if the server cannot start.
        """
        if "mockserver" in app.extensions:
            raise RuntimeError("the application has a MockServer already")
        config = load_config(self._config, app.config, self._settings)
        state = ServerState(config, load_providers(config.providers), self._store_class or store_class(config.store))
        app.extensions["mockserver"] = state
        app.config.update(to_mapping(config))
        app.request_class = request_class(app.request_class)
        app.wsgi_app = MountMiddleware(app.wsgi_app, state.mounts)  # type: ignore[method-assign]


def store_class(store: str) -> type[Store]:
    """Return the class of a store. The Redis library is imported only if it is used."""
    if store == "memory":
        return MemoryStore
    try:
        from .core.redis_store import RedisStore
    except ImportError as error:
        raise StoreError(f"--store redis requires the extra 'redis': pip install '.[redis]' ({error})") from None
    return RedisStore
