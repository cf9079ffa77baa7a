"""MIME messages: what a message contains, and its source. HTML is never rendered, and nothing is fetched.

The standard library's `email` parses them. It does not write them: some names of attachments are errors there.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import email
import functools
import hashlib
import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as MimeMessage
from email.utils import getaddresses
from itertools import islice
from typing import Any, NamedTuple, TypeGuard, cast
from urllib.parse import quote

from .outbox import Message, Part

LINK = re.compile(r"https?://[^\s<>\"']+", re.ASCII | re.IGNORECASE)
HTML_LINK = re.compile(
    r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))|(?<!["'=])(https?://[^\s<>"']+)""", re.ASCII | re.IGNORECASE
)
"""The value of an attribute `href`, or a URL that is not the value of an attribute."""
BLANK_LINE = re.compile(r"^\r?\n|\r?\n\r?\n|\r\r")
ENTITY_HEADERS = frozenset({"mime-version", "content-type", "content-transfer-encoding", "content-disposition"})
"""Headers that describe the parts; they are written with them."""
NEWLINE = "\r\n"
SURROGATE = re.compile("[\ud800-\udfff]")
ANY_NEWLINE = re.compile(r"\r\n|\r|\n")
MEDIA_TYPE = re.compile(r"[a-zA-Z0-9]+/[\w.+-]+", re.ASCII)
NOT_VISIBLE = re.compile("[^!-~]")
NOT_IN_NAME = re.compile("[^!-9;-~]")
"""A character that the name of a header cannot have."""
BOUNDARY = re.compile(r"boundary[*0-9\s]*=", re.ASCII | re.IGNORECASE)
MAX_BOUNDARIES, MAX_COMPARED = 50, 2_000_000
"""The number of boundaries, and of lines for each of them, beyond which a body is one text: the parser compares each
line with all boundaries."""
MAX_LINK = 2_000
"""The length from which a URL is ignored, in characters."""
MAX_SEARCHED = 1 << 20
"""The length of the beginning of a text in which URLs are searched, in characters."""
MAX_LINKS = 1_000
"""The maximum number of URLs of a message."""
MAX_HEADERS = 1_000
"""The maximum number of headers that are read of a message."""
MAX_HEAD = 1 << 19
"""The number of characters of all headers that are read; a body behind more is not."""
MAX_PARAMETERS, MAX_DECODED, MAX_ADDRESSES = 1 << 11, 1 << 13, 1 << 17
"""The number of characters that are read of a header with parameters; the length up to which encoded words of a header
are decoded; and the number of characters in which addresses are found. The standard library needs quadratic time for
all of them."""
WITH_PARAMETERS = frozenset({"content-type", "content-disposition"})
MAX_PARTS = 1_000
"""The maximum number of parts that are read of a message."""
BINARY = "application/octet-stream"


_Compat32: Any = type(MimeMessage().policy)  # `email.policy` has it as well, and takes 4 ms to import


