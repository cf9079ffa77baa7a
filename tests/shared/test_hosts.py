"""Where a provider is served: under its prefix, at the root of its own hosts, at the root of a port of its own."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
from flask import Flask
from werkzeug.test import TestResponse

from mockserver import Config, create_app, wsgi_adapter, wsgi_transport
from mockserver.server import HttpServer, start

from ..provider_case import ProviderCase, body, settings_of
from ..support import ProviderClient, response_violations

FORMS = ["{}", "{}:8080", "{}:443"]


@pytest.fixture
def send_at(app: Flask, case: ProviderCase) -> Callable[..., TestResponse]:
    """Send a request to a path of the provider, at a host."""

    def send(host: str, method: str, path: str, **options: Any) -> TestResponse:
        headers = {**case.key_headers(case.api_key), "Host": host}
        return app.test_client().open(path, method=method, headers=headers, **options)

    return send


def test_hosts_are_those_of_the_document(case: ProviderCase) -> None:
    """Each region's own."""
    assert tuple(case.load_blueprint().hosts) == (*case.hosts, *case.other_hosts, *case.empty_hosts)


@pytest.mark.parametrize("form", FORMS)
def test_paths_at_own_host_need_no_prefix(
    provider: ProviderClient, case: ProviderCase, send_at: Callable[..., TestResponse], form: str
) -> None:
    """What is done there is seen under the prefix. The control API is not there."""
    for host in case.hosts:
        name = form.format(host if form == "{}" else host.upper())
        assert send_at(name, "GET", case.pools_path).data == provider.get(case.pools_path).data
        assert send_at(name, "POST", case.pools_path, **case.new_pool(f"at {host}")).status_code == 200
        assert f"at {host}" in provider.get(case.pools_path).text
        for path in ("/nope", f"/{case.name}{case.pools_path}", "/_mockserver", "/_mockserver/live"):
            response = send_at(name, "GET", path)
            assert (response.status_code, body(response)) == (404, case.errors[404])
            assert provider.last_record.path == path
        for path in ("/_mockserver/tenants", "/_mockserver/reset"):
            assert send_at(name, "POST", path, json={}).status_code == 404
        assert f"at {host}" in provider.get(case.pools_path).text
        assert send_at(name, "PUT", case.pools_path).headers["Allow"] == "GET, POST"
        assert provider.with_headers({"Host": host}).get(case.pools_path).status_code == 401
    tenants = provider.application.test_client().get("/_mockserver/tenants").json["tenants"]
    assert [each["id"] for each in tenants] == [provider.tenant.id]


def test_host_of_another_region_does_not_serve_the_key(
    case: ProviderCase, send_at: Callable[..., TestResponse], provider: ProviderClient
) -> None:
    before = provider.get(case.pools_path).data
    for host in case.other_hosts:
        for method, options in (("GET", {}), ("POST", case.new_pool("elsewhere"))):
            response = send_at(host, method, case.pools_path, **options)
            assert (response.status_code, body(response)) == (401, case.errors[401])
    assert provider.get(case.pools_path).data == before


def test_host_of_another_region_has_data_of_its_own(
    case: ProviderCase, send_at: Callable[..., TestResponse], provider: ProviderClient
) -> None:
    before = provider.get(case.pools_path).data
    for host in case.empty_hosts:
        assert case.listed_ids(send_at(host, "GET", case.pools_path).json) == []
        made = send_at(host, "POST", case.pools_path, **case.new_pool("elsewhere")).json
        assert case.listed_ids(send_at(host, "GET", case.pools_path).json) == [case.created_id(made)]
    assert provider.get(case.pools_path).data == before


@pytest.mark.parametrize("form", ["{}.evil.example", "evil.{}", "{}@evil.example", "evil.example:{}"])
def test_name_that_looks_like_a_host_is_421(
    provider: ProviderClient, case: ProviderCase, send_at: Callable[..., TestResponse], form: str
) -> None:
    for host in case.hosts:
        response = send_at(form.format(host), "GET", case.pools_path)
        assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")
    assert len(provider.store) == 0


# Ports


@pytest.fixture(scope="module")
def server(cases: list[ProviderCase]) -> Iterator[HttpServer]:
    ports = {case.name: 0 for case in cases}
    with start(Config(**settings_of(cases)), provider_ports=ports) as server:
        yield server
        assert response_violations(server.app) == 0


def fetch(port: int, method: str, path: str, headers: dict[str, str], data: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, data, headers)
    response = connection.getresponse()
    received = response.read()
    connection.close()
    return response.status, received


def test_port_of_its_own_has_the_provider_at_its_root(
    server: HttpServer, case: ProviderCase, cases: list[ProviderCase]
) -> None:
    """Whatever the Host says, and nothing else is there."""
    port = server.state.mounts.ports[case.name]
    headers, path = case.key_headers(case.api_key), case.pools_path
    assert fetch(port, "GET", path, headers) == fetch(server.port, "GET", f"/{case.name}{path}", headers)
    for host in ("localhost:1", *(host for each in cases for host in each.hosts)):
        assert fetch(port, "GET", path, {**headers, "Host": host})[0] == 200
    for other in ("/_mockserver/live", f"/{case.name}{path}", "/nope"):
        assert fetch(port, "GET", other, headers)[0] == 404
    assert fetch(port, "POST", "/_mockserver/reset", headers, b"{}")[0] == 404
    assert fetch(port, "GET", path, {**headers, "Host": "evil.example"})[0] == 421


# Without a socket


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_httpx_transport_serves_the_hosts(case: ProviderCase, scheme: str) -> None:
    """Code under test keeps the URLs of the real service."""
    headers = case.key_headers(case.api_key)
    with httpx.Client(transport=wsgi_transport(create_app(Config(**settings_of([case]))))) as client:
        for host in case.hosts:
            url = f"{scheme}://{host}{case.pools_path}"
            assert client.post(url, headers=headers, **case.new_pool(f"at {host}")).status_code == 200
            assert f"at {host}" in client.get(url, headers=headers).text


def test_requests_adapter_serves_the_hosts(case: ProviderCase) -> None:
    with requests.Session() as session:
        session.mount("https://", wsgi_adapter(create_app(Config(**settings_of([case])))))
        for host in case.hosts:
            response = session.get(f"https://{host}{case.pools_path}", headers=case.key_headers(case.api_key))
            assert response.status_code == 200
            assert session.get(f"https://{host}/_mockserver/live").status_code != 200
