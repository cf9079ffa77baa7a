"""Take out one guard after another, and see that the test that is named for it turns red.

A guard is what keeps a wrong thing from happening. Those of the providers are found in their source: every refusal that
is raised, every check of a schema. Those of the mechanism are declared in `tests/guards.yaml`, which also names, for
each guard of either kind, a test that fails without it, or says why there is none.

    tools/mutate.py                   replay all
    tools/mutate.py --some            every eighth of them
    tools/mutate.py WORD...           those in whose names one of these words is
    tools/mutate.py --find [WORD...]  look for the tests of guards that have none yet, and write their names down
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

import yaml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "tests" / "guards.yaml"
PROVIDERS = "mockserver/providers"
OURS = ("SeedError", "Refused", "ValidationError", "ValueError", "KeyError", "TypeError")
"""What is raised about a seed or among ourselves, and refuses no request."""
SECONDS = 120
"""How long a test may take; one that a missing guard lets hang has turned red, too."""
FAILED = 1
"""How pytest ends when tests ran, and some of them failed."""
FIRST, OUTPUT = "first-failure", "output"


@dataclass(frozen=True)
class Guard:
    """A place in the source, and what stands there when the guard is out."""

    name: str
    file: str
    text: str
    """The whole file without the guard."""


class Known(NamedTuple):
    """What is known of a guard."""

    test: str | None = None
    survives: str | None = None
    """Why no test can turn red, if so."""


# Where the guards are


class Finder(ast.NodeVisitor):
    """Finds what refuses a request in a module of a provider."""

    def __init__(self, file: str, source: str) -> None:
        self.found: list[tuple[str, ast.expr | ast.stmt, str]] = []
        """Names, the parts of the source that go, and what comes instead."""
        self._file = file
        self._source = source
        self._inside: list[str] = []
        self.visit(ast.parse(source))

    def _add(self, node: ast.expr | ast.stmt, shown: ast.AST, instead: str) -> None:
        words = " ".join(ast.unparse(shown).split())
        self.found.append((f"{self._file} {'.'.join(self._inside)}: {words}", node, instead))

    def _scope(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self._inside.append(node.name)
        self.generic_visit(node)
        self._inside.pop()

    visit_FunctionDef = visit_ClassDef = _scope

    def visit_Raise(self, node: ast.Raise) -> None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if raised is not None and ast.unparse(raised) not in OURS:
            self._add(node, node, "pass")

    def visit_Assign(self, node: ast.Assign) -> None:
        self._inside.extend(ast.unparse(target) for target in node.targets)
        self.generic_visit(node)
        del self._inside[-len(node.targets) :]

    def visit_Call(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg == "missing" and ast.unparse(keyword.value) != "None":
                self._add(keyword.value, keyword, "None")
            if keyword.arg == "checks" and isinstance(keyword.value, ast.List):
                for check in keyword.value.elts:
                    if isinstance(check, ast.Tuple):
                        self._add(check.elts[0], check, "(lambda *_: True)")
        self.generic_visit(node)


def replaced(source: str, node: ast.expr | ast.stmt, instead: str) -> str:
    """Return a source with something else where a node of it stands."""
    lines = source.encode().splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    after = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
    return (before + instead.encode() + after).decode()


def of_providers() -> Iterator[Guard]:
    for path in sorted((ROOT / PROVIDERS).rglob("*.py")):
        file = str(path.relative_to(ROOT))
        source = path.read_text("utf-8")
        short = file.removeprefix(f"{PROVIDERS}/")
        times: Counter[str] = Counter()
        for name, node, instead in Finder(short, source).found:
            times[name] += 1
            again = f" (time {times[name]})" if times[name] > 1 else ""
            yield Guard(name + again, file, replaced(source, node, instead))


def declared(entries: Sequence[Mapping[str, Any]]) -> Iterator[Guard]:
    for entry in entries:
        source = (ROOT / entry["file"]).read_text("utf-8")
        if source.count(entry["out"]) != 1:
            sys.exit(f"{FILE.name}: {entry['guard']}: is {source.count(entry['out'])} times in {entry['file']}")
        yield Guard(entry["guard"], entry["file"], source.replace(entry["out"], entry.get("in", "")))


def guards() -> list[tuple[Guard, Known]]:
    """Return every guard with what is known of it."""
    data = yaml.safe_load(FILE.read_text("utf-8"))
    mechanism = [
        (guard, Known(entry.get("test"), entry.get("survives")))
        for guard, entry in zip(declared(data["mechanism"]), data["mechanism"], strict=True)
    ]
    known = {name: Known(**said) if isinstance(said, dict) else Known(said) for name, said in data["providers"].items()}
    return [*mechanism, *((guard, known.get(guard.name, Known())) for guard in of_providers())]


def stale() -> list[str]:
    """Name the guards that are written down, and are in no source any more."""
    there = {guard.name for guard in of_providers()}
    return [name for name in yaml.safe_load(FILE.read_text("utf-8"))["providers"] if name not in there]


# How they are taken out


@contextlib.contextmanager
def tree(guard: Guard | None) -> Iterator[Path]:
    """Make a copy of the project in which a guard is out."""
    with tempfile.TemporaryDirectory(prefix="guard-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        for path in ROOT.iterdir():
            if path.name not in ("mockserver", ".git", "build", "dist") and not path.name.endswith(".egg-info"):
                (root / path.name).symlink_to(path)
        shutil.copytree(ROOT / "mockserver", root / "mockserver", ignore=shutil.ignore_patterns("__pycache__"))
        if guard is not None:
            (root / guard.file).write_text(guard.text, "utf-8")
        yield root


class FirstFailure:
    """A plugin of pytest: notes which test failed first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid, "utf-8")


