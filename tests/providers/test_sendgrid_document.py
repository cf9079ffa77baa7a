"""What SendGrid's documents say and no other test checks, through HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import ProviderClient

POOLS, POOL = "/v3/ips/pools", "/v3/ips/pools/transactional"


def test_pools_group_the_ips_of_an_account(make_sendgrid: Callable[..., ProviderClient]) -> None:
    sendgrid = make_sendgrid(ips=[{"ip": f"10.0.0.{number}", "rdns": "o.example.com"} for number in range(1, 4)])
    groups = {"transactional": ["10.0.0.1"], "marketing": ["10.0.0.2", "10.0.0.3"]}
    for name, ips in groups.items():
        assert sendgrid.post(POOLS, json={"name": name}).json == {"name": name}
        for ip in ips:
            assert sendgrid.post(f"{POOLS}/{name}/ips", json={"ip": ip}).status_code == 200
    for name, ips in groups.items():
        assert sendgrid.get(f"{POOLS}/{name}").json == {"ips": ips, "pool_name": name}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", POOLS, {"name": "new"}, "200 OK"),
        ("GET", POOLS, None, "200 OK"),
        ("GET", POOL, None, "200 OK"),
        ("PUT", POOL, {"name": "new"}, "200 OK"),
        ("POST", f"{POOL}/ips", {"ip": "203.0.113.3"}, "200 OK"),
        ("DELETE", f"{POOL}/ips/203.0.113.1", None, "204 NO CONTENT"),
        ("DELETE", POOL, None, "204 NO CONTENT"),
        ("GET", "/v3/send_ips/pools", None, "200 OK"),
    ],
)
def test_urls_and_status_lines(
    sendgrid: ProviderClient, method: str, path: str, body: dict[str, Any] | None, status: str
) -> None:
    """A path at `api.sendgrid.com` needs no prefix; a response with status 204 has no body."""
    headers = {**sendgrid.headers, "Host": "api.sendgrid.com"}
    sent = {} if body is None else {"json": body}
    response = sendgrid.application.test_client().open(path, method=method, headers=headers, **sent)
    assert response.status == status
    assert (response.data == b"") is status.startswith("204")


def test_global_host_serves_subusers(sendgrid: ProviderClient) -> None:
    headers = {**sendgrid.acting_for("subuser1").headers, "Host": "api.sendgrid.com"}
    response = sendgrid.application.test_client().get("/v3/send_ips/pools", headers=headers)
    assert [pool["name"] for pool in response.json["result"]] == ["newsletters"]


def test_ips_beyond_the_sample_are_listed_for_the_pool(sendgrid: ProviderClient) -> None:
    (pool,) = sendgrid.get("/v3/send_ips/pools?after_key=34567&limit=1").json["result"]
    listed = [each["ip"] for each in sendgrid.get(f"/v3/send_ips/pools/{pool['id']}/ips").json["result"]]
    assert (len(pool["ips_preview"]), pool["total_ip_count"], len(listed)) == (10, 12, 12)
    assert set(pool["ips_preview"]) < set(listed)


def test_xml_is_not_available(sendgrid: ProviderClient) -> None:
    """Two responses are listed as XML too; whatever the client accepts, it gets JSON."""
    no_scopes = sendgrid.with_key("SG.mockserverNoScopes0000.mockserverNoScopes0000000000000000000000000")
    for client, status in ((sendgrid, 200), (no_scopes, 401)):
        response = client.get("/v3/send_ips/pools", headers={"Accept": "application/xml"})
        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/json")
        assert response.is_json
