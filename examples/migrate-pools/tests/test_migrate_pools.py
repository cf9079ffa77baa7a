"""The script against two accounts that behave as the vendors' do. Every test has accounts of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import migrate_pools
import pytest
import requests
from migrate_pools import DESCRIPTION, main

from mockserver import Tenant

SEED = "tests/seed.yaml"
IPS = {"203.0.113.1": "192.0.2.1", "203.0.113.2": "192.0.2.2", "203.0.113.3": "192.0.2.3"}
BEFORE = {"receipts": ["203.0.113.1", "203.0.113.2"], "newsletters": ["203.0.113.3"]}
AFTER = {"receipts": ["192.0.2.1", "192.0.2.2"], "newsletters": ["192.0.2.3"]}
ALERTS = {"alerts": ["192.0.2.9"]}

pytestmark = pytest.mark.mockserver(seed=SEED, strict=True)

Migrate = Callable[..., int]


def run(accounts: Tenant, folder: Path, *flags: str, ips: dict[str, str] = IPS) -> int:
    """Run the script for some accounts and on their clock, without real waits."""
    accounts.env()
    (folder / "ips.json").write_text(json.dumps(ips), "utf-8")
    arguments = ["--map", str(folder / "ips.json"), "--journal", str(folder / "state.json"), *flags]
    return main(arguments, sleep=accounts.clock.advance, now=lambda: accounts.clock.now().timestamp())


@pytest.fixture
def migrate(mockserver: Tenant, tmp_path: Path) -> Migrate:
    """Runs the script for the accounts of the test, and returns its exit code."""
    return lambda *flags, **how: run(mockserver, tmp_path, *flags, **how)


def pools(accounts: Tenant) -> dict[str, list[str]]:
    """Return the IPs of every pool at Mailgun; a name that is there twice is an error."""
    found = [(pool["name"], pool["ips"]) for pool in accounts.state()["mailgun"]["ip_pools"]]
    assert len(found) == len(dict(found))
    return dict(found)


def seed(sendgrid: dict[str, list[str]], mailgun_ips: list[str], **mailgun: Any) -> dict[str, Any]:
    """Return a seed: pools of SendGrid with their IPs, and the IPs of a Mailgun account that has no pool."""
    ips = dict.fromkeys(ip for members in sendgrid.values() for ip in members)
    return {
        "sendgrid": {
            "ips": [{"ip": ip, "rdns": "o1.ptr.example.com"} for ip in ips],
            "pools": [
                {"id": str(number), "name": name, "ips": members}
                for number, (name, members) in enumerate(sendgrid.items(), 1)
            ],
        },
        "mailgun": {"ips": [{"ip": ip} for ip in mailgun_ips], **mailgun},
    }


# What it does


def test_pools_are_made(mockserver: Tenant, migrate: Migrate) -> None:
    """Every pool is there afterwards, with the IPs that the mapping names, beside those that were there before."""
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}
    mockserver.requests.assert_called("mailgun.createIpPool", form={"name": "receipts", "description": DESCRIPTION})
    mockserver.requests.assert_called("mailgun.addIpToPool", times=3, status=200)


def test_sendgrid_is_only_read(mockserver: Tenant, migrate: Migrate) -> None:
    """The account at SendGrid is left as it is: nothing but GET is asked of it."""
    before = mockserver.state()["sendgrid"]
    assert migrate() == 0
    assert mockserver.state()["sendgrid"] == before
    assert {request.method for request in mockserver.requests.matching("sendgrid.*")} == {"GET"}


def test_a_pool_that_is_there_is_completed(mockserver: Tenant, migrate: Migrate) -> None:
    """A pool of the same name gets what it lacks, and no twin."""
    half = {"pool_id": "658041ae44842b99ee2eaa02", "name": "receipts", "description": "Ours", "ips": ["192.0.2.1"]}
    mockserver.seed(seed(BEFORE, ["192.0.2.1", "192.0.2.2", "192.0.2.3"], ip_pools=[half]))
    assert migrate() == 0
    assert pools(mockserver) == AFTER
    mockserver.requests.assert_not_called("mailgun.createIpPool", form={"name": "receipts", "description": DESCRIPTION})


def test_a_second_run_changes_nothing(mockserver: Tenant, migrate: Migrate) -> None:
    """When all is done, a second run only looks."""
    assert migrate() == 0
    mockserver.requests.clear()
    assert migrate() == 0
    assert {request.method for request in mockserver.requests} == {"GET"}


def test_the_journal_counts_more_than_the_name(mockserver: Tenant, migrate: Migrate) -> None:
    """A pool that somebody has renamed at Mailgun meanwhile is not made again."""
    assert migrate() == 0
    mailgun = mockserver.mailgun
    for pool in mockserver.state()["mailgun"]["ip_pools"]:
        url = f"{mailgun.url}/v3/ip_pools/{pool['pool_id']}"
        requests.patch(url, auth=mailgun.auth, data={"name": f"our {pool['name']}"}).raise_for_status()
    assert migrate() == 0
    assert list(pools(mockserver)) == ["our alerts", "our receipts", "our newsletters"]


def test_a_dry_run_changes_nothing(
    mockserver: Tenant, migrate: Migrate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run says what there is to do; neither the accounts nor the journal change."""
    before = mockserver.state()
    assert migrate("--dry-run") == 0
    assert mockserver.state() == before
    assert not (tmp_path / "state.json").exists()
    assert capsys.readouterr().out.splitlines() == [
        "receipts: create the pool",
        "receipts: add 192.0.2.1",
        "receipts: add 192.0.2.2",
        "newsletters: create the pool",
        "newsletters: add 192.0.2.3",
    ]


