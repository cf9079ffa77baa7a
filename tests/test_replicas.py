"""Three servers behind nginx and on one Redis, wired as `compose.replicas.yaml` and `deploy/nginx.conf` say."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from mockserver import ControlClient, Server

from .redis_server import RedisServer
from .redis_store.processes import Process, processes

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.xdist_group("four processes")]

CONFIGURATION = (Path(__file__).parent.parent / "deploy" / "nginx.conf").read_text("utf-8")
UPSTREAM = "    server mockserver:8080;\n"
LISTEN = "    listen 8080;\n"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def servers(redis_server: RedisServer) -> Iterator[list[Process]]:
    with processes(redis_server.database(), 3) as started:
        yield started


@pytest.fixture(scope="module")
def front(servers: list[Process]) -> Iterator[str]:
    """nginx before the three, with the project's own configuration; left out loudly where there is no nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("THE THREE REPLICAS WERE LEFT OUT, NOTHING OF THEM IS TESTED: NGINX IS MISSING (nginx)")
    port = free_port()
    assert CONFIGURATION.count(UPSTREAM) == CONFIGURATION.count(LISTEN) == 1
    addresses = "".join(f"    server {server._address};\n" for server in servers)
    site = CONFIGURATION.replace(UPSTREAM, addresses).replace(LISTEN, f"    listen 127.0.0.1:{port};\n")
    with tempfile.TemporaryDirectory(prefix="nginx-") as folder:
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n"
        (Path(folder) / "nginx.conf").write_text(main)
        process = subprocess.Popen([program, "-p", folder, "-c", f"{folder}/nginx.conf", "-g", "daemon off;"])
        try:
            ControlClient(f"http://127.0.0.1:{port}").wait(10)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def test_one_server_in_three(front: str, servers: list[Process]) -> None:
    """Whichever replica answers, it is the same tenant: its pools, journal, faults and clock; and links lead back."""
    with Server(ControlClient(front)) as server, server.create_tenant(clock="2030-01-01T00:00:00Z") as sandbox:
        sendgrid = sandbox.sendgrid
        assert sendgrid.url == f"{front}/sendgrid"
        fault = sandbox.faults.add("sendgrid.listIpPools", status=429, skip=4, times=2)
        names = [f"pool {number}" for number in range(12)]
        for name in names:
            made = requests.post(f"{sendgrid.url}/v3/ips/pools", json={"name": name}, headers=sendgrid.headers)
            assert made.status_code == 200
        lists = [requests.get(f"{sendgrid.url}/v3/ips/pools", headers=sendgrid.headers) for _ in range(9)]
        assert sorted(each.status_code for each in lists) == [200] * 7 + [429] * 2
        assert all([pool["name"] for pool in each.json()][-12:] == names for each in lists if each.ok)
        assert fault.completed
        assert [request.seq for request in sandbox.requests] == list(range(1, 22))
        assert sandbox.clock.now().year == 2030
        for each in servers:
            assert each.control("GET", f"/tenants/{sandbox.id}/clock")["now"].startswith("2030")
        sandbox.check()


def test_a_hundred_winners_through_nginx(front: str) -> None:
    """Of 300 creates at once with an empty seed, over all replicas, exactly 100 succeed."""
    with Server(ControlClient(front)) as server, server.create_tenant(seed="empty") as sandbox:
        url, headers = f"{sandbox.sendgrid.url}/v3/ips/pools", sandbox.sendgrid.headers

        def create(number: int) -> int:
            return requests.post(url, json={"name": f"pool {number}"}, headers=headers).status_code

        with ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(create, range(300)))
        assert (statuses.count(200), statuses.count(400)) == (100, 200)
        assert len(requests.get(url, headers=headers).json()) == 100


def test_a_lost_replica(redis_server: RedisServer) -> None:
    """A replica that is killed takes nothing with it: what it had acknowledged, the others have."""
    with processes(redis_server.database(), 2) as (one, two):
        made = one.control("POST", "/tenants", {}, 201)
        headers = made["providers"]["sendgrid"]["headers"]
        assert one.ask("POST", "/sendgrid/v3/ips/pools", headers, {"name": "kept"}).status == 200
        one.kill()
        names = [pool["name"] for pool in two.ask("GET", "/sendgrid/v3/ips/pools", headers).json]
        assert names[-1] == "kept"


def test_a_fault_comes_through_as_it_is(front: str) -> None:
    """nginx passes on a fault as it is: half an answer stays half, a dropped connection is a gateway's error."""
    with Server(ControlClient(front)) as server, server.create_tenant() as sandbox:
        url, headers = f"{sandbox.sendgrid.url}/v3/ips/pools", sandbox.sendgrid.headers
        sandbox.faults.add("sendgrid.listIpPools", kind="truncate")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(url, headers=headers)
        sandbox.faults.add("sendgrid.listIpPools", kind="drop")
        assert requests.get(url, headers=headers).status_code == 502
        assert len(sandbox.requests) == 2  # nothing was repeated
