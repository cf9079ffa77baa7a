"""Where providers are served: under a prefix, at the root of their own hosts, at the root of ports of their own."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask

from mockserver import Config, MockServer, control, create_app, wsgi_adapter, wsgi_transport
from mockserver.providers import mailgun, sendgrid
from mockserver.server import HttpServer, start

from .cli.commands import fetch, free_port, run, running
from .provider_case import ProviderCase
from .support import MAILGUN, SENDGRID, SPARKPOST, response_violations, store_of

DOMAINS = "/v3/ip_pools/658041ae44842b99ee2eaa1b/domains?limit=10"
CREDENTIALS = {case.name: case.key_headers(case.api_key) for case in (SPARKPOST, SENDGRID, MAILGUN)}
WARMUPS = "/v3/ip_warmups"
POOLS = {case.name: case.pools_path for case in (SPARKPOST, SENDGRID, MAILGUN)}


def at(app: Flask, case: ProviderCase, host: str) -> Callable[..., Any]:
    """Send to a provider's own path, at a host."""

    def send(method: str, path: str, **kwargs: Any) -> Any:
        headers = {**CREDENTIALS[case.name], "Host": host}
        return app.test_client().open(path, method=method, headers=headers, **kwargs)

    return send


@pytest.mark.parametrize(
    "host",
    [
        "api.sendgrid.com.evil.example",
        "evil.api.sendgrid.com",
        "api.sendgrid.com@evil.example",
        "evil.example:api.sendgrid.com",
        "sendgrid.com",
    ],
)
def test_names_that_look_like_a_host(app: Flask, host: str) -> None:
    """A name that only looks like a provider's is refused, and is no provider's when the server is exposed."""
    response = at(app, SENDGRID, host)("GET", SENDGRID.pools_path)
    assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")
    assert len(store_of(app)) == 0


def test_an_exposed_server_knows_hosts_too(make_app: Callable[..., Flask]) -> None:
    """Exposed, the providers' hosts are at the root, and any other is by prefix."""
    app = make_app(expose=True, control_token="x")
    assert at(app, SENDGRID, "api.sendgrid.com")("GET", SENDGRID.pools_path).status_code == 200
    assert at(app, SENDGRID, "mock.example")("GET", SENDGRID.pools_path).status_code == 404
    assert at(app, SENDGRID, "mock.example")("GET", f"/sendgrid{SENDGRID.pools_path}").status_code == 200


def test_blueprint_under_the_prefix_of_a_region_is_served() -> None:
    """The prefix is the region's only if the application has not registered a blueprint there."""
    app = Flask("own")
    MockServer(Config()).init_app(app)
    app.register_blueprint(sendgrid.blueprint, url_prefix="/mail")
    client, headers = app.test_client(), CREDENTIALS["sendgrid"]
    assert client.get(f"/mail-eu{SENDGRID.pools_path}", headers=headers).status_code == 401
    assert client.get(f"/mail-europe{SENDGRID.pools_path}", headers=headers).status_code == 404
    other = Flask("other")
    MockServer(Config()).init_app(other)
    other.register_blueprint(sendgrid.blueprint, url_prefix="/mail")
    other.register_blueprint(sendgrid.blueprint, url_prefix="/mail-eu", name="second")
    assert other.test_client().get(f"/mail-eu{SENDGRID.pools_path}", headers=headers).status_code == 200


def test_blueprint_at_the_root_has_regions_by_host_only() -> None:
    """No prefix is that of a region, and no URL is."""
    app = Flask("own")
    MockServer(Config()).init_app(app)
    app.register_blueprint(control.blueprint)
    app.register_blueprint(mailgun.blueprint, url_prefix="/")
    headers = CREDENTIALS["mailgun"]
    assert app.test_client().get(POOLS["mailgun"], headers=headers).json["ip_pools"]
    there = app.test_client().get(POOLS["mailgun"], headers={**headers, "Host": "api.eu.mailgun.net"})
    assert there.json["ip_pools"] == []
    access = app.test_client().post("/_mockserver/tenants", json={}).json["providers"]["mailgun"]
    assert (access["url"], access["regions"]) == ("http://localhost", {"us": {"url": "http://localhost"}})


