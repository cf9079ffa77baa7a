"""The results of a run: rows for the terminal, a page and a plot."""

from __future__ import annotations

import itertools
import math
import os
import platform
import re
import statistics
import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import wsgi
from load import Load
from peers import CASES, Peer

HEADINGS = ("Metric", "Target", "Measured", "Result")
OURS, BARE = "mockserver", "bare Flask"
IN_PROCESS = {"list": 1.5, "get": 1.5, "create": 1.5, "error": 1.8}
"""By case: the largest ratio to bare Flask of the processor time in process."""
ON_A_SOCKET = {1: 0.9, 8: 1.0}
"""By number of connections: the smallest ratio to bare Flask of the throughput."""
AHEAD = {"moto": 4.0, "Mockoon": 1.0, "json-server": 1.0, "pytest-httpserver": 1.0, "Prism": 1.0}
"""By peer: the ratio to its throughput, at least if it is more than 1, else more than this."""
ONLY_WITH = {"Prism": 8}
"""The number of connections that the target is for, if not for every one."""
SOONER = {"moto": 1.0, "Prism": 1.0, "Mockoon": 1.0}
"""By peer: the ratio to its start-up time, less than this."""
START = 1.8
"""The largest ratio to bare Flask of the start-up time."""
SCALING = (BARE, OURS, "moto", "Prism", "WireMock")
"""The servers that are loaded with many connections."""
WITH_MANY = {1: 0.9, 8: 1.0, 64: 1.0, 256: 1.0}
"""By number of connections: the smallest ratio to bare Flask of the throughput of lists."""
SPREAD = {256: 10.0}
"""By number of connections: the largest ratio of p99 to p50, less than this."""
REPLICAS = {("writes", "1"): 0.16, ("writes", "2"): 1.8}
"""By kind of request and number of processes with Redis: the smallest ratio to the store in memory, or to one."""
REPLICAS_CORES = 4
"""The number of cores from which several processes have a target."""
LINEAR = 1.2
"""The exponent up to which a cost counts as linear."""


class Row(NamedTuple):
    """One metric, with its target if it has one."""

    metric: str
    target: str
    measured: str
    met: bool | None
    """None if it was not measured, or has no target."""
    clock: str = ""
    """What is in the clock of this row, beyond that of its group."""

    def cells(self) -> tuple[str, str, str, str]:
        if not self.measured:
            result = "not measured"
        elif not self.target:
            result = "no target"
        else:
            result = "met" if self.met else "MISSED"
        return self.metric, self.target or "none", self.measured, result


class Group(NamedTuple):
    """Rows that belong together, with what is in the clock of all of them."""

    title: str
    clock: str
    rows: Sequence[Row]


@dataclass
class Results:
    """Everything that a run measured."""

    peers: Sequence[Peer]
    client: str
    rounds: int
    seconds: float
    connections: Sequence[int]
    rates: dict[tuple[str, int], dict[str, list[float]]] = field(default_factory=dict)
    """By case and connections, by server: requests per second, by round."""
    ready: dict[str, list[float]] = field(default_factory=dict)
    """By server: seconds to the first response, by round."""
    memory: dict[str, list[int]] = field(default_factory=dict)
    """By server: bytes, by round."""
    scaling_connections: Sequence[int] = ()
    scaling_seconds: float = 0.0
    scaling: dict[tuple[int, str], list[Load]] = field(default_factory=dict)
    """By connections and server: the loads of lists, by round."""
    inside: dict[str, list[Any]] = field(default_factory=dict)
    """By name: what each process measured."""
    missing: dict[str, str] = field(default_factory=dict)
    """By name of a server or a measurement: why it was left out."""
    anomalies: list[str] = field(default_factory=list)
    load_average: float = 0.0
    """Before the run."""
    took: float = 0.0

    def ratios(self, case: str, connections: int, server: str, to: str) -> list[float]:
        """Return the ratio of a server's throughput to another's, by round."""
        rates = self.rates.get((case, connections), {})
        return [mine / other for mine, other in zip(rates.get(server, []), rates.get(to, []), strict=False)]


