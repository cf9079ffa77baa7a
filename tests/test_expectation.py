"""The state of a tenant compared with an expected one: `expect`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver import Server, Tenant, create_app
from mockserver.core.errors import SeedError
from mockserver.testing.in_process import InProcessClient

SEED: dict[str, Any] = {
    "sendgrid": {
        "remaining_ips": 5,
        "ips": ["192.0.2.1", "192.0.2.2"],
        "subusers": ["team"],
        "pools": [
            {"name": "receipts", "ips": ["192.0.2.1", "192.0.2.2"]},
            {"id": "7", "name": "spare"},
            {"name": "spare", "subuser": "team"},
        ],
    },
    "sparkpost": {"ip_pools": ["Bulk"], "sending_ips": [{"external_ip": "192.0.2.3", "ip_pool": "Bulk"}]},
    "mailgun": {
        "subaccounts": ["Sub"],
        "ips": ["2001:db8::1"],
        "ip_pools": [{"name": "Receipts", "ips": ["2001:db8::1"], "delegated_to": ["Sub"]}],
        "domains": [{"name": "a.example.com", "pool_id": "Receipts"}],
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(InProcessClient(create_app(seed=SEED))) as server:
        yield server


@pytest.fixture(scope="module")
def tenant(server: Server) -> Tenant:
    return server.create_tenant()


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"sendgrid": {}},
        {"sendgrid": {"pools": ["receipts"], "profile": "documented"}},
        {"sendgrid": {"pools": [{"name": "receipts", "ips": ["192.0.2.2", "192.0.2.1"]}], "remaining_ips": 5}},
        {"sendgrid": {"pools": ["spare", {"name": "spare", "subuser": "team"}]}},
        {"sendgrid": {"pools": [{"id": "7", "name": "spare"}], "credentials": ["any"]}},
        {"sparkpost": {"sending_ips": [{"external_ip": "192.0.2.3", "ip_pool": "Bulk"}]}},
        {"sparkpost": {"ip_pools": [{"id": "bulk"}]}},
        {"mailgun": {"domains": [{"name": "A.example.com", "pool_id": "Receipts", "ips": ["2001:0db8::1"]}]}},
        {"mailgun": {"ip_pools": [{"name": "Receipts", "delegated_to": ["Sub"]}], "ips": ["2001:0db8::1"]}},
    ],
    ids=str,
)
def test_expected_state(expected: dict[str, Any], tenant: Tenant) -> None:
    """What a seed does not name is not compared; order and spelling do not matter."""
    tenant.expect(expected)


def test_state_is_as_expected_by_its_own_seed_and_state(tenant: Tenant) -> None:
    tenant.expect(SEED, exact=True)
    tenant.expect(tenant.state(), exact=True)


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ({"sendgrid": {"pools": ["recepits"]}}, "sendgrid.pools 'recepits': missing; there is receipts, spare, spare"),
        ({"sendgrid": {"pools": [{"name": "receipts", "id": "9"}]}}, "sendgrid.pools '9': missing; there is "),
        (
            {"sendgrid": {"pools": [{"name": "receipts", "ips": ["192.0.2.1", "192.0.2.9"]}]}},
            'sendgrid.pools \'receipts\': ips: missing ["192.0.2.9"], unexpected ["192.0.2.2"]',
        ),
        ({"sendgrid": {"pools": ["spare", "spare", "spare"]}}, "sendgrid.pools 'spare': missing; there is receipts"),
        ({"sendgrid": {"remaining_ips": 4}}, "sendgrid.remaining_ips: expected 4, got 5"),
        ({"sendgrid": {"profile": "live"}}, 'sendgrid.profile: expected "live", got "documented"'),
        ({"mailgun": {"switches": {"pool_metadata": True}}}, "mailgun.switches.pool_metadata: expected true, got none"),
        (
            {"sparkpost": {"sending_ips": [{"external_ip": "192.0.2.3", "ip_pool": "default"}]}},
            "sparkpost.sending_ips '192.0.2.3': ip_pool: expected \"default\", got \"bulk\"",
        ),
        (
            {"mailgun": {"domains": [{"name": "a.example.com", "pool_id": "Other"}]}},
            "mailgun.domains 'a.example.com': pool_id: expected \"Other\", got ",
        ),
        ({"mailgun": {"features": []}}, 'mailgun.features: unexpected ["DIPPs", "Detailed IP view"]'),
        ({"mailgun": {"jobs": [{"id": "0" * 24}]}}, f"mailgun.jobs '{'0' * 24}': missing; there is no other"),
    ],
    ids=str,
)  # fmt: skip
def test_difference(expected: dict[str, Any], difference: str, tenant: Tenant) -> None:
    (found,) = tenant.differences(expected)
    assert found.startswith(difference)
    with pytest.raises(AssertionError) as caught:
        tenant.expect(expected)
    assert str(caught.value) == f"the state of {tenant.id} is not as expected:\n{found}"


def test_exact_expectation_has_every_record(tenant: Tenant) -> None:
    """Of the providers that it names: also of lists that it leaves out; SparkPost's default pool always exists."""
    assert tenant.differences({"sparkpost": {"ip_pools": ["Bulk"]}}, exact=True) == [
        "sparkpost.sending_ips '192.0.2.3': unexpected"
    ]
    assert tenant.differences({"mailgun": {}}, exact=True) == [
        "mailgun.subaccounts 'Sub': unexpected",
        "mailgun.ips '2001:db8::1': unexpected",
        "mailgun.ip_pools 'Receipts': unexpected",
        "mailgun.domains 'a.example.com': unexpected",
    ]
    assert tenant.differences({}, exact=True) == []


def test_expectation_follows_requests(server: Server) -> None:
    """Records that requests created are found by their names, whatever their ids are."""
    with server.create_tenant() as tenant:
        client = server.app.test_client()
        headers = dict(tenant.sendgrid.headers)
        client.post("/sendgrid/v3/ips/pools", json={"name": "new"}, headers=headers)
        client.delete("/sendgrid/v3/ips/pools/receipts", headers=headers)
        expected = {"sendgrid": {**SEED["sendgrid"], "pools": ["new", *SEED["sendgrid"]["pools"][1:]]}}
        tenant.expect(expected, exact=True)
        assert len(tenant.differences(SEED, exact=True)) == 2


def test_expectation_of_a_file(tenant: Tenant, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "expected.yaml"
    path.write_text("name: a\n---\nname: b\nsendgrid:\n  pools:\n  - other\n  - {nam: x}\n", "utf-8")
    tenant.expect(f"{path}#a")
    with pytest.raises(SeedError, match=r"expected\.yaml:7: sendgrid\.pools\[1\]"):
        tenant.expect(f"{path}#b")
    assert tenant.differences("documents#lists") != []
    with pytest.raises(SeedError, match="sendgird: unknown key"):
        tenant.expect({"sendgird": {}})
    with pytest.raises(SeedError, match="sendgrid: expected a mapping"):
        tenant.expect({"sendgrid": []})
