"""What tests of Mailgun ask and expect of an account."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.test import TestResponse

from ..support import ProviderClient

POOLS = "/v3/ip_pools"
TRANSACTIONAL = "658041ae44842b99ee2eaa1b"
MARKETING = "658041ae44842b99ee2eaa1c"
SPARE = "658041ae44842b99ee2eaa1d"
NOWHERE = "0" * 24


def refused(response: TestResponse, status: int, message: str) -> None:
    assert (response.status_code, response.json) == (status, {"message": message})
    assert response.data.endswith(b"}\n")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def succeeded(response: TestResponse) -> None:
    assert (response.status_code, response.json) == (200, {"message": "success"})


def started(response: TestResponse) -> str:
    assert response.status_code == 200
    assert response.json == {"message": "started", "reference_id": response.json["reference_id"]}
    reference: str = response.json["reference_id"]
    assert re.fullmatch("[0-9a-f]{24}", reference)
    return reference


def create(mailgun: ProviderClient, *ips: str, name: str = "New") -> str:
    response = mailgun.post(POOLS, data={"name": name, "description": "about", "ip": list(ips)})
    assert response.json == {"message": "success", "pool_id": response.json["pool_id"]}
    pool_id: str = response.json["pool_id"]
    return pool_id


def details(mailgun: ProviderClient, pool_id: str) -> dict[str, Any]:
    answer = mailgun.get(f"{POOLS}/{pool_id}").json
    assert answer["message"] == "success"
    found: dict[str, Any] = answer["details"]
    return found


def domain_ips(mailgun: ProviderClient, name: str) -> list[str]:
    answer = mailgun.get(f"/v3/domains/{name}/ips").json
    assert answer["total_count"] == len(answer["items"])
    items: list[str] = answer["items"]
    return items


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now
