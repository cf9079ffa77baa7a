"""The dashboard and the API reference in a browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mockserver import Config, Server, Tenant, run_server, ui

from .conftest import Opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
HOSTILE = '<img src=x onerror="window.xss=1"><script>window.xss=1</script>\'"`${window.xss=1}{{7*7}}'
POOLS = "/v3/ips/pools"


@pytest.fixture
def tenant(server: Server) -> Tenant:
    return server.create_tenant()


def create_pool(tenant: Tenant, name: str, **fields: Any) -> requests.Response:
    sendgrid = tenant.sendgrid
    return requests.post(f"{sendgrid.url}{POOLS}", json={"name": name, **fields}, headers=sendgrid.headers)


def row(page: Page, text: str) -> Any:
    return page.get_by_role("row").filter(has_text=text)


def test_home_of_a_browser(opened: Opened, server: Server) -> None:
    """`/` leads a browser to the dashboard: what runs, the keys, how to use them, the last requests."""
    page = opened.page
    page.goto(f"{server.url}/")
    expect(page).to_have_url(f"{server.url}/_mockserver/ui/")
    main = page.get_by_role("main")
    expect(main).to_match_aria_snapshot(
        """
        - main:
          - heading "mockserver" [level=1]
          - region "What runs":
            - heading "What runs" [level=2]
            - term: URL
            - definition: /http:/
            - term: Version
            - definition
            - term: Store
            - definition: memory
            - group "Providers":
              - table "Providers":
                - rowgroup:
                  - row "Provider URL Profile Operations"
                - rowgroup:
                  - row /SparkPost http.* documented/
                  - row /SendGrid http.* documented/
                  - row /Mailgun http.* documented/
          - region /Keys of/:
            - heading /Keys of/ [level=2]
          - region "Last requests"
        """
    )
    page.get_by_text("A first request to sendgrid").click()
    command = page.locator("details[open] pre").text_content() or ""
    assert re.fullmatch(rf"curl -H 'Authorization: Bearer SG\S+' {server.url}/sendgrid{POOLS}", command)
    page.locator("details[open]").get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_request_arrives_and_tells_why(opened: Opened, tenant: Tenant) -> None:
    """A request appears by itself; opened, it has its error with evidence and source, and what may have been meant."""
    page = opened.dashboard("tenants", tenant.id, "requests")
    expect(page.get_by_text("No request yet.")).to_be_visible()
    create_pool(tenant, "x" * 70, colour="red")
    expect(row(page, "name_too_long")).to_contain_text("1 unused fields")
    requests.get(f"{tenant.sendgrid.url}/v3/ips/poolz/a/b", headers=tenant.sendgrid.headers)
    expect(row(page, "not_found")).to_contain_text("misspelled?")
    page.get_by_label("Show").select_option("unused fields")
    expect(page.get_by_text("1 of 2 requests")).to_be_visible()
    row(page, "name_too_long").get_by_role("link").click()
    response = page.get_by_role("region", name="Response")
    expect(response).to_contain_text('"message": "')
    expect(response.get_by_text(re.compile(r"After [0-9.]+ ms\."))).to_be_visible()
    why = page.get_by_role("region", name="Why SendGrid said no")
    expect(why).to_match_aria_snapshot(
        """
        - region "Why SendGrid said no":
          - heading "Why SendGrid said no" [level=2]
          - paragraph: needs to be between 2 to 64 characters long
          - term: Error
          - definition:
            - code: name_too_long
          - term: Evidence
          - definition: /assumed No document states it/
          - term: Source
          - definition: the limit is documented, the wording is that of IP Address Management
          - term: Checked by
          - definition
          - term: Operation
          - definition:
            - text: "Create a pool:"
            - code: POST /v3/ips/pools
            - text: documented IP Pools page
        """
    )
    notes = page.get_by_role("region", name="Worth a look")
    expect(notes).to_contain_text("/body/name")
    expect(notes).to_contain_text("colour")
    expect(page).to_have_title(f"400 POST {POOLS}, mockserver")


def test_closest_operation(opened: Opened, tenant: Tenant) -> None:
    requests.get(f"{tenant.sendgrid.url}/v3/ips/poolz/a/b", headers=tenant.sendgrid.headers)
    page = opened.dashboard("tenants", tenant.id, "requests", f"{tenant.id}-1")
    expect(page.get_by_role("region", name="Why SendGrid said no")).to_contain_text("Did you mean sendgrid.")


def test_request_is_sent_again(opened: Opened, tenant: Tenant) -> None:
    """The copied command and the copied test repeat a request with the tenant's key, whatever is in its body."""
    create_pool(tenant, 'it\'s "ö" \U0001f600 $HOME \\ `x`')
    page = opened.dashboard("tenants", tenant.id, "requests", f"{tenant.id}-1")
    page.get_by_role("button", name="Copy as curl").click()
    command = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Copy as pytest").click()
    test = page.evaluate("navigator.clipboard.readText()")
    tenant.reset()
    names: dict[str, Any] = {}
    exec(test, names)
    names["test_create_ip_pool"](tenant)
    bodies = [each.text for each in tenant.requests]
    if shutil.which("curl"):
        tenant.reset()
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=20)
        assert done.stdout.startswith("HTTP/1.1 200"), done
        bodies += [each.text for each in tenant.requests]
    assert set(bodies) == {bodies[0]}


