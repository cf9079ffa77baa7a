"""The pytest plugin: a tenant for every test. Nothing of the server is imported before a test asks for one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .core.config import Config
    from .testing.coverage import Coverage
    from .testing.tenant import Server, Tenant

ARGUMENTS: Mapping[str, tuple[type, ...]] = {
    "seed": (str, os.PathLike, Mapping),
    "profile": (str, Mapping),
    "clock": (str, datetime, Mapping),
    "faults": (list, tuple),
    "credentials": (Mapping,),
    "strict": (bool,),
}
"""What the marker takes."""
FAULT = ("operation", "kind", "status", "times", "skip", "when", "delay_seconds")
"""What a fault of it may say."""
SHARED = ("seed", "profile", "clock", "strict")
"""What of it holds for every tenant that the test opens."""
MARKER = (
    "mockserver(seed=..., profile=..., clock=..., faults=[...], credentials={...}, strict=...): how the test's tenant "
    "starts; the arguments are those of Server.sandbox."
)
WAIT = 10.0
"""How long a server that is attached to may take to be ready, in seconds."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockserver", "a mock of SparkPost, SendGrid and Mailgun")
    group.addoption(
        "--mockserver-url",
        metavar="URL",
        help="use the server that runs here, and start none [also: MOCKSERVER_URL, the ini option mockserver_url]",
    )
    group.addoption(
        "--mockserver-control-token",
        metavar="TOKEN",
        help="what that server's control API asks for [also: MOCKSERVER_CONTROL_TOKEN]",
    )
    group.addoption(
        "--mockserver-strict",
        action="store_true",
        default=None,
        help="fail a test whose request breaks a provider's contract [also: the ini option mockserver_strict]",
    )
    group.addoption(
        "--mockserver-coverage",
        action="store_true",
        help="say at the end which operations and refusals of the providers were met, and which never",
    )
    group.addoption(
        "--mockserver-coverage-report",
        metavar="FILE",
        action="append",
        default=[],
        help="write that to a file, as JSON, or as Markdown if its name ends in .md; may be given again",
    )
    parser.addini("mockserver_url", "the server to use, instead of starting one for each process of the run")
    parser.addini("mockserver_seed", "the world of every test: a YAML file, seen from the root, or default, empty, …")
    parser.addini("mockserver_profile", "how the providers answer every test: documented, live, sendgrid=live, …")
    parser.addini(
        "mockserver_strict", "whether a request that breaks a provider's contract fails its test", type="bool"
    )


