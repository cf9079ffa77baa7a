"""`mockserver export-seed`: the account of a key as a seed, without its real values."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from mockserver import create_app
from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider
from mockserver.web.service import Getter

from ..cli.commands import run_here
from .vendor import Answer, Vendor, running_vendor

pytestmark = pytest.mark.slow

KEYS = {provider.name: provider.example_api_key for provider in PROVIDERS}
REAL = {
    "sparkpost": ["marketing", "Marketing", "54.244.54.135", "Example Newsletters", "mta472a", "Cool Kids"],
    "sendgrid": ["transactional", "campaigns", "203.0.113.1\n", "o1.ptr.example.com", "subuser1", "12345", "parent\n"],
    "mailgun": ["658041ae44842b99ee2eaa1b", "Transactional", "Receipts", "mail.example.com", "192.0.2.10\n"],
}
"""Values of the default seed that must not be in a sanitised one."""


def export(vendor: Vendor, provider: str, file: Path, *arguments: str) -> subprocess.CompletedProcess:
    account = ("--provider", provider, "--base-url", vendor.url, "--key-env", "THE_KEY")
    return run_here("export-seed", *account, "-o", str(file), *arguments, THE_KEY=KEYS[provider])


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_sanitised_seed_is_valid_and_has_no_real_value(provider: Provider, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    with running_vendor(provider.name) as vendor:
        done = export(vendor, provider.name, file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run_here("validate", str(file)).returncode == 0
    text = file.read_text("utf-8")
    assert [value for value in REAL[provider.name] if value in text] == []
    assert KEYS[provider.name] not in text
    assert {method for method, _ in vendor.requests} == {"GET"}
    patterns = [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(each)) for each in provider.service.reads]
    assert [path for _, path in vendor.requests if not re.fullmatch("|".join(patterns), path)] == []


class InProcess:
    """Reads an account of an application."""

    def __init__(self, provider: Provider, **settings: object) -> None:
        self._client = create_app(**settings).test_client()
        self._provider = provider

    def find(self, path: str, **query: object) -> object:
        headers = {"Authorization": self._provider.authorization_header(self._provider.example_api_key)}
        response = self._client.get(f"/{self._provider.name}{path}", query_string=query, headers=headers)
        return response.get_json() if response.status_code == 200 else None

    get = find


@pytest.mark.parametrize("profile", ["documented", pytest.param("live", marks=pytest.mark.slow)])
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_seed_with_real_values_is_the_same_account(provider: Provider, profile: str, tmp_path: Path) -> None:
    """Read from a server that has the seed, the account is the one that the seed was made of."""
    file = tmp_path / "mine.yaml"
    with running_vendor(provider.name, profile=profile) as vendor:
        done = export(vendor, provider.name, file, "--unsanitized")
    assert (done.returncode, done.stderr) == (0, "")
    section = yaml.safe_load(file.read_text("utf-8"))[provider.name]
    again: Getter = InProcess(provider, seed=str(file), profile=profile)
    assert provider.service.read(again) == section
    assert section["ips" if provider.name != "sparkpost" else "sending_ips"]


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_sanitised_values_have_the_same_shape(provider: Provider, tmp_path: Path) -> None:
    """Lengths, classes of characters and equal values stay; two exports with one key agree."""
    texts = []
    with running_vendor(provider.name) as vendor:
        for name, arguments in (("real", ["--unsanitized"]), ("first", []), ("second", [])):
            assert export(vendor, provider.name, tmp_path / name, *arguments).returncode == 0
            texts.append((tmp_path / name).read_text("utf-8"))
    real, first, second = (yaml.safe_load(text) for text in texts)
    assert first == second
    pairs = list(leaves(real[provider.name], first[provider.name]))
    synthetic: dict[str, str] = {}
    for path, one, another in pairs:
        assert type(one) is type(another), path
        if isinstance(one, str):
            assert synthetic.setdefault(one, another) == another, path
            if not re.fullmatch(r"[0-9a-f.:]*[.:][0-9a-f.:]*", one):  # an IP
                assert shape(one) == shape(another), path
    assert len(set(synthetic.values())) == len(synthetic)


def leaves(one: object, another: object, path: str = "") -> list[tuple[str, object, object]]:
    if isinstance(one, dict) and isinstance(another, dict):
        assert list(one) == list(another), path
        return [leaf for key in one for leaf in leaves(one[key], another[key], f"{path}/{key}")]
    if isinstance(one, list) and isinstance(another, list):
        assert len(one) == len(another), path
        return [
            leaf
            for index, pair in enumerate(zip(one, another, strict=True))
            for leaf in leaves(*pair, f"{path}/{index}")
        ]
    return [(path, one, another)]


def shape(text: str) -> str:
    return re.sub("[0-9]", "0", re.sub("[A-Z]", "A", re.sub("[a-z]", "a", text))).replace("0", "a")


def test_key_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEYS['sendgrid']}\n", "utf-8")
    with running_vendor("sendgrid") as vendor:
        account = ("--provider", "sendgrid", "--base-url", vendor.url, "--key-file", str(tmp_path / "key"))
        done = run_here("export-seed", *account)
    assert done.returncode == 0
    assert done.stdout.startswith("name: exported\nsendgrid:\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "expected either --key-env or --key-file"),
        (["--key-env", "A", "--key-file", "b"], "expected either --key-env or --key-file"),
        (["--key-env", "NOT_SET"], "NOT_SET: expected an API key"),
        (["--key-file", "/no/such/file"], "/no/such/file: "),
    ],
)
def test_no_key(arguments: list[str], reason: str) -> None:
    done = run_here("export-seed", "--provider", "sendgrid", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mockserver: {reason}")


def test_key_in_a_response_is_not_written(tmp_path: Path) -> None:
    def change(method: str, path: str, answer):  # type: ignore[no-untyped-def]
        text = json.dumps(answer.body).replace('"campaigns"', json.dumps(KEYS["sendgrid"]))
        return answer._replace(body=json.loads(text))

    file = tmp_path / "mine.yaml"
    with running_vendor("sendgrid", change) as vendor:
        done = export(vendor, "sendgrid", file, "--unsanitized")
    assert done.returncode == 2
    assert not file.exists()


def test_account_that_is_not_reachable(tmp_path: Path) -> None:
    with running_vendor("sendgrid", lambda method, path, answer: answer._replace(status=401)) as vendor:
        done = export(vendor, "sendgrid", tmp_path / "mine.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mockserver: GET /v3/ips: expected JSON with the status 200, got the status 401\n"


def test_response_of_another_form(tmp_path: Path) -> None:
    with running_vendor("sendgrid", lambda method, path, answer: answer._replace(body=[{"x": 1}])) as vendor:
        done = export(vendor, "sendgrid", tmp_path / "mine.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a response has an unexpected form" in done.stderr


def test_redirect_is_not_followed(tmp_path: Path) -> None:
    """The key is for one host."""
    with running_vendor("sendgrid", lambda method, path, answer: answer._replace(status=302)) as vendor:
        done = export(vendor, "sendgrid", tmp_path / "mine.yaml")
    assert done.returncode == 2
    assert "got the status 302" in done.stderr
    assert len(vendor.requests) == 1


def test_response_with_the_key_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"

    def leak(method: str, path: str, answer: Answer) -> Answer:
        return (
            answer._replace(body=[{**each, "rdns": KEYS["sendgrid"]} for each in answer.body])
            if path == "/v3/ips"
            else answer
        )

    with running_vendor("sendgrid", leak) as vendor:
        done = export(vendor, "sendgrid", file, "--unsanitized")
    assert done.returncode == 2 and "a response has the API key" in done.stderr
    assert not file.exists()


def test_key_that_may_not_read_subusers(tmp_path: Path) -> None:
    key = "SG.rightsofaFewScopes0000.rightsofaFewScopes0000000000000000000000000"
    credential = {"key": key, "scopes": ["ips.read", "ips.pools.read"]}
    file = tmp_path / "mine.yaml"
    with running_vendor("sendgrid", seed={"sendgrid": {"credentials": [credential], "ips": ["203.0.113.1"]}}) as vendor:
        account = ("--provider", "sendgrid", "--base-url", vendor.url, "--key-env", "THE_KEY")
        done = run_here("export-seed", *account, "-o", str(file), THE_KEY=key)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(yaml.safe_load(file.read_text("utf-8"))["sendgrid"]["ips"]) == 1
