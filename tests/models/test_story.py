"""One story in three dialects: pools are made, filled, renamed and deleted, and all three end in the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.providers.mailgun.rules import pools as mailgun_pools
from mockserver.providers.sendgrid.rules import classic_pools as sendgrid_pools
from mockserver.providers.sparkpost.rules import pools as sparkpost_pools

from .account import Account, Response
from .machine import EXAMPLES, Disagreement, mistaken, sizes

ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
NAMES = ["news", "receipts", "two words"]
Pools = list[tuple[str, list[str]]]
"""The pools of an account: the name of each and its IPs, sorted."""


class Dialect:
    """How the story is run at one provider, by the account itself or by a subaccount of it."""

    provider: ClassVar[str]
    subaccount: ClassVar[str]
    """The name of the subaccount that runs half of the stories."""

    def __init__(self, by_subaccount: bool) -> None:
        self.account = Account(self.provider, self.world(by_subaccount))
        self.teller = self.subaccount if by_subaccount else None

    def world(self, by_subaccount: bool) -> dict[str, Any]:
        """Return a section of a seed: three IPs in no pool, the subaccount's if it runs the story."""
        raise NotImplementedError

    def ask(self, method: str, path: str, **sent: Any) -> Response:
        return self.account.ask(method, path, account=self.teller, **sent)

    def make(self, name: str) -> bool:
        raise NotImplementedError

    def rename(self, name: str, to: str) -> bool:
        raise NotImplementedError

    def put(self, address: str, name: str) -> bool:
        raise NotImplementedError

    def take(self, address: str, name: str) -> bool:
        raise NotImplementedError

    def delete(self, name: str) -> bool:
        raise NotImplementedError

    def pools(self) -> Pools:
        raise NotImplementedError

    def move(self, address: str, name: str, to: str) -> bool:
        """Put an IP of one pool into another instead."""
        return self.take(address, name) and self.put(address, to)


class SparkPost(Dialect):
    """Every IP is in one pool; those that are in none of the story's are in the default pool."""

    provider = "sparkpost"
    subaccount = "7"

    def world(self, by_subaccount: bool) -> dict[str, Any]:
        return {
            "subaccounts": [{"id": 7, "name": "team"}],
            "sending_ips": [{"external_ip": address, "hostname": "mta.example.com"} for address in ADDRESSES],
        }

    def listed(self) -> dict[str, dict[str, Any]]:
        results = self.ask("GET", "/api/v1/ip-pools").data["results"]
        return {pool["id"]: pool for pool in results if pool["id"] != "default"}

    def id_of(self, name: str) -> str:
        return next(pool_id for pool_id, pool in self.listed().items() if pool["name"] == name)

    def make(self, name: str) -> bool:
        return self.ask("POST", "/api/v1/ip-pools", json_body={"name": name}).status == 200

    def rename(self, name: str, to: str) -> bool:
        return self.ask("PUT", f"/api/v1/ip-pools/{self.id_of(name)}", json_body={"name": to}).status == 200

    def held_in(self, address: str, pool_id: str) -> bool:
        return self.ask("PUT", f"/api/v1/sending-ips/{address}", json_body={"ip_pool": pool_id}).status == 200

    def put(self, address: str, name: str) -> bool:
        return self.held_in(address, self.id_of(name))

    def take(self, address: str, name: str) -> bool:
        return self.held_in(address, "default")

    def delete(self, name: str) -> bool:
        return self.ask("DELETE", f"/api/v1/ip-pools/{self.id_of(name)}").status == 204

    def pools(self) -> Pools:
        return sorted(
            (pool["name"], sorted(ip["external_ip"] for ip in pool["ips"])) for pool in self.listed().values()
        )