class Run:
    """What a run of tests has open, and what is wrong with the test that runs."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.coverage: Coverage | None = None
        self.written: list[tuple[str, bool]] = []
        """What became of the files of the coverage, and whether it is bad."""
        self.silent = 0
        """How many processes of the run ended without telling what they covered."""
        self.fixtures: list[pytest.FixtureDef[Any]] = []
        """Those that are being set up, the innermost last."""
        self.item: pytest.Item | None = None
        """The test that runs."""
        self._open: dict[Tenant, bool] = {}
        """Whether it is the test's alone."""
        self._first: dict[Tenant, int] = {}
        """`seq` of the last request before the test that runs."""
        self._others: Callable[[], int] = int
        """Counts the requests to the server that no tenant of the run made."""
        self._before = 0
        self._calling = False
        """Whether the test's own function runs, and neither what prepares it nor what clears up."""
        self._gone: set[Tenant] = set()
        """Those that the server knows no more, or that no server is there for, as was told already."""
        self._pending: list[str] = []
        self._told: list[tuple[str, str]] = []

    def serve(self, server: Server, others: Callable[[], int]) -> None:
        """Take note of the server, and of how requests to it that no tenant of the run made are counted."""
        server.opened, server.closing = self._adopt, self._closing
        self._others = others
        self._before = others()

    def begin(self, item: pytest.Item) -> None:
        self.item = item
        self._first = {tenant: tenant._judged for tenant in self._open}
        self._before = self._others()
        self._pending.clear()
        self._told.clear()

    def is_own(self) -> bool:
        """Say whether what is opened now is the running test's alone."""
        return not self.fixtures or self.fixtures[-1].scope == "function"

    def _adopt(self, tenant: Tenant) -> None:
        """Close a sandbox together with the fixture, or else the test, that opened it."""
        assert self.item is not None
        owner = self.fixtures[-1] if self.fixtures else self.item
        self._open[tenant] = self.is_own()
        self._first[tenant] = 0

        def finish() -> None:
            from .testing.control_client import ControlError

            try:
                tenant.close()
            except ControlError as error:
                if tenant not in self._gone:
                    self._pending.append(f"mockserver: {tenant.id} cannot be closed: {error}")
            self.fail_for(self._pending)

        try:
            owner.addfinalizer(finish)
        except AssertionError:  # a test that is being cleared up takes no more
            self.item.session.addfinalizer(finish)

    def _closing(self, tenant: Tenant) -> None:
        """Keep what a failure would tell of a sandbox, while it can be asked."""
        if tenant in self._gone:
            return
        self._told += self._section(tenant)
        own = self._open.pop(tenant, True)
        self._pending += tenant.problems(faults=self._calling or not own)

    @contextlib.contextmanager
    def judging(self) -> Iterator[None]:
        """Fail the test whose function runs, if it did not fail by itself and there are mistakes."""
        self._calling = True
        found: list[str] = []
        try:
            yield
        finally:
            for tenant, own in list(self._open.items()):
                from .testing.control_client import ControlError

                try:
                    found += tenant.problems(faults=own)
                except ControlError as error:  # told once, and in the place of no failure of the test's own
                    del self._open[tenant]
                    self._gone.add(tenant)
                    found.append(f"mockserver: the requests of {tenant.id} cannot be judged: {error}")
            found = [*self._pending, *found]
            self._pending.clear()  # of a test that failed, too: the next one is to hear nothing of them
            self._calling = False
        self.fail_for(found)

    def fail_for(self, problems: list[str]) -> None:
        """Fail what runs, if anything is wrong."""
        if problems:
            reason = "\n".join(problems)
            problems.clear()
            pytest.fail(reason, pytrace=False)

    def sections(self) -> list[tuple[str, str]]:
        """Return the sections of a failure, each with its title."""
        payload = [*self._told]
        for tenant in self._open:
            payload += self._section(tenant)
        return payload

    def _section(self, tenant: Tenant) -> Iterator[tuple[str, str]]:
        from .testing.control_client import ControlError
        from .testing.report import render

        first = self._first.get(tenant, 0)
        try:
            made = tenant.requests.since(first if first <= tenant._judged else 0)  # numbers begin anew with a reset
        except ControlError as error:
            yield f"mockserver: requests of {tenant.id}", str(error)
            return
        others = self._others() - self._before
        lines = [render(made) or "none came with this tenant's credentials"]
        if others > 0 and len(self._open) == 1:
            lines.append(f"({others} more came to this server with other credentials, or with none)")
        if made or self._open.get(tenant):
            yield f"mockserver: requests of {tenant.id}", "\n".join(lines)


RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    run = config.stash[RUN] = Run(config)
    url = _url(config)
    if url:
        from .testing.control_client import ControlClient

        try:
            ControlClient(url)
        except ValueError as error:
            raise pytest.UsageError(f"mockserver: {url!r} {error}") from None
    if config.option.mockserver_coverage or config.option.mockserver_coverage_report:
        from .testing.coverage import Coverage

        run.coverage = Coverage()


def _url(config: pytest.Config) -> str:
    return str(config.option.mockserver_url or os.environ.get("MOCKSERVER_URL") or config.getini("mockserver_url"))


# The marker


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, Any]:
    """Refuse a wrong argument of the marker when tests are collected: before any runs, and under xdist too."""
    report = yield
    problems = []
    for item in report.result or ():
        for mark in item.iter_markers("mockserver") if isinstance(item, pytest.Item) else ():
            mistake = _mistake(mark)
            if mistake is not None:
                problems.append(f"{item.nodeid}: @pytest.mark.mockserver {mistake}")
    if problems:
        report.outcome, report.longrepr, report.result = "failed", "\n".join(problems), []
    return report


