"""The commands of one SMTP connection (RFC 5321, RFC 4954), without a socket."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar, NamedTuple

from ..core import mime
from ..core.smtp import LOWEST_ERROR, UNENCRYPTED, Login, Reply, SmtpProvider
from ..core.store import Registration, Transaction
from ..web.provider import Provider

MAX_ERRORS = 100
"""The number of errors after which a connection is closed."""
MAX_ADDRESS = 320
"""The length of the longest address, in characters: 64 before the at sign and 255 after it."""
MAX_LOGGED_RECIPIENTS = 100
"""The number of recipients of a message that are in the request log."""
ADDRESS = re.compile(
    r"(?P<name>FROM|TO):[ ]*(?:<(?P<address>[^<>]*)>|(?P<bare>[^<> ]+))(?:[ ]+(?P<parameters>.*))?", re.I
)
IGNORED_PARAMETERS = frozenset({"BODY", "SMTPUTF8", "AUTH"})
"""Parameters of MAIL that have no effect here."""

Run = Callable[[Transaction[Any], Registration], Reply]


class Place(NamedTuple):
    """What a port serves."""

    provider: Provider
    smtp_provider: SmtpProvider
    region: str | None
    has_certificate: bool
    refuses_clear_auth: bool
    """Whether AUTH in the clear is refused, if the provider forbids it."""
    time: Callable[[], float]
    """Returns the time, in seconds since the epoch."""


class Command(NamedTuple):
    """A command that a tenant is needed for."""

    operation: str
    login: Login
    run: Run | None
    """Processes it in the tenant's transaction, and returns the reply; it may be called more than once. None for a
    command that changes nothing, and that only a planned fault puts into the request log."""
    reply: Reply | None
    """The reply to a command without `run`."""
    done: Callable[[str], None]
    """Called with the tenant's id when the reply is not an error."""
    headers: tuple[tuple[str, str], ...] = ()
    """What the request log has of it."""
    body: bytes = b""


@dataclass(slots=True)
class Envelope:
    """The message that a client is sending."""

    sender: str
    recipients: list[str]


