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
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver import Config
from mockserver.control.blueprint import MAX_BODY
from mockserver.core.store import Tenant
from mockserver.providers import PROVIDERS

from .support import MAILGUN_KEY, SENDGRID_KEY, SPARKPOST_KEY, SUBACCOUNT, ProviderAccess, World, fresh_sendgrid_key

STORES = ("memory", "redis")
PREFIX = "/_mockserver"
POOLS = {"sparkpost": "/api/v1/ip-pools", "sendgrid": "/v3/ips/pools", "mailgun": "/v3/ip_pools"}
POOL: dict[str, dict[str, Any]] = {
    "sparkpost": {"json": {"name": "mine"}},
    "sendgrid": {"json": {"name": "mine"}},
    "mailgun": {"data": {"name": "mine", "description": "mine"}},
}


class Control:
    """The control API of one server."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, method: str, path: str, body: object = None, **kwargs: Any) -> TestResponse:
        if body is not None:
            kwargs["json"] = body
        return self.world.client.open(PREFIX + path, method=method, **kwargs)

    def ok(self, method: str, path: str, body: object = None, status: int = 200, **kwargs: Any) -> dict[str, Any]:
        response = self(method, path, body, **kwargs)
        assert response.status_code == status, response.text
        if status == 204:
            assert response.data == b""
            return {}
        data: dict[str, Any] = response.json
        assert data.pop("schema_version") == 1
        return data

    def refused(self, method: str, path: str, body: object = None, *, status: int, **kwargs: Any) -> str:
        response = self(method, path, body, **kwargs)
        assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json"), (
            response.text
        )
        assert response.json["status"] == status
        detail: str = response.json["detail"]
        return detail

    def tenant(self, **asked: Any) -> Made:
        return Made(self, self.ok("POST", "/tenants", asked, status=201))


class Made:
    """A tenant made over the control API."""

    def __init__(self, control: Control, data: dict[str, Any]) -> None:
        self.control = control
        self.data = data
        self.id: str = data["id"]
        self.path = f"/tenants/{self.id}"
        self.sparkpost, self.sendgrid, self.mailgun = (
            ProviderAccess(control.world, name, data["providers"][name]["headers"]) for name in POOLS
        )

    def ok(self, method: str, path: str, body: object = None, status: int = 200, **kwargs: Any) -> dict[str, Any]:
        return self.control.ok(method, self.path + path, body, status, **kwargs)

    def refused(self, method: str, path: str, body: object = None, *, status: int = 400, **kwargs: Any) -> str:
        return self.control.refused(method, self.path + path, body, status=status, **kwargs)

    def fault(self, operation: str, **more: Any) -> dict[str, Any]:
        return self.ok("POST", "/faults", {"operation": operation, **more}, status=201)


@pytest.fixture
def control(world: World) -> Control:
    return Control(world)


@pytest.fixture
def made(control: Control) -> Made:
    return control.tenant()


class Time:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


# The server


def test_info_and_operations(control: Control) -> None:
    """The server tells its version, limits and counters, and every operation and refusal with its source."""
    control.world.sendgrid.get(POOLS["sendgrid"])
    info = control.ok("GET", "/info")
    assert (info["seed"], info["counters"]["requests"], info["counters"]["tenants"]) == ("default", 1, 1)
    assert [each["name"] for each in info["providers"]] == list(POOLS)
    found = control.ok("GET", "/operations")
    ids = {each["id"] for each in found["operations"]}
    assert ids == {f"{each.name}.{operation.id}" for each in PROVIDERS for operation in each.operations.values()}
    kinds = {each["kind"] for each in found["errors"]}
    assert kinds == {"documented", "observed", "assumed"}
    assert {"provider": "sendgrid", "method": "POST", "path": "/v3/mail/send"} in found["not_implemented"]


def test_metrics(control: Control) -> None:
    """Counters are told in Prometheus' text format."""
    control.world.sendgrid.get(POOLS["sendgrid"])
    response = control("GET", "/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE mockserver_requests_total counter\nmockserver_requests_total 1\n" in response.text
    assert "# TYPE mockserver_tenants gauge\nmockserver_tenants 1\n" in response.text


def test_documents(control: Control) -> None:
    """The control API serves its own document too."""
    document = control("GET", "/openapi/control.json").json
    assert document["servers"] == [{"url": "http://localhost/_mockserver"}]
    assert "/tenants/{id}/faults" in document["paths"]


# Tenants


def test_a_new_tenant(control: Control) -> None:
    """A tenant comes with a credential, a base URL, headers and variables for each provider, which all work."""
    made = control.tenant()
    for name in POOLS:
        access = made.data["providers"][name]
        assert control.world.server.providers[name].api_key_pattern.fullmatch(access["api_key"])
        assert access["url"] == f"http://localhost/{name}"
        assert access["api_key"] in access["env"].values()
        assert getattr(made, name).get(POOLS[name]).status_code == 200
        assert control.ok("POST", "/tenants/lookup", {"provider": name, "credential": access["api_key"]}) == {
            "id": made.id
        }
    assert control.ok("GET", made.path) == made.data
    assert control.ok("GET", "/tenants")["tenants"] == [{"id": made.id, "requests": 3, "written": []}]


def test_new_tenants_are_apart(control: Control) -> None:
    """Two tenants never see each other."""
    one, two = control.tenant(), control.tenant()
    for name in POOLS:
        assert getattr(one, name).post(POOLS[name], **POOL[name]).status_code == 200
        assert getattr(one, name).get(POOLS[name]).data != getattr(two, name).get(POOLS[name]).data
    assert two.ok("GET", "/state")["state"] == control.tenant().ok("GET", "/state")["state"]
    one.fault("*", status=500)
    one.ok("PUT", "/clock", {"frozen": True})
    assert two.ok("GET", "/faults") == {"faults": []}
    assert two.ok("GET", "/clock")["frozen"] is False
    assert two.sendgrid.get(POOLS["sendgrid"]).status_code == 200


def test_a_tenant_of_its_own_seed(control: Control) -> None:
    """A tenant may start from a packaged world, or from one that is sent; resetting it leads back there."""
    assert control.tenant(seed="empty").sendgrid.get(POOLS["sendgrid"]).json == []
    assert len(control.tenant(seed="documents#lists").sendgrid.get(POOLS["sendgrid"]).json) == 4
    made = control.tenant(seed={"sendgrid": {"pools": [{"id": "1", "name": "only"}]}})
    made.sendgrid.post(POOLS["sendgrid"], json={"name": "more"})
    made.ok("POST", "/reset", {})
    assert made.sendgrid.get(POOLS["sendgrid"]).json == [{"name": "only"}]
    assert made.mailgun.get(POOLS["mailgun"]).json["ip_pools"] == []
    for seed, reason in (
        ("/etc/passwd", "/body/seed: "),
        ("documents#nope", "no seed named 'nope'"),
        ({"sendgrind": {}}, "/body/seed: "),
        ({"sendgrid": {"pools": [{"id": "1"}]}}, "/body/seed/sendgrid/pools/0/name: "),
    ):
        assert reason in control.refused("POST", "/tenants", {"seed": seed}, status=400)


def test_chosen_credentials(control: Control) -> None:
    """Credentials may be chosen, well-formed or not; one that is taken is refused, and nothing is left of it."""
    made = control.tenant(credentials={"sendgrid": "my-key"})
    assert made.data["providers"]["sendgrid"]["api_key"] == "my-key"
    assert control.world.as_sendgrid("my-key").get(POOLS["sendgrid"]).status_code == 200
    for taken in ("my-key", SENDGRID_KEY):
        detail = control.refused("POST", "/tenants", {"credentials": {"sendgrid": taken}}, status=409)
        assert taken not in detail
    assert len(control.ok("GET", "/tenants")["tenants"]) == 1


def test_credentials_that_were_kept(control: Control) -> None:
    """A key that a program kept over a restart, and that opened a tenant of its own, locks nobody out."""
    kept = control.tenant().data["providers"]
    control.ok("POST", "/reset")
    key = kept["sendgrid"]["api_key"]
    assert control.world.as_sendgrid(key).get(POOLS["sendgrid"]).status_code == 200
    made = control.tenant()
    assert made.id == "t2"
    assert made.data["providers"]["sendgrid"]["api_key"] != key
    detail = control.refused("POST", "/tenants", {"credentials": {"sendgrid": key}}, status=409)
    assert detail == "/body/credentials/sendgrid: the credential belongs to another tenant"


def test_the_credentials_of_a_seed_that_is_sent(control: Control) -> None:
    """They are the new tenant's, with the rights they are given, beside a credential with every right."""
    seed = {"sendgrid": {"credentials": [{"key": "reader", "scopes": ["ips.pools.read"]}]}}
    made = control.tenant(seed=seed)
    reader = control.world.as_sendgrid("reader")
    assert reader.get(POOLS["sendgrid"]).status_code == 200
    assert reader.post(POOLS["sendgrid"], **POOL["sendgrid"]).status_code == 403
    assert made.sendgrid.post(POOLS["sendgrid"], **POOL["sendgrid"]).status_code == 200
    assert reader.get(POOLS["sendgrid"]).json == [{"name": "mine"}]
    detail = control.refused("POST", "/tenants", {"seed": seed}, status=409)
    assert detail == "/body/seed/sendgrid: the credential belongs to another tenant"
    seed["sendgrid"]["credentials"] = [{"key": "one", "tenant": "t9"}]
    detail = control.refused("POST", "/tenants", {"seed": seed}, status=400)
    assert detail == "/body/seed/sendgrid/credentials/0/tenant: unexpected key: they belong to the new tenant"
    seed["sendgrid"]["credentials"] = [{"key": "twice"}, {"key": "twice"}]
    control.refused("POST", "/tenants", {"seed": seed}, status=409)
    control.ok("DELETE", made.path, status=204)
    assert reader.get(POOLS["sendgrid"]).status_code == 401


def test_a_refused_tenant_takes_no_number(control: Control) -> None:
    """A tenant that could not be made changes nothing: the next one is named as if nobody had asked."""
    before = control.tenant().id
    control.refused("POST", "/tenants", {"credentials": {"sendgrid": SENDGRID_KEY}}, status=409)
    detail = control.refused("POST", "/tenants", {"clock": {"now": "2021-02-30T00:00:00Z"}}, status=400)
    assert detail.startswith("/body/clock/now: ")
    assert (before, control.tenant().id) == ("t1", "t2")


def test_coverage(control: Control) -> None:
    """Each pair of operation and refusal is counted, per tenant and in all, and outlives the journal's records."""
    one, two = control.tenant(), control.tenant()
    for _ in range(2):
        one.sendgrid.post(POOLS["sendgrid"], json={"name": "twice"})
    two.mailgun.get(POOLS["mailgun"])
    control.world.as_mailgun("nobody").get(POOLS["mailgun"])
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


def test_what_a_request_met(control: Control) -> None:
    """The journal names what a request met instead of an operation, and what stood in its path."""
    made = control.tenant()
    made.sendgrid.get(f"{POOLS['sendgrid']}/a%2Fb")
    made.sendgrid.get("/v3/nothing")
    made.sendgrid.post("/v3/mail/send", json={})
    made.sendgrid.patch(POOLS["sendgrid"])
    returned = [(each["failure"], each["path_parameters"]) for each in made.ok("GET", "/requests")["requests"]]
    assert returned == [(None, {"pool_name": "a/b"}), ("not_found", {}), ("not_implemented", {}), ("not_allowed", {})]


def test_a_dropped_tenant(control: Control) -> None:
    """A dropped tenant is gone with all it had; its credential is simply unknown again."""
    made = control.tenant(credentials={"sparkpost": "not-well-formed"})
    made.sendgrid.post(POOLS["sendgrid"], **POOL["sendgrid"])
    control.ok("DELETE", made.path, status=204)
    assert made.sparkpost.get(POOLS["sparkpost"]).status_code == 401
    assert made.sendgrid.get(f"{POOLS['sendgrid']}/mine").status_code == 404
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/state"), ("POST", "/reset"), ("GET", "/clock")):
        made.refused(method, path, status=404)


def test_a_strangers_tenant_is_found_and_its_key_is_not_shown(control: Control) -> None:
    """A program finds the tenant that its own key opened; nobody is shown the key."""
    key = fresh_sendgrid_key()
    asked = {"provider": "sendgrid", "credential": key}
    control.refused("POST", "/tenants/lookup", asked, status=404)
    control.world.as_sendgrid(key).get(POOLS["sendgrid"])
    tenant_id = control.ok("POST", "/tenants/lookup", asked)["id"]
    shown = control("GET", f"/tenants/{tenant_id}")
    assert shown.json["providers"]["sendgrid"]["api_key"] is None
    assert key not in shown.text


def test_the_seeds_tenant_is_there_before_it_is_used(control: Control) -> None:
    """The tenant that the seed registers can be asked for at once."""
    assert control.ok("GET", "/tenants/default")["providers"]["sendgrid"]["api_key"] == SENDGRID_KEY


def test_made_tenants_are_bounded_too(make_world: Callable[..., World]) -> None:
    """Tenants made over the API count for --max-tenants; one closed for it is told so."""
    control = Control(make_world(max_tenants=2))
    first, _, _ = (control.tenant() for _ in range(3))
    assert first.sendgrid.get(POOLS["sendgrid"]).status_code == 503
    assert control.ok("GET", "/info")["counters"]["evictions"] == 1


# State


def test_a_large_state(made: Made) -> None:
    """What was told of a large world is taken back: the size that a provider's request may have is no limit here."""
    ips = [f"10.{number // 250}.{number % 250}.1" for number in range(10_000)]
    section = {"ips": [{"ip": ip, "rdns": f"o{ip}.a-rather-long-name-of-a-host.example.com"} for ip in ips]}
    made.ok("PUT", "/state", {"state": {"sendgrid": section}})
    returned = made.ok("GET", "/state")["state"]
    assert len(json.dumps(returned)) > Config().max_body_bytes
    made.ok("POST", "/reset", {})
    assert made.ok("PUT", "/state", {"state": returned})["state"] == returned


def test_state(made: Made) -> None:
    """A state is read and put in the format of a seed, one provider at a time; a mistake changes nothing."""
    state = made.ok("GET", "/state")["state"]
    put = {"sendgrid": {"pools": [{"id": "7", "name": "put"}]}}
    answer = made.ok("PUT", "/state", {"state": put})["state"]
    assert answer["sendgrid"]["pools"] == [{"id": "7", "name": "put", "ips": []}]
    assert answer["mailgun"] == state["mailgun"]
    for section, reason in (
        ({"sendgrid": {"pools": [{"id": "x", "name": "n"}]}}, "/body/state/sendgrid/pools/0/id: "),
        ({"mailgun": {"async_delay_seconds": 1}, "sendgrid": {"credentials": []}}, "a state has no credentials"),
        ({"sendgrind": {}}, "/body/state"),
    ):
        assert reason in made.refused("PUT", "/state", {"state": section})
        assert made.ok("GET", "/state")["state"] == answer
    whole = made.control("GET", f"{made.path}/state").json | {"state": state}
    assert made.ok("PUT", "/state", whole)["state"] == state


# Snapshots and reset


def disturb(made: Made) -> None:
    """Change everything that can be changed."""
    for name in POOLS:
        getattr(made, name).post(POOLS[name], **POOL[name])
    made.mailgun.delete("/v3/ip_pools/658041ae44842b99ee2eaa1b?ip=shared")
    made.fault("sendgrid.*", times=2)
    made.sendgrid.get(POOLS["sendgrid"])
    made.ok("PUT", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})