def _mistake(mark: pytest.Mark) -> str | None:
    import difflib

    if mark.args:
        return f"takes no positional argument ({', '.join(ARGUMENTS)} are keywords)"
    for name, value in mark.kwargs.items():
        if name not in ARGUMENTS:
            (near,) = difflib.get_close_matches(name, ARGUMENTS, n=1, cutoff=0)
            return f"takes no '{name}'; the closest is '{near}'"
        if not isinstance(value, ARGUMENTS[name]):
            wanted = " or ".join(each.__name__ for each in ARGUMENTS[name])
            return f"takes a {wanted} for '{name}', not {value!r}"
    for fault in mark.kwargs.get("faults", ()):
        if not isinstance(fault, Mapping) or "operation" not in fault:
            return f"takes faults that name an 'operation', not {fault!r}"
        for name in fault:
            if name not in FAULT:
                return f"takes no fault with '{name}'; there is {', '.join(FAULT)}"
    if "credentials" in mark.kwargs or "profile" in mark.kwargs:
        from .core.errors import SeedError
        from .core.profiles import resolve_profiles
        from .providers import load_providers

        known = [provider.name for provider in load_providers()]
        for name in mark.kwargs.get("credentials", ()):
            if name not in known:
                return f"takes no credential for '{name}'; there is {', '.join(known)}"
        try:
            resolve_profiles(mark.kwargs.get("profile", {}), dict.fromkeys(known))
        except SeedError as error:
            return f"takes no such profile: {error}"
    return None


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return the arguments of a test's markers; those nearer to the test count more."""
    marks = list(reversed(list(item.iter_markers("mockserver"))))
    # those of a `pytest.param` are nearest, and pytest has them behind those of the function
    marks += [mark for mark in getattr(getattr(item, "callspec", None), "marks", ()) if mark.name == "mockserver"]
    return {name: value for mark in marks for name, value in mark.kwargs.items()}


# The fixtures


@pytest.fixture(scope="session")
def mockserver_config(pytestconfig: pytest.Config) -> Config:
    """Settings of the server that is started for the tests: a `mockserver.Config`. Override it to have others."""
    from .core.config import Config
    from .testing.tenant import is_packaged

    seed = str(pytestconfig.getini("mockserver_seed"))
    profile = str(pytestconfig.getini("mockserver_profile")) or None
    if not seed:
        return Config(profile=profile)
    return Config(seed=seed if is_packaged(seed) else str(pytestconfig.rootpath / seed), profile=profile)


@pytest.fixture(scope="session")
def mockserver_server(request: pytest.FixtureRequest, mockserver_config: Config) -> Iterator[Server]:
    """The server: `.url`, `.create_tenant()`, `.app`, `.client` for its control API.

    It is started for this process, or it is the one that --mockserver-url names.
    """
    from .testing.tenant import Server, run_server

    config = request.config
    run = config.stash[RUN]
    strict = bool(config.option.mockserver_strict or config.getini("mockserver_strict"))
    url = _url(config)
    if url:
        from .testing.control_client import ControlClient

        seed = config.getini("mockserver_seed")
        profile = config.getini("mockserver_profile")
        token = config.option.mockserver_control_token or os.environ.get("MOCKSERVER_CONTROL_TOKEN")
        client = ControlClient(url, token, os.environ.get("MOCKSERVER_CA"))
        client.wait(WAIT)
        with Server(client, seed=seed or None, profile=profile or None, strict=strict, root=config.rootpath) as tenants:
            run.serve(tenants, int)
            tenants.coverage = run.coverage
            if run.coverage is not None:
                run.coverage.support_matrix = tenants.support_matrix
            yield tenants
        return
    with run_server(mockserver_config, strict=strict, root=config.rootpath) as tenants:
        store = tenants.app.extensions["mockserver"].store
        run.serve(tenants, lambda: store.counts().get("unmatched_requests", 0))
        yield tenants
        if run.coverage is not None:
            run.coverage.support_matrix = tenants.support_matrix
            run.coverage.add(tenants.client.request("GET", "coverage"))


