"""The control API, through HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from mockserver import Config
from mockserver.control.blueprint import MAX_BODY
from mockserver.core.store import Tenant
from mockserver.providers import PROVIDERS

from .control_client import ControlClient, TenantClient, Time
from .provider_case import ProviderCase
from .shared.observation import change_everything, observe_tenant
from .support import (
    MAILGUN,
    MAILGUN_KEY,
    SENDGRID,
    SENDGRID_KEY,
    SPARKPOST,
    SPARKPOST_KEY,
    SUBACCOUNT,
    store_of,
    tenant_lock,
)

STORES = ("memory", "redis")
NAMES = [provider.name for provider in PROVIDERS]


@pytest.fixture
def control(app: Flask) -> ControlClient:
    return ControlClient(app)


@pytest.fixture
def tenant(control: ControlClient) -> TenantClient:
    return control.new_tenant()


# The server


def test_info_and_operations(control: ControlClient) -> None:
    """The server tells its version, limits and counters, and every operation and refusal with its source."""
    SENDGRID.client(control.app).get(SENDGRID.pools_path)
    info = control.ok("GET", "/info")
    assert (info["seed"], info["counters"]["requests"], info["counters"]["tenants"]) == ("default", 1, 1)
    assert [each["name"] for each in info["providers"]] == NAMES
    found = control.ok("GET", "/operations")
    ids = {each["id"] for each in found["operations"]}
    assert ids == {f"{each.name}.{operation.id}" for each in PROVIDERS for operation in each.operations.values()}
    kinds = {each["kind"] for each in found["errors"]}
    assert kinds == {"documented", "observed", "assumed"}
    assert {"provider": "sendgrid", "method": "POST", "path": "/v3/mail/send"} in found["not_implemented"]


def test_metrics(control: ControlClient) -> None:
    """Counters are told in Prometheus' text format."""
    SENDGRID.client(control.app).get(SENDGRID.pools_path)
    response = control.open("GET", "/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE mockserver_requests_total counter\nmockserver_requests_total 1\n" in response.text
    assert "# TYPE mockserver_tenants gauge\nmockserver_tenants 1\n" in response.text


def test_documents(control: ControlClient) -> None:
    """The control API serves its own document too."""
    document = control.open("GET", "/openapi/control.json").json
    assert document["servers"] == [{"url": "http://localhost/_mockserver"}]
    assert "/tenants/{id}/faults" in document["paths"]


# Tenants


def test_a_tenant_of_its_own_seed(control: ControlClient) -> None:
    """A tenant may start from a packaged world, or from one that is sent; resetting it leads back there."""
    assert control.new_tenant(seed="empty").sendgrid.get(SENDGRID.pools_path).json == []
    assert len(control.new_tenant(seed="documents#lists").sendgrid.get(SENDGRID.pools_path).json) == 4
    tenant = control.new_tenant(seed={"sendgrid": {"pools": [{"id": "1", "name": "only"}]}})
    tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "more"})
    tenant.ok("POST", "/reset", {})
    assert tenant.sendgrid.get(SENDGRID.pools_path).json == [{"name": "only"}]
    assert tenant.mailgun.get(MAILGUN.pools_path).json["ip_pools"] == []
    for seed, reason in (
        ("/etc/passwd", "/body/seed: "),
        ("documents#nope", "no seed named 'nope'"),
        ({"sendgrind": {}}, "/body/seed: "),
        ({"sendgrid": {"pools": [{"id": "1"}]}}, "/body/seed/sendgrid/pools/0/name: "),
    ):
        assert reason in control.error("POST", "/tenants", {"seed": seed}, status=400)


def test_chosen_credentials(control: ControlClient) -> None:
    """Credentials may be chosen, well-formed or not; one that is taken is refused, and nothing is left of it."""
    tenant = control.new_tenant(credentials={"sendgrid": "my-key"})
    assert tenant.data["providers"]["sendgrid"]["api_key"] == "my-key"
    assert SENDGRID.client(control.app, "my-key").get(SENDGRID.pools_path).status_code == 200
    for taken in ("my-key", SENDGRID_KEY):
        detail = control.error("POST", "/tenants", {"credentials": {"sendgrid": taken}}, status=409)
        assert taken not in detail
    assert len(control.ok("GET", "/tenants")["tenants"]) == 1


