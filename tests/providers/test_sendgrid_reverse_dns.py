"""Reverse DNS, and what it decides: whether an IP may join a pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import ProviderClient

RDNS = "/v3/whitelabel/ips"
POOLS = "/v3/ips/pools"
MANAGED = "/v3/send_ips"
BARE = "203.0.113.202"
"""The default seed's IP without reverse DNS."""
BODY = {"ip": BARE, "subdomain": "email", "domain": "example.com"}


def plain(response: Any, status: int, *messages: str) -> None:
    """Assert that a response has these errors, which have no field."""
    assert (response.status_code, response.json) == (status, {"errors": [{"message": each} for each in messages]})


def join(sendgrid: ProviderClient, ip: str) -> list[int]:
    """Return the statuses of adding an IP to a pool in both APIs."""
    return [
        sendgrid.post(f"{POOLS}/spare/ips", json={"ip": ip}).status_code,
        sendgrid.post(f"{MANAGED}/pools/56789/ips:batchAdd", json={"ips": [ip]}).status_code,
    ]


def test_life_of_a_record(sendgrid: ProviderClient) -> None:
    """With reverse DNS an IP joins pools; without it leaves them."""
    assert join(sendgrid, BARE) == [404, 400]
    made = sendgrid.post(RDNS, json=BODY)
    number = made.json["id"]
    assert (made.status_code, list(made.json.items())) == (
        201,
        [
            ("id", number),
            ("ip", BARE),
            ("rdns", "o1.email.example.com"),
            ("users", [{"username": "parent", "user_id": 1000}]),
            ("subdomain", "email"),
            ("domain", "example.com"),
            ("valid", True),
            ("legacy", False),
            ("a_record", {"valid": True, "type": "a", "host": "o1.email.example.com", "data": BARE}),
        ],
    )
    assert sendgrid.get(f"{RDNS}/{number}").json == made.json
    assert sendgrid.get(f"{RDNS}?ip={BARE}").json == [made.json]
    shown = sendgrid.get(f"/v3/ips/{BARE}").json
    assert (shown["rdns"], shown["whitelabeled"]) == ("o1.email.example.com", True)
    assert join(sendgrid, BARE) == [200, 200]
    validated = sendgrid.post(f"{RDNS}/{number}/validate")
    results = {"a_record": {"valid": True, "reason": None}}
    assert (validated.status_code, validated.json) == (
        200,
        {"id": number, "valid": True, "validation_results": results},
    )
    deleted = sendgrid.delete(f"{RDNS}/{number}")
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert sendgrid.get(f"{POOLS}/spare").json["ips"] == []
    shown = sendgrid.get(f"/v3/ips/{BARE}").json
    assert ("rdns" in shown, shown["whitelabeled"]) == (False, False)
    assert join(sendgrid, BARE) == [404, 400]
    for response in (
        sendgrid.get(f"{RDNS}/{number}"),
        sendgrid.delete(f"{RDNS}/{number}"),
        sendgrid.post(f"{RDNS}/{number}/validate"),
    ):
        plain(response, 404, "Reverse DNS record not found.")


@pytest.mark.parametrize("record_id", ["999", "0", "x", "-1", "1.0", "٣", "9" * 5_000])
def test_unknown_record_is_404(sendgrid: ProviderClient, record_id: str) -> None:
    plain(sendgrid.get(f"{RDNS}/{record_id}"), 404, "Reverse DNS record not found.")


