"""The pages for a browser, as HTTP: `/`, the files, their headers, and the API reference's documents."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver import MockServer, ui
from mockserver.control import blueprint as control_blueprint

from ..control_client import ControlClient
from .helpers import NAMES

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FILES = sorted(path.name for path in ui.FOLDER.iterdir() if path.suffix in ui.TYPES)
MAX_SIZE = 100_000
"""The size of all files of the dashboard together, in bytes."""


@pytest.mark.parametrize("path", ["/", "/_mockserver/"])
def test_index(app: Flask, path: str) -> None:
    """A browser is led to the dashboard; a program gets what this is, and where to go."""
    client = app.test_client()
    led = client.get(path, headers=HTML)
    assert (led.status_code, led.headers["Location"]) == (302, "/_mockserver/ui/")
    for accept in ("*/*", "application/json", None):
        found = client.get(path, headers={"Accept": accept} if accept else {})
        assert (found.status_code, found.content_type, found.headers["Vary"]) == (200, "application/json", "Accept")
        assert found.json["name"] == "mockserver"
        for link in found.json["links"].values():
            assert client.get(link).status_code == 200, link
    assert client.get(path, headers={**HTML, "Host": "evil.example"}).status_code == 421
    assert client.post(path).status_code == 405
    assert ControlClient(app).ok("GET", "/unmatched-requests")["requests"] == []


def test_index_below_a_path(app: Flask) -> None:
    """Where the application is mounted below a path, the links are, too."""
    led = app.test_client().get("/", headers=HTML, environ_overrides={"SCRIPT_NAME": "/mock"})
    assert led.headers["Location"] == "/mock/_mockserver/ui/"
    found = app.test_client().get("/", environ_overrides={"SCRIPT_NAME": "/mock"}).json
    assert found["links"]["documents"] == "/mock/_mockserver/docs/"


@pytest.mark.parametrize("path", ["ui", "docs", "docs/sendgrid"])
def test_folder_has_a_slash(app: Flask, path: str) -> None:
    """Relative URLs of a page need it."""
    response = app.test_client().get(f"/_mockserver/{path}")
    assert (response.status_code, response.headers["Location"]) == (308, f"./{path.rpartition('/')[2]}/")


@pytest.mark.parametrize(
    "name", ["x%0d%0aA:b", "https:evil.example", "javascript:alert(1)", "%2F%2Fevil.example", "%C3%BC"]
)
def test_redirect_to_a_folder_stays_on_this_server(app: Flask, name: str) -> None:
    response = app.test_client().get(f"/_mockserver/docs/{name}")
    assert response.status_code in (308, 404)
    assert re.fullmatch(r"\./[\w%.()~-]+/", response.headers.get("Location", "./x/"))


@pytest.mark.parametrize("name", ["", *(name for name in FILES if not name.endswith(".html"))])
def test_file_has_its_headers(app: Flask, name: str) -> None:
    """Each file says that nothing comes from elsewhere, and is sent once as long as it does not change."""
    client = app.test_client()
    response = client.get(f"/_mockserver/ui/{name}")
    assert response.status_code == 200
    assert response.content_type == ui.TYPES["." + name.partition(".")[2] if name else ".html"]
    policy = dict(each.split(" ", 1) for each in response.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'" and policy["trusted-types"] == "'none'"
    assert "unsafe" not in str(policy)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Access-Control-Allow-Origin" not in response.headers
    again = client.get(f"/_mockserver/ui/{name}", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["nope.js", "index.html", "__init__.py", "..%2F__init__.py", "%2e%2e%2fapp.py", "a/b"])
def test_other_files_are_404(app: Flask, name: str) -> None:
    for folder in ("ui", "docs/viewer"):
        response = app.test_client().get(f"/_mockserver/{folder}/{name}")
        assert (response.status_code, response.content_type) == (404, "application/problem+json")


def test_files_name_nothing_elsewhere_and_parse_nothing() -> None:
    """No address, no HTML from a text, no inline script or style; all files together are small."""
    total = 0
    for name in FILES:
        text = (ui.FOLDER / name).read_text("utf-8")
        total += len(text.encode())
        assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )
        if name.endswith(".html"):
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", text), name
    assert total < MAX_SIZE


def test_documents(app: Flask) -> None:
    """The index is JSON for a program and a page for a browser; pages of any origin may read it and the documents."""
    client = app.test_client()
    origin = {"Origin": "https://editor.example", "Sec-Fetch-Site": "cross-site"}
    index = client.get("/_mockserver/docs/", headers=origin)
    assert index.headers["Access-Control-Allow-Origin"] == "*"
    assert [each["name"] for each in index.json["documents"]] == [*NAMES, "control"]
    for each in index.json["documents"]:
        found = client.get(each["url"], headers=origin)
        assert found.headers["Access-Control-Allow-Origin"] == "*"
        assert found.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert found.json == client.get(f"/_mockserver/openapi/{each['name']}.json").json
        page = client.get(each["page"], headers=HTML)
        assert page.status_code == (200 if ui.has_viewer() else 302)
        assert page.content_type == "text/html; charset=utf-8"
        assert "Access-Control-Allow-Origin" not in page.headers
    assert client.get("/_mockserver/docs/", headers=HTML).content_type == "text/html; charset=utf-8"
    assert client.get("/_mockserver/docs/postmark.json").status_code == 404
    assert client.get("/_mockserver/docs/postmark/").status_code == 404
    assert client.get("/_mockserver/openapi/control.json", headers=origin).status_code == 403


@pytest.mark.skipif(not ui.has_viewer(), reason="the viewer is the extra `docs`")
def test_viewer_has_a_policy_of_its_own(app: Flask) -> None:
    """It sets styles; scripts and requests are those of this server, as for our own pages."""
    client = app.test_client()
    for path in ("control/", "viewer/swagger-ui.css", "viewer/swagger-ui-bundle.js"):
        response = client.get(f"/_mockserver/docs/{path}")
        assert response.status_code == 200
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'" in policy
        assert "connect-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert client.get("/_mockserver/docs/viewer/swagger-ui-standalone-preset.js").status_code == 404


def test_pages_need_no_token(make_app: Callable[..., Flask]) -> None:
    """They have no secret, and ask for the token; what they show needs it. Other machines may load them."""
    client = make_app(control_token="not-published", expose=True).test_client()
    base = {"REMOTE_ADDR": "192.0.2.7"}
    for path in ("ui/", "ui/app.js", "docs/", "docs/sendgrid.json", "docs/sendgrid/"):
        response = client.get(f"/_mockserver/{path}", environ_base=base)
        assert response.status_code in (200, 302)  # a redirect if the viewer is not installed
        assert "not-published" not in response.text
    assert client.get("/_mockserver/info", environ_base=base).status_code == 401


def test_off(make_app: Callable[..., Flask]) -> None:
    """Without pages, `/` is JSON for everybody; the control API accepts pages of its own origin as before."""
    client = make_app(ui="off").test_client()
    for path in ("ui/", "ui/app.js", "docs/", "docs/sendgrid.json", "docs/sendgrid/", "docs/viewer/swagger-ui.css"):
        response = client.get(f"/_mockserver/{path}", headers=HTML)
        assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert set(client.get("/", headers=HTML).json["links"]) == {"live", "info", "openapi"}
    assert client.post("/_mockserver/reset", headers={"Origin": "http://localhost"}).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
def test_read_only(make_app: Callable[..., Flask], headers: dict[str, str]) -> None:
    """A change that a page sends is refused, and changes nothing; reading is not, and programs are not."""
    control = ControlClient(make_app(ui="read-only"))
    tenant = control.new_tenant()
    changes: list[tuple[str, str, Any]] = [
        ("POST", "/tenants", {}),
        ("POST", "/reset", {}),
        ("DELETE", f"/tenants/{tenant.id}", None),
        ("PUT", f"/tenants/{tenant.id}/clock", {"frozen": True}),
    ]
    before = control.ok("GET", f"/tenants/{tenant.id}")
    for method, path, body in changes:
        response = control.open(method, path, body, headers=headers)
        assert (response.status_code, response.json["detail"]) == (
            403,
            "Pages can change nothing on this server: --ui read-only.",
        )
    assert control.ok("GET", f"/tenants/{tenant.id}") == before
    assert control.ok("GET", "/info")["counters"]["tenants"] == 1
    assert control.open("GET", "/info", None, headers=headers).status_code == 200
    assert control.open("POST", f"/tenants/{tenant.id}/requests/count", {}, headers=headers).status_code == 200
    lookup = {"provider": "sendgrid", "credential": before["providers"]["sendgrid"]["api_key"]}
    assert control.open("POST", "/tenants/lookup", lookup, headers=headers).status_code == 200
    for method, path, body in changes[3:]:
        assert control.open(method, path, body).status_code == 200


def test_an_own_application_keeps_its_root() -> None:
    """The pages are where the control API is, and nowhere else."""
    app = Flask("own")
    MockServer(seed="empty").init_app(app)
    app.register_blueprint(control_blueprint, url_prefix="/dev/mock", name="mock")
    client = app.test_client()
    assert client.get("/", headers=HTML).status_code == 404
    assert client.get("/dev/mock/", headers=HTML).headers["Location"] == "/dev/mock/ui/"
    assert client.get("/dev/mock/ui/").status_code == 200
    assert client.get("/dev/mock/docs/").json["documents"][-1]["url"] == "/dev/mock/docs/control.json"


def test_who_opens_no_page_pays_nothing() -> None:
    """Neither the start nor requests import the pages or read their files."""
    program = """