def everything(made: Made) -> dict[str, Any]:
    tenant = made.control.world.store.tenant(made.id)
    dump = tenant.read().dump()
    del dump["snapshots"]
    return {"dump": dump, "faults": made.ok("GET", "/faults"), "state": made.ok("GET", "/state")}


def test_a_snapshot_is_exact(made: Made) -> None:
    """Restoring brings back state, identifiers, clock and faults, again and again; the journal goes on."""
    disturb(made)
    before = everything(made)
    assert made.ok("POST", "/snapshots", {"name": "here"}, status=201) == {"name": "here"}
    for _ in range(2):
        made.ok("POST", "/clock/advance", {"seconds": 5})
        made.ok("DELETE", "/faults", status=204)
        made.mailgun.post(POOLS["mailgun"], **POOL["mailgun"])
        made.sendgrid.delete(f"{POOLS['sendgrid']}/mine")
        assert everything(made) != before
        assert made.ok("POST", "/snapshots/here/restore") == {"restored": "here"}
        assert everything(made) == before
    assert made.ok("GET", "/snapshots") == {"snapshots": [{"name": "here"}]}
    made.refused("POST", "/snapshots/there/restore", status=404)


def test_a_snapshot_of_all_tenants(control: Control) -> None:
    """All tenants together go back, with their credentials; one made since is gone, one dropped since is back."""
    one, two = control.tenant(), control.tenant()
    disturb(one)
    before = everything(one)
    control.ok("POST", "/snapshots", {"name": "all"}, status=201)
    three = control.tenant()
    one.ok("POST", "/reset")
    control.ok("DELETE", two.path, status=204)
    assert control.ok("POST", "/snapshots/all/restore") == {"restored": "all"}
    assert everything(one) == before
    assert two.sendgrid.get(POOLS["sendgrid"]).status_code == 200
    three.refused("GET", "", status=404)
    assert control.ok("GET", "/snapshots") == {"snapshots": [{"name": "all"}]}
    control.refused("POST", "/snapshots/nope/restore", status=404)
    control.ok("POST", "/reset")
    assert control.ok("GET", "/snapshots") == {"snapshots": []}


