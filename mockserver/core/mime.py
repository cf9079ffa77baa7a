"""MIME messages: what a message contains, and its source. HTML is never rendered, and nothing is fetched.

The standard library's `email` parses and writes them. It is imported when it is first used.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .outbox import Message, Part

if TYPE_CHECKING:
    from email.message import EmailMessage
    from email.message import Message as MimeMessage
    from email.policy import Policy

LINK = re.compile(r"https?://[^\s<>\"']+", re.ASCII)
MAX_HEADERS = 1_000
"""The maximum number of headers that are read of a message."""
BINARY = "application/octet-stream"


class Attachment(NamedTuple):
    """An attachment of a message, without its content."""

    filename: str | None
    content_type: str
    size: int
    """In bytes."""
    sha256: str
    content_id: str | None


class Content(NamedTuple):
    """What a message contains."""

    headers: Sequence[tuple[str, str]]
    """Name and value, decoded."""
    texts: Sequence[tuple[str, str]]
    """The content type and the text of each text of the message."""
    attachments: Sequence[Attachment]

    def header(self, name: str) -> str | None:
        """Return the first header with a name, in any case, or None."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)

    @property
    def links(self) -> list[str]:
        """The URLs in its texts, and in the attributes `href` of HTML, each once, in their order."""
        found: list[str] = []
        for content_type, text in self.texts:
            found += _links_of_html(text) if content_type == "text/html" else LINK.findall(text)
        return list(dict.fromkeys(found))


def decode(source: bytes) -> str:
    """Return the bytes of a message as a text: UTF-8 if they are that, otherwise Latin-1."""
    try:
        return source.decode()
    except UnicodeDecodeError:
        return source.decode("latin-1")


def content_of(message: Message) -> Content:
    """Return what a message of an outbox contains."""
    if message.source is not None:
        return read(message.source)
    texts = [(part.content_type, part.content) for part in message.parts if _is_text(part)]
    attachments = [
        _attachment(part.filename, part.content_type, _data(part), part.content_id)
        for part in message.parts
        if not _is_text(part)
    ]
    return Content(message.headers, texts, attachments)


def source_of(message: Message) -> str:
    """Return the MIME text of a message of an outbox: the one that was sent, or one made of its parts."""
    return message.source if message.source is not None else write(message.headers, message.parts)


def read(source: str) -> Content:
    """Return what a MIME text contains. Every text is valid; what cannot be decoded stays as it is."""
    import email

    try:
        parsed = email.message_from_bytes(_encode(source), policy=_policy())
        headers = [(name, _decoded(value)) for name, value in islice(parsed.items(), MAX_HEADERS)]
        texts: list[tuple[str, str]] = []
        attachments: list[Attachment] = []
        for part in parsed.walk():
            if not part.is_multipart():
                _read_part(part, texts, attachments)
    except Exception:  # the parser raises errors of many types for what it cannot parse
        return Content([], [("text/plain", source)], [])
    return Content(headers, texts, attachments)


def _read_part(part: MimeMessage[Any, Any], texts: list[tuple[str, str]], attachments: list[Attachment]) -> None:
    content_type, filename = part.get_content_type(), part.get_filename()
    payload: Any = part.get_payload(decode=True)
    data: bytes = payload or b""
    if filename is None and part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
        charset = part.get_content_charset() or "utf-8"
        try:
            text = data.decode(charset)
        except (LookupError, ValueError):
            text = decode(data)
        texts.append((content_type, text))
    else:
        content_id = part.get("Content-ID")
        attachments.append(
            _attachment(
                filename,
                content_type,
                data,
                None if content_id is None else content_id.strip("<> "),
            )
        )


def _decoded(value: str) -> str:
    """Return the value of a header in one line, with its encoded words decoded."""
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    text = value
    with contextlib.suppress(HeaderParseError, LookupError, ValueError):
        text = str(make_header(decode_header(value)))
    return " ".join(_encode(text).decode().split())


def addresses(values: Iterable[str]) -> list[str]:
    """Return the addresses in the values of headers such as To, without their names."""
    from email.utils import getaddresses

    found = []
    for value in values:
        with contextlib.suppress(Exception):  # as above, such as `RecursionError` for comments in comments
            found += [address for _, address in getaddresses([value]) if address]
    return found


def write(headers: Iterable[tuple[str, str]], parts: Sequence[Part]) -> str:
    """Return a MIME text made of headers and parts. The same ones always give the same text."""
    from email.message import EmailMessage
    from email.policy import SMTPUTF8

    entity = EmailMessage(policy=SMTPUTF8)
    boundary = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    texts = [part for part in parts if _is_text(part)]
    for number, part in enumerate(texts):
        add = entity.add_alternative if number else entity.set_content
        add(_encode(part.content).decode(), subtype=_subtype(part), cte="8bit")
    for part in parts:
        if not _is_text(part):
            _attach(entity, part)
    for number, each in enumerate(entity.walk()):
        if each.is_multipart():
            each.set_boundary(f"={boundary}.{number}")
    head = "".join([f"{name}: {' '.join(value.split())}\r\n" for name, value in headers])
    return head + decode(entity.as_bytes())


def _attach(entity: EmailMessage, part: Part) -> None:
    maintype, _, subtype = part.content_type.partition(";")[0].strip().partition("/")
    if not (re.fullmatch("[a-zA-Z0-9]+", maintype) and re.fullmatch(r"[\w.+-]+", subtype, re.ASCII)):
        maintype, subtype = BINARY.split("/")
    if maintype.lower() in ("multipart", "message"):
        maintype, subtype = BINARY.split("/")
    filename = None if part.filename is None else " ".join(_encode(part.filename).decode().split())
    cid = None if part.content_id is None else f"<{' '.join(_encode(part.content_id).decode().split())}>"
    disposition = "attachment" if cid is None else "inline"
    entity.add_attachment(
        _data(part), maintype, subtype, disposition=disposition, filename=filename, cid=cid, cte="base64"
    )


def _is_text(part: Part) -> bool:
    return part.filename is None and not part.is_base64 and part.content_type.lower().startswith("text/")


def _subtype(part: Part) -> str:
    found = re.match(r"text/([\w.+-]+)", part.content_type, re.ASCII | re.IGNORECASE)
    return found[1] if found is not None else "plain"


def _data(part: Part) -> bytes:
    """Return the content of an attachment; base64 that is not valid is decoded as far as it is."""
    if not part.is_base64:
        return _encode(part.content)
    try:
        return base64.b64decode(part.content)
    except (binascii.Error, ValueError):
        return _encode(part.content)


def _attachment(filename: str | None, content_type: str, data: bytes, content_id: str | None) -> Attachment:
    return Attachment(filename, content_type, len(data), hashlib.sha256(data).hexdigest(), content_id)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@functools.cache
def _policy() -> Policy[Any]:
    from email.policy import Compat32

    class Utf8(Compat32):
        """Headers are texts: in those of the parser, bytes that are not ASCII are surrogates."""

        def header_fetch_parse(self, name: str, value: str) -> str:
            return _encode(decode(value.encode("utf-8", "surrogateescape"))).decode()

    return Utf8()


class _Links(HTMLParser):
    """Collects the URLs of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "href" and value and LINK.fullmatch(value)]

    def handle_data(self, data: str) -> None:
        self.found += LINK.findall(data)


def _links_of_html(text: str) -> list[str]:
    parser = _Links()
    parser.feed(text)
    parser.close()
    return parser.found