class SendGrid(Dialect):
    """A pool is known by its name."""

    provider = "sendgrid"
    subaccount = "team"

    def world(self, by_subaccount: bool) -> dict[str, Any]:
        subusers = ["team"] if by_subaccount else []
        ips = [{"ip": address, "rdns": "o1.example.com", "subusers": subusers} for address in ADDRESSES]
        return {"subusers": ["team"], "ips": ips}

    def path(self, name: str) -> str:
        return f"/v3/ips/pools/{name.replace(' ', '%20')}"

    def make(self, name: str) -> bool:
        return self.ask("POST", "/v3/ips/pools", json_body={"name": name}).status == 200

    def rename(self, name: str, to: str) -> bool:
        return self.ask("PUT", self.path(name), json_body={"name": to}).status == 200

    def put(self, address: str, name: str) -> bool:
        return self.ask("POST", f"{self.path(name)}/ips", json_body={"ip": address}).status == 200

    def take(self, address: str, name: str) -> bool:
        return self.ask("DELETE", f"{self.path(name)}/ips/{address}").status == 204

    def delete(self, name: str) -> bool:
        return self.ask("DELETE", self.path(name)).status == 204

    def pools(self) -> Pools:
        names = [pool["name"] for pool in self.ask("GET", "/v3/ips/pools").data]
        return sorted((name, sorted(self.ask("GET", self.path(name)).data["ips"])) for name in names)


class Mailgun(Dialect):
    """A pool is known by an id, and an IP is in one pool or in none."""

    provider = "mailgun"
    subaccount = "65f0c1a2b3c4d5e6f7081920"

    def world(self, by_subaccount: bool) -> dict[str, Any]:
        owner = {"account": self.subaccount} if by_subaccount else {}
        ips = [{"ip": address, **owner} for address in ADDRESSES]
        return {"subaccounts": [{"id": self.subaccount, "name": "team"}], "ips": ips}

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/v3/ip_pools").data["ip_pools"]
        return found

    def path(self, name: str) -> str:
        return "/v3/ip_pools/" + next(pool["pool_id"] for pool in self.listed() if pool["name"] == name)

    def make(self, name: str) -> bool:
        return self.ask("POST", "/v3/ip_pools", form=[("name", name), ("description", "a story")]).status == 200

    def rename(self, name: str, to: str) -> bool:
        return self.ask("PATCH", self.path(name), form=[("name", to)]).status == 200

    def put(self, address: str, name: str) -> bool:
        return self.ask("PUT", f"{self.path(name)}/ips/{address}").status == 200

    def take(self, address: str, name: str) -> bool:
        return self.ask("DELETE", f"{self.path(name)}/ips/{address}").status == 200

    def delete(self, name: str) -> bool:
        return self.ask("DELETE", self.path(name)).status == 200

    def pools(self) -> Pools:
        return sorted((pool["name"], sorted(pool["ips"])) for pool in self.listed())


DIALECTS: list[type[Dialect]] = [SparkPost, SendGrid, Mailgun]
STEPS = st.tuples(
    st.sampled_from(["make", "rename", "put", "take", "move", "delete"]),
    st.sampled_from(ADDRESSES),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)
Step = tuple[str, str, str, str]


@contextmanager
def told_to(by_subaccount: bool) -> Iterator[list[Dialect]]:
    """Begin the story with each provider."""
    dialects = [dialect(by_subaccount) for dialect in DIALECTS]
    yield dialects
    for dialect in dialects:
        dialect.account.close()


def possible(steps: list[Step]) -> Iterator[tuple[str, list[str], Pools]]:
    """Yield the steps that all three can do, as a method and its arguments, with the pools that are there after each.

    What they do differently is in `DIFFERENCES`: so a name is taken once, only an IP in no pool is put into one, and a
    pool is empty when it is deleted.
    """
    pools: dict[str, set[str]] = {}
    for kind, address, name, other in steps:
        here = next((each for each, ips in pools.items() if address in ips), None)
        if kind == "make" and name not in pools:
            pools[name] = set()
            arguments = [name]
        elif kind == "rename" and name in pools and other not in pools:
            pools[other] = pools.pop(name)
            arguments = [name, other]
        elif kind == "put" and name in pools and here is None:
            pools[name].add(address)
            arguments = [address, name]
        elif kind == "take" and here is not None:
            pools[here].remove(address)
            arguments = [address, here]
        elif kind == "move" and here is not None and name in pools and name != here:
            pools[here].remove(address)
            pools[name].add(address)
            arguments = [address, here, name]
        elif kind == "delete" and name in pools and not pools[name]:
            del pools[name]
            arguments = [name]
        else:
            continue
        yield kind, arguments, sorted((each, sorted(ips)) for each, ips in pools.items())