def test_fault_is_planned_and_fires(opened: Opened, tenant: Tenant) -> None:
    """A fault is planned by operation and error name; it is shown when it has fired, in its request too."""
    page = opened.dashboard("tenants", tenant.id, "faults")
    page.get_by_label("Operation").select_option("sendgrid.createIpPool")
    error = page.get_by_label("Error")
    expect(error.locator("optgroup").first).to_have_attribute("label", "Of this operation")
    error.select_option("too_many_pools")
    expect(page.get_by_text(re.compile("^400: .*(documented|observed|assumed): "))).to_be_visible()
    page.get_by_role("button", name="Plan").click()
    expect(row(page, "too_many_pools")).to_contain_text("waiting")
    assert create_pool(tenant, "one").status_code == 400
    expect(row(page, "too_many_pools")).to_contain_text("completed")
    page.get_by_role("link", name="Requests").click()
    expect(row(page, "planned fault f1")).to_be_visible()
    page.get_by_role("link", name=f"POST {POOLS}").click()
    expect(page.get_by_role("region", name="Why SendGrid said no")).to_contain_text("You planned it: the fault f1")
    page.go_back()
    page.get_by_role("link", name="Faults").click()
    page.get_by_role("button", name="Remove f1").click()
    expect(page.get_by_text("No fault is planned.")).to_be_visible()


def test_refused_change_is_told(make_page: Callable[..., Opened], server: Server, tenant: Tenant) -> None:
    """What the control API answers to a wrong change is shown as an alert."""
    opened = make_page(server.url, expects=("Failed to load resource: the server responded with a status of 400",))
    page = opened.dashboard("tenants", tenant.id, "faults")
    page.get_by_label("Operation").select_option("sendgrid.listIpPools")
    page.get_by_label("Error").select_option("too_many_pools")
    page.get_by_role("button", name="Plan").click()
    expect(page.get_by_role("alert")).to_contain_text("sendgrid.listIpPools does not return this error")


