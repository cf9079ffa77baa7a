"""The server under TLS: what it shows, who can trust it, and that a handshake delays no other."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from mailgun.client import Client

from mockserver import ControlClient, ControlError, tls
from mockserver.providers import PROVIDERS
from mockserver.server import HttpServer, start

from .cli.commands import ENVIRONMENT, free_port, run, running
from .support import MAILGUN_KEY, SENDGRID_KEY, response_violations

HOSTS = [host for provider in PROVIDERS for host in provider.hosts]
AUTH = {"Authorization": f"Bearer {SENDGRID_KEY}"}
POOLS = "/sendgrid/v3/ips/pools"
ANOTHER_NAME = {62, 64}
"""OpenSSL's codes for a certificate of another host name, and of another address."""
UNTRUSTED = {18, 19, 20}
"""OpenSSL's codes for a certificate whose authority is not trusted: its own, another, none to be found."""
GET = f"GET {POOLS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SENDGRID_KEY}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with tls.self_signed(HOSTS) as made, start(provider_ports={"mailgun": 0}, tls=made) as server:
        yield server
        assert response_violations(server.app) == 0


@pytest.fixture(scope="module")
def trust(server: HttpServer) -> ssl.SSLContext:
    assert server.tls is not None
    return ssl.create_default_context(cafile=server.tls.ca)


def connect(server: HttpServer, trust: ssl.SSLContext, name: str = "localhost") -> ssl.SSLSocket:
    return trust.wrap_socket(
        socket.create_connection((server.host, server.port), timeout=5),
        server_hostname=name,
        suppress_ragged_eofs=False,
    )


def alive(server: HttpServer, trust: ssl.SSLContext) -> bool:
    connection = http.client.HTTPSConnection("localhost", server.port, timeout=5, context=trust)
    connection.request("GET", POOLS, headers=AUTH)
    status = connection.getresponse().status
    connection.close()
    return status == 200


# Who can trust it


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", *HOSTS])
def test_names(server: HttpServer, trust: ssl.SSLContext, name: str) -> None:
    """The certificate that is made is valid for this machine and for the providers' hosts."""
    with connect(server, trust, name) as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("name", ["example.com", "127.0.0.2", "sendgrid.com"])
def test_other_names(server: HttpServer, trust: ssl.SSLContext, name: str) -> None:
    """It is valid for no other, and trusted only by clients that were set to."""
    raw = socket.create_connection((server.host, server.port), timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError) as another:
        trust.wrap_socket(raw, server_hostname=name)
    assert another.value.verify_code in ANOTHER_NAME
    raw.close()
    raw = socket.create_connection((server.host, server.port), timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError) as untrusted:
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
    assert untrusted.value.verify_code in UNTRUSTED
    raw.close()
    assert alive(server, trust)


def test_requests(server: HttpServer) -> None:
    """requests asks with the file as `verify`; the links in answers say https."""
    assert server.tls is not None
    with requests.Session() as session:
        session.verify = server.tls.ca
        session.trust_env = False
        for url in (
            f"https://localhost:{server.port}/mailgun",
            f"https://127.0.0.1:{server.state.mounts.ports['mailgun']}",
        ):
            answer = session.get(f"{url}/v3/ip_pools/658041ae44842b99ee2eaa1b/domains", auth=("api", MAILGUN_KEY))
            assert answer.json()["paging"]["first"].startswith(f"{url}/v3/ip_pools/")


