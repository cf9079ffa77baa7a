"""SparkPost's SMTP: its replies, and the login `SMTP_Injection` with an API key as password."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from ...core.errors import ApiError, Limit, assumed, documented, observed
from ...core.smtp import Login, Reply, SmtpError, SmtpProvider, by_key
from ...core.store import Registration
from . import catalog
from .models import State
from .rules import Tx, sending
from .rules.subaccounts import is_valid_key

USER = "SMTP_Injection"
_USER = re.compile(f"{USER}(?::X-MSYS-SUBACCOUNT=(?P<account>[0-9]{{1,10}}))?")
"""The SMTP API page: the user name may have the number of a subaccount, 0 for the primary account."""
GRANT = "smtp/inject"
MACHINE = "momentum1.platform1.us-west-2.aws.cl.messagesystems.com"
"""The server of the documented session."""
_SWAKS = documented("support page on swaks: the session in it")
_ENHANCED = assumed("no source has it; the words of RFC 5321 with the code of RFC 3463")


class SparkPostSmtp(SmtpProvider):
    """SparkPost over SMTP, which is the server Momentum."""

    hosts: ClassVar[Mapping[str, str | None]] = {"smtp.sparkpostmail.com": "us", "smtp.eu.sparkpostmail.com": "eu"}
    user_format = f"'{USER}'"
    forbids_clear_auth = True
    """The support page on swaks has no AUTH before STARTTLS; that SparkPost refuses it there is assumed."""
    max_size = Limit(20 << 20, assumed("SparkPost announces no SIZE; 20 MB is the usual limit of receivers"))
    max_recipients = Limit(1_000, assumed("no source has a limit"))
    idle_seconds = Limit(60, documented("SMTP API page: a connection that is idle for one minute is closed"))
    own_replies = by_key(
        Reply("greeting", 220, "2.0.0 {host} ESMTP ecelerity 4.1.5.48834 r(Core:4.1.5.3) {date}", _SWAKS),
        Reply("starttls", 220, "2.0.0 continue", _SWAKS),
        Reply("auth", 235, "2.0.0 Authed. Go on.", _SWAKS),
        Reply("auth_failed", 535, "5.7.8 Sorry.", _SWAKS),
        Reply("no_auth", 530, "5.7.0 Authentication required", _ENHANCED),
        Reply("no_tls", 530, "5.7.0 Must issue a STARTTLS command first", _ENHANCED),
        Reply("mail", 250, "2.0.0 MAIL FROM accepted", _SWAKS),
        Reply("rcpt", 250, "2.0.0 RCPT TO accepted", _SWAKS),
        Reply("data", 354, '3.0.0 continue.  finished with "\\r\\n.\\r\\n"', _SWAKS),
        Reply("accepted", 250, "2.0.0 OK {id}", _SWAKS),
        Reply(
            "header_invalid",
            550,
            "5.6.0 JSON parsing error in X-MSYS-API",
            documented("support site, SMTP error messages; for JSON that is no object it is assumed"),
        ),
        Reply(
            "field_type",
            550,
            "5.6.0 X-MSYS-API '{field}' must be of type '{expected}'",
            documented(f"{catalog.SMTP}, Invalid JSON, for metadata; for other fields it is assumed"),
        ),
        Reply(
            "campaign_too_long",
            550,
            "5.6.0 smtpapi_campaign_id context is limited to 64 bytes",
            documented(f"{catalog.SMTP}, Invalid JSON"),
        ),
        Reply(
            "too_many_copies",
            550,
            "5.6.0 X-MSYS-API is limited to 1000 recipients",
            assumed(f"the {catalog.SMTP} has the limit of cc, bcc and archive together, and no error"),
        ),
        Reply(
            "unconfigured_domain",
            550,
            "5.7.1 Unconfigured Sending Domain <{domain}>",
            observed("transitland/transitland-datastore issue 1231"),
        ),
        Reply("quit", 221, f"2.3.0 {MACHINE} closing connection", _SWAKS),
    )

    def ehlo(self, region: str | None, client: str, *, is_encrypted: bool, has_certificate: bool) -> Iterable[str]:
        """Yield the lines. AUTH is offered with TLS only, but without a certificate there would be no login at all."""
        yield f"{MACHINE} says EHLO to {client}"
        if has_certificate and not is_encrypted:
            yield from ("STARTTLS", "ENHANCEDSTATUSCODES", "PIPELINING", "8BITMIME")
        else:
            yield from ("ENHANCEDSTATUSCODES", "AUTH=LOGIN PLAIN", "AUTH LOGIN PLAIN", "8BITMIME", "PIPELINING")

    def is_user(self, user: str) -> bool:
        return _USER.fullmatch(user) is not None

    def credentials(self, state: State, key: str, region: str | None) -> Login:
        return Login(USER, key)

    def authorize(self, tx: Tx, user: str, registration: Registration) -> None:
        """Check that the key is valid in the region, and has the grant."""
        scopes = registration.scopes
        if registration.issued and not is_valid_key(tx.state, registration.credential):
            raise SmtpError("auth_failed")
        if tx.region != tx.state.home or (scopes is not None and GRANT not in scopes):
            raise SmtpError("auth_failed")
        found = _USER.fullmatch(user)
        tx.account = registration.account or (found["account"] if found is not None else None)

    def send(self, tx: Tx, user: str, *, sender: str, recipients: Sequence[str], source: str) -> Mapping[str, object]:
        message = sending.send_mime(tx, sender=sender, recipients=recipients, source=source, via="smtp")
        return {"id": message.message_id}

    def planned_values(self, user: str) -> Mapping[str, object]:
        """Return examples: a fault is planned without a message."""
        return {"domain": "example.com", "field": "metadata", "expected": "json object"}

    def reply_to(self, error: ApiError) -> Reply:
        """Return the reply with the enhanced status code of the error, or that of a message that a policy forbids."""
        reply = super().reply_to(error)
        return reply._replace(text=f"{error.entry.details.get('smtp', '5.7.1')} {reply.text}")


SMTP = SparkPostSmtp()
