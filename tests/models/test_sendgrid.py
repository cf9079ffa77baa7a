"""SendGrid beside a model: users with their pools, which both APIs show, and who may send from the IPs in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from mockserver.providers.sendgrid.models import State
from mockserver.providers.sendgrid.rules import (
    api_keys,
    classic_pools,
    management_ips,
    management_pools,
    pools,
    reverse_dns,
    sending,
    subusers,
)

from .account import Response
from .machine import PLACES, Machine, catches, chosen, holds, mistaken, pick

POOLS_PER_USER = 100
IPS_PER_POOL = 100
NAME_SIZE = 64
PREVIEW = 10
USERS = st.sampled_from([None, None, None, "alice", "alice", "bob", "carol"])
SUBUSERS = {"alice": "2001", "bob": "2002", "carol": "2004"}
EUROPEAN = "carol"
"""The subuser in the EU."""
NAMES = st.sampled_from(["news", "receipts", "two words", "a/b", "ab", "n" * NAME_SIZE, "n" * (NAME_SIZE + 1)])
GHOST = "nowhere"
GHOST_ID = "999"
GHOST_IP = "192.0.2.250"
SCOPES = st.sampled_from([None, ["ips.pools.read"], ["mail.send"]])
SOME = st.lists(PLACES, min_size=1, max_size=3)
DOCUMENTED = "Unable to locate specified IPs Pool"


@dataclass
class Ip:
    rdns: bool = True
    enabled: bool = True
    parent: bool = True
    """Whether the parent account may send from it."""
    subusers: set[str] = field(default_factory=set)
    warmup: bool = False
    region: str = "us"

    def seen(self, user: str | None) -> bool:
        """Say whether a user sees it: the parent all, a subuser its own, in the EU only those that are there too."""
        return user is None or (user in self.subusers and (user != EUROPEAN or self.region == "eu"))

    def fits(self, user: str | None) -> bool:
        """Say whether it may be in a pool of a user: set up, enabled, and theirs."""
        return self.rdns and self.enabled and (self.parent if user is None else self.seen(user))


@dataclass
class Pool:
    id: str
    name: str
    ips: set[str] = field(default_factory=set)


@dataclass
class Key:
    id: str
    value: str
    user: str | None
    scopes: list[str] | None


def few(machine: SendGrid) -> bool:
    """Say whether a machine has little enough to do other things than those that limits are for."""
    return machine.few


class SendGrid(Machine):
    provider = "sendgrid"

    @initialize(kind=st.sampled_from(["few", "few", "IPs", "IPs", "pools"]), missing=st.integers(0, 1))
    def world(self, kind: str, missing: int) -> None:
        """Begin with a few things, or with as many pools or IPs of a pool as there may be, or with one less."""
        self.few = kind == "few"
        self.disabled: set[str] = set()
        self.keys: list[Key] = []
        self.used: list[str] = []
        self.ips = {f"192.0.2.{number}": Ip() for number in range(1, 5)}
        self.ips["192.0.2.5"] = Ip(rdns=False)
        self.ips["192.0.2.6"] = Ip(enabled=False)
        self.ips["192.0.2.7"] = Ip(parent=False, subusers={"alice"})
        self.ips["192.0.2.8"] = Ip(subusers={"alice", "bob"})
        self.ips["192.0.2.9"] = Ip(subusers={"carol"}, region="eu")
        self.ips["192.0.2.10"] = Ip(subusers={"carol"})
        full = {f"198.51.100.{number}": Ip() for number in range(IPS_PER_POOL - missing)} if kind == "IPs" else {}
        self.ips |= full
        self.pools: dict[str | None, list[Pool]] = {
            None: [Pool("11", "bulk", {"192.0.2.1", "192.0.2.8"} if self.few else {*full})]
            + ([Pool("12", "news", {"192.0.2.1"})] if self.few else []),
            "alice": [Pool("13", "hers", {"192.0.2.8"})],
            "bob": [],
            "carol": [Pool("14", "theirs", {"192.0.2.9"})],
        }
        if kind == "pools":
            more = range(100, 100 + POOLS_PER_USER - missing - len(self.pools[None]))
            self.pools[None] += [Pool(str(number), f"pool {number}") for number in more]
        self.begin(
            {
                "subusers": [
                    {"name": name, "id": number, **({"region": "eu"} if name == EUROPEAN else {})}
                    for name, number in SUBUSERS.items()
                ],
                "ips": [
                    {
                        "ip": address,
                        "enabled": ip.enabled,
                        "parent_assigned": ip.parent,
                        "subusers": sorted(ip.subusers),
                        "region": ip.region,
                        **({"rdns": "o1.example.com"} if ip.rdns else {}),
                    }
                    for address, ip in self.ips.items()
                ],
                "pools": [
                    {
                        "id": pool.id,
                        "name": pool.name,
                        "ips": sorted(pool.ips),
                        **({"subuser": user} if user else {}),
                    }
                    for user, each in self.pools.items()
                    for pool in each
                ],
            }
        )
        self.account.prefixes[EUROPEAN] = "sendgrid-eu"

    # What the rules ask of the model

    def pool(self, user: str | None, place: int) -> Pool | None:
        """Return a pool of a user, mostly a newer one; None is one that it has not."""
        return pick(reversed(self.pools[user][-8:]), place, None)

    def named(self, user: str | None, name: str) -> bool:
        return any(pool.name == name for pool in self.pools[user])

    def members(self, user: str | None, address: str) -> list[Pool]:
        return [pool for pool in self.pools[user] if address in pool.ips]

    def some(self, places: list[int]) -> list[str]:
        """Return IPs of the account."""
        return list(dict.fromkeys(pick(self.ips, place, GHOST_IP) for place in places))

    def usable(self, user: str | None, places: list[int]) -> list[str]:
        """Return IPs, mostly such as may be in a pool of a user."""
        fit = [address for address, ip in self.ips.items() if ip.fits(user)]
        rest = self.ips.keys() - {*fit}
        return list(dict.fromkeys(pick(fit, place, min(rest, default=GHOST_IP)) for place in places))

    def unfit(self, user: str | None, addresses: list[str]) -> list[str]:
        return [each for each in addresses if each not in self.ips or not self.ips[each].fits(user)]

    def evict(self) -> None:
        """Take IPs out of the pools that they can no longer be in."""
        for user, each in self.pools.items():
            for pool in each:
                pool.ips = {address for address in pool.ips if self.ips[address].fits(user)}

    def refused(self, returned: Response, status: int, words: str) -> None:
        self.returned("an error", returned, status)
        errors = returned.data.get("errors") or [{"message": returned.data["error"]}]
        self.agree("its words", [error["message"] for error in errors], [words])

    # The classic API: pools by name

    @rule(user=USERS, name=NAMES)
    def create_by_name(self, user: str | None, name: str) -> None:
        returned = self.account.ask("POST", "/v3/ips/pools", json_body={"name": name}, account=user)
        if len(name) > NAME_SIZE or self.named(user, name) or len(self.pools[user]) >= POOLS_PER_USER:
            self.returned("no new pool", returned, 400)
            return
        self.returned("a new pool", returned, 200, {"name": name})
        listed = self.account.ask("GET", "/v3/send_ips/pools", account=user).data["result"]
        ids = {pool["id"] for pool in listed if pool["name"] == name}
        self.agree("the other API shows it once", len(ids), 1)
        self.pools[user].append(Pool(ids.pop(), name))

    @rule(user=USERS, place=PLACES)
    def get_by_name(self, user: str | None, place: int) -> None:
        pool = self.pool(user, place)
        returned = self.account.ask(
            "GET", f"/v3/ips/pools/{quote(pool.name if pool else GHOST, safe='')}", account=user
        )
        if pool is None:
            return self.refused(returned, 404, DOCUMENTED)
        found = self.returned("a pool", returned, 200)
        self.agree("its name", found["pool_name"], pool.name)
        return self.agree("its IPs", sorted(found["ips"]), sorted(pool.ips))

    @rule(user=USERS, place=PLACES, name=NAMES)
    def rename_by_name(self, user: str | None, place: int, name: str) -> None:
        pool = self.pool(user, place)
        path = f"/v3/ips/pools/{quote(pool.name if pool else GHOST, safe='')}"
        returned = self.account.ask("PUT", path, json_body={"name": name}, account=user)
        if len(name) > NAME_SIZE:
            self.returned("a name too long", returned, 400)
        elif pool is None:
            self.refused(returned, 404, "ip pool not found")
        elif name != pool.name and self.named(user, name):
            self.returned("a name that is taken", returned, 400)
        else:
            self.returned("a renamed pool", returned, 200, {"name": name})
            pool.name = name

    @rule(user=USERS, place=PLACES)
    def delete_by_name(self, user: str | None, place: int) -> None:
        pool = self.pool(user, place)
        returned = self.account.ask(
            "DELETE", f"/v3/ips/pools/{quote(pool.name if pool else GHOST, safe='')}", account=user
        )
        if pool is None:
            return self.refused(returned, 404, DOCUMENTED)
        self.returned("a deletion", returned, 204, None)
        return self.pools[user].remove(pool)

    @rule(user=USERS, place=PLACES, which=PLACES)
    def add_by_name(self, user: str | None, place: int, which: int) -> None:
        pool, (address,) = self.pool(user, place), self.usable(user, [which])
        path = f"/v3/ips/pools/{quote(pool.name if pool else GHOST, safe='')}/ips"
        returned = self.account.ask("POST", path, json_body={"ip": address}, account=user)
        if pool is None or self.unfit(user, [address]):
            return self.refused(returned, 404, "resource not found")
        if len(pool.ips | {address}) > IPS_PER_POOL:
            self.returned("a full pool", returned, 400)
            return None
        pool.ips.add(address)
        found = self.returned("an IP in a pool", returned, 200)
        self.agree("which IP", found["ip"], address)
        return self.agree(
            "its pools", sorted(found["pools"]), sorted(each.name for each in self.members(user, address))
        )

    @rule(user=USERS, place=PLACES, which=PLACES)
    def remove_by_name(self, user: str | None, place: int, which: int) -> None:
        pool = self.pool(user, place)
        address = pick(sorted(pool.ips) if pool else (), which, "192.0.2.5")
        path = f"/v3/ips/pools/{quote(pool.name if pool else GHOST, safe='')}/ips/{address}"
        returned = self.account.ask("DELETE", path, account=user)
        if pool is None or address not in pool.ips:
            return self.refused(returned, 404, DOCUMENTED)
        self.returned("a removal", returned, 204, None)
        return pool.ips.remove(address)

    # IP Address Management: pools by id

    @rule(user=USERS, name=NAMES, places=st.one_of(st.just([]), SOME))
    def create_by_id(self, user: str | None, name: str, places: list[int]) -> None:
        ips = self.usable(user, places)
        body = {"name": name, **({"ips": ips} if ips else {})}
        returned = self.account.ask("POST", "/v3/send_ips/pools", json_body=body, account=user)
        if len(name) > NAME_SIZE:
            self.refused(returned, 400, "needs to be between 2 to 64 characters long")
        elif self.named(user, name):
            self.refused(returned, 400, "already exists")
        elif len(self.pools[user]) >= POOLS_PER_USER:
            self.refused(returned, 400, "100 pools limit has been reached")
        elif unfit := self.unfit(user, ips):
            self.refused(returned, 400, f"unable to verify IPs assignability: {', '.join(unfit)}")
        else:
            made = self.returned("a new pool", returned, 201)
            self.agree("a new pool", (made["name"], sorted(made["ips"])), (name, sorted(ips)))
            self.agree("its id is new", made["id"] in {pool.id for each in self.pools.values() for pool in each}, False)
            self.pools[user].append(Pool(made["id"], name, set(ips)))

    @rule(user=USERS, place=PLACES)
    def get_by_id(self, user: str | None, place: int) -> None:
        pool = self.pool(user, place)
        returned = self.account.ask("GET", f"/v3/send_ips/pools/{pool.id if pool else GHOST_ID}", account=user)
        if pool is None:
            return self.refused(returned, 400, "not found")
        return self.shown(self.returned("a pool", returned, 200), pool)

    @rule(user=USERS, place=PLACES, name=NAMES)
    def rename_by_id(self, user: str | None, place: int, name: str) -> None:
        pool = self.pool(user, place)
        path = f"/v3/send_ips/pools/{pool.id if pool else GHOST_ID}"
        returned = self.account.ask("PUT", path, json_body={"name": name}, account=user)
        if len(name) > NAME_SIZE:
            self.refused(returned, 400, "needs to be between 2 to 64 characters long")
        elif pool is None:
            self.refused(returned, 400, "not found")
        elif name != pool.name and self.named(user, name):
            self.refused(returned, 400, "already exists")
        else:
            self.returned("a renamed pool", returned, 200, {"name": name, "id": pool.id})
            pool.name = name

    @rule(user=USERS, place=PLACES)
    def delete_by_id(self, user: str | None, place: int) -> None:
        pool = self.pool(user, place)
        returned = self.account.ask("DELETE", f"/v3/send_ips/pools/{pool.id if pool else GHOST_ID}", account=user)
        if pool is None:
            return self.refused(returned, 400, "not found")
        self.returned("a deletion", returned, 204, None)
        return self.pools[user].remove(pool)

    @rule(user=USERS, place=PLACES, places=SOME)
    def add_by_id(self, user: str | None, place: int, places: list[int]) -> None:
        pool, ips = self.pool(user, place), self.usable(user, places)
        path = f"/v3/send_ips/pools/{pool.id if pool else GHOST_ID}/ips:batchAdd"
        returned = self.account.ask("POST", path, json_body={"ips": ips}, account=user)
        if pool is None:
            self.refused(returned, 400, "not found")
        elif unfit := self.unfit(user, ips):
            self.refused(returned, 400, f"unable to verify IPs assignability: {', '.join(unfit)}")
        elif len(pool.ips | {*ips}) > IPS_PER_POOL:
            words = "the total number of IPs per pool cannot exceed 100. current IP count in ‘{}’ is ‘{}’"
            self.refused(returned, 400, words.format(pool.name, len(pool.ips)))
        else:
            self.returned("IPs in a pool", returned, 200, {"name": pool.name, "id": pool.id, "ips": ips})
            pool.ips |= {*ips}

    @rule(user=USERS, place=PLACES, places=SOME, ghost=st.booleans())
    def remove_by_id(self, user: str | None, place: int, places: list[int], ghost: bool) -> None:
        pool = self.pool(user, place)
        ips = list(dict.fromkeys(pick(sorted(pool.ips) if pool else (), each, GHOST_IP) for each in places))
        ips += ["192.0.2.5"] if ghost else []
        path = f"/v3/send_ips/pools/{pool.id if pool else GHOST_ID}/ips:batchDelete"
        returned = self.account.ask("POST", path, json_body={"ips": ips}, account=user)
        if pool is None:
            self.refused(returned, 400, "not found")
        elif missing := [each for each in ips if each not in pool.ips]:
            self.refused(returned, 400, f"not found in pool ‘{pool.name}’: {', '.join(missing)}")
        else:
            self.returned("a removal", returned, 204, None)
            pool.ips -= {*ips}

    # Who may send from an IP

    @precondition(few)
    @rule(user=st.sampled_from([*SUBUSERS, GHOST]), places=st.lists(PLACES, max_size=3))
    def give_ips(self, user: str, places: list[int]) -> None:
        ips = self.some(places)
        returned = self.account.ask("PUT", f"/v3/subusers/{user}/ips", json_body=ips)
        if user not in SUBUSERS:
            self.returned("no such subuser", returned, 404)
        elif GHOST_IP in ips:
            self.refused(returned, 400, "unable to validate IPs at this time")
        else:
            self.returned("a subuser's IPs", returned, 200, {"ips": ips})
            for address, ip in self.ips.items():
                ip.subusers = (ip.subusers | {user}) if address in ips else (ip.subusers - {user})
            self.evict()

    @precondition(few)
    @rule(user=st.sampled_from([*SUBUSERS, GHOST]), disabled=st.sampled_from([None, True, False]))
    def disable(self, user: str, disabled: bool | None) -> None:
        body = {} if disabled is None else {"disabled": disabled}
        returned = self.account.ask("PATCH", f"/v3/subusers/{user}", json_body=body)
        errors = [*(["invalid username"] if user == GHOST else []), *(["no fields provided"] if not body else [])]
        if errors:
            expected = {"errors": [{"message": each} for each in errors]}
            self.returned("no change", returned, 400, expected)
        else:
            self.returned("a change", returned, 204, None)
            (self.disabled.add if disabled else self.disabled.discard)(user)
        listed = self.returned("subusers", self.account.ask("GET", "/v3/subusers"), 200)
        self.agree("who is disabled", {each["username"] for each in listed if each["disabled"]}, self.disabled)

    @precondition(few)
    @rule(which=PLACES, ids=st.sets(st.sampled_from(["2001", "2002", "2002", "2003"]), min_size=1), gives=st.booleans())
    def give_or_take_ip(self, which: int, ids: set[str], gives: bool) -> None:
        (address,) = self.some([which])
        path = f"/v3/send_ips/ips/{address}/subusers:{'batchAdd' if gives else 'batchDelete'}"
        returned = self.account.ask("POST", path, json_body={"subusers": sorted(ids)})
        if address not in self.ips:
            return self.refused(returned, 400, "invalid IP address")
        if "2003" in ids:
            return self.refused(returned, 400, "unverified subusers: 2003")
        ip = self.ips[address]
        names = {name for name, number in SUBUSERS.items() if number in ids}
        if gives:
            ip.subusers |= names
            numbers = sorted(SUBUSERS[name] for name in ip.subusers)
            self.returned("an IP's subusers", returned, 200, {"ip": address, "subusers": numbers})
        else:
            ip.subusers -= names
            self.returned("a removal", returned, 204, None)
        return self.evict()

    @precondition(few)
    @rule(which=PLACES, parent=st.sampled_from([None, True, False]), enabled=st.sampled_from([None, True, False]))
    def change_ip(self, which: int, parent: bool | None, enabled: bool | None) -> None:
        (address,) = self.some([which])
        body = {"is_parent_assigned": parent, "is_enabled": enabled}
        returned = self.account.ask("PATCH", f"/v3/send_ips/ips/{address}", json_body=body)
        if address not in self.ips:
            return self.refused(returned, 400, "unable to verify IP ownership")
        if parent is None and enabled is None:
            self.returned("no change", returned, 400)
            return None
        self.returned("a change", returned, 200)
        ip = self.ips[address]
        ip.parent = ip.parent if parent is None else parent
        ip.enabled = ip.enabled if enabled is None else enabled
        return self.evict()

    @precondition(few)
    @rule(user=USERS, which=PLACES, gives=st.booleans())
    def change_rdns(self, user: str | None, which: int, gives: bool) -> None:
        (address,) = self.some([which])
        mine = {each: ip for each, ip in self.ips.items() if ip.seen(user)}
        listed = self.returned("records", self.account.ask("GET", "/v3/whitelabel/ips", account=user), 200)
        records = {each["ip"]: each["id"] for each in listed}
        self.agree("which have reverse DNS", {*records}, {each for each, ip in mine.items() if ip.rdns})
        if gives:
            body = {"ip": address, "domain": "example.com", "subdomain": "mail"}
            returned = self.account.ask("POST", "/v3/whitelabel/ips", json_body=body, account=user)
            if address not in mine:
                return self.refused(returned, 404, "resource not found")
            if self.ips[address].rdns:
                return self.refused(returned, 400, "already exists")
            self.agree("which IP", self.returned("a record", returned, 201)["ip"], address)
        else:
            path = f"/v3/whitelabel/ips/{records.get(address, 999_999)}"
            returned = self.account.ask("DELETE", path, account=user)
            if address not in records:
                return self.refused(returned, 404, "Reverse DNS record not found.")
            self.returned("a deletion", returned, 204, None)
        self.ips[address].rdns = gives
        return self.evict()

    @precondition(few)
    @rule(user=USERS, which=PLACES, warm=st.booleans())
    def warm_ip(self, user: str | None, which: int, warm: bool) -> None:
        (address,) = self.some([which])
        ask = self.account.ask
        if warm:
            returned = ask("POST", "/v3/ips/warmup", json_body={"ip": address}, account=user)
        else:
            returned = ask("DELETE", f"/v3/ips/warmup/{address}", account=user)
        ip = self.ips.get(address)
        if ip is None or not ip.seen(user) or not (warm or ip.warmup):
            return self.refused(returned, 404, "resource not found")
        self.returned("a warm-up", returned, 200 if warm else 204)
        ip.warmup = warm
        return None

    # API keys

    @precondition(few)
    @rule(user=USERS, scopes=SCOPES)
    def create_key(self, user: str | None, scopes: list[str] | None) -> None:
        body = {"name": "key", **({"scopes": scopes} if scopes else {})}
        returned = self.account.ask("POST", "/v3/api_keys", json_body=body, account=user)
        made = self.returned("a new key", returned, 201)
        self.agree("its id is new", made["api_key_id"] in {key.id for key in self.keys}, False)
        self.keys.append(Key(made["api_key_id"], made["api_key"], user, scopes))

    @precondition(few)
    @rule(user=USERS, place=PLACES, scopes=SCOPES, deletes=st.booleans())
    def change_key(self, user: str | None, place: int, scopes: list[str] | None, deletes: bool) -> None:
        key = pick(self.keys, place, None)
        path = f"/v3/api_keys/{key.id if key else GHOST}"
        if deletes:
            returned = self.account.ask("DELETE", path, account=user)
            if key is None or key.user != user:
                return self.refused(returned, 404, "unable to find API Key for deletion")
            self.returned("a deletion", returned, 204, None)
            return self.keys.remove(key)
        body = {"name": "key", **({"scopes": scopes} if scopes else {})}
        returned = self.account.ask("PUT", path, json_body=body, account=user)
        if key is None or key.user != user:
            return self.refused(returned, 404, "unable to find API Key to update")
        self.returned("an update", returned, 200)
        key.scopes = scopes or key.scopes
        return None

    @invariant()
    def every_key_agrees(self) -> None:
        for user in self.pools if self.few else ():
            found = self.returned("keys", self.account.ask("GET", "/v3/api_keys", account=user), 200)["result"]
            self.agree("keys", [each["api_key_id"] for each in found], [k.id for k in self.keys if k.user == user])
        for key in self.keys:
            returned = self.account.ask("GET", "/v3/ips/pools", account=key.user, key=key.value)
            if key.scopes and "ips.pools.read" not in key.scopes:
                self.refused(returned, 403, "access forbidden")
            else:
                found = self.returned("pools of the key's user", returned, 200)
                names = sorted(pool.name for pool in self.pools[key.user])
                self.agree("pools of the key's user", sorted(pool["name"] for pool in found), names)

    # Sending

    @precondition(few)
    @rule(place=PLACES, which=PLACES, names_pool=st.booleans())
    def send(self, place: int, which: int, names_pool: bool) -> None:
        """The IP that was used longest ago, of the pool or of those that the user may send from."""
        key = pick(self.keys, which, None)
        user = key.user if key else None
        pool = self.pool(user, place) if names_pool else None
        body = {
            "personalizations": [{"to": [{"email": "you@example.com"}]}],
            "from": {"email": "me@example.com"},
            "subject": "Hello",
            "content": [{"type": "text/plain", "value": "Hi."}],
            **({"ip_pool_name": pool.name if pool else GHOST} if names_pool else {}),
        }
        value = key.value if key else None
        returned = self.account.ask("POST", "/v3/mail/send", json_body=body, account=user, key=value)
        if key and key.scopes and "mail.send" not in key.scopes:
            return self.refused(returned, 403, "access forbidden")
        if names_pool and pool is None:
            words = f"The IP Pool name must be a valid pool name for your account. You provided {GHOST}."
            return self.refused(returned, 400, words)
        self.returned("a message", returned, 202, None)
        own = {each for each, ip in self.ips.items() if ip.enabled and (ip.seen(user) if user else ip.parent)}
        usable = own if pool is None else pool.ips
        message = self.account.state()["outbox"]["messages"][-1]
        self.agree("whose it is", message.get("account"), user)
        self.agree("its pool", message.get("pool"), pool.id if pool else None)
        self.agree("its fate", message["status"], "accepted" if usable or pool is None else "dropped")
        ip = message.get("ip")
        self.agree("whether it has an IP", ip is not None, bool(usable))
        if ip is not None:
            unused = [each for each in usable if each not in self.used]
            following = unused or [each for each in self.used if each in usable][:1]
            self.agree("its IP is usable and next", ip in following, True)
            self.used = [*[each for each in self.used if each != ip], ip]
        return None

    # What is read

    def shown(self, found: dict[str, Any], pool: Pool) -> None:
        """Compare a pool as IP Address Management shows it."""
        self.agree("a pool", (found["id"], found["name"]), (pool.id, pool.name))
        self.agree("its size", found["total_ip_count"], len(pool.ips))
        preview = found["ips_preview"]
        self.agree("its preview", (len({*preview}), {*preview} <= pool.ips), (min(PREVIEW, len(pool.ips)), True))

    def pages(self, path: str, limit: int, user: str | None) -> list[Any]:
        """Return what all pages of a list have."""
        found: list[Any] = []
        after = ""
        while True:
            page = self.returned("a page", self.account.ask("GET", f"{path}?limit={limit}{after}", account=user), 200)
            found += page["result"]
            key = page["_metadata"]["next_params"]["after_key"]
            if key is None:
                return found
            self.agree("a page before the last is full", len(page["result"]), limit)
            after = f"&after_key={key}"

    @rule(user=USERS, place=PLACES, limit=st.integers(1, 3))
    def read_members(self, user: str | None, place: int, limit: int) -> None:
        pool = self.pool(user, place)
        if pool is not None:
            path = f"/v3/send_ips/pools/{pool.id}/ips"
            found = self.pages(path, limit if len(pool.ips) < 20 else 40, user)
            self.agree("the members", sorted(member["ip"] for member in found), sorted(pool.ips))
            for member in found:
                expected = sorted(each.id for each in self.members(user, member["ip"]))
                self.agree("a member's pools", sorted(each["id"] for each in member["pools"]), expected)

    @rule(user=USERS, place=PLACES, limit=st.integers(1, 3))
    def read_pools_before(self, user: str | None, place: int, limit: int) -> None:
        pool = self.pool(user, place)
        if pool is not None:
            path = f"/v3/send_ips/pools?limit={limit}&before_key={pool.id}"
            page = self.returned("a page before a pool", self.account.ask("GET", path, account=user), 200)
            earlier = sorted(int(each.id) for each in self.pools[user] if int(each.id) < int(pool.id))
            self.agree("the pools before it", [int(found["id"]) for found in page["result"]], earlier[-limit:])
            first = str(earlier[-limit]) if len(earlier) > limit else None
            self.agree("the page before that", page["_metadata"]["next_params"]["before_key"], first)

    @invariant()
    def both_apis_agree(self) -> None:
        for user, mine in self.pools.items():
            named = self.returned("pools by name", self.account.ask("GET", "/v3/ips/pools", account=user), 200)
            names = sorted(pool.name for pool in mine)
            self.agree("pools by name", sorted(pool["name"] for pool in named), names)
            numbered = self.pages("/v3/send_ips/pools", 2 if len(mine) < 9 else 50, user)
            self.agree("how many pools by id", len(numbered), len(mine))
            by_id = {pool.id: pool for pool in mine}
            for found in numbered:
                self.agree("a pool is its user's", found["id"] in by_id, True)
                self.shown(found, by_id[found["id"]])

    @invariant()
    def every_ip_agrees(self) -> None:
        for user in self.pools:
            seen = sorted(each for each, ip in self.ips.items() if ip.seen(user))
            classic = self.returned("IPs", self.account.ask("GET", "/v3/ips?limit=500", account=user), 200)
            managed = self.returned("IPs", self.account.ask("GET", "/v3/send_ips/ips", account=user), 200)["result"]
            self.agree("IPs in the classic API", sorted(ip["ip"] for ip in classic), seen)
            self.agree("IPs in the other", sorted(ip["ip"] for ip in managed), seen)
            within: dict[str, list[Pool]] = {}
            for pool in self.pools[user]:
                for address in pool.ips:
                    within.setdefault(address, []).append(pool)
            for found in classic:
                ip, mine = self.ips[found["ip"]], within.get(found["ip"], [])
                self.agree("an IP's pools", sorted(found["pools"]), sorted(pool.name for pool in mine))
                self.agree("its warm-up", found["warmup"], ip.warmup)
                senders = {*ip.subusers, *(["parent"] if ip.parent else [])} if user is None else {user}
                self.agree("who may send from it", {*found["subusers"]}, senders)
            for found in managed:
                ip, mine = self.ips[found["ip"]], within.get(found["ip"], [])
                self.agree("its pools' ids", sorted(pool["id"] for pool in found["pools"]), sorted(p.id for p in mine))
                self.agree("its warm-up", found["is_auto_warmup"], ip.warmup)
                if user is None:
                    self.agree("whether the parent may send from it", found["is_parent_assigned"], ip.parent)


@pytest.mark.evidence("models", "sendgrid")
def test_sendgrid_is_as_its_model() -> None:
    """Whatever is asked of SendGrid, by whomever, both of its APIs return what the model does."""
    holds(SendGrid)


MISTAKES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "101 pools by name": (classic_pools.create_pool, ">= catalog.MAX_POOLS", "> catalog.MAX_POOLS"),
    "the users share a limit of pools": (
        management_pools.create_pool,
        "len(tx.state.pools_of(account))",
        "len(tx.state.pools)",
    ),
    "101 IPs one by one": (classic_pools.add_ip, ">= catalog.MAX_POOL_IPS", "> catalog.MAX_POOL_IPS"),
    "a subuser sees the parent's pools": (
        State.pools_of,
        "if pool.subuser == account",
        "if pool.subuser in (None, account)",
    ),
    "101 pools by id": (management_pools.create_pool, ">= catalog.MAX_POOLS", "> catalog.MAX_POOLS"),
    "IPs are added up to the unfit one": (
        management_pools.add_ips,
        "    _check_assignable(tx, account, ips)\n",
        "    ips = [each for each in ips if each in tx.state.ips]\n",
    ),
    "101 IPs at once": (management_pools.add_ips, "len(members)", "len(pool.ips)"),
    "a name is taken by renaming": (classic_pools.rename_pool, "pools.has_pool(tx, account, name=new_name)", "False"),
    "an IP that is in the pool already is there twice": (classic_pools.add_ip, "ip not in pool.ips", "True"),
    "a name is taken by another user": (pools.has_pool, "tx.state.pools_of(account)", "tx.state.pools.values()"),
    "a pool keeps an IP that was taken from its subuser": (subusers._assign, "pools.prune_pools(tx, changed)", "pass"),
    "a pool keeps an IP that the parent lost": (management_ips.change_ip, "pools.prune_pools(tx, [ip])", "pass"),
    "an update of a key changes no scopes": (api_keys.update_key, "_granted(tx, scopes)", "key.scopes"),
    "a subuser in the EU sees other IPs": (State.is_visible, 'or ip.region == "eu"', "or ip.region"),
    "a user sees the keys of others": (State.keys_of, "if key.subuser == account", "if key"),
    "a pool keeps an IP that lost its reverse DNS": (
        reverse_dns.delete_record,
        "pools.prune_pools(tx, [changed])",
        "pass",
    ),
    "a message for a pool leaves by any IP": (sending.route, "if ip.ip in pool.ips", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", chosen(MISTAKES))
def test_the_model_catches(name: str) -> None:
    """A server with this mistake disagrees with the model of SendGrid."""
    with mistaken(*MISTAKES[name]):
        assert catches(SendGrid)