class _Utf8(_Compat32):  # type: ignore[misc]  # a variable of type Any
    """Headers are texts: in those of the parser, bytes that are not ASCII are surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        read = value[:MAX_PARAMETERS] if name.lower() in WITH_PARAMETERS else value
        return _encode(decode(read.encode("utf-8", "surrogateescape"))).decode()


POLICY = _Utf8()


class Attachment(NamedTuple):
    """An attachment of a message, without its content."""

    filename: str | None
    content_type: str
    size: int
    """In bytes."""
    sha256: str
    content_id: str | None


class Body(NamedTuple):
    """The texts and the attachments of a message."""

    texts: list[tuple[str, str]]
    attachments: list[Attachment]


class Content:
    """What a message contains. Its body is parsed when it is first used."""

    def __init__(self, headers: Sequence[tuple[str, str]], read_body: Callable[[], Body]) -> None:
        self.headers = headers
        """Name and value, decoded."""
        self._read_body = read_body

    @functools.cached_property
    def _body(self) -> Body:
        return self._read_body()

    @property
    def texts(self) -> Sequence[tuple[str, str]]:
        """The content type and the text of each text of the message."""
        return self._body.texts

    @property
    def attachments(self) -> Sequence[Attachment]:
        """The attachments of the message. A message in a message is one, too."""
        return self._body.attachments

    def header(self, name: str) -> str | None:
        """Return the first header with a name, in any case, or None."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)

    @property
    def links(self) -> list[str]:
        """The URLs in its texts, and in the attributes `href` of HTML, each once, in their order, at most
        `MAX_LINKS`."""
        found = (url for each in self.texts for url in _links(*each) if LINK.fullmatch(url))
        return list(islice(dict.fromkeys(found), MAX_LINKS))


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value of JSON is a string without lone surrogates, which cannot be encoded."""
    return isinstance(value, str) and SURROGATE.search(value) is None


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
    return Content(message.headers, lambda: _body_of(message.parts))


def _body_of(parts: Sequence[Part]) -> Body:
    return Body(
        [(part.content_type, part.content) for part in parts if _is_text(part)],
        [
            _attachment(part.filename, part.content_type, _data(part), part.content_id)
            for part in parts
            if not _is_text(part)
        ],
    )


def source_of(message: Message) -> str:
    """Return the MIME text of a message of an outbox: the one that was sent, or one made of its parts."""
    return message.source if message.source is not None else write(message.headers, message.parts)


def size_of(message: Message) -> int:
    """Return the size of the MIME text that was sent, or of the texts and attachments, in bytes."""
    if message.source is not None:
        return _size(message.source)
    return sum([_size_of_part(part) for part in message.parts])


def _size_of_part(part: Part) -> int:
    size = _size(part.content)
    return size * 3 // 4 - part.content[-2:].count("=") if part.is_base64 else size


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(_encode(text))


def read(source: str) -> Content:
    """Return what a MIME text contains. Every text is valid; what cannot be decoded stays as it is."""
    end = BLANK_LINE.search(source, 0, MAX_HEAD)
    return Content(_read_headers(source[: MAX_HEAD if end is None else end.end()]), lambda: _read_body(source))


def _read_headers(head: str) -> list[tuple[str, str]]:
    try:
        parsed = email.message_from_bytes(_encode(head), policy=POLICY)
        return [(name, _decoded(value)) for name, value in islice(parsed.items(), MAX_HEADERS)]
    except Exception:  # the parser raises errors of many types for what it cannot parse
        return []


def _read_body(source: str) -> Body:
    as_text = Body([("text/plain", source)], [])
    if len(source) > MAX_HEAD and BLANK_LINE.search(source, 0, MAX_HEAD) is None:
        return as_text
    boundaries = sum(1 for _ in BOUNDARY.finditer(source))
    if boundaries > MAX_BOUNDARIES or boundaries * source.count("\n") > MAX_COMPARED:
        return as_text
    body = Body([], [])
    try:
        for part in islice(_leaves(email.message_from_bytes(_encode(source), policy=POLICY)), MAX_PARTS):
            _read_part(part, body)
    except Exception:  # as above
        return as_text
    return body


def _leaves(message: MimeMessage[Any, Any]) -> Iterator[MimeMessage[Any, Any]]:
    """Yield the parts of a message that are not multipart, in their order."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        payload: Any = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            waiting += reversed(payload)
        else:
            yield part


def _read_part(part: MimeMessage[Any, Any], body: Body) -> None:
    content_type, filename = part.get_content_type(), part.get_filename()
    payload: Any = part.get_payload(decode=True)
    if part.is_multipart():  # a message
        payload = b"".join([each.as_bytes() for each in cast(Any, part.get_payload())])
    data: bytes = payload or b""
    if filename is None and part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
        charset = part.get_content_charset() or "utf-8"
        try:
            text = data.decode(charset)
        except (LookupError, ValueError):
            text = decode(data)
        body.texts.append((content_type, text))
    else:
        content_id = part.get("Content-ID")
        body.attachments.append(
            _attachment(filename, content_type, data, None if content_id is None else content_id.strip("<> "))
        )


