"""README.md and docs/ do what they say: every block of code in them runs, and no table misses anything.

The language, the first line and the section of a block decide what is done with it:

- A section with named blocks (`# conftest.py` is the first line) is a folder with these files. Its `console` runs
  there; without any, pytest does, and must pass.
- `python` with a test function in it is run by pytest, and must pass; without one it is a script.
- `console` is commands of one shell, each after `$ `, with their output. `...` stands for anything. Requests fit the
  OpenAPI documents.
- `js` is a program for Node.js, with the variables of a tenant. It sends a request to its provider, without an error.
- `yaml` is a seed; or, named as a CI service requires, a pipeline that fits the schema of that service.
- `sh` is commands that install or start something; they are checked, not run.

A server runs where the pages say, at http://127.0.0.1:8080, and one that is trusted by ca.pem at https://localhost:8443.
"""

from __future__ import annotations

import ast
import configparser
import dataclasses
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

from mockserver import Server, Tenant, run_server, tls
from mockserver.cli import commands
from mockserver.core import seed
from mockserver.providers import PROVIDERS
from mockserver.pytest_plugin import ARGUMENTS, FAULT
from mockserver.server import start
from mockserver.testing import requests as calls
from mockserver.testing import tenant as tenants

from .npm import run as run_node

ROOT = Path(__file__).parent.parent
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
}
URL = "http://127.0.0.1:8080"
SECURE = "localhost:8443"
CA = "ca.pem"
PLACES: dict[str, str] = {}
"""What stands in the tests for what the pages name: the servers, and what to trust one of them by."""
VARYING = re.compile(r"127\.0\.0\.1:\d+|\d+\.\d+s\b(?: \(\d+:\d\d:\d\d\))?")
"""What is printed differently each time: the port, and how long something took."""
PYTEST_ADDOPTS = (
    "-W error -o asyncio_default_fixture_loop_scope=function -p no:cacheprovider -p no:randomly -p no:schemathesis"
)
END = "end of command"
SLOW = re.compile(r"^\$ mockserver fuzz-info .*\| sh", re.MULTILINE)
"""A command that takes seconds: a fuzzer."""
INVALID = re.compile(r"^\$ mockserver (?:fuzz-info .*\| sh|drift) ", re.MULTILINE)
"""A command that sends invalid requests on purpose."""
PIPELINES = {".github/workflows/test.yaml": "vendor.github-workflows", ".gitlab-ci.yml": "vendor.gitlab-ci"}
PROVIDER = re.compile("|".join(provider.name for provider in PROVIDERS))


class Block(NamedTuple):
    """A block of code on a page."""

    page: str
    line: int
    section: int
    """The line of the heading above it."""
    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The name that its first line gives it."""
        named = re.match(r"# ([\w/]+\.\w+)\n", self.text)
        return named and named[1]

    @property
    def schema(self) -> str | None:
        """The schema that it must fit, if it is the pipeline of a CI service."""
        named = re.match(r"# (\.\S+)\n", self.text)
        return named and PIPELINES[named[1]]

    @property
    def has_tests(self) -> bool:
        return self.language == "python" and re.search(r"^ *(async )?def test_", self.text, re.MULTILINE) is not None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: str) -> Iterator[Block]:
    """Yield the blocks of a page."""
    section = 0
    begun: tuple[int, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(PAGES[page].splitlines(keepends=True), 1):
        if begun is None:
            if line.startswith("```"):
                begun, lines = (number, line[3:].strip()), []
            elif line.startswith("#"):
                section = number
        elif line.startswith("```"):
            yield Block(page, begun[0], section, begun[1], "".join(lines))
            begun = None
        else:
            lines.append(line)


BLOCKS = [block for page in PAGES for block in read(page)]
FOLDERS = {(block.page, block.section) for block in BLOCKS if block.file}


def in_folder(block: Block) -> bool:
    return (block.page, block.section) in FOLDERS


LOOSE = [block for block in BLOCKS if not in_folder(block)]
KINDS: dict[str, Sequence[Any]] = {
    "project": [[block for block in BLOCKS if (block.page, block.section) == folder] for folder in sorted(FOLDERS)],
    "test": [block for block in LOOSE if block.has_tests],
    "pipeline": [block for block in LOOSE if block.schema],
    "script": [block for block in LOOSE if block.language == "python" and not block.has_tests],
    **{
        language: [block for block in LOOSE if block.language == language and not block.schema]
        for language in ("console", "js", "yaml", "sh")
    },
}


def every(kind: str) -> pytest.MarkDecorator:
    """Run a test with every block, or every folder of blocks, of a kind."""
    found = []
    for each in KINDS[kind]:
        blocks = [each] if isinstance(each, Block) else each
        slow = any(SLOW.search(block.text) for block in blocks)
        found.append(pytest.param(each, id=str(blocks[0]), marks=pytest.mark.slow if slow else ()))
    return pytest.mark.parametrize("block", found)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    hosts = [host for provider in PROVIDERS for host in provider.hosts]
    with tls.self_signed(hosts) as made, start(tls=made) as secure, run_server() as server:
        PLACES.update({URL: server.url, SECURE: f"localhost:{secure.port}", CA: made.ca})
        yield server


def here(text: str) -> str:
    """Put what is there in place of what the pages name."""
    for named, real in PLACES.items():
        text = text.replace(named, real)
    return text


def run(command: str, folder: Path, server: Server) -> tuple[int, str]:
    """Run a command as in a new shell of a machine where this project and that server are; return code and output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MOCKSERVER_", "PYTEST_"))}
    for name in ("CI", "BUILD_NUMBER"):  # pytest prints more where one is set; the pages show what it prints elsewhere
        environment.pop(name, None)
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_PROXY": "127.0.0.1,localhost,api.mailgun.net",
        "MOCKSERVER_PORT": server.url.rpartition(":")[2],
        "PYTEST_ADDOPTS": PYTEST_ADDOPTS,
    }
    done = subprocess.run(
        here(command),
        cwd=folder,
        env=environment,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def run_console(block: Block, folder: Path, server: Server) -> list[str]:
    """Run the commands of a block in one shell, and return them; each prints what stands under it."""
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE)
    script = "\n".join(f"{{ {command}\n}} </dev/null; printf '\\n{END} %s\\n' $?" for command, _ in commands)
    _, printed = run(script, folder, server)
    outputs = re.findall(rf"(.*?)\n{END} (\d+)\n", printed, re.DOTALL)
    assert len(outputs) == len(commands), printed
    for (command, expected), (output, code) in zip(commands, outputs, strict=True):
        parts = [re.escape(part) for part in _comparable(here(expected)).split("...")]
        assert re.fullmatch(".*".join(parts), _comparable(output), re.DOTALL), f"{command}\n{output}"
        assert bool(int(code)) == ("FAILED" in expected or expected.startswith("mockserver: ")), command
    return [command for command, _ in commands]


