"""The pytest plugin: a tenant for every test. The server is imported only if a test uses a fixture of the plugin."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .core.config import Config
    from .testing.control_client import ControlClient
    from .testing.coverage import Coverage
    from .testing.requests import UnmatchedRequest
    from .testing.tenant import Server, Tenant

ARGUMENTS: Mapping[str, tuple[type, ...]] = {
    "seed": (str, os.PathLike, Mapping),
    "profile": (str, Mapping),
    "job_delay": (int, float, str),
    "clock": (str, datetime, Mapping),
    "region": (str,),
    "faults": (list, tuple),
    "stubs": (list, tuple),
    "credentials": (Mapping,),
    "strict": (bool,),
}
"""The arguments of the marker, and their types."""
FAULT = (
    *("operation", "kind", "status", "error", "headers", "body", "json"),
    *("times", "skip", "when", "delay_seconds"),
)
STUB = ("provider", "method", "path", "status", "headers", "body", "json")
"""The keys of a fault, and of a stub, in the marker."""
SHARED = ("seed", "profile", "job_delay", "clock", "region", "strict")
"""The arguments of the marker that apply to every tenant of the test."""
MARKER = (
    "mockserver(seed=..., profile=..., job_delay=..., clock=..., region=..., faults=[...], stubs=[...], "
    "credentials={...}, strict=...): options of the test's tenant; the arguments are those of Server.create_tenant."
)
UNMATCHED_TIMEOUT = 1.0
"""The timeout for the number of unmatched requests before each test, in seconds."""
WAIT = 10.0
"""The timeout for a running server to be ready, in seconds."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockserver", "mock server for SparkPost, SendGrid and Mailgun")
    group.addoption(
        "--mockserver-url",
        metavar="URL",
        help="use this running server instead of starting one [also: MOCKSERVER_URL, the ini option mockserver_url]",
    )
    group.addoption(
        "--mockserver-control-token",
        metavar="TOKEN",
        help="control token of the running server [also: MOCKSERVER_CONTROL_TOKEN]",
    )
    group.addoption(
        "--mockserver-strict",
        action="store_true",
        default=None,
        help="fail tests with requests that violate an OpenAPI document [also: the ini option mockserver_strict]",
    )
    group.addoption(
        "--mockserver-block-vendors",
        action="store_true",
        default=None,
        help="fail tests that resolve a real host of a provider [also: the ini option mockserver_block_vendors]",
    )
    group.addoption(
        "--mockserver-coverage",
        action="store_true",
        help="report at the end which operations and errors of the providers were covered",
    )
    group.addoption(
        "--mockserver-coverage-report",
        metavar="FILE",
        action="append",
        default=[],
        help="write the coverage to a file, as JSON, or Markdown if its name ends in .md; may be repeated",
    )
    group.addoption(
        "--mockserver-coverage-fail-under",
        metavar="PERCENT",
        type=_percent,
        help="fail the run if less of the operations of a provider that it used was called",
    )
    parser.addini(
        "mockserver_url", "URL of a running server to use, instead of starting one for each process of the run"
    )
    parser.addini(
        "mockserver_seed", "seed of every test: a YAML file, relative to the root folder, or default, empty, …"
    )
    parser.addini("mockserver_profile", "profile of every test: documented, live, sendgrid=live, …")
    parser.addini("mockserver_block_vendors", "whether tests fail that resolve a real host of a provider", type="bool")
    parser.addini("mockserver_strict", "whether requests that violate an OpenAPI document fail their test", type="bool")


def _percent(text: str) -> float:
    """Return a percentage. Raises `ArgumentTypeError`."""
    import argparse

    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 100, got '{text}'")
    return percent


