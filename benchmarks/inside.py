"""What is measured in a process of its own, without load on a socket. Prints JSON.

python benchmarks/inside.py requests|installed|server|tenant|reset|read|written|linear|replicas [--size N]
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
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask

from mockserver import Config, Server, create_app, run_server
from mockserver.testing.control_client import ControlClient
from mockserver.testing.in_process import URL, send
from mockserver.web.server_state import server_state


def requests(rounds: int) -> dict[str, Any]:
    """Measure requests in process beside bare Flask."""
    import wsgi

    return wsgi.measure(rounds)


def installed(rounds: int) -> dict[str, Any]:
    """Measure the package right after an installation."""
    from installed import measure

    return measure(rounds)


def replicas(tenths: int) -> dict[str, Any]:
    """Measure processes that share a Redis; each load takes so many tenths of a second."""
    from replicas import measure

    return measure(tenths / 10)


def once(action: Callable[[], object]) -> float:
    """Return how long an action takes, in milliseconds."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1_000


def middle(action: Callable[[], object], rounds: int) -> float:
    """Return the median of how long an action takes, in milliseconds."""
    return statistics.median(once(action) for _ in range(rounds))


def server(rounds: int) -> dict[str, float]:
    """Measure the start and the stop of a server in a process that has had one, in milliseconds."""
    starts, stops = [], []
    for _ in range(rounds + 1):
        with contextlib.ExitStack() as stack:
            starts.append(once(lambda stack=stack: stack.enter_context(run_server())))  # type: ignore[misc]
            stops.append(once(stack.close))
    return {"start": statistics.median(starts[1:]), "stop": statistics.median(stops[1:])}


def tenant(rounds: int) -> dict[str, float]:
    """Measure the creation and the deletion of a tenant, in this process and over HTTP, in milliseconds."""
    found = {}
    with run_server() as server:
        for way, remote in {"in process": server.client, "over HTTP": ControlClient(server.url)}.items():
            tenants = Server(remote)
            tenants.create_tenant().close()
            found[way] = middle(lambda tenants=tenants: tenants.create_tenant().close(), rounds)  # type: ignore[misc]
    return found


