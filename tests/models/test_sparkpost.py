"""SparkPost beside a model: pools, sending IPs that are in one pool each, their warm-up, subaccounts, and sending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from mockserver.providers.sparkpost.rules import pools, sending, sending_ips, subaccounts

from .machine import PLACES, Machine, catches, chosen, holds, mistaken, pick

NAMES = st.sampled_from(["Marketing IP Pool", "marketing ip pool", "Receipts", "News", "Default", " "])
NOWHERE = "not_a_real_pool"
ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.1"]
WANTED = st.sampled_from([*ADDRESSES, "192.0.2.99", "192.0.2.300"])
DAY = 86_400
OPTIONS = {
    "domain": st.sampled_from([None, None, "", "example.com"]),
    "overflow": st.sampled_from([None, 0, 1, 2, 3, 4, -1, -2]),
}
BEGIN = 1_893_456_000
"""When the account's clock begins: 2030-01-01."""
STAGES = 29
BOUGHT_AT_MOST = 4
"""How many IPs may be bought, where nothing else was agreed."""
NAME_SIZE = 64
POOL_ID_SIZE = 20
VOLUMES = [200, 500, 1000, 2000, 5000, 10000, 20000, 40000, 50000, 75000, 100000, 150000, 200000, 250000, 325000]
VOLUMES += [400000, 500000, 600000, 750000, 1000000, 1250000, 1750000, 2000000, 3000000, 4250000, 5000000, 6000000]
VOLUMES += [7500000, 10000000]
"""How many messages an IP sends a day, by its stage."""


@dataclass
class Ip:
    pool: str
    customer_provided: bool = False
    warmup: tuple[int, float] | None = None
    """The stage that it came to, and when; None while it is not warming up."""


@dataclass
class Pool:
    name: str
    domain: str = ""
    overflow: str = ""


@dataclass
class Subaccount:
    name: str
    pool: str = ""
    status: str = "active"