class Run:
    """The tenants of a test run, and the problems of the current test."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.coverage: Coverage | None = None
        self.written: list[tuple[str, bool]] = []
        """A message for each coverage file, and whether it is an error."""
        self.crashed_workers = 0
        """The number of worker processes that ended without reporting their coverage."""
        self.fixtures: list[pytest.FixtureDef[Any]] = []
        """The fixtures that are being set up, the innermost last."""
        self.item: pytest.Item | None = None
        """The current test."""
        self._open: dict[Tenant, bool] = {}
        """The tenants, and whether each belongs to the current test only."""
        self._first: dict[Tenant, int] = {}
        """The `seq` of the last request of each tenant before the current test."""
        self._others: Callable[[], int] = int
        """Returns the number of requests to the server with unknown credentials."""
        self._before = 0
        self._server: Server | None = None
        self._last_unmatched: Callable[[], int] = int
        """Returns the `seq` of the last request to the server that belongs to no tenant. Raises `ControlError`."""
        self._first_unmatched = 0
        """The `seq` of the last one before the current test."""
        self._in_test_function = False
        """Whether the test function runs, and not the setup or teardown of fixtures."""
        self._unreachable: set[Tenant] = set()
        """Tenants already reported as unreachable."""
        self._pending: list[str] = []
        """Problems of tenants that were deleted during the current test."""
        self._sections: list[tuple[str, str]] = []
        """Report sections of tenants that were deleted during the current test."""

    def serve(self, server: Server, others: Callable[[], int], last_unmatched: Callable[[], int]) -> None:
        """Use a server.

        `others` returns the number of requests to it with unknown credentials, `last_unmatched` the `seq` of the last
        one that belongs to no tenant.
        """
        server.opened, server.closing = self._add, self._before_close
        self._server = server
        self._others = others
        self._before = others()
        self._last_unmatched = last_unmatched
        self._note_unmatched()

    def _note_unmatched(self) -> None:
        if self._server is None:
            return
        from .testing.control_client import ControlError

        try:
            self._first_unmatched = self._last_unmatched()
        except ControlError:  # it has stopped: do not wait for it in each test
            self._server = None

    def start_test(self, item: pytest.Item) -> None:
        self.item = item
        self._first = {tenant: tenant._checked_seq for tenant in self._open}
        self._before = self._others()
        self._note_unmatched()
        self._pending.clear()
        self._sections.clear()

    def add_problem(self, problem: str) -> None:
        """Add a problem, for which the current test fails, if there is one."""
        if self.item is not None and problem not in self._pending:
            self._pending.append(problem)

    def is_own(self) -> bool:
        """Return whether a tenant that is created now belongs to the current test only."""
        return not self.fixtures or self.fixtures[-1].scope == "function"

    def _add(self, tenant: Tenant) -> None:
        """Register a new tenant; it is closed with the fixture or the test that created it."""
        assert self.item is not None
        owner = self.fixtures[-1] if self.fixtures else self.item
        self._open[tenant] = self.is_own()
        self._first[tenant] = 0

        def finish() -> None:
            from .testing.control_client import ControlError

            try:
                tenant.close()
            except ControlError as error:
                if tenant not in self._unreachable:
                    self._pending.append(f"mockserver: cannot delete {tenant.id}: {error}")
            self.fail_for(self._pending)

        try:
            owner.addfinalizer(finish)
        except AssertionError:  # no finalizers can be added during teardown
            self.item.session.addfinalizer(finish)

    def _before_close(self, tenant: Tenant) -> None:
        """Collect the problems and report sections of a tenant before it is deleted."""
        if tenant in self._unreachable:
            return
        self._sections += self._section(tenant)
        own = self._open.pop(tenant, True)
        self._pending += tenant.problems(faults=self._in_test_function or not own)

    @contextlib.contextmanager
    def check_problems(self) -> Iterator[None]:
        """Fail the current test if there are problems after its function has passed."""
        self._in_test_function = True
        found: list[str] = []
        try:
            yield
        finally:
            for tenant, own in list(self._open.items()):
                from .testing.control_client import ControlError

                try:
                    found += tenant.problems(faults=own)
                except ControlError as error:  # report it once, and do not hide a failure of the test
                    del self._open[tenant]
                    self._unreachable.add(tenant)
                    found.append(f"mockserver: cannot check the requests of {tenant.id}: {error}")
            found = [*self._pending, *found]
            self._pending.clear()  # also if the test failed: they are not of the next one
            self._in_test_function = False
        self.fail_for(found)

    def fail_for(self, problems: list[str]) -> None:
        """Fail the current test or fixture if there are problems."""
        if problems:
            reason = "\n".join(problems)
            problems.clear()
            pytest.fail(reason, pytrace=False)

    def sections(self) -> list[tuple[str, str]]:
        """Return the report sections of a failure, each with its title."""
        sections = [*self._sections]
        for tenant in self._open:
            sections += self._section(tenant)
        unmatched = self._unmatched()
        if unmatched:
            sections.append(("mockserver: requests that belong to no tenant", "\n".join(map(str, unmatched))))
        return sections

    def _unmatched(self) -> list[UnmatchedRequest]:
        """Return the requests since the start of the test that belong to no tenant."""
        if self._server is None:
            return []
        from .testing.control_client import ControlError

        try:
            return self._server.unmatched_requests(self._first_unmatched)
        except ControlError:
            return []

    def _section(self, tenant: Tenant) -> Iterator[tuple[str, str]]:
        from .testing.control_client import ControlError
        from .testing.outbox import render as render_messages
        from .testing.report import render

        first = self._first.get(tenant, 0)
        try:
            requests = tenant.requests.since(
                first if first <= tenant._checked_seq else 0
            )  # a reset restarts the numbers
        except ControlError as error:
            yield f"mockserver: requests of {tenant.id}", str(error)
            return
        others = self._others() - self._before
        lines = [render(requests) or "no requests to a provider with this tenant's credentials"]
        if others > 0 and len(self._open) == 1 and (others := others - len(self._unmatched())):
            lines.append(f"({others} more requests with other credentials)")
        if requests or self._open.get(tenant):
            yield f"mockserver: requests of {tenant.id}", "\n".join(lines)
        with contextlib.suppress(ControlError):
            messages = list(tenant.outbox)
            if messages:
                yield f"mockserver: outbox of {tenant.id}", render_messages(messages)


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
            raise pytest.UsageError(f"mockserver: {_url_source(config)}: {url!r}: {error}") from None
    if config.option.mockserver_block_vendors or config.getini("mockserver_block_vendors"):
        from .testing.real_hosts import block

        stack = contextlib.ExitStack()
        config.add_cleanup(stack.close)
        stack.enter_context(block(run.add_problem))
    options = config.option
    if (
        options.mockserver_coverage
        or options.mockserver_coverage_report
        or options.mockserver_coverage_fail_under is not None
    ):
        from .testing.coverage import Coverage

        run.coverage = Coverage()


def _url(config: pytest.Config) -> str:
    return str(config.option.mockserver_url or os.environ.get("MOCKSERVER_URL") or config.getini("mockserver_url"))


def _url_source(config: pytest.Config) -> str:
    """Return the name of the option or variable that sets the URL of the server."""
    if config.option.mockserver_url:
        return "--mockserver-url"
    return "MOCKSERVER_URL" if os.environ.get("MOCKSERVER_URL") else "mockserver_url"


# The marker


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, Any]:
    """Report invalid arguments of the marker as collection errors, before any test runs, also with xdist."""
    report = yield
    problems = []
    for item in report.result or ():
        for mark in item.iter_markers("mockserver") if isinstance(item, pytest.Item) else ():
            problem = _problem(mark)
            if problem is not None:
                problems.append(f"{item.nodeid}: @pytest.mark.mockserver: {problem}")
    if problems:
        report.outcome, report.longrepr, report.result = "failed", "\n".join(problems), []
    return report


def _problem(mark: pytest.Mark) -> str | None:
    """Return the error message for a marker; None if it is valid."""
    from .core.suggestions import did_you_mean_or_list

    if mark.args:
        return f"unexpected positional argument: expected keywords of {', '.join(ARGUMENTS)}"
    for name, value in mark.kwargs.items():
        if name not in ARGUMENTS:
            return f"unexpected argument '{name}'{did_you_mean_or_list(name, ARGUMENTS)}"
        if not isinstance(value, ARGUMENTS[name]):
            expected = " or ".join(each.__name__ for each in ARGUMENTS[name])
            return f"{name}: expected {expected}, got {value!r}"
    for fault in mark.kwargs.get("faults", ()):
        if not isinstance(fault, Mapping) or "operation" not in fault:
            return f"faults: expected a mapping with 'operation', got {fault!r}"
        for name in fault:
            if name not in FAULT:
                return f"faults: unknown key '{name}'{did_you_mean_or_list(name, FAULT)}"
    for stub in mark.kwargs.get("stubs", ()):
        if not isinstance(stub, Mapping) or not set(STUB[:3]) <= stub.keys() <= set(STUB):
            return (
                f"stubs: expected a mapping with {', '.join(STUB[:3])}, and maybe {', '.join(STUB[3:])}, got {stub!r}"
            )
    if "job_delay" in mark.kwargs:
        from .core.config import parse_job_delay

        try:
            parse_job_delay(mark.kwargs["job_delay"])
        except ValueError as error:
            return f"job_delay: {error}"
    if "credentials" in mark.kwargs or "profile" in mark.kwargs:
        from .core.errors import SeedError
        from .core.profiles import resolve_profiles
        from .providers import load_providers

        known = [provider.name for provider in load_providers()]
        for name in mark.kwargs.get("credentials", ()):
            if name not in known:
                return f"credentials: unknown provider '{name}': expected {', '.join(known)}"
        try:
            resolve_profiles(mark.kwargs.get("profile", {}), dict.fromkeys(known))
        except SeedError as error:
            return f"profile: {error}"
    return None


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return the arguments of a test's markers; the closest marker wins."""
    marks = list(reversed(list(item.iter_markers("mockserver"))))
    # the markers of a `pytest.param` are closest, but pytest lists them after those of the function
    marks += [mark for mark in getattr(getattr(item, "callspec", None), "marks", ()) if mark.name == "mockserver"]
    return {name: value for mark in marks for name, value in mark.kwargs.items()}