class Session:
    """The state of a connection. `command` and `message` return a reply, or a command to be processed."""

    def __init__(self, place: Place, client: str, *, tls: str | None) -> None:
        """`client` is the client's address and port, `tls` the version of TLS; None for a connection in the clear."""
        self.place = place
        self.smtp_provider = place.smtp_provider
        self.host = self.smtp_provider.host(place.region)
        self.client = client
        self.tls = tls
        self.login: Login | None = None
        """The login, once the client has authenticated."""
        self.tenant_id: str | None = None
        self._said_hello = False
        self._envelope: Envelope | None = None
        self._auth: str | None = None
        """What the next line is: `plain`, `user` or `password`; None for a command."""
        self._user = ""
        self._errors = 0

    def greeting(self) -> Reply:
        date = format_datetime(datetime.fromtimestamp(self.place.time(), UTC))
        return self.reply("greeting", date=date)

    def reply(self, key: str, **values: object) -> Reply:
        """Return a reply of the provider."""
        return self.smtp_provider.reply(key, host=self.host, **values)

    def start_tls(self, version: str) -> None:
        """Forget everything that was sent in the clear (RFC 3207)."""
        self.__init__(self.place, self.client, tls=version)  # type: ignore[misc]

    def command(self, line: bytes) -> Reply | Command:
        """Process a line, without its end."""
        found = self._command(line)
        return self.counted(found) if isinstance(found, Reply) else found

    def counted(self, reply: Reply) -> Reply:
        """Count an error; return another reply if there were too many."""
        if reply.code >= LOWEST_ERROR and reply.key != "too_many_recipients":
            self._errors += 1
            if self._errors > MAX_ERRORS:
                return self.reply("too_many_errors")
        return reply

    def _command(self, line: bytes) -> Reply | Command:
        if self._auth is not None:
            return self._continue_auth(line)
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self.reply("bad_address")
        if not text.replace("\t", " ").isprintable():
            return self.reply("unknown_command")
        verb, _, rest = text.strip().partition(" ")
        handler = self._HANDLERS.get(verb.upper())
        return self.reply("unknown_command") if handler is None else handler(self, rest.strip())

    def _helo(self, rest: str) -> Reply:
        return self._hello(rest, self.reply("helo"))

    def _ehlo(self, rest: str) -> Reply:
        lines = self.smtp_provider.ehlo(
            self.place.region,
            self.client,
            is_encrypted=self.tls is not None,
            has_certificate=self.place.has_certificate,
        )
        return self._hello(rest, self.reply("helo")._replace(key="ehlo", text="\n".join(lines)))

    def _hello(self, rest: str, reply: Reply) -> Reply:
        if not rest:
            return self.reply("bad_address")
        self._said_hello, self._envelope = True, None
        return reply

    def _starttls(self, rest: str) -> Reply:
        if rest:
            return self.reply("bad_address")
        if self.tls is not None:
            return self.reply("tls_again")
        return self.reply("starttls" if self.place.has_certificate else "no_certificate")

    def _noop(self, rest: str) -> Reply:
        return self.reply("noop")

    def _vrfy(self, rest: str) -> Reply:
        return self.reply("vrfy" if rest else "bad_address")

    def _help(self, rest: str) -> Reply:
        return self.reply("help")

    def _quit(self, rest: str) -> Reply:
        return self.reply("quit")

    def _rset(self, rest: str) -> Reply:
        self._envelope = None
        return self.reply("reset")

    # AUTH

    def _start_auth(self, rest: str) -> Reply | Command:
        mechanism, _, initial = rest.partition(" ")
        if not self._said_hello:
            return self.reply("no_helo")
        if self.login is not None:
            return self.reply("auth_again")
        if self.tls is None and self.smtp_provider.forbids_clear_auth and self.place.refuses_clear_auth:
            return self.reply("no_tls")
        match mechanism.upper():
            case "PLAIN":
                self._auth = "plain"
            case "LOGIN":
                self._auth = "user"
            case _:
                return self.reply("auth_unknown")
        return self._continue_auth(initial.encode()) if initial else self.reply(f"auth_{self._auth}")

    def _continue_auth(self, line: bytes) -> Reply | Command:
        step, self._auth = self._auth, None
        if line == b"*":
            return self.reply("auth_cancelled")
        try:
            text = "" if line == b"=" else base64.b64decode(line, validate=True).decode()
        except (binascii.Error, ValueError):
            return self.reply("auth_malformed")
        if step == "user":
            self._user, self._auth = text, "password"
            return self.reply("auth_password")
        if step == "password":
            return self._authenticate(self._user, text)
        parts = text.split("\0")
        return self._authenticate(*parts[1:]) if len(parts) == 3 else self.reply("auth_malformed")

    def _authenticate(self, user: str, password: str) -> Command:
        login = Login(user, password)

        def run(tx: Transaction[Any], registration: Registration) -> Reply:
            self.smtp_provider.authorize(tx, user, registration)
            return self.reply("auth")

        def done(tenant_id: str) -> None:
            self.login, self.tenant_id = login, tenant_id

        return Command("smtpAuth", login, run, None, done, self._headers(("User", user)))

    # Messages

    def _mail(self, rest: str) -> Reply | Command:
        if not self._said_hello:
            return self.reply("no_helo")
        if self.login is None and self.smtp_provider.requires_auth_for_mail:
            return self.reply("no_auth")
        if self._envelope is not None:
            return self.reply("mail_again")
        found = _address(rest, "FROM")
        if found is None:
            return self.reply("bad_address")
        sender, parameters = found
        for each in parameters.split():
            name, _, value = each.partition("=")
            if name.upper() == "SIZE" and value.isascii() and value.isdigit() and len(value) <= 20:
                if int(value) > self.smtp_provider.max_size:
                    return self.reply("too_large")
            elif name.upper() not in IGNORED_PARAMETERS:
                return self.reply("unknown_parameter")

        def done(tenant_id: str) -> None:
            self._envelope = Envelope(sender, [])

        return self._simple("smtpMail", self.reply("mail"), done, ("Mail-From", sender))

    def _rcpt(self, rest: str) -> Reply | Command:
        envelope = self._envelope
        if envelope is None:
            return self.reply("no_mail")
        if self.login is None:
            return self.reply("no_auth")
        found = _address(rest, "TO")
        if found is None or not found[0]:
            return self.reply("bad_address")
        recipient, parameters = found
        if parameters:
            return self.reply("unknown_parameter")
        if len(envelope.recipients) >= self.smtp_provider.max_recipients:
            return self.reply("too_many_recipients")

        def done(tenant_id: str) -> None:
            envelope.recipients.append(recipient)

        return self._simple("smtpRcpt", self.reply("rcpt"), done, ("Rcpt-To", recipient))

    def _simple(
        self, operation: str, reply: Reply, done: Callable[[str], None], header: tuple[str, str]
    ) -> Reply | Command:
        if self.login is None:
            done("")
            return reply
        return Command(operation, self.login, None, reply, done, self._headers(header))

    def _data(self, rest: str) -> Reply:
        if rest:
            return self.reply("bad_address")
        if self._envelope is None:
            return self.reply("no_mail")
        if not self._envelope.recipients:
            return self.reply("no_rcpt")
        return self.reply("data")

    def message(self, content: bytes | None, problem: str = "too_large") -> Reply | Command:
        """Process a message; without one, reply with the problem for which it was not read."""
        envelope, self._envelope = self._envelope, None
        assert envelope is not None
        if content is None:
            return self.counted(self.reply(problem))
        source, sender, recipients = content, envelope.sender, envelope.recipients
        login = self.login
        assert login is not None

        def run(tx: Transaction[Any], registration: Registration) -> Reply:
            self.smtp_provider.authorize(tx, login.user, registration)
            values = self.smtp_provider.send(
                tx, login.user, sender=sender, recipients=recipients, source=mime.decode(source)
            )
            return self.reply("accepted", **values)

        logged = [("Rcpt-To", each) for each in recipients[:MAX_LOGGED_RECIPIENTS]]
        headers = self._headers(("Mail-From", sender), *logged)
        return Command("smtpData", login, run, None, lambda _: None, headers, content)

    def _headers(self, *headers: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        return (*headers, ("Tls", self.tls or UNENCRYPTED))

    _HANDLERS: ClassVar[Mapping[str, Callable[[Session, str], Reply | Command]]] = {
        "HELO": _helo,
        "EHLO": _ehlo,
        "STARTTLS": _starttls,
        "AUTH": _start_auth,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _rset,
        "NOOP": _noop,
        "VRFY": _vrfy,
        "HELP": _help,
        "QUIT": _quit,
    }


def _address(text: str, name: str) -> tuple[str, str] | None:
    """Return the address and the parameters of MAIL or RCPT; None if they are not valid. An address may be empty."""
    found = ADDRESS.fullmatch(text)
    if found is None or found["name"].upper() != name:
        return None
    address = found["address"] if found["address"] is not None else found["bare"]
    if address.startswith("@"):  # a source route, which RFC 5321 says to ignore
        address = address.partition(":")[2]
    local, at, domain = address.rpartition("@")
    if address and (len(address) > MAX_ADDRESS or (at and not (local and domain))):
        return None
    if address and not at and address.lower() != "postmaster":
        return None
    return address, found["parameters"] or ""