def run_story(steps: list[Step], by_subaccount: bool) -> None:
    """Run the story at all three, and compare them with it after every step."""
    with told_to(by_subaccount) as dialects:
        for kind, arguments, pools in possible(steps):
            for dialect in dialects:
                done = getattr(dialect, kind)(*arguments)
                if not done or dialect.pools() != pools:
                    raise Disagreement(
                        f"{dialect.provider}, {kind} {arguments}: {done}, {dialect.pools()}, not {pools}"
                    )


STORIES = {"steps": st.lists(STEPS, min_size=8, max_size=30), "by_subaccount": st.booleans()}


@pytest.mark.evidence("models", "story")
def test_one_story_three_dialects() -> None:
    """What all three can do leads to the same pools with the same IPs, whoever of the account does it."""
    sizes(EXAMPLES or 15, derandomize=not EXAMPLES)(given(**STORIES)(run_story))()


MISTAKES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "SparkPost forgets the new name": (sparkpost_pools.update_pool, "name=name, ", "name=pool.name, "),
    "SendGrid takes an IP out, and leaves it": (sendgrid_pools.remove_ip, "{address})", "set())"),
    "Mailgun makes pools for the parent account": (
        mailgun_pools.create_pool,
        ", account, region",
        ", None, region",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_the_story_catches(name: str) -> None:
    """A server with this mistake comes to another end."""
    with mistaken(*MISTAKES[name]), pytest.raises(Disagreement):
        sizes(300, derandomize=True, quick=True)(given(**STORIES)(run_story))()


DIFFERENCES: dict[str, tuple[Callable[[Dialect], bool], dict[str, tuple[bool, Pools]]]] = {
    # SparkPost moves it out of its pool, SendGrid has it in both, Mailgun takes no IP of another pool.
    "an IP that is in a pool is put into another": (
        lambda dialect: dialect.put(ADDRESSES[0], "receipts"),
        {
            "sparkpost": (True, [("news", []), ("receipts", ADDRESSES[:1])]),
            "sendgrid": (True, [("news", ADDRESSES[:1]), ("receipts", ADDRESSES[:1])]),
            "mailgun": (False, [("news", ADDRESSES[:1]), ("receipts", [])]),
        },
    ),
    # SparkPost's IPs go to the default pool, SendGrid's to none; Mailgun wants to know what takes the pool's place.
    "a pool with an IP is deleted": (
        lambda dialect: dialect.delete("news"),
        {
            "sparkpost": (True, [("receipts", [])]),
            "sendgrid": (True, [("receipts", [])]),
            "mailgun": (False, [("news", ADDRESSES[:1]), ("receipts", [])]),
        },
    ),
    # SendGrid's classic API knows a pool by its name alone; the others have ids.
    "a pool gets a name that is taken": (
        lambda dialect: dialect.make("receipts"),
        {
            "sparkpost": (True, [("news", ADDRESSES[:1]), ("receipts", []), ("receipts", [])]),
            "sendgrid": (False, [("news", ADDRESSES[:1]), ("receipts", [])]),
            "mailgun": (True, [("news", ADDRESSES[:1]), ("receipts", []), ("receipts", [])]),
        },
    ),
}
"""What the documents have the three do differently: a step after two pools, an IP in the first; and its ends."""


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.provider)
@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences(name: str, dialect: type[Dialect]) -> None:
    """Where the documents of the three part ways, each goes its own."""
    step, ends = DIFFERENCES[name]
    returned = dialect(by_subaccount=False)
    assert returned.make("news")
    assert returned.make("receipts")
    assert returned.put(ADDRESSES[0], "news")
    assert (step(returned), returned.pools()) == ends[dialect.provider]
    returned.account.close()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.provider)
def test_whose_pools_they_are(dialect: type[Dialect]) -> None:
    """What a subaccount makes is its own with SendGrid and Mailgun, and the primary account's with SparkPost."""
    returned = dialect(by_subaccount=True)
    assert returned.make("news")
    assert returned.pools() == [("news", [])]
    returned.teller = None
    assert returned.pools() == ([("news", [])] if dialect is SparkPost else [])
    returned.account.close()