def seed(pools: int, ips: int, domains: int = 0) -> dict[str, Any]:
    """Return a seed with pools of IPs for each provider, and with domains that use Mailgun's first pool."""
    names = [f"pool {number}" for number in range(pools)]
    keys = [f"{number:024x}" for number in range(1, pools + 1)]
    address = [[f"10.{1 + pool // 250}.{pool % 250}.{ip}" for ip in range(ips)] for pool in range(pools)]
    every = [ip for each in address for ip in each]
    return {
        "name": "large",
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


def large(pools: int, ips: int, domains: int = 0, **settings: Any) -> Flask:
    """Return an application with such a seed."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(seed(pools, ips, domains), file)
        file.flush()
        return create_app(Config(seed=file.name, **settings))


def headers(provider: str, number: int = 0) -> list[tuple[str, str]]:
    """Return the headers of a request of the tenant with this number."""
    match provider:
        case "sendgrid":
            value = f"Bearer SG.{number:022}.{number:043}"
        case "sparkpost":
            value = f"{number:040x}"
        case _:
            value = "Basic " + base64.b64encode(f"api:key-{number:032x}".encode()).decode()
    return [("Authorization", value)]


def call(app: Flask, provider: str, number: int, method: str, path: str, body: Any = None) -> Any:
    """Make a request of a tenant; return the JSON of its response."""
    sent = headers(provider, number)
    data = b"" if body is None else json.dumps(body).encode()
    if data:
        sent.append(("Content-Type", "application/json"))
    response = send(app, method, f"{URL}/{provider}{path}", sent, data)
    if response.status != 200:
        raise RuntimeError(f"{method} {path}: {response.status} {response.body[:200]!r}")
    return json.loads(response.body)


def rename(app: Flask, number: int) -> None:
    """Change one pool of a tenant."""
    call(app, "sendgrid", number, "PUT", "/v3/ips/pools/pool%200", {"name": "renamed"})


def reset(rounds: int) -> dict[str, float]:
    """Measure the reset of a tenant of several sizes, in microseconds."""
    app, found = create_app(), {}

    def measure(name: str, app: Flask, prepare: Callable[[], object], rounds: int) -> None:
        times = []
        for _ in range(rounds):
            prepare()
            times.append(once(only(app).reset) * 1_000)
        found[name] = statistics.median(times)

    def only(app: Flask) -> Any:
        store = server_state(app).store
        (tenant,) = store.overview()
        return store.get(tenant.id)

    def small() -> None:
        call(app, "sendgrid", 0, "PUT", "/v3/ips/pools/spare", {"name": "renamed"})

    measure("default seed, one pool changed", app, small, rounds)
    side = _side(rounds, 100)
    big = large(side, side)
    measure(f"{side} pools × {side} IPs, one pool changed", big, lambda: rename(big, 0), rounds)
    section = seed(side, side)["sendgrid"]

    def change_all() -> None:
        rename(big, 0)
        state = server_state(big).providers["sendgrid"].seed_schema.read(section).state
        only(big).update(lambda kept: kept.states.update(sendgrid=state))

    measure(f"{side} pools × {side} IPs, all of them changed", big, change_all, rounds // 10 + 1)

    def request_many() -> None:
        for _ in range(1_000):
            call(app, "sendgrid", 0, "GET", "/v3/ips/pools")

    measure("1,000 requests in its request log", app, request_many, rounds // 20 + 1)
    return found


def _side(size: int, full: int) -> int:
    """Return how many pools, and IPs in each, a large seed has; that of a quick run is smaller."""
    return 100 if size >= full else 10


def resident() -> int:
    """Return the resident size of this process, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def many(size: int, act: Callable[[Flask, int], object], **settings: Any) -> dict[str, float]:
    """Measure the memory of tenants that made one request each, with a seed of 100 pools × 100 IPs; in MB."""
    side = _side(size, 10_000)
    app = large(side, side, **settings)
    state = server_state(app)
    for number in range(size, size + 10):
        act(app, number)
    state.store.reset()
    before = resident()
    for number in range(size):
        act(app, number)
    grown = resident() - before
    tenants = state.store.overview()
    logs = (state.store.get(each.id).request_log for each in tenants)  # type: ignore[union-attr]
    return {
        "tenants": len(tenants),
        "MB": grown / 1e6,
        "with provider state": sum(1 for each in tenants if each.written),
        "request logs, MB": sum(record.weight for log in logs for record in log) / 1e6,
        "limit, MB": state.config.request_log_max_bytes / 1e6,
    }


def read(size: int) -> dict[str, float]:
    """Measure tenants that only read."""
    return many(size, lambda app, number: call(app, "sendgrid", number, "GET", "/v3/ips/pools"))


def written(size: int) -> dict[str, float]:
    """Measure tenants that changed one pool each."""
    return many(size, rename)


def written_without_logs(size: int) -> dict[str, float]:
    """Measure the same without their request logs."""
    return many(size, rename, request_log_max_bytes=1)


def linear(size: int) -> dict[str, dict[str, float]]:
    """Measure lists and walks through all pages at growing sizes, in milliseconds, and their growth.

    An exponent of 1 is linear; it is that of the last doubling.
    """
    actions: dict[str, dict[int, Callable[[], object]]] = {}
    for number in (size // 4, size // 2, size):
        lists, pages = large(number, number), large(number, 100, number * 20)
        for provider, path in LISTS.items():
            act = functools.partial(send, lists, "GET", f"{URL}/{provider}{path}", headers(provider), b"")
            actions.setdefault(f"{provider}: list, n pools × n IPs", {})[number] = act
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


def sendgrid_pages(app: Flask, limit: int) -> None:
    """Walk through all pages of pools in SendGrid's IP Address Management."""
    after = "0"
    while after is not None:
        page = call(app, "sendgrid", 0, "GET", f"/v3/send_ips/pools?limit={limit}&after_key={after}")
        after = page["_metadata"]["next_params"]["after_key"]


def mailgun_pages(app: Flask, limit: int) -> None:
    """Walk through the domains of a pool of Mailgun, until a page is empty."""
    page = call(app, "mailgun", 0, "GET", f"/v3/ip_pools/{1:024x}/domains?limit={limit}")
    while page["domains"]:
        page = call(app, "mailgun", 0, "GET", page["paging"]["next"].partition("/mailgun")[2])


class Measure(NamedTuple):
    """A function, its size, that of a quick run, and the number of processes that measure it."""

    function: Callable[[int], Any]
    size: int
    quick: int
    processes: int = 1


ALL = {
    "requests": Measure(requests, 40, 10, processes=5),
    "installed": Measure(installed, 5, 1),
    "server": Measure(server, 50, 3),
    "tenant": Measure(tenant, 500, 20),
    "reset": Measure(reset, 200, 5),
    "read": Measure(read, 10_000, 50),
    "written": Measure(written, 10_000, 50),
    "written without request logs": Measure(written_without_logs, 10_000, 50),
    "linear": Measure(linear, 100, 12),
    "replicas": Measure(replicas, 20, 2, processes=3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=ALL)
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    measure = ALL[options.what]
    print(json.dumps(measure.function(options.size or measure.size)))


if __name__ == "__main__":
    main()
