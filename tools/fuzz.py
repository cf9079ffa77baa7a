"""Fuzz servers with Schemathesis: every check, all four phases, each document in each profile, as two accounts.

    tools/fuzz.py                   fuzz all
    tools/fuzz.py NAME...           some of sparkpost, sparkpost-live, …, control
    tools/fuzz.py --examples 200    give each operation so many examples
    tools/fuzz.py --unneeded        run without the exclusions of fuzzing.yaml, and report those that are not needed

A run fails if a check fails, or if its server logs a violation of its OpenAPI document or a crash.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.core import profiles
from mockserver.core.resources import folder
from mockserver.core.yaml_files import read
from mockserver.providers import PROVIDERS
from mockserver.testing import fuzzing
from mockserver.testing.control_client import ControlClient
from mockserver.web.openapi import METHODS
from mockserver.web.provider import Provider

PHASES = "examples,coverage,fuzzing,stateful"
REPORT = "report.ndjson"
CONTROL = "control.json"
LONGEST_WAIT = 0.2
"""The maximum timeout that the control API is sent, in seconds."""
WRONG = ("violates the OpenAPI document", "crashed", "Traceback")


@dataclass(frozen=True, eq=False)
class Subject:
    """A document to fuzz: that of a provider in a profile, or of the control API."""

    document: str
    provider: Provider | None
    profile: str | None

    @property
    def name(self) -> str:
        return self.document if self.profile in (None, "documented") else f"{self.document}-{self.profile}"


SUBJECTS = [
    *(Subject(provider.name, provider, profile) for provider in PROVIDERS for profile in profiles.NAMES),
    Subject("control", None, None),
]


class Failure(NamedTuple):
    """A kind of failure of a check: an operation returned an unexpected status."""

    operation: str
    check: str
    status: str


class Result(NamedTuple):
    """The result of a run."""

    code: int
    output: str
    logged: list[str]
    """Errors in the log of the server."""
    failures: set[Failure]
    """The failures of a run without exclusions; empty for other runs."""
    seconds: float

    @property
    def cases(self) -> int:
        """The number of generated requests."""
        found = re.search(r"^  ([0-9,]+) generated", self.output, re.MULTILINE)
        return int(found[1].replace(",", "")) if found else 0

    @property
    def missed(self) -> bool:
        """Whether an operation was not tested."""
        found = re.search(r"^  Selected: ([0-9]+)/([0-9]+)\n  Tested: ([0-9]+)$", self.output, re.MULTILINE)
        return found is None or len(set(found.groups())) > 1


def serve(subject: Subject, log: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a server; return its process and its URL."""
    profile = [] if subject.profile is None else ["--profile", subject.profile]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "mockserver", "serve", "--port", "0", *profile],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")},
        )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


