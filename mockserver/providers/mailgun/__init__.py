"""Mailgun: dedicated IP pools (DIPPs), their delegation, and the IPs of domains."""

from . import views as views
from .provider import blueprint as blueprint
