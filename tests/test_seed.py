"""Seeds: what they may say, and how a mistake in one is reported."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from mockserver import create_app
from mockserver.core import resources, seed
from mockserver.core import yaml_files as documents
from mockserver.core.config import Config
from mockserver.core.errors import MAX_SEED_ERRORS, SeedError
from mockserver.providers import PROVIDERS
from mockserver.providers.sendgrid.models import MAX_ID_LENGTH
from mockserver.web.server_state import server_state

from .support import MAILGUN, SENDGRID, SPARKPOST

SECTIONS = {provider.name: provider.seed_schema for provider in PROVIDERS}
ID = "0123456789abcdef01234567"


def mistake(text: str, name: str = "") -> str:
    with pytest.raises(SeedError) as caught:
        seed.read(text.encode(), name, SECTIONS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no YAML document"),
        ("- x", "1: expected a mapping"),
        ("name: ''", "1: name: expected a text"),
        ("name: 7", "1: name: expected a text"),
        ("name: x\nsparkpots: {}", "2: sparkpots: unknown key; did you mean 'sparkpost'?"),
        ("name: x\nsendgrid: []", "2: sendgrid: expected a mapping"),
        ("name: x\nname: y", "2: duplicate key 'name'"),
        ("name: x\nsparkpost: &a {ip_pools: *a}", "2: a value inside itself"),
        ("name: x\nsparkpost: &a {<<: *a}", "2: a value inside itself"),
        ("name: x\n? &a [*a]\n: y", "2: a value inside itself"),
        ("name: x\nsendgrid: {a: !!bool maybe}", "2: unexpected tag '!!bool'"),
        ("name: x\nsendgrid: !!omap []", "2: unexpected tag '!!omap'"),
        (f"name: 1{'0' * 99}", "1: name: expected a text"),
        (f"name: 1{'0' * 100}", "1: a number is too long: expected at most 100 characters, got 101"),
        (f"name: x\nsendgrid: 1{':59' * 300_000}", "2: a number is too long"),
        (f"name: x\nsendgrid: 1{':59' * 300_000}.5", "2: a number is too long"),
        (f"name: x\nsendgrid: !!int '1{':59' * 300_000}'", "2: a number is too long"),
    ],
    ids=lambda text: text[:40],
)
def test_invalid_seed_document_is_an_error(text: str, expected: str) -> None:
    """An invalid document is reported with its line."""
    assert expected in mistake(text)


BOMB = "name: x\na: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise("abcdefghi")
)
MERGES = "name: x\na: &a {k: 1, l: 2}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n" for before, name in itertools.pairwise("abcdefghi")
)


@pytest.mark.parametrize("text", [BOMB, MERGES], ids=["lists", "merges"])
def test_aliases_inside_each_other_are_an_error(text: str) -> None:
    """A few hundred bytes stand for hundreds of millions of values, which are never made."""
    assert re.match(r"\d: aliases repeat too many values: expected at most 100,000$", mistake(text))


@pytest.mark.parametrize("count", [100_000, 100_001])
def test_maximum_number_of_repeated_values(count: int) -> None:
    reason = mistake(f"name: x\nunknown: [&a 1{', *a' * count}]")
    assert ("aliases repeat too many values" in reason) == (count > 100_000)
    assert ("unknown key" in reason) == (count <= 100_000)


def test_aliases_and_merged_mappings() -> None:
    text = """
name: x
sparkpost:
  ip_pools:
  - &pool {id: one, name: One, fbl_signing_domain: &domain example.com}
  - {<<: *pool, id: two}
  - {id: three, name: Three, fbl_signing_domain: *domain}