def groups(results: Results) -> list[Group]:
    """Return every metric."""
    return [
        Group("Requests in process", _clock_in_process(results), list(_in_process(results))),
        Group("Throughput on a socket", _clock_on_a_socket(results), list(_on_a_socket(results))),
        Group("Many connections", _clock_scaling(results), list(_scaling(results))),
        Group("Start-up time", CLOCK_START, list(_start(results))),
        Group("Idle memory", CLOCK_MEMORY, list(_memory(results))),
        *_installed(results),
        Group("Servers and tenants of a process", CLOCK_TENANTS, list(_tenants(results))),
        Group("Large states", CLOCK_LARGE, list(_large(results))),
        Group("Processes that share a Redis", CLOCK_REPLICAS, list(_replicas(results))),
    ]


# Requests in process


def _clock_in_process(results: Results) -> str:
    size = results.inside["requests"]
    return f"""Processor time of the calling thread for one call of the WSGI application, from the call to the `close()`
        of its response. Not in the clock: the environ, which is built before; sockets and waitress; the reset of the
        state after each batch of creates. mockserver and bare Flask run in the same process and take turns, in batches
        of {wsgi.BATCH} calls, {size[0]["rounds"]} times. Both return the same status and the same bytes, which is
        checked. Flask's hooks on headers, `url_for` and sessions work in such an application, which is also checked.
        The ratio is the median of all batches of a process. Measured is the median of
        {_count(len(size), "process")}; in brackets the lowest and the highest, and the median times."""


def _in_process(results: Results) -> Iterator[Row]:
    for case, limit in IN_PROCESS.items():
        found = [process["cases"][case] for process in results.inside["requests"]]
        ratios = [each["ratio"] for each in found]
        value = statistics.median(ratios)
        ours, bare = (statistics.median(each[name] for each in found) for name in (OURS, BARE))
        measured = f"{value:.2f} ({min(ratios):.2f} to {max(ratios):.2f}; {ours:.0f} µs, bare Flask {bare:.0f} µs)"
        yield Row(f"{case}: ratio to bare Flask", f"at most {limit}", measured, value <= limit)


# Throughput on a socket


def _clock_on_a_socket(results: Results) -> str:
    return f"""Wall time of a load of {results.seconds:g} s over keep-alive connections, from the first request to the
        last response; the load generator ({results.client}) runs in a process of its own on the same machine. In the
        clock: the socket, the server, the application, the load generator. Not in the clock: the start of the server,
        and a warm-up round if there are several rounds. The servers take turns. Measured is the median of the ratios
        of {_count(results.rounds, "round")}; in brackets the lowest and the highest, or for a peer the lowest and the
        best of the cases."""


def _on_a_socket(results: Results) -> Iterator[Row]:
    for case in CASES:
        for connections in results.connections:
            limit = ON_A_SOCKET[connections]
            ratios = results.ratios(case, connections, OURS, BARE)
            value = statistics.median(ratios)
            measured = f"{value:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            yield Row(
                f"{case}, {_name(connections)}: ratio to bare Flask", f"at least {limit}", measured, value >= limit
            )
    for server, limit in AHEAD.items():
        only = ONLY_WITH.get(server)
        found = {
            (case, connections): statistics.median(ratios)
            for case, connections in results.rates
            if only in (None, connections) and (ratios := results.ratios(case, connections, OURS, server))
        }
        cases = "lowest of all cases" if only is None else f"lowest of all cases with {_name(only)}"
        metric, target = f"ratio to {server}, {cases}", f"{'at least' if limit > 1 else 'more than'} {limit:g}"
        if not found:
            yield Row(metric, target, "", None)
            continue
        (case, connections), value = min(found.items(), key=lambda item: item[1])
        measured = f"{value:.1f} ({case}, {_name(connections)}; the best is {max(found.values()):.1f})"
        yield Row(metric, target, measured, value >= limit if limit > 1 else value > limit)


def _name(connections: int) -> str:
    return _count(connections, "connection")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith('s') else 's'}"


# Many connections