def test_two_accounts(mockserver_factory: Callable[..., Tenant], tmp_path: Path) -> None:
    """Accounts know nothing of each other: the same pools are made in each, for itself."""
    ours, theirs = mockserver_factory(seed=SEED), mockserver_factory(seed=SEED)
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    assert run(ours, tmp_path / "ours") == 0
    theirs.requests.assert_not_called()
    assert pools(theirs) == ALERTS
    assert run(theirs, tmp_path / "theirs") == 0
    assert pools(ours) == pools(theirs) == {**ALERTS, **AFTER}


def test_as_a_command(mockserver: Tenant, tmp_path: Path) -> None:
    """`python migrate_pools.py` finds the accounts by its environment, as it will find the real ones."""
    mockserver.env()
    (tmp_path / "ips.json").write_text(json.dumps(IPS), "utf-8")
    script = Path(__file__).parent.parent / "migrate_pools.py"
    command = [sys.executable, str(script), "--map", "ips.json", "--journal", "state.json"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert pools(mockserver) == {**ALERTS, **AFTER}


# Limits


def test_a_hundred_pools(mockserver: Tenant, migrate: Migrate) -> None:
    """As many pools as SendGrid allows are read page by page, and none is lost."""
    empty: dict[str, list[str]] = {f"pool {number}": [] for number in range(100)}
    mockserver.seed(seed(empty, []))
    assert migrate() == 0
    assert pools(mockserver) == empty
    mockserver.requests.assert_called("sendgrid.listIpPoolsWithIps", times=2)
    mockserver.requests.assert_called("sendgrid.listIpPoolsWithIps", query={"limit": "50", "after_key": "50"})


def test_more_than_ten_ips(mockserver: Tenant, migrate: Migrate) -> None:
    """SendGrid's list shows ten IPs of a pool; the others are asked for."""
    ips = {f"203.0.113.{number}": f"192.0.2.{number}" for number in range(1, 13)}
    mockserver.seed(seed({"large": list(ips)}, list(ips.values())))
    assert migrate(ips=ips) == 0
    assert pools(mockserver) == {"large": list(ips.values())}


@pytest.mark.parametrize("name", ["50% off / today?", "a#b&c=d;e", "Grüße 📮", "%2F", '"', "x" * 64])
def test_odd_names(mockserver: Tenant, migrate: Migrate, name: str) -> None:
    """A name arrives as it is, whatever stands in it, and the pool's IPs are found by it."""
    ips = {f"203.0.113.{number}": f"192.0.2.{number}" for number in range(1, 12)}
    mockserver.seed(seed({name: list(ips)}, list(ips.values())))
    assert migrate(ips=ips) == 0
    assert pools(mockserver) == {name: list(ips.values())}
    mockserver.requests.assert_called("sendgrid.getIpPool", path_parameters={"pool_name": name}, status=200)


# What it cannot do


def test_an_ip_without_a_replacement(mockserver: Tenant, migrate: Migrate, capsys: pytest.CaptureFixture[str]) -> None:
    """An IP that is not in the mapping is reported; everything else is done."""
    assert migrate(ips={"203.0.113.1": "192.0.2.1", "203.0.113.3": "192.0.2.3"}) == 1
    assert capsys.readouterr().err == "receipts: the mapping has no IP for 203.0.113.2\n"
    assert pools(mockserver) == {**ALERTS, "receipts": ["192.0.2.1"], "newsletters": ["192.0.2.3"]}


def test_an_ip_of_another_pool(mockserver: Tenant, migrate: Migrate, capsys: pytest.CaptureFixture[str]) -> None:
    """An IP can be in one pool of Mailgun only: what is said is what Mailgun said, and everything else is done."""
    assert migrate(ips={**IPS, "203.0.113.1": "192.0.2.9"}) == 1
    (request,) = mockserver.requests.assert_called("mailgun.addIpToPool", error="ip_taken")
    assert request.error is not None
    assert request.error.message in capsys.readouterr().err
    assert pools(mockserver) == {**ALERTS, "receipts": ["192.0.2.2"], "newsletters": ["192.0.2.3"]}


def test_a_mended_mapping(mockserver: Tenant, migrate: Migrate) -> None:
    """With a better mapping a second run does what the first could not, and nothing twice."""
    assert migrate(ips={"203.0.113.1": "192.0.2.1", "203.0.113.3": "192.0.2.3"}) == 1
    mockserver.requests.clear()
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}
    mockserver.requests.assert_not_called("mailgun.createIpPool")
    mockserver.requests.assert_called("mailgun.addIpToPool", times=1)