def test_credentials_that_were_kept(control: ControlClient) -> None:
    """A key that a program kept over a restart, and that opened a tenant of its own, locks nobody out."""
    kept = control.new_tenant().data["providers"]
    control.ok("POST", "/reset")
    key = kept["sendgrid"]["api_key"]
    assert SENDGRID.client(control.app, key).get(SENDGRID.pools_path).status_code == 200
    tenant = control.new_tenant()
    assert tenant.id == "t2"
    assert tenant.data["providers"]["sendgrid"]["api_key"] != key
    detail = control.error("POST", "/tenants", {"credentials": {"sendgrid": key}}, status=409)
    assert detail == "/body/credentials/sendgrid: a credential stands for another tenant"


def test_the_credentials_of_a_seed_that_is_sent(control: ControlClient) -> None:
    """They are the new tenant's, with the rights they are given, beside a credential with every right."""
    seed = {"sendgrid": {"credentials": [{"key": "reader", "scopes": ["ips.pools.read"]}]}}
    tenant = control.new_tenant(seed=seed)
    reader = SENDGRID.client(control.app, "reader")
    assert reader.get(SENDGRID.pools_path).status_code == 200
    assert reader.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")).status_code == 403
    assert tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine")).status_code == 200
    assert reader.get(SENDGRID.pools_path).json == [{"name": "mine"}]
    detail = control.error("POST", "/tenants", {"seed": seed}, status=409)
    assert detail == "/body/seed/sendgrid: a credential stands for another tenant"
    seed["sendgrid"]["credentials"] = [{"key": "one", "tenant": "t9"}]
    detail = control.error("POST", "/tenants", {"seed": seed}, status=400)
    assert detail == "/body/seed/sendgrid/credentials/0/tenant: these are the new tenant's, expected no name"
    seed["sendgrid"]["credentials"] = [{"key": "twice"}, {"key": "twice"}]
    control.error("POST", "/tenants", {"seed": seed}, status=409)
    control.ok("DELETE", tenant.path, status=204)
    assert reader.get(SENDGRID.pools_path).status_code == 401


def test_a_refused_tenant_takes_no_number(control: ControlClient) -> None:
    """A tenant that could not be made changes nothing: the next one is named as if nobody had asked."""
    before = control.new_tenant().id
    control.error("POST", "/tenants", {"credentials": {"sendgrid": SENDGRID_KEY}}, status=409)
    detail = control.error("POST", "/tenants", {"clock": {"now": "2021-02-30T00:00:00Z"}}, status=400)
    assert detail.startswith("/body/clock/now: ")
    assert (before, control.new_tenant().id) == ("t1", "t2")


def test_coverage(control: ControlClient) -> None:
    """Each pair of operation and refusal is counted, per tenant and in all, and outlives the journal's records."""
    one, two = control.new_tenant(), control.new_tenant()
    for _ in range(2):
        one.sendgrid.post(SENDGRID.pools_path, json={"name": "twice"})
    two.mailgun.get(MAILGUN.pools_path)
    MAILGUN.client(control.app, "nobody").get(MAILGUN.pools_path)
    one.sendgrid.get("/v3/nothing")
    one.ok("DELETE", "/requests", status=204)
    mine = [
        {"provider": "sendgrid", "operation": "sendgrid.createIpPool", "error": None, "count": 1},
        {"provider": "sendgrid", "operation": "sendgrid.createIpPool", "error": "name_taken", "count": 1},
        {"provider": "sendgrid", "operation": None, "error": "not_found", "count": 1},
    ]
    assert one.ok("GET", "/coverage") == {"counts": mine}
    theirs = {"provider": "mailgun", "operation": "mailgun.listIpPools", "error": None, "count": 1}
    assert two.ok("GET", "/coverage") == {"counts": [theirs]}
    stranger = {"provider": "mailgun", "operation": "mailgun.listIpPools", "error": "unauthorized", "count": 1}
    assert control.ok("GET", "/coverage") == {"counts": [*mine[:2], theirs, stranger, mine[2]]}
    one.ok("POST", "/reset", {})
    assert one.ok("GET", "/coverage") == {"counts": []}
    control.ok("POST", "/reset", {})
    assert control.ok("GET", "/coverage") == {"counts": []}