@pytest.fixture(scope="session")
def mockserver_factory(mockserver_server: Server, pytestconfig: pytest.Config) -> Callable[..., Tenant]:
    """Opens tenants: `mockserver_factory(seed=..., profile=..., clock=..., faults=..., credentials=..., strict=...)`.
    Each lives as long as the fixture, or the test, that opened it; a test's own start as its marker says, if nothing
    else is said."""
    run = pytestconfig.stash[RUN]

    def open_tenant(**start: Any) -> Tenant:
        __tracebackhide__ = True
        if run.item is not None and run.is_own():
            marked = _marked(run.item)
            start = {name: marked[name] for name in SHARED if name in marked} | start
        return mockserver_server.create_tenant(**start)

    return open_tenant


@pytest.fixture
def mockserver(
    request: pytest.FixtureRequest,
    mockserver_config: Config,
    mockserver_server: Server,
    mockserver_factory: Callable[..., Tenant],
    monkeypatch: pytest.MonkeyPatch,
) -> Tenant:
    """A new tenant: `.sparkpost`, `.sendgrid` and `.mailgun`, each with `.url`, `.api_key`, `.headers` and `.auth`;
    `.requests`, `.faults`, `.clock`, `.state()`, `.seed()`, `.snapshot()`, `.restore()`, `.reset()`, `.env()`."""
    from .core.errors import SeedError
    from .testing.control_client import ControlError
    from .testing.in_process import InProcessClient

    client = mockserver_server.client
    if isinstance(client, InProcessClient) and client.app.extensions["mockserver"].config != mockserver_config:
        raise pytest.fail.Exception(
            "mockserver_config is another one for this test than for the server, which runs already: there is one for "
            "all tests of a process. Override it in one place, or start another server with mockserver.serving().",
            pytrace=False,
        )
    marked = _marked(request.node)
    try:
        tenant = mockserver_factory(**marked)
    except (ControlError, SeedError, TypeError, ValueError) as error:
        to_blame = marked and not (isinstance(error, ControlError) and error.status in (None, HTTPStatus.UNAUTHORIZED))
        name = "@pytest.mark.mockserver" if to_blame else "mockserver"
        raise pytest.fail.Exception(f"{name}: {error}", pytrace=False) from None
    tenant._setenv = monkeypatch.setenv
    return tenant


# What fails a test, and what a failure tells


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Generator[None]:
    fixtures = request.config.stash[RUN].fixtures
    fixtures.append(fixturedef)
    try:
        return (yield)
    finally:
        fixtures.pop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[RUN].begin(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    with item.config.stash[RUN].judging():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += item.config.stash[RUN].sections()
    return report


# Coverage


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    run = session.config.stash[RUN]
    if run.coverage is None or session.config.option.collectonly:
        return
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["mockserver"] = run.coverage.dump()
        return
    if not run.coverage.support_matrix["operations"]:  # no test used the server
        from .evidence import support_matrix
        from .providers import load_providers

        run.coverage.support_matrix = support_matrix(load_providers())
    for file in run.config.option.mockserver_coverage_report:
        path = Path(run.config.invocation_params.dir, file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(run.coverage.text(file), "utf-8")
        except OSError as error:
            run.written.append((f"NOT written to {file}: {error.strerror or error}", True))
        else:
            run.written.append((f"written to {file}", False))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    run = node.config.stash[RUN]
    if run.coverage is None:
        return
    dump = getattr(node, "workeroutput", {}).get("mockserver")
    if dump is None:
        run.silent += 1
    else:
        run.coverage.load(dump)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    run = terminalreporter.config.stash[RUN]
    if run.coverage is None or terminalreporter.config.option.collectonly:
        return
    terminalreporter.section("mockserver coverage")
    for line in run.coverage.lines(terminalreporter.config.get_terminal_writer().fullwidth):
        terminalreporter.write_line(line)
    if run.silent:
        terminalreporter.write_line(
            f"{run.silent} processes of the run died, and what they covered is missing", red=True
        )
    for line, bad in run.written:
        terminalreporter.write_line(line, red=bad)