@pytest.mark.mockserver(seed=seed(BEFORE, ["192.0.2.1"], features=[]))
def test_an_account_without_pools(mockserver: Tenant, migrate: Migrate, capsys: pytest.CaptureFixture[str]) -> None:
    """With an account that may have no pools the script stops at once, and says why."""
    assert migrate() == 1
    assert "this feature is disabled for the account" in capsys.readouterr().err
    mockserver.requests.assert_called("mailgun.listIpPools", error="feature_disabled", times=1)
    mockserver.requests.assert_not_called("mailgun.createIpPool")
    assert pools(mockserver) == {}


@pytest.mark.parametrize(("variable", "vendor"), [("SENDGRID_API_KEY", "SendGrid"), ("MAILGUN_API_KEY", "Mailgun")])
def test_a_wrong_key(
    mockserver: Tenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    vendor: str,
) -> None:
    """With a key that is not known the script stops at once and says whose it is."""
    mockserver.env()
    monkeypatch.setenv(variable, "wrong")
    (tmp_path / "ips.json").write_text("{}", "utf-8")
    assert main(["--map", str(tmp_path / "ips.json"), "--journal", str(tmp_path / "state.json")]) == 1
    assert f"{vendor} answered 401" in capsys.readouterr().err
    assert pools(mockserver) == ALERTS


# Trouble on the way