@pytest.mark.parametrize(
    ("host", "path", "first"),
    [
        ("api.mailgun.net", DOMAINS, "http://api.mailgun.net/v3/ip_pools/"),
        ("api.mailgun.net:8080", DOMAINS, "http://api.mailgun.net:8080/v3/ip_pools/"),
        ("api.eu.mailgun.net:8080", WARMUPS, "http://api.eu.mailgun.net:8080/v3/ip_warmups?"),
        ("localhost:9", f"/mailgun{DOMAINS}", "http://localhost:9/mailgun/v3/ip_pools/"),
    ],
)
def test_links(app: Flask, host: str, path: str, first: str) -> None:
    """A link in an answer leads to where the client asked: its host, with a prefix only if there was one."""
    paging = at(app, MAILGUN, host)("GET", path).json["paging"]
    assert all(url.startswith(first) for url in paging.values()), paging
    target = paging["next"].removeprefix(f"http://{host}")
    assert at(app, MAILGUN, host)("GET", target).status_code == 200


def test_encoded_slashes(app: Flask) -> None:
    """At a provider's host a slash encoded in a path is part of a name."""
    send = at(app, SENDGRID, "api.sendgrid.com")
    send("POST", SENDGRID.pools_path, json={"name": "a/b%2Fc"})
    path = f"{SENDGRID.pools_path}/a%2Fb%252Fc"
    assert send("GET", path, environ_overrides={"REQUEST_URI": path}).json["pool_name"] == "a/b%2Fc"


# Ports


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with start(Config(), provider_ports={"mailgun": 0, "sparkpost": 0, "sendgrid": 0}) as server:
        yield server
        assert response_violations(server.app) == 0


def ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    received = response.read()
    connection.close()
    return response.status, received


def test_links_of_a_port(server: HttpServer) -> None:
    """Links lead to the port that was asked, encoded slashes included."""
    port = server.state.mounts.ports["mailgun"]
    status, body = ask(port, "GET", DOMAINS, CREDENTIALS["mailgun"])
    assert status == 200
    assert json.loads(body)["paging"]["first"].startswith(f"http://127.0.0.1:{port}/v3/ip_pools/")
    port = server.state.mounts.ports["sendgrid"]
    body = ask(port, "GET", f"{SENDGRID.pools_path}/a%2Fb", CREDENTIALS["sendgrid"])[1]
    assert b"Unable to locate" in body


def test_ready_message_has_the_provider_ports(server: HttpServer) -> None:
    """The greeting and the control API say where a provider has a port of its own."""
    ready_message: Any = server.ready_message()
    returned = {
        each["name"]: each["root_url"] for each in requests.get(f"{server.url}/_mockserver/info").json()["providers"]
    }
    assert returned == {name: access["root_url"] for name, access in ready_message["providers"].items()}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+", url) for url in returned.values())
    assert len({server.url, *returned.values()}) == 4


def test_ports_of_regions() -> None:
    """Whatever the Host says. The region of an unknown key is that of the port of its first use."""
    names = ["sparkpost-eu", "sendgrid-eu", "mailgun-eu", "sparkpost"]
    with start(Config(), provider_ports=dict.fromkeys(names, 0)) as server:
        ports, key = server.state.mounts.ports, SPARKPOST.new_key()
        for headers, eu, us in ((SPARKPOST.key_headers(key), 200, 401), (CREDENTIALS["sparkpost"], 401, 200)):
            for host in ("127.0.0.1", "api.sparkpost.com", "api.eu.sparkpost.com"):
                sent = {**headers, "Host": host}
                assert ask(ports["sparkpost-eu"], "GET", SPARKPOST.pools_path, sent)[0] == eu
                assert ask(ports["sparkpost"], "GET", SPARKPOST.pools_path, sent)[0] == us
        assert (
            json.loads(ask(ports["mailgun-eu"], "GET", POOLS["mailgun"], CREDENTIALS["mailgun"])[1])["ip_pools"] == []
        )
        team = {"username": "team", "email": "a@example.com", "password": "x", "ips": ["198.51.100.1"], "region": "eu"}
        made = requests.post(f"{server.url}/sendgrid/v3/subusers", json=team, headers=CREDENTIALS["sendgrid"])
        assert made.status_code == 200, made.text
        eu_headers = {**CREDENTIALS["sendgrid"], "On-Behalf-Of": "team"}
        assert ask(ports["sendgrid-eu"], "GET", POOLS["sendgrid"], CREDENTIALS["sendgrid"])[0] == 401
        assert ask(ports["sendgrid-eu"], "GET", POOLS["sendgrid"], eu_headers)[0] == 200
        status, body = ask(ports["mailgun-eu"], "GET", WARMUPS, CREDENTIALS["mailgun"])
        first = json.loads(body)["paging"]["first"]
        assert (status, first.partition("?")[0]) == (200, f"http://127.0.0.1:{ports['mailgun-eu']}{WARMUPS}")
        shown = {each["name"]: each for each in requests.get(f"{server.url}/_mockserver/info").json()["providers"]}
        ready_message: Any = server.ready_message()
        for name, provider in shown.items():
            regions = {
                region: {"url": f"{server.url}/{mount}"}
                | ({"root_url": f"http://127.0.0.1:{ports[mount]}"} if mount in ports else {})
                for region, mount in zip(provider["regions"], (name, f"{name}-eu"), strict=True)
            }
            assert provider["regions"] == ready_message["providers"][name]["regions"] == regions
        assert response_violations(server.app) == 0