# The fixtures


@pytest.fixture(scope="session")
def mockserver_config(pytestconfig: pytest.Config) -> Config:
    """Settings of the server that is started for the tests: a `mockserver.Config`. Override it to change them."""
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

    It is in this process, unless --mockserver-url names a running one. It opens a socket when a URL is first used.
    """
    from .testing.tenant import Server, run_lazy_server

    config = request.config
    run = config.stash[RUN]
    strict = bool(config.option.mockserver_strict or config.getini("mockserver_strict"))
    url = _url(config)
    if url:
        from .testing.control_client import ControlClient, ControlError

        seed = config.getini("mockserver_seed")
        profile = config.getini("mockserver_profile")
        token = config.option.mockserver_control_token or os.environ.get("MOCKSERVER_CONTROL_TOKEN")
        client = ControlClient(url, token, os.environ.get("MOCKSERVER_CA"))
        try:
            client.wait(WAIT)
        except ControlError as error:
            raise pytest.fail.Exception(f"{_url_source(config)}: {error}", pytrace=False) from None
        with Server(client, seed=seed or None, profile=profile or None, strict=strict, root=config.rootpath) as server:
            run.serve(server, int, functools.partial(_last_unmatched, client))
            server.coverage = run.coverage
            if run.coverage is not None:
                run.coverage.support_matrix = server.support_matrix
            yield server
        return
    with run_lazy_server(mockserver_config, strict=strict, root=config.rootpath) as server:
        store = server.app.extensions["mockserver"].store
        run.serve(
            server,
            lambda: store.counts().get("unmatched_requests", 0),
            lambda: max((number for number, _ in store.unmatched()), default=0),
        )
        yield server
        if run.coverage is not None:
            run.coverage.support_matrix = server.support_matrix
            run.coverage.add(server.client.request("GET", "coverage"))


def _last_unmatched(client: ControlClient) -> int:
    query = {"limit": "1"}
    found = client.request("GET", "unmatched-requests", query=query, timeout=UNMATCHED_TIMEOUT)["requests"]
    return found[0]["seq"] if found else 0


@pytest.fixture(scope="session")
def mockserver_factory(mockserver_server: Server, pytestconfig: pytest.Config) -> Callable[..., Tenant]:
    """Creates tenants: `mockserver_factory(seed=..., profile=..., job_delay=..., clock=..., region=..., faults=...,
    strict=...)`, with the arguments of the marker. A tenant is deleted with the fixture or test that created it. The
    defaults of the arguments are those of the test's marker."""
    run = pytestconfig.stash[RUN]

    def create_tenant(**start: Any) -> Tenant:
        __tracebackhide__ = True
        if run.item is not None and run.is_own():
            marked = _marked(run.item)
            start = {name: marked[name] for name in SHARED if name in marked} | start
        return mockserver_server.create_tenant(**start)

    return create_tenant


