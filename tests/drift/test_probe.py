"""`mockserver drift probe`: responses to requests without a credential are compared field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mockserver.providers import PROVIDERS
from mockserver.web.provider import Provider

from ..cli.commands import free_port, run_here
from .vendor import Answer, Change, running_vendor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
POOLS = "/v3/ips/pools"
PAGE = "<p>" + "no access " * 20
WHERE = f"GET {POOLS} (no key)"


@pytest.mark.parametrize("profile", ["documented", "live"])
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_this_server_does_not_differ(provider: Provider, profile: str) -> None:
    with running_vendor(provider.name, profile=profile) as vendor:
        done = run_here("drift", "probe", "--provider", provider.name, "--against", vendor.url, "--profile", profile)
    assert (done.returncode, done.stderr) == (0, "")
    *fields, counts = done.stdout.splitlines()
    assert fields and all(line.startswith("same ") for line in fields)
    assert counts == f"{len(fields)} compared, 0 different, 0 unknown"
    assert len(vendor.requests) >= 3
    assert not any("HTTP_AUTHORIZATION" in headers for headers in vendor.headers)


def planted(change: Callable[[Answer], Answer | None]) -> Change:
    """Return a change of the first probe's response."""
    return lambda method, path, answer: change(answer) if (method, path) == ("GET", POOLS) else answer


def error(**fields: object) -> dict[str, object]:
    return {"errors": [fields]}


PLANTED = {
    "a status": (lambda answer: answer._replace(status=403), ["status: 401, service 403"]),
    "a content type": (
        lambda answer: answer._replace(content_type="application/problem+json"),
        ['content type: "application/json", service "application/problem+json"'],
    ),
    "a message": (
        lambda answer: answer._replace(body=error(field=None, message="go away")),
        ['body/errors/0/message: "authorization required", service "go away"'],
    ),
    "a field that is gone": (
        lambda answer: answer._replace(body=error(message="authorization required")),
        ["body/errors/0/field: null, service nothing"],
    ),
    "a page of a proxy": (
        lambda answer: answer._replace(status=403, content_type="text/html", body=PAGE),
        [
            "status: 401, service 403",
            'content type: "application/json", service "text/html"',
            "body/errors/0/field: null, service nothing",
            'body/errors/0/message: "authorization required", service nothing',
            f'body: nothing, service "{PAGE[:99]}...',
        ],
    ),
    "a new field": (
        lambda answer: answer._replace(body=error(field=None, message="authorization required", help=None)),
        ["body/errors/0/help: nothing, service null"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), PLANTED.values(), ids=PLANTED)
def test_planted_difference_is_found_and_nothing_else(change: Callable[[Answer], Answer], expected: list[str]) -> None:
    with running_vendor("sendgrid", planted(change)) as vendor:
        done = run_here("drift", "probe", "--provider", "sendgrid", "--against", vendor.url)
    assert done.returncode == 1
    *fields, counts = done.stdout.splitlines()
    found = [line for line in fields if not line.startswith("same ")]
    assert found == [f"{'differs':<8}{WHERE}: {line}" for line in expected]
    assert counts.endswith(f"{len(expected)} different, 0 unknown")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_response_of_a_service_that_fails_cannot_be_compared(status: int) -> None:
    with running_vendor("sendgrid", planted(lambda answer: answer._replace(status=status))) as vendor:
        done = run_here("drift", "probe", "--provider", "sendgrid", "--against", vendor.url)
    assert done.returncode == 2
    assert f"unknown {WHERE}: response: the status is {status}" in done.stdout.splitlines()


def test_incomplete_response_cannot_be_compared() -> None:
    with running_vendor("sendgrid", planted(lambda answer: None)) as vendor:
        done = run_here("drift", "probe", "--provider", "sendgrid", "--against", vendor.url)
    assert done.returncode == 2
    assert f"unknown {WHERE}: response: GET {POOLS}: no response" in done.stdout


def test_nothing_compared_fails() -> None:
    done = run_here("drift", "probe", "--provider", "sendgrid", "--against", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stderr) == (2, "mockserver: nothing was compared\n")


def test_json_has_all_fields() -> None:
    with running_vendor("sendgrid", planted(lambda answer: answer._replace(status=403))) as vendor:
        done = run_here("drift", "probe", "--provider", "sendgrid", "--against", vendor.url, "--json")
    printed = json.loads(done.stdout)
    assert done.returncode == 1
    assert [each["path"] for each in printed["differences"]] == ["status"]
    assert {each["verdict"] for each in printed["fields"]} == {"same", "differs"}


def test_accepted_difference(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    file.write_text(f"- {{where: '{WHERE}', path: status, reason: seen in May}}\n", "utf-8")
    with running_vendor("sendgrid", planted(lambda answer: answer._replace(status=403))) as vendor:
        arguments = ("drift", "probe", "--provider", "sendgrid", "--against", vendor.url, "--accept", str(file))
        done = run_here(*arguments)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("url", ["http://example.com", "ftp://127.0.0.1", "api.example.com", "https://a.example/?b=c"])
def test_url_that_is_not_safe(url: str) -> None:
    done = run_here("drift", "probe", "--provider", "sendgrid", "--against", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mockserver: '{url}': expected ")


def test_provider_without_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider of another package that describes no service says so."""
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "acme-provider"))
    done = run_here("drift", "probe", "--provider", "acme", MOCKSERVER_PROVIDERS="acme_provider:blueprint")
    assert (done.returncode, done.stdout) == (2, "")
    assert "drift is not supported for" in done.stderr
