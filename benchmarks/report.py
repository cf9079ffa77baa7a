"""What a run found, as rows for the terminal, as a page and as a plot."""

from __future__ import annotations

import math
import os
import platform
import re
import statistics
import subprocess
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from peers import CASES, Peer

OURS, BARE = "mockserver", "bare Flask"
RATES = {"moto": 8.0, "Prism": 2.0, "Mockoon": 2.0, "emulate": 0.5}
"""How many times as much as which peer mockserver is to answer."""
STARTS = {BARE: 1.4, "moto": 0.4, "Prism": 0.4, "Mockoon": 0.4}
"""In how many times the time of which peer it is to be ready."""
LINEAR = 1.2
"""The exponent up to which a cost counts as linear."""


class Row(NamedTuple):
    """One target, and what was found."""

    claim: str
    target: str
    value: str
    met: bool | None
    """None where it was not measured."""

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: "not measured"}[self.met]


@dataclass
class Results:
    """Everything that a run found."""

    peers: Sequence[Peer]
    client: str
    rounds: int
    seconds: float
    connections: Sequence[int]
    rates: dict[tuple[str, int], dict[str, list[float]]] = field(default_factory=dict)
    """By case and connections, by server: answers a second, by round."""
    ready: dict[str, list[float]] = field(default_factory=dict)
    """By server: seconds from its start to its first answer, by round."""
    memory: dict[str, list[int]] = field(default_factory=dict)
    """By server: bytes, by round."""
    inside: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Which servers were left out, and why."""
    oddities: list[str] = field(default_factory=list)
    took: float = 0.0

    def ratios(self, case: str, connections: int, server: str, to: str) -> list[float]:
        """Return how many times as much a server answered as another, by round."""
        rates = self.rates[case, connections]
        return [mine / other for mine, other in zip(rates.get(server, []), rates.get(to, []), strict=False)]


def rows(results: Results) -> Iterator[Row]:
    """Yield every target with its verdict."""
    for case in CASES:
        for connections in results.connections:
            ratios = results.ratios(case, connections, OURS, BARE)
            value = statistics.median(ratios)
            yield Row(
                f"{case}, {_kept(connections)}: of what a bare Flask handler answers",
                "at least 0.7",
                f"{value:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                value >= 0.7,
            )
    for server, factor in RATES.items():
        found = {
            (case, connections): statistics.median(ratios)
            for case, connections in results.rates
            if (ratios := results.ratios(case, connections, OURS, server))
        }
        claim, wanted = f"times as much as {server}, the worst case", f"at least {factor:g}"
        if found:
            (case, connections), value = min(found.items(), key=lambda item: item[1])
            told = f"{value:.1f} ({case}, {_kept(connections)}; the best {max(found.values()):.1f})"
            yield Row(claim, wanted, told, value >= factor)
        else:
            yield Row(claim, wanted, "", None)
    for server, factor in STARTS.items():
        claim, wanted = f"ready, in times of {server}", f"at most {factor:g}"
        ratios = [mine / other for mine, other in zip(results.ready[OURS], results.ready.get(server, []), strict=False)]
        if ratios:
            value = statistics.median(ratios)
            yield Row(claim, wanted, f"{value:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", value <= factor)
        else:
            yield Row(claim, wanted, "", None)
    memory = statistics.median(results.memory[OURS]) / 1e6
    yield Row("memory when idle", "at most 50 MB", f"{memory:.1f} MB", memory <= 50)
    yield from _inside(results.inside)


def _inside(inside: Mapping[str, Any]) -> Iterator[Row]:
    for what, micros in inside["reset"].items():
        yield Row(f"reset of a tenant: {what}", "at most 5 µs", f"{micros:.1f} µs", micros <= 5)
    for what, millis in inside["tenant"].items():
        yield Row(f"a tenant opened and dropped, {what}", "under 1 ms", f"{millis:.2f} ms", millis < 1)
    plugin, read, written = inside["plugin"], inside["read"], inside["written"]
    yield Row("the fixture's server started", "under 3 ms", f"{plugin['start']:.2f} ms", plugin["start"] < 3)
    yield Row("the fixture's server stopped", "under 5 ms", f"{plugin['stop']:.2f} ms", plugin["stop"] < 5)
    kept = read["with provider state"]
    yield Row(f"{read['tenants']:,} tenants that only read: with provider state", "none", f"{kept:,}", kept == 0)
    room = f"at most {read['room, MB']:.0f} MB"
    journals = read["journals, MB"]
    yield Row("the same: their journals", room, f"{journals:.1f} MB", journals <= read["room, MB"])
    told = f"{written['MB']:.1f} MB, {inside['written without journals']['MB']:.1f} MB of it without their journals"
    yield Row(f"{written['tenants']:,} tenants that changed one pool", "under 64 MB", told, written["MB"] < 64)
    for what, costs in inside["linear"].items():
        sizes = [name for name in costs if name != "exponent"]
        told = f"exponent {costs['exponent']:.2f} ({costs[sizes[-1]]:.2f} ms at n = {sizes[-1]})"
        yield Row(what, f"linear: at most {LINEAR}", told, costs["exponent"] <= LINEAR)


def _kept(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"


# The page


def machine() -> dict[str, str]:
    """Say what the run was on."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": f"{found[1] if found else platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "Node.js": _version("node", "--version"),
        "Java": _version("java", "-version"),
        "load average at the end": f"{os.getloadavg()[0]:.1f}",
    }