"""
    pools = seed.read(text.encode(), "", SECTIONS).states["sparkpost"].dump()["ip_pools"]
    assert [(pool["name"], pool["fbl_signing_domain"]) for pool in pools if pool["id"] != "default"] == [
        ("One", "example.com"),
        ("One", "example.com"),
        ("Three", "example.com"),
    ]


@pytest.mark.parametrize(
    ("text", "returned"),
    [
        ("name: x\n\tsendgrid: {}", "2: ."),
        ("name: x\nsendgrid: {", r"\d: ."),
        ("name: !!python/object:os.system x", "1: ."),
        ("name: " + "[" * 3_000 + "]" * 3_000, "."),
        ("name: \x00", "."),
    ],
    ids=["tab", "open", "python", "deep", "odd"],
)
def test_what_is_no_yaml(text: str, returned: str) -> None:
    """What PyYAML does not read is reported in its words, with the line if it knows one."""
    assert re.match(returned, mistake(text))


def test_odd_characters_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML that was built without libyaml finds them at another time, and they are reported all the same."""
    monkeypatch.setattr(documents, "loader", lambda: yaml.SafeLoader)
    assert mistake("name: \x00")


@pytest.mark.parametrize(
    ("section", "line", "expected"),
    [
        ("sparkpost:\n  pools: []", 3, "sparkpost.pools: "),
        ("sparkpost:\n  ip_pools:\n  - {signing_domain: a}", 4, "sparkpost.ip_pools[0]: expected an 'id' or a 'name'"),
        ("sparkpost:\n  ip_pools:\n  - {id: a, name: A}\n  - {id: a, name: B}", 5,
         "sparkpost.ip_pools[1].id: duplicate id 'a'"),
        ("sparkpost:\n  sending_ips:\n  - {external_ip: 1.2.3, hostname: h}", 4,
         "sparkpost.sending_ips[0].external_ip: "),
        ("sparkpost:\n  sending_ips:\n  - {external_ip: 1.2.3.4,\n     hostname: h,\n     ip_pool: nope}", 6,
         "sparkpost.sending_ips[0].ip_pool: unknown pool 'nope'"),
        ("sparkpost:\n  sending_ips:\n  - {external_ip: 1.2.3.4, hostname: h}\n  - {external_ip: 1.2.3.4, hostname: h}",
         5, "sparkpost.sending_ips[1].external_ip: duplicate IP 1.2.3.4"),
        ("sendgrid:\n  credentials:\n  - {key: a}\n  - {key: a}", 5, "sendgrid.credentials[1].key: duplicate key"),
        ("sendgrid:\n  credentials:\n  - {key: a, subuser: b}", 4,
         "sendgrid.credentials[0].subuser: unknown subuser 'b'"),
        ("sendgrid:\n  credentials:\n  - {key: a, scopes: all}", 4, "sendgrid.credentials[0].scopes: "),
        ("sendgrid:\n  ips:\n  - {ip: a, region: mars}", 4, "sendgrid.ips[0].region: "),
        ("sendgrid:\n  ips:\n  - {ip: a}\n  - {ip: a}", 5, "sendgrid.ips[1].ip: duplicate IP a"),
        ("sendgrid:\n  ips:\n  - {ip: a, subusers: [b]}", 4, "sendgrid.ips[0].subusers[0]: unknown subuser 'b'"),
        ("sendgrid:\n  pools:\n  - {id: 1, name: a}", 4, "sendgrid.pools[0].id: "),
        ("sendgrid:\n  pools:\n  - {id: '1', name: a, ips: [b]}", 4, "sendgrid.pools[0].ips[0]: unknown IP b"),
        ("sendgrid:\n  pools:\n  - {id: '1', name: a, subuser: b}", 4,
         "sendgrid.pools[0].subuser: unknown subuser 'b'"),
        ("sendgrid:\n  pools:\n  - {id: '1', name: a}\n  - {id: '2', name: a}", 5,
         "sendgrid.pools[1].name: duplicate name 'a'"),
        ("sendgrid:\n  pools:\n  - {id: '1', name: a}\n  - {id: '1', name: b}", 5,
         "sendgrid.pools[1].id: duplicate id '1'"),
        (f"sendgrid:\n  pools:\n  - {{id: '1', name: {'x' * 65}}}", 4, "sendgrid.pools[0].name: "),
        ("sendgrid:\n  pools:\n" + "\n".join(f"  - {{id: '{n}', name: p{n}}}" for n in range(1, 102)), 104,
         "sendgrid.pools[100]: too many pools of one account: expected at most 100"),
        ("sendgrid:\n  ips:\n  - {ip: a}\n  pools:\n  - {id: '1', name: p, ips: [a]}", 6,
         "sendgrid.pools[0].ips[0]: IP a cannot join a pool of this account"),
        ("sendgrid:\n  pools:\n  - {id: '1', name: 2024-01-01, ips: 1}", 4, "sendgrid.pools[0].ips: "),
        ("sendgrid:\n  subusers:\n  - a\n  - {name: a}", 5, "sendgrid.subusers[1]: duplicate name 'a'"),
        ("sendgrid:\n  username: a\n  subusers: [a]", 4, "sendgrid.subusers[0]: duplicate name 'a'"),
        ("sendgrid:\n  subusers:\n  - {name: a, id: '7'}\n  - {name: b, id: '7'}", 5,
         "sendgrid.subusers[1]: duplicate id '7'"),
        ("sendgrid:\n  user_id: '7'\n  subusers:\n  - {name: a, id: '7'}", 5,
         "sendgrid.subusers[0]: duplicate id '7'"),
        ("sendgrid:\n  subusers:\n  - {name: a, id: x}", 4, "sendgrid.subusers[0].id: "),
        ("sendgrid:\n  remaining_ips: 10001", 3, "sendgrid.remaining_ips: "),
        ("sendgrid:\n  ips: [{ip: a, rdns_id: 5}]", 3, "sendgrid.ips[0].rdns_id: expected an IP with rdns"),
        (
            "sendgrid:\n  ips:\n  - {ip: a, rdns: x, rdns_id: 5}\n  - {ip: b, rdns: y, rdns_id: 5}",
            5,
            "sendgrid.ips[1].rdns_id: duplicate id 5",
        ),
        ("sendgrid:\n  api_keys:\n  - {id: a.b, name: x}", 4, "sendgrid.api_keys[0].id: "),
        ("sendgrid:\n  api_keys:\n  - {id: a, name: x}\n  - {id: a, name: y}", 5,
         "sendgrid.api_keys[1].id: duplicate id 'a'"),
        ("sendgrid:\n  api_keys:\n  - {id: a, name: x, subuser: b}", 4,
         "sendgrid.api_keys[0].subuser: unknown subuser 'b'"),
        ("sendgrid:\n  api_keys:\n" + "\n".join(f"  - {{id: k{n}, name: x}}" for n in range(1, 102)), 104,
         "sendgrid.api_keys[100]: too many keys of one account: expected at most 100"),
        ("sendgrid:\n  ips:\n  - {ip: a, start_date: 253402300800}", 4, "sendgrid.ips[0].start_date: "),
        (f"sendgrid:\n  ips:\n  - {{ip: a, added_at: {10**99}}}", 4, "sendgrid.ips[0].added_at: "),
        ("sendgrid:\n  ips:\n  - {ip: a, start_date: 1.0e+308}", 4, "sendgrid.ips[0].start_date: "),
        ("sendgrid:\n  ips:\n  - {ip: a, updated_at: -62135596801}", 4, "sendgrid.ips[0].updated_at: "),
        (f"sendgrid:\n  user_id: '{'9' * 18}'\n  subusers:\n  - a", 5,
         "sendgrid.subusers[0]: no unused id left: expected a subuser with an 'id'"),
        ("sendgrid:\n  switches: {silence: true}", 3, "sendgrid.switches.silence: unknown switch: "),
        ("sendgrid:\n  1: x", 3, "sendgrid[1]: "),
        ("mailgun:\n  ips:\n  - {ip: 999.1.1.1}", 4, "mailgun.ips[0].ip: expected an IP address, got '999.1.1.1'"),
        ("mailgun:\n  ips:\n  - {ip: '2001:db8::1'}\n  - {ip: '2001:0db8::1'}", 5,
         "mailgun.ips[1].ip: duplicate ip '2001:db8::1'"),
        (f"mailgun:\n  domains:\n  - {{id: {ID}, name: a.example.com}}\n  - {{id: {ID}, name: b.example.com}}", 5,
         f"mailgun.domains[1].id: duplicate id '{ID}'"),
        (f"mailgun:\n  ip_pools:\n  - {{pool_id: {ID}, name: n, description: d}}\n  domains:\n"
         f"  - {{id: {ID}, name: a.example.com, pool_id: {ID}}}", 6,
         f"mailgun.domains[0].pool_id: pool '{ID}': expected a pool with an IP"),
        (f"mailgun:\n  ips: [{{ip: 192.0.2.1}}, {{ip: 192.0.2.2}}]\n  ip_pools:\n"
         f"  - {{pool_id: {ID}, name: n, description: d, ips: [192.0.2.1]}}\n  domains:\n"
         f"  - {{id: {ID}, name: a.example.com, pool_id: {ID}, ips: [192.0.2.2]}}", 7,
         "mailgun.domains[0].ips: expected the IPs of the linked pool"),
        ("mailgun:\n  features: DIPPs", 3, "mailgun.features: "),
        ("mailgun:\n  async_delay_seconds: -1", 3, "mailgun.async_delay_seconds: "),
        ("mailgun:\n  eligible_for_shared_ips: true", 3,
         "mailgun.eligible_for_shared_ips: expected a shared IP of the account: 'dedicated: false'"),
        ("mailgun:\n  ip_pools:\n  - {pool_id: x, name: n, description: d}", 4, "mailgun.ip_pools[0].pool_id: "),
        (f"mailgun:\n  ip_pools:\n  - {{pool_id: {ID}, name: n, description: d, ips: [1.2.3.4]}}", 4,
         "mailgun.ip_pools[0].ips[0]: expected a dedicated IP of the account, got 1.2.3.4"),
        (f"mailgun:\n  ip_pools:\n  - {{pool_id: {ID}, name: n, description: d, delegated_to: [{ID}]}}", 4,
         f"mailgun.ip_pools[0].delegated_to[0]: unknown subaccount '{ID}'"),
        (f"mailgun:\n  domains:\n  - {{id: {ID}, name: n.example.com, pool_id: {ID}}}", 4,
         f"mailgun.domains[0].pool_id: unknown pool '{ID}'"),
        (f"mailgun:\n  domains:\n  - {{id: {ID}, name: n.example.com, ips: [1.2.3.4]}}", 4,
         "domains[0].ips[0]: unknown IP 1.2.3.4"),
        (f"mailgun:\n  ips:\n  - {{ip: 1.2.3.4, account: {ID}}}", 4, f"ips[0].account: unknown subaccount '{ID}'"),
    ],
)  # fmt: skip
def test_mistakes_in_a_section(section: str, line: int, expected: str) -> None:
    """A mistake in a provider's section is reported with its line, its path and the reason."""
    text = mistake(f"name: x\n{section}")
    assert text.startswith(f"{line}: ")
    assert expected in text


