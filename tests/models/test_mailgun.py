"""Mailgun beside a model: pools and who inherits them, domains linked to them, and what is done after the answer."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from mockserver.providers.mailgun.rules import credentials, delegation, domain_ips, domains, ips, jobs, pools, sending

from .account import Response
from .machine import PLACES, Machine, catches, chosen, holds, mistaken, pick

HEIRS = ["65f0c1a2b3c4d5e6f7081920", "65f0c1a2b3c4d5e6f7081921"]
GHOST_HEIR = "65f0c1a2b3c4d5e6f7081929"
GHOST_POOL = "658041ae44842b99ee2eaa99"
GHOST_IP = "192.0.2.250"
GHOST_DOMAIN = "nowhere.example.com"
ACCOUNTS = st.sampled_from([None, None, None, *HEIRS])
DELAY = 60
HOUR = 3600
ROOM = 41
"""How many messages an IP sends in an hour of the first day of its warm-up: 1,000 a day."""
PAGE = 10
"""How many domains of a pool a page has."""


@dataclass
class Ip:
    dedicated: bool = True
    warming: bool = False
    account: str | None = None


@dataclass
class Pool:
    name: str
    ips: list[str]
    account: str | None = None
    heirs: set[str] = field(default_factory=set)


@dataclass
class Domain:
    id: str
    account: str | None = None
    ips: list[str] = field(default_factory=list)
    pool: str | None = None
    verified: bool = False
    tracked: set[str] = field(default_factory=set)
    logins: list[str] = field(default_factory=lambda: ["postmaster"])


@dataclass
class Promise:
    """What is done later to the domains of a pool: they get its IPs, if nothing else is said."""

    due: float
    pool: str
    link: set[str] = field(default_factory=set)
    unlink: set[str] = field(default_factory=set)
    relink_to: str | None = None
    replace_with: str | None = None
    lost_by: str | None = None
    verify: str | None = None


@dataclass
class Model:
    """What Mailgun's documents say that an account is."""

    eligible: bool
    delay: float
    now: float = 0.0
    ips: dict[str, Ip] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    seen: dict[str, dict[str, Pool]] = field(default_factory=dict)
    """The inherited pools by id, as each heir sees them."""
    used: list[str] = field(default_factory=list)
    """The IPs that have sent, in the order of their last message."""
    sent_in_hour: dict[tuple[str, float], int] = field(default_factory=dict)

    def run_pending_jobs(self) -> None:
        """Keep the promises that are due."""
        due = [each for each in self.promises if each.due <= self.now]
        self.promises = [each for each in self.promises if each.due > self.now]
        for promise in sorted(due, key=lambda each: each.due):
            self.record_request(promise)
        waiting = {pool_id for each in self.promises for pool_id in (each.pool, each.relink_to)}
        for pool_id in {pool_id for each in due for pool_id in (each.pool, each.relink_to)} - waiting:
            for heir in HEIRS:
                self.show(heir, pool_id)

    def show(self, heir: str, pool_id: str | None) -> None:
        """Let an heir see a pool as it is."""
        pool = self.pools.get(pool_id or "")
        if pool is not None and heir in pool.heirs:
            self.seen[heir][pool_id or ""] = copy.deepcopy(pool)
        else:
            self.seen[heir].pop(pool_id or "", None)

    def visible(self, account: str | None) -> dict[str, Pool]:
        """Return the pools that an account sees, as it sees them. A name is never old."""
        own = {pool_id: pool for pool_id, pool in self.pools.items() if pool.account == account}
        for pool_id, pool in self.seen.get(account or "", {}).items():
            pool.name = self.pools[pool_id].name if pool_id in self.pools else pool.name
            own[pool_id] = pool
        return own

    def record_request(self, promise: Promise) -> None:
        if promise.verify is not None:
            self.domains[promise.verify].verified = True
            return
        for name, domain in self.domains.items():
            if domain.pool != promise.pool and name not in promise.link:
                continue
            if name in promise.link:
                domain.pool = promise.pool
            loses = promise.lost_by in (None, domain.account)
            if promise.relink_to is not None:
                domain.pool = promise.relink_to
                if promise.relink_to in self.pools:
                    domain.ips = list(self.pools[promise.relink_to].ips)
            elif promise.replace_with is not None:
                self.unlink(domain, promise.replace_with)
            elif name in promise.unlink or (promise.lost_by is not None and loses):
                self.unlink(domain, "shared")
            elif promise.pool in self.pools:
                domain.ips = list(self.pools[promise.pool].ips)

    def unlink(self, domain: Domain, ip: str) -> None:
        domain.pool = None
        domain.ips = self.shared() if ip == "shared" else [ip]

    def shared(self) -> list[str]:
        """Return the shared IP that the system assigns, if it may."""
        return [address for address, ip in self.ips.items() if not ip.dedicated][:1] if self.eligible else []

    def promise(self, pool: str, **what: Any) -> None:
        self.promises.append(Promise(self.now + self.delay, pool, **what))
        self.run_pending_jobs()

    def forget(self, names: set[str]) -> None:
        """No longer do what was promised of domains that have been changed since."""
        for promise in self.promises:
            promise.link -= names
            promise.unlink -= names

    def linked(self, pool_id: str) -> set[str]:
        """Return the domains that are linked to a pool when every promise is kept."""
        later = copy.deepcopy(self)
        later.now = math.inf
        later.run_pending_jobs()
        return {name for name, domain in later.domains.items() if domain.pool == pool_id}

    def sees(self, account: str | None, pool_id: str) -> bool:
        pool = self.pools.get(pool_id)
        return pool is not None and (pool.account == account or account in pool.heirs)

    def pool_of(self, address: str) -> str | None:
        return next((pool_id for pool_id, pool in self.pools.items() if address in pool.ips), None)

    def may_join(self, account: str | None, address: str, pool_id: str | None = None) -> bool:
        """Say whether an IP is dedicated, the account's own, and in no other pool."""
        ip = self.ips.get(address)
        own = ip is not None and ip.dedicated and ip.account == account
        return own and self.pool_of(address) in (None, pool_id)

    def has_room(self, address: str, count: int) -> bool:
        sent = self.sent_in_hour.get((address, self.now // HOUR), 0)
        return not self.ips[address].warming or sent + count <= ROOM

    def way(self, domain: Domain, kind: str, named: str, count: int) -> tuple[str | None, list[str]] | None:
        """Return the pool that a message of the parent leaves by, and the IPs that may be next; None if it may not."""
        if kind == "ip":
            ip = self.ips.get(named)
            own = ip is not None and ip.dedicated and ip.account in (domain.account, None)
            return (None, [named]) if own or named in domain.ips else None
        pool_id, addresses = domain.pool, domain.ips
        if kind == "pool":
            pool = self.pools.get(named)
            if pool is None or not pool.ips or not (pool.account is None or self.sees(domain.account, named)):
                return None
            pool_id, addresses = named, pool.ips
        able = [address for address in addresses if self.has_room(address, count)]
        if not able and kind != "pool" and self.shared():
            return None, self.shared()
        able = able or addresses
        unused = [address for address in able if address not in self.used]
        return pool_id, unused or [address for address in self.used if address in able][:1]


class Mailgun(Machine):
    provider = "mailgun"

    @initialize(eligible=st.booleans(), delay=st.sampled_from([0, DELAY]), many=st.booleans())
    def world(self, eligible: bool, delay: int, many: bool) -> None:
        """Begin with pools, one of them inherited; with a page of domains linked to one, or with a few."""
        self.model = model = Model(eligible, delay)
        model.ips = {f"192.0.2.{number}": Ip() for number in range(1, 7)}
        model.ips["192.0.2.7"] = Ip(warming=True)
        model.ips["192.0.2.8"] = Ip(account=HEIRS[0])
        model.ips["198.51.100.1"] = Ip(dedicated=False)
        model.pools = {
            f"{number:024x}": pool
            for number, pool in enumerate(
                [
                    Pool("own", ["192.0.2.1"]),
                    Pool("inherited", ["192.0.2.2", "192.0.2.3"], heirs={HEIRS[0]}),
                    Pool("empty", []),
                ],
                1,
            )
        }
        own, inherited, _ = model.pools
        model.seen = {heir: {} for heir in HEIRS}
        self.changed: set[str] = set()
        model.show(HEIRS[0], inherited)
        domains = [Domain("", None, ["192.0.2.1"], own) for _ in range(PAGE if many else 1)]
        domains += [Domain("", None, ["192.0.2.4"]), Domain("", None, ["192.0.2.5", "192.0.2.7"])]
        domains += [Domain("", HEIRS[0], ["192.0.2.2", "192.0.2.3"], inherited), Domain("", HEIRS[1], [])]
        for domain in domains[-5:]:
            domain.verified = True
        for number, domain in enumerate(domains, 1):
            domain.id = f"{number + 255:024x}"
            model.domains[f"d{number}.example.com"] = domain
        self.begin(
            {
                "eligible_for_shared_ips": eligible,
                "async_delay_seconds": delay,
                "subaccounts": [{"id": heir, "name": heir} for heir in HEIRS],
                "ips": [
                    {"ip": address, "dedicated": ip.dedicated, "warmup": ip.warming, **owned_by(ip.account)}
                    for address, ip in model.ips.items()
                ],
                "ip_pools": [
                    {
                        "pool_id": pool_id,
                        "name": pool.name,
                        "description": "",
                        "ips": pool.ips,
                        "delegated_to": sorted(pool.heirs),
                    }
                    for pool_id, pool in model.pools.items()
                ],
                "domains": [
                    {
                        "id": domain.id,
                        "name": name,
                        "ips": domain.ips,
                        "state": "active" if domain.verified else "unverified",
                        **owned_by(domain.account),
                        **({"pool_id": domain.pool} if domain.pool else {}),
                    }
                    for name, domain in model.domains.items()
                ],
            }
        )

    # What the rules ask of the model

    def pool(self, account: str | None, place: int) -> str:
        """Return a pool, mostly one that the account sees."""
        seen = [pool_id for pool_id in self.model.pools if self.model.sees(account, pool_id)]
        return pick(self.model.pools if place == 1 else seen, place, GHOST_POOL)

    def domain(self, account: str | None, place: int) -> str:
        own = [name for name, domain in self.model.domains.items() if domain.account == account]
        return pick(self.model.domains if place == 1 else own[-4:], place, GHOST_DOMAIN)

    def free(self, account: str | None, place: int) -> str:
        """Return an IP, mostly one that may join a pool of the account."""
        free = [address for address in self.model.ips if self.model.may_join(account, address)]
        return pick(self.model.ips if place in (1, 2) else free, place, GHOST_IP)

    def not_changeable(self, returned: Response, account: str | None, pool_id: str) -> bool:
        """Say whether a pool was rightly refused: it is not there, or inherited."""
        if not self.model.sees(account, pool_id):
            self.returned("no pool", returned, 404)
        elif self.model.pools[pool_id].account != account:
            self.returned("an inherited pool", returned, 400)
        else:
            return False
        return True

    # Pools

    @rule(account=ACCOUNTS, name=st.sampled_from(["a", "b"]), places=st.lists(PLACES, max_size=2))
    def create_pool(self, account: str | None, name: str, places: list[int]) -> None:
        ips = [self.free(account, place) for place in places]
        form = [("name", name), ("description", "of a model"), *(("ip", address) for address in ips)]
        returned = self.account.ask("POST", "/v3/ip_pools", form=form, account=account)
        if not all(self.model.may_join(account, address) for address in ips):
            self.returned("IPs that can be in no new pool", returned, 400)
            return
        pool_id = self.returned("a new pool", returned, 200)["pool_id"]
        self.agree("its id is new", pool_id in self.model.pools, False)
        self.model.pools[pool_id] = Pool(name, list(dict.fromkeys(ips)), account)

    @rule(account=ACCOUNTS, place=PLACES, name=st.sampled_from(["a", "b"]))
    def rename_pool(self, account: str | None, place: int, name: str) -> None:
        pool_id = self.pool(account, place)
        returned = self.account.ask("PATCH", f"/v3/ip_pools/{pool_id}", form=[("name", name)], account=account)
        if self.not_changeable(returned, account, pool_id):
            return
        pool = self.model.pools[pool_id]
        self.returned("a renamed pool, or no change", returned, 400 if pool.name == name else 200)
        pool.name = name

    @rule(account=ACCOUNTS, place=PLACES, add=st.lists(PLACES, max_size=2), remove=st.lists(PLACES, max_size=1))
    def edit_ips(self, account: str | None, place: int, add: list[int], remove: list[int]) -> None:
        model, pool_id = self.model, self.pool(account, place)
        pool = model.pools.get(pool_id)
        added = [self.free(account, each) for each in add]
        removed = [pick(pool.ips if pool else (), each, GHOST_IP) for each in remove]
        form = [("add_ip", address) for address in added] + [("remove_ip", address) for address in removed]
        returned = self.account.ask("PATCH", f"/v3/ip_pools/{pool_id}", form=form, account=account)
        if self.not_changeable(returned, account, pool_id) or pool is None:
            return
        left = [each for each in dict.fromkeys([*pool.ips, *added]) if each not in removed]
        bare = bool(pool.ips) and not left and bool(model.linked(pool_id))
        if bare or left == pool.ips or not all(model.may_join(account, address, pool_id) for address in added):
            self.returned("nothing that can be changed", returned, 400)
            return
        self.returned("a changed pool", returned, 200)
        pool.ips = left
        if pool.heirs or model.linked(pool_id):
            model.promise(pool_id)

    @rule(place=PLACES, which=PLACES, link=st.booleans())
    def edit_links(self, place: int, which: int, link: bool) -> None:
        model, pool_id, name = self.model, self.pool(None, place), self.domain(None, which)
        domain = model.domains.get(name)
        form = [("link_domain" if link else "unlink_domain", domain.id if domain else "6" * 24)]
        returned = self.account.ask("PATCH", f"/v3/ip_pools/{pool_id}", form=form)
        if self.not_changeable(returned, None, pool_id):
            return
        if domain is None or domain.account is not None:
            self.returned("no domain", returned, 404)
            return
        same = (name in model.linked(pool_id)) == link
        if same or (link and not model.pools[pool_id].ips) or not (link or model.eligible):
            self.returned("no link to change", returned, 400)
            return
        self.returned("a changed link", returned, 200)
        model.forget({name})
        model.promise(pool_id, **{"link" if link else "unlink": {name}})

    @rule(account=ACCOUNTS, place=PLACES, which=PLACES)
    def add_ip(self, account: str | None, place: int, which: int) -> None:
        model, pool_id, address = self.model, self.pool(account, place), self.free(account, which)
        returned = self.account.ask("PUT", f"/v3/ip_pools/{pool_id}/ips/{address}", account=account)
        if self.not_changeable(returned, account, pool_id):
            return
        pool = model.pools[pool_id]
        if not model.may_join(account, address, pool_id) or address in pool.ips:
            self.returned("an IP that cannot be added", returned, 400)
            return
        self.agree("the work to come", self.returned("an IP more", returned, 200)["message"], "started")
        pool.ips.append(address)
        model.promise(pool_id)

    @rule(account=ACCOUNTS, place=PLACES, places=st.lists(PLACES, min_size=1, max_size=3))
    def add_ips(self, account: str | None, place: int, places: list[int]) -> None:
        model, pool_id = self.model, self.pool(account, place)
        added = [self.free(account, each) for each in places]
        returned = self.account.ask(
            "POST", f"/v3/ip_pools/{pool_id}/ips.json", json_body={"ips": added}, account=account
        )
        if self.not_changeable(returned, account, pool_id):
            return
        pool = model.pools[pool_id]
        unfit = not all(model.may_join(account, address, pool_id) for address in added)
        if unfit or {*added} <= {*pool.ips}:
            self.returned("IPs that cannot be added", returned, 400)
            return
        self.agree("the work to come", self.returned("IPs more", returned, 200)["message"], "started")
        pool.ips = list(dict.fromkeys([*pool.ips, *added]))
        model.promise(pool_id)

    @rule(account=ACCOUNTS, place=PLACES, which=PLACES)
    def remove_ip(self, account: str | None, place: int, which: int) -> None:
        model, pool_id = self.model, self.pool(account, place)
        pool = model.pools.get(pool_id)
        address = pick(pool.ips if pool else (), which, GHOST_IP)
        returned = self.account.ask("DELETE", f"/v3/ip_pools/{pool_id}/ips/{address}", account=account)
        if self.not_changeable(returned, account, pool_id) or pool is None:
            return
        if address not in pool.ips:
            self.returned("no such IP", returned, 404)
        elif len(pool.ips) == 1 and model.linked(pool_id):
            self.returned("the last IP of a linked pool", returned, 400)
        else:
            self.returned("an IP less", returned, 200)
            pool.ips.remove(address)
            model.promise(pool_id)

    @rule(account=ACCOUNTS, place=PLACES, by=st.sampled_from(["", "ip", "shared", "pool", "both"]), which=PLACES)
    def delete_pool(self, account: str | None, place: int, by: str, which: int) -> None:
        model, pool_id = self.model, self.pool(account, place)
        other = self.pool(account, which)
        address = "shared" if by == "shared" else self.free(account, which)
        sent = {"": [], "pool": [f"pool_id={other}"], "both": [f"pool_id={other}", f"ip={address}"]}
        query = "&".join(sent.get(by, [f"ip={address}"]))
        returned = self.account.ask("DELETE", f"/v3/ip_pools/{pool_id}?{query}", account=account)
        if self.not_changeable(returned, account, pool_id):
            return
        pool = model.pools[pool_id]
        if by == "pool" and other != pool_id and not model.sees(account, other):
            self.returned("no other pool", returned, 404)
            return
        refused = {
            "": bool(pool.ips),
            "ip": not model.may_join(account, address, pool_id),
            "shared": not model.eligible,
            "pool": other == pool_id or (other in model.pools and not model.pools[other].ips),
            "both": True,
        }
        if refused[by]:
            self.returned("no pool to replace it", returned, 400)
            return
        self.agree("the work to come", self.returned("a deletion", returned, 200)["message"], "started")
        del model.pools[pool_id]
        if by == "pool":
            if model.pools[other].account == pool.account:
                model.pools[other].heirs |= pool.heirs
            model.promise(pool_id, relink_to=other)
        else:
            model.promise(pool_id, replace_with=address if by else None)

    # Who inherits

    @rule(place=PLACES, heir=st.sampled_from([*HEIRS, GHOST_HEIR]))
    def delegate(self, place: int, heir: str) -> None:
        pool_id = self.pool(None, place)
        returned = self.account.ask("PUT", f"/v3/ip_pools/{pool_id}/delegate", form=[("subaccount_id", heir)])
        if self.not_changeable(returned, None, pool_id):
            return
        if heir not in HEIRS:
            self.returned("no subaccount", returned, 404)
            return
        self.returned("a pool to inherit", returned, 200)
        pool = self.model.pools[pool_id]
        if heir not in pool.heirs:
            pool.heirs.add(heir)
            kept = [each for each in self.model.promises if (each.pool, each.lost_by) != (pool_id, heir)]
            self.model.promises = kept
            self.model.show(heir, pool_id)

    @rule(place=PLACES, which=PLACES)
    def revoke(self, place: int, which: int) -> None:
        model, pool_id = self.model, self.pool(None, place)
        heirs = sorted(model.pools[pool_id].heirs) if pool_id in model.pools else []
        heir = HEIRS[1] if which == 1 else pick(heirs, which, GHOST_HEIR)
        returned = self.account.ask("DELETE", f"/v3/ip_pools/{pool_id}/delegate?subaccount_id={heir}")
        if self.not_changeable(returned, None, pool_id):
            return
        pool = model.pools[pool_id]
        if heir not in HEIRS:
            self.returned("no subaccount", returned, 404)
            return
        uses = any(model.domains[name].account == heir for name in model.linked(pool_id))
        if heir not in pool.heirs or (uses and not model.eligible):
            self.returned("nothing that can be revoked", returned, 400)
            return
        self.returned("a pool no more inherited", returned, 200)
        pool.heirs.remove(heir)
        model.promise(pool_id, lost_by=heir)

    # The IPs of a domain

    @rule(account=ACCOUNTS, which=PLACES, place=PLACES, pool=st.booleans())
    def give_domain(self, account: str | None, which: int, place: int, pool: bool) -> None:
        """Link a pool to a domain, or give it an IP."""
        model, name = self.model, self.domain(account, which)
        pool_id, address = self.pool(account, place), self.free(account, place)
        form = [("pool_id", pool_id)] if pool else [("ip", address)]
        returned = self.account.ask("POST", f"/v3/domains/{name}/ips", form=form, account=account)
        domain = model.domains.get(name)
        if domain is None or domain.account != account:
            self.returned("no domain", returned, 404)
        elif pool and not model.sees(account, pool_id):
            self.returned("no pool", returned, 404)
        elif pool and not model.pools[pool_id].ips:
            self.returned("an empty pool", returned, 400)
        elif pool:
            self.returned("a link", returned, 200)
            domain.pool, domain.ips = pool_id, list(model.pools[pool_id].ips)
            model.forget({name})
        elif not self.own(account, address) or domain.pool is not None:
            self.returned("an IP that cannot be given", returned, 400)
        else:
            self.returned("an IP more", returned, 200)
            if address not in domain.ips:
                domain.ips.append(address)
                model.forget({name})

    def own(self, account: str | None, address: str) -> bool:
        ip = self.model.ips.get(address)
        return ip is not None and ip.dedicated and ip.account == account

    @rule(account=ACCOUNTS, which=PLACES, place=PLACES)
    def take_ip(self, account: str | None, which: int, place: int) -> None:
        model, name = self.model, self.domain(account, which)
        domain = model.domains.get(name)
        address = pick(domain.ips if domain else (), place, GHOST_IP)
        returned = self.account.ask("DELETE", f"/v3/domains/{name}/ips/{address}", account=account)
        if domain is None or domain.account != account:
            self.returned("no domain", returned, 404)
            return
        if domain.pool is not None:
            self.returned("a linked domain", returned, 400)
            return
        if address not in domain.ips:
            self.returned("no such IP", returned, 404)
            return
        left = [each for each in domain.ips if each != address]
        if model.eligible:
            others = [each for each, ip in model.ips.items() if not ip.dedicated and each != address]
            left = left or others[:1]
        elif left and all(model.ips[each].warming for each in left if model.ips[each].dedicated):
            warm = [each for each, ip in model.ips.items() if not ip.warming and model.may_join(account, each)]
            left += [each for each in warm if each != address][:1]
        if not left:
            self.returned("the last IP", returned, 400)
            return
        self.returned("an IP less", returned, 200)
        domain.ips = left
        model.forget({name})

    @rule(account=ACCOUNTS, which=PLACES, place=PLACES, by=st.sampled_from(["", "ip", "shared", "pool", "both"]))
    def unlink(self, account: str | None, which: int, place: int, by: str) -> None:
        model, name, other = self.model, self.domain(account, which), self.pool(account, place)
        address = "shared" if by == "shared" else self.free(account, place)
        sent = {"": [], "pool": [f"pool_id={other}"], "both": [f"pool_id={other}", f"ip={address}"]}
        query = "&".join(sent.get(by, [f"ip={address}"]))
        returned = self.account.ask("DELETE", f"/v3/domains/{name}/ips/ip_pool?{query}", account=account)
        domain = model.domains.get(name)
        if domain is None or domain.account != account:
            self.returned("no domain", returned, 404)
        elif by in ("", "both") or domain.pool is None:
            self.returned("no link, or nothing in its place", returned, 400)
        elif by == "pool" and not model.sees(account, other):
            self.returned("no other pool", returned, 404)
        elif (
            (by == "pool" and not model.pools[other].ips)
            or (by == "shared" and not model.eligible)
            or (by == "ip" and not model.may_join(account, address))
        ):
            self.returned("no pool to replace it", returned, 400)
        else:
            self.returned("a link less", returned, 200)
            if by == "pool":
                domain.pool, domain.ips = other, list(model.pools[other].ips)
            else:
                model.unlink(domain, address)
            model.forget({name})

    # The settings of a domain

    def not_found(self, returned: Response, account: str | None, name: str) -> bool:
        """Return whether a domain was rightly not found; else its settings are compared from now on."""
        domain = self.model.domains.get(name)
        if domain is not None and domain.account == account:
            self.changed.add(name)
            return False
        self.returned("no domain", returned, 404)
        return True

    @rule(account=ACCOUNTS, which=PLACES)
    def verify(self, account: str | None, which: int) -> None:
        name = self.domain(account, which)
        returned = self.account.ask("PUT", f"/v4/domains/{name}/verify", account=account)
        if not self.not_found(returned, account, name):
            self.model.promise("", verify=name)
            state = self.returned("a verification", returned, 200)["domain"]["state"]
            self.agree("the state", state, "active" if self.model.domains[name].verified else "unverified")

    @rule(account=ACCOUNTS, which=PLACES, kind=st.sampled_from(["open", "click"]), active=st.sampled_from("yn-?"))
    def track(self, account: str | None, which: int, kind: str, active: str) -> None:
        name = self.domain(account, which)
        form = {"y": [("active", "yes")], "n": [("active", "no")], "-": [], "?": [("active", "?")]}[active]
        path = f"/v3/domains/{name}/tracking/{kind}"
        returned = self.account.ask("PUT", path, form=form, account=account)
        if self.not_found(returned, account, name):
            return
        if active == "?":
            self.returned("no yes, and no no", returned, 400)
            return
        self.returned("tracking", returned, 200)
        tracked = self.model.domains[name].tracked
        if active == "y":
            tracked.add(kind)
        elif active == "n":
            tracked.discard(kind)

    @rule(account=ACCOUNTS, which=PLACES, login=st.sampled_from(["bob", "eve", "postmaster"]), new=st.booleans())
    def credential(self, account: str | None, which: int, login: str, new: bool) -> None:
        """Create or delete an SMTP credential."""
        name = self.domain(account, which)
        path = f"/v3/domains/{name}/credentials"
        returned = (
            self.account.ask("POST", path, form=[("login", login)], account=account)
            if new
            else self.account.ask("DELETE", f"{path}/{login}", account=account)
        )
        if self.not_found(returned, account, name):
            return
        logins = self.model.domains[name].logins
        if new == (login in logins) or login == "postmaster":
            missing = not new and login not in logins
            self.returned("a credential that cannot be made or deleted", returned, 404 if missing else 400)
            return
        self.returned("a credential", returned, 200)
        if new:
            logins.append(login)
        else:
            logins.remove(login)

    # Sending

    @rule(
        account=ACCOUNTS,
        which=PLACES,
        place=PLACES,
        kind=st.sampled_from(["", "", "pool", "ip"]),
        count=st.sampled_from([1, 20, ROOM, ROOM + 1]),
        test=st.booleans(),
    )
    def send(self, account: str | None, which: int, place: int, kind: str, count: int, test: bool) -> None:
        model, name = self.model, self.domain(account, which)
        named = self.pool(account, place) if kind == "pool" else pick(model.ips, place, GHOST_IP)
        form = [("from", "me@example.com"), ("text", "t"), ("to", ",".join(f"{n}@example.org" for n in range(count)))]
        form += [({"pool": "o:sending-ip-pool", "ip": "o:sending-ip"}[kind], named)] if kind else []
        form += [("o:testmode", "yes")] if test else []
        returned = self.account.ask("POST", f"/v3/{name}/messages", form=form, account=account)
        domain = model.domains.get(name)
        if domain is None or domain.account != account:
            self.returned("no domain", returned, 404)
            return
        if not domain.verified:
            self.returned("a domain that is not verified", returned, 400)
            return
        way = model.way(domain, kind, named, count)
        if way is None:
            self.returned("an IP or a pool that cannot be used", returned, 403)
            return
        message_id = self.returned("a message", returned, 200)["id"]
        message = self.account.outbox()[-1]
        self.agree("the message", (message["message_id"], message.get("account")), (message_id, account))
        self.agree("its pool", message.get("pool"), way[0])
        self.agree("its recipients", len(message["recipients"]), count)
        address = message.get("ip")
        if test:
            self.agree("a message that does not leave", (message["status"], address), ("test", None))
            return
        self.agree("its IP", address in (way[1] or [None]), True)
        if address is not None:
            hour = (address, model.now // HOUR)
            model.used = [*[each for each in model.used if each != address], address]
            model.sent_in_hour[hour] = model.sent_in_hour.get(hour, 0) + count

    @rule(seconds=st.sampled_from([DELAY / 2, DELAY, HOUR]))
    def wait(self, seconds: float) -> None:
        self.account.wait(seconds)
        self.model.now += seconds
        self.model.run_pending_jobs()

    # What is read

    @invariant()
    def pools_agree(self) -> None:
        for account in (None, *HEIRS):
            seen = self.model.visible(account)
            returned = self.account.ask("GET", "/v3/ip_pools", account=account)
            listed = self.returned("all pools", returned, 200)["ip_pools"]
            self.agree("which pools", sorted(pool["pool_id"] for pool in listed), sorted(seen))
            for found in listed:
                pool_id = found["pool_id"]
                pool = seen[pool_id]
                own = pool.account == account
                linked = [
                    {"id": domain.id, "name": name}
                    for name, domain in self.model.domains.items()
                    if domain.pool == pool_id and (own or domain.account == account)
                ]
                self.agree("a pool", (found["name"], found["ips"]), (pool.name, pool.ips))
                self.agree("whether it is inherited", found["is_inherited"], not own)
                self.agree("whether it is linked", found["is_linked"], bool(linked))
                returned = self.account.ask("GET", f"/v3/ip_pools/{pool_id}", account=account)
                details = self.returned("a pool", returned, 200)["details"]
                self.agree("a pool", (details["name"], details["ips"]), (pool.name, pool.ips))
                self.agree("its domains", sorted(details["linked_domains"]), sorted(each["name"] for each in linked))
                self.agree(
                    "its domains' pages", self.pages(pool_id, account), sorted(linked, key=lambda each: each["id"])
                )

    def pages(self, pool_id: str, account: str | None) -> list[Any]:
        found: list[Any] = []
        path = f"/v3/ip_pools/{pool_id}/domains"
        while True:
            page = self.returned("a page", self.account.ask("GET", path, account=account), 200)
            if not page["domains"]:
                return found
            found += page["domains"]
            path = page["paging"]["next"].partition("/mailgun")[2]

    @invariant()
    def domains_and_ips_agree(self) -> None:
        model = self.model
        for name, domain in model.domains.items():
            returned = self.account.ask("GET", f"/v3/domains/{name}/ips", account=domain.account)
            found = self.returned("a domain's IPs", returned, 200)
            self.agree(f"the IPs of {name}", found, {"items": domain.ips, "total_count": len(domain.ips)})
        for name in self.changed:
            self.settings_agree(name, model.domains[name])
        for account in (None, *HEIRS):
            found = self.returned("IPs", self.account.ask("GET", "/v3/ips", account=account), 200)
            own = sorted(address for address, ip in model.ips.items() if ip.account == account)
            used = {address for domain in model.domains.values() if domain.account == account for address in domain.ips}
            self.agree("IPs", sorted(found["items"]), sorted({*own, *used}))
            free = [address for address in own if model.may_join(account, address)]
            self.agree("those that are free", sorted(found["assignable_to_pools"]), free)
        returned = self.account.ask("GET", "/v5/accounts/subaccounts/ip_pools/all")
        pairs = {(each["subaccount_id"], each["pool_id"]) for each in self.returned("heirs", returned, 200)["items"]}
        self.agree("heirs", pairs, {(heir, each) for each, pool in model.pools.items() for heir in pool.heirs})

    def settings_agree(self, name: str, domain: Domain) -> None:
        read = functools.partial(self.account.ask, "GET", account=domain.account)
        found = self.returned("a domain", read(f"/v4/domains/{name}"), 200)["domain"]
        self.agree("its state", found["state"], "active" if domain.verified else "unverified")
        found = self.returned("its tracking", read(f"/v3/domains/{name}/tracking"), 200)["tracking"]
        self.agree("what is tracked", {kind for kind in ("open", "click") if found[kind]["active"]}, domain.tracked)
        found = self.returned("its logins", read(f"/v3/domains/{name}/credentials"), 200)["items"]
        self.agree("its logins", [each["login"] for each in found], [f"{each}@{name}" for each in domain.logins])


def owned_by(account: str | None) -> dict[str, str]:
    return {"account": account} if account is not None else {}


@pytest.mark.evidence("models", "mailgun")
def test_mailgun_is_as_its_model() -> None:
    """Whatever is asked of Mailgun, by whomever and whenever, it returns what the model does."""
    holds(Mailgun, everyday=10)


MISTAKES: dict[str, tuple[Callable[..., Any], str, str]] = {
    "the heir of a pool can change it": (pools.get_owned_pool, "pool.account != account", "False"),
    "an IP is in two pools": (ips.get_poolable_ip, "pool is not None and", "False and"),
    "a linked pool loses its last IP": (pools.remove_ip, "len(pool.ips) == 1", "False"),
    "an IP is added to a linked domain": (domain_ips.assign_ip, "domain.pool_id is not None", "False"),
    "a revoked pool stays linked": (jobs._relinked, "(job.revoke_from is not None and loses)", "False"),
    "half of the IPs are judged": (pools.add_ips, "    for address in ips:", "    for address in ips[:1]:"),
    "a pool with IPs goes without a replacement": (pools.delete_pool, "elif pool.ips:", "elif False:"),
    "the domains of a replaced pool stay": (jobs._relinked, "job.relink_to is not None and loses", "False"),
    "an edit changes nothing": (pools.edit_pool, "changed == pool and not link and not unlink", "False"),
    "the work is done at once": (jobs.new_job, "tx.now + delay", "tx.now"),
    "an heir sees a change at once": (jobs.keep_views, "subaccount.inherited is None", "False"),
    "an heir never sees a change": (jobs.update_view, "subaccount.inherited is None", "True"),
    "an IP of a domain is in no list": (ips.list_account_ips, "or ip.ip in used", ""),
    "a domain is never verified": (jobs._affected_domains, 'domain.state == "unverified"', "False"),
    "a domain is verified too early": (domains.verify_domain, "tx.state, tx.now", "tx.state, 1e12"),
    "settings are not kept": (domains.change_settings, "replace(domain, **settings)", "domain"),
    "a deleted login stays": (credentials.delete_credential, "del tx.state.smtp_credentials[name]", "pass"),
    "heirs are forgotten with their pool": (pools.delete_pool, "[*other.delegated_to, *pool.delegated_to]", "()"),
    "a domain that is not verified sends": (sending._check_allowed, 'domain.state == "unverified"', "False"),
    "any pool of another account can be named": (sending._belongs, "record.account == domain.account or", "True or"),
    "a warm-up has no limit": (sending._is_free, "not ip.is_warming(tx.now)", "True"),
    "a linked pool is ignored": (sending._choose, "domain.pool_id is None", "True"),
    "test mode counts for an IP": (sending._send, "ip=None if options.is_test else way.ip", "ip=way.ip"),
    "IPs do not take turns": (sending._way, "tx.state.outbox.next_ip(addresses)", "addresses[0]"),
    "who was revoked still counts as delegated": (delegation._remove_delegation, "!= subaccount_id", "is not None"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", chosen(MISTAKES))
def test_the_model_catches(name: str) -> None:
    """A server with this mistake disagrees with the model of Mailgun."""
    with mistaken(*MISTAKES[name]):
        assert catches(Mailgun)
