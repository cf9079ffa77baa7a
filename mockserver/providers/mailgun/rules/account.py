"""What the rules of an account share: its rights, its domains, and new ids."""

from __future__ import annotations

from .. import catalog, models
from ..models import Domain, normalize_domain
from . import Tx
from .ips import assigned_shared_ips


def require_feature(tx: Tx, feature: str) -> None:
    """Raise an error if the account does not have a feature."""
    if feature not in tx.state.features:
        raise catalog.FEATURE_DISABLED()


def require_eligible(tx: Tx) -> None:
    """Raise an error if the account may not use shared IPs, or has none in the region."""
    if not assigned_shared_ips(tx.state, tx.region):
        raise catalog.NOT_ELIGIBLE()


def require_parent(account: str | None) -> None:
    """Raise an error if the account is not the parent account."""
    if account is not None:
        raise catalog.SUBACCOUNT_FORBIDDEN()


def get_domain(tx: Tx, account: str | None, name: str) -> Domain:
    """Return a domain of the account, by its name in any spelling of case."""
    domain = tx.state.domains.get(normalize_domain(name))
    if domain is None or domain.account != account:
        raise catalog.DOMAIN_NOT_FOUND()
    if tx.state.region_of(domain) != tx.region:
        raise catalog.DOMAIN_WRONG_REGION()
    return domain


def new_id(tx: Tx) -> str:
    """Return the id of a new record."""
    return models.new_id(tx.now, tx.ids.next())
