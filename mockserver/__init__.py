"""A stateful, multi-tenant mock server for the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun."""

from typing import Any

from . import resources

__version__ = resources.version()

__all__ = ["Config", "create_app"]


def __getattr__(name: str) -> Any:
    """Import Flask only when somebody asks for the application."""
    if name == "create_app":
        from .app import create_app

        return create_app
    if name == "Config":
        from .config import Config

        return Config
    raise AttributeError(name)
