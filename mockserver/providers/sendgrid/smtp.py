"""SendGrid's SMTP: its replies, and the login `apikey` with an API key as password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...core.errors import Limit, assumed, documented, observed
from ...core.smtp import Login, Reply, SmtpError, SmtpProvider, by_key
from ...core.store import Registration
from .models import State
from .rules import Tx, api_keys, sending

USER = "apikey"
SCOPE = "mail.send"
_SESSION = observed("sendgrid/docs issues 2191 and 2638: recorded sessions")
_PHPBB = observed("sendgrid/docs issue 2491: a recorded session of phpBB")
_PAGE = documented("SMTP Errors and Troubleshooting")


class SendGridSmtp(SmtpProvider):
    """SendGrid over SMTP."""

    hosts: ClassVar[Mapping[str, str | None]] = {"smtp.sendgrid.net": "global", "smtp.eu.sendgrid.net": "eu"}
    user_format = f"'{USER}'"
    extensions = ("8BITMIME", "PIPELINING", "SIZE 31457280", "STARTTLS", "AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN")
    max_size = Limit(31_457_280, observed("sendgrid/docs issues 2191 and 2638: the SIZE of recorded sessions"))
    max_recipients = Limit(1_000, assumed("the maximum number of recipients of a request of the Mail Send API"))
    idle_seconds = Limit(300, assumed("the shortest timeout of RFC 5321"))
    own_replies = by_key(
        Reply(
            "greeting",
            220,
            "SG ESMTP service ready at ismtpd0013p1las1.sendgrid.net",
            observed("mbentley/docker-omada-controller issue 253: a recorded session"),
        ),
        Reply("starttls", 220, "Begin TLS negotiation now", _PHPBB),
        Reply("auth", 235, "Authentication successful", _SESSION),
        Reply("auth_failed", 535, "Authentication failed: Bad username / password", _PHPBB),
        Reply("credits_exceeded", 451, "Authentication failed: Maximum credits exceeded", _PAGE),
        Reply("throttled", 452, "Too many recipients received this hour (throttled)", _PAGE),
        Reply("no_auth", 550, "Unauthenticated senders not allowed", observed("sendgrid/docs issue 6473")),
        Reply("mail", 250, "Sender address accepted", _SESSION),
        Reply("rcpt", 250, "Recipient address accepted", _SESSION),
        Reply("data", 354, "Continue", _SESSION),
        Reply(
            "accepted",
            250,
            "Ok: queued as {id}",
            observed("sendgrid/docs issues 2191, 2638 and 6344: recorded sessions"),
        ),
        Reply(
            "sender_identity",
            550,
            "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is "
            "resolved. Visit https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the Sender "
            "Identity requirements",
            observed("hackathon-starter issue 1083, chatwoot issue 9188"),
        ),
        Reply("quit", 221, "See you later", _SESSION),
    )

    def is_user(self, user: str) -> bool:
        return user == USER

    def credentials(self, state: State, key: str, region: str | None) -> Login:
        return Login(USER, key)

    def authorize(self, tx: Tx, user: str, registration: Registration) -> None:
        """Check that the key is valid in the region, and has the scope of the Mail Send API, which is assumed."""
        account, scopes = registration.account, registration.scopes
        if registration.issued:
            key = api_keys.find_issued(tx.state, registration.credential)
            if key is None:
                raise SmtpError("auth_failed")
            account, scopes = key.subuser, None if key.scopes is None else frozenset(key.scopes)
        subuser = None if account is None else tx.state.subusers.get(account)
        if account is not None and subuser is None:
            raise SmtpError("auth_failed")
        if tx.region != (self.hosts["smtp.sendgrid.net"] if subuser is None else subuser.region):
            raise SmtpError("auth_failed")
        if scopes is not None and SCOPE not in scopes:
            raise SmtpError("auth_failed")
        tx.account = account

    def send(self, tx: Tx, user: str, *, sender: str, recipients: Sequence[str], source: str) -> Mapping[str, object]:
        message = sending.send_mime(tx, sender=sender, recipients=recipients, source=source, via="smtp")
        return {"id": message.message_id[:22]}


SMTP = SendGridSmtp()
