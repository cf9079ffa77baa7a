"""Regions: the EU host and its prefix, the subusers that it serves, and what they see there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import ProviderClient

POOLS = "/v3/ips/pools"
IPS = "/v3/ips"
MANAGED = "/v3/send_ips"
SUBUSERS = "/v3/subusers"
HOSTS = ("api.sendgrid.com", "api.eu.sendgrid.com")
EU_KEY = "SG.eu"


@pytest.fixture
def account(make_sendgrid: Callable[..., ProviderClient]) -> ProviderClient:
    """The parent account of a global subuser and one of the EU, which both may send from IPs of both regions."""
    both = ["globe", "europe"]
    return make_sendgrid(
        subusers=[{"name": "globe", "id": "11"}, {"name": "europe", "id": "12", "region": "eu"}],
        ips=[
            {"ip": "10.0.0.1", "rdns": "o1.example.com", "subusers": both, "warmup": True},
            {"ip": "10.0.0.2", "rdns": "o2.example.com", "subusers": both, "warmup": True, "region": "eu"},
            {"ip": "10.0.0.3", "rdns": "o3.example.com", "subusers": ["europe"], "region": "eu"},
            {"ip": "10.0.0.4", "region": "eu"},
        ],
        pools=[{"id": "1", "name": "hers", "ips": ["10.0.0.3"], "subuser": "europe"}],
    )


def at(client: ProviderClient, host: str, subuser: str | None = None) -> Callable[..., Any]:
    """Return a function that sends to paths at a host, for a subuser if one is named."""
    headers = {**client.headers, "Host": host, **({"On-Behalf-Of": subuser} if subuser else {})}

    def send(method: str, path: str, **options: Any) -> Any:
        return client.application.test_client().open(path, method=method, headers=headers, **options)

    return send


def unauthorized(response: Any, field: str | None = None) -> None:
    error = {"field": field, "message": "authorization required"}
    assert (response.status_code, response.json) == (401, {"errors": [error]})


@pytest.mark.parametrize(
    ("subuser", "region"), [(None, "global"), ("globe", "global"), ("europe", "eu"), ("unknown", None)]
)
def test_each_host_serves_its_region(account: ProviderClient, subuser: str | None, region: str | None) -> None:
    """At the other one nothing changes. The request log has the reason, which is assumed."""
    for host, served in zip(HOSTS, ("global", "eu"), strict=True):
        send = at(account, host, subuser)
        if served == region:
            assert send("GET", POOLS).status_code == send("GET", f"{MANAGED}/pools").status_code == 200
            continue
        unauthorized(send("GET", POOLS))
        unauthorized(send("GET", f"{MANAGED}/pools"), "")
        error = account.last_record.error
        assert error is not None
        expected = "management_authorization_required" if region is None else "management_wrong_region"
        assert error.key == expected
        if region is not None:
            assert error.source.kind == "assumed"
        unauthorized(send("POST", POOLS, json={"name": "new"}))
    if region is not None:
        assert {"name": "new"} not in at(account, HOSTS[region == "eu"], subuser)("GET", POOLS).json


@pytest.mark.parametrize("host", ["API.EU.SendGrid.com", "api.eu.sendgrid.com:443"])
def test_spelling_of_the_host(account: ProviderClient, host: str) -> None:
    unauthorized(at(account, host)("GET", POOLS))
    assert at(account, host, "europe")("GET", POOLS).json == [{"name": "hers"}]


def test_key_of_an_eu_subuser(account: ProviderClient) -> None:
    """A key that is created by or for a subuser of the EU is served by the EU host."""
    made = at(account, HOSTS[1], "europe")("POST", "/v3/api_keys", json={"name": "key"}).json
    key = account.with_key(made["api_key"])
    unauthorized(key.get(POOLS))
    unauthorized(at(key, HOSTS[0])("GET", POOLS))
    assert at(key, HOSTS[1])("GET", POOLS).json == [{"name": "hers"}]


def test_seeded_key_of_an_eu_subuser(make_sendgrid: Callable[..., ProviderClient]) -> None:
    seeded = make_sendgrid(
        credentials=[{"key": EU_KEY, "subuser": "team"}], subusers=[{"name": "team", "region": "eu"}]
    ).with_key(EU_KEY)
    unauthorized(seeded.get(POOLS))
    assert at(seeded, HOSTS[1])("GET", POOLS).json == []


def test_eu_subuser_sees_the_eu(account: ProviderClient) -> None:
    """In every list, by address, in warm-up and reverse DNS. The other host shows both regions."""
    send = at(account, HOSTS[1], "europe")
    mine = ["10.0.0.2", "10.0.0.3"]
    assert [each["ip"] for each in send("GET", IPS).json] == mine
    page = send("GET", f"{MANAGED}/ips?include_region=true").json["result"]
    assert [(each["ip"], each["region"]) for each in page] == [(ip, "eu") for ip in mine]
    assert send("GET", f"{MANAGED}/ips?region=us").json["result"] == []
    assert [each["ip"] for each in send("GET", "/v3/whitelabel/ips").json] == mine
    assert [each["ip"] for each in send("GET", f"{IPS}/warmup").json] == ["10.0.0.2"]
    assert send("GET", f"{IPS}/warmup/10.0.0.1").status_code == 404
    assert send("GET", f"{MANAGED}/ips/10.0.0.1").json["errors"][0]["message"] == "not found"
    globe = at(account, HOSTS[0], "globe")
    assert [each["ip"] for each in globe("GET", IPS).json] == ["10.0.0.1", "10.0.0.2"]
    assert len(account.get(IPS).json) == 4


def test_pool_of_an_eu_subuser_takes_eu_ips(account: ProviderClient) -> None:
    send = at(account, HOSTS[1], "europe")
    assert send("POST", POOLS, json={"name": "new"}).status_code == 200
    assert send("POST", f"{POOLS}/new/ips", json={"ip": "10.0.0.2"}).status_code == 200
    assert send("POST", f"{POOLS}/new/ips", json={"ip": "10.0.0.1"}).status_code == 404
    refused = send("POST", f"{MANAGED}/pools", json={"name": "newer", "ips": ["10.0.0.2", "10.0.0.1"]})
    assert refused.json["errors"][0]["message"] == "unable to verify IPs assignability: 10.0.0.1"
    (pool,) = send("GET", f"{MANAGED}/pools?ip=10.0.0.2&include_region=true&region=eu").json["result"]
    assert (pool["name"], pool["regions"]) == ("new", ["eu"])
    assert {"name": "new"} not in account.get(POOLS).json


def test_seeded_pool_of_an_eu_subuser_has_eu_ips(make_sendgrid: Callable[..., ProviderClient]) -> None:
    with pytest.raises(ValueError, match="cannot join a pool of this account"):
        make_sendgrid(
            subusers=[{"name": "team", "region": "eu"}],
            ips=[{"ip": "10.0.0.1", "rdns": "o1.example.com", "subusers": ["team"]}],
            pools=[{"id": "1", "name": "a", "ips": ["10.0.0.1"], "subuser": "team"}],
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{IPS}/assigned"),
        ("GET", f"{IPS}/10.0.0.2"),
        ("POST", IPS),
        ("POST", f"{MANAGED}/ips"),
        ("PATCH", f"{MANAGED}/ips/10.0.0.2"),
        ("GET", f"{MANAGED}/ips/10.0.0.2/subusers"),
        ("GET", SUBUSERS),
        ("DELETE", f"{SUBUSERS}/globe"),
    ],
)
def test_what_the_eu_host_does_not_have(account: ProviderClient, method: str, path: str) -> None:
    """Operations that the documents list for the other host only are unknown paths."""
    response = at(account, HOSTS[1], "europe")(method, path, json={} if method != "GET" else None)
    field = "" if path.startswith(MANAGED) else None
    assert (response.status_code, response.json) == (
        404,
        {"errors": [{"field": field, "message": "resource not found"}]},
    )


@pytest.mark.parametrize("path", [IPS, POOLS, f"{IPS}/warmup", f"{IPS}/remaining", "/v3/scopes", f"{MANAGED}/ips"])
def test_what_the_eu_host_has(account: ProviderClient, path: str) -> None:
    assert at(account, HOSTS[1], "europe")("GET", path).status_code == 200


def test_subuser_that_is_created_in_the_eu(sendgrid: ProviderClient) -> None:
    """It is created at the parent's host, and used at its own; it cannot create another one."""
    body = {"username": "team", "email": "a@example.com", "password": "x", "ips": ["198.51.100.4"], "region": "eu"}
    assert sendgrid.post(SUBUSERS, json=body).status_code == 200
    unauthorized(sendgrid.acting_for("team").get(POOLS))
    send = at(sendgrid, HOSTS[1], "team")
    assert [each["ip"] for each in send("GET", IPS).json] == ["198.51.100.4"]
    response = send("POST", SUBUSERS, json={**body, "username": "other"})
    assert (response.status_code, response.json) == (
        403,
        {"errors": [{"message": "you dont have permission to access this resource"}]},
    )


