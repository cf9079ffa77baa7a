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

from mockserver import Config, create_app, wsgi_adapter, wsgi_transport
from mockserver.providers import PROVIDERS
from mockserver.server import HttpServer, start

from .support import MAILGUN_KEY, SENDGRID_KEY, SPARKPOST_KEY, ProviderAccess, World, basic, response_violations
from .test_cli import fetch, free_port, run, running
from .test_pipeline import PROVIDER, ROOM, words

HOSTS = [(provider.name, host) for provider in PROVIDERS for host in provider.hosts]
DOMAINS = "/v3/ip_pools/658041ae44842b99ee2eaa1b/domains?limit=10"
CREDENTIALS = {
    "sparkpost": {"Authorization": SPARKPOST_KEY},
    "sendgrid": {"Authorization": f"Bearer {SENDGRID_KEY}"},
    "mailgun": {"Authorization": basic("api", MAILGUN_KEY)},
}


def test_the_hosts() -> None:
    """The providers' hosts are those of their documents, each region's own."""
    assert set(HOSTS) == {
        ("sparkpost", "api.sparkpost.com"),
        ("sparkpost", "api.eu.sparkpost.com"),
        ("sendgrid", "api.sendgrid.com"),
        ("sendgrid", "api.eu.sendgrid.com"),
        ("mailgun", "api.mailgun.net"),
        ("mailgun", "api.eu.mailgun.net"),
    }


def at(world: World, name: str, host: str) -> Callable[..., Any]:
    """Send to a provider's own path, at a host."""
    access: ProviderAccess = getattr(world, name)

    def send(method: str, path: str, **kwargs: Any) -> Any:
        headers = {**access.headers, "Host": host, **kwargs.pop("headers", {})}
        return world.client.open(path, method=method, headers=headers, **kwargs)

    return send


@pytest.mark.parametrize(("name", "host"), HOSTS)
@pytest.mark.parametrize("form", ["{}", "{}:8080", "{}:443"])
def test_hosts(world: World, name: str, host: str, form: str) -> None:
    """At a provider's own host its paths need no prefix, and what is done there is seen under the prefix."""
    send = at(world, name, form.format(host if form == "{}" else host.upper()))
    access: ProviderAccess = getattr(world, name)
    assert send("GET", ROOM[name]).data == access.get(ROOM[name]).data
    kind = "data" if name == "mailgun" else "json"
    assert send("POST", ROOM[name], **{kind: {"name": "x", "description": "y"}}).status_code == 200
    assert b'"x"' in access.get(ROOM[name]).data
    for path in ("/nope", f"/{name}{ROOM[name]}", "/_mockserver", "/_mockserver/live", "/_mockserver/tenants"):
        assert send("GET", path).status_code == 404
        assert access.last.path == path
        assert words(send("GET", path)) == words(access.get("/nope"))
    assert send("PUT", ROOM[name]).headers["Allow"] == "GET, POST"
    assert ProviderAccess(world, name, {"Host": host}).get(ROOM[name]).status_code == 401


def test_the_control_api_is_at_no_host_of_a_provider(world: World) -> None:
    """At a provider's host nothing of the control API happens, whatever is asked."""
    send = at(world, "sendgrid", "api.sendgrid.com")
    send("POST", ROOM["sendgrid"], json={"name": "kept"})
    assert send("POST", "/_mockserver/reset", json={}).status_code == 404
    assert send("POST", "/_mockserver/tenants", json={}).status_code == 404
    assert b"kept" in world.sendgrid.get(ROOM["sendgrid"]).data
    assert len(world.client.get("/_mockserver/tenants").json["tenants"]) == 1


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
def test_names_that_look_like_a_host(world: World, host: str) -> None:
    """A name that only looks like a provider's is refused, and is no provider's when the server is exposed."""
    response = at(world, "sendgrid", host)("GET", ROOM["sendgrid"])
    assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")
    assert len(world.store) == 0


def test_an_exposed_server_knows_hosts_too(make_world: Callable[..., World]) -> None:
    """Exposed, the providers' hosts are at the root, and any other is by prefix."""
    world = make_world(expose=True, control_token="x")
    assert at(world, "sendgrid", "api.sendgrid.com")("GET", ROOM["sendgrid"]).status_code == 200
    assert at(world, "sendgrid", "mock.example")("GET", ROOM["sendgrid"]).status_code == 404
    assert at(world, "sendgrid", "mock.example")("GET", f"/sendgrid{ROOM['sendgrid']}").status_code == 200