import sys, mockserver
client = mockserver.create_app().test_client()
client.get("/sendgrid/v3/ips/pools")
client.get("/_mockserver/info")
before = "mockserver.ui" in sys.modules
client.get("/_mockserver/ui/")
print(before, "mockserver.ui" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_limits(control: ControlClient) -> None:
    """The limits of each provider with what is used of them, and their sources."""
    world = {
        "sendgrid": {"pools": [f"pool-{number}" for number in range(87)], "subusers": ["sub"]},
        "sparkpost": {"dedicated_ip_limit": 3, "sending_ips": ["192.0.2.1", "192.0.2.2"]},
    }
    tenant = control.new_tenant(seed=world)
    found = {
        (each["provider"], each["name"]): (each["used"], each["limit"], each["kind"])
        for each in control.ok("GET", f"/tenants/{tenant.id}/limits")["limits"]
    }
    assert found == {
        ("sparkpost", "dedicated IPs"): (2, 3, "documented"),
        ("sendgrid", "pools"): (87, 100, "documented"),
        ("sendgrid", "API keys"): (0, 100, "documented"),
        ("sendgrid", "IPs of the pool pool-0"): (0, 100, "documented"),
    }


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count other files")
def test_without_a_file_descriptor_a_page_is_503() -> None:
    """A page whose files were not read yet is there again when there is a descriptor."""
    program = """
import os, resource, mockserver
client = mockserver.create_app().test_client()
client.get("/_mockserver/live")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
paths = ("ui/", "ui/app.js", "docs/control/")
before = [client.get(f"/_mockserver/{path}").status_code for path in paths]
for each in taken:
    os.close(each)
print(before, [client.get(f"/_mockserver/{path}").status_code in (200, 302) for path in paths])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[503, 503, 503] [True, True, True]\n"
