"""The account of a key as a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import SeedError
from ..core.seed import load
from ..web.provider import Provider
from .connection import Account, real_service
from .differences import DriftError, readable
from .sanitizer import Sanitizer


def read_account(account: Account) -> dict[str, Any]:
    """Return an account as a section of a seed, with its real values. Only GET requests are sent."""
    with readable("a response"):
        return real_service(account.provider).read(account)


def export_seed(account: Account, *, sanitize: bool) -> str:
    """Return a seed of an account in YAML. Raises `DriftError`."""
    import yaml

    section = read_account(account)
    if sanitize:
        section = Sanitizer(real_service(account.provider), account.key or "").value(section)
    check_seed(account.provider, section)
    document = {"name": "exported", account.provider.name: section}
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    if account.key and account.key in text:
        raise DriftError("a response has the API key: nothing is written")
    return text


def check_seed(provider: Provider, section: Mapping[str, Any]) -> None:
    """Raise `DriftError` if a section is not valid in a seed."""
    try:
        load({provider.name: section}, {provider.name: provider.seed_schema})
    except SeedError as error:
        raise DriftError(f"the account cannot be described by a seed: {error}") from None