@dataclass
class Model:
    """What SparkPost's documents say that an account is."""

    live: bool
    pools: dict[str, Pool] = field(default_factory=lambda: {"default": Pool("Default")})
    ips: dict[str, Ip] = field(default_factory=dict)
    subaccounts: dict[int, Subaccount] = field(default_factory=dict)
    now: float = BEGIN
    used: list[str] = field(default_factory=list)
    """The IPs that have sent, in the order of their last message."""
    sent_today: dict[tuple[str, float], int] = field(default_factory=dict)
    """How many messages each IP has sent on each day."""

    def stage(self, ip: Ip) -> int | None:
        if ip.warmup is None:
            return None
        reached, since = ip.warmup
        stage = reached + int((self.now - since) // DAY)
        return stage if stage <= STAGES else None

    def warmth(self, ip: Ip) -> dict[str, Any]:
        """Return what a response has of an IP's warm-up."""
        if not self.live:
            return {}
        stage = self.stage(ip)
        return {"auto_warmup_enabled": stage is not None, **({"auto_warmup_stage": stage} if stage else {})}

    def told_ip(self, address: str) -> dict[str, Any]:
        ip = self.ips[address]
        return {
            "external_ip": address,
            "ip_pool": ip.pool,
            "customer_provided": ip.customer_provided,
            **self.warmth(ip),
        }

    def told_fields(self, pool_id: str) -> dict[str, Any]:
        pool = self.pools[pool_id]
        domain = {"fbl_signing_domain": pool.domain} if pool.domain else {}
        overflow = {"auto_warmup_overflow_pool": pool.overflow} if pool.overflow else {}
        return {"id": pool_id, "name": pool.name, **domain, **overflow}

    def told_pool(self, pool_id: str) -> dict[str, Any]:
        members = {address: self.warmth(ip) for address, ip in self.ips.items() if ip.pool == pool_id}
        return {**self.told_fields(pool_id), "ips": members}

    def told_subaccount(self, number: int) -> dict[str, Any]:
        each = self.subaccounts[number]
        pool = {"ip_pool": each.pool} if each.pool else {}
        return {
            "id": number,
            "name": each.name,
            "status": each.status,
            "compliance_status": "active",
            "options": {"deliverability": False},
            **pool,
        }

    def overflow_refused(self, target: str | None, pool_id: str | None = None) -> str | None:
        """Return the words with which an overflow pool is refused."""
        if not target:
            return None
        if target != "shared pool":
            if target not in self.pools:
                return f"Auto Warmup Overflow Pool {target} does not exist."
            if self.pools[target].overflow:
                return f"{target} has an overflow pool and cannot be an overflow pool"
        if pool_id is not None and (target == pool_id or any(pool.overflow == pool_id for pool in self.pools.values())):
            return f"{pool_id} is an overflow pool and cannot have an overflow pool"
        return None

    def members(self, pool_id: str) -> list[str]:
        return [address for address, ip in self.ips.items() if ip.pool == pool_id]

    def has_room(self, address: str, count: int) -> bool:
        stage = self.stage(self.ips[address]) if self.live else None
        return stage is None or self.sent_today.get((address, self.now // DAY), 0) + count <= VOLUMES[stage - 1]

    def route(self, named: str | None, assigned: str, count: int) -> str | tuple[str, list[str]]:
        """Return the pool that a message leaves by, with the IPs that may be next; or the words it is refused with."""
        if named is not None and named.lower() == "sp_shared":
            return "sp_shared is not a valid customer ip pool"
        if assigned and named and named.lower() != assigned.lower():
            return f"IP Pool '{named}' does not exist"
        wanted = named or assigned
        if not wanted and not self.ips:
            return "sp_shared", []
        wanted = wanted or "default"
        pool_id = next((each for each in self.pools if each.lower() == wanted.lower()), None)
        if pool_id is None:
            return f"IP Pool '{wanted}' does not exist"
        ips = self.members(pool_id)
        if not ips:
            return f"IP Pool '{wanted}' is empty"
        able = [address for address in ips if self.has_room(address, count)]
        overflow = self.pools[pool_id].overflow
        if not able and overflow == "shared pool":
            return "sp_shared", []
        if not able and overflow and self.members(overflow):
            pool_id, ips = overflow, self.members(overflow)
            able = [address for address in ips if self.has_room(address, count)]
        able = able or ips
        unused = [address for address in able if address not in self.used]
        return pool_id, unused or [address for address in self.used if address in able][:1]


def without_hostnames(pool: dict[str, Any]) -> dict[str, Any]:
    """Return a pool as the model has it: its IPs by address."""
    members = {ip.pop("external_ip"): ip for ip in pool["ips"]}
    assert len(members) == len(pool["ips"])
    for ip in members.values():
        del ip["hostname"]
    return {**pool, "ips": members}


class SparkPost(Machine):
    provider = "sparkpost"
    model: Model

    @initialize(live=st.booleans(), bought=st.sampled_from([1, 3, 4]), warmup=st.sampled_from([0, 1, 27]))
    def world(self, live: bool, bought: int, warmup: int) -> None:
        """Begin with one IP that was bought, with one less than may be, or with as many; and with pools."""
        self.model = model = Model(live)
        model.pools = {
            "bulk": Pool("Bulk", "example.com", "spare" if live else ""),
            "spare": Pool("Spare"),
        } | model.pools
        model.subaccounts[7] = Subaccount("Team", "bulk")
        for address in ADDRESSES[:bought]:
            model.ips[address] = Ip("spare" if live else "bulk")
        model.ips[ADDRESSES[-1]] = Ip("default", customer_provided=True)
        if warmup and bought:
            model.ips[ADDRESSES[0]].warmup = (warmup, BEGIN)
        self.begin(
            {
                "profile": "live" if live else "documented",
                "ip_pools": [model.told_fields(pool_id) for pool_id in model.pools],
                "sending_ips": [
                    {
                        "external_ip": address,
                        "hostname": "mta1.example.com",
                        "ip_pool": ip.pool,
                        "customer_provided": ip.customer_provided,
                        **({"auto_warmup_stage": ip.warmup[0], "auto_warmup_since": ip.warmup[1]} if ip.warmup else {}),
                    }
                    for address, ip in model.ips.items()
                ],
                "subaccounts": [{"id": 7, "name": "Team", "ip_pool": "bulk"}],
            }
        )

    def pool(self, place: int) -> str:
        """Return a pool's id: mostly of one that is there and can be changed."""
        others = [pool_id for pool_id in self.model.pools if pool_id != "default"]
        return "default" if place in (1, 2) else pick(others, place, NOWHERE)

    def refused(self, returned: Any, status: int, words: str) -> None:
        self.returned("an error", returned, status)
        self.agree("an error", [error["message"] for error in returned.data["errors"]], [words])

    def options(self, domain: str | None, overflow: int | None) -> dict[str, str]:
        """Return optional fields; None is not sent, of overflow pools -1 is no pool and -2 SparkPost's own."""
        body = {} if domain is None else {"fbl_signing_domain": domain}
        if overflow is not None and self.model.live:
            targets = {-1: "", -2: "shared pool"}
            body["auto_warmup_overflow_pool"] = targets[overflow] if overflow in targets else self.pool(overflow)
        return body

    @rule(name=NAMES, **OPTIONS)
    def create_pool(self, name: str, domain: str | None, overflow: int | None) -> None:
        body = {"name": name, **self.options(domain, overflow)}
        returned = self.account.ask("POST", "/api/v1/ip-pools", json_body=body)
        if not name.strip():
            return self.refused(returned, 400, "`name` is a required field")
        if name.lower() == "default":
            return self.refused(returned, 400, "IP Pool default is reserved.")
        refused = self.model.overflow_refused(body.get("auto_warmup_overflow_pool"))
        if refused:
            return self.refused(returned, 400, refused)
        pool_id = self.returned("a new pool", returned, 200)["results"]["id"]
        self.agree("its id is new", pool_id in self.model.pools, False)
        if "marketing_ip_pool" not in self.model.pools and name == "Marketing IP Pool":
            self.agree("the documented id", pool_id, "marketing_ip_pool")
        self.model.pools[pool_id] = Pool(name, domain or "", body.get("auto_warmup_overflow_pool", ""))
        return None

    @rule(place=PLACES)
    def get_pool(self, place: int) -> None:
        pool_id = self.pool(place)
        returned = self.account.ask("GET", f"/api/v1/ip-pools/{pool_id}")
        if pool_id not in self.model.pools:
            return self.refused(returned, 404, "IP pool not found.")
        found = self.returned("a pool", returned, 200)["results"]
        return self.agree("a pool", without_hostnames(found), self.model.told_pool(pool_id))

    @rule(place=PLACES, name=NAMES, **OPTIONS)
    def update_pool(self, place: int, name: str, domain: str | None, overflow: int | None) -> None:
        pool_id = self.pool(place)
        body = {"name": name, **self.options(domain, overflow)}
        returned = self.account.ask("PUT", f"/api/v1/ip-pools/{pool_id}", json_body=body)
        pool = self.model.pools.get(pool_id)
        if pool is None:
            return self.refused(returned, 404, f"IP Pool {pool_id} does not exist.")
        if pool_id == "default":
            return self.refused(returned, 400, "IP Pool default is reserved and cannot be updated.")
        if not name.strip():
            return self.refused(returned, 400, "`name` is a required field")
        refused = self.model.overflow_refused(body.get("auto_warmup_overflow_pool"), pool_id)
        if refused:
            return self.refused(returned, 400, refused)
        pool.name = name
        pool.domain = body.get("fbl_signing_domain", pool.domain)
        pool.overflow = body.get("auto_warmup_overflow_pool", pool.overflow)
        self.returned("a pool", returned, 200, {"results": self.model.told_fields(pool_id)})
        return None

    @rule(place=PLACES)
    def delete_pool(self, place: int) -> None:
        pool_id = self.pool(place)
        returned = self.account.ask("DELETE", f"/api/v1/ip-pools/{pool_id}")
        if pool_id not in self.model.pools:
            return self.refused(returned, 404, f"IP Pool {pool_id} does not exist.")
        if pool_id == "default":
            return self.refused(returned, 400, "IP Pool default is reserved.")
        self.returned("a deletion", returned, 204, None)
        del self.model.pools[pool_id]
        for ip in self.model.ips.values():
            ip.pool = "default" if ip.pool == pool_id else ip.pool
        for pool in self.model.pools.values():
            pool.overflow = "" if pool.overflow == pool_id else pool.overflow
        return None

    def ip_refused(self, returned: Any, address: str) -> bool:
        if address == "192.0.2.300":
            self.refused(returned, 400, "external ip must be a valid IPv4 address")
        elif address not in self.model.ips:
            self.refused(returned, 404, "Sending IP does not exist")
        else:
            return False
        return True

    @rule(address=WANTED)
    def get_ip(self, address: str) -> None:
        returned = self.account.ask("GET", f"/api/v1/sending-ips/{address}")
        if not self.ip_refused(returned, address):
            found = self.returned("an IP", returned, 200)["results"]
            del found["hostname"]
            self.agree("an IP", found, self.model.told_ip(address))

    @rule(address=WANTED, place=PLACES)
    def move_ip(self, address: str, place: int) -> None:
        pool_id = self.pool(place)
        returned = self.account.ask("PUT", f"/api/v1/sending-ips/{address}", json_body={"ip_pool": pool_id})
        if self.ip_refused(returned, address):
            return None
        if pool_id not in self.model.pools:
            return self.refused(returned, 400, f"IP Pool {pool_id} does not exist.")
        words = "Updated Sending IP." if self.model.live else "Updated IP Pool."
        self.returned("a move", returned, 200, {"results": {"message": words}})
        self.model.ips[address].pool = pool_id
        return None

    @precondition(lambda self: self.model.live)
    @rule(
        address=st.sampled_from(ADDRESSES),
        enabled=st.sampled_from([None, False, True]),
        stage=st.sampled_from([None, 0, 1, 2, 27, 28, 29, 30]),
    )
    def warm_ip(self, address: str, enabled: bool | None, stage: int | None) -> None:
        ip = self.model.ips.get(address)
        body = {"auto_warmup_enabled": enabled, "auto_warmup_stage": stage}
        body = {name: value for name, value in body.items() if value is not None}
        returned = self.account.ask("PUT", f"/api/v1/sending-ips/{address}", json_body=body)
        if stage in (0, 30) and ip is not None:
            return self.refused(returned, 400, "auto_warmup_stage must be between 1 and 29")
        if self.ip_refused(returned, address) or ip is None:
            return None
        now = self.model.stage(ip)
        warming = now is not None if enabled is None else enabled
        reached = now or 1
        if stage is not None and not warming:
            return self.refused(returned, 400, "auto_warmup_enabled must be true to update auto_warmup_stage")
        if stage is not None and stage > reached:
            return self.refused(returned, 400, f"auto_warmup_stage must be less than or equal to {reached}")
        self.returned("a warm-up", returned, 200)
        wanted = (stage or reached) if warming else None
        if wanted != now:
            ip.warmup = None if wanted is None else (wanted, self.model.now)
        return None

    @rule(days=st.sampled_from([0.5, 1, 2]))
    def wait(self, days: float) -> None:
        self.account.wait(days * DAY)
        self.model.now += days * DAY

    @rule(place=PLACES, quantity=st.integers(1, 4))
    def buy_ips(self, place: int, quantity: int) -> None:
        pool_id = self.pool(place)
        body = {"ip_pool": pool_id, "quantity": quantity}
        returned = self.account.ask("POST", "/api/v1/account/add-ons/dedicated_ips", json_body=body)
        if pool_id not in self.model.pools:
            return self.refused(returned, 400, f"IP Pool {pool_id} does not exist.")
        bought = [ip for ip in self.model.ips.values() if not ip.customer_provided]
        if len(bought) + quantity > BOUGHT_AT_MOST:
            self.returned("too many IPs", returned, 400)
            return None
        self.returned("new IPs", returned, 200)
        listed = self.returned("all IPs", self.account.ask("GET", "/api/v1/sending-ips"), 200)["results"]
        new = {ip["external_ip"] for ip in listed} - self.model.ips.keys()
        self.agree("how many IPs are new", len(new), quantity)
        for address in new:
            self.model.ips[address] = Ip(pool_id, warmup=(1, self.model.now))
        return None

    @rule(name=st.sampled_from(["Team A", "Team B", "n" * NAME_SIZE, "n" * (NAME_SIZE + 1), ""]), place=PLACES)
    def create_subaccount(self, name: str, place: int) -> None:
        pool_id = self.pool(place)
        body = {"name": name, "ip_pool": pool_id, "setup_api_key": False}
        returned = self.account.ask("POST", "/api/v1/subaccounts", json_body=body)
        if not name or len(name) > NAME_SIZE or len(pool_id) > POOL_ID_SIZE:
            self.returned("no subaccount", returned, 400)
            return
        number = self.returned("a subaccount", returned, 200)["results"]["subaccount_id"]
        self.agree("its id is new", number in self.model.subaccounts, False)
        self.model.subaccounts[number] = Subaccount(name, pool_id)

    @rule(
        place=PLACES,
        change=st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["Team C", "n" * (NAME_SIZE + 1)]),
                "status": st.sampled_from(["active", "suspended", "terminated"]),
                "ip_pool": st.sampled_from(["", "default", NOWHERE, "p" * (POOL_ID_SIZE + 1)]),
            },
        ),
    )
    def update_subaccount(self, place: int, change: dict[str, str]) -> None:
        number = pick(self.model.subaccounts, place, 999)
        returned = self.account.ask("PUT", f"/api/v1/subaccounts/{number}", json_body=change)
        if number not in self.model.subaccounts:
            self.returned("no subaccount", returned, 404)
            return
        if len(change.get("name", "")) > NAME_SIZE or len(change.get("ip_pool", "")) > POOL_ID_SIZE:
            self.returned("no change", returned, 400)
            return
        self.returned("a change", returned, 200)
        each = self.model.subaccounts[number]
        each.name = change.get("name", each.name)
        each.status = change.get("status", each.status)
        each.pool = change.get("ip_pool", each.pool)

    @rule(
        place=PLACES,
        choice=st.sampled_from(["none", "pool", "pool", "upper", "shared"]),
        acting=PLACES,
        count=st.sampled_from([1, 120, 200, 300]),
    )
    def send(self, place: int, choice: str, acting: int, count: int) -> None:
        pool_id = self.pool(place)
        named = {"none": None, "pool": pool_id, "upper": pool_id.upper(), "shared": "SP_Shared"}[choice]
        number = pick([0, 0, *self.model.subaccounts], acting, 999)
        body = {
            "options": {"ip_pool": named},
            "recipients": [{"address": f"{each}@example.com"} for each in range(count)],
            "content": {"from": "shop@example.com", "subject": "s", "text": "t"},
        }
        returned = self.account.ask("POST", "/api/v1/transmissions", json_body=body, account=str(number))
        subaccount = self.model.subaccounts.get(number)
        if subaccount is None and number:
            return self.refused(returned, 404, "Resource could not be found")
        if subaccount is not None and subaccount.status != "active":
            return self.refused(returned, 403, "Forbidden.")
        expected = self.model.route(named, subaccount.pool if subaccount else "", count)
        if isinstance(expected, str):
            self.returned("no message", returned, 422)
            words = [error.get("description", error["message"]) for error in returned.data["errors"]]
            return self.agree("why", words, [expected])
        results = self.returned("a message", returned, 200)["results"]
        self.agree("how many recipients", results["total_accepted_recipients"], count)
        message = self.account.outbox()[-1]
        self.agree("the message", message["message_id"], results["id"])
        self.agree("its pool", message["pool"], expected[0])
        address = message.get("ip")
        self.agree("its IP", address in (expected[1] or [None]), True)
        if address is not None:
            today = (address, self.model.now // DAY)
            self.model.used = [*[each for each in self.model.used if each != address], address]
            self.model.sent_today[today] = self.model.sent_today.get(today, 0) + count
        return None

    @invariant()
    def everything_read_agrees(self) -> None:
        model, ask = self.model, self.account.ask
        listed = self.returned("all pools", ask("GET", "/api/v1/ip-pools"), 200)["results"]
        self.agree("how many pools", len(listed), len(model.pools))
        found = {pool["id"]: without_hostnames(pool) for pool in listed}
        self.agree("all pools", found, {pool_id: model.told_pool(pool_id) for pool_id in model.pools})
        ips = self.returned("all IPs", ask("GET", "/api/v1/sending-ips"), 200)["results"]
        for ip in ips:
            del ip["hostname"]
        ips.sort(key=lambda ip: ip["external_ip"])
        self.agree("all IPs", ips, [model.told_ip(address) for address in sorted(model.ips)])
        subaccounts = self.returned("all subaccounts", ask("GET", "/api/v1/subaccounts"), 200)["results"]
        subaccounts.sort(key=lambda each: each["id"])
        expected = [model.told_subaccount(number) for number in sorted(model.subaccounts)]
        self.agree("all subaccounts", subaccounts, expected)
        self.returned(
            "their number", ask("GET", "/api/v1/subaccounts/summary"), 200, {"results": {"total": len(expected)}}
        )
        for each in expected:
            self.returned("a subaccount", ask("GET", f"/api/v1/subaccounts/{each['id']}"), 200, {"results": each})


@pytest.mark.evidence("models", "sparkpost")
def test_sparkpost_is_as_its_model() -> None:
    """Whatever is asked of SparkPost, it returns what the model does, for everything it has."""
    holds(SparkPost)


MISTAKES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a deleted pool keeps its IPs": (pools.delete_pool, "for ip in _members(tx, pool_id):", "for ip in ():"),
    "an update takes away what is not sent": (
        pools.update_pool,
        "**changes",
        "**{'fbl_signing_domain': None, **changes}",
    ),
    "overflow pools make a chain": (pools._check_overflow, "overflow.auto_warmup_overflow_pool is not None", "False"),
    "one IP more can be bought": (
        sending_ips.buy_ips,
        "tx.state.dedicated_ip_limit",
        "tx.state.dedicated_ip_limit + 1",
    ),
    "a deleted pool is still overflowed into": (pools.delete_pool, "_overflowing_into(tx, pool_id)", "()"),
    "the default pool can be deleted": (pools.delete_pool, "pool_id == catalog.DEFAULT_POOL", "False"),
    "an IP is moved to where nothing is": (sending_ips.update_ip, "ip_pool is not None", "False"),
    "an IP that the customer provided counts": (sending_ips.buy_ips, "not ip.customer_provided", "1"),
    "warm-up ends a day early": (sending_ips.stage, "<= catalog.LAST_STAGE", "< catalog.LAST_STAGE"),
    "a blank leaves the pool of a subaccount": (
        subaccounts.update_subaccount,
        "ip_pool is not None",
        "ip_pool",
    ),
    "an IP that is warming up sends without end": (sending._has_room, "current is None", "True"),
    "a subaccount sends by any pool": (sending.route, "assigned is not None and named", "False and named"),
    "the IPs of a pool do not take turns": (sending._turn, "[ip.external_ip for ip in ips]", "[ips[0].external_ip]"),
    "a suspended subaccount sends": (sending.get_sender, 'subaccount.status != "active"', "False"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", chosen(MISTAKES))
def test_the_model_catches(name: str) -> None:
    """A server with this mistake disagrees with the model of SparkPost."""
    with mistaken(*MISTAKES[name]):
        assert catches(SparkPost)
