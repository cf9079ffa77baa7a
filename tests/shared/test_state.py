"""Reset, snapshots and secrets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from mockserver.web.server_state import server_state

from ..control_client import ControlClient, TenantClient, Time
from ..provider_case import ProviderCase
from ..support import store_of
from .observation import change_everything, observe_server, observe_tenant

STORES = ("memory", "redis")
ROOT = Path(__file__).parents[2]
FRESH = """
import sys
from tests.control_client import Time
from tests.provider_case import load_cases, settings_of
from tests.shared.observation import observe_server
from tests.support import make_app
cases = load_cases(sys.argv[1:])
print(observe_server(make_app(time=Time(), **settings_of(cases)), cases), end="")
"""


@pytest.fixture(scope="module")
def fresh(pytestconfig: pytest.Config) -> str:
    """What is observed of a server in a process that has just started."""
    command = [sys.executable, "-c", FRESH, *pytestconfig.getoption("--provider-case")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("whole", [True, False], ids=["server", "tenant"])
def test_reset_server_or_tenant_is_as_in_a_fresh_process(
    make_app: Callable[..., Flask], cases: list[ProviderCase], whole: bool, fresh: str
) -> None:
    """Everything that can be observed is the same."""
    app = make_app(time=Time())
    if not whole and any((case.name, case.api_key) not in server_state(app).seed.registrations for case in cases):
        pytest.skip("not all keys are those of the seed's tenant")
    control = ControlClient(app)
    default = TenantClient(control, control.ok("GET", "/tenants/default"))
    if whole:
        change_everything(control.new_tenant(), cases)
        cases[0].new_client(app).get(cases[0].pools_path)
        cases[-1].client(app, headers={}).get(cases[-1].pools_path)
    change_everything(default, cases)
    default.ok("POST", "/snapshots", {"name": "x"}, status=201)
    senders = {case.name for case in cases if case.send_message is not None}
    assert {each["provider"] for each in default.ok("GET", "/outbox")["messages"]} == senders
    assert observe_server(app, cases) != fresh
    if whole:
        assert control.ok("POST", "/reset") == {"reset": True}
        assert control.ok("GET", "/tenants") == {"tenants": []}
    else:
        default.ok("POST", "/reset")
        assert default.ok("GET", "/snapshots") == {"snapshots": []}
        store_of(app).forget_counts()
    assert observe_server(app, cases) == fresh


def test_restored_snapshot_is_exact(app: Flask, cases: list[ProviderCase]) -> None:
    """State, identifiers, clock and faults are as before, more than once; the request log goes on."""
    tenant = ControlClient(app).new_tenant()
    change_everything(tenant, cases)
    before = observe_tenant(tenant)
    assert tenant.ok("POST", "/snapshots", {"name": "here"}, status=201) == {"name": "here"}
    for _ in range(2):
        tenant.ok("POST", "/clock/advance", {"seconds": 5})
        tenant.ok("DELETE", "/faults", status=204)
        for case in cases:
            assert tenant.client(case).post(case.pools_path, **case.new_pool("more")).status_code == 200
        assert observe_tenant(tenant) != before
        assert tenant.ok("POST", "/snapshots/here/restore") == {"restored": "here"}
        assert observe_tenant(tenant) == before
    assert tenant.ok("GET", "/snapshots") == {"snapshots": [{"name": "here"}]}
    tenant.error("POST", "/snapshots/there/restore", status=404)


SECRET = "canary0123456789abcdef0123456789abcdef01"


def test_secret_is_shown_nowhere(
    make_app: Callable[..., Flask], cases: list[ProviderCase], caplog: pytest.LogCaptureFixture
) -> None:
    """A credential of a program under test is in no log, request log, state, snapshot, error or page."""
    app = make_app(unknown_credentials="any")
    control = ControlClient(app)
    for case in cases:
        case.client(app, SECRET).get(case.pools_path)
        case.client(app, SECRET).get("/nope")
    tenants = [store_of(app).get(each.id) for each in store_of(app).overview()]
    texts = [caplog.text, repr(tenants), repr(store_of(app)), repr(server_state(app).tenants)]
    for tenant in control.ok("GET", "/tenants")["tenants"]:
        path = f"/tenants/{tenant['id']}"
        control.ok("POST", f"{path}/snapshots", {"name": "s"}, status=201)
        for part in ("", "/requests", "/state", "/snapshots", "/faults", "/clock"):
            texts.append(control.open("GET", path + part).text)
    texts += [control.open("GET", path).text for path in ("/info", "/metrics", "/tenants", "/operations")]
    for case in cases:
        taken = control.open("POST", "/tenants", {"credentials": {case.name: SECRET}})
        assert taken.status_code == 409
        texts.append(taken.text)
    for text in texts:
        assert SECRET not in text