def test_account_clock_snapshots_and_reset(opened: Opened, tenant: Tenant) -> None:
    """An account is shown as limits, picture and tables; a snapshot and a reset bring it back."""
    page = opened.dashboard("tenants", tenant.id)
    page.get_by_label("Name of a snapshot").fill("before")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Restore before")).to_be_visible()
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("(frozen)")).to_be_visible()
    for number in range(85):
        assert create_pool(tenant, f"pool-{number}").status_code == 200
    page.get_by_role("link", name="Account").click()
    page.get_by_role("link", name="SendGrid").click()
    limits = page.get_by_role("region", name="Limits")
    own = sum("subuser" not in each for each in tenant.state()["sendgrid"]["pools"])
    expect(limits).to_contain_text(f"pools: {own} of 100")
    expect(limits.get_by_label("pools", exact=True)).to_have_attribute("value", str(own))
    pools = len(tenant.state()["sendgrid"]["pools"])
    expect(page.get_by_role("img")).to_have_attribute("aria-label", re.compile(f"{pools} Pools.*links"))
    expect(page.get_by_role("table", name=f"Pools ({pools})")).to_contain_text("pool-84")
    page.get_by_role("link", name="Keys").click()
    page.get_by_role("button", name="Restore before").click()
    expect(page.get_by_text("(frozen)")).to_have_count(0)
    assert len(tenant.state()["sendgrid"]["pools"]) == pools - 85
    create_pool(tenant, "again")
    reset = page.get_by_role("button", name="Reset")
    reset.click()
    assert len(tenant.state()["sendgrid"]["pools"]) == pools - 84
    page.get_by_role("button", name="Reset: sure?").click()
    expect(page.get_by_text("No snapshot.")).to_be_visible()
    assert len(tenant.state()["sendgrid"]["pools"]) == pools - 85
    assert list(tenant.requests) == []


@pytest.mark.parametrize(
    ("provider", "world", "expected"),
    [
        (
            "sendgrid",
            {
                "subusers": [{"name": "us"}],
                "ips": [{"ip": "192.0.2.1", "subusers": ["us"], "region": "us"}, "192.0.2.2"],
                "pools": [{"name": "us", "ips": ["192.0.2.2"]}, {"name": "192.0.2.1"}],
            },
            {"us: 192.0.2.1", "192.0.2.1: us", "us: 192.0.2.2", "192.0.2.2: us"},
        ),
        (
            "sparkpost",
            {
                "ip_pools": [{"id": "bulk", "name": "Bulk"}],
                "sending_ips": [{"external_ip": "192.0.2.1", "hostname": "bulk.example.com", "ip_pool": "bulk"}],
                "subaccounts": [{"name": "bulk", "ip_pool": "bulk"}],
            },
            {"bulk: Bulk", "Bulk: 192.0.2.1, bulk", "192.0.2.1: Bulk"},
        ),
    ],
)
def test_picture_has_links_and_no_others(
    opened: Opened, server: Server, provider: str, world: dict[str, Any], expected: set[str]
) -> None:
    """Who holds what, although a pool, a region, an IP and a subuser have the same name."""
    tenant = server.create_tenant(seed={provider: world})
    page = opened.dashboard("tenants", tenant.id, "account", provider)
    page.get_by_role("img").wait_for()
    found = {each.text_content() for each in page.locator("svg g > title").all()}
    assert found == expected
    assert page.locator("svg path").count() == 2


def test_reset_and_new_requests_are_noticed(opened: Opened, tenant: Tenant) -> None:
    """A list of requests that was cleared elsewhere starts again, although the numbers repeat."""
    for number in range(3):
        create_pool(tenant, f"pool-{number}")
    page = opened.dashboard("tenants", tenant.id, "requests")
    expect(page.get_by_text("3 requests")).to_be_visible()
    tenant.reset()
    for number in range(4):
        create_pool(tenant, f"pool-{number}")
    expect(page.get_by_text("4 requests")).to_be_visible()


def test_thousand_requests(opened: Opened, server: Server, tenant: Tenant) -> None:
    """A thousand requests are shown and filtered."""
    client = server.app.test_client()
    for number in range(1_000):
        client.get(f"/sendgrid{POOLS}/p{number}", headers=tenant.sendgrid.headers)
    page = opened.dashboard("tenants", tenant.id, "requests")
    expect(page.get_by_text("1000 requests")).to_be_visible()
    page.get_by_label("Search").fill("p77")
    expect(page.get_by_text("11 of 1000 requests")).to_be_visible()
    create_pool(tenant, "p77 new")
    expect(row(page, "POST")).to_be_visible()


