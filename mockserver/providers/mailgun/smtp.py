"""Mailgun's SMTP: its replies, and the logins of domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...core.errors import Limit, assumed, observed
from ...core.smtp import Login, Reply, SmtpError, SmtpProvider, by_key
from ...core.store import Registration
from . import catalog
from .models import Domain, State
from .rules import Tx, credentials, sending

_SESSION = observed("mludvig/smtp-cli issue 26: a recorded session")


class MailgunSmtp(SmtpProvider):
    """Mailgun over SMTP."""

    hosts: ClassVar[Mapping[str, str | None]] = {"smtp.mailgun.org": "us", "smtp.eu.mailgun.org": "eu"}
    user_format = "a login of a domain, such as 'postmaster@DOMAIN'"
    extensions = ("AUTH PLAIN LOGIN", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "PIPELINING", "STARTTLS")
    requires_auth_for_mail = False
    max_size = Limit(52_428_800, observed("mludvig/smtp-cli issue 26: the SIZE of a recorded session"))
    max_recipients = Limit(1_000, assumed("the maximum number of recipients of a request of the Messages API"))
    idle_seconds = Limit(300, assumed("the shortest timeout of RFC 5321"))
    own_replies = by_key(
        Reply("greeting", 220, "Mailgun Influx ready", _SESSION),
        Reply("starttls", 220, "Go ahead", _SESSION),
        Reply("auth_plain", 334, "Go ahead", _SESSION),
        Reply("auth", 235, "Authentication successful", _SESSION),
        Reply(
            "auth_failed",
            535,
            "5.7.0 Mailgun is not loving your login or password",
            observed("mailgun/documentation issue 132, gathio issue 194"),
        ),
        Reply("no_auth", 550, "5.7.1 Relaying denied", _SESSION),
        Reply("mail", 250, "Sender address accepted", _SESSION),
        Reply("rcpt", 250, "Recipient address accepted", _SESSION),
        Reply("data", 354, "Continue", _SESSION),
        Reply("accepted", 250, "Great success", _SESSION),
        Reply(
            "not_allowed",
            421,
            "Domain {domain} is not allowed to send: {reason}",
            observed("swapmyvote issues 415 and 891, rebutify issue 162"),
        ),
        Reply("quit", 221, "See you later. Yours truly, Mailgun", _SESSION),
    )

    errors: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("not_allowed_to_send", "not_allowed_to_send_403"), "not_allowed"
    )

    def host(self, region: str | None) -> str:
        """Return the name of a machine: 12 hexadecimal digits, as in the recorded session."""
        return "e2d8a0c5b971" if region == "eu" else "4f0c6a93d21e"

    def is_user(self, user: str) -> bool:
        return "@" in user

    def credentials(self, state: State, key: str, region: str | None) -> Login | None:
        """Return the system's login of a domain of the parent account, with the default password.

        It is the first domain in the region that may send, to all recipients if there is one.
        """
        found = [
            domain
            for domain in state.domains.values()
            if state.region_of(domain) == (region or state.home)
            and domain.account is None
            and domain.smtp_password_digest is None
        ]
        domain = min(found, key=lambda each: (each.state != "active", each.is_sandbox), default=None)
        return None if domain is None else Login(domain.smtp_login, credentials.default_password(key))

    def planned_values(self, user: str) -> Mapping[str, object]:
        return {"domain": _domain_name(user), "reason": catalog.SANDBOX_REASON}

    def authorize(self, tx: Tx, user: str, registration: Registration) -> None:
        """Check that the login exists, that its password was not changed, and that its account is open."""
        tx.account = _domain(tx, user, registration).account

    def send(self, tx: Tx, user: str, *, sender: str, recipients: Sequence[str], source: str) -> Mapping[str, object]:
        domain = tx.state.domains[_domain_name(user)]
        sending.send_mime(tx, domain=domain, sender=sender, recipients=recipients, source=source, via="smtp")
        return {}


def _domain_name(login: str) -> str:
    return credentials.normalize_login(login).rpartition("@")[2]


def _domain(tx: Tx, login: str, registration: Registration) -> Domain:
    """Return the domain of a login. Raises `SmtpError`."""
    domain = credentials.check_login(tx, registration, login)
    if domain is None:
        raise SmtpError("auth_failed")
    return domain


SMTP = MailgunSmtp()