def test_what_a_request_met(control: ControlClient) -> None:
    """The journal names what a request met instead of an operation, and what stood in its path."""
    tenant = control.new_tenant()
    tenant.sendgrid.get(f"{SENDGRID.pools_path}/a%2Fb")
    tenant.sendgrid.get("/v3/nothing")
    tenant.sendgrid.post("/v3/mail/send", json={})
    tenant.sendgrid.patch(SENDGRID.pools_path)
    returned = [(each["failure"], each["path_parameters"]) for each in tenant.ok("GET", "/requests")["requests"]]
    assert returned == [(None, {"pool_name": "a/b"}), ("not_found", {}), ("not_implemented", {}), ("not_allowed", {})]


def test_a_dropped_tenant(control: ControlClient) -> None:
    """A dropped tenant is gone with all it had; its credential is simply unknown again."""
    tenant = control.new_tenant(credentials={"sparkpost": "not-well-formed"})
    tenant.sendgrid.post(SENDGRID.pools_path, **SENDGRID.new_pool("mine"))
    control.ok("DELETE", tenant.path, status=204)
    assert tenant.sparkpost.get(SPARKPOST.pools_path).status_code == 401
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/mine").status_code == 404
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/state"), ("POST", "/reset"), ("GET", "/clock")):
        tenant.error(method, path, status=404)


def test_a_strangers_tenant_is_found_and_its_key_is_not_shown(control: ControlClient) -> None:
    """A program finds the tenant that its own key opened; nobody is shown the key."""
    key = SENDGRID.new_key()
    asked = {"provider": "sendgrid", "credential": key}
    control.error("POST", "/tenants/lookup", asked, status=404)
    SENDGRID.client(control.app, key).get(SENDGRID.pools_path)
    tenant_id = control.ok("POST", "/tenants/lookup", asked)["id"]
    shown = control.open("GET", f"/tenants/{tenant_id}")
    assert shown.json["providers"]["sendgrid"]["api_key"] is None
    assert key not in shown.text


def test_the_seeds_tenant_is_there_before_it_is_used(control: ControlClient) -> None:
    """The tenant that the seed registers can be asked for at once."""
    assert control.ok("GET", "/tenants/default")["providers"]["sendgrid"]["api_key"] == SENDGRID_KEY


def test_made_tenants_are_bounded_too(make_app: Callable[..., Flask]) -> None:
    """Tenants made over the API count for --max-tenants; one closed for it is told so."""
    control = ControlClient(make_app(max_tenants=2))
    first, _, _ = (control.new_tenant() for _ in range(3))
    assert first.sendgrid.get(SENDGRID.pools_path).status_code == 503
    assert control.ok("GET", "/info")["counters"]["evictions"] == 1


# State


def test_a_large_state(tenant: TenantClient) -> None:
    """What was told of a large world is taken back: the size that a provider's request may have is no limit here."""
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
        ({"sendgrid": {"pools": [{"id": "x", "name": "n"}]}}, "/body/state/sendgrid/pools/0/id: "),
        ({"mailgun": {"async_delay_seconds": 1}, "sendgrid": {"credentials": []}}, "a state has none"),
        ({"sendgrind": {}}, "/body/state"),
    ):
        assert reason in tenant.error("PUT", "/state", {"state": section})
        assert tenant.ok("GET", "/state")["state"] == answer
    whole = tenant.control.open("GET", f"{tenant.path}/state").json | {"state": state}
    assert tenant.ok("PUT", "/state", whole)["state"] == state