def test_seed_file_with_several_documents() -> None:
    """A file's first document is used, or the one that is named; an unknown name is reported with the known ones."""
    text = "name: a\n---\nname: b\nsendgrid: {pools: [{id: '1', name: x}]}"
    assert seed.read(text.encode(), "", SECTIONS).name == "a"
    assert seed.read(text.encode(), "b", SECTIONS).name == "b"
    assert mistake(text, "c") == "no seed named 'c': expected one of a, b"


def test_files_and_packaged_fixtures(tmp_path: Path) -> None:
    """A seed is a file, or the bare name of a packaged fixture; another is reported with its name."""
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nsendgrid: {ips: [{ip: a, region: x}]}", "utf-8")
    with pytest.raises(SeedError, match=re.escape(f"{path}:2: sendgrid.ips[0].region: ")):
        seed.load(str(path), SECTIONS)
    for name in ("nowhere", str(tmp_path / "nowhere.yaml")):
        with pytest.raises(SeedError, match=re.escape(f"{name}: No such file or directory")):
            seed.load(name, SECTIONS)
    with pytest.raises(SeedError, match="Is a directory"):
        seed.load(str(tmp_path), SECTIONS)
    assert seed.load("documents#management", SECTIONS).name == "management"
    path.write_text("sendgrid: {ips: [{ip: a}]}", "utf-8")
    assert seed.load(str(path), SECTIONS).name == "mine"


