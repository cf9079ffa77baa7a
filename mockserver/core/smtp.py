"""SMTP: what a provider says, and which credential a login is. `mockserver.smtp` is the server.

Each provider has an `SmtpProvider` in its module `smtp`. What no source has is said as RFC 5321 and RFC 4954 say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from .errors import ApiError, Limit, Source, assumed
from .store import Registration, Transaction

OPERATIONS = {"smtpAuth": "AUTH", "smtpMail": "MAIL", "smtpRcpt": "RCPT", "smtpData": "DATA"}
"""The commands that faults apply to, by the names of their operations. AUTH and DATA are in the request log."""
METHOD = "SMTP"
"""The method of commands in the request log."""
UNENCRYPTED = "none"
"""The value of the header `Tls` of a command that was sent in the clear, in the request log."""

_RFC = assumed("no source has it; the words of RFC 5321 or RFC 4954")


class Reply(NamedTuple):
    """A reply of a provider."""

    key: str
    """The moment at which it is sent."""
    code: int
    text: str
    """It may have `{placeholders}`."""
    source: Source

    def with_values(self, **values: object) -> Reply:
        """Return the reply with its placeholders filled in."""
        return self._replace(text=self.text.format_map(values))


def by_key(*replies: Reply) -> dict[str, Reply]:
    """Return replies by their keys."""
    return {each.key: each for each in replies}


DEFAULTS = by_key(
    Reply("helo", 250, "{host}", _RFC),
    Reply("starttls", 220, "Ready to start TLS", _RFC),
    Reply("auth_plain", 334, "", _RFC),
    Reply("auth_user", 334, "VXNlcm5hbWU6", _RFC),
    Reply("auth_password", 334, "UGFzc3dvcmQ6", _RFC),
    Reply("auth_cancelled", 501, "Authentication cancelled", _RFC),
    Reply("auth_malformed", 501, "Syntax error in parameters", _RFC),
    Reply("auth_unknown", 504, "Unrecognized authentication type", _RFC),
    Reply("auth_again", 503, "Already authenticated", _RFC),
    Reply("no_auth", 530, "Authentication required", _RFC),
    Reply("no_tls", 530, "Must issue a STARTTLS command first", _RFC),
    Reply("tls_again", 503, "TLS is active already", _RFC),
    Reply("no_certificate", 454, "TLS not available due to temporary reason", _RFC),
    Reply("reset", 250, "OK", _RFC),
    Reply("noop", 250, "OK", _RFC),
    Reply("vrfy", 252, "Cannot VRFY user, but will accept message and attempt delivery", _RFC),
    Reply("help", 214, "See RFC 5321", _RFC),
    Reply("no_helo", 503, "Bad sequence of commands: EHLO first", _RFC),
    Reply("no_mail", 503, "Bad sequence of commands: MAIL first", _RFC),
    Reply("mail_again", 503, "Bad sequence of commands: nested MAIL", _RFC),
    Reply("no_rcpt", 503, "Bad sequence of commands: RCPT first", _RFC),
    Reply("bad_address", 501, "Syntax error in parameters or arguments", _RFC),
    Reply("unknown_parameter", 555, "MAIL FROM/RCPT TO parameters not recognized or not implemented", _RFC),
    Reply("unknown_command", 500, "Syntax error, command unrecognized", _RFC),
    Reply("line_too_long", 500, "Line too long", _RFC),
    Reply("bare_line_feed", 500, "Syntax error: a command ends in <CRLF>", _RFC),
    Reply("too_many_recipients", 452, "Too many recipients", _RFC),
    Reply("too_large", 552, "Message size exceeds fixed maximum message size", _RFC),
    Reply("too_many_errors", 421, "Too many errors, closing transmission channel", _RFC),
    Reply("idle", 421, "Timeout, closing transmission channel", _RFC),
    Reply("closing", 421, "Service not available, closing transmission channel", _RFC),
    Reply("no_room", 452, "Requested action not taken: insufficient system storage", _RFC),
    Reply("unavailable", 451, "Requested action aborted: local error in processing", _RFC),
    Reply("rejected", 550, "{message}", assumed("no source has the reply; the message is that of the HTTP API")),
)
"""The replies that no source of a provider has."""
STANDARD_TEXTS = {
    421: "Service not available, closing transmission channel",
    450: "Requested mail action not taken: mailbox unavailable",
    451: "Requested action aborted: local error in processing",
    452: "Requested action not taken: insufficient system storage",
    454: "Temporary authentication failure",
    500: "Syntax error, command unrecognized",
    501: "Syntax error in parameters or arguments",
    502: "Command not implemented",
    503: "Bad sequence of commands",
    504: "Command parameter not implemented",
    535: "Authentication credentials invalid",
    550: "Requested action not taken: mailbox unavailable",
    551: "User not local",
    552: "Requested mail action aborted: exceeded storage allocation",
    553: "Requested action not taken: mailbox name not allowed",
    554: "Transaction failed",
}
"""The texts of RFC 5321 and RFC 4954 by code, for planned faults."""
LOWEST_ERROR = 400
"""The lowest code of an error."""
TEMPORARY = 451
"""The default code of a planned fault."""
_PLANNED = assumed("a planned fault; the words of RFC 5321 or RFC 4954")


class SmtpError(Exception):
    """A command is rejected with one of the provider's replies. Raising it rolls back the transaction."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Login(NamedTuple):
    """The user name and the password of an AUTH command."""

    user: str
    password: str


