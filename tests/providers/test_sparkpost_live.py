"""What newer documents of SparkPost have: warm-up, overflow pools, signing domains; and buying IPs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.core import seed
from mockserver.core.errors import SeedError
from mockserver.providers import PROVIDERS
from mockserver.providers.sparkpost import catalog
from mockserver.providers.sparkpost.models import SendingIp
from mockserver.providers.sparkpost.rules.sending_ips import stage

from ..support import SPARKPOST, ProviderClient

STORES = ("memory", "redis")

POOLS = "/api/v1/ip-pools"
IPS = "/api/v1/sending-ips"
BUY = "/api/v1/account/add-ons/dedicated_ips"
DAY = 86_400
NOW = 1_700_000_000.0

SECTION: dict[str, Any] = {
    "ip_pools": [
        {"id": "warm", "name": "Warm", "signing_domain": "example.com", "auto_warmup_overflow_pool": "spare"},
        {"id": "spare", "name": "Spare", "fbl_signing_domain": "example.net"},
        {"id": "plain", "name": "Plain"},
    ],
    "sending_ips": [
        {"external_ip": "192.0.2.1", "hostname": "mta1", "ip_pool": "warm", "auto_warmup_stage": 5},
        {"external_ip": "192.0.2.2", "hostname": "mta2", "ip_pool": "warm"},
    ],
}


@pytest.fixture
def account(make_app: Callable[..., Flask]) -> Callable[..., ProviderClient]:
    """Return a function that makes an account with a profile or switches, at a fixed time."""

    def make(**section: Any) -> ProviderClient:
        app = make_app(time=lambda: NOW)
        body = {"state": {"sparkpost": {**SECTION, **section}}}
        SPARKPOST.client(app).get("/")
        assert app.test_client().put("/_mockserver/tenants/default/state", json=body).status_code == 200
        return SPARKPOST.client(app)

    return make


@pytest.fixture
def live(account: Callable[..., ProviderClient]) -> ProviderClient:
    """The account in profile `live`."""
    return account(profile="live")


@pytest.fixture
def documented(account: Callable[..., ProviderClient]) -> ProviderClient:
    """The same account in profile `documented`."""
    return account()


def advance(access: ProviderClient, seconds: float) -> None:
    body = {"seconds": seconds}
    assert (
        access.application.test_client().post("/_mockserver/tenants/default/clock/advance", json=body).status_code
        == 200
    )


def refused(response: Any, message: str, status: int = 400) -> bool:
    return (response.status_code, response.json) == (status, {"errors": [{"message": message}]})


def ip(access: ProviderClient, address: str) -> dict[str, Any]:
    found: dict[str, Any] = access.get(f"{IPS}/{address}").json["results"]
    return found


# What is shown


def test_live_shows_warmup_and_domains(live: ProviderClient) -> None:
    """In profile live, pools and IPs have the newer fields, and what is unset or off is left out."""
    assert live.get(POOLS).json["results"] == [
        {
            "id": "warm",
            "name": "Warm",
            "ips": [
                {"external_ip": "192.0.2.1", "hostname": "mta1", "auto_warmup_enabled": True, "auto_warmup_stage": 5},
                {"external_ip": "192.0.2.2", "hostname": "mta2", "auto_warmup_enabled": False},
            ],
            "signing_domain": "example.com",
            "auto_warmup_overflow_pool": "spare",
        },
        {"id": "spare", "name": "Spare", "fbl_signing_domain": "example.net", "ips": []},
        {"id": "plain", "name": "Plain", "ips": []},
        {"id": "default", "name": "Default", "ips": []},
    ]
    assert live.get(f"{POOLS}/warm").json["results"] == live.get(POOLS).json["results"][0]
    first, second = live.get(IPS).json["results"]
    assert first == {
        "external_ip": "192.0.2.1",
        "hostname": "mta1",
        "ip_pool": "warm",
        "customer_provided": False,
        "auto_warmup_enabled": True,
        "auto_warmup_stage": 5,
    }
    assert (second["auto_warmup_enabled"], "auto_warmup_stage" in second) == (False, False)


def test_the_order_of_a_pools_fields(account: Callable[..., ProviderClient]) -> None:
    """In profile live a list has the signing domains behind the IPs, which a single pool has on both sides of them."""
    pool = {
        "id": "a",
        "name": "A",
        "signing_domain": "example.com",
        "fbl_signing_domain": "example.net",
        "auto_warmup_overflow_pool": "shared pool",
    }
    live = account(profile="live", ip_pools=[pool], sending_ips=[])
    listed, got = live.get(POOLS).json["results"][0], live.get(f"{POOLS}/a").json["results"]
    assert listed == got == {**pool, "ips": []}
    newer = ["signing_domain", "fbl_signing_domain", "auto_warmup_overflow_pool"]
    assert list(listed) == ["id", "name", "ips", *newer]
    assert list(got) == ["id", "name", "fbl_signing_domain", "ips", "signing_domain", "auto_warmup_overflow_pool"]
    documented = account(ip_pools=[pool], sending_ips=[])
    listed, got = documented.get(POOLS).json["results"][0], documented.get(f"{POOLS}/a").json["results"]
    assert list(listed) == list(got) == ["id", "name", "fbl_signing_domain", "ips"]


def test_documented_shows_none_of_it(documented: ProviderClient) -> None:
    """In profile documented the same account has none of the newer fields."""
    pool = documented.get(f"{POOLS}/warm").json["results"]
    assert pool == {
        "id": "warm",
        "name": "Warm",
        "ips": [{"external_ip": "192.0.2.1", "hostname": "mta1"}, {"external_ip": "192.0.2.2", "hostname": "mta2"}],
    }
    assert ip(documented, "192.0.2.1") == {
        "external_ip": "192.0.2.1",
        "hostname": "mta1",
        "ip_pool": "warm",
        "customer_provided": False,
    }


def test_documented_ignores_the_newer_fields(documented: ProviderClient) -> None:
    """In profile documented the newer fields are unknown ones: ignored, whatever is in them, and listed as unused."""
    odd = {"signing_domain": 7, "auto_warmup_overflow_pool": ["nope"]}
    assert documented.post(POOLS, json={"name": "New", **odd}).status_code == 200
    assert documented.last_record.fields_read == {"name", "fbl_signing_domain"}
    assert documented.put(f"{POOLS}/plain", json={"name": "P", **odd}).json["results"] == {"name": "P", "id": "plain"}
    body = {"ip_pool": "plain", "auto_warmup_enabled": "yes", "auto_warmup_stage": 99}
    assert documented.put(f"{IPS}/192.0.2.1", json=body).json == {"results": {"message": "Updated IP Pool."}}


# Each switch alone


def test_signing_domain_alone(account: Callable[..., ProviderClient]) -> None:
    """The switch signing_domain brings that field and no other."""
    alone = account(switches={"signing_domain": True})
    body = {"name": "New", "signing_domain": "example.org", "auto_warmup_overflow_pool": "nope"}
    assert alone.post(POOLS, json=body).status_code == 200
    expected = {"id": "new", "name": "New", "ips": [], "signing_domain": "example.org"}
    assert alone.get(f"{POOLS}/new").json["results"] == expected
    assert "auto_warmup_enabled" not in ip(alone, "192.0.2.1")
    without = account(profile="live", switches={"signing_domain": False})
    assert without.post(POOLS, json={"name": "New", "signing_domain": "example.org"}).status_code == 200
    assert without.get(f"{POOLS}/new").json["results"] == {"id": "new", "name": "New", "ips": []}


def test_auto_warmup_alone(account: Callable[..., ProviderClient]) -> None:
    """The switch auto_warmup brings warm-up and overflow pools; updating an IP still needs its pool."""
    alone = account(switches={"auto_warmup": True})
    assert alone.get(f"{POOLS}/warm").json["results"]["auto_warmup_overflow_pool"] == "spare"
    assert "signing_domain" not in alone.get(f"{POOLS}/warm").json["results"]
    response = alone.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": 4})
    assert response.json["errors"][0]["message"] == "`ip_pool` is a required field"
    response = alone.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": 4, "ip_pool": "warm"})
    assert response.json == {"results": {"message": "Updated IP Pool."}}
    assert ip(alone, "192.0.2.1")["auto_warmup_stage"] == 4
    without = account(profile="live", switches={"auto_warmup": False})
    assert "auto_warmup_enabled" not in ip(without, "192.0.2.1")


def test_partial_ip_update_alone(account: Callable[..., ProviderClient]) -> None:
    """The switch partial_ip_update makes the pool optional and changes the words, without warm-up."""
    alone = account(switches={"partial_ip_update": True})
    response = alone.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": 99})
    assert response.json == {"results": {"message": "Updated Sending IP."}}
    assert ip(alone, "192.0.2.1")["ip_pool"] == "warm"
    without = account(profile="live", switches={"partial_ip_update": False})
    response = without.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": 1})
    assert response.json["errors"][0]["message"] == "`ip_pool` is a required field"


@pytest.mark.parametrize(
    ("name", "cut"),
    [("x" * 19, "x" * 19), ("x" * 20, "x" * 20), ("x" * 21, "x" * 20), ("default" + "x" * 20, "default" + "x" * 13)],
)
def test_short_pool_ids(account: Callable[..., ProviderClient], name: str, cut: str) -> None:
    """With short_pool_ids an id has at most 20 characters, its number included; without, in live too, any length."""
    short = account(switches={"short_pool_ids": True})
    made = [short.post(POOLS, json={"name": name}).json["results"]["id"] for _ in range(3)]
    assert made == [cut, f"{cut[:18]}_1", f"{cut[:18]}_2"] if len(cut) > 18 else [cut, f"{cut}_1", f"{cut}_2"]
    assert account(profile="live").post(POOLS, json={"name": name}).json["results"]["id"] == name


# Pools


def test_new_fields_of_a_pool(live: ProviderClient) -> None:
    """The newer fields are set on creation, kept when they are not sent, and removed with an empty text."""
    body = {"name": "New", "signing_domain": "example.org", "auto_warmup_overflow_pool": "shared pool"}
    assert live.post(POOLS, json=body).json == {"results": {"id": "new"}}
    newer = {"signing_domain": "example.org", "auto_warmup_overflow_pool": "shared pool"}
    assert live.get(f"{POOLS}/new").json["results"] == {"id": "new", "name": "New", "ips": [], **newer}
    response = live.put(f"{POOLS}/new", json={"name": "Newer"})
    assert response.json == {"results": {"name": "Newer", "id": "new", **newer}}
    response = live.put(f"{POOLS}/new", json={"name": "Newer", **dict.fromkeys(newer, "")})
    assert response.json == {"results": {"name": "Newer", "id": "new"}}
    assert live.post(POOLS, json={"name": "None", **dict.fromkeys(newer, "")}).status_code == 200
    assert live.get(f"{POOLS}/none").json["results"] == {"id": "none", "name": "None", "ips": []}


def test_an_overflow_pool_exists(live: ProviderClient) -> None:
    """An overflow pool that is not there is refused by name; upper case is another name."""
    for name in ("nope", "Spare", "Shared Pool", " "):
        body = {"name": "New", "auto_warmup_overflow_pool": name}
        assert refused(live.post(POOLS, json=body), f"Auto Warmup Overflow Pool {name} does not exist.")
        assert refused(live.put(f"{POOLS}/plain", json=body), f"Auto Warmup Overflow Pool {name} does not exist.")


def test_overflow_pools_make_no_chain(live: ProviderClient) -> None:
    """A pool is an overflow pool or has one: the one that has one cannot be one, and the other way about."""
    for response in (
        live.post(POOLS, json={"name": "New", "auto_warmup_overflow_pool": "warm"}),
        live.put(f"{POOLS}/plain", json={"name": "P", "auto_warmup_overflow_pool": "warm"}),
        live.put(f"{POOLS}/warm", json={"name": "W", "auto_warmup_overflow_pool": "warm"}),
    ):
        assert refused(response, "warm has an overflow pool and cannot be an overflow pool")
    for target in ("plain", "default", "shared pool"):
        response = live.put(f"{POOLS}/spare", json={"name": "S", "auto_warmup_overflow_pool": target})
        assert refused(response, "spare is an overflow pool and cannot have an overflow pool")
    assert live.put(f"{POOLS}/spare", json={"name": "S", "auto_warmup_overflow_pool": ""}).status_code == 200
    live.put(f"{POOLS}/warm", json={"name": "W", "auto_warmup_overflow_pool": ""})
    assert live.put(f"{POOLS}/spare", json={"name": "S", "auto_warmup_overflow_pool": "plain"}).status_code == 200
    assert live.post(POOLS, json={"name": "D", "auto_warmup_overflow_pool": "default"}).status_code == 200


def test_a_pool_does_not_overflow_into_itself(live: ProviderClient) -> None:
    """A pool that is named as its own overflow pool is refused."""
    response = live.put(f"{POOLS}/plain", json={"name": "P", "auto_warmup_overflow_pool": "plain"})
    assert refused(response, "plain is an overflow pool and cannot have an overflow pool")


def test_deleting_an_overflow_pool(live: ProviderClient) -> None:
    """What overflowed into a pool that is deleted has no overflow pool any more."""
    assert live.delete(f"{POOLS}/spare").status_code == 204
    assert "auto_warmup_overflow_pool" not in live.get(f"{POOLS}/warm").json["results"]


# Sending IPs


@pytest.mark.parametrize("body", [{}, {"ip_pool": "plain"}, {"auto_warmup_enabled": True}, {"unknown": 1}])
def test_everything_of_an_ip_is_optional(live: ProviderClient, body: dict[str, object]) -> None:
    """In profile live any part of an IP is updated, or none; what is not sent stays."""
    before = ip(live, "192.0.2.1")
    response = live.put(f"{IPS}/192.0.2.1", json=body)
    assert (response.status_code, response.json) == (200, {"results": {"message": "Updated Sending IP."}})
    assert ip(live, "192.0.2.1") == {**before, "ip_pool": body.get("ip_pool", "warm")}


def test_warmup_is_switched(live: ProviderClient) -> None:
    """Warm-up begins at stage 1 when it is switched on, and has no stage when it is off."""
    live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_enabled": True})
    assert ip(live, "192.0.2.2")["auto_warmup_stage"] == 1
    live.put(f"{IPS}/192.0.2.1", json={"auto_warmup_enabled": False})
    assert ip(live, "192.0.2.1")["auto_warmup_enabled"] is False
    assert "auto_warmup_stage" not in ip(live, "192.0.2.1")
    live.put(f"{IPS}/192.0.2.1", json={"auto_warmup_enabled": True})
    assert ip(live, "192.0.2.1")["auto_warmup_stage"] == 1


@pytest.mark.parametrize(("value", "stage"), [(1, 1), (4, 4), (5, 5), (5.0, 5)])
def test_a_stage_is_lowered(live: ProviderClient, value: object, stage: int) -> None:
    """The stage of an IP is set to what it is, or lower."""
    assert live.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": value}).status_code == 200
    assert ip(live, "192.0.2.1")["auto_warmup_stage"] == stage


@pytest.mark.parametrize("value", [0, -1, 30, 1.5, 2**31, 1e300])
def test_a_stage_is_one(live: ProviderClient, value: object) -> None:
    """A stage is an integer from 1 to 29."""
    response = live.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": value})
    assert refused(response, "auto_warmup_stage must be between 1 and 29")


@pytest.mark.parametrize("value", [6, 29])
def test_a_stage_is_not_raised(live: ProviderClient, value: int) -> None:
    """A stage higher than the one that the IP is in is refused with that one."""
    response = live.put(f"{IPS}/192.0.2.1", json={"auto_warmup_stage": value})
    assert refused(response, "auto_warmup_stage must be less than or equal to 5")
    body = {"auto_warmup_stage": 2, "auto_warmup_enabled": True}
    assert refused(live.put(f"{IPS}/192.0.2.2", json=body), "auto_warmup_stage must be less than or equal to 1")
    body["auto_warmup_stage"] = 1
    assert live.put(f"{IPS}/192.0.2.2", json=body).status_code == 200


def test_a_stage_needs_warmup(live: ProviderClient) -> None:
    """A stage beside a warm-up that is off, or switched off with it, is refused."""
    for address, body in (("192.0.2.2", {}), ("192.0.2.1", {"auto_warmup_enabled": False})):
        response = live.put(f"{IPS}/{address}", json={"auto_warmup_stage": 1, **body})
        assert refused(response, "auto_warmup_enabled must be true to update auto_warmup_stage")


@pytest.mark.parametrize("ip_pool", ["nope", "", " "])
def test_an_update_to_an_unknown_pool_changes_no_stage(live: ProviderClient, ip_pool: str) -> None:
    """An unknown pool is refused, and the stage beside it is not set."""
    response = live.put(f"{IPS}/192.0.2.1", json={"ip_pool": ip_pool, "auto_warmup_stage": 1})
    assert refused(response, f"IP Pool {ip_pool} does not exist.")
    assert ip(live, "192.0.2.1")["auto_warmup_stage"] == 5


# Stages by the clock


@pytest.mark.parametrize(
    ("seconds", "reached"),
    [(-DAY, 5), (0, 5), (DAY - 1, 5), (DAY, 6), (DAY + 1, 6), (24 * DAY, 29), (25 * DAY - 1, 29), (25 * DAY, None)],
)
def test_stages_follow_the_clock(seconds: int, reached: int | None) -> None:
    """An IP is a stage further every day, and done after stage 29."""
    warm = SendingIp("192.0.2.1", "mta1", auto_warmup_stage=5, auto_warmup_since=NOW)
    assert stage(warm, NOW + seconds) == reached


def test_a_stage_without_a_beginning_stays() -> None:
    """An IP without the time of its stage stays there."""
    assert stage(SendingIp("192.0.2.1", "mta1", auto_warmup_stage=5), math.inf) == 5


def test_a_whole_warmup(live: ProviderClient) -> None:
    """Warm-up that is switched on goes through its stages, is set back, and is off when it is over."""
    live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_enabled": True})
    advance(live, 3 * DAY)
    assert ip(live, "192.0.2.2")["auto_warmup_stage"] == 4
    response = live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_stage": 5})
    assert refused(response, "auto_warmup_stage must be less than or equal to 4")
    live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_stage": 2})
    advance(live, DAY)
    assert ip(live, "192.0.2.2")["auto_warmup_stage"] == 3
    advance(live, 27 * DAY)
    assert ip(live, "192.0.2.2")["auto_warmup_enabled"] is False
    members = live.get(f"{POOLS}/warm").json["results"]["ips"]
    assert members[1] == {"external_ip": "192.0.2.2", "hostname": "mta2", "auto_warmup_enabled": False}
    response = live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_stage": 1})
    assert refused(response, "auto_warmup_enabled must be true to update auto_warmup_stage")
    live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_enabled": True})
    assert ip(live, "192.0.2.2")["auto_warmup_stage"] == 1


def test_what_changes_no_stage_leaves_its_day(live: ProviderClient) -> None:
    """Moving an IP, and setting the stage that it is in, do not restart its day."""
    live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_enabled": True})
    advance(live, DAY / 2)
    live.put(f"{IPS}/192.0.2.2", json={"auto_warmup_enabled": True, "auto_warmup_stage": 1, "ip_pool": "plain"})
    advance(live, DAY / 2)
    assert ip(live, "192.0.2.2")["auto_warmup_stage"] == 2


# Buying


def test_bought_ips(live: ProviderClient) -> None:
    """Bought IPs are in the pool that was named, with addresses of their own, at the first stage of warm-up."""
    for quantity in (1, 1.0):
        response = live.post(BUY, json={"ip_pool": "plain", "quantity": quantity})
        assert (response.status_code, response.json) == (200, {"results": {"message": "IP(s) added"}})
    bought = live.get(IPS).json["results"][2:]
    assert len({each["external_ip"] for each in bought}) == len({each["hostname"] for each in bought}) == 2
    for each in bought:
        assert (each["ip_pool"], each["customer_provided"], each["auto_warmup_stage"]) == ("plain", False, 1)
        assert live.get(f"{IPS}/{each['external_ip']}").json["results"] == each
    assert len(live.get(f"{POOLS}/plain").json["results"]["ips"]) == 2
    advance(live, DAY)
    assert ip(live, bought[0]["external_ip"])["auto_warmup_stage"] == 2


def test_bought_ips_have_free_addresses(account: Callable[..., ProviderClient]) -> None:
    """A bought IP has an address that no other has."""
    taken = [{"external_ip": f"198.18.0.{number}", "hostname": "h"} for number in range(1, 6)]
    full = account(sending_ips=taken, dedicated_ip_limit=7)
    assert full.post(BUY, json={"ip_pool": "default", "quantity": 2}).status_code == 200
    addresses = [each["external_ip"] for each in full.get(IPS).json["results"]]
    assert len(set(addresses)) == len(addresses) == 7


@pytest.mark.parametrize(("quantity", "status"), [(1, 200), (2, 200), (3, 400), (2**31, 400)])
def test_so_many_ips_may_be_bought(live: ProviderClient, quantity: int, status: int) -> None:
    """An account may have four dedicated IPs if its seed does not say more; the customer's own do not count."""
    assert live.post(BUY, json={"ip_pool": "plain", "quantity": quantity}).status_code == status
    assert len(live.get(IPS).json["results"]) == (2 + quantity if status == 200 else 2)


