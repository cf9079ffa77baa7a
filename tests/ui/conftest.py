"""A browser, and a page that may request nothing from elsewhere and write nothing to its console."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from mockserver import Server, run_server

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 20_000
"""How long a page may take for what a test expects of it, in milliseconds: a machine may be busy with other tests."""


@dataclass
class Opened:
    """A page with what it has done."""

    page: Page
    url: str
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, path: str, heading: str | None = None) -> Page:
        """Open a page below `/_mockserver/`, and wait for its heading."""
        self.page.evaluate("document.querySelector('main')?.replaceChildren()")  # a new hash alone loads no new page
        self.page.goto(f"{self.url}/_mockserver/{path}")
        self.page.locator("h1").first.wait_for()
        if heading is not None:
            self.page.get_by_role("heading", name=heading, level=1).wait_for()
        return self.page

    def dashboard(self, *parts: str) -> Page:
        """Open a view of the dashboard."""
        return self.go("ui/#/" + "/".join(parts))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("THE PAGES ARE NOT TESTED IN A BROWSER: CHROMIUM IS MISSING (apt-get install chromium)")
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program, args=FLAGS) as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server() as server:
        yield server


@pytest.fixture
def make_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open pages of a server. After the test, each has requested nothing from another host, and its console is empty.

    `expects` are the beginnings of console messages that are part of the test.
    """
    made: list[tuple[Opened, tuple[str, ...]]] = []

    def make(url: str, *, expects: tuple[str, ...] = (), **options: object) -> Opened:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
        context.set_default_timeout(TIMEOUT)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        opened = Opened(context.new_page(), url)
        made.append((opened, expects))

        def requested(request: Request) -> None:
            opened.requests.append(request.url)

        context.on("request", requested)
        opened.page.on("console", lambda message: opened.messages.append(message.text))
        opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.messages.append(dialog.message))
        return opened

    yield make
    for opened, expects in made:
        messages = [each for each in opened.messages if not each.startswith(expects or ("\0",))]
        elsewhere = [each for each in opened.requests if not each.startswith((f"{opened.url}/", "data:"))]
        opened.page.context.close()
        assert (messages, elsewhere) == ([], [])


@pytest.fixture
def opened(make_page: Callable[..., Opened], server: Server) -> Opened:
    return make_page(server.url)