def test_names_are_numbered(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """Each name is used once; a record without a subdomain does not have the field."""
    sendgrid = make_sendgrid(ips=[{"ip": f"10.0.0.{number}"} for number in range(1, 5)])

    def name(number: int, **body: Any) -> str:
        made = sendgrid.post(RDNS, json={"ip": f"10.0.0.{number}", **body})
        assert made.json["domain"] == body["domain"]
        assert made.json.get("subdomain") == body.get("subdomain")
        rdns: str = made.json["rdns"]
        return rdns

    assert name(1, domain="example.co.uk", subdomain="a.b") == "o1.a.b.example.co.uk"
    assert name(2, domain="example.co.uk", subdomain="a.b") == "o2.a.b.example.co.uk"
    assert name(3, domain="example.co.uk") == "o1.example.co.uk"
    sendgrid.delete(f"{RDNS}/{sendgrid.get(f'{RDNS}?ip=10.0.0.1').json[0]['id']}")
    assert name(4, domain="example.co.uk", subdomain="a.b") == "o1.a.b.example.co.uk"
    ids = [each["id"] for each in sendgrid.get(RDNS).json]
    assert ids == sorted(set(ids))


def test_pages_of_records(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """Sorted by id, by limit and offset; `ip` is the beginning of an address."""
    ips = [{"ip": f"10.0.{number}.1", "rdns": f"o{number}.mail.example.com"} for number in range(1, 4)]
    sendgrid = make_sendgrid(ips=[*ips, {"ip": "10.1.0.1"}, {"ip": "10.2.0.1", "rdns": "o.example.com", "rdns_id": 1}])

    def listed(query: str) -> list[tuple[int, str]]:
        return [(each["id"], each["ip"]) for each in sendgrid.get(f"{RDNS}?{query}").json]

    assert listed("") == [(1, "10.2.0.1"), (2, "10.0.1.1"), (3, "10.0.2.1"), (4, "10.0.3.1")]
    assert listed("limit=2&offset=1") == [(2, "10.0.1.1"), (3, "10.0.2.1")]
    assert listed("ip=10.0.") == [(2, "10.0.1.1"), (3, "10.0.2.1"), (4, "10.0.3.1")]
    assert listed("ip=0.0") == listed("ip=test_string") == listed("offset=4") == []
    for query, field, message in (
        ("limit=0", "limit", "should be > 0 and <= 500"),
        ("limit=501", "limit", "should be > 0 and <= 500"),
        ("limit=x", "limit", "should be > 0 and <= 500"),
        ("offset=-1", "offset", "must be >= 0"),
        ("offset=x", "offset", "must be a numeric value"),
    ):
        response = sendgrid.get(f"{RDNS}?{query}")
        assert (response.status_code, response.json) == (400, {"errors": [{"field": field, "message": message}]})


@pytest.mark.parametrize(
    ("rdns", "subdomain", "domain"),
    [
        ("o1.ptr.example.com", "ptr", "example.com"),
        ("o1.a.mail.example.com", "a", "mail.example.com"),
        ("mail.example.com", None, "example.com"),
        ("localhost", None, "localhost"),
    ],
)
def test_seeded_name_is_split(
    make_sendgrid: Callable[..., ProviderClient], rdns: str, subdomain: str | None, domain: str
) -> None:
    (record,) = make_sendgrid(ips=[{"ip": "10.0.0.1", "rdns": rdns}]).get(RDNS).json
    assert (record["rdns"], record.get("subdomain"), record["domain"]) == (rdns, subdomain, domain)


def test_seeded_domain_is_used(make_sendgrid: Callable[..., ProviderClient]) -> None:
    ip = {"ip": "10.0.0.1", "rdns": "o1.mail.example.co.uk", "rdns_domain": "example.co.uk", "rdns_id": 77}
    (record,) = make_sendgrid(ips=[ip]).get(RDNS).json
    assert (record["id"], record.get("subdomain"), record["domain"]) == (77, "mail", "example.co.uk")


def test_record_that_is_not_valid(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """A seed can have one; its IP joins no pool until it is validated."""
    sendgrid = make_sendgrid(
        ips=[{"ip": "10.0.0.1", "rdns": "o1.mail.example.com", "rdns_valid": False}],
        pools=[{"id": "56789", "name": "spare"}],
    )
    (record,) = sendgrid.get(RDNS).json
    assert (record["valid"], record["a_record"]["valid"]) == (False, False)
    assert sendgrid.get("/v3/ips/10.0.0.1").json["whitelabeled"] is False
    assert join(sendgrid, "10.0.0.1") == [404, 400]
    assert len(sendgrid.get("/v3/ips?exclude_whitelabels=true").json) == 1
    assert sendgrid.post(f"{RDNS}/{record['id']}/validate").json["valid"] is True
    assert sendgrid.get(f"{RDNS}/{record['id']}").json["valid"] is True
    assert sendgrid.get("/v3/ips?exclude_whitelabels=true").json == []
    assert join(sendgrid, "10.0.0.1") == [200, 200]


MISSING = "missing required argument"


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"ip": None}, [MISSING]),
        ({"ip": ""}, [MISSING]),
        ({"domain": ""}, [MISSING]),
        ({"domain": 5}, [MISSING]),
        ({"ip": 1, "domain": None, "subdomain": 5}, [MISSING, MISSING, "invalid subdomain"]),
        ({"ip": "203.0.113.1"}, ["already exists"]),
    ],
)
def test_bodies_that_do_not_fit(sendgrid: ProviderClient, change: dict[str, Any], messages: list[str]) -> None:
    plain(sendgrid.post(RDNS, json={**BODY, **change}), 400, *messages)
    plain(sendgrid.post(RDNS, data=b"{"), 400, "Request body is not valid json")
    plain(sendgrid.post(RDNS, json={}), 400, MISSING, MISSING)


