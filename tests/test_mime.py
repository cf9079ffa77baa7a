"""MIME messages that are written and read, without a server: what requests cannot reach one by one."""

from __future__ import annotations

import pytest

from mockserver.core import mime
from mockserver.core.mime import MAX_BOUNDARIES, MAX_LINK, MAX_LINKS, MAX_SEARCHED
from mockserver.core.outbox import Message, Part


def links(text: str, content_type: str = "text/plain") -> list[str]:
    parts = (Part(content_type, text),)
    return mime.content_of(Message("m1", 0, "http", "a", ("b",), "c", "d", parts=parts)).links


def test_headers_of_parts_are_written_once() -> None:
    headers = [("MIME-Version", "1.0"), ("Content-Type", "text/x"), ("X-A", "b")]
    parts = [Part("text/plain", "a"), Part("text/html", "b"), Part("image/png", "aGk=", "c.png", is_base64=True)]
    source = mime.write(headers, parts)
    assert source.count("MIME-Version") == 1
    assert (mime.read(source).header("Content-Type") or "").startswith("multipart/mixed; boundary=")
    assert [name for name, _ in mime.read(source).headers] == ["X-A", "MIME-Version", "Content-Type"]


@pytest.mark.parametrize("parts", [[], [Part("application/pdf", "aGk=", "a.pdf", is_base64=True)]])
def test_message_without_texts_is_written(parts: list[Part]) -> None:
    content = mime.read(mime.write([("Subject", "x")], parts))
    assert content.header("Subject") == "x"
    assert [each.filename for each in content.attachments] == [each.filename for each in parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://a.example/x. And HTTP://b.example/?y=1&z=(2)!", ["https://a.example/x", "HTTP://b.example/?y=1&z=(2)"]),
        ("(https://a.example/x), <https://b.example/>", ["https://a.example/x", "https://b.example/"]),
        ("ftp://a.example https:// xhttps://c.example/", ["https://c.example/"]),
        ("https://a.example/ https://a.example/", ["https://a.example/"]),
        ("https://a.example/ü", ["https://a.example/ü"]),
    ],
)  # fmt: skip
def test_links_of_a_text(text: str, expected: list[str]) -> None:
    assert links(text) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://a.example/?b=1&amp;c=2">x</a>', ["https://a.example/?b=1&c=2"]),
        ("<A HREF = 'https://a.example/.' id=x>https://b.example/.</A>", ["https://a.example/.", "https://b.example/"]),
        ("<a href=https://a.example/x>y</a>", ["https://a.example/x"]),
        ('<img src="https://a.example/i.png"><a href="mailto:a@example.com">', []),
        ('<a href=" https://a.example/ ">', ["https://a.example/"]),
        ("https://&lt; https://&#60;x", []),
        ('<html xmlns="http://www.w3.org/1999/xhtml">https://a.example/&lt;', ["https://a.example/"]),
    ],
)
def test_links_of_html(html: str, expected: list[str]) -> None:
    assert links(html, "text/html") == links(html, "Text/HTML; charset=utf-8") == expected


def test_links_are_bounded() -> None:
    start = "https://a.example/"
    for extra, found in ((-1, 1), (0, 1), (1, 0)):
        assert len(links(start + "x" * (MAX_LINK - len(start) + extra))) == found
    for size in (MAX_LINKS - 1, MAX_LINKS, MAX_LINKS + 1):
        assert len(links(" ".join(f"{start}{n}" for n in range(size)))) == min(size, MAX_LINKS)
    assert links(f"{' ' * MAX_SEARCHED}{start}") == []


@pytest.mark.parametrize(
    "piece", ["<a ", "<![CDATA[", "<!--", "</a ", "<a href='", 'href="', "href =   ", "&#", "<script></", "https://("]
)
def test_hostile_html_has_no_links(piece: str) -> None:
    """The standard library's parser takes minutes for some of them."""
    assert len(links(piece * 50_000, "text/html")) <= 1


def test_headers_are_read_without_the_body() -> None:
    """So that the subject of a large message costs little."""
    content = mime.read("Subject: x\r\n\r\n" + "y" * 100)
    assert content.header("subject") == "x"
    assert "_body" not in vars(content)
    assert content.texts == [("text/plain", "y" * 100)]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_blank_line_ends_the_headers(end: str) -> None:
    content = mime.read(f"A: b{end}C: d{end}{end}E: f{end}")
    assert content.headers == [("A", "b"), ("C", "d")]
    assert mime.read(f"{end}E: f{end}").headers == []


