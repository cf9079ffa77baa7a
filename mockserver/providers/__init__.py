"""The providers, each in a folder of one shape; nothing of one stands outside its own."""

from ..provider import Provider
from . import mailgun, sendgrid, sparkpost

PROVIDERS: tuple[Provider, ...] = (sparkpost.provider, sendgrid.provider, mailgun.provider)
