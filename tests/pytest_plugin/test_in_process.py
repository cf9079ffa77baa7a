"""Clients without a socket."""

from __future__ import annotations

from .runs import Run


def test_without_a_socket(run: Run) -> None:
    """httpx, its successor and requests reach the server without a socket; faults are their own connection errors."""
    result = run("""
import asyncio

import httpx
import httpx2
from unittest.mock import ANY


@pytest.fixture(autouse=True)
def no_socket(monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_httpx(mockserver, library):
    access = mockserver.sendgrid
    transport = mockserver.wsgi_transport(library)
    with library.Client(transport=transport, base_url=access.url, auth=access.auth) as client:
        answer = client.post("/v3/ips/pools", json={"name": "a/ü"})
        assert (answer.status_code, answer.json(), answer.reason_phrase) == (200, {"name": "a/ü"}, "OK")
        assert client.get("/v3/ips/pools/a%2F%C3%BC").json() == {"ips": [], "pool_name": "a/ü"}
        assert client.post("/v3/ips/pools", content=iter([b'{"name":', b'"two"}'])).status_code == 200
        for kind in ("drop", "truncate"):
            mockserver.faults.add("*", kind=kind)
            with pytest.raises(library.RemoteProtocolError):
                client.get("/v3/ips/pools")
        mockserver.faults.add("*", kind="timeout")
        with pytest.raises(library.ReadTimeout):
            client.get("/v3/ips/pools")

    async def ask():
        async with library.AsyncClient(transport=transport, base_url=access.url, auth=access.auth) as client:
            answers = await asyncio.gather(*(client.get("/v3/ips/pools") for _ in range(3)))
            return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [200, 200, 200]


def test_requests(mockserver):
    access = mockserver.sendgrid
    with requests.Session() as session:
        session.mount(mockserver.url, mockserver.wsgi_adapter())
        session.auth = access.auth
        answer = session.post(access.url + "/v3/ips/pools", json={"name": "a/ü"})
        assert (answer.status_code, answer.json(), answer.reason) == (200, {"name": "a/ü"}, "OK")
        assert session.get(access.url + "/v3/ips/pools/a%2Fü").json() == {"ips": [], "pool_name": "a/ü"}
        assert session.post(access.url + "/v3/ips/pools", data=iter([b'{"name":', b'"two"}'])).status_code == 200
        assert session.post(access.url + "/v3/ips/pools", json={"name": "two"}).reason == "BAD REQUEST"
        mockserver.faults.add("*", kind="drop")
        with pytest.raises(requests.ConnectionError):
            session.get(access.url + "/v3/ips/pools")
        mockserver.faults.add("*", kind="truncate")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(access.url + "/v3/ips/pools")
        mockserver.faults.add("*", kind="timeout")
        with pytest.raises(requests.exceptions.ReadTimeout):
            session.get(access.url + "/v3/ips/pools")


def test_werkzeug(mockserver_server, mockserver):
    from werkzeug.test import Client

    app = mockserver_server.app
    for client in (app.test_client(), Client(app)):
        assert client.get("/sendgrid/v3/ips/pools", headers=mockserver.sendgrid.headers).status_code == 200


def test_no_server_at_all():
    from mockserver import InProcessClient, Server, create_app, run_server

    with run_server() as server, server.create_tenant() as sandbox:
        assert server.app and sandbox.url == server.url
    with Server(InProcessClient(create_app())) as sandboxes, sandboxes.create_tenant() as sandbox:
        with httpx.Client(transport=sandbox.wsgi_transport(), auth=sandbox.mailgun.auth) as client:
            assert client.get(sandbox.mailgun.url + "/v3/ip_pools").status_code == 200
        sandbox.faults.add("*")
        with pytest.raises(AssertionError, match="unused planned fault"):
            sandbox.check()
""")
    result.assert_outcomes(passed=5)
