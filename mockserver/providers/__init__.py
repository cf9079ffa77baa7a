"""The providers, each a package of one shape; nothing of one stands outside its own."""

from ..web.blueprint import ProviderBlueprint
from . import mailgun, sendgrid, sparkpost

PROVIDERS: tuple[ProviderBlueprint, ...] = (sparkpost.blueprint, sendgrid.blueprint, mailgun.blueprint)
"""Their blueprints."""
