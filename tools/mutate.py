"""Remove one check after another, and see that a test fails without it.

A mutant is the project without one check: an error, a limit, a lock, a condition. Those of the providers are found in
their source: every error that is raised, and in every field of a schema each of its validators, its type, and that it
is required. They are named by the error's name in the catalog and the function or field that it stands in. All others
are declared in `tests/mutants.yaml`, which also has, for each mutant of either kind, a test that kills it, or the
reason why it survives.

    tools/mutate.py                   run all
    tools/mutate.py --some            run every eighth
    tools/mutate.py WORD...           run those whose names contain one of these words
    tools/mutate.py --find [WORD...]  find the killing tests of new mutants of providers, and write their names down
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

import yaml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "tests" / "mutants.yaml"
PROVIDERS = "mockserver/providers"
OTHER_ERRORS = ("SeedError", "ValidationError", "ValueError", "KeyError", "TypeError", "self.make_error")
"""Exceptions that are no errors of a provider; those of fields are found in the schemas."""
PROVIDER_TESTS = "tests/providers/"
TEXT_ONLY = ("mailgun",)
"""Providers whose strings are all of forms and queries, where no value has another type."""
SECONDS = 120
"""How long the tests may take without a check; a mutant that hangs is killed, too."""
SECONDS_OF_ALL = 1_200
"""How long all tests of a provider may take, or all that are named."""
FAILED = 1
"""How pytest ends when tests ran, and some of them failed."""
FIRST, OUTPUT, MET = "first-failure", "output", "errors-met"

ACCEPT_ANY_TYPE = """

def _accept_any_type(field):
    import marshmallow

    class Lenient(type(field)):
        def _deserialize(self, value, *args, **kwargs):
            try:
                return super()._deserialize(value, *args, **kwargs)
            except marshmallow.ValidationError:
                return value

    field.__class__ = Lenient