# Snapshots and reset


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


@pytest.mark.store("memory")  # it takes long, and test_redis_store has the limit that is Redis' own
def test_there_are_limits(tenant: TenantClient) -> None:
    """A tenant has at most 1,000 faults and 100 snapshots, and a server 100 snapshots of all."""
    for _ in range(1_000):
        tenant.fault("*", skip=1_000_000)
    assert "1000 faults" in tenant.error("POST", "/faults", {"operation": "*"})
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


# The journal


def test_the_journal_explains(tenant: TenantClient) -> None:
    """A record says what was refused and why, what broke the contract, what nothing read, and what was meant."""
    tenant.sendgrid.post(f"{SENDGRID.pools_path}?page=1", json={"name": "x" * 65, "colour": "red"})
    tenant.sendgrid.get("/v3/ip/pools")
    first, second = tenant.ok("GET", "/requests")["requests"]
    assert (first["operation"], first["status"], first["method"], first["path"]) == (
        "sendgrid.createIpPool",
        400,
        "POST",
        SENDGRID.pools_path,
    )
    assert first["error"]["key"] == "name_too_long"
    assert first["error"]["kind"] == "assumed"
    assert [(each["pointer"], each["rule"]) for each in first["request_violations"]] == [("/body/name", "maxLength")]
    assert first["unused_fields"] == ["colour", "page"]
    assert json.loads(first["body"])["colour"] == "red"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", first["time"])
    assert (second["operation"], second["closest_operation"], second["error"]["key"]) == (
        None,
        "sendgrid.listIpPools",
        "not_found",
    )
    assert tenant.ok("GET", f"/requests/{first['id']}") == first
    tenant.error("GET", "/requests/nope", status=404)


def test_filters(tenant: TenantClient) -> None:
    """Requests are listed and counted by what they were."""
    tenant.sendgrid.get(SENDGRID.pools_path)
    tenant.sendgrid.post(SENDGRID.pools_path, json={})
    tenant.mailgun.get(MAILGUN.pools_path)
    tenant.mailgun.get("/nope")
    for query, numbers in {
        "": [1, 2, 3, 4],
        "provider=sendgrid": [1, 2],
        "operation=mailgun.listIpPools": [3],
        "method=GET": [1, 3, 4],
        "path=/nope": [4],
        "status=200": [1, 3],
        "status=4xx": [2, 4],
        "has_error=true": [2, 4],
        "has_error=false": [1, 3],
        "since=2": [3, 4],
        "limit=1": [4],
        "provider=sendgrid&has_error=false": [1],
    }.items():
        found = tenant.ok("GET", f"/requests?{query}")["requests"]
        assert [each["seq"] for each in found] == numbers, query
    assert tenant.ok("POST", "/requests/count", {"status": "4xx"}) == {"count": 2}
    assert tenant.ok("POST", "/requests/count", {"provider": "mailgun", "has_error": False, "since": 0}) == {"count": 1}
    assert tenant.ok("POST", "/requests/count") == {"count": 4}
    tenant.ok("DELETE", "/requests", status=204)
    assert tenant.ok("GET", "/requests") == {"requests": [], "dropped": 0}
    tenant.sendgrid.get(SENDGRID.pools_path)
    assert tenant.ok("GET", "/requests")["requests"][0]["seq"] == 5


def test_the_control_api_is_not_journaled(tenant: TenantClient) -> None:
    """What a tester asks is not among what the program under test asked."""
    tenant.ok("GET", "/state")
    assert tenant.ok("GET", "/requests")["requests"] == []


# Faults


def test_a_status_of_the_providers_own(tenant: TenantClient) -> None:
    """SparkPost's 420 is no standard status: its name is the one that the provider's table of errors has."""
    tenant.fault("sparkpost.listIpPools", status=420)
    response = tenant.sparkpost.get(SPARKPOST.pools_path)
    assert response.status == "420 Exceed Sending Limit"
    assert response.json == {"errors": [{"message": "Exceed Sending Limit"}]}