class Result(NamedTuple):
    """How the tests ended without a guard."""

    code: int | None
    """How pytest ended; None: never."""
    failed: str | None
    """The first test that failed."""
    output: str


J = TypeVar("J")


def run(jobs: Iterable[tuple[J, Guard | None, Sequence[str]]]) -> Iterator[tuple[J, Result]]:
    """Run tests, each time without another guard, as many at a time as there are processors.

    pytest runs in a copy of this process, in which everything but the server is imported already.
    """
    waiting = iter(jobs)
    running: dict[int, tuple[J, Path, float]] = {}
    with contextlib.ExitStack() as stack:
        while True:
            for job, guard, tests in itertools.islice(waiting, (os.cpu_count() or 1) - len(running)):
                root = stack.enter_context(tree(guard))
                child = os.fork()
                if child == 0:
                    _run_here(root, tests)
                running[child] = job, root, time.monotonic() + SECONDS
            if not running:
                return
            time.sleep(0.02)
            for child, (job, root, deadline) in list(running.items()):
                done, status = os.waitpid(child, os.WNOHANG)
                late = not done and time.monotonic() > deadline
                if late:
                    os.killpg(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                if done or late:
                    del running[child]
                    first, output = root / FIRST, (root / OUTPUT).read_text("utf-8", "replace")
                    failed = first.read_text("utf-8") if first.exists() else None
                    shutil.rmtree(root)
                    yield job, Result(None if late else os.waitstatus_to_exitcode(status), failed, output)


def _run_here(root: Path, tests: Sequence[str]) -> NoReturn:
    """Run tests in this process, which is not to return."""
    import pytest

    code = 70
    try:
        os.setsid()
        descriptor = os.open(root / OUTPUT, os.O_WRONLY | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        os.chdir(root)
        os.environ["PYTHONPATH"] = str(root)
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(root))
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:randomly"]
        code = int(pytest.main([*options, "--rootdir", str(root), *tests], plugins=[FirstFailure(root / FIRST)]))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


# What is done


def warm() -> None:
    """Import once what every run needs and no guard is in."""
    import click  # noqa: F401
    import jsonschema_rs  # noqa: F401
    import pytest  # noqa: F401
    import requests  # noqa: F401
    import waitress  # noqa: F401
    import werkzeug  # noqa: F401

    assert not any(name.split(".")[0] == "mockserver" for name in sys.modules)


def suspects(guard: Guard) -> list[str]:
    """Return the tests that may know a provider's guard."""
    name = guard.file.removeprefix(f"{PROVIDERS}/").partition("/")[0]
    of_it = (f"tests/providers/test_{name}*.py", f"tests/clients/test_{name}*.py")
    return [str(path.relative_to(ROOT)) for pattern in of_it for path in sorted(ROOT.glob(pattern))]


def find(chosen: Sequence[tuple[Guard, Known]]) -> int:
    """Look for the tests of guards that have none yet; return of how many none turned red."""
    new = [guard for guard, known in chosen if known == Known() and PROVIDERS in guard.file]
    missing = 0
    for guard, result in run((guard, guard, suspects(guard)) for guard in new):
        if result.failed is None or result.code != FAILED:
            missing += 1
            print(f"NO TEST ({result.code}): {guard.name}", flush=True)
            continue
        print(f"{guard.name}\n    {result.failed}", flush=True)
        data = yaml.safe_load(FILE.read_text("utf-8"))
        data["providers"][guard.name] = result.failed.partition("[")[0]
        write(data)
    return missing


def write(data: Mapping[str, Any]) -> None:
    """Write down what is known, the guards of providers in the order of their source."""
    order = {guard.name: number for number, guard in enumerate(of_providers())}
    text = FILE.read_text("utf-8")
    start = text[: text.index("\nproviders:") + len("\nproviders:")]
    known = {name: data["providers"][name] for name in sorted(data["providers"], key=lambda name: order.get(name, -1))}
    section = yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=10_000)
    FILE.write_text(start + "\n" + "".join(f"  {line}\n" for line in section.splitlines()), "utf-8")


def replay(chosen: Sequence[tuple[Guard, Known]]) -> int:
    """Take out each guard, and return of how many the test did not do what is written down."""
    tests = sorted({known.test for _, known in chosen if known.test is not None})
    ((_, whole),) = run([(None, None, tests)])
    if whole.code != 0:
        sys.exit(f"{whole.output}\nWith every guard in its place, pytest ends with {whole.code} at {whole.failed}.")
    wrong = [f"no test is named: {guard.name}" for guard, known in chosen if known == Known()]
    jobs = [((guard, known.test), guard, [known.test]) for guard, known in chosen if known.test is not None]
    for (guard, test), result in run(jobs):
        if result.code not in (FAILED, None):
            *_, last = "", *result.output.strip().splitlines()
            wrong.append(f"SURVIVED ({result.code}, {last}): {guard.name}\n    {test}")
    for line in wrong:
        print(line)
    survivors = [f"    {guard.name}: {known.survives}" for guard, known in chosen if known.survives is not None]
    red = len(chosen) - len(wrong) - len(survivors)
    print(f"{len(chosen)} guards taken out: {red} turned their test red, {len(survivors)} are known to survive.")
    print(*survivors, sep="\n", end="\n" if survivors else "")
    return len(wrong)


def main() -> None:
    unknown = [word for word in sys.argv[1:] if word.startswith("--") and word not in ("--find", "--some")]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no option; there is --find, --some, and words of the names of guards")
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    chosen = [item for item in guards() if not words or any(word in item[0].name for word in words)]
    if "--some" in sys.argv:
        chosen = chosen[::8]
    warm()
    sys.exit(1 if (find if "--find" in sys.argv else replay)(chosen) else 0)


if __name__ == "__main__":
    main()
