"""The providers: those of this package, and others by the import strings of their blueprints."""

from __future__ import annotations

import os

from werkzeug.utils import import_string

from ..core.errors import ConfigError
from ..web.blueprint import ProviderBlueprint
from . import mailgun, sendgrid, sparkpost

PROVIDERS: tuple[ProviderBlueprint, ...] = (sparkpost.blueprint, sendgrid.blueprint, mailgun.blueprint)
"""The blueprints of this package."""


def load_providers(names: str | None = None) -> tuple[ProviderBlueprint, ...]:
    """Return the blueprints of all providers.

    `names` are the import strings of further ones, `MODULE:BLUEPRINT`, separated by commas; by default those in the
    environment variable MOCKSERVER_PROVIDERS. Raises `ConfigError`.
    """
    found = {provider.name: provider for provider in PROVIDERS}
    if names is None:
        names = os.environ.get("MOCKSERVER_PROVIDERS", "")
    for name in filter(None, map(str.strip, names.split(","))):
        try:
            blueprint = import_string(name)
        except ImportError as error:
            raise ConfigError(f"providers: '{name}' cannot be imported: {error}") from None
        if not isinstance(blueprint, ProviderBlueprint):
            raise ConfigError(f"providers: '{name}': expected a ProviderBlueprint, got {type(blueprint).__name__}")
        if found.setdefault(blueprint.name, blueprint) is not blueprint:
            raise ConfigError(f"providers: '{name}': there is another provider named '{blueprint.name}'")
    return tuple(found.values())