"""


@dataclass(frozen=True)
class Mutant:
    """A file of the project, and what it is without a check."""

    name: str
    file: str
    text: str
    """The whole file without the check."""

    @property
    def provider(self) -> str:
        return self.file.removeprefix(f"{PROVIDERS}/").partition("/")[0]


class Known(NamedTuple):
    """What is known of a mutant."""

    test: str | None = None
    survives: str | None = None
    """Why no test can kill it, if so."""


# Find the checks


class RaiseFinder(ast.NodeVisitor):
    """Finds the errors that a module of a provider raises."""

    def __init__(self, source: str) -> None:
        self.found: list[tuple[str, ast.Raise]] = []
        """The error's name and the function; and the statement."""
        self._inside: list[str] = []
        self.visit(ast.parse(source))

    def _scope(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self._inside.append(node.name)
        self.generic_visit(node)
        self._inside.pop()

    visit_FunctionDef = visit_ClassDef = _scope

    def visit_Raise(self, node: ast.Raise) -> None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if raised is not None and ast.unparse(raised) not in OTHER_ERRORS:
            (name, *_) = re.findall(r"\w+", ast.unparse(raised).removeprefix("catalog."))
            self.found.append((f"{name} @ {'.'.join(self._inside)}", node))


def replaced(source: str, node: ast.stmt, instead: str) -> str:
    """Return a source with something else where a statement of it is."""
    lines = source.encode().splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    before = b"".join(lines[: node.lineno - 1]) + lines[node.lineno - 1][: node.col_offset]
    after = lines[node.end_lineno - 1][node.end_col_offset :] + b"".join(lines[node.end_lineno :])
    return (before + instead.encode() + after).decode()


def raised_errors(provider: str) -> Iterator[Mutant]:
    """Yield a provider without each statement that raises an error."""
    for path in sorted((ROOT / PROVIDERS / provider).rglob("*.py")):
        source = path.read_text("utf-8")
        for name, node in RaiseFinder(source).found:
            yield Mutant(f"{provider} {name}", str(path.relative_to(ROOT)), replaced(source, node, "pass"))


def schema_checks(provider: str) -> Iterator[Mutant]:
    """Yield a provider without each check of the fields of its schemas."""
    from mockserver.web.schemas import Schema

    catalog = importlib.import_module(f"mockserver.providers.{provider}.catalog")
    names = {id(value): name for name, value in vars(catalog).items()}
    package = importlib.import_module(f"mockserver.providers.{provider}.schemas")
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        file = f"{info.name.replace('.', '/')}.py"
        source = (ROOT / file).read_text("utf-8")
        for schema in vars(module).values():
            if not (inspect.isclass(schema) and issubclass(schema, Schema) and schema.__module__ == info.name):
                continue
            bases = [vars(base).get("_declared_fields", {}) for base in schema.__mro__[1:]]
            for name, field in schema._declared_fields.items():
                if any(base.get(name) is field for base in bases):
                    continue
                is_text_only = provider in TEXT_ONLY or schema.__name__.endswith("QuerySchema")
                where = f"{schema.__name__}.{name}"
                declared = f"{schema.__name__}._declared_fields[{name!r}]"
                for error, kind, statement in field_checks(field, declared, is_text_only=is_text_only):
                    if id(error) in names:
                        yield Mutant(f"{provider} {names[id(error)]} @ {where}{kind}", file, f"{source}\n{statement}\n")


def field_checks(field: Any, declared: str, *, is_text_only: bool) -> Iterator[tuple[object, str, str]]:
    """Yield the error of each check of a field, its kind, and the statement that removes it from the field."""
    from marshmallow import fields

    if field.required:
        yield field.error_messages["required"], " (required)", f"{declared}.required = False"
    if not (type(field) is fields.String and is_text_only):
        yield field.error_messages["invalid"], " (type)", f"{ACCEPT_ANY_TYPE}_accept_any_type({declared})"
    for number, validator in enumerate(field.validators):
        error = getattr(validator, "error", None)
        if error is None:
            error = inspect.getclosurevars(validator).nonlocals["error"]
        yield error, "", f"del {declared}.validators[{number}]"


def of_providers() -> Iterator[Mutant]:
    """Yield every mutant that is found in the source of the providers."""
    for path in sorted((ROOT / PROVIDERS).iterdir()):
        if not (path / "catalog.py").is_file():
            continue
        times: Counter[str] = Counter()
        for mutant in itertools.chain(raised_errors(path.name), schema_checks(path.name)):
            times[mutant.name] += 1
            again = f" ({times[mutant.name]})" if times[mutant.name] > 1 else ""
            yield Mutant(mutant.name + again, mutant.file, mutant.text)


def declared(entries: Sequence[Mapping[str, Any]]) -> Iterator[Mutant]:
    """Yield the mutants that are declared. Ends the program if the text of one is not once in its file."""
    for entry in entries:
        source = (ROOT / entry["file"]).read_text("utf-8")
        if source.count(entry["out"]) != 1:
            sys.exit(f"{FILE.name}: {entry['check']}: is {source.count(entry['out'])} times in {entry['file']}")
        yield Mutant(entry["check"], entry["file"], source.replace(entry["out"], entry.get("in", "")))


def mutants() -> list[tuple[Mutant, Known]]:
    """Return every mutant with what is known of it."""
    data = yaml.safe_load(FILE.read_text("utf-8"))
    others = [
        (mutant, Known(entry.get("test"), entry.get("survives")))
        for mutant, entry in zip(declared(data["others"]), data["others"], strict=True)
    ]
    known = {name: Known(**said) if isinstance(said, dict) else Known(said) for name, said in data["providers"].items()}
    return [*others, *((mutant, known.get(mutant.name, Known())) for mutant in of_providers())]


def stale() -> list[str]:
    """Return the names of mutants that are written down, and are in no source any more."""
    there = {mutant.name for mutant in of_providers()}
    return [name for name in yaml.safe_load(FILE.read_text("utf-8"))["providers"] if name not in there]


def is_test(name: str) -> bool:
    """Return whether there is a test of this name."""
    file, *parts = name.split("::")
    path = ROOT / file
    body = ast.parse(path.read_text("utf-8")).body if path.is_file() else []
    if parts[-1] == "runTest":  # of a state machine, which is assigned
        return any(parts[0] in ast.unparse(node) for node in body if isinstance(node, ast.Assign))
    return any(isinstance(node, ast.FunctionDef) and node.name == parts[0] for node in body)


# Run the tests


@contextlib.contextmanager
def tree(mutant: Mutant | None) -> Iterator[Path]:
    """Make a copy of the project as a mutant."""
    with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        for path in ROOT.iterdir():
            if path.name not in ("mockserver", ".git", "build", "dist") and not path.name.endswith(".egg-info"):
                (root / path.name).symlink_to(path)
        shutil.copytree(ROOT / "mockserver", root / "mockserver")  # and with it what is compiled already
        if mutant is not None:
            file = root / mutant.file
            file.write_text(mutant.text, "utf-8")
            for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
                compiled.unlink()
        yield root


class FirstFailure:
    """A plugin of pytest: notes which test failed first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid, "utf-8")


class ErrorsMet:
    """A plugin of pytest: notes which errors of the providers each test got, and which functions raised them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._test = ""
        self._met: dict[str, set[str]] = defaultdict(set)

    def pytest_sessionstart(self) -> None:
        from mockserver.core.errors import ApiError, entries
        from mockserver.providers import PROVIDERS

        known = {id(each): (one.name, each.key.upper()) for one in PROVIDERS for each in entries(one.catalog).values()}
        init = ApiError.__init__

        def noted(error: Any, entry: Any, values: Any) -> None:
            if id(entry) in known:
                provider, name = known[id(entry)]
                function = sys._getframe(2).f_code.co_qualname.replace(".<locals>", "")
                where = (f"{provider} {name} @ {function}", f"{provider} @ {function}", f"{provider} {name}")
                self._met[self._test].update(where)
            init(error, entry, values)

        ApiError.__init__ = noted  # type: ignore[method-assign]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._test = nodeid.partition("[")[0]

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps({test: sorted(errors) for test, errors in self._met.items()}), "utf-8")


