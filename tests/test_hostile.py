"""Hostile clients: whatever bytes come, the server answers in good HTTP or closes, and no other tenant notices."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import select
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.server import HttpServer, start
from mockserver.testing.control_client import ControlClient

from .support import MAILGUN_KEY, SENDGRID_KEY, SPARKPOST_KEY, basic, response_violations

WAITING = 64
"""The number of slow clients."""
EXAMPLES = int(os.environ.get("MOCKSERVER_HOSTILE_EXAMPLES", "100"))
"""How many mutated exchanges are tried; `make fuzz` tries more."""
PATIENCE = 20
"""How long a client waits for a server that should have closed the connection, in seconds: then the test fails."""
FINE = frozenset({501, 505})
"""The statuses from 500 up that blame the client."""

HOST = b"Host: localhost\r\n"
AUTH = b"Authorization: Bearer " + SENDGRID_KEY.encode() + b"\r\n"
POOLS = b" /sendgrid/v3/ips/pools HTTP/1.1\r\n"
POST = b"POST" + POOLS + HOST + AUTH


# What comes back


class Answer(NamedTuple):
    """One answer on a connection."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


HEAD = re.compile(rb"HTTP/1\.[01] (\d{3}) [\x20-\x7e]*\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*)\r\n")


def answers(received: bytes) -> Iterator[Answer]:
    """Yield the answers that some bytes are, as RFC 9112 has them; every byte must belong to one."""
    at = 0
    while at < len(received):
        head = HEAD.match(received, at)
        assert head is not None, received[at : at + 300]
        lines = head[2].decode("latin-1").split("\r\n")[:-1]
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        status = int(head[1])
        lengths = [value for name, value in headers if name == "content-length"]
        assert len(lengths) <= 1, headers
        assert "transfer-encoding" not in dict(headers)
        at = head.end()
        if status < 200 or status == 204:
            yield Answer(status, headers, b"")
            continue
        end = at + int(lengths[0]) if lengths else len(received)
        assert end <= len(received), "the answer is short"
        yield Answer(status, headers, received[at:end])
        at = end


# Who asks, and who must not notice


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    """A server that at its end has broken no contract, and all of whose threads end."""
    before = set(threading.enumerate())
    with start() as server:
        yield server
    assert response_violations(server.app) == 0
    assert set(threading.enumerate()) <= before


ASKED = {"sparkpost": "/api/v1/ip-pools", "sendgrid": "/v3/ips/pools", "mailgun": "/v3/ip_pools"}


class Bystander:
    """A tenant that asked each provider something; what it has, and what it asked, stays as it is."""

    def __init__(self, server: HttpServer) -> None:
        self._remote = ControlClient(server.url)
        made = self._remote.request("POST", "tenants", body={"clock": {"frozen": True}})
        self._path = "tenants", made["id"]
        for name, path in ASKED.items():
            answer = httpx.get(f"{server.url}/{name}{path}", headers=made["providers"][name]["headers"])
            assert answer.status_code == 200
        self._before = self._seen()
        assert len(self._before[1]["requests"]) == len(ASKED)

    def _seen(self) -> list[Any]:
        return [self._remote.request("GET", *self._path, what) for what in ("state", "requests")]

    def noticed_nothing(self) -> bool:
        """Wait until it is done; the server has to answer."""
        return self._seen() == self._before


@pytest.fixture(scope="module")
def bystander(server: HttpServer) -> Bystander:
    return Bystander(server)


def connect(server: HttpServer) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=PATIENCE)