def _comparable(text: str) -> str:
    return VARYING.sub("…", "\n".join(line.rstrip() for line in text.strip().splitlines()))


@pytest.mark.slow
@every("project")
def test_project(block: list[Block], server: Server, tmp_path: Path) -> None:
    """The files of a section are run by the commands of the section, or by pytest."""
    for each in block:
        if each.file:
            path = tmp_path / each.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(here(each.text), "utf-8")
        else:
            assert each.language == "console", f"{each} has no name, and its section is a folder of named files"
    consoles = [each for each in block if not each.file]
    commands = [command for console in consoles for command in run_console(console, tmp_path, server)]
    if not commands:
        code, printed = run("pytest -q", tmp_path, server)
        assert code == 0, printed
    elif any(each.has_tests for each in block):
        assert [command for command in commands if re.match("pytest|python -m unittest", command)]


@pytest.fixture(scope="module")
def outcomes(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[bool]], str]:
    """Whether the tests of each block passed, and what pytest printed: one run for all blocks."""
    folder = tmp_path_factory.mktemp("tests")
    for block in KINDS["test"]:
        (folder / f"{_module(block)}.py").write_text(here(block.text), "utf-8")
    _, printed = run("pytest -q --mockserver-strict --junitxml junit.xml", folder, server)
    passed: dict[str, list[bool]] = {}
    for case in ElementTree.parse(folder / "junit.xml").iter("testcase"):
        passed.setdefault(case.get("classname", "").partition(".")[0], []).append(len(case) == 0)
    return passed, printed


def _module(block: Block) -> str:
    return "test_" + re.sub(r"\W", "_", str(block))


@pytest.mark.slow
@pytest.mark.xdist_group("docs")  # one run of pytest for all
@every("test")
def test_tests(block: Block, outcomes: tuple[dict[str, list[bool]], str]) -> None:
    """The tests of a block pass in strict mode, and pytest finds all of them."""
    passed, printed = outcomes
    number = len(re.findall(r"^(?:async )?def test_", block.text, re.MULTILINE))
    assert passed.get(_module(block)) == [True] * number, printed


@every("script")
def test_script(block: Block, server: Server) -> None:
    """A script runs, its assertions included."""
    exec(compile(here(block.text), str(block), "exec"), {})


@pytest.mark.slow
@every("console")
def test_console(block: Block, server: Server, tmp_path: Path) -> None:
    """Every command prints what stands under it, and every request fits the OpenAPI document of its provider."""
    server.client.request("POST", "reset", body={})
    assert run_console(block, tmp_path, server)
    if INVALID.search(f"{block.text} "):
        return
    for tenant in server.client.request("GET", "tenants")["tenants"]:
        sent = server.client.request("GET", "tenants", tenant["id"], "requests")["requests"]
        violations = [(each["method"], each["path"], each["request_violations"]) for each in sent]
        assert [each for each in violations if each[2]] == []


