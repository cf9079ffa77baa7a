"""What SparkPost's documents say and no other test checks, through HTTP."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from mockserver import create_app
from mockserver.server import HttpServer

from ..support import SPARKPOST_KEY, ProviderClient

POOLS, POOL = "/api/v1/ip-pools", "/api/v1/ip-pools/transactional"
IPS, IP = "/api/v1/sending-ips", "/api/v1/sending-ips/54.244.54.135"
OPERATIONS: list[tuple[str, str, dict[str, Any] | None, int]] = [
    ("GET", POOLS, None, 200),
    ("POST", POOLS, {"name": "New"}, 200),
    ("GET", POOL, None, 200),
    ("PUT", POOL, {"name": "New"}, 200),
    ("DELETE", POOL, None, 204),
    ("GET", IPS, None, 200),
    ("GET", IP, None, 200),
    ("PUT", IP, {"ip_pool": "default"}, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), OPERATIONS)
def test_accept_header_of_the_examples_gets_json(
    sparkpost: ProviderClient, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    sent = {} if body is None else {"json": body}
    response = sparkpost.open(path, method=method, headers={"Accept": "application/json"}, **sent)
    assert response.status_code == status
    assert response.headers.get("Content-Type") == (None if status == 204 else "application/json")
    assert response.data == b"" if status == 204 else "results" in response.json


def test_header_names_in_capitals_are_read() -> None:
    """Three examples write the name of the key's header in capitals."""
    with HttpServer(create_app()) as server:
        connection = HTTPConnection(server.host, server.port)
        for method, path, body in (
            ("PUT", POOL, {"name": "New"}),
            ("GET", IP, None),
            ("PUT", IP, {"ip_pool": "default"}),
        ):
            headers = {"AUTHORIZATION": SPARKPOST_KEY, "Accept": "application/json"}
            connection.request(method, f"/sparkpost{path}", body=body and json.dumps(body), headers=headers)
            response = connection.getresponse()
            assert (response.status, "results" in json.load(response)) == (200, True)
        connection.close()
