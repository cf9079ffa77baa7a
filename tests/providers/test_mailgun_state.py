"""What Mailgun keeps: seeds that make no sense, what follows from what, and what no request may break."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from mockserver.core.errors import SeedError
from mockserver.providers.mailgun import blueprint
from mockserver.providers.mailgun.models import Domain, Link, State, created_at
from mockserver.providers.mailgun.schemas.seed import MailgunSeed

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import MARKETING, POOLS, TRANSACTIONAL, Time, domain_ips, started, succeeded

POOL = {"pool_id": "a" * 24, "name": "p", "description": "", "ips": ["192.0.2.1"]}
IPS = [{"ip": "192.0.2.1"}]
DOMAIN = {"id": "e" * 24, "name": "d.example.com"}
JOB = {"id": "b" * 24}


@pytest.mark.parametrize(
    ("section", "path", "reason"),
    [
        ({"ips": [{"ip": "192.0.2.1", "dedicated": False, "warmup": True}]}, ("ips", 0, "warmup"),
         "warm-up of the shared IP 192.0.2.1: expected a dedicated IP"),
        ({"ips": [{"ip": "192.0.2.1", "warmup_started_at": 1}]}, ("ips", 0, "warmup_started_at"),
         "start of the warm-up of 192.0.2.1: expected 'warmup: true'"),
        ({"ips": IPS, "subaccounts": [{"id": "1" * 24, "name": "s", "inherited": [{**POOL, "ips": ["192.0.2.2"]}]}]},
         ("subaccounts", 0, "inherited", 0, "ips", 0),
         "expected a dedicated IP of the parent account, got 192.0.2.2: it is not in 'ips'"),
        ({"ips": IPS, "subaccounts": [{"id": "1" * 24, "name": "s", "inherited": [POOL, POOL]}]},
         ("subaccounts", 0, "inherited", 1, "pool_id"), f"duplicate pool_id '{'a' * 24}'"),
        ({"subaccounts": [{"id": "1" * 24, "name": "s", "inherited": [{**POOL, "ips": ["x"]}]}]},
         ("subaccounts", 0, "inherited", 0, "ips", 0), "expected an IP address, got 'x'"),
        ({"jobs": [JOB]}, ("jobs", 0), "expected one of pool_id, assign_ip, unassign_ip, verify_domain, delete_domain"),
        ({"jobs": [{**JOB, "pool_id": "a" * 24, "delete_domain": "x.example.com"}]}, ("jobs", 0),
         "expected one of pool_id, assign_ip, unassign_ip, verify_domain, delete_domain"),
        ({"domains": [DOMAIN], "smtp_credentials": [{"login": "bob@e.example.com", "created_at": 1}]},
         ("smtp_credentials", 0, "login"), "unknown domain 'e.example.com'"),
        ({"domains": [DOMAIN], "smtp_credentials": [{"login": "bob@d.example.com", "created_at": 1}] * 2},
         ("smtp_credentials", 1, "login"), "duplicate login 'bob@d.example.com'"),
        ({"domains": [DOMAIN], "smtp_credentials": [{"login": "postmaster@d.example.com", "created_at": 1}]},
         ("smtp_credentials", 0, "login"),
         "expected the login of a domain but postmaster, got 'postmaster@d.example.com'"),
        ({"jobs": [{**JOB, "assign_ip": "192.0.2.1"}]}, ("jobs", 0, "assign_ip"), "unknown IP 192.0.2.1"),
        ({"jobs": [{**JOB, "unassign_ip": "192.0.2.1"}]}, ("jobs", 0, "unassign_ip"),
         "unknown IP 192.0.2.1"),
        ({"jobs": [{**JOB, "pool_id": "a" * 24, "replace_with": "192.0.2.1"}]}, ("jobs", 0, "replace_with"),
         "unknown IP 192.0.2.1"),
        ({"jobs": [{**JOB, "pool_id": "a" * 24, "replace_with": "any"}]}, ("jobs", 0, "replace_with"),
         "expected an IP address, got 'any'"),
        ({"ips": [{"ip": "192.0.2.1"}], "jobs": [{**JOB, "unassign_ip": "192.0.2.1", "replace_with": "shared"}]},
         ("jobs", 0, "replace_with"), "unknown IP shared"),
        ({"ips": [{"ip": "::1"}], "domains": [{**DOMAIN, "ips": ["::1", "0::1"]}]}, ("domains", 0, "ips", 1),
         "duplicate IP ::1"),
        *(({"domains": [{**DOMAIN, "name": name}]}, ("domains", 0, "name"), f"expected a domain name, got '{name}'")
          for name in ("d.example.com.", "münchen.example.com", "\u212aelvin.example.com", "localhost",
                       "a b.example.com")),
        ({"domains": [DOMAIN, {"id": "f" * 24, "name": "D.Example.COM"}]}, ("domains", 1, "name"),
         "duplicate name 'd.example.com'"),
        ({"jobs": [{**JOB, "delete_domain": "d.example.com."}]}, ("jobs", 0, "delete_domain"),
         "expected a domain name, got 'd.example.com.'"),
        ({"jobs": [{**JOB, "pool_id": "a" * 24, "link": ["münchen.de"]}]}, ("jobs", 0, "link", 0),
         "expected a domain name, got 'münchen.de'"),
        ({"ips": IPS, "ip_pools": [POOL], "domains": [{**DOMAIN, "pool_id": "a" * 24}],
          "jobs": [{**JOB, "pool_id": "a" * 24, "relink_to": "d" * 24}]}, ("jobs",),
         f"state after the jobs: domains[0].pool_id: unknown pool '{'d' * 24}'"),
        ({"ips": IPS, "ip_pools": [{**POOL, "ips": []}], "domains": [DOMAIN],
          "jobs": [{**JOB, "pool_id": "a" * 24, "link": ["d.example.com"]}]}, ("jobs",),
         f"state after the jobs: domains[0].pool_id: pool '{'a' * 24}': expected a pool with an IP"),
    ],
)  # fmt: skip
def test_seeds_that_make_no_sense(section: dict[str, Any], path: tuple[str | int, ...], reason: str) -> None:
    """A seed whose parts contradict each other is refused, with where and why."""
    with pytest.raises(SeedError) as caught:
        MailgunSeed.read(section)
    assert (caught.value.path, caught.value.reason) == (path, reason)


@pytest.mark.parametrize(
    "section",
    [
        {"new_dedicated_ips": -1}, {"new_dedicated_ips": 1001}, {"subaccount_limit": -1}, {"account_id": "parent"},
        {"ips": [{"ip": "192.0.2.1", "created_at": "yesterday"}]},
        {"domains": [{"id": "1" * 24, "name": "a.example.com", "state": "x"}]},
        {"subaccounts": [{"id": "1" * 24, "name": "a", "updated_at": 1.5}]}, {"switches": {"json_402": True}},
        {"async_delay_seconds": 253_402_300_800}, {"async_delay_seconds": 10**400},
        {"domains": [{**DOMAIN, "message_ttl": 2**31}]}, {"domains": [{**DOMAIN, "web_prefix": "a.b"}]},
        {"subaccounts": [{"id": "1" * 24, "name": " "}]},
        {"jobs": [{**JOB, "delete_domain": "a.example.com", "due": -1e308}]},
        {"jobs": [{**JOB, "delete_domain": "a.example.com", "due": 1e308}]},
    ],
    ids=str,
)  # fmt: skip
def test_seeds_of_the_wrong_kind(section: dict[str, Any]) -> None:
    """What a seed says is of its kind and in its range."""
    with pytest.raises(SeedError):
        MailgunSeed.read(section)


def test_everything_is_read_back() -> None:
    """A state in which everything is said is dumped as a seed that gives the same state."""
    data = {
        "profile": "live",
        "switches": {"json_401": True},
        "account_id": "c" * 24,
        "features": ["DIPPs"],
        "eligible_for_shared_ips": True,
        "new_dedicated_ips": 0,
        "subaccount_limit": 3,
        "async_delay_seconds": None,
        "async_fails_midway": True,
        "subaccounts": [{"id": "1" * 24, "name": "s", "status": "closed", "updated_at": 5,
                         "inherited": [POOL, {**POOL, "pool_id": "f" * 24, "ips": []}]}],
        "ips": [
            {"ip": "192.0.2.1", "dedicated": True, "warmup": True, "warmup_started_at": 1, "enabled": False,
             "rdns": "x", "created_at": 2, "pool_changed_at": 3, "domains_changed_at": 4},
            {"ip": "192.0.2.2", "dedicated": False, "warmup": False, "enabled": True},
        ],
        "ip_pools": [{**POOL, "delegated_to": ["1" * 24]}],
        "domains": [
            {"id": "2" * 24, "name": "a.example.com", "ips": ["192.0.2.1"], "pool_id": "a" * 24, "state": "disabled",
             "encrypt_incoming_message": True, "message_ttl": 5, "require_tls": False, "skip_verification": True,
             "spam_action": "tag", "use_automatic_sender_security": True, "web_prefix": "w", "web_scheme": "https",
             "wildcard": False, "dkim_selector": "k1", "open_tracking": True, "open_at_the_top": False,
             "click_tracking": True, "unsubscribe_tracking": False, "html_footer": "<p>bye</p>", "text_footer": ""},
        ],
        "smtp_credentials": [{"login": "bob@a.example.com", "created_at": 7}],
        "jobs": [
            {"id": "3" * 24, "assign_ip": "192.0.2.1", "account": "1" * 24, "link": [], "unlink": []},
            {"id": "4" * 24, "unassign_ip": "192.0.2.1", "replace_with": "192.0.2.1", "link": [], "unlink": []},
            {"id": "5" * 24, "delete_domain": "a.example.com", "due": 1.5, "link": [], "unlink": []},
            {"id": "6" * 24, "verify_domain": "a.example.com", "due": 2, "link": [], "unlink": []},
        ],
    }  # fmt: skip
    state = MailgunSeed.read(data).state
    assert state.dump() == data
    assert MailgunSeed.read(state.dump()).state == state


def test_whole_numbers_of_a_seed(make_mailgun: Callable[..., ProviderClient], time: Time) -> None:
    """A whole number may be written as JSON writes any number, and is answered as a whole one."""
    mailgun = make_mailgun(
        time=time,
        new_dedicated_ips=2.0,
        subaccount_limit=3.0,
        ips=[{"ip": "192.0.2.1", "warmup": True, "warmup_started_at": time.now - 90_000, "created_at": time.now}],
        ip_pools=[],
        domains=[{**DOMAIN, "message_ttl": 5.0}],
        subaccounts=[{"id": SUBACCOUNT, "name": "a", "updated_at": time.now}],
        eligible_for_shared_ips=False,
    )
    details = mailgun.get("/v3/ip_warmups/192.0.2.1").json["details"]
    assert (details["stage"], details["start_volume"], details["sent_within_stage"]) == (2, 1000, "4%")
    answers = [mailgun.get(f"/v4/domains/{DOMAIN['name']}"), mailgun.get("/v3/ips/request/new")]
    assert b'"message_ttl":5}' in answers[0].data
    assert answers[1].data == b'{"allowed":{"dedicated":2,"shared":0}}\n'
    state = mailgun.application.test_client().get("/_mockserver/tenants/default/state").json["state"]["mailgun"]
    assert [state["subaccount_limit"], state["subaccounts"][0]["updated_at"]] == [3, time.now]
    assert ".0" not in str([state["subaccount_limit"], state["subaccounts"], state["ips"][0]["created_at"]])


def test_domain_names_of_a_seed_are_stored_in_lower_case() -> None:
    """In domains and in jobs."""
    jobs = [
        {**JOB, "pool_id": "a" * 24, "link": ["D.example.com"], "unlink": ["E.example.com"]},
        {"id": "c" * 24, "delete_domain": "F.example.com"},
    ]
    state = MailgunSeed.read(
        {"ips": IPS, "ip_pools": [POOL], "domains": [{**DOMAIN, "name": "D.EXAMPLE.com"}], "jobs": jobs}
    )
    dump = state.state.dump()
    assert [domain["name"] for domain in dump["domains"]] == ["d.example.com"]
    first, second = dump["jobs"]
    assert (first["link"], first["unlink"], second["delete_domain"]) == (
        ["d.example.com"], ["e.example.com"], "f.example.com",
    )  # fmt: skip


def test_addresses_of_jobs() -> None:
    """The addresses in what is still to be done are kept in their usual spelling, as all others."""
    jobs = [{**JOB, "unassign_ip": "0::1", "replace_with": "0::2"}]
    state = MailgunSeed.read({"ips": [{"ip": "::1"}, {"ip": "::2"}], "jobs": jobs}).state
    assert state.dump()["jobs"] == [{**JOB, "unassign_ip": "::1", "replace_with": "::2", "link": [], "unlink": []}]


def test_links_follow_from_domains() -> None:
    """Whatever is done with domains, the links are what the domains say."""
    chance = random.Random(1)
    state = State.load({"ips": [{"ip": "192.0.2.1"}], "ip_pools": [POOL, {**POOL, "pool_id": "d" * 24, "ips": []}]})
    for number in range(500):
        key = chance.randrange(20)
        old = state.domains.get(f"d{key}")
        new = Domain(f"{key:024x}", f"d{key}", pool_id=chance.choice([None, "a" * 24, "d" * 24, "gone"]))
        state.put_domain(None if old is not None and number % 5 == 0 else new, old)
        linked: dict[str, list[Link]] = {}
        for domain in state.domains.values():
            if domain.pool_id is not None:
                linked.setdefault(domain.pool_id, []).append(Link(domain.id, domain.name))
        assert dict(state.links.items()) == {pool_id: tuple(sorted(links)) for pool_id, links in linked.items()}


def test_an_id_says_when_it_was_made() -> None:
    """The recorded id of a domain, and the recorded time at which it was made."""
    assert created_at("67bcf63306fcfd2fb4b7e056") == 1_740_437_043  # Mon, 24 Feb 2025 22:44:03 GMT


def test_a_cursor_that_is_gone(slow: ProviderClient) -> None:
    """A page of a pool's domains begins after a cursor that need not be a domain's any more."""
    for number in range(12):
        response = slow.post("/v4/domains", data={"name": f"d{number}.example.com", "pool_id": TRANSACTIONAL})
        assert response.status_code == 200
    first = slow.get(f"{POOLS}/{TRANSACTIONAL}/domains").json
    last = first["domains"][-1]["name"]
    assert slow.delete(f"/v3/domains/{last}/ips/all").status_code == 200
    rest = slow.get(first["paging"]["next"].removeprefix("http://localhost/mailgun")).json["domains"]
    everything = [domain["name"].split(".")[0] for domain in (*first["domains"][:-1], *rest)]
    assert (last, everything) == ("d9.example.com", [*(f"d{n}" for n in range(9)), "d10", "d11", "mail"])


def test_an_account_that_fails_midway(make_mailgun: Callable[..., ProviderClient]) -> None:
    """Work that is given up after half of its domains leaves the others as they were, for the IP of all domains too."""
    mailgun = make_mailgun(async_fails_midway=True)
    started(mailgun.post("/v3/ips/192.0.2.12/domains"))
    found = mailgun.get("/v3/ips/192.0.2.12/domains").json
    assert [item["domain"] for item in found["items"]] == ["news.example.com"]


def test_a_clock_that_is_turned_back(slow: ProviderClient, time: Time) -> None:
    """Work is done after that on which it builds, whatever the clock was: no domain keeps a pool that is gone."""
    started(slow.delete(f"{POOLS}/{TRANSACTIONAL}", query_string={"pool_id": MARKETING}))
    time.now -= 1_000
    started(slow.delete(f"{POOLS}/{MARKETING}", query_string={"ip": "192.0.2.11"}))
    time.now += 500
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.20"]
    time.now += 510
    assert domain_ips(slow, "mail.example.com") == ["192.0.2.11"]
    succeeded(slow.post("/v3/ip_warmups/192.0.2.12"))
    state = slow.application.test_client().get("/_mockserver/tenants/default/state").json["state"]["mailgun"]
    assert (state["jobs"], MailgunSeed.read(state).state.dump()) == ([], state)


# What is not implemented, and what is not fit


def test_dynamic_pools_are_not_implemented() -> None:
    dynamic = [path for path in blueprint.not_implemented if "dynamic_pools" in path]
    assert len(dynamic) == 12


NASTY = ["\0", "a\0b", "\xed\xa0\x80", "9" * 5_000, "-1", "1e9", "[]", "null", "\xfc" * 300, "%"]
ROOMS = [
    ("GET", "/v4/domains", ("limit", "skip", "state", "sort", "authority", "search", "include_subaccounts")),
    ("POST", "/v4/domains", ("name", "pool_id", "ips", "message_ttl", "wildcard", "smtp_password", "web_prefix")),
    ("GET", "/v3/ips", ("dedicated", "enabled")),
    ("GET", "/v3/ips/192.0.2.10/domains", ("limit", "skip", "search")),
    ("DELETE", "/v3/ips/192.0.2.10/domains", ("alternative",)),
    ("GET", "/v3/ips/details/all", ("limit", "skip", "pool_id", "domain_id", "subaccount_id", "ip", "sort_by")),
    ("GET", "/v3/ip_warmups", ("page", "limit")),
    ("GET", "/v5/accounts/subaccounts", ("sort", "filter", "limit", "skip", "enabled", "closed")),
    ("PUT", "/v5/accounts/subaccounts/65f0c1a2b3c4d5e6f7081920/ip_pool", ("pool_id",)),
    ("DELETE", "/v5/accounts/subaccounts/65f0c1a2b3c4d5e6f7081920/ip_pool", ("pool_id",)),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "names"), ROOMS)
def test_nasty_values(mailgun: ProviderClient, method: str, path: str, names: tuple[str, ...]) -> None:
    """No value of a parameter or a field makes the server crash, and what is refused has words."""
    for name, value in itertools.product(names, NASTY):
        how: dict[str, Any] = {"query_string" if method == "GET" else "data": {"name": "n.example.com", name: value}}
        response = mailgun.open(path, method=method, **how)
        assert response.status_code in (200, 400, 404), (name, value)
        assert response.status_code == 200 or response.json["message"]


@pytest.mark.parametrize(
    "path",
    ["/v3/ips/{}", "/v3/ips/{}/domains", "/v3/ip_warmups/{}", "/v4/domains/{}", "/v3/domains/{}",
     "/v5/accounts/subaccounts/{}", "/v5/accounts/subaccounts/{}/ip_pool", "/v5/accounts/subaccounts/{}/enable"],
)  # fmt: skip
@pytest.mark.parametrize("part", ["%00", "%FF", "%2F", "a%2Fb", "..", "9" * 3_000, "%F0%9F%98%80", "fe80::1%25eth0"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_nasty_paths(mailgun: ProviderClient, path: str, part: str, method: str) -> None:
    """No part of a path and no method makes the server crash."""
    assert mailgun.open(path.format(part), method=method).status_code in (400, 404, 405, 501)