def _clock_scaling(results: Results) -> str:
    return f"""As for throughput, for lists, {results.scaling_seconds:g} s each. The latency is from the start of a
        request to the end of its response, as the load generator sees it. Measured is the median of the rounds
        ({len(results.scaling[results.scaling_connections[0], OURS])})."""


def _scaling(results: Results) -> Iterator[Row]:
    for connections in results.scaling_connections:
        ours, bare = (results.scaling[connections, name] for name in (OURS, BARE))
        name = f"list, {_name(connections)} that stay open"
        if limit := WITH_MANY.get(connections):
            value = statistics.median(mine.rate / other.rate for mine, other in zip(ours, bare, strict=True))
            yield Row(f"{name}: ratio to bare Flask", f"at least {limit}", f"{value:.2f}", value >= limit)
        if limit := SPREAD.get(connections):
            value = statistics.median(each.p99 / each.p50 for each in ours)
            yield Row(f"{name}: p99 as a multiple of p50", f"less than {limit:g}", f"{value:.1f}", value < limit)


def _scaling_table(results: Results) -> Iterator[list[str]]:
    for (connections, name), found in results.scaling.items():
        rate, p50, p99 = (statistics.median(getattr(each, part) for each in found) for part in ("rate", "p50", "p99"))
        latencies = [f"{latency * 1_000:,.1f} ms" for latency in (p50, p99)]
        errors, failures = max(each.errors for each in found), sum(each.failures for each in found)
        yield [f"{connections:,}", name, f"{rate:,.0f}", *latencies, f"{errors:.1%}", f"{failures:,}"]


# Start-up time and memory

CLOCK_START = """Wall time from the start of the process to the end of the first response of 200 to a list of pools,
    which is requested every 2 ms. In the clock: the start of the interpreter, all imports, the listening socket, the
    first request. Bytecode of all packages is present, and files are in the system's cache. Bare Flask declares one
    marshmallow schema. The servers take turns. Measured is the median of the ratios of all rounds; in brackets the
    lowest and the highest."""
CLOCK_MEMORY = """None: the proportional set size (PSS) of the process and its children, half a second after the
    first response; the median of all rounds, in MB of 10⁶ bytes."""


def _start(results: Results) -> Iterator[Row]:
    for server, limit in {BARE: START, **SOONER}.items():
        name = f"{BARE} with one marshmallow schema" if server == BARE else server
        metric, target = f"ready: ratio to {name}", f"{'at most' if server == BARE else 'less than'} {limit:g}"
        ratios = [mine / other for mine, other in zip(results.ready[OURS], results.ready.get(server, []), strict=False)]
        if not ratios:
            yield Row(metric, target, "", None)
            continue
        value = statistics.median(ratios)
        mine, other = (statistics.median(results.ready[each]) * 1_000 for each in (OURS, server))
        times = f"{mine:,.0f} ms, {server} {other:,.0f} ms"
        measured = f"{value:.2f} ({min(ratios):.2f} to {max(ratios):.2f}; {times})"
        yield Row(metric, target, measured, value <= limit if server == BARE else value < limit)


def _memory(results: Results) -> Iterator[Row]:
    memory = statistics.median(results.memory[OURS]) / 1e6
    yield Row("memory of an idle server", "at most 50 MB", f"{memory:.1f} MB", memory <= 50)


# The package right after an installation

CLOCK_PLUGIN = """Wall time from before `import mockserver.pytest_plugin` to after it, in a fresh process that has
    imported pytest; then `sys.modules` of that process. The package was installed with pip in a fresh virtual
    environment."""
CLOCK_FIRST = """Wall time from before `import mockserver`, in a fresh process that has imported none of it and none of
    its libraries, to the end of the first response to a list of pools, with `run_server()`. In the clock: all imports,
    the creation of the application, the start of the server, one request. Not in the clock: the start of the
    interpreter, and an HTTP client (the request is sent on a plain socket). The package was installed with pip in a
    fresh virtual environment. Files are in the system's cache."""
