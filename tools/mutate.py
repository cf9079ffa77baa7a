"""Mutation tests: run the mutants of the package, and see that a test kills each.

The tests of a mutant are found: one run with a mark at every mutant shows which tests reach it. Of these, the nearest
run first, until one fails. Both are remembered in `.mutants-cache.json`. `tools/mutants.py` says what the mutants are.

    tools/mutate.py           run all
    tools/mutate.py --some    run every eighth
    tools/mutate.py WORD...   run those whose names contain one of these words
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants import FILE, PACKAGE, ROOT, Mutant, SelectorError, mutants, replace, survivors

CACHE = ROOT / ".mutants-cache.json"
UNMARKED = (
    *("cli", "clients", "contract", "models", "pytest_plugin", "redis_store", "test_bench", "test_deploy", "test_docs"),
    *("test_examples", "test_fuzzing", "test_hostile", "test_lock", "test_matrix", "test_mutants", "test_packaging"),
    *("test_redis_server", "test_reliability", "test_replicas", "test_server", "test_soak", "test_stopping"),
    *("test_testcontainers", "test_tls", "test_vocabulary"),
)
"""Tests, by how their names start, that take long or start processes; they run for mutants that name them."""
CRASHED = 70
"""How a process ends in which pytest itself fails."""
BATCHES = (4, 40, None)
"""How many tests run at a time, until one fails."""
COMMON = {"test", "tests", "the", "its", "and", "not", "are", "that", "with"}
"""Words that say nothing about what a test is of."""
PRELOADED = ("click", "flask", "jsonschema_rs", "marshmallow", "pytest", "redis", "requests", "yaml")


# Run tests


def copy_project(folder: Path, files: Mapping[str, str]) -> None:
    """Make a copy of the project that has other texts of some files of the package."""
    for path in ROOT.iterdir():
        if path.name not in (PACKAGE, ".git", "build", "dist") and path.suffix != ".egg-info":
            (folder / path.name).symlink_to(path)
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE)  # and with it what is compiled already
    shutil.copy(Path(__file__).with_name("mutated.py"), folder)
    for file, text in files.items():
        (folder / file).write_text(text, "utf-8")
        for compiled in (folder / file).parent.glob(f"__pycache__/{Path(file).stem}.*"):
            compiled.unlink()


class FirstFailure:
    """A pytest plugin that writes down which test fails first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid, "utf-8")


def _run_here(folder: Path, options: Sequence[str]) -> None:
    """Run pytest in this process, which was forked for it."""
    import pytest

    os.setsid()
    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ.update(PYTHONPATH=str(folder), HYPOTHESIS_STORAGE_DIRECTORY=str(folder / "hypothesis"))
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    always = ["--rootdir", str(folder), "-q", "-x", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    code = CRASHED
    with contextlib.suppress(BaseException):  # pytest prints it
        code = int(pytest.main([*always, *options], plugins=[FirstFailure(folder / "failed")]))
    sys.stdout.flush()
    os._exit(code)


@dataclass(frozen=True)
class Result:
    """How tests of a mutant ended."""

    code: int | None
    """The exit code of pytest; None if it had to be killed."""
    failed: str
    """The first test that failed."""
    output: str
    reached: str = ""

    @property
    def outcome(self) -> str:
        return {0: "survived", 1: "killed", None: "timeout"}.get(self.code, "error")


@functools.cache
def processes() -> Any:
    """Return how processes are started: forked from one that has imported all but the package."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def run(files: Mapping[str, str], options: Sequence[str], seconds: float) -> Result:
    """Run pytest with other texts of some files of the package."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        copy_project(folder, files)
        process = processes().Process(target=_run_here, args=(folder, options))
        process.start()
        process.join(seconds)
        code = process.exitcode
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
        failed, output, reached = (
            (folder / each).read_text("utf-8", "replace") if (folder / each).exists() else ""
            for each in ("failed", "output", "reached")
        )
        return Result(code, failed.partition("[")[0], output, reached)


# Find the tests


def marked(every: Sequence[Mutant]) -> dict[str, str]:
    """Return the files of the package with a mark at each mutant that records which tests reach it."""
    files: dict[str, str] = {}
    for file in {mutant.file for mutant in every}:
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        nodes, statements, calls = list(ast.walk(tree)), {}, ["import mutated"]
        for statement in nodes:  # the innermost comes last
            if isinstance(statement, ast.stmt):
                statements.update(dict.fromkeys(map(id, ast.walk(statement)), statement))
        for number, mutant in enumerate(every):
            if mutant.file == file and mutant.node is not None:
                statement = statements[id(nodes[mutant.node])]
                (mark,) = ast.parse(f"__import__('mutated').reached({number})").body
                replace(tree, statement, [mark, statement])
            elif mutant.file == file:
                calls.append(f"mutated.mark({mutant.schema_field}, {number})")
        tree.body += ast.parse("\n".join(calls)).body
        files[file] = ast.unparse(ast.fix_missing_locations(tree))
    return files


def find_tests(every: Sequence[Mutant]) -> dict[str, list[str]]:
    """Return the tests that reach each mutant, by running those that need no other processes."""
    tests = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if not path.relative_to(ROOT / "tests").as_posix().startswith(UNMARKED)
    ]
    selection = ["-n", str(os.cpu_count() or 1), "-m", "not slow and not node and not container", *tests]
    result = run(marked(every), selection, 1_200)
    if result.code != 0:
        sys.exit(f"{result.output}\nTests fail without a mutant.")
    reached = defaultdict(list)
    for line in sorted(set(result.reached.splitlines())):
        number, _, test = line.partition(" ")
        if not test or test.startswith("tests/"):  # and not a test that a test runs
            reached[every[int(number)].name].append(test)
    return dict(reached)


