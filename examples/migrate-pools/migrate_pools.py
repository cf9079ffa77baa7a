"""Move IP pools from SendGrid to Mailgun.

IP addresses do not move between vendors. A mapping file says which dedicated IP of the Mailgun account takes the place
of which IP at SendGrid: {"203.0.113.1": "192.0.2.10", ...}. The script may be stopped at any time and run again: it
looks at what is there and does the rest. Its journal keeps which pool it has made of which.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mailgun.client import Client
from mailgun.config import RetryPolicy
from mailgun.handlers.error_handler import ApiError
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

PAGE = 50
"""How many pools of SendGrid are asked for at once; 100 is the most it gives."""
ATTEMPTS = 5
"""How often a call is tried before the script gives up."""
TIMEOUT = 30.0
"""How long an answer may take, in seconds."""
DESCRIPTION = "Moved here from SendGrid"
"""Mailgun wants one; SendGrid has none."""


class Refused(Exception):
    """A vendor said no, in these words."""


class TryAgain(Exception):
    """A request was rate limited, or its response was lost."""

    def __init__(self, reason: str, reset: float | None = None) -> None:
        super().__init__(reason)
        self.reset = reset
        """When a limit is lifted, in seconds since the epoch. None: the connection was lost, or the vendor failed."""


def failure(vendor: str, status: int, headers: Mapping[str, str], words: str) -> Exception:
    """Return what an answer that is no success means."""
    reason = f"{vendor} answered {status}: {words.strip()}"
    if status == 429:
        return TryAgain(reason, float(headers.get("X-RateLimit-Reset", 0)))
    return TryAgain(reason) if status >= 500 else Refused(reason)


def ask_sendgrid(call: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return call(**arguments).to_dict
    except HTTPError as error:
        raise failure("SendGrid", error.status_code, error.headers, error.body.decode()) from None
    except (OSError, HTTPException, json.JSONDecodeError) as error:
        raise TryAgain(f"no answer from SendGrid: {error}") from error


def ask_mailgun(call: Callable[..., Any], **arguments: Any) -> Any:
    try:
        answer = call(**arguments)
        if answer.ok:
            return answer.json()
    except (ApiError, json.JSONDecodeError) as error:
        raise TryAgain(f"no answer from Mailgun: {error}") from error
    raise failure("Mailgun", answer.status_code, answer.headers, answer.text)


@dataclass
class Migration:
    """One run of the script."""

    sendgrid: SendGridAPIClient
    mailgun: Client
    ips: Mapping[str, str]
    journal: Path
    dry_run: bool
    sleep: Callable[[float], object]
    now: Callable[[], float]
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the journal keeps: for a pool of SendGrid the id of the one at Mailgun, and whether that is complete."""
    there: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The pools of Mailgun by id, as last seen."""
    problems: list[str] = field(default_factory=list)

    def run(self) -> None:
        if self.journal.exists():
            self.made = json.loads(self.journal.read_text("utf-8"))
        self.look()
        for pool in list(self.sendgrid_pools()):
            try:
                self.move(pool)
            except Refused as error:
                self.problems.append(f"{pool['name']}: {error}")

    def move(self, pool: Mapping[str, Any]) -> None:
        """Make a pool at Mailgun, or complete it."""
        name = pool["name"]
        made = self.made.get(name, {"pool_id": self.find(name), "complete": False})
        if made["complete"]:
            return
        pool_id = made["pool_id"] or self.create(name)
        self.note(name, pool_id, complete=False)
        complete = True
        for ip in self.members(pool):
            new = self.ips.get(ip)
            if new is not None and self.holds(pool_id, new):
                continue
            try:
                if new is None:
                    raise Refused(f"the mapping has no IP for {ip}")
                self.add(name, pool_id, new)
            except Refused as error:
                self.problems.append(f"{name}: {error}")
                complete = False
        self.note(name, pool_id, complete=complete)

    def note(self, name: str, pool_id: str, *, complete: bool) -> None:
        """Write the journal, all of it or nothing: a crash leaves no half."""
        self.made[name] = {"pool_id": pool_id, "complete": complete}
        if not self.dry_run:
            new = self.journal.with_name(self.journal.name + ".new")
            new.write_text(json.dumps(self.made, indent=2), "utf-8")
            new.replace(self.journal)

    # SendGrid

    def sendgrid_pools(self) -> Iterator[dict[str, Any]]:
        """Yield all pools, page by page."""
        pools = self.sendgrid.client.send_ips.pools
        query = {"limit": PAGE, "after_key": 0}
        while query["after_key"] is not None:
            page = self.patiently(lambda: ask_sendgrid(pools.get, query_params=query))
            yield from page["result"]
            query["after_key"] = page["_metadata"]["next_params"]["after_key"]

    def members(self, pool: Mapping[str, Any]) -> list[str]:
        """Return the IPs of a pool. The list of pools shows ten of them at most."""
        ips: list[str] = pool["ips_preview"]
        if pool["total_ip_count"] > len(ips):
            whole = self.sendgrid.client.ips.pools._(quote(pool["name"], safe=""))  # the client escapes nothing
            ips = self.patiently(lambda: ask_sendgrid(whole.get))["ips"]
        return ips

    # Mailgun

    def look(self) -> None:
        """See which pools there are."""
        pools = self.patiently(lambda: ask_mailgun(self.mailgun.ippools.get))["ip_pools"]
        self.there = {pool["pool_id"]: pool for pool in pools}

    def find(self, name: str) -> str | None:
        return next((pool_id for pool_id, pool in self.there.items() if pool["name"] == name), None)

    def holds(self, pool_id: str, ip: str) -> bool:
        return pool_id in self.there and ip in self.there[pool_id]["ips"]

    def create(self, name: str) -> str:
        print(f"{name}: create the pool")
        data = {"name": name, "description": DESCRIPTION}
        call = self.mailgun.ippools.create
        return self.change(lambda: ask_mailgun(call, data=data)["pool_id"], lambda: self.find(name)) or ""

    def add(self, name: str, pool_id: str, ip: str) -> None:
        print(f"{name}: add {ip}")
        call = self.mailgun.ippools.put
        self.change(lambda: ask_mailgun(call, pool_id=pool_id, ip=ip), lambda: self.holds(pool_id, ip))

    def change(self, call: Callable[[], Any], done: Callable[[], Any]) -> Any:
        return None if self.dry_run else self.patiently(call, done)

    def patiently(self, call: Callable[[], Any], done: Callable[[], Any] | None = None) -> Any:
        """Call until there is an answer. If a change may have been made unheard, look whether it is `done` first."""
        found, attempt = None, 1
        while True:
            try:
                return found or call()
            except TryAgain as reason:
                if attempt == ATTEMPTS:
                    raise
                self.sleep(2**attempt if reason.reset is None else max(reason.reset - self.now(), 1))
                if done is not None and reason.reset is None:
                    self.look()
                    found = done()
                attempt += 1


def main(
    arguments: list[str] | None = None,
    *,
    sleep: Callable[[float], object] = time.sleep,
    now: Callable[[], float] = time.time,
) -> int:
    parser = argparse.ArgumentParser(description="Move IP pools from SendGrid to Mailgun.")
    parser.add_argument("--map", type=Path, required=True, help="JSON: which IP of Mailgun replaces which of SendGrid")
    parser.add_argument("--journal", type=Path, required=True, help="where the script notes how far it is")
    parser.add_argument("--dry-run", action="store_true", help="say what there is to do, and change nothing")
    options = parser.parse_args(arguments)
    for name in ("SENDGRID_API_KEY", "MAILGUN_API_KEY"):
        if name not in os.environ:
            parser.error(f"{name} is not set")
    sendgrid = SendGridAPIClient(
        os.environ["SENDGRID_API_KEY"], host=os.environ.get("SENDGRID_BASE_URL", "https://api.sendgrid.com")
    )
    sendgrid.client.timeout = TIMEOUT
    with Client(
        timeout=TIMEOUT,
        auth=("api", os.environ["MAILGUN_API_KEY"]),
        api_url=os.environ.get("MAILGUN_BASE_URL", "https://api.mailgun.net"),
        retry_policy=RetryPolicy(max_retries=0),  # its own retries would repeat a change without looking
    ) as mailgun:
        ips = json.loads(options.map.read_text("utf-8"))
        migration = Migration(sendgrid, mailgun, ips, options.journal, options.dry_run, sleep, now)
        try:
            migration.run()
        except (Refused, TryAgain) as error:
            migration.problems.append(f"stopped; the next run goes on from here: {error}")
    for problem in migration.problems:
        print(problem, file=sys.stderr)
    return 1 if migration.problems else 0


if __name__ == "__main__":
    sys.exit(main())
