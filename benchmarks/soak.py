"""Memory under a long load: many mixed requests of many tenants, each created and deleted, in one process.

    python benchmarks/soak.py [--calls 200000] [--tenants 2000]

Prints the resident size as it goes. The exit code is 1 if it grows by more than 5 % after a warm-up of a fifth of the
requests.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from werkzeug.test import Client

from mockserver import create_app

ALLOWED = 1.05
STEPS = 10


def resident() -> int:
    """Return the resident size of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def send(client: Client, chance: random.Random, tenant: dict[str, dict[str, dict[str, str]]]) -> None:
    """Send one request to any provider, that succeeds or fails."""
    name = chance.choice(["sparkpost", "sendgrid", "mailgun"])
    headers = tenant[name]["headers"]
    number = chance.randrange(30)
    match name, chance.randrange(5):
        case "sparkpost", 0:
            client.post("/sparkpost/api/v1/ip-pools", json={"name": f"pool {number}"}, headers=headers)
        case "sparkpost", 1:
            client.delete(f"/sparkpost/api/v1/ip-pools/pool_{number}", headers=headers)
        case "sparkpost", 2:
            body = {"ip_pool": f"pool_{number}"}
            client.put("/sparkpost/api/v1/sending-ips/54.244.54.135", json=body, headers=headers)
        case "sparkpost", _:
            client.get("/sparkpost/api/v1/ip-pools", headers=headers)
        case "sendgrid", 0:
            client.post("/sendgrid/v3/ips/pools", json={"name": f"pool {number}"}, headers=headers)
        case "sendgrid", 1:
            client.delete(f"/sendgrid/v3/ips/pools/pool%20{number}", headers=headers)
        case "sendgrid", 2:
            body = {"ip": f"203.0.113.{number + 1}"}
            client.post("/sendgrid/v3/ips/pools/spare/ips", json=body, headers=headers)
        case "sendgrid", _:
            client.get("/sendgrid/v3/send_ips/pools?limit=3", headers=headers)
        case "mailgun", 0:
            client.post("/mailgun/v3/ip_pools", data={"name": "n", "description": "d"}, headers=headers)
        case "mailgun", 1:
            client.put("/mailgun/v3/ip_pools/658041ae44842b99ee2eaa1d/ips/192.0.2.11", headers=headers)
        case "mailgun", 2:
            client.delete("/mailgun/v3/ip_pools/658041ae44842b99ee2eaa1d/ips/192.0.2.11", headers=headers)
        case "mailgun", _:
            client.get("/mailgun/v3/ip_pools", headers=headers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--tenants", type=int, default=2_000)
    options = parser.parse_args()
    client = Client(create_app(), use_cookies=False)
    chance = random.Random(1)
    each = max(1, options.calls // options.tenants)
    warm, highest, began = 0, 0, time.monotonic()
    for number in range(options.tenants):
        made = client.post("/_mockserver/tenants", json={}).json
        for _ in range(each):
            send(client, chance, made["providers"])
        client.delete(f"/_mockserver/tenants/{made['id']}")
        if (number + 1) % max(1, options.tenants // STEPS) == 0:
            size = resident()
            print(
                f"{(number + 1) * each:>8} requests, {size / 2**20:.1f} MiB, {time.monotonic() - began:.0f} s",
                flush=True,
            )
            if number + 1 >= options.tenants // 5:
                warm, highest = warm or size, max(highest, size)
    print(f"after warm-up: {warm / 2**20:.1f} MiB, at most {highest / warm:.3f} of it")
    sys.exit(highest > warm * ALLOWED)


if __name__ == "__main__":
    main()