@pytest.fixture
def mockserver(
    request: pytest.FixtureRequest,
    mockserver_config: Config,
    mockserver_server: Server,
    mockserver_factory: Callable[..., Tenant],
    monkeypatch: pytest.MonkeyPatch,
) -> Tenant:
    """A new tenant: `.sparkpost`, `.sendgrid` and `.mailgun`, each with `.url`, `.api_key`, `.headers`, `.auth`,
    `.eu`, `.requests` and `.outbox`; `.requests`, `.outbox`, `.faults`, `.stubs`, `.clock`, `.state()`, `.seed()`,
    `.snapshot()`, `.restore()`, `.reset()`, `.env()`, `.intercept()`."""
    from .core.errors import SeedError
    from .testing.control_client import ControlError
    from .testing.in_process import InProcessClient

    client = mockserver_server.client
    if isinstance(client, InProcessClient) and client.app.extensions["mockserver"].config != mockserver_config:
        raise pytest.fail.Exception(
            "mockserver_config of this test differs from that of the running server, which all tests of a process "
            "share. Override it in one place, or start another server with mockserver.run_server().",
            pytrace=False,
        )
    marked = _marked(request.node)
    try:
        tenant = mockserver_factory(**marked)
    except (ControlError, SeedError, TypeError, ValueError) as error:
        is_from_marker = marked and not (
            isinstance(error, ControlError) and error.status in (None, HTTPStatus.UNAUTHORIZED)
        )
        name = "@pytest.mark.mockserver" if is_from_marker else "mockserver"
        raise pytest.fail.Exception(f"{name}: {error}", pytrace=False) from None
    tenant._setenv = monkeypatch.setenv
    return tenant


# Problems and reports of tests


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
    item.config.stash[RUN].start_test(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    with item.config.stash[RUN].check_problems():
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
            run.written.append((f"cannot write {file}: {error.strerror or error}", True))
        else:
            run.written.append((f"written to {file}", False))
    required = run.config.option.mockserver_coverage_fail_under
    too_low = run.coverage.too_low(required) if required is not None else []
    if too_low:
        run.written.append((f"required coverage of operations: {required:g}%, got {', '.join(too_low)}", True))
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    run = node.config.stash[RUN]
    if run.coverage is None:
        return
    dump = getattr(node, "workeroutput", {}).get("mockserver")
    if dump is None:
        run.crashed_workers += 1
    else:
        run.coverage.load(dump)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    run = terminalreporter.config.stash[RUN]
    if run.coverage is None or terminalreporter.config.option.collectonly:
        return
    terminalreporter.section("mockserver coverage")
    for line in run.coverage.lines(terminalreporter.config.get_terminal_writer().fullwidth):
        terminalreporter.write_line(line)
    if run.crashed_workers:
        terminalreporter.write_line(f"the coverage of {run.crashed_workers} crashed workers is missing", red=True)
    for line, is_error in run.written:
        terminalreporter.write_line(line, red=is_error)