def test_times_and_skip(tenant: TenantClient) -> None:
    """A fault lets some calls pass, strikes some, and the next one in the queue follows."""
    tenant.fault("sendgrid.listIpPools", skip=1, times=2, status=500)
    tenant.fault("sendgrid.*", status=503)
    statuses = [tenant.sendgrid.get(SENDGRID.pools_path).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 503, 200]
    assert tenant.ok("GET", "/requests?status=5xx")["requests"][0]["fault"] == "f1"


def test_after_the_commit(tenant: TenantClient) -> None:
    """A fault after the commit leaves the change done and the client with an error."""
    tenant.fault("sendgrid.createIpPool", when="after", status=500)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "done"}).status_code == 500
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/done").status_code == 200
    tenant.fault("sendgrid.createIpPool", when="before", status=500)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "not done"}).status_code == 500
    assert tenant.sendgrid.get(f"{SENDGRID.pools_path}/not%20done").status_code == 404


def test_after_a_refusal(tenant: TenantClient) -> None:
    """A fault after an operation takes the place of a refusal too: what has fired has been seen."""
    tenant.fault("sendgrid.createIpPool", when="after", status=500)
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={}).status_code == 500
    assert tenant.ok("GET", "/faults/f1")["completed"] is True
    assert tenant.sendgrid.post(SENDGRID.pools_path, json={}).status_code == 400


def test_drop_and_truncate_in_process(tenant: TenantClient) -> None:
    """In process, a dropped or truncated answer is the transport's connection error; `when` says what was done."""
    for name, when in (("kept", "after"), ("lost", "before")):
        tenant.fault("sendgrid.createIpPool", kind="drop", when=when)
        with pytest.raises(ConnectionError):
            tenant.sendgrid.post(SENDGRID.pools_path, json={"name": name})
    tenant.fault("sendgrid.createIpPool", kind="truncate")
    with pytest.raises(ConnectionError):
        _ = tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "cut"}).data
    names = [pool["name"] for pool in tenant.sendgrid.get(SENDGRID.pools_path).json]
    assert names[-2:] == ["kept", "cut"]
    assert "lost" not in names


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_ends_delays(tenant: TenantClient, when: str) -> None:
    """A call that is delayed when its tenant is reset is of the time before: it is not answered, and does nothing."""
    tenant.fault("sendgrid.createIpPool", kind="delay", delay_seconds=60, when=when)
    came: list[object] = []

    def call() -> None:
        try:
            came.append(tenant.sendgrid.post(SENDGRID.pools_path, json={"name": "ghost"}))
        except ConnectionResetError as error:
            came.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not tenant.ok("GET", "/faults/f1")["fired"]:
        time.sleep(0.01)
    time.sleep(0.1)
    tenant.ok("POST", "/reset", {})
    thread.join(20)
    assert [type(each) for each in came] == [ConnectionResetError]
    assert "ghost" not in tenant.sendgrid.get(SENDGRID.pools_path).text


