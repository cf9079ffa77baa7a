"""Hostile clients: everything has a limit, no message is smuggled, and no other client notices."""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.smtp import connection, server, session
from mockserver.smtp.server import SmtpServer
from mockserver.web.server_state import server_state

from ..control_client import ControlClient, TenantClient
from .raw import MESSAGE, RawClient
from .test_sessions import outbox, requests

Connect = Callable[..., RawClient]


@pytest.fixture
def client(tenant: TenantClient, connect: Connect) -> RawClient:
    """A client that has logged in at SendGrid."""
    return connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])


def works(client: RawClient) -> bool:
    return client.message().startswith("250")


# Commands


@pytest.mark.parametrize(
    "line",
    [
        b"NOOP\0\r\n",
        b"\0\r\n",
        b"\xff\xfe\r\n",
        b"\r\n",
        b" \r\n",
        b"NOPE\r\n",
        b"NOOP\n",
        b"EHLO\r\n",
        b"MAIL FROM:\r\n",
        b"MAIL FROM:<a@example.com> NOPE=1\r\n",
        b"MAIL FROM:<a\x1b[2J@example.com>\r\n",
        b"MAIL FROM:<" + b"a" * 320 + b"@example.com>\r\n",
        b"MAIL TO:<a@example.com>\r\n",
        b"MAIL FROM:<a@example.com> SIZE=99999999999999999999999\r\n",
        b"RCPT TO:<>\r\n",
        b"AUTH CRAM-MD5\r\n",
        b"DATA now\r\n",
        b"BDAT 3 LAST\r\n",
        b"STARTTLS\r\n",
    ],
)
def test_invalid_command_is_an_error_and_the_session_goes_on(line: bytes, client: RawClient) -> None:
    client.send(line)
    assert client.reply()[0] in "45"
    assert works(client)


def test_commands_in_a_wrong_order(client: RawClient, connect: Connect) -> None:
    assert client.ask("RCPT TO:<b@example.com>").startswith("503")
    assert client.ask("DATA").startswith("503")
    assert client.ask("MAIL FROM:<a@example.com>").startswith("250")
    assert client.ask("MAIL FROM:<a@example.com>").startswith("503")
    assert client.ask("DATA").startswith("503")
    assert client.ask("RSET").startswith("250")
    assert client.ask("RCPT TO:<b@example.com>").startswith("503")
    fresh = connect("sendgrid")
    assert fresh.ask("AUTH PLAIN AGEAYg==").startswith("503")
    assert fresh.ask("MAIL FROM:<a@example.com>").startswith("503")
    assert works(client)


@pytest.mark.parametrize("response", ["*", "%%%", "/w==", "YQ=="])
def test_malformed_response_to_auth(response: str, connect: Connect, tenant: TenantClient) -> None:
    client = connect("sendgrid").hello()
    assert client.ask("AUTH PLAIN").startswith("334")
    assert client.ask(response).startswith("501")
    assert works(client.enter(tenant.data["providers"]["sendgrid"]))


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_longest_command(extra: int, client: RawClient, connect: Connect) -> None:
    """At the limit it is read, and unknown; beyond it, it is not read."""
    client.send(b"X" * (connection.MAX_LINE - 2 + extra) + b"\r\n")
    assert client.reply().startswith("500 Line too long" if extra == 1 else "500 Syntax error")
    assert works(client)


def test_many_errors_close_the_connection(client: RawClient) -> None:
    client.send(b"NOPE\r\n" * (session.MAX_ERRORS + 1))
    for _ in range(session.MAX_ERRORS):
        assert client.reply().startswith("500")
    assert client.reply().startswith("421")
    assert client.is_closed()


# Messages


def test_pipelined_session_gets_its_replies_in_order(client: RawClient, tenant: TenantClient) -> None:
    one = (
        b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n%s.\r\n" % MESSAGE
    )
    client.send(one * 10 + b"QUIT\r\n")
    replies = [client.reply()[:3] for _ in range(51)]
    assert replies == ["250", "250", "250", "354", "250"] * 10 + ["221"]
    assert requests(tenant).count(("sendgrid.smtpData", 250)) == 10


