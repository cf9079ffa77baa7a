"""A stateful, multi-tenant mock server for the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .core.config import Config
    from .extension import MockServer
    from .testing.control_client import ControlClient, ControlError
    from .testing.in_process import InProcessClient, wsgi_adapter, wsgi_transport
    from .testing.intercept import intercept
    from .testing.tenant import Server, Tenant, run_server
    from .web.blueprint import ProviderBlueprint

    __version__: str

_MODULES = {
    "Config": "core.config",
    "ControlClient": "testing.control_client",
    "ControlError": "testing.control_client",
    "InProcessClient": "testing.in_process",
    "MockServer": "extension",
    "ProviderBlueprint": "web.blueprint",
    "Server": "testing.tenant",
    "Tenant": "testing.tenant",
    "create_app": "app",
    "intercept": "testing.intercept",
    "run_server": "testing.tenant",
    "wsgi_adapter": "testing.in_process",
    "wsgi_transport": "testing.in_process",
}

__all__ = [
    "Config",
    "ControlClient",
    "ControlError",
    "InProcessClient",
    "MockServer",
    "ProviderBlueprint",
    "Server",
    "Tenant",
    "create_app",
    "intercept",
    "run_server",
    "wsgi_adapter",
    "wsgi_transport",
]


if not TYPE_CHECKING:  # keep undefined names an error for type checkers

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used: importing the package alone costs nothing."""
        if name == "__version__":
            from .core import resources

            return resources.version()
        if name in _MODULES:
            return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