def test_empty_seed_has_only_the_default_pool(make_app: Callable[..., Flask]) -> None:
    """A seed with nothing in it has SparkPost's default pool, and empty lists."""
    app = make_app(seed="empty")
    assert SPARKPOST.new_client(app).get("/api/v1/ip-pools").json == {
        "results": [{"id": "default", "name": "Default", "ips": []}]
    }
    assert SPARKPOST.new_client(app).get("/api/v1/sending-ips").json == {"results": []}
    assert SENDGRID.new_client(app).get("/v3/ips/pools").json == []
    assert MAILGUN.new_client(app).get("/v3/ip_pools").json == {"ip_pools": [], "message": "success"}


def test_default_seed_covers_every_feature() -> None:
    """The default seed is rich enough to try every feature."""
    section = yaml.safe_load(resources.read("fixtures", "default.yaml"))
    assert len(section["sparkpost"]["sending_ips"]) >= 3
    sendgrid = section["sendgrid"]
    own = [
        ip for ip in sendgrid["ips"] if ip.get("rdns") and ip.get("enabled", True) and ip.get("parent_assigned", True)
    ]
    assert len(own) >= 101
    assert any(ip.get("region") == "eu" for ip in own)
    assert 3 <= len([pool for pool in sendgrid["pools"] if "subuser" not in pool]) <= 20
    mailgun = section["mailgun"]
    pooled = {ip for pool in mailgun["ip_pools"] for ip in pool.get("ips", [])}
    free = [ip for ip in mailgun["ips"] if ip.get("dedicated", True) and ip["ip"] not in pooled and "account" not in ip]
    assert len(free) >= 3
    assert mailgun["features"] == ["DIPPs", "Detailed IP view"]
    assert len(mailgun["domains"]) >= 2
    assert len(mailgun["subaccounts"]) == 1


