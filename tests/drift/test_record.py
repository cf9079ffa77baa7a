"""`mockserver drift record` and `replay`: a script's responses by a service and by this server are compared."""

from __future__ import annotations

import _thread
import copy
import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest

from mockserver.drift import run
from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider

from ..cli.commands import run_here
from .test_export_seed import KEYS, REAL
from .vendor import Answer, Change, Vendor, running_vendor

pytestmark = pytest.mark.slow

POOLS = "/v3/ips/pools"
SMALL = {
    "sendgrid": {
        "subusers": ["subuser1"],
        "ips": ["203.0.113.1", "203.0.113.2", {"ip": "203.0.113.3", "warmup": True, "subusers": ["subuser1"]}],
        "pools": [{"id": "12345", "name": "transactional", "ips": ["203.0.113.1"]}, {"name": "campaigns"}],
    }
}
"""A small account, which is quick to read."""
NAME = re.compile("mockserver-drift-[0-9a-f]{8}")


def account(vendor: Vendor, provider: str) -> tuple[str, ...]:
    return ("--base-url", vendor.url, "--key-env", "THE_KEY")


def record(vendor: Vendor, file: Path, *arguments: str, provider: str = "sendgrid") -> subprocess.CompletedProcess:
    options = ("--provider", provider, *account(vendor, provider), "-o", str(file))
    return run_here("drift", "record", *options, *arguments, THE_KEY=KEYS[provider])


def replay(file: Path, *arguments: str, profile: str = "documented") -> subprocess.CompletedProcess:
    return run_here("drift", "replay", str(file), "--profile", profile, *arguments)


def replay_on_service(vendor: Vendor, file: Path, *arguments: str, provider: str = "sendgrid") -> Any:
    options = ("--on-service", *account(vendor, provider))
    return run_here("drift", "replay", str(file), *options, *arguments, THE_KEY=KEYS[provider])


def pool_names(vendor: Vendor) -> list[str]:
    headers = {"Authorization": f"Bearer {KEYS['sendgrid']}"}
    return [pool["name"] for pool in vendor.app.test_client().get(f"/sendgrid{POOLS}", headers=headers).get_json()]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PAUSE", 0.0)


# Identity


