"""SMTP credentials of domains."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ....core.clock import whole_seconds
from .. import catalog
from ..models import Domain, SmtpCredential, created_at, normalize_domain
from . import Tx


def list_credentials(tx: Tx, domain: Domain) -> list[SmtpCredential]:
    """Return the credentials of a domain in order of creation, the system's first."""
    return [SmtpCredential(domain.smtp_login, created_at(domain.id)), *tx.state.credentials_of(domain)]


def create_credentials(tx: Tx, domain: Domain, *, logins: Sequence[str], passwords: Sequence[str]) -> dict[str, str]:
    """Create credentials, all or none; return the new passwords of those without a password, by login."""
    names: list[str] = []
    for login in logins:
        name = _full_login(domain, login)
        if name is None:
            raise catalog.BAD_VALUE(field="login", value=login)
        if name in tx.state.smtp_credentials or name in (domain.smtp_login, *names):
            raise catalog.LOGIN_TAKEN(login=name)
        names.append(name)
    for name in names:
        tx.state.smtp_credentials[name] = SmtpCredential(name, whole_seconds(tx.now))
    return {name: _new_password(tx) for name in names[len(passwords) :]}


def change_password(tx: Tx, domain: Domain, login: str, *, password: str | None) -> dict[str, str]:
    """Change the password of a credential; return the new one by login if none is given."""
    name = _full_login(domain, login)
    if name is None or (name != domain.smtp_login and name not in tx.state.smtp_credentials):
        raise catalog.CREDENTIALS_NOT_FOUND()
    return {} if password is not None else {name: _new_password(tx)}


def delete_credential(tx: Tx, domain: Domain, login: str) -> str:
    """Delete a credential; return its login."""
    name = _full_login(domain, login)
    if name == domain.smtp_login:
        raise catalog.SYSTEM_MAILBOX(login=name)
    if name is None or name not in tx.state.smtp_credentials:
        raise catalog.CREDENTIALS_NOT_FOUND()
    del tx.state.smtp_credentials[name]
    return name


def delete_all_credentials(tx: Tx, domain: Domain) -> int:
    """Delete the credentials of a domain but for the system's; return their number."""
    found = tx.state.credentials_of(domain)
    for credential in found:
        del tx.state.smtp_credentials[credential.login]
    return len(found)


def _full_login(domain: Domain, login: str) -> str | None:
    """Return a login with the domain's name, with which it may be given; None if it has the name of another domain."""
    name, at, host = login.partition("@")
    return None if at and normalize_domain(host) != domain.name else f"{name}@{domain.name}"


def _new_password(tx: Tx) -> str:
    """Return a password in the format of recorded ones: 32, 8 and 8 hexadecimal characters."""
    seed = tx.ids.next()
    digest = hashlib.sha256(f"{seed.salt}{seed.number}".encode()).hexdigest()
    return f"{digest[:32]}-{digest[32:40]}-{digest[40:48]}"