@pytest.mark.parametrize("end", [b"\n.\r\n", b"\r\n.\n", b"\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\0\r\n\0.\r\n"])
def test_smuggled_end_is_a_part_of_the_message(end: bytes, client: RawClient, tenant: TenantClient) -> None:
    """SMTP smuggling: only CR LF, a dot, CR LF ends a message."""
    smuggled = b"MAIL FROM:<x@example.com>\r\nRCPT TO:<y@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\n"
    assert client.message(MESSAGE + end + smuggled + end + b"\r\n").startswith("250")
    (message,) = outbox(tenant, "sendgrid")
    assert "smuggled" in message["source"]
    assert client.ask("NOOP").startswith("250")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_message_in_pieces_is_whole(size: int, client: RawClient, tenant: TenantClient) -> None:
    """Dots are unstuffed at starts of lines only, wherever the pieces end."""
    content = b".\r\n..\r\na.\r\n.b\r\n...\r\n\r\n.\n.\r\nend"
    wire = b"\r\n".join([b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n")])
    client.envelope()
    assert client.ask("DATA").startswith("354")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = wire + b"\r\n.\r\n"
    for at in range(0, len(data), size):
        client.send(data[at : at + size])
    assert client.reply().startswith("250")
    assert outbox(tenant, "sendgrid")[0]["source"] == (content + b"\r\n").decode()


def test_empty_message_and_any_bytes(client: RawClient, tenant: TenantClient) -> None:
    assert client.message(b"").startswith("250")
    assert client.message(bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n").startswith("250")
    assert len(outbox(tenant, "sendgrid")) == 2


@pytest.mark.parametrize(("extra", "code"), [(-1, "250"), (0, "250"), (1, "552")])
def test_largest_message(
    extra: int, code: str, client: RawClient, tenant: TenantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its size, and by the parameter SIZE."""
    smtp_provider: Any = server_state(tenant.control.app).providers["sendgrid"].smtp_provider()
    monkeypatch.setattr(type(smtp_provider), "max_size", 5_000)
    content = b"Subject: x\r\n\r\n"
    content += b"y" * (5_000 + extra - len(content) - 2) + b"\r\n"
    assert client.message(content).startswith(code)
    assert client.ask(f"MAIL FROM:<a@example.com> SIZE={5_000 + extra}").startswith(code)
    assert len(outbox(tenant, "sendgrid")) == (code == "250")


@pytest.mark.slow
def test_line_of_100_megabytes_takes_bounded_memory(client: RawClient, connect: Connect, tenant: TenantClient) -> None:
    """The message is discarded beyond its limit; others are served meanwhile."""
    client.envelope()
    assert client.ask("DATA").startswith("354")
    piece = b"x" * (1 << 20)
    tracemalloc.start()
    try:
        for number in range(100):
            client.send(piece)
            if number == 50:
                assert works(connect("sendgrid").enter(tenant.data["providers"]["sendgrid"]))
        client.send(b"\r\n.\r\n")
        assert client.reply().startswith("552")
        assert tracemalloc.get_traced_memory()[1] < 80 << 20  # twice SendGrid's limit, as a buffer grows
    finally:
        tracemalloc.stop()
    assert works(client)


@pytest.mark.parametrize(("extra", "code"), [(-1, "250"), (0, "250"), (1, "452")])
def test_unfinished_messages_of_all_clients_have_a_limit(
    extra: int, code: str, client: RawClient, connect: Connect, tenant: TenantClient, smtp: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(server, "MAX_HELD", 10_002)
    other = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    for each, size in ((client, 5_000), (other, 4_998 + extra)):
        each.envelope()
        assert each.ask("DATA").startswith("354")
        each.send(b"x" * size)
        wait_for(lambda: smtp.held >= 5_000)
    wait_for(lambda: smtp.held in (10_001, 10_002, 5_006))
    other.send(b"\r\n.\r\n")
    assert other.reply().startswith(code)
    client.send(b"\r\n.\r\n")
    assert client.reply().startswith("250")
    assert smtp.held == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_delayed_messages_count(
    when: str, client: RawClient, connect: Connect, tenant: TenantClient, smtp: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Until the delay is over, here by a reset."""
    monkeypatch.setattr(server, "MAX_HELD", 10_000)
    tenant.fault("sendgrid.smtpData", kind="delay", delay_seconds=60, when=when)
    client.envelope()
    assert client.ask("DATA").startswith("354")
    client.send(b"x" * 6_000 + b"\r\n.\r\n")
    wait_for(lambda: smtp.held == 6_002)
    other = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    for code in ("452", "250"):
        other.envelope()
        assert other.ask("DATA").startswith("354")
        before = smtp.held
        other.send(b"x" * 5_000)
        wait_for(functools.partial(lambda before: smtp.held != before, before))
        other.send(b"\r\n.\r\n")
        assert other.reply().startswith(code)
        tenant.ok("POST", "/reset")
        wait_for(lambda: smtp.held == 0)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_message_without_an_end_closes_the_connection(
    client: RawClient, tenant: TenantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large is read for a while, since its end may come, and not for ever."""
    smtp_provider: Any = server_state(tenant.control.app).providers["sendgrid"].smtp_provider()
    monkeypatch.setattr(type(smtp_provider), "max_size", 5_000)
    monkeypatch.setattr(connection, "MAX_DISCARDED", 100_000)
    client.envelope()
    assert client.ask("DATA").startswith("354")
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            client.send(b"x" * 10_000)
            time.sleep(0.001)
        pytest.fail("the server reads all of it")


def test_recipients_have_a_limit(client: RawClient, tenant: TenantClient) -> None:
    """Those beyond it are rejected one by one, and the message is sent to the others."""
    assert client.ask("MAIL FROM:<a@example.com>").startswith("250")
    for first in range(0, 3_000, 500):
        client.send(b"".join([b"RCPT TO:<r%d@example.com>\r\n" % number for number in range(first, first + 500)]))
        for number in range(first, first + 500):
            assert client.reply().startswith("250" if number < 1_000 else "452"), number
    assert client.ask("DATA").startswith("354")
    client.send(MESSAGE + b".\r\n")
    assert client.reply().startswith("250")
    assert tenant.ok("GET", "/state")["state"]["sendgrid"]["outbox"]["count"] == 1_000


# Connections


def test_dropped_connection_leaves_nothing(
    client: RawClient, connect: Connect, tenant: TenantClient, smtp: SmtpServer
) -> None:
    client.envelope()
    assert client.ask("DATA").startswith("354")
    client.send(MESSAGE * 100)
    wait_for(lambda: smtp.held > 0)
    client.close()
    wait_for(lambda: smtp.held == 0)
    assert outbox(tenant, "sendgrid") == []
    assert works(connect("sendgrid").enter(tenant.data["providers"]["sendgrid"]))


def test_idle_connection_is_closed(client: RawClient, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    smtp_provider: Any = smtp.state.providers["sendgrid"].smtp_provider()
    monkeypatch.setattr(type(smtp_provider), "idle_seconds", 0.2)
    assert client.reply() == "421 Timeout, closing transmission channel"
    assert client.is_closed()


def test_connection_that_is_idle_for_longest_makes_room(
    client: RawClient, connect: Connect, tenant: TenantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 2)
    second = connect("sendgrid")
    assert client.ask("NOOP").startswith("250")
    third = connect("sendgrid")
    assert second.reply().startswith("421")
    assert second.is_closed()
    assert works(client)
    assert works(third.enter(tenant.data["providers"]["sendgrid"]))


def test_client_that_does_not_read_is_reset_beyond_the_limit(
    smtp: SmtpServer, connect: Connect, tenant: TenantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would never see that the connection is closed."""
    monkeypatch.setattr(server, "CONNECTIONS", 1)
    access = tenant.data["providers"]["sendgrid"]
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        client.connect(("127.0.0.1", access["smtp"]["port"]))
        client.setblocking(False)
        waited = 0
        while waited < 20:
            try:
                client.send(b"EHLO client.example.com\r\n" * 1_000)
                waited = 0
            except BlockingIOError:
                time.sleep(0.02)
                waited += 1
        other = connect("sendgrid")
        poll = select.poll()
        poll.register(client, 0)
        assert poll.poll(5_000)[0][1] & (select.POLLHUP | select.POLLERR)
    assert works(other.enter(access))


@pytest.mark.slow
def test_1000_idle_connections_disturb_nobody(connect: Connect, client: RawClient, smtp: SmtpServer) -> None:
    idle = [connect("sendgrid") for _ in range(500)]
    half = [connect("mailgun") for _ in range(500)]
    for each in half:
        each.send(b"EHL")
    started = time.monotonic()
    assert works(client)
    assert time.monotonic() - started < 5
    assert all(each.ask("NOOP").startswith("250") for each in idle[:10])


def test_client_that_reads_nothing_stalls_no_other(client: RawClient, connect: Connect, tenant: TenantClient) -> None:
    """Its replies are not collected without a limit: the server stops to read its commands."""
    client.socket.setblocking(False)
    sent = 0
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            sent += client.socket.send(b"EHLO client.example.com\r\n" * 1_000)
        except BlockingIOError:
            time.sleep(0.05)
            try:
                sent += client.socket.send(b"E")
            except BlockingIOError:
                break
    else:
        pytest.fail(f"the server has read {sent} bytes")
    assert works(connect("sendgrid").enter(tenant.data["providers"]["sendgrid"]))


def test_slow_client_is_served_byte_by_byte(client: RawClient, connect: Connect, tenant: TenantClient) -> None:
    other = connect("sendgrid").enter(tenant.data["providers"]["sendgrid"])
    for byte in b"NOOP\r\n":
        client.send(bytes([byte]))
        assert other.ask("NOOP").startswith("250")
    assert client.reply().startswith("250")


@pytest.mark.crashes
def test_crash_is_a_temporary_error(
    client: RawClient, tenant: TenantClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A problem of the test, without the message in the outbox."""
    monkeypatch.setattr("mockserver.providers.sendgrid.rules.sending.send_mime", lambda *_, **__: 1 / 0)
    assert client.message().startswith("451")
    assert "ZeroDivisionError" in caplog.text
    (problem,) = tenant.ok("GET", "/problems")["problems"]
    assert (problem["operation"], problem["failure"]) == ("sendgrid.smtpData", "crashed")
    monkeypatch.undo()
    assert works(client)


def test_message_that_is_too_large_for_the_tenant(
    make_app: Callable[..., Flask], serve: Callable[..., SmtpServer]
) -> None:
    app = make_app(max_state_bytes=200_000, seed="empty")
    serve(app)
    tenant = ControlClient(app).new_tenant()
    access = tenant.data["providers"]["sendgrid"]
    with RawClient(access["smtp"]["port"]) as client:
        client.enter(access)
        assert client.message(b"x" * 300_000 + b"\r\n").startswith("452")
        assert works(client)


# Stopping


def test_stopping_finishes_what_is_processed(app: Flask) -> None:
    """To the others it says that the service closes."""
    server = SmtpServer(app)
    tenant = ControlClient(app).new_tenant()
    access = tenant.data["providers"]["sendgrid"]
    with server:
        clients = [RawClient(access["smtp"]["port"]).enter(access) for _ in range(3)]
        tenant.fault("sendgrid.smtpMail", kind="delay", delay_seconds=30)
        clients[0].send(b"MAIL FROM:<a@example.com>\r\n")
        clients[1].envelope()
        assert clients[1].ask("DATA").startswith("354")
        wait_for(lambda: tenant.ok("GET", "/faults/f1")["applied"] == 1)
        stopping = threading.Thread(target=server.close)
        stopping.start()
        assert clients[0].reply().startswith("250")
        for each in clients:
            assert each.reply().startswith("421")
            assert each.is_closed()
            each.close()
        stopping.join(20)
        assert not stopping.is_alive()
    assert tenant.control.ok("GET", tenant.path)["providers"]["sendgrid"].get("smtp") is None