def test_delays_hold_no_lock(tenant: TenantClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay is as long as planned, and the tenant's other calls go on meanwhile."""
    slept = []
    app = tenant.control.app

    def wait(_: Tenant, seconds: float) -> None:
        if seconds:
            slept.append((seconds, tenant_lock(app, store_of(app).get(tenant.id)).locked()))

    monkeypatch.setattr(type(store_of(tenant.control.app).get(tenant.id)), "wait", wait)
    tenant.fault("*", kind="delay", delay_seconds=1.5)
    tenant.fault("*", kind="delay", delay_seconds=2, when="after")
    assert [tenant.mailgun.get(MAILGUN.pools_path).status_code for _ in range(3)] == [200, 200, 200]
    assert slept == [(1.5, False), (2, False)]


def test_strangers_take_no_fault(tenant: TenantClient) -> None:
    """A 401, and what reaches no operation, uses no fault up."""
    tenant.fault("*")
    SENDGRID.client(tenant.control.app, headers={}).get(SENDGRID.pools_path)
    tenant.sendgrid.get("/nope")
    assert tenant.ok("GET", "/faults/f1")["fired"] == 0


def test_fault_mistakes(tenant: TenantClient) -> None:
    """A fault that could never do what it says is refused, with the closest operation's name."""
    for fault, reason in (
        ({}, "operation"),
        ({"operation": "sendgrid.createIpPol"}, "the closest is 'sendgrid.createIpPool'"),
        ({"operation": "*", "status": 200}, "/body/status"),
        ({"operation": "*", "kind": "drop", "status": 500}, "/body/status"),
        ({"operation": "*", "kind": "delay"}, "delay_seconds"),
        ({"operation": "*", "delay_seconds": 1}, "/body/delay_seconds"),
        ({"operation": "*", "kind": "truncate", "when": "before"}, "/body/when"),
        ({"operation": "*", "times": 0}, "/body/times"),
        ({"operation": "*", "tims": 1}, "tims"),
    ):
        assert reason in tenant.error("POST", "/faults", fault)
    assert tenant.ok("GET", "/faults") == {"faults": []}


def test_faults_are_taken_back(tenant: TenantClient) -> None:
    """A fault, or all of them, can be taken back."""
    one, two = tenant.fault("*"), tenant.fault("*")
    tenant.ok("DELETE", f"/faults/{one['id']}", status=204)
    tenant.error("GET", f"/faults/{one['id']}", status=404)
    tenant.error("DELETE", f"/faults/{one['id']}", status=404)
    assert tenant.ok("GET", "/faults") == {"faults": [two]}
    tenant.ok("DELETE", "/faults", status=204)
    assert tenant.sendgrid.get(SENDGRID.pools_path).status_code == 200


# The clock


@pytest.fixture
def still(make_app: Callable[..., Flask]) -> Iterator[tuple[Time, TenantClient]]:
    time = Time()
    yield time, ControlClient(make_app(time=time)).new_tenant()


def test_the_clock(still: tuple[Time, TenantClient]) -> None:
    """A tenant's clock is read, set, stopped, let go and moved."""
    time, tenant = still
    assert tenant.ok("GET", "/clock") == {"now": "2023-11-14T22:13:20Z", "frozen": False}
    assert tenant.ok("PUT", "/clock", {"now": "2030-01-01T01:00:00.5+01:00"}) == {
        "now": "2030-01-01T00:00:00.5Z",
        "frozen": False,
    }
    time.now += 1
    assert tenant.ok("PUT", "/clock", {"frozen": True})["now"] == "2030-01-01T00:00:01.5Z"
    time.now += 100
    assert tenant.ok("POST", "/clock/advance", {"seconds": 10}) == {"now": "2030-01-01T00:00:11.5Z", "frozen": True}
    assert tenant.ok("POST", "/clock/advance", {"to": "2030-01-02T00:00:00Z"})["now"] == "2030-01-02T00:00:00Z"
    assert tenant.ok("PUT", "/clock", {"frozen": False})["frozen"] is False
    time.now += 1
    assert tenant.ok("GET", "/clock")["now"] == "2030-01-02T00:00:01Z"
    tenant.mailgun.get(MAILGUN.pools_path)
    assert tenant.ok("GET", "/requests")["requests"][0]["time"] == "2030-01-02T00:00:01Z"


def test_clock_mistakes(tenant: TenantClient) -> None:
    """A clock is not moved by what is no time, or back by `advance`."""
    before = tenant.ok("PUT", "/clock", {"frozen": True})
    for method, path, body in (
        ("PUT", "", {"now": "yesterday"}),
        ("PUT", "", {"now": "2030-13-01T00:00:00Z"}),
        ("PUT", "", {"now": "0001-01-01T00:00:00+05:00"}),
        ("PUT", "", {"now": "9999-12-31T23:59:59-05:00"}),
        ("PUT", "", {"frozen": "yes"}),
        ("POST", "/advance", {}),
        ("POST", "/advance", {"seconds": 1, "to": "2090-01-01T00:00:00Z"}),
        ("POST", "/advance", {"seconds": -1}),
        ("POST", "/advance", {"to": "2001-01-01T00:00:00Z"}),
    ):
        tenant.error(method, f"/clock{path}", body)
    assert tenant.ok("GET", "/clock") == before


def test_a_tenant_starts_with_its_clock(control: ControlClient) -> None:
    """A tenant made with a clock has it, and has it again after a reset."""
    asked = {"now": "2030-01-01T00:00:00Z", "frozen": True}
    tenant = control.new_tenant(clock=asked)
    tenant.ok("POST", "/clock/advance", {"seconds": 60})
    tenant.ok("POST", "/reset")
    assert tenant.ok("GET", "/clock") == asked


# Mailgun's work after the answer


POOL_PATH = "/v3/ip_pools/658041ae44842b99ee2eaa1b"
IPS = "/v3/domains/mail.example.com/ips"


def slow(control: ControlClient, **settings: Any) -> TenantClient:
    tenant = control.new_tenant()
    state = tenant.ok("GET", "/state")["state"]["mailgun"]
    tenant.ok("PUT", "/state", {"state": {"mailgun": {**state, **settings}}})
    assert tenant.mailgun.put(f"{POOL_PATH}/ips/192.0.2.10").json["message"] == "started"
    return tenant


def test_work_waits_for_the_clock(control: ControlClient) -> None:
    """Work with a delay is done when the tenant's clock is there."""
    tenant = slow(control, async_delay_seconds=3600)
    assert tenant.mailgun.get(IPS).json["total_count"] == 1
    tenant.ok("POST", "/clock/advance", {"seconds": 3600})
    assert tenant.mailgun.get(IPS).json["total_count"] == 2


def test_work_waits_to_be_told(control: ControlClient) -> None:
    """Work without a time is done when it is told to be, and not before."""
    tenant = slow(control, async_delay_seconds=None)
    tenant.ok("POST", "/clock/advance", {"seconds": 1e9})
    assert tenant.mailgun.get(IPS).json["total_count"] == 1
    state = tenant.ok("GET", "/state")["state"]
    assert tenant.ok("PUT", "/state", {"state": state})["state"] == state
    assert tenant.ok("POST", "/jobs/run") == {"jobs_run": True}
    assert tenant.mailgun.get(IPS).json["total_count"] == 2


def test_work_fails_midway(control: ControlClient) -> None:
    """Work that fails stops after half of the domains; the state it leaves can be read and put."""
    tenant = control.new_tenant()
    assert tenant.mailgun.post("/v3/domains/news.example.com/ips", data={"pool_id": POOL_PATH[13:]}).status_code == 200
    state = tenant.ok("GET", "/state")["state"]["mailgun"]
    tenant.ok("PUT", "/state", {"state": {"mailgun": {**state, "async_fails_midway": True}}})
    tenant.mailgun.delete(POOL_PATH, query_string={"ip": "shared"})
    counts = [tenant.mailgun.get(f"/v3/domains/{name}.example.com/ips").json["items"] for name in ("mail", "news")]
    assert counts == [["198.51.100.1"], ["192.0.2.20"]]
    state = tenant.ok("GET", "/state")["state"]
    assert tenant.ok("PUT", "/state", {"state": state})["state"] == state


# Who may ask


REQUESTS = [
    ("GET", "/tenants", None),
    ("POST", "/tenants", {}),
    ("POST", "/reset", {}),
    ("GET", "/tenants/default/state", None),
    ("GET", "/info", None),
    ("GET", "/metrics", None),
    ("GET", "/nope", None),
]


@pytest.mark.parametrize(
    "host", ["evil.example", "mockserver", "127.0.0.1.evil.example", "localhost.evil.example", "::1"]
)
def test_foreign_hosts(control: ControlClient, host: str) -> None:
    """Bound to loopback, no request with another Host is served, and nothing happens."""
    headers = {"Host": host}
    for method, path, body in REQUESTS:
        control.error(method, path, body, status=421, headers=headers)
    response = SENDGRID.client(control.app).post(SENDGRID.pools_path, json={"name": "evil"}, headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (421, "application/problem+json")
    assert control.ok("GET", "/tenants") == {"tenants": []}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1:9",
        "[::1]:9",
        "a.localhost",
    ],
)
def test_own_hosts(make_app: Callable[..., Flask], host: str) -> None:
    """Loopback names are served; exposed, every name is."""
    control = ControlClient(make_app())
    control.ok("GET", "/live", headers={"Host": host})
    exposed = ControlClient(make_app(expose=True))
    exposed.ok("GET", "/live", headers={"Host": "mock.example"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:1"},
    ],
    ids=str,
)
def test_foreign_origins(control: ControlClient, headers: dict[str, str]) -> None:
    """A page of another origin is refused, and nothing happens; there is no CORS."""
    for method, path, body in REQUESTS:
        response = control.open(method, path, body, headers=headers)
        assert response.status_code == 403
        assert not [name for name in response.headers if name[0].startswith("Access-ControlClient")]
    assert control.ok("GET", "/tenants") == {"tenants": []}
    assert control.open("OPTIONS", "/reset").status_code == 405
    control.ok("GET", "/live", headers={"Origin": "http://localhost"})


