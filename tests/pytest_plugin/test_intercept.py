"""Code with the providers' real hosts in it: interception, and tests that may not resolve one."""

from __future__ import annotations

import httpx  # noqa: F401 — else each run would import it again
import httpx2  # noqa: F401 — the same
import pytest

from mockserver.server import start

from .runs import Run, printed

POOLS = """
import asyncio
import threading
import urllib.error
import urllib.request

import httpx
import httpx2
import urllib3

POOLS = "https://api.sendgrid.com/v3/ips/pools"


@pytest.fixture(autouse=True)
def resolved(monkeypatch):
    hosts = []

    def getaddrinfo(host, *arguments, **keywords):
        hosts.append(host if isinstance(host, str) else host.decode())
        raise OSError("no network")

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return hosts


def with_urllib(url, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.status


async def asynchronously(library, url, headers):
    async with library.AsyncClient(headers=headers) as client:
        return await client.get(url)


GETS = {
    "requests": lambda url, headers: requests.get(url, headers=headers).status_code,
    "urllib3": lambda url, headers: urllib3.PoolManager().request("GET", url, headers=headers).status,
    "urllib": lambda url, headers: with_urllib(url, **headers),
    "httpx": lambda url, headers: httpx.get(url, headers=headers).status_code,
    "httpx2": lambda url, headers: httpx2.get(url, headers=headers).status_code,
    "async httpx": lambda url, headers: asyncio.run(asynchronously(httpx, url, headers)).status_code,
    "async httpx2": lambda url, headers: asyncio.run(asynchronously(httpx2, url, headers)).status_code,
}


"""


@pytest.mark.slow
def test_every_client_and_host(run: Run) -> None:
    """Each client reaches each host without configuration, also where a proxy is configured, and no other host."""
    result = run(POOLS + """
HOSTS = {
    "https://api.sendgrid.com/v3/ips/pools": ("sendgrid", 200),
    "https://api.sparkpost.com/api/v1/ip-pools": ("sparkpost", 200),
    "https://api.eu.sparkpost.com/api/v1/ip-pools": ("sparkpost", 401),
    "https://api.mailgun.net/v3/ip_pools": ("mailgun", 200),
    "https://API.eu.mailgun.net:443/v3/ip_pools": ("mailgun", 200),
}


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_clients(mockserver, monkeypatch, proxy, resolved):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for get in GETS.values():
        with mockserver.intercept():
            for url, (provider, status) in HOSTS.items():
                assert get(url, dict(getattr(mockserver, provider).headers)) == status
    assert len(mockserver.requests) == len(GETS) * len(HOSTS)
    assert resolved == []


@pytest.mark.parametrize("name", GETS)
def test_others(mockserver, name, resolved):
    with mockserver.intercept(), pytest.raises(Exception):
        GETS[name]("https://other.example/v3/ips/pools", {})
    with pytest.raises(Exception):  # it is over
        GETS[name](POOLS, {})
    assert list(dict.fromkeys(resolved)) == ["other.example", "api.sendgrid.com"]
    assert len(mockserver.requests) == 0


def test_region(mockserver):
    with mockserver.intercept():
        url = POOLS.replace("api.", "api.eu.")
        assert requests.get(url, headers=mockserver.sendgrid.headers).status_code == 401


def test_credentials(mockserver, mockserver_factory):
    other = mockserver_factory(seed="empty")
    with mockserver.intercept():
        assert len(requests.get(POOLS, headers=mockserver.sendgrid.headers).json()) == 6
        assert requests.get(POOLS, headers=other.sendgrid.headers).json() == []
        assert requests.get(POOLS, headers={"Authorization": "Bearer no-key"}).status_code == 401
        assert requests.get(POOLS).json()["errors"][0]["message"] == "authorization required"
""")  # fmt: skip
    result.assert_outcomes(passed=11)


