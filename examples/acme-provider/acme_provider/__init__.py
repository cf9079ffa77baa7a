"""Acme Mail: an invented provider with IP pools, to show what a provider consists of."""

from . import views as views
from .provider import blueprint as blueprint