def test_message_in_a_message_is_an_attachment() -> None:
    inner = "Subject: inner\r\n\r\nhttps://example.com/\r\n"
    source = (
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nouter\r\n'
        f"--b\r\nContent-Type: message/rfc822; name=mail.eml\r\n\r\n{inner}--b--\r\n"
    )
    content = mime.read(source)
    assert content.texts == [("text/plain", "outer")]
    assert [(each.filename, each.content_type) for each in content.attachments] == [("mail.eml", "message/rfc822")]
    assert content.links == []


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a b.pdf", "a b.pdf"),
        ('"q" \\ ; x=y.pdf', '"q" \\ ; x=y.pdf'),
        ("rechnung-ü.pdf", "rechnung-ü.pdf"),
        ("=?utf-8?b?\r\nBcc: eve@example.com", "=?utf-8?b?\r\nBcc: eve@example.com"),
        ("x" * 300, "x" * 300),
        ("\0", "\0"),
    ],
)
def test_name_of_an_attachment_is_read_as_it_was_written(name: str, read: str) -> None:
    part = Part("application/pdf", "aGk=", name, '<logo>\r\nBcc: "', is_base64=True)
    source = mime.write([], [part])
    assert "\nBcc" not in source
    (attachment,) = mime.read(source).attachments
    assert (attachment.filename, attachment.content_id) == (read, 'logo>Bcc:"')


@pytest.mark.parametrize(
    "content_type", ["", "x", "multipart/mixed", "message/rfc822", "a/b\r\nc", "text/x; charset=nope"]
)
def test_attachment_of_any_type_is_written(content_type: str) -> None:
    (attachment,) = mime.read(mime.write([], [Part(content_type, "\xff", "a")])).attachments
    assert (attachment.size, attachment.content_type) == (
        2, "text/x" if content_type.startswith("text") else "application/octet-stream",
    )  # fmt: skip


@pytest.mark.parametrize("depth", [MAX_BOUNDARIES - 1, MAX_BOUNDARIES, MAX_BOUNDARIES + 1], ids=["n-1", "n", "n+1"])
def test_parts_that_are_nested_too_deeply_are_one_text(depth: int) -> None:
    source = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(depth))
    source += "Content-Type: text/html\r\n\r\nx"
    content = mime.read(source)
    assert content.texts == ([("text/html", "x")] if depth <= MAX_BOUNDARIES else [("text/plain", source)])
    assert content.header("Content-Type") == 'multipart/mixed; boundary="0"'


@pytest.mark.parametrize("name", ["boundary*=us-ascii''", "boundary*0="])
def test_every_form_of_a_boundary_counts(name: str) -> None:
    count = MAX_BOUNDARIES + 1
    source = "".join(f"Content-Type: multipart/mixed; {name}{n}\r\n\r\n--{n}\r\n" for n in range(count))
    source += "Content-Type: text/html\r\n\r\nx"
    assert mime.read(source).texts == [("text/plain", source)]


def test_many_lines_with_boundaries_are_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    source = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'
    monkeypatch.setattr(mime, "MAX_COMPARED", source.count("\n"))
    assert mime.read(source).texts == [("text/plain", "x")]
    assert mime.read(source + "\n").texts == [("text/plain", source + "\n")]


@pytest.mark.parametrize("extra", [0, 1])
def test_parameters_are_read_to_their_limit(extra: int) -> None:
    value = "attachment; x=" + "y" * (mime.MAX_PARAMETERS - len("attachment; x=; filename=a") + extra) + "; filename=a"
    (found,) = mime.read(f"Content-Disposition: {value}\r\n\r\nx").attachments or [None]
    assert (found is not None and found.filename == "a") == (extra == 0)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_headers_are_read_to_their_limit(extra: int) -> None:
    head = "Subject: Hi\r\n"
    head += "X: " + "y" * (mime.MAX_HEAD - len(head) - len("X: \r\n\r\n") + extra) + "\r\n\r\n"
    content = mime.read(f"{head}body")
    assert content.header("Subject") == "Hi"
    assert content.texts == [("text/plain", "body" if extra < 1 else f"{head}body")]