def _version(*command: str) -> str:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not here"
    return done.stdout.splitlines()[0].strip().replace('"', "")


def table(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    yield ""
    for row in [heads, ["---"] * len(heads), *cells]:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _around(numbers: Sequence[float]) -> str:
    """Return a median, and how far half of the numbers are around it."""
    middle = statistics.median(numbers)
    if len(numbers) < 3:
        return f"{middle:,.0f}"
    first, _, third = statistics.quantiles(numbers, n=4)
    return f"{middle:,.0f} ±{(third - first) / 2 / middle:.0%}"


def page(results: Results, plot: str) -> str:
    """Return docs/benchmarks.md."""
    return "\n".join(_page(results, plot)) + "\n"


def _page(results: Results, plot: str) -> Iterator[str]:
    yield from ["# Benchmarks", "", "<!-- Written by `make bench`. Do not edit. -->"]
    yield from said("""How fast and how small mockserver is, beside a bare Flask application and other mock servers.
        Everything is measured in turns in one run, so that what disturbs the machine disturbs all alike; what counts
        is ratios.""")
    yield from ["", "```sh", "make bench", "```"]
    yield from said("""`make bench ARGS=--quick` tries all of it in a small size, `ARGS="--peers none"` leaves out the
        other servers. A missed target is told, and stops nothing.""")
    yield from ["", "## Targets"]
    yield from table(("what", "target", "found", "verdict"), [(*row[:3], row.verdict) for row in rows(results)])
    yield from said("In brackets: the lowest and the highest of the rounds, where nothing else is said.")
    yield from ["", "## Requests", "", f"![Answers a second, as ratios to bare Flask]({plot})"]
    yield from said(f"""Answers a second: the median of {results.rounds} rounds of {results.seconds:g} s each, ± half
        the distance of the quartiles; then the ratio to bare Flask, the median of the rounds' own. The load is made by
        {results.client} in a process of its own on the same machine, over connections that are kept where the server
        keeps them. *Create* is creating and deleting in turn. *Refusal* is a name that is taken, or what comes
        nearest.""")
    for connections in results.connections:
        yield from ["", f"### {_kept(connections).capitalize()}"]
        yield from table(("server", *CASES), list(_rates(results, connections)))
    yield from ["", "## Start and memory"]
    yield from said("""From the start of the process to the first answer to a list of pools; and half a second later the
        proportional set size (PSS) of all its processes: medians, MB of 10⁶ bytes. Bytecode is on disk, files are in
        the system's cache.""")
    cells = []
    for name, times in results.ready.items():
        ratio = statistics.median(a / b for a, b in zip(times, results.ready[BARE], strict=False))
        memory = statistics.median(results.memory[name]) / 1e6
        cells.append((name, f"{statistics.median(times) * 1_000:,.0f} ms", f"{ratio:.2f}", f"{memory:.1f} MB"))
    yield from table(("server", "ready after", "ratio to bare Flask", "memory"), cells)
    yield from ["", "## In the process"]
    yield from said("""What the pytest plugin pays, what tenants keep, and what large worlds cost. A target's exponent
        is that of the last doubling.""")
    yield from table(("what", "found"), list(_details(results.inside)))
    yield from ["", "## What is compared"]
    yield from table(
        ("server", "version", "what of it"), [(peer.name, peer.version(), peer.note) for peer in results.peers]
    )
    yield from said("""Servers of static answers do less than mockserver does, and those that keep state do it for
        another API: a ratio says what a test suite waits for, not which server is better. All run with their own
        defaults, but log no requests where that can be chosen.""")
    if results.missing:
        yield from ["", "**Left out, nothing of it is measured:**", ""]
        yield from (f"- {name}: {_line(reason)}" for name, reason in results.missing.items())
    if results.oddities:
        yield from ["", "**Odd in this run:**", ""]
        yield from (f"- {_line(each)}" for each in results.oddities)
    yield from ["", "## The machine"]
    yield from table(("what", "value"), list({**machine(), "the run took": f"{results.took / 60:.1f} min"}.items()))


def said(text: str) -> list[str]:
    """Return a paragraph."""
    return ["", *textwrap.wrap(" ".join(text.split()), 120)]


def _line(text: str) -> str:
    """Return a text in one line, without places on this machine."""
    return re.sub(r"(/[\w.@+-]+){2,}", "…", " ".join(text.split()))[:200]


def _rates(results: Results, connections: int) -> Iterator[list[str]]:
    for peer in results.peers:
        cells = [peer.name]
        for case in CASES:
            rates = results.rates[case, connections].get(peer.name)
            if rates:
                ratio = statistics.median(results.ratios(case, connections, peer.name, BARE))
                cells.append(f"{_around(rates)} · **{ratio:.2f}**")
        if len(cells) > len(CASES):
            yield cells


def _details(inside: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    plugin = inside["plugin"]
    yield "import of the plugin, pytest being there", f"{plugin['import']:.1f} ms"
    yield "the first server of a process, started, its imports too", f"{plugin['first start']:.1f} ms"
    for name in ("read", "written", "written without journals"):
        found = inside[name]
        yield f"{found['tenants']:,} tenants, {name}: resident size", f"{found['MB']:.1f} MB"
    for name, costs in inside["linear"].items():
        yield name, ", ".join(f"n = {n}: {cost:.2f} ms" for n, cost in costs.items() if n != "exponent")


# The plot


def plot(results: Results) -> str:
    """Return the ratios to bare Flask as an SVG: bars on a logarithmic scale, readable on light and on dark."""
    servers = [peer.name for peer in results.peers if peer.name in results.rates[CASES[0], results.connections[0]]]
    left, width, bar, gap = 150, 540, 7, 6
    step = bar * len(results.connections) + gap
    panel = step * len(servers) + 44
    ratios = {
        (case, connections, name): statistics.median(results.ratios(case, connections, name, BARE))
        for case in CASES
        for connections in results.connections
        for name in servers
        if results.rates[case, connections].get(name)
    }
    low = math.floor(math.log10(min([*ratios.values(), 0.9])))
    high = max(math.log10(max(ratios.values())), 0.1)

    def x(ratio: float) -> float:
        return left + (math.log10(ratio) - low) / (high - low) * width

    height = panel * len(CASES) + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {height}" role="img"',
        '  font-family="system-ui, sans-serif" font-size="12" fill="#7d858f">',
        "<title>Answers a second, as ratios to bare Flask</title>",
    ]
    for number, case in enumerate(CASES):
        top = number * panel + 30
        lines.append(f'<text x="{left}" y="{top - 10}" font-weight="bold">{case}</text>')
        for power in range(low, math.floor(high) + 1):
            at = x(10.0**power)
            lines.append(f'<path d="M{at:.1f} {top - 4}V{top + panel - 42}" stroke="#7d858f" stroke-opacity="0.4"/>')
            lines.append(f'<text x="{at:.1f}" y="{top + panel - 30}" text-anchor="middle">{10.0**power:g}</text>')
        for place, name in enumerate(servers):
            y = top + place * step
            middle = y + bar * len(results.connections) / 2 + 4
            lines.append(f'<text x="{left - 8}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>')
            for offset, connections in enumerate(results.connections):
                ratio = ratios.get((case, connections, name))
                if ratio is not None:
                    colour = "#2f81f7" if name == OURS else "#8b949e"
                    shade = "0.55" if offset == 0 and len(results.connections) > 1 else "1"
                    size = f'width="{max(x(ratio) - left, 1):.1f}" height="{bar - 1}"'
                    lines.append(
                        f'<rect x="{left}" y="{y + offset * bar}" {size} fill="{colour}" fill-opacity="{shade}">'
                        f"<title>{escape(name)}, {_kept(connections)}: {ratio:.2f}</title></rect>"
                    )
            mine = [ratio for (each, _, server), ratio in ratios.items() if (each, server) == (case, name)]
            if mine:
                told = " · ".join(f"{ratio:.2f}" for ratio in mine)
                lines.append(f'<text x="{x(max(mine)) + 6:.1f}" y="{middle:.1f}">{told}</text>')
    order = ", then ".join(_kept(connections) for connections in results.connections)
    lines.append(f'<text x="{left}" y="{height - 4}">Answers a second, bare Flask being 1; with {order}.</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
