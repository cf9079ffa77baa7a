"""A stateful, multi-tenant mock server for the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app
    from .config import Config
    from .extension import MockServer
    from .inprocess import Local, wsgi_adapter, wsgi_transport
    from .remote import Remote, RemoteError
    from .sandbox import Sandbox, Sandboxes, serving

    __version__: str

_HOMES = {
    "Config": "config",
    "Local": "inprocess",
    "Remote": "remote",
    "RemoteError": "remote",
    "Sandbox": "sandbox",
    "Sandboxes": "sandbox",
    "MockServer": "extension",
    "create_app": "app",
    "serving": "sandbox",
    "wsgi_adapter": "inprocess",
    "wsgi_transport": "inprocess",
}

__all__ = [
    "Config",
    "Local",
    "MockServer",
    "Remote",
    "RemoteError",
    "Sandbox",
    "Sandboxes",
    "create_app",
    "serving",
    "wsgi_adapter",
    "wsgi_transport",
]


if not TYPE_CHECKING:  # keep undefined names an error for type checkers

    def __getattr__(name: str) -> Any:
        """Import what is asked for, when it is asked for: importing the package costs nothing."""
        if name == "__version__":
            from . import resources

            return resources.version()
        if name in _HOMES:
            return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