def test_tenants_are_found_and_deleted(opened: Opened, server: Server, tenant: Tenant) -> None:
    page = opened.dashboard("tenants")
    page.get_by_role("button", name="Create a tenant").click()
    expect(page.get_by_role("link", name="Faults")).to_be_visible()
    made = page.get_by_role("heading", level=1).text_content() or ""
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete: sure?").click()
    page.get_by_label("Search").fill(made)
    expect(page.get_by_text("No tenant.")).to_be_visible()
    page.get_by_label("Search").fill(tenant.id)
    page.get_by_role("link", name=tenant.id, exact=True).click()
    expect(page.get_by_role("heading", name=tenant.id, level=1)).to_be_focused()


def test_read_only(make_page: Callable[..., Opened]) -> None:
    """Nothing on a page changes anything, and the server refuses a change by a page; programs are not affected."""
    with run_server(Config(ui="read-only")) as server:
        tenant = server.create_tenant()
        tenant.snapshot("kept")
        opened = make_page(server.url, expects=("Failed to load resource: the server responded with a status of 403",))
        for parts in (
            [],
            ["tenants"],
            ["tenants", tenant.id],
            ["tenants", tenant.id, "requests"],
            ["tenants", tenant.id, "faults"],
        ):
            page = opened.dashboard(*parts)
            expect(page.get_by_text("Read-only", exact=True)).to_be_visible()
            names = {each.text_content() for each in page.get_by_role("button").all()}
            assert names <= {"Copy"}
            assert page.locator("form").count() == 0
        page.goto(f"{server.url}/_mockserver/docs/sendgrid/")
        for operation, is_offered in (("listIpPools", True), ("deleteIpPool", False)):
            block = page.locator(f"[id$=-{operation}]").first
            block.locator("button").first.click()
            expect(block.locator(".opblock-body .responses-wrapper")).to_be_visible()
            assert (block.get_by_role("button", name="Try it out").count() == 1) is is_offered
        page = opened.dashboard()
        refused = page.evaluate("fetch('../reset', {method: 'POST'}).then(response => response.json())")
        assert (refused["status"], refused["detail"]) == (
            403,
            "Pages can change nothing on this server: --ui read-only.",
        )
        assert [
            each["name"]
            for each in requests.get(f"{server.url}/_mockserver/tenants/{tenant.id}/snapshots").json()["snapshots"]
        ] == ["kept"]


def test_token_is_asked_for(make_page: Callable[..., Opened]) -> None:
    """With a control token the page asks for it, and keeps it for this tab."""
    with run_server(Config(control_token="secret-token")) as server:
        tenant = server.create_tenant()
        opened = make_page(server.url, expects=("Failed to load resource: the server responded with a status of 401",))
        page = opened.dashboard()
        token = page.get_by_label("Control token")
        token.fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("That is not the token of this server.")
        token.fill("secret-token")
        token.press("Enter")
        expect(page.get_by_role("heading", name="What runs")).to_be_visible()
        del opened.messages[:]
        page = opened.dashboard("tenants", tenant.id)
        expect(page.get_by_role("heading", name="Keys")).to_be_visible()
        assert opened.messages == []
        assert all("secret-token" not in url for url in opened.requests)