def test_registered_keys_of_the_default_seed_are_well_formed(make_app: Callable[..., Flask]) -> None:
    """The demo keys look like the providers' own; those of the documents are placeholders."""
    app = make_app()
    documents = {("sparkpost", "aHR0cDovL2kuaW1ndXIuY29tL293UndTR3AucG5n"), ("sendgrid", "<<YOUR_API_KEY_HERE>>")}
    registrations = set(server_state(app).seed.registrations)
    assert registrations > documents
    for provider, key in registrations - documents:
        assert server_state(app).providers[provider].api_key_pattern.fullmatch(key)
    for provider in PROVIDERS:
        assert provider.api_key_pattern.fullmatch(provider.example_api_key)


def test_several_tenants_in_a_seed(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    """Credentials that name one tenant share it, of whichever provider; another tenant has another state."""
    path = tmp_path / "tenants.yaml"
    data: dict[str, Any] = {
        "name": "w",
        "sendgrid": {"credentials": [{"key": "a", "tenant": "one"}, {"key": "b", "tenant": "one"}, {"key": "c"}]},
        "mailgun": {"credentials": [{"key": "d", "tenant": "one"}]},
    }
    path.write_text(yaml.safe_dump(data), "utf-8")
    app = make_app(seed=str(path))
    tenants = [SENDGRID.client(app, key).tenant.id for key in "abc"] + [MAILGUN.client(app, "d").tenant.id]
    assert tenants == ["one", "one", "default", "one"]


def test_a_bad_seed_makes_no_app() -> None:
    """A mistake stops the start."""
    with pytest.raises(SeedError, match="no seed named"):
        create_app(Config(seed="documents#nope"))


def test_all_errors_of_a_seed_are_reported() -> None:
    """Those of all providers, each with its line, in the order of the sections."""
    text = """
sparkpost:
  ip_pools: [{signing_domain: a}]
sendgrid:
  pools:
  - {id: '1'}
  - {id: x, name: a, colour: red}
mailgun:
  ips: 5
sparkpots: {}
"""
    first, *lines = mistake(text).splitlines()
    assert first == "10: sparkpots: unknown key; did you mean 'sparkpost'?"
    assert [line.partition(": ")[::2] for line in lines][:4] == [
        ("3", "sparkpost.ip_pools[0]: expected an 'id' or a 'name'"),
        ("6", "sendgrid.pools[0]: 'name' is required"),
        ("7", f"sendgrid.pools[1].id: expected a text of 1 to {MAX_ID_LENGTH} digits, not with a 0 first, got 'x'"),
        ("7", "sendgrid.pools[1].colour: unknown key"),
    ]
    assert lines[4].startswith("9: mailgun.ips: ")
    assert len(lines) == 5


def test_all_errors_between_records_are_reported() -> None:
    """A record with an error is known to the others, so that they have no error for that."""
    text = """
sparkpost:
  ip_pools: [{id: a, auto_warmup_overflow_pool: b}, {id: a}, {id: c, auto_warmup_overflow_pool: d}]
  sending_ips: [{external_ip: 192.0.2.1, ip_pool: e}, {external_ip: 192.0.2.2, ip_pool: c}]
sendgrid:
  subusers: [one, {name: two, id: '7'}, {name: three, id: '7'}]
  ips: [192.0.2.1, {ip: 192.0.2.2, rdns: o1.example.com, subusers: [three, four]}, 192.0.2.1]
  pools: [{name: p, ips: [192.0.2.2, 192.0.2.8, 192.0.2.9]}, {name: p, subuser: five}]
mailgun:
  ips: [192.0.2.1, {ip: 192.0.2.2, dedicated: false}]
  ip_pools: [{name: p, ips: [192.0.2.2, 192.0.2.3]}]
  domains: [{name: a.example.com, pool_id: q}, {name: b.example.com, ips: [192.0.2.4]}]
"""
    found = [line.partition(": ")[2].partition(": ")[0] for line in mistake(text).splitlines()]
    assert found == [
        "sparkpost.ip_pools[1].id",
        "sparkpost.ip_pools[0].auto_warmup_overflow_pool",
        "sparkpost.ip_pools[2].auto_warmup_overflow_pool",
        "sparkpost.sending_ips[0].ip_pool",
        "sendgrid.subusers[2]",
        "sendgrid.ips[1].subusers[1]",
        "sendgrid.ips[2].ip",
        "sendgrid.pools[0].ips[1]",
        "sendgrid.pools[0].ips[2]",
        "sendgrid.pools[1].subuser",
        "mailgun.ip_pools[0].ips[0]",
        "mailgun.ip_pools[0].ips[1]",
        "mailgun.domains[0].pool_id",
        "mailgun.domains[1].ips[0]",
    ]


@pytest.mark.parametrize("count", [MAX_SEED_ERRORS - 1, MAX_SEED_ERRORS, MAX_SEED_ERRORS + 1])
def test_number_of_errors_of_a_seed_is_limited(count: int) -> None:
    pools = "".join(f"\n  - {{id: '{number + 1}'}}" for number in range(count))
    lines = mistake(f"sendgrid:\n  pools:{pools}").splitlines()
    assert (lines[-1] == "and 1 more") == (count > MAX_SEED_ERRORS)
    assert len(lines) == min(count, MAX_SEED_ERRORS + 1)
