"""SparkPost's rules, through HTTP."""

from __future__ import annotations

import pytest
from flask import Flask

from mockserver.providers.sparkpost.rules import sending_ips as rules

from ..support import SPARKPOST, SPARKPOST_KEY, ProviderClient, basic

POOLS = "/api/v1/ip-pools"
IPS = "/api/v1/sending-ips"


def error(message: str, **more: object) -> dict[str, object]:
    return {"errors": [{"message": message, **more}]}


def create(sparkpost: ProviderClient, name: str, **more: object) -> str:
    response = sparkpost.post(POOLS, json={"name": name, **more})
    assert response.status_code == 200
    pool_id: str = response.json["results"]["id"]
    return pool_id


@pytest.mark.parametrize(
    ("name", "pool_id"),
    [
        ("Marketing Pool", "marketing_pool"),
        ("hello!", "hello_"),
        ("a  b", "a__b"),
        ("Ünï", "_n_"),
        ("UPPER_case_9", "upper_case_9"),
        ("İstanbul", "_stanbul"),
        ("x" * 65, "x" * 65),
    ],
)
def test_an_id_comes_from_the_name(sparkpost: ProviderClient, name: str, pool_id: str) -> None:
    """An id is the name in lower case, other characters being underscores, of any length."""
    assert create(sparkpost, name) == pool_id


def test_ids_are_unique(sparkpost: ProviderClient) -> None:
    """A name that is taken gets a number, the lowest that is free."""
    assert [create(sparkpost, "Twice") for _ in range(3)] == ["twice", "twice_1", "twice_2"]
    sparkpost.delete(f"{POOLS}/twice_1")
    assert create(sparkpost, "twice") == "twice_1"


def test_there_is_no_limit_on_pools(sparkpost: ProviderClient) -> None:
    """SparkPost documents no number of pools: the 101st is made like the first."""
    for number in range(101):
        create(sparkpost, f"pool {number}")
    assert len(sparkpost.get(POOLS).json["results"]) == 5 + 101


def test_a_new_pool_is_empty_and_leaves_out_what_is_unset(sparkpost: ProviderClient) -> None:
    """A pool without a signing domain has no such field; its list of IPs is there, and empty."""
    create(sparkpost, "Plain", fbl_signing_domain="")
    assert sparkpost.get(f"{POOLS}/plain").json == {"results": {"id": "plain", "name": "Plain", "ips": []}}


@pytest.mark.parametrize("name", [None, "", "   "])
def test_a_name_is_required(sparkpost: ProviderClient, name: object) -> None:
    """A missing or blank name is refused with what was sent."""
    expected = error("`name` is a required field", param="name", value=name)
    for response in (
        sparkpost.post(POOLS, json={"name": name}),
        sparkpost.put(f"{POOLS}/transactional", json={"name": name}),
    ):
        assert (response.status_code, response.json) == (400, expected)
    response = sparkpost.post(POOLS, json={"title": "x"})
    assert response.json == error("`name` is a required field", param="name", value=None)


@pytest.mark.parametrize("name", ["default", "Default", "DEFAULT"])
def test_no_second_default(sparkpost: ProviderClient, name: str) -> None:
    """A name whose id would be `default` is refused."""
    response = sparkpost.post(POOLS, json={"name": name})
    assert (response.status_code, response.json) == (400, error("IP Pool default is reserved."))


def test_update_keeps_id_and_ips(sparkpost: ProviderClient) -> None:
    """Renaming a pool changes neither its id nor its IPs; a signing domain that is not sent stays."""
    before = sparkpost.get(f"{POOLS}/marketing").json["results"]
    response = sparkpost.put(f"{POOLS}/marketing", json={"name": "New"})
    assert response.json == {"results": {"name": "New", "fbl_signing_domain": "sparkpostmail.com", "id": "marketing"}}
    assert sparkpost.get(f"{POOLS}/marketing").json["results"] == {**before, "name": "New"}