def test_a_port_that_is_taken() -> None:
    """If one port of several cannot be had, none is kept."""
    main = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use") as caught:
            start(Config(seed="empty"), port=main, provider_ports={"mailgun": port})
    assert caught.value.filename == f"127.0.0.1:{port}"
    socket.create_server(("127.0.0.1", main)).close()


def test_ports_are_freed() -> None:
    """Stopping closes every port and ends every thread."""
    before = set(threading.enumerate())
    with start(Config(seed="empty"), provider_ports={"mailgun": 0, "sendgrid": 0}) as server:
        ports = [server.port, *server.state.mounts.ports.values()]
    assert len(set(ports)) == 3
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
    assert set(threading.enumerate()) <= before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environment", "names"),
    [
        (["--provider-ports"], {}, ["sparkpost", "sendgrid", "mailgun"]),
        (["--provider-ports", "auto"], {}, ["sparkpost", "sendgrid", "mailgun"]),
        ([], {"MOCKSERVER_PROVIDER_PORTS": "auto"}, ["sparkpost", "sendgrid", "mailgun"]),
        (["--provider-ports", "mailgun=0,sparkpost=0"], {}, ["sparkpost", "mailgun"]),
    ],
)
def test_provider_ports(arguments: list[str], environment: dict[str, str], names: list[str]) -> None:
    """The ready line names each provider's own port, and `env --roots` gives it to clients."""
    with running("serve", "--port", "0", *arguments, **environment) as (_, ready_message):
        roots = {name: each["root_url"] for name, each in ready_message["providers"].items() if "root_url" in each}
        assert list(roots) == names
        for name, url in roots.items():
            assert fetch(f"{url}{POOLS[name]}", **CREDENTIALS[name])[0] == 200
        done = run("env", "--json", "--roots", "--url", ready_message["url"])
        if len(names) == 3:
            variables = json.loads(done.stdout)
            assert variables["SENDGRID_BASE_URL"] == roots["sendgrid"]
            assert variables["SPARKPOST_BASE_URL"] == f"{roots['sparkpost']}/api/v1"
        else:
            assert (done.returncode, done.stdout) == (1, "")
            assert "has no ports for sendgrid: start it with --provider-ports" in done.stderr


@pytest.mark.slow
def test_the_numbers_of_provider_ports() -> None:
    """A port that is named is the one that is served."""
    port = free_port()
    with running("serve", "--port", "0", "--provider-ports", f"sendgrid={port}") as (_, ready_message):
        assert ready_message["providers"]["sendgrid"]["root_url"] == f"http://127.0.0.1:{port}"
        done = run("serve", "--port", "0", "--provider-ports", f"sendgrid={port}")
    assert done.returncode == 2
    assert f"mockserver: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr


# Without a socket


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_httpx_at_the_providers_hosts(scheme: str) -> None:
    """Code under test keeps the URLs of the real services, and reaches the application by its transport."""
    import httpx

    with httpx.Client(transport=wsgi_transport(create_app())) as client:
        url = f"{scheme}://api.sendgrid.com/v3/ips/pools"
        assert client.post(url, headers=CREDENTIALS["sendgrid"], json={"name": "a"}).json() == {"name": "a"}
        assert {"name": "a"} in client.get(url, headers=CREDENTIALS["sendgrid"]).json()
        page = client.get(f"{scheme}://api.eu.mailgun.net{WARMUPS}", headers=CREDENTIALS["mailgun"]).json()
        assert page["paging"]["next"].startswith(f"{scheme}://api.eu.mailgun.net/v3/ip_warmups")
        assert client.get(page["paging"]["next"], headers=CREDENTIALS["mailgun"]).status_code == 200


def test_requests_at_the_providers_hosts() -> None:
    """So with a session of requests."""
    session = requests.Session()
    session.mount("https://", wsgi_adapter(create_app()))
    answer = session.get("https://api.sparkpost.com/api/v1/ip-pools", headers=CREDENTIALS["sparkpost"])
    assert (answer.status_code, len(answer.json()["results"]) > 1) == (200, True)
    answer = session.get("https://api.sparkpost.com/_mockserver/live")
    assert answer.status_code != 200
    session.close()