@pytest.mark.parametrize(
    ("host", "path", "first"),
    [
        ("api.mailgun.net", DOMAINS, "http://api.mailgun.net/v3/ip_pools/"),
        ("api.eu.mailgun.net:8080", DOMAINS, "http://api.eu.mailgun.net:8080/v3/ip_pools/"),
        ("localhost:9", f"/mailgun{DOMAINS}", "http://localhost:9/mailgun/v3/ip_pools/"),
    ],
)
def test_links(world: World, host: str, path: str, first: str) -> None:
    """A link in an answer leads to where the client asked: its host, with a prefix only if there was one."""
    paging = at(world, "mailgun", host)("GET", path).json["paging"]
    assert all(url.startswith(first) for url in paging.values()), paging
    target = paging["next"].removeprefix(f"http://{host}")
    assert at(world, "mailgun", host)("GET", target).status_code == 200


def test_encoded_slashes(world: World) -> None:
    """At a provider's host a slash encoded in a path is part of a name."""
    send = at(world, "sendgrid", "api.sendgrid.com")
    send("POST", ROOM["sendgrid"], json={"name": "a/b%2Fc"})
    path = f"{ROOM['sendgrid']}/a%2Fb%252Fc"
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


@PROVIDER
def test_ports(server: HttpServer, name: str) -> None:
    """A port of its own has the provider at its root whatever the Host says, and nothing else."""
    port = server.state.mounts.ports[name]
    headers = CREDENTIALS[name]
    assert ask(port, "GET", ROOM[name], headers) == ask(server.port, "GET", f"/{name}{ROOM[name]}", headers)
    for host in ("localhost:1", "api.sendgrid.com", "api.mailgun.net", "api.sparkpost.com"):
        assert ask(port, "GET", ROOM[name], {**headers, "Host": host})[0] == 200
    for path in ("/_mockserver/live", f"/{name}{ROOM[name]}", "/nope"):
        assert ask(port, "GET", path, headers)[0] == 404
    assert ask(port, "POST", "/_mockserver/reset", headers, b"{}")[0] == 404
    assert ask(port, "GET", ROOM[name], {**headers, "Host": "evil.example"})[0] == 421


def test_links_of_a_port(server: HttpServer) -> None:
    """Links lead to the port that was asked, encoded slashes included."""
    port = server.state.mounts.ports["mailgun"]
    status, body = ask(port, "GET", DOMAINS, CREDENTIALS["mailgun"])
    assert status == 200
    assert json.loads(body)["paging"]["first"].startswith(f"http://127.0.0.1:{port}/v3/ip_pools/")
    port = server.state.mounts.ports["sendgrid"]
    body = ask(port, "GET", f"{ROOM['sendgrid']}/a%2Fb", CREDENTIALS["sendgrid"])[1]
    assert b"Unable to locate" in body


def test_the_server_tells_its_ports(server: HttpServer) -> None:
    """The greeting and the control API say where a provider has a port of its own."""
    ready_message: Any = server.ready_message()
    returned = {
        each["name"]: each["root_url"] for each in requests.get(f"{server.url}/_mockserver/info").json()["providers"]
    }
    assert returned == {name: access["root_url"] for name, access in ready_message["providers"].items()}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+", url) for url in returned.values())
    assert len({server.url, *returned.values()}) == 4


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
            assert fetch(f"{url}{ROOM[name]}", **CREDENTIALS[name])[0] == 200
        done = run("env", "--json", "--roots", "--url", ready_message["url"])
        if len(names) == 3:
            variables = json.loads(done.stdout)
            assert variables["SENDGRID_BASE_URL"] == roots["sendgrid"]
            assert variables["SPARKPOST_BASE_URL"] == f"{roots['sparkpost']}/api/v1"
        else:
            assert (done.returncode, done.stdout) == (1, "")
            assert "has no ports for sendgrid: start it with --provider-ports" in done.stderr


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
        page = client.get(f"{scheme}://api.eu.mailgun.net{DOMAINS}", headers=CREDENTIALS["mailgun"]).json()
        assert page["paging"]["next"].startswith(f"{scheme}://api.eu.mailgun.net/v3/ip_pools/")
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