class Result(NamedTuple):
    """How the tests of a mutant ended."""

    code: int | None
    """How pytest ended; None: never."""
    failed: str | None
    """The first test that failed."""
    output: str
    met: Mapping[str, Sequence[str]]
    """The errors that each test got, with every check in its place."""

    @property
    def is_killed(self) -> bool:
        return self.code in (FAILED, None)


J = TypeVar("J")


def run(
    jobs: Iterable[tuple[J, Mutant | None, Sequence[str]]], seconds: float = SECONDS_OF_ALL
) -> Iterator[tuple[J, Result]]:
    """Run tests, each time of another mutant, as many at a time as there are processors.

    pytest runs in a copy of this process, in which everything but the server is imported already.
    """
    waiting = iter(jobs)
    running: dict[int, tuple[J, Path, float]] = {}
    with contextlib.ExitStack() as stack:
        while True:
            for job, mutant, tests in itertools.islice(waiting, (os.cpu_count() or 1) - len(running)):
                root = stack.enter_context(tree(mutant))
                child = os.fork()
                if child == 0:
                    _run_here(root, tests, records=mutant is None)
                running[child] = job, root, time.monotonic() + seconds
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
                    output = (root / OUTPUT).read_text("utf-8", "replace")
                    failed = (root / FIRST).read_text("utf-8") if (root / FIRST).exists() else None
                    met = json.loads((root / MET).read_text("utf-8")) if (root / MET).exists() else {}
                    shutil.rmtree(root)
                    yield job, Result(None if late else os.waitstatus_to_exitcode(status), failed, output, met)


def _run_here(root: Path, tests: Sequence[str], *, records: bool) -> NoReturn:
    """Run tests in this process, which is not to return."""
    import pytest

    code = 70
    try:
        assert not any(name.partition(".")[0] == "mockserver" for name in sys.modules)
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
        plugins = [FirstFailure(root / FIRST), *([ErrorsMet(root / MET)] if records else [])]
        code = int(pytest.main([*options, "--rootdir", str(root), *tests], plugins=plugins))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def warm() -> None:
    """Import once what every run needs, and forget the server, which each run imports as its mutant."""
    import click  # noqa: F401
    import flask  # noqa: F401
    import jsonschema_rs  # noqa: F401
    import marshmallow  # noqa: F401
    import pytest  # noqa: F401
    import requests  # noqa: F401
    import waitress  # noqa: F401

    for name in [name for name in sys.modules if name.partition(".")[0] == "mockserver"]:
        del sys.modules[name]


# Find the tests


def suspects(provider: str) -> list[str]:
    """Return the files of the tests that may kill a provider's mutants."""
    patterns = (f"providers/test_{provider}*.py", f"clients/test_{provider}*.py", "test_pipeline.py", "test_tenants.py")
    return [str(path.relative_to(ROOT)) for each in patterns for path in sorted((ROOT / "tests").glob(each))]