# The prefix


def test_prefix_is_the_eu_host(account: ProviderClient) -> None:
    """Links lead to where the client asked; encoded slashes are part of a name."""
    client, headers = account.application.test_client(), {**account.headers, "On-Behalf-Of": "europe"}
    unauthorized(client.get(f"/sendgrid-eu{POOLS}", headers=account.headers))
    made = client.post(f"/sendgrid-eu{POOLS}", headers=headers, json={"name": "a/b"})
    assert made.status_code == 200
    assert client.get(f"/sendgrid-eu{POOLS}/a%2Fb", headers=headers).json == {"ips": [], "pool_name": "a/b"}
    assert {"name": "a/b"} in at(account, HOSTS[1], "europe")("GET", POOLS).json
    link = client.get(f"/sendgrid-eu{IPS}?limit=1", headers=headers).headers["Link"]
    assert link.startswith("<http://localhost/sendgrid-eu/v3/ips?limit=1&offset=1>")
    unknown = client.get("/sendgrid-eu/nope", headers=headers)
    assert (unknown.status_code, unknown.json) == (404, {"errors": [{"field": None, "message": "resource not found"}]})
    assert client.get(f"/sendgrid-europe{POOLS}", headers=headers).status_code == 404
    assert client.get(f"/sendgrid-eu{POOLS}", headers={**headers, "Host": HOSTS[0]}).status_code == 404