def test_the_limit_of_a_seed(account: Callable[..., ProviderClient]) -> None:
    """A seed sets how many IPs an account may have; what the customer brought does not count."""
    own = [{"external_ip": "192.0.2.9", "hostname": "h", "customer_provided": True}]
    for limit, status in ((0, 400), (1, 200)):
        response = account(sending_ips=own, dedicated_ip_limit=limit).post(BUY, json={"ip_pool": "warm", "quantity": 1})
        assert response.status_code == status
    response = account(dedicated_ip_limit=1).post(BUY, json={"ip_pool": "warm", "quantity": 1})
    assert refused(response, "Unable to add IP(s) - usage exceeded.")


@pytest.mark.parametrize("quantity", [0, 0.5, -1, 1.5])
def test_a_quantity_is_positive(live: ProviderClient, quantity: object) -> None:
    """A quantity that is no positive integer is refused with what was sent."""
    response = live.post(BUY, json={"ip_pool": "plain", "quantity": quantity})
    problem = {"message": "`quantity` must be a positive Integer", "param": "quantity", "value": quantity}
    assert (response.status_code, response.json) == (400, {"errors": [problem]})


def test_buying_needs_both(live: ProviderClient) -> None:
    """All missing fields are reported at once; an unknown pool has the same error as moving an IP."""
    response = live.post(BUY, json={})
    assert response.json["errors"] == [
        {"message": "`ip_pool` is a required field", "param": "ip_pool", "value": None},
        {"message": "`quantity` is a required field", "param": "quantity", "value": None},
    ]
    response = live.post(BUY, json={"ip_pool": " ", "quantity": 1})
    assert response.json["errors"] == [{"message": "`ip_pool` is a required field", "param": "ip_pool", "value": " "}]
    assert refused(live.post(BUY, json={"ip_pool": "nope", "quantity": 99}), "IP Pool nope does not exist.")
    assert live.post(BUY, data="[]").status_code == 422