def impatient(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document of the control API with short timeouts, for which a request waits."""
    document["components"]["schemas"]["MessageWait"]["properties"]["timeout"]["maximum"] = LONGEST_WAIT
    for parameter in document["paths"]["/tenants/{id}/requests/stream"]["get"]["parameters"]:
        if parameter.get("name") == "timeout":
            parameter["required"], parameter["schema"]["maximum"] = True, 0
    return document


def fuzz(subject: Subject, arguments: Sequence[str], *, excluding: bool) -> Result:
    """Fuzz a server in a new process."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        here = Path(name)
        process, url = serve(subject, here / "log")
        try:
            accounts = (
                None if subject.provider is None else fuzzing.create_accounts(ControlClient(url), subject.document)
            )
            where = [fuzzing.location(subject.document, url, subject.profile)]
            files = {}
            if subject.provider is None:
                files[CONTROL] = json.dumps(impatient(ControlClient(url).request("GET", "openapi", CONTROL)))
                where = [CONTROL, "--url", f"{url}/_mockserver"]
            plan = fuzzing.plan(subject.document, subject.provider, accounts, where, files=files, excluding=excluding)
            for file, text in plan.files.items():
                (here / file).write_text(text, "utf-8")
            program, *rest = plan.command
            all_failures = ["--continue-on-failure", "--no-shrink", "--report-ndjson-path", REPORT]
            done = subprocess.run(
                [
                    str(Path(sys.executable).parent / program),
                    *rest,
                    *("--phases", PHASES, "--no-color", *([] if excluding else all_failures), *arguments),
                ],
                cwd=here,
                env={**os.environ, "COLUMNS": "160"},
                capture_output=True,
                text=True,
            )
        finally:
            process.terminate()
            process.wait(timeout=10)
            assert process.stdout is not None
            process.stdout.close()
        logged = [line for line in (here / "log").read_text().splitlines() if any(word in line for word in WRONG)]
        failures = set() if excluding else set(failed(subject.document, here / REPORT))
    return Result(done.returncode, done.stdout + done.stderr, logged, failures, time.monotonic() - began)


def failed(document: str, report: Path) -> Iterator[Failure]:
    """Yield the failures in a report of Schemathesis."""
    (described,) = read(folder("openapi") / f"{document}.yaml")
    operations = {
        f"{method.upper()} {path}": item[method]["operationId"]
        for documented, item in described["paths"].items()
        for path in (documented, *item.get("x-alias-paths", ()))
        for method in METHODS
        if method in item
    }
    for line in report.read_text("utf-8").splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for case, checks in recorder.get("checks", {}).items():
            response = recorder["interactions"][case]["response"]
            sent = recorder["cases"][case]["value"]
            for check in checks:
                if check["status"] == "failure" and response is not None:
                    about = check["failure_info"]["failure"]["operation"]  # also set for other methods of the path
                    operation = operations.get(f"{sent['method']} {sent['path']}") or operations.get(about, about)
                    yield Failure(operation, check["name"], str(response["status_code"]))


def unneeded(failures: Mapping[Subject, set[Failure]]) -> Iterator[str]:
    """Yield a message for each exclusion that no failure needs."""
    for document in dict.fromkeys(subject.document for subject in failures):
        runs = [subject for subject in failures if subject.document == document]
        for each in fuzzing.exclusions(document, runs[0].provider):
            where = [subject for subject in runs if not each.seldom and each.profile in (None, subject.profile)]
            for operation in each.operations if where else ():
                found = [
                    failure.status
                    for subject in where
                    for failure in failures[subject]
                    if (failure.operation, failure.check) == (operation, each.check)
                ]
                for status in each.statuses or ["any"]:
                    if not any(status in ("any", one, f"{one[0]}xx") for one in found):
                        yield f"{document}: {operation}: {each.check}: {status} is not needed"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *(subject.name for subject in SUBJECTS)])
    parser.add_argument("--examples", type=int, default=15, help="examples per operation and phase")
    parser.add_argument("--seed", type=int, help="random seed; the default is a new one for each run")
    parser.add_argument("--unneeded", action="store_true", help="report exclusions that are not needed")
    options = parser.parse_args()
    chosen = [subject for subject in SUBJECTS if not options.names or subject.name in options.names]
    arguments = [
        "--max-examples",
        str(options.examples),
        *(["--seed", str(options.seed)] if options.seed is not None else []),
    ]
    failures = {}
    wrong = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        runs = pool.map(lambda subject: fuzz(subject, arguments, excluding=not options.unneeded), chosen)
        for subject, result in zip(chosen, runs, strict=True):
            failures[subject] = result.failures
            bad = bool(result.logged) or (result.code != 0 and not options.unneeded) or result.missed
            wrong += bad
            if bad:
                print(result.output, *result.logged, sep="\n")
            print(
                f"{'FAILED' if bad else 'ok'} {subject.name}: {result.cases} cases, "
                f"{len(result.failures)} kinds of failures, {result.seconds:.0f} s",
                flush=True,
            )
    if options.unneeded:
        for line in unneeded(failures):
            print(line)
            wrong += 1
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