def test_a_blank_removes_the_signing_domain(sparkpost: ProviderClient) -> None:
    """An empty signing domain removes it."""
    response = sparkpost.put(f"{POOLS}/marketing", json={"name": "M", "fbl_signing_domain": ""})
    assert response.json == {"results": {"name": "M", "id": "marketing"}}


def test_delete_moves_ips_to_default(sparkpost: ProviderClient) -> None:
    """The IPs of a deleted pool are in the default pool, in both views."""
    assert sparkpost.delete(f"{POOLS}/marketing").status_code == 204
    addresses = [ip["external_ip"] for ip in sparkpost.get(f"{POOLS}/default").json["results"]["ips"]]
    assert addresses == ["54.244.54.135", "54.244.54.137", "203.0.113.141", "203.0.113.25"]
    assert sparkpost.get(f"{IPS}/54.244.54.135").json["results"]["ip_pool"] == "default"
    assert sparkpost.get(f"{POOLS}/marketing").status_code == 404


def test_what_a_pool_is_asked_decides_its_404(sparkpost: ProviderClient) -> None:
    """GET has one text for an unknown pool, PUT and DELETE have another; ids are case sensitive."""
    assert sparkpost.get(f"{POOLS}/Default").json == error("IP pool not found.")
    assert sparkpost.put(f"{POOLS}/nope", json={}).json == error("IP Pool nope does not exist.")
    assert sparkpost.delete(f"{POOLS}/nope").json == error("IP Pool nope does not exist.")


def test_a_pool_is_looked_up_before_the_body_is_read(sparkpost: ProviderClient) -> None:
    """An unknown or reserved pool is refused as such even when the body is no JSON."""
    assert sparkpost.put(f"{POOLS}/nope", data="{").status_code == 404
    assert sparkpost.put(f"{POOLS}/default", data="{").json == error(
        "IP Pool default is reserved and cannot be updated."
    )
    assert sparkpost.put(f"{IPS}/54.244.54.200", data="{").json == error("Sending IP does not exist")
    assert sparkpost.put(f"{IPS}/nonsense", data="{").json == error("external ip must be a valid IPv4 address")


def test_one_relation_two_views(sparkpost: ProviderClient) -> None:
    """Moving an IP takes it out of its old pool and into the new one; moving it where it is succeeds."""
    for _ in range(2):
        response = sparkpost.put(f"{IPS}/54.244.54.135", json={"ip_pool": "transactional"})
        assert (response.status_code, response.json) == (200, {"results": {"message": "Updated IP Pool."}})
    pools = {pool["id"]: [ip["external_ip"] for ip in pool["ips"]] for pool in sparkpost.get(POOLS).json["results"]}
    assert pools["marketing"] == ["54.244.54.137"]
    assert pools["transactional"] == ["54.244.54.135", "203.0.113.140"]


@pytest.mark.parametrize("ip_pool", [None, "", " "])
def test_an_ip_needs_a_pool_to_move_to(sparkpost: ProviderClient, ip_pool: object) -> None:
    """A missing or blank pool is refused with what was sent."""
    response = sparkpost.put(f"{IPS}/54.244.54.135", json={"ip_pool": ip_pool})
    assert response.status_code == 400
    assert response.json == error("`ip_pool` is a required field", param="ip_pool", value=ip_pool)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "255.255.255.255", "1.2.3.4", "249.99.10.9"], ids=lambda address: f"{address} is one"
)
def test_valid_addresses(address: str) -> None:
    """Four numbers of 0 to 255."""
    assert rules.IPV4.fullmatch(address)


@pytest.mark.parametrize(
    "address", ["256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4\n", "::1", "1.2.3.-4", "١.2.3.4", "1,2,3,4"]
)
def test_invalid_addresses(address: str) -> None:
    """Anything else is not an IPv4 address, IPv6 included."""
    assert not rules.IPV4.fullmatch(address)