def test_the_token(make_app: Callable[..., Flask]) -> None:
    """With a token, everything but `live` and `ready` needs it; without it nothing happens."""
    control = ControlClient(make_app(control_token="secret-token"))
    for value in (None, "", "Bearer", "Bearer wrong", "secret-token", "Basic secret-token", "Bearer secret-tokenx"):
        headers = {} if value is None else {"Authorization": value}
        for method, path, body in REQUESTS:
            detail = control.error(method, path, body, status=401, headers=headers)
            assert "secret-token" not in detail
    assert control.open("GET", "/tenants").headers["WWW-Authenticate"] == "Bearer"
    control.ok("GET", "/live")
    control.ok("GET", "/ready")
    good = {"Authorization": "Bearer secret-token"}
    assert control.ok("GET", "/tenants", headers=good) == {"tenants": []}
    control.ok("POST", "/tenants", {}, status=201, headers=good)


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"{}", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"[]", "content_type": "application/json"}, 400),
        ({"data": b"[" * 50_000, "content_type": "application/json"}, 400),
        ({"data": b"\xff", "content_type": "application/json"}, 400),
        ({"data": b" " * MAX_BODY + b"{}", "content_type": "application/json"}, 413),
        ({"json": {"sede": "empty"}}, 400),
        ({"json": {"seed": 7}}, 400),
        ({"json": {"credentials": {"sendgrid": ""}}}, 400),
        ({"json": {"credentials": {"sendgrind": "x"}}}, 400),
        ({"json": {"clock": {"now": 5}}}, 400),
        ({"query_string": "x=1"}, 400),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_bodies(control: ControlClient, kwargs: dict[str, Any], status: int) -> None:
    """A body that is not what is asked for is refused with its place, and nothing happens."""
    control.error("POST", "/tenants", status=status, **kwargs)
    assert control.ok("GET", "/tenants") == {"tenants": []}


def test_an_empty_body_is_an_empty_object(control: ControlClient) -> None:
    """A POST without a body says nothing, whatever its Content-Type."""
    for content_type in (None, "text/plain"):
        assert control.open("POST", "/tenants", data=b"", content_type=content_type).status_code == 201


def test_wrong_methods(control: ControlClient) -> None:
    """A wrong method names the right ones."""
    response = control.open("PATCH", "/tenants")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert control.open("HEAD", "/live").status_code == 405


def test_the_demo_keys_are_the_seeds(control: ControlClient) -> None:
    """The seed's tenant shows the seed's demo keys, which are no secret."""
    shown = control.ok("GET", "/tenants/default")["providers"]
    assert [shown[name]["api_key"] for name in NAMES] == [SPARKPOST_KEY, SENDGRID_KEY, MAILGUN_KEY]
    assert SUBACCOUNT not in json.dumps(shown)
