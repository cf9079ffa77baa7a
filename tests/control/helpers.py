"""Names that the tests of the control API share."""

from __future__ import annotations

from mockserver.providers import PROVIDERS

NAMES = [provider.name for provider in PROVIDERS]
