"""Small seeds: records as texts, with generated ids, names and reverse DNS."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from mockserver import Server, create_app
from mockserver.core.errors import SeedError
from mockserver.testing.in_process import InProcessClient

from .cli.commands import run_here
from .control_client import ControlClient
from .support import MAILGUN, SENDGRID, SPARKPOST

SMALL: dict[str, Any] = {
    "sendgrid": {
        "credentials": ["sendgrid-key"],
        "ips": ["192.0.2.1", "192.0.2.2"],
        "subusers": ["team"],
        "pools": ["marketing", {"name": "receipts", "ips": ["192.0.2.1"]}, {"name": "marketing", "subuser": "team"}],
        "api_keys": ["Website"],
    },
    "sparkpost": {
        "ip_pools": ["Marketing IP Pool", {"id": "bulk", "auto_warmup_overflow_pool": "Marketing IP Pool"}],
        "sending_ips": ["192.0.2.3", {"external_ip": "192.0.2.4", "ip_pool": "Marketing IP Pool"}],
        "subaccounts": ["One", {"id": 7, "name": "Two"}, "Three"],
    },
    "mailgun": {
        "subaccounts": ["Sub"],
        "ips": ["192.0.2.5", {"ip": "192.0.2.6", "account": "Sub"}],
        "ip_pools": ["Spare", {"name": "Receipts", "ips": ["192.0.2.5"], "delegated_to": ["Sub"]}],
        "domains": ["a.example.com", {"name": "b.example.com", "pool_id": "Receipts"}],
        "smtp_credentials": ["me@a.example.com"],
    },
}


@pytest.fixture
def server() -> Server:
    return Server(InProcessClient(create_app(seed="empty")))


def state_of(server: Server, seed: Any) -> dict[str, Any]:
    with server.create_tenant(seed=seed) as tenant:
        return tenant.state()


def test_smallest_seed(server: Server) -> None:
    state = state_of(server, {"sendgrid": {"pools": ["marketing", "receipts"]}})
    assert [pool["name"] for pool in state["sendgrid"]["pools"]] == ["marketing", "receipts"]


def test_generated_values(server: Server) -> None:
    """What a record leaves out has the form of what a request creates, and references are ids."""
    state = state_of(server, {name: {**section, "credentials": []} for name, section in SMALL.items()})
    sendgrid, sparkpost, mailgun = state["sendgrid"], state["sparkpost"], state["mailgun"]
    assert [ip["rdns"] for ip in sendgrid["ips"]] == [
        "o192-0-2-1.outbound-mail.sendgrid.net",
        "o192-0-2-2.outbound-mail.sendgrid.net",
    ]
    assert len({int(pool["id"]) for pool in sendgrid["pools"]}) == 3
    assert [len(key["id"]) for key in sendgrid["api_keys"]] == [22]
    assert [(pool["id"], pool["name"], pool.get("auto_warmup_overflow_pool")) for pool in sparkpost["ip_pools"]] == [
        ("marketing_ip_pool", "Marketing IP Pool", None),
        ("bulk", "bulk", "marketing_ip_pool"),
        ("default", "Default", None),
    ]
    assert [(ip["hostname"], ip["ip_pool"]) for ip in sparkpost["sending_ips"]] == [
        ("mta1a.sparkpostmail.com", "default"),
        ("mta2a.sparkpostmail.com", "marketing_ip_pool"),
    ]
    assert [each["id"] for each in sparkpost["subaccounts"]] == [8, 7, 9]
    (sub,) = mailgun["subaccounts"]
    spare, receipts = mailgun["ip_pools"]
    assert (mailgun["ips"][1]["account"], receipts["delegated_to"], spare["description"]) == (
        sub["id"],
        [sub["id"]],
        "",
    )
    a, b = mailgun["domains"]
    assert (b["pool_id"], b["ips"]) == (receipts["pool_id"], ["192.0.2.5"])
    ids = [sub["id"], spare["pool_id"], receipts["pool_id"], a["id"], b["id"]]
    assert len(set(ids)) == 5 and {(len(each), each[:8]) for each in ids} == {(24, mailgun["account_id"][:8])}


def test_every_front_door_loads_the_same_state(server: Server, tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    """A mapping, a YAML and a JSON file, `create_app` and the control API generate the same values."""
    expected = state_of(server, copy.deepcopy(SMALL))
    (tmp_path / "seed.yaml").write_text(yaml.safe_dump(SMALL), "utf-8")
    (tmp_path / "seed.json").write_text(json.dumps(SMALL), "utf-8")
    assert state_of(server, str(tmp_path / "seed.yaml")) == expected
    assert state_of(server, str(tmp_path / "seed.json")) == expected
    with server.create_tenant() as tenant:
        tenant.seed({"name": "ignored", **SMALL})
        assert tenant.state() == expected
    for seed in (SMALL, str(tmp_path / "seed.yaml")):
        app = make_app(seed=seed)
        assert SENDGRID.client(app, "sendgrid-key").get("/v3/ips/pools").json == [
            {"name": "marketing"},
            {"name": "receipts"},
        ]
        assert ControlClient(app).ok("GET", "/tenants/default/state")["state"] == expected
    done = run_here("validate", str(tmp_path / "seed.yaml"))
    assert (done.returncode, done.stdout) == (0, f"OK: {tmp_path / 'seed.yaml'}: seed 'seed'\n")


def test_a_state_loads_to_itself(server: Server) -> None:
    full = state_of(server, copy.deepcopy(SMALL))
    assert state_of(server, full) == full


def test_generated_ids_do_not_depend_on_other_records_and_avoid_given_ones(server: Server) -> None:
    def sendgrid_ids(*pools: Any) -> dict[str, str]:
        state = state_of(server, {"sendgrid": {"pools": list(pools)}})
        return {pool["name"]: pool["id"] for pool in state["sendgrid"]["pools"]}

    ids = sendgrid_ids("a", "b")
    assert sendgrid_ids("c", "b")["b"] == ids["b"]
    taken = sendgrid_ids("a", {"name": "b", "id": ids["a"]})
    assert taken["b"] == ids["a"] != taken["a"]
    state = state_of(server, {"sparkpost": {"ip_pools": ["A b", {"id": "a_b", "name": "Other"}, "a B"]}})
    assert [pool["id"] for pool in state["sparkpost"]["ip_pools"]] == ["a_b_1", "a_b", "a_b_2", "default"]
    state = state_of(server, {"mailgun": {"ip_pools": ["a", "a"]}})
    assert len({pool["pool_id"] for pool in state["mailgun"]["ip_pools"]}) == 2
    hosts = [{"external_ip": "192.0.2.2", "hostname": "mta1a.sparkpostmail.com"}]
    state = state_of(server, {"sparkpost": {"sending_ips": ["192.0.2.1", *hosts]}})
    assert state["sparkpost"]["sending_ips"][0]["hostname"] == "mta2a.sparkpostmail.com"


def test_requests_create_other_ids_than_a_seed(make_app: Callable[..., Flask]) -> None:
    app = make_app(seed=SMALL)
    client = SPARKPOST.new_client(app)
    created = client.post("/api/v1/ip-pools", json={"name": "Marketing IP Pool"}).json["results"]["id"]
    assert created == "marketing_ip_pool_1"
    domains = MAILGUN.new_client(app).get("/v4/domains").json["items"]
    assert {each["name"] for each in domains} == {"a.example.com", "b.example.com"}


def test_credential_of_a_subaccount_by_its_name(make_app: Callable[..., Flask]) -> None:
    """SparkPost and Mailgun number their subaccounts; a seed may name them."""
    seed = {
        "sparkpost": {"subaccounts": ["One"], "credentials": [{"key": "k", "subaccount": "One"}]},
        "mailgun": {
            "subaccounts": ["Sub"],
            "domains": [{"name": "a.example.com", "account": "Sub"}],
            "credentials": [{"key": "m", "subaccount": "Sub"}],
        },
    }
    app = make_app(seed=seed)
    assert SPARKPOST.client(app, "k").get("/api/v1/ip-pools").status_code == 403
    assert MAILGUN.client(app, "m").get("/v3/domains/a.example.com/ips").status_code == 200


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"ips": [{"ip": "a"}]}, "it has no reverse DNS (rdns)"),
        ({"ips": [{"ip": "a", "rdns": "x", "rdns_valid": False}]}, "its reverse DNS is not valid (rdns_valid: false)"),
        ({"ips": [{"ip": "a", "rdns": "x", "enabled": False}]}, "it is not enabled (enabled: false)"),
        ({"ips": [{"ip": "a", "rdns": "x", "parent_assigned": False}]}, "not assigned to the parent account"),
        (
            {"ips": ["a"], "subusers": ["team"], "pools": [{"name": "p", "subuser": "team", "ips": ["a"]}]},
            "subuser 'team' may not send from it",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_error_says_why_an_ip_cannot_join_a_sendgrid_pool(section: Any, reason: str) -> None:
    with pytest.raises(SeedError) as caught:
        create_app(seed={"sendgrid": {"pools": [{"name": "p", "ips": ["a"]}], **section}})
    assert "IP a cannot join a pool of this account: " in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("ips", "reason"),
    [
        ([], "it is not in 'ips'"),
        ([{"ip": "192.0.2.1", "dedicated": False}], "it is shared (dedicated: false)"),
        ([{"ip": "192.0.2.1", "account": "Sub"}], "it belongs to subaccount"),
    ],
    ids=["unknown", "shared", "of a subaccount"],
)
def test_error_says_why_an_ip_cannot_join_a_mailgun_pool(ips: Any, reason: str) -> None:
    control = ControlClient(create_app(seed="empty"))
    pools = [{"name": "p", "ips": ["192.0.2.1"]}]
    seed = {"mailgun": {"subaccounts": ["Sub"], "ips": ips, "ip_pools": pools}}
    assert reason in control.error("POST", "/tenants", {"seed": seed}, status=400)