def cached() -> dict[str, Any]:
    """Return what earlier runs found: the tests that reach each mutant, and the test that killed it."""
    return json.loads(CACHE.read_text("utf-8")) if CACHE.is_file() else {}


def reaching_tests(every: Sequence[Mutant]) -> dict[str, list[str]]:
    """Return the tests that reach each mutant; only a change of the package or its tests needs another run."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / PACKAGE).rglob("*.py"), *(ROOT / "tests").rglob("*.py"), FILE]):
        digest.update(path.read_bytes())
    cache = cached()
    if cache.get("sources") != digest.hexdigest():
        cache.update(sources=digest.hexdigest(), reached=find_tests(every))
        CACHE.write_text(json.dumps(cache), "utf-8")
    return cache["reached"]  # type: ignore[no-any-return]


def ranked(mutant: Mutant, every: Sequence[Mutant], reached: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the tests that could kill a mutant, the nearest first.

    Near is a test whose name has the same words, then one of the module: most of what it reaches is there. A mutant
    that only an import reaches could be killed by every test of the module.
    """
    if mutant.tests:
        return list(mutant.tests)
    here, total = Counter[str](), Counter[str]()
    for each in every:
        tests = reached.get(each.name, ())
        total.update(tests)
        here.update(tests if each.file == mutant.file else ())
    found = reached.get(mutant.name, ())
    tests = [test for test in (here if "" in found else found) if test]
    killer = cached().get("killed", {}).get(mutant.name)
    provider = mutant.file.partition("/providers/")[2].partition("/")[0]
    own = f"tests/providers/test_{provider}"
    about = stems(f"{mutant.name} {Path(mutant.file).stem} {' '.join(mutant.edit.names if mutant.edit else ())}")
    return sorted(
        tests,
        key=lambda test: (
            test != killer,
            not (provider and test.startswith(own)),
            -len(about & stems(test)),
            -here[test] / total[test],
        ),
    )


def stems(text: str) -> set[str]:
    """Return how the words of a text start."""
    return {word[:5] for word in re.findall("[a-z]{3,}", text.lower())} - COMMON


# Run the mutants


def kill(mutant: Mutant, tests: Sequence[str]) -> Result:
    """Run tests of a mutant until one fails; slow ones only if the mutant names its tests."""
    result, left = Result(0, "", ""), list(tests)
    left_out = [*(() if mutant.tests else ("slow",)), *(() if "redis" in mutant.file else ("redis",))]
    selection = " and ".join(f"not {name}" for name in left_out)
    for size in BATCHES:
        batch, left = left[:size], left[size:] if size else []
        if batch and result.code in (0, 5):  # 5: none is selected
            result = run({mutant.file: mutant.source}, ["-m", selection, *batch], 60 + 2 * len(batch))
    return result


def report(chosen: Sequence[Mutant], every: Sequence[Mutant]) -> int:
    """Run mutants, and return how many survive that should not, or do not although they are said to."""
    reached, known, killed = reaching_tests(every), survivors(), {}
    outcomes: Counter[str] = Counter()
    problems = 0
    tests = {mutant.name: ranked(mutant, every, reached) for mutant in chosen}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, result in zip(chosen, pool.map(lambda each: kill(each, tests[each.name]), chosen), strict=True):
            outcome = "survived" if mutant.name in known and result.code == 0 else result.outcome
            outcomes[outcome] += 1
            is_problem = outcome == "error" or (outcome == "survived") != (mutant.name in known)
            problems += is_problem
            if outcome == "killed":
                killed[mutant.name] = result.failed
            where = result.failed or known.get(mutant.name) or f"{len(tests[mutant.name])} tests reach it"
            print(f"{'PROBLEM: ' * is_problem}{outcome}: {mutant.name}\n    {where}", flush=True)
            if outcome == "error":
                print(result.output)
    cache = cached()
    CACHE.write_text(json.dumps({**cache, "killed": {**cache.get("killed", {}), **killed}}), "utf-8")
    print(f"{len(chosen)} mutants: {', '.join(f'{count} {outcome}' for outcome, count in outcomes.most_common())}.")
    return problems


def main() -> None:
    unknown = [word for word in sys.argv[1:] if word.startswith("--") and word != "--some"]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no option; there is --some, and words of the names of mutants")
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    try:
        every = mutants()
    except SelectorError as error:
        sys.exit(str(error))
    chosen = [each for each in every if not words or any(word in each.name for word in words)]
    sys.exit(1 if report(chosen[::8] if "--some" in sys.argv else chosen, every) else 0)


if __name__ == "__main__":
    main()