@contextlib.contextmanager
def gone() -> Iterator[None]:
    """Go on where the server closes the connection before it has read all; what hangs is a mistake."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
            raise


def exchange(server: HttpServer, *pieces: bytes) -> bytes:
    """Send bytes, in as many pieces, on a connection of their own, and return what comes until the server closes it."""
    with connect(server) as connection:
        with gone():
            for piece in pieces:
                connection.sendall(piece)
                if len(pieces) > 1:
                    select.select([connection], [], [], 0.001)  # so that the next piece is one of its own
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with gone():
            while chunk := connection.recv(65536):
                received += chunk
    return received


def judged(received: bytes) -> list[int]:
    """Return the statuses of the answers; none may blame the server."""
    statuses = [answer.status for answer in answers(received)]
    assert all(status < 500 or status in FINE for status in statuses), received[:500]
    return statuses


# Broken requests


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"Content-Length: %d" % len(body), *headers]
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET" + POOLS + HOST + AUTH

FORM = (
    b"POST /mailgun/v3/ip_pools HTTP/1.1\r\n" + HOST + b"Authorization: " + basic("api", MAILGUN_KEY).encode() + b"\r\n"
)
MULTIPART = b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
PARTS = PART % (b"name", b"abc") + PART % (b"description", b"d") + b"--b--\r\n"

BROKEN = {
    "nothing": b"",
    "empty lines": b"\r\n\r\n",
    "no text": b"\x00\x01\x02\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"\x00" * 160,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "only a method": b"GET\r\n\r\n",
    "no version": b"GET /sendgrid/v3/ips/pools\r\n\r\n",
    "an invalid version": b"GET /sendgrid/v3/ips/pools HTTP/9.9\r\n\r\n",
    "a method of 10,000 letters": b"G" * 10_000 + POOLS + HOST + b"\r\n",
    "a path of 100,000 letters": b"GET /sendgrid/" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "a target with spaces": b"GET /sendgrid/v3/ips/ pools HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "a broken absolute target": b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target for OPTIONS": b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target without a slash": b"GET sendgrid HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "CONNECT": b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n",
    "NUL in the path": b"GET /sendgrid/v3/\x00 HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "no UTF-8 in the path": b"GET /sendgrid/v3/\xff\xfe HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "no UTF-8 in the path, encoded": b"GET /sendgrid/v3/ips/pools/%ff%00%2f%zz HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "no UTF-8 in the query": b"GET /sendgrid/v3/ips?limit=\xff HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "no UTF-8 in the query, encoded": b"GET /sendgrid/v3/ips?limit=%ff%00&%zz HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    "no UTF-8 in a form": FORM + MULTIPART % (len(PARTS) + 2) + PARTS.replace(b"abc", b"\xff\xfe\0\xf0\xed"),
    "a form without an end": FORM + MULTIPART % len(PARTS[:-8]) + PARTS[:-8],
    "a form in one line": FORM + MULTIPART % 100_000 + b"-" * 100_000,
    "a form of 20,000 parts": FORM + MULTIPART % len(PARTS[:-7] * 10_000) + PARTS[:-7] * 10_000,
    "a header of 300,000 bytes": GET + b"X: " + b"y" * 300_000 + b"\r\n\r\n",
    "20,000 headers": GET + b"X: y\r\n" * 20_000 + b"\r\n",
    "a header without a colon": GET + b"No colon\r\n\r\n",
    "a header without a name": GET + b" : x\r\n\r\n",
    "NUL in a header": GET + b"X: \x00\r\n\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "a lone CR": GET + b"X: a\rY: b\r\n\r\n",
    "lone LFs": GET.replace(b"\r\n", b"\n") + b"\n",
    "two hosts": GET + b"Host: api.mailgun.net\r\n\r\n",
    "no host": b"GET" + POOLS + AUTH + b"\r\n",
    "two credentials": GET + b"Authorization: Bearer x\r\n\r\n",
    "a credential that is no text": b"GET" + POOLS + HOST + b"Authorization: Bearer \xff\xfe\r\n\r\n",
    "a credential that is no base64":
        b"GET /mailgun/v3/ip_pools HTTP/1.1\r\n" + HOST + b"Authorization: Basic %%%\r\n\r\n",
    "Expect": post(b"{}", b"Expect: 100-continue"),
    "Expect of what is not there": post(b"{}", b"Expect: 200-ok"),
    "Upgrade": GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a negative length": POST + b"Content-Length: -5\r\n\r\n{}",
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "an invalid length": POST + b"Content-Length: 9x\r\n\r\n{}",
    "a length of other digits": POST + "Content-Length: ٢\r\n\r\n{}".encode(),
    "a length that is not kept": POST + b"Content-Length: 99\r\n\r\n{}",
    "a huge length": POST + b"Content-Length: 9999999999999\r\n\r\n{}",
    "a length of 5,000 digits": POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "two lengths in one": POST + b"Content-Length: 2, 3\r\n\r\n{}",
    "a length and chunks": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: rot13\r\n\r\n{}",
    "chunks, twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks of HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"2\r\n{}\r\n0\r\n\r\n",
    "a chunk without a size": CHUNKED + b"zz\r\n",
    "a chunk of a negative size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "a chunk of a huge size": CHUNKED + b"f" * 40 + b"\r\n{}",
    "a chunk that is longer than it says": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "chunks without an end": CHUNKED + b"2\r\n{}\r\n",
    "an endless size of a chunk": CHUNKED + b"0" * 100_000,
    "an endless trailer": CHUNKED + b"0\r\n" + b"X: y\r\n" * 20_000,
    "an endless line": b"A" * 100_000,
    "a long target and a word too many": b"GET a://" + b"1" * 200_000 + b" x HTTP/1.1\r\n\r\n",
    "a header of spaces and a NUL": GET + b"X: " + b" " * 200_000 + b"\0\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_requests(server: HttpServer, bystander: Bystander, name: str) -> None:
    """Any bytes get HTTP without a 5xx, and the connection is closed; no other client notices."""
    judged(exchange(server, BROKEN[name]))
    assert bystander.noticed_nothing()


@pytest.mark.parametrize(
    "name",
    [
        "a broken absolute target",
        "a length of 5,000 digits",
        "a long target and a word too many",
        "a header of spaces and a NUL",
    ],
)
def test_broken_heads_are_answered(server: HttpServer, name: str) -> None:
    """A head that cannot be read is a bad request, and says so before the connection is closed."""
    assert judged(exchange(server, BROKEN[name])) == [400]


NESTED = 50_000
REFUSED = {
    "NUL": b'{"name": "\x00"}',
    "NUL alone": b"\x00",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "deep arrays": b"[" * NESTED + b"]" * NESTED,
    "deep objects": b'{"name":' * NESTED + b"1" + b"}" * NESTED,
    "deep and open": b'{"name":' + b"[" * NESTED,
    "a number of a million digits": b'{"name": ' + b"9" * 1_000_000 + b"}",
    "a huge exponent": b'{"name": 1e999999999}',
    "no JSON number": b'{"name": NaN}',
    "only a text": b'"name"',
    "nothing": b"",
}


@pytest.mark.parametrize("name", REFUSED)
def test_bodies_that_are_refused(server: HttpServer, bystander: Bystander, name: str) -> None:
    """A body that is no JSON, or not what is wanted, is refused with 400 in the words of the provider."""
    (answer,) = answers(exchange(server, post(REFUSED[name], b"Content-Type: application/json")))
    assert answer.status == 400, answer.body[:300]
    assert list(json.loads(answer.body)) == ["errors"]
    assert bystander.noticed_nothing()


def test_repeated_keys(server: HttpServer) -> None:
    """Of a key that is there twice the last one counts, as in most parsers."""
    (answer,) = answers(exchange(server, post(b'{"name": 1, "name": "repeated"}')))
    assert (answer.status, answer.body) == (200, b'{"name":"repeated"}')


def test_chunked_bodies(server: HttpServer) -> None:
    """A body in chunks is read like any other."""
    received = exchange(server, CHUNKED + b'8\r\n{"name":\r\n6\r\n "abc"\r\n1\r\n}\r\n0\r\n\r\n')
    assert [answer[::2] for answer in answers(received)] == [(200, b'{"name":"abc"}')]


def test_pipelining(server: HttpServer) -> None:
    """Requests sent in one go are answered in order."""
    one = b"GET /sendgrid/v3/ips/pools/%s HTTP/1.1\r\n" + HOST + AUTH + b"\r\n"
    received = exchange(server, b"".join(one % name for name in (b"transactional", b"campaigns", b"nope")))
    first, second, third = answers(received)
    assert b'"pool_name":"transactional"' in first.body
    assert b'"pool_name":"campaigns"' in second.body
    assert third.status == 404


def test_many_requests_at_once(server: HttpServer, bystander: Bystander) -> None:
    """Five hundred requests in one go are all answered, and what is broken behind them ends the connection."""
    statuses = judged(exchange(server, (GET + b"\r\n") * 500 + b"\x00\r\n\r\n" + GET + b"\r\n"))
    assert statuses == [200] * 500 + [400]
    assert bystander.noticed_nothing()


def test_slow_bodies_delay_no_other(server: HttpServer, bystander: Bystander) -> None:
    """Clients that send half a request, more of them than there are threads, keep nothing from others."""
    body = b'{"name": "slow"}'
    whole = post(body, b"Connection: close")
    connections = [connect(server) for _ in range(2 * WAITING)]
    for number, connection in enumerate(connections):
        connection.sendall(whole[: -1 - number])
    assert bystander.noticed_nothing()
    for number, connection in enumerate(connections):
        connection.sendall(whole[-1 - number :])
    received = []
    for connection in connections:
        with connection:
            received.append(b"".join(iter(lambda connection=connection: connection.recv(65536), b"")))  # type: ignore[misc]
    assert sorted(status for each in received for status in judged(each)) == [200] + [400] * (len(connections) - 1)


def test_clients_that_hang_up(server: HttpServer, bystander: Bystander) -> None:
    """Clients that reset their connections amid a request, or before its answer, leave nothing behind."""
    whole = post(b"{}")
    for end in (*range(0, len(whole), 7), len(whole)):
        with connect(server) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(whole[:end])
    assert bystander.noticed_nothing()


def test_a_large_body(server: HttpServer) -> None:
    """A body beyond the limit is refused in the provider's words, and the connection stays of use."""
    received = exchange(server, post(b" " * (2 << 20)) + GET + b"\r\n")
    large, after = answers(received)
    assert (large.status, b"content too large" in large.body, after.status) == (413, True, 200)


