"""One tenant per API key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.web.server_state import server_state

from ..control_client import ControlClient
from ..provider_case import ProviderCase
from ..support import ProviderClient, store_of

STORES = ("memory", "redis")


def test_two_keys_are_two_tenants(app: Flask, case: ProviderCase) -> None:
    """Each with the initial state of the seed; neither sees the other's changes."""
    one, two = case.new_client(app), case.new_client(app)
    start = one.get(case.pools_path).data
    assert two.get(case.pools_path).data == start
    assert one.post(case.pools_path, **case.new_pool("mine")).status_code == 200
    assert one.get(case.pools_path).data != start
    assert two.get(case.pools_path).data == start
    assert case.new_client(app).get(case.pools_path).data == start


def test_one_key_is_one_tenant(app: Flask, case: ProviderCase) -> None:
    key = case.new_key()
    assert case.client(app, key).post(case.pools_path, **case.new_pool("mine")).status_code == 200
    assert "mine" in case.client(app, key).get(case.pools_path).text


@pytest.mark.parametrize(
    ("policy", "well_formed", "malformed"), [("well-formed", 200, 401), ("any", 200, 200), ("reject", 401, 401)]
)
def test_unknown_key_by_policy(
    make_app: Callable[..., Flask], case: ProviderCase, policy: str, well_formed: int, malformed: int
) -> None:
    app = make_app(unknown_credentials=policy)
    for keys, status in ((case.well_formed_keys, well_formed), (case.malformed_keys, malformed)):
        assert {case.client(app, key).get(case.pools_path).status_code for key in keys} == {status}
    if (case.name, case.api_key) in server_state(app).seed.registrations:
        assert case.client(app).get(case.pools_path).status_code == 200


def test_tenant_that_only_reads_stores_no_state(app: Flask, case: ProviderCase) -> None:
    """Neither does one whose requests fail; one that writes has the state of that provider only."""
    reader = case.new_client(app)
    reader.get(case.pools_path)
    reader.post(case.pools_path, data=b"{")
    reader.delete(f"{case.pools_path}/nope")
    assert reader.tenant.read().states == {}
    assert reader.tenant.read().state(case.name) is server_state(app).seed.states[case.name]
    reader.post(case.pools_path, **case.new_pool("mine"))
    assert list(reader.tenant.read().states) == [case.name]


def test_unknown_key_creates_no_tenant(app: Flask, case: ProviderCase) -> None:
    case.client(app, "nonsense").get(case.pools_path)
    case.client(app, headers={}).get(case.pools_path)
    assert len(store_of(app)) == 0


def test_evicted_key_is_503(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    app = make_app(max_tenants=1)
    first, second = case.new_client(app), case.new_client(app)
    assert [each.get(case.pools_path).status_code for each in (first, second)] == [200, 200]
    response = first.get(case.pools_path)
    assert (response.status_code, response.content_type) == (503, "application/problem+json")
    assert "--max-tenants" in response.json["detail"]


def test_same_text_as_key_of_two_providers_is_two_tenants(
    make_app: Callable[..., Flask], cases: list[ProviderCase]
) -> None:
    app = make_app(unknown_credentials="any")
    ids = [case.client(app, "same").tenant.id for case in cases]
    assert len(set(ids)) == len(cases)


def test_key_is_not_shown(provider: ProviderClient, case: ProviderCase) -> None:
    """Neither in a record nor in its representation."""
    provider.get(case.pools_path)
    record = next(iter(provider.tenant.request_log))
    assert record.credential == "…" + case.api_key[-4:]
    assert case.api_key not in repr(record)
    assert not any(value in repr(record) for value in provider.headers.values())


# Tenants of the control API


def test_new_tenant_has_access_to_the_provider(app: Flask, case: ProviderCase) -> None:
    """A credential, a base URL, headers and environment variables, which all work."""
    control = ControlClient(app)
    tenant = control.new_tenant()
    access = tenant.data["providers"][case.name]
    key = access["api_key"]
    assert server_state(app).providers[case.name].api_key_pattern.fullmatch(key)
    assert access["url"] == f"http://localhost/{case.name}"
    assert key in access["env"].values()
    for client in (tenant.client(case), case.client(app, key)):
        assert client.get(case.pools_path).status_code == 200
    assert control.ok("POST", "/tenants/lookup", {"provider": case.name, "credential": key}) == {"id": tenant.id}
    assert control.ok("GET", tenant.path) == tenant.data
    assert control.ok("GET", "/tenants")["tenants"] == [{"id": tenant.id, "requests": 2, "written": []}]


def test_new_tenants_do_not_see_each_other(app: Flask, case: ProviderCase) -> None:
    control = ControlClient(app)
    one, two = control.new_tenant(), control.new_tenant()
    assert one.client(case).post(case.pools_path, **case.new_pool("mine")).status_code == 200
    assert one.client(case).get(case.pools_path).data != two.client(case).get(case.pools_path).data
    assert two.ok("GET", "/state")["state"] == control.new_tenant().ok("GET", "/state")["state"]
    one.fault("*", status=500)
    one.ok("PUT", "/clock", {"frozen": True})
    assert two.ok("GET", "/faults") == {"faults": []}
    assert two.ok("GET", "/clock")["frozen"] is False
    assert two.client(case).get(case.pools_path).status_code == 200


def test_state_that_was_read_can_be_put(app: Flask, case: ProviderCase) -> None:
    """A reset leads back to the seed."""
    tenant = ControlClient(app).new_tenant()
    client = tenant.client(case)
    start = client.get(case.pools_path).data
    assert client.post(case.pools_path, **case.new_pool("mine")).status_code == 200
    changed, state = client.get(case.pools_path).data, tenant.ok("GET", "/state")["state"]
    tenant.ok("POST", "/reset", {})
    assert client.get(case.pools_path).data == start
    assert tenant.ok("PUT", "/state", {"state": {case.name: state[case.name]}})["state"] == state
    assert client.get(case.pools_path).data == changed


def test_same_requests_get_the_same_bytes(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    """With one id seed and one clock, identifiers included."""

    def run(id_seed: str) -> list[bytes]:
        provider = case.client(make_app(id_seed=id_seed, time=lambda: 1_700_000_000.0))
        made = [provider.post(case.pools_path, **case.new_pool(name)).data for name in ("x", "x", "y")]
        return [*made, provider.get(case.pools_path).data]

    assert run("a") == run("a")


def test_failed_request_uses_no_identifier(make_app: Callable[..., Flask], case: ProviderCase) -> None:
    created = []
    for failures in (0, 3):
        provider = case.client(make_app(time=lambda: 1_700_000_000.0))
        for _ in range(failures):
            assert provider.post(case.pools_path, data=b"{").status_code in (400, 422)
        created.append(provider.post(case.pools_path, **case.new_pool("x")).data)
    assert created[0] == created[1]


def test_demo_keys_are_shown(app: Flask, cases: list[ProviderCase]) -> None:
    """Those of the seed's tenant, which are no secret."""
    shown: dict[str, Any] = ControlClient(app).ok("GET", "/tenants/default")["providers"]
    seeded = [case for case in cases if (case.name, case.api_key) in server_state(app).seed.registrations]
    assert seeded
    assert [shown[case.name]["api_key"] for case in seeded] == [case.api_key for case in seeded]
