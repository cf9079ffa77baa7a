"""The providers, one package each, with the same modules."""

from ..web.blueprint import ProviderBlueprint
from . import mailgun, sendgrid, sparkpost

PROVIDERS: tuple[ProviderBlueprint, ...] = (sparkpost.blueprint, sendgrid.blueprint, mailgun.blueprint)
"""Their blueprints."""