# Mutations of good requests


GOOD = [
    GET + b"\r\n",
    post(b'{"name": "mutated"}', b"Content-Type: application/json"),
    CHUNKED + b'8\r\n{"name":\r\n4\r\n "a"\r\n1\r\n}\r\n0\r\n\r\n',
    b"DELETE /sendgrid/v3/ips/pools/mutated HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    b"PUT /sparkpost/api/v1/ip-pools/default HTTP/1.1\r\n" + HOST + b"Authorization: " + SPARKPOST_KEY.encode()
    + b'\r\nContent-Length: 12\r\n\r\n{"name":"a"}',
    FORM + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\nname=a&ip=%32%30",
    FORM + MULTIPART % len(PARTS) + PARTS,
    b"GET /sendgrid/v3/ips?limit=10&offset=%30&ip=167%2E89%2E21.2 HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    b"GET /v3/ip_pools?limit=10 HTTP/1.1\r\nHost: api.mailgun.net\r\nAuthorization: "
    + basic("api", MAILGUN_KEY).encode() + b"\r\n\r\n",
    b"OPTIONS /sendgrid/v3/ips HTTP/1.1\r\n" + HOST + b"Origin: https://example.com\r\n\r\n",
    b"GET /_mockserver/live HTTP/1.0\r\n\r\n",
]  # fmt: skip
BITS = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"%", b"%00", b"%ff", b"%2e%2e/", b"..", b" ", b"\t", b":",
    b"?", b"#", b",", b"0\r\n\r\n", b"HTTP/1.0", b"[", b'"', "\N{PILE OF POO}".encode(), b"A" * 70_000,
]  # fmt: skip
HEADERS = [
    b"%s: %s" % (name.encode(), value)
    for name, values in {
        "Content-Length": [b"0", b"5", b"-1", b"5, 5", b"5,6", b"1e3", b"99999999", b"9" * 30, b""],
        "Transfer-Encoding": [b"chunked", b"identity", b"gzip, chunked", b"chunked, chunked", b"x", b""],
        "Connection": [b"close", b"keep-alive", b"upgrade", b"Content-Length"],
        "Host": [b"", b"[", b"localhost:99999", b"api.sendgrid.com", b"evil.example", b"\xff"],
        "Content-Type": [b"multipart/form-data", b"multipart/form-data; boundary=", b"a/b; charset=x"],
        "Authorization": [b"", b"Bearer", b"Basic", b"Basic \xff", b"Basic Og==", b"Digest x"],
        "Expect": [b"100-continue", b"x"],
        "Content-Encoding": [b"gzip"],
        "Accept-Encoding": [b"\xff"],
        "Cookie": [b"a=b; \0"],
        "Origin": [b"null"],
        "Forwarded": [b"for=x;host=["],
        "On-Behalf-Of": [b"\xff"],
        "X-MSYS-SUBACCOUNT": [b"9" * 20],
        "X-Mailgun-On-Behalf-Of": [b"\xe9"],
        " folded": [b""],
        "Name ": [b"a space"],
    }.items()
    for value in values
]
MUTATIONS = ["flip", "insert", "drop", "repeat", "header", "header", "cut"]


@st.composite
def mutations(draw: st.DrawFn) -> list[bytes]:
    """Make one to three good requests in a row, do some things to them, and cut them into pieces to send."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(GOOD), min_size=1, max_size=3))))
    for what in draw(st.lists(st.sampled_from(MUTATIONS), max_size=6)):
        at = draw(st.integers(0, len(data)))
        match what:
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                data[at:at] = draw(st.sampled_from(BITS) | st.binary(max_size=8))
            case "drop":
                del data[at : at + draw(st.integers(1, 40))]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 80))] * draw(st.integers(1, 3))
            case "header":
                ends = [found.end() for found in re.finditer(rb"\r\n", data)]
                if ends:
                    end = draw(st.sampled_from(ends))
                    data[end:end] = draw(st.sampled_from(HEADERS)) + b"\r\n"
            case "cut":
                del data[at:]
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    return [bytes(data[start:end]) for start, end in itertools.pairwise([0, *cuts, len(data)])]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces=mutations())
def test_mutated_requests(server: HttpServer, bystander: Bystander, pieces: list[bytes]) -> None:
    """Good requests that are cut, flipped, repeated, and given headers that contradict each other do no harm either."""
    judged(exchange(server, *pieces))
    assert bystander.noticed_nothing()
