"""What is measured inside a process, without a socket or beside it. Prints JSON.

python benchmarks/inside.py plugin|tenant|reset|read|written|linear [--size N]
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import gc
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockserver import Config, Sandboxes, create_app, serving
from mockserver.app import Mockserver
from mockserver.inprocess import URL, ask
from mockserver.remote import Remote

IMPORT = """
import json, time
import pytest
start = time.perf_counter()
import mockserver.pytest_plugin
print(json.dumps(time.perf_counter() - start))
"""


def once(action: Callable[[], object]) -> float:
    """Return how long an action takes, in milliseconds."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1_000


def middle(action: Callable[[], object], rounds: int) -> float:
    """Return the median of how long an action takes, in milliseconds."""
    return statistics.median(once(action) for _ in range(rounds))


def plugin(rounds: int) -> dict[str, float]:
    """Measure what a run of pytest pays: the plugin's import, a server's start and stop, in milliseconds."""
    imports = [
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True) for _ in range(min(rounds, 5))
    ]
    starts, stops = [], []
    for _ in range(rounds + 1):
        with contextlib.ExitStack() as stack:
            starts.append(once(lambda stack=stack: stack.enter_context(serving())))  # type: ignore[misc]
            stops.append(once(stack.close))
    return {
        "import": statistics.median(json.loads(done.stdout) for done in imports) * 1_000,
        "first start": starts[0],
        "start": statistics.median(starts[1:]),
        "stop": statistics.median(stops[1:]),
    }


def tenant(rounds: int) -> dict[str, float]:
    """Measure opening and dropping a tenant, in this process and over HTTP, in milliseconds."""
    found = {}
    with serving() as server:
        for way, remote in {"in process": server.remote, "over HTTP": Remote(server.url)}.items():
            sandboxes = Sandboxes(remote)
            sandboxes.sandbox().close()
            found[way] = middle(lambda sandboxes=sandboxes: sandboxes.sandbox().close(), rounds)  # type: ignore[misc]
    return found


def world(pools: int, ips: int, domains: int = 0) -> dict[str, Any]:
    """Return a world with pools of IPs in each provider, and with domains that use the first pool of Mailgun's."""
    names = [f"pool {number}" for number in range(pools)]
    keys = [f"{number:024x}" for number in range(1, pools + 1)]
    address = [[f"10.{1 + pool // 250}.{pool % 250}.{ip}" for ip in range(ips)] for pool in range(pools)]
    every = [ip for each in address for ip in each]
    return {
        "world": "large",
        "sendgrid": {
            "ips": [{"ip": ip, "rdns": f"o{number}.example.com"} for number, ip in enumerate(every)],
            "pools": [{"id": str(n + 1), "name": name, "ips": address[n]} for n, name in enumerate(names)],
        },
        "sparkpost": {
            "ip_pools": [{"id": f"pool_{n}", "name": name} for n, name in enumerate(names)],
            "sending_ips": [
                {"external_ip": ip, "hostname": f"mta{n}-{ip}.example.com", "ip_pool": f"pool_{n}"}
                for n, each in enumerate(address)
                for ip in each
            ],
        },
        "mailgun": {
            "features": ["DIPPs"],
            "ips": [{"ip": ip} for ip in every],
            "ip_pools": [
                {"pool_id": key, "name": names[n], "description": "", "ips": address[n]} for n, key in enumerate(keys)
            ],
            "domains": [
                {"id": f"{n + 1:024x}", "name": f"d{n}.example.com", "pool_id": keys[0]} for n in range(domains)
            ],
        },
    }


def large(pools: int, ips: int, domains: int = 0, **settings: Any) -> Mockserver:
    """Return an application over such a world."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(world(pools, ips, domains), file)
        file.flush()
        return create_app(Config(seed=file.name, **settings))


def headers(provider: str, number: int = 0) -> list[tuple[str, str]]:
    """Return what makes a request that of a tenant of its own."""
    match provider:
        case "sendgrid":
            value = f"Bearer SG.{number:022}.{number:043}"
        case "sparkpost":
            value = f"{number:040x}"
        case _:
            value = "Basic " + base64.b64encode(f"api:key-{number:032x}".encode()).decode()
    return [("Authorization", value)]


def call(app: Mockserver, provider: str, number: int, method: str, path: str, body: Any = None) -> Any:
    """Make a request as a tenant's, and return what the answer says."""
    sent = headers(provider, number)
    data = b"" if body is None else json.dumps(body).encode()
    if data:
        sent.append(("Content-Type", "application/json"))
    answer = ask(app, method, f"{URL}/{provider}{path}", sent, data)
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
    return json.loads(answer.body)


def rename(app: Mockserver, number: int) -> None:
    """Change one pool of a tenant's."""
    call(app, "sendgrid", number, "PUT", "/v3/ips/pools/pool%200", {"name": "renamed"})