@pytest.mark.slow
@pytest.mark.node
@every("js")
def test_js(block: Block, server: Server, node: str) -> None:
    """A program asks the provider it names, with a credential of the tenant whose variables are set."""
    with server.create_tenant() as tenant:
        (provider,) = set(PROVIDER.findall(block.text))
        environment = {
            name: value
            for each in (tenant.sparkpost, tenant.sendgrid, tenant.mailgun)
            for name, value in each.env.items()
        }
        run_node([node, "--input-type=module", "-"], 60, block.text, **environment)
        tenant.requests.assert_called(f"{provider}.*", error=False)
        tenant.check()


@every("yaml")
def test_yaml(block: Block) -> None:
    """A seed is valid, and has sections of providers only."""
    sections = {provider.name: provider.seed_schema for provider in PROVIDERS}
    shown = yaml.safe_load(block.text)
    loaded = seed.read(block.text.encode(), shown.get("name", ""), sections)
    assert set(shown) <= {"name", *loaded.states}


@every("pipeline")
def test_pipeline(block: Block, tmp_path: Path) -> None:
    """A pipeline fits the schema of its service."""
    (tmp_path / "pipeline.yaml").write_text(block.text, "utf-8")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", str(block.schema)]
    done = subprocess.run([*check, str(tmp_path / "pipeline.yaml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@every("sh")
def test_sh(block: Block) -> None:
    """Targets, options, extras, images and files exist; pip installs packages of the lock."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    installable = {".", *(f".[{extra}]" for extra in setup["options.extras_require"]), *locked}
    for line in block.text.splitlines():
        match shlex.split(line, comments=True):
            case ["make", target]:
                command = ["make", "--dry-run", target, "ARGS=--port 9000"]
                subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            case ["mockserver", "serve", *options]:
                commands.commands["serve"].make_context("serve", options)
            case ["pip", "install", *names]:
                assert set(names) <= installable
            case ["python3", "-m", "venv", ".venv"] | [".", ".venv/bin/activate"]:
                pass
            case ["docker", "build", "-t", "mockserver", "."]:
                assert (ROOT / "Dockerfile").is_file()
            case ["docker", "run", "--rm", "-p", ports, "mockserver"]:
                assert f"EXPOSE {ports.rpartition(':')[2]}\n" in (ROOT / "Dockerfile").read_text("utf-8")
            case ["docker", "compose", *options, "up", "--build"]:
                assert (ROOT / (options[1] if options else "compose.yaml")).is_file()
            case _:
                pytest.fail(f"not checked by any test: {line}")


def test_readme_starts_with_three_blocks() -> None:
    """README begins with an example, and then with pytest, a container and any other client."""
    blocks = [block for block in BLOCKS if block.page == "README.md"]
    assert [block.language for block in blocks][:6] == ["console", "sh", "python", "sh", "sh", "console"]


def test_index_has_every_page() -> None:
    """docs/README.md links to every page."""
    pages = {Path(page).name for page in PAGES if page.startswith("docs/")}
    assert set(re.findall(r"\]\((\w[\w-]*\.md)\)", PAGES["docs/README.md"])) == pages - {"README.md"}


def test_every_block_is_run() -> None:
    """No block is of a kind that no test runs, or written so that it is not found."""
    run = [each for kind in KINDS.values() for each in kind]
    assert sorted(block for each in run for block in ([each] if isinstance(each, Block) else each)) == sorted(BLOCKS)
    for page, text in PAGES.items():
        fences = re.findall(r"^[ >]*(?:```|~~~)", text, re.MULTILINE)
        assert fences == ["```"] * 2 * sum(block.page == page for block in BLOCKS), page


def test_links() -> None:
    """Every file, and every heading, that is linked to is there."""
    for page, text in PAGES.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("http"):
                continue
            file, _, heading = target.partition("#")
            path = ROOT.joinpath(page).parent / file if file else ROOT / page
            assert path.exists(), (page, target)
            heads = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE) if heading else []
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert not heading or heading in slugs, (page, target)


# The tables


def table(page: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose first head this is, each as the names in its cells."""
    (found,) = tables(page, head)
    return found


def tables(page: str, head: str) -> list[list[list[str]]]:
    """Return the rows of every table whose first head this is."""
    found = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|: ]+\n((?:\|.*\n)+)", PAGES[page], re.MULTILINE)
    return [[[cell.strip() for cell in row[1:-1].split("|")] for row in text.splitlines()] for text in found]


def names(page: str, head: str, column: int = 0) -> list[str]:
    """Return the names in a column: what stands in code, without arguments."""
    cells = [row[column] for row in table(page, head)]
    return sorted({name for cell in cells for name in re.findall(r"`([\w-]+)(?:\([^`]*\))?`", cell)})


def public(thing: object, *, without: Sequence[str] = ()) -> list[str]:
    return sorted(name for name in dir(thing) if not name.startswith("_") and name not in without)


@pytest.fixture(scope="module")
def tenant(server: Server) -> Iterator[Tenant]:
    with server.create_tenant() as tenant:
        yield tenant


PLUGIN = "docs/pytest.md"
FAULTS = "docs/faults.md"


def test_options_are_documented(server: Server, tmp_path: Path) -> None:
    """The page has every flag, ini option and variable of the plugin, and no other."""
    _, printed = run("pytest --help", tmp_path, server)
    flags = set(re.findall(r"^  (--mockserver-[\w-]+)", printed, re.MULTILINE))
    options = set(re.findall(r"^  (mockserver_\w+) \(", printed, re.MULTILINE))
    variables = set(re.findall(r"\bMOCKSERVER_\w+", printed))
    assert len(flags) == len(re.findall("--mockserver", printed))
    assert flags and names(PLUGIN, "flag") == sorted(flags)
    assert options and names(PLUGIN, "flag", 1) == sorted(options)
    assert variables and names(PLUGIN, "flag", 2) == sorted(variables)
    assert set(re.findall(r"--mockserver-[\w-]+", PAGES[PLUGIN])) == flags


def test_fixtures_are_documented(server: Server, tmp_path: Path) -> None:
    """The page has every fixture of the plugin with its scope, and no other."""
    _, printed = run("pytest --fixtures", tmp_path, server)
    fixtures = re.findall(r"^(mockserver\w*)(?: \[(\w+) scope\])? --", printed, re.MULTILINE)
    returned = [(*re.findall(r"\w+", row[0]), row[1]) for row in table(PLUGIN, "fixture")]
    assert fixtures and sorted(returned) == sorted((name, scope or "function") for name, scope in fixtures)


def test_arguments_are_documented() -> None:
    """The page has every argument of the marker, of a fault and of an assertion, and no other."""
    assert names(PLUGIN, "argument") == sorted(ARGUMENTS) == sorted(tenants.TenantOptions.__annotations__)
    assert sorted(FAULT) == sorted(["operation", *tenants.FaultOptions.__annotations__])
    assert names(FAULTS, "argument of a fault") == sorted(tenants.FaultOptions.__annotations__)
    assert names(PLUGIN, "value") == sorted(calls.MatchOptions.__annotations__)


def test_attributes_are_documented(tenant: Tenant) -> None:
    """The page has every method and attribute that a test may use, and no other."""
    assert names(PLUGIN, "`mockserver`") == public(tenant)
    assert names(PLUGIN, "`mockserver.sendgrid`") == public(tenant.sendgrid)
    assert names(PLUGIN, "`mockserver.requests`") == public(tenant.requests, without=dir(Sequence))
    assert names(FAULTS, "`mockserver.faults`") == public(tenant.faults)
    assert names("docs/clock.md", "`mockserver.clock`") == public(tenant.clock)
    assert names(FAULTS, "`mockserver.stubs`") == public(tenant.stubs)
    assert names(PLUGIN, "request") == public(calls.Request)
    fields = {field.name for field in dataclasses.fields(calls.ErrorRecord)}
    (error,) = (row for row in table(PLUGIN, "request") if row[0] == "`error`")
    assert set(re.findall(r"`\.(\w+)`", error[1])) == fields


def test_variables_are_documented(tenant: Tenant) -> None:
    """The page about clients has every variable that is set, and no other."""
    assert names("docs/sdks.md", "variable") == sorted(tenant.env())


# Troubleshooting

OTHERS = ("No such file or directory", "fixture 'mockserver' not found")
"""Messages of the system and of pytest."""
PART = 15
"""How many characters of a message must be in the source, without values that are inserted."""


def test_messages_of_troubleshooting_are_those_of_the_code() -> None:
    """Every message on the page is in the source, at least the longer parts of it that have no values."""
    texts = "\n".join(
        node.value
        for path in sorted((ROOT / "mockserver").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    found = [*tables("docs/troubleshooting.md", "response"), *tables("docs/troubleshooting.md", "message")]
    rows = [row[0] for table in found for row in table]
    messages = [message for cell in rows for message in re.findall(r"`([^`]+)`", cell) if len(message) > PART]
    assert len(messages) > 25
    for message in messages:
        parts = (message[start : start + PART] for start in range(len(message) - PART + 1))
        assert any(part in texts for part in parts) or message.endswith(OTHERS), message