@pytest.mark.mockserver(clock={"now": "2030-01-01T00:00:15Z", "frozen": True})
@pytest.mark.parametrize(
    ("operation", "reset"),
    [
        pytest.param("sendgrid.listIpPoolsWithIps", "2030-01-01T00:01:00Z", id="SendGrid, until the minute is over"),
        pytest.param("mailgun.createIpPool", "2030-01-01T00:01:15Z", id="Mailgun, for a minute"),
        pytest.param("mailgun.addIpToPool", "2030-01-01T00:01:15Z", id="Mailgun, between pool and IP"),
    ],
)
def test_too_many_requests(mockserver: Tenant, migrate: Migrate, operation: str, reset: str) -> None:
    """A limit is waited for just as long as the answer says, and the call is made again."""
    mockserver.faults.add(operation, status=429)
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}
    first, second, *_ = mockserver.requests.matching(operation)
    assert (first.status, second.status) == (429, 200)
    assert second.time == datetime.fromisoformat(reset)
    assert mockserver.clock.now() == second.time


def test_a_limit_in_the_middle(mockserver: Tenant, migrate: Migrate) -> None:
    """A limit that is met between two pools costs time, and nothing else."""
    mockserver.faults.add("mailgun.createIpPool", status=429, skip=1, times=2)
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}
    mockserver.requests.assert_called("mailgun.createIpPool", times=2, status=429)


@pytest.mark.mockserver(faults=[{"operation": "mailgun.createIpPool", "status": 429, "times": 5}])
def test_patience_ends(mockserver: Tenant, migrate: Migrate, capsys: pytest.CaptureFixture[str]) -> None:
    """After five attempts the script stops and says why."""
    assert migrate() == 1
    assert "Rate limit exceeded" in capsys.readouterr().err
    mockserver.requests.assert_called("mailgun.createIpPool", times=5)
    assert pools(mockserver) == ALERTS


@pytest.mark.parametrize("operation", ["mailgun.listIpPools", "mailgun.createIpPool", "mailgun.addIpToPool"])
@pytest.mark.parametrize(
    ("kind", "when"),
    [("drop", "before"), ("drop", "after"), ("error", "before"), ("error", "after"), ("truncate", "after")],
)
def test_a_lost_answer(mockserver: Tenant, migrate: Migrate, operation: str, kind: Any, when: Any) -> None:
    """Whether a change was made or not before its answer got lost: it is made once."""
    mockserver.faults.add(operation, kind=kind, when=when)
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}


def test_an_answer_that_comes_too_late(mockserver: Tenant, migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is not waited for without end, and it is as good as lost: the script looks what became of its call."""
    monkeypatch.setattr(migrate_pools, "TIMEOUT", 1.0)
    mockserver.faults.add("sendgrid.listIpPoolsWithIps", kind="delay", delay_seconds=2)
    mockserver.faults.add("mailgun.createIpPool", kind="delay", delay_seconds=2, when="after")
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}
    mockserver.requests.assert_called("sendgrid.listIpPoolsWithIps", times=2)


def test_sendgrid_does_not_answer(mockserver: Tenant, migrate: Migrate) -> None:
    """Reading is simply done again."""
    mockserver.faults.add("sendgrid.listIpPoolsWithIps", kind="drop")
    mockserver.faults.add("sendgrid.listIpPoolsWithIps", kind="truncate")
    mockserver.faults.add("sendgrid.listIpPoolsWithIps", status=500)
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}


def test_a_crash_in_the_middle(mockserver: Tenant, migrate: Migrate) -> None:
    """A run that ended early is resumed: the next one makes what is missing, and asks for nothing that is there."""
    mockserver.faults.add("mailgun.addIpToPool", status=503, skip=1, times=5)
    assert migrate() == 1
    assert pools(mockserver) == {**ALERTS, "receipts": ["192.0.2.1"]}
    mockserver.requests.clear()
    assert migrate() == 0
    assert pools(mockserver) == {**ALERTS, **AFTER}
    mockserver.requests.assert_called("mailgun.createIpPool", times=1)
    mockserver.requests.assert_called("mailgun.addIpToPool", times=2)