CLOCK_BYTECODE = {
    "bytecode of all packages": "As pip installs it: all bytecode is loaded.",
    "no bytecode of mockserver": "Compiles all imported modules of mockserver (`PYTHONDONTWRITEBYTECODE=1`).",
    "no bytecode of any package": "Compiles all imported modules, except those of the standard library.",
}
CLOCK_PYTEST = """Wall time of the whole process `python -m pytest`, from its start to its end, over one test, without
    other plugins. The package and pytest were installed with pip in a fresh virtual environment; before each first run
    it is restored to the state right after the installation. Files are in the system's cache. pytest rewrites the
    assertions of every package with a plugin, so it does not use the bytecode of pip for mockserver."""
CLOCK_RUNS = {
    "first run": "Right after the installation: compiles the imported modules of mockserver, and writes bytecode.",
    "second run": "The same test again.",
    "no bytecode written": "Any run with `PYTHONDONTWRITEBYTECODE=1`: compiles as the first run does.",
}
TESTS = {
    "with a tenant": "a test that requests a list from its tenant",
    "without a tenant": "an empty test",
    "without the plugin": "an empty test with `-p no:mockserver`",
}


def _installed(results: Results) -> Iterator[Group]:
    (found,) = results.inside.get("installed", [{}])
    modules = found.get("modules")
    measured = "" if modules is None else ", ".join(modules) or "neither"
    yield Group(
        "Import of the pytest plugin",
        CLOCK_PLUGIN,
        [
            Row("Flask and marshmallow in `sys.modules`", "neither", measured, modules == []),
            Row("import", "", _millis(found.get("import")), None),
        ],
    )
    servers = found.get("first server", {})
    rows = [Row(way, "", _millis(servers.get(way)), None, clock) for way, clock in CLOCK_BYTECODE.items()]
    yield Group("First server of a fresh process", CLOCK_FIRST, rows)
    runs = found.get("pytest", {})
    rows = [
        Row(f"{name}: {run}", "", _millis(runs.get(test, {}).get(run)), None, clock)
        for test, name in TESTS.items()
        for run, clock in CLOCK_RUNS.items()
    ]
    yield Group("pytest right after an installation", CLOCK_PYTEST, rows)


def _millis(value: float | None) -> str:
    return "" if value is None else f"{value:,.{1 if value < 100 else 0}f} ms"


# Servers and tenants of a process

CLOCK_TENANTS = "Wall time, in a process that has imported everything and has had a server before."
CLOCK_START_STOP = ("`run_server()` until it is entered, no request.", "`run_server()` until it is left.")
CLOCK_TENANT = {
    "in process": "`POST` and `DELETE` of the control API, called in this process.",
    "over HTTP": "The same over a keep-alive connection; the client is in the same process.",
}
CLOCK_RESET = "The reset alone, called in this process."
CLOCK_SIZE = "None: growth of the resident size of the process."
CLOCK_COUNT = "None: the sizes of the records, added."


def _tenants(results: Results) -> Iterator[Row]:
    one: dict[str, Any] = {name: found[0] for name, found in results.inside.items()}
    read, written = one["read"], one["written"]
    for (step, millis), limit, clock in zip(one["server"].items(), (3, 5), CLOCK_START_STOP, strict=True):
        yield Row(f"{step} of a later server", f"under {limit} ms", f"{millis:.2f} ms", millis < limit, clock)
    for way, millis in one["tenant"].items():
        yield Row(f"tenant created and deleted, {way}", "under 1 ms", f"{millis:.2f} ms", millis < 1, CLOCK_TENANT[way])
    for state, micros in one["reset"].items():
        yield Row(f"reset of a tenant: {state}", "at most 5 µs", f"{micros:.1f} µs", micros <= 5, CLOCK_RESET)
    copies, logs, limit = read["with provider state"], read["request logs, MB"], read["limit, MB"]
    metric = f"{read['tenants']:,} tenants that only read"
    yield Row(f"{metric}: copies of provider state", "none", f"{copies or 'none'}", copies == 0, "None: a count.")
    yield Row(f"{metric}: request logs", f"at most {limit:.0f} MB", f"{logs:.1f} MB", logs <= limit, CLOCK_COUNT)
    yield Row(f"{metric}: resident size", "", f"{read['MB']:.1f} MB", None, CLOCK_SIZE)
    alone = one["written without request logs"]["MB"]
    measured = f"{written['MB']:.1f} MB ({alone:.1f} MB without request logs)"
    metric = f"{written['tenants']:,} tenants that changed one pool: resident size"
    yield Row(metric, "under 64 MB", measured, written["MB"] < 64, CLOCK_SIZE)