def transcript(world: World) -> list[tuple[int, bytes, list[tuple[str, str]]]]:
    """Ask the seed's tenant many things, and return everything that it answers."""
    answers = []
    for name in POOLS:
        access = getattr(world, name)
        for response in (
            access.get(POOLS[name]),
            access.post(POOLS[name], **POOL[name]),
            access.post(POOLS[name], **POOL[name]),
            access.post(POOLS[name], data=b"{"),
            access.get(POOLS[name]),
            access.get("/nope"),
            ProviderAccess(world, name, {}).get(POOLS[name]),
        ):
            headers = [(key, value) for key, value in response.headers.items() if key != "Date"]
            answers.append((response.status_code, response.data, headers))
    control = Control(world)
    for path in ("/info", "/tenants", "/tenants/default/requests", "/tenants/default/state", "/tenants/default/faults"):
        answers.append((200, control("GET", path).data, []))
    return answers


def observed(world: World) -> str:
    """Return everything that can be observed of a server: a long transcript, then the dump of the seed's tenant."""
    answers = transcript(world)
    return repr((answers, world.store.tenant("default").read().dump()))


@pytest.fixture(scope="module")
def fresh() -> str:
    """What is observed of a server in a process that has just started."""
    program = (
        "from tests.support import World; from tests.test_control import Time, observed; "
        "print(observed(World(time=Time())), end='')"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("whole", [True, False], ids=["server", "tenant"])
def test_a_reset_equals_a_fresh_process(make_world: Callable[..., World], whole: bool, fresh: str) -> None:
    """After a reset, everything that can be observed is as in a process that has just started."""
    used = make_world(time=Time())
    control = Control(used)
    default = Made(control, control.ok("GET", "/tenants/default"))
    if whole:
        disturb(control.tenant())
        used.as_mailgun().get(POOLS["mailgun"])
        ProviderAccess(used, "sendgrid", {}).get(POOLS["sendgrid"])
    disturb(default)
    default.ok("POST", "/snapshots", {"name": "x"}, status=201)
    assert observed(used) != fresh
    if whole:
        assert control.ok("POST", "/reset") == {"reset": True}
        assert control.ok("GET", "/tenants") == {"tenants": []}
    else:
        default.ok("POST", "/reset")
        assert default.ok("GET", "/snapshots") == {"snapshots": []}
        used.store.forget_counts()
    assert observed(used) == fresh


@pytest.mark.store("memory")  # it takes long, and test_redis_store has the limit that is Redis' own
def test_there_are_limits(made: Made) -> None:
    """A tenant has at most 1,000 faults and 100 snapshots, and a server 100 snapshots of all."""
    for _ in range(1_000):
        made.fault("*", skip=1_000_000)
    assert "1000 planned faults" in made.refused("POST", "/faults", {"operation": "*"})
    for path in ("/snapshots", f"{made.path}/snapshots"):
        for number in range(100):
            made.control.ok("POST", path, {"name": f"s{number}"}, status=201)
        assert "100 snapshots" in made.control.refused("POST", path, {"name": "one more"}, status=400)
        made.control.ok("POST", path, {"name": "s7"}, status=201)


PROGRAM = """
import sys
from mockserver import Config, create_app
client = create_app(Config(time=lambda: 1_700_000_000.0)).test_client()
for _ in range(2):
    made = client.post("/_mockserver/tenants", json={})
    print(made.text)
    headers = made.json["providers"]["mailgun"]["headers"]
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


def test_the_journal_explains(made: Made) -> None:
    """A record says what was refused and why, what broke the contract, what nothing read, and what was meant."""
    made.sendgrid.post(f"{POOLS['sendgrid']}?page=1", json={"name": "x" * 65, "colour": "red"})
    made.sendgrid.get("/v3/ip/pools")
    first, second = made.ok("GET", "/requests")["requests"]
    assert (first["operation"], first["status"], first["method"], first["path"]) == (
        "sendgrid.createIpPool",
        400,
        "POST",
        POOLS["sendgrid"],
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
    assert made.ok("GET", f"/requests/{first['id']}") == first
    made.refused("GET", "/requests/nope", status=404)


def test_filters(made: Made) -> None:
    """Requests are listed and counted by what they were."""
    made.sendgrid.get(POOLS["sendgrid"])
    made.sendgrid.post(POOLS["sendgrid"], json={})
    made.mailgun.get(POOLS["mailgun"])
    made.mailgun.get("/nope")
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
        found = made.ok("GET", f"/requests?{query}")["requests"]
        assert [each["seq"] for each in found] == numbers, query
    assert made.ok("POST", "/requests/count", {"status": "4xx"}) == {"count": 2}
    assert made.ok("POST", "/requests/count", {"provider": "mailgun", "has_error": False, "since": 0}) == {"count": 1}
    assert made.ok("POST", "/requests/count") == {"count": 4}
    made.ok("DELETE", "/requests", status=204)
    assert made.ok("GET", "/requests") == {"requests": [], "dropped": 0}
    made.sendgrid.get(POOLS["sendgrid"])
    assert made.ok("GET", "/requests")["requests"][0]["seq"] == 5


def test_the_control_api_is_not_journaled(made: Made) -> None:
    """What a tester asks is not among what the program under test asked."""
    made.ok("GET", "/state")
    assert made.ok("GET", "/requests")["requests"] == []


# Faults


@pytest.mark.parametrize("name", list(POOLS))
def test_rate_limits_in_every_dialect(made: Made, name: str) -> None:
    """A planned 429 has the provider's words, envelope and headers, and then is over."""
    access, operation = (
        getattr(made, name),
        {"sparkpost": "listIpPools", "sendgrid": "listIpPools"}.get(name, "listIpPools"),
    )
    made.fault(f"{name}.{operation}", status=429)
    response = access.get(POOLS[name])
    assert response.status_code == 429
    expected = {
        "sparkpost": {"errors": [{"message": "Too many requests"}]},
        "sendgrid": {"errors": [{"field": None, "message": "too many requests"}]},
        "mailgun": {"message": "Rate limit exceeded"},
    }
    assert response.json == expected[name]
    assert ("X-RateLimit-Reset" in response.headers) == (name != "sparkpost")
    if name == "sendgrid":
        assert (response.headers["X-RateLimit-Remaining"], int(response.headers["X-RateLimit-Reset"]) % 60) == ("0", 0)
    assert access.get(POOLS[name]).status_code == 200
    (fault,) = made.ok("GET", "/faults")["faults"]
    assert (fault["applied"], fault["remaining"], fault["completed"]) == (1, 0, True)


def test_a_status_of_the_providers_own(made: Made) -> None:
    """SparkPost's 420 is no standard status: its name is the one that the provider's table of errors has."""
    made.fault("sparkpost.listIpPools", status=420)
    response = made.sparkpost.get(POOLS["sparkpost"])
    assert response.status == "420 Exceed Sending Limit"
    assert response.json == {"errors": [{"message": "Exceed Sending Limit"}]}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("name", list(POOLS))
def test_any_status(made: Made, name: str, status: int) -> None:
    """Any error can be planned, in the provider's own envelope."""
    made.fault(f"{name}.*", status=status)
    response = getattr(made, name).post(POOLS[name], **POOL[name])
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("application/json") or status in (401, 404)
    state = made.ok("GET", "/state")["state"]
    assert "mine" not in json.dumps(state)


def test_times_and_skip(made: Made) -> None:
    """A fault lets some calls pass, strikes some, and the next one in the queue follows."""
    made.fault("sendgrid.listIpPools", skip=1, times=2, status=500)
    made.fault("sendgrid.*", status=503)
    statuses = [made.sendgrid.get(POOLS["sendgrid"]).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 503, 200]
    assert made.ok("GET", "/requests?status=5xx")["requests"][0]["fault"] == "f1"


def test_after_the_commit(made: Made) -> None:
    """A fault after the commit leaves the change done and the client with an error."""
    made.fault("sendgrid.createIpPool", when="after", status=500)
    assert made.sendgrid.post(POOLS["sendgrid"], json={"name": "done"}).status_code == 500
    assert made.sendgrid.get(f"{POOLS['sendgrid']}/done").status_code == 200
    made.fault("sendgrid.createIpPool", when="before", status=500)
    assert made.sendgrid.post(POOLS["sendgrid"], json={"name": "not done"}).status_code == 500
    assert made.sendgrid.get(f"{POOLS['sendgrid']}/not%20done").status_code == 404


def test_after_a_refusal(made: Made) -> None:
    """A fault after an operation takes the place of a refusal too: what has fired has been seen."""
    made.fault("sendgrid.createIpPool", when="after", status=500)
    assert made.sendgrid.post(POOLS["sendgrid"], json={}).status_code == 500
    assert made.ok("GET", "/faults/f1")["completed"] is True
    assert made.sendgrid.post(POOLS["sendgrid"], json={}).status_code == 400


def test_drop_and_truncate_in_process(made: Made) -> None:
    """In process, a dropped or truncated answer is the transport's connection error; `when` says what was done."""
    for name, when in (("kept", "after"), ("lost", "before")):
        made.fault("sendgrid.createIpPool", kind="drop", when=when)
        with pytest.raises(ConnectionError):
            made.sendgrid.post(POOLS["sendgrid"], json={"name": name})
    made.fault("sendgrid.createIpPool", kind="truncate")
    with pytest.raises(ConnectionError):
        _ = made.sendgrid.post(POOLS["sendgrid"], json={"name": "cut"}).data
    names = [pool["name"] for pool in made.sendgrid.get(POOLS["sendgrid"]).json]
    assert names[-2:] == ["kept", "cut"]
    assert "lost" not in names


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_ends_delays(made: Made, when: str) -> None:
    """A call that is delayed when its tenant is reset is of the time before: it is not answered, and does nothing."""
    made.fault("sendgrid.createIpPool", kind="delay", delay_seconds=60, when=when)
    came: list[object] = []

    def call() -> None:
        try:
            came.append(made.sendgrid.post(POOLS["sendgrid"], json={"name": "ghost"}))
        except ConnectionResetError as error:
            came.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not made.ok("GET", "/faults/f1")["applied"]:
        time.sleep(0.01)
    time.sleep(0.1)
    made.ok("POST", "/reset", {})
    thread.join(20)
    assert [type(each) for each in came] == [ConnectionResetError]
    assert "ghost" not in made.sendgrid.get(POOLS["sendgrid"]).text


def test_delays_hold_no_lock(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delay is as long as planned, and the tenant's other calls go on meanwhile."""
    slept = []
    world = made.control.world

    def wait(_: Tenant, seconds: float) -> None:
        if seconds:
            slept.append((seconds, world.lock_of(world.store.get(made.id)).locked()))

    monkeypatch.setattr(type(made.control.world.store.get(made.id)), "wait", wait)
    made.fault("*", kind="delay", delay_seconds=1.5)
    made.fault("*", kind="delay", delay_seconds=2, when="after")
    assert [made.mailgun.get(POOLS["mailgun"]).status_code for _ in range(3)] == [200, 200, 200]
    assert slept == [(1.5, False), (2, False)]


def test_strangers_take_no_fault(made: Made) -> None:
    """A 401, and what reaches no operation, uses no fault up."""
    made.fault("*")
    ProviderAccess(made.control.world, "sendgrid", {}).get(POOLS["sendgrid"])
    made.sendgrid.get("/nope")
    assert made.ok("GET", "/faults/f1")["applied"] == 0


def test_fault_mistakes(made: Made) -> None:
    """A fault that could never do what it says is refused, with the closest operation's name."""
    for fault, reason in (
        ({}, "operation"),
        ({"operation": "sendgrid.createIpPol"}, "did you mean 'sendgrid.createIpPool'?"),
        ({"operation": "*", "status": 200}, "/body/status"),
        ({"operation": "*", "kind": "drop", "status": 500}, "/body/status"),
        ({"operation": "*", "kind": "delay"}, "delay_seconds"),
        ({"operation": "*", "delay_seconds": 1}, "/body/delay_seconds"),
        ({"operation": "*", "kind": "truncate", "when": "before"}, "/body/when"),
        ({"operation": "*", "times": 0}, "/body/times"),
        ({"operation": "*", "tims": 1}, "tims"),
    ):
        assert reason in made.refused("POST", "/faults", fault)
    assert made.ok("GET", "/faults") == {"faults": []}


def test_faults_are_taken_back(made: Made) -> None:
    """A fault, or all of them, can be taken back."""
    one, two = made.fault("*"), made.fault("*")
    made.ok("DELETE", f"/faults/{one['id']}", status=204)
    made.refused("GET", f"/faults/{one['id']}", status=404)
    made.refused("DELETE", f"/faults/{one['id']}", status=404)
    assert made.ok("GET", "/faults") == {"faults": [two]}
    made.ok("DELETE", "/faults", status=204)
    assert made.sendgrid.get(POOLS["sendgrid"]).status_code == 200


# The clock


@pytest.fixture
def still(make_world: Callable[..., World]) -> Iterator[tuple[Time, Made]]:
    time = Time()
    yield time, Control(make_world(time=time)).tenant()


def test_the_clock(still: tuple[Time, Made]) -> None:
    """A tenant's clock is read, set, stopped, let go and moved."""
    time, made = still
    assert made.ok("GET", "/clock") == {"now": "2023-11-14T22:13:20Z", "frozen": False}
    assert made.ok("PUT", "/clock", {"now": "2030-01-01T01:00:00.5+01:00"}) == {
        "now": "2030-01-01T00:00:00.5Z",
        "frozen": False,
    }
    time.now += 1
    assert made.ok("PUT", "/clock", {"frozen": True})["now"] == "2030-01-01T00:00:01.5Z"
    time.now += 100
    assert made.ok("POST", "/clock/advance", {"seconds": 10}) == {"now": "2030-01-01T00:00:11.5Z", "frozen": True}
    assert made.ok("POST", "/clock/advance", {"to": "2030-01-02T00:00:00Z"})["now"] == "2030-01-02T00:00:00Z"
    assert made.ok("PUT", "/clock", {"frozen": False})["frozen"] is False
    time.now += 1
    assert made.ok("GET", "/clock")["now"] == "2030-01-02T00:00:01Z"
    made.mailgun.get(POOLS["mailgun"])
    assert made.ok("GET", "/requests")["requests"][0]["time"] == "2030-01-02T00:00:01Z"


def test_clock_mistakes(made: Made) -> None:
    """A clock is not moved by what is no time, or back by `advance`."""
    before = made.ok("PUT", "/clock", {"frozen": True})
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
        made.refused(method, f"/clock{path}", body)
    assert made.ok("GET", "/clock") == before


def test_a_tenant_starts_with_its_clock(control: Control) -> None:
    """A tenant made with a clock has it, and has it again after a reset."""
    asked = {"now": "2030-01-01T00:00:00Z", "frozen": True}
    made = control.tenant(clock=asked)
    made.ok("POST", "/clock/advance", {"seconds": 60})
    made.ok("POST", "/reset")
    assert made.ok("GET", "/clock") == asked


# Mailgun's work after the answer


POOL_PATH = "/v3/ip_pools/658041ae44842b99ee2eaa1b"
IPS = "/v3/domains/mail.example.com/ips"


def slow(control: Control, **settings: Any) -> Made:
    made = control.tenant()
    state = made.ok("GET", "/state")["state"]["mailgun"]
    made.ok("PUT", "/state", {"state": {"mailgun": {**state, **settings}}})
    assert made.mailgun.put(f"{POOL_PATH}/ips/192.0.2.10").json["message"] == "started"
    return made


def test_work_waits_for_the_clock(control: Control) -> None:
    """Work with a delay is done when the tenant's clock is there."""
    made = slow(control, async_delay_seconds=3600)
    assert made.mailgun.get(IPS).json["total_count"] == 1
    made.ok("POST", "/clock/advance", {"seconds": 3600})
    assert made.mailgun.get(IPS).json["total_count"] == 2


def test_work_waits_to_be_told(control: Control) -> None:
    """Work without a time is done when it is told to be, and not before."""
    made = slow(control, async_delay_seconds=None)
    made.ok("POST", "/clock/advance", {"seconds": 1e9})
    assert made.mailgun.get(IPS).json["total_count"] == 1
    state = made.ok("GET", "/state")["state"]
    assert made.ok("PUT", "/state", {"state": state})["state"] == state
    assert made.ok("POST", "/jobs/run") == {"jobs_run": True}
    assert made.mailgun.get(IPS).json["total_count"] == 2


def test_work_fails_midway(control: Control) -> None:
    """Work that fails stops after half of the domains; the state it leaves can be read and put."""
    made = control.tenant()
    assert made.mailgun.post("/v3/domains/news.example.com/ips", data={"pool_id": POOL_PATH[13:]}).status_code == 200
    state = made.ok("GET", "/state")["state"]["mailgun"]
    made.ok("PUT", "/state", {"state": {"mailgun": {**state, "async_fails_midway": True}}})
    made.mailgun.delete(POOL_PATH, query_string={"ip": "shared"})
    counts = [made.mailgun.get(f"/v3/domains/{name}.example.com/ips").json["items"] for name in ("mail", "news")]
    assert counts == [["198.51.100.1"], ["192.0.2.20"]]
    state = made.ok("GET", "/state")["state"]
    assert made.ok("PUT", "/state", {"state": state})["state"] == state


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
def test_foreign_hosts(control: Control, host: str) -> None:
    """Bound to loopback, no request with another Host is served, and nothing happens."""
    headers = {"Host": host}
    for method, path, body in REQUESTS:
        control.refused(method, path, body, status=421, headers=headers)
    response = control.world.sendgrid.post(POOLS["sendgrid"], json={"name": "evil"}, headers=headers)
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
def test_own_hosts(make_world: Callable[..., World], host: str) -> None:
    """Loopback names are served; exposed, every name is."""
    control = Control(make_world())
    control.ok("GET", "/live", headers={"Host": host})
    exposed = Control(make_world(expose=True))
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
def test_foreign_origins(control: Control, headers: dict[str, str]) -> None:
    """A page of another origin is refused, and nothing happens; there is no CORS."""
    for method, path, body in REQUESTS:
        response = control(method, path, body, headers=headers)
        assert response.status_code == 403
        assert not [name for name in response.headers if name[0].startswith("Access-Control")]
    assert control.ok("GET", "/tenants") == {"tenants": []}
    assert control("OPTIONS", "/reset").status_code == 405
    control.ok("GET", "/live", headers={"Origin": "http://localhost"})


def test_the_token(make_world: Callable[..., World]) -> None:
    """With a token, everything but `live` and `ready` needs it; without it nothing happens."""
    control = Control(make_world(control_token="secret-token"))
    for value in (None, "", "Bearer", "Bearer wrong", "secret-token", "Basic secret-token", "Bearer secret-tokenx"):
        headers = {} if value is None else {"Authorization": value}
        for method, path, body in REQUESTS:
            detail = control.refused(method, path, body, status=401, headers=headers)
            assert "secret-token" not in detail
    assert control("GET", "/tenants").headers["WWW-Authenticate"] == "Bearer"
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
def test_bad_bodies(control: Control, kwargs: dict[str, Any], status: int) -> None:
    """A body that is not what is asked for is refused with its place, and nothing happens."""
    control.refused("POST", "/tenants", status=status, **kwargs)
    assert control.ok("GET", "/tenants") == {"tenants": []}


def test_an_empty_body_is_an_empty_object(control: Control) -> None:
    """A POST without a body says nothing, whatever its Content-Type."""
    for content_type in (None, "text/plain"):
        assert control("POST", "/tenants", data=b"", content_type=content_type).status_code == 201


def test_wrong_methods(control: Control) -> None:
    """A wrong method names the right ones."""
    response = control("PATCH", "/tenants")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert control("HEAD", "/live").status_code == 405


CANARY = "canary0123456789abcdef0123456789abcdef01"


def test_a_secret_is_nowhere(make_world: Callable[..., World], caplog: pytest.LogCaptureFixture) -> None:
    """A credential of a program under test appears in no log, journal, state, snapshot, error or page."""
    control = Control(make_world(unknown_credentials="any"))
    world = control.world
    for access in (world.as_sparkpost(CANARY), world.as_sendgrid(CANARY), world.as_mailgun(CANARY)):
        access.get(POOLS[access.provider])
        access.get("/nope")
    tenants = [world.store.get(each.id) for each in world.store.overview()]
    texts = [caplog.text, repr(tenants), repr(world.store), repr(world.server.tenants)]
    for tenant in control.ok("GET", "/tenants")["tenants"]:
        path = f"/tenants/{tenant['id']}"
        control.ok("POST", f"{path}/snapshots", {"name": "s"}, status=201)
        for part in ("", "/requests", "/state", "/snapshots", "/faults", "/clock"):
            texts.append(control("GET", path + part).text)
    texts += [control("GET", path).text for path in ("/info", "/metrics", "/tenants", "/operations")]
    taken = control("POST", "/tenants", {"credentials": {"sparkpost": CANARY}})
    assert taken.status_code == 409
    texts.append(taken.text)
    for text in texts:
        assert CANARY not in text


def test_the_demo_keys_are_the_seeds(control: Control) -> None:
    """The seed's tenant shows the seed's demo keys, which are no secret."""
    shown = control.ok("GET", "/tenants/default")["providers"]
    assert [shown[name]["api_key"] for name in POOLS] == [SPARKPOST_KEY, SENDGRID_KEY, MAILGUN_KEY]
    assert SUBACCOUNT not in json.dumps(shown)