def test_basic_authentication(app: Flask) -> None:
    """The key may be the user name of Basic authentication with no password: the same tenant."""
    SPARKPOST.client(app).post(POOLS, json={"name": "Mine"})
    same = SPARKPOST.client(app, headers={"Authorization": basic(SPARKPOST_KEY, "")})
    assert same.get(f"{POOLS}/mine").status_code == 200
    other = SPARKPOST.client(app, headers={"Authorization": basic(SPARKPOST_KEY, "x")})
    assert other.get(POOLS).status_code == 401


@pytest.mark.parametrize("value", [None, "", "nonsense", f"Bearer {SPARKPOST_KEY}", "Basic", "Basic !", "Basic /w=="])
def test_unauthorized(app: Flask, value: str | None) -> None:
    """Without a key that is known, every answer is the same bytes, blanks included."""
    for path in (POOLS, "/api/v1/nonsense", "/api/v1/transmissions"):
        response = SPARKPOST.client(app, headers={} if value is None else {"Authorization": value}).get(path)
        assert response.status_code == 401
        assert response.data == b'{"errors": [ {"message": "Unauthorized."} ]}'


def test_grants(app: Flask) -> None:
    """A key that may only view is forbidden to change."""
    viewer = SPARKPOST.client(app, "10cc8f00d1b2c3d4e5f60718293a4b5c6d7e8f90")
    assert viewer.get(POOLS).status_code == viewer.get(f"{IPS}/54.244.54.135").status_code == 200
    response = viewer.post(POOLS, json={"name": "x"})
    assert (response.status_code, response.data) == (403, b'{"errors": [ {"message": "Forbidden."} ]}')


def test_the_subaccount_header_is_noted_and_changes_nothing(sparkpost: ProviderClient) -> None:
    """Pools belong to the primary account, whatever subaccount is named."""
    acting = sparkpost.acting_for("123")
    assert acting.get(POOLS).json == sparkpost.get(POOLS).json
    acting.get(POOLS)
    assert acting.last_record.account == "123"


def test_any_content_type(sparkpost: ProviderClient) -> None:
    """A body is JSON whatever it is called; an empty GET or DELETE may be called anything."""
    response = sparkpost.post(POOLS, data=b'{"name": "Odd"}', headers={"Content-Type": "text/plain"})
    assert response.status_code == 200
    headers = {"Content-Type": "application/json"}
    assert sparkpost.get(POOLS, headers=headers).status_code == 200
    assert sparkpost.delete(f"{POOLS}/odd", headers=headers).status_code == 204


@pytest.mark.parametrize(
    ("body", "description"),
    [
        (b"", "Problems parsing request as json"),
        (b"{", "Problems parsing request as json"),
        (b'{"name": NaN}', "Problems parsing request as json"),
        (b'{"name": 1e400}', "Problems parsing request as json"),
        (b'{"name": [-1e999]}', "Problems parsing request as json"),
        (b'{"name": "\\ud800"}', "Problems parsing request as json"),
        (b"\xff", "Problems parsing request as json"),
        (b"[" * 100_000, "Problems parsing request as json"),
        (b'{"name": ' + b"9" * 5_000 + b"}", "Problems parsing request as json"),
        (b"[]", "JSON object expected"),
        (b'"name"', "JSON object expected"),
        (b"null", "JSON object expected"),
    ],
)
def test_broken_bodies(sparkpost: ProviderClient, body: bytes, description: str) -> None:
    """A body that is no JSON, or no object, is refused in the older dialect."""
    response = sparkpost.post(POOLS, data=body)
    assert response.status_code == 422
    assert response.json == error("invalid data format/type", description=description, code="1300")


def test_wrong_method(sparkpost: ProviderClient) -> None:
    """A wrong method names itself and the path, and Allow lists the right ones in order."""
    response = sparkpost.patch(f"{POOLS}/default")
    assert (response.status_code, response.headers["Allow"]) == (405, "DELETE, GET, PUT")
    description = "PATCH is not supported on /api/v1/ip-pools/default"
    assert response.json == error("invalid http method", description=description, code="1102")
