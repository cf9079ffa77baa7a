"""The JSON Schema of a seed: `mockserver schema seed`."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from mockserver.core import seed
from mockserver.core.errors import SeedError
from mockserver.providers import PROVIDERS

from .cli.commands import run_here
from .messages import message

ROOT = Path(__file__).parent.parent
SECTIONS = {provider.name: provider.seed_schema for provider in PROVIDERS}
FULL: dict[str, Any] = {
    "sparkpost": {
        "profile": "live",
        "switches": {},
        "credentials": [{"key": "a", "tenant": "t", "grants": [], "subaccount": "1"}],
        "dedicated_ip_limit": 4,
        "ip_pools": [{"id": "a", "name": "A", "signing_domain": "x", "auto_warmup_overflow_pool": "b"}, "B"],
        "sending_ips": [
            {
                "external_ip": "192.0.2.1",
                "hostname": "h",
                "ip_pool": "a",
                "customer_provided": True,
                "auto_warmup_stage": 1,
                "auto_warmup_since": 1.5,
            },
            "192.0.2.2",
        ],
        "keys": [{"digest": "0" * 64, "subaccount": 1}],
        "subaccounts": [{"id": 1, "name": "n", "status": "active", "ip_pool": "a", "created_at": 0.5}, "s"],
    },
    "sendgrid": {
        "credentials": ["b", {"key": "c", "scopes": ["ips.read"], "subuser": "one"}],
        "username": "u",
        "user_id": "7",
        "remaining_ips": 1,
        "allows_subusers": True,
        "subusers": ["one", {"name": "two", "id": "8", "email": "e", "region": "eu", "disabled": False}],
        "ips": ["192.0.2.1", {"ip": "192.0.2.2", "rdns": "r", "rdns_id": 1, "region": "eu", "added_at": 1}],
        "pools": ["p", {"id": "9", "name": "q", "ips": ["192.0.2.1"], "subuser": None}],
        "api_keys": [{"id": "i", "name": "n", "scopes": []}, "k"],
        "outbox": {
            "messages": [
                {
                    **message(1, 0.5, pool="9", pool_name="q", ip="192.0.2.1", status="test", account="one"),
                    "headers": [["A", "b"]],
                    "parts": [{"content_type": "t", "content": "c", "filename": "f", "content_id": "i"}],
                    "source": "s",
                }
            ],
            "count": 2,
            "dropped": 1,
            "usage": [{"ip": "192.0.2.1", "total": 3, "window": -2, "in_window": 1}],
        },
    },
    "mailgun": {
        "account_id": "0" * 24,
        "features": ["DIPPs"],
        "subaccount_limit": 1,
        "async_delay_seconds": None,
        "subaccounts": ["Sub"],
        "ips": ["192.0.2.1", {"ip": "192.0.2.2", "dedicated": False, "account": "Sub"}],
        "ip_pools": ["P", {"pool_id": "1" * 24, "name": "Q", "ips": ["192.0.2.1"], "delegated_to": ["Sub"]}],
        "domains": ["a.example.com", {"name": "b.example.com", "pool_id": "Q", "spam_action": "tag"}],
        "smtp_credentials": ["me@a.example.com"],
        "jobs": [{"id": "2" * 24, "due": 1.5, "pool_id": "1" * 24, "link": ["a.example.com"]}],
    },
}
"""A seed with nearly every key, and the texts that stand for records."""
del FULL["sendgrid"]["pools"][1]["subuser"]
OTHERS = (None, True, 7, -1, 1.5, "", "x", "x y", [], ["x"], ["x", "x"], {}, {"x": 1}, "2026-01-01", 10**12)


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Validator:
    done = run_here("schema", "seed")
    assert done.returncode == 0, done.stderr
    return jsonschema_rs.validator_for(json.loads(done.stdout))


def test_schema_accepts_seeds_of_the_package_and_the_docs(schema: jsonschema_rs.Validator) -> None:
    found = [each for file in ROOT.glob("fixtures/*.yaml") for each in yaml.safe_load_all(file.read_text("utf-8"))]
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        found += [yaml.safe_load(each) for each in blocks if not each.startswith(("# .", "# compose"))]
    seeds = [each for each in found if set(each) <= {"name", *SECTIONS}]
    assert len(seeds) > 10
    for each in seeds:
        assert not list(schema.iter_errors(each)), each.get("name")


def test_schema_accepts_what_a_server_returns(schema: jsonschema_rs.Validator) -> None:
    states = seed.load(FULL, SECTIONS).states
    assert schema.is_valid({name: state.dump() for name, state in states.items()})


def changed(value: Any) -> Iterator[Any]:
    """Yield copies of a document, each with one value replaced or removed, or with one key added."""
    if isinstance(value, dict):
        yield {**value, "unknown": 1}
        for key, below in value.items():
            yield {name: each for name, each in value.items() if name != key}
            yield from ({**value, key: each} for each in (*OTHERS, *changed(below)))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield [*value, below]
            for each in (*OTHERS, *changed(below)):
                yield [*value[:index], each, *value[index + 1 :]]


@pytest.mark.parametrize("name", SECTIONS)
def test_schema_rejects_what_the_fields_of_a_seed_reject(name: str, schema: jsonschema_rs.Validator) -> None:
    """It agrees with the marshmallow schema about every small change of a seed with every kind of record."""
    section = SECTIONS[name]()
    outcomes = set()
    for each in changed(copy.deepcopy(FULL[name])):
        is_valid = not section.validate(each)
        outcomes.add(is_valid)
        assert schema.is_valid({name: each}) == is_valid, each
    assert outcomes == {True, False}


@pytest.mark.parametrize(
    "document",
    [[], {"sendgird": {}}, {"name": ""}, {"name": 7}, {"sendgrid": []}, {"sendgrid": {"switches": {"x": True}}}],
    ids=str,
)
def test_schema_rejects_documents_that_are_no_seeds(document: Any, schema: jsonschema_rs.Validator) -> None:
    assert not schema.is_valid(document)
    with pytest.raises(SeedError):
        seed.read(json.dumps(document).encode(), "", SECTIONS)