def find(chosen: Sequence[tuple[Mutant, Known]], names: Sequence[str]) -> int:
    """Find the killing tests of mutants that have none yet, and write them down; return how many survive.

    First it tries the tests that get the error with every check in its place, from those that get the fewest others on.
    """
    left = [
        mutant
        for mutant, known in chosen
        if PROVIDERS in mutant.file and known.survives is None and (known.test is None or not is_test(known.test))
    ]
    providers = sorted({mutant.provider for mutant in left})
    met: dict[str, list[str]] = defaultdict(list)
    for provider, result in run((each, None, suspects(each)) for each in providers):
        if result.code != 0:
            sys.exit(f"{result.output}\nWith every check in its place, tests of {provider} fail: {result.failed}")
        for test, errors in sorted(result.met.items(), key=lambda item: (PROVIDER_TESTS not in item[0], len(item[1]))):
            for error in errors:
                met[error].append(test)

    def likely(mutant: Mutant) -> list[str]:
        error, _, function = mutant.name.partition(" @ ")
        keys = (f"{error} @ {function.partition(' (')[0]}", f"{mutant.provider} @ {function.partition(' (')[0]}", error)
        return list(dict.fromkeys(test for key in keys for test in met[key]))

    for tests_of in (
        lambda mutant: likely(mutant)[:5],
        lambda mutant: likely(mutant)[5:],
        lambda mutant: suspects(mutant.provider),
    ):
        jobs = [(mutant, mutant, tests_of(mutant)) for mutant in left if tests_of(mutant)]
        for mutant, result in run(jobs):
            if result.code == FAILED and result.failed is not None:
                left.remove(mutant)
                test = result.failed.partition("[")[0]
                print(f"{mutant.name}\n    {test}", flush=True)
                write(mutant.name, test, names)
    for mutant in left:
        print(f"NO TEST: {mutant.name}", flush=True)
    return len(left)


def write(name: str, test: str, names: Sequence[str]) -> None:
    """Write a test down, in the order of `names`; what is not among them is in no source any more, and left out."""
    text = FILE.read_text("utf-8")
    known = {**yaml.safe_load(text)["providers"], name: test}
    ordered = {each: known[each] for each in names if each in known}
    start = text[: text.index("\nproviders:") + len("\nproviders:")]
    section = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=10_000)
    FILE.write_text(start + "\n" + "".join(f"  {line}\n" for line in section.splitlines()), "utf-8")


# Run the mutants


def replay(chosen: Sequence[tuple[Mutant, Known]]) -> int:
    """Run each mutant's test, and return how many mutants it did not kill."""
    tests = sorted({known.test for _, known in chosen if known.test is not None})
    ((_, whole),) = run([(None, None, tests)])
    if whole.code != 0:
        sys.exit(f"{whole.output}\nWith every check in its place, pytest ends with {whole.code} at {whole.failed}.")
    wrong = 0
    for mutant, known in chosen:
        if known == Known():
            wrong += 1
            print(f"no test is named: {mutant.name}", flush=True)
    jobs = [((mutant, known.test), mutant, [known.test]) for mutant, known in chosen if known.test is not None]
    for (mutant, test), result in run(jobs, SECONDS):
        if not result.is_killed:
            wrong += 1
            *_, last = "", *result.output.strip().splitlines()
            print(f"SURVIVED ({result.code}, {last}): {mutant.name}\n    {test}", flush=True)
    survivors = [f"    {mutant.name}: {known.survives}" for mutant, known in chosen if known.survives is not None]
    killed = len(chosen) - wrong - len(survivors)
    print(f"{len(chosen)} mutants: {killed} killed, {wrong} not, {len(survivors)} known to survive.")
    print(*survivors, sep="\n", end="\n" if survivors else "")
    return wrong


def main() -> None:
    unknown = [word for word in sys.argv[1:] if word.startswith("--") and word not in ("--find", "--some")]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no option; there is --find, --some, and words of the names of mutants")
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    every = mutants()
    chosen = [item for item in every if not words or any(word in item[0].name for word in words)]
    if "--some" in sys.argv:
        chosen = chosen[::8]
    warm()
    names = [mutant.name for mutant, _ in every]
    sys.exit(1 if (find(chosen, names) if "--find" in sys.argv else replay(chosen)) else 0)


if __name__ == "__main__":
    main()