def _decoded(value: str) -> str:
    """Return the value of a header in one line, with its encoded words decoded."""
    text = value
    if len(value) <= MAX_DECODED:
        with contextlib.suppress(HeaderParseError, LookupError, ValueError):
            text = str(make_header(decode_header(value)))
    return " ".join(_encode(text).decode().split())


def addresses(values: Iterable[str]) -> list[str]:
    """Return the addresses in the values of headers such as To, without their names."""
    found = []
    for value in values:
        with contextlib.suppress(Exception):  # as above, such as `RecursionError` for comments in comments
            found += [address for _, address in getaddresses([value[:MAX_ADDRESSES]]) if address]
    return found


def write(headers: Iterable[tuple[str, str]], parts: Sequence[Part]) -> str:
    """Return a MIME text made of headers and parts. The same ones always give the same text."""
    boundary = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    entity = _multipart("alternative", f"={boundary}.1", [_text_entity(part) for part in parts if _is_text(part)])
    attachments = [_attachment_entity(part) for part in parts if not _is_text(part)]
    if attachments:
        entity = _multipart("mixed", f"={boundary}.0", [*([entity] if entity else []), *attachments], always=True)
    return f"{write_headers(headers)}MIME-Version: 1.0\r\n{entity or NEWLINE}"


def write_headers(headers: Iterable[tuple[str, str]]) -> str:
    """Return the lines of headers, but of those that describe parts. Each is one line, and every name is valid."""
    own = [(NOT_IN_NAME.sub("", name), " ".join(value.split())) for name, value in headers]
    head = "".join([f"{name}: {value}\r\n" for name, value in own if name.lower() not in ENTITY_HEADERS])
    return _encode(head).decode()


def _multipart(subtype: str, boundary: str, entities: Sequence[str], *, always: bool = False) -> str:
    """Return an entity, its headers and its body, that has others as its parts; a single one is its own entity."""
    if len(entities) < 2 and not always:
        return "".join(entities)
    body = "".join([f"--{boundary}\r\n{entity}\r\n" for entity in entities])
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n{body}--{boundary}--\r\n'


def _text_entity(part: Part) -> str:
    text = ANY_NEWLINE.sub(NEWLINE, _encode(part.content).decode())
    content_type = f'text/{_subtype(part)}; charset="utf-8"'
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"


def _attachment_entity(part: Part) -> str:
    content_type = part.content_type.partition(";")[0].strip()
    if not MEDIA_TYPE.fullmatch(content_type) or content_type.lower().startswith(("multipart/", "message/")):
        content_type = BINARY
    lines = [f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64"]
    cid = None if part.content_id is None else NOT_VISIBLE.sub("", part.content_id).strip("<>")
    disposition = "attachment" if cid is None else "inline"
    if part.filename is not None:
        disposition += f"; {_filename_parameter(part.filename)}"
    lines += [f"Content-Disposition: {disposition}", *([f"Content-ID: <{cid}>"] if cid is not None else [])]
    body = base64.encodebytes(_data(part)).decode().replace("\n", NEWLINE)
    return NEWLINE.join([*lines, "", body])


def _filename_parameter(name: str) -> str:
    if name.isascii() and name.isprintable():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'filename="{escaped}"'
    return f"filename*=utf-8''{quote(_encode(name), safe='')}"


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


def _links(content_type: str, text: str) -> Iterator[str]:
    """Yield the URLs in a text, and those of attributes `href` in HTML.

    Regular expressions find them: the standard library's parser of HTML takes minutes for some short texts.
    """
    if content_type.partition(";")[0].strip().lower() == "text/html":
        for found in HTML_LINK.finditer(text, 0, MAX_SEARCHED):
            url, is_attribute = found[1] or found[2] or found[3] or found[4] or "", found[4] is None
            if len(url) <= MAX_LINK:
                url = html.unescape(url).strip()
                yield from [url] if is_attribute else map(_trimmed, LINK.findall(url)[:1])
    else:
        for found in LINK.finditer(text, 0, MAX_SEARCHED):
            if len(found[0]) <= MAX_LINK:
                yield _trimmed(found[0])


def _trimmed(url: str) -> str:
    """Return a URL in a text without the punctuation behind it."""
    while url and (url[-1] in ".,;:!?" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url