def test_documented_can_buy(documented: ProviderClient) -> None:
    """Buying is there in profile documented too, whose IPs show no warm-up."""
    assert documented.post(BUY, json={"ip_pool": "plain", "quantity": 1}).status_code == 200
    assert "auto_warmup_stage" not in documented.get(IPS).json["results"][2]


# Seeds


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("ip_pools:\n  - {id: a, name: A, auto_warmup_overflow_pool: b}",
         "4: sparkpost.ip_pools[0].auto_warmup_overflow_pool: unknown pool 'b'"),
        ("ip_pools:\n  - {id: a, name: A, auto_warmup_overflow_pool: a}",
         "4: sparkpost.ip_pools[0].auto_warmup_overflow_pool: "
         "pool 'a' has an overflow pool: expected a pool without one"),
        ("ip_pools:\n  - {id: a, name: A, auto_warmup_overflow_pool: b}\n"
         "  - {id: b, name: B, auto_warmup_overflow_pool: shared pool}",
         "4: sparkpost.ip_pools[0].auto_warmup_overflow_pool: "
         "pool 'b' has an overflow pool: expected a pool without one"),
        ("ip_pools:\n  - {id: a, name: A}\n  - {id: default, name: D, auto_warmup_overflow_pool: a}",
         "5: sparkpost.ip_pools[1].auto_warmup_overflow_pool: "
         "overflow pool of 'default': expected 'shared pool', got 'a'"),
        ("sending_ips:\n  - {external_ip: 1.2.3.4, hostname: h, auto_warmup_stage: 0}",
         "4: sparkpost.sending_ips[0].auto_warmup_stage: "),
        ("sending_ips:\n  - {external_ip: 1.2.3.4, hostname: h, auto_warmup_stage: 30}",
         "4: sparkpost.sending_ips[0].auto_warmup_stage: "),
        ("sending_ips:\n  - {external_ip: 1.2.3.4, hostname: h, auto_warmup_since: 1}",
         "4: sparkpost.sending_ips[0]: "),
        ("sending_ips:\n"
         "  - {external_ip: 1.2.3.4, hostname: h, auto_warmup_stage: 1, auto_warmup_since: 253402300800}",
         "4: sparkpost.sending_ips[0].auto_warmup_since: "),
        ("sending_ips:\n"
         f"  - {{external_ip: 1.2.3.4, hostname: h, auto_warmup_stage: 1, auto_warmup_since: {10**99}}}",
         "4: sparkpost.sending_ips[0].auto_warmup_since: "),
        ("subaccounts:\n  - {id: 1, name: A, updated_at: -62135596801}",
         "4: sparkpost.subaccounts[0].updated_at: "),
        ("ip_pools:\n  - {id: a, name: A}\n  - {id: shared pool, name: S}",
         "5: sparkpost.ip_pools[1].id: reserved id 'shared pool'"),
        ("dedicated_ip_limit: -1", "3: sparkpost.dedicated_ip_limit: "),
        ("subaccounts:\n  - {id: 1, name: A}\n  - {id: 1, name: B}",
         "5: sparkpost.subaccounts[1].id: duplicate id 1"),
        ("subaccounts:\n  - {id: 0, name: A}", "4: sparkpost.subaccounts[0].id: "),
        ("credentials:\n  - {key: k, subaccount: '1'}",
         "4: sparkpost.credentials[0].subaccount: unknown subaccount '1'"),
        ("switches: {nope: true}", "3: sparkpost.switches.nope: unknown switch: "),
    ],
)  # fmt: skip
def test_mistakes_of_a_seed(section: str, expected: str) -> None:
    """A seed whose records cannot be together is refused with line and way to it, and our reason where it is ours."""
    sections = {provider.name: provider.seed_schema for provider in PROVIDERS}
    with pytest.raises(SeedError) as caught:
        seed.read(f"name: x\nsparkpost:\n  {section}".encode(), "", sections)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_state_of_any_time_is_put_back(live: ProviderClient, now: str) -> None:
    """What is made at any time that a clock can show is said so that a state can be put back."""
    client, path = live.application.test_client(), "/_mockserver/tenants/default"
    assert client.put(f"{path}/clock", json={"now": now, "frozen": True}).status_code == 200
    assert live.post(BUY, json={"ip_pool": "plain", "quantity": 1}).status_code == 200
    assert live.post("/api/v1/subaccounts", json={"name": "A", "setup_api_key": False}).status_code == 200
    state = client.get(f"{path}/state").json["state"]
    answer = client.put(f"{path}/state", json={"state": {"sparkpost": state["sparkpost"]}})
    assert (answer.status_code, answer.json["state"]) == (200, state)


def test_whole_numbers_of_a_seed(account: Callable[..., ProviderClient]) -> None:
    """A whole number that a seed writes with a fraction is the same number."""
    ips = [{"external_ip": "192.0.2.1", "hostname": "h", "auto_warmup_stage": 5.0}]
    odd = account(profile="live", sending_ips=ips, subaccounts=[{"id": 7.0, "name": "A"}])
    assert b'"auto_warmup_stage":5}' in odd.get(IPS).data
    assert odd.get("/api/v1/subaccounts/7").json["results"]["id"] == 7


def test_the_switches() -> None:
    """Three switches make the profile live; short ids are in neither."""
    on = {
        switch.name: switch.live
        for switch in (
            catalog.SIGNING_DOMAIN,
            catalog.AUTO_WARMUP,
            catalog.PARTIAL_IP_UPDATE,
            catalog.SHORT_POOL_IDS,
        )
    }
    assert on == {"signing_domain": True, "auto_warmup": True, "partial_ip_update": True, "short_pool_ids": False}