# Large states

CLOCK_LARGE = """Wall time of the requests in process, without a socket: environ, application, response, and the JSON of
    pages. Measured is the exponent of the growth at the last doubling of n, of the best of ten times."""


def _large(results: Results) -> Iterator[Row]:
    (found,) = results.inside["linear"]
    for metric, costs in found.items():
        times = ", ".join(f"{cost:.2f} ms at n = {n}" for n, cost in costs.items() if n != "exponent")
        measured = f"exponent {costs['exponent']:.2f} ({times})"
        yield Row(metric, f"linear: at most {LINEAR}", measured, costs["exponent"] <= LINEAR)


# Processes that share a Redis

CLOCK_REPLICAS = """Wall time of loads of two seconds. Each process calls its application in one thread, without a
    socket; each request is of the next of 200 tenants. In the clock: environ, application, response, and the Redis
    server on a Unix socket of the same machine. Writes rename a pool, reads get it. Measured is the median of the
    ratios of three runs; in brackets requests per second."""


def _replicas(results: Results) -> Iterator[Row]:
    runs, cores = results.inside.get("replicas", []), len(os.sched_getaffinity(0))
    for kind, count, to in itertools.product(("writes", "reads"), ("1", "2", "4"), ("memory", "1")):
        if (count == "1") != (to == "memory"):
            continue
        other = "the store in memory" if to == "memory" else "one"
        metric = f"{kind}, {_count(int(count), 'process')}: ratio to {other}, {_count(cores, 'core')}"
        limit = REPLICAS.get((kind, count)) if to == "memory" or cores >= REPLICAS_CORES else None
        target = "" if limit is None else f"at least {limit:g}"
        if not runs:
            yield Row(metric, target, "", None)
            continue
        value = statistics.median(run[count][kind] / run[to][kind] for run in runs)
        mine, others = (statistics.median(run[each][kind] for run in runs) for each in (count, to))
        measured = f"{value:.2f} ({mine:,.0f}/s, {other} {others:,.0f}/s)"
        yield Row(metric, target, measured, None if limit is None else value >= limit)


# The page