def test_hostile_texts_are_texts(make_page: Callable[..., Opened], server: Server, tenant: Tenant) -> None:
    """In every field that a client controls."""
    opened = make_page(server.url, expects=("Failed to load resource: the server responded with a status of 404",))
    sendgrid, mailgun = tenant.sendgrid, tenant.mailgun
    quoted = requests.utils.quote(HOSTILE, safe="")
    headers = {**sendgrid.headers, "X-Hostile": HOSTILE, "User-Agent": HOSTILE}
    requests.post(
        f"{sendgrid.url}{POOLS}?{quoted}={quoted}", json={"name": HOSTILE[:64], HOSTILE: HOSTILE}, headers=headers
    )
    requests.get(f"{sendgrid.url}{POOLS}/{quoted}", headers=headers)
    requests.get(f"{sendgrid.url}/v3/{quoted}", headers={**headers, "On-Behalf-Of": HOSTILE})
    requests.post(f"{mailgun.url}/v3/ip_pools", data={"name": HOSTILE, "description": HOSTILE}, headers=mailgun.headers)
    requests.get(f"{server.url}/{quoted}?{quoted}", headers={"Authorization": HOSTILE})
    tenant.snapshot(HOSTILE)
    tenant.faults.add("sendgrid.createIpPool", headers={"X-Hostile": HOSTILE}, body=HOSTILE)
    state = tenant.state()["sendgrid"]
    assert HOSTILE[:64] in [each["name"] for each in state["pools"]]
    key = HOSTILE.replace("'", "")
    with_key = server.create_tenant(credentials={"mailgun": key})
    requests.get(f"{mailgun.url}/v3/ip_pools", auth=("api", key))
    views = [
        (), ("tenants",), ("unmatched",), ("tenants", tenant.id), ("tenants", with_key.id),
        *(("tenants", tenant.id, "account", name) for name in ("sendgrid", "mailgun")),
        ("tenants", tenant.id, "requests"), ("tenants", tenant.id, "faults"),
        *(("tenants", tenant.id, "requests", each.id) for each in tenant.requests),
        ("tenants", with_key.id, "requests", f"{with_key.id}-1"),
    ]  # fmt: skip
    for view in views:
        page = opened.dashboard(*view)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        assert page.evaluate("window.xss") is None, view
        assert page.locator("main img, main script, main iframe").count() == 0, view
    page = opened.dashboard("tenants", quoted)
    expect(page.get_by_text("No tenant is named")).to_contain_text(HOSTILE)


KEYBOARD = ("Skip to the content", "mockserver", "Home", "Tenants")


def test_keyboard_walk(opened: Opened, tenant: Tenant) -> None:
    """Every step is done with the keyboard, and the focus is seen and goes where one reads on."""
    page = opened.dashboard()
    for name in KEYBOARD:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Tenants", level=1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type(tenant.id)
    link = page.get_by_role("link", name=tenant.id, exact=True)
    expect(link).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=tenant.id, level=1)).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Faults")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Plan a fault")).to_be_visible()
    expect(page.get_by_role("heading", name=tenant.id, level=1)).to_be_focused()
    operation = page.get_by_label("Operation")
    for _ in range(8):
        page.keyboard.press("Tab")
        if operation.evaluate("field => field === document.activeElement"):
            break
    expect(operation).to_be_focused()
    for _ in range(6):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, "f1")).to_contain_text("waiting")
    page.reload()
    page.get_by_role("heading", name=tenant.id, level=1).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_name_that_would_be_another_path(make_page: Callable[..., Opened], server: Server, tenant: Tenant) -> None:
    """A link to the tenant `..` must not lead to `POST /_mockserver/reset`."""
    opened = make_page(server.url)
    for name in ("..", "%2e%2e", "."):
        page = opened.dashboard("tenants", name)
        expect(page.get_by_text("No such name.")).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)


def test_ten_thousand_tenants(opened: Opened) -> None:
    """Of many tenants a page is shown, and the search finds each."""
    found = [{"id": f"tenant-{number}", "requests": number, "written": []} for number in range(10_000)]
    opened.page.route("**/_mockserver/tenants", lambda route: route.fulfill(json={"tenants": found}))
    page = opened.dashboard("tenants")
    expect(page.get_by_text("10000 tenants")).to_be_visible()
    assert page.get_by_role("row").count() == 101
    page.get_by_role("button", name="Show 100 more").click()
    expect(page.get_by_role("row")).to_have_count(201)
    page.get_by_label("Search").fill("TENANT-4321")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="tenant-4321", exact=True)).to_be_visible()


