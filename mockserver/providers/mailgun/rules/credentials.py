"""SMTP credentials of domains, and their passwords.

The password of a login is `smtp-` and an API key of the account, until a request sets another. A password that is set,
or that a seed has, is registered as a credential of the tenant; the state has its digest only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ....core.clock import whole_seconds
from ....core.store import IssuedKey, Registration, digest
from .. import catalog
from ..models import POSTMASTER, Domain, SmtpCredential, created_at, normalize_domain
from . import Tx

SMTP = "smtp:"
"""How the credentials of passwords that were set begin. They are no API keys."""
DEFAULT = "smtp-"
"""How a default password begins; the rest is an API key."""


def smtp_credential(login: str, password: str) -> str:
    """Return the credential as which a password that was set, or that a seed has, is registered."""
    return f"{SMTP}{normalize_login(login)}:{password}"


def default_password(api_key: str) -> str:
    """Return the password of every login of an account whose password no request has set."""
    return f"{DEFAULT}{api_key}"


def key_of_default(password: str) -> str | None:
    """Return the API key in a default password; None for another password."""
    return password.removeprefix(DEFAULT) or None if password.startswith(DEFAULT) else None


def check_login(tx: Tx, registration: Registration, login: str) -> Domain | None:
    """Return the domain of a login over SMTP, None if it may not log in.

    `registration` is that of the caller that was found by the login and its password, so that the password was valid at
    some time: it may have been changed since.
    """
    login = normalize_login(login)
    domain = tx.state.domains.get(login.rpartition("@")[2])
    if domain is None or tx.state.region_of(domain) != tx.region:
        return None
    if registration.account not in (None, domain.account):
        return None
    if registration.scopes is not None and domain.name not in registration.scopes:
        return None
    if domain.account is not None and tx.state.subaccounts[domain.account].status != "open":
        return None
    credential = tx.state.smtp_credentials.get(login)
    if login == domain.smtp_login:
        current = domain.smtp_password_digest
    elif credential is not None:
        current = credential.password_digest
    else:
        return None
    own = digest(registration.provider, registration.credential) if registration.issued else None
    return domain if own == current else None


def normalize_login(login: str) -> str:
    """Return the usual spelling of a login: its domain's name in lower case, and the name of the system's login."""
    name, _, host = login.rpartition("@")
    return f"{POSTMASTER if name.lower() == POSTMASTER else name}@{normalize_domain(host)}"


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
    given = dict(zip(names, passwords, strict=False))
    check_passwords(tx, given.items())
    generated = {name: _new_password(tx) for name in names if name not in given}
    for name in names:
        _issue(tx, domain, name, (given | generated)[name])
    return generated


def change_password(tx: Tx, domain: Domain, login: str, *, password: str | None) -> dict[str, str]:
    """Change the password of a credential; return the new one by login if none is given."""
    name = _full_login(domain, login)
    if name is None or (name != domain.smtp_login and name not in tx.state.smtp_credentials):
        raise catalog.CREDENTIALS_NOT_FOUND()
    generated = {} if password is not None else {name: _new_password(tx)}
    set_password(tx, domain, name, password or generated[name])
    return generated


def set_password(tx: Tx, domain: Domain, login: str, password: str) -> Domain:
    """Set the password of a login; the one before is not valid any more. Return the domain."""
    check_passwords(tx, [(login, password)])
    _issue(tx, domain, login, password)
    return tx.state.domains[domain.name]


def check_passwords(tx: Tx, passwords: Iterable[tuple[str, str]]) -> None:
    """Raise an error if another tenant has one of these logins with the same password."""
    for login, password in passwords:
        if tx.is_taken(smtp_credential(login, password)):
            raise catalog.PASSWORD_TAKEN(login=login)


def _issue(tx: Tx, domain: Domain, login: str, password: str) -> None:
    """Register the password of a login, and store its digest."""
    credential = smtp_credential(login, password)
    stored = digest("mailgun", credential)
    if login == domain.smtp_login:
        tx.state.put_domain(replace(domain, smtp_password_digest=stored), domain)
    else:
        known = tx.state.smtp_credentials.get(login)
        made = whole_seconds(tx.now) if known is None else known.created_at
        tx.state.smtp_credentials[login] = SmtpCredential(login, made, stored)
    tx.issued.append(IssuedKey(credential, domain.account, frozenset({domain.name})))


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
    return None if at and normalize_domain(host) != domain.name else normalize_login(f"{name}@{domain.name}")


def _new_password(tx: Tx) -> str:
    """Return a password in the format of recorded ones: 32, 8 and 8 hexadecimal characters."""
    seed = tx.ids.next()
    digest = hashlib.sha256(f"{seed.salt}{seed.number}".encode()).hexdigest()
    return f"{digest[:32]}-{digest[32:40]}-{digest[40:48]}"