@pytest.mark.slow
def test_requests_and_faults(run: Run) -> None:
    """Bodies, encoded paths, retries, faults and timeouts are those of the client."""
    result = run(POOLS + """
def test_bodies(mockserver):
    headers = mockserver.sendgrid.headers
    with mockserver.intercept():
        assert requests.post(POOLS, json={"name": "a/ü"}, headers=headers).reason == "OK"
        assert requests.get(POOLS + "/a%2F%C3%BC", headers=headers).json() == {"ips": [], "pool_name": "a/ü"}
        assert requests.post(POOLS, data=iter([b'{"name":', b'"two"}']), headers=headers).ok
        assert httpx.post(POOLS, content=iter([b'{"name":', b'"three"}']), headers=headers).is_success
        assert requests.post(POOLS, json={"name": "two"}, headers=headers).status_code == 400
        assert requests.head(POOLS, headers=headers).content == b""
        with requests.Session() as session:
            assert [session.get(POOLS, headers=headers).status_code for _ in range(3)] == [200] * 3


def test_retries(mockserver):
    mockserver.faults.add("sendgrid.*", times=2)
    retry = urllib3.Retry(total=2, status_forcelist=[503], backoff_factor=0)
    with mockserver.intercept(), urllib3.PoolManager(retries=retry) as http:
        assert http.request("GET", POOLS, headers=mockserver.sendgrid.headers).status == 200


@pytest.mark.parametrize(("kind", "error"), [
    ("drop", requests.ConnectionError), ("truncate", requests.exceptions.ChunkedEncodingError),
    ("delay", requests.ReadTimeout)])
def test_requests(mockserver, kind, error):
    mockserver.faults.add("*", kind=kind, **({"delay_seconds": 5} if kind == "delay" else {}))
    with mockserver.intercept(), pytest.raises(error):
        requests.get(POOLS, headers=mockserver.sendgrid.headers, timeout=0.5 if kind == "delay" else 20)


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("kind", ["drop", "truncate", "delay"])
def test_httpx(mockserver, library, kind):
    mockserver.faults.add("*", kind=kind, **({"delay_seconds": 5} if kind == "delay" else {}))
    error = library.ReadTimeout if kind == "delay" else library.RemoteProtocolError
    with mockserver.intercept(), pytest.raises(error):
        library.get(POOLS, headers=mockserver.sendgrid.headers, timeout=0.5 if kind == "delay" else 20)


def test_threads_and_nesting(mockserver):
    seen = []

    def get():
        seen.append(requests.get(POOLS, headers=mockserver.sendgrid.headers).status_code)

    with mockserver.intercept():
        with mockserver.intercept():
            pass
        threads = [threading.Thread(target=get) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [200] * 4


def test_without_a_server():
    from mockserver import InProcessClient, Server, create_app, intercept

    app = create_app()
    with Server(InProcessClient(app)) as server, intercept(app):
        tenant = server.create_tenant()
        assert requests.get(POOLS, headers=tenant.sendgrid.headers).ok
        tenant.requests.assert_called("sendgrid.listIpPools", times=1)
""")  # fmt: skip
    result.assert_outcomes(passed=13)


def test_another_server(run: Run) -> None:
    """With --mockserver-url the requests go to that server; faults are the same."""
    text = """
import httpx

POOLS = "https://api.sendgrid.com/v3/ips/pools"


def test_requests(mockserver):
    headers = mockserver.sendgrid.headers
    with mockserver.intercept():
        assert requests.post(POOLS, json={"name": "a/ü"}, headers=headers).json() == {"name": "a/ü"}
        assert httpx.get(POOLS + "/a%2F%C3%BC", headers=headers).json() == {"ips": [], "pool_name": "a/ü"}
        assert requests.get(POOLS, headers={"Authorization": "Bearer no-key"}).status_code == 401
        mockserver.faults.add("*", kind="drop")
        with pytest.raises(requests.ConnectionError):
            requests.get(POOLS, headers=headers)
        mockserver.faults.add("*", kind="truncate")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(POOLS, headers=headers)
    mockserver.requests.assert_called("sendgrid.createIpPool", times=1)
"""
    with start() as server:
        result = run(text, "--mockserver-url", server.url)
    result.assert_outcomes(passed=1)


def test_block_vendors(run: Run) -> None:
    """A test that resolves a real host fails, whether or not the code under test handles the error; others pass."""
    text = """
import asyncio
import contextlib
import socket
import urllib.request

import httpx

POOLS = "https://api.sendgrid.com/v3/ips/pools"


def test_requests():
    requests.get(POOLS)


def test_handled():
    with contextlib.suppress(Exception):
        urllib.request.urlopen("https://api.eu.mailgun.net/v3/ip_pools")


async def get():
    async with httpx.AsyncClient() as client:
        await client.get("https://api.sparkpost.com/api/v1/ip-pools")


def test_async():
    asyncio.run(get())


@pytest.fixture
def early():
    with contextlib.suppress(Exception):
        socket.gethostbyname("api.sendgrid.com")


def test_fixture(early):
    pass


def test_passes(mockserver):
    assert requests.get(mockserver.sendgrid.url + "/v3/ips/pools", headers=mockserver.sendgrid.headers).ok
    with mockserver.intercept():
        assert requests.get(POOLS, headers=mockserver.sendgrid.headers).ok
    assert socket.getaddrinfo("localhost", 80)
"""
    result = run(text, "--mockserver-block-vendors", "--tb=line")
    result.assert_outcomes(passed=1, failed=4)
    for host, title, name in (
        ("api.sendgrid.com", "SendGrid", "sendgrid"),
        ("api.eu.mailgun.net", "Mailgun", "mailgun"),
        ("api.sparkpost.com", "SparkPost", "sparkpost"),
    ):
        assert (
            f"{host} is a real host of {title}: set the base URL of the client to mockserver.{name}.url, or run the "
            "code in `with mockserver.intercept():`"
        ) in printed(result)
    run(text, "-o", "mockserver_block_vendors=true", "-k", "handled").assert_outcomes(failed=1)