def reset(rounds: int) -> dict[str, float]:
    """Measure the reset of a tenant of several sizes, in microseconds."""
    app, found = create_app(), {}

    def measure(name: str, app: Mockserver, prepare: Callable[[], object], rounds: int) -> None:
        times = []
        for _ in range(rounds):
            prepare()
            times.append(once(only(app).reset) * 1_000)
        found[name] = statistics.median(times)

    def only(app: Mockserver) -> Any:
        store = app.store
        (tenant,) = store.overview()
        return store.get(tenant.id)

    def small() -> None:
        call(app, "sendgrid", 0, "PUT", "/v3/ips/pools/spare", {"name": "renamed"})

    measure("the default world, one pool changed", app, small, rounds)
    side = _side(rounds, 100)
    big = large(side, side)
    measure(f"{side} pools × {side} IPs, one pool changed", big, lambda: rename(big, 0), rounds)
    section = world(side, side)["sendgrid"]

    def all_its_own() -> None:
        rename(big, 0)
        state = app.providers["sendgrid"].read_seed(section).state
        only(big).update(lambda kept: kept.states.update(sendgrid=state))

    measure(f"{side} pools × {side} IPs, all of them its own", big, all_its_own, rounds // 10 + 1)

    def asked() -> None:
        for _ in range(1_000):
            call(app, "sendgrid", 0, "GET", "/v3/ips/pools")

    measure("1,000 requests in its journal", app, asked, rounds // 20 + 1)
    return found


def _side(size: int, full: int) -> int:
    """Return how many pools, and IPs in each, a large world has; a try at a small size has a smaller one."""
    return 100 if size >= full else 10


def resident() -> int:
    """Return the resident size of this process, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def many(size: int, act: Callable[[Mockserver, int], object], **settings: Any) -> dict[str, float]:
    """Measure what tenants keep that each made one request, over a seed of 100 pools × 100 IPs; in MB of 10⁶ bytes."""
    side = _side(size, 10_000)
    app = large(side, side, **settings)
    for number in range(size, size + 10):
        act(app, number)
    app.store.reset()
    before = resident()
    for number in range(size):
        act(app, number)
    grown = resident() - before
    tenants = app.store.overview()
    journals = (app.store.get(each.id).journal for each in tenants)
    return {
        "tenants": len(tenants),
        "MB": grown / 1e6,
        "with provider state": sum(1 for each in tenants if each.written),
        "journals, MB": sum(record.weight for journal in journals for record in journal) / 1e6,
        "room, MB": app.config.journal_room / 1e6,
    }


def read(size: int) -> dict[str, float]:
    """Measure tenants that only read."""
    return many(size, lambda app, number: call(app, "sendgrid", number, "GET", "/v3/ips/pools"))


def written(size: int) -> dict[str, float]:
    """Measure tenants that changed one pool each."""
    return many(size, rename)


def written_without_journals(size: int) -> dict[str, float]:
    """Measure the same without their journals."""
    return many(size, rename, journal_room=1)


def linear(size: int) -> dict[str, dict[str, float]]:
    """Measure lists and walks through pages at growing sizes, in milliseconds; and how they grow with what is in them.

    An exponent of 1 is linear; it is that of the last doubling.
    """
    actions: dict[str, dict[int, Callable[[], object]]] = {}
    for number in (size // 4, size // 2, size):
        lists, pages = large(number, number), large(number, 100, number * 20)
        for provider, path in LISTS.items():
            asked = functools.partial(ask, lists, "GET", f"{URL}/{provider}{path}", headers(provider), b"")
            actions.setdefault(f"{provider}: list, n pools × n IPs", {})[number] = asked
        for limit in (1, 100):
            name = f"sendgrid: all pages of {limit}, n pools × 100 IPs"
            actions.setdefault(name, {})[number] = functools.partial(sendgrid_pages, pages, limit)
        for limit in (10, 500):
            name = f"mailgun: all pages of {limit}, 20 × n domains"
            actions.setdefault(name, {})[number] = functools.partial(mailgun_pages, pages, limit)
    found: dict[str, dict[str, float]] = {}
    for name, by_size in actions.items():
        costs = dict.fromkeys(by_size, math.inf)
        for _ in range(10):
            for number, act in by_size.items():
                costs[number] = min(costs[number], once(act))
        growth = math.log(costs[size] / costs[size // 2], 4 if "n IPs" in name else 2)
        found[name] = {**{str(number): cost for number, cost in costs.items()}, "exponent": growth}
    return found


LISTS = {"sparkpost": "/api/v1/ip-pools", "sendgrid": "/v3/send_ips/pools", "mailgun": "/v3/ip_pools"}
"""Where each provider lists all pools with their IPs."""


def sendgrid_pages(app: Mockserver, limit: int) -> None:
    """Walk through the pools of SendGrid's IP Address Management."""
    after = "0"
    while after is not None:
        answer = call(app, "sendgrid", 0, "GET", f"/v3/send_ips/pools?limit={limit}&after_key={after}")
        after = answer["_metadata"]["next_params"]["after_key"]


def mailgun_pages(app: Mockserver, limit: int) -> None:
    """Walk through the domains of a pool of Mailgun's, until a page is empty."""
    answer = call(app, "mailgun", 0, "GET", f"/v3/ip_pools/{1:024x}/domains?limit={limit}")
    while answer["domains"]:
        answer = call(app, "mailgun", 0, "GET", answer["paging"]["next"].partition("/mailgun")[2])


ALL: dict[str, tuple[Callable[[int], Any], int, int]] = {
    "plugin": (plugin, 50, 3),
    "tenant": (tenant, 500, 20),
    "reset": (reset, 200, 5),
    "read": (read, 10_000, 50),
    "written": (written, 10_000, 50),
    "written without journals": (written_without_journals, 10_000, 50),
    "linear": (linear, 100, 12),
}
"""By name: what measures it, its size, and a small one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=ALL)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    measure, size, _ = ALL[options.what]
    print(json.dumps(measure(options.size or size)))


if __name__ == "__main__":
    main()