@pytest.mark.parametrize("profile", ["documented", pytest.param("live", marks=pytest.mark.slow)])
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_recording_of_this_server_replays_without_a_difference(
    provider: Provider, profile: str, tmp_path: Path
) -> None:
    """On this server and on the service; the recording has no value of the account, and the account is as before."""
    file = tmp_path / "recording.json"
    with running_vendor(provider.name, profile=profile) as vendor:
        done = record(vendor, file, provider=provider.name)
        assert (done.returncode, done.stderr) == (0, "")
        again = replay_on_service(vendor, file, provider=provider.name)
        assert again.returncode == 0, again.stdout + again.stderr
    here = replay(file, profile=profile)
    assert here.returncode == 0, here.stdout + here.stderr
    assert re.fullmatch(r"[1-9]\d+ compared, 0 different, 0 unknown\n", here.stdout)
    text = file.read_text("utf-8")
    assert [value for value in REAL[provider.name] if f'"{value.strip()}"' in text] == []
    assert KEYS[provider.name] not in text
    recording = json.loads(text)
    assert [each["name"] for each in recording["exchanges"]] == [each.name for each in provider.service.script]
    assert {each["reply"]["status"] // 100 for each in recording["exchanges"]} >= {2, 4}


def test_recording_with_real_values(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file, "--unsanitized").returncode == 0
    assert '"campaigns"' in file.read_text("utf-8")
    assert KEYS["sendgrid"] not in file.read_text("utf-8")
    assert replay(file).returncode == 0


# Planted differences


def at(method: str, path: str, change: Callable[[Any], Any], *, only: int = 200, number: int = 1) -> Change:
    """Return a change of the body of a response; `path` is a pattern, `number` counts the responses from 1."""
    met = 0

    def planted(sent_method: str, sent_path: str, answer: Answer) -> Answer:
        nonlocal met
        if (sent_method, answer.status) != (method, only) or not re.fullmatch(path, sent_path):
            return answer
        met += 1
        if met != number:
            return answer
        changed = change(answer if only != 200 else copy.deepcopy(answer.body))
        return changed if isinstance(changed, Answer) else answer._replace(body=changed)

    return planted


OWN = f"{POOLS}/mockserver-drift-[0-9a-f]{{8}}"
READ, IP = "read the pool: GET /v3/ips/pools/{name}", "read an IP: GET /v3/ips/{ip}"
CREATE = "create a pool: POST /v3/ips/pools"
SECOND = "create the pool again: POST /v3/ips/pools"
ONE_IP = r"/v3/ips/[0-9.]+"


def set_to(field: str, value: object) -> Callable[[Any], Any]:
    return lambda body: {**body, field: value}


def without(field: str) -> Callable[[Any], Any]:
    return lambda body: {name: value for name, value in body.items() if name != field}


PLANTED: dict[str, tuple[Change, list[str]]] = {
    "a new field": (at("GET", OWN, set_to("color", "red")), [f'gone    {READ}: body/color: recorded "..."']),
    "a field that is gone": (at("GET", OWN, without("ips")), [f"new     {READ}: body/ips: now []"]),
    "another type": (
        at("GET", OWN, set_to("ips", None)),
        [f"changed {READ}: body/ips: recorded null, now an array"],
    ),
    "another number of items": (
        at("GET", OWN, set_to("ips", ["192.0.2.1"])),
        [f"changed {READ}: body/ips: recorded 1 items, now 0"],
    ),
    "a setting": (
        at("GET", ONE_IP, set_to("warmup", "soon")),
        [f"changed {IP}: body/warmup: recorded a string, now a boolean"],
    ),
    "another name": (
        at("POST", POOLS, set_to("name", "mine")),
        ["changed create a pool: POST /v3/ips/pools: body/name: recorded ..."],
    ),
    "a status": (
        at("POST", POOLS, lambda answer: answer._replace(status=409), only=400),
        [f"changed {SECOND}: status: recorded 409, now 400"],
    ),
    "a message": (
        at(
            "POST",
            POOLS,
            lambda answer: answer._replace(body={"errors": [{"field": "name", "message": "taken"}]}),
            only=400,
        ),
        [f'changed {SECOND}: body/errors/0/message: recorded "taken", now ...'],
    ),
    "a media type": (
        at("POST", POOLS, lambda answer: answer._replace(content_type="application/hal+json"), only=400),
        [f"changed {SECOND}: content type: recorded 'application/hal+json', now 'application/json'"],
    ),
    "a text": (
        at("POST", POOLS, lambda answer: answer._replace(content_type="text/plain", body="no"), only=400),
        [
            f"changed {SECOND}: content type: recorded 'text/plain', now 'application/json'",
            f'changed {SECOND}: body: recorded ..., now {{"errors": ...',
        ],
    ),
    "a missing item": (
        at("GET", POOLS, lambda pools: pools[:-1], number=4),
        ["changed list pools with the new one: GET /v3/ips/pools: body: recorded ... items, now ..."],
    ),
    "nothing, but another order": (at("GET", POOLS, lambda pools: pools[::-1], number=4), []),
}


@pytest.mark.slow
@pytest.mark.parametrize(("change", "expected"), PLANTED.values(), ids=PLANTED)
def test_planted_difference_is_found_and_nothing_else(change: Change, expected: list[str], tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", change, seed=SMALL) as vendor:
        done = record(vendor, file)
    assert done.returncode == 0, done.stderr
    done = replay(file)
    *lines, counts = done.stdout.splitlines()
    assert len(lines) == len(expected), done.stdout + done.stderr
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(re.escape(pattern).replace(r"\.\.\.", ".*"), line), line
    assert counts.endswith(f" compared, {len(expected)} different, 0 unknown")
    assert done.returncode == bool(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "path", "where"),
    [
        ("sparkpost", "/api/v1/ip-pools", "create a pool without a name: POST /api/v1/ip-pools: body/errors/0/message"),
        ("mailgun", "/v3/ip_pools", "create a pool without a description: POST /v3/ip_pools: body/message"),
    ],
)
def test_planted_message_of_other_providers(provider: str, path: str, where: str, tmp_path: Path) -> None:
    def change(method: str, sent_path: str, answer: Answer) -> Answer:
        if (method, sent_path) != ("POST", path) or answer.status < 400:
            return answer
        body = json.loads(re.sub('("message": )"[^"]*"', r'\1"no"', json.dumps(answer.body)))
        return answer._replace(body=body)

    file = tmp_path / "recording.json"
    with running_vendor(provider, change) as vendor:
        assert record(vendor, file, provider=provider).returncode == 0
    line, _ = replay(file).stdout.splitlines()
    assert line.startswith(f'changed {where}: recorded "no", now ')


def test_planted_difference_of_the_service_now(tmp_path: Path) -> None:
    """The recording is of before; what the service has changed since is found, and nothing else."""
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
    with running_vendor("sendgrid", at("GET", OWN, set_to("color", "red")), seed=SMALL) as vendor:
        done = replay_on_service(vendor, file)
    line, counts = done.stdout.splitlines()
    assert line.startswith(f"new     {READ}: body/color: now ")
    assert counts.endswith(" compared, 1 different, 0 unknown")
    assert done.returncode == 1


@pytest.mark.slow
def test_account_that_has_changed_since_cannot_be_compared(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
        client, headers = vendor.app.test_client(), {"Authorization": f"Bearer {KEYS['sendgrid']}"}
        assert client.post(f"/sendgrid{POOLS}", json={"name": "further"}, headers=headers).status_code == 200
        done = replay_on_service(vendor, file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the account has changed since the recording: pools: 2 items, now 3; record it again" in done.stderr


@pytest.mark.slow
def test_accepted_difference_and_entry_that_accepts_nothing(tmp_path: Path) -> None:
    file, accepted = tmp_path / "recording.json", tmp_path / "accepted.yaml"
    with running_vendor("sendgrid", at("GET", OWN, set_to("color", "red")), seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
    accepted.write_text(f"- {{where: '{READ}', path: body/color, change: gone, reason: since May}}\n", "utf-8")
    assert replay(file, "--accept", str(accepted)).returncode == 0
    accepted.write_text(f"- {{where: '{READ}', path: body/*, change: new, reason: since May}}\n", "utf-8")
    done = replay(file, "--accept", str(accepted))
    assert done.returncode == 1
    assert f"unused  {READ}: body/* (since May)" in done.stdout.splitlines()


# What a run does to the account


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_script_changes_only_what_it_created(provider: Provider) -> None:
    """A write addresses a pool of the run, or creates one with its name, or has no valid body."""
    for request in provider.service.script:
        if request.method == "GET":
            continue
        if "{" in request.path:
            assert set(re.findall(r"{(\w+)}", request.path)) <= {"name", "renamed", "missing", "pool"}
        else:
            assert request.method == "POST"
            assert {**(request.json or request.form or {})}.get("name", "{name}") == "{name}"


def test_dry_run_prints_the_requests_and_sends_none() -> None:
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        done = run_here("drift", "record", "--provider", "sendgrid", "--dry-run", "--base-url", vendor.url)
        assert vendor.requests == []
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "POST /v3/ips/pools  {'name': 'mockserver-drift-...'}" in lines
    assert "DELETE /v3/ips/pools/mockserver-drift-...-2" in lines
    assert "GET /v3/send_ips/pools/{pool}" in lines


def test_folder_of_the_output_is_checked_first(tmp_path: Path) -> None:
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        done = record(vendor, tmp_path / "no" / "recording.json")
        assert vendor.requests == []
    assert (done.returncode, done.stdout) == (2, "")


def test_output_is_required() -> None:
    done = run_here("drift", "record", "--provider", "sendgrid", "--key-env", "A", A="b")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("status", [429, 503])
def test_run_that_fails_deletes_its_pools(status: int, tmp_path: Path) -> None:
    def fail(method: str, path: str, answer: Answer) -> Answer:
        return answer._replace(status=status) if method == "PUT" else answer

    with running_vendor("sendgrid", fail, seed=SMALL) as vendor:
        before = pool_names(vendor)
        done = record(vendor, tmp_path / "recording.json")
        assert pool_names(vendor) == before
        assert ("POST", POOLS) in vendor.requests
    assert (done.returncode, done.stdout) == (2, "")
    assert f"rename the pool: PUT /v3/ips/pools/{{name}}: the status is {status}" in done.stderr
    assert not (tmp_path / "recording.json").exists()


def test_run_that_loses_a_response_deletes_its_pools(tmp_path: Path) -> None:
    """The response that creates the pool does not arrive."""
    with running_vendor("sendgrid", lambda method, path, answer: None if method == "POST" else answer) as vendor:
        before = pool_names(vendor)
        assert record(vendor, tmp_path / "recording.json").returncode == 2
        assert pool_names(vendor) == before
        assert [method for method, _ in vendor.requests].count("DELETE") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted_run_deletes_its_pools(number: signal.Signals, tmp_path: Path) -> None:
    def interrupt(method: str, path: str, answer: Answer) -> Answer:
        if method == "PUT":
            _thread.interrupt_main(number)
        return answer

    with running_vendor("sendgrid", interrupt, seed=SMALL) as vendor:
        before = pool_names(vendor)
        done = record(vendor, tmp_path / "recording.json")
        assert pool_names(vendor) == before
    assert done.returncode == 1
    assert not (tmp_path / "recording.json").exists()


def test_pool_that_cannot_be_deleted_is_named(tmp_path: Path) -> None:
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        vendor.app.before_request(lambda: ("", 403) if _is_delete() else None)
        done = record(vendor, tmp_path / "recording.json")
        left = [name for name in pool_names(vendor) if NAME.search(name)]
    assert done.returncode == 1
    assert left
    for name in left:
        assert f"mockserver: the account is not as it was before: remains: {name}" in done.stderr.splitlines()
    assert "new or changed: pools: " in done.stderr


def _is_delete() -> bool:
    return flask.request.method == "DELETE"


def test_change_by_others_during_a_run_is_reported(tmp_path: Path) -> None:
    def add(method: str, path: str, answer: Answer) -> Answer:
        if method == "PUT" and "renamed" not in seen:
            seen.append("renamed")
            headers = {"Authorization": f"Bearer {KEYS['sendgrid']}"}
            vendor.app.test_client().post(f"/sendgrid{POOLS}", json={"name": "other"}, headers=headers)
        return answer

    seen: list[str] = []
    with running_vendor("sendgrid", add, seed=SMALL) as vendor:
        done = record(vendor, tmp_path / "recording.json")
        assert "other" in pool_names(vendor)
    assert done.returncode == 1
    assert "the account is not as it was before: new or changed: pools: " in done.stderr


@pytest.mark.parametrize(("number", "code"), [pytest.param(99, 0, marks=pytest.mark.slow), (100, 2)])
def test_full_account_is_not_changed(number: int, code: int, tmp_path: Path) -> None:
    seed = {"sendgrid": {"pools": [{"name": f"pool{index}"} for index in range(number)]}}
    with running_vendor("sendgrid", seed=seed) as vendor:
        done = record(vendor, tmp_path / "recording.json")
        assert {method for method, _ in vendor.requests} == ({"GET"} if code else {"GET", "POST", "PUT", "DELETE"})
    assert done.returncode == code, done.stderr
    if code:
        assert "the account has 100 pools, which is the maximum: nothing is created" in done.stderr


def test_account_without_pools_and_ips(tmp_path: Path) -> None:
    """Requests that need an IP are skipped, in the replay too."""
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed="empty") as vendor:
        assert record(vendor, file).returncode == 0
    names = [each["name"] for each in json.loads(file.read_text("utf-8"))["exchanges"]]
    assert "read an IP" not in names
    assert replay(file).returncode == 0


# Recordings


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a recording of mockserver drift"),
        ("[]", "expected a recording of mockserver drift"),
        ('{"version": 1}', "expected a recording of mockserver drift"),
        ('{"version": 2}', "expected version 1 of the format"),
    ],
)
def test_file_that_is_no_recording(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    file.write_text(text, "utf-8")
    done = replay(file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mockserver: {file}: {reason}")


@pytest.mark.slow
def test_empty_recording_fails(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
    data = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**data, "exchanges": []}), "utf-8")
    done = replay(file)
    assert (done.returncode, done.stderr) == (2, "mockserver: nothing was compared\n")


@pytest.mark.parametrize("name", ["", "a", "mockserver-drift-", "campaigns"])
def test_name_that_is_not_of_a_run_deletes_nothing(name: str, tmp_path: Path) -> None:
    """A recording decides which pools are deleted."""
    file = tmp_path / "recording.json"
    data = {"version": 1, "provider": "sendgrid", "recorded_at": "2026-11-29", "is_sanitized": True, "name": name}
    file.write_text(json.dumps({**data, "values": {}, "seed": {}, "exchanges": []}), "utf-8")
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        done = replay_on_service(vendor, file)
        assert vendor.requests == []
    assert (done.returncode, done.stdout) == (2, "")


def test_pool_that_has_the_name_of_the_run_stays(tmp_path: Path) -> None:
    """It is not the run's, so nothing is created, and nothing is deleted."""
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
    name = json.loads(file.read_text("utf-8"))["name"]
    seed = {"sendgrid": {**SMALL["sendgrid"], "pools": [*SMALL["sendgrid"]["pools"], {"name": name}]}}
    with running_vendor("sendgrid", seed=seed) as vendor:
        done = replay_on_service(vendor, file)
        assert name in pool_names(vendor)
        assert {method for method, _ in vendor.requests} == {"GET"}
    assert (done.returncode, done.stdout) == (2, "")
    assert f"the account has a pool named {name}" in done.stderr


def test_two_runs_of_this_server_that_differ_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a difference from the recording would say nothing."""
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
    once, sizes = run._run_here, iter([None, -1])

    def run_shorter(*arguments: Any) -> Any:
        exchanges, values = once(*arguments)
        return exchanges[: next(sizes)], values

    monkeypatch.setattr(run, "_run_here", run_shorter)
    done = replay(file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "two runs of this server differ" in done.stderr


def plan_fault(vendor: Vendor, operation: str, status: int) -> None:
    path = f"/_mockserver/tenants/{KEYS['sendgrid']}/faults"
    body = {"operation": f"sendgrid.{operation}", "status": status, "times": 100}
    assert vendor.app.test_client().post(path, json=body).status_code == 201


def test_pools_that_are_left_are_shown_even_if_the_recording_cannot_be_written(tmp_path: Path) -> None:
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        plan_fault(vendor, "deleteIpPool", 403)
        done = record(vendor, tmp_path)  # a folder
    assert done.returncode == 2
    assert "remains: mockserver-drift-" in done.stderr


def test_accepted_differences_are_read_before_anything_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
        vendor.requests.clear()
        done = replay_on_service(vendor, file, "--accept", str(tmp_path / "missing.yaml"))
        assert (done.returncode, vendor.requests) == (2, [])


def test_reason_of_a_run_that_ended_early_is_shown(tmp_path: Path) -> None:
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        plan_fault(vendor, "deleteIpPool", 403)
        plan_fault(vendor, "renameIpPool", 503)
        done = record(vendor, tmp_path / "recording.json")
    assert done.returncode == 2
    assert "the status is 503" in done.stderr and "remains" in done.stderr


def test_message_with_values_of_the_account(tmp_path: Path) -> None:
    """Ids, IPs and mail addresses in messages are replaced."""

    def leak(method: str, path: str, answer: Answer) -> Answer:
        if answer.status != 400:
            return answer
        message = "pool 12345678 of 203.0.113.1, ask joe@corp.example.org"
        return answer._replace(body={"errors": [{"field": None, "message": message}]})

    seed = {"sendgrid": {"ips": ["203.0.113.1"], "pools": [{"id": "12345678", "name": "campaigns"}]}}
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", leak, seed=seed) as vendor:
        assert record(vendor, file).returncode == 0
    text = file.read_text("utf-8")
    assert "pool " in text and "ask " in text
    assert [each for each in ("12345678", "203.0.113.1,", "joe", "corp") if each in text] == []


def test_options_of_the_account_need_the_service(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    with running_vendor("sendgrid", seed=SMALL) as vendor:
        assert record(vendor, file).returncode == 0
    done = replay(file, "--key-env", "A")
    assert (done.returncode, done.stdout) == (2, "")