def test_outbox_of_a_server_that_has_one(opened: Opened, server: Server, tenant: Tenant) -> None:
    """It has the pool and the IP of each message, with the reason; without an outbox there is no link to it."""
    document = requests.get(f"{server.url}/_mockserver/docs/control.json").json()
    document["paths"].pop("/tenants/{id}/outbox", None)
    page = opened.page
    page.route("**/docs/control.json", lambda route: route.fulfill(json=document))
    opened.dashboard("tenants", tenant.id)
    expect(page.get_by_role("link", name="Requests", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Outbox")).to_have_count(0)
    document["paths"]["/tenants/{id}/outbox"] = {}
    message = {
        "id": "sendgrid-1", "provider": "sendgrid", "number": 1, "time": "2026-03-01T09:00:00Z", "via": "http",
        "message_id": HOSTILE, "from": HOSTILE, "to": ["a@example.com"], "subject": HOSTILE,
        "pool": {"id": "12", "name": "receipts"}, "ip": "192.0.2.1", "reason": "ip_pool_name names it",
        "status": "accepted", "account": None, "size": 100,
    }  # fmt: skip
    others = {**message, "id": "sendgrid-2", "pool": None, "ip": None, "reason": "it was not sent"}
    page.route(
        re.compile(r"/outbox(\?.*)?$"),
        lambda route: route.fulfill(
            json={"messages": [message, others], "has_more": False, "next": "sendgrid-2", "count": 2, "dropped": 0}
        ),
    )
    content = {
        "headers": [["Subject", HOSTILE]], "source": HOSTILE, "texts": [{"content_type": "text/html", "text": HOSTILE}],
        "attachments": [], "links": [], "is_complete": True,
    }  # fmt: skip
    page.route("**/outbox/sendgrid-1", lambda route: route.fulfill(json={**message, **content}))
    page.reload()
    page.get_by_role("link", name="Outbox").click()
    expect(row(page, "sendgrid-1")).to_contain_text("receipts192.0.2.1ip_pool_name names it")
    page.get_by_label("Search").fill("not sent")
    expect(page.get_by_text("1 of 2 messages")).to_be_visible()
    page.get_by_label("Search").fill("RECEIPTS")
    page.get_by_role("link", name="sendgrid-1").click()
    why = page.get_by_role("region", name="Why it leaves by this pool and this IP")
    expect(why).to_contain_text("ip_pool_name names itPoolreceipts 12IP192.0.2.1")
    assert page.evaluate("window.xss") is None
    assert page.locator("main img, main script").count() == 0


HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_stream_of_requests_is_open_while_the_page_is_visible(opened: Opened, tenant: Tenant) -> None:
    """It is closed when the page is hidden, and goes on after the last request when the page is visible again."""
    is_stream = lambda request: "/requests/stream" in request.url  # noqa: E731
    with opened.page.expect_request(is_stream):
        page = opened.dashboard("tenants", tenant.id, "requests")
    create_pool(tenant, "receipts")
    expect(page.get_by_text("1 request", exact=True)).to_be_visible()
    with page.expect_event("requestfailed", is_stream):
        page.evaluate(HIDE, True)
    create_pool(tenant, "news")
    with page.expect_request(is_stream) as again:
        page.evaluate(HIDE, False)
    assert again.value.headers["last-event-id"].startswith("1-")
    expect(page.get_by_text("2 requests")).to_be_visible()
    with page.expect_event("requestfailed", is_stream):
        page.get_by_role("link", name="Home").click()


@pytest.fixture
def busy(server: Server) -> Tenant:
    """A tenant with something on each of its pages."""
    tenant = server.create_tenant()
    create_pool(tenant, "receipts")
    create_pool(tenant, "x" * 70, colour="red")
    tenant.faults.add("sendgrid.createIpPool")
    create_pool(tenant, "failed")
    tenant.snapshot("start")
    requests.get(f"{server.url}{POOLS}", headers=tenant.sendgrid.headers)
    content = {"from": "me@example.com", "subject": "Hi", "html": "<b>Hello</b>"}
    message = {"recipients": [{"address": "you@example.org"}], "content": content}
    url = f"{tenant.sparkpost.url}/api/v1/transmissions"
    requests.post(url, json=message, headers=tenant.sparkpost.headers).raise_for_status()
    return tenant


def views_of(tenant: Tenant) -> list[str]:
    at = f"ui/#/tenants/{tenant.id}"
    return [
        "ui/#/", "ui/#/tenants", "ui/#/unmatched", "ui/#/nope", at, f"{at}/account/sendgrid", f"{at}/account/mailgun",
        f"{at}/requests", f"{at}/requests/{tenant.id}-2", f"{at}/requests/{tenant.id}-3", f"{at}/faults", "docs/",
        f"{at}/outbox", f"{at}/outbox/sparkpost-1",
    ]  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_pages_are_accessible(
    make_page: Callable[..., Opened], server: Server, busy: Tenant, scheme: str, width: int
) -> None:
    """axe finds nothing on any page, light or dark; no page is wider than a small screen, or than one at 200 %."""
    opened = make_page(server.url, color_scheme=scheme, reduced_motion="reduce")
    opened.page.set_viewport_size({"width": width, "height": 800})
    axe = Axe()
    views = views_of(busy)
    for path in views if scheme == "light" else views[4::2]:
        page = opened.go(path)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, (path, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_api_reference(make_page: Callable[..., Opened], server: Server, tenant: Tenant) -> None:
    """The viewer shows a document and sends a request with the key of a tenant, all from this server."""
    opened = make_page(server.url)
    page = opened.go("docs/", "API reference")
    page.get_by_role("link", name="Open SendGrid").click()
    page.get_by_label("Key of tenant").select_option(tenant.id)
    page.locator("[id$=-listIpPools]").first.locator("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert [each.operation for each in tenant.requests] == ["sendgrid.listIpPools"]
    for name in ("sparkpost", "mailgun"):  # with other schemes
        page.goto(f"{server.url}/_mockserver/docs/{name}/")
        expect(page.locator(".auth-wrapper .authorize.locked")).to_be_visible()


def test_api_reference_without_the_viewer(opened: Opened, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Without the extra, the page has the documents and says how to install it."""
    monkeypatch.setattr(ui, "VIEWER_PACKAGE", "not_installed_anywhere")
    ui._viewer_files.cache_clear()
    try:
        page = opened.go("docs/sendgrid/", "API reference")
        expect(page).to_have_url(f"{server.url}/_mockserver/docs/")
        expect(page.get_by_text("pip install '.[docs]'")).to_be_visible()
        link = page.get_by_role("link", name="sendgrid.json").get_attribute("href")
        assert "openapi" in requests.get(f"{server.url}{link}").json()
    finally:
        ui._viewer_files.cache_clear()


@pytest.mark.skipif("MOCKSERVER_SCREENSHOTS" not in os.environ, reason="`make screenshots` writes the pictures")
def test_screenshots(make_page: Callable[..., Opened]) -> None:
    """Write the pictures of the documents."""
    IMAGES.mkdir(exist_ok=True)
    with run_server(Config(time=lambda: 1_772_355_600.0)) as server:
        tenant = server.create_tenant()
        create_pool(tenant, "receipts")
        create_pool(tenant, "x" * 70, colour="red")
        message = {
            "from": {"email": "shop@example.com"},
            "personalizations": [{"to": [{"email": "ann@example.org"}]}],
            "subject": "Your receipt",
            "content": [{"type": "text/plain", "value": "Thank you: https://example.com/receipts/17"}],
            "ip_pool_name": "transactional",
        }
        sendgrid = tenant.sendgrid
        requests.post(f"{sendgrid.url}/v3/mail/send", json=message, headers=sendgrid.headers).raise_for_status()
        opened = make_page(server.url)
        opened.page.set_viewport_size({"width": 1100, "height": 760})
        at = ("tenants", tenant.id)
        for name, view in {
            "home": (),
            "why": (*at, "requests", f"{tenant.id}-2"),
            "account": (*at, "account", "mailgun"),
            "message": (*at, "outbox", "sendgrid-1"),
        }.items():
            page = opened.dashboard(*view)
            expect(page.locator("[aria-busy]")).to_have_count(0)
            page.screenshot(path=IMAGES / f"dashboard-{name}.png")
