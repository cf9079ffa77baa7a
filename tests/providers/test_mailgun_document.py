"""What Mailgun's document says and no other test checks, through HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..support import SUBACCOUNT, ProviderClient
from .mailgun_account import MARKETING, POOLS, TRANSACTIONAL, Time, details, domain_ips, refused, started, succeeded

MAIL, NEWS, SUB = "mail.example.com", "news.example.com", "sub.example.com"
BOTH_PATHS = pytest.mark.parametrize("path", ["/v3/domains/{}/ips/{}", "/v3/domains/{}/pool/{}"])


# Removing from a domain: the same rules for both paths


@BOTH_PATHS
def test_ip_of_a_domain_with_a_pool_cannot_be_removed(mailgun: ProviderClient, path: str) -> None:
    text = "domain ips can't be changed while an ip pool is linked to the domain"
    refused(mailgun.delete(path.format(MAIL, "192.0.2.20")), 400, text)
    assert domain_ips(mailgun, MAIL) == ["192.0.2.20"]


@BOTH_PATHS
def test_last_ip_without_shared_ips_cannot_be_removed(make_mailgun: Callable[..., ProviderClient], path: str) -> None:
    """Before that, the domain gains an IP, because all IPs that remain are on a warm-up."""
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    succeeded(mailgun.delete(path.format(NEWS, "192.0.2.10")))
    assert domain_ips(mailgun, NEWS) == ["192.0.2.14", "192.0.2.11"]
    succeeded(mailgun.delete(path.format(NEWS, "192.0.2.14")))
    refused(mailgun.delete(path.format(NEWS, "192.0.2.11")), 400, "last ip can't be removed from the domain")
    assert domain_ips(mailgun, NEWS) == ["192.0.2.11"]


@BOTH_PATHS
@pytest.mark.parametrize("how", [{}, {"ip": "192.0.2.10", "pool_id": MARKETING}], ids=str)
def test_unlinking_needs_one_replacement(mailgun: ProviderClient, path: str, how: dict[str, str]) -> None:
    text = "either 'ip' or 'pool_id' parameter is required, but not both"
    refused(mailgun.delete(path.format(MAIL, "ip_pool"), query_string=how), 400, text)


@BOTH_PATHS
def test_shared_replacement_needs_eligibility(make_mailgun: Callable[..., ProviderClient], path: str) -> None:
    mailgun = make_mailgun(eligible_for_shared_ips=False)
    response = mailgun.delete(path.format(MAIL, "ip_pool"), query_string={"ip": "shared"})
    refused(response, 400, "account is not eligible for shared ips")
    assert details(mailgun, TRANSACTIONAL)["linked_domains"] == [MAIL]


# After the response: domains of the account and of a subaccount that inherits the pool


@pytest.fixture
def linked(slow: ProviderClient) -> ProviderClient:
    """An account whose subaccount has a domain with the same pool as its own, and whose work takes ten seconds."""
    succeeded(slow.acting_for(SUBACCOUNT).post(f"/v3/domains/{SUB}/ips", data={"pool_id": TRANSACTIONAL}))
    return slow


def expect_ips_of_domains(mailgun: ProviderClient, time: Time, before: list[str], after: list[str]) -> None:
    """Expect domains of the account and of its subaccount to change ten seconds from now."""
    sub = mailgun.acting_for(SUBACCOUNT)
    for seconds, ips in ((9.999, before), (0.001, after)):
        time.now += seconds
        assert domain_ips(mailgun, MAIL) == domain_ips(sub, SUB) == ips


TWO = {"ips": ["192.0.2.10", "192.0.2.11"]}


@pytest.mark.parametrize(
    ("method", "path", "how", "ips"),
    [
        ("PUT", "/ips/192.0.2.10", {}, ["192.0.2.20", "192.0.2.10"]),
        ("POST", "/ips.json", {"json": TWO}, ["192.0.2.20", *TWO["ips"]]),
        ("PATCH", "", {"data": {"add_ip": "192.0.2.10"}}, ["192.0.2.20", "192.0.2.10"]),
        ("PATCH", "", {"data": {"add_ip": "192.0.2.10", "remove_ip": "192.0.2.20"}}, ["192.0.2.10"]),
    ],
)
def test_new_ips_of_a_pool_reach_domains_after_the_response(
    linked: ProviderClient, time: Time, method: str, path: str, how: dict[str, Any], ips: list[str]
) -> None:
    started(linked.open(f"{POOLS}/{TRANSACTIONAL}{path}", method=method, **how))
    expect_ips_of_domains(linked, time, ["192.0.2.20"], ips)


def test_removed_ip_of_a_pool_leaves_domains_after_the_response(linked: ProviderClient, time: Time) -> None:
    started(linked.put(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.10"))
    time.now += 10
    started(linked.delete(f"{POOLS}/{TRANSACTIONAL}/ips/192.0.2.20"))
    expect_ips_of_domains(linked, time, ["192.0.2.20", "192.0.2.10"], ["192.0.2.10"])


@pytest.mark.parametrize(
    ("how", "ips"),
    [
        ({"pool_id": MARKETING}, ["192.0.2.21"]),
        ({"ip": "192.0.2.10"}, ["192.0.2.10"]),
        ({"ip": "shared"}, ["198.51.100.1"]),
    ],
    ids=str,
)
def test_replacement_of_a_pool_reaches_domains_after_the_response(
    linked: ProviderClient, time: Time, how: dict[str, str], ips: list[str]
) -> None:
    started(linked.delete(f"{POOLS}/{TRANSACTIONAL}", query_string=how))
    expect_ips_of_domains(linked, time, ["192.0.2.20"], ips)
    assert details(linked, MARKETING)["linked_domains"] == ([MAIL, SUB] if "pool_id" in how else [])
