"""State, snapshots and reset."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mockserver import Config

from ..control_client import ControlClient, TenantClient
from ..provider_case import ProviderCase
from ..shared.observation import change_everything, observe_tenant
from ..support import (
    SENDGRID,
)

STORES = ("memory", "redis")


@pytest.mark.slow
def test_a_large_state(tenant: TenantClient) -> None:
    """A large state can be put back: the limit of a provider's request body does not apply."""
    ips = [f"10.{number // 250}.{number % 250}.1" for number in range(10_000)]
    section = {"ips": [{"ip": ip, "rdns": f"o{ip}.a-rather-long-name-of-a-host.example.com"} for ip in ips]}
    tenant.ok("PUT", "/state", {"state": {"sendgrid": section}})
    returned = tenant.ok("GET", "/state")["state"]
    assert len(json.dumps(returned)) > Config().max_body_bytes
    tenant.ok("POST", "/reset", {})
    assert tenant.ok("PUT", "/state", {"state": returned})["state"] == returned


def test_state(tenant: TenantClient) -> None:
    """A state is read and put in the format of a seed, one provider at a time; a mistake changes nothing."""
    state = tenant.ok("GET", "/state")["state"]
    put = {"sendgrid": {"pools": [{"id": "7", "name": "put"}]}}
    answer = tenant.ok("PUT", "/state", {"state": put})["state"]
    assert answer["sendgrid"]["pools"] == [{"id": "7", "name": "put", "ips": []}]
    assert answer["mailgun"] == state["mailgun"]
    for section, reason in (
        ({"sendgrid": {"pools": [{"id": "x", "name": "n"}]}}, "state: sendgrid.pools[0].id: "),
        ({"mailgun": {"async_delay_seconds": 1}, "sendgrid": {"credentials": []}}, "a state has no credentials"),
        ({"sendgrind": {}}, "/body/state"),
    ):
        assert reason in tenant.error("PUT", "/state", {"state": section})
        assert tenant.ok("GET", "/state")["state"] == answer
    whole = tenant.control.open("GET", f"{tenant.path}/state").json | {"state": state}
    assert tenant.ok("PUT", "/state", whole)["state"] == state


def test_a_snapshot_of_all_tenants(control: ControlClient, cases: list[ProviderCase]) -> None:
    """All tenants together go back, with their credentials; one made since is gone, one dropped since is back."""
    one, two = control.new_tenant(), control.new_tenant()
    change_everything(one, cases)
    before = observe_tenant(one)
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    three = control.new_tenant()
    one.ok("POST", "/reset")
    control.ok("DELETE", two.path, status=204)
    assert control.ok("POST", "/snapshots/all/restore") == {"restored": "all"}
    assert observe_tenant(one) == before
    assert two.sendgrid.get(SENDGRID.pools_path).status_code == 200
    three.error("GET", "", status=404)
    assert control.ok("GET", "/snapshots") == {"snapshots": [{"name": "all"}]}
    control.error("POST", "/snapshots/nope/restore", status=404)
    control.ok("POST", "/reset")
    assert control.ok("GET", "/snapshots") == {"snapshots": []}


@pytest.mark.slow
@pytest.mark.store("memory")  # it takes long, and test_redis_store has the limit that is Redis' own
def test_there_are_limits(tenant: TenantClient) -> None:
    """A tenant has at most 1,000 faults and 100 snapshots, and a server 100 snapshots of all."""
    for _ in range(1_000):
        tenant.fault("*", skip=1_000_000)
    assert "1000 planned faults" in tenant.error("POST", "/faults", {"operation": "*"})
    for path in ("/snapshots", f"{tenant.path}/snapshots"):
        for number in range(100):
            tenant.control.ok("POST", path, {"name": f"s{number}"}, status=201)
        assert "100 snapshots" in tenant.control.error("POST", path, {"name": "one more"}, status=400)
        tenant.control.ok("POST", path, {"name": "s7"}, status=201)


PROGRAM = """
import sys
from mockserver import Config, create_app
client = create_app(Config(time=lambda: 1_700_000_000.0)).test_client()
for _ in range(2):
    tenant = client.post("/_mockserver/tenants", json={})
    print(tenant.text)
    headers = tenant.json["providers"]["mailgun"]["headers"]
    for path in ("/mailgun/v3/ip_pools", "/mailgun/v3/ip_pools/658041ae44842b99ee2eaa1c?ip=shared"):
        method = client.delete if "?" in path else client.post
        answer = method(path, data={"name": "n", "description": "d"}, headers=headers)
        print(answer.status, answer.headers, answer.text)
"""


@pytest.mark.slow
def test_the_same_bytes_in_any_process() -> None:
    """Under one clock the same calls get the same bytes in another process, whatever PYTHONHASHSEED is."""
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(printed) == 1
    assert "started" in printed.pop()