class SmtpProvider:
    """What a provider says, and what it accepts. Each provider has a subclass."""

    hosts: ClassVar[Mapping[str, str | None]]
    """The provider's SMTP hosts with their regions."""
    user_format: ClassVar[str]
    """The user name of a login, for messages."""
    extensions: ClassVar[Sequence[str]] = ()
    """The lines of the response to EHLO, without the first. STARTTLS is left out without a certificate."""
    forbids_clear_auth: ClassVar[bool] = False
    """Whether the provider accepts AUTH with TLS only."""
    requires_auth_for_mail: ClassVar[bool] = True
    """Whether MAIL is rejected before AUTH; otherwise RCPT is."""
    max_size: ClassVar[Limit]
    """The maximum size of a message, in bytes."""
    max_recipients: ClassVar[Limit]
    """The maximum number of recipients of a message."""
    idle_seconds: ClassVar[Limit]
    """How long a connection may be idle."""
    own_replies: ClassVar[Mapping[str, Reply]]
    """By key; those that are missing are `DEFAULTS`. It has `greeting`, `auth`, `auth_failed`, `mail`, `rcpt`, `data`,
    `accepted` and `quit`."""
    errors: ClassVar[Mapping[str, str]] = {}
    """The keys of replies by the keys of errors of the catalog; others are `rejected`."""

    @property
    def replies(self) -> Mapping[str, Reply]:
        """All replies by key."""
        return {**DEFAULTS, **self.own_replies}

    def reply(self, key: str, **values: object) -> Reply:
        """Return a reply with its placeholders filled in."""
        found = self.own_replies.get(key) or DEFAULTS[key]
        return found.with_values(**values)

    def host(self, region: str | None) -> str:
        """Return the name of the provider's SMTP host in a region."""
        return next((name for name, each in self.hosts.items() if each == region), next(iter(self.hosts)))

    def ehlo(self, region: str | None, client: str, *, is_encrypted: bool, has_certificate: bool) -> Iterable[str]:
        """Yield the lines of the response to EHLO; `client` is the address and the port of the client."""
        yield self.host(region)
        yield from (each for each in self.extensions if has_certificate or each != "STARTTLS")

    def is_user(self, user: str) -> bool:
        """Return whether a user name can be that of a login."""
        raise NotImplementedError

    def credentials(self, state: Any, key: str, region: str | None) -> Login | None:
        """Return a login that an account with an API key has in a region; None if it has none there."""
        raise NotImplementedError

    def authorize(self, tx: Transaction[Any], user: str, registration: Registration) -> None:
        """Check that the credential of a login may send, and set the account of the transaction. Raises `SmtpError`."""
        raise NotImplementedError

    def send(
        self, tx: Transaction[Any], user: str, *, sender: str, recipients: Sequence[str], source: str
    ) -> Mapping[str, object]:
        """Accept a message, and return the values of the reply `accepted`. Raises `ApiError` or `SmtpError`."""
        raise NotImplementedError

    def reply_to(self, error: ApiError) -> Reply:
        """Return the reply to a message that a rule rejects. Its message and source are those of the error."""
        reply = self.replies[self.errors.get(error.entry.key, "rejected")]
        return reply._replace(key=error.entry.key, text=error.message, source=error.entry.source)

    def planned(self, code: int, key: str | None, text: str | None, user: str) -> Reply:
        """Return the reply of a planned fault: one with a key, a text, or the standard text of its code."""
        if key is not None:
            found = self.replies[key]
            with_values = found.text.format_map(_Missing(self.planned_values(user)))
            return found._replace(text=with_values or STANDARD_TEXTS.get(found.code, "Error"))
        return Reply("planned", code, STANDARD_TEXTS.get(code, "Error") if text is None else text, _PLANNED)

    def planned_values(self, user: str) -> Mapping[str, object]:
        """Return the values of planned replies to a login; those that are missing are empty."""
        return {}

    def errors_by_key(self) -> Mapping[str, Reply]:
        """Return the replies that are errors."""
        return {key: each for key, each in self.replies.items() if each.code >= LOWEST_ERROR}


class _Missing(dict[str, object]):
    """The values of a reply that is sent without its cause."""

    def __missing__(self, key: str) -> str:
        return ""
