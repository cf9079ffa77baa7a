"""Measure every target for speed and size, beside a bare Flask application and other mock servers.

    make bench [ARGS="--quick --peers none|NAME,NAME --page FILE"]

Prints each target with its result, and writes docs/benchmarks.md and its plot. A quick run writes a page only with
--page.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import load
import peers
from inside import ALL
from peers import CASES, Peer, Running
from report import HEADINGS, SCALING, Results, groups, page, plot

ROOT = Path(__file__).parent.parent

FAILURES = (OSError, HTTPException, RuntimeError, ValueError, KeyError, subprocess.CalledProcessError)
"""What a server raises that does not do what it should."""
OPTIONAL = {"installed", "replicas"}
"""What the page can do without: an installation may need a network, replicas a Redis server."""
BUSY = 0.5
"""The load average from which the machine is not idle."""


def present(results: Results) -> Iterator[Peer]:
    """Yield the servers that are not left out, also not meanwhile."""
    for peer in results.peers:
        if peer.name not in results.missing:
            yield peer


def measure_starts(results: Results, settle: float) -> None:
    """Start the servers in turns; measure the start-up time, and the memory of a server that has been idle."""
    for number in rounds(results, "start-up"):
        for peer in present(results):
            try:
                with Running(peer) as running:
                    time.sleep(settle)
                    if number > 0:
                        results.ready.setdefault(peer.name, []).append(running.ready)
                        results.memory.setdefault(peer.name, []).append(running.memory())
            except FAILURES as error:
                leave_out(results, peer, error)


@contextlib.contextmanager
def run_servers(results: Results) -> Iterator[dict[str, Running]]:
    """Run all servers, ready for a load."""
    with contextlib.ExitStack() as stack:
        servers: dict[str, Running] = {}
        for peer in present(results):
            try:
                servers[peer.name] = stack.enter_context(Running(peer))
                servers[peer.name].prepare()
            except FAILURES as error:
                leave_out(results, peer, error)
        yield servers


def measure_loads(results: Results) -> None:
    """Load the servers in turns."""
    with run_servers(results) as servers:
        for number in rounds(results, "load"):
            for connections, case in itertools.product(results.connections, CASES):
                for peer in present(results):
                    try:
                        measure_load(results, servers[peer.name], case, connections, warm=number > 0)
                    except FAILURES as error:
                        leave_out(results, peer, error)


def measure_scaling(results: Results, count: int) -> None:
    """Load the servers in turns, with more and more connections."""
    with run_servers(results) as servers:
        for number in range(1, count + 1):
            for connections in results.scaling_connections:
                for peer in present(results):
                    if peer.name in SCALING:
                        running = servers[peer.name]
                        found = load.measure(running.port, running.raw("list"), connections, results.scaling_seconds)
                        results.scaling.setdefault((connections, peer.name), []).append(found)
            report_progress(f"connections, round {number} of {count}")


def rounds(results: Results, name: str) -> Iterator[int]:
    """Yield the numbers of the rounds; 0 is a warm-up, if there are several."""
    for number in range(0 if results.rounds > 1 else 1, results.rounds + 1):
        yield number
        report_progress(f"{name}, round {number} of {results.rounds}")


def measure_load(results: Results, server: Running, case: str, connections: int, *, warm: bool) -> None:
    """Load one server once; keep the throughput if it is warm."""
    if case == "create":
        server.fill()
    found = load.measure(server.port, server.raw(case), connections, results.seconds)
    if case == "create":
        server.clean()
    if not warm:
        return
    rates = results.rates.setdefault((case, connections), {})
    rates.setdefault(server.peer.name, []).append(found.rate)
    expected = 1.0 if case == "error" else 0.0
    if abs(found.errors - expected) > 0.01 or found.failures:
        results.anomalies.append(
            f"{server.peer.name}, {case}, {connections} connections: {found.errors:.1%} errors, "
            f"{found.failures} failed connections"
        )


def leave_out(results: Results, peer: Peer, error: object) -> None:
    """Go on without a peer, and report it; without mockserver and bare Flask there is nothing to compare."""
    if peer in (peers.BARE, peers.OURS):
        raise SystemExit(f"{peer.name}: {error}")
    results.missing[peer.name] = str(error)
    results.ready.pop(peer.name, None)
    results.memory.pop(peer.name, None)
    for rates in results.rates.values():
        rates.pop(peer.name, None)
    print(f"LEFT OUT, NOT MEASURED: {peer.name.upper()}: {error}", file=sys.stderr, flush=True)


def measure_inside(results: Results, *, quick: bool) -> None:
    """Measure what is measured in a process of its own."""
    for name, measure in ALL.items():
        size, processes = (measure.quick, 1) if quick else (measure.size, measure.processes)
        try:
            results.inside[name] = [run_inside(name, size) for _ in range(processes)]
        except subprocess.CalledProcessError as error:
            if name not in OPTIONAL:
                raise SystemExit(f"{name}: {error}") from None
            reason = next(reversed(error.stderr.splitlines()), str(error))
            results.missing[name] = reason
            print(f"LEFT OUT, NOT MEASURED: {name.upper()}: {reason}", file=sys.stderr, flush=True)
        report_progress(f"in a process of its own: {name}")


def run_inside(name: str, size: int) -> Any:
    command = [sys.executable, str(Path(__file__).with_name("inside.py")), name, "--size", str(size)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    done.check_returncode()
    return json.loads(done.stdout)


def print_targets(results: Results) -> None:
    tables = {group.title: [row.cells() for row in group.rows] for group in groups(results)}
    cells = [HEADINGS, *itertools.chain.from_iterable(tables.values())]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    for title, rows in tables.items():
        print(f"\n{title.upper()}")
        for row in (HEADINGS, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def report_progress(step: str) -> None:
    print(f"… {step}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small size, to see that everything works")
    parser.add_argument("--peers", default="all", help="all, none, or names separated by commas")
    parser.add_argument("--rounds", type=int, help="the number of rounds on sockets")
    parser.add_argument("--seconds", type=float, help="the duration of each load")
    parser.add_argument("--page", type=Path, help="the page to write, beside its plot")
    options = parser.parse_args()
    began, busy = time.monotonic(), os.getloadavg()[0]
    number = options.rounds or (1 if options.quick else 7)
    seconds = options.seconds or (0.1 if options.quick else 1.0)
    known = {peer.name.lower(): peer for peer in peers.PEERS}
    names = {"all": list(known), "none": []}.get(options.peers, options.peers.lower().split(","))
    if unknown := set(names) - set(known):
        parser.error(f"unknown peer: {', '.join(sorted(unknown))}; expected some of {', '.join(known)}")
    target = options.page or (None if options.quick else ROOT / "docs" / "benchmarks.md")
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    if busy > BUSY:
        print(f"THE MACHINE IS NOT IDLE: load average {busy:.1f}", file=sys.stderr, flush=True)
    chosen = [peers.BARE, peers.OURS, *(known[name] for name in names)]
    results = Results(chosen, load.client(seconds), number, seconds, [1, 8], load_average=busy)
    results.scaling_connections = [1, 8] if options.quick else [1, 8, 64, 256, 1_000]
    results.scaling_seconds = seconds if options.quick else max(3.0, seconds)
    reasons = peers.install(chosen)
    for peer in chosen:
        if peer.name in reasons:
            leave_out(results, peer, reasons[peer.name])
    print(f"{len(chosen) - len(results.missing)} servers; load generator: {results.client}", flush=True)
    measure_starts(results, 0.1 if options.quick else 0.5)
    measure_inside(results, quick=options.quick)
    measure_loads(results)
    measure_scaling(results, 1 if options.quick else 3)
    results.took = time.monotonic() - began
    print_targets(results)
    for name, reason in results.missing.items():
        print(f"LEFT OUT: {name}: {reason}")
    if target is not None:
        picture = target.with_suffix(".svg")
        picture.write_text(plot(results), "utf-8")
        target.write_text(page(results, picture.name), "utf-8")
        print(f"written: {target.name}, {picture.name}")


if __name__ == "__main__":
    main()
