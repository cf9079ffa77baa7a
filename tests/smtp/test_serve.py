"""`mockserver serve --smtp-ports`, TLS, and the clients of the command line."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator

import pytest
from flask import Flask

from mockserver import tls
from mockserver.smtp.server import SmtpServer

from ..cli.commands import free_port, run, run_here, running
from ..control_client import ControlClient, TenantClient
from .raw import MESSAGE, RawClient

pytestmark = pytest.mark.slow

NAMES = ("sparkpost", "sendgrid", "mailgun")


@pytest.fixture(scope="module")
def identity() -> Iterator[tls.Tls]:
    with tls.self_signed([]) as made:
        yield made


@pytest.fixture
def trust(identity: tls.Tls) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=identity.ca)


def encrypted(app: Flask, identity: tls.Tls, *, require_tls: bool = False) -> SmtpServer:
    return SmtpServer(app, ports={"sparkpost": 0, "sendgrid": 0}, tls_ports={"sendgrid": 0}, tls=identity,
                      require_tls=require_tls)  # fmt: skip


def test_serve_prints_ports_and_logins() -> None:
    """A free port for each region; `env` prints them; SIGTERM ends all."""
    with running("serve", "--port", "0", "--smtp-ports", MOCKSERVER_ACCESS_LOG="text") as (process, ready):
        for name in NAMES:
            access = ready["providers"][name]["smtp"]
            with smtplib.SMTP(access["host"], access["port"], timeout=20) as client:
                client.login(access["user"], access["password"])
                assert client.sendmail("a@example.com", ["b@example.com"], MESSAGE) == {}
        printed = run("env", "--json", MOCKSERVER_URL=ready["url"])
        variables = json.loads(printed.stdout)
        assert {key: value for key, value in variables.items() if key.startswith("SENDGRID_SMTP")} == {
            "SENDGRID_SMTP_HOST": "127.0.0.1",
            "SENDGRID_SMTP_PORT": str(ready["providers"]["sendgrid"]["smtp"]["port"]),
            "SENDGRID_SMTP_USER": "apikey",
            "SENDGRID_SMTP_PASSWORD": ready["providers"]["sendgrid"]["api_key"],
        }
        listed = run("requests", MOCKSERVER_URL=ready["url"])
        assert "SMTP" in listed.stdout, listed
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "sendgrid.smtpData 250 tenant=default" in errors


def test_serve_takes_ports_from_the_environment() -> None:
    port = free_port()
    with running("serve", "--port", "0", MOCKSERVER_SMTP_PORTS=f"mailgun={port}") as (_, ready):
        assert ready["providers"]["mailgun"]["smtp"]["port"] == port
        assert "smtp" not in ready["providers"]["sendgrid"]
        with RawClient(port) as client:
            assert client.greeting == "220 Mailgun Influx ready"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--smtp-ports", "acme=1"], "expected auto, or NAME=PORT"),
        (["--smtp-ports", "sendgrid=65536"], "expected auto, or NAME=PORT"),
        (["--smtps-ports", "sendgrid=0"], "require --tls or --tls-cert"),
        (["--smtp-require-tls"], "require --tls or --tls-cert"),
    ],
)
def test_invalid_options_are_rejected(arguments: list[str], message: str) -> None:
    result = run_here("serve", "--port", "0", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


def test_port_in_use_aborts_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_here("serve", "--port", "0", "--smtp-ports", f"sendgrid={port}")
    assert (result.returncode, result.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def test_a_server_without_smtp_ports_does_not_load_smtp() -> None:
    """Neither the server nor the words of the providers."""
    program = (
        "import sys; from mockserver.server import start; start().close(); "
        "print([name for name in sys.modules if 'smtp' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "['mockserver.core.smtp']"


# TLS


def test_starttls_forgets_what_was_sent_before(app: Flask, identity: tls.Tls, trust: ssl.SSLContext) -> None:
    """Also commands that were sent together with it (RFC 3207): an attacker may have put them there."""
    with encrypted(app, identity) as server:
        tenant = ControlClient(app).new_tenant()
        access = tenant.data["providers"]["sparkpost"]["smtp"]
        assert access["starttls"] is True
        with RawClient(access["port"]) as client:
            assert "AUTH" not in client.ask("EHLO client.example.com")
            client.send(b"STARTTLS\r\nNOOP\r\nNOOP\r\n")
            assert client.reply() == "220 2.0.0 continue"
            client.socket = trust.wrap_socket(client.socket, server_hostname="localhost")
            client.file = client.socket.makefile("rb")
            assert client.ask("MAIL FROM:<a@example.com>").startswith("503")
            offered = client.ask("EHLO client.example.com")
            assert "AUTH LOGIN PLAIN" in offered
            assert "STARTTLS" not in offered
            assert client.ask("STARTTLS").startswith("503")
            assert client.login(access["user"], access["password"]).startswith("235")
            assert client.message().startswith("250")
        record = tenant.ok("GET", "/requests")["requests"][0]
        assert record["request_violations"] == []
        assert dict(record["headers"])["Tls"].startswith("TLSv1")
        assert server.held == 0


@pytest.mark.parametrize(
    ("require_tls", "reply"),
    [(True, "530 5.7.0 Must issue a STARTTLS command first"), (False, "235 2.0.0 Authed. Go on.")],
)
def test_login_in_the_clear_with_a_certificate(require_tls: bool, reply: str, app: Flask, identity: tls.Tls) -> None:
    """It is refused if the server says so, and only where the provider does."""
    with encrypted(app, identity, require_tls=require_tls):
        tenant = ControlClient(app).new_tenant()
        for name, expected in (("sparkpost", reply), ("sendgrid", "235 Authentication successful")):
            access = tenant.data["providers"][name]["smtp"]
            with RawClient(access["port"]) as client:
                assert client.hello().login(access["user"], access["password"]) == expected


def test_port_that_starts_with_tls(app: Flask, identity: tls.Tls, trust: ssl.SSLContext) -> None:
    with encrypted(app, identity):
        access = ControlClient(app).new_tenant().data["providers"]["sendgrid"]["smtp"]
        with smtplib.SMTP_SSL("localhost", access["tls_port"], context=trust, timeout=20) as client:
            client.login(access["user"], access["password"])
            assert client.sendmail("a@example.com", ["b@example.com"], MESSAGE) == {}


def test_client_that_fails_the_handshake_disturbs_nobody(app: Flask, identity: tls.Tls, trust: ssl.SSLContext) -> None:
    with encrypted(app, identity) as server:
        access = ControlClient(app).new_tenant().data["providers"]["sparkpost"]["smtp"]
        for garbage in (b"EHLO x\r\n", b"\x16\x03\x01\x00\x00", b""):
            with RawClient(access["port"]) as client:
                client.hello()
                assert client.ask("STARTTLS").startswith("220")
                client.send(garbage)
                client.socket.shutdown(socket.SHUT_WR)
        with RawClient(access["port"]) as client:
            client.hello().start_tls(trust)
            assert client.hello().login(access["user"], access["password"]).startswith("235")
        assert server.state.smtp is not None


def test_without_a_certificate_starttls_is_not_available(app: Flask) -> None:
    with SmtpServer(app, ports={"sendgrid": 0}):
        tenant: TenantClient = ControlClient(app).new_tenant()
        with RawClient(tenant.data["providers"]["sendgrid"]["smtp"]["port"]) as client:
            assert "STARTTLS" not in client.ask("EHLO client.example.com")
            assert client.ask("STARTTLS").startswith("454")
