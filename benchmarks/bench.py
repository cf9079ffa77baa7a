"""Measure every claim about speed and size, beside a bare Flask application and beside other mock servers.

    make bench [ARGS="--quick --peers none|NAME,NAME --page FILE"]

Prints every target with what was found, and writes docs/benchmarks.md with its plot; a quick run writes nothing unless
it is told where.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import load
import peers
from inside import ALL
from peers import CASES, Peer, Running
from report import Results, page, plot, rows

ROOT = Path(__file__).parent.parent


FAILURES = (OSError, HTTPException, RuntimeError, ValueError, KeyError, subprocess.CalledProcessError)
"""What happens when a server does not do what it should."""


def there(results: Results) -> Iterator[Peer]:
    """Yield the servers that are not left out, one at a time: also the next one may be by then."""
    for peer in results.peers:
        if peer.name not in results.missing:
            yield peer


def starts(results: Results, settle: float) -> None:
    """Start every server in turns: how long until it answers, and how large it is when it has been idle for a while."""
    for number in turns(results, "start-up"):
        for peer in there(results):
            try:
                with Running(peer) as running:
                    time.sleep(settle)
                    if number > 0:
                        results.ready.setdefault(peer.name, []).append(running.ready)
                        results.memory.setdefault(peer.name, []).append(running.memory())
            except FAILURES as error:
                leave_out(results, peer, error)


def loads(results: Results) -> None:
    """Load every server in turns."""
    with contextlib.ExitStack() as stack:
        servers: dict[str, Running] = {}
        for peer in there(results):
            try:
                servers[peer.name] = stack.enter_context(Running(peer))
                servers[peer.name].prepare()
            except FAILURES as error:
                leave_out(results, peer, error)
        for number in turns(results, "load"):
            for connections, case in itertools.product(results.connections, CASES):
                for peer in there(results):
                    try:
                        turn(results, servers[peer.name], case, connections, warm=number > 0)
                    except FAILURES as error:
                        leave_out(results, peer, error)


def turns(results: Results, what: str) -> Iterator[int]:
    """Yield the numbers of the rounds; 0 is one that only warms up, where there is more than one."""
    for number in range(0 if results.rounds > 1 else 1, results.rounds + 1):
        yield number
        tell(f"{what}, round {number} of {results.rounds}")


def turn(results: Results, server: Running, case: str, connections: int, *, warm: bool) -> None:
    """Load one server once, and keep what came of it if it is warm."""
    if case == "create":
        server.fill()
    found = load.measure(server.port, server.raw(case), connections, results.seconds)
    if case == "create":
        server.clean()
    if not warm:
        return
    rates = results.rates.setdefault((case, connections), {})
    rates.setdefault(server.peer.name, []).append(found.rate)
    wanted = 1.0 if case == "refusal" else 0.0
    if abs(found.refused - wanted) > 0.01 or found.broken:
        results.oddities.append(
            f"{server.peer.name}, {case}, {connections} at once: {found.refused:.1%} refused, {found.broken} broken"
        )


def leave_out(results: Results, peer: Peer, error: object) -> None:
    """Go on without a peer, loudly; without the two that everything is about there is nothing to go on with."""
    if peer in (peers.BARE, peers.OURS):
        raise SystemExit(f"{peer.name}: {error}")
    results.missing[peer.name] = str(error)
    results.ready.pop(peer.name, None)
    results.memory.pop(peer.name, None)
    for rates in results.rates.values():
        rates.pop(peer.name, None)
    print(f"LEFT OUT, NOTHING OF IT IS MEASURED: {peer.name.upper()}: {error}", file=sys.stderr, flush=True)


def inside(results: Results, *, quick: bool) -> None:
    """Measure what is measured inside a process, each in one of its own."""
    for name, (_, full, small) in ALL.items():
        command = [
            sys.executable,
            str(Path(__file__).with_name("inside.py")),
            name,
            "--size",
            str(small if quick else full),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results.inside[name] = json.loads(done.stdout)
        tell(f"in the process: {name}")


def tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that everything works")
    parser.add_argument("--peers", default="all", help="all, none, or names with commas between them")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--seconds", type=float, help="how long each load is")
    parser.add_argument("--page", type=Path, help="where the page is written; its plot stands beside it")
    options = parser.parse_args()
    began = time.monotonic()
    rounds = options.rounds or (1 if options.quick else 7)
    seconds = options.seconds or (0.1 if options.quick else 1.0)
    known = {peer.name.lower(): peer for peer in peers.PEERS}
    names = {"all": list(known), "none": []}.get(options.peers, options.peers.lower().split(","))
    if unknown := set(names) - set(known):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there is {', '.join(known)}")
    chosen = [peers.BARE, peers.OURS, *(known[name] for name in names)]
    results = Results(chosen, load.client(seconds), rounds, seconds, [1] if options.quick else [1, 8])
    reasons = peers.install(chosen)
    for peer in chosen:
        if peer.name in reasons:
            leave_out(results, peer, reasons[peer.name])
    print(f"{len(chosen) - len(results.missing)} servers, the load made by {results.client}", flush=True)
    starts(results, 0.1 if options.quick else 0.5)
    inside(results, quick=options.quick)
    loads(results)
    results.took = time.monotonic() - began
    found = [("what", "target", "found", "verdict"), *((*row[:3], row.verdict) for row in rows(results))]
    widths = [max(len(row[column]) for row in found) for column in range(4)]
    for row in found:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for name, reason in results.missing.items():
        print(f"LEFT OUT: {name}: {reason}")
    target = options.page or (None if options.quick else ROOT / "docs" / "benchmarks.md")
    if target is not None:
        picture = target.with_suffix(".svg")
        picture.write_text(plot(results), "utf-8")
        target.write_text(page(results, picture.name), "utf-8")
        print(f"written: {target.name}, {picture.name}")


if __name__ == "__main__":
    main()
