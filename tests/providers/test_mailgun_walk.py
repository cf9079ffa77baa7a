"""Mailgun's operations one after the other by chance: nothing that they lead to is a state that cannot be kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from ..support import ProviderClient
from .mailgun_account import NOWHERE, POOLS, Time

SUBACCOUNTS = "/v5/accounts/subaccounts"


def step(chance: random.Random, mailgun: ProviderClient) -> tuple[str, str, dict[str, Any]]:
    """Return what to ask next: of things that are there, and now and then of what is not."""
    state = mailgun.tenant.read().dump()["states"]["mailgun"]
    pool = f"{POOLS}/{chance.choice([*(each['pool_id'] for each in state['ip_pools']), NOWHERE])}"
    domain = chance.choice([*state["domains"], {"id": NOWHERE, "name": "nope.example.com"}])
    other = chance.choice(state["domains"] or [domain])
    ip, second = (chance.choice([*(each["ip"] for each in state["ips"]), "203.0.113.9"]) for _ in range(2))
    subaccount = chance.choice(state["subaccounts"])["id"]
    pool_id = chance.choice([*(each["pool_id"] for each in state["ip_pools"]), NOWHERE])
    changes = {"add_ip": ip, "remove_ip": second, "link_domain": domain["id"], "unlink_domain": other["name"]}
    some = {name: value for name, value in changes.items() if chance.random() < 0.5}
    replacement = chance.choice([{}, {"ip": "shared"}, {"ip": ip}, {"pool_id": pool_id}])
    ips = f"/v3/domains/{domain['name']}/ips"
    name = f"d{chance.randrange(12)}.example.com"
    return chance.choice(
        [
            ("POST", POOLS, {"data": {"name": "n", "description": "d", "ip": [ip, second][: chance.randrange(3)]}}),
            ("PATCH", pool, {"data": some}),
            ("DELETE", pool, {"query_string": replacement}),
            ("PUT", f"{pool}/ips/{ip}", {}),
            ("DELETE", f"{pool}/ips/{ip}", {}),
            ("PUT", f"{pool}/delegate", {"data": {"subaccount_id": subaccount}}),
            ("DELETE", f"{pool}/delegate", {"data": {"subaccount_id": subaccount}}),
            ("PUT", f"{SUBACCOUNTS}/{subaccount}/ip_pool", {"data": {"pool_id": pool_id}}),
            ("DELETE", f"{SUBACCOUNTS}/{subaccount}/ip_pool", {"query_string": {"pool_id": pool_id}}),
            ("POST", ips, {"data": chance.choice([{"ip": ip}, {"pool_id": pool_id}])}),
            ("DELETE", f"{ips}/{ip}", {}),
            ("DELETE", f"{ips}/ip_pool", {"query_string": replacement}),
            ("POST", "/v4/domains", {"data": {"name": name, **chance.choice([{}, {"pool_id": pool_id}, {"ips": ip}])}}),
            ("DELETE", f"/v3/domains/{domain['name']}", {}),
            ("PUT", f"/v4/domains/{domain['name']}", {"data": {"use_automatic_sender_security": chance.choice("tf")}}),
            ("PUT", f"/v4/domains/{domain['name']}/verify", {}),
            ("PUT", f"/v3/domains/{domain['name']}/tracking/open", {"data": {"active": chance.choice(["yes", "?"])}}),
            ("PUT", f"/v3/domains/{domain['name']}/dkim_selector", {"data": {"dkim_selector": chance.choice("ab.")}}),
            (
                "POST",
                f"/v3/domains/{domain['name']}/credentials",
                {"data": {"login": chance.choice(["a", "b", "a@x"])}},
            ),
            ("PUT", f"/v3/domains/{domain['name']}/credentials/{chance.choice('ab')}", {"data": {"password": "x" * 9}}),
            ("DELETE", f"/v3/domains/{domain['name']}/credentials/{chance.choice(['a', 'postmaster'])}", {}),
            ("POST", f"/v3/ips/{ip}/domains", {}),
            ("DELETE", f"/v3/ips/{ip}/domains", {"query_string": chance.choice([{}, {"alternative": second}])}),
            ("POST", "/v3/ips/request/new", {}),
            ("POST", f"/v3/ip_warmups/{ip}", {}),
            ("DELETE", f"/v3/ip_warmups/{ip}", {}),
            ("POST", SUBACCOUNTS, {"data": {"name": "x"}}),
            ("POST", f"{SUBACCOUNTS}/{subaccount}/disable", {}),
            ("POST", f"{SUBACCOUNTS}/{subaccount}/enable", {}),
            ("DELETE", SUBACCOUNTS, {}),
            ("GET", "/v3/ips/details/all?domain_id=any", {}),
            ("GET", f"{pool}/domains", {}),
        ]
    )


@pytest.mark.parametrize(
    ("seed", "delay", "midway", "eligible"),
    [(0, 0, False, True), (1, 10, False, False), (2, None, False, True), (3, 10, True, True)],
)
def test_walk(
    make_mailgun: Callable[..., ProviderClient], time: Time, seed: int, delay: int | None, midway: bool, eligible: bool
) -> None:
    """Every response fits the OpenAPI document, no error changes the state, and every state can be loaded again."""
    chance = random.Random(seed)
    mailgun = make_mailgun(
        time=time,
        async_delay_seconds=delay,
        async_fails_midway=midway,
        eligible_for_shared_ips=eligible,
        new_dedicated_ips=3,
    )
    statuses = set()
    for _ in range(120):
        time.now += chance.choice([0, 1, 5, 20, 90_000])
        method, path, how = step(chance, mailgun)
        subaccounts = mailgun.tenant.read().dump()["states"]["mailgun"]["subaccounts"]
        who = mailgun.acting_for(chance.choice(subaccounts)["id"]) if chance.random() < 0.25 else mailgun
        response = who.open(path, method=method, **how)
        assert response.status_code < 500, (method, path, how)
        assert mailgun.store.problems == [], (method, path, how)
        statuses.add(response.status_code)
    assert {200, 400, 404} <= statuses