@pytest.mark.parametrize("host", ["api.mailgun.net", "api.eu.mailgun.net"])
def test_the_official_client_and_its_own_url(server: HttpServer, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official Mailgun client, with the URL of the service, is led here by name and trusts by a variable."""
    assert server.tls is not None
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda name, port, *rest, **more: resolve(server.host, server.port, *rest, **more)
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.tls.ca)
    monkeypatch.setenv("NO_PROXY", "*")
    with Client(auth=("api", f"key-{secrets.token_hex(16)}"), api_url=f"https://{host}") as client:
        made = client.ippools.create(data={"name": "by name", "description": "x"}).json()
        listed = client.ippools.get().json()["ip_pools"]
    assert [pool["name"] for pool in listed if pool["pool_id"] == made["pool_id"]] == ["by name"]


def test_curl(server: HttpServer) -> None:
    """curl asks with --cacert, by any of the names."""
    assert server.tls is not None
    for url, *more in (
        [f"https://localhost:{server.port}{POOLS}"],
        [f"https://127.0.0.1:{server.port}{POOLS}"],
        ["https://api.sendgrid.com/v3/ips/pools", "--connect-to", f"api.sendgrid.com:443:127.0.0.1:{server.port}"],
    ):
        command = [
            "curl",
            "-sS",
            "--noproxy",
            "*",
            "--cacert",
            server.tls.ca,
            *more,
            "-H",
            f"Authorization: Bearer {SENDGRID_KEY}",
            url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert done.stdout.startswith('[{"name":"transactional"}'), done.stderr


def test_remote(server: HttpServer) -> None:
    """`ControlClient` trusts by `ca`, and says why it cannot."""
    assert server.tls is not None
    assert ControlClient(server.url, ca=server.tls.ca).request("GET", "live")["live"] is True
    for ca, reason in (
        (None, "no response from https://"),
        ("nowhere.pem", "nowhere.pem: No such file"),
        (__file__, "test_tls.py: "),
    ):
        with pytest.raises(ControlError, match=reason):
            ControlClient(server.url, ca=ca).request("GET", "live")


# What a client can do to it


def test_silent_client_delays_no_other(server: HttpServer, trust: ssl.SSLContext) -> None:
    """Clients that connect and say nothing, or half of a handshake, delay no other client."""
    hello = ssl.MemoryBIO()
    half = trust.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    first = hello.read()
    connections = [socket.create_connection((server.host, server.port), timeout=5) for _ in range(60)]
    for number, connection in enumerate(connections):
        connection.sendall(first[: (0, 3, len(first) - 1, len(first))[number % 4]])
    for _ in range(3):
        assert alive(server, trust)
    for connection in connections:
        connection.close()
    assert alive(server, trust)


@pytest.mark.parametrize(
    "data", [b"\x00" * 20, b"\x16\x03\x01\x00\x05hello", b"\xff" * 70_000, b"\r\n\r\n\r\n", b"SSH-2.0-x\r\n"]
)
def test_what_is_no_tls(server: HttpServer, trust: ssl.SSLContext, data: bytes) -> None:
    """Bytes that are no TLS end the connection, and nothing else."""
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        try:
            connection.sendall(data)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
    assert alive(server, trust)


def test_http_request_to_tls_port_is_answered_with_a_hint(server: HttpServer) -> None:
    """The response to http:// says what to use."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("POST", POOLS, b"x" * 1000, AUTH)
    response = connection.getresponse()
    assert (response.status, response.read()) == (400, b"This port serves HTTPS only: use https://, not http://.\n")
    connection.close()


def test_bytes_one_by_one(server: HttpServer, trust: ssl.SSLContext) -> None:
    """A handshake and a request that come a byte at a time are as good as any."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    peer = trust.wrap_bio(received, sent, server_hostname="localhost")
    answer = b""
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def step(act: Any) -> Any:
            while True:
                try:
                    done = act()
                except ssl.SSLWantReadError:
                    done = None
                for byte in sent.read():
                    connection.sendall(bytes([byte]))
                if done is not None:
                    return done
                received.write(connection.recv(65536))

        step(lambda: peer.do_handshake() or True)
        step(lambda: peer.write(GET))
        while b'"}]' not in answer:
            answer += step(lambda: peer.read(65536))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_keep_alive_and_pipelining(server: HttpServer, trust: ssl.SSLContext) -> None:
    """A connection serves many requests, also those that are sent in one go, in one record or in many."""
    with connect(server, trust) as connection:
        for count in (1, 5, 200):
            connection.sendall(GET * count)
            answer = b""
            while answer.count(b'"}]') < count:
                answer += connection.recv(65536)
            assert answer.count(b"HTTP/1.1 200 OK\r\n") == count


@pytest.mark.slow
def test_large_bodies(server: HttpServer, trust: ssl.SSLContext) -> None:
    """Bodies of many records come in, and go out, whole; also to a client that is slow to read."""
    request = b"GET /_mockserver/openapi/control.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(server, trust) as connection:
        connection.sendall(request.replace(b"1.1", b"1.0"))
        body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")[2]
    count = (8 << 20) // len(body)
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(10)
        raw.connect((server.host, server.port))
        with trust.wrap_socket(raw, server_hostname="localhost") as connection:
            connection.sendall(request * (count - 1) + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            time.sleep(0.5)
            assert alive(server, trust)
            answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert [each.partition(b"\r\n\r\n")[2] for each in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]] == [body] * count
    connection = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=trust)
    connection.request("POST", POOLS, b" " * (2 << 20), AUTH)
    assert connection.getresponse().status == 413
    connection.close()


def test_planned_faults(server: HttpServer, trust: ssl.SSLContext) -> None:
    """A drop and a truncated answer look to a client as they do without TLS."""
    tenant = server.state.store.tenant("default")
    for kind, error in (("drop", http.client.RemoteDisconnected), ("truncate", http.client.IncompleteRead)):
        tenant.update(lambda kept, kind=kind: kept.faults.add("sendgrid.listIpPools", kind, when="after"))
        connection = http.client.HTTPSConnection("localhost", server.port, timeout=5, context=trust)
        connection.request("GET", POOLS, headers=AUTH)
        with pytest.raises(error):
            connection.getresponse().read()
        connection.close()


def test_closed_connection_ends_with_close_notify(server: HttpServer, trust: ssl.SSLContext) -> None:
    """A connection is closed as TLS wants it, so no client takes it for cut off."""
    with connect(server, trust) as connection:
        connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        while connection.recv(65536):  # would raise SSLEOFError
            pass


def test_start_and_stop_leave_nothing() -> None:
    """Under TLS too a server that is stopped has freed its port and ended its threads, whoever is still connected."""
    before = set(threading.enumerate())
    with tls.self_signed([]) as made:
        context = ssl.create_default_context(cafile=made.ca)
        with start(tls=made) as server:
            silent = socket.create_connection((server.host, server.port), timeout=5)
            kept = connect(server, context)
            kept.sendall(GET)
            assert kept.recv(12) == b"HTTP/1.1 200"
            assert Path(made.ca).exists()
    assert silent.recv(1) == b""
    while kept.recv(65536):  # as TLS wants it
        pass
    silent.close()
    kept.close()
    assert not Path(made.ca).exists()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)


# On the command line


@pytest.mark.slow
def test_the_command_line(tmp_path: Path) -> None:
    """The ready line says https and names what to trust; the other commands get it with --ca, or by the settings."""
    file = tmp_path / "ca.pem"
    flags = ["--tls", "self-signed", "--tls-ca-file", str(file), "--provider-ports"]
    with running("serve", "--port", "0", *flags) as (_, ready_message):
        assert ready_message["ca"] == str(file)
        url = ready_message["url"]
        assert {each["root_url"][:8] for each in ready_message["providers"].values()} == {url[:8]} == {"https://"}
        assert run("wait", "--url", url, "--ca", str(file)).returncode == 0
        assert run("wait", MOCKSERVER_URL=url, MOCKSERVER_CA=str(file)).returncode == 0
        settings = {"MOCKSERVER_TLS": "self-signed", "MOCKSERVER_TLS_CA_FILE": str(file)}
        assert run("wait", MOCKSERVER_PORT=url.rpartition(":")[2], **settings).returncode == 0
        done = run("wait", "--timeout", "0", "--url", url)
        assert (done.returncode, "CERTIFICATE_VERIFY_FAILED" in done.stderr) == (1, True)
        variables = json.loads(run("env", "--new", "--json", "--url", url, "--ca", str(file)).stdout)
        trusting = ("MOCKSERVER_CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        assert {variables[name] for name in trusting} == {str(file)}
        program = (
            "import os, urllib.request as r; key = {'Authorization': 'Bearer ' + os.environ['SENDGRID_API_KEY']};"
            "print(r.urlopen(r.Request(os.environ['SENDGRID_BASE_URL'] + '/v3/ips/pools', headers=key)).status)"
        )
        environment = {**ENVIRONMENT, **variables, "NO_PROXY": "*"}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.stdout == "200\n", done.stderr
        shown = run("fuzz-info", "--provider", "sendgrid", "--url", url, "--ca", str(file)).stdout
        assert f"run --tls-verify {file} 'https://" in shown
    assert file.exists()


@pytest.mark.slow
def test_wait_for_a_file_that_is_yet_to_be_written(tmp_path: Path) -> None:
    """A server that is waited for may write what to trust only when it starts."""
    file, port = tmp_path / "ca.pem", free_port()
    command = [sys.executable, "-m", "mockserver", "wait", "--url", f"https://localhost:{port}", "--ca", str(file)]
    waiting = subprocess.Popen(command, env=ENVIRONMENT)
    try:
        with running("serve", "--port", str(port), "--tls", "self-signed", "--tls-ca-file", str(file)):
            assert waiting.wait(timeout=15) == 0
    finally:
        waiting.kill()
        waiting.wait()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Certificates of a user's."""
    import trustme

    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    mine, other = authority.issue_cert("localhost", "127.0.0.1"), authority.issue_cert("localhost")
    chain = b"".join(blob.bytes() for blob in mine.cert_chain_pems)
    found = {
        "cert": chain,
        "key": mine.private_key_pem.bytes(),
        "both": mine.private_key_and_cert_chain_pem.bytes(),
        "other": other.private_key_pem.bytes(),
        "nonsense": b"nonsense",
    }
    for name, data in found.items():
        (folder / name).write_bytes(data)
    command = ["openssl", "pkey", "-in", "key", "-out", "locked", "-aes256", "-passout", "pass:secret"]
    subprocess.run(command, cwd=folder, check=True)
    return {name: str(folder / name) for name in (*found, "locked")}


@pytest.mark.slow
@pytest.mark.parametrize("names", [("cert", "key"), ("both",)])
def test_a_certificate_of_ones_own(files: dict[str, str], names: tuple[str, ...]) -> None:
    """With --tls-cert a user's certificate is shown, its key in a file of its own or in the same."""
    flags = [
        word for flag, name in zip(("--tls-cert", "--tls-key"), names, strict=False) for word in (flag, files[name])
    ]
    with running("serve", "--port", "0", *flags) as (_, ready_message):
        assert ready_message["ca"] == files[names[0]]
        assert run("wait", "--url", ready_message["url"], "--ca", ready_message["ca"]).returncode == 0
        port = ready_message["url"].rpartition(":")[2]
        assert run("wait", MOCKSERVER_PORT=port, MOCKSERVER_TLS_CERT=ready_message["ca"]).returncode == 0


@pytest.mark.slow  # each starts a process
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--tls-cert", "{cert}"], "expected a certificate and its unencrypted private key in PEM"),
        (["--tls-cert", "{cert}", "--tls-key", "{other}"], "expected a certificate and its unencrypted private key"),
        (["--tls-cert", "{cert}", "--tls-key", "{locked}"], "expected a certificate and its unencrypted private key"),
        (["--tls-cert", "{nonsense}"], "expected a certificate and its unencrypted private key"),
        (["--tls-cert", "nowhere.pem"], "mockserver: TLS: nowhere.pem: No such file or directory"),
        (["--tls-cert", "{cert}", "--tls-key", "nowhere.pem"], "mockserver: TLS: nowhere.pem: No such file"),
        (
            ["--tls", "self-signed", "--tls-cert", "{cert}"],
            "--tls and --tls-cert are mutually exclusive.",
        ),
        (["--tls-key", "{key}"], "--tls-key requires --tls-cert"),
        (["--tls-cert", "{both}", "--tls-ca-file", "x"], "--tls-ca-file requires --tls self-signed"),
        (
            ["--tls", "self-signed", "--tls-ca-file", "/no/where"],
            "mockserver: TLS: /no/where: No such file or directory",
        ),
        (["--tls", "yes"], "'yes' is not"),
    ],
)
def test_mistakes(files: dict[str, str], arguments: list[str], reason: str) -> None:
    """A certificate that cannot be used stops the start with 2 and the reason."""
    done = run("serve", "--port", "0", *(each.format(**files) for each in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_library() -> None:
    """Where the library is missing that makes certificates, the extra to install is named."""
    program = "import sys; sys.modules['trustme'] = None; from mockserver.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "serve", "--tls", "self-signed"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install '.[tls]'" in done.stderr


def test_no_file_is_left(tmp_path: Path) -> None:
    """What was written only for the run is gone after it."""
    with running("serve", "--port", "0", "--tls", "self-signed", TMPDIR=str(tmp_path)) as (process, ready_message):
        assert Path(ready_message["ca"]) in tmp_path.iterdir()
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert list(tmp_path.iterdir()) == []