def machine(results: Results) -> dict[str, str]:
    """Return what the run was on."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": f"{found[1] if found else platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "Node.js": _version("node", "--version"),
        "Java": _version("java", "-version"),
        "load average before and after the run": f"{results.load_average:.1f}, {os.getloadavg()[0]:.1f}",
    }


def _version(*command: str) -> str:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not installed"
    return done.stdout.splitlines()[0].strip().replace('"', "")


def table(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    yield ""
    for row in [heads, ["---"] * len(heads), *cells]:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _around(numbers: Sequence[float]) -> str:
    """Return a median, ± half the distance of the quartiles."""
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
    yield from paragraph("""Speed and size of mockserver, beside a bare Flask application and other mock servers. One
        run measures everything. The servers take turns, so that a disturbance affects all of them: compare ratios, not
        times.""")
    yield from ["", "```sh", "make bench", "```"]
    yield from paragraph("""`make bench ARGS=--quick` runs everything in a small size; `ARGS="--peers none"` leaves out
        the other servers. A missed target does not fail the run.""")
    yield from paragraph("""*Bare Flask* is an application with one view per operation that parses JSON, returns the
        same bytes and its own 400, and checks nothing, on stock waitress: its defaults, 4 threads. The operations are
        those of SendGrid's classic pools: *list*, *get*, *create*, and *error*, the creation of a pool that exists.""")
    yield from ["", "## Targets"]
    for group in groups(results):
        yield from ["", f"### {group.title}"]
        if group.clock:
            yield from paragraph(f"**Clock.** {group.clock}")
        if any(row.clock for row in group.rows):
            yield from table((*HEADINGS, "Clock"), [(*row.cells(), row.clock) for row in group.rows])
        else:
            yield from table(HEADINGS, [row.cells() for row in group.rows])
    yield from ["", "## Throughput", "", f"![Requests per second, as ratios to bare Flask]({plot})"]
    yield from paragraph(f"""Requests per second: the median of {_count(results.rounds, "round")} of {results.seconds:g}
        s each, ± half the distance of the quartiles; then the ratio to bare Flask, the median of the ratios of the
        rounds. The clock is that of the targets. On a socket, *create* is the creation and the deletion of a pool in
        turn.""")
    for connections in results.connections:
        yield from ["", f"### {_name(connections).capitalize()}"]
        yield from table(("Server", *(case.capitalize() for case in CASES)), list(_rates(results, connections)))
    yield from ["", "## Many connections"]
    yield from paragraph("""Requests per second, latencies, the share of responses with an error, and the number of
        connections that failed or timed out, in all rounds together. The clock is that of the targets.""")
    heads = ("Connections", "Server", "Requests per second", "p50", "p99", "Errors", "Failed connections")
    yield from table(heads, list(_scaling_table(results)))
    yield from ["", "## Start-up time and memory"]
    yield from paragraph("Medians. The clock is that of the targets.")
    cells = []
    for name, times in results.ready.items():
        ratio = statistics.median(a / b for a, b in zip(times, results.ready[BARE], strict=False))
        memory = statistics.median(results.memory[name]) / 1e6
        cells.append((name, f"{statistics.median(times) * 1_000:,.0f} ms", f"{ratio:.2f}", f"{memory:.1f} MB"))
    yield from table(("Server", "Start-up time", "Ratio to bare Flask", "Memory"), cells)
    yield from ["", "## Servers"]
    cells = [(peer.name, peer.version(), peer.note) for peer in results.peers]
    yield from table(("Server", "Version", "What is measured"), cells)
    yield from paragraph("""Servers of static responses do less than mockserver does, and those that keep state do it
        for another API: a ratio says how long a test suite waits, not which server is better. All servers run with
        their own defaults, without a log of requests where that is an option.""")
    if results.missing:
        yield from ["", "**Left out, not measured:**", ""]
        yield from (f"- {name}: {_line(reason)}" for name, reason in results.missing.items())
    if results.anomalies:
        yield from ["", "**Anomalies of this run:**", ""]
        yield from (f"- {_line(each)}" for each in results.anomalies)
    yield from ["", "## Machine"]
    yield from table(
        ("Property", "Value"), list({**machine(results), "duration": f"{results.took / 60:.1f} min"}.items())
    )


def paragraph(text: str) -> list[str]:
    """Return a paragraph."""
    return ["", *textwrap.wrap(_flat(text), 120, break_on_hyphens=False)]


def _flat(text: str) -> str:
    return " ".join(text.split())


def _line(text: str) -> str:
    """Return a text in one line, without paths and hosts of this machine."""
    return re.sub(r"\w+://\S+|(/[\w.@+-]+){2,}", "…", _flat(text))[:200]


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


# The plot


def plot(results: Results) -> str:
    """Return the ratios to bare Flask as an SVG: bars on a logarithmic scale, for light and dark pages."""
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
        "<title>Requests per second, as ratios to bare Flask</title>",
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
                        f"<title>{escape(name)}, {_name(connections)}: {ratio:.2f}</title></rect>"
                    )
            mine = [ratio for (each, _, server), ratio in ratios.items() if (each, server) == (case, name)]
            if mine:
                text = " · ".join(f"{ratio:.2f}" for ratio in mine)
                lines.append(f'<text x="{x(max(mine)) + 6:.1f}" y="{middle:.1f}">{text}</text>')
    order = ", then ".join(_name(connections) for connections in results.connections)
    lines.append(
        f'<text x="{left}" y="{height - 4}">Requests per second, as ratios to bare Flask; with {order}.</text>'
    )
    return "\n".join([*lines, "</svg>"]) + "\n"