def test_records_of_a_subuser(sendgrid: ProviderClient) -> None:
    """A subuser has the records of its IPs, and sees itself alone."""
    subuser = sendgrid.acting_for("subuser1")
    records = subuser.get(RDNS).json
    assert [each["ip"] for each in records] == ["203.0.113.7", "203.0.113.8", "203.0.113.205"]
    assert records[0]["users"] == [{"username": "subuser1", "user_id": 1001}]
    parents = sendgrid.get(f"{RDNS}?ip=203.0.113.7").json[0]
    names = [each["username"] for each in parents["users"]]
    assert names == ["parent", "subuser1"]
    plain(subuser.post(RDNS, json=BODY), 404, "resource not found")
    (other,) = [each for each in sendgrid.get(RDNS).json if each["ip"] == "203.0.113.1"]
    plain(subuser.delete(f"{RDNS}/{other['id']}"), 404, "Reverse DNS record not found.")
    plain(sendgrid.post(RDNS, json={**BODY, "ip": "9.9.9.9"}), 404, "resource not found")


def test_new_ips_wait_for_reverse_dns_with_the_switch(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """In both APIs a new IP has reverse DNS, or waits for the call."""
    pools = [{"id": "56789", "name": "spare"}]
    for waits in (False, True):
        sendgrid = make_sendgrid(pools=pools, switches={"ips_wait_for_rdns": waits})
        (bought,) = sendgrid.post("/v3/ips", json={"count": 1, "user_can_send": True}).json["ips"]
        added = sendgrid.post(f"{MANAGED}/ips", json={"is_auto_warmup": False, "is_parent_assigned": True}).json
        assert len(sendgrid.get(RDNS).json) == (0 if waits else 2)
        for ip in (bought["ip"], added["ip"]):
            assert join(sendgrid, ip) == ([404, 400] if waits else [200, 200])
            if waits:
                assert sendgrid.post(RDNS, json={**BODY, "ip": ip}).status_code == 201
                assert join(sendgrid, ip) == [200, 200]


def test_new_ips_have_ids_of_their_own(make_sendgrid: Callable[..., ProviderClient]) -> None:
    """Records of new IPs and of calls never have an id of the seed."""
    ips = [{"ip": f"10.0.0.{number}", "rdns": "o.example.com"} for number in range(1, 9)]
    sendgrid = make_sendgrid(ips=[*ips, {"ip": "10.0.0.9"}])
    sendgrid.post("/v3/ips", json={"count": 2})
    sendgrid.post(RDNS, json={**BODY, "ip": "10.0.0.9"})
    ids = [each["id"] for each in sendgrid.get(RDNS).json]
    assert len(set(ids)) == 11


@pytest.mark.parametrize(
    ("ip", "classic", "management"),
    [
        ("9.9.9.9", "not_addable", "ips_unassignable"),
        ("203.0.113.204", "not_addable", "ips_unassignable"),
        (BARE, "not_whitelabeled", "ips_not_whitelabeled"),
        ("203.0.113.203", "not_enabled", "ips_not_enabled"),
    ],
    ids=["unknown", "not assigned", "no reverse DNS", "not enabled"],
)
def test_request_log_has_the_reason(sendgrid: ProviderClient, ip: str, classic: str, management: str) -> None:
    """The messages are the same; the entry of the catalog and its evidence differ."""
    kinds = []
    for path, body, key in (
        (f"{POOLS}/spare/ips", {"ip": ip}, classic),
        (f"{MANAGED}/pools/56789/ips:batchAdd", {"ips": ["203.0.113.1", ip]}, management),
        (f"{MANAGED}/pools", {"name": "new", "ips": [ip]}, management),
    ):
        sendgrid.post(path, json=body)
        error = sendgrid.last_record.error
        assert error is not None and error.key == key
        kinds.append(error.source.kind)
    assert set(kinds) == {"documented" if classic == "not_addable" else "assumed"}


def test_unknown_ip_comes_before_other_reasons(sendgrid: ProviderClient) -> None:
    ips = ["203.0.113.203", BARE, "9.9.9.9"]
    response = sendgrid.post(f"{MANAGED}/pools/56789/ips:batchAdd", json={"ips": ips})
    text = f"unable to verify IPs assignability: {', '.join(ips)}"
    assert response.json == {"errors": [{"field": "ips", "message": text}]}
    error = sendgrid.last_record.error
    assert error is not None and error.key == "ips_unassignable"


def test_scopes(make_sendgrid: Callable[..., ProviderClient]) -> None:
    sendgrid = make_sendgrid(credentials=[{"key": "reader", "scopes": ["whitelabel.read"]}], ips=[{"ip": BARE}])
    reader = sendgrid.with_key("reader")
    assert reader.get(RDNS).status_code == 200
    for method, path in (("POST", RDNS), ("DELETE", f"{RDNS}/1"), ("POST", f"{RDNS}/1/validate")):
        response = reader.open(path, method=method)
        assert (response.status_code, response.json["errors"][0]["message"]) == (403, "access forbidden")
